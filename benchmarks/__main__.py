"""Measure what a user waits for, each beside the alternative that one would pick.

    python -m benchmarks                       all sections; the better part of an hour
    python -m benchmarks training explorer     these alone
    python -m benchmarks --quick memory        a trial run, which is printed and not kept
    python -m benchmarks --show                print the tables of the last measurements

The results go to benchmarks/timings.json, which the book's page 'Timings' shows.
"""

import argparse
import importlib
import sys

from benchmarks import timings

SECTIONS = ["training", "memory", "notebooks", "book", "equations", "explorer", "grading"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true", help="little work; keep nothing")
    parser.add_argument("--show", action="store_true", help="measure nothing")
    given = parser.parse_args(arguments)
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}")
    if given.show:
        for name, section in timings.load().items():
            print(timings.text(name, section))
        return 0
    failed = []
    for name in given.sections or SECTIONS:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        try:
            rows = module.measure(given.quick)
        except timings.Unmeasurable as error:
            failed.append(f"{name}: {error}")
            continue
        notes = " ".join(module.NOTES.split())
        if not given.quick:
            timings.keep(name, rows, notes)
        print(timings.text(name, timings.section(rows, notes)), flush=True)
    for line in failed:
        print(f"not measured: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    # A letter that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
