r"""Practice: which line of a chain is wrong? In a notebook with buttons, else as text."""

from __future__ import annotations

import html
import random
import re
from functools import cache
from pathlib import Path

from .chapters import chapters
from .slips import Chapter, Slip, slips_of
from .sorts import GRADES

BOOK = Path(__file__).resolve().parents[1] / "book"


def _path(chapter: str) -> Path:
    names = {path.stem: path for path in chapters(BOOK) if re.match(r"\d\d-", path.name)}
    found = [name for name in names if chapter in (name, name[:2], name[3:])]
    if not found:
        raise ValueError(f"no chapter {chapter!r}; the chapters are {', '.join(names)}")
    return names[found[0]]


@cache
def chapter_of(name: str) -> Chapter:
    """The slips of a chapter of this book, judged when they are first asked for.

    Args:
        name: `04-elbo`, or one half of it: `04`, `elbo`.

    Raises:
        ValueError: if there is no such chapter.
        FileNotFoundError: if this is not run from the book's folder.
    """
    if not BOOK.is_dir():
        raise FileNotFoundError(f"no chapters in {BOOK}: run this from the book's folder")
    path = _path(name)
    return slips_of(path) if path.stem == name else chapter_of(path.stem)


class Practice:
    """One question after the other: a chain in which one line is wrong.

    In a notebook it shows itself with buttons; anywhere else, and where ipywidgets are
    missing, it prints the chain, and `pick(2)` says whether line 2 is the wrong one.
    The score: `found` counts the slips that were found, `first` those at the first try.
    """

    def __init__(self, chapter: str, grade: int | None = None, seed: int | None = None):
        if grade is not None and grade not in GRADES:
            raise ValueError(f"a grade is 1, 2 or 3, got {grade!r}")
        self.chapter = chapter_of(chapter)
        self.grade = grade
        self.random = random.Random(seed)
        self.found = self.first = 0
        self.waiting: list[Slip] = []
        self.next()

    def next(self) -> Practice:
        """Ask for another slip. When all were asked for, they come again."""
        if not self.waiting:
            self.waiting = [
                slip for slip in self.chapter.slips
                if self.grade in (None, slip.kind.grade)
            ]  # fmt: skip
            self.random.shuffle(self.waiting)
        if not self.waiting:
            raise ValueError(f"{self.chapter.name} has no slips of grade {self.grade}")
        self.slip = self.waiting.pop()
        self.chain = self.chapter.chains[self.slip.label]
        self.taps, self.over = 0, False
        return self

    @property
    def lines(self) -> list[str]:
        """The chain with its slip, in LaTeX; line 0, its beginning, is right."""
        lines = list(self.chain.lines)
        lines[self.slip.line] = self.slip.wrong(self.chain)
        return [" ".join(line.split()) for line in lines]

    def pick(self, line: int) -> str:
        """Is this the wrong line? In words, with the numbers of both sides.

        Raises:
            ValueError: if the chain has no such line.
        """
        last = len(self.chain.lines) - 1
        if line not in range(1, last + 1):
            raise ValueError(f"the lines are numbered from 1 to {last}, got {line!r}")
        self.taps += 1
        if line != self.slip.line:
            return f"✗ Not line {line}: it is as it should be."
        if not self.over:
            self.found += 1
            self.first += self.taps == 1
        self.over = True
        return f"✓ It is line {line}.\n{self.answer()}"

    def answer(self) -> str:
        """Which line is wrong, both sides at a point, the right line, and what to learn."""
        slip, values = self.slip, self.slip.values
        above = f"line {slip.line - 1}" if slip.line > 1 else "what the chain begins with"
        said = []
        if values:
            where = f"At {values.at}" if values.at else "At one choice of all parameters"
            worth = "improves in the direction" if values.slopes else "is worth"
            said.append(f"{where}, {above} {worth} {values.left}, "
                        f"and line {slip.line} {worth} {values.right}.")  # fmt: skip
        said.append(f"Line {slip.line} of the book ({slip.label}) reads {self.right}")
        said.append(f"The slip: {slip.kind.name}. {slip.kind.why}")
        if slip.kind.exhibit:
            said.append(f"The bug museum has one: exhibit {slip.kind.exhibit}.")
        return "\n".join(said)

    @property
    def right(self) -> str:
        """The line that is wrong, as the book has it."""
        return " ".join(self.chain.lines[self.slip.line].split())

    def __repr__(self) -> str:
        given = [f"given: {text}" for text in self.chain.given]
        lines = [f"{i or ' '}  {line}" for i, line in enumerate(self.lines)]
        return "\n".join(["One of these lines is wrong: which?", *given, *lines])

    def _ipython_display_(self) -> None:
        try:
            from IPython.display import display

            shown = self.widget()
        except ImportError:
            print(self)
        else:
            display(shown)

    def widget(self) -> object:
        """The question with a button for each line (an `ipywidgets.VBox`)."""
        import ipywidgets as w

        every = {"all": None} | {name: grade for grade, name in GRADES.items()}
        grades = w.ToggleButtons(options=list(every.items()), value=self.grade)
        chain, told = w.VBox(), w.HTMLMath()
        another, score = w.Button(description="Another"), w.Label()

        def choose(line: int) -> None:
            said = html.escape(self.pick(line)).replace("\n", "<br>")
            typeset = f"<br>$\\displaystyle {html.escape(self.right)}$"
            told.value = said.replace(html.escape(self.right), typeset)
            if line == self.slip.line:
                for row in chain.children[1:]:
                    row.children[0].disabled = True
            score.value = f"Found {self.found}, {self.first} at the first try."

        def draw() -> None:
            told.value, rows = "", []
            given = [f"given: ${html.escape(text)}$" for text in self.chain.given]
            for i, line in enumerate(self.lines):
                press = w.Button(description=f"line {i}", layout=w.Layout(width="5em"))
                press.on_click(lambda _, line=i: choose(line))
                text = w.HTMLMath(f"$\\displaystyle {html.escape(line)}$")
                rows.append(w.HBox([press, text]) if i else text)
            rows[0] = w.HTMLMath("<br>".join([*given, rows[0].value]))
            chain.children = rows

        def other(_: object) -> None:
            self.next()
            draw()

        def regrade(change: dict) -> None:
            self.grade, self.waiting = change["new"], []
            other(None)

        grades.observe(regrade, "value")
        another.on_click(other)
        draw()
        return w.VBox([grades, chain, told, w.HBox([another, score])])


def practice(chapter: str, grade: int | None = None, seed: int | None = None) -> Practice:
    r"""Chains of a chapter in which one line is wrong; find it.

    Args:
        chapter: `04-elbo`, or one half of it: `04`, `elbo`.
        grade: 1 (plain), 2 (harder), 3 (hidden); None asks for all.
        seed: of the order in which they come; None for a new one each time.

    Returns:
        What a notebook shows with buttons, and a terminal as text.

    Raises:
        ValueError: if there is no such chapter or grade.

    >>> asked = practice("01", grade=2, seed=0)
    >>> len(asked.lines), asked.pick(asked.slip.line)[:11]
    (3, '✓ It is lin')
    """
    return Practice(chapter, grade, seed)
