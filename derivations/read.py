"""From the LaTeX of one line to trees.

Nothing is guessed. What the dialect does not know, or what a mathematician could read in
two ways, is a `ReadingError` that points at the place; so a formula that was read has one
meaning.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.visitors import Interpreter

from . import tree as t
from .notation import (
    AVERAGES,
    CALLED,
    DIVERGENCES,
    DIVERGENT,
    GREEK,
    JENSEN_SHANNON,
    LABELLED,
    LABELS,
    LETTERS_ONLY,
    PREFIXES,
    RELATIONS,
    SPELLINGS,
    STYLED,
    STYLES,
    UNSIZED,
    UPPER,
    VARIABLES,
    WORD_FUNCTIONS,
    letters,
    terminals,
)
from .tokens import Misplaced, Roles

DIALECT = Path(__file__).parent / "dialect.lark"
SUMMED = (*VARIABLES, *"XYZ")  # \sum_z, \int_z
NO_FUNCTIONS = (*UNSIZED, "partial", "d")  # a bracket after these is a factor
RESTARTS = ("log", "nabla")  # after a function's factors: a factor of its own
SIGNS = {row.terminal: row.sign for row in RELATIONS.values()}
MARKS = {"MID": "|", "PARALLEL": "‖", "SIM": "~"}
OPERATIONS = {"TIMES": "times", "ODOT": "odot", "SLASH": "/"}
OF_DATA = tuple(t.Symbol(name) for name, label in LABELLED.items() if label == "*")
POPULATION = t.Symbol("p", label="*")  # which \\langle f \\rangle_{data} is over
REST = t.Constant("rest")  # a derivative that has not met its body yet
PROSE = re.compile(r"[A-Za-z]{4,}")
SPELLED = re.compile(
    letters(*PREFIXES, *LETTERS_ONLY, "ln", "argmax", "argmin") + "|(d[a-z]){2,}"
)
MOST_DIGITS = 300
MOST_DERIVATIVES = 4
BRACED = re.compile(
    r"\\[A-Za-z]+\*?(\s*\{[^{}]*\})?|[{_]\s*\{?\s*\\[a-z]+\s+\w+\s*\}|_\{\w+\}"
)


class ReadingError(Exception):
    """A piece of LaTeX that has no agreed meaning, with its place in the source."""

    def __init__(self, message: str, source: str, position: int):
        self.message, self.source = message, source
        self.position = max(0, min(position, len(source)))
        super().__init__(str(self))

    @property
    def line(self) -> int:
        """The line within the block, counted from 1."""
        return self.source.count("\n", 0, self.position) + 1

    def __str__(self) -> str:
        begin = self.source.rfind("\n", 0, self.position) + 1
        text = self.source[begin:].split("\n")[0]
        column = self.position - begin
        cut = max(0, column - 60)
        shown = ("..." if cut else "") + text[cut : column + 40]
        caret = " " * (column - cut + (3 if cut else 0)) + "^"
        return f"{self.message}\n    {shown}\n    {caret}"


@dataclass
class Statement:
    """One line: a first side (none when it continues) and what it is related to."""

    first: t.Node | None
    rest: list[tuple[str, t.Node]]
    samples: tuple[t.Drawn, ...]
    number: int
    text: str
    remark: str = ""  # what the author says in \text{...} at the end
    hedge: str = ""  # why it is not wrong where it fails
    under: tuple[Statement, ...] = ()  # the conditions that stand beside it
    brace: bool = False  # it stands at a brace of another
    equality: bool = False  # an inequality is one exactly where this holds
    beside: bool = False  # it stands beside another, which the next row continues
    offset: int = 0  # where the text that was read begins in the source
    tree: Tree[Token] | None = field(default=None, repr=False, compare=False)

    @property
    def sides(self) -> list[t.Node]:
        """All sides, from left to right."""
        return ([self.first] if self.first else []) + [side for _, side in self.rest]

    def changed(self, rule: Callable[[t.Node], t.Node]) -> Statement:
        """With a rule applied to every node of its sides, children first."""
        first = self.first and t.rebuild(self.first, rule)
        rest = [(relation, t.rebuild(side, rule)) for relation, side in self.rest]
        return replace(self, first=first, rest=rest)

    @property
    def parts(self) -> list[t.Node]:
        """All sides, also those of what stands beside it."""
        beside = [side for line in self.under for side in line.sides]
        return [*self.sides, *self.samples, *beside]


@lru_cache(maxsize=1)
def grammar() -> str:
    """The shapes of dialect.lark with the words of notation.py."""
    words = "".join(f"{name}: /{regex}/\n" for name, regex in terminals().items())
    relation = " | ".join(row.terminal for row in RELATIONS.values())
    return f"{DIALECT.read_text(encoding='utf-8')}\nrelation: {relation}\n{words}"


@lru_cache(maxsize=1)
def parser() -> Lark:
    """Lark's parser of one line; it is made once."""
    return Lark(
        grammar(), parser="lalr", lexer="basic", start="line", postlex=Roles(),
        propagate_positions=True, maybe_placeholders=True,
    )  # fmt: skip


def parts(tree: Tree[Token]) -> list[Any]:
    """What a rule of the grammar holds; the rule says which is a tree and which a token."""
    return tree.children


def blank(match: re.Match[str]) -> str:
    """Spaces in its place, so that every position stays what it was."""
    return re.sub(r"[^\n]", " ", match[0])


def drawn_from(variables: t.Node, density: t.Node) -> tuple[t.Drawn, ...]:
    """`x, z ~ p`: a sampling statement for each name; here x^i is x^{(i)}."""
    drawn = []
    for v in t.items_of(variables):
        if isinstance(v, t.Power) and isinstance(v.base, t.Symbol):
            v = replace(v.base, index=(v.exponent,))
        if isinstance(v, t.Symbol):
            drawn.append(t.Drawn(v, filled(density, v)))
    return tuple(drawn)


