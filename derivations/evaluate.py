"""A formula, a world and a draw give a number.

The evaluator walks the tree. Names are looked up at the place where they stand: inside a
sum over n, `x^{(n)}` is the n-th observation, and what a definition says about
`\\hat{x}^{(n)}` is computed from it. The same walk serves SymPy (prove.py): only numbers,
integrals and slopes differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

import numpy as np

from . import tree as t
from .densities import Densities
from .quantity import Meaningless, Quantity, Unknown, number
from .scope import ENCODERS, POSITIVE, Definition, Scope
from .slopes import Slopes
from .worlds import Foreign, World, sigmoid

CHANCES = ("pi", "rho", "theta")
BUDGET = 30_000_000  # numbers computed for one side in one world
STEP = 1_000  # what a step of the walk costs, however few numbers it computes
MOST_TERMS = 40  # of a sum
# what is elementary, and what needs a vector or a matrix
METHODS = {"log": "log", "exp": "exp", "transpose": "transposed"}
MATRICES = {"diag": "diagonal", "det": "determinant", "tr": "trace"}
FUNCTIONS: dict[str, Callable] = {
    "abs": np.abs, "norm": np.abs, "tanh": np.tanh, "sin": np.sin, "cos": np.cos,
    "sigmoid": sigmoid, "softplus": lambda s: np.logaddexp(0, s),
}  # fmt: skip

# What arithmetic ends in where a formula has no value. Nothing else is caught: an error
# of our own must not look like a formula without a meaning.
UNCOMPUTABLE = (ArithmeticError, np.linalg.LinAlgError)
Place = tuple[str, tuple[int, ...]]  # a variable's name and its indices, e.g. x^{(2)}


class TooMuchWork(Exception):
    """A student's input has used up its time; nothing is concluded."""


