"""Judging the equations of the book: all of them, one page, and from the stored ledger."""

import sys
import tempfile
from pathlib import Path

from benchmarks.timings import Row, compared, interleaved
from derivations.chapters import check_book

NOTES = """Elapsed time. The whole book by both judges, in two processes and in one. A
chapter again while it is edited: by numbers alone, and by both judges. The verdicts of
an unchanged book come from the file that the last build left; the alternative is to
judge again."""
ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"


def measure(quick: bool = False) -> list[Row]:
    sys.path.insert(0, str(BOOK / "extensions"))
    from ledger import judged

    page = BOOK / "06-objective.md"
    book, rounds = (page, 1) if quick else (BOOK, 3)
    what = "one chapter" if quick else "the whole book"
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "ledger.json"
        judged(book, cache)
        seconds = interleaved({
            "one": lambda: check_book(book),
            "two": lambda: check_book(book, processes=2),
            "stored": lambda: judged(book, cache),
            "page": lambda: check_book(page),
            "numbers": lambda: check_book(page, symbolic=False),
        }, rounds)  # fmt: skip
    return [
        compared(f"{what}, both judges", seconds["two"], "in one process", seconds["one"]),
        compared(f"{what}, unchanged", seconds["stored"], "judged again", seconds["two"]),
        compared("a chapter, numbers", seconds["numbers"], "both judges", seconds["page"]),
    ]
