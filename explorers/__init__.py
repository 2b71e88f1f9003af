"""Figures that a reader moves: in JupyterLab, and on a page of the book without a kernel.

Each is an anywidget with one JavaScript file, which runs in both places. The classes are
imported when they are asked for: a figure of formulas needs no network.
"""

from importlib import import_module

_PARTS = ["Band", "Bar", "Contours", "Curve", "Dot", "Dots", "Panel", "Readout", "Slider"]
_MODULES = {
    "Explorer": "base",
    "ExpressionExplorer": "expression",
    "LatentExplorer": "latent",
    **dict.fromkeys([*_PARTS, "Switch", "Trace"], "figure"),
}
__all__ = list(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