def filled(density: t.Node, variable: t.Node) -> t.Node:
    """`q(\\cdot \\mid x)` as a density of this variable."""

    def put(node: t.Node) -> t.Node:
        return variable if node == t.Constant("place") else node

    return t.rebuild(density, put)


def read_statement(source: str, offset: int, text: str, number: int) -> Statement:
    """`text` stands in `source` at `offset`; errors point into the source."""

    def fail(message: str, position: int) -> ReadingError:
        return ReadingError(message, source, offset + position)

    word = PROSE.search(SPELLED.sub(blank, BRACED.sub(blank, text)))
    if word:
        hint = f"is {word[0]!r} a word? Write \\text{{...}} or \\mathrm{{...}}"
        raise fail(hint, word.start())
    try:
        tree = parser().parse(text)
    except Misplaced as error:
        raise fail(error.message, error.position) from None
    except UnexpectedCharacters as error:
        place = error.pos_in_stream or 0
        raise fail(_unknown(text, place), place) from None
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise fail("the line ends too early", len(text.rstrip())) from None
        shown = text[error.token.start_pos : error.token.end_pos].strip()
        raise fail(f"'{shown}' cannot stand here", error.token.start_pos or 0) from None
    except UnexpectedInput as error:
        raise fail("this cannot be read", error.pos_in_stream or 0) from None
    build = Builder(source, offset).build
    line = Statement(None, [], (), number, text.strip(), offset=offset, tree=tree)
    relation = ""
    for child in filter(None, parts(tree)):
        if child.data == "relation":
            relation = SIGNS[parts(child)[0].type]
        elif child.data == "samples":
            for drawn in child.find_data("drawn"):
                variables, _, density = parts(drawn)
                line.samples += drawn_from(build(variables), build(density))
        elif relation:
            line.rest.append((relation, build(child)))
        else:
            line.first = build(child)
    if not line.sides:
        raise fail("a sampling statement needs the line that it belongs to", 0)
    return line


def _unknown(text: str, position: int) -> str:
    environment = re.match(r"\\begin\s*\{(\w+)", text[position:])
    if environment:
        return (
            f"what {environment[1]} holds is not read: write one case, and a given for it"
        )
    match = re.match(r"\\([A-Za-z]+)", text[position:])
    if not match:
        return f"{text[position]!r} is not part of the dialect"
    words = set(re.findall(r"[a-z]{2,}", grammar(), re.I)) | {
        "left",
        "right",
        "begin",
        "end",
    }
    near = difflib.get_close_matches(match[1], words, 1, 0.7)
    hint = f"; did you mean \\{near[0]}?" if near and near[0] != match[1] else ""
    return f"unknown command \\{match[1]}{hint}"


def _plain(text: str) -> str:
    """The name behind a command: `\\varphi` is phi."""
    text = text.lstrip("\\")
    return SPELLINGS.get(text, text) if len(text) > 1 else text


NETWORK_INPUTS = (t.Symbol("x"), t.Symbol("z"))  # \mu(x)^2 is the square of a network


