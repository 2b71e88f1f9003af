r"""Spot the slip: chains of the book in which one line is wrong, and what to learn from it.

A chain is read from its chapter, one thing in it is changed (`mutants.py`), and the judges
say which line falls and what both sides are worth at a point. The pages of the book ask
their readers for that line; in JupyterLab `practice("04-elbo")` does (`practising.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from .chapters import displays
from .mutants import Mutant, mutants_of
from .report import check_block
from .scope import Scope
from .sorts import KINDS, Kind, sort_of
from .verdict import Verdict

MOST = 24  # slips of a chapter
ENOUGH = 40  # mutants of a chapter that are judged to find them
EACH_LINE, EACH_KIND = 5, 4  # of these at most
MOST_CHANGES, EACH_PLACE = 30, 2  # of a chain that a reader may break, of one symbol
SHORTEST = 2  # relations that a chain needs: of two lines one is wrong


# ---------------------------------------------------------------- chains
SIGN = r"(?::=|=|\\approx|\\geq|\\leq|\\propto)"
RELATION = re.compile(rf"&\s*(?P<after>{SIGN})|(?P<before>{SIGN})\s*&")
PIECE = re.compile(r"\S(?:.*\S)?|\Z", re.S)  # without the space around it
UNSEEN = re.compile(r"\\\\|&|\n|\\(?:begin|end)\{aligned\}|%[^\n]*")


@dataclass(frozen=True)
class Chain:
    """A display of the book, cut at its relations.

    Line 0 is what the chain begins with; each other line begins with its relation.
    `spans` are the lines' places in the source.

    >>> chain = Chain.of("eq-a", "a &= b \\\\\\\\\\n&= c")
    >>> chain.lines
    ('a', '= b', '= c')
    """

    label: str
    source: str
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, label: str, source: str) -> Chain:
        """The chain in a display's LaTeX."""
        text = seen(source)
        begins = [m.start("after" if m["after"] else "before")
                  for m in RELATION.finditer(without_comments(source))]  # fmt: skip
        edges = [0, *begins, len(text)]
        found = (PIECE.search(text, *edge) for edge in pairwise(edges))
        return cls(label, source, tuple(piece.span() for piece in found if piece))

    @property
    def lines(self) -> tuple[str, ...]:
        """The LaTeX of the lines."""
        text = seen(self.source)
        return tuple(text[begin:end] for begin, end in self.spans)

    @property
    def given(self) -> list[str]:
        """What the chain assumes, as its comments say."""
        return [text.strip() for text in re.findall(r"% given:(.*)", self.source)]

    def place(self, begin: int, end: int) -> int:
        """The line that holds this piece of the source, or -1."""
        inside = (i for i, (b, e) in enumerate(self.spans) if b <= begin and end <= e)
        return next(inside, -1)

    def row(self, line: int) -> int:
        """Where in the source a line's relation stands, counted from 1."""
        return self.source.count("\n", 0, self.spans[line][0]) + 1


def without_comments(source: str) -> str:
    """Comments become spaces: every place is kept."""
    return re.sub(r"(?m)(?<!\\)%[^\n]*", lambda m: " " * len(m[0]), source)


def seen(source: str) -> str:
    """What a reader sees of a block, in its place: no comments, no marks of alignment."""
    return UNSEEN.sub(lambda m: " " * len(m[0]), without_comments(source))


# ---------------------------------------------------------------- what the judges say
NUMBER = r"(?:exp\()?-?(?:\d[\d.]*(?:e[-+]?\d+)?)\)?"
VALUES = re.compile(rf"(?:at (?P<at>[^:\n]*): )?left = (?P<left>{NUMBER}), "
                    rf"right = (?P<right>{NUMBER})(?![\d.\]])")  # fmt: skip
SLOPES = re.compile(r"(?:at (?P<at>[^:\n]*): )?slopes (?P<left>\[[^]]*\]) and "
                    r"(?P<right>\[[^]]*\]) are")  # fmt: skip


@dataclass(frozen=True)
class Values:
    """What both sides of a line's relation are worth: the line above, and the line.

    With `slopes` both sides are maximisers or minimisers, and the numbers are the
    directions in which the parameters improve.
    """

    at: str
    left: str
    right: str
    slopes: bool = False

    @classmethod
    def of(cls, said: str) -> Values | None:
        """From the judges' words; None where they name no two numbers.

        >>> Values.of("at x = 2: left = 4, right = -1.5e-07 [one dimension]")
        Values(at='x = 2', left='4', right='-1.5e-07', slopes=False)
        """
        for pattern, slopes in ((VALUES, False), (SLOPES, True)):
            if found := pattern.search(said):
                return cls(found["at"] or "", found["left"], found["right"], slopes)
        return None


@dataclass(frozen=True)
class Slip:
    """One change in a chain, and what the judges say of it.

    `line` is the line that was changed, from 1, and `fallen` the one whose relation to the
    line above is false, or 0 where all lines hold. In the changed line, `old` stood at
    `begin`, and `new` stands there now.
    """

    label: str
    sort: str
    line: int
    begin: int
    old: str
    new: str
    fallen: int
    values: Values | None

    @property
    def kind(self) -> Kind:
        """What sort of slip it is."""
        return KINDS[self.sort]

    def wrong(self, chain: Chain) -> str:
        """The changed line, as it now reads."""
        right = chain.lines[self.line]
        end = self.begin + len(self.old)
        return right[: self.begin] + self.new + right[end:]


