"""The book's text face, Source Serif Pro, comes along: every machine shows the same book.

The face is that of an installed package, under the SIL Open Font License. At build time it
is cut down to the letters that European languages and a book of mathematics use, and
written in the compressed format of the web. That licence reserves the name 'Source' for the
face as it came, so what is cut is called 'Book'. Until it has loaded, a face of the machine
stands in, stretched to its measures (`typeface.css`).
"""

import shutil
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import matplotlib
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset_file

PACKAGE = "font_source_serif_pro"
FOLDER = "_static/typeface"
NAME = "Book"
KOREAN = "Noto Serif CJK KR"
# The ticks of the verdicts: in the text face they look like signs of a root.
TICKS = {0x2713, 0x2717}
FACES = {"Regular": "regular", "It": "italic", "Semibold": "semibold"}

# Latin with all accents of Europe, Greek, punctuation, indices, arrows and signs.
LETTERS = "20-7E A0-17F 192 2B0-2DD 300-304 307-308 30C 370-3FF 1E80-1E85 1EF2-1EF3"
SIGNS = "2010-2044 2070-209F 20AC 2113-2126 2150-215F 2190-21FF 2200-22FF 25A0-25CF 2713"
MISSING = (
    "the {} is missing: install the book's requirements with "
    "pip install -c requirements.lock -e '.[book,test]'"
)
FEATURES = [
    "kern", "liga", "mark", "ccmp", "locl", "lnum", "pnum", "tnum", "sups", "subs", "ssty",
]  # fmt: skip


def files() -> Path:
    """The folder of the package's fonts.

    Raises:
        RuntimeError: if the package is not installed.
    """
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise RuntimeError(MISSING.format("text face"))
    return Path(package.origin).parent / "files"


def ticks_face() -> Path:
    """DejaVu Sans, which comes with matplotlib; its ticks are drawn as by a pen."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def math_face() -> Path:
    """The face for the formulas of the e-book: STIX Two Math, with its measures.

    Raises:
        RuntimeError: if the package that brings it is not installed.
    """
    package = find_spec("ziamath")
    if package is None or package.origin is None:
        raise RuntimeError(MISSING.format("face for formulas"))
    return Path(package.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"


def korean_face() -> tuple[Path, int]:
    """The file of Noto Serif CJK KR, and its number among the faces of the file.

    Raises:
        RuntimeError: if it is not installed.
    """
    program = shutil.which("fc-match")
    asked = [program or "", "--format", "%{family}|%{file}|%{index}", KOREAN]
    said = subprocess.run(asked, capture_output=True, text=True).stdout if program else ""
    family, _, file = said.partition("|")
    if KOREAN not in family:
        raise RuntimeError(
            f"the face {KOREAN} is missing: on Debian, apt-get install fonts-noto-cjk"
        )
    path, _, number = file.partition("|")
    return Path(path), int(number)


def cut(
    source: Path,
    target: Path,
    signs: Iterable[int] = (),
    name: str = NAME,
    number: int = -1,
) -> None:
    """Write the letters of a face that the book may need, as WOFF, under another name.

    Args:
        signs: the code points to keep; by default those of `LETTERS` and `SIGNS`.
        number: of the face, if the file has several.
    """
    options = subset.Options(
        flavor="woff" if target.suffix == ".woff" else None,
        font_number=number,
        hinting=False,
        layout_features=FEATURES,
        name_IDs=[0, 1, 2, 4, 6, 13, 14],
    )
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=signs or subset.parse_unicodes(f"{LETTERS} {SIGNS}"))
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6):
            record.string = name
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    subset.save_font(font, str(unfinished), options)
    unfinished.replace(target)


def write(app: Sphinx, error: Exception | None) -> None:
    # the pages and the slides; an e-book embeds its own
    if error is not None or app.builder.format != "html" or app.builder.name == "epub":
        return
    folder = Path(app.outdir) / FOLDER
    for face, name in FACES.items():
        target = folder / f"{name}.woff"
        if not target.exists():
            cut(files() / f"SourceSerifPro-{face}.ttf", target)
    if not (target := folder / "ticks.woff").exists():
        cut(ticks_face(), target, TICKS, "Ticks")
    copy_asset_file(str(files() / "LICENSE.txt"), str(folder))
    licence = ticks_face().with_name("LICENSE_DEJAVU")
    copy_asset_file(str(licence), str(folder))


def setup(app: Sphinx) -> dict:
    # before the pages: a missing package must not be found after minutes of building
    app.connect("builder-inited", lambda app: files())
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
