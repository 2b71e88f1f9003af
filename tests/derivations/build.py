"""Small pieces that the unit tests are made of."""

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest

from derivations import Report, check
from derivations import tree as t
from derivations.block import read_block
from derivations.calculus import At, numeric
from derivations.definitions import scope_of
from derivations.evaluate import Budget
from derivations.read import ReadingError, Statement
from derivations.relation import Pair
from derivations.scope import Scope
from derivations.trial import Trial
from derivations.worlds import Line, NumericWorld


def thinned(rows: Iterable, every: int = 10) -> list:
    """Each tenth row for `make check`; the others are slow, all together."""
    return [
        row if i % every == 0 else pytest.param(*_tuple(row), marks=pytest.mark.slow)
        for i, row in enumerate(rows)
    ]


def _tuple(row: object) -> tuple:
    return row if isinstance(row, tuple) else (row,)


def reading(latex: str) -> str:
    """What the judges see of a block: equal for two that differ in how they are typed."""
    block = read_block(latex)
    lines = [*map(_bare, block.lines), "given", *map(_bare, block.given)]
    seen = repr((lines, [*map(_bare, block.hence)], block.traits, block.unchecked))
    return re.sub(r"span=\(\d+, \d+\)", "", seen)


_judged: dict[str, Report] = {}


def judged_once(latex: str) -> Report:
    """The numbers' verdict on a block, kept for all that are typed in another way."""
    try:
        seen = reading(latex)
    except ReadingError:
        return check(latex, symbolic=False)
    if seen not in _judged:
        _judged[seen] = check(latex, symbolic=False)
    return _judged[seen]


def _bare(line: Statement) -> Statement:
    under = tuple(map(_bare, line.under))
    return replace(line, text="", number=0, offset=0, under=under)


def tree(latex: str) -> t.Node:
    """The first expression of a formula."""
    first = read_block(latex).lines[0].first
    assert first is not None
    return first


def pair(latex: str) -> Pair:
    """The first relation of a formula."""
    line = read_block(latex).lines[0]
    (relation, right), *_ = line.rest
    assert line.first is not None
    return Pair(line.first, relation, right, line.samples, 1, latex)


def scope(latex: str = "1 = 1") -> Scope:
    """What the names of a block mean."""
    return scope_of(read_block(latex), Scope())


def walk(latex: str, world: NumericWorld | None = None, block: str = "") -> At:
    """An evaluator in the scope of a formula."""
    return numeric(world or Line(0), scope(block or f"{latex} = 1"))


def value(latex: str, world: NumericWorld | None = None, block: str = "") -> float:
    """What a formula is worth in a world."""
    return walk(latex, world, block)(tree(latex)).plain().array.item()


def trial(latex: str, seed: int = 0) -> Trial:
    """The draws of a formula."""
    return Trial(latex, scope(latex), seed, Budget())
