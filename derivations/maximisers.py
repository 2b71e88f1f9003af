"""When two maximisers are the same, and when an expression is one.

Two `argmax` agree when the slopes are parallel at random points: then terms free of the
argument, positive factors and logarithms may come and go.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from . import tree as t
from .calculus import At, Endless, slopes_along
from .densities import term_by_term
from .evaluate import Place, base_of
from .notation import CHANCES, POSITIVE, VARIABLES
from .quantity import Meaningless, OutOfDomain, Quantity
from .relation import Broken, Pair, Step, difference, show, where
from .trial import DRAWS, Kind, Trial
from .worlds import Foreign

FAR = np.array([0.25, 0.5, 0.8, 1.25, 1.6, 2, 2.6, 3.2, 4, 5, 6.5, 8, 12, 20, 50, 200, 1e3])


def same_maximiser(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """`argmax f = argmax g`; with ≈, g in expectation over the samples."""
    left, right = pair.sides
    assert isinstance(left, t.Best) and isinstance(right, t.Best)
    estimated = pair.relation == "≈"
    if pair.relation not in ("=", "≈", ":="):
        raise Meaningless(f"{pair.relation} between two maximisers")
    if set(left.arguments) != set(right.arguments):
        raise Meaningless("the two sides are maximised over different arguments")
    samples = (pair.samples or trial.scope.samples) if estimated else ()
    if estimated and not samples:
        raise Meaningless("what is sampled? State it at the line's end")
    if not estimated:
        _same_place(trial, left, right, kind)
    keys = tuple(base_of(a).key for a in left.arguments)
    if any(key in VARIABLES and trial.one(kind).calculus.discrete(key) for key in keys):
        raise Foreign("slopes need a variable that is continuous")
    for at in trial.draws(kind, DRAWS):
        slopes = (
            _slopes(trial, at, left, keys, ()),
            _slopes(trial, at, right, keys, samples),
        )
        _parallel(*slopes, at, step)
        step.draws += 1
    step.how = "same slopes up to a positive factor"
    if estimated:
        step.how += ", in expectation: the maximisers meet only as the samples grow"
    return True


def _same_place(trial: Trial, left: t.Best, right: t.Best, kind: Kind) -> None:
    """Of single names parallel slopes say little, so find both maximisers."""
    at = trial.one(kind)

    def places(side: t.Best) -> dict[t.Node, Quantity] | Endless:
        try:
            found = trial.remembered(
                at, (side, "best"), lambda: at.calculus.maximisers(at, side)
            )
        except Endless as error:
            return error
        return dict(zip(side.arguments, found, strict=True))

    try:
        ours, theirs = places(left), places(right)
        if isinstance(ours, Endless) and isinstance(theirs, Endless):
            raise ours
        if isinstance(ours, Endless) or isinstance(theirs, Endless):
            raise Broken("only one of the maximisers is there: the other has no end")
    except (Foreign, OutOfDomain):
        return
    for name, a in ours.items():
        if difference(a, theirs[name]) > 1e-4:
            raise Broken(f"the maximisers are {show(a)} and {show(theirs[name])}")


def _slopes(
    trial: Trial,
    at: At,
    side: t.Best,
    keys: tuple[str, ...],
    samples: tuple[t.Drawn, ...],
) -> np.ndarray:
    """The slopes of what is maximised, or of its logarithm, in random directions."""

    def body() -> Quantity:
        value = term_by_term(samples, lambda: at(side.body), at)
        if value.array.ndim:
            raise Meaningless("only a number can be maximised")
        return value.log() if value.logged else value

    what = (side.body, keys, samples)
    found = trial.remembered(at, what, lambda: slopes_along(at, keys, body))
    sign = 1 if side.sense == "argmax" else -1
    return sign * np.array([float(slope.array) for slope in found])


def _parallel(left: np.ndarray, right: np.ndarray, at: At, step: Step) -> None:
    here = where(at)
    if np.max(np.abs(left)) < 1e-9 or np.max(np.abs(right)) < 1e-9:
        raise Broken(f"{here}one side does not depend on what is varied")
    factor = float(left @ right / (right @ right))
    error = float(np.max(np.abs(left - factor * right)) / np.max(np.abs(left)))
    shown = f"{here}slopes {np.round(left[:2], 4)} and {np.round(right[:2], 4)}"
    step.values = step.values or shown
    if error > 1e-5:
        raise Broken(f"{shown} are not proportional")
    if factor < 0:
        raise Broken(f"{shown} are opposite: what one side maximises the other minimises")
    step.worst = max(step.worst, error)


def is_maximiser(trial: Trial, pair: Pair, kind: Kind, step: Step) -> bool:
    """`argmax f = expression`: the slope vanishes there, and elsewhere f is lower."""
    best, value = sorted(pair.sides, key=lambda side: not isinstance(side, t.Best))
    assert isinstance(best, t.Best)
    values = t.items_of(value)
    if len(values) != len(best.arguments):
        raise Meaningless("as many values are needed as arguments")
    for at in trial.draws(kind, DRAWS):
        places: dict[Place, Quantity] = {}
        for argument, expression in zip(best.arguments, values, strict=True):
            symbol = base_of(argument)
            if symbol.name in ("p", "q"):
                raise Meaningless(
                    "the best density is not looked for here: say where a bound is an\n"
                    "equality, or which divergence is zero"
                )
            result = at(expression).plain()
            if symbol.key in at.world.groups:
                raise Foreign("the maximiser of a whole network has no formula")
            if result.shape:
                raise Foreign("only numbers are tried as maximisers")
            root = isinstance(t.bare(argument), t.Power)
            result = result ** Quantity.of(0.5) if root else result
            places[at.place(symbol)] = result
        _peak(at, best, places)
        for place in places:
            _highest(at, best, places, place)
        step.draws += 1
    step.how = "the slope vanishes and neighbours are lower"
    return True


def _height(at: At, best: t.Best, places: dict[Place, Quantity]) -> float:
    """What is maximised, or its negative; without a value it is no place for a maximum."""
    with at.binding(places):
        try:
            found = at(best.body).array
        except OutOfDomain:
            return -np.inf
    if found.ndim:
        raise Meaningless("only a number can be maximised")
    return float(found) * (1 if best.sense == "argmax" else -1)


def _highest(at: At, best: t.Best, places: dict[Place, Quantity], place: Place) -> None:
    """Near and far, nothing else is higher, nor another peak as high."""
    middle, top = places[place], _height(at, best, places)
    centre, name = float(middle.plain().array), place[0]
    least = 1e-9 * max(abs(top), 1e-3)

    def height(value: float) -> float:
        moved = replace(middle, array=np.asarray(value))
        return _height(at, best, {**places, place: moved})

    if name.partition("_")[0] in POSITIVE:
        values = abs(centre) * np.geomspace(1e-3, 1e3, 25)
    elif name in CHANCES and 0 < centre < 1:
        values = np.linspace(0, 1, 27)[1:-1]
    else:
        values = centre + max(abs(centre), 1.0) * np.concatenate([-FAR[::-1], FAR])
    heights = np.array([height(value) for value in values])
    if np.max(heights, initial=-np.inf, where=np.isfinite(heights)) > top + least:
        found = values[np.argmax(np.where(np.isfinite(heights), heights, -np.inf))]
        raise Broken(f"{where(at)}{name} = {found:.5g} is better")
    fall = top - np.max(heights[np.argsort(np.abs(values - centre))[:2]])
    for i in np.argsort(heights)[::-1][:3]:
        bounds = values[max(i - 1, 0)], values[min(i + 1, len(values) - 1)]
        if np.isfinite(heights[i]) and not bounds[0] < centre < bounds[1]:
            options = {"xatol": 1e-9}
            peak = minimize_scalar(lambda v: -height(v), bounds=bounds, options=options)
            if -peak.fun >= top - 1e-6 * fall and abs(peak.x - centre) > 1e-3:
                raise Broken(f"{where(at)}{name} = {peak.x:.5g} is as good, or better")


def _peak(at: At, best: t.Best, places: dict[Place, Quantity]) -> None:
    sign = 1 if best.sense == "argmax" else -1

    def value(moved: dict[Place, Quantity]) -> float:
        return _height(at, best, {**places, **moved})

    here, top = where(at), value({})
    if not np.isfinite(top):
        raise OutOfDomain("what is maximised has no value there")
    for place, middle in places.items():
        # a step that is small beside a scale, however small that is
        least = 0.0 if place[0].partition("_")[0] in POSITIVE else 0.3
        for relative in (0.3, 0.05, 0.002):
            size = relative * max(abs(float(middle.array)), least)
            moves = [replace(middle, array=middle.array + way * size) for way in (-1, 1)]
            low, high = (value({place: moved}) for moved in moves)
            if max(low, high) > top:
                better = moves[high > low]
                tried = ((middle, sign * top), (better, sign * max(low, high)))
                found = (f"at {place[0]} = {float(q.array):.5g} it is {v:.6g}"
                         for q, v in tried)  # fmt: skip
                raise Broken(f"{here}not the best: {', but '.join(found)}")
        if low == high == top:
            raise Broken(f"{here}what is maximised does not depend on {place[0]}")
        if abs(high - low) > 0.05 * abs(low + high - 2 * top) + 1e-12:
            raise Broken(f"{here}the slope in {place[0]} is not zero there")
