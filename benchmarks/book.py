"""Building the book: `tools/book.py`, and Jupyter Book as its manual has it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.timings import Row, Unmeasurable, compared

NOTES = """Elapsed time of building the whole book in a copy of the repository. Cold:
nothing is cached. Warm: nothing has changed. One page changed: a sentence more in a
chapter, its cells as before. Ours: tools/book.py, which executes two chapters at a
time. The alternative: `jupyter-book build book` for warm and changed, with `--all` for
cold. Both judge every equation on the way, and keep executed cells. Cold: one run each;
else the median of three."""
ROOT = Path(__file__).resolve().parents[1]
PAGE = "book/01-maximum-likelihood.md"


def copy_of_the_repository(folder: Path) -> Path:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if listed.returncode:
        raise Unmeasurable("only a git checkout tells which files make the book")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=environment(folder)
    )
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - start


def environment(folder: Path) -> dict[str, str]:
    """The copy's own vae_lib, and one thread."""
    return os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def change_a_page(folder: Path) -> None:
    with open(folder / PAGE, "a", encoding="utf-8") as page:
        page.write("\nThis sentence is new.\n")


def measure(quick: bool = False) -> list[Row]:
    ours = [sys.executable, "tools/book.py"]
    theirs = [str(Path(sys.executable).with_name("jupyter-book")), "build", "book"]
    theirs += ["--config", "_config.yml", "--path-output", ".", "--quiet"]
    rounds = 1 if quick else 3
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        here, there = (copy_of_the_repository(Path(folder)) for folder in (a, b))
        cold = [seconds(ours, here), seconds([*theirs, "--all"], there)]
        warm, changed = ([], []), ([], [])
        for _ in range(rounds):
            for n, (command, folder) in enumerate([(ours, here), (theirs, there)]):
                warm[n].append(seconds(command, folder))
                change_a_page(folder)
                changed[n].append(seconds(command, folder))
    times = {
        "cold": cold, "warm": map(median, warm), "one page changed": map(median, changed)
    }  # fmt: skip
    return [
        compared(f"book, {what}", mine, "jupyter-book build", other)
        for what, (mine, other) in times.items()
    ]
