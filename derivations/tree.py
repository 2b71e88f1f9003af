"""Formulas as trees: the pieces that a mathematician would name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction

GREEK = set(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau "
    "phi psi omega ell Sigma Lambda Phi Theta Delta Omega Psi".split()
)
VARIABLES = ("x", "z", "epsilon", "y", "u", "t", "a", "b")
SIZES = ("N", "D", "H", "K", "M", "B")
UPPER = {"n": "N", "d": "D", "h": "H", "k": "K", "b": "B", "m": "M", "i": "N", "j": "K"}
COIN = ("Bernoulli", "Ber")
BOUNDS = ("≥", "≤", ">", "<")


@dataclass(frozen=True)
class Node:
    """A piece of a formula; two nodes are equal when they read the same."""

    span: tuple[int, int] = field(default=(0, 0), compare=False, kw_only=True)

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True)(cls)

    def children(self) -> Iterator[Node]:
        return _nodes(tuple(vars(self).values()))

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children():
            yield from child.walk()

    def values(self) -> Iterator[Node]:
        """The parts that stand for a value: not the names that are called, bound or varied."""
        yield self
        names = NAMES_IN.get(type(self).__name__, ())
        for name, part in vars(self).items():
            if name not in names:
                for child in _nodes(part):
                    yield from child.values()


# the fields of a node that hold names, or sets of names, rather than values
NAMES_IN = {
    "Call": ("function",), "Integral": ("variable",), "Expectation": ("drawn",),
    "Derivative": ("variables",), "Best": ("arguments",), "At": ("bindings",),
    "Drawn": ("variable",),
}  # fmt: skip


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

    name: str
    accent: str = ""
    label: str = ""
    index: tuple[Node, ...] = ()
    component: tuple[Node, ...] = ()
    under: Inside | None = None

    @property
    def key(self) -> str:
        accent = f"{self.accent} " if self.accent else ""
        return accent + self.name + (f"_{self.label}" if self.label else "")

    @property
    def spoken(self) -> str:
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
    function: Symbol
    group: Group


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
    variable: Symbol
    body: Node
    low: Node | None = None
    high: Node | None = None
    counting: bool = False  # \sum_z: only where z is discrete


class Expectation(Node):
    kind: str  # E, Var or Std
    drawn: tuple[tuple[tuple[Symbol, ...], Node], ...]
    body: Node


class Divergence(Node):
    left: Node
    right: Node


class Best(Node):
    sense: str
    arguments: tuple[Node, ...]
    body: Node


class Chosen(Node):
    """One of the names that an argmax over several gives."""

    best: Best
    place: int


class Derivative(Node):
    """With respect to each of `variables`, one after the other; `nabla` stacks them."""

    variables: tuple[Node, ...]
    body: Node
    nabla: bool = False


class At(Node):
    """`\\left. f \\right|_{z = 0}`"""

    body: Node
    bindings: tuple[tuple[Symbol, Node], ...] = ()


class Constant(Node):
    """Infinity, the dots of a list, or + const."""

    name: str


class Drawn(Node):
    """A sampling statement: `variable` (perhaps with an index letter) from `density`."""

    variable: Symbol
    density: Node


ONE, TWO, CONST = Number(Fraction(1)), Number(Fraction(2)), Constant("const")
MINUS_ONE = Add((ONE,), (-1,))


# ---------------------------------------------------------------- changing a tree
def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """`change` applied to every node, children first; what stays the same is the same."""
    new = {f.name: _rebuilt(getattr(node, f.name), change) for f in fields(node)}
    moved = {name: v for name, v in new.items() if v is not getattr(node, name)}
    return change(replace(node, **moved) if moved else node)


def _rebuilt(value: object, change: Callable[[Node], Node]) -> object:
    if isinstance(value, Node):
        return rebuild(value, change)
    if not isinstance(value, tuple):
        return value
    parts = tuple(_rebuilt(part, change) for part in value)
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
    return node.items if isinstance(node, Group) else (node,)


def names_in(node: Node) -> Iterator[Symbol]:
    return (part for part in node.walk() if isinstance(part, Symbol))


def letters(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    return tuple(node.name for node in nodes if isinstance(node, Symbol))


def free_letters(node: Node) -> set[str]:
    """The index letters that no sum inside of `node` binds."""
    if isinstance(node, Symbol):
        marks = node.index + node.component
        own = {part.name for mark in marks for part in names_in(mark)} & UPPER.keys()
        return own | (free_letters(node.under) if node.under else set())
    inside = set().union(*map(free_letters, node.children()))
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
    for child in node.children():
        yield from idle_sums(child, bound)


def has_const(*sides: Node) -> bool:
    return any(node == CONST for side in sides for node in side.walk())


def role_of(node: Node) -> str:
    """Which argument of a density this is: x, z, epsilon, the data."""
    node = bare(node)
    if isinstance(node, Symbol):
        return {"y": "x", "a": "z", "b": "z"}.get(node.name, node.name)
    names = [part.name for part in names_in(node)]
    for name, role in (("z", "z"), ("epsilon", "z"), ("x", "x")):
        if name in names:
            return role
    return names[0] if names else "?"


def split_bar(group: Group) -> tuple[list[Node], list[Node]]:
    """What stands before and after the bar; what follows a semicolon is no variable."""
    before, after = [group.items[0]], []
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
    name = node.function.name if isinstance(node, Call) else getattr(node, "name", "")
    return name in ("p", "q", "r", "Normal", *COIN)


def is_parameter(node: Node) -> bool:
    return isinstance(node, Symbol) and node.name in ("theta", "phi")


def data_point(letter: str = "n") -> Symbol:
    return Symbol("x", index=(Symbol(letter),))