class Builder(Interpreter[Token, t.Node]):
    """Lark's tree to ours: calls, indices, derivatives; what is ambiguous is refused."""

    def __init__(self, source: str, offset: int):
        super().__init__()
        self.source, self.offset = source, offset

    def error(self, message: str, place: Tree | Token | t.Node) -> ReadingError:
        """A ReadingError at a place."""
        begin = place.span[0] if isinstance(place, t.Node) else self.span(place)[0]
        return ReadingError(message, self.source, begin)

    def span(self, place: Tree | Token) -> tuple[int, int]:
        """Where a piece begins and ends in the source."""
        meta = place.meta if isinstance(place, Tree) else place
        begin, end = getattr(meta, "start_pos", 0), getattr(meta, "end_pos", 0)
        return self.offset + begin, self.offset + end

    def build(self, tree: Tree) -> t.Node:
        """The node of a piece, with its place."""
        node = self.visit(tree)
        return replace(node, span=self.span(tree)) if node.span == (0, 0) else node

    # -- sums and products
    def side(self, tree: Tree) -> t.Node:
        """`\\theta, \\phi`, or one expression."""
        items = tuple(self.build(c) for c in parts(tree) if isinstance(c, Tree))
        return items[0] if len(items) == 1 else t.Tuple(items)

    def expr(self, tree: Tree) -> t.Node:
        """`-a + b - c`."""
        children = [child for child in parts(tree) if child is not None]
        terms = tuple(self.build(c) for c in children if isinstance(c, Tree))
        signs = tuple(1 if c == "+" else -1 for c in children if isinstance(c, Token))
        signs = (1,) * (len(terms) - len(signs)) + signs
        for sign, term in zip(signs, terms, strict=True):
            if sign < 0:
                self._refuse_loose_sum(term)
        terms, signs = _reaching(terms, signs)
        return terms[0] if signs == (1,) else t.Add(terms, signs)

    signed = expr

    def term(self, tree: Tree) -> t.Node:
        """`2 a \\log b`."""
        nodes: list[t.Node] = []
        operations: list[str] = []
        for child in parts(tree):
            more, between = self._list(child)
            operations += ([""] if nodes else []) + between
            nodes += more
        return self._product(nodes, operations)

    def between(self, tree: Tree) -> t.Node:
        """`x^2 \\bigg|_0^1`: of the one variable that the term holds."""
        term, bar, scripts = parts(tree)
        return self._between(self.build(term), scripts, bar)

    def _between(self, body: t.Node, scripts: Tree, place: Tree | Token) -> t.Node:
        under, above = self._limits(scripts)
        names = {n for n in t.names_in(body) if n.name in VARIABLES}
        (low, *more), (high, *others) = (s.sides[0] if s else () for s in (under, above))
        if len(names) != 1 or more or others or under and under.relations:
            raise self.error("between what limits, and of which variable?", place)
        (variable,) = names
        return t.Between(body, variable, low, high)

    def _list(self, tree: Tree) -> tuple[list[t.Node], list[str]]:
        """The factors of a tree and the operations between them, with calls made."""
        if tree.data != "factors":
            return [self.build(tree)], []
        nodes: list[t.Node] = []
        operations: list[str] = []
        operation = ""
        for child in filter(None, parts(tree)):
            if child.data == "operation":
                operation = OPERATIONS[parts(child)[0].type]
                continue
            node = self.build(child)
            joined = self._call(nodes[-1], node) if nodes and not operation else None
            if joined is not None:
                nodes[-1] = joined
            else:
                operations += [operation] if nodes else []
                nodes.append(node)
            operation = ""
        return nodes, operations

    def _call(self, name: t.Node, group: t.Node) -> t.Node | None:
        """`p` beside `(x)` is p of x; `f(x)^2` is the square of f(x)."""
        if isinstance(group, t.Group) and len(group.items) == 1:
            inner = group.items[0]
            if isinstance(inner, t.Group) and self.source[group.span[0]] == "{":
                group = inner
        span = (name.span[0], group.span[1])
        if isinstance(name, t.Power) and t.is_argument(group) and name.exponent == t.TWO:
            call = self._call(name.base, group)  # \sigma_\phi^2(x) is a square
            return replace(name, base=call, span=span) if call else None
        if not isinstance(name, t.Symbol):
            return None
        if isinstance(group, t.Power):
            call = self._known_call(name, group.base)
            return replace(group, base=call, span=span) if call else None
        if isinstance(group, t.Function) and group.name == "transpose":
            call = self._known_call(name, group.body)
            return replace(group, body=call, span=span) if call else None
        if not isinstance(group, t.Group):
            return None
        if name.key == "E":
            name = replace(name, name="Expect")
        if name.name in (*AVERAGES, "max", "min", *WORD_FUNCTIONS):
            self._refuse_marks(name)
        if name.name in AVERAGES:
            return self._expectation(name, group, span)
        if name.key in JENSEN_SHANNON and not name.index and len(group.items) == 2:
            return _jensen_shannon(*group.items, span=span)
        if name.key in DIVERGENCES or name.name in DIVERGENT and group.marks == ("‖",):
            if name.marked and (name.index or name.key not in DIVERGENCES):
                raise self.error("of divergences only KL is known here", name)
            if len(group.items) != 2:
                raise self.error("KL takes two densities, with \\| between", group)
            return t.Divergence(*_of_one_variable(*group.items), span=span)
        if name.name == "N" and len(group.items) > 1:
            name = replace(name, name="Normal")
        if name.name in ("max", "min") and group.marks == (",",):
            one, other = group.items
            way = "≥" if name.name == "max" else "≤"
            return t.Cases(((one, ((one, way, other),)), (other, ())), span=span)
        if name.name in WORD_FUNCTIONS and len(group.items) == 1:
            return t.Function(name.name, group.items[0], span=span)
        if name.name in NO_FUNCTIONS:
            return None
        return t.Call(name, group, span=span)

    def _refuse_marks(self, name: t.Symbol) -> None:
        """Neither \\mathrm{tr}' nor \\hat{\\mathbb{E}} is what it is without its mark."""
        if name.marked:
            plain = {"Expect": "E"}.get(name.name, name.name)
            raise self.error(f"{plain} with this at it is not known", name)

    def _known_call(self, name: t.Symbol, group: t.Node) -> t.Node | None:
        """`a (x)^2` is a product, where `f(x)^2` is a square."""
        known = name.name in CALLED or len(name.name) > 1
        if not isinstance(group, t.Group):
            return None
        if not known and not (group.items[0] in NETWORK_INPUTS and len(group.items) == 1):
            return None
        function = name.label or name.name == "ell" or group.items[0] in NETWORK_INPUTS
        if name.name in GREEK and not function:
            return None
        return self._call(name, group)

    def _expectation(self, name: t.Symbol, group: t.Group, span: tuple[int, int]) -> t.Node:
        if len(group.items) != 1:
            raise self.error("an expectation takes one expression", group)
        if group.items[0] == t.Symbol("I"):
            raise self.error(
                "the mean of an identity? If this I is a name, write I(x)", group
            )
        drawn: list[tuple[tuple[t.Symbol, ...], t.Node]] = []
        under = name.under or t.Inside(((),))
        if under.relations == ("|",):
            raise self._of_which(under)
        if under.relations and set(under.relations) != {"~"}:
            raise self.error("under an expectation only \\sim may stand", under)
        if under.relations:
            # z ~ q, x ~ p: each density may be followed by the next variable
            left = under.sides[0]
            for density, *following in under.sides[1:]:
                names = self._drawn_names(left)
                if isinstance(density, t.Product):  # x, z ~ p(x) q(z|x)
                    drawn += [((), law) for law in density.factors]
                    left = tuple(following)
                    continue
                density = filled(density, names[0]) if names else density
                whole = any(t.is_run(name.component) for name in names)
                drawn.append((() if whole else names, density))  # x_{1:T} ~ q(x_{1:T})
                left = tuple(following)
            if left:
                raise self.error("which density is this drawn from?", left[0])
        else:
            for density in under.sides[0]:
                laws = density.factors if isinstance(density, t.Product) else (density,)
                laws = tuple(POPULATION if law in OF_DATA else law for law in laws)
                drawn += [((), _of_one_variable(law)[0]) for law in laws]
        kind = "E" if name.name == "Expect" else name.name
        return t.Expectation(kind, tuple(drawn), group.items[0], span=span)

    def _drawn_names(self, items: tuple[t.Node, ...]) -> tuple[t.Symbol, ...]:
        """z_1, ..., z_K; dots between them are all that may stand there, too."""
        lists = [i.items if isinstance(i, t.Group) else (i,) for i in items]  # (x, z)
        parts = [i.factors if isinstance(i, t.Product) else (i,)
                 for part in lists for i in part]  # fmt: skip
        apart = [node for part in parts for node in part]
        names = tuple(v for v in apart if isinstance(v, t.Symbol))
        dots = t.Constant("dots") in apart
        other = [v for v in apart if v not in names and v != t.Constant("dots")]
        if other:
            raise self.error("only names are drawn", other[0])
        return (names[0], names[-1]) if dots and names else names

    def _product(self, nodes: list[t.Node], operations: list[str]) -> t.Node:
        nodes, operations = self._without_brackets(nodes, operations)
        for node in nodes if len(nodes) > 1 else ():
            self._refuse_loose_sum(node)
        for i, node in enumerate(nodes):
            if isinstance(node, t.Derivative) and node.body == REST:
                rest = nodes[i + 1 :]
                if not rest:
                    raise self.error("what is differentiated?", node)
                if isinstance(rest[0], t.Group) and len(rest) > 1:
                    raise self._ambiguous("derivative", rest[1])
                body = self._product(rest, operations[i + 1 :])
                nodes, operations = [*nodes[:i], replace(node, body=body)], operations[:i]
                break
        for i, following in enumerate(operations[1:]):
            if operations[i] == "/" and following != "times":
                message = "is this in the denominator? Write \\frac or brackets"
                raise self.error(message, nodes[i + 2])
        if len(nodes) == 1:
            return nodes[0]
        span = (nodes[0].span[0], nodes[-1].span[1])
        return t.Product(tuple(nodes), tuple(operations), span=span)

    def _without_brackets(
        self, nodes: list[t.Node], operations: list[str]
    ) -> tuple[list[t.Node], list[str]]:
        """`E_{q} f(z) g(z)` is the expectation of the whole product."""
        for i, node in enumerate(nodes):
            if not (
                isinstance(node, t.Symbol) and node.name in AVERAGES and nodes[i + 1 :]
            ):
                continue
            rest = nodes[i + 1 :]
            for other in rest:
                if isinstance(other, t.Symbol | t.Expectation) and (
                    isinstance(other, t.Expectation) or other.name in AVERAGES
                ):
                    raise self._ambiguous("expectation", other)
            body = self._product(rest, operations[i + 1 :])
            whole = (node.span[0], body.span[1])
            average = self._expectation(node, t.Group((body,), span=body.span), whole)
            return [*nodes[:i], average], operations[:i]
        return nodes, operations

    def _refuse_loose_sum(self, node: t.Node) -> None:
        """`2 {a + b}` is drawn as 2 a + b."""
        if isinstance(node, t.Group) and isinstance(node.items[0], t.Add):
            if self.source[node.span[0] : node.span[0] + 1] == "{":
                raise self.error("braces are not drawn: write ( ) around this sum", node)

    def _ambiguous(self, what: str, node: t.Node) -> ReadingError:
        message = f"does the {what} reach this? Put brackets around all that it takes"
        return self.error(message, node)

    def _of_which(self, under: t.Inside) -> ReadingError:
        """E_{z|x} does not say which density is meant."""
        return self.error("of which density? Write it: p(z \\mid x)", under)

    # -- operators
    def function(self, tree: Tree) -> t.Node:
        """`\\log a b`, `\\nabla_{\\phi} f(z)`: how far it reaches is settled here."""
        token, scripts, first, *more = parts(tree)
        name = _plain(token)
        nodes, operations = self._list(first)
        outside: list[t.Node] = []
        if more:
            beyond, between = self._list(more[0])
            begins = parts(more[0])[0] if more[0].data == "function" else None
            if name == "nabla" or begins is None:
                nodes, operations = nodes + beyond, operations + ["", *between]
            elif _plain(begins) in RESTARTS or isinstance(nodes[-1], t.Group):
                # \log a \log b and \exp(a) \exp(b) are products
                outside = beyond
            else:
                raise self._ambiguous(name, beyond[0])
        inner = nodes[0].body if isinstance(nodes[0], t.Function) else None
        if name == "nabla" and isinstance(inner, t.Product):  # \\nabla \\log p(x) p(x)
            if t.is_density(inner.factors[0]):
                raise self._ambiguous("log", inner.factors[1])
        if name == "nabla":  # \\nabla f \\nabla g is a product
            flat = [
                f for n in nodes for f in (n.factors if isinstance(n, t.Product) else (n,))
            ]
            own = next((i for i, n in enumerate(flat) if i and _is_gradient(n)), None)
            if own is not None:
                nodes, operations = flat[:own], [""] * (own - 1)
                outside = [*flat[own:], *outside]
        if len(nodes) == 2 and nodes[1] == t.Constant("dots"):  # \log a \cdots + \log b
            outside, nodes, operations = [nodes[1], *outside], nodes[:1], []
        if len(nodes) == 2 and isinstance(nodes[0], t.Group) and t.is_density(nodes[1]):
            if name != "nabla" and operations == [""]:  # \\log(a / b) q(z): of the brackets
                outside, nodes, operations = [nodes[1], *outside], nodes[:1], []
        if len(nodes) > 1 and isinstance(nodes[0], t.Group):
            raise self._ambiguous(name, nodes[1])
        if name != "nabla" and t.is_density(nodes[0]):  # \log q(z) f(z), \log q(z) (a - b)
            for other in nodes[1:]:
                whole = other.base if isinstance(other, t.Power) else other
                unclear = isinstance(whole, t.Call | t.Group | t.Quotient)
                if unclear and not t.is_density(whole):
                    raise self._ambiguous(name, other)
        if "times" in operations:
            raise self._ambiguous(name, nodes[operations.index("times") + 1])
        body = self._product(nodes, operations)
        span = (self.span(token)[0], body.span[1])
        under, above = self._limits(scripts)
        number = under.sides[0][0] if under and not under.relations else None
        based = name == "log" and isinstance(number, t.Number) and not above
        marked = above or under and not based and under.sides != ((t.Symbol("e"),),)
        if marked and name != "nabla":
            raise self.error(f"{name} with this at it is not known", token)
        if isinstance(body, t.Power) and name != "nabla" and self._squares(name, body):
            inner = t.Function(name, body.base, span=span)
            return self._product([replace(body, base=inner), *outside], [""] * len(outside))
        if name == "nabla":
            if under is None or under.relations:
                raise self.error("\\nabla needs its variable as a subscript", token)
            if above and above.sides != ((t.TWO,),):
                raise self.error("this superscript is not known", above)
            node: t.Node = body
            for _ in range(2 if above else 1):
                node = t.Derivative(under.sides[0], node, nabla=True, span=span)
        elif based and number is not None:
            if number == t.ONE:
                raise self.error("1 is no base of a logarithm", token)
            base = t.Function("log", number)
            node = t.Quotient(t.Function("log", body, span=span), base, span=span)
        else:
            node = t.Function(name, body, span=span)
        return self._product([node, *outside], [""] * len(outside))

    def _squares(self, name: str, body: t.Power) -> bool:
        """`\\sin(a)^2` is a square. `\\log(a)^2` may be one, or the log of one."""
        base = body.base
        if not isinstance(base, t.Group) or self.source[base.span[0]] != "(":
            return False
        inner = base.items[0]
        if name == "log" and not (isinstance(inner, t.Symbol) and inner.index):
            raise self.error("is the log squared, or its argument? Use brackets", body)
        return name != "log"  # \log (\sigma^{(n)})^2: the brackets keep two exponents apart

    def sum(self, tree: Tree) -> t.Node:
        """`\\sum_{n=1}^{N} a`, `\\prod_k a`, `\\sum_z p(z)`."""
        token, scripts, body = parts(tree)
        under, above = self._limits(scripts)
        kind, inner = token[1:], self.build(body)
        own = _density_in_front(inner) if kind == "int" and not (under or above) else None
        if own:  # \\int q(z) f(z), and dz is left out
            return t.Integral(own, inner)
        if under is None:
            lacks = "dz at its end" if kind == "int" else "index"
            raise self.error(f"\\{kind} needs its {lacks}", token)
        first = under.sides[0][0]
        several = under.sides[0] if kind == "sum" and not (above or under.relations) else ()
        names = [n for n in several if isinstance(n, t.Symbol) and n.name in SUMMED]
        if len(names) == len(several) > 1:  # \sum_{x, y}
            for name in reversed(names):
                inner = t.Integral(name, inner, counting=True)
            return inner
        if not isinstance(first, t.Symbol) or len(under.sides[0]) != 1:
            raise self.error(f"what does \\{kind} run over?", under)
        if under.relations == ("∈",) and under.sides[1] == (t.Symbol("Data"),):
            if first.name in SUMMED and kind != "int" and not above:
                return _over_data(kind, first, inner)
        if kind == "int" or first.name in "xyzXYZ" and kind == "sum" and not above:
            if under.relations in ((), ("∈",)) and first.name in SUMMED:
                return t.Integral(first, inner, counting=kind == "sum")
        if kind == "int":
            raise self.error("what is integrated over? Write dz at its end", token)
        if under.relations not in ((), ("=",), (">",), ("≥",)):
            raise self.error(f"\\{kind} runs from = to", under)
        from_equal = under.relations == ("=",)
        upper = UPPER | {"t": "T"}  # the nodes of a chain
        if above is None and (from_equal or first.name not in upper):
            raise self.error(f"\\{kind} needs its upper limit", token)
        low = under.sides[1][0] if under.relations else t.ONE
        if under.relations == (">",):
            low = t.Add((low, t.ONE), (1, 1))
        high = above.sides[0][0] if above else t.Symbol(upper[first.name])
        return t.Total(kind, first.name, low, high, inner)

    def integral(self, tree: Tree) -> t.Node:
        """`\\int_{0}^{1} z \\, dz`."""
        token, scripts, body, variable, more, *rest = parts(tree)
        under, above = self._limits(scripts)
        begin, end = self.span(token)[0], self.span(variable)[1]
        symbol = self._name(t.Symbol(_plain(variable), span=self.span(variable)), more)
        if not isinstance(symbol, t.Symbol):
            raise self.error("what is integrated over?", variable)
        if above and under is None or under and above is None and not _is_domain(under):
            raise self.error("an integral has both limits or none", token)
        limits = (under.sides[0][0], above.sides[0][0]) if under and above else ()
        node = t.Integral(symbol, self.build(body), *limits, span=(begin, end))
        return self._product([node, *map(self.build, rest)], [""] * len(rest))

    def best(self, tree: Tree) -> t.Node:
        """`\\operatorname*{argmax}_{\\theta} a`."""
        token, scripts, body = parts(tree)
        under, above = self._limits(scripts)
        if above:
            raise self.error("this superscript is not known", above)
        return self._best_of(token, under, body)

    def _best_of(self, token: Token, under: t.Node | None, body: Tree) -> t.Node:
        sense = "max" if "max" in token or "sup" in token else "min"
        if not isinstance(under, t.Inside) or under.relations not in ((), ("∈",)):
            raise self.error(f"{sense} over what? Name it below", token)
        if "arg" in token:
            return t.Best("arg" + sense, under.sides[0], self.build(body))
        return t.Extreme(sense, under.sides[0], self.build(body))

    def front(self, tree: Tree) -> t.Node:
        """`\\int dz f(z)`."""
        token, scripts, variable, more, body = parts(tree)
        moved = Tree("integral", [token, scripts, body, variable, more], tree.meta)
        return self.integral(moved)

    # -- one factor and what hangs on it
    def factors(self, tree: Tree) -> t.Node:
        """`2 a / b`."""
        return self._product(*self._list(tree))

    def factor(self, tree: Tree) -> t.Node:
        """`x^{(n)}_d`: an atom and its scripts."""
        atom, scripts = parts(tree)
        node = self.build(atom)
        both = {mark.type for mark in parts(scripts) if isinstance(mark, Token)}
        if isinstance(node, t.Group) and both >= {"SUB", "SUPER"}:  # [F(x)]_a^b
            return self._between(t.bare(node), scripts, atom)
        return self._name(node, scripts) if parts(scripts) else node

    def _scripts(self, tree: Tree) -> tuple[t.Inside | None, t.Inside | None, int]:
        """Below, above, primes; two scripts at one place are refused."""
        found: dict[str, t.Inside] = {}
        children = iter(parts(tree))
        primes = 0
        for token in children:
            if token.type == "PRIME":
                primes += 1
                continue
            if token.type in found:
                raise self.error(f"two {token.type.lower()}scripts", token)
            script = self.build(next(children))
            assert isinstance(script, t.Inside)
            found[token.type] = script
        return found.get("SUB"), found.get("SUPER"), primes

    def _limits(self, tree: Tree) -> tuple[t.Inside | None, t.Inside | None]:
        """Below and above what no prime belongs to."""
        under, above, primes = self._scripts(tree)
        if primes:
            raise self.error("a prime belongs to a name", tree)
        return under, above

    def script(self, tree: Tree) -> t.Node:
        """What hangs on a name."""
        (child,) = parts(tree)
        node = t.Symbol("*") if isinstance(child, Token) else self.build(child)
        return node if isinstance(node, t.Inside) else t.Inside(((node,),))

    def inside(self, tree: Tree) -> t.Node:
        """`n=1`, `z \\sim q`, `*`."""
        sides: list[tuple[t.Node, ...]] = []
        relations = []
        for child in parts(tree):
            if child is None:
                raise self.error("something is missing before this", tree)
            if isinstance(child, Token):
                sides.append((t.Symbol("*"),))
            elif child.data == "relation":
                relations.append(SIGNS[parts(child)[0].type])
            else:
                node = self.build(child)
                sides.append(node.items if isinstance(node, t.Tuple) else (node,))
        return t.Inside(tuple(sides), tuple(relations))

    def given(self, tree: Tree) -> t.Node:
        """`X \\mid Z`, below a density."""
        left, _, right = parts(tree)
        names = [t.items_of(self.build(side)) for side in (left, right)]
        return t.Inside(tuple(names), ("|",))

    def _name(self, node: t.Node, scripts: Tree) -> t.Node:
        under, above, primes = self._scripts(scripts)
        if primes:
            if not isinstance(node, t.Symbol):
                raise self.error("a prime belongs to a name", scripts)
            node = replace(node, label=node.label + "'" * primes)
        node = self._below(node, under) if under else node
        return self._above(node, above) if above else node

    def _below(self, node: t.Node, under: t.Inside) -> t.Node:
        if isinstance(node, t.Expectation) and not node.drawn:  # \langle f \rangle_q
            group = t.Group((node.body,), span=node.body.span)
            return self._expectation(t.Symbol("Expect", under=under), group, node.span)
        if isinstance(node, t.At):
            pairs = list(zip(under.sides, under.sides[1:], strict=False))
            bindings = [(a[-1], b[0]) for a, b in pairs]
            names = tuple((a, b) for a, b in bindings if isinstance(a, t.Symbol))
            if not names or len(names) < len(bindings):
                raise self.error("write where it is taken: \\right|_{z = 0}", under)
            return replace(node, bindings=names)
        if isinstance(node, t.Symbol) and node.name in AVERAGES:
            return replace(node, under=under)
        if node == t.CONST:
            return replace(node, of=under.sides[0])
        if isinstance(node, t.Function) and (node.name, under.sides) == (
            "norm",
            ((t.TWO,),),
        ):
            return node
        if not isinstance(node, t.Symbol):
            raise self.error("a subscript belongs to a name", under)
        if under.relations == (":",):  # x_{1:T}
            ends = under.sides[0][0], under.sides[1][0]
            return replace(node, component=(t.Group(ends, (":",)),))
        if under.relations == ("|",):  # p_{X|Z}
            left, right = under.sides
            marks = (",",) * (len(left) - 1) + ("|",) + (",",) * (len(right) - 1)
            group = t.Group(left + right, marks)
            if node.name == "E":
                raise self._of_which(under)
            if node.name.lower() not in ("p", "q"):  # \mu_{z|x}
                return replace(node, label=_said(group))
            return replace(node, component=(group,))
        if under.relations:
            raise self.error("a relation cannot be a subscript here", under)
        inside = under.sides[0]
        first, divergent = inside[0], node.name in DIVERGENT
        if len(inside) == 1 and isinstance(first, t.Symbol):
            name = first.name
            if name in GREEK or len(name) > 1 or name == "*":
                label = LABELLED.get(name, _said(first))
                node = replace(node, name="D") if label == "KL" and divergent else node
                return replace(node, label=label + node.label)
            if name in LABELS and node.name != "N":
                return replace(node, label=_said(first) + node.label)
        greek = [_said(s) for s in inside if isinstance(s, t.Symbol) and s.name in GREEK]
        if len(greek) == len(inside):
            return replace(node, label=",".join(greek))
        if (
            greek and isinstance(first, t.Symbol) and greek[0] == _said(first)
        ):  # \\sigma_{\\phi, j}
            return replace(node, label=greek[0] + node.label, component=inside[1:])
        return replace(node, component=inside)

    def _above(self, node: t.Node, above: t.Inside) -> t.Node:
        inner = above.sides[0][0]
        unknown = isinstance(inner, t.Symbol) and inner.name == "partial"
        unknown = unknown or isinstance(inner, t.Constant) and inner.name != "top"
        if above.relations or len(above.sides[0]) != 1 or unknown:
            raise self.error("this superscript is not known", above)
        if isinstance(inner, t.Group) and isinstance(node, t.Symbol):
            if any(mark not in (",", ":") for mark in inner.marks):
                raise self.error("a sample index is one letter or number", inner)
            return replace(node, index=inner.items)
        if isinstance(inner, t.Product) and isinstance(node, t.Symbol):
            groups = [f for f in inner.factors if isinstance(f, t.Group)]
            letters = all(isinstance(i, t.Symbol) and i.name in UPPER
                          for group in groups for i in group.items)  # fmt: skip
            if len(groups) == 1 and len(inner.factors) == 2 and letters:
                (power,) = (f for f in inner.factors if f is not groups[0])
                node = replace(node, index=groups[0].items)
                if power in (t.Constant("top"), t.Symbol("T")):  # x^{(n)\top}
                    return t.Function("transpose", node)
                return t.Power(node, power)  # \sigma^{(i)2}, \sigma^{2(i)}
        if inner in (t.Constant("top"), t.Symbol("T")):
            return t.Function("transpose", node)
        if inner == t.Symbol("*"):
            if not isinstance(node, t.Symbol):
                raise self.error("a star belongs to a name", above)
            return replace(node, label=node.label + "*")
        return t.Power(node, inner)

    # -- atoms
    def at(self, tree: Tree) -> t.Node:
        """`\\left. f \\right|`."""
        return t.At(self.build(parts(tree)[1]))

    def number(self, tree: Tree) -> t.Node:
        """`0.25`, exactly."""
        return self._digits(parts(tree)[0])

    def _digits(self, token: Token) -> t.Number:
        if len(token) > MOST_DIGITS:
            raise self.error(f"a number of more than {MOST_DIGITS} digits", token)
        return t.Number(Fraction(str(token)))

    def letter(self, tree: Tree) -> t.Node:
        """`x`, `\\mu`."""
        return t.Symbol(_plain(parts(tree)[0]))

    def word(self, tree: Tree) -> t.Node:
        """`\\mathrm{decoder}`, `\\text{const}`."""
        word = str(parts(tree)[0])
        return t.CONST if word == "const" else t.Symbol(word)

    def place(self, tree: Tree) -> t.Node:
        """The dot of `q(\\cdot \\mid x)`."""
        return t.Constant("place")

    def average(self, tree: Tree) -> t.Node:
        """`\\langle f(z) \\rangle_{q(z)}`."""
        return t.Expectation("E", (), self.build(parts(tree)[1]))

    def over(self, tree: Tree) -> t.Node:
        """`{a \\over b}`."""
        above, _, under = parts(tree)
        return t.Quotient(self.build(above), self.build(under))

    def constant(self, tree: Tree) -> t.Node:
        """`\\infty`, `\\top`."""
        return t.Constant(_plain(parts(tree)[0]))

    def dots(self, tree: Tree) -> t.Node:
        """`\\dots`."""
        return t.Constant("dots")

    def accent(self, tree: Tree) -> t.Node:
        """`\\hat{x}`."""
        accent, inner = _plain(parts(tree)[0]), parts(parts(tree)[1])
        if len(inner) == 1:
            node: t.Node = t.Symbol(_plain(inner[0]))
        else:
            node = self._name(self.build(inner[0]), inner[1])
        if not isinstance(node, t.Symbol) or node.accent:
            raise self.error(f"a {accent} belongs over one name", tree)
        return replace(node, accent=accent, span=self.span(tree))

    def style(self, tree: Tree) -> t.Node:
        """`\\mathcal{N}`, `\\mathbf{I}`."""
        style = STYLES.get(parts(tree)[0][1:], "")
        held, *scripts = parts(parts(tree)[1])
        name = _plain(held)
        other = style.removeprefix("math") + name if style else name
        node = t.Symbol(STYLED.get(style, {}).get(name, other), span=self.span(tree))
        return self._name(node, scripts[0]) if scripts else node

    def fraction(self, tree: Tree) -> t.Node:
        """`\\frac{a}{b}`, or a derivative."""
        over, under = map(self._part, parts(tree)[1:])
        below = under.factors if isinstance(under, t.Product) else (under,)
        if (
            isinstance(below[0], t.Symbol)
            and below[0].name in ("partial", "d")
            and below[1:]
        ):
            return self._derivative(over, list(below), tree)
        return t.Quotient(over, under)

    def _derivative(self, over: t.Node, below: list[t.Node], tree: Tree) -> t.Node:
        sign = below[0]
        above, rest, operations = over, list[t.Node](), list[str]()
        if isinstance(over, t.Product):
            (above, *rest), operations = over.factors, list(over.operations[1:])
        order = 1
        if isinstance(above, t.Power) and isinstance(above.exponent, t.Number):
            order, above = int(above.exponent.value), above.base
        if above != sign:
            raise self.error("a derivative has \\partial above and below", tree)
        variables = [node for node in below if node != sign]
        if len(variables) == 1:
            (variable,) = variables
            if order > 1 and isinstance(variable, t.Power):
                variable = variable.base
            variables = [variable] * min(order, MOST_DERIVATIVES + 1)
        if len(variables) != order or order > MOST_DERIVATIVES:
            raise self.error("how often is this differentiated?", tree)
        body = self._product(rest, operations) if rest else REST
        return t.Derivative(tuple(variables), body)

    def _part(self, tree: Tree) -> t.Node:
        (child,) = parts(tree)
        if isinstance(child, Tree):
            return self.build(child)
        number = child.type == "NUMBER"
        node: t.Node = self._digits(child) if number else t.Symbol(_plain(child))
        return replace(node, span=self.span(child))

    def root(self, tree: Tree) -> t.Node:
        """`\\sqrt{a}`."""
        return t.Power(self._part(parts(tree)[1]), t.Number(Fraction(1, 2)))

    def group(self, tree: Tree) -> t.Node:
        """`(x \\mid z)`, `[a]`."""
        children = parts(parts(tree)[1])
        if None in children:
            raise self.error("empty brackets", tree)
        marks = [c.children[0] for c in children if c.data == "separator"]
        items = tuple(self.build(c) for c in children if c.data != "separator")
        return t.Group(items, tuple(MARKS.get(m.type, str(m)) for m in marks))

    def absolute(self, tree: Tree) -> t.Node:
        """`|a|`; of the data, how many there are."""
        inner = self.build(parts(tree)[1])
        counted = inner == t.Symbol("Data")
        return t.Symbol("N") if counted else t.Function("abs", inner)

    def norm(self, tree: Tree) -> t.Node:
        """`\\lVert a \\rVert`."""
        return t.Function("norm", self.build(parts(tree)[1]))

    def cases(self, tree: Tree) -> t.Node:
        """`\\begin{cases} a & a > 0 \\\\ 0 & \\text{otherwise} \\end{cases}`."""
        options = []
        for case in (c for c in parts(tree) if isinstance(c, Tree)):
            value, _, told = [*parts(case), None, None][:3]
            inside = self.build(told) if told and any(parts(told)) else t.Inside(((),))
            assert isinstance(inside, t.Inside)
            relations, sides = inside.relations, inside.sides
            if relations and any(len(side) != 1 for side in sides):
                raise self.error("one condition for a case", case)
            chain = zip(sides, relations, sides[1:], strict=False)
            options.append((self.build(value), tuple((a[0], r, b[0]) for a, r, b in chain)))
        return t.Cases(tuple(options))

    def braced(self, tree: Tree) -> t.Node:
        """`{a}`."""
        inner = self.build(parts(tree)[0])
        return inner if isinstance(inner, t.Symbol) else t.Group((inner,))


