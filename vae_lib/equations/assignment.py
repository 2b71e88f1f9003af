"""A derivation that a student types, judged line by line.

The first and the last expression are fixed by the assignment; every step between must
hold. Whatever is typed, the answer is a report: never an exception, never a long wait.
"""

from __future__ import annotations

import re
import time

from .block import Block, read_block
from .chain import judge_block
from .evaluate import OutOfTime
from .quantity import Meaningless
from .read import ReadingError
from .report import Report, with_given
from .scope import Scope
from .tree import Node, bare, rebuild
from .worlds import Foreign

LONGEST = 6_000  # characters of a student's answer
MOST_STEPS = 25
MOST_SECONDS = 20.0


def check_derivation(
    student_latex: str,
    *,
    start: str,
    end: str,
    given: str | list[str] | tuple[str, ...] = (),
    min_steps: int = 2,
    points_per_step: int = 1,
    seed: int = 0,
) -> Report:
    """Judge a derivation from `start` to `end`; each valid step earns points.

    Fewer than `min_steps` relations are refused: start = end in one line shows nothing.
    A step that repeats the line before it is valid but earns nothing.
    """
    ends = _side(start), _side(end)  # a mistake here is the teacher's: let it raise
    text = student_latex if isinstance(student_latex, str) else ""
    # a student's own comments are not assumptions of the assignment
    text = re.sub(r"(?<!\\)%.*", "", text)
    if not text.strip():
        return Report(error="There is nothing here yet: type the derivation in LaTeX.")
    if len(text) > LONGEST:
        return Report(error=f"This has {len(text)} characters; at most {LONGEST} are read.")
    try:
        block = read_block(with_given(text, given))
        report = Report(error=_refusal(block))
        if not report.error:
            page = Scope(deadline=time.monotonic() + MOST_SECONDS)
            report.steps = judge_block(block, page, seed, symbolic=False, defines=False)
            _grade(report, block, ends, min_steps, points_per_step)
        return report
    except ReadingError as error:
        return Report(error=str(error))
    except (OutOfTime, Meaningless, Foreign, RecursionError, MemoryError) as error:
        return Report(error=f"This could not be judged: {error or type(error).__name__}")


def _side(latex: str) -> Node:
    (line, *more) = read_block(latex).lines
    if more or line.rest:
        raise ValueError("start and end are one expression each, without a relation")
    return line.first


def _refusal(block: Block) -> str:
    """Why this is no chain that can be judged; empty if it is one."""
    relations = [relation for line in block.lines for relation, _ in line.rest]
    if len(relations) > MOST_STEPS:
        return f"{len(relations)} steps; at most {MOST_STEPS} are judged"
    if ":=" in relations:
        return "A derivation claims; it does not define: write = for :=."
    if not block.lines[0].first or any(line.first for line in block.lines[1:]):
        return "Write one chain: after the first line each line begins with its relation."
    return "" if relations else "A derivation needs a relation: =, \\geq, \\approx."


def _grade(report: Report, block: Block, ends: tuple[Node, Node], least: int, points: int):
    sides = [side for line in block.lines for side in line.sides]
    notes = []
    for name, asked, typed in zip(
        ("first", "last"), ends, (sides[0], sides[-1]), strict=True
    ):
        if rebuild(asked, bare) != rebuild(typed, bare):
            notes.append(f"The {name} expression is not the one that is asked for.")
    if len(sides) - 1 < least:
        notes.append(f"At least {least} steps are asked for: show how you get there.")
    if len(set(sides)) < len(sides):
        notes.append("A line is repeated; that earns nothing.")
    earned = sum(points * step.ok for step in report.steps)
    report.error = " ".join(notes)
    report.points, report.most_points = 0 if notes else earned, points * (len(sides) - 1)
