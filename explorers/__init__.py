"""Figures that a reader moves: in JupyterLab, and on a page of the book without a kernel.

Each is an anywidget with one JavaScript file, which runs in both places. The explorers are
imported when they are asked for: a figure of formulas needs no network.

>>> from explorers import ExpressionExplorer, LatentExplorer, Slider
"""

from typing import TYPE_CHECKING

from explorers.figure import (
    Band,
    Bar,
    Contours,
    Curve,
    Descent,
    Dot,
    Dots,
    Minimum,
    Panel,
    Readout,
    Slider,
    Switch,
    Table,
    Trace,
)

__all__ = [
    "Band",
    "Bar",
    "Contours",
    "Curve",
    "Descent",
    "Dot",
    "Dots",
    "Explorer",
    "ExpressionExplorer",
    "LatentExplorer",
    "Minimum",
    "Panel",
    "Readout",
    "Slider",
    "Switch",
    "Table",
    "Trace",
]

if TYPE_CHECKING:
    from explorers.base import Explorer
    from explorers.expression import ExpressionExplorer
    from explorers.latent import LatentExplorer
else:

    def __getattr__(name: str) -> type:
        from importlib import import_module

        modules = {
            "Explorer": "base",
            "ExpressionExplorer": "expression",
            "LatentExplorer": "latent",
        }
        if name not in modules:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{modules[name]}"), name)
