"""Checking one block of LaTeX, and showing what came out."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass, field

from .block import read_block
from .chain import judge_block
from .judge import Step
from .quantity import Meaningless
from .read import ReadingError
from .scope import Scope
from .worlds import Foreign

COLUMNS = ("line", "reason", "symbolic", "numeric", "verdict")


def shortened(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


@dataclass(repr=False)
class Report:
    """The verdicts of one block; in a notebook it shows itself as a table."""

    steps: list[Step] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0
    points: int | None = None
    most_points: int | None = None

    @property
    def ok(self) -> bool:
        return not self.error and bool(self.steps) and all(step.ok for step in self.steps)

    def __str__(self) -> str:
        lines = [self.error] if self.error else []
        for s in self.steps:
            lines.append(
                f"{s.line:>3}  {s.relation:<2} {s.verdict:<10} {shortened(s.text, 60)}"
            )
            if not s.ok or s.verdict == "exempt":
                lines += ["       " + part for part in s.detail.splitlines()]
        return "\n".join(lines)

    __repr__ = __str__  # a cell may end with `check(...)`

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
        body = "".join(map(_html_row, self.steps))
        error = f"<pre>{html.escape(self.error)}</pre>" if self.error else ""
        if not body:
            return error
        return f'{error}<table class="equation-report"><tr>{head}</tr>{body}</table>'


def _html_row(step: Step) -> str:
    """No colours of its own: it must be read on light and on dark pages."""
    latex = html.escape(f"{step.relation} {step.text}")
    numeric = f"{step.draws} draws" if step.draws else "–"
    if step.worst:
        numeric += f", differ by {step.worst:.0e} at most"
    cells = [
        f"{step.line}: <code>{latex}</code>", html.escape(step.remark or step.how or "–"),
        step.symbolic or "–", numeric,
        f"<strong>{'✓' if step.ok else '✗'} {step.verdict}</strong>",
    ]  # fmt: skip
    left = '<td style="text-align: left">'
    row = "<tr>" + "".join(f"{left}{cell}</td>" for cell in cells) + "</tr>"
    if step.detail:
        why = html.escape(step.detail)
        style = "text-align: left; border-left: 0.3em solid currentColor"
        row += f'<tr><td colspan="{len(cells)}" style="{style}">'
        row += f'<pre style="background: none; color: inherit">{why}</pre></td></tr>'
    return row


def with_given(latex: str, given: str | list[str] | tuple[str, ...]) -> str:
    """What is given, as a block writes it: in comments, below the text, so that every
    line of the text keeps its number."""
    lines = [given] if isinstance(given, str) else given
    return latex + "".join(f"\n% given: {line}" for line in lines if line.strip())


def check(
    latex: str, given: str | list[str] | tuple[str, ...] = (), seed: int = 0, symbolic=True
) -> Report:
    """Judge one block of LaTeX; unreadable input gives a report with an error."""
    return check_block(with_given(latex.strip("\n"), given), Scope(), seed, symbolic)


def check_block(
    source: str, page: Scope, seed: int = 0, symbolic: bool = True, **options: bool
) -> Report:
    """Judge a block in the scope of its page, which learns the block's definitions."""
    started = time.perf_counter()
    report = Report()
    try:
        block = read_block(source)
        steps, entailed = judge_block(block, page, seed, symbolic, **options)
        report.steps = steps + entailed
    except ReadingError as error:
        given = error.source.split("\n")[error.line - 1].startswith("% given:")
        report.error = f"{'given' if given else f'line {error.line}'}: {error}"
    except (Meaningless, Foreign, RecursionError) as error:
        report.error = str(error) or type(error).__name__
    report.seconds = time.perf_counter() - started
    return report
