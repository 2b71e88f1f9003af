"""How high an expression's figure will be, so that a page can keep the room free.

The numbers are those of `expression.css`; a test on the built pages compares them with the
figures as drawn.
"""

import math
from collections.abc import Sequence

from explorers.figure import Panel, Readout

LINE, CONTROL, GAP = 21, 34, 24
# The width of the book's column, and of a phone's.
WIDE, NARROW = 640, 340


def rows(widths: Sequence[float], available: float) -> int:
    """How many rows of boxes that wrap like words."""
    count, used = 0, math.inf
    for width in widths:
        if used + width > available:
            count, used = count + 1, 0.0
        used += width
    return count


def _legend(panel: Panel, width: float) -> int:
    labels = [label for layer in panel.layers if (label := getattr(layer, "label", ""))]
    return rows([7.4 * len(label) + 51 for label in labels], width) + bool(panel.title)


def room(panels: Sequence[Panel], readouts: Sequence[Readout], n_sliders: int) -> list[str]:
    """CSS heights in a wide and in a narrow column."""
    many = len(panels) > 1
    numbers = [7.6 * len(r.label + r.unit) + 85 for r in readouts]
    column = (WIDE - GAP * (len(panels) - 1)) / len(panels)
    wide = max(_legend(panel, column) for panel in panels) * LINE + (260 if many else 300)
    wide += max(1, rows(numbers, WIDE)) * LINE + math.ceil(n_sliders / 2) * CONTROL
    narrow = sum(_legend(panel, NARROW) * LINE + (215 if many else 260) for panel in panels)
    narrow += 10 * (len(panels) - 1)
    narrow += max(1, rows(numbers, NARROW)) * LINE + n_sliders * CONTROL
    return [f"{height + 16}px" for height in (wide, narrow)]
