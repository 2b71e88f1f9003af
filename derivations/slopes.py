"""Derivatives, gradients and maximisers: the evaluator's part that moves parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq, minimize

from . import tree as t
from .quantity import Meaningless, OutOfDomain, Quantity, number
from .scope import POSITIVE
from .worlds import Foreign

DIRECTIONS = 3  # random ones, for the slopes in all parameters of a network

Inner = Callable[[], Quantity]


def five_points(body: Callable[[float], Quantity], step: float = 2e-3) -> Quantity:
    """The slope at 0 by a central difference of fourth order; its error is near 1e-11."""
    far, near = body(2 * step) - body(-2 * step), body(step) - body(-step)
    return (near * number(8.0) - far) * number(1 / (12 * step))


def base_of(variable: t.Node) -> t.Symbol:
    """What is varied: a name, also where it is written as its square."""
    variable = t.bare(variable)
    squared = isinstance(variable, t.Power) and variable.exponent == t.TWO
    symbol = variable.base if squared else variable
    if not isinstance(symbol, t.Symbol):
        raise Meaningless("vary a name or its square")
    return symbol


class Slopes:
    """Mixed into the evaluator; `self(node)` evaluates a node."""

    def _derivative(self, node: t.Derivative) -> Quantity:
        if node.nabla:
            return self.gradient(node)
        body: Inner = lambda: self(node.body)  # noqa: E731
        for variable in reversed(node.variables):
            body = self._partial(variable, body)
        return body()

    def _partial(self, variable: t.Node, body: Inner) -> Inner:
        symbol, squared = base_of(variable), isinstance(t.bare(variable), t.Power)
        return lambda: self.slope(symbol, squared, body)

    def slope(self, symbol: t.Symbol, squared: bool, body: Inner) -> Quantity:
        component = self.integers(symbol.component)
        whole = replace(symbol, component=())
        place = (symbol.key, self.integers(symbol.index))
        free = (
            symbol.key not in (*t.VARIABLES, *self.scope.shapes) and not self.scope.encoder
        )
        if component and free:  # a name of its own, as lambda_1
            place, whole, component = (f"{symbol.key}_{component}", ()), symbol, ()
        value = self(whole).plain()
        if value.rank and not component:
            raise Meaningless("this is a vector: differentiate by a component, or \\nabla")
        direction = np.zeros(value.shape)
        direction[tuple(i - 1 for i in component)[: value.rank]] = 1.0

        def moved(step: float) -> Quantity:
            shift = step * direction
            array = np.sqrt(value.array**2 + shift) if squared else value.array + shift
            with self.binding({place: replace(value, array=array)}):
                return body().plain()

        return five_points(moved)

    def gradient(self, node: t.Derivative) -> Quantity:
        """Along three random directions: enough for identities that are linear in it."""
        body: Inner = lambda: self(node.body)  # noqa: E731
        keys = tuple(getattr(v, "key", "") for v in node.variables)
        if set(keys) <= set(self.world.groups):
            parts = self.slopes_along(keys, body)
        else:
            if len(node.variables) > 1:
                raise Meaningless("a gradient in one name, or in all parameters")
            (symbol,) = map(base_of, node.variables)
            shape = self(symbol).shape
            if not shape:
                return self.slope(symbol, False, body)
            parts = [
                self.slope(replace(symbol, component=(t.Number(i + 1),)), False, body)
                for i in range(*shape)
            ]
        arrays = np.broadcast_arrays(*(part.array for part in parts))
        return Quantity(np.stack(arrays, axis=-1), rank=1)

    # ------------------------------------------------------------ parameters
    def slopes_along(self, keys: tuple[str, ...], body: Inner) -> list[Quantity]:
        """The slopes of `body` in random directions of all that the keys name."""
        ways = [self.direction(keys, i) for i in range(DIRECTIONS)]
        return [five_points(lambda s, w=w: self.moved(w, s, body).plain()) for w in ways]

    def direction(self, keys: tuple[str, ...], draw: int) -> dict[str, np.ndarray]:
        """A random direction in the parameters theta, phi, or of single free names."""
        rng = np.random.default_rng([self.world.seed, draw, 5])
        names: list[str] = []
        for key in keys:
            own = [] if key in ("theta", "phi") else ["free " + key]
            names += self.world.groups.get(key, own)
            if key == "theta":
                names += ["free " + name for name in self.scope.theta]
        direction = {}
        for name in names:
            free = name.startswith("free ")
            value = self._named(name).array if free else self.world.parameters[name]
            signs = rng.uniform(0.4, 1.0, value.shape), rng.choice([-1.0, 1.0], value.shape)
            direction[name] = signs[0] * signs[1]
        if not direction:
            raise Foreign("there is no parameter to vary")
        return direction

    def _named(self, name: str) -> Quantity:
        accent, _, rest = name.removeprefix("free ").rpartition(" ")
        name, _, label = rest.partition("_")
        return self(t.Symbol(name, accent, label)).plain()

    def moved(self, direction: dict[str, np.ndarray], step: float, body: Inner) -> Quantity:
        """`body` with all parameters moved by `step` along a direction."""
        before = self.world.parameters
        free, changed = {}, dict(before)
        for name, way in direction.items():
            if name.startswith("free "):
                value = self._named(name)
                moved = replace(value, array=value.array + step * way)
                free[name.removeprefix("free "), ()] = moved
            elif name in before:
                changed[name] = before[name] + step * way
        self.world.parameters = changed
        try:
            with self.binding(free):
                return body()
        finally:
            self.world.parameters = before

    # ------------------------------------------------------------ maximisers
    def _best(self, node: t.Best) -> Quantity:
        """The maximiser itself, found numerically, when one name is varied."""
        if len(node.arguments) != 1:
            raise Foreign("several arguments at once are not searched here")
        return self.best_values(node)[0]

    def best_values(self, node: t.Best) -> list[Quantity]:
        """By BFGS from the drawn values; names that must be positive move in their log."""
        symbols = [base_of(a) for a in node.arguments]
        if any(s.key in self.world.groups for s in symbols):
            raise Foreign("only single parameters are searched, not a network's")
        starts = [self(s).plain() for s in symbols]
        maps = [(np.log, np.exp) if s.name in POSITIVE else (np.copy,) * 2 for s in symbols]
        ends = np.cumsum([start.array.size for start in starts])[:-1]
        sign = -1.0 if node.sense == "argmax" else 1.0

        def unpacked(flat: np.ndarray) -> list[Quantity]:
            parts = zip(starts, np.split(flat, ends), maps, strict=True)
            return [
                replace(q, array=up(p).reshape(q.array.shape)) for q, p, (_, up) in parts
            ]

        def loss(flat: np.ndarray) -> float:
            places = zip(map(self.place, symbols), unpacked(flat), strict=True)
            with self.binding(dict(places)):
                return sign * float(self(node.body).plain().array)

        begin = [down(q.array).ravel() for q, (down, _) in zip(starts, maps, strict=True)]
        options = {"gtol": 1e-9, "maxiter": 200}
        found = minimize(loss, np.concatenate(begin), method="BFGS", options=options)
        return [
            q * q if isinstance(t.bare(a), t.Power) else q
            for q, a in zip(unpacked(found.x), node.arguments, strict=True)
        ]

    def inverse(self, name: t.Symbol, argument: t.Node) -> Quantity:
        """`F^{-1}(a)` for a defined, increasing F of one number."""
        target = self(argument).plain()
        if target.array.ndim:
            raise Foreign("an inverse function is searched for one number at a time")
        (parameter,) = self.scope.meanings[name.key + "()"].parameters

        def excess(value: float) -> float:
            with self.binding({(parameter.key, ()): number(value)}):
                at = self(t.Call(name, t.Group((parameter,)))).plain().array
                return float(at - target.array)

        if excess(-8) * excess(8) >= 0:
            raise OutOfDomain("the inverse function is not defined here")
        return number(brentq(excess, -8, 8, xtol=1e-13))
