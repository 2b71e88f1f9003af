"""Formulas as trees: the pieces that a mathematician would name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, dataclass_transform

from .notation import DENSITIES, GREEK, LAWS, NAMES, PARAMETERS, UPPER, VARIABLES


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
@dataclass(frozen=True)
class Node:
    """A piece of a formula; two nodes are equal when they read the same."""

    naming: ClassVar[tuple[str, ...]] = ()  # fields that hold names, not values
    parts: ClassVar[tuple[str, ...]] = ()  # all fields but the span
    span: tuple[int, int] = field(default=(0, 0), compare=False, kw_only=True)

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True)(cls)
        cls.parts = tuple(f.name for f in fields(cls) if f.name != "span")

    @cached_property
    def children(self) -> tuple[Node, ...]:
        """The nodes right below."""
        return tuple(_nodes(tuple(getattr(self, name) for name in self.parts)))

    def walk(self) -> Iterator[Node]:
        """This node and all below it, from left to right."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)

    def values(self) -> Iterator[Node]:
        """The parts that stand for a value: no name that is called, bound or varied."""
        yield self
        for part in self.operands():
            yield from part.values()

    def operands(self) -> Iterator[Node]:
        """The children that stand for values."""
        values = (name for name in self.parts if name not in self.naming)
        return _nodes(tuple(getattr(self, name) for name in values))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)


class Number(Node):
    value: Fraction


class Symbol(Node):
    """`\\hat{x}^{(n)}_d` is name x, accent hat, index (n,), component (d,).

    A label belongs to the name (`p_{\\theta}`, `\\sigma_x`); a component and an index
    choose from it. `under` holds the subscript of an expectation.
    """

    naming = ("index", "component", "under")
    name: str
    accent: str = ""
    label: str = ""
    index: tuple[Node, ...] = ()
    component: tuple[Node, ...] = ()
    under: Inside | None = None

    @property
    def key(self) -> str:
        """The name with its accent and label: `hat x`, `mu_phi`."""
        accent = f"{self.accent} " if self.accent else ""
        return accent + self.name + (f"_{self.label}" if self.label else "")

    @property
    def marked(self) -> bool:
        """Does anything hang on the name that makes another of it, or chooses from it?"""
        return bool(self.accent or self.label or self.index or self.component)

    @property
    def spoken(self) -> str:
        """As a message shows it."""
        name = "\\" + self.name if self.name in GREEK else self.name
        return f"\\{self.accent}{{{name}}}" if self.accent else name


class Inside(Node):
    """What stands in a script: `n=1`, `z \\sim q`, `\\theta, \\phi`."""

    sides: tuple[tuple[Node, ...], ...]
    relations: tuple[str, ...] = ()


class Group(Node):
    """Brackets; `marks` are what separates the items: comma, bar, semicolon."""

    items: tuple[Node, ...]
    marks: tuple[str, ...] = ()


class Tuple(Group):
    """A list without brackets."""


class Call(Node):
    """`f(x)`, also a density or a law with its arguments."""

    function: Symbol
    group: Group

    def operands(self) -> Iterator[Node]:
        return iter(self.group.items)


class Add(Node):
    terms: tuple[Node, ...]
    signs: tuple[int, ...]


class Product(Node):
    factors: tuple[Node, ...]
    operations: tuple[str, ...]  # one fewer than factors: '', '/', 'odot', 'times'


class Quotient(Node):
    over: Node
    under: Node


class Power(Node):
    base: Node
    exponent: Node


class Function(Node):
    name: str
    body: Node


class Total(Node):
    """A sum or a product over an index; `low` and `high` are both stated."""

    kind: str
    index: str
    low: Node
    high: Node
    body: Node


class Integral(Node):
    naming = ("variable",)
    variable: Symbol
    body: Node
    low: Node | None = None
    high: Node | None = None
    counting: bool = False  # \sum_z: only where z is discrete


class Expectation(Node):
    naming = ("drawn",)
    kind: str  # E, Var or Std
    drawn: tuple[tuple[tuple[Symbol, ...], Node], ...]
    body: Node


class Divergence(Node):
    left: Node
    right: Node


