r"""A block on its way into the book's names: what all habits of writing share.

A `Writing` holds the trees of a block and notes what was taken for what. Where more than
one reading remains, `choose` keeps them all, and the pipeline tries them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from . import tree as t
from .block import Block
from .chains import Shape
from .notation import GREEK, NAMES
from .read import Statement
from .scope import Scope

MOST_READINGS = 6
X, THETA, PHI = map(t.Symbol, ("x", "theta", "phi"))
PHI_Q = t.Symbol("q", label="phi")
NETWORK_LABELS = ("theta", "phi", "psi", "omega", "lambda", "eta", "nu", "xi")
CONDITIONS = "yc"
BOUNDS = ("ELBO", "calL")
LETTERS = ("p", "q")
POINTS = ("x", "z", "epsilon")  # what a density is a density of


class Mode(Enum):
    """How the readings of a name count."""

    ANY = "the block itself says which: the one that holds"
    FIRST = "the first is the convention; where only another holds, we ask"
    ALL = "none is more usual: they must agree"


@dataclass(frozen=True)
class Choice:
    """A name, what it may stand for, and how these readings count.

    `say` is a given that would tell.
    """

    name: str
    options: tuple[str, ...]
    mode: Mode

    @property
    def say(self) -> str:
        """The line to add."""
        other = next((o for o in self.options if o != self.name), "...")
        return f"{self.name} := {other}"


@dataclass(frozen=True)
class Reading:
    """A block in the book's names; `taken` says what was taken for what.

    `choice` is what makes it another reading than the first.
    """

    block: Block
    taken: dict[str, str]
    choice: Choice = Choice("", (), Mode.FIRST)
    own: str = ""  # a famous name that it takes for a name of its own


class Writing:
    """A block on its way into the book's names; `picks` says which options are tried."""

    def __init__(self, block: Block, page: Scope, picks: dict[str, int]):
        self.block, self.page, self.picks = block, page, picks
        self.taken: dict[str, str] = {}
        self.own = ""
        self.freed = False  # has q_\\phi(z) lost its label?
        self.choices: dict[str, Choice] = {}
        self.implied: list[Statement] = []  # what a given leaves out
        self.chain: Shape | None = None  # x_0, ..., x_T, if the block speaks of such
        own = [line.first for line in block.given if isinstance(line.first, t.Call)]
        self.known = {t.signature(call) for call in own} | set(page.densities)

    # ------------------------------------------------------------ what stands there
    def nodes(self) -> Iterator[t.Node]:
        """All nodes of the block, from top to bottom."""
        for line in (*self.block.lines, *self.block.given, *self.block.hence):
            for side in line.parts:
                yield from side.walk()

    def symbols(self) -> Iterator[t.Symbol]:
        """All names."""
        return (node for node in self.nodes() if isinstance(node, t.Symbol))

    def calls(self, letters: tuple[str, ...] = LETTERS) -> list[t.Call]:
        """The densities that say of what."""
        found = (node for node in self.nodes() if isinstance(node, t.Call))
        return [call for call in found if call.function.name in letters]

    def logs(self) -> bool:
        """Is there a logarithm, or what is made of some?"""
        kinds = (
            (isinstance(n, t.Divergence), getattr(n, "name", "")) for n in self.nodes()
        )
        return any(divergence or name == "log" for divergence, name in kinds)

    def defines(self, key: str) -> bool:
        """Does the page or a line with := say what this is?"""
        both = (*self.block.lines, *self.block.given)
        lines = [line for line in both if not _is_bound(line)]
        own = [line.first for line in lines if line.rest and line.rest[0][0] == ":="]
        own += [line.first for line in lines if line in self.block.given]
        own += [side for line in lines for sign, side in line.rest if sign == "=:"]
        named = [side.function if isinstance(side, t.Call) else side for side in own]
        said = {name.key for name in named if isinstance(name, t.Symbol)}
        return key in said or any(key + end in self.page.meanings for end in ("", "()"))

    def told(self, key: str, first: bool = True) -> bool:
        """Also, does a brace, what stands beside a line, or its first equation?"""
        lines = (*self.block.lines, *self.block.given, *self.block.hence)
        beside = [*self.block.hence, *(other for line in lines for other in line.under)]
        sides = [side for line in beside for side in line.sides]
        sides += [line.first for line in lines if first and line.first]
        names = (s.function if isinstance(s, t.Call) else s for s in sides)
        return self.defines(key) or any(getattr(name, "key", "") == key for name in names)

    # ------------------------------------------------------------ changing it
    def change(self, rule: Callable[[t.Node], t.Node]) -> None:
        """Every node of the block, children first."""

        def line_of(line: Statement) -> Statement:
            new = line.changed(rule)
            samples = [t.rebuild(drawn, rule) for drawn in line.samples]
            drawn = tuple(node for node in samples if isinstance(node, t.Drawn))
            under = tuple(map(line_of, line.under))
            return replace(new, samples=drawn, under=under)

        lines, given, hence = (
            [line_of(line) for line in part]
            for part in (self.block.lines, self.block.given, self.block.hence)
        )
        self.block = replace(self.block, lines=lines, given=given, hence=hence)

    def change_values(self, rule: Callable[[t.Node], t.Node]) -> None:
        """Also, but the name of a call goes with its arguments."""
        whole = {id(n.function) for n in self.nodes() if isinstance(n, t.Call)}
        self.change(lambda node: node if id(node) in whole else rule(node))

    def rename(self, rule: Callable[[t.Symbol], t.Symbol]) -> None:
        """Every name of the block; what has another one now was taken for that."""

        def new(node: t.Node) -> t.Node:
            other = rule(node) if isinstance(node, t.Symbol) else node
            return node if other == node else self.take(node, other)

        self.change(new)

    def take(self, old: t.Node, new: t.Node) -> t.Node:
        """`new`, where `old` stands; the report says so."""
        source = "" if isinstance(old, t.Symbol) else self.block.source[slice(*old.span)]
        self.taken.setdefault(" ".join(source.split()) or latex(old), latex(new))
        return replace(new, span=old.span)

    def choose(self, name: str, options: list[t.Node], mode: Mode) -> t.Node:
        """One of the options; the pipeline looks at the others."""
        if len(options) > 1:
            self.choices[name] = Choice(name, tuple(map(latex, options)), mode)
        return options[self.picks.get(name, 0) % len(options)]


