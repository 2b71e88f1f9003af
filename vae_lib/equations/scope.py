"""What the names of a block mean, and in which worlds it is judged.

Definitions hold from where a page makes them. A name that nothing defines is a free
parameter; whether it is a number, a vector or a matrix is seen from how it is used.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from . import tree as t
from .block import Block
from .quantity import Meaningless
from .read import Line as Statement
from .read import drawn_from
from .worlds import Bits, Coin, Cube, Curve, Finite, Line, World

POSITIVE = ("sigma", "tau", "s", "lambda", "beta", "v", "gamma", "alpha", "ell", "kappa")
ENCODERS = ("encoder", "Encoder", "NeuralNet")


@dataclass
class Definition:
    """`w^{(k)} := ...` has index letters (k,); `f(x) := ...` has parameters (x,)."""

    body: t.Node
    letters: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    parameters: tuple[t.Symbol, ...] = ()
    tail: tuple[str, ...] = ()  # theta, phi after the semicolon
    root: bool = False  # \hat{\sigma}^2 := ... defines the square


@dataclass
class Scope:
    """What a block means beyond the worlds: its definitions and sampling statements.

    `meanings` holds names ('hat x'; 'm[]' if it takes a subscript), functions ('w()')
    and densities ('p_theta(x|z)').
    """

    meanings: dict[str, Definition] = field(default_factory=dict)
    samples: tuple[t.Drawn, ...] = ()
    conditions: list[tuple[t.Node, str, t.Node]] = field(default_factory=list)
    encoder: bool = False  # does mu mean what the encoder gives?
    chances: bool = False  # is \pi a probability rather than 3.14?
    shapes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of free names
    nodes: list[t.Node] = field(default_factory=list)  # all that the block says
    assumed: set[str] = field(default_factory=set)  # definitions that are given
    used: set[str] = field(default_factory=set)  # definitions that were looked up
    deadline: float = math.inf  # on time.monotonic(); set for students' input only

    def copy(self) -> Scope:
        """The page's definitions, without what was true of one block only."""
        return replace(
            Scope(),
            meanings=dict(self.meanings),
            encoder=self.encoder,
            deadline=self.deadline,
        )

    @property
    def densities(self) -> dict[str, Definition]:
        found = self.meanings.items()
        return {k: d for k, d in found if k[-1] == ")" and not k.endswith("()")}

    @property
    def theta(self) -> list[str]:
        """When a definition of p_theta names mu and sigma, they are theta."""
        names: dict[str, None] = {}
        for key, definition in self.densities.items():
            if key.startswith(("p_theta", "p(x")):
                known = {p.key for p in definition.parameters} | NO_PARAMETERS
                known |= set(self.meanings) | (set() if self.chances else {"pi"})
                names |= {s.key: None for s in t.names_in(definition.body)
                          if s.key not in known}  # fmt: skip
        return list(names)


SIGMA = t.Symbol("sigma")
SPREADS = [[SIGMA], [t.Function("log", SIGMA)], [t.Function("log", t.Power(SIGMA, t.TWO))]]
NO_PARAMETERS = {
    *t.SIZES, *t.VARIABLES, *t.COIN, *"I0endh", "Normal", "hat x", "decoder",
}  # fmt: skip


def scope_of(block: Block, page: Scope) -> Scope:
    """The page's scope, what the block states as given, what its words imply."""
    scope = page.copy()
    for line in block.given:
        _assume(line, scope)
    for line in (*block.lines, *block.given, *block.hence):
        for part in (*line.sides, *line.samples):
            scope.nodes += part.walk()
    symbols = [n for n in scope.nodes if isinstance(n, t.Symbol)]
    for drawn in (*scope.samples, *(d for line in block.lines for d in line.samples)):
        _check_sample(drawn)
    scope.encoder |= any(s.key == "phi" or s.key == "q_phi" for s in symbols)
    scope.chances = any(_is_chance(node) for node in scope.nodes)
    bodies = [n for d in scope.meanings.values() for n in d.body.walk()]
    scope.shapes = _shapes(scope.nodes + bodies, {s.key for s in symbols})
    return scope


def _assume(line: Statement, scope: Scope) -> None:
    """A given: a definition, a sampling statement, or a condition on the draws."""
    known = dict(scope.meanings)
    scope.samples += line.samples
    left = line.first
    for relation, right in line.rest:
        if relation == "~":
            scope.samples += drawn_from(left, right)
        elif relation == "=" and isinstance(right, t.Symbol):
            turned = not isinstance(left, t.Symbol | t.Call)  # E[x^2] = \lambda
            define(*((right, left) if turned else (left, right)), scope)
        elif relation in (":=", "="):
            define(left, right, scope)
        elif relation in (*t.BOUNDS, "≠"):
            scope.conditions.append((left, relation, right))
        left = right
    again = scope.assumed & {k for k, d in scope.meanings.items() if known.get(k) is not d}
    if again:
        raise Meaningless(f"% given: {min(again)} is given twice")
    scope.assumed |= {k for k, d in scope.meanings.items() if known.get(k) is not d}


