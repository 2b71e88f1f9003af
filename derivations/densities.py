"""Densities, integrals and expectations: the part of the evaluator that is about chance.

Integrals are sums over the world's quadrature points, all at once; each one that has not
converged or is cut off is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np

from . import tree as t
from .quantity import Meaningless, OutOfDomain, Quantity
from .worlds import (
    Axis,
    Foreign,
    bernoulli,
    full_gaussian,
    gaussian,
    grid_axis,
    line_axis,
)

MOST_POINTS = 6_000_000  # of one integral
ARGUMENTS = {"Normal": 3, **dict.fromkeys(t.COIN, 2)}  # of a law, with its variable
DERIVED = ("p_theta(x)", "p_theta(z|x)", "p_theta(x,z)")

Inner = Callable[[], Quantity]
Integrand = Callable[[list[Quantity]], Quantity]


class Unreliable(OutOfDomain):
    """The quadrature did not converge, or the integral diverges."""


@lru_cache
def gauss_legendre() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(120)


class Densities:
    """Mixed into the evaluator; `self(node)` evaluates a node."""

    # ------------------------------------------------------------ laws
    def named_law(self, node: t.Call, value: Quantity | None = None) -> Quantity:
        """`\\mathcal{N}(x; \\mu, v)`, or `\\mathcal{N}(\\mu, v)` at `value`."""
        items, marks = node.group.items, node.group.marks
        count = ARGUMENTS[node.function.name]
        if len(items) == count and marks[0] in (";", "|"):
            value = self(items[0]) if value is None else value
            items = items[1:]
        elif len(items) != count - 1 or value is None:
            form = "(x; \\mu, \\sigma^2)" if count == 3 else "(x; \\pi)"
            raise Meaningless(f"a density is written {form}")
        law = self.normal if count == 3 else bernoulli
        return law(value, *map(self, items))

    def normal(self, value: Quantity, mean: Quantity, variance: Quantity) -> Quantity:
        kinds = f"{mean.kind} and {variance.kind}"
        if not value.rank:
            if mean.rank or variance.rank or mean.unsized or variance.unsized:
                raise Meaningless(f"N of a number with {kinds}")
            if np.any(variance.plain().array <= 0):
                raise OutOfDomain("a variance that is not positive")
            return gaussian(value, mean, variance)
        if variance.unsized == "I":
            variance = Quantity(variance.widened(2) * np.eye(*value.shape), rank=2)
        if variance.rank != 2:
            what = f"{variance.kind} as the covariance of {value.kind}"
            raise Meaningless(f"{what}: write diag or I")
        if variance.shape[0] != value.shape[0]:
            raise Meaningless(f"N of {value.kind} with {kinds}")
        return full_gaussian(value, mean, variance.array)

    # ------------------------------------------------------------ densities
    def density(self, node: t.Call) -> Quantity:
        """The value of p_theta(x, z) and its like; the semicolon's names are checked."""
        name, group = node.function, node.group
        for mark, item in zip(group.marks, group.items[1:], strict=True):
            if mark in "‖:~" or mark == ";" and not t.is_parameter(item):
                raise Meaningless(f"{mark} cannot stand in a density")
        before, after = t.split_bar(group)
        if t.role_of(before[0]) == "Data" or t.Constant("dots") in before:
            return self._of_the_data(name, before)
        values = {t.role_of(item): self(item) for item in before + after}
        if len(values) != len(before + after):
            raise Meaningless("a density of the same variable twice")
        if name.index:
            return self._one_of_many(node, values)
        return self.density_at(t.signature(node), values)

    def _one_of_many(self, node: t.Call, values: dict[str, Quantity]) -> Quantity:
        """q^{(n)}: a density of its own for each n."""
        name, indices = t.signature(node), self.integers(node.function.index)
        own = self.scope.meanings.get(name)
        if name != "q(z)" or len(indices) != 1 or own and len(own.letters) != 1:
            raise Meaningless("only q(z) has a sample index")
        if own:
            with self.at_index(own.letters[0], indices[0]):
                return self.density_at(name, values)
        shift = {
            f"q(z) {what}": np.asarray(0.17 * indices[0]) for what in ("mean", "scale")
        }
        if name in self.world.parameters:
            shift = {name: 0.4 * indices[0] * np.arange(3.0)}
        return self.moved(shift, 1.0, lambda: self.density_at(name, values))

    def _of_the_data(self, name: t.Symbol, items: list[t.Node]) -> Quantity:
        first, last = items[0], items[-1]
        listed = [first, last] == [
            replace(t.data_point(), index=(i,)) for i in (t.ONE, t.Symbol("N"))
        ]
        if not (first == t.Symbol("Data") or listed and len(items) > 2):
            raise Meaningless("the data are x^{(1)}, \\dots, x^{(N)}")
        each = t.Call(name, t.Group((t.data_point(),)))
        return self(t.Total("prod", "n", t.ONE, t.Symbol("N"), each))

    def density_at(self, name: str, values: dict[str, Quantity]) -> Quantity:
        """Look a density up, or derive it from the others: p(x, z) = p(x|z) p(z)."""
        own = self.scope.densities
        if not values.keys() <= {"x", "z", "epsilon"}:
            raise Meaningless(f"no density is called {name}")
        if name in own and name not in self.expanding:
            law = own[name]
            self.scope.used.add(name)
            pairs = {(p.key, ()): values[t.role_of(p)] for p in law.parameters}
            with self.within(
                bound={**self.bound, **pairs}, expanding=(*self.expanding, name)
            ):
                return self(law.body)
        changed = any(key.startswith(("p_theta", "p(z)")) for key in own)
        if not (changed and name in DERIVED):
            value = self.world.density(name, values)
            if value is not None:
                return value
        if "p_theta(x)" in own and name.startswith("p_theta"):
            raise Foreign("p_theta(x) is given; there is no latent variable")
        at = self.density_at
        if name == "p_theta(x,z)" and self.world.latent:
            return at("p_theta(x|z)", values) * at("p(z)", {"z": values["z"]})
        if name == "p_theta(z|x)" and self.world.latent:
            return at("p_theta(x,z)", values) / at("p_theta(x)", {"x": values["x"]})
        if name == "p_theta(x)" and self.world.latent:
            return self.integrate(
                [("z", ())], lambda points: at("p_theta(x,z)", {**values, "z": points[0]})
            )
        if name == "q_phi(z)":  # what the encoder gives on average over the population

            def joint(points: list[Quantity]) -> Quantity:
                x = {"x": points[0]}
                return at("q_phi(z|x)", {**values, **x}) * at("p_*(x)", x)

            return self.integrate([("x", ())], joint)
        if not self.world.latent and name != "p_theta(x)":
            raise Foreign(f"there is no {name} here")
        raise Meaningless(f"no density is called {name}")

    def law_of(self, density: t.Node, places: list) -> Integrand:
        """The density as a function of the points at `places`."""

        def at(points: list[Quantity]) -> Quantity:
            pairs = dict(zip(places, points, strict=True))
            if isinstance(density, t.Symbol):
                values = {t.role_of(t.Symbol(name)): v for (name, _), v in pairs.items()}
                return self.density_at(f"{density.key}({','.join(sorted(values))})", values)
            plain = {(name, ()): value for (name, _), value in pairs.items()}
            with self.binding({**plain, **pairs}):
                if isinstance(density, t.Call):
                    count = ARGUMENTS.get(density.function.name, 0)
                    if len(density.group.items) == count - 1:
                        return self.named_law(density, points[0])
                return self(density)

        return at

    def places_of(self, density: t.Node, partner: t.Node | None = None) -> list:
        """The variables that a density is a density of."""
        if isinstance(density, t.Symbol):
            return self.places_of(partner) if isinstance(partner, t.Call) else [("x", ())]
        if not t.is_density(density):
            raise Meaningless("this is not a density")
        items = t.split_bar(density.group)[0]
        count = ARGUMENTS.get(density.function.name)
        if count and len(density.group.items) < count:
            if isinstance(partner, t.Call) and len(partner.group.items) == count:
                return self.places_of(partner)
            return [("z" if self(density.group.items[0]).rank else "x", ())]
        places = []
        for item in items[:1] if count else items:
            if not isinstance(item, t.Symbol) or item.name not in t.VARIABLES:
                raise Meaningless("a density of what?")
            places.append(self.place(item))
        return places

    def place(self, symbol: t.Symbol) -> tuple[str, tuple[int, ...]]:
        indices = self.integers(symbol.index)
        if symbol.component and not self.world.scalar:
            component = self.integers(symbol.component)
            return f"{symbol.key}{component}", indices  # one coordinate, by itself
        return symbol.key, indices

    # ------------------------------------------------------------ integrals
    def axis(self, name: str, many: int = 1) -> Axis:
        """Of several variables at once, each has fewer points."""
        axis = line_axis() if name.endswith(")") else self.world.axis(name)
        if axis.continuous and self.coarse and axis.rank:
            if axis.points.shape[1] > 2:
                raise Foreign("too many dimensions to integrate")
            return grid_axis(31)
        return line_axis(-9.03, 9.11, 61) if axis.continuous and many > 2 else axis

    def integrate(
        self, places: list, body: Callable[[list[Quantity]], Quantity]
    ) -> Quantity:
        """Integrate `body` over all `places`; it receives the points as quantities."""
        axes = [self.axis(name, len(places)) for name, _ in places]
        if math.prod(len(axis.points) for axis in axes) > MOST_POINTS:
            raise Foreign("too many dimensions to integrate")
        points, depth = [], self.depth
        for k, axis in enumerate(axes):
            shape = (len(axis.points),) + (1,) * (depth + k) + axis.points.shape[1:]
            points.append(Quantity(axis.points.reshape(shape), rank=axis.rank))
        bound = {**self.bound, **dict(zip(places, points, strict=True))}
        with self.within(depth=depth + len(axes), bound=bound):
            value = body(points)
        self.spend(value.array.size * 4)
        try:
            for k in reversed(range(len(axes))):
                value = self._sum_axis(value, depth + k + 1, axes[k])
        except Unreliable:
            if self.coarse:
                raise Foreign("too many dimensions for so narrow a peak") from None
            raise
        return value

    def _sum_axis(self, value: Quantity, position: int, axis: Axis) -> Quantity:
        """Sum over one axis, if a coarser rule and the rim of the grid agree to it."""
        total, *others = value.integrate(position, axis.weights)
        if not others:
            return total
        if not np.all(np.isfinite(total.array)):
            raise Unreliable("the integral is not finite")
        coarse, size, rim = (other.array for other in others)
        error = float(np.max(np.abs(coarse - total.array), initial=0))
        if value.logged:
            cut = math.exp(min(float(np.max(rim - size, initial=-np.inf)), 1))
        else:
            scale = max(float(np.max(size)), 1e-300)
            cut, error = float(np.max(rim, initial=0)) / scale, error / scale
        if cut > 1e-8:
            raise Unreliable("the integral diverges, or reaches beyond the grid")
        # The error falls like exp(-c/step^2): that of the fine rule is the fourth power.
        if error > 3e-3:
            raise Unreliable("the quadrature has not converged")
        return total

    def _integral(self, node: t.Integral) -> Quantity:
        place = self.place(node.variable)
        if node.variable.name not in t.VARIABLES:
            raise Meaningless("integrate over x, z or \\epsilon")
        if node.counting and self.axis(place[0]).continuous:
            raise Foreign("a sum over the values of a continuous variable")
        if node.low is not None:
            return self._from_to(node, place)
        return self.integrate([place], lambda _: self(node.body))

    def _from_to(self, node: t.Integral, place) -> Quantity:
        limits = [self(limit).plain() for limit in (node.low, node.high)]
        if any(limit.array.ndim for limit in limits):
            raise Foreign("the limits of an integral are numbers here")
        low, high = (float(limit.array) for limit in limits)
        if (low, high) == (-math.inf, math.inf):
            return self.integrate([place], lambda _: self(node.body))
        if not self.world.scalar or not self.axis(place[0]).continuous:
            raise Foreign("limits need one continuous dimension")
        low, high = np.clip([low, high], -12.0, 12.0)
        knots, weights = gauss_legendre()
        points = ((high - low) / 2 * knots + (high + low) / 2).reshape(
            -1, *[1] * self.depth
        )
        bound = {**self.bound, place: Quantity(points)}
        with self.within(depth=self.depth + 1, bound=bound):
            value = self(node.body)
        weights = weights[None] * (high - low) / 2
        (total,) = value.plain().integrate(self.depth + 1, weights)
        return total

    # ------------------------------------------------------------ expectations
    def joint(self, pairs: list[tuple[list, t.Node]], inner: Inner) -> Quantity:
        """The expectation of `inner` when the places are drawn, each from its density."""
        places = [place for group, _ in pairs for place in group]

        def integrand(points: list[Quantity]) -> Quantity:
            total, rest = inner(), points
            for group, density in pairs:
                own, rest = rest[: len(group)], rest[len(group) :]
                total = self.law_of(density, group)(own) * total
            return total

        return self.integrate(places, integrand)

    def expect(self, drawn: list[t.Drawn], inner: Inner) -> Quantity:
        pairs = [([self.place(d.variable)], d.density) for d in drawn]
        return self.joint(pairs, inner) if pairs else inner()

    def _expectation(self, node: t.Expectation) -> Quantity:
        if node.kind != "E":  # Var is E of the square minus the square of E
            mean = self(replace(node, kind="E"))
            square = self(replace(node, kind="E", body=t.Power(node.body, t.TWO)))
            variance = square - mean * mean
            return variance if node.kind == "Var" else variance ** self.number(0.5)
        if not node.drawn and not self.scope.samples:
            raise Meaningless("over what? Name the density under the expectation")
        value: Inner = lambda: self(node.body)  # noqa: E731
        if not node.drawn:
            return self._over(self.scope.samples, node.body, value)
        if len(node.drawn) > 1 and not any(names for names, _ in node.drawn):
            pairs = [(self.places_of(density), density) for _, density in node.drawn]
            with self.within(coarse=True):
                return self.joint(pairs, value)
        for variables, density in reversed(node.drawn):
            value = self._average(variables, density, value, node.body)
        return value()

    def _average(self, variables, density: t.Node, inner: Inner, body: t.Node) -> Inner:
        data = isinstance(density, t.Call) and t.role_of(density.group.items[0]) == "Data"
        if data:
            law = t.Call(density.function, t.Group((t.Symbol("x"),)))
            return lambda: self._over((t.Drawn(t.data_point(), law),), body, inner)
        return lambda: self.joint(self._draws(variables, density), inner)

    def _draws(
        self, variables: tuple[t.Symbol, ...], density: t.Node
    ) -> list[tuple[list, t.Node]]:
        """Which places are drawn from which density."""
        if isinstance(density, t.Total) and density.kind == "prod":
            # \prod_{k=1}^{K} q(z^{(k)}): independent draws
            places = []
            for k in range(self.integer(density.low), self.integer(density.high) + 1):
                with self.at_index(density.index, k):
                    places += self.places_of(t.bare(density.body))
            return [(places, density)]
        if not variables:
            return [(self.places_of(density), density)]
        if len(variables) == 1 and len(variables[0].index) == 2:  # z^{(1:K)}
            low, high = self.integers(variables[0].index)
            places = [(variables[0].key, (i,)) for i in range(low, high + 1)]
        else:
            places = [self.place(v) for v in variables]
            (first, start), (last, stop) = places[0], places[-1]
            if len(places) == 2 and first == last and start == (1,) and stop:
                places = [(first, (i,)) for i in range(1, stop[0] + 1)]  # with dots between
        if len(places) > 1 and len(self.places_of(density)) == 1:
            return [([place], density) for place in places]
        return [(places, density)]

    def _over(self, samples: tuple[t.Drawn, ...], body: t.Node, inner: Inner) -> Quantity:
        """Over samples: term by term where the body is linear in averages, else jointly."""
        linear = degree(body, self.scope, samples) <= 1
        return (self.term_by_term if linear else self.jointly)(samples, inner)

    def term_by_term(self, samples: tuple[t.Drawn, ...], inner: Inner) -> Quantity:
        """Each sum over samples becomes the sum of the expectations of its terms."""
        with self.within(sampling=self.sampling + samples):
            return self.expect([d for d in samples if not d.variable.index], inner)

    def jointly(self, samples: tuple[t.Drawn, ...], inner: Inner) -> Quantity:
        pairs = [([p], d.density) for d in samples for _, p in self.sample_places(d)]
        return self.joint(pairs, inner)

    def sample_places(self, drawn: t.Drawn) -> list:
        """Every value of the index letters, with the place that it gives."""
        names = t.letters(drawn.variable.index)
        sizes = [range(1, self.size(t.UPPER.get(name, "N")) + 1) for name in names]
        return [(dict(zip(names, values, strict=True)), (drawn.variable.key, values))
                for values in product(*sizes)]  # fmt: skip

    def _divergence(self, node: t.Divergence) -> Quantity:
        left, right = t.bare(node.left), t.bare(node.right)
        places = self.places_of(left, right)
        if isinstance(right, t.Call) and self.places_of(right, left) != places:
            raise Meaningless("KL between densities of different variables")
        p, q = self.law_of(left, places), self.law_of(right, places)
        return self.integrate(places, lambda at: p(at) * (p(at) / q(at)).log())


