"""Checking one block of LaTeX, and showing what came out."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass, field

from .evaluate import Budget, TooMuchWork
from .pipeline import judge_block
from .quantity import Meaningless
from .read import ReadingError
from .relation import Step
from .scope import Scope
from .verdict import Verdict, weakest
from .worlds import Foreign

Given = str | list[str] | tuple[str, ...]
ALONE = "this defines a name, nothing is claimed: add a line that uses it"
COLUMNS = ("line", "reason", "symbolic", "numeric", "verdict")


def shortened(text: str, length: int) -> str:
    """On one line, and cut.

    >>> shortened("a  b\\nc d e f", 8)
    'a b c...'
    """
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


@dataclass(repr=False)
class Report:
    """The verdicts of one block; in a notebook it shows itself as a table.

    `ok` is True where everything was read and every step holds. `taken` says what names
    were taken for, where they were not the book's: `p(x|z)` for `p_\\theta(x \\mid z)`.
    `points` and `most_points` are those of an assignment.

    >>> report = check("x + y = y + x")
    >>> report.ok, len(report.steps), report.steps[0].verdict.glyph
    (True, 1, '✓✓')
    """

    steps: list[Step] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0
    points: int | None = None
    most_points: int | None = None
    page: Scope = field(default_factory=Scope)  # what is known after the block
    taken: dict[str, str] = field(default_factory=dict)  # what was read as what
    used: frozenset[str] = frozenset()  # the page's definitions that it rests on

    @property
    def ok(self) -> bool:
        """Was all read, and does each step hold?"""
        return not self.error and bool(self.steps) and all(step.ok for step in self.steps)

    @property
    def verdict(self) -> Verdict:
        """Of the whole: the weakest of its steps; what was not read is not understood."""
        if self.error and not self.steps:
            return Verdict.NOT_UNDERSTOOD
        return weakest(step.verdict for step in self.steps)

    def __str__(self) -> str:
        lines = [self.error] if self.error else []
        for s in self.steps:
            lines.append(
                f"{s.line:>3}  {s.relation:<2} {s.verdict:<14} {shortened(s.text, 60)}"
            )
            if not s.ok or s.verdict is Verdict.EXEMPT:
                lines += ["       " + part for part in s.detail.splitlines()]
            lines += ["       " + note for note in s.notes]
        lines += [f"     {name} read as {meant}" for name, meant in self.taken.items()]
        return "\n".join(lines)

    __repr__ = __str__  # a cell may end with `check(...)`

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
        body = "".join(map(_html_row, self.steps))
        error = f"<pre>{html.escape(self.error)}</pre>" if self.error else ""
        if not body:
            return error
        pairs = (map(html.escape, pair) for pair in self.taken.items())
        meant = "".join(f"<p><code>{old}</code> read as <code>{new}</code></p>"
                        for old, new in pairs)  # fmt: skip
        table = f'<table class="equation-report"><tr>{head}</tr>{body}</table>'
        return error + table + meant


def _html_row(step: Step) -> str:
    """No colours of its own: it must be read on light and on dark pages."""
    latex = html.escape(f"{step.relation} {step.text}")
    numeric = f"{step.draws} draws" if step.draws else "–"
    if step.worst:
        numeric += f", differ by {step.worst:.0e} at most"
    cells = [
        f"{step.line}: <code>{latex}</code>", html.escape(step.remark or step.how or "–"),
        step.symbolic or "–", numeric,
        f"<strong>{step.verdict.glyph} {step.verdict}</strong>",
    ]  # fmt: skip
    left = '<td style="text-align: left">'
    row = "<tr>" + "".join(f"{left}{cell}</td>" for cell in cells) + "</tr>"
    if step.detail or step.notes:
        why = html.escape("\n".join(filter(None, [step.detail, *step.notes])))
        style = "text-align: left; border-left: 0.3em solid currentColor"
        row += f'<tr><td colspan="{len(cells)}" style="{style}">'
        row += f'<pre style="background: none; color: inherit">{why}</pre></td></tr>'
    return row


def with_given(latex: str, given: Given) -> str:
    """What is given, as a block writes it: in comments, below the text, so that every
    line of the text keeps its number."""
    lines = [given] if isinstance(given, str) else given
    return latex + "".join(f"\n% given: {line}" for line in lines if line.strip())


def check(latex: str, given: Given = (), seed: int = 0, symbolic: bool = True) -> Report:
    r"""Judge one block of LaTeX.

    Args:
        latex: a formula or a chain of them, as in a chapter of the book: one relation a
            line, with its comments `% given:`, `% hence:` and `% unchecked:` if it has any.
        given: what the reader knows from the prose: definitions (`a := b c`), samples
            (`z \sim q(z)`) and conditions (`a > 0`), one a string.
        seed: of the random draws; the same seed gives the same report.
        symbolic: ask SymPy as well as the numbers.

    Returns:
        A report with `.ok`, `.steps` (one for each relation sign, with `.line` counted in
        `latex`) and `.error` for what cannot be read. What a block says never raises; an
        error of our own does, and is no verdict.

    >>> check(r"\log (a b) = \log a + \log b", given="a > 0").ok
    True
    >>> print(check("a - b = a + b", symbolic=False))  # doctest: +ELLIPSIS
      1  =  wrong          a + b
           at a = ..., b = ...: left = ..., right = ... had the other sign
    """
    report = check_block(with_given(latex.strip("\n"), given), Scope(), seed, symbolic)
    _refuse_idle(report)
    return report


def _refuse_idle(report: Report) -> None:
    """A name may mean anything: alone, its definition shows nothing.

    What agrees with the worlds, and a density that is given as a law, was tested.
    """
    claims = any(step.verdict is not Verdict.DEFINITION for step in report.steps)
    for step in report.steps:
        rests = report.used & set(step.defines) if step.defines else claims
        if step.verdict is Verdict.DEFINITION and not (rests or step.agrees):
            step.fail(ALONE, Verdict.UNTESTED)


def check_block(
    source: str,
    page: Scope,
    seed: int = 0,
    symbolic: bool = True,
    strict: bool = False,
    quick: bool = False,
    since: int = 1,
    budget: Budget | None = None,
) -> Report:
    """Judge a block below what its page has defined; the options are `judge_block`'s.

    The report's `page` is what the page knows after it, `used` what it rests on.
    """
    started = time.perf_counter()
    report = Report(page=page)
    try:
        judged = judge_block(
            source, page, seed, symbolic, True, strict, quick, since, budget
        )
    except ReadingError as error:
        report.error = not_read(error)
    except (Meaningless, Foreign) as error:
        report.error = f"{Verdict.NOT_UNDERSTOOD}: {error or type(error).__name__}"
    except (TooMuchWork, RecursionError) as error:
        report.error = f"This could not be judged: {error}."
    else:
        report.steps = judged.steps + judged.entailed
        report.error, report.page, report.used = judged.idle, judged.page, judged.used
        report.taken = judged.taken
    report.seconds = time.perf_counter() - started
    return report


def not_read(error: ReadingError) -> str:
    """What is not understood and where, as a reader of the text would say."""
    given = error.source.split("\n")[error.line - 1].startswith("% given:")
    place = "given" if given else f"line {error.line}"
    return f"{Verdict.NOT_UNDERSTOOD}, {place}: {error}"
