"""Small worlds in which every quantity of the book can be computed.

A world fixes the sizes N, D, H, K, draws its parameters from a seed, and knows some
densities; what follows from them (evidence, posterior) is derived in evaluate.py. What is
not in a world does not exist there, which already catches many a p written for a q.

    Line      x and z are real numbers, everything is linear and Gaussian
    Curve     x in R^3, z in R^2, a tanh decoder with unit covariance, a tanh encoder
    Cube      z in R^3, no x
    Bits      as Curve, but x in {0, 1}^3 and the decoder gives the chance of each bit
    Coin      x is 0 or 1; no latent variable
    Finite    x and z take four and three values; densities are tables

No one world is enough: Line alone accepts E[decoder(z)] = decoder(E[z]).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any, ClassVar, Generic

import numpy as np

from .functions import any_function
from .notation import SCORES
from .quantity import Meaningless, OutOfDomain, Quantity, V, number, sigmoid

Place = tuple[str, tuple[int, ...]]  # a variable's name and its indices, e.g. x^{(2)}


class Foreign(Exception):
    """This world has no such thing; another may."""


# ---------------------------------------------------------------- integrals
@dataclass(frozen=True)
class Axis:
    """Quadrature points of one variable and their weights.

    The trapezoid rule on a smooth integrand that dies at both ends is accurate beyond
    all powers of the step. Every second point gives a second opinion, and every third one:
    a narrow peak that stands where the first sees no error is seen by the other. What is
    on the rim tells whether the integral was cut off.
    """

    points: np.ndarray
    weights: np.ndarray  # rows: fine; if continuous: each 2nd, each 3rd, fine, the rim

    @property
    def rank(self) -> int:
        """0 for numbers, 1 for vectors."""
        return self.points.ndim - 1

    @property
    def continuous(self) -> bool:
        """Are there more points between the points?"""
        return len(self.weights) > 1


@lru_cache
def line_axis(low: float = -15.03, high: float = 15.11, count: int = 257) -> Axis:
    """An interval, for the trapezoid rule."""
    points, step = np.linspace(low, high, count, retstep=True)
    fine = np.full(count, step)
    fine[[0, -1]] /= 2
    coarse, thin = (np.where(np.arange(count) % k == 0, k * fine, 0.0) for k in (2, 3))
    rim = np.zeros(count)
    rim[[0, -1]] = fine[[0, -1]]
    return Axis(points, np.stack([fine, coarse, thin, fine, rim]))


@lru_cache
def grid_axis(count: int = 61, dimensions: int = 2, reach: float = 9.03) -> Axis:
    """A square or a cube of such intervals."""
    axis = line_axis(-reach, reach + 0.08, count)
    fine, coarse, thin, *_ = axis.weights
    points = np.stack(np.meshgrid(*[axis.points] * dimensions, indexing="ij"), -1)
    rules = (fine, coarse, thin)
    whole, half, third = (reduce(np.multiply.outer, [w] * dimensions) for w in rules)
    rim = whole.copy()
    rim[(slice(1, -1),) * dimensions] = 0
    weights = np.stack([w.ravel() for w in (whole, half, third, whole, rim)])
    return Axis(points.reshape(-1, dimensions), weights)


def points_axis(points: np.ndarray) -> Axis:
    """Finitely many points; an integral is a sum."""
    return Axis(points, np.ones((1, len(points))))


# ---------------------------------------------------------------- laws
def gaussian(value: V, mean: V, variance: V) -> V:
    """N(value; mean, variance) of numbers, in any arithmetic."""
    difference = value - mean
    total = difference * difference / variance + (variance * value.of(2 * math.pi)).log()
    return (value.of(-0.5) * total).exp()


def diagonal_gaussian(value: Quantity, mean: Quantity, scale: Quantity) -> Quantity:
    """N(value; mean, diag(scale^2)) of vectors."""
    if value.shape and mean.shape and value.shape != mean.shape:
        raise Meaningless(f"a density of {value.kind} around {mean.kind}")
    square = ((value.array - mean.array) / scale.array) ** 2
    log = -0.5 * square - np.log(scale.array) - 0.5 * np.log(2 * np.pi)
    return Quantity(np.sum(log, axis=-1), logged=True)


def full_gaussian(value: Quantity, mean: Quantity, covariance: np.ndarray) -> Quantity:
    """N(value; mean, covariance) of vectors."""
    eigenvalues = np.linalg.eigvalsh(covariance)
    if np.any(eigenvalues <= 0):
        raise OutOfDomain("a covariance that is not positive")
    d = (value - mean).array
    square = np.einsum("...i,...ij,...j->...", d, np.linalg.inv(covariance), d)
    log = square + np.sum(np.log(2 * np.pi * eigenvalues), axis=-1)
    return Quantity(-0.5 * log, logged=True)


def bernoulli(value: Quantity, chance: Quantity) -> Quantity:
    """The chance of a bit, or of a vector of independent bits."""
    if value.rank != chance.rank:
        raise Meaningless(f"Bernoulli of {value.kind} with {chance.kind}")
    x, p = value.plain().array, chance.plain().array
    if np.any((p <= 0) | (p >= 1)):
        raise OutOfDomain("a chance outside of (0, 1)")
    if np.any((x != 0) & (x != 1)):
        raise Foreign("Bernoulli needs zeros and ones")
    log = x * np.log(p) + (1 - x) * np.log1p(-p)
    return Quantity(np.sum(log, axis=-1) if value.rank else log, logged=True)


@lru_cache(maxsize=100_000)
def drawn(seed: int, key: str, law: tuple[str, tuple[Any, ...]]) -> np.ndarray:
    """An array from NumPy's law of that name; the same key gives the same one."""
    name, arguments = law
    return getattr(np.random.default_rng([seed, *key.encode()]), name)(*arguments)


