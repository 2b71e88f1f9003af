"""When two maximisers are the same, and when an expression is one: the judge's rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import tree as t
from .evaluate import Evaluator
from .quantity import Meaningless, OutOfDomain, Quantity
from .relation import DRAWS, Broken, Pair, Step, difference, show, where
from .slopes import base_of
from .worlds import Foreign, World


class Maximisers:
    """Mixed into the judge, which has the draws and the memory."""

    def same_maximiser(self, pair: Pair, kind: type[World], step: Step) -> bool:
        left, right = pair.sides
        estimated = pair.relation == "≈"
        if pair.relation not in ("=", "≈", ":="):
            raise Meaningless(f"{pair.relation} between two maximisers")
        if set(left.arguments) != set(right.arguments):
            raise Meaningless("the two sides are maximised over different arguments")
        samples = (pair.samples or self.scope.samples) if estimated else ()
        if estimated and not samples:
            raise Meaningless("what is sampled? State it at the line's end")
        if not estimated:
            self.same_place(pair, kind)
        keys = tuple(base_of(a).key for a in left.arguments)
        for evaluator in self.draws(kind, DRAWS):
            rows = [self.slopes(evaluator, left, keys, ())]
            rows += [self.slopes(evaluator, right, keys, samples)]
            self.parallel(*rows, evaluator, step)
            step.draws += 1
        step.how = "same slopes up to a positive factor"
        if estimated:
            step.how += ", in expectation: the maximisers meet only as the samples grow"
        return True

    def same_place(self, pair: Pair, kind: type[World]) -> None:
        """Of single names parallel slopes say little, so find both maximisers."""
        (evaluator,) = self.draws(kind, 1)
        try:
            left, right = (
                dict(zip(s.arguments, self.remembered(
                    evaluator, (s, "best"), lambda s=s: evaluator.best_values(s)),
                    strict=True))
                for s in pair.sides
            )  # fmt: skip
        except (Foreign, OutOfDomain):
            return
        for name, a in left.items():
            if difference(a, right[name]) > 1e-4:
                raise Broken(f"the maximisers are {show(a)} and {show(right[name])}")

    def slopes(self, evaluator: Evaluator, side: t.Best, keys, samples) -> np.ndarray:
        """The slopes of what is maximised, or of its logarithm, in random directions."""

        def body() -> Quantity:
            value = evaluator.term_by_term(samples, lambda: evaluator(side.body))
            if value.array.ndim:
                raise Meaningless("only a number can be maximised")
            return value.log() if value.logged else value

        key = (side.body, keys, samples)
        found = self.remembered(evaluator, key, lambda: evaluator.slopes_along(keys, body))
        sign = 1 if side.sense == "argmax" else -1
        return sign * np.array([float(slope.array) for slope in found])

    def parallel(self, left, right, evaluator: Evaluator, step: Step) -> None:
        here = where(evaluator)
        if np.max(np.abs(left)) < 1e-9 or np.max(np.abs(right)) < 1e-9:
            raise Broken(f"{here}one side does not depend on what is varied")
        factor = float(left @ right / (right @ right))
        error = float(np.max(np.abs(left - factor * right)) / np.max(np.abs(left)))
        shown = f"{here}slopes {np.round(left[:2], 4)} and {np.round(right[:2], 4)}"
        step.values = step.values or shown
        if error > 1e-5:
            raise Broken(f"{shown} are not proportional")
        if factor < 0:
            what = "what one side maximises the other minimises"
            raise Broken(f"{shown} are opposite: {what}")
        step.worst = max(step.worst, error)

    def is_maximiser(self, pair: Pair, kind: type[World], step: Step) -> bool:
        """`argmax f = expression`: the slope vanishes there, and elsewhere f is lower."""
        best, value = sorted(pair.sides, key=lambda side: not isinstance(side, t.Best))
        values = t.items_of(value)
        if len(values) != len(best.arguments):
            raise Meaningless("as many values are needed as arguments")
        for evaluator in self.draws(kind, DRAWS):
            places = {}
            for argument, expression in zip(best.arguments, values, strict=True):
                symbol, result = base_of(argument), evaluator(expression).plain()
                if symbol.key in evaluator.world.groups:
                    raise Foreign("the maximiser of a whole network has no formula")
                if result.shape:
                    raise Foreign("only numbers are tried as maximisers")
                root = isinstance(t.bare(argument), t.Power)
                result = result ** evaluator.number(0.5) if root else result
                places[evaluator.place(symbol)] = result
            self.peak(evaluator, best, places)
            step.draws += 1
        step.how = "the slope vanishes and neighbours are lower"
        return True

    def peak(self, evaluator: Evaluator, best: t.Best, places: dict) -> None:
        sign = 1 if best.sense == "argmax" else -1

        def value(moved: dict) -> float:
            with evaluator.binding({**places, **moved}):
                try:
                    return sign * float(evaluator(best.body).array)
                except OutOfDomain:
                    return -np.inf

        here, top = where(evaluator), value({})
        if not np.isfinite(top):
            raise OutOfDomain("what is maximised has no value there")
        for place, at in places.items():
            for relative in (0.3, 0.05, 0.002):
                size = relative * max(abs(float(at.array)), 0.3)
                moves = [replace(at, array=at.array + way * size) for way in (-1, 1)]
                low, high = (value({place: moved}) for moved in moves)
                if max(low, high) > top:
                    better = moves[high > low]
                    tried = ((at, sign * top), (better, sign * max(low, high)))
                    found = (f"at {place[0]} = {float(q.array):.5g} it is {v:.6g}"
                             for q, v in tried)  # fmt: skip
                    raise Broken(f"{here}not the best: {', but '.join(found)}")
            if low == high == top:
                raise Broken(f"{here}what is maximised does not depend on {place[0]}")
            if abs(high - low) > 0.05 * abs(low + high - 2 * top) + 1e-12:
                raise Broken(f"{here}the slope in {place[0]} is not zero there")
