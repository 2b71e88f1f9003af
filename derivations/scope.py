"""What the names of a block mean, and in which worlds it is judged.

Definitions hold from where a page makes them. A name that nothing defines is a free
parameter; whether it is a number, a vector or a matrix is seen from how it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from . import tree as t
from .block import Block
from .chains import chain_worlds, shape_of
from .notation import (
    COINS,
    LAWS,
    NETWORKS,
    OUTPUTS,
    SIZES,
    UNSIZED,
    UPPER,
    VARIABLES,
    shaped,
)
from .worlds import Bits, Coin, Cube, Curve, Finite, Line, NumericWorld, Plane, Space


@dataclass(frozen=True)
class Definition:
    """`w^{(k)} := ...` has index letters (k,); `f(x) := ...` has parameters (x,)."""

    body: t.Node
    letters: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    parameters: tuple[t.Symbol, ...] = ()
    tail: tuple[str, ...] = ()  # theta, phi after the semicolon
    root: bool = False  # \hat{\sigma}^2 := ... defines the square
    signed: bool = False  # a square root of which the sign is not known


@dataclass(frozen=True)
class Scope:
    """What is known where a line stands: facts, that no judge changes.

    `meanings` holds names ('hat x'; 'm[]' if it takes a subscript), functions ('w()')
    and densities ('p_theta(x|z)').
    """

    meanings: Mapping[str, Definition] = field(default_factory=dict)
    encoder: bool = False  # does mu mean what the encoder gives?
    # and of one block only
    samples: tuple[t.Drawn, ...] = ()
    conditions: tuple[tuple[t.Node, str, t.Node], ...] = ()
    traits: Mapping[str, frozenset[str]] = field(default_factory=dict)  # f is convex
    chances: bool = False  # is \pi a probability rather than 3.14?
    shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of free names
    limits: Mapping[str, tuple[t.Node, ...]] = field(default_factory=dict)  # of an index
    taken: Mapping[str, str] = field(default_factory=dict)  # what is inferred: d for D
    nodes: tuple[t.Node, ...] = ()  # all that the block says
    assumed: frozenset[str] = frozenset()  # definitions that are given

    def page(self) -> Scope:
        """The page's definitions, without what is true of one block only."""
        return Scope(self.meanings, self.encoder)

    def meaning(self, key: str, definition: Definition) -> Scope:
        """With one more definition."""
        return replace(self, meanings={**self.meanings, key: definition})

    def new_since(self, before: Scope) -> frozenset[str]:
        """The names that have another meaning than before."""
        old = before.meanings
        return frozenset(k for k, d in self.meanings.items() if old.get(k) is not d)

    @property
    def densities(self) -> dict[str, Definition]:
        """The definitions that are of densities."""
        found = self.meanings.items()
        return {k: d for k, d in found if k[-1] == ")" and not k.endswith("()")}

    @property
    def theta(self) -> list[str]:
        """When a definition of p_theta names mu and sigma, they are theta."""
        names: dict[str, None] = {}
        for key, definition in self.densities.items():
            if key.startswith(("p_theta", "p(x")):
                known = {p.key for p in definition.parameters} | NO_PARAMETERS
                known |= {n.function.key for n in definition.body.walk()
                          if isinstance(n, t.Call)}  # fmt: skip
                known |= set(self.meanings) | (set() if self.chances else {"pi"})
                names |= {s.key: None for s in t.names_in(definition.body)
                          if s.key not in known}  # fmt: skip
        return list(names)


NO_PARAMETERS = {
    *SIZES, *VARIABLES, *LAWS, *UNSIZED, "hat x", "decoder", "e", "n", "d", "h",
}  # fmt: skip