# ---------------------------------------------------------------- worlds
PRIORS = ("p(z)", "p_theta(z)", "p(epsilon)")  # all are standard normal


class World(ABC, Generic[V]):
    """What all worlds share: the sizes, and parameters drawn from a seed."""

    name: ClassVar[str]
    # No two sizes are alike where it can be helped, and no N - 1 is 1: else K for N,
    # or a product for a sum of two twos, would pass.
    N, D, H, K, M, B, L = 3, 1, 1, 2, 4, 5, 6
    scalar = True  # are x and z plain numbers?
    latent = True
    chain = False  # are there nodes x_0, ..., x_T?
    formulas = True  # are its densities formulas, exact however wide the draws?
    chances: ClassVar[tuple[str, ...]] = ()  # parameters between 0 and 1
    own_sizes: ClassVar[Mapping[str, int]] = {}  # that no other world has
    groups: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, seed: int):
        self.seed = seed
        self.parameters: dict[str, np.ndarray] = {}
        self.draw_parameters(np.random.default_rng([seed, 11]))

    @abstractmethod
    def draw_parameters(self, rng: np.random.Generator) -> None:
        """Draw all parameters, and the densities that have some."""

    @abstractmethod
    def __getitem__(self, name: str) -> V:
        """A parameter."""

    @abstractmethod
    def variable(self, name: str, index: tuple[int, ...]) -> V:
        """A data point or a latent point; the same name and index give the same point."""

    @abstractmethod
    def free(self, name: str, shape: tuple[int, ...], kind: str) -> V:
        """A parameter that only the formula names: mu, a variance, a matrix."""

    @abstractmethod
    def unsized(self, name: str) -> V:
        """The identity I, a vector of zeros or of ones, of the size that fits."""

    @abstractmethod
    def any_function(
        self, name: str, values: list[V], traits: frozenset[str], group: str
    ) -> V:
        """A smooth function standing for 'any f' that is all of `traits`.

        `group` is theta or phi where the function has these parameters.
        """

    @abstractmethod
    def density(self, name: str, values: Mapping[str, V]) -> V | None:
        """The density called e.g. 'q_phi(z|x)' at these values, or None if unknown."""

    def conditional(
        self, letter: str, values: Mapping[Place, V], given: Mapping[Place, V]
    ) -> V:
        """p or q of these nodes of a chain, given those."""
        raise Foreign("there is no chain here")

    def schedule(self, key: str, index: tuple[int, ...]) -> V | None:
        """A number that the world has for each step of a chain."""
        return None

    def free_letter(self, letter: str) -> int | None:
        """What an index letter is that nothing binds, if the world says so."""
        return None

    def decoder(self, z: V) -> V:
        """The mean of p_theta(x|z)."""
        raise Foreign("there is no decoder here")

    def encoder(self, x: V) -> tuple[V, V]:
        """The mean and the standard deviation of q_phi(z|x)."""
        raise Foreign("there is no encoder here")