# ---------------------------------------------------------------- samples
LINEAR = (t.Add, t.Group, t.Expectation, t.Integral, t.Derivative)


def degree(node: t.Node, scope, samples: tuple[t.Drawn, ...]) -> int:
    """0: free of the samples; 1: linear in averages over them; 2: anything else."""
    indexed = {d.variable.key for d in samples if d.variable.index}
    over = {letter for d in samples for letter in t.letters(d.variable.index)}

    def of(node: t.Node, inside: frozenset[str], seen: tuple[str, ...] = ()) -> int:
        if isinstance(node, t.Symbol):
            key = "z" if node.key == "hat x" else node.key
            if key in indexed and node.index:
                names = set(t.letters(node.index))
                return 0 if names and names <= inside else 2
            if key in scope.meanings and key not in seen:
                return of(scope.meanings[key].body, inside, (*seen, key))
            return 0
        summed = isinstance(node, t.Total) and node.kind == "sum"
        if summed and node.index in over:
            return 1 if of(node.body, inside | {node.index}, seen) == 0 else 2
        parts = [of(child, inside, seen) for child in node.children()]
        worst = max(parts, default=0)
        if isinstance(node, t.Product):
            return 2 * worst if "/" in node.operations else min(2, sum(parts))
        if isinstance(node, t.Quotient):
            return 2 if parts[1] else parts[0]
        return worst if summed or isinstance(node, LINEAR) else 2 * bool(worst)

    return of(node, frozenset())
