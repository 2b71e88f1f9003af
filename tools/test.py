"""Run everything that must hold before a change lands.

    python tools/test.py            lint, types, the book, then every test
    python tools/test.py --check    lint, types and the quick tests of what you changed

What you changed is what is not committed; if all is, the last commit. All of the steps are
run, also when one fails.
"""

import argparse
import os
import re
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


# What holds for all rooms, and for all chapters.
ALWAYS = ["tests/test_project.py", "tests/test_rooms.py"]
OF_TEXTS = ["derivations/test_chapters", "test_documentation", "test_glossary"]
OF_TEXTS += ["test_claims", "test_notebooks", "test_translations"]
# What holds for all that is public in a package.
OF_PACKAGES = dict.fromkeys(
    ["derivations", "explorers", "exercises", "classroom"], ["test_documentation"]
) | {"vae_lib": ["test_documentation", "test_devices"]}

Steps = dict[str, list[str]]


def changed() -> list[str]:
    """What is not committed, or else what the last commit changed.

    Raises:
        CalledProcessError, FileNotFoundError: without git, or without a commit.
    """

    def git(*arguments: str) -> list[str]:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return done.stdout.split("\0")[:-1]

    new = git("ls-files", "-z", "--others", "--exclude-standard")
    return git("diff", "-z", "--name-only", "HEAD") + new or git(
        "diff", "-z", "--name-only", "HEAD~1"
    )


def likely(names: list[str]) -> list[str]:
    """The tests that a change in these files most likely breaks: a file of tests bears the
    name of what it tests, or else it imports it.
    """
    tests = [p for p in (ROOT / "tests").rglob("test_*.py") if p.parent.name != "pages"]
    found = {ROOT / name for name in ALWAYS}
    for path in map(Path, names):
        room, stem = path.parts[0], re.sub(r"^(\d\d-|test_)", "", path.stem)
        named = {p for p in tests if p.stem == f"test_{stem.replace('-', '_')}"}
        named = {p for p in named if p.parent.name == room} or named
        if not named and path.suffix == ".py":
            imports = re.compile(rf"\b{room}\.{stem}\b|from {room} import .*\b{stem}\b")
            named = {p for p in tests if imports.search(p.read_text("utf-8"))}
        if path.suffix == ".po" or (room == "book" and path.suffix == ".md"):
            named |= {ROOT / "tests" / f"{name}.py" for name in OF_TEXTS}
        if path.suffix == ".py":
            named |= {ROOT / "tests" / f"{name}.py" for name in OF_PACKAGES.get(room, [])}
        found |= named
    return sorted(p.relative_to(ROOT).as_posix() for p in found)


def quick_tests() -> list[str]:
    try:
        return [*PYTEST, *likely(changed())]
    except (FileNotFoundError, subprocess.CalledProcessError):
        return TESTS


def stages(check: bool) -> list[Steps]:
    """One stage after the other; the steps of a stage side by side. Sphinx and mypy keep
    one core busy each, and leave the other idle."""
    if check:
        return [LINT, {"types": TYPES, "quick tests": [*quick_tests(), "-m", "not slow"]}]
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