class NumericWorld(World[Quantity]):
    """A world of numbers, with points to integrate over.

    With `reach`, all numbers are up to that many powers of ten larger or smaller.
    """

    def __init__(self, seed: int, reach: float = 0.0):
        super().__init__(seed)
        self.reach = reach
        self.parameters["noise"] = np.asarray(1.0)  # of x about the decoder's mean
        for name in self.parameters.keys() - set(self.chances):
            self.parameters[name] = self.parameters[name] * self.wide(name)

    def wide(self, *key: object) -> float:
        """A factor by which a number is larger than usual."""
        if not self.reach:
            return 1.0
        return float(10 ** self.draw("wide", *key, uniform=(-self.reach, self.reach)))

    def draw(self, *key: object, **law: tuple[Any, ...]) -> np.ndarray:
        """`draw('free', 'mu', uniform=(0, 1))`: the same key gives the same numbers."""
        return drawn(self.seed, repr(key), *law.items())

    def __getitem__(self, name: str) -> Quantity:
        array = self.parameters[name]
        return Quantity(array, rank=array.ndim)

    def free(self, name: str, shape: tuple[int, ...], kind: str) -> Quantity:
        size = self.draw("free", name, uniform=(0.55, 1.35, shape))
        if kind == "positive" and shape:  # a grid in R^3 must hold the density
            size = 0.65 + 0.375 * (size - 0.55)
        if kind == "chance":
            size = (size - 0.35) / 1.2
            return Quantity(
                sigmoid(self.wide(name) * np.log(size / (1 - size))), rank=len(shape)
            )
        if kind == "covariance":
            narrow = 0.25 if len(size) > 1 else 1.0  # a grid must hold the density
            size = narrow * size @ np.swapaxes(size, 0, 1) + 0.35 * np.eye(len(size))
        elif kind == "real":
            size = size * self.draw("sign", name, choice=((-1.0, 1.0), shape))
        return Quantity(np.asarray(size * self.wide(name)), rank=len(shape))

    def unsized(self, name: str) -> Quantity:
        value = np.asarray(0.0 if name == "0" else 1.0)
        return Quantity(value, unsized="" if self.scalar else name)

    @abstractmethod
    def axis(self, role: str) -> Axis:
        """The points of x, z or epsilon."""

    def inner_axis(self, role: str) -> Axis:
        """Those within another integral, at whose rim a mean may lie far out."""
        return self.axis(role)

    def wide_axis(self, role: str) -> Axis | None:
        """Where these were too few."""
        return None

    def any_function(
        self, name: str, values: list[Quantity], traits: frozenset[str], group: str
    ) -> Quantity:
        own = [self.parameters[key] for key in self.groups.get(group, ())]
        shift, letter = sum(map(np.sum, own)), name.partition("_")[2].partition(",")[0]
        names = [name]
        if letter in SCORES and values[0].rank:
            names = [f"{name}_{i}" for i in range(values[0].shape[0])]
        value, *more = (any_function(n, self.seed, traits, values, shift) for n in names)
        if more:
            value = Quantity(np.stack([v.array for v in (value, *more)], axis=-1), rank=1)
        return value * number(self.wide(name))