class Best(Node):
    naming = ("arguments",)
    sense: str
    arguments: tuple[Node, ...]
    body: Node


class Extreme(Node):
    """The value of a maximum or a minimum, where `Best` is its place."""

    naming = ("arguments",)
    sense: str
    arguments: tuple[Node, ...]
    body: Node


class Cases(Node):
    """Values, each with what must hold there; the first that fits is taken."""

    options: tuple[tuple[Node, tuple[tuple[Node, str, Node], ...]], ...]


class Chosen(Node):
    """One of the names that an argmax over several gives."""

    best: Best
    place: int


class Derivative(Node):
    """With respect to each of `variables`, one after the other; `nabla` stacks them."""

    naming = ("variables",)
    variables: tuple[Node, ...]
    body: Node
    nabla: bool = False


class At(Node):
    """`\\left. f \\right|_{z = 0}`"""

    naming = ("bindings",)
    body: Node
    bindings: tuple[tuple[Symbol, Node], ...] = ()


class Between(Node):
    """`f(x) \\bigg|_a^b`: what f is at b, less what it is at a."""

    naming = ("variable",)
    body: Node
    variable: Symbol
    low: Node
    high: Node


class Constant(Node):
    """Infinity, the dots of a list, or + const, perhaps a constant in these names only."""

    naming = ("of",)
    name: str
    of: tuple[Node, ...] = field(default=(), compare=False)


class Drawn(Node):
    """A sampling statement: `variable` (perhaps with an index letter) from `density`."""

    naming = ("variable",)
    variable: Symbol
    density: Node


ZERO, ONE, TWO = (Number(Fraction(n)) for n in range(3))
CONST = Constant("const")
MINUS_ONE = Add((ONE,), (-1,))


# ---------------------------------------------------------------- changing a tree
def rebuild(
    node: Node, change: Callable[[Node], Node], kept: tuple[type[Node], ...] = ()
) -> Node:
    """`change` applied to every node, children first; what stays the same is the same.

    Nodes of the types `kept` stay as they are, with all that is below them.
    """
    if isinstance(node, kept):
        return node
    if not node.children:
        return change(node)
    moved: dict[str, Any] = {}
    for name in node.parts:
        old = getattr(node, name)
        if (new := _rebuilt(old, change, kept)) is not old:
            moved[name] = new
    return change(replace(node, **moved) if moved else node)


def _rebuilt(
    value: object, change: Callable[[Node], Node], kept: tuple[type[Node], ...]
) -> object:
    if isinstance(value, Node):
        return rebuild(value, change, kept)
    if not isinstance(value, tuple):
        return value
    parts = tuple(_rebuilt(part, change, kept) for part in value)
    same = all(a is b for a, b in zip(parts, value, strict=True))
    return value if same else parts


def exchange(node: Node, old: Node, new: Node) -> Node:
    """The tree with this one place exchanged."""
    return rebuild(node, lambda part: new if part is old else part)


def bare(node: Node) -> Node:
    """Without brackets that only group."""
    while isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    return node


# ---------------------------------------------------------------- what it is about
def items_of(node: Node) -> tuple[Node, ...]:
    """The items of a list, or the one thing."""
    return node.items if isinstance(node, Group) else (node,)


def is_run(index: tuple[Node, ...]) -> bool:
    """Is this the 1:T of x_{1:T}?"""
    return len(index) == 1 and isinstance(index[0], Group) and index[0].marks == (":",)


def names_in(node: Node) -> Iterator[Symbol]:
    """All names below a node."""
    return (part for part in node.walk() if isinstance(part, Symbol))


