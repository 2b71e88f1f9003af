"""A formula, a world and a draw give a value: the walk over a tree.

`value_of` says what each kind of node is worth: sums and products here, names and calls
in names.py, densities and expectations in densities.py. How numbers are made, integrals
done and slopes taken is the `Calculus`: by grids (calculus.py), or by SymPy (prove.py).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import singledispatch
from typing import Generic

import numpy as np

from . import tree as t
from .notation import PARAMETERS, UPPER
from .quantity import Meaningless, Unknown, V
from .scope import Definition, Scope
from .worlds import Foreign, Place, World

BUDGET = 30_000_000  # numbers computed for one side in one world
STEP = 1_000  # what a step of the walk costs, however few numbers it computes
WALK = 300  # and what it counts as numbers
MATRIX_FUNCTIONS = ("diag", "det", "tr")  # of a number, in a world of numbers: itself

# What arithmetic ends in where a formula has no value. Nothing else is caught: an error
# of our own must not look like a formula without a meaning.
UNCOMPUTABLE = (ArithmeticError, np.linalg.LinAlgError)


class TooMuchWork(Exception):
    """A student's input has used up its time; nothing is concluded."""


class Budget:
    """Numbers that may still be computed. No clock: every machine stops at one place."""

    def __init__(self, left: float = math.inf):
        self.left = left

    def spend(self, count: int) -> None:
        """Count what was computed; raises TooMuchWork when all is spent."""
        self.left -= count
        if self.left < 0:
            raise TooMuchWork("this takes too long to judge")


@dataclass
class Met(Generic[V]):
    """What a walk came across."""

    named: dict[str, V] = field(default_factory=dict)  # free names, for messages
    used: set[str] = field(default_factory=set)  # definitions that were looked up


class Calculus(ABC, Generic[V]):
    """What numbers and SymPy do in different ways; `at` is the walk that asks."""

    @abstractmethod
    def number(self, value: float | Fraction) -> V:
        """A number as a value."""

    @abstractmethod
    def law(self, name: str, value: V, parameters: list[V]) -> V:
        """The density of a law of notation.LAWS at a value."""

    @abstractmethod
    def integrate(
        self, at: Evaluator[V], places: list[Place], body: Callable[[list[V]], V],
        mean: bool = False,
    ) -> V:  # fmt: skip
        """Over all places; `body` receives a value for each. Is it an average?"""

    @abstractmethod
    def between(self, at: Evaluator[V], place: Place, node: t.Integral) -> V:
        """An integral from `node.low` to `node.high`."""

    @abstractmethod
    def discrete(self, name: str) -> bool:
        """Does this variable take finitely many values?"""

    @abstractmethod
    def slope(
        self, at: Evaluator[V], symbol: t.Symbol, squared: bool, body: Callable[[], V]
    ) -> V:
        """The derivative of `body` in a name, or in its square."""

    @abstractmethod
    def gradient(self, at: Evaluator[V], node: t.Derivative) -> V:
        """A vector that vanishes where the gradient does."""

    @abstractmethod
    def moved(
        self,
        at: Evaluator[V],
        way: dict[str, np.ndarray],
        step: float,
        body: Callable[[], V],
    ) -> V:
        """`body` with the parameters moved by `step` along `way`."""

    @abstractmethod
    def maximisers(self, at: Evaluator[V], node: t.Best) -> list[V]:
        """Where an argmax or argmin is taken, a value for each argument."""

    def tends(self, values: list[V]) -> None:
        """Raises Unknown where what should be a limit still changes."""

    def smooth(self, at: Evaluator[V], value: V) -> None:
        """Raises Unknown where the size of this has a kink that an integral meets."""

    @abstractmethod
    def choose(self, at: Evaluator[V], node: t.Cases) -> V:
        """The value of the first case that holds."""

    @abstractmethod
    def inverse(self, at: Evaluator[V], name: t.Symbol, argument: t.Node) -> V:
        """`F^{-1}(a)` for a defined, increasing F of one number."""


