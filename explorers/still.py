"""An expression's figure as a picture, drawn by matplotlib from the same expressions."""

import io
from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Protocol

import numpy as np
import sympy as sp
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.figure import (
    Band,
    Bar,
    Contours,
    Curve,
    Dot,
    Dots,
    Layer,
    Panel,
    Readout,
    Trace,
)


class Value(Protocol):
    """What an expression is where the sliders stand, at arrays of places of variables."""

    def __call__(
        self, expression: sp.Expr, places: Mapping[sp.Symbol, np.ndarray] = ..., /
    ) -> np.ndarray: ...


def places(panel: Panel, count: int = 240) -> np.ndarray:
    """The places of a panel's x axis where curves are drawn, as in `expression.js`.

    >>> import sympy as sp
    >>> places(Panel([], x=(sp.Symbol("n"), 0, 3), y=(0, 1), integer=True))
    array([0, 1, 2, 3])
    """
    low, high = panel.x_range
    xs = np.geomspace(low, high, count) if panel.log else np.linspace(low, high, count)
    return np.unique(np.floor(xs + 0.5).astype(int)) if panel.integer else xs


def draw_still(panels: Sequence[Panel], readouts: Sequence[Readout], value: Value) -> bytes:
    """The figure as a PNG file; `value` knows where its sliders stand."""
    with style.context("vae_lib.book"):
        n = len(panels)
        figure = Figure(figsize=(3.6 * n, 3.4) if n > 1 else (5.6, 3.4))
        axes = figure.subplots(1, n, squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            for layer in panel.layers:
                draw(layer, ax, panel, value)
            _dress(ax, panel, value)
        numbers = [
            f"{r.label} {value(r.value):.{r.digits}f} {r.unit}".strip() for r in readouts
        ]
        figure.supxlabel("     ".join(numbers), fontsize=10)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def _dress(ax: Axes, panel: Panel, value: Value) -> None:
    ends = [float(value(end)) for end in panel.y_range]
    ax.set(xlabel=panel.xlabel, xlim=panel.x_range, ylim=ends)
    ax.set_title(panel.title or panel.ylabel)
    if panel.log:
        ax.set_xscale("log")
    if panel.ticks:
        ax.set_xticks(list(panel.ticks), list(panel.ticks.values()))
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.08), fontsize=9)


def _color(layer: Layer) -> str:
    return "k" if layer.color < 0 else f"C{layer.color}"


@singledispatch
def draw(layer: Layer, ax: Axes, panel: Panel, value: Value) -> None:
    """Draw one layer of a panel.

    Raises:
        TypeError: if it is no layer that a figure can have.
    """
    raise TypeError(f"no picture of a {type(layer).__name__}")


def _shown(layer: Curve | Band, panel: Panel, value: Value) -> np.ndarray:
    xs = places(panel)
    return xs if layer.upto is None else xs[xs <= value(layer.upto)]


@draw.register
def _(layer: Curve, ax: Axes, panel: Panel, value: Value) -> None:
    xs, color = _shown(layer, panel, value), _color(layer)
    y = value(layer.y, {panel.x[0]: xs})
    ax.plot(xs, y, layer.line, color=color, label=layer.label or None)
    if layer.fill:
        ground = max(float(value(panel.y_range[0])), 0)
        ax.fill_between(xs, y, ground, color=color, alpha=0.2, lw=0)


@draw.register
def _(layer: Band, ax: Axes, panel: Panel, value: Value) -> None:
    xs = _shown(layer, panel, value)
    low, high = (value(end, {panel.x[0]: xs}) for end in (layer.low, layer.high))
    ax.fill_between(xs, low, high, color=_color(layer), alpha=0.2, lw=0, label=layer.label)


@draw.register
def _(layer: Trace, ax: Axes, panel: Panel, value: Value) -> None:
    symbol, begin, end = layer.t
    between = np.linspace(float(begin), float(end), 160)
    t = np.arange(begin, end + 1) if symbol.is_integer else between
    x, y = (value(coordinate, {symbol: t}) for coordinate in (layer.x, layer.y))
    (line,) = ax.plot(x, y, layer.line, color=_color(layer), label=layer.label or None)
    line.set(linewidth=layer.width, solid_capstyle="round")


@draw.register
def _(layer: Dot, ax: Axes, panel: Panel, value: Value) -> None:
    x, y = value(layer.x), value(layer.y)
    (dot,) = ax.plot(x, y, layer.marker, color=_color(layer), label=layer.label or None)
    width = 2.5 if layer.marker == "x" else 0
    dot.set(linestyle="none", markersize=9, markeredgewidth=width)


@draw.register
def _(layer: Dots, ax: Axes, panel: Panel, value: Value) -> None:
    n = len(layer.x) if layer.upto is None else int(value(layer.upto))
    x = np.asarray(layer.x)[:n]
    y = np.zeros_like(x) if layer.y is None else np.asarray(layer.y)[:n]
    if layer.stems is not None:
        top = value(layer.stems, {panel.x[0]: x})
        ax.vlines(x, y, top, color=_color(layer), lw=0.8, alpha=0.6)
    (dots,) = ax.plot(x, y, "o", color=_color(layer), label=layer.label or None)
    dots.set(linestyle="none", markersize=layer.size, markeredgewidth=0)
    dots.set_clip_on(layer.y is not None)


@draw.register
def _(layer: Contours, ax: Axes, panel: Panel, value: Value) -> None:
    x, y = panel.variables
    ends = [(float(low), float(high)) for low, high in (panel.x_range, panel.y_range)]
    xs, ys = (np.linspace(low, high, 100) for low, high in ends)
    grid = dict(zip([x, y], np.meshgrid(xs, ys), strict=True))
    levels = [float(level) for level in layer.levels]
    lines = ax.contour(
        xs, ys, value(layer.z, grid), levels=sorted(levels), colors=_color(layer),
        linestyles="solid", linewidths=1.4,
    )  # fmt: skip
    names = {level: name for level, name in zip(levels, layer.names, strict=False) if name}
    ax.clabel(lines, list(names), fmt=names, fontsize=9)


@draw.register
def _(layer: Bar, ax: Axes, panel: Panel, value: Value) -> None:
    low, high = float(value(layer.low)), float(value(layer.high))
    color = "w" if layer.hollow else _color(layer)
    bars = ax.bar(layer.at, high - low, 0.64, low, color=color, ec=_color(layer), lw=1.5)
    ax.bar_label(bars, [f"{high - low:.2f}"], padding=3)
