"""Run everything that must hold before a change lands.

    python tools/test.py            unit tests, pairs, notebooks, the book and its pages
    python tools/test.py --quick    the unit tests alone

The steps run one after the other, all of them, also when one fails.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2"]
UNIT_TESTS = [*PYTEST, "--dist", "loadfile", "tests", "--ignore", "tests/pages"]
# Strict: every stored output must come again, but for cells tagged nbval-ignore-output.
NOTEBOOKS = [*PYTEST, "--dist", "loadfile", "notebooks", "-p", "no:cacheprovider"]
NOTEBOOKS += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout", "300"]
NOTEBOOKS += ["--nbval-sanitize-with", "tests/nbval.cfg"]
BOOK = [sys.executable, "tools/book.py", "--fresh"]
PAGES = [*PYTEST, "--dist", "loadgroup", "tests/pages"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the unit tests alone")
    quick = parser.parse_args().quick
    # Two at a time on two cores: one thread each.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    steps = {"unit tests": UNIT_TESTS}
    if not quick:
        steps |= {"notebooks": NOTEBOOKS, "book": BOOK, "pages of the book": PAGES}
    results = []
    for name, command in steps.items():
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