def letters(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """The names of those nodes that are names."""
    return tuple(node.name for node in nodes if isinstance(node, Symbol))


def free_letters(node: Node) -> set[str]:
    """The index letters that no sum inside of `node` binds."""
    if isinstance(node, Symbol):
        marks = node.index + node.component
        own = {part.name for mark in marks for part in names_in(mark)} & UPPER.keys()
        return own | (free_letters(node.under) if node.under else set())
    inside = set().union(*map(free_letters, node.children))
    return inside - {node.index} if isinstance(node, Total) else inside


def idle_sums(
    node: Node, bound: frozenset[str] = frozenset()
) -> Iterator[tuple[Total, str]]:
    """Sums over n in which only another letter, that nothing binds, is an index."""
    if isinstance(node, Total):
        inside = free_letters(node.body)
        if node.index not in inside and inside - bound:
            yield node, min(inside - bound)
        bound |= {node.index}
    for child in node.children:
        yield from idle_sums(child, bound)


def has_const(*sides: Node) -> bool:
    """Does a side hold `+ const`?"""
    return any(node == CONST for side in sides for node in side.walk())


def summed(side: Node) -> Node:
    """What `+ const` may be added to: a whole side, or what is maximised."""
    side = bare(side)
    within = isinstance(side, Best | Extreme)
    within = within or isinstance(side, Total) and side.kind == "sum"
    return summed(side.body) if within else side  # type: ignore[attr-defined]


def misplaced_const(side: Node) -> Node | None:
    """A constant that is not added to a whole side."""
    side = summed(side)
    terms = side.terms if isinstance(side, Add) else (side,)
    for term in map(bare, terms):
        if isinstance(term, Add):
            found = misplaced_const(term)
        else:
            found = next((n for n in term.walk() if n == CONST and term != CONST), None)
        if found:
            return found
    return None


ROLES = {key for key, row in NAMES.items() if row.stands_for}


def role_of(node: Node) -> str:
    """Which argument of a density this is: x, z, epsilon, the data."""
    node = bare(node)
    if isinstance(node, Symbol):
        return NAMES[node.name].stands_for if node.name in ROLES else node.name
    names = [part.name for part in names_in(node)]
    for name, role in (("z", "z"), ("epsilon", "z"), ("x", "x")):
        if name in names:
            return role
    return names[0] if names else "?"


def split_bar(group: Group) -> tuple[list[Node], list[Node]]:
    """What stands before and after the bar; what follows a semicolon is no variable."""
    before: list[Node] = [group.items[0]]
    after: list[Node] = []
    behind = False
    for mark, item in zip(group.marks, group.items[1:], strict=True):
        behind = behind or mark == "|"
        if mark == ";":
            break
        (after if behind else before).append(item)
    return before, after


def signature(call: Call) -> str:
    """`p_{\\theta}(x^{(n)} \\mid z)` is 'p_theta(x|z)'."""
    roles = (",".join(sorted(map(role_of, side))) for side in split_bar(call.group))
    return f"{call.function.key}({'|'.join(filter(None, roles))})"


def is_density(node: Node) -> bool:
    """Is this p, q, r or a law?"""
    name = node.function.name if isinstance(node, Call) else getattr(node, "name", "")
    return name in DENSITIES or name in LAWS


def is_law(node: Node) -> bool:
    """Is this N(z; mu, v), or its like?"""
    return isinstance(node, Call) and node.function.name in LAWS


def lacks_variable(node: Node) -> bool:
    """Is this N(mu, v), which does not say of what?"""
    if not isinstance(node, Call) or node.function.name not in LAWS:
        return False
    return len(node.group.items) == NAMES[node.function.name].arguments - 1


def factors_of(node: Node) -> tuple[Node, ...]:
    """The factors of a product, written out or with \\prod; else the one thing."""
    node = bare(node)
    if isinstance(node, Total) and node.kind == "prod":
        return factors_of(node.body)
    if isinstance(node, Product) and "/" not in node.operations:
        return tuple(part for factor in node.factors for part in factors_of(factor))
    return (node,)


def is_argument(node: Node) -> bool:
    """`(x)`, `(x, z)`: variables only, so what stands before is a function of them."""
    names = node.items if isinstance(node, Group) else (node,)
    variables = (isinstance(n, Symbol) and n.name in VARIABLES for n in names)
    return isinstance(node, Group) and all(variables)


def is_parameter(node: Node) -> bool:
    """Is this theta or phi, all of it?"""
    named = isinstance(node, Symbol) and node.name in PARAMETERS
    return named and not (node.component or node.index)  # type: ignore[attr-defined]


def data_point(letter: str = "n") -> Symbol:
    """x^{(n)}."""
    return Symbol("x", index=(Symbol(letter),))