class Evaluator(Generic[V]):
    """Evaluates trees in one world. `bound` holds what integrals and sums have bound."""

    def __init__(
        self, world: World[V], scope: Scope, calculus: Calculus[V], budget: Budget
    ):
        self.world, self.scope, self.calculus = world, scope, calculus
        self.budget, self.spent = budget, 0
        self.met: Met[V] = Met()
        self.bound: dict[Place, V] = {}
        self.indices: dict[str, int] = {}
        self.depth = 0  # open integrals
        self.points = 1  # of all of them together
        self.coarse = False  # several independent vectors at once: fewer points each
        self.expanding: tuple[str, ...] = ()  # definitions that are being used
        self.sampling: tuple[t.Drawn, ...] = ()  # sums over these become expectations
        self.chosen: dict[t.Node, list[V]] = {}  # maximisers found
        self.shaking: np.random.Generator | None = None  # for other rounding errors

    def __call__(self, node: t.Node) -> V:
        self.spend(WALK)
        try:
            value = value_of(node, self)
        except Meaningless as error:
            if error.node is None and node.span != (0, 0):
                error.node = node
            raise
        except UNCOMPUTABLE as error:
            raise Meaningless(f"this cannot be computed ({error})") from error
        self.spend(value.size)
        return value if self.shaking is None else value.shaken(self.shaking)

    def shaken(self) -> AbstractContextManager[None]:
        """All is rounded otherwise: what changes much has too few digits left."""
        return self.within(shaking=np.random.default_rng(7))

    def spend(self, count: int) -> None:
        """Count what was computed, here and in the budget of the whole."""
        self.spent += count
        self.budget.spend(count + STEP)
        if self.spent > BUDGET:
            raise Foreign("this takes more computation than the budget allows")

    # ------------------------------------------------------------ for a while
    @contextmanager
    def within(self, **changes: object) -> Iterator[None]:
        """Indices, bindings and the like, for as long as the block lasts."""
        before = {name: getattr(self, name) for name in changes}
        vars(self).update(changes)
        try:
            yield
        finally:
            vars(self).update(before)

    def binding(self, pairs: dict[Place, V]) -> AbstractContextManager[None]:
        """Variables stand for these values, for a while."""
        return self.within(bound={**self.bound, **pairs})

    def at_index(self, letter: str, value: int) -> AbstractContextManager[None]:
        """An index letter stands for this number, for a while."""
        return self.within(indices={**self.indices, letter: value})

    def any_index(self) -> AbstractContextManager[None]:
        """Every index letter stands for the first."""
        return self.within(indices=dict.fromkeys(UPPER, 1))

    def expand(
        self,
        key: str,
        definition: Definition,
        values: dict[Place, V] | None = None,
        indices: tuple[int, ...] = (),
        components: tuple[int, ...] = (),
    ) -> V:
        """What a definition says, for these arguments."""
        if key in self.expanding:
            raise Meaningless(f"{key.strip('()[]')} is defined by itself")
        where = dict(self.indices)
        for names, given in (
            (definition.letters, indices),
            (definition.components, components),
        ):
            if len(names) != len(given):
                raise Meaningless(f"{key.strip('()[]')} takes {len(names)} indices here")
            where |= zip(names, given, strict=True)
        self.met.used.add(key)
        bound, expanding = {**self.bound, **(values or {})}, (*self.expanding, key)
        with self.within(indices=where, bound=bound, expanding=expanding):
            value = self(definition.body)
        if definition.root:
            value = value ** self.calculus.number(0.5)
        return -value if definition.signed and self.world.seed % 2 else value

    # ------------------------------------------------------------ sizes and places
    def size(self, name: str) -> int:
        """What N, D, H, K, M or B is in this world."""
        return int(getattr(self.world, name, 2))

    def integer(self, node: t.Node) -> int:
        """The whole number that a limit or an index is."""
        if isinstance(node, t.Number) and node.value.denominator == 1:
            return node.value.numerator
        known = {*self.indices, *self.scope.meanings}
        if isinstance(node, t.Symbol) and node.name in UPPER.keys() - known:
            # A letter that nothing binds stands for any one value: the largest first (is it
            # there at all?), and two letters, k and j, are sometimes alike, mostly not.
            upper, seed = UPPER[node.name], self.world.seed
            alike = [letter for letter, its in UPPER.items() if its == upper]
            size, place = self.size(upper), alike.index(node.name)
            return size - (seed * (place + 1) + place) % size
        loose = {s.name: self.world.free_letter(s.name) for s in t.names_in(node)}
        free = {name: value for name, value in loose.items() if value is not None}
        with self.within(indices={**free, **self.indices}):
            value = self(node).whole()
        if value is None:
            raise Meaningless("a limit or an index is not a whole number")
        return value

    def integers(self, nodes: tuple[t.Node, ...]) -> tuple[int, ...]:
        """Those of several indices."""
        return tuple(self.integer(node) for node in nodes)

    def places(self, symbol: t.Symbol) -> list[Place]:
        """Where a name is bound, one place or, as x_{1:T}, several."""
        if not t.is_run(symbol.index):
            return [self.place(symbol)]
        low, high = self.integers(t.items_of(symbol.index[0]))
        return [(symbol.key, (i,)) for i in range(low, high + 1)]

    def place(self, symbol: t.Symbol) -> Place:
        """Where a name is bound; one coordinate of a vector is a name by itself."""
        indices = self.integers(symbol.index)
        if symbol.component and not self.world.scalar:
            return f"{symbol.key}{self.integers(symbol.component)}", indices
        return symbol.key, indices


