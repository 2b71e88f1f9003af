"""Draws: a block's sides at random parameters of a world, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from . import tree as t
from .calculus import At, numeric
from .evaluate import Budget, Met
from .notation import LAWS, NETWORKS
from .quantity import Meaningless, OutOfDomain, Quantity, holds
from .relation import Pair, Step, both
from .scope import Scope
from .worlds import Foreign, NumericWorld

DRAWS = 2  # in each world, at least
MOST_DRAWS = 200  # before giving up on finding a draw where both sides have a value
UNIT_NOISE = {*LAWS, *NETWORKS, "pi", "I", "0"}  # names that speak of it
DEAR = 6_000_000  # numbers computed, before an inequality or a vain search is left
Kind = type[NumericWorld]
T = TypeVar("T")


class Trial:
    """The worlds that one block is tried in, and what its sides were worth there.

    `scope` says what names mean; with another scope everything is computed anew. `used`
    collects the definitions that were looked up since it was last taken.
    """

    def __init__(self, source: str, scope: Scope, seed: int, budget: Budget):
        self.source, self.scope, self.seed, self.budget = source, scope, seed, budget
        self.used: set[str] = set()
        self._made: dict[tuple[Kind, int, float], At] = {}
        self._memory: dict[object, tuple[object, Met[Quantity], int]] = {}

    def under(self, scope: Scope) -> Trial:
        """The same draws where names mean something else."""
        return Trial(self.source, scope, self.seed, self.budget)

    def limited(self, effort: int) -> Trial:
        """The same draws with a budget of their own, for what is tried by the way."""
        budget = Budget(min(self.budget.left, effort))
        return Trial(self.source, self.scope, self.seed, budget)

    def take_used(self) -> frozenset[str]:
        """The definitions that were looked up since this was last asked."""
        used = frozenset(self.used)
        self.used.clear()
        return used

    @property
    def open_noise(self) -> bool:
        """Does nothing here say that the decoder's noise is of unit variance?"""
        return not any(getattr(node, "key", "") in UNIT_NOISE for node in self.scope.nodes)

    def draws(self, kind: Kind, count: int, reach: float = 0.0) -> Iterator[At]:
        """Worlds at which the stated conditions hold; with `reach`, from wide ranges.

        Raises Foreign if there is none: what is never tried is not shown.
        """
        wanted = count
        for attempt in range(MOST_DRAWS):
            place = kind, attempt, reach
            if place not in self._made:
                world = kind(1000 * self.seed + attempt, reach)
                if not self.open_noise:
                    world.parameters["noise"] = np.asarray(1.0)
                self._made[place] = numeric(world, self.scope, self.budget)
            at = self._made[place]
            at.met, at.spent = Met(used=self.used), 0
            if self.allowed(at):
                yield at
                count -= 1
            if not count:
                return
        if count == wanted:
            raise Foreign("no draw meets the conditions that are given")

    def one(self, kind: Kind) -> At:
        """The first of these worlds."""
        (at,) = self.draws(kind, 1)
        return at

    def allowed(self, at: At) -> bool:
        """Do the stated conditions hold here?"""
        for left, relation, right in self.scope.conditions:
            try:
                met = holds(relation, at(left), at(right))
            except (Meaningless, Foreign):
                continue
            if not np.all(met):
                return False
        return True

    def remembered(self, at: At, what: object, compute: Callable[[], T]) -> T:
        """A side belongs to two pairs of a chain; it is computed once.

        What was met on the way, open names and definitions, is met again.
        """
        known = self._memory.get((at, what))
        if known is None:
            spent, met = at.spent, Met[Quantity]()
            try:
                with at.within(met=met):
                    found = compute()
            finally:
                at.met.used |= met.used
            self._memory[at, what] = found, met, at.spent - spent
        else:
            found, met, cost = known  # type: ignore[assignment] # what compute() gave
            at.spent += cost
        at.met.named |= met.named
        at.met.used |= met.used
        return found

    def value(self, at: At, side: t.Node) -> Quantity:
        """What a side is worth at a draw."""
        return self.remembered(at, side, lambda: at(side))

    def values(
        self, pair: Pair, kind: Kind, step: Step, count: int
    ) -> Iterator[tuple[At, Quantity, Quantity]]:
        """Both sides at `count` draws; one where a side has no value is passed over."""
        trouble = OutOfDomain("a side has no value")
        done = wasted = 0
        for at in self.draws(kind, MOST_DRAWS):
            try:
                left, right = (self.value(at, side) for side in pair.sides)
                if not all(np.all(np.isfinite(side.array)) for side in (left, right)):
                    raise OutOfDomain("a side is not finite")
            except OutOfDomain as error:
                trouble, wasted = error, wasted + at.spent
                if wasted > DEAR:
                    break
                continue
            yield at, left, right
            done += 1
            step.draws += 1
            step.values = step.values or both(left, right, at)
            if done == count:
                return
        if not done:
            raise trouble
