"""Work that looks alike: a hint for a person, and never a mark.

Winnowing (Schleimer, Wilkerson and Aiken, 2003): each notebook is a set of fingerprints of
runs of tokens, names of variables left out, and what was handed out is taken away.
"""

import hashlib
import io
import keyword
import tokenize
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat

from classroom.course import Course

RUN, WINDOW = 12, 4  # tokens in a run; runs of which the least is kept
ENOUGH = 0.6  # of the smaller set that is shared
FEWEST = 8  # fingerprints: less than this is alike by chance


@dataclass
class Pair:
    """Two students, which share of the smaller one's fingerprints is in both, and the code
    of each."""

    first: str
    second: str
    share: float
    code: tuple[str, str] = ("", "")


def tokens(source: str) -> list[str]:
    """The shape of some code: words of Python and signs, one word for every name.

    >>> tokens("total = price + 2  # why")
    ['n', '=', 'n', '+', '#']
    """
    found: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                known = keyword.iskeyword(token.string)
                found.append(token.string if known else "n")
            elif token.type == tokenize.NUMBER:
                found.append("#")
            elif token.type == tokenize.OP:
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # what was read so far
    return found


def fingerprints(source: str) -> set[int]:
    """Of each window of runs of tokens the least hash."""
    words = tokens(source)
    hashes = [
        int.from_bytes(hashlib.blake2b(" ".join(words[k : k + RUN]).encode(), digest_size=8)
                       .digest(), "big")
        for k in range(max(0, len(words) - RUN + 1))
    ]  # fmt: skip
    windows = range(max(1, len(hashes) - WINDOW + 1))
    return {min(hashes[k : k + WINDOW]) for k in windows if hashes[k : k + WINDOW]}


def code_of(path: Path) -> str:
    """All code of a notebook."""
    cells = nbformat.read(path, 4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")


def similar(course: Course, assignment: str, most: int = 20) -> list[Pair]:
    """The pairs that share the most, those first; what a quarter of the class has counts as
    handed out."""
    students = course.students(assignment)
    sources = {s: code_of(course.submitted(assignment, s)) for s in students}
    handed_out = fingerprints(code_of(course.release(assignment)))
    marks = {s: fingerprints(source) - handed_out for s, source in sources.items()}
    often = Counter(mark for some in marks.values() for mark in some)
    usual = {mark for mark, n in often.items() if n > max(5, len(students) / 4)}
    marks = {s: some - usual for s, some in marks.items()}
    holders: dict[int, list[str]] = {}
    for student, some in marks.items():
        for mark in some:
            holders.setdefault(mark, []).append(student)
    shared: Counter[tuple[str, str]] = Counter()
    for some_students in holders.values():
        for k, first in enumerate(some_students):
            for second in some_students[k + 1 :]:
                shared[first, second] += 1
    pairs = []
    for (first, second), n in shared.items():
        smaller = min(len(marks[first]), len(marks[second]))
        if smaller >= FEWEST and n / smaller >= ENOUGH:
            code = sources[first], sources[second]
            pairs.append(Pair(first, second, n / smaller, code))
    return sorted(pairs, key=lambda pair: -pair.share)[:most]
