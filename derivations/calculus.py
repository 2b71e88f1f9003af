"""The calculus of numbers: integrals on grids, slopes by differences, maximisers by search.

Integrals are sums over the world's quadrature points, all at once; each one that has not
converged or is cut off is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import brentq, minimize

from . import names as _names  # noqa: F401 (registers what names and calls are worth)
from . import tree as t
from .evaluate import Budget, Calculus, Evaluator, Place, base_of
from .notation import COINS, PARAMETERS, POSITIVE, VARIABLES
from .quantity import Meaningless, OutOfDomain, Quantity, Unknown, holds, number
from .scope import Scope
from .worlds import (
    Axis,
    Foreign,
    NumericWorld,
    bernoulli,
    full_gaussian,
    gaussian,
    grid_axis,
    line_axis,
)

MOST_POINTS = 6_000_000  # of one integral
MOST_NESTED = 30_000_000  # of all that are open
ENDLESS = 1e3  # a search that gets so far finds no maximum
KINK = "an integral over a kink or a jump is not exact here: write one for each side"
DIRECTIONS = 3  # random ones, for the slopes in all parameters of a network

At = Evaluator[Quantity]
Inner = Callable[[], Quantity]


class Unreliable(OutOfDomain):
    """The quadrature did not converge, or the integral diverges."""


class Endless(Meaningless):
    """What is maximised grows without end."""


def numeric(world: NumericWorld, scope: Scope, budget: Budget | None = None) -> At:
    """An evaluator of trees in a world of numbers.

    >>> from derivations.block import read_block
    >>> from derivations.worlds import Line
    >>> half = read_block(r"\\int_{0}^{1} x \\, dx").lines[0].first
    >>> round(float(numeric(Line(0), Scope())(half).array), 9)
    0.5
    """
    return Evaluator(world, scope, Numbers(world), budget or Budget())


@lru_cache
def gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Knots and weights on [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(n)
    return (points + 1) / 2, weights / 2


def knots_between(low: float, high: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Knots and weights of a rule from low to high, one of which may be infinite.

    >>> x, weight = knots_between(0, math.inf, 60)
    >>> round(float(np.sum(weight * np.exp(-x))), 9)
    1.0
    """
    u, weights = gauss_legendre(n)
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * u, (high - low) * weights
    if low > high:
        points, turned = knots_between(high, low, n)
        return points, -turned
    far, slope = u / (1 - u), weights / (1 - u) ** 2
    if math.isfinite(low):
        return low + far, slope
    if math.isfinite(high):
        return high - far, slope
    raise Meaningless("an integral without end on both sides has no direction here")


def five_points(body: Callable[[float], Quantity], step: float = 1e-3) -> Quantity:
    """The slope at 0 by a central difference of fourth order; its error is near 1e-11."""
    far, near = body(2 * step) - body(-2 * step), body(step) - body(-step)
    return (near * number(8.0) - far) * number(1 / (12 * step))


