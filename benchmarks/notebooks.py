"""Notebooks: executing them, and the wait until the first figure."""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.timings import Row, compared, interleaved

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
import notebooks  # noqa: E402

NOTES = """Elapsed time, one thread each. Executed: notebooks whose stored results are
thrown away. Ours: tools/notebooks.py, two at a time. The alternative: `jupyter nbconvert
--execute`, which takes them one by one. First figure: from the start of a kernel until the
first cell that draws is done (the stored figure is there at once). Nothing can be faster
than the alternative, a cell that imports torch and pyplot and draws a line."""
LEAST = "import torch\nimport matplotlib.pyplot as plt\n_ = plt.plot([0, 1])"


def ours(chapters: list[Path]) -> None:
    """What `tools/notebooks.py run --all` does, but for the writing."""
    pages = [notebooks.from_markdown(chapter) for chapter in chapters]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda page: notebooks.execute(page, notebooks.ROOT), pages))


def nbconvert(chapters: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook"]
        command += ["--execute", "--output-dir", folder]
        command += [str(notebooks.notebook_path(chapter)) for chapter in chapters]
        subprocess.run(command, check=True, capture_output=True, cwd=notebooks.ROOT)


def until_first_figure(chapter: Path) -> notebooks.NotebookNode:
    """The cells that a reader has to run before a picture is on the screen."""
    stored = notebooks.read_notebook(notebooks.notebook_path(chapter))
    page = notebooks.from_markdown(chapter)
    drawn = next(
        place
        for place, cell in enumerate(stored.cells)
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    )
    page.cells = page.cells[: drawn + 1]
    return page


def first_figures(chapters: list[Path], rounds: int) -> list[Row]:
    pages = {chapter.stem: until_first_figure(chapter) for chapter in chapters}
    pages["least"] = new_notebook(cells=[new_code_cell(LEAST)])
    seconds = interleaved(
        {
            name: lambda page=page: notebooks.execute(page, notebooks.ROOT)
            for name, page in pages.items()
        },
        rounds,
    )
    least = seconds.pop("least")
    slowest = max(seconds, key=seconds.get)
    return [
        compared(what, time, "torch, pyplot and a line", least)
        for what, time in (
            (f"first figure, median of {len(chapters)} chapters", median(seconds.values())),
            (f"first figure, slowest ({slowest})", seconds[slowest]),
        )
    ]


def measure(quick: bool = False) -> list[Row]:
    rounds, names = (1, ["01"]) if quick else (3, ["01", "02", "03", "05"])
    numbered = [page for page in notebooks.chapters() if page.name[:2].isdecimal()]
    chapters = [page for page in numbered if page.name[:2] in names]
    seconds = interleaved(
        {"ours": lambda: ours(chapters), "nbconvert": lambda: nbconvert(chapters)}, rounds
    )
    what = f"{len(chapters)} chapters executed ({', '.join(names)})"
    theirs = seconds["nbconvert"]
    return [
        compared(what, seconds["ours"], "nbconvert, one by one", theirs),
        *first_figures(chapters if quick else numbered, rounds),
    ]