# ---------------------------------------------------------------- what a shape means
def _is_domain(under: t.Inside) -> bool:
    """`\\int_z`, `\\int_{\\mathbb{R}}`, `\\int_{z \\in \\mathcal{Z}}`: over everything."""
    first = under.sides[0][0]
    if isinstance(first, t.Power):
        first = first.base
    variable = isinstance(first, t.Symbol) and first.name in (*VARIABLES, "X", "Z", "R")
    domain = isinstance(first, t.Symbol) and first.name.startswith(("bb", "cal"))
    return variable or domain or first == t.Symbol("Omega")


def _density_in_front(body: t.Node) -> t.Symbol | None:
    """The z of q(z) f(z), q(z|x) f(z): a weight in one variable is integrated over it."""
    weight = body.factors[0] if isinstance(body, t.Product) else body
    if not isinstance(weight, t.Call) or weight.function.name not in ("p", "q"):
        return None
    first, *more = t.split_bar(weight.group)[0]
    if more or not isinstance(first, t.Symbol) or first.index:
        return None
    return replace(first, span=(0, 0))


def _is_gradient(node: t.Node) -> bool:
    return isinstance(node, t.Derivative) and node.nabla


def _over_data(kind: str, variable: t.Symbol, body: t.Node) -> t.Node:
    """`\\sum_{x \\in \\mathcal{D}}` runs over x^{(n)}; over i, where the body has an n."""
    letter = "i" if "n" in t.free_letters(body) else "n"

    def one(node: t.Node) -> t.Node:
        return replace(node, index=(t.Symbol(letter),)) if node == variable else node

    low, high = t.ONE, t.Symbol("N")
    return t.Total(kind, letter, low, high, t.rebuild(body, one))