class Evaluator(Densities, Slopes):
    """Evaluates trees in one world. `bound` holds what integrals and sums have bound."""

    def __init__(self, world: World, scope: Scope):
        self.world, self.scope = world, scope
        self.bound: dict[Place, Quantity] = {}
        self.indices: dict[str, int] = {}
        self.depth = 0  # open integrals
        self.coarse = False  # several independent vectors at once: fewer points each
        self.spent = 0
        self.expanding: tuple[str, ...] = ()  # definitions that are being used
        self.sampling: tuple[t.Drawn, ...] = ()  # sums over these become expectations
        self.named: dict[str, Quantity] = {}  # free names met, for messages
        self.chosen: dict[t.Node, list[Quantity]] = {}  # maximisers found

    def number(self, value: float | Fraction) -> Quantity:
        return number(value)

    def __call__(self, node: t.Node) -> Quantity:
        self.spend(300)
        try:
            value = getattr(self, "_" + type(node).__name__.lower())(node)
        except Meaningless as error:
            if error.node is None and node.span != (0, 0):
                error.node = node
            raise
        except UNCOMPUTABLE as error:
            raise Meaningless(f"this cannot be computed ({error})") from error
        self.spend(value.array.size)
        return value

    def spend(self, count: int) -> None:
        self.spent += count
        self.scope.effort -= count + STEP
        if self.scope.effort < 0:
            raise TooMuchWork("this takes too long to judge")
        if self.spent > BUDGET:
            raise Foreign("this takes more computation than the budget allows")

    # ------------------------------------------------------------ scopes
    @contextmanager
    def within(self, **changes: object) -> Iterator[None]:
        """Indices, bindings and the like, for as long as the block lasts."""
        before = {name: getattr(self, name) for name in changes}
        vars(self).update(changes)
        try:
            yield
        finally:
            vars(self).update(before)

    def binding(self, pairs: dict[Place, Quantity]):
        return self.within(bound={**self.bound, **pairs})

    def at_index(self, letter: str, value: int):
        return self.within(indices={**self.indices, letter: value})

    def expand(
        self, key: str, definition: Definition, values=(), indices=(), components=()
    ) -> Quantity:
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
        self.scope.used.add(key)
        bound, expanding = {**self.bound, **dict(values)}, (*self.expanding, key)
        with self.within(indices=where, bound=bound, expanding=expanding):
            value = self(definition.body)
        return value ** self.number(0.5) if definition.root else value

    def size(self, name: str) -> int:
        return int(getattr(self.world, name, 2))

    def integer(self, node: t.Node) -> int:
        if isinstance(node, t.Symbol) and node.name in t.UPPER.keys() - self.indices.keys():
            # a letter that nothing binds stands for any one value
            size = self.size(t.UPPER[node.name])
            return size - self.world.seed % size  # the largest first: is it there at all?
        value = self(node).plain().array
        if value.ndim or value != round(float(value)):
            raise Meaningless("a limit or an index is not a whole number")
        return int(value)

    def integers(self, nodes: tuple[t.Node, ...]) -> tuple[int, ...]:
        return tuple(self.integer(node) for node in nodes)

    # ------------------------------------------------------------ names
    def _symbol(self, node: t.Symbol) -> Quantity:
        key, own = node.key, self.scope.meanings
        if node.name in ("I", "0", "1") and not node.index:
            value = self.number(0 if node.name == "0" else 1)
            return value if self.world.scalar else replace(value, unsized=node.name)
        if node.under is not None:
            raise Unknown("an expectation needs brackets")
        indices, component = self.integers(node.index), self.integers(node.component)
        plain = not (indices or component)
        if min(indices, default=1) < 1:
            raise Meaningless("samples are counted from 1")
        if component and (f"{key}{component}", indices) in self.bound:
            return self.bound[f"{key}{component}", indices]
        if (key, indices) in self.bound:
            value = self.bound[key, indices]
        elif component and key + "[]" in own:
            return self.expand(key + "[]", own[key + "[]"], (), indices, component)
        elif key in own:
            value = self.expand(key, own[key], (), indices)
        elif key + "()" in own:
            raise Unknown(f"{node.spoken} is a function: of what?")
        elif key in self.indices and plain:
            return self.number(self.indices[key])
        elif key in t.SIZES and plain:
            return self.number(self.size(key))
        elif key == "pi" and not self.scope.chances:
            return self.number(math.pi)
        elif key == "e" and not indices:
            return self.number(math.e)
        else:
            value = self._of_the_world(node, indices)
            if value is None:
                return self._free(node, indices, component)
        return value.component(component) if component else value

    def _of_the_world(self, node: t.Symbol, indices: tuple[int, ...]) -> Quantity | None:
        key = node.key
        if key in ("x", "z", "epsilon"):
            value = self.world.variable(key, indices)
            if not indices:
                self.named[key] = value
            return value
        if key == "y":
            return self.world.variable("x", (50, *indices))
        if key == "hat x":
            return self.world.decoder(self(t.Symbol("z", index=node.index)))
        encoded = self.scope.encoder and key in ("mu", "sigma")
        if encoded or key in ("mu_phi", "sigma_phi"):
            mean, scale = self.world.encoder(self(t.Symbol("x", index=node.index)))
            return mean if node.name == "mu" else scale
        if key in ("theta", "phi", "Data") and not self.scope.chances:
            raise Unknown(f"{key} stands alone: what is computed from it?")
        return None

    def _free(self, node: t.Symbol, indices, component) -> Quantity:
        """A parameter that only the formula names: a drawn value stands for any."""
        name = node.key
        if len(node.name) > 1 and node.name not in t.GREEK:
            raise Unknown(f"what is {node.name}?")
        if node.accent or node.name in "pqfgd":
            hat = node.accent == "hat" and node.name in "dzy"
            hint = "; did you mean \\hat{x}?" if hat else ""
            raise Unknown(f"{node.spoken} has no definition{hint}")
        sizes = self.scope.shapes.get(name, ())
        if self.world.scalar:  # a vector of one component is that component
            sizes, component = (), () if sizes and set(component) == {1} else component
        kind = "positive" if node.name in POSITIVE else "real"
        if len(sizes) == 2 and sizes[0] == sizes[1]:
            kind = "covariance"
        elif self.scope.chances and node.name in CHANCES:
            kind = "chance"
        part = indices or (() if sizes else component)
        label = f"{name}_{','.join(map(str, part))}" if part else name
        if component and not sizes:
            name, component = f"{name}_{component}", ()
        name += str(indices) if indices else ""
        value = self.bound.get((name, ()))
        if value is None:
            value = self.world.free(name, tuple(map(self.size, sizes)), kind)
        self.named[label] = value
        return value.component(component) if component else value

    def _chosen(self, node: t.Chosen) -> Quantity:
        if node.best not in self.chosen:
            with self.within(expanding=(), bound={}, depth=0):  # outside of all integrals
                self.chosen[node.best] = self.best_values(node.best)
        return self.chosen[node.best][node.place]

    # ------------------------------------------------------------ arithmetic
    def _number(self, node: t.Number) -> Quantity:
        return self.number(node.value)

    def _constant(self, node: t.Constant) -> Quantity:
        if node.name not in ("const", "infty"):
            raise Unknown("this cannot be computed")
        return self.number(0 if node.name == "const" else math.inf)

    def _group(self, node: t.Group) -> Quantity:
        if len(node.items) != 1:
            raise Unknown("a list is not a number")
        return self(node.items[0])

    _tuple = _group

    def _add(self, node: t.Add) -> Quantity:
        total: Quantity | None = None
        for sign, term in zip(node.signs, node.terms, strict=True):
            if term == t.CONST and total is not None:
                continue
            value = self(term) if sign > 0 else -self(term)
            total = value if total is None else total + value
        return total

    def _product(self, node: t.Product) -> Quantity:
        head = node.factors[0]
        if isinstance(head, t.Power) and head.exponent == t.MINUS_ONE:
            inverse = isinstance(head.base, t.Symbol) and head.base.key + "()"
            if inverse in self.scope.meanings and len(node.factors) == 2:
                return self.inverse(head.base, node.factors[1])
        value = self(head)
        for operation, factor in zip(node.operations, node.factors[1:], strict=True):
            other = self(factor)
            if operation == "/":
                value = value / other
            elif operation == "odot" and (value.rank or other.rank):
                value = value.elementwise(other)
            else:
                value = value * other
        return value

    def _quotient(self, node: t.Quotient) -> Quantity:
        return self(node.over) / self(node.under)

    def _power(self, node: t.Power) -> Quantity:
        if node.base == t.Symbol("e"):
            return self(node.exponent).exp()
        return self(node.base) ** self(node.exponent)

    def _function(self, node: t.Function) -> Quantity:
        name, value = node.name, self(node.body)
        if name in ("log", "exp") and value.unsized:
            raise Meaningless(f"{name} of {value.kind}")
        if name in METHODS:
            return getattr(value, METHODS[name])()
        if name == "abs" and (value.rank == 2 or value.unsized):
            name = "det"
        if name in MATRICES:
            return value if self.world.scalar else getattr(value, MATRICES[name])()
        if name == "abs" and value.rank:
            raise Meaningless(f"|...| of {value.kind}; a norm is \\lVert ... \\rVert")
        if name == "norm" and value.rank == 1:
            return Quantity(np.linalg.norm(value.array, axis=-1))
        if name not in FUNCTIONS:
            raise Unknown(f"{name} is not known")
        return value.apply(FUNCTIONS[name])

    def _total(self, node: t.Total) -> Quantity:
        low, high = self.integer(node.low), self.integer(node.high)
        if not 1 <= high - low + 1 <= MOST_TERMS:
            raise Meaningless(f"a sum over {node.index} from {low} to {high}")
        indexed = [(d, set(t.letters(d.variable.index))) for d in self.sampling]
        known = {node.index, *self.indices}
        drawn = [d for d, own in indexed if node.index in own and own <= known]
        total: Quantity | None = None
        for value in range(low, high + 1):
            with self.at_index(node.index, value):
                term = self.expect(drawn, lambda: self(node.body))
            if total is None:
                total = term
            else:
                total = total * term if node.kind == "prod" else total + term
        return total

    def _at(self, node: t.At) -> Quantity:
        """Evaluate at a point: inside the derivative the name is still free to move."""
        pairs = {self.place(symbol): self(value) for symbol, value in node.bindings}
        with self.binding(pairs):
            return self(node.body)

    # ------------------------------------------------------------ calls
    def _call(self, node: t.Call) -> Quantity:
        name, items, key = node.function, node.group.items, node.function.key
        if name.name in ("Normal", *t.COIN):
            return self.named_law(node)
        if t.is_density(node):
            return self.density(node)
        if key + "()" in self.scope.meanings:
            return self._apply(node, self.scope.meanings[key + "()"])
        if key == "ELBO":
            return self._elbo(node)
        if name.name in (*ENCODERS, "decoder", "Decoder") or key in NETWORKS:
            return self._network(node)
        if len(items) == 1 and name.name in "fgh":
            return self.world.test_function(key, self(items[0]))
        if len(items) == 1 and (name.name in t.GREEK or len(name.name) == 1):
            return self(name) * self(items[0])
        raise Unknown(f"{name.spoken} is not a known function")

    def _apply(self, node: t.Call, definition: Definition) -> Quantity:
        own, group, key = definition.parameters, node.group, node.function.key
        if len(group.items) < len(own):
            raise Unknown(f"this takes {len(own)} arguments")
        rest = group.items[len(own) :]
        tail = tuple(getattr(item, "key", "") for item in rest)
        if tail != definition.tail or rest and group.marks[len(own) - 1] != ";":
            raise Unknown("its definition has other parameters after the semicolon")
        pairs = zip(own, group.items, strict=False)
        values = {(p.key, ()): self(item) for p, item in pairs if not t.is_parameter(item)}
        component = self.integers(node.function.component)
        return self.expand(key + "()", definition, values, (), component)

    def _network(self, node: t.Call) -> Quantity:
        name, items = node.function.name, node.group.items
        if not all(map(t.is_parameter, items[1:])):
            raise Unknown("after the semicolon only parameters may stand")
        value, role = self(items[0]), t.role_of(items[0])
        if name in ("decoder", "Decoder", "x") or name == "NeuralNet" and role == "z":
            if role == "x":
                raise Unknown("the decoder takes z, not x")
            return self.world.decoder(value)
        if role == "z":
            raise Unknown("the encoder takes x, not z")
        if name not in ("mu", "sigma"):
            raise Unknown("the encoder gives two things: \\mu, \\sigma = ...")
        return self.world.encoder(value)[name == "sigma"]

    def _elbo(self, node: t.Call) -> Quantity:
        """By definition the integral of q log p(x, z)/q, for the q that is named."""
        (x, *rest), marks = node.group.items, node.group.marks
        names = [r for r in rest if isinstance(r, t.Symbol)]
        theta = names and names[0].key in ("theta", *self.scope.theta)
        q = self._q_of_elbo(x, names[1:])
        if q is None or not theta or names != rest or marks[0] != ";" or ";" in marks[1:]:
            message = "the ELBO is that of (x; \\theta, \\phi) or (x; \\theta, q)"
            raise Unknown(message)
        z = t.Symbol("z")
        p = t.Call(t.Symbol("p", label="theta"), t.Group((x, z), (",",)))
        ratio = t.Function("log", t.Quotient(p, q))
        return self(t.Integral(z, t.Product((q, ratio), ("",))))

    @staticmethod
    def _q_of_elbo(x: t.Node, names: list[t.Symbol]) -> t.Call | None:
        """What stands for q: phi, the density q itself, or the mean and the deviation."""
        z, keys = t.Symbol("z"), [name.key for name in names]
        if keys == ["phi"]:
            return t.Call(t.Symbol("q", label="phi"), t.Group((z, x), ("|",)))
        if keys == ["q"]:
            return t.Call(names[0], t.Group((z,)))
        if [name.name for name in names] == ["mu", "sigma"]:
            covariance = t.Function("diag", t.Power(names[1], t.TWO))
            return t.Call(
                t.Symbol("Normal"), t.Group((z, names[0], covariance), (";", ","))
            )
        return None


NETWORKS = ("hat x", "mu_phi", "sigma_phi", "hat x_theta")
