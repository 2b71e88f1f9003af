"""Figures of formulas that move: the page draws what SymPy printed.

One expression is written three ways: for the page (`sympy.jscode`), for the still picture
and the tests (`lambdify`), and in the chapter, which proved it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import sympy as sp
from traitlets import Any, Dict, TraitError, Unicode, validate

from explorers.base import Explorer
from explorers.figure import (
    Band,
    Bar,
    Contours,
    Curve,
    Dot,
    Dots,
    Panel,
    Readout,
    Slider,
    Switch,
    Trace,
)
from explorers.markup import expression_markup
from explorers.still import draw_still

HERE = Path(__file__).parent
# Words of JavaScript that cannot name a number.
RESERVED = set(
    "arguments await break case catch class const continue debugger default delete do "
    "else enum eval export extends false finally for function if implements import in "
    "instanceof interface let Math new null package private protected public return "
    "static super switch this throw true try typeof var void while with yield".split()
)
# The entries of each layer that are expressions.
EXPRESSIONS = {
    Curve: ["y"],
    Band: ["low", "high"],
    Trace: ["x", "y"],
    Dot: ["x", "y"],
    Dots: ["stems"],
    Contours: ["z"],
    Bar: ["low", "high"],
}


def javascript(expression: sp.Expr) -> str:
    """The expression as JavaScript, on one line.

    Raises:
        ValueError: if it contains what JavaScript's `Math` lacks.
    """
    code = " ".join(sp.jscode(sp.sympify(expression), strict=False).split())
    if "Not supported" in code or "//" in code:
        raise ValueError(f"SymPy prints no JavaScript for {expression}")
    return code


class ExpressionExplorer(Explorer):
    """Curves that follow sliders, with every formula given once, in SymPy.

    Args:
        curves: layers of one panel (a bare expression is a `Curve`), or `Panel`s.
        x, y: the panel's axes, (symbol, low, high) and (low, high), unless `curves` are
            panels.
        sliders: symbol to `Slider`, `Switch` or (low, high, step).
        where: symbol to expression: abbreviations, in an order in which each needs only
            those before it.
        data: `IndexedBase` to array: numbers shipped with the figure.
        readouts: numbers below the figure.
        axes: further arguments of the one `Panel`: xlabel, ylabel, title, ticks, ...

    `values` is a dict from the sliders' symbols, as text, to numbers. Setting some of them
    moves the figure, and moving the figure sets them.

    Raises:
        ValueError: if an expression has no JavaScript or contains a symbol that nothing
            defines, or a symbol's name is no JavaScript name.
        TraitError: if `values` are set to what the sliders cannot show.
    """

    _esm = HERE / "expression.js"
    _css = HERE / "expression.css"
    _figure = Dict().tag(sync=True)
    _data = Any().tag(sync=True)
    values = Dict(key_trait=Unicode()).tag(sync=True)

    def __init__(
        self,
        curves: Sequence,
        x: tuple | None = None,
        y: tuple | None = None,
        *,
        sliders: Mapping[sp.Symbol, Slider | Switch | tuple],
        where: Mapping[sp.Symbol, sp.Expr] | None = None,
        data: Mapping[sp.IndexedBase, Sequence[float]] | None = None,
        readouts: Sequence[Readout] = (),
        **axes,
    ):
        if not all(isinstance(curve, Panel) for curve in curves):
            curves = [Panel(curves, x, y, **axes)]
        self.panels = [_with_layers(panel) for panel in curves]
        self.sliders = {symbol: _slider(s) for symbol, s in sliders.items()}
        self.where, self.readouts = dict(where or {}), list(readouts)
        self.data = {
            base: np.ascontiguousarray(array, "float64")
            for base, array in (data or {}).items()
        }
        for name in [*self.sliders, *self.where, *(base.label for base in self.data)]:
            if not re.fullmatch(r"[A-Za-z]\w*", name.name) or name.name in RESERVED:
                raise ValueError(f"{name} cannot name a number in JavaScript: rename it")
        figure = self._description()
        super().__init__(
            _figure=figure,
            _data={str(base.label): array.tobytes() for base, array in self.data.items()},
            values={symbol.name: s.value for symbol, s in self.sliders.items()},
        )

    @validate("values")
    def _merge(self, proposal) -> dict[str, float]:
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
        scope = {symbol: at[symbol.name] for symbol in self.sliders} | self.data
        for symbol, expression in self.where.items():
            scope[symbol] = self.function(expression)(scope)
        return scope

    def function(self, expression: sp.Expr, *variables: sp.Symbol) -> Callable:
        """NumPy's function of a scope and of arrays, one a variable."""
        expression = sp.sympify(expression)
        names = [s for s in [*self.sliders, *self.where, *self.data] if s not in variables]
        f = sp.lambdify([*names, *variables], expression, "numpy")

        def evaluate(scope: Mapping, *arrays: np.ndarray):
            value = f(*(scope.get(name) for name in names), *arrays)
            return np.broadcast_to(value, np.broadcast_shapes(*map(np.shape, arrays)))

        return evaluate

    def markup(self) -> str:
        """Panels, numbers and controls as HTML, where the sliders stand."""
        return expression_markup(self)

    def still(self) -> bytes:
        return draw_still(self)

    def _print(self, what: str, expression: sp.Expr, variables: Sequence[sp.Symbol]) -> str:
        expression = sp.sympify(expression)
        known = {*self.sliders, *self.where, *variables}
        known |= {base.label for base in self.data}
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
            "where": [
                [symbol.name, self._print(symbol.name, expression, [])]
                for symbol, expression in self.where.items()
            ],
            "readouts": [
                asdict(r) | {"value": self._print(f"readout {r.label!r}", r.value, [])}
                for r in self.readouts
            ],
        }

    def _panel(self, panel: Panel) -> dict:
        x, low, high = panel.x
        *y, bottom, top = panel.y
        ticks = [[float(place), name] for place, name in panel.ticks.items()]
        return {
            "title": panel.title,
            "ylabel": panel.ylabel,
            "x": {"name": x.name, "low": low, "high": high, "label": panel.xlabel}
            | {"log": panel.log, "integer": panel.integer, "ticks": ticks},
            "y": {"name": y[0].name if y else "", "low": bottom, "high": top},
            "layers": [self._layer(layer, panel) for layer in panel.layers],
        }

    def _layer(self, layer, panel: Panel) -> dict:
        kind = type(layer).__name__.lower()
        entry = {key: getattr(layer, key) for key in layer.__dataclass_fields__}
        entry["kind"] = kind
        variables = [panel.x[0], *(panel.y[:-2])]
        if isinstance(layer, Trace):
            t, low, high = layer.t
            entry["t"] = {"name": t.name, "low": low, "high": high}
            variables = [t]
        if isinstance(layer, Dot):
            sliders = self.sliders
            entry["drag"] = [c.name if c in sliders else "" for c in (layer.x, layer.y)]
            variables = []
        if isinstance(layer, Contours):
            entry["levels"] = [float(level) for level in layer.levels]
            symbols = sp.sympify(layer.z).free_symbols - set(variables)
            entry["moves"] = sorted(map(str, symbols & {*self.sliders, *self.where}))
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


def _with_layers(panel: Panel) -> Panel:
    layers = [
        layer if type(layer) in EXPRESSIONS else Curve(sp.sympify(layer))
        for layer in panel.layers
    ]
    return replace(panel, layers=layers)


def _slider(slider: Slider | Switch | tuple) -> Slider | Switch:
    if isinstance(slider, tuple):
        middle = Slider(*slider, value=slider[0])
        return replace(middle, value=middle.snap((middle.low + middle.high) / 2))
    return slider
