"""An adversary for claims that a few moderate draws cannot refute.

It draws all that the formula leaves open from wide ranges, a hundred times as large and as
small as usual where no integral must hold them; then it goes downhill from where an
inequality held by the least. What it finds must fail nearby as well: so no rounding error
becomes a verdict, nor where other rounding errors explain what is found.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import minimize

from . import tree as t
from .calculus import At
from .evaluate import BUDGET, MATRIX_FUNCTIONS
from .notation import POSITIVE, RELATIONS, SIZES, WORLDLY, shaped
from .quantity import Meaningless, OutOfDomain, Quantity
from .relation import Broken, Pair, Step, both, comparable, difference
from .trial import DEAR, Kind, Trial
from .worlds import Foreign

FAR, NEAR = 2.0, 0.6  # powers of ten: of names in closed forms; where grids must hold all
WIDE_DRAWS, DEAR_DRAWS, FEW = 48, 12, 3  # closed forms, integrals, on many points
SEARCH, ROUNDS = 120, 4  # steps downhill; how often again, as long as it goes down
LIGHT = 5  # as much more is spent on a search whose steps are that much lighter
CLOSE = 1e-3  # a gap that is as good as none
NARROWEST = 0.08  # of what must stay positive, where a grid must resolve it
PLAIN = 1e-3  # relative: an equality that fails by this fails beyond all rounding
EXPLAINED = 0.3  # the share of a difference that other rounding errors make up
MATRICES = shaped("covariance")
OPEN = (t.Integral, t.Expectation, t.Divergence, t.Derivative, t.Best, t.Chosen)
Moves = dict[tuple[str, int], float]


# ---------------------------------------------------------------- inequalities
def held_by(pair: Pair, left: Quantity, right: Quantity) -> float:
    """By how much an inequality holds, relative to its sides; negative where it fails."""
    a, b = map(float, comparable(left, right))
    return RELATIONS[pair.relation].way * (a - b) / max(abs(a), abs(b), 1e-3)


def attack(
    trial: Trial, pair: Pair, kind: Kind, step: Step, least: At,
    equality: Pair | None = None,
) -> float:  # fmt: skip
    """The least gap that is met at wide draws and, in one dimension, on the way down.

    Raises Broken where the inequality fails; with an equality, only where that does, too.
    """
    fails = Failure(trial, pair, is_closed(trial) and kind.formulas, equality)
    starts = [(fails.gap_at(least), least)]
    wide = (WIDE_DRAWS, FAR) if fails.closed else (DEAR_DRAWS, NEAR)
    wide = wide if kind.scalar else (FEW, NEAR)
    for at in trial.draws(kind, *wide):
        starts.append((fails.gap_at(at), at))
    gap, lowest = min(starts, key=lambda found: found[0])
    if kind.scalar:
        gap = min(gap, fails.descend(lowest))
        step.how = f"an adversary's least gap is {gap:.1e}"
    return gap


def is_closed(trial: Trial) -> bool:
    """Is all of it a formula, without an integral, a slope or a search?"""
    scope = trial.scope
    bodies = (n for d in scope.meanings.values() for n in d.body.walk())
    return not any(isinstance(n, OPEN) or getattr(n, "name", "") == "ELBO"
                   for n in (*scope.nodes, *bodies))  # fmt: skip


class Failure:
    """Looks for a place where an inequality fails, and goes on failing nearby."""

    def __init__(
        self, trial: Trial, pair: Pair, closed: bool, equality: Pair | None = None
    ):
        self.trial, self.pair, self.closed = trial, pair, closed
        self.equality = equality
        self.effort = DEAR  # numbers to compute at one draw

    def gap_at(self, at: At, moves: Moves | None = None) -> float:
        """The difference of the sides, not relative; infinite where they have no value."""
        gap, relative, message = self._values(at, moves or {})
        least = -1e-6 if self.closed else -1e-4  # a grid is less exact where it is wide
        if relative < least and all(self._values(at, near)[1] < least
                                    for near in self._nearby(at, moves or {})):  # fmt: skip
            with at.shaken():
                again = self._values(at, moves or {})[1]
            if abs(again - relative) < EXPLAINED * abs(relative):
                raise Broken(message)
        return gap

    def _values(self, at: At, moves: Moves) -> tuple[float, float, str]:
        found: list[tuple[float, float, str]] = []

        def sides() -> Quantity:
            if self.trial.allowed(at) and self._positive(at):
                left, right = at(self.pair.left), at(self.pair.right)
                one, other = comparable(left, right)
                if not one.size == other.size == 1:
                    return at.calculus.number(0)
                a, b = one.item(), other.item()
                if np.isfinite(a) and np.isfinite(b):
                    gap = RELATIONS[self.pair.relation].way * (a - b)
                    relative = held_by(self.pair, left, right)
                    if relative < 0 and self.equality:
                        left, right = map(at, self.equality.sides)
                        relative = -1.0 if difference(left, right) > PLAIN else 0.0
                    found.append((gap, relative, self._shown(at, left, right)))
            return at.calculus.number(0)

        at.spent = max(at.spent, BUDGET - self.effort)
        try:
            at.calculus.moved(at, _ways(at, moves), 1.0, sides)
        except (OutOfDomain, Foreign):
            pass
        return found[0] if found else (np.inf, np.inf, "")

    def _shown(self, at: At, left: Quantity, right: Quantity) -> str:
        moved = {n: at.bound[n, ()] for n in at.met.named if (n, ()) in at.bound}
        before, at.met.named = at.met.named, at.met.named | moved
        text, at.met.named = both(left, right, at), before
        return text

    def _positive(self, at: At) -> bool:
        """Is still positive what always is? A narrow peak would fall between the points."""
        least = 0.0 if self.closed else NARROWEST
        known = at.world.parameters.items()
        spreads = [a for n, a in known if n == "t" or n.endswith("scale")]
        noise = at.world.parameters.get("noise", np.asarray(1.0))  # a variance
        spreads.append(np.sign(noise) * np.sqrt(np.abs(noise)))
        moved = [name for name in at.met.named if (name, ()) in at.bound]
        matrices = [name for name in moved if name in at.scope.shapes]
        spread = [name for name in moved if base_name(name) in POSITIVE]
        spread += [name for name in matrices if base_name(name) in MATRICES]
        spreads += [at.bound[name, ()].plain().array for name in spread]
        chances = (at.world.parameters[name] for name in at.world.chances)
        inside = all(np.all((array > 0) & (array < 1)) for array in chances)
        return inside and all(np.all(array > least) for array in spreads)

    def _nearby(self, at: At, moves: Moves) -> Iterator[Moves]:
        rng = np.random.default_rng(3)
        for _ in range(4):
            steps = {place: 1e-4 * rng.normal() for place in self._places(at)}
            yield {p: moves.get(p, 0.0) + steps[p] * _size(at, p) for p in steps}

    def _places(self, at: At) -> list[tuple[str, int]]:
        """All numbers that the formula leaves open."""
        sizes = {name: array.size for name, array in at.world.parameters.items()}
        if not self.trial.open_noise:
            sizes.pop("noise", None)
        sizes |= {f"free {n}": 1 for n in at.met.named if n.isidentifier()}
        return [(name, i) for name, size in sizes.items() for i in range(size)]

    def descend(self, at: At) -> float:
        """Downhill in what moves the gap most; the least gap that is met."""
        at.spent = BUDGET - DEAR
        here = self.gap_at(at)
        if not np.isfinite(here):
            return here
        if at.world.formulas and at.spent - (BUDGET - DEAR) < DEAR / LIGHT:
            self.effort, at.spent = LIGHT * DEAR, BUDGET - LIGHT * DEAR
        felt = {p: abs(self.gap_at(at, {p: 0.1 * _size(at, p)}) - here)
                for p in self._places(at)}  # fmt: skip
        moving = (p for p, gap in felt.items() if 1e-12 < gap < np.inf)
        most = sorted(moving, key=lambda p: -felt[p])[:8]
        if not most:
            return here
        sizes = np.array([_size(at, place) for place in most])

        def gap(moves: np.ndarray) -> float:
            return self.gap_at(at, dict(zip(most, moves * sizes, strict=True)))

        place, least = np.zeros(len(most)), here
        for _ in range(ROUNDS if at.world.formulas else 1):  # a chain is dear
            size = np.maximum(np.abs(place), 1)
            simplex = np.vstack([place, place + 0.3 * np.diag(size)])
            options = {"maxfev": SEARCH, "initial_simplex": simplex}
            found = minimize(gap, place, method="Nelder-Mead", options=options)
            before, least, place = least, float(found.fun), found.x
            if not CLOSE < least < before / 2:  # it is there, or goes down no more
                break
        return max(least, 0.0)


def base_name(key: str) -> str:
    """Without accent and label: `sigma` of `hat sigma_x`."""
    return key.rpartition(" ")[2].partition("_")[0]


def _ways(at: At, moves: Moves) -> dict[str, np.ndarray]:
    way: dict[str, np.ndarray] = {}
    for (name, i), size in moves.items():
        known = at.world.parameters
        shape = known[name].shape if name in known else ()
        way.setdefault(name, np.zeros(shape)).reshape(-1)[i] += size
    return way


def _size(at: At, place: tuple[str, int]) -> float:
    """How large a number is, so that steps fit to it."""
    name, i = place
    if name in at.world.parameters:
        return max(abs(float(at.world.parameters[name].reshape(-1)[i])), 0.1)
    value = at.met.named.get(name.removeprefix("free "))
    return max(abs(float(value.plain().array.ravel()[0])), 0.1) if value else 1.0


# ---------------------------------------------------------------- equalities
def sized(trial: Trial, kind: Kind) -> Iterator[At]:
    """Wide draws; a formula of plain names alone holds for any number of data, too."""
    nodes = trial.scope.nodes
    names = [n for n in nodes if isinstance(n, t.Symbol)]
    plain = not any(n.name in WORLDLY or n.component for n in names)
    plain &= not any(getattr(n, "name", "") in MATRIX_FUNCTIONS for n in nodes)
    for at in trial.draws(kind, WIDE_DRAWS, FAR):
        rng = np.random.default_rng(at.world.seed)
        for name in SIZES if plain and not trial.scope.shapes else ():
            high = rng.choice([3, 12, 10**6])
            setattr(at.world, name, int(rng.integers(1, high, endpoint=True)))
        yield at


def tried_widely(trial: Trial, pair: Pair, kind: Kind) -> bool:
    """A formula with cases may hold where draws are moderate, and fail beyond.

    False where that cannot be tried: a grid holds no wide density.
    """
    densities = any(map(t.is_density, trial.scope.nodes))
    if densities or not is_closed(trial):
        return False
    for at in sized(trial, kind):
        try:
            left, right = (at(side) for side in pair.sides)
            apart = difference(left, right)
        except (Meaningless, Foreign):
            continue
        if apart > PLAIN and not lost(pair, left, right, at):
            raise Broken(both(left, right, at))
    return True


def lost(pair: Pair, left: Quantity, right: Quantity, at: At) -> bool:
    """Have the sides too few digits to differ? Then other rounding errors show it."""
    apart = difference(left, right)
    try:
        with at.shaken():
            again = [at(side) for side in pair.sides]
        pairs = zip((left, right), again, strict=True)
        return not max(difference(*pair) for pair in pairs) < EXPLAINED * apart
    except OutOfDomain:
        return True
