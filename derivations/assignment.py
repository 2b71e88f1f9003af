"""A derivation that a student types, judged line by line.

The first and the last expression are fixed by the assignment; every step between must
hold. Whatever is typed, the answer is a report, and no long wait.

What earns points: a relation that holds between two expressions that differ by more than
typing. Reordering, brackets, + 0, a factor 1, adding what is subtracted again: such steps
are valid, earn nothing and do not count as steps. (Multiplying by q/q *inside* an integral
or a logarithm is an idea and counts.) Coming back to an earlier line earns nothing at all,
nor do comments, definitions, or a chain that first goes up and then down. What is not
understood counts as not shown, and its message says so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from . import tree as t
from .block import Block, read_block
from .evaluate import Budget, TooMuchWork
from .notation import RELATIONS
from .pipeline import judge_block
from .quantity import Meaningless
from .read import ReadingError
from .relation import Step
from .report import Given, Report, not_read, with_given
from .scope import Scope
from .verdict import Verdict
from .worlds import Foreign

LONGEST = 6_000  # characters of a student's answer
MOST_STEPS = 25
MOST_EFFORT = 250_000_000  # numbers computed: about eight seconds
ASSIGNMENT = "The assignment itself is wrong, not your answer:"
NOT_SHOWN = "It counts as not shown, not as wrong: write it as the page on notation does."


def check_derivation(
    student_latex: str,
    *,
    start: str,
    end: str,
    given: Given = (),
    min_steps: int = 2,
    points_per_step: int = 1,
    seed: int = 0,
) -> Report:
    r"""Judge a derivation from `start` to `end`; each valid step earns points.

    Args:
        student_latex: one chain; its comments are not read.
        start, end: the first and the last expression that are asked for.
        given: what may be assumed, as in `check`.
        min_steps: fewer that count are refused: start = end in one line shows nothing.
        points_per_step: for a step that holds and counts.
        seed: of the random draws.

    Returns:
        A report with `.ok`, `.points`, `.most_points`, `.steps` and `.error`. Nothing that
        a student types raises, whatever the givens define. What is the teacher's (`start`,
        `end`, `given`) and cannot be read, or does not hold, gives a report whose error
        begins with "The assignment itself is wrong". An error of our own is raised, and is
        no verdict: the caller must not make a mark of it (the classroom leaves such an
        answer to a person).

    >>> answer = r"(a + b)^2 = (a + b) (a + b) = a^2 + 2 a b + b^2"
    >>> report = check_derivation(answer, start="(a + b)^2", end="a^2 + 2 a b + b^2")
    >>> report.ok, report.points, report.most_points
    (True, 2, 2)
    """
    try:
        ends = _side(start), _side(end)
        for line in [given] if isinstance(given, str) else given:
            read_block(with_given("1 = 1", line))
    except ReadingError as error:
        return Report(error=f"{ASSIGNMENT} {error}")
    # a student's own comments are not assumptions of the assignment
    text = student_latex if isinstance(student_latex, str) else ""
    text = re.sub(r"(?<!\\)%.*", "", text)
    if not text.strip():
        return Report(error="There is nothing here yet: type the derivation in LaTeX.")
    if len(text) > LONGEST:
        return Report(error=f"This has {len(text)} characters; at most {LONGEST} are read.")
    source = with_given(text, given)
    try:
        typed = read_block(source)
        if refusal := _refusal(typed):
            return Report(error=refusal)
        judged = judge_block(
            source, Scope(), seed, symbolic=False, defines=False, budget=Budget(MOST_EFFORT)
        )
    except ReadingError as error:
        return Report(error=f"{not_read(error)}\n{NOT_SHOWN}")
    except (TooMuchWork, Meaningless, Foreign, RecursionError, MemoryError) as error:
        return Report(error=f"This could not be judged: {error or type(error).__name__}")
    if wrong := [step.detail for step in judged.entailed if not step.ok]:
        return Report(error=f"{ASSIGNMENT} a given does not hold: {wrong[0]}")
    blocks = (typed, judged.block)  # as it is written, and in the book's names
    return _graded(judged.steps, blocks, ends, min_steps, points_per_step)


def _side(latex: str) -> t.Node:
    (line, *more) = read_block(latex).lines
    if more or line.rest or line.first is None:
        message = "start and end are one expression each, without a relation"
        raise ReadingError(message, latex, 0)
    return canonical(line.first)


def _refusal(block: Block) -> str:
    """Why this is no chain that can be judged; empty if it is one."""
    relations = [relation for line in block.lines for relation, _ in line.rest]
    if len(relations) > MOST_STEPS:
        return f"{len(relations)} steps; at most {MOST_STEPS} are judged"
    if ":=" in relations:
        return "A derivation claims; it does not define: write = for :=."
    ways = {RELATIONS[relation].way for relation in relations}
    unknown = {r for r in relations if r not in ("=", "≈") and not RELATIONS[r].way}
    if unknown:
        return (
            f"A derivation is made of =, \\approx, \\geq and \\leq, not of {min(unknown)}."
        )
    if {1, -1} <= ways:
        return "The chain goes up and down: \\geq and \\leq together show nothing."
    if not block.lines[0].first or any(line.first for line in block.lines[1:]):
        return "Write one chain: after the first line each line begins with its relation."
    return "" if relations else "A derivation needs a relation: =, \\geq, \\approx."


def _graded(
    steps: list[Step], blocks: tuple[Block, Block], ends: tuple[t.Node, t.Node],
    least: int, each: int,
) -> Report:  # fmt: skip
    """Points for the steps that count, and none if the chain is not what is asked for."""
    typed, sides = (
        [canonical(side) for line in block.lines for side in line.sides] for block in blocks
    )
    counts = [left != right for left, right in zip(sides, sides[1:], strict=False)]
    notes = []
    for name, asked, place in zip(("first", "last"), ends, (0, -1), strict=True):
        if asked not in (typed[place], sides[place]):
            notes.append(f"The {name} expression is not the one that is asked for.")
    if sum(counts) < least:
        notes.append(f"At least {least} steps are asked for: show how you get there.")
    visited = [side for side, new in zip(sides, [True, *counts], strict=True) if new]
    if len(set(visited)) < len(visited):
        notes.append("A line is repeated; that earns nothing.")
    for step in steps:
        if step.verdict is Verdict.NOT_UNDERSTOOD:
            step.detail += f"\n{NOT_SHOWN}"
    earned = sum(step.ok for step, new in zip(steps, counts, strict=True) if new)
    points = 0 if notes else each * earned
    return Report(steps, " ".join(notes), points=points, most_points=each * sum(counts))


# ---------------------------------------------------------------- what is the same line
def canonical(node: t.Node) -> t.Node:
    """Two expressions that differ by typing alone have the same canonical form."""
    node = t.rebuild(node, _canonical)
    if isinstance(node, t.Product):  # times q/q, on the outside
        kept = [f for f in node.factors if not _is_one(f)]
        node = _product(kept) if set(node.operations) <= {"", "times"} else node
    return node


def _is_one(node: t.Node) -> bool:
    return node == t.ONE or isinstance(node, t.Quotient) and node.over == node.under


def _canonical(node: t.Node) -> t.Node:
    node = replace(t.bare(node), span=(0, 0))
    if isinstance(node, t.Add):
        return _sum(node)
    if isinstance(node, t.Product) and set(node.operations) <= {"", "times"}:
        parts = (f.factors if isinstance(f, t.Product) else (f,) for f in node.factors)
        return _product([factor for part in parts for factor in part])
    if isinstance(node, t.Quotient) and isinstance(node.under, t.Number):
        over, under = node.over, node.under.value
        if under == 1:
            return over
        if isinstance(over, t.Number) and under:
            return t.Number(over.value / under)
    if isinstance(node, t.Power) and node.exponent == t.ONE:
        return node.base
    return node


def _sum(node: t.Add) -> t.Node:
    number = Fraction(0)
    terms: list[tuple[int, t.Node]] = []
    for sign, term in zip(node.signs, node.terms, strict=True):
        inner = (term.signs, term.terms) if isinstance(term, t.Add) else ((1,), (term,))
        for s, part in zip(*inner, strict=True):
            if isinstance(part, t.Number):
                number += sign * s * part.value
            elif (-sign * s, part) in terms:
                terms.remove((-sign * s, part))
            else:
                terms.append((sign * s, part))
    if number:
        terms.append((1, t.Number(number)))
    terms.sort(key=repr)
    if not terms or terms == [(1, terms[0][1])]:
        return terms[0][1] if terms else t.Number(Fraction(0))
    signs, parts = zip(*terms, strict=True)
    return t.Add(parts, signs)


def _product(factors: list[t.Node]) -> t.Node:
    number, others = Fraction(1), []
    for factor in factors:
        if isinstance(factor, t.Number):
            number *= factor.value
        else:
            others.append(factor)
    others.sort(key=repr)
    if number != 1 or not others:
        others.insert(0, t.Number(number))
    return others[0] if len(others) == 1 else t.Product(
        tuple(others), ("",) * (len(others) - 1)
    )  # fmt: skip