def _said(node: t.Node) -> str:
    """What a subscript says, as a label: \\theta_1 is another than \\theta_2."""
    if isinstance(node, t.Symbol):
        chosen = (*node.component, *node.index)
        return node.key + "".join(f"({_said(mark)})" for mark in chosen)
    if isinstance(node, t.Number):
        return str(node.value)
    if isinstance(node, t.Add):
        terms = zip(node.signs, node.terms, strict=True)
        return "".join("+-"[sign < 0] + _said(term) for sign, term in terms)
    if isinstance(node, t.Group):
        marks = (*node.marks, "")
        return "".join(_said(i) + m for i, m in zip(node.items, marks, strict=True))
    return type(node).__name__ + "".join(f"({_said(child)})" for child in node.children)


def _reaching(
    terms: tuple[t.Node, ...], signs: tuple[int, ...]
) -> tuple[tuple[t.Node, ...], tuple[int, ...]]:
    """`\\sum_i a_i + b_i`: to where its index still occurs, a sum reaches."""
    for k, term in enumerate(terms):
        factors = term.factors if isinstance(term, t.Product) else (term,)
        total = factors[-1]
        if not isinstance(total, t.Total):
            continue
        count = k + 1
        while count < len(terms) and total.index in t.free_letters(terms[count]):
            count += 1
        if count == k + 1:
            continue
        body = t.Add((total.body, *terms[k + 1 : count]), (1, *signs[k + 1 : count]))
        whole: t.Node = replace(total, body=body)
        if isinstance(term, t.Product):
            whole = replace(term, factors=(*factors[:-1], whole))
        span = (term.span[0], terms[count - 1].span[1])
        whole = replace(whole, span=span)
        return _reaching(
            (*terms[:k], whole, *terms[count:]), (*signs[: k + 1], *signs[count:])
        )
    return terms, signs


def _jensen_shannon(p: t.Node, q: t.Node, span: tuple[int, int]) -> t.Node:
    """The mean of the divergences from the mixture of both."""
    half = t.Quotient(t.Add((p, q), (1, 1)), t.TWO)
    both = t.Add((t.Divergence(p, half), t.Divergence(q, half)), (1, 1))
    return t.Quotient(both, t.TWO, span=span)


def _of_one_variable(*densities: t.Node) -> tuple[t.Node, ...]:
    """`q(\\cdot \\mid x)` beside p(z) or a condition x is a density of z."""
    known = [call.group.items[0] for call in densities if isinstance(call, t.Call)]
    given = [n.name for call in densities for n in t.names_in(call)]
    named = [item for item in known if isinstance(item, t.Symbol)]
    if not named and ("x" in given) != ("z" in given):
        named = [t.Symbol("z" if "x" in given else "x")]
    if not named:
        return densities
    return tuple(filled(density, named[0]) for density in densities)
