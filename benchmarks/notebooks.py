"""Executing notebooks: ours two at a time, and nbconvert one by one."""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.timings import Row, compared, interleaved

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
import notebooks  # noqa: E402

NOTES = """Elapsed time of executing notebooks whose stored results are thrown away.
Ours: tools/notebooks.py, two at a time. The alternative: `jupyter nbconvert --execute`,
which takes them one by one. One thread each."""


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


def measure(quick: bool = False) -> list[Row]:
    rounds, names = (1, ["01"]) if quick else (3, ["01", "02", "03", "05"])
    chapters = [page for page in notebooks.chapters() if page.name[:2] in names]
    seconds = interleaved(
        {"ours": lambda: ours(chapters), "nbconvert": lambda: nbconvert(chapters)}, rounds
    )
    what = f"{len(chapters)} chapters executed ({', '.join(names)})"
    theirs = seconds["nbconvert"]
    return [compared(what, seconds["ours"], "nbconvert, one by one", theirs)]