def _check_sample(drawn: t.Drawn) -> None:
    """x is drawn from a density of x, not of z; epsilon_h from one of epsilon_h."""
    law = drawn.density
    if isinstance(law, t.Call) and law.group.marks[:1] != (",",):
        first = law.group.items[0]
        if t.role_of(first) != t.role_of(drawn.variable) or (
            isinstance(first, t.Symbol) and first.component != drawn.variable.component
        ):
            raise Meaningless(f"{drawn.variable.spoken} is drawn from a density of another")


# ---------------------------------------------------------------- definitions
def define(left: t.Node, right: t.Node, scope: Scope) -> None:
    """Let `left` mean `right` from here on."""
    loose = t.free_letters(right) - t.free_letters(left)
    if loose and t.free_letters(left):
        raise Meaningless(f"nothing binds the index {min(loose)}")
    named = left.function if isinstance(left, t.Call) else left
    idle = set(t.letters(getattr(named, "component", ()))) - {
        s.name for s in t.names_in(right)
    }
    if idle:
        raise Meaningless(f"the index {min(idle)} does not occur on the right")
    if any(part == left for part in right.walk()):
        raise Meaningless("a name cannot be defined by itself")
    if len(t.items_of(left)) > 1:
        _define_several(left.items, right, scope)
        return
    root = isinstance(left, t.Power) and left.exponent == t.TWO
    left = left.base if root else left
    if isinstance(left, t.Call):
        _define_call(left, right, scope)
    elif isinstance(left, t.Symbol) and left.key not in ("theta", "phi", "x"):
        key = left.key + ("[]" if left.component else "")
        scope.meanings[key] = Definition(
            right, t.letters(left.index), t.letters(left.component), root=root
        )
    else:
        raise Meaningless("only a name can be defined")


def _define_call(call: t.Call, right: t.Node, scope: Scope) -> None:
    name, items = call.function, call.group.items
    names = [i for i in items if isinstance(i, t.Symbol)]
    own = tuple(i for i in names if not t.is_parameter(i))
    if not set(call.group.marks) <= {",", ";", "|"}:
        raise Meaningless("only a name, a function or a density can be defined")
    if len({(i.key, i.index) for i in own}) < len(own):
        raise Meaningless("the same argument twice")
    if t.is_density(call):
        arguments = [i for i in sum(t.split_bar(call.group), []) if isinstance(i, t.Symbol)]
        law = right.function.name if isinstance(right, t.Call) else ""
        if law in ("Normal", *t.COIN) and right.group.items[0] != items[0]:
            raise Meaningless(f"a density of {items[0].spoken} is given as one of another")
        indexed = {i.key for i in arguments if i.index}

        def drop(node: t.Node) -> t.Node:  # p(x^{(n)} | z) := N(x^{(n)}; ...) is p(x | z)
            dropped = isinstance(node, t.Symbol) and (node.key in indexed or node.accent)
            return replace(node, index=()) if dropped and node.index else node

        scope.meanings[t.signature(call)] = Definition(
            t.rebuild(right, drop) if indexed else right,
            t.letters(name.index),
            parameters=tuple(replace(a, index=()) for a in arguments),
        )
    elif name.key != "ELBO":  # what that means is known
        scope.meanings[name.key + "()"] = Definition(
            right,
            components=t.letters(name.component),
            parameters=own,
            tail=tuple(i.key for i in names if t.is_parameter(i)),
        )


def _define_several(items: tuple[t.Node, ...], right: t.Node, scope: Scope) -> None:
    """`\\mu, \\log \\sigma^2 := \\mathrm{encoder}(x)`, or the names of two maximisers."""
    if isinstance(right, t.Call) and right.function.name in ENCODERS:
        mean, *spread = map(t.bare, items)
        if (
            mean != t.Symbol("mu")
            or spread not in SPREADS
            or t.role_of(right.group.items[0]) != "x"
        ):
            raise Meaningless("the encoder gives \\mu, \\sigma (or \\log \\sigma^2) of x")
        scope.encoder = True
    elif isinstance(right, t.Best) and len(right.arguments) == len(items):
        for place, item in enumerate(items):
            if isinstance(item, t.Symbol) and not t.is_parameter(item):
                scope.meanings[item.key] = Definition(t.Chosen(right, place))
    elif isinstance(right, t.Tuple) and len(right.items) == len(items):
        for item, value in zip(items, right.items, strict=True):
            define(item, value, scope)
    else:
        raise Meaningless("what is defined here?")


