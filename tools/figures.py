"""Write the figures of every chapter as SVG and PNG, for slides and handouts.

    python tools/figures.py         all of them, in _build/figures; index.html shows them
    python tools/figures.py elbo    those of chapters whose name holds 'elbo'

They are what the cells drew when they last ran, for `make book` or here. Each file bears
its licence at its foot.
"""

import argparse
import base64
import html
import re
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import resvg_py
from nbformat import NotebookNode
from vectors import digest

from book import (
    BUILD,
    VECTORS,
    executed_chapter,
    fill_the_cache,
    forget_results_of_older_code,
)
from notebooks import BOOK, chapters

OUT = BUILD / "figures"
LICENCE = "“Variational Autoencoders, Line by Line”, CC BY 4.0"
# The pixels of a PNG for one unit of the SVG: sharp on a wall.
SHARP = 4
FOOT = 16  # of a picture, for the licence
DIRECTIVE = re.compile(r"(?ms)^:::\{figure\} (?P<file>\S+)\n(?P<body>.*?)^:::$")
OPTION = re.compile(r"(?m)^:(\w+): (.*)$\n?")
SIZE = re.compile(r'viewBox="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True)
class Figure:
    """A figure of a chapter, with the text for who does not see it, and its SVG."""

    label: str
    number: str
    caption: str
    alt: str
    svg: str

    @property
    def name(self) -> str:
        """For example 'fig-04-01-latent-pairs', which sorts as the book does."""
        number = "-".join(part.zfill(2) for part in self.number.split("."))
        return f"fig-{number}-{self.label.removeprefix('fig-')}"


def described(
    notebook: NotebookNode,
) -> Iterator[tuple[str, str, str, NotebookNode | Path]]:
    """Of each figure its label, caption and alternative text, and its cell or its file."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            about = cell.metadata.get("mystnb", {})
            if figure := about.get("figure"):
                alt = about.get("image", {}).get("alt", "")
                yield figure["name"], figure["caption"], alt, cell
            continue
        for found in DIRECTIVE.finditer(cell.source):
            options = dict(OPTION.findall(found["body"]))
            caption = OPTION.sub("", found["body"])
            yield options["name"], caption, options.get("alt", ""), BOOK / found["file"]


def numbered(chapter: Path) -> str:
    """What the figures' numbers of a page begin with: '4.' in chapter 4."""
    found = re.match(r"0*(\d+)-", chapter.name)
    return f"{found[1]}." if found else ""


def figures_of(chapter: Path, notebook: NotebookNode, pictures: Path) -> list[Figure]:
    """The figures of an executed chapter in their order; `pictures` has what cells drew.

    Raises:
        ValueError: if a cell that has a caption shows no picture.
    """
    made = []
    for place, (label, caption, alt, source) in enumerate(described(notebook), start=1):
        file = source if isinstance(source, Path) else pictures / drawn(source, label)
        number, text = f"{numbered(chapter)}{place}", " ".join(caption.split())
        svg = file.read_text(encoding="utf-8")
        made.append(Figure(label, number, text, " ".join(alt.split()), svg))
    return made


def drawn(cell: NotebookNode, label: str) -> str:
    """The name of the SVG of what a cell showed."""
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            png = base64.b64decode(output["data"]["image/png"])
            return f"{digest(png)}.svg"
    raise ValueError(f"the cell of {label} shows no picture")


def with_licence(figure: Figure) -> str:
    """The SVG, a little higher, with the figure's number and the licence at its foot."""
    found = SIZE.search(figure.svg)
    assert found, figure.label
    x, y, wide, high = map(float, found.groups())
    foot = FOOT * max(1.0, wide / 500)
    root = figure.svg[: figure.svg.index(">", found.end())]
    whole = root.replace(found[0], f'viewBox="{x:g} {y:g} {wide:g} {high + foot:g}"')
    whole = re.sub(r'(?<=\s)(width|height|role|aria-label)="[^"]*"\s*', "", whole).rstrip()
    whole += f' width="{wide:g}" height="{high + foot:g}"'
    title = html.escape(f"Fig. {figure.number}. {figure.alt}")
    line = html.escape(f"Fig. {figure.number} of {LICENCE}")
    text = (
        f'<text x="{x + 2:g}" y="{y + high + 0.7 * foot:g}" font-family="sans-serif" '
        f'font-size="{0.5 * foot:g}" font-style="normal" text-anchor="start" stroke="none" '
        f'fill="#555">{line}</text>'
    )
    inside = figure.svg[len(root) + 1 :].rstrip().removesuffix("</svg>")
    inside = re.sub(r"<(/?)a\b[^>]*>", r"<\1g>", inside)  # links lead nowhere from here
    return f'{whole} role="img"><title>{title}</title>{inside}{text}</svg>\n'


def as_png(svg: str) -> bytes:
    """On white paper, in the letters that matplotlib brings: the same on every machine."""
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return resvg_py.svg_to_bytes(
        svg_string=svg.replace("currentColor", "#222"),
        background="#ffffff",
        zoom=SHARP,
        skip_system_fonts=True,
        font_files=[str(file) for file in fonts.glob("DejaVu*.ttf")],
        sans_serif_family="DejaVu Sans",
        serif_family="DejaVu Serif",
        font_family="DejaVu Sans",
    )


def write(chapter: Path) -> str:
    """Write the figures of a chapter, and return the part of the index that shows them."""
    found = figures_of(chapter, executed_chapter(chapter), VECTORS)
    folder = OUT / chapter.stem
    shutil.rmtree(folder, ignore_errors=True)
    if not found:
        return ""
    folder.mkdir(parents=True)
    for figure in found:
        svg = with_licence(figure)
        (folder / f"{figure.name}.svg").write_text(svg, encoding="utf-8")
        (folder / f"{figure.name}.png").write_bytes(as_png(svg))
    title = re.search(r"(?m)^# (.*)$", chapter.read_text("utf-8"))[1]
    number = numbered(chapter).replace(".", ". ")
    shown = f"<h2>{number}{html.escape(title)}</h2>\n"
    return shown + "".join(in_index(chapter.stem, figure) for figure in found)


def in_index(chapter: str, figure: Figure) -> str:
    file, alt = f"{chapter}/{figure.name}", html.escape(figure.alt)
    links = " · ".join(f'<a href="{file}.{k}">{k.upper()}</a>' for k in ("svg", "png"))
    return (
        f'<figure id="{figure.label}"><img src="{file}.png" alt="{alt}" '
        f'loading="lazy">\n<figcaption><b>Fig. {figure.number}</b> '
        f"{html.escape(figure.caption)}<br><code>{figure.label}</code> · {links}"
        "</figcaption></figure>\n"
    )


INDEX = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The figures of Variational Autoencoders, Line by Line</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
img {{ max-width: 100%; height: auto; border: 1px solid #ccc; background: #fff; }}
figure {{ margin: 2rem 0; }}
</style></head>
<body>
<h1>The figures of <i>Variational Autoencoders, Line by Line</i></h1>
<p>Each figure is there as SVG, to be enlarged at will, and as PNG, for programs that take
no SVG. You may use and change them, also in what you sell, if you name the book and the
licence: <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>. The line at
the foot of each does it; where you cut it off, say it yourself. The digits in some of them
are MNIST's (CC BY-SA 3.0), the clothes Fashion-MNIST's (MIT).</p>
{parts}</body>
</html>
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", help="parts of chapter names; none means all")
    only = parser.parse_args().only
    forget_results_of_older_code()
    if failures := fill_the_cache():
        print("\n".join(failures), file=sys.stderr)
        return 1
    pages = [p for p in chapters() if not only or any(o in p.name for o in only)]
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(write, pages))
    if not only:
        (OUT / "index.html").write_text(
            INDEX.format(parts="".join(parts)), encoding="utf-8"
        )
    print(f"The figures are in {OUT}")
    return 0


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