# ---------------------------------------------------------------- what names are
def is_chance(node: t.Node) -> bool:
    """Does this show that \\pi is a probability?"""
    if isinstance(node, t.Symbol):
        return (
            node.label == "pi" or node.name == "pi" and bool(node.accent or node.component)
        )
    if isinstance(node, t.Call):
        return node.function.name in COINS and node.group.items[-1] == t.Symbol("pi")
    if not isinstance(node, t.Power) or node.base != t.Symbol("pi"):
        return False
    return isinstance(node.exponent, t.Symbol) and node.exponent.name == "x"


def numbered(block: Block) -> Block:
    """The mu_1 beside a Sigma_1 is a vector of that name, no component."""

    def apart(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or len(node.component) != 1:
            return node
        (number,) = node.component
        if node.name not in (*matrices, *shaped("vector")) or not isinstance(
            number, t.Number
        ):
            return node
        return replace(node, component=(), label=f"{node.label}{number.value}")

    matrices = shaped("covariance")
    lines = (*block.lines, *block.given, *block.hence)
    nodes = [node for line in lines for side in line.sides for node in side.walk()]
    if all(node == apart(node) for node in nodes if getattr(node, "name", "") in matrices):
        return block
    for line in lines:
        line.first = line.first and t.rebuild(line.first, apart)
        line.rest = [(relation, t.rebuild(side, apart)) for relation, side in line.rest]
    return block


def limits_in(nodes: Iterable[t.Node]) -> dict[str, tuple[t.Node, ...]]:
    """How far each index letter runs."""
    limits: dict[str, tuple[t.Node, ...]] = {}
    for node in nodes:
        if isinstance(node, t.Total) and node.high not in limits.get(node.index, ()):
            limits[node.index] = (*limits.get(node.index, ()), node.high)
    return limits


def default_size(names: set[str]) -> str:
    """Of a vector of which nothing else is known: z has it, or else x."""
    both = {"z", "epsilon", "H", "ELBO"} & names or not {"x", "hat x", "D", "b"} & names
    return "H" if both else "D"


DIMENSIONS = "dknJL"  # letters that others write for a number of components


def dimensions_in(nodes: tuple[t.Node, ...], scope: Scope) -> dict[str, str]:
    """Names that nothing defines and that can only be D or H.

    The J of a sum over mu_j, and the d that stands beside a trace or a norm.
    """
    names = {n.key for n in nodes if isinstance(n, t.Symbol)}
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, t.Total) and isinstance(node.high, t.Symbol):
            carry = [
                s for s in t.names_in(node.body) if node.index in t.letters(s.component)
            ]
            own = {OF_SIZE.get(s.name, default_size(names)) for s in carry}
            found.setdefault(node.high.key, set()).update(own)
    if speaks_of_vectors(nodes) and not (
        {"x", "hat x"} & names and {"z", "epsilon"} & names
    ):
        counted = {letter for n in nodes if isinstance(n, t.Symbol)
                   for letter in t.letters(n.index + n.component)}  # fmt: skip
        for name in names & set(DIMENSIONS) - counted - found.keys():
            found[name] = {default_size(names)}
    index = {n.index for n in nodes if isinstance(n, t.Total)}
    known = {*SIZES, *scope.meanings, *index}
    return {k: min(own) for k, own in found.items() if len(own) == 1 and k not in known}


OF_SIZE = {"x": "D", "y": "D", "z": "H", "epsilon": "H"}  # how many components each has


