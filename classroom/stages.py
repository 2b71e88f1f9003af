"""Which stages of a derivation its lines come through.

All lines of a chain are worth the same, so the worth tells nothing of how far one has come.
What tells is how a line is written: which densities are spelled out, which averages are
still to be taken. Pieces of a line are computed at random numbers, and compared with what
the assignment names; what only looks like a piece is not taken for one.
"""

import cmath
import math
import random
from collections.abc import Iterator

from classroom.checks import Averages, Derivation, Shows
from derivations import tree as t
from derivations.block import read_block

DRAWS, K = 3, 3  # how often a piece is compared; how many terms a sum to K has


class NoNumber(Exception):
    """A piece that is not computed here."""


def stages_of(latex: str, task: Derivation) -> tuple[str, int]:
    """The name of the first stage that is missing, or empty; and how many were reached,
    the start among them.

    Raises what `read_block` raises on what is no formula.
    """
    if not task.stages:
        return "", 1
    block = read_block(latex)
    sides = [side for line in block.lines for side in line.sides]
    reached, place = 1, 0
    for stage in task.stages:
        while place < len(sides) and not _is_at(stage, sides[place]):
            place += 1
        if place == len(sides):
            return stage.name, reached
        reached += 1
    return "", reached + 1


def _side(latex: str) -> t.Node:
    first = read_block(latex).lines[0].first
    assert first is not None, "a stage is one expression"
    return first


class Numbers(dict[str, complex]):
    """A number for each name, the same whenever it is asked for."""

    def __init__(self, seed: str):
        super().__init__()
        self.seed = seed

    def __missing__(self, name: str) -> complex:
        self[name] = random.Random(f"{self.seed} {name}").uniform(0.4, 1.9)
        return self[name]

    def with_name(self, name: str, value: complex) -> "Numbers":
        """The same, but for one name."""
        new = Numbers(self.seed)
        new.update(self)
        new[name] = value
        return new


def _draws(seed: int) -> Iterator[Numbers]:
    return (Numbers(f"{seed}-{n}") for n in range(DRAWS))


def _is_at(stage: Shows | Averages, side: t.Node) -> bool:
    try:
        if isinstance(stage, Shows):
            return _shows(stage, side)
        return _averages(stage, side)
    except (NoNumber, ArithmeticError, ValueError, RecursionError):
        return False


def _shows(stage: Shows, side: t.Node) -> bool:
    wanted = [_side(piece) for piece in stage.pieces]
    for node in side.walk():
        if isinstance(node, t.Function) and node.name in ("log", "ln"):
            parts = [part for part in node.body.walk() if part != t.bare(node.body)]
            alone = isinstance(t.bare(node.body), t.Function | t.Power)
            if not alone and all(_among(piece, parts) for piece in wanted):
                return True
    return False


def _among(piece: t.Node, parts: list[t.Node]) -> bool:
    """Whether one of the parts is the piece: an exponential with the same exponent."""
    exponent = _exponent(piece)
    for part in parts:
        other = _exponent(part)
        if exponent is None or other is None:
            continue
        try:
            if all(
                cmath.isclose(_value(exponent, draw), _value(other, draw), rel_tol=1e-7)
                for draw in _draws(1)
            ):
                return True
        except NoNumber:
            continue
    return False


def _exponent(node: t.Node) -> t.Node | None:
    node = t.bare(node)
    if isinstance(node, t.Function) and node.name == "exp":
        return node.body
    is_power = isinstance(node, t.Power) and isinstance(t.bare(node.base), t.Symbol)
    if is_power and t.bare(node.base).name == "e":  # type: ignore[attr-defined]
        return node.exponent  # type: ignore[attr-defined]
    return None


def _averages(stage: Averages, side: t.Node) -> bool:
    if not any(isinstance(n, t.Expectation) and n.kind == "E" for n in side.walk()):
        return False
    if any(isinstance(n, t.Call | t.Divergence) for n in _bodies(side)):
        return False
    bare = [t.bare(n.body) for n in side.walk() if isinstance(n, t.Expectation)]
    if any(isinstance(n, t.Expectation) for body in bare for n in body.walk()):
        return False
    return any(
        _same_but_for_a_constant(side, _side(form), stage.over) for form in stage.forms
    )


def _bodies(side: t.Node) -> Iterator[t.Node]:
    """All below it, without the densities under an expectation."""
    yield side
    for part in side.operands():
        yield from _bodies(part)


def _same_but_for_a_constant(side: t.Node, form: t.Node, over: str) -> bool:
    """As functions of `over`, the side with each average in the place of its mean."""
    points = (-1.3, 0.2, 0.9, 2.1)
    for draw in _draws(2):
        ours, theirs = (
            [_value(node, draw.with_name(over, x)) for x in points] for node in (side, form)
        )
        gaps = [a - b for a, b in zip(ours, theirs, strict=True)]
        bends = _bend(points, theirs)
        if abs(bends) > 1e-9:  # a square: what is linear in it may have been taken out
            if not cmath.isclose(_bend(points, ours), bends, rel_tol=1e-6):
                return False
        elif max(abs(gap - gaps[0]) for gap in gaps) > 1e-6 * (1 + abs(gaps[0])):
            return False
        if max(abs(value - ours[0]) for value in ours) < 1e-9:
            return False  # nothing is averaged: padding
        if abs(_bend(points, gaps)) > 1e-6 or abs(_third(points, ours)) > 1e-6:
            return False
    return True


def _bend(points: tuple[float, ...], values: list[complex]) -> complex:
    """Half of the second derivative of a square through the first three."""
    (x, y, z), (a, b, c) = points[:3], values[:3]
    return ((c - a) / (z - x) - (b - a) / (y - x)) / (z - y)


def _third(points: tuple[float, ...], values: list[complex]) -> complex:
    return _bend(points, values) - _bend(points[1:], values[1:])


def _value(node: t.Node, at: Numbers) -> complex:
    """A formula as a number, each expectation as what it averages."""
    node = t.bare(node)

    def of(part: t.Node) -> complex:
        return _value(part, at)

    match node:
        case t.Number():
            return complex(node.value)
        case t.Symbol():
            if node.name in ("pi", "e") and not node.component:
                return complex(getattr(math, node.name))
            if node.name == "K":
                return K
            place = [of(part).real for part in (*node.index, *node.component)]
            return at[node.key + (f"[{place}]" if place else "")]
        case t.Add():
            return sum((s * of(p) for s, p in zip(node.signs, node.terms, strict=True)), 0j)
        case t.Product():
            value = of(node.factors[0])
            for sign, part in zip(node.operations, node.factors[1:], strict=True):
                value = value / of(part) if sign == "/" else value * of(part)
            return value
        case t.Quotient():
            return of(node.over) / of(node.under)
        case t.Power():
            return of(node.base) ** of(node.exponent)
        case t.Function():
            return _function(node.name, of(node.body))
        case t.Expectation() if node.kind == "E":
            return of(node.body)
        case t.Total() if node.kind == "sum":
            low, high = (int(of(part).real) for part in (node.low, node.high))
            inner: list[complex] = []
            for k in range(low, high + 1):
                inner.append(_value(node.body, at.with_name(node.index, k)))
            return sum(inner, 0j)
        case _:
            raise NoNumber(type(node).__name__)


def _function(name: str, value: complex) -> complex:
    known = {"exp": cmath.exp, "log": cmath.log, "ln": cmath.log, "sqrt": cmath.sqrt}
    if name not in known:
        raise NoNumber(name)
    return known[name](value)