def _is_bound(line: Statement) -> bool:
    """`\\mathcal{L}(x) := \\mathrm{ELBO}(x; ...)`: that is what we take it for."""
    sides = [side.function if isinstance(side, t.Call) else side for side in line.sides]
    return len(sides) > 1 and all(getattr(side, "key", "") in BOUNDS for side in sides)


def before(call: t.Call) -> frozenset[str]:
    """The variables that a density is a density of."""
    return frozenset(map(t.role_of, t.split_bar(call.group)[0]))


def after(call: t.Call) -> frozenset[str]:
    """What it is conditioned on."""
    return frozenset(map(t.role_of, t.split_bar(call.group)[1]))


def joint(call: t.Call) -> bool:
    """Does it speak of both x and z?"""
    return {"x", "z"} <= before(call) | after(call)


def density(name: t.Symbol, of: str, given: str = "") -> t.Call:
    """`density(q, "z", "x")` is q(z|x); `density(p, "xz")` is p(x, z)."""
    items = tuple(map(t.Symbol, of + given))
    marks = (",",) * (len(of) - 1) + ("|",) * bool(given) + (",",) * (len(given) - 1)
    return t.Call(name, t.Group(items, marks))


def of_any(call: t.Call) -> t.Call:
    """The density itself, where it stands at a sample: q(z|x) for q(z^{(k)}|x)."""
    first, behind = t.split_bar(call.group)
    plain = [replace(i, index=()) if isinstance(i, t.Symbol) else i for i in first]
    items = (*plain, *call.group.items[len(first) :])
    return replace(call, group=replace(call.group, items=items))


def labelled(call: t.Call, label: str) -> t.Call:
    """The density with this label: p_\\theta(x|z) for p(x|z)."""
    return replace(call, function=replace(call.function, label=label))


def latex(node: t.Node) -> str:
    """A name, a density or an average as a report shows it."""
    if isinstance(node, t.Symbol):
        label = "\\" + node.label if node.label in GREEK else node.label
        name = NAMES[node.name].latex if node.name in NAMES else node.spoken
        name = "\\mathcal{L}" if node.name == "calL" else name
        index = ", ".join(map(latex, node.index))
        return name + (f"_{label}" if label else "") + (f"^{{({index})}}" if index else "")
    if isinstance(node, t.Number):
        return str(node.value)
    if isinstance(node, t.Call):
        marks = [" \\mid " if mark == "|" else mark + " " for mark in node.group.marks]
        pairs = zip(map(latex, node.group.items), [*marks, ""], strict=True)
        return f"{latex(node.function)}({''.join(a + b for a, b in pairs)})"
    if isinstance(node, t.Expectation):
        under = ", ".join(latex(law) for _, law in node.drawn)
        return f"\\mathbb{{E}}_{{{under}}}[{latex(node.body)}]"
    if isinstance(node, t.Function):
        return f"\\{node.name} {latex(node.body)}"
    if isinstance(node, t.Power):
        return f"{latex(node.base)}^{latex(node.exponent)}"
    if isinstance(node, t.Add):
        signs = ("-" if sign < 0 else "+" for sign in node.signs)
        return " ".join(s + latex(a) for s, a in zip(signs, node.terms, strict=True))
    if isinstance(node, t.Divergence):
        return f"D_{{KL}}({latex(node.left)} \\| {latex(node.right)})"
    if isinstance(node, t.Quotient):
        return f"\\frac{{{latex(node.over)}}}{{{latex(node.under)}}}"
    if isinstance(node, t.Total):
        low, high, body = map(latex, (node.low, node.high, node.body))
        return f"\\{node.kind}_{{{node.index}={low}}}^{{{high}}} {body}"
    if isinstance(node, t.Integral) and node.counting:
        return f"\\sum_{{{latex(node.variable)}}} {latex(node.body)}"
    if isinstance(node, t.Group) and node.marks == (":",):
        return ":".join(map(latex, node.items))
    if isinstance(node, t.Group | t.Product):
        return " ".join(map(latex, node.children))
    return "\\dots"


def exchanged(old: t.Node, new: t.Node, node: t.Node) -> t.Node:
    """`new`, where `old` stands."""
    return replace(new, span=node.span) if node == old else node


def one_of(w: Writing, node: t.Node, options: list[t.Node]) -> t.Node:
    """Whichever of these makes the block true."""
    new = w.choose(latex(node), options[: MOST_READINGS - 1], Mode.ANY)
    return node if new == node else w.take(node, new)