# ---------------------------------------------------------------- what names are
def _is_chance(node: t.Node) -> bool:
    if isinstance(node, t.Symbol):
        return (
            node.label == "pi" or node.name == "pi" and bool(node.accent or node.component)
        )
    if isinstance(node, t.Call):
        return node.function.name in t.COIN and node.group.items[-1] == t.Symbol("pi")
    power = isinstance(node, t.Power) and node.base == t.Symbol("pi")
    return power and isinstance(node.exponent, t.Symbol) and node.exponent.name == "x"


def _shapes(nodes: list[t.Node], names: set[str]) -> dict[str, tuple[str, ...]]:
    """Which free names are vectors: those that carry a component somewhere."""
    upper = {"d": "D", "h": "H", "k": "K"}
    for node in nodes:
        if isinstance(node, t.Total) and isinstance(node.high, t.Symbol):
            upper[node.index] = node.high.name
    shapes: dict[str, tuple[str, ...]] = {}
    symbols = [n for n in nodes if isinstance(n, t.Symbol)]
    for symbol in symbols:
        sizes = tuple(upper.get(letter, "") for letter in t.letters(symbol.component))
        if symbol.key not in t.VARIABLES and sizes and set(sizes) <= {"D", "H"}:
            shapes[symbol.key] = sizes
    if not speaks_of_vectors(nodes):
        return shapes
    size = "H" if {"z", "epsilon", "H", "ELBO"} & names else "D"
    matrix = any(s.name == "W" for s in symbols)
    diagonal = {s.key for n in nodes for s in _diagonals(n)}
    for symbol in symbols:
        name, key = symbol.name, symbol.key
        if key in shapes:
            continue
        if name in ("mu", "m", "a") and symbol.label != "phi" or key in diagonal:
            shapes[key] = (size,)
        elif name == "W":
            shapes[key] = ("D", "H")
        elif name == "b" and matrix:
            shapes[key] = ("D",)
        elif name in ("C", "S", "Sigma"):
            shapes[key] = (size, size)
    return shapes


def _of_two(node: t.Node) -> bool:
    """ELBO(x; \\theta, \\mu, \\sigma): q is N(z; mu, diag(sigma^2))."""
    elbo = isinstance(node, t.Call) and node.function.key == "ELBO"
    return elbo and "mu" in t.letters(node.group.items)


def _diagonals(node: t.Node) -> Iterable[t.Symbol]:
    """The names inside of diag(...), or beside an elementwise product."""
    if _of_two(node):
        return [t.Symbol("sigma")]
    if isinstance(node, t.Function) and node.name == "diag":
        return t.names_in(node.body)
    if isinstance(node, t.Product) and "odot" in node.operations:
        return [f for f in node.factors if isinstance(f, t.Symbol)]
    return []


VECTORIAL = ("diag", "norm", "tr", "transpose", "det")


def speaks_of_vectors(nodes: list[t.Node]) -> bool:
    return any(
        isinstance(n, t.Symbol) and (n.name in ("I", "0", "D", "H", "W")
                                   or any(c in "dh" for c in t.letters(n.component)))
        or isinstance(n, t.Function) and n.name in VECTORIAL
        or _of_two(n)
        for n in nodes
    )  # fmt: skip


def _is_bit(node: t.Node) -> bool:
    """`Bernoulli`, or `\\hat{x}^x`."""
    if isinstance(node, t.Power) and isinstance(node.base, t.Symbol):
        return node.base.key in ("hat x", "pi") and t.role_of(node.exponent) == "x"
    return isinstance(node, t.Symbol) and node.name in t.COIN


# ---------------------------------------------------------------- where it is judged
CONTINUOUS = {
    "Normal", "decoder", "encoder", "NeuralNet", "hat x", "epsilon", "mu", "sigma", "I",
}  # fmt: skip


def worlds_for(scope: Scope) -> list[type[World]]:
    """All worlds that have what the block speaks of."""
    nodes, own = scope.nodes, scope.densities
    everything = nodes + [n for d in own.values() for n in d.body.walk()]
    names = {n.key for n in nodes if isinstance(n, t.Symbol)}
    vectors = speaks_of_vectors(nodes)
    limits = any(isinstance(n, t.Integral) and n.low is not None for n in nodes)
    if any(map(_is_bit, everything)) and not limits:
        latent = names & {"z", "hat x", "phi", "q_phi", "epsilon"}
        return [Bits] if latent or vectors else [Coin]
    slopes = any(isinstance(n, t.Derivative) and not n.nabla for n in nodes)
    known = any(isinstance(n, t.Symbol) and n.name in ("p", "q") for n in nodes)
    if known and not (names & CONTINUOUS or slopes or own or vectors):
        return [Line, Curve, Finite]
    if vectors and not names & {"x", "hat x", "phi", "q_phi", "theta"}:
        return [Line, Curve, Cube]
    # Curve has no population of its x: only there do vectors need another world
    return [Line, Curve, Bits] if vectors and "p_*" in names and not own else [Line, Curve]
