"""What a figure of formulas is made of: panels of layers, sliders and readouts.

Every number that moves is a SymPy expression. It may contain the figure's sliders, the
variables of its panel, names that the figure defines in `where`, entries `a[n]` of
shipped data, where `a` is an `IndexedBase`, and a `Sum` over n from one number to
another. `line` is a style by matplotlib's names, `color` a place in the book's cycle of
colours, or -1 for black.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import sympy as sp

# Where an axis of heights begins or ends.
End: TypeAlias = float | sp.Expr
# Where a reader holds a `Dot`, in the numbers of its panel's axes.
POINTER = sp.symbols("pointer_x pointer_y", real=True)


@dataclass(frozen=True)
class Slider:
    """A number between `low` and `high`; with `log` its steps are equal ratios.

    `names` are shown in place of the numbers low, low + step and so on.

    Raises:
        ValueError: if low >= high, or a step is not positive, or, with `log`, low is not,
            or there is not one name for each number.
    """

    low: float
    high: float
    step: float
    value: float
    label: str = ""
    unit: str = ""
    log: bool = False
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.low < self.high or self.step <= 0 or (self.log and self.low <= 0):
            raise ValueError(
                f"a slider needs low < high and a step > 0 (and low > 0 with log), "
                f"got {self.low}, {self.high}, {self.step}"
            )
        steps = round((self.high - self.low) / self.step) + 1
        if self.names and len(self.names) != steps:
            raise ValueError(f"{len(self.names)} names for the {steps} numbers of a slider")

    @property
    def decimals(self) -> int:
        """How many digits the slider's step has after the point."""
        text = f"{self.step:.10f}".rstrip("0")
        return len(text.partition(".")[2])

    def snap(self, value: float) -> float:
        """The nearest value that the slider can show.

        >>> Slider(0, 2, 0.25, value=1).snap(1.3)
        1.25
        """
        value = min(max(float(value), self.low), self.high)
        steps = round((value - self.low) / self.step)
        value = round(min(self.low + steps * self.step, self.high), self.decimals)
        return value if self.decimals else int(value)


@dataclass(frozen=True)
class Switch:
    """A symbol with two values: `off`, and `on` when the box is ticked."""

    off: float
    on: float
    label: str
    ticked: bool = False

    @property
    def value(self) -> float:
        """The value at the start."""
        return self.on if self.ticked else self.off

    def snap(self, value: float) -> float:
        """The value itself.

        Raises:
            ValueError: if it is neither of the two.
        """
        if value not in (self.off, self.on):
            raise ValueError(f"a switch is {self.off} or {self.on}, got {value}")
        return value


@dataclass(frozen=True)
class Readout:
    """A number below the figure."""

    label: str
    value: sp.Expr
    unit: str = ""
    digits: int = 2


@dataclass(frozen=True)
class Curve:
    """The height `y` over the panel's variable; with `upto`, as far as that symbol says."""

    y: sp.Expr
    label: str = ""
    line: str = "-"
    color: int = 0
    fill: bool = False
    upto: sp.Symbol | None = None


@dataclass(frozen=True)
class Band:
    """The area between two heights."""

    low: sp.Expr
    high: sp.Expr
    label: str = ""
    color: int = 0
    upto: sp.Symbol | None = None


@dataclass(frozen=True)
class Trace:
    """The points (x, y) as `t` = (symbol, from, to) runs; an integer symbol takes whole
    numbers only."""

    x: sp.Expr
    y: sp.Expr
    t: tuple[sp.Symbol, float, float]
    label: str = ""
    line: str = "-"
    color: int = 0
    width: float = 2.4


@dataclass(frozen=True)
class Dot:
    """A point. Where a coordinate is a slider's symbol, it can be dragged that way.

    `drag` says for other sliders what they become when the point is held at `POINTER`.
    """

    x: sp.Expr
    y: sp.Expr
    label: str = ""
    marker: str = "o"
    color: int = 0
    drag: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Dots:
    """Shipped points. `upto` reveals the first so many; `stems` is a height over x, and
    each point sends a line up to it."""

    x: Sequence[float]
    y: Sequence[float] | None = None
    label: str = ""
    color: int = -1
    size: float = 5.0
    upto: sp.Symbol | None = None
    stems: sp.Expr | None = None


@dataclass(frozen=True)
class Contours:
    """Lines of equal height of `z` over both variables of a panel; `names` label them."""

    z: sp.Expr
    levels: Sequence[float]
    names: Sequence[str] = ()
    color: int = 0


@dataclass(frozen=True)
class Bar:
    """A bar from `low` to `high` over the place `at`, with its length written beside."""

    at: float
    low: sp.Expr
    high: sp.Expr
    color: int = 0
    hollow: bool = False


@dataclass(frozen=True)
class Table:
    """The values of `y` at places of `x`: an entry of `where`, under an `IndexedBase`."""

    y: sp.Expr
    x: sp.Symbol
    places: Sequence[float]


@dataclass(frozen=True)
class Minimum:
    """Where `y` is smallest: an entry of `where`, under the symbols that y depends on.

    The search (Nelder and Mead, 1965) goes downhill from `start`, in the page and in Python
    alike. It ends in a minimum that need not be the lowest.
    """

    y: sp.Expr
    start: Sequence[sp.Expr]


@dataclass(frozen=True)
class Descent:
    """Gradient descent on `y`: an entry of `where`, under the symbols that y depends on,
    which end as the last place. `way` names tables of all places, `start` first.

    >>> u, k = sp.Symbol("u"), sp.Symbol("k", integer=True)
    >>> way = sp.IndexedBase("way", shape=(21,))
    >>> descent = Descent(u**2, [3], rate=0.1, steps=20, way=[way])
    >>> Trace(k, way[k], t=(k, 0, descent.steps)).y
    way[k]
    """

    y: sp.Expr
    start: Sequence[sp.Expr]
    rate: float
    steps: int
    way: Sequence[sp.IndexedBase]


Layer = Curve | Band | Trace | Dot | Dots | Contours | Bar


@dataclass(frozen=True)
class Panel:
    """Axes and what is drawn in them.

    `x` is (symbol, from, to); `y` is (from, to), or (symbol, from, to) where layers need
    the height itself as a variable. Its ends may be expressions: then the axis follows the
    sliders. `ticks` name places on the x axis. With `log` the
    x axis is logarithmic, with `integer` its variable takes whole numbers only.

    >>> x, y = sp.symbols("x y")
    >>> panel = Panel([Contours(x * y, levels=[1])], x=(x, -2, 2), y=(y, 0, 3))
    >>> panel.variables, panel.y_range
    ([x, y], (0, 3))
    """

    layers: Sequence[Layer | sp.Expr]
    x: tuple[sp.Symbol, float, float]
    y: tuple[End, End] | tuple[sp.Symbol, float, float]
    xlabel: str = ""
    ylabel: str = ""
    title: str = ""
    ticks: dict[float, str] = field(default_factory=dict)
    log: bool = False
    integer: bool = False

    @property
    def variables(self) -> list[sp.Symbol]:
        """The symbol of x and, where y has one, that of y."""
        return [self.x[0], *self.y[:-2]]

    @property
    def x_range(self) -> tuple[float, float]:
        """Where the x axis begins and ends."""
        return self.x[1:]

    @property
    def y_range(self) -> tuple[End, End]:
        """Where the y axis begins and ends."""
        return self.y[-2], self.y[-1]