class Numbers(Calculus[Quantity]):
    """What a `Calculus` promises, by numbers."""

    def __init__(self, world: NumericWorld):
        self.world = world

    def number(self, value: float | Fraction) -> Quantity:
        return number(value)

    # ------------------------------------------------------------ laws
    def law(self, name: str, value: Quantity, parameters: list[Quantity]) -> Quantity:
        if name in COINS:
            return bernoulli(value, *parameters)
        mean, variance = parameters
        kinds = f"{mean.kind} and {variance.kind}"
        if not value.rank:
            if mean.rank or variance.rank or mean.unsized or variance.unsized:
                raise Meaningless(f"N of a number with {kinds}")
            if np.any(variance.plain().array <= 0):
                raise OutOfDomain("a variance that is not positive")
            return gaussian(value, mean, variance)
        if variance.unsized == "I":
            variance = Quantity(variance.widened(2) * np.eye(value.shape[0]), rank=2)
        if variance.rank == 1 and variance.shape == value.shape:  # of each component
            variance = Quantity(variance.widened(2) * np.eye(value.shape[0]), rank=2)
        if variance.rank != 2:
            what = f"{variance.kind} as the covariance of {value.kind}"
            raise Meaningless(f"{what}: write diag or I")
        if value.rank != 1 or variance.shape[0] != value.shape[0]:
            raise Meaningless(f"N of {value.kind} with {kinds}")
        return full_gaussian(value, mean, variance.array)

    # ------------------------------------------------------------ integrals
    def discrete(self, name: str) -> bool:
        return not self._axis(name).continuous

    def _axis(
        self, name: str, many: int = 1, coarse: bool = False, inner: bool = False
    ) -> Axis:
        """Of several variables at once, each has fewer points."""
        own = self.world.inner_axis if inner else self.world.axis
        axis = line_axis() if name.endswith(")") else own(name)
        if axis.continuous and coarse and axis.rank:
            if axis.points.shape[1] > 2:
                raise Foreign("too many dimensions to integrate")
            return grid_axis(31)
        many_here = axis.continuous and many > 2 and not self.world.chain
        return line_axis(-9.03, 9.11, 61) if many_here else axis

    def integrate(
        self, at: At, places: list[Place], body: Callable[[list[Quantity]], Quantity],
        mean: bool = False,
    ) -> Quantity:  # fmt: skip
        inner = bool(at.depth) and len(places) == 1
        axes = [self._axis(name, len(places), at.coarse, inner) for name, _ in places]
        wide = self.world.wide_axis(places[0][0]) if inner and mean else None
        try:
            return self._integral(at, places, axes, body)
        except Unreliable:
            if wide is None:
                raise
            return self._integral(at, places, [wide], body)

    def _integral(
        self, at: At, places: list[Place], axes: list[Axis],
        body: Callable[[list[Quantity]], Quantity],
    ) -> Quantity:  # fmt: skip
        own = math.prod(len(axis.points) for axis in axes)
        count = at.points * own
        if own > MOST_POINTS or count > MOST_NESTED:
            raise Foreign("too many dimensions to integrate")
        points, depth = [], at.depth
        for k, axis in enumerate(axes):
            shape = (len(axis.points),) + (1,) * (depth + k) + axis.points.shape[1:]
            points.append(Quantity(axis.points.reshape(shape), rank=axis.rank))
        bound = {**at.bound, **dict(zip(places, points, strict=True))}
        with at.within(depth=depth + len(axes), bound=bound, points=count):
            value = body(points)
        at.spend(value.size * 4)
        try:
            for k in reversed(range(len(axes))):
                value = _sum_axis(value, depth + k + 1, axes[k], k > 0 and not depth)
        except Unreliable:
            if at.coarse:
                raise Foreign("too many dimensions for so narrow a peak") from None
            raise
        return value

    def between(self, at: At, place: Place, node: t.Integral) -> Quantity:
        assert node.low is not None and node.high is not None
        limits = [at(limit).plain() for limit in (node.low, node.high)]
        if any(limit.array.ndim for limit in limits):
            raise Foreign("the limits of an integral are numbers here")
        low, high = (float(limit.array) for limit in limits)
        if (low, high) == (-math.inf, math.inf):
            return self.integrate(at, [place], lambda _: at(node.body))
        if not self.world.scalar or self.discrete(place[0]):
            raise Foreign("limits need one continuous dimension")
        rules = [knots_between(low, high, n) for n in (160, 130)]  # at once
        points = np.concatenate([knots for knots, _ in rules])
        own = Quantity(points.reshape(-1, *[1] * at.depth))
        bound, count = {**at.bound, place: own}, at.points * len(points)
        with at.within(depth=at.depth + 1, bound=bound, points=count):
            value = at(node.body).plain()
        totals = value.integrate(
            at.depth + 1, block_diag(*(weights for _, weights in rules))
        )
        fine, coarse = (total.array for total in totals)
        scale = max(1.0, float(np.max(np.abs(fine))))
        if not float(np.max(np.abs(fine - coarse))) <= 1e-9 * scale:
            raise Unreliable("the integral diverges, or the quadrature has not converged")
        return totals[0]

    # ------------------------------------------------------------ slopes
    def slope(self, at: At, symbol: t.Symbol, squared: bool, body: Inner) -> Quantity:
        component = at.integers(symbol.component)
        whole = replace(symbol, component=())
        place: Place = (symbol.key, at.integers(symbol.index))
        if symbol.key in VARIABLES and self.discrete(symbol.key):
            raise Foreign("a slope needs a continuous variable")
        free = symbol.key not in (*VARIABLES, *at.scope.shapes) and not at.scope.encoder
        if component and free:  # a name of its own, as lambda_1
            place, whole, component = (f"{symbol.key}_{component}", ()), symbol, ()
        value = at(whole).plain()
        if value.rank and not component:
            raise Meaningless("this is a vector: differentiate by a component, or \\nabla")
        if value.rank:
            value.component(component)  # is there such a one?
        direction = np.zeros(value.shape)
        direction[tuple(i - 1 for i in component)[: value.rank]] = 1.0

        def moved(step: float) -> Quantity:
            shift = step * direction
            array = np.sqrt(value.array**2 + shift) if squared else value.array + shift
            with at.binding({place: replace(value, array=array)}):
                return body().plain()

        return five_points(moved)

    def gradient(self, at: At, node: t.Derivative) -> Quantity:
        """Along three random directions: enough for identities that are linear in it."""
        body: Inner = lambda: at(node.body)  # noqa: E731
        keys = tuple(getattr(v, "key", "") for v in node.variables)
        if set(keys) <= set(self.world.groups):
            parts = slopes_along(at, keys, body)
        else:
            if len(node.variables) > 1:
                raise Meaningless("a gradient in one name, or in all parameters")
            symbol = base_of(node.variables[0])
            shape = at(symbol).shape
            if len(shape) > 1:
                raise Meaningless("a gradient in a matrix")
            if not shape:
                return self.slope(at, symbol, False, body)
            parts = [
                self.slope(at, replace(symbol, component=(n,)), False, body)
                for n in (t.Number(Fraction(i)) for i in range(1, shape[0] + 1))
            ]
        arrays = np.broadcast_arrays(*(part.array for part in parts))
        return Quantity(np.stack(arrays, axis=-1), rank=parts[0].rank + 1)

    def moved(
        self, at: At, way: dict[str, np.ndarray], step: float, body: Inner
    ) -> Quantity:
        before = self.world.parameters
        changed = dict(before)
        free: dict[Place, Quantity] = {}
        for name, direction in way.items():
            if name.startswith("free "):
                value = _named(at, name)
                moved = replace(value, array=value.array + step * direction)
                free[name.removeprefix("free "), ()] = moved
            elif name in before:
                changed[name] = before[name] + step * direction
        self.world.parameters = changed
        try:
            with at.binding(free):
                return body()
        finally:
            self.world.parameters = before

    # ------------------------------------------------------------ searches
    def maximisers(self, at: At, node: t.Best) -> list[Quantity]:
        """By BFGS from the drawn values; names that must be positive move in their log."""
        symbols = [base_of(a) for a in node.arguments]
        if any(s.key in self.world.groups for s in symbols):
            raise Foreign("only single parameters are searched, not a network's")
        starts = [at(s).plain() for s in symbols]
        logs = [s.name in POSITIVE for s in symbols]
        ends = np.cumsum([start.size for start in starts])[:-1]
        sign = -1.0 if node.sense == "argmax" else 1.0

        def unpacked(flat: np.ndarray) -> list[Quantity]:
            parts = zip(starts, np.split(flat, ends), logs, strict=True)
            return [
                replace(q, array=(np.exp(p) if log else p.copy()).reshape(q.array.shape))
                for q, p, log in parts
            ]

        def loss(flat: np.ndarray) -> float:
            places = zip(map(at.place, symbols), unpacked(flat), strict=True)
            with at.binding(dict(places)):
                value = at(node.body).plain().array
            if value.ndim:
                raise Meaningless("only a number can be maximised")
            return sign * float(value)

        begin = [
            (np.log(q.array) if log else q.array).ravel()
            for q, log in zip(starts, logs, strict=True)
        ]
        options = {"gtol": 1e-9, "maxiter": 200}
        found = minimize(loss, np.concatenate(begin), method="BFGS", options=options)
        if not np.all(np.abs(found.x) < ENDLESS):
            raise Endless(f"this has no {node.sense}: it goes on without end")
        return [
            q * q if isinstance(t.bare(a), t.Power) else q
            for q, a in zip(unpacked(found.x), node.arguments, strict=True)
        ]

    def tends(self, values: list[Quantity]) -> None:
        first, last = (value.plain().array for value in (values[0], values[-1]))
        if not np.all(np.abs(last - first) <= 1e-9 * np.maximum(1.0, np.abs(last))):
            raise Unknown("this tends to nothing that is found here")

    def smooth(self, at: At, value: Quantity) -> None:
        array = value.plain().array
        if self._summed(at) and np.any(array > 0) and np.any(array < 0):
            raise Unknown(KINK)

    def _summed(self, at: At) -> bool:
        """Is this within an integral over a continuous variable?"""
        points = (name for (name, _), v in at.bound.items() if v.array.ndim > v.rank)
        return any(not self.discrete(name) for name in points)

    def choose(self, at: At, node: t.Cases) -> Quantity:
        """On a grid the value may jump between two points: what is summed is not exact."""
        left: np.ndarray = np.asarray(True)
        total: Quantity | None = None
        for value, conditions in node.options:
            here = left
            for one, relation, other in conditions:
                here = here & holds(relation, at(one), at(other))
            left = left & ~here
            if np.any(here):
                own = at(value)
                if np.all(here):
                    return own
                if self._summed(at):
                    raise Unknown(KINK)
                array = own.plain().array
                rest = np.nan if total is None else total.array
                total = Quantity(np.where(here, array, rest))
        if total is None or np.any(left):
            raise OutOfDomain("no case holds here")
        return total

    def inverse(self, at: At, name: t.Symbol, argument: t.Node) -> Quantity:
        target = at(argument).plain()
        if target.array.ndim:
            raise Foreign("an inverse function is searched for one number at a time")
        parameters = at.scope.meanings[name.key + "()"].parameters
        if len(parameters) != 1:
            raise Meaningless("only a function of one number has an inverse here")
        (parameter,) = parameters
        place, image = (parameter.key, ()), t.Call(name, t.Group((parameter,)))

        def excess(value: float) -> float:
            with at.binding({place: number(value)}):
                return float(at(image).plain().array - target.array)

        if not excess(-8) * excess(8) < 0:
            raise OutOfDomain("the inverse function is not defined here")
        return number(brentq(excess, -8, 8, xtol=1e-13))