@dataclass(frozen=True)
class Candidate:
    """A mutant that somebody might write; not judged yet."""

    chain: Chain
    mutant: Mutant
    sort: str
    line: int

    @property
    def crowds(self) -> list[object]:
        """What it is one more of: the chain, its line, the sort, the grade."""
        return [self.chain.label, (self.chain.label, self.line), self.sort,
                KINDS[self.sort].grade]  # fmt: skip

    @property
    def place(self) -> list[object]:
        """What it is one more of among the changes of one chain."""
        return [
            self.chain.label,
            (self.mutant.begin, self.mutant.old),
            self.line,
            self.sort,
        ]


@dataclass(frozen=True)
class Chapter:
    """The chains of a chapter, what their lines are worth, and the slips in them."""

    name: str
    chains: dict[str, Chain] = field(default_factory=dict)
    # of each line from 1 on, as the book has it
    values: dict[str, list[Values | None]] = field(default_factory=dict)
    slips: list[Slip] = field(default_factory=list)  # a reader looks for the wrong line
    changes: list[Slip] = field(default_factory=list)  # a reader makes them


def judged(candidate: Candidate, page: Scope, seed: int = 0) -> Slip | None:
    """What the judges say of a mutant; None where they do not understand it."""
    chain, mutant, line = candidate.chain, candidate.mutant, candidate.line
    report = check_block(mutant.source, page, seed, symbolic=False, quick=True,
                         since=chain.row(line))  # fmt: skip
    if report.error:
        return None
    slip = Slip(chain.label, candidate.sort, line, mutant.begin - chain.spans[line][0],
                mutant.old, mutant.new, 0, None)  # fmt: skip
    broken = next((step for step in report.steps if not step.ok), None)
    if broken is None:
        return slip
    if broken.verdict is not Verdict.WRONG:
        return None
    rows = [chain.row(i) for i in range(len(chain.spans))]
    if broken.line not in rows[1:]:
        return None  # what must follow from the block falls, not the block
    fallen = max(i for i, row in enumerate(rows) if row == broken.line)
    return replace(slip, fallen=fallen, values=Values.of(broken.detail))


def candidates(chain: Chain) -> Iterator[Candidate]:
    """The mutants of a chain's lines that somebody might write."""
    for mutant in mutants_of("", chain.label, chain.source):
        line = chain.place(mutant.begin, mutant.begin + len(mutant.old))
        sort = sort_of(mutant, chain.source)
        if line > 0 and sort:
            yield Candidate(chain, mutant, sort, line)


def slips_of(path: Path, breakable: tuple[str, ...] = ()) -> Chapter:
    """The slips of a chapter that its readers look for, with what the judges say.

    Args:
        path: the chapter's Markdown.
        breakable: labels of chains of which more mutants are judged, also those that hold.
    """
    chapter = Chapter(path.stem)
    pages, page = {}, Scope()
    for display in displays(path.read_text(encoding="utf-8")):
        pages[display.label] = page
        report = check_block(display.source, page, symbolic=False, quick=True)
        page = report.page
        chain = Chain.of(display.label, display.source)
        if len(chain.spans) > SHORTEST and report.ok:
            chapter.chains[display.label] = chain
            said = {step.line: step.values for step in report.steps}
            chapter.values[display.label] = [
                Values.of(said.get(chain.row(i), "")) for i in range(1, len(chain.spans))
            ]
    known: dict[str, Slip | None] = {}

    def judge(row: Candidate) -> Slip | None:
        if row.mutant.source not in known:
            known[row.mutant.source] = judged(row, pages[row.chain.label])
        return known[row.mutant.source]

    every = [row for chain in chapter.chains.values() for row in candidates(chain)]
    lines = {0: MOST, 1: EACH_LINE, 2: EACH_KIND}
    for row in spread(every, lambda row: row.crowds, lines):
        if len(chapter.slips) == MOST or len(known) == ENOUGH:
            break
        slip = judge(row)
        if slip and is_asked(slip):
            chapter.slips.append(slip)
    for label in breakable:
        those = [row for row in every if row.chain.label == label]
        chosen = spread(those, lambda row: row.place, {0: MOST_CHANGES, 1: EACH_PLACE})
        chapter.changes.extend(slip for row in chosen if (slip := judge(row)))
    return chapter


def spread(
    rows: list[Candidate],
    crowds: Callable[[Candidate], list[object]],
    limits: dict[int, int],
) -> Iterator[Candidate]:
    """In an order that takes a little of everything: next is always one whose crowds have
    had the fewest; no crowd gets more than its place in the list allows."""
    waiting = sorted(rows, key=lambda row: row.mutant.order)
    had = Counter[object]()
    while waiting:
        row = min(waiting, key=lambda row: sum(had[crowd] for crowd in crowds(row)))
        waiting.remove(row)
        if all(had[crowd] < limits.get(i, MOST) for i, crowd in enumerate(crowds(row))):
            had.update(crowds(row))
            yield row


def is_asked(slip: Slip) -> bool:
    """May a reader be asked for it? The changed line falls, and two numbers show it."""
    values = slip.values
    return bool(slip.fallen == slip.line and values and values.left != values.right)
