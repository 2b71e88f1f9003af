"""What each relation claims, and whether it holds.

`=` is identity testing: both sides at random parameters in every world that has them.
`≈` says that the right side, averaged over the stated samples, is the left one (or, for
a log or a ratio of averages, that it tends to it). `≥` is never violated and not always
an equality. Two `argmax` agree when the slopes are parallel at random points: then terms
free of the argument, positive factors and logarithms may come and go. `+ const` is the
same at every draw.

A pass is a test, not a theorem; what could not be evaluated is never passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from . import tree as t
from .densities import degree
from .evaluate import BUDGET, Evaluator, TooMuchWork
from .maximisers import Maximisers
from .quantity import Meaningless, OutOfDomain, Quantity
from .read import ReadingError
from .relation import DRAWS, Broken, Pair, Step, both, comparable, difference, show, where
from .repair import repairs
from .scope import Scope, speaks_of_vectors, worlds_for
from .worlds import Foreign, Line, World

TOLERANCE = 1e-7
CHEAP, CHEAP_DRAWS = 20_000, 8  # numbers computed at one draw, and how often then
MOST_DRAWS = 200  # before giving up on finding a draw where both sides have a value
BOUND_DRAWS = 16  # draws for an inequality
SEARCH = 80  # steps of the search for a violation
DEAR = 6_000_000  # numbers computed, before an inequality or a vain search is left
MENDING = 60_000_000  # numbers computed in looking for a repair: about two seconds
SAMPLES = 4000  # of the Monte Carlo cross-check


# ---------------------------------------------------------------- judging one relation
class Judge(Maximisers):
    """Judges the relations of one block.

    A rule takes a pair, a world and the step to fill in; it raises Broken, or says
    whether the relation is strict: an inequality must not secretly be an equality.
    """

    def __init__(self, source: str, scope: Scope, seed: int = 0, mends: bool = True):
        self.source, self.scope, self.seed, self.mends = source, scope, seed, mends
        self.made: dict[tuple[type[World], int], Evaluator] = {}
        self.memory: dict[tuple, object] = {}

    # -- draws
    def draws(self, kind: type[World], count: int) -> Iterator[Evaluator]:
        """Worlds at which the stated conditions hold."""
        for attempt in range(MOST_DRAWS):
            if (kind, attempt) not in self.made:
                world = kind(1000 * self.seed + attempt)
                self.made[kind, attempt] = Evaluator(world, self.scope)
            evaluator = self.made[kind, attempt]
            evaluator.named, evaluator.spent = {}, 0
            if self.allowed(evaluator):
                yield evaluator
                count -= 1
            if not count:
                return

    def remembered(self, evaluator: Evaluator, key: tuple, compute: Callable):
        """A side belongs to two pairs of a chain; it is computed once.

        What was met on the way, open names and definitions, is met again.
        """
        known = self.memory.get((evaluator, key))
        if known is None:
            scope, used, spent = self.scope, self.scope.used, evaluator.spent
            scope.used = set()
            try:
                with evaluator.within(named={}):
                    found = compute()
                    cost = evaluator.spent - spent
                    known = found, evaluator.named, frozenset(scope.used), cost
            finally:
                scope.used |= used
            self.memory[evaluator, key] = known
        else:
            evaluator.spent += known[-1]
        found, named, used, _ = known
        evaluator.named |= named
        self.scope.used |= used
        return found

    def value(self, evaluator: Evaluator, side: t.Node) -> Quantity:
        return self.remembered(evaluator, (side,), lambda: evaluator(side))

    def allowed(self, evaluator: Evaluator) -> bool:
        for left, relation, right in self.scope.conditions:
            try:
                a, b = (evaluator(side).plain().array for side in (left, right))
            except (Meaningless, Foreign):
                continue
            tests = {">": a > b, "<": a < b, "≥": a >= b, "≤": a <= b, "≠": a != b}
            if not np.all(tests[relation]):
                return False
        return True

    def values(self, pair: Pair, kind: type[World], step: Step, count: int):
        """Both sides at `count` draws; one where a side has no value is passed over."""
        trouble: Exception = Foreign("no draw meets the conditions that are given")
        done = wasted = 0
        for evaluator in self.draws(kind, MOST_DRAWS):
            try:
                left, right = (self.value(evaluator, side) for side in pair.sides)
                if not (
                    np.all(np.isfinite(left.array)) and np.all(np.isfinite(right.array))
                ):
                    raise OutOfDomain("a side is not finite")
            except OutOfDomain as error:
                trouble, wasted = error, wasted + evaluator.spent
                if wasted > DEAR:
                    break
                continue
            yield evaluator, left, right
            done += 1
            step.draws += 1
            step.values = step.values or both(left, right, evaluator)
            if done == count:
                return
        if not done:
            raise trouble

    # -- one pair in all worlds
    def judge(self, pair: Pair) -> Step:
        started = time.perf_counter()
        step = Step(pair.line, pair.relation, pair.text, "tested", pair.remark)
        reasons: list[str] = []
        strict = pair.relation not in t.BOUNDS
        vectors = speaks_of_vectors(self.scope.nodes)
        for kind in worlds_for(self.scope):
            try:
                strict |= self.rule(pair)(pair, kind, step)
                step.worlds.append(kind.name)
            except Foreign as error:
                reasons.append(str(error))
            except Broken as error:
                self.fails(step, pair, kind, str(error))
            except Meaningless as error:
                reasons.append(str(error))
                if kind.scalar or vectors:
                    values = self.as_far_as_known(pair, kind)
                    self.fails(step, pair, kind, self.no_meaning(error) + values)
            if not step.ok:
                break
        if step.ok and not step.worlds:
            step.verdict, step.detail = "unjudged", "; ".join(dict.fromkeys(reasons))
        elif step.ok and not strict:
            step.verdict = "wrong"
            step.detail = "both sides were equal at every draw: write ="
        step.seconds = time.perf_counter() - started
        return step

    def fails(self, step: Step, pair: Pair, kind: type[World], message: str) -> None:
        hint = self.mending(pair, kind)
        step.verdict = "wrong"
        step.detail = f"{message} [{kind.name}]" + (f"; {hint}" if hint else "")

    def as_far_as_known(self, pair: Pair, kind: type[World]) -> str:
        """Both sides at one draw, where one of them has no value."""
        texts = []
        for evaluator in self.draws(kind, 1):
            for name, side in zip(("left", "right"), pair.sides, strict=True):
                try:
                    texts.append(f"{name} = {show(evaluator(side))}")
                except (Meaningless, Foreign):
                    texts.append(f"{name} has no value")
            texts[0] = where(evaluator) + texts[0]
        known = any(not text.endswith("has no value") for text in texts)
        return "\n" + ", ".join(texts) if known else ""

    def no_meaning(self, error: Meaningless) -> str:
        if error.node is None:
            return f"this has no meaning: {error}"
        return str(ReadingError(str(error), self.source, error.node.span[0]))

    def mending(self, pair: Pair, kind: type[World]) -> str:
        """The first small change that makes the relation hold."""
        if not self.mends:
            return ""
        other = {"≥": "≤", "≤": "≥", ">": "<", "<": ">"}.get(pair.relation)
        if other:
            trials = [(f"it would hold with {other}", replace(pair, relation=other))]
        else:
            found = repairs(pair.right, self.source)
            trials = ((message, replace(pair, right=right)) for message, right in found)
        before = self.scope.effort
        self.scope.effort = min(before, MENDING)
        try:
            for message, trial in trials:
                try:
                    if self.rule(trial)(trial, kind, Step(0, pair.relation, "", "tested")):
                        return message
                except (Broken, Meaningless, Foreign):
                    continue
        except TooMuchWork:
            pass
        finally:
            self.scope.effort = before
        return ""

    def rule(self, pair: Pair) -> Callable[[Pair, type[World], Step], bool]:
        bests = sum(isinstance(side, t.Best) for side in pair.sides)
        if pair.relation in t.BOUNDS:
            return self.inequality
        if bests == 2:
            return self.same_maximiser
        if bests and pair.relation == "=":
            return self.is_maximiser
        equality = self.up_to_const if t.has_const(*pair.sides) else self.equality
        rules = {"=": equality, ":=": equality, "≈": self.estimate}
        rules |= {"∝": self.proportional}
        if pair.relation not in rules:
            raise Meaningless(f"what does {pair.relation} claim here?")
        return rules[pair.relation]

    # -- equality
    def equality(self, pair: Pair, kind: type[World], step: Step) -> bool:
        found = self.values(pair, kind, step, CHEAP_DRAWS)
        for done, (evaluator, left, right) in enumerate(found, start=1):
            self.compare(left, right, evaluator, step)
            if evaluator.spent > CHEAP and done >= DRAWS:
                break
        return True

    @staticmethod
    def compare(left: Quantity, right: Quantity, evaluator: Evaluator, step: Step) -> None:
        error = difference(left, right)
        if not error <= TOLERANCE:
            raise Broken(both(left, right, evaluator))
        step.worst = max(step.worst, error)

    def up_to_const(self, pair: Pair, kind: type[World], step: Step) -> bool:
        """The difference is the same over all draws of parameters and data."""
        gaps: list[tuple[float, str]] = []
        scale = 1.0
        for evaluator, left, right in self.values(pair, kind, step, 3):
            if left.shape or right.shape:
                raise Meaningless("+ const needs numbers on both sides")
            a, b = (float(side.plain().array) for side in (left, right))
            gaps.append((a - b, where(evaluator)))
            scale = max(scale, abs(a))
        if len(gaps) < 2:
            raise Foreign("too few draws for a constant")
        (first, here), *others = gaps
        for gap, there in others:
            if abs(gap - first) > 1e-6 * scale:
                shown = f"{here}it is {first:.6g}, but {there}{gap:.6g}"
                raise Broken(f"the difference is no constant: {shown}")
        step.values = f"{here}left - right = {first:.6g}, at every draw"
        return True

    def proportional(self, pair: Pair, kind: type[World], step: Step) -> bool:
        """The logarithms differ by a constant in the variables of the left density."""
        if not isinstance(pair.left, t.Call):
            raise Meaningless("proportional as a function of what?")
        for evaluator in self.draws(kind, DRAWS):
            ratios, shown = [], []
            for i in range(3):
                variable = evaluator.world.variable
                places = evaluator.places_of(pair.left)
                with evaluator.binding({p: variable(p[0], (100 + i,)) for p in places}):
                    a, b = (evaluator(side).as_log() for side in pair.sides)
                if a is None or b is None:
                    raise Meaningless("a density is positive")
                ratios.append(float(a - b))
                shown.append(f"left = {np.exp(a):.4g}, right = {np.exp(b):.4g}")
            if np.ptp(ratios) > 1e-6:
                points = f"{shown[0]}, but elsewhere {shown[1]}"
                raise Broken(f"{where(evaluator)}the ratio is no constant: {points}")
            step.draws += 1
        return True

    # -- estimates
    def estimate(self, pair: Pair, kind: type[World], step: Step) -> bool:
        half = half_a_digit(pair.right)
        if half is not None:
            for evaluator, left, right in self.values(pair, kind, step, 1):
                if np.max(np.abs(left.plain().array - right.plain().array)) > half:
                    raise Broken(both(left, right, evaluator))
            step.how = "rounded"
            return True
        samples = pair.samples or tuple(
            d for d in self.scope.samples
            if not d.variable.index or d.variable not in pair.left.walk()
        )  # fmt: skip
        if not samples:
            hint = "State it, as in (x^{(n)} \\sim p_{*}(x))"
            raise Meaningless(f"what is sampled? {hint}")
        shifted = t.has_const(*pair.sides)
        biased = degree(pair.right, self.scope, samples) == 2
        shift: Quantity | None = None
        for evaluator in self.draws(kind, DRAWS + shifted):
            left = self.value(evaluator, pair.left)
            right = evaluator.term_by_term(samples, lambda e=evaluator: e(pair.right))
            if shifted:
                shift = shift or right - left
                left = left + shift
            elif biased and not difference(left, right) <= TOLERANCE:
                right = evaluator.jointly(samples, lambda e=evaluator: e(pair.right))
                biased = False
            try:
                self.compare(left, right, evaluator, step)
            except Broken as error:
                what = ", up to a constant," if shifted else ""
                message = (
                    f"the expectation of the right side is{what} not the left: {error}"
                )
                raise Broken(message) from None
            step.draws += 1
            step.values = step.values or both(left, right, evaluator)
        how = "consistent, biased at finite size" if biased else "unbiased"
        step.how = step.how if how in step.how else how
        if kind is Line and not biased and not shifted:
            self.cross_check(pair, samples, step)
        return True

    def cross_check(self, pair: Pair, samples: tuple[t.Drawn, ...], step: Step) -> None:
        """The estimator as it is written, on real samples: is its mean within the noise?"""
        (evaluator,) = self.draws(Line, 1)
        left = float(evaluator(pair.left).plain().array)
        rng = np.random.default_rng([self.seed, 77])
        places = {}
        for drawn in samples:
            for indices, place in evaluator.sample_places(drawn):
                points = evaluator.axis(place[0]).points
                with evaluator.within(indices=indices):
                    log = evaluator.law_of(drawn.density, [place])(
                        [Quantity(points)]
                    ).as_log()
                mass = np.cumsum(np.exp(log - np.max(log)))
                uniform = rng.uniform(mass[0], mass[-1], SAMPLES)
                middle = points + (points[1] - points[0]) / 2
                places[place] = Quantity(np.interp(uniform, mass, middle))
        with evaluator.within(depth=1, bound={**evaluator.bound, **places}):
            values = evaluator(pair.right).plain().array
        if values.shape != (SAMPLES,):
            return
        error = values.std(ddof=1) / np.sqrt(SAMPLES)
        score = (values.mean() - left) / error if error else 0.0
        step.how += f", z-score {score:+.1f}"
        if abs(score) > 6:
            raise Broken(f"{SAMPLES} samples average {values.mean():.5g}, not {left:.5g}")

    # -- inequalities
    def inequality(self, pair: Pair, kind: type[World], step: Step) -> bool:
        """Never violated: at random draws, and where a search makes the gap small."""
        if any(isinstance(side, t.Best) for side in pair.sides):
            raise Meaningless(
                "an inequality holds between values, not between maximisers: "
                "the argmax of a bound is in general not that of what it bounds"
            )
        count = BOUND_DRAWS if kind.scalar else 3
        gaps: list[tuple[float, Evaluator]] = []
        spent = 0
        for evaluator, left, right in self.values(pair, kind, step, count):
            if left.shape or right.shape or left.unsized or right.unsized:
                raise Meaningless(f"{left.kind} is compared with {right.kind}")
            gaps.append((self.gap(pair, left, right, evaluator), evaluator))
            spent += evaluator.spent
            dear = spent > DEAR or evaluator.chosen  # a maximiser is searched at each draw
            if dear and len(gaps) > 2:
                break
        if kind.scalar and not evaluator.chosen:
            self.search(pair, min(gaps, key=lambda found: found[0])[1], step)
        return max(gap for gap, _ in gaps) > 1e-5

    @staticmethod
    def gap(pair: Pair, left: Quantity, right: Quantity, evaluator: Evaluator) -> float:
        """By how much the inequality holds, relative to its sides; Broken if not."""
        a, b = map(float, comparable(left, right))
        sign = 1 if pair.relation in ("≥", ">") else -1
        gap = sign * (a - b) / max(abs(a), abs(b), 1e-3)
        if gap < -1e-6 or pair.relation in "><" and gap <= 0:
            raise Broken(both(left, right, evaluator))
        return gap

    def search(self, pair: Pair, evaluator: Evaluator, step: Step) -> None:
        """An adversary moves all that the formula leaves open to where the gap is least."""
        world, evaluator.spent = evaluator.world, BUDGET - DEAR
        open_names = [f"free {name}" for name in evaluator.named if name.isidentifier()]
        sizes = {name: array.size for name, array in world.parameters.items()}
        sizes |= dict.fromkeys(open_names, 1)
        places = [(name, i) for name, size in sizes.items() for i in range(size)]

        def gap(moves: dict[tuple[str, int], float]) -> float:
            way: dict[str, np.ndarray] = {}
            for (name, i), size in moves.items():
                shape = world.parameters[name].shape if name in world.parameters else ()
                way.setdefault(name, np.zeros(shape)).reshape(-1)[i] += size
            try:
                return evaluator.moved(way, 1.0, lambda: self.gap(
                    pair, evaluator(pair.left), evaluator(pair.right), evaluator
                ))  # fmt: skip
            except (OutOfDomain, Foreign):
                return np.inf

        here = gap({})
        felt = {place: abs(gap({place: 0.1}) - here) for place in places}
        felt = sorted((p for p in places if felt[p] > 1e-9), key=lambda p: -felt[p])[:8]
        if not felt:
            return
        simplex = np.vstack([np.zeros(len(felt)), 0.3 * np.eye(len(felt))])
        found = minimize(
            lambda moves: gap(dict(zip(felt, moves, strict=True))), simplex[0],
            method="Nelder-Mead", options={"maxfev": SEARCH, "initial_simplex": simplex},
        )  # fmt: skip
        step.how = f"an adversary's least gap is {max(found.fun, 0):.1e}"


def half_a_digit(node: t.Node) -> float | None:
    """Half a unit in the last place of a decimal number."""
    node = t.bare(node)
    if isinstance(node, t.Add) and len(node.terms) == 1:
        node = node.terms[0]
    if not isinstance(node, t.Number):
        return None
    digits = next((d for d in range(12) if 10**d % node.value.denominator == 0), 12)
    return 0.5 * 10.0**-digits * 1.0001
