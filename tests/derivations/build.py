"""Small pieces that the unit tests are made of."""

from collections.abc import Iterable

import pytest

from derivations import tree as t
from derivations.block import read_block
from derivations.calculus import At, numeric
from derivations.definitions import scope_of
from derivations.evaluate import Budget
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
