"""What each relation claims, in one world.

`=` is identity testing: both sides at random parameters in every world that has them.
`≈` says that the right side, averaged over the stated samples, is the left one (or, for
a log or a ratio of averages, that it tends to it). `≥` is never violated and not always
an equality. `≠` says that the sides are not the same in general. `+ const` is the same at
every draw. Maximisers are in maximisers.py.

A rule takes a trial, a pair, a world and the step to fill in; it raises Broken, or says
whether the relation is strict: an inequality must not secretly be an equality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from . import tree as t
from .adversary import attack, held_by, lost, sized, tried_widely
from .calculus import At, slopes_along
from .densities import degree, jointly, law_of, places_of, sample_places, term_by_term
from .evaluate import Place
from .maximisers import is_maximiser, same_maximiser
from .notation import BOUNDS, PARAMETERS, SIZES, UPPER, WORLDLY
from .quantity import Meaningless, OutOfDomain, Quantity, Unknown
from .relation import Broken, Pair, Step, both, difference, where
from .scope import speaks_of_vectors, worlds_for
from .trial import DEAR, DRAWS, Kind, Trial
from .worlds import Foreign, Line

TOLERANCE = 1e-7
CHEAP, CHEAP_DRAWS = 20_000, 8  # numbers computed at one draw, and how often then
BOUND_DRAWS = 16  # draws for an inequality
FINEST = 1e-5  # a number below this is lost in the tolerance of an inequality
SAMPLES = 4000  # of the Monte Carlo cross-check
Rule = Callable[[Trial, Pair, Kind, Step], bool]


def rule_for(pair: Pair) -> Rule:
    """What this relation claims between these sides."""
    _about_constants(pair)
    if any(isinstance(side, t.Extreme) for side in pair.sides):
        return same_extreme
    bests = sum(isinstance(side, t.Best) for side in pair.sides)
    if pair.relation in BOUNDS:
        return inequality
    if bests == 2:
        return same_maximiser
    if bests and pair.relation == "=":
        return is_maximiser
    if pair.relation in ("=", ":="):
        return up_to_const if t.has_const(*pair.sides) else equality
    if pair.relation in ("≈", "∝"):
        return estimate if pair.relation == "≈" else proportional
    if pair.relation == "≠":
        return inequation
    raise Meaningless(f"what does {pair.relation} claim here?")


def _about_constants(pair: Pair) -> None:
    """`+ const` says something only of an equality that keeps it to its end."""
    for side in pair.sides:
        if place := t.misplaced_const(side):
            error = Unknown("a constant is added to a whole side: here it needs a name")
            error.node = place
            raise error
    left, right = map(t.has_const, pair.sides)
    if not (left or right) or any(isinstance(side, t.Best) for side in pair.sides):
        return
    if pair.relation not in ("=", ":=", "≈"):
        raise Unknown("a constant that nobody knows may make this false: name it")
    if left and not right:
        raise Unknown("where is the constant of the left side? Write + const here, too")


def same_extreme(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """The maxima of two functions are related as the functions are, if these are at all."""
    left, right = pair.sides
    over = [(s.sense, s.arguments) for s in pair.sides if isinstance(s, t.Extreme)]
    if pair.relation in ("≠", "<", ">"):
        raise Meaningless("functions may differ everywhere, and their maxima be one")
    if len(over) < 2 or over[0] != over[1]:
        raise Meaningless("a maximum is compared only with one over the same names")
    assert isinstance(left, t.Extreme) and isinstance(right, t.Extreme)
    inner = replace(pair, left=left.body, right=right.body)
    try:
        return rule_for(inner)(trial, inner, kind, step)
    except Broken as error:
        message = f"the two are not so everywhere; their maxima may be: {error}"
        raise Meaningless(message) from None


# ---------------------------------------------------------------- equality
def equality(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """Both sides agree at every draw."""
    _told_apart(trial, pair, kind)
    found = trial.values(pair, kind, step, CHEAP_DRAWS)
    few = 0
    for done, (at, left, right) in enumerate(found, start=1):
        if difference(left, right) > TOLERANCE and lost(pair, left, right, at):
            few += 1
            continue
        _compare(left, right, at, step)
        if at.spent > CHEAP and done - few >= DRAWS:
            break
    if few and few == done:
        raise OutOfDomain("too few digits of a difference are left")
    if not tried_widely(trial, pair, kind) and kind.scalar:
        _in_each_case(trial, pair, kind, step)
    return True


def _in_each_case(trial: Trial, pair: Pair, kind: Kind, step: Step) -> None:
    """What holds in one case only, as |u| = u does, needs a u that is never of the other.

    Where draws meet one case alone, a search for the other must find nothing.
    """
    for node in {part for side in pair.sides for part in _unbound(side)}:
        fails = []
        cases = list(_cases_of(node))
        for value, condition in cases:
            here = [_exchanged(side, node, value) for side in pair.sides]
            changed = replace(pair, left=here[0], right=here[1])
            try:
                draws = step.draws or DRAWS  # as many as of the whole
                for at, a, b in trial.values(changed, kind, pair.step(step.verdict), draws):
                    _compare(a, b, at, pair.step(step.verdict))
            except (Broken, OutOfDomain):
                fails.append(condition)
        for left, relation, right in fails if len(fails) < len(cases) else ():
            other = replace(pair, left=left, relation=OPPOSITE[relation], right=right)
            attack(trial, other, kind, pair.step(step.verdict), trial.one(kind), pair)


OPPOSITE = {"≥": "≤", "≤": "≥", ">": "≤", "<": "≥"}
BINDING = (t.Integral, t.Expectation, t.Divergence, t.Total, t.Best, t.Extreme)
Condition = tuple[t.Node, str, t.Node]


def _exchanged(side: t.Node, old: t.Node, new: t.Node) -> t.Node:
    return t.rebuild(side, lambda node: new if node == old else node)


def _unbound(node: t.Node) -> Iterator[t.Node]:
    """The node and what stands below it, but nothing that depends on a bound name."""
    if not isinstance(node, BINDING):
        yield node
        for child in node.operands():
            yield from _unbound(child)


def _cases_of(node: t.Node) -> Iterator[tuple[t.Node, Condition]]:
    """|u|, \\sqrt{u^2} and cases: the values, and where each is taken."""
    inner = node.body if isinstance(node, t.Function) and node.name == "abs" else None
    if isinstance(node, t.Power) and node.exponent == t.Number(Fraction(1, 2)):
        square = t.bare(node.base)
        if isinstance(square, t.Power) and square.exponent == t.TWO:
            inner = square.base
    if inner is not None:
        yield inner, (inner, "≥", t.ZERO)
        yield t.Add((inner,), (-1,)), (inner, "≤", t.ZERO)
    options = node.options if isinstance(node, t.Cases) else ()
    for value, conditions in options:
        if len(conditions) == 1 and conditions[0][1] in OPPOSITE:
            left, relation, right = conditions[0]
            yield value, conditions[0]
            if not options[-1][1]:
                yield options[-1][0], (left, OPPOSITE[relation], right)


def inequation(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """The sides are not one and the same: at some draw they differ."""
    found = list(trial.values(pair, kind, step, DRAWS))
    if all(difference(left, right) <= TOLERANCE for _, left, right in found):
        at, left, right = found[0]
        raise Broken(f"they agree at every draw: {both(left, right, at)}")
    step.how = "not always equal"
    return True


def _compare(left: Quantity, right: Quantity, at: At, step: Step) -> None:
    error = difference(left, right)
    if not error <= TOLERANCE:
        raise Broken(both(left, right, at))
    step.worst = max(step.worst, error)


def up_to_const(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """The difference is the same over all draws of parameters and data.

    Where a text says in what it is constant, when only that moves.
    """
    gaps: dict[tuple[int, str], list[tuple[float, str]]] = {}  # it may depend on N
    constants = (n for side in pair.sides for n in side.walk() if n == t.CONST)
    told = {v for n in constants if isinstance(n, t.Constant) for v in n.of}
    for at, left, right in trial.values(pair, kind, step, 4):
        if left.shape or right.shape:
            raise Meaningless("+ const needs numbers on both sides")
        if moves := [name for v in told if (name := _moves(pair, at, v))]:
            raise Broken(f"{where(at)}the difference is no constant in {moves[0]}")
        a, b = (float(side.plain().array) for side in (left, right))
        sizes = at.size("N"), str(getattr(at.world, "counts", ""))
        gaps.setdefault(sizes, []).append((a - b, where(at)))
        scale = max(1.0, abs(a))
        first, here = gaps[sizes][0]
        if not told and abs(a - b - first) > 1e-6 * scale:
            names = {n for side in pair.sides for n in t.names_in(side)} | {*PARAMETERS_OF}
            fixed = [v.spoken for v in names if _moves(pair, at, v) == ""]
            own = _of_what(pair.left)
            if own and own <= {*fixed}:  # \log p(z|x) = ... + const: as a density of z
                step.how = f"constant in {', '.join(sorted(own))}"
                continue
            if fixed:
                what = f"constant in {', '.join(sorted(fixed))} only"
                advice = rf"say so: \text{{const w.r.t. }} {min(fixed)}"
                raise Unknown(f"the difference is {what}\n{advice}")
            shown = f"{here}it is {first:.6g}, but {where(at)}{a - b:.6g}"
            raise Broken(f"the difference is no constant: {shown}")
        step.values = f"{here}left - right = {first:.6g}, at every draw"
    if not told and all(len(same) < 2 for same in gaps.values()):
        raise Foreign("too few draws for a constant")
    return True


def _of_what(side: t.Node) -> set[str]:
    """The names that \\log p(z \\mid x) is a density of."""
    logged = isinstance(side, t.Function) and side.name == "log"
    body = t.bare(side.body) if logged else side  # type: ignore[attr-defined]
    if not isinstance(body, t.Call) or not t.is_density(body):
        return set()
    first = body.group.items[:1] if t.is_law(body) else t.split_bar(body.group)[0]
    return {item.spoken for item in first if isinstance(item, t.Symbol)}


PARAMETERS_OF = [t.Symbol(name) for name in PARAMETERS]


def _moves(pair: Pair, at: At, name: t.Node) -> str | None:
    """The name, if the difference changes with it; nothing, if only the sides do."""

    def gap() -> Quantity:
        left, right = (at(side).plain() for side in pair.sides)
        return Quantity(np.stack([left.array - right.array, left.array]), rank=1)

    if not isinstance(name, t.Symbol):
        raise Unknown("a constant in what? Say so with one name")
    try:
        if name.key in WORLDLY:
            place = at.place(name)
            points = (at.world.variable(name.key, (100 + i,)) for i in range(4))
            values = []
            for point in points:
                with at.binding({place: point}):
                    values.append(gap().array)
            moved = np.ptp(values, axis=0)
        else:
            slopes = slopes_along(at, (name.key,), gap)
            moved = np.max(np.abs([slope.array for slope in slopes]), axis=0)
    except (Meaningless, Foreign):
        return None
    if moved[0] > 1e-6 * max(1.0, moved[1]):
        return name.spoken
    return "" if moved[1] > 1e-6 else None


def proportional(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """The logarithms differ by a constant in the variables of the left density."""
    if not isinstance(pair.left, t.Call):
        raise Meaningless("proportional as a function of what?")
    for at in trial.draws(kind, DRAWS):
        _constant_in(places_of(pair.left, at), pair, at)
        step.draws += 1
    return True


def _constant_in(places: list[Place], pair: Pair, at: At) -> None:
    """The ratio of the sides; if it is so in a condition only, that may be meant."""
    ratios, shown = [], []
    for i in range(3):
        points = {p: at.world.variable(p[0], (100 + i,)) for p in places}
        with at.binding(points):
            a, b = (at(side).as_log() for side in pair.sides)
        if a is None or b is None:
            raise Meaningless("a density is positive")
        ratios.append(float(a - b))
        shown.append(f"left = {np.exp(a):.4g}, right = {np.exp(b):.4g}")
    if np.ptp(ratios) > 1e-6:
        assert isinstance(pair.left, t.Call)
        behind = t.split_bar(pair.left.group)[1]
        others = [at.place(item) for item in behind if isinstance(item, t.Symbol)]
        if others and others != places:
            try:
                _constant_in(others, pair, at)
            except Broken:
                pass
            else:
                raise Meaningless("proportional as a function of what?")
        found = f"{shown[0]}, but elsewhere {shown[1]}"
        raise Broken(f"{where(at)}the ratio is no constant: {found}")


# ---------------------------------------------------------------- estimates
def estimate(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """The right side is the left one on average, or tends to it, or rounds it."""
    half = half_a_digit(pair.right)
    if half is not None:
        first: Quantity | None = None
        for at, left, right in trial.values(pair, kind, step, DRAWS + 1):
            first = first or left
            if not difference(first, left) <= TOLERANCE:
                raise Broken(f"the left side is not one number: {both(left, first, at)}")
            if np.max(np.abs(left.plain().array - right.plain().array)) > half:
                raise Broken(both(left, right, at))
        step.how = "rounded"
        return True
    samples = pair.samples or tuple(
        d for d in trial.scope.samples
        if not d.variable.index or d.variable not in pair.left.walk()
    )  # fmt: skip
    if not samples:
        hint = "State it, as in (x^{(n)} \\sim p_{*}(x))"
        raise Meaningless(f"what is sampled? {hint}")
    shifted = t.has_const(*pair.sides)
    biased = degree(pair.right, trial.scope, samples) == 2
    shifts: dict[int, Quantity] = {}
    for at in trial.draws(kind, DRAWS * (1 + shifted)):
        left = trial.value(at, pair.left)
        body = partial(at, pair.right)
        right = term_by_term(samples, body, at)
        if shifted:
            left = left + shifts.setdefault(at.size("N"), right - left)
        elif biased and not difference(left, right) <= TOLERANCE:
            right = jointly(samples, body, at)
            biased = False
        try:
            _compare(left, right, at, step)
        except Broken as error:
            what = ", up to a constant," if shifted else ""
            message = f"the expectation of the right side is{what} not the left: {error}"
            raise Broken(message) from None
        step.draws += 1
        step.values = step.values or both(left, right, at)
    how = "consistent, biased at finite size" if biased else "unbiased"
    step.how = step.how if how in step.how else how
    if kind is Line and not biased and not shifted:
        cross_check(trial, pair, samples, step)
    return True


def cross_check(trial: Trial, pair: Pair, samples: tuple[t.Drawn, ...], step: Step) -> None:
    """The estimator as it is written, on real samples: is its mean within the noise?"""
    at = trial.one(Line)
    assert isinstance(at.world, Line)
    left = at(pair.left).plain().array
    if left.ndim:
        return
    rng = np.random.default_rng([trial.seed, 77])
    places: dict[Place, Quantity] = {}
    for drawn in samples:
        for indices, place in sample_places(drawn, at):
            points = at.world.axis(place[0]).points
            with at.within(indices=indices):
                log = law_of(drawn.density, [place], at)([Quantity(points)]).as_log()
            if log is None:
                raise Meaningless("a density is positive")
            mass = np.cumsum(np.exp(log - np.max(log)))
            uniform = rng.uniform(mass[0], mass[-1], SAMPLES)
            middle = points + (points[1] - points[0]) / 2
            places[place] = Quantity(np.interp(uniform, mass, middle))
    with at.within(depth=1, bound={**at.bound, **places}):
        values = at(pair.right).plain().array
    if values.shape != (SAMPLES,):
        return
    error = values.std(ddof=1) / np.sqrt(SAMPLES)
    score = (values.mean() - left) / error if error else 0.0
    step.how += f", z-score {score:+.1f}"
    if abs(score) > 6:
        raise Broken(f"{SAMPLES} samples average {values.mean():.5g}, not {left:.5g}")


def half_a_digit(node: t.Node) -> float | None:
    """Half a unit in the last place of a decimal number.

    >>> from fractions import Fraction
    >>> round(half_a_digit(t.Number(Fraction("0.25"))), 4)
    0.005
    """
    node = t.bare(node)
    if isinstance(node, t.Add) and len(node.terms) == 1:
        node = node.terms[0]
    if not isinstance(node, t.Number):
        return None
    digits = next((d for d in range(12) if 10**d % node.value.denominator == 0), 12)
    return 0.5 * 10.0**-digits * 1.0001


# ---------------------------------------------------------------- inequalities
def inequality(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """Never violated: at random draws, and where a search makes the gap small."""
    if any(isinstance(side, t.Best) for side in pair.sides):
        raise Meaningless(
            "an inequality holds between values, not between maximisers: "
            "the argmax of a bound is in general not that of what it bounds"
        )
    _told_apart(trial, pair, kind)
    names = {name.key for side in pair.sides for name in t.names_in(side)}
    if names & {*SIZES} and names <= {*SIZES, *UPPER}:
        found = (_gap(pair, at(pair.left), at(pair.right), at) for at in sized(trial, kind))
        return max([*found]) > 1e-5
    count = BOUND_DRAWS if kind.scalar else 3
    gaps: list[tuple[float, At]] = []
    spent = 0
    for at, left, right in trial.values(pair, kind, step, count):
        if left.shape or right.shape or left.unsized or right.unsized:
            raise Meaningless(f"{left.kind} is compared with {right.kind}")
        gaps.append((_gap(pair, left, right, at), at))
        spent += at.spent
        dear = spent > DEAR or at.chosen  # a maximiser is searched at each draw
        if dear and len(gaps) > 2:
            break
    if not gaps[-1][1].chosen:
        least = min(gaps, key=lambda found: found[0])[1]
        _reached(pair, attack(trial, pair, kind, step, least), least)
    return max(gap for gap, _ in gaps) > 1e-5


def _reached(pair: Pair, gap: float, at: At) -> None:
    """A bound by a number counts where something comes near it: else any number passes."""
    if all(_constant(side, at) is None for side in pair.sides):
        return
    logged = any(at(side).logged for side in pair.sides)  # then the gap is a ratio's log
    value = sum(
        sign * _alone(side, at) for side, sign in zip(pair.sides, (1, -1), strict=True)
    )
    if abs(value) > 1 and gap > (0.25 if logged else abs(value) / 4):
        raise Foreign(f"nothing here comes near {abs(value):g}: this bound is not tested")


def _alone(side: t.Node, at: At) -> float:
    """The number that stands in a side by itself: the 4 of a^2 + 4."""
    whole = t.bare(side)
    terms = zip(whole.terms, whole.signs, strict=True) if isinstance(whole, t.Add) else (
        [(whole, 1)])  # fmt: skip
    return sum(sign * (_constant(term, at) or 0.0) for term, sign in terms)


NUMERIC = (t.Number, t.Power, t.Quotient, t.Product, t.Add, t.Function)


def _constant(node: t.Node, at: At) -> float | None:
    """What a formula without free names is worth."""
    node = t.bare(node)
    names = {name.key for name in t.names_in(node)}
    if not isinstance(node, NUMERIC) or not names <= {"e", "pi"}:
        return None
    value = at(node).plain().array
    return None if value.ndim else float(value)


def _told_apart(trial: Trial, pair: Pair, kind: Kind) -> None:
    """No number may be finer than the tolerance, nor stand for how many components."""
    at = trial.one(kind)
    values: set[float] = set()
    if any(_constant(side, at) is None for side in pair.sides):
        parts = {node for side in pair.sides for node in side.walk()}
        values = {value for node in parts if (value := _constant(node, at))}
    bound = pair.relation in BOUNDS
    if bound and (fine := [v for v in values if abs(v) < FINEST]):
        raise Meaningless(f"{fine[0]:g} is finer than what is told apart here")
    sizes = {size for size in (kind.D, kind.H) if size > 2}
    only = bound or len(worlds_for(trial.scope)) == 1
    if only and sizes & values and speaks_of_vectors(trial.scope.nodes):
        number = min(sizes & values)
        raise Foreign(f"is {number:g} how many components there are? Write D or H")


def _gap(pair: Pair, left: Quantity, right: Quantity, at: At) -> float:
    gap = held_by(pair, left, right)
    if gap < -1e-6 or pair.relation in "><" and gap <= 0:
        if gap < 0 and lost(pair, left, right, at):
            return 0.0
        raise Broken(both(left, right, at))
    return gap