class LinearGaussian(World[V]):
    """p(z) = N(0, 1), x = w z + b + noise, q_phi(z|x) = N(a x + c, t^2)."""

    name = "linear-Gaussian, one dimension"
    groups: ClassVar[dict[str, list[str]]] = {"theta": ["w", "b"], "phi": ["a", "c", "t"]}
    ranges = {
        "w": (0.5, 1.2), "b": (0.2, 0.8), "a": (0.3, 0.7), "c": (0.2, 0.6),
        "t": (0.64, 0.9), "q(z) mean": (0.2, 0.8), "q(z) scale": (0.6, 0.9),
        "p(x) mean": (0.2, 0.8), "p(x) scale": (0.95, 1.15),
        "q(x) mean": (0.2, 0.8), "q(x) scale": (0.95, 1.15),
    }  # fmt: skip

    def draw_parameters(self, rng: np.random.Generator) -> None:
        for name, (low, high) in self.ranges.items():
            sign = 1.0 if name == "t" or "scale" in name else rng.choice([-1.0, 1.0])
            self.parameters[name] = np.asarray(sign * rng.uniform(low, high))
        # The population is no parameter: + const may depend on it, so it is held fixed.
        self.parameters["p_*(x) mean"] = np.asarray(0.37)
        self.parameters["p_*(x) scale"] = np.asarray(0.83)

    def decoder(self, z: V) -> V:
        return self["w"] * z + self["b"]

    def encoder(self, x: V) -> tuple[V, V]:
        return self["a"] * x + self["c"], self["t"]

    def density(self, name: str, values: Mapping[str, V]) -> V | None:
        value = values.get("epsilon") or values.get("z") or values["x"]
        one, w, noise = value.of(1), self["w"], self["noise"]
        if name in PRIORS:
            return gaussian(value, value.of(0), one)
        if name == "p_theta(x|z)":
            return gaussian(values["x"], self.decoder(values["z"]), noise)
        if name == "p_theta(x)":
            return gaussian(values["x"], self["b"], w * w + noise)
        if name == "p_theta(z|x)":
            spread = w * w + noise
            mean = w * (values["x"] - self["b"]) / spread
            return gaussian(values["z"], mean, noise / spread)
        if name == "q_phi(z|x)":
            mean, scale = self.encoder(values["x"])
            return gaussian(values["z"], mean, scale * scale)
        if name + " mean" in self.parameters:
            scale = self[name + " scale"]
            return gaussian(value, self[name + " mean"], scale * scale)
        return None


class Line(LinearGaussian[Quantity], NumericWorld):
    """One latent variable and one pixel, both real numbers; everything is Gaussian."""

    def __init__(self, seed: int, reach: float = 0.0):
        super().__init__(seed, reach)
        if seed % 2:  # often no other world judges: how many there are is not one number
            self.N, self.K, self.M, self.B, self.L = 2, 3, 3, 4, 5

    def variable(self, name: str, index: tuple[int, ...]) -> Quantity:
        point = self.draw("variable", name, index, uniform=(-1.4, 1.4))
        return number(float(point) * self.wide(name, index))

    def axis(self, role: str) -> Axis:
        # An encoder's mean at the rim of x must still lie inside the grid of z.
        return line_axis(-11.03, 11.11, 193) if role == "x" else line_axis()

    def wide_axis(self, role: str) -> Axis | None:
        """And the decoder's at the rim of z inside this one of x."""
        return line_axis(-25.03, 25.11, 435) if role == "x" else None


class Bent(Line):
    """One latent variable and one pixel, and nothing is Gaussian or linear but the noise.

    It is asked where no other world than `Line` could judge.
    """

    name = "tanh decoder, one dimension"
    formulas = False

    def decoder(self, z: Quantity) -> Quantity:
        return self["w"] * z + (self["b"] + z * number(1.3)).apply(np.tanh)

    def encoder(self, x: Quantity) -> tuple[Quantity, Quantity]:
        scale = x.apply(lambda s: np.exp(0.3 * np.tanh(s)))
        return (self["a"] * x).apply(np.tanh) + self["c"], self["t"] * scale

    def density(self, name: str, values: Mapping[str, Quantity]) -> Quantity | None:
        if name in ("p_theta(x)", "p_theta(z|x)"):
            return None  # an integral
        if name + " mean" not in self.parameters:
            return super().density(name, values)
        value = values.get("z") or values["x"]
        mean, width = self[name + " mean"], self[name + " scale"] * self[name + " scale"]
        high = gaussian(value, mean + number(0.9), width) * number(0.4)
        return high + gaussian(value, mean - number(0.6), width * number(0.5)) * number(0.6)