# ---------------------------------------------------------------- what nodes are worth
@singledispatch
def value_of(node: t.Node, at: Evaluator[V]) -> V:
    """What a node is worth; each kind of node registers its own function."""
    raise Unknown("this cannot be computed")


@value_of.register(t.Number)
def _number(node: t.Number, at: Evaluator[V]) -> V:
    return at.calculus.number(node.value)


@value_of.register(t.Constant)
def _constant(node: t.Constant, at: Evaluator[V]) -> V:
    if node.name not in ("const", "infty"):
        raise Unknown("this cannot be computed")
    return at.calculus.number(0 if node.name == "const" else math.inf)


@value_of.register(t.Group)
def _group(node: t.Group, at: Evaluator[V]) -> V:
    if len(node.items) != 1:
        raise Unknown("a list is not a number")
    return at(node.items[0])


@value_of.register(t.Add)
def _add(node: t.Add, at: Evaluator[V]) -> V:
    total: V | None = None
    if node.signs == (1, -1):
        whole, one = node.terms
        total = _others(whole, one, at)
    if total is not None:
        return total
    for sign, term in zip(node.signs, node.terms, strict=True):
        if term == t.CONST and total is not None:
            continue
        value = at(term) if sign > 0 else -at(term)
        total = value if total is None else total + value
    assert total is not None
    return total


def _others(whole: t.Node, one: t.Node, at: Evaluator[V]) -> V | None:
    """w_1 + ... + w_K - w_j, as the sum of the others: a difference loses their digits."""
    if not isinstance(whole, t.Total) or whole.kind != "sum":
        return None
    index = t.Symbol(whole.index)
    for letter in (n for n in one.walk() if isinstance(n, t.Symbol)):
        if letter.name in at.indices and one == t.rebuild(
            whole.body,
            lambda n, j=letter: j if n == index else n,  # type: ignore[misc]
        ):
            low, left, high = map(at.integer, (whole.low, letter, whole.high))
            ends = (low, left - 1), (left + 1, high)
            parts = (tuple(t.Number(Fraction(i)) for i in pair) for pair in ends
                     if low <= left <= high and pair[0] <= pair[1])  # fmt: skip
            sums = [at(replace(whole, low=a, high=b)) for a, b in parts]
            return sum(sums[1:], start=sums[0]) if sums else None
    return None


@value_of.register(t.Product)
def _product(node: t.Product, at: Evaluator[V]) -> V:
    head = node.factors[0]
    if isinstance(head, t.Power) and head.exponent == t.MINUS_ONE:
        name = head.base
        inverse = isinstance(name, t.Symbol) and name.key + "()" in at.scope.meanings
        if inverse and isinstance(name, t.Symbol) and len(node.factors) == 2:
            return at.calculus.inverse(at, name, node.factors[1])
    value = at(head)
    for operation, factor in zip(node.operations, node.factors[1:], strict=True):
        other = at(factor)
        if operation == "/":
            value = value / other
        else:
            value = value.odot(other) if operation == "odot" else value * other
    return value


