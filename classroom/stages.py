"""Which stages of a derivation its lines come through.

All lines of a chain are worth the same, so the worth tells nothing of how far one has come.
What tells is how a line is written: which densities are spelled out, which averages are
still to be taken. Pieces of a line are computed at random numbers, and compared with what
the assignment names; what only looks like a piece is not taken for one.
"""

import math
from collections.abc import Iterator

from classroom.checks import Averages, Derivation, Shows
from derivations import tree as t
from derivations.block import read_block
from derivations.calculus import At, numeric
from derivations.evaluate import TooMuchWork
from derivations.quantity import Meaningless, OutOfDomain, number
from derivations.scope import Scope
from derivations.worlds import Foreign, Line

DRAWS = 3  # how often a piece is compared
# What says that a formula has no value; anything else is a fault of ours, told as one.
NO_NUMBER = (Meaningless, Foreign, TooMuchWork)


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


def _draws(seed: int) -> Iterator[At]:
    """Worlds in which each name is a number, the same whenever it is asked for."""
    return (numeric(Line(10 * seed + n), Scope()) for n in range(DRAWS))


def _is_at(stage: Shows | Averages, side: t.Node) -> bool:
    try:
        if isinstance(stage, Shows):
            return _shows(stage, side)
        return _averages(stage, side)
    except (*NO_NUMBER, RecursionError):
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
                math.isclose(_value(exponent, draw), _value(other, draw), rel_tol=1e-7)
                for draw in _draws(1)
            ):
                return True
        except NO_NUMBER:
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
        ours, theirs = [list[float](), list[float]()]
        for x in points:
            with draw.binding({(over, ()): number(x)}):
                ours.append(_value(side, draw))
                theirs.append(_value(form, draw))
        gaps = [a - b for a, b in zip(ours, theirs, strict=True)]
        bends = _bend(points, theirs)
        if abs(bends) > 1e-9:  # a square: what is linear in it may have been taken out
            if not math.isclose(_bend(points, ours), bends, rel_tol=1e-6):
                return False
        elif max(abs(gap - gaps[0]) for gap in gaps) > 1e-6 * (1 + abs(gaps[0])):
            return False
        if max(abs(value - ours[0]) for value in ours) < 1e-9:
            return False  # nothing is averaged: padding
        if abs(_bend(points, gaps)) > 1e-6 or abs(_third(points, ours)) > 1e-6:
            return False
    return True


def _bend(points: tuple[float, ...], values: list[float]) -> float:
    """Half of the second derivative of a square through the first three."""
    (x, y, z), (a, b, c) = points[:3], values[:3]
    return ((c - a) / (z - x) - (b - a) / (y - x)) / (z - y)


def _third(points: tuple[float, ...], values: list[float]) -> float:
    return _bend(points, values) - _bend(points[1:], values[1:])


def _value(node: t.Node, at: At) -> float:
    """A formula as a number, each expectation as what it averages."""
    value = at(t.rebuild(node, _body)).plain()
    if value.array.ndim or not math.isfinite(value.array):
        raise OutOfDomain("this is no number")
    return float(value.array)


def _body(node: t.Node) -> t.Node:
    return node.body if isinstance(node, t.Expectation) and node.kind == "E" else node