class Curve(NumericWorld):
    """p(z) = N(0, I), x = W tanh(V z + u) + b + noise of unit covariance."""

    name = "tanh decoder, x in R^3, z in R^2"
    N, D, H, K, M, B = 4, 3, 2, 5, 6, 3
    scalar = False
    groups = {"theta": ["W", "V", "u", "b"], "phi": ["A", "B", "c", "S"]}
    shapes = {
        "W": (3, 2), "V": (2, 2), "u": (2,), "b": (3,),
        "A": (2, 2), "B": (2, 3), "c": (2,), "S": (2, 3), "q(z) mean": (2,),
    }  # fmt: skip

    def draw_parameters(self, rng: np.random.Generator) -> None:
        for name, shape in self.shapes.items():
            self.parameters[name] = np.clip(rng.normal(0, 0.6, shape), -1.2, 1.2)
        self.parameters["q(z) scale"] = rng.uniform(0.6, 1.0, 2)

    def variable(self, name: str, index: tuple[int, ...]) -> Quantity:
        size = self.D if name == "x" else self.H
        point = self.draw("variable", name, index, uniform=(-1.3, 1.3, size))
        return Quantity(point * self.wide(name, index), rank=1)

    def axis(self, role: str) -> Axis:
        size = self.D if role == "x" else self.H
        return grid_axis(31, 3, 7.53) if size == 3 else grid_axis()

    def decoder(self, z: Quantity) -> Quantity:
        hidden = (self["V"] * z + self["u"]).apply(np.tanh)
        return self["W"] * hidden + self["b"]

    def encoder(self, x: Quantity) -> tuple[Quantity, Quantity]:
        mean = self["A"] * (self["B"] * x).apply(np.tanh) + self["c"]
        scale = (self["S"] * x).apply(lambda s: 0.7 * np.exp(0.25 * np.tanh(s)))
        return mean, scale

    def density(self, name: str, values: Mapping[str, Quantity]) -> Quantity | None:
        if name in PRIORS:
            value = values["epsilon" if "epsilon" in values else "z"]
            return diagonal_gaussian(value, number(0), number(1))
        if name == "p_theta(x|z)":
            return self.decoder_density(values["x"], self.decoder(values["z"]))
        if name == "q_phi(z|x)":
            return diagonal_gaussian(values["z"], *self.encoder(values["x"]))
        if name == "q(z)":
            return diagonal_gaussian(values["z"], self["q(z) mean"], self["q(z) scale"])
        if name in ("p(x)", "q(x)", "p_*(x)"):
            raise Foreign("x has no population here")
        return None

    def decoder_density(self, x: Quantity, mean: Quantity) -> Quantity:
        """p_theta(x|z), from what the decoder puts out."""
        return diagonal_gaussian(x, mean, Quantity(np.sqrt(self.parameters["noise"])))


class Cube(Curve):
    """z in R^3 and no x: here a sum of three twos is not their product."""

    name = "z in R^3"
    of = "z"  # the variable that there is
    groups: ClassVar[dict[str, list[str]]] = {}
    H, shapes = 3, {"q(z) mean": (3,)}

    def draw_parameters(self, rng: np.random.Generator) -> None:
        super().draw_parameters(rng)
        self.parameters["q(z) scale"] = rng.uniform(0.7, 1.0, 3)

    def variable(self, name: str, index: tuple[int, ...]) -> Quantity:
        if name not in (self.of, "epsilon"):
            raise Foreign(f"there is no {name} here")
        return super().variable(name, index)

    def axis(self, role: str) -> Axis:
        if role not in (self.of, "epsilon"):
            raise Foreign(f"there is no {role} here")
        return super().axis(role)

    def density(self, name: str, values: Mapping[str, Quantity]) -> Quantity | None:
        if name + " mean" in self.parameters:
            mean, scale = (self[f"{name} {what}"] for what in ("mean", "scale"))
            return diagonal_gaussian(values[self.of], mean, scale)
        if self.of == "x" and name != "p(epsilon)":
            raise Foreign(f"there is no {name} here")
        return super().density(name, values)


class Plane(Cube):
    """x in R^2 and no z: here x has a population."""

    name = "x in R^2"
    of, D, latent = "x", 2, False

    def draw_parameters(self, rng: np.random.Generator) -> None:
        fixed = np.random.default_rng(0)  # a fact: it is the same in each world
        for name, own in (("p(x)", rng), ("q(x)", rng), ("p_*(x)", fixed)):
            self.parameters[f"{name} mean"] = own.uniform(-1.1, 1.1, self.D)
            self.parameters[f"{name} scale"] = own.uniform(0.7, 1.0, self.D)


class Space(Plane):
    """Also, in R^3."""

    name = "x in R^3"
    D = 3