def _sum_axis(value: Quantity, position: int, axis: Axis, partly: bool) -> Quantity:
    """Sum over one axis, if coarser rules and the rim of the grid agree to it.

    `partly`: the other axes will be summed over, so what is small there may be wrong.
    """
    total, *others = value.integrate(position, axis.weights)
    if not others:
        return total
    if not np.all(np.isfinite(total.array)):
        raise Unreliable("the integral is not finite")
    coarse, thin, size, rim = (other.array for other in others)
    whole = total.array
    if value.logged and partly:
        top = np.max(whole)
        coarse, thin, rim, whole = (np.exp(a - top) for a in (coarse, thin, rim, whole))
    error, thinner = (
        float(np.max(np.abs(rule - whole), initial=0)) for rule in (coarse, thin)
    )
    if value.logged and partly:
        cut = float(np.max(rim))
    elif value.logged:
        cut = math.exp(min(float(np.max(rim - size, initial=-np.inf)), 1))
    else:
        scale = max(float(np.max(size)), 1e-300)
        cut, error = float(np.max(rim, initial=0)) / scale, error / scale
        thinner /= scale
    if cut > 1e-8:
        raise Unreliable("the integral diverges, or reaches beyond the grid")
    # The error falls like exp(-c/step^2): that of the fine rule is the fourth power.
    if error > 3e-3 or thinner > 0.15:
        raise Unreliable("the quadrature has not converged")
    return total


