"""Run everything that must hold before a change lands.

    python tools/test.py            lint, types, the book, then every test
    python tools/test.py --check    lint, types and the quick tests, in about three minutes

The steps run one after the other, all of them, also when one fails.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LINT = {
    "style": [sys.executable, "-m", "ruff", "check", "--quiet"],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet"],
}
TYPES = [sys.executable, "-m", "mypy"]
# A file's tests share a worker, unless a test names a group of its own.
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
PYTEST += ["--no-loadscope-reorder"]
TESTS = [*PYTEST, "tests", "--ignore", "tests/pages"]
BOOK = [sys.executable, "tools/book.py", "--all"]
# Strict: every stored output must come again, but for cells tagged nbval-ignore-output.
NOTEBOOKS = ["notebooks", "--nbval", "--executed-by-the-book"]
NOTEBOOKS += ["--nbval-sanitize-with", "tests/nbval.cfg"]
# Apart: Playwright keeps an event loop running in its process.
PAGES = [*PYTEST, "tests/pages"]


def steps(check: bool) -> dict[str, list[str]]:
    if check:
        return LINT | {"types": TYPES, "quick tests": [*TESTS, "-m", "not slow"]}
    tests = {"tests and notebooks": [*TESTS, *NOTEBOOKS], "pages of the book": PAGES}
    return LINT | {"types": TYPES, "book": BOOK} | tests


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="the quick part alone")
    check = parser.parse_args().check
    # Two at a time on two cores: one thread each.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    results = []
    for name, command in steps(check).items():
        print(f"\n== {name}", flush=True)
        start = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, env=environment).returncode
        results.append((name, status, time.monotonic() - start))
    print()
    for name, status, seconds in results:
        print(f"{'passed' if status == 0 else 'FAILED':>8}  {seconds:5.0f} s  {name}")
    n_failed = sum(status != 0 for _, status, _ in results)
    print(f"{len(results) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
