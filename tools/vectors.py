"""What a cell draws in pixels is drawn in vectors as well, for paper and for walls.

The kernels of `kernels.py` begin with `draw_twice`. Cells keep the pixels alone, so that
notebooks stay small. Each SVG lies in a folder beside them, named by the bytes of the PNG:
so it is found again, whoever drew it.
"""

import functools
import hashlib
import io
import re
from pathlib import Path

import matplotlib
from matplotlib.backend_bases import FigureCanvasBase

LARGEST = 400_000  # bytes: ten thousand points are smaller in pixels, and drawn sooner
SIZE = re.compile(r'(?<=\s)(width|height)="([\d.]+)pt"')


def draw_twice(folder: str) -> None:
    """From here on each PNG that is drawn to be shown has its SVG in the folder."""
    print_figure = FigureCanvasBase.print_figure

    @functools.wraps(print_figure)
    def print_twice(canvas, target, *given, **options):
        made = print_figure(canvas, target, *given, **options)
        if isinstance(target, io.BytesIO) and target.getvalue().startswith(b"\x89PNG"):
            again = options | {"format": "svg", "metadata": {"Date": None}}
            drawn = io.StringIO()
            with matplotlib.rc_context({"svg.hashsalt": "figures"}):
                print_figure(canvas, drawn, *given, **again)
            path = Path(folder) / f"{digest(target.getvalue())}.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(as_large(drawn.getvalue()), encoding="utf-8")
        return made

    FigureCanvasBase.print_figure = print_twice


def digest(png: bytes) -> str:
    """What names a picture's SVG; myst-nb names the PNG so, too."""
    return hashlib.sha256(png).hexdigest()


def light(folder: Path) -> dict[str, Path]:
    """The SVGs that suit paper and slides, by the digest of their PNG."""
    files = folder.glob("*.svg")
    return {file.stem: file for file in files if file.stat().st_size <= LARGEST}


def as_large(svg: str) -> str:
    """As wide and high as the PNG of 144 dots an inch; matplotlib has 72 points there."""
    return SIZE.sub(lambda found: f'{found[1]}="{2 * float(found[2]):g}"', svg, count=2)
