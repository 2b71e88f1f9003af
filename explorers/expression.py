"""Figures of formulas that move: the page draws what SymPy printed.

One expression is written three ways: for the page (`sympy.jscode`), for the still picture
and the tests (`lambdify`), and in the chapter, which proved it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeAlias, TypedDict, Unpack

import numpy as np
import sympy as sp
from scipy.optimize import minimize
from sympy.printing.jscode import JavascriptCodePrinter
from traitlets import Any, Bunch, Dict, TraitError, Unicode, validate

from explorers.base import Explorer
from explorers.figure import (
    POINTER,
    Band,
    Bar,
    Contours,
    Curve,
    Descent,
    Dot,
    Dots,
    Layer,
    Minimum,
    Panel,
    Readout,
    Slider,
    Switch,
    Table,
    Trace,
)
from explorers.markup import expression_markup
from explorers.still import draw_still

HERE = Path(__file__).parent
COLOURS = 4  # --c0 to --c3 of expression.css
# Words of JavaScript that cannot name a number.
RESERVED = set(
    "arguments await break case catch class const continue debugger default delete do "
    "else enum eval export extends false finally for function if implements import in "
    "instanceof interface let Math new null package private protected public return "
    "static super switch this throw true try typeof var void while with yield".split()
)
# The entries of each layer that are expressions.
EXPRESSIONS: dict[type, list[str]] = {
    Curve: ["y"],
    Band: ["low", "high"],
    Trace: ["x", "y"],
    Dot: ["x", "y"],
    Dots: ["stems"],
    Contours: ["z"],
    Bar: ["low", "high"],
}


class _Axes(TypedDict, total=False):
    """What a figure of one panel hands on to it."""

    xlabel: str
    ylabel: str
    title: str
    ticks: dict[float, str]
    log: bool
    integer: bool


# An abbreviation, and the name or names that it gives.
Name: TypeAlias = sp.Symbol | sp.IndexedBase | tuple[sp.Symbol, ...]
Abbreviation: TypeAlias = sp.Expr | Table | Minimum | Descent


class _Printer(JavascriptCodePrinter):
    def _print_Sum(self, sum_: sp.Sum) -> str:
        ((n, low, high),) = sum_.limits
        term = self._print(sum_.function)
        return (
            f"(($sum) => {{ for (let {n} = {low}; {n} <= {high}; {n} += 1) "
            f"$sum += {term}; return $sum; }})(0)"
        )


def javascript(expression: sp.Expr) -> str:
    """The expression as JavaScript, on one line.

    >>> x, sigma = sp.symbols("x sigma")
    >>> javascript(sp.exp(-x**2 / (2 * sigma**2)))
    'Math.exp(-1/2*Math.pow(x, 2)/Math.pow(sigma, 2))'

    Raises:
        ValueError: if it contains what JavaScript's `Math` lacks.
    """
    code = _Printer({"strict": False}).doprint(sp.sympify(expression))
    code = " ".join(code.split())
    if "Not supported" in code or "//" in code:
        raise ValueError(f"SymPy prints no JavaScript for {expression}")
    return code


class ExpressionExplorer(Explorer):
    """Curves that follow sliders, with every formula given once, in SymPy.

    >>> x, mu = sp.symbols("x mu")
    >>> figure = ExpressionExplorer(
    ...     [Curve(sp.exp(-(x - mu)**2 / 2), "a bell")],
    ...     x=(x, -4, 4), y=(0, 1.2), sliders={mu: (-2.0, 2.0, 0.1)},
    ...     readouts=[Readout("twice mu", 2 * mu)])
    >>> figure.values = {"mu": 1.23}
    >>> figure.values
    {'mu': 1.2}

    Args:
        curves: layers of one panel (a bare expression is a `Curve`), or `Panel`s.
        x, y: the panel's axes, (symbol, low, high) and (low, high), unless `curves` are
            panels.
        sliders: symbol to `Slider`, `Switch` or (low, high, step).
        where: symbol to expression, `IndexedBase` to `Table`, symbols to `Minimum` or
            `Descent`: abbreviations, in an order in which each needs only those before it.
        data: `IndexedBase` to array: numbers shipped with the figure.
        readouts: numbers below the figure.
        axes: further arguments of the one `Panel`: xlabel, ylabel, title, ticks, ...

    `values` is a dict from the sliders' symbols, as text, to numbers. Setting some of them
    moves the figure, and moving the figure sets them.

    Raises:
        ValueError: if there is nothing to draw, or no axes for it, if an expression has no
            JavaScript or contains a symbol that nothing defines, a symbol's name is no
            JavaScript name, or a layer has a colour that the page lacks.
        TraitError: if `values` are set to what the sliders cannot show.
    """

    _esm = HERE / "expression.js"
    _css = HERE / "expression.css"
    _figure = Dict().tag(sync=True)
    _data = Any().tag(sync=True)
    values = Dict(key_trait=Unicode()).tag(sync=True)

    def __init__(
        self,
        curves: Sequence[sp.Expr | Layer] | Sequence[Panel],
        x: tuple[sp.Symbol, float, float] | None = None,
        y: tuple[float, float] | tuple[sp.Symbol, float, float] | None = None,
        *,
        sliders: Mapping[sp.Symbol, Slider | Switch | tuple[float, float, float]],
        where: Mapping[Name, Abbreviation] | None = None,
        data: Mapping[sp.IndexedBase, Sequence[float]] | None = None,
        readouts: Sequence[Readout] = (),
        **axes: Unpack[_Axes],
    ) -> None:
        panels = [curve for curve in curves if isinstance(curve, Panel)]
        if not curves or 0 < len(panels) < len(curves):
            raise ValueError("a figure is made of curves or of panels, at least one")
        if not panels:
            if x is None or y is None:
                raise ValueError("curves need axes: give x and y, or put them into a Panel")
            panels = [Panel(curves, x, y, **axes)]
        self.panels = [_with_layers(panel) for panel in panels]
        self.sliders = {symbol: _slider(s) for symbol, s in sliders.items()}
        self.where, self.readouts = dict(where or {}), list(readouts)
        self.data = {
            base: np.ascontiguousarray(array, "float64")
            for base, array in (data or {}).items()
        }
        for layer in (layer for panel in self.panels for layer in panel.layers):
            if layer.color not in range(-1, COLOURS):
                raise ValueError(f"color {layer.color}: the page has -1 to {COLOURS - 1}")
        for name in map(_label, [*self.sliders, *self._abbreviated, *self.data]):
            if not re.fullmatch(r"[A-Za-z]\w*", name.name) or name.name in RESERVED:
                raise ValueError(f"{name} cannot name a number in JavaScript: rename it")
        figure = self._description()
        super().__init__(
            _figure=figure,
            _data={str(base.label): array.tobytes() for base, array in self.data.items()},
            values={symbol.name: s.value for symbol, s in self.sliders.items()},
        )

    @validate("values")
    def _merge(self, proposal: Bunch) -> dict[str, float]:
        """A part of the values moves only that part; each becomes one the slider shows."""
        sliders = {symbol.name: slider for symbol, slider in self.sliders.items()}
        merged = dict(self.values)
        for name, value in proposal.value.items():
            if name not in sliders:
                raise TraitError(f"no slider {name!r}: there are {', '.join(sliders)}")
            try:
                merged[name] = sliders[name].snap(value)
            except (TypeError, ValueError) as error:
                raise TraitError(f"{name}: {error}") from error
        return merged

    def scope(self, **values: float) -> dict[sp.Basic, object]:
        """What every name stands for, at `values` or else where the sliders stand."""
        at = self.values | values
        scope: dict[sp.Basic, object] = {s: at[s.name] for s in self.sliders}
        scope |= self.data
        for name, meaning in self.where.items():
            if isinstance(meaning, Table):
                at_places = self.function(meaning.y, meaning.x)
                scope[name] = at_places(scope, np.asarray(meaning.places, "float64"))
            elif isinstance(meaning, Minimum):
                assert isinstance(name, tuple)
                scope |= dict(zip(name, self._search(name, meaning, scope), strict=True))
            elif isinstance(meaning, Descent):
                assert isinstance(name, tuple)
                way = self._walk(name, meaning, scope)
                scope |= dict(zip(name, way[-1], strict=True))
                scope |= dict(zip(meaning.way, way.T, strict=True))
            else:
                scope[name] = self.function(meaning)(scope)
        return scope

    def _search(
        self, names: Sequence[sp.Symbol], what: Minimum, scope: Mapping[sp.Basic, object]
    ) -> np.ndarray:
        """From the first places on as `minimum` of `expression.js` does it."""
        y = self.function(what.y, *names)
        start = np.array([float(self.function(s)(scope)) for s in what.start])
        corners = np.vstack([start, start + 0.2 * np.eye(len(start))])
        options = {"initial_simplex": corners, "xatol": 1e-6, "fatol": 1e-9}
        found = minimize(
            lambda at: float(y(scope, *at)), start, method="Nelder-Mead", options=options
        )
        return found.x

    def _walk(
        self, names: Sequence[sp.Symbol], what: Descent, scope: Mapping[sp.Basic, object]
    ) -> np.ndarray:
        """The places as `descend` of `expression.js` finds them, (steps + 1, names)."""
        slopes = [self.function(sp.diff(what.y, name), *names) for name in names]
        way = [np.array([float(self.function(s)(scope)) for s in what.start])]
        for _ in range(what.steps):
            slope = np.array([float(f(scope, *way[-1])) for f in slopes])
            way.append(way[-1] - what.rate * slope)
        return np.array(way)

    @property
    def _abbreviated(self) -> list[sp.Symbol | sp.IndexedBase]:
        """The names that `where` gives, one by one."""
        names: list[sp.Symbol | sp.IndexedBase] = []
        for name, meaning in self.where.items():
            names += name if isinstance(name, tuple) else [name]
            names += meaning.way if isinstance(meaning, Descent) else []
        return names

    def function(
        self, expression: sp.Expr, *variables: sp.Symbol
    ) -> Callable[..., np.ndarray]:
        """NumPy's function of a scope and of arrays, one a variable."""
        expression = sp.sympify(expression)
        known = [*self.sliders, *self._abbreviated, *self.data]
        names = [s for s in known if s not in variables]
        f = sp.lambdify([*names, *variables], expression, "numpy")

        def evaluate(scope: Mapping[sp.Basic, object], *arrays: np.ndarray) -> np.ndarray:
            value = f(*(scope.get(name) for name in names), *arrays)
            return np.broadcast_to(value, np.broadcast_shapes(*map(np.shape, arrays)))

        return evaluate

    def markup(self) -> str:
        """Panels, numbers and controls as HTML, where the sliders stand."""
        # At a pole NumPy's floats are infinite, as the script's; Python's raise an error.
        scope = {
            name: np.float64(value) if isinstance(value, float) else value
            for name, value in self.scope().items()
        }
        with np.errstate(all="ignore"):
            numbers = [(r, float(self.function(r.value)(scope))) for r in self.readouts]
        return expression_markup(self.panels, numbers, self.sliders, self.values)

    def still(self) -> bytes:
        """The figure where its sliders stand, as a PNG file."""
        scope = self.scope()

        def value(
            expression: sp.Expr, places: Mapping[sp.Symbol, np.ndarray] | None = None, /
        ) -> np.ndarray:
            places = places or {}
            return self.function(expression, *places)(scope, *places.values())

        return draw_still(self.panels, self.readouts, value)

    def _print(self, what: str, expression: sp.Expr, variables: Sequence[sp.Symbol]) -> str:
        expression = sp.sympify(expression)
        known = {_label(s) for s in [*self.sliders, *self._abbreviated, *self.data]}
        known |= {*variables, *(n for s in expression.atoms(sp.Sum) for n in s.variables)}
        unknown = expression.atoms(sp.Symbol) - known
        if unknown:
            names = ", ".join(sorted(map(str, unknown)))
            raise ValueError(
                f"{what} contains {names}, which nothing in the figure defines"
            )
        return javascript(expression)

    def _description(self) -> dict:
        """The figure as JSON for `expression.js`."""
        sliders = []
        for symbol, slider in self.sliders.items():
            entry = asdict(slider) | {"name": symbol.name}
            entry["kind"] = "switch" if isinstance(slider, Switch) else "range"
            if isinstance(slider, Slider):
                entry["decimals"] = slider.decimals
            sliders.append(entry)
        return {
            "panels": [self._panel(panel) for panel in self.panels],
            "sliders": sliders,
            "where": [self._meaning(*entry) for entry in self.where.items()],
            "readouts": [
                asdict(r) | {"value": self._print(f"readout {r.label!r}", r.value, [])}
                for r in self.readouts
            ],
        }

    def _meaning(self, name: Name, what: Abbreviation) -> dict:
        names = [_label(n).name for n in (name if isinstance(name, tuple) else (name,))]
        title = ", ".join(names)
        if isinstance(what, Table):
            return {
                "kind": "table",
                "names": names,
                "code": self._print(title, what.y, [what.x]),
                "variable": what.x.name,
                "places": [float(place) for place in what.places],
            }
        if isinstance(what, Minimum):
            return {
                "kind": "minimum",
                "names": names,
                "code": self._print(title, what.y, []),
                "start": [self._print(f"start of {title}", s, []) for s in what.start],
            }
        if isinstance(what, Descent):
            assert isinstance(name, tuple)
            return {
                "kind": "descent",
                "names": names + [_label(table).name for table in what.way],
                "slopes": [self._print(title, sp.diff(what.y, n), []) for n in name],
                "start": [self._print(f"start of {title}", s, []) for s in what.start],
                "rate": what.rate,
                "steps": what.steps,
            }
        return {"kind": "number", "names": names, "code": self._print(title, what, [])}

    def _panel(self, panel: Panel) -> dict:
        x, *y = panel.variables
        low, high = panel.x_range
        bottom, top = (self._print("the y axis", end, []) for end in panel.y_range)
        ticks = [[float(place), name] for place, name in panel.ticks.items()]
        return {
            "title": panel.title,
            "ylabel": panel.ylabel,
            "x": {"name": x.name, "low": low, "high": high, "label": panel.xlabel}
            | {"log": panel.log, "integer": panel.integer, "ticks": ticks},
            "y": {"name": y[0].name if y else "", "low": bottom, "high": top},
            "layers": [self._layer(layer, panel) for layer in panel.layers],
        }

    def _layer(self, layer: Layer, panel: Panel) -> dict:
        kind = type(layer).__name__.lower()
        entry = {key: getattr(layer, key) for key in layer.__dataclass_fields__}
        entry["kind"] = kind
        variables = panel.variables
        if isinstance(layer, Trace):
            t, low, high = layer.t
            entry["t"] = {"name": t.name, "low": low, "high": high}
            entry["t"]["integer"] = bool(t.is_integer)
            variables = [t]
        if isinstance(layer, Dot):
            pairs = zip((layer.x, layer.y), POINTER, strict=True)
            moved = {c: at for c, at in pairs if c in self.sliders} | dict(layer.drag)
            entry["drag"] = {
                symbol.name: self._print(f"drag of {symbol}", becomes, POINTER)
                for symbol, becomes in moved.items()
            }
            variables = []
        if isinstance(layer, Contours):
            entry["levels"] = [float(level) for level in layer.levels]
            symbols = sp.sympify(layer.z).free_symbols - set(variables)
            known = {*self.sliders, *self._abbreviated}
            entry["moves"] = sorted(map(str, symbols & known))
        if isinstance(layer, Bar):
            variables = []
        for key in EXPRESSIONS[type(layer)]:
            if entry[key] is not None:
                what = f"{kind} {getattr(layer, 'label', '')!r}"
                entry[key] = self._print(what, entry[key], variables)
        if isinstance(layer, Dots):
            entry["x"] = np.asarray(layer.x).tolist()
            entry["y"] = None if layer.y is None else np.asarray(layer.y).tolist()
        if entry.get("upto") is not None:
            entry["upto"] = entry["upto"].name
        else:
            entry.pop("upto", None)
        return entry


def _label(name: sp.Symbol | sp.IndexedBase) -> sp.Symbol:
    return name.label if isinstance(name, sp.IndexedBase) else name


def _with_layers(panel: Panel) -> Panel:
    layers = [
        layer if type(layer) in EXPRESSIONS else Curve(sp.sympify(layer))
        for layer in panel.layers
    ]
    return replace(panel, layers=layers)


def _slider(slider: Slider | Switch | tuple[float, float, float]) -> Slider | Switch:
    if isinstance(slider, tuple):
        low, high, step = slider
        middle = Slider(low, high, step, value=low)
        return replace(middle, value=middle.snap((low + high) / 2))
    return slider