def shapes_of(
    nodes: tuple[t.Node, ...], names: set[str], meanings: Mapping[str, Definition]
) -> dict[str, tuple[str, ...]]:
    """Which free names are vectors: those that carry a component somewhere."""
    upper = dict(UPPER)
    for node in nodes:
        if isinstance(node, t.Total) and isinstance(node.high, t.Symbol):
            meant = meanings[node.high.key].body if node.high.key in meanings else node.high
            upper[node.index] = getattr(meant, "name", "")
    shapes: dict[str, tuple[str, ...]] = {}
    symbols = [n for n in nodes if isinstance(n, t.Symbol)]
    for symbol in symbols:
        sizes = tuple(upper.get(letter, "") for letter in t.letters(symbol.component))
        if symbol.key not in VARIABLES and sizes and set(sizes) <= {"D", "H"}:
            shapes[symbol.key] = sizes
    if not speaks_of_vectors(nodes):
        return shapes
    size = default_size(names)
    matrix = any(s.name in shaped("matrix") for s in symbols)
    diagonal = {s.key for n in nodes for s in _diagonals(n)}
    for symbol in symbols:
        name, key = symbol.name, symbol.key
        if key in shapes:
            continue
        if name in shaped("vector") and symbol.label != "phi" or key in diagonal:
            shapes[key] = (size,)
        elif name in shaped("matrix"):
            shapes[key] = ("D", "H")
        elif name in shaped("bias") and matrix:
            shapes[key] = ("D",)
        elif name in shaped("covariance"):
            shapes[key] = (size, size)
    return shapes


def _of_two(node: t.Node) -> bool:
    """ELBO(x; \\theta, \\mu, \\sigma): q is N(z; mu, diag(sigma^2))."""
    if not isinstance(node, t.Call) or node.function.key != "ELBO":
        return False
    return "mu" in t.letters(node.group.items)


def _diagonals(node: t.Node) -> Iterable[t.Symbol]:
    """The names inside of diag(...), or beside an elementwise product."""
    if _of_two(node):
        return [t.Symbol("sigma")]
    if isinstance(node, t.Function) and node.name == "diag":
        return t.names_in(node.body)
    if isinstance(node, t.Product) and "odot" in node.operations:
        return [f for f in node.factors if isinstance(f, t.Symbol)]
    return []


VECTORIAL = ("diag", "norm", "tr", "transpose", "det")  # functions
VECTORS = ("I", "0", "D", "H", "Sigma", *shaped("matrix"))  # names


def speaks_of_vectors(nodes: Iterable[t.Node]) -> bool:
    """Does anything here need more than one dimension?"""
    nodes = tuple(nodes)
    called = {id(n.function) for n in nodes if isinstance(n, t.Call)}  # the I of I(x)
    return any(
        isinstance(n, t.Symbol) and id(n) not in called and (n.name in VECTORS
                                   or any(c in "dh" for c in t.letters(n.component))
                                   or n.name in VARIABLES and _is_numbered(n))
        or isinstance(n, t.Function) and n.name in VECTORIAL
        or _of_two(n)
        for n in nodes
    )  # fmt: skip


def _is_numbered(symbol: t.Symbol) -> bool:
    """x_1, a component that is not x where x has several."""
    return any(isinstance(c, t.Number) for c in symbol.component)


def _is_bit(node: t.Node) -> bool:
    """`Bernoulli`, or `\\hat{x}^x`."""
    if isinstance(node, t.Power) and isinstance(node.base, t.Symbol):
        return node.base.key in ("hat x", "pi") and t.role_of(node.exponent) == "x"
    return isinstance(node, t.Symbol) and node.name in COINS


# ---------------------------------------------------------------- where it is judged
CONTINUOUS = {"Normal", "epsilon", "I", *OUTPUTS, *NETWORKS}  # no tables of values


def worlds_for(scope: Scope) -> list[type[NumericWorld]]:
    """All worlds that have what the block speaks of."""
    nodes, own = scope.nodes, scope.densities
    if chain := shape_of(nodes):
        return chain_worlds(chain)
    everything = [*nodes, *(n for d in own.values() for n in d.body.walk())]
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
    # Curve has no population of its x
    bits = [Bits] if vectors and "p_*" in names and not own else []
    calls = (n for n in everything if isinstance(n, t.Call) and t.is_density(n))
    own_x = {"p(x)", "q(x)", "p_*(x)"} & {*map(t.signature, calls)}
    alone = vectors and own_x and not names & {"z", "hat x", "q_phi"}
    return [Line, Curve, *bits, *([Plane, Space] if alone else [])]