# ---------------------------------------------------------------- all parameters at once
def slopes_along(at: At, keys: tuple[str, ...], body: Inner) -> list[Quantity]:
    """The slopes of `body` in random directions of all that the keys name."""

    def along(way: dict[str, np.ndarray]) -> Quantity:
        return five_points(lambda s: at.calculus.moved(at, way, s, body).plain())

    return [along(_direction(at, keys, draw)) for draw in range(DIRECTIONS)]


def _direction(at: At, keys: tuple[str, ...], draw: int) -> dict[str, np.ndarray]:
    """A random direction in the parameters theta, phi, or of single free names."""
    rng = np.random.default_rng([at.world.seed, draw, 5])
    names: list[str] = []
    for key in keys:
        own = [] if key in PARAMETERS else ["free " + key]
        names += at.world.groups.get(key, own)
        if key == "theta":
            names += ["free " + name for name in at.scope.theta]
    direction = {}
    for name in names:
        free = name.startswith("free ")
        value = _named(at, name).array if free else at.world.parameters[name]
        signs = rng.uniform(0.4, 1.0, value.shape), rng.choice([-1.0, 1.0], value.shape)
        direction[name] = signs[0] * signs[1]
    if not direction:
        raise Foreign("there is no parameter to vary")
    return direction


def _named(at: At, name: str) -> Quantity:
    accent, _, rest = name.removeprefix("free ").rpartition(" ")
    name, _, label = rest.partition("_")
    return at(t.Symbol(name, accent, label)).plain()
