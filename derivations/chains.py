r"""Chains of variables: x_0, ..., x_T of a diffusion, or x with z_1, ..., z_T above it.

Everything is linear and Gaussian, so p and q are each one Gaussian of all nodes, and any
density, conditional or not, is exact: p(x_{t-1}|x_t), q(x_{t-1}|x_t, x_0), q(x_T|x_0).
A chain in x is Markov under both p and q. Of x, z_1, z_2 the block tells what depends on
what: p(x|z_1) is less than p(x|z_1, z_2), and q(z_2|x) less than q(z_2|z_1, x).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from . import tree as t
from .quantity import Quantity, number
from .worlds import Axis, Foreign, NumericWorld, Place, gaussian, line_axis

LENGTHS = (3, 2)  # T; no line passes in one length alone
SCHEDULE = ("alpha", "beta")  # where they stand, q(x_t|x_{t-1}) adds noise by beta_t


@dataclass(frozen=True)
class Shape:
    """The letter of the chain, what its node 0 is, and who depends on whom."""

    letter: str
    first: str  # 'x' where the chain is x, z_1, z_2; else the letter
    p: str = "markov"
    q: str = "markov"
    scheduled: bool = False
    top: int = 0  # the last node, where the block counts them out: z_1, z_2


# ---------------------------------------------------------------- what the block says
def chained(calls: Iterable[t.Call]) -> set[str]:
    """The variables of which a density speaks more than once: x_t and x_{t-1}, x_{1:T}."""
    found = set()
    for call in calls:
        if t.Constant("dots") in call.group.items:
            continue
        for letter in "xz":
            own = [
                i for i in call.group.items if isinstance(i, t.Symbol) and i.name == letter
            ]
            places = [i.component or i.index for i in own]
            if any(map(t.is_run, places)) or len(own) > 1 and all(places):
                found.add(letter)
    return found


def shape_of(nodes: tuple[t.Node, ...]) -> Shape | None:
    """The chain that a block speaks of, if it does."""
    calls = [n for n in nodes if isinstance(n, t.Call) and n.function.name in ("p", "q")]
    letters = chained(calls)
    steps = [n for n in nodes if isinstance(n, t.Symbol) and n.name in SCHEDULE and n.index]
    if not letters and not calls and steps:
        return Shape("x", "x", scheduled=True)
    if not letters:
        return None
    if len(letters) > 1:
        raise Foreign("only one chain is known here")
    (letter,) = letters
    own = [s for s in nodes if isinstance(s, t.Symbol) and s.name == letter]
    starts = any(s.index and _starts_at_zero(s.index[0]) for s in own)
    indices = [s.index[0] for s in own if s.index]
    counted = [int(i.value) for i in indices if isinstance(i, t.Number)]
    top = max(counted) if len(counted) == len(indices) else 0
    if letter == "x" or starts:
        return Shape(letter, letter, scheduled=bool(steps), top=top)
    behind = {(c.function.name, _spelled(c)) for c in calls}
    p = "markov"
    if ("p", "x|z_1,z_2") in behind or ("p", "x|z_{1:T}") in behind:
        apart = {("p", "z_1"), ("p", "z_2")} <= behind
        p = "apart" if apart and ("p", "z_1|z_2") not in behind else "full"
    q = "full"
    if ("q", "z_2|z_1") in behind or ("q", "z_t|z_{t-1}") in behind:
        q = "markov"
    elif {("q", "z_1|x"), ("q", "z_2|x")} <= behind:
        q = "apart"
    return Shape(letter, "x", p, q, bool(steps), top)


def _starts_at_zero(index: t.Node) -> bool:
    low = index.items[0] if isinstance(index, t.Group) else index
    return low == t.ZERO


def _spelled(call: t.Call) -> str:
    def name(node: t.Node) -> str:
        if not isinstance(node, t.Symbol) or not node.index:
            return getattr(node, "name", "?")
        (index,) = node.index
        if isinstance(index, t.Number):
            return f"{node.name}_{index.value}"
        if isinstance(index, t.Symbol):
            return f"{node.name}_{index.name}"
        return node.name + ("_{1:T}" if isinstance(index, t.Group) else "_{t-1}")

    sides = (",".join(sorted(map(name, side))) for side in t.split_bar(call.group))
    return "|".join(filter(None, sides))


# ---------------------------------------------------------------- the world
class Chain(NumericWorld):
    """Nodes 0, ..., T; `shape` and `T` are set by `chain_worlds`."""

    chain = True
    formulas = False  # its densities are computed from covariances
    chances = ("beta",)
    shape: ClassVar[Shape]
    T: ClassVar[int]
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "weight": (0.3, 0.65), "shift": (-0.4, 0.4), "scale": (0.6, 0.85),
        "beta": (0.25, 0.6),
    }  # fmt: skip

    @property
    def unit(self) -> float:
        """In which all nodes are measured: 1, where nothing is said to be N(0, 1).

        An adversary chooses another one, since densities, unlike divergences, grow with it.
        """
        return float(self.parameters["noise"])

    def draw_parameters(self, rng: np.random.Generator) -> None:
        for letter in "pq":
            for what in ("weight", "shift", "scale"):
                size = (self.T + 1, self.T + 1) if what == "weight" else (self.T + 1,)
                self.parameters[f"{letter} {what}"] = rng.uniform(*self.ranges[what], size)
        self.parameters["beta"] = rng.uniform(*self.ranges["beta"], self.T + 1)

    def parents(self, letter: str, node: int) -> list[int]:
        """p comes down from T, q goes up from 0."""
        above = range(node + 1, self.T + 1) if letter == "p" else range(node)
        kind = self.shape.p if letter == "p" else self.shape.q
        if kind == "full":
            return list(above)
        if kind == "apart":
            return [n for n in above if 0 in (n, node)]
        return [n for n in above if abs(n - node) == 1]

    def whole(self, letter: str) -> tuple[np.ndarray, np.ndarray]:
        """The mean and the covariance of all nodes under p or q."""
        weight, shift, scale = (
            self.parameters[f"{letter} {what}"].copy()
            for what in ("weight", "shift", "scale")
        )
        mixing = np.zeros_like(weight)
        for node in range(self.T + 1):
            above = self.parents(letter, node)
            if letter == "q" and self.shape.scheduled and node:
                mixing[node, node - 1] = np.sqrt(1 - self.parameters["beta"][node])
                shift[node], scale[node] = 0, np.sqrt(self.parameters["beta"][node])
            elif above:
                mixing[node, above] = weight[node, above] / np.sqrt(len(above))
            elif letter == "p":
                shift[node], scale[node] = 0, 1  # the prior is standard normal
        spread = np.linalg.inv(np.eye(self.T + 1) - mixing)
        shift, scale = self.unit * shift, self.unit * scale
        return spread @ shift, spread @ np.diag(scale**2) @ spread.T

    def node(self, place: Place) -> int:
        """Which node of the chain this is."""
        name, index = place
        if (name, index) == (
            self.shape.first,
            (),
        ) and self.shape.first != self.shape.letter:
            return 0
        low = 0 if self.shape.first == self.shape.letter else 1
        if name != self.shape.letter or len(index) != 1 or not low <= index[0] <= self.T:
            raise Foreign("there is no such node of the chain here")
        return index[0]

    def conditional(
        self, letter: str, values: Mapping[Place, Quantity], given: Mapping[Place, Quantity]
    ) -> Quantity:
        """log p(values | given), by the algebra of Gaussians."""
        mean, covariance = self.whole(letter)
        own, known = ([self.node(place) for place in side] for side in (values, given))
        if len({*own, *known}) < len(own) + len(known):
            raise Foreign("a density of the same node twice")
        gain = np.zeros((len(own), 0))
        inner = covariance[np.ix_(own, own)]
        if known:
            across = covariance[np.ix_(own, known)]
            gain = across @ np.linalg.inv(covariance[np.ix_(known, known)])
            inner = inner - gain @ across.T
        arrays = [v.plain().array for v in (*values.values(), *given.values())]
        away = [a - mean[n] for a, n in zip(arrays, [*own, *known], strict=True)]
        mine, theirs = away[: len(own)], away[len(own) :]
        left = [m - sum(g * a for g, a in zip(row, theirs, strict=True))
                for m, row in zip(mine, gain, strict=True)]  # fmt: skip
        precision = np.linalg.inv(inner)
        square = sum(precision[i, j] * left[i] * left[j]
                     for i in range(len(own)) for j in range(len(own)))  # fmt: skip
        log = -0.5 * (square + np.log(np.linalg.det(2 * np.pi * inner)))
        return Quantity(np.asarray(log), logged=True)

    def schedule(self, key: str, index: tuple[int, ...]) -> Quantity | None:
        """beta_t, alpha_t = 1 - beta_t, and the product of the alphas up to t."""
        if not self.shape.scheduled or len(index) != 1:
            return None
        n, beta = index[0], self.parameters["beta"]
        if not 0 <= n <= self.T:
            raise Foreign("there is no such step here")
        product = np.cumprod(np.concatenate([[1.0], 1 - beta[1:]]))
        known = {"bar alpha": product[n]}
        if n:
            known |= {"beta": beta[n], "alpha": 1 - beta[n]}
            known["tilde beta"] = beta[n] * (1 - product[n - 1]) / (1 - product[n])
        return number(float(known[key])) if key in known else None

    def variable(self, name: str, index: tuple[int, ...]) -> Quantity:
        if name != "epsilon":
            self.node((name, index))
        point = float(self.draw("variable", name, index, uniform=(-1.4, 1.4)))
        return number(self.unit * point)

    def axis(self, role: str) -> Axis:
        return line_axis(-8.03 * self.unit, 8.11 * self.unit, 45)

    def inner_axis(self, role: str) -> Axis:
        return line_axis(-13.03 * self.unit, 13.11 * self.unit, 97)

    def density(self, name: str, values: Mapping[str, Quantity]) -> Quantity | None:
        if name == "p(epsilon)":
            return gaussian(values["epsilon"], number(0), number(1))
        return None

    def free_letter(self, letter: str) -> int | None:
        """The t that nothing binds is some step after the first."""
        return 2 + self.seed % max(self.T - 1, 1) if letter == "t" else None


@lru_cache
def chain_worlds(shape: Shape) -> list[type[NumericWorld]]:
    """A world for each length."""
    name = "linear-Gaussian chain, T = {}"
    return [
        type("Chain", (Chain,), {
            "shape": shape, "T": length, "name": name.format(length),
            "own_sizes": {"T": length},
        }) for length in ((shape.top,) if shape.top else LENGTHS)
    ]  # fmt: skip