class Bits(Curve):
    """A Bernoulli decoder: x in {0, 1}^3, each bit with its own chance x_hat."""

    name = "Bernoulli decoder, x in {0,1}^3, z in R^2"

    def draw_parameters(self, rng: np.random.Generator) -> None:
        super().draw_parameters(rng)
        table = rng.normal(0, 0.8, (3, 8))
        self.parameters |= zip(("p(x)", "q(x)", "p_*(x)"), table, strict=True)

    def variable(self, name: str, index: tuple[int, ...]) -> Quantity:
        if name != "x":
            return super().variable(name, index)
        bits = self.draw("variable", name, index, integers=(0, 2, 3))
        return Quantity(bits.astype(float), rank=1)

    def decoder(self, z: Quantity) -> Quantity:
        return super().decoder(z).apply(sigmoid)

    def decoder_density(self, x: Quantity, mean: Quantity) -> Quantity:
        return bernoulli(x, mean)

    def axis(self, role: str) -> Axis:
        if role != "x":
            return super().axis(role)
        bits = np.stack(np.meshgrid(*[[0.0, 1.0]] * 3, indexing="ij"), -1).reshape(-1, 3)
        return points_axis(bits)

    def density(self, name: str, values: Mapping[str, Quantity]) -> Quantity | None:
        if name in ("p(x)", "q(x)", "p_*(x)"):
            place = np.round(values["x"].array @ np.array([4, 2, 1])).astype(int)
            table = self.parameters[name]
            return Quantity((table - np.log(np.sum(np.exp(table))))[place], logged=True)
        return super().density(name, values)


class Coin(NumericWorld):
    """x is 0 or 1. All there is to know is the chance, which the formula names."""

    name = "coin, x in {0, 1}"
    latent = False
    chances = ("p(x)", "q(x)", "p_*(x)")
    groups = {"theta": []}

    def draw_parameters(self, rng: np.random.Generator) -> None:
        if self.seed % 2:
            self.N = 5
        for name in ("p(x)", "q(x)"):
            self.parameters[name] = np.asarray(rng.uniform(0.2, 0.8))
        self.parameters["p_*(x)"] = np.asarray(0.37)

    def variable(self, name: str, index: tuple[int, ...]) -> Quantity:
        if name != "x":
            raise Foreign(f"there is no {name} here")
        # Neither all heads nor all tails: the best chance then lies inside (0, 1).
        forced: dict[tuple[int, ...], float] = {(1,): 1.0, (2,): 0.0}
        toss = float(self.draw("variable", name, index, integers=(0, 2)))
        return number(forced.get(index, toss))

    def axis(self, role: str) -> Axis:
        return points_axis(np.array([0.0, 1.0])) if role == "x" else line_axis()

    def density(self, name: str, values: Mapping[str, Quantity]) -> Quantity | None:
        chance = name in self.parameters
        return bernoulli(values["x"], self[name]) if chance else None


class Finite(NumericWorld):
    """x in {0, 1, 2, 3} and z in {0, 1, 2}; a sum is an integral here."""

    name = "finite, x of 4 or 29 values, z of 3 or 23"
    groups = {"theta": ["p_theta(x|z)"], "phi": ["q_phi(z|x)"]}
    N, K, M, B = 2, 4, 3, 3
    tables = ("p(z)", "p_theta(x|z)", "q_phi(z|x)", "q(z)", "p(x)", "q(x)", "p_*(x)")

    def draw_parameters(self, rng: np.random.Generator) -> None:
        self.counts = {"x": 29, "z": 23} if self.seed % 2 else {"x": 4, "z": 3}
        for name in self.tables:
            roles = name[name.index("(") + 1 : -1].split("|")
            fixed = name == "p_*(x)"  # a fact: it is the same in each world
            draws = np.random.default_rng(0) if fixed else rng
            self.parameters[name] = draws.normal(0, 0.8, [self.counts[r] for r in roles])

    def count(self, role: str) -> int:
        """How many values x or z takes."""
        if role not in self.counts:
            raise Foreign(f"there is no {role} here")
        return self.counts[role]

    def variable(self, name: str, index: tuple[int, ...]) -> Quantity:
        value = self.draw("variable", name, index, integers=(0, self.count(name)))
        return number(float(value))

    def axis(self, role: str) -> Axis:
        return points_axis(np.arange(float(self.count(role))))

    def density(self, name: str, values: Mapping[str, Quantity]) -> Quantity | None:
        name = "p(z)" if name == "p_theta(z)" else name
        if name not in self.parameters:
            return None
        table = self.parameters[name]
        logs = table - np.log(np.sum(np.exp(table), axis=0))
        roles = name[name.index("(") + 1 : -1].split("|")
        places = tuple(np.round(values[role].plain().array).astype(int) for role in roles)
        for place, size in zip(places, table.shape, strict=True):
            if np.any((place < 0) | (place >= size)):
                raise Foreign("this value does not occur here")
        return Quantity(logs[places], logged=True)