@value_of.register(t.Quotient)
def _quotient(node: t.Quotient, at: Evaluator[V]) -> V:
    return at(node.over) / at(node.under)


@value_of.register(t.Power)
def _power(node: t.Power, at: Evaluator[V]) -> V:
    if node.base == t.Symbol("e"):
        return at(node.exponent).exp()
    return at(node.base) ** at(node.exponent)


@value_of.register(t.Function)
def _function(node: t.Function, at: Evaluator[V]) -> V:
    value = at(node.body)
    if at.world.scalar and node.name in MATRIX_FUNCTIONS:
        return value
    if node.name == "abs" and at.depth:
        at.calculus.smooth(at, value)
    return value.function(node.name)


@value_of.register(t.At)
def _at(node: t.At, at: Evaluator[V]) -> V:
    """Evaluate at a point: inside the derivative the name is still free to move."""
    with at.binding({at.place(symbol): at(value) for symbol, value in node.bindings}):
        return at(node.body)


@value_of.register(t.Between)
def _between(node: t.Between, at: Evaluator[V]) -> V:
    """At infinity, what it tends to: the same far out and farther out."""
    if not isinstance(node.variable, t.Symbol):  # where a repair is tried
        raise Meaningless("between values of what?")
    place, ends = at.place(node.variable), []
    if not at.world.scalar:
        raise Foreign("limits need one dimension")
    for limit in (node.low, node.high):
        far = at(limit)
        points = [far]
        if limit in (INFINITY, t.Add((INFINITY,), (-1,))):
            sign = -1 if isinstance(limit, t.Add) else 1
            points = [at.calculus.number(sign * size) for size in FAR]
        values = []
        for point in points:
            with at.binding({place: point}):
                values.append(at(node.body))
        at.calculus.tends(values)
        ends.append(values[-1])
    return ends[1] - ends[0]


INFINITY = t.Constant("infty")
FAR = (60, 90)  # where a density of these worlds has no weight left


@value_of.register(t.Derivative)
def _derivative(node: t.Derivative, at: Evaluator[V]) -> V:
    if node.nabla:
        parts = [v for v in node.variables if getattr(v, "name", "") in PARAMETERS]
        if not all(map(t.is_parameter, parts)):
            raise Unknown("a gradient in all parameters, or in one name")
        return at.calculus.gradient(at, node)

    def partial(variable: t.Node, body: Callable[[], V]) -> Callable[[], V]:
        symbol, squared = base_of(variable), isinstance(t.bare(variable), t.Power)
        return lambda: at.calculus.slope(at, symbol, squared, body)

    body: Callable[[], V] = lambda: at(node.body)  # noqa: E731
    for variable in reversed(node.variables):
        body = partial(variable, body)
    return body()


@value_of.register(t.Best)
def _best(node: t.Best, at: Evaluator[V]) -> V:
    """The maximiser itself, when one name is varied."""
    if len(node.arguments) != 1:
        raise Foreign("several arguments at once are not searched here")
    return at.calculus.maximisers(at, node)[0]


@value_of.register(t.Cases)
def _cases(node: t.Cases, at: Evaluator[V]) -> V:
    return at.calculus.choose(at, node)


@value_of.register(t.Chosen)
def _chosen(node: t.Chosen, at: Evaluator[V]) -> V:
    if node.best not in at.chosen:
        with at.within(
            expanding=(), bound={}, depth=0, points=1
        ):  # outside of all integrals
            at.chosen[node.best] = at.calculus.maximisers(at, node.best)
    return at.chosen[node.best][node.place]


def base_of(variable: t.Node) -> t.Symbol:
    """What is varied: a name, also where it is written as its square."""
    variable = t.bare(variable)
    if isinstance(variable, t.Power) and variable.exponent == t.TWO:
        variable = variable.base
    if not isinstance(variable, t.Symbol):
        raise Meaningless("vary a name or its square")
    return variable
