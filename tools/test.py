"""Run everything that must hold before a change lands.

    python tools/test.py            lint, types, the book, then every test
    python tools/test.py --check    lint, types and the quick tests, in about three minutes

All of the steps are run, also when one fails.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LINT = {
    "style": [sys.executable, "-m", "ruff", "check", "--quiet"],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet"],
}
TYPES = [sys.executable, "-m", "mypy"]
# A file's tests share a worker, unless a test names a group of its own.
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
# What took longest is said, so that the limit of time is kept.
PYTEST += ["--no-loadscope-reorder", "--durations", "20", "--durations-min", "5"]
TESTS = [*PYTEST, "tests", "--ignore", "tests/pages"]
CELLS = [sys.executable, "tools/book.py", "--all", "--cells"]
BOOK = [sys.executable, "tools/book.py"]
# Strict: every stored output must come again, but for cells tagged nbval-ignore-output.
NOTEBOOKS = ["notebooks", "--nbval", "--executed-by-the-book"]
NOTEBOOKS += ["--nbval-sanitize-with", "tests/nbval.cfg"]
# Apart: Playwright keeps an event loop running in its process.
PAGES = [*PYTEST, "tests/pages"]


Steps = dict[str, list[str]]


def stages(check: bool) -> list[Steps]:
    """One stage after the other; the steps of a stage side by side. Sphinx and mypy keep
    one core busy each, and leave the other idle."""
    if check:
        return [LINT, {"types": TYPES, "quick tests": [*TESTS, "-m", "not slow"]}]
    return [
        LINT,
        {"types": TYPES, "cells of the book": CELLS},
        {"book": BOOK, "tests and notebooks": [*TESTS, *NOTEBOOKS]},
        {"pages of the book, slides": PAGES},
    ]


def run(steps: Steps) -> list[tuple[str, int, float]]:
    """Name, exit status and seconds of each step. The last one speaks at once, the others
    when they are done."""
    # Two at a time on two cores: one thread each.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}

    def one(name: str, aside: bool) -> tuple[str, int, float]:
        start = time.monotonic()
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if aside else {}
        done = subprocess.run(steps[name], cwd=ROOT, env=environment, **how)
        took = time.monotonic() - start
        if aside:
            print(f"\n== {name}", flush=True)
            sys.stdout.buffer.write(done.stdout)
            sys.stdout.flush()
        return name, done.returncode, took

    *others, last = steps
    with ThreadPoolExecutor() as pool:
        aside = [pool.submit(one, name, True) for name in others]
        print(f"\n== {last}", flush=True)
        spoken = one(last, False)
        return [*(future.result() for future in aside), spoken]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="the quick part alone")
    check = parser.parse_args().check
    start = time.monotonic()
    results = [result for steps in stages(check) for result in run(steps)]
    print()
    for name, status, seconds in results:
        print(f"{'passed' if status == 0 else 'FAILED':>8}  {seconds:5.0f} s  {name}")
    n_failed = sum(status != 0 for _, status, _ in results)
    took = time.monotonic() - start
    print(f"{len(results) - n_failed} passed, {n_failed} failed, in {took:.0f} s")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
