"""An expression's figure as a picture, drawn by matplotlib from the same expressions."""

import io
from functools import singledispatch
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.figure import Band, Bar, Contours, Curve, Dot, Dots, Panel, Trace

if TYPE_CHECKING:
    from explorers.expression import ExpressionExplorer


def places(panel: Panel, count: int = 240) -> np.ndarray:
    """The places of a panel's x axis where curves are drawn, as in `expression.js`."""
    _, low, high = panel.x
    xs = np.geomspace(low, high, count) if panel.log else np.linspace(low, high, count)
    return np.unique(np.floor(xs + 0.5).astype(int)) if panel.integer else xs


def draw_still(explorer: "ExpressionExplorer") -> bytes:
    """The figure where its sliders stand, as a PNG file."""
    with style.context("vae_lib.book"):
        n = len(explorer.panels)
        figure = Figure(figsize=(3.6 * n, 3.4) if n > 1 else (5.6, 3.4))
        scope = explorer.scope()
        axes = figure.subplots(1, n, squeeze=False)[0]
        for ax, panel in zip(axes, explorer.panels, strict=True):
            for layer in panel.layers:
                draw(layer, ax, explorer, panel, scope)
            _dress(ax, panel)
        numbers = [
            f"{r.label} {explorer.function(r.value)(scope):.{r.digits}f} {r.unit}".strip()
            for r in explorer.readouts
        ]
        figure.supxlabel("     ".join(numbers), fontsize=10)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def _dress(ax: Axes, panel: Panel) -> None:
    *_, low, high = panel.y
    ax.set(xlabel=panel.xlabel, xlim=panel.x[1:], ylim=(low, high))
    ax.set_title(panel.title or panel.ylabel)
    if panel.log:
        ax.set_xscale("log")
    if panel.ticks:
        ax.set_xticks(list(panel.ticks), list(panel.ticks.values()))
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.08), fontsize=9)


def _color(layer) -> str:
    return "k" if layer.color < 0 else f"C{layer.color}"


@singledispatch
def draw(layer, ax: Axes, explorer, panel: Panel, scope) -> None:
    raise TypeError(f"no picture of a {type(layer).__name__}")


def _shown(layer, panel: Panel, scope) -> np.ndarray:
    xs = places(panel)
    return xs if layer.upto is None else xs[xs <= scope[layer.upto]]


@draw.register
def _(layer: Curve, ax, explorer, panel, scope):
    xs = _shown(layer, panel, scope)
    y = explorer.function(layer.y, panel.x[0])(scope, xs)
    ax.plot(xs, y, layer.line, color=_color(layer), label=layer.label or None)
    if layer.fill:
        ax.fill_between(xs, y, max(panel.y[-2], 0), color=_color(layer), alpha=0.2, lw=0)


@draw.register
def _(layer: Band, ax, explorer, panel, scope):
    xs = _shown(layer, panel, scope)
    low, high = (
        explorer.function(e, panel.x[0])(scope, xs) for e in (layer.low, layer.high)
    )
    ax.fill_between(xs, low, high, color=_color(layer), alpha=0.2, lw=0, label=layer.label)


@draw.register
def _(layer: Trace, ax, explorer, panel, scope):
    t = np.linspace(*map(float, layer.t[1:]), 160)
    x, y = (explorer.function(e, layer.t[0])(scope, t) for e in (layer.x, layer.y))
    style = {"color": _color(layer), "lw": layer.width, "solid_capstyle": "round"}
    ax.plot(x, y, layer.line, label=layer.label or None, **style)


@draw.register
def _(layer: Dot, ax, explorer, panel, scope):
    x, y = (explorer.function(e)(scope) for e in (layer.x, layer.y))
    style = {"ms": 9, "mew": 2.5 if layer.marker == "x" else 0, "ls": "none"}
    ax.plot(x, y, layer.marker, color=_color(layer), label=layer.label or None, **style)


@draw.register
def _(layer: Dots, ax, explorer, panel, scope):
    n = len(layer.x) if layer.upto is None else int(scope[layer.upto])
    x = np.asarray(layer.x)[:n]
    y = np.zeros_like(x) if layer.y is None else np.asarray(layer.y)[:n]
    if layer.stems is not None:
        top = explorer.function(layer.stems, panel.x[0])(scope, x)
        ax.vlines(x, y, top, color=_color(layer), lw=0.8, alpha=0.6)
    style = {"ms": layer.size, "mew": 0, "ls": "none", "label": layer.label or None}
    ax.plot(x, y, "o", color=_color(layer), clip_on=layer.y is not None, **style)


@draw.register
def _(layer: Contours, ax, explorer, panel, scope):
    (x, *ends_x), (y, *ends_y) = panel.x, panel.y
    xs, ys = (np.linspace(*map(float, ends), 100) for ends in (ends_x, ends_y))
    heights = explorer.function(layer.z, x, y)(scope, *np.meshgrid(xs, ys))
    style = {"colors": _color(layer), "linestyles": "solid", "linewidths": 1.4}
    levels = [float(level) for level in layer.levels]
    lines = ax.contour(xs, ys, heights, levels=sorted(levels), **style)
    names = dict(zip(levels, layer.names, strict=False))
    names = {level: name for level, name in names.items() if name}
    ax.clabel(lines, list(names), fmt=names, fontsize=9)


@draw.register
def _(layer: Bar, ax, explorer, panel, scope):
    low, high = (float(explorer.function(e)(scope)) for e in (layer.low, layer.high))
    color = "w" if layer.hollow else _color(layer)
    bars = ax.bar(layer.at, high - low, 0.64, low, color=color, ec=_color(layer), lw=1.5)
    ax.bar_label(bars, [f"{high - low:.2f}"], padding=3)
