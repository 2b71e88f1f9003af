r"""How people write, in the book's names: a pass over a block's trees before it is judged.

The worlds know p_\theta(x|z), q_\phi(z|x), q(z) and a few more. A paper writes p(x|z), E_q,
P(X), p(x;\theta), H(q). Each rule below is one such habit: it looks at the whole block,
changes its trees, and notes what it took for what. What the page or a given defines keeps
its meaning. One convention settles most: a letter is one joint distribution, so the p(x)
beside a p(x|z) is its marginal. Where more than one reading remains, `Writing.choose`
keeps them all, and the pipeline tries them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

from . import tree as t
from .block import Block
from .chains import SCHEDULE, Shape, chained, shape_of
from .notation import (
    ANY,
    GREEK,
    LAWS,
    NAMES,
    PARAMETERS,
    SIZES,
    UPPER,
    VARIABLES,
    Kind,
    shaped,
)
from .read import Statement
from .scope import Scope

X, THETA, PHI = map(t.Symbol, ("x", "theta", "phi"))
PHI_Q = t.Symbol("q", label="phi")
CAPITALS = {"P": "p", "Q": "q", "X": "x", "Z": "z", "Y": "y", "U": "u", "T": "t", "W": "w",
            "D": "Data"}  # fmt: skip
SECOND = ("y", "h", "u", "t", "s", "w")  # letters of what z is here
UNKNOWN = ("theta", "Theta", "omega")  # and names of parameters that are drawn
OF_LAWS = ("mu", "sigma", "Sigma", "lambda", "tau", "Lambda")  # p(x|mu, sigma^2)
NETWORK_LABELS = ("theta", "phi", "psi", "omega", "lambda", "eta", "nu", "xi")
POPULATION = ("data", "Data", "true")  # labels of the density of the data
CONDITIONS = "yc"
BOUNDS = ("ELBO", "calL")
FREE_ENERGY = "calF"  # the bound or, as in physics, its negative
# with what \mathcal{L} is labelled where it is the bound, or its negative
OF_A_BOUND = {"", "theta", "phi", "theta,phi", "phi,theta"}
OF_A_BOUND |= {"ELBO", "elbo", "VLB", "vlb", "LB", "VAE", "vae"}
WEIGHTS = ("beta", "lambda", "gamma", "alpha")  # of a bound that is no ELBO
LETTERS = ("p", "q")
POINTS = ("x", "z", "epsilon")  # what a density is a density of
NEVER, UNSURE = "dht", "j"  # letters of components; letters that are so without a sum
OF_LATENTS = {"mu", "sigma", "z", "epsilon", "m", "s"}
MATRICES = ("I", *shaped("covariance"))
DIMENSIONS = ("D", "H", "J", "d")
DIMENSION_OF = {("dim", "x"): "D", ("dim", "z"): "H"}
DIMENSION_OF |= {(f"{d}_{of}", ""): size for d in ("D", "H", "d", "n")
                 for of, size in (("x", "D"), ("z", "H"))}  # fmt: skip
Drawn = tuple[tuple[tuple[t.Symbol, ...], t.Node], ...]
MOST_READINGS = 6


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


def readings(block: Block, page: Scope) -> list[Reading]:
    """The block as its names may be meant, the most usual first."""
    first = Writing(block, page, {})
    found = [first.reading()]
    names = list(first.choices)
    counts = [range(len(first.choices[name].options)) for name in names]
    others = sorted(product(*counts), key=lambda picks: sum(map(bool, picks)))[1:]
    for picks in others[: MOST_READINGS - 1]:
        other = Writing(block, page, dict(zip(names, picks, strict=True)))
        what = next(first.choices[n] for n, p in zip(names, picks, strict=True) if p)
        found.append(replace(other.reading(), choice=what))
    return found


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

    def reading(self) -> Reading:
        """All rules, one after the other."""
        before = self.block.given
        for rule in RULES:
            if not self.chain or rule in OF_CHAINS:
                rule(self)
        pairs = zip(before, self.block.given, strict=True)
        given = [new for old, new in pairs if _says_nothing(old) or not _says_nothing(new)]
        given += self.implied
        block = replace(self.block, given=given)
        return Reading(block, self.taken, own=self.own)

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

    # ------------------------------------------------------------ changing it
    def change(self, rule: Callable[[t.Node], t.Node]) -> None:
        """Every node of the block, children first."""

        def line_of(line: Statement) -> Statement:
            first = None if line.first is None else t.rebuild(line.first, rule)
            rest = [(relation, t.rebuild(side, rule)) for relation, side in line.rest]
            samples = [t.rebuild(drawn, rule) for drawn in line.samples]
            drawn = tuple(node for node in samples if isinstance(node, t.Drawn))
            under = tuple(map(line_of, line.under))
            return replace(line, first=first, rest=rest, samples=drawn, under=under)

        lines, given, hence = (
            [line_of(line) for line in part]
            for part in (self.block.lines, self.block.given, self.block.hence)
        )
        self.block = replace(self.block, lines=lines, given=given, hence=hence)

    def change_values(self, rule: Callable[[t.Node], t.Node]) -> None:
        """Also, but the name of a call goes with its arguments."""
        whole = {id(n.function) for n in self.nodes() if isinstance(n, t.Call)}
        self.change(lambda node: node if id(node) in whole else rule(node))

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


def _says_nothing(line: Statement) -> bool:
    """`p(x; \\theta) := p_\\theta(x)`, once both are read alike."""
    return bool(line.rest) and all(side == line.first for _, side in line.rest)


# ---------------------------------------------------------------- densities
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


# ---------------------------------------------------------------- what is left out
def dotted(w: Writing) -> None:
    """a_1 \\dots a_N is a product, a_1 + \\dots + a_N a sum: over what differs."""
    used = {s.name for s in w.symbols()}
    letter = next((i for i in "nijklm" if i not in used), "")

    def runs(node: t.Node) -> t.Node:
        if not isinstance(node, t.Product | t.Add) or not letter:
            return node
        node = _dots_apart(node) if isinstance(node, t.Add) else node
        sums = isinstance(node, t.Add)
        items = node.terms if isinstance(node, t.Add) else node.factors
        places = [i for i, item in enumerate(items) if item == t.Constant("dots")]
        if len(places) != 1 or not 0 < places[0] < len(items) - 1:
            return node
        begin = end = places[0]
        kind = "sum" if sums else "prod"
        before = items[begin - 1]
        total = _total(kind, letter, before, items[end + 1])
        while total and begin > 1:  # a_1 + a_2 + \\dots + a_N
            earlier = _total(kind, letter, items[begin - 2], items[end + 1])
            if not earlier or earlier.body != total.body:
                break
            total, begin = earlier, begin - 1
        signs = node.signs[begin - 1 : end + 2] if isinstance(node, t.Add) else ()
        marks = {*node.operations} if isinstance(node, t.Product) else {""}
        if not total or len({*signs}) > 1 or not marks <= {"", "times"}:
            return node
        new = w.take(
            t.Product(tuple(items[begin - 1 : end + 2]), (), span=node.span), total
        )
        items = (*items[: begin - 1], new, *items[end + 2 :])
        if len(items) == 1 and (not isinstance(node, t.Add) or node.signs[0] > 0):
            return new
        if isinstance(node, t.Add):
            return replace(
                node, terms=items, signs=(*node.signs[:begin], *node.signs[end + 2 :])
            )
        return replace(node, factors=items, operations=("",) * (len(items) - 1))

    w.change(runs)


def _dots_apart(node: t.Add) -> t.Add:
    """a + b \\cdots + c is a + b + \\cdots + c."""
    terms: list[t.Node] = []
    signs: list[int] = []
    for term, sign in zip(node.terms, node.signs, strict=True):
        dots = isinstance(term, t.Product) and term.factors[-1] == t.Constant("dots")
        if isinstance(term, t.Product) and dots and term is not node.terms[-1]:
            one = term.factors[:-1]
            whole = one[0] if len(one) == 1 else replace(
                term, factors=one, operations=term.operations[:-1])  # fmt: skip
            terms, signs = [*terms, whole, term.factors[-1]], [*signs, sign, sign]
        else:
            terms, signs = [*terms, term], [*signs, sign]
    return replace(node, terms=tuple(terms), signs=tuple(signs))


def _total(kind: str, letter: str, first: t.Node, last: t.Node) -> t.Total | None:
    """From p(x_1|x_0) to p(x_T|x_{T-1}): the number and the name differ, by one step."""
    steps: list[tuple[int, int]] = []  # at each place: where it begins, and how far behind
    names: set[t.Symbol] = set()

    def between(a: object, b: object) -> object:
        if isinstance(a, t.Number) and isinstance(b, t.Symbol | t.Add):
            high, step = _stepped(b)
            if high and a.value.denominator == 1:
                steps.append((int(a.value), step))
                names.add(high)
                index = t.Symbol(letter)
                if not step:
                    return index
                return t.Add((index, t.Number(Fraction(abs(step)))), (1, (-1, 1)[step > 0]))
        if isinstance(a, t.Node) and type(a) is type(b):
            both = {name: (getattr(a, name), getattr(b, name)) for name in a.parts}
            changed: dict[str, Any] = {n: between(*pair) for n, pair in both.items()}
            return replace(a, **changed)
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            return tuple(between(*pair) for pair in zip(a, b, strict=True))
        if a != b:
            raise ValueError
        return a

    try:
        body = between(first, last)
    except ValueError:
        return None
    lows = {low - step for low, step in steps}
    if len(lows) != 1 or len(names) != 1 or not isinstance(body, t.Node):
        return None
    return t.Total(kind, letter, t.Number(Fraction(min(lows))), min(names, key=latex), body)


def _stepped(node: t.Node) -> tuple[t.Symbol | None, int]:
    """T is (T, 0), T - 1 is (T, -1)."""
    if isinstance(node, t.Symbol):
        return node, 0
    assert isinstance(node, t.Add)
    name, *rest = node.terms
    if len(rest) == 1 and isinstance(name, t.Symbol) and isinstance(rest[0], t.Number):
        return name, int(rest[0].value) * node.signs[1]
    return None, 0


def lettered(w: Writing) -> None:
    """The c of l_c(\\theta) is a label, where nothing else is numbered by c."""
    for line in w.block.lines:
        name = line.first.function if isinstance(line.first, t.Call) else line.first
        if not isinstance(name, t.Symbol) or len(name.component) != 1:
            continue
        (letter,) = own = name.component
        said = sum(s == letter for s in w.symbols())
        below = sum((s.name, s.component) == (name.name, own) for s in w.symbols())
        if isinstance(letter, t.Symbol) and said == below and not w.defines(letter.key):
            new = replace(name, component=(), label=name.label + letter.name)
            w.change(partial(_exchanged, name, new))


def _exchanged(old: t.Node, new: t.Node, node: t.Node) -> t.Node:
    return replace(new, span=node.span) if node == old else node


def told_later(w: Writing) -> None:
    """A = w_1 + w_2, where w_k = p / q: a name's only equation holds where it is used."""
    lines = w.block.lines
    for j in range(1, len(lines)):
        line = lines[j]
        after = lines[j + 1 : j + 2]
        single = [relation for relation, _ in line.rest] in (["="], [":="])
        name = line.first
        if line.rest and line.rest[0][0] == ":=" and isinstance(name, t.Call):
            place = next((i for i, other in enumerate(lines[:j]) if other.first and any(
                isinstance(n, t.Call) and t.signature(n) == t.signature(name)
                for side in other.sides for n in side.walk())), j)  # fmt: skip
            if not after or after[0].first:
                lines[place : j + 1] = [line, *lines[place:j]]
            continue
        square = isinstance(name, t.Power) and name.exponent == t.TWO
        base = name.base if isinstance(name, t.Power) and square else name
        if not single or not isinstance(base, t.Symbol) or after and not after[0].first:
            continue
        known = base.key in NAMES and NAMES[base.key].kind is not Kind.FREE
        known |= base.name in (*VARIABLES, *SIZES, *BOUNDS, *PARAMETERS, "L", *LETTERS)
        firsts = [other.first for other in lines if other is not line]
        used = [i for i, other in enumerate(lines[:j]) for side in other.sides
                if any(s.key == base.key for s in t.names_in(side))]  # fmt: skip
        defined_twice = any(getattr(first, "key", "") == base.key for first in firsts)
        own = any(s.key == base.key for _, side in line.rest for s in t.names_in(side))
        if known or defined_twice or own or not used or w.defines(base.key):
            continue
        place = used[0]
        while place and not lines[place].first:
            place -= 1
        lines[place : j + 1] = [line, *lines[place:j]]


# ---------------------------------------------------------------- letters
def capitals(w: Writing) -> None:
    """P(X|Z) is p(x|z), unless the small letter has a meaning of its own.

    X is the data set where its points x^{(i)} stand beside it.
    """
    names = {s.name for s in w.symbols()}
    places = [n for n in w.nodes() if isinstance(n, t.Call | t.Divergence | t.Expectation)]
    informed = {s.name for n in w.nodes() if isinstance(n, t.Product)
                and getattr(n.factors[0], "name", "") == "I"
                for s in t.names_in(n.factors[1])}  # fmt: skip
    arguments = informed | {s.name for n in places for s in t.names_in(n)}
    arguments |= {s.name for n in places if isinstance(n, t.Expectation)
                  for s in t.names_in(n.body)}  # fmt: skip
    new = {big: small for big, small in CAPITALS.items() if big in arguments & names}
    compared = [t.bare(side) for n in places if isinstance(n, t.Divergence)
                for side in (n.left, n.right)]  # fmt: skip
    averaged = [law for n in places if isinstance(n, t.Expectation) for _, law in n.drawn]
    for big in "PQ":
        both = big, CAPITALS[big]
        own, others = ({c.group for c in w.calls((n,))} for n in both)
        beside = any({*both} <= {getattr(law, "name", "") for law in laws}
                     for laws in (compared, averaged))  # fmt: skip
        if own & others or beside or w.defines(big) and own:
            new.pop(big, None)
    dense = {s.name for c in w.calls(("p", "q", "P", "Q", "H", "I")) for s in t.names_in(c)}
    dense |= informed
    means = (n for n in w.nodes() if isinstance(n, t.Expectation))
    dense |= {v.name for mean in means for names, _ in mean.drawn for v in names}
    items = {i.name for c in w.calls((*"PQpq",)) for i in c.group.items
             if isinstance(i, t.Symbol)}  # fmt: skip
    averaged_over = [n for n in w.nodes() if isinstance(n, t.Expectation)]
    for big in "XYZUTWD":
        told = items if big in "TWD" else dense  # elsewhere a last step, weights, a size
        if big in "XYZ" and not w.calls() and not any(mean.drawn for mean in averaged_over):
            told = told | {s.name for mean in averaged_over for s in t.names_in(mean.body)}
        also = big in "TW" and big.lower() in names
        if big not in told or also or w.defines(big):
            new.pop(big, None)
    pairs = [n for n in w.nodes() if isinstance(n, t.Divergence)]
    laws = {getattr(getattr(side, "function", side), "name", "")
            for pair in pairs for side in (pair.left, pair.right)}  # fmt: skip
    if laws == {"f", "g"} and not names & {*LETTERS}:  # KL(f || g)
        new |= {"f": "p", "g": "q"}
    random = {s.name for mean in averaged_over for s in t.names_in(mean.body)}
    drawn = {getattr(law, "name", "") for mean in averaged_over for _, law in mean.drawn}
    bare = not all(mean.drawn for mean in averaged_over) or drawn & {*LETTERS}
    within = "X" in random and bare
    if any(s.name == "x" and (s.index or s.component) for s in w.symbols()) and "X" in new:
        new["X"] = "x" if within else "Data"  # E_q[f(X)] is no average over data sets

    def small(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol) and node.name in new:
            return w.take(node, replace(node, name=new[node.name]))
        return node

    w.change(small)


def letter_of_a_bound(w: Writing) -> None:
    """L(\\theta, \\phi; x) is \\mathcal{L}, where L counts nothing."""
    letter = t.Symbol("L")
    counts = [n.high for n in w.nodes() if isinstance(n, t.Total)]
    counts += [n.under for n in w.nodes() if isinstance(n, t.Quotient)]
    counts += [i for s in w.symbols() for i in (*s.index, *s.component)]
    braced = (side for line in w.block.hence if line.brace for side in line.sides)
    known = letter in braced or w.defines("L")
    if known or not w.logs() or any(letter in n.walk() for n in counts):
        return

    def script(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol) and node.name == "L":
            return w.take(node, replace(node, name="calL"))
        return node

    w.change(script)


def open_sums(w: Writing) -> None:
    """\\sum_j over the components of latents ends at H, over those of x at D.

    Beside a divergence, so does one to L over those of mu and sigma.
    """

    def close(node: t.Node) -> t.Node:
        if not isinstance(node, t.Total) or not isinstance(node.high, t.Symbol):
            return node
        parts = {s.name for s in t.names_in(node.body)
                 if node.index in t.letters(s.component)}  # fmt: skip
        implied = node.high.span == (0, 0) and node.low == t.ONE
        implied |= node.high.name in (*"KLM",) and parts == {"mu", "sigma"} and (
            any(isinstance(n, t.Divergence) for n in w.nodes()))  # fmt: skip
        end = "D" if "x" in parts else "H" if parts & OF_LATENTS else ""
        if not implied or not end:
            return node
        w.taken[f"the sum over {node.index}"] = f"{node.index} = 1, ..., {end}"
        return replace(node, high=t.Symbol(end))

    w.change(close)


def bases(w: Writing) -> None:
    """In which base all logarithms are, H and D_KL are, too: then it may be any."""
    based = [n for n in w.nodes() if _base(n)]
    logs = sum(isinstance(n, t.Function) and n.name == "log" for n in w.nodes())
    names = {s.key for s in w.symbols()} & {"H", "calH", "I", "D_KL", "KL", "ELBO"}
    informed = names or any(isinstance(n, t.Divergence) for n in w.nodes())
    told = all(any(t.names_in(n)) for n in based)  # \\log_2 8 is a number
    alike = logs == 2 * len(based) and len({*map(_base, based)}) == 1
    if based and informed and told and alike:
        w.change(
            lambda n: w.take(n, n.over) if isinstance(n, t.Quotient) and _base(n) else n
        )


def _base(node: t.Node) -> t.Node | None:
    """The 2 of \\log_2 a, which is read as \\log a / \\log 2."""
    if not isinstance(node, t.Quotient) or node.under.span != (0, 0):
        return None
    return node.under.body if isinstance(node.under, t.Function) else None


def averages(w: Writing) -> None:
    """\\frac1n \\sum_i ends at n."""

    def close(node: t.Node) -> t.Node:
        if not isinstance(node, t.Product) or not isinstance(node.factors[-1], t.Total):
            return node
        share, total = node.factors[0], node.factors[-1]
        one = isinstance(share, t.Quotient) and share.over == t.ONE
        count = share.under if one else None  # type: ignore[attr-defined]
        implied = total.high.span == (0, 0) and total.low == t.ONE
        if not isinstance(count, t.Symbol) or not implied or count == total.high:
            return node
        w.taken[f"the sum over {total.index}"] = f"{total.index} = 1, ..., {count.name}"
        return replace(node, factors=(*node.factors[:-1], replace(total, high=count)))

    w.change(close)


def supports(w: Writing) -> None:
    """\\sum_i p(x_i) g(x_i) is a sum over the values of x, where no x_i is drawn.

    So are \\sum_i p_i \\log p_i and \\sum_i p(i) \\log p(i).
    """
    drawn = {d.variable.name for line in w.block.lines for d in line.samples}
    (variable, *others) = {i.name for c in w.calls(("H",)) for i in c.group.items
                           if isinstance(i, t.Symbol)} or {""}  # fmt: skip
    letter = "" if others or variable in ("X", "x", *LETTERS, "P", "Q") else variable
    said = any(isinstance(n, t.Total) and n.kind == "sum"
               and _of_values(n.body, t.Symbol(n.index)) != n.body for n in w.nodes())  # fmt: skip

    def of_x(node: t.Node) -> t.Node:
        """H(S), where the values of S are s_i."""
        if isinstance(node, t.Call) and node.function == t.Symbol("H"):
            if node.group.items == (t.Symbol(letter),):
                return w.take(node, replace(node, group=t.Group((X,))))
        return node

    if letter and said:
        w.change(of_x)

    def values(node: t.Node) -> t.Node:
        if not isinstance(node, t.Total) or node.kind != "sum" or node.low != t.ONE:
            return node
        index = t.Symbol(node.index)
        numbered = _of_values(node.body, index)
        value = {t.Symbol(name, component=(index,)) for name in ("x", letter.lower())}
        if numbered != node.body and value & {*t.names_in(numbered)}:
            numbered = t.rebuild(numbered, lambda n: X if n in value else n)
        if numbered != node.body and index not in t.names_in(numbered):
            return w.take(node, t.Integral(X, numbered, counting=True))
        if node.high.span != (0, 0):
            return node
        body = node.body
        weight = body.factors[0] if isinstance(body, t.Product) else None
        if not isinstance(weight, t.Call) or not t.is_density(weight):
            return node
        own = weight.group.items[0]
        if not isinstance(own, t.Symbol) or own.name in drawn or weight.group.marks:
            return node
        if own.component != (index,):
            return node
        name = replace(own, component=())
        plain = t.rebuild(body, lambda n: name if n == own else n)
        return w.take(node, t.Integral(name, plain, counting=True))

    w.change(values)


def _of_values(body: t.Node, index: t.Symbol) -> t.Node:
    """The p_i and p(i) of a body as p(x)."""

    def value(node: t.Node) -> t.Node:
        name = node.function if isinstance(node, t.Call) else node
        if not isinstance(name, t.Symbol) or name.name not in LETTERS or name.accent:
            return node
        own = node.group.items if isinstance(node, t.Call) else name.component
        plain = replace(name, component=())
        return t.Call(plain, t.Group((X,)), span=node.span) if own == (index,) else node

    return t.rebuild(body, value)


def second_letters(w: Writing) -> None:
    """Beside x alone, the y of p(x, y), the h of p(h|x), a drawn theta play z's part.

    And \\mathcal{D} plays that of x where no x is.
    """
    names = {s.name for s in w.symbols()}
    if "z" in names or names & {*LAWS, "Normal", "encoder"}:
        return
    calls = w.calls(("p", "q", "H", "I"))
    products = [n for n in w.nodes() if isinstance(n, t.Product)]
    informed = [n.factors[1] for n in products if getattr(n.factors[0], "name", "") == "I"]
    pairs = [n for n in informed if isinstance(n, t.Group)]
    items = {s.name for group in (*(c.group for c in calls), *pairs) for s in group.items
             if isinstance(s, t.Symbol)}  # fmt: skip
    drawn = {s for call in calls for s in before(call)}
    x = "x" if "x" in names else "Data"
    found = [letter for letter in SECOND if letter in items]
    found = found or [name for name in UNKNOWN if name in drawn]
    called = {n.function.name for n in w.nodes() if isinstance(n, t.Call)}
    if len(found) != 1 or found[0] in called or w.defines(found[0]):
        return
    together = ({s.name for s in t.names_in(n)} for n in (*calls, *pairs))
    alone = x not in names and found[0] not in VARIABLES  # q(s), and nothing else
    if not alone and not any({x, found[0]} <= names for names in together):
        return
    new = {found[0]: "x"} if alone else {found[0]: "z", x: "x"}

    def rename(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or new.get(node.name, node.name) == node.name:
            return node
        return w.take(node, replace(node, name=new[node.name]))

    w.change(rename)


def parameters(w: Writing) -> None:
    """p(x; \\theta), p(x|z, \\theta) are p_\\theta(x), p_\\theta(x|z); p(x|\\mu): p(x)."""
    drawn = [item for call in w.calls() for item in t.split_bar(call.group)[0]]
    random = {s.name for item in drawn for s in t.names_in(item)}

    def is_parameter(item: t.Node) -> bool:
        base = item.base if isinstance(item, t.Power) else item
        name = base.name if isinstance(base, t.Symbol) else ""
        return name in OF_LAWS and name not in random or t.is_parameter(item)

    def label(node: t.Node) -> t.Node:
        if not isinstance(node, t.Call) or node.function.name not in LETTERS:
            return node
        items, marks = list(node.group.items), list(node.group.marks)
        behind = [m in ";|" or {";", "|"} & set(marks[:i]) for i, m in enumerate(marks)]
        found = [i for i, yes in enumerate(behind, 1) if yes and is_parameter(items[i])]
        if not found:
            return node
        own = [items[i] for i in found]
        for i in reversed(found):
            after_bar = marks[i - 1] == "|" and len(marks) > i
            del items[i]
            if after_bar:
                marks[i] = "|"
            del marks[i - 1]
        name = node.function
        networks = [i.key for i in own if isinstance(i, t.Symbol) and t.is_parameter(i)]
        if not name.label and networks:
            name = replace(name, label=networks[0])
        group = replace(node.group, items=tuple(items), marks=tuple(marks))
        return w.take(node, replace(node, function=name, group=group))

    w.change(label)


def labels(w: Writing) -> None:
    """Whatever p and q are labelled with, here it is \\theta and \\phi.

    The names of its variables below p, as in p_{X,Y}(x, y), say nothing more, nor does
    the index of a Q_i(z) beside x^{(i)}, where all have it.
    """
    below = {letter: {c.function.component for c in w.calls((letter,))} for letter in "pq"}
    running = {n.index for n in w.nodes() if isinstance(n, t.Total)}
    running |= {letter for s in w.symbols() for letter in t.letters(s.index)}

    def plain(node: t.Node) -> t.Node:
        if not isinstance(node, t.Call) or not t.is_density(node):
            return node
        component = node.function.component
        own = tuple(i.name for i in component if isinstance(i, t.Symbol))
        said = own == tuple(getattr(i, "name", "") for i in node.group.items)
        alike = len(below.get(node.function.name, ())) == 1 and {*own} <= running
        if not component or len(own) < len(component) or not (said or alike):
            return node
        return w.take(node, replace(node, function=replace(node.function, component=())))

    w.change(plain)
    w.change(_unaccented(w))
    found = {
        letter: {c.function.label for c in w.calls((letter,)) if joint(c)}
        & {*NETWORK_LABELS}
        for letter in "pq"
    }
    population = any(c.function.label in (*POPULATION, "*") for c in w.calls())
    new: dict[str, str] = {}
    for letter, label in (("p", "theta"), ("q", "phi")):
        if len(found[letter]) == 1 and found["p"] != found["q"]:
            (old,) = found[letter]
            new |= {old: label} if old != label else {}
    lone = {c.function.label for c in w.calls(("q",))}
    free = len(lone) == 1 and not any(joint(c) or after(c) for c in w.calls(("q",)))
    moved = {s.name for n in w.nodes() if isinstance(n, t.Derivative)
             for v in n.variables for s in v.walk() if isinstance(s, t.Symbol)}  # fmt: skip
    if not found["q"] and free and lone & moved & {*NETWORK_LABELS}:  # \\nabla_\\lambda
        new |= {label: "phi" for label in lone if label != "phi"}
    any_q = lone - {""} if free and not lone & moved and not population else set[str]()
    used = {s.name for s in w.symbols()} | {s.label for s in w.symbols()}
    if any(label in used - new.keys() for label in new.values()):
        new = {}

    def rename(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol):
            return node
        if node.name in LETTERS and node.label in POPULATION:
            return w.take(node, replace(node, label="*"))
        if node.name == "q" and node.label in any_q:  # q_\\phi(z), where none is of x
            w.freed = True
            return w.take(node, replace(node, label=""))
        name, label = new.get(node.name, node.name), new.get(node.label, node.label)
        if (name, label) == (node.name, node.label):
            return node
        return w.take(node, replace(node, name=name, label=label))

    w.change(rename)


def _unaccented(w: Writing) -> Callable[[t.Node], t.Node]:
    """The \\tilde p(x), \\hat p(x) beside a p are of the data; without one they are p.

    And q(\\epsilon) is the density of the noise.
    """
    calls = w.calls()
    accented = [c for c in calls if c.function.accent in ("tilde", "hat")]
    beside = {c.function.name for c in calls} - {c.function.accent for c in calls} - {"q"}
    plain = any(not c.function.accent for c in calls if c.function.name in beside)
    of_data = plain and all(before(c) == {"x"} and not after(c) for c in accented)
    known = any(w.defines(c.function.key) for c in accented)
    noises = {c.function.key for c in calls if before(c) == {"epsilon"}}

    def rename(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or node.name not in LETTERS:
            return node
        if node.name == "p" and node.accent and accented and not known:
            if of_data or not plain:
                label = "*" if of_data else node.label
                return w.take(node, replace(node, accent="", label=label))
        return node

    def noise(node: t.Node) -> t.Node:
        if isinstance(node, t.Call) and node.function == t.Symbol("q"):
            if before(node) == {"epsilon"} and noises == {"q"} and not after(node):
                return w.take(node, replace(node, function=t.Symbol("p")))
        return rename(node)

    return noise


def conditions(w: Writing) -> None:
    """What stands behind every bar, as the y of p(x|z, y), holds throughout: let it go.

    Only p(z) and q(z|x) may do without it. Any other p without it is another density. So
    it is with the x of p(y|x, z).
    """
    drawn = {item for c in w.calls() for item in t.split_bar(c.group)[0]}
    for letter in (*CONDITIONS, *("x" if t.Symbol("y") in drawn else "")):
        name = t.Symbol(letter)
        calls = w.calls()
        with_it = [c for c in calls if name in t.split_bar(c.group)[1]]
        listed = [c for c in w.calls(BOUNDS) if name in c.group.items]
        elsewhere = sum(s == name for s in w.symbols()) > len(with_it) + len(listed)
        without = {t.signature(c) for c in calls if c not in with_it}
        free = {s for s in without if s.startswith("q") or s.endswith("(z)")}
        if not with_it or elsewhere or without - free or w.defines(letter):
            continue
        dropped = {t.signature(_without(c, name)) for c in with_it}
        if dropped & without:
            continue

        def drop(node: t.Node, name: t.Symbol = name) -> t.Node:
            if isinstance(node, t.Call) and node.function.name in LETTERS:
                if name in t.split_bar(node.group)[1]:
                    return w.take(node, _without(node, name))
            return node

        w.change(drop)


def _without(call: t.Call, name: t.Symbol) -> t.Call:
    """The density without one of its conditions."""
    first, behind = t.split_bar(call.group)
    kept = [item for item in behind if item != name]
    marks = (",",) * (len(first) - 1) + ("|",) * bool(kept) + (",",) * (len(kept) - 1)
    group = replace(call.group, items=(*first, *kept), marks=marks)
    return replace(call, group=group)


# ---------------------------------------------------------------- what a name leaves out
def laws(w: Writing) -> None:
    """\\mathcal{N}(0, I) beside a density of z is one of z."""

    def complete(law: t.Node, partner: t.Node) -> t.Node:
        law, partner = t.bare(law), t.bare(partner)
        if not isinstance(law, t.Call) or law.function.name not in LAWS:
            return law
        if not isinstance(partner, t.Call) or not t.is_density(partner):
            return law
        first = partner.group.items[0]
        if (
            not _lacks_variable(law)
            or _lacks_variable(partner)
            or len(before(partner)) != 1
        ):
            return law
        return w.take(law, _of_this(law, first))

    def both(node: t.Node) -> t.Node:
        if not isinstance(node, t.Divergence):
            return node
        names = {s.name for s in t.names_in(node)}
        sides = t.bare(node.left), t.bare(node.right)
        if all(map(_lacks_variable, sides)) and {"I", "0"} & names:
            return replace(node, left=_of_z(sides[0]), right=_of_z(sides[1]))
        left = complete(node.left, node.right)
        return replace(node, left=left, right=complete(node.right, left))

    w.change(both)
    w.change(_standard)
    for part in (w.block.lines, w.block.given):
        for line in part:
            above = line.first
            for i, (relation, side) in enumerate(line.rest):
                alone = isinstance(above, t.Symbol) and not above.index
                if relation == "~" and alone and isinstance(side, t.Call) and above:
                    complete_one = _of_this(side, above) if _lacks_variable(side) else side
                    line.rest[i] = relation, complete_one
            for i, (relation, side) in enumerate(line.rest):
                if above is not None and relation in ("=", ":="):
                    line.rest[i] = relation, complete(side, above)
                above = side


def _lacks_variable(node: t.Node) -> bool:
    """N(mu, v), which does not say of what."""
    if not isinstance(node, t.Call) or node.function.name not in LAWS:
        return False
    return len(node.group.items) == NAMES[node.function.name].arguments - 1


def _of_this(law: t.Call, variable: t.Node) -> t.Call:
    group = law.group
    items, marks = (variable, *group.items), (";", *group.marks)
    return replace(law, group=replace(group, items=items, marks=marks))


def _of_z(law: t.Node) -> t.Node:
    return _of_this(law, t.Symbol("z")) if isinstance(law, t.Call) else law


def _standard(node: t.Node) -> t.Node:
    """The 0 of N(z; 0, I) is a vector where z is one."""
    if not isinstance(node, t.Call) or node.function.name != "Normal":
        return node
    *first, mean, variance = node.group.items
    if mean != t.ZERO or not any(s.name in MATRICES for s in t.names_in(variance)):
        return node
    items = (*first, t.Symbol("0", span=mean.span), variance)
    return replace(node, group=replace(node.group, items=items))


def entropies(w: Writing) -> None:
    """H(q), H(p, q), H(X|Z), I(x; z): what they mean."""
    if w.defines("H") or w.defines("I"):
        return

    firsts = [line.first for line in (*w.block.lines, *w.block.given)]

    def entropy(node: t.Node) -> t.Node:
        if isinstance(node, t.Call) and node.function.key in ("H", "calH"):
            items, marks = node.group.items, node.group.marks
            meant = _cross_entropy(w, items, marks)
            return w.take(node, meant) if meant else node
        if isinstance(node, t.Product) and len(node.factors) > 1:
            at = next((i for i, f in enumerate(node.factors[:-1])
                       if f == t.Symbol("I")), 0)  # fmt: skip
            name, group = node.factors[at : at + 2]
            single = isinstance(group, t.Group) and len(group.items) == 1
            if name == t.Symbol("I") and single and isinstance(group, t.Group):
                if isinstance(group.items[0], t.Symbol):  # how much x tells, by a line
                    whole = replace(group, span=(name.span[0], group.span[1]))
                    call: t.Node = t.Call(t.Symbol("I"), group, span=whole.span)
                    if group.items == (X,) and node not in firsts:
                        told = t.Function("log", density(t.Symbol("p"), "x"))
                        call = w.take(whole, t.Group((t.Add((told,), (-1,)),)))
                    return _joined(node, at, call)
            if isinstance(name, t.Symbol) and name.name == "I" and _is_pair(group):
                whole = replace(group, span=(name.span[0], group.span[1]))
                return _joined(node, at, w.take(whole, _information(w, name.label)))
        return node

    w.change(entropy)


def _joined(node: t.Product, at: int, two: t.Node) -> t.Node:
    """The product with this in place of two factors."""
    factors = (*node.factors[:at], two, *node.factors[at + 2 :])
    if len(factors) == 1:
        return two
    operations = (*node.operations[:at], *node.operations[at + 1 :])
    return replace(node, factors=factors, operations=operations)


def _is_pair(group: t.Node) -> bool:
    """(x; z), (x, z)."""
    if (
        not isinstance(group, t.Group)
        or len(group.items) != 2
        or group.marks[0] not in ";,"
    ):
        return False
    return {t.role_of(item) for item in group.items} == {"x", "z"}


def _is_law(node: t.Node) -> bool:
    bare = isinstance(node, t.Symbol) and node.name in LETTERS
    return bare or isinstance(node, t.Call) and t.is_density(node)


def _cross_entropy(
    w: Writing, items: tuple[t.Node, ...], marks: tuple[str, ...]
) -> t.Node | None:
    """-E_p[log q], where p and q may be named by their variables."""
    letter = t.Symbol("p" if w.calls(("p",)) or not w.calls(("q",)) else "q")
    if all(map(_is_law, items)) and len(items) < 3:
        of_x = [_of_this(i, X) if _lacks_variable(i) else i for i in items]  # type: ignore[arg-type]
        drawn, law = of_x[0], of_x[-1]
    elif all(isinstance(i, t.Symbol) and i.name in ("x", "z") for i in items):
        names = "".join(i.name for i in items if isinstance(i, t.Symbol))
        of, given = (names[0], names[1:]) if marks == ("|",) else (names, "")
        law = density(letter, of, given)
        drawn = density(letter, "".join(sorted(names)))
    else:
        return None
    return _mean_log(drawn, law)


def _information(w: Writing, label: str) -> t.Node:
    """Under the model p(x, z), or under q(z|x) p(x), whichever the block speaks of."""
    p, q, star = t.Symbol("p"), t.Symbol("q"), t.Symbol("p", label="*")

    def labelled_as(letter: str) -> t.Symbol:
        own = [c.function for c in w.calls((letter,)) if joint(c)]
        return own[0] if own else t.Symbol(letter)

    p, q = labelled_as("p"), labelled_as("q")
    ratio = t.Quotient(
        density(p, "xz"), t.Product((density(p, "x"), density(p, "z")), ("",))
    )
    model = t.Expectation("E", (((), density(p, "xz")),), t.Function("log", ratio))
    encoded = t.Quotient(density(q, "z", "x"), density(replace(q, label="phi"), "z"))
    inner = t.Expectation("E", (((), density(q, "z", "x")),), t.Function("log", encoded))
    aggregate = t.Expectation("E", (((), density(star, "x")),), inner)
    options: list[t.Node] = []
    means = (n for n in w.nodes() if isinstance(n, t.Expectation))
    modelled = any(before(law) == {"x", "z"} for mean in means for _, law in mean.drawn
                   if isinstance(law, t.Call) and law.function.name == "p")  # fmt: skip
    encoded_z = not modelled and any("z" in before(c) for c in w.calls(("q",)))
    if label == "q" or not label and encoded_z:
        options.append(aggregate)
    if (
        label.startswith("p")
        or not label
        and (not options or any(joint(c) for c in w.calls(("p",))))
    ):
        options.append(model)
    return w.choose("I(x; z)", options, Mode.ALL)


# ---------------------------------------------------------------- bare densities
def bare_densities(w: Writing) -> None:
    """E_q[f(z)], D_KL(q || p), E_z[...], E[...]: the block tells of what."""
    sampled = any(line.samples for line in w.block.lines) or any(
        relation == "~" for line in w.block.given for relation, _ in line.rest
    )

    # q || p beside mu and sigma alone: the encoder's law and the prior
    said = {s.name for s in w.symbols()}
    bound = any(s.name in BOUNDS and not w.defines(s.key) for s in w.symbols())
    beside_joint = any(before(c) == {"x", "z"} for c in w.calls(("p",)))
    closed = not w.calls() and {"mu", "sigma"} <= said and not {"x", "z"} & said

    def fill(node: t.Node) -> t.Node:
        if isinstance(node, t.Divergence):
            left, right = t.bare(node.left), t.bare(node.right)
            bare = isinstance(left, t.Symbol) and isinstance(right, t.Symbol) and (
                left.key in ("q", "q_phi") and right.key in ("p", "p_theta"))  # fmt: skip
            of_z = [of_any(c) for c in w.calls() if before(c) == {"z"}]
            open_p = bound if not w.calls(("q",)) else beside_joint
            if bare and open_p and not any(c.function.name == "p" for c in of_z):
                p = t.Symbol("p")
                q = of_z[0] if of_z else density(t.Symbol("q"), "z", "x")
                laws = density(p, "z", "x"), density(p, "z")
                options: list[t.Node] = [t.Divergence(q, law) for law in laws]
                return w.take(node, w.choose(latex(node), options, Mode.ANY))
            if closed and bare:
                laws = density(PHI_Q, "z", "x"), density(t.Symbol("p"), "z")
                return w.take(node, replace(node, left=laws[0], right=laws[1]))
            left = _told(w, left, _variables(right) or _of_block(w))
            right = _valued(w, right, _variables(left))
            return replace(node, left=left, right=_told(w, right, _variables(left)))
        if isinstance(node, t.Integral) and node.variable.name in POINTS:
            own = frozenset([node.variable.name])
            return replace(node, body=_valued(w, node.body, own))
        if not isinstance(node, t.Expectation):
            return node
        if w.chain and not node.drawn:  # E over all, where nothing is below it
            law = _of_chain(w, t.Symbol("q"))
            return replace(node, drawn=(((), w.take(t.Symbol("E", span=node.span), law)),))
        body = free_points(node.body) or _of_block(w)
        drawn = tuple(
            (names, _drawn(w, law, frozenset(n.name for n in names) or body, bool(names)))
            for names, law in node.drawn
        )
        if not drawn and not sampled:
            drawn = _unnamed(w, node, body)
        own = frozenset[str]().union(*(_variables(law) for _, law in drawn))
        return replace(node, drawn=drawn, body=_valued(w, node.body, own))

    w.change(fill)


def _variables(node: t.Node) -> frozenset[str]:
    """What a density is of, if it says so."""
    return before(node) if isinstance(node, t.Call) and t.is_density(node) else frozenset()


def free_points(node: t.Node) -> frozenset[str]:
    """The variables that no integral or expectation inside binds."""
    if isinstance(node, t.Symbol):
        return frozenset({node.name} & {*POINTS})
    inside = frozenset[str]().union(*map(free_points, node.operands()))
    if isinstance(node, t.Integral):
        inside -= {node.variable.name}
    if isinstance(node, t.Expectation):
        for names, law in node.drawn:
            inside -= {n.name for n in names} or _variables(law)
    if isinstance(node, t.Divergence):
        inside -= _variables(node.left)
    return inside


def _of_block(w: Writing) -> frozenset[str]:
    """The one variable that the block integrates, or those that it speaks of."""
    over = {n.variable.name for n in w.nodes() if isinstance(n, t.Integral)}
    said = {s.name for s in w.symbols()} & {"x", "z"} or {"x"}
    return frozenset(over if len(over) == 1 else said)


def _candidates(w: Writing, symbol: t.Symbol, of: frozenset[str]) -> list[t.Node]:
    """The densities of the block that this letter may stand for."""
    found = {latex(of_any(c)): of_any(c) for c in w.calls((symbol.name,))}
    same = [c for c in found.values() if c.function.key == symbol.key]
    calls = same or ([] if symbol.label else list(found.values()))
    return [c for c in calls if before(c) <= of] if of else list(calls)


def _told(w: Writing, law: t.Node, of: frozenset[str]) -> t.Node:
    """q, where the block tells that it is q(z)."""
    if not isinstance(law, t.Symbol) or law.name not in LETTERS:
        return law
    options = _candidates(w, law, of)
    if w.chain:
        return w.take(law, _of_chain(w, law)) if law.name == "q" else law
    other = all(isinstance(c, t.Call) and c.function.key != law.key for c in options)
    if not options or other and law.name == "p":
        names = "z" if law.name == "q" and "z" in of else "".join(sorted(of & {"x", "z"}))
        if not names or len(names) > 1 and law.name == "p":
            return law
        encoder = law.label == "phi" and names == "z"
        options.append(density(law, names, "x" if encoder else ""))
    return w.take(law, w.choose(latex(law), options, Mode.ALL))


def _of_chain(w: Writing, q: t.Symbol) -> t.Call:
    """The bare q of a chain is that of all nodes above the first; beside E[...] of all."""
    assert w.chain
    means = (n for n in w.nodes() if isinstance(n, t.Expectation))
    mark = "|" if all(mean.drawn for mean in means) else ","
    return t.Call(q, t.Group(_above(w.chain), (mark,)))


def _drawn(w: Writing, law: t.Node, of: frozenset[str], named: bool) -> t.Node:
    """What stands under an expectation: a letter, or only the variable."""
    if isinstance(law, t.Symbol) and law.name in POINTS:
        found = _law_of(w, law.name)
        return w.take(law, found) if found else law
    if named and {*of} == {"x", "z"} and isinstance(law, t.Symbol) and law.name in LETTERS:
        return w.take(law, density(law, "xz"))
    return _told(w, law, of)


def _law_of(w: Writing, variable: str) -> t.Node | None:
    """The density of a variable: the q of the block if there is one, else the p."""
    if variable == "epsilon":
        return t.Call(t.Symbol("p"), t.Group((t.Symbol("epsilon"),)))
    lefts = {t.bare(n.left) for n in w.nodes() if isinstance(n, t.Divergence)}
    drawn = [_told(w, law, frozenset([variable])) for law in lefts]
    if len(drawn) == 1 and _variables(drawn[0]) == {variable}:  # KL(p || q) = E[...]
        return of_any(drawn[0]) if isinstance(drawn[0], t.Call) else None
    for letter in "qp":
        calls = [of_any(c) for c in w.calls((letter,)) if before(c) == {variable}]
        found = {latex(c): c for c in calls}
        if found:
            return w.choose(f"E_{variable}", list(found.values()), Mode.ALL)
    return None


def _unnamed(w: Writing, node: t.Expectation, body: frozenset[str]) -> Drawn:
    """E[...] with nothing below: over z if there is a z, else over x."""
    variable = next((v for v in ("z", "epsilon", "x") if v in body), "")
    law = _law_of(w, variable) if variable else None
    if law is None and variable in free_points(node.body) and not w.calls():
        laws = [n for n in w.nodes() if t.is_law(n) and isinstance(n, t.Call)
                and n.group.items[0] == t.Symbol(variable)]  # fmt: skip
        law = laws[0] if laws else density(t.Symbol("p"), variable)
    return (((), w.take(t.Symbol("E", span=node.span), law)),) if law else ()


def _valued(w: Writing, body: t.Node, of: frozenset[str]) -> t.Node:
    """log q/p under an expectation over z is log q(z)/p(z)."""

    def fill(node: t.Node) -> t.Node:
        return _told(w, node, of) if isinstance(node, t.Symbol) else node

    kept = (t.Call, t.Divergence, t.Expectation)
    return t.rebuild(body, fill, kept) if of else body


# ---------------------------------------------------------------- the model
def model(w: Writing) -> None:
    """p(x|z), q(z|x) without a label are the model's, if the block has no other."""
    calls = [call for call in w.calls() if t.signature(call) not in w.known]
    said = {t.signature(call) for call in calls}
    plain = [call for call in calls if not call.function.label]
    own = any(c.function.key == "p_theta" and "x" in before(c) | after(c) for c in calls)
    bare = any(c.function.name == "p" and joint(c) for c in plain)
    bound = any(s.key in BOUNDS for s in w.symbols() if not w.defines(s.key))
    encoded = any(t.signature(c) == "q(z|x)" for c in plain)
    aggregate = "q_phi(z)" in said or "q(z)" in said and encoded
    star, theta = (density(t.Symbol("p", label=label), "x") for label in ("*", "theta"))
    population = any(c.function.label == "*" for c in calls)
    averaged = encoded or "q_phi(z|x)" in said and population
    drawn = {law for n in w.nodes() if isinstance(n, t.Expectation) for _, law in n.drawn}

    def evidence(call: t.Call) -> t.Node:
        if bare:
            options: list[t.Node] = [theta]
            if call in drawn:
                options.append(star)
        elif aggregate:
            options = [star, call]
        elif own or bound:
            options = [call, theta] if own else [theta, call]
        else:
            options = [call]
        told = own and "p_theta(x)" not in said and "p_theta(x|z)" in said
        chosen = w.choose("p(x)", options, Mode.ANY if told else Mode.FIRST)
        assert isinstance(chosen, t.Call)
        return replace(call, function=replace(call.function, label=chosen.function.label))

    unlabelled = _slips(w)

    def name(node: t.Node) -> t.Node:
        if not isinstance(node, t.Call) or node.function.label:
            return node
        key = t.signature(node)
        if key in unlabelled and key not in w.known:
            return w.take(node, labelled(node, "theta"))
        if key in w.known or node.function.name not in LETTERS:
            return node
        if key in ("p(x|z)", "p(x,z)", "p(z|x)") and "p_theta" + key[1:] not in said:
            return w.take(node, labelled(node, "theta"))
        if key == "q(z|x)" and "q_phi(z|x)" not in said:
            return w.take(node, labelled(node, "phi"))
        if key == "p(Data)" and (bare or own):
            return w.take(node, labelled(node, "theta"))
        new: t.Node = node
        if key == "p(x)":
            new = evidence(node)
        if key == "q(z)" and averaged:
            new = w.choose("q(z)", [labelled(node, "phi"), node], Mode.FIRST)
        return node if new == node else w.take(node, new)

    w.change(name)


def _slips(w: Writing) -> set[str]:
    """The p(x, z) below a p_\\theta(x, z): the same, unless a line sets them side by side."""

    def said(nodes: Iterator[t.Node]) -> set[str]:
        return {t.signature(n) for n in nodes if isinstance(n, t.Call) and t.is_density(n)}

    own = {"p(x|z)", "p(x,z)", "p(z|x)"} & said(w.nodes())
    sides = [side for line in w.block.lines for side in line.sides]
    for first, second in zip(sides, [*sides[1:], t.ZERO], strict=True):
        both = said(first.walk()), said(second.walk())
        alike = t.rebuild(first, _bare) == t.rebuild(second, _bare)
        for keys in (both[0], both[0] | both[1] if alike else set[str]()):
            own -= {key for key in own if {key, "p_theta" + key[1:]} <= keys}
    return own


def _bare(node: t.Node) -> t.Node:
    return replace(node, label="") if isinstance(node, t.Symbol) else node


def bounds(w: Writing) -> None:
    r"""\mathcal{L}(\theta, \phi; x), \mathrm{ELBO}(q) are the bound, whatever they list.

    \mathcal{L} may be a loss, the bound's negative, or a name that the block defines.
    """
    first = w.block.lines[0].first
    if isinstance(first, t.Add) and len(first.terms) == 1:  # -\\mathcal{L} = ...
        (first,) = first.terms
    said = {t.signature(c) for c in w.calls(("q",))}
    q = t.Symbol("q") if "q(z)" in said and "q_phi(z|x)" not in said else PHI
    indexed = {s for s in w.symbols() if s.name == "x" and s.index}
    alone = any(s == X for s in w.symbols())
    # With a q and no weight it should be the bound: what else it is must be said.
    no_loss = said and not any(s.name in WEIGHTS for s in w.symbols())

    def bound(node: t.Node, items: tuple[t.Node, ...]) -> t.Node:
        if w.chain:
            p = t.Call(t.Symbol("p"), t.Group(_above(w.chain), (",",)))
            law = _of_chain(w, t.Symbol("q"))
            ratio = t.Function("log", t.Quotient(p, law))
            return t.Expectation("E", (((), law),), ratio)
        own = [i for i in items if isinstance(i, t.Symbol) and i.name in ("x", "Data")]
        x = own[0] if own else min(indexed, key=latex) if indexed and not alone else X
        if x.name == "Data":
            each = bound(node, (t.data_point(),))
            return t.Group((t.Total("sum", "n", t.ONE, t.Symbol("N"), each),))
        return t.Call(t.Symbol("ELBO"), t.Group((x, THETA, q), (";", ",")), span=node.span)

    def name(node: t.Node) -> t.Node:
        call = isinstance(node, t.Call)
        symbol = node.function if isinstance(node, t.Call) else node
        if not isinstance(symbol, t.Symbol) or symbol.name not in (*BOUNDS, FREE_ENERGY):
            return node
        if symbol.name == FREE_ENERGY and first in (node, symbol):
            return node
        if symbol.component or symbol.accent or symbol.label not in OF_A_BOUND:
            return node
        if symbol.index and symbol.index not in {s.index for s in indexed}:
            return node  # \\mathcal{L}_k, the bound of k samples
        if symbol.name != "ELBO" and w.defines(symbol.key):
            return node
        items = node.group.items if isinstance(node, t.Call) else ()
        if not all(map(_listed_by_a_bound, items)):
            return node
        if symbol.name == "ELBO" and call and _as_in_the_book(node) and not w.freed:
            return node
        elbo = bound(node, items)
        if symbol.name == "ELBO":
            return w.take(node, elbo)
        negative = t.Group((t.Add((elbo,), (-1,)),))
        options: list[t.Node] = [elbo, negative]
        mode = Mode.FIRST
        if symbol.name == FREE_ENERGY:
            new = w.choose("\\mathcal{F}", [elbo, negative, node], Mode.ANY)
            w.own = "\\mathcal{F}" if new == node else w.own
            return node if new == node else w.take(node, new)
        if first is not None and first in (node, symbol):
            options, mode = [*options, node], Mode.ANY
        new = w.choose("\\mathcal{L}", options, mode)
        if new == node and no_loss:
            w.own = "\\mathcal{L}"
        return node if new == node else w.take(node, new)

    w.change_values(name)


def _listed_by_a_bound(item: t.Node) -> bool:
    """\\mathcal{L}(\\theta, \\phi; x) lists data, parameters and q, by plain names."""
    if isinstance(item, t.Call):
        return item.function.name in LETTERS
    name = item.name if isinstance(item, t.Symbol) else ""
    if name in ("x", "Data", *CONDITIONS):
        return True
    plain = isinstance(item, t.Symbol) and not (item.index or item.component)
    return plain and name in (*NETWORK_LABELS, *LETTERS, "mu", "sigma")


def _as_in_the_book(node: t.Node) -> bool:
    """ELBO(x; \\theta, \\phi)."""
    marks = node.group.marks if isinstance(node, t.Call) else ()
    return marks[:1] == (";",) and len(marks) > 1


def evidence(w: Writing) -> None:
    """The evidence is p(x), or its logarithm."""
    word = t.Symbol("evidence")
    px = density(t.Symbol("p", label="theta"), "x")

    def within(node: t.Node) -> t.Node:
        logged = isinstance(node, t.Function) and t.bare(node.body) == word
        return w.take(node, replace(node, body=px)) if logged else node  # type: ignore[type-var]

    def alone(node: t.Node) -> t.Node:
        if node != word or w.defines("evidence"):
            return node
        options: list[t.Node] = [t.Function("log", px), px]
        return w.take(node, w.choose("evidence", options, Mode.ANY))

    w.change(within)
    w.change(alone)


def first_logs(w: Writing) -> None:
    """\\log Z = \\log A \\geq B says at once what Z is, and more of it."""
    (line, *below), given = w.block.lines, w.block.given
    goes_on = len(line.rest) > 1 or bool(below) and below[0].first is None
    (relation, right), *_ = *line.rest, ("", t.ZERO)
    both = [t.bare(s.body) if isinstance(s, t.Function) and s.name == "log" else s
            for s in (line.first, right)]  # fmt: skip
    z, meant = both
    if relation != "=" or not goes_on or both[0] is line.first or both[1] is right:
        return
    capital = isinstance(z, t.Symbol) and z.name.isupper() and len(z.name) == 1
    if not isinstance(z, t.Symbol) or not capital or not isinstance(meant, t.Node):
        return
    if z.key not in NAMES and not w.defines(z.key) and z not in t.names_in(meant):
        w.taken[latex(z)] = latex(meant)
        w.implied.append(replace(line, first=z, rest=[(":=", meant)]))


def constants(w: Writing) -> None:
    """`+ C` at the end of a side, or C at its beginning, is a constant, if C is no more."""
    sides = [side for line in w.block.lines for _, side in line.rest]
    sums = [side for side in map(t.summed, sides) if isinstance(side, t.Add)]
    for letter in "Cc":
        name = t.Symbol(letter)
        ends = sum(name in (side.terms[0], side.terms[-1]) for side in sums)
        if not ends or ends < sum(s == name for s in w.symbols()) or w.defines(letter):
            continue

        def const(node: t.Node, name: t.Symbol = name) -> t.Node:
            if not isinstance(node, t.Add) or name not in node.terms:
                return node
            w.taken[name.name] = "a constant"
            at = node.terms.index(name)
            terms, signs = list(node.terms), list(node.signs)
            del terms[at]
            del signs[at]
            return replace(node, terms=(*terms, t.CONST), signs=(*signs, 1))

        w.change(const)


def short_names(w: Writing) -> None:
    """D_KL, H, I alone: between what, the densities of the block tell.

    A name stands for whichever of its meanings makes the block true; if that is none, a
    divergence of the only two densities there are is wrong, and else we ask.
    """
    given = {line.first.key for line in w.block.given if isinstance(line.first, t.Symbol)}
    given -= {"D_KL", "KL"}  # what that means is known
    laws = list(dict.fromkeys(of_any(call) for call in w.calls()))
    pairs = [(a, b) for a in laws for b in laws if a != b and before(a) == before(b)]
    pairs.sort(key=lambda pair: pair[0].function.name != "q")
    first = w.block.lines[0].first
    limits = {n.high for n in w.nodes() if isinstance(n, t.Total)}

    def meant(node: t.Node) -> t.Node:
        key = node.key if isinstance(node, t.Symbol) else ""
        if key in given or f"{key}()" in w.page.meanings or key in w.page.meanings:
            return node
        if key in ("D_KL", "KL") and pairs:
            between: list[t.Node] = [t.Divergence(a, b) for a, b in pairs]
            between += [node] if len(pairs) > 2 else []
            return _taken(w, node, between)
        if key == "H" and node == first and w.logs() and laws and node not in limits:
            own = [(law, law) for law in laws] + pairs
            return _taken(w, node, [_mean_log(a, b) for a, b in own])
        if key == "I" and node == first and w.logs() and laws:
            return w.take(node, _information(w, ""))
        return node

    w.change_values(meant)


def _taken(w: Writing, node: t.Node, options: list[t.Node]) -> t.Node:
    new = w.choose(latex(node), options[: MOST_READINGS - 1], Mode.ANY)
    return node if new == node else w.take(node, new)


def _mean_log(drawn: t.Node, law: t.Node) -> t.Node:
    """The entropy, or with two densities the cross-entropy."""
    mean = t.Expectation("E", (((), drawn),), t.Function("log", law))
    return t.Group((t.Add((mean,), (-1,)),))


# ---------------------------------------------------------------- samples
def samples(w: Writing) -> None:
    """x_i, z_k, z^l are the samples x^{(i)}, z^{(k)}, z^{(l)}, where i, k, l count some."""
    highs: dict[str, set[str]] = {}
    for node in w.nodes():
        if isinstance(node, t.Total):
            high = node.high.name if isinstance(node.high, t.Symbol) else ""
            highs.setdefault(node.index, set()).add(high)
    counted = {
        (item.name, item.component)
        for item in _arguments(w)
        if isinstance(item, t.Symbol) and item.name in VARIABLES
        for letter in t.letters(item.component)
        if letter not in NEVER and not highs.get(letter, set()) & {*DIMENSIONS}
        and (letter in highs or letter not in UNSURE)
    }  # fmt: skip
    counted |= {
        (v.name, v.component)
        for node in w.nodes() if isinstance(node, t.Expectation)
        for variables, law in node.drawn
        for v in variables if v.component and (
            len(variables) > 1 or not _of_components(law, v.name))
    }  # fmt: skip
    counted |= {
        (s.name, s.component)
        for node in w.nodes() if isinstance(node, t.Total)
        and isinstance(node.high, t.Symbol) and node.high.span != (0, 0)
        and node.high.name in SIZES and node.high.name not in DIMENSIONS
        for s in t.names_in(node.body)
        if s.name in VARIABLES and s.component == (t.Symbol(node.index),)
    }  # fmt: skip
    weights = [
        line.first for line in (*w.block.lines, *w.block.given)
        if isinstance(line.first, t.Symbol) and len(line.first.component) == 1
        and {*t.letters(line.first.component)} <= UPPER.keys() and any(
            (s.name, line.first.component) in counted
            for _, side in line.rest for s in t.names_in(side))
    ]  # fmt: skip
    counted |= {
        (s.name, s.component) for weight in weights for s in w.symbols()
        if s.name == weight.name and s.label == weight.label and len(s.component) == 1
    }  # fmt: skip
    named = {name for name, _ in counted}
    counted |= {  # and the x_1 beside the x_n
        (s.name, s.component) for s in w.symbols()
        if s.name in named and len(s.component) == 1 and isinstance(s.component[0], t.Number)
    }  # fmt: skip
    raised = {
        (item.base.name, (item.exponent,))
        for item in _arguments(w)
        if isinstance(item, t.Power) and isinstance(item.base, t.Symbol)
        and item.base.name in VARIABLES and isinstance(item.exponent, t.Symbol)
    }  # fmt: skip

    def index(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol) and (node.name, node.component) in counted:
            if not node.index and node.accent in ("", "hat"):
                return w.take(node, replace(node, component=(), index=node.component))
        if isinstance(node, t.Power) and isinstance(node.base, t.Symbol):
            if (node.base.name, (node.exponent,)) in raised and not node.base.index:
                return w.take(node, replace(node.base, index=(node.exponent,)))
        return node

    w.change(index)
    w.change(_listed)


def _of_components(law: t.Node, name: str) -> bool:
    """Is q(z_1|x) meant, one component, where z_1 is drawn? From q(z|x) it is a sample."""
    first = law.group.items[0] if isinstance(law, t.Call) else None
    return not (isinstance(first, t.Symbol) and first.name == name) or bool(first.component)


def sizes(w: Writing) -> None:
    """The S of a sum over samples z^{(s)} is a number of its own, as L is."""
    w.change(lambda node: w.take(node, t.Symbol(DIMENSION_OF[node.key, ""]))
             if isinstance(node, t.Symbol) and (node.key, "") in DIMENSION_OF
             and not (node.index or w.defines(node.key)) else node)  # fmt: skip
    names = {s.name for s in w.symbols()}
    free = [size for size in ("K", "L", "M", "B", "N") if size not in names]
    written = {s.name for s in w.symbols() if s.span != (0, 0)}
    if {"Data", "N"} & written == {"Data"}:  # so many as there are
        free = ["N", *free]
    new: dict[str, str] = {}
    for node in w.nodes():
        if not isinstance(node, t.Total) or not isinstance(node.high, t.Symbol):
            continue
        high = node.high.key
        counts = any(node.index in t.letters(s.index) for s in t.names_in(node.body))
        if counts and high not in (*SIZES, *new) and free and not w.defines(high):
            new[high] = free.pop(0)

    def rename(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol) and node.key in new:
            return w.take(node, t.Symbol(new[node.key], index=node.index))
        return node

    w.change(rename)


def energies(w: Writing) -> None:
    """The Z of p(x) := e^{-f(x)} / Z is what makes a density of it; then f is an energy."""
    for line in (*w.block.given, *w.block.lines):
        (relation, right), *_ = *line.rest, ("", t.ZERO)
        right, call = t.bare(right), line.first
        if relation != ":=" or not isinstance(call, t.Call) or not t.is_density(call):
            continue
        if not isinstance(right, t.Quotient) or len(t.split_bar(call.group)[0]) > 1:
            continue
        z, of = t.bare(right.under), call.group.items[0]
        energy = _energy(t.bare(right.over))
        if not isinstance(z, t.Symbol) or z.name != "Z" or w.defines(z.key) or not energy:
            continue

        def function(node: t.Node, of: t.Node = of) -> t.Node:
            mean = isinstance(node, t.Expectation) and not node.drawn and node.body == of
            return w.take(node, t.Call(t.Symbol("h"), t.Group((of,)))) if mean else node

        w.change(function)  # E(x)
        energy = t.rebuild(energy, function)
        own = {n.function.key for n in energy.walk()
               if isinstance(n, t.Call) and n.function.name in ANY}  # fmt: skip
        if own and isinstance(of, t.Symbol):
            traits = w.block.traits | {key: frozenset({"confining"}) for key in own}
            w.block = replace(w.block, traits=traits)
            over = t.rebuild(right.over, function)
            w.taken[latex(z)] = "what makes a density of this"
            whole = t.Integral(replace(of, index=()), over)
            w.implied.append(replace(line, first=z, rest=[(":=", whole)]))


def _energy(node: t.Node) -> t.Node | None:
    """The f(x) of e^{-f(x)} and \\exp(-f(x))."""
    exponent = node.exponent if isinstance(node, t.Power) else getattr(node, "body", None)
    known = isinstance(node, t.Power) and node.base == t.Symbol("e")
    known |= isinstance(node, t.Function) and node.name == "exp"
    exponent = t.bare(exponent) if known and isinstance(exponent, t.Node) else None
    negative = isinstance(exponent, t.Add) and exponent.signs == (-1,)
    return exponent.terms[0] if negative and isinstance(exponent, t.Add) else None


def sampled(w: Writing) -> None:
    """The z^{(l)} of E_q[f(z)] \\approx \\frac1L \\sum_l f(z^{(l)}) are drawn from q.

    If it is not so, nobody has said from what they are.
    """
    if any(line.samples or line.under for line in w.block.lines) or any(
        relation == "~" for line in w.block.given for relation, _ in line.rest
    ):
        return
    above: t.Node | None = None
    for i, line in enumerate(w.block.lines):
        above = line.first or above
        for relation, side in line.rest:
            found = _samples_of(above, side) if relation == "≈" and above else ()
            if found:
                plain = {old: d.variable for old, d in found.items()}
                told = [f"drawn from {latex(d.density)}" for d in found.values()]
                w.taken |= zip(map(latex, found), told, strict=True)
                whole = replace(line, first=None, rest=[(relation, side)])
                ((_, side),) = _renamed(whole, plain).rest
                line = replace(
                    _renamed(line, plain), samples=(*found.values(),), hedge=UNSAMPLED
                )
                w.block.lines[i] = line
            above = side


def _renamed(line: Statement, new: dict[t.Symbol, t.Symbol]) -> Statement:
    """With these names for those."""

    def name(node: t.Node) -> t.Node:
        return new.get(node, node) if isinstance(node, t.Symbol) else node

    rest = [(relation, t.rebuild(side, name)) for relation, side in line.rest]
    return replace(line, first=line.first and t.rebuild(line.first, name), rest=rest)


UNSAMPLED = "what is sampled? State it, as in (z^{(l)} \\sim q(z))"


def _samples_of(mean: t.Node, estimate: t.Node) -> dict[t.Symbol, t.Drawn]:
    """What a sum over l holds with the index l, each from the one law of the left side.

    Of z^{(i, l)} the i is that of a fixed x^{(i)}.
    """
    laws: dict[str, set[t.Node]] = {}
    for node in mean.walk():
        for _, law in node.drawn if isinstance(node, t.Expectation) else ():
            for name in _variables(law):
                laws.setdefault(name, set()).add(law)
        if isinstance(node, t.Call) and node.function.key == "ELBO":
            x, q = node.group.items[0], node.group.items[-1]
            law = t.Call(PHI_Q, t.Group((t.Symbol("z"), x), ("|",))) if q == PHI else (
                density(t.Symbol("q"), "z"))  # fmt: skip
            laws.setdefault("z", set()).add(law)
    indices = {n.index for n in estimate.walk() if isinstance(n, t.Total)}
    kept = {s for s in t.names_in(mean) if s.index}
    found = {s for s in t.names_in(estimate) if {*t.letters(s.index)} & indices}
    drawn = {}
    for symbol in sorted(found - kept, key=latex):
        if symbol.name in POINTS and len(laws.get(symbol.name, ())) == 1:
            (law,) = laws[symbol.name]
            running = tuple(i for i in symbol.index if {*t.letters((i,))} & indices)
            law = of_any(law) if isinstance(law, t.Call) else law
            drawn[symbol] = t.Drawn(replace(symbol, index=running), law)
    return drawn


def _listed(node: t.Node) -> t.Node:
    """p(x_1, ..., x_N) is p(x^{(1)}, ..., x^{(N)})."""
    if not isinstance(node, t.Group) or t.Constant("dots") not in node.items:
        return node
    items = (
        replace(i, index=i.component, component=())
        if isinstance(i, t.Symbol) and not i.index
        else i
        for i in node.items
    )
    return replace(node, items=tuple(items))


def _arguments(w: Writing) -> Iterator[t.Node]:
    """What stands in a density or a function, or is drawn."""
    for node in w.nodes():
        if isinstance(node, t.Call) and (t.is_density(node) or node.function.name in ANY):
            if node.function.name not in LAWS:
                yield from node.group.items
        if isinstance(node, t.Drawn):
            yield node.variable


def reparametrised(w: Writing) -> None:
    """z = mu + sigma epsilon, where z has a density: E[f(z)] is the same both ways.

    It has one if the block says z ~ q, or if mu and sigma are the encoder's.
    """
    for i, line in enumerate(w.block.lines):
        if not isinstance(line.first, t.Symbol) or not line.rest:
            continue
        node = w.chain is not None and line.first.key == w.chain.letter
        if line.first.key != "z" and not node:
            continue
        relation, right = line.rest[0]
        names = {s.key for s in t.names_in(right)}
        if relation != "=" or "epsilon" not in names or len(line.rest) > 1:
            continue
        drawn = [d.density for d in line.samples if d.variable == line.first]
        for other in (*w.block.lines, *w.block.given):
            if other.first == line.first and other.rest and other.rest[0][0] == "~":
                drawn.append(other.rest[0][1])
            drawn += [d.density for d in other.samples if d.variable.key == "z"]
        if node and not drawn:
            others = {s for s in t.names_in(right) if w.chain and s.key == w.chain.letter}
            if len(others) == 1:
                items = (line.first, *others)
                drawn = [t.Call(t.Symbol("q"), t.Group(items, ("|",)))]
        if not drawn and {"mu_phi", "sigma_phi"} & names:
            drawn = [density(t.Symbol("q", label="phi"), "z", "x")]
        if not drawn:
            continue
        noise = t.Call(t.Symbol("p"), t.Group((t.Symbol("epsilon"),)))
        f = t.Symbol("f")
        left = t.Expectation(
            "E", (((line.first,), drawn[0]),), t.Call(f, t.Group((line.first,)))
        )
        mean = t.Expectation("E", (((), noise),), t.Call(f, t.Group((right,))))
        rest = [(relation, w.take(right, mean))]
        w.block.lines[i] = replace(line, first=left, rest=rest)
        for j, other in enumerate(w.block.lines):
            if j != i:
                w.block.lines[j] = _coupled(other, line.first, right)


def _coupled(line: Statement, name: t.Symbol, noise: t.Node) -> Statement:
    """What else is said of z and \\epsilon at once is said of the z that is made of it."""
    said = frozenset[str]().union(*map(free_points, line.sides))
    averaged = any(isinstance(n, t.Integral | t.Expectation | t.Divergence)
                   for side in line.sides for n in side.walk())  # fmt: skip
    if (
        averaged
        or "epsilon" not in said
        or not any(name in t.names_in(side) for side in line.sides)
    ):
        return line
    made = partial(_exchanged, name, noise)
    rest = [(relation, t.rebuild(side, made)) for relation, side in line.rest]
    return replace(line, first=line.first and t.rebuild(line.first, made), rest=rest)


def chains(w: Writing) -> None:
    """The t of x_t counts the nodes of a chain, where x_{t-1} or x_{1:T} stands too."""
    w.change(_run)
    w.change(_last_node(w))
    letters = chained(w.calls())
    if not letters and not w.calls() and _schedules(w):
        letters = {"x"}
    begins = [i.items[0] if isinstance(i, t.Group) else i
              for s in w.symbols() if s.name == "x" for i in s.component]  # fmt: skip
    starts = t.ZERO in begins
    first = "x" in letters and starts

    def index(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol):
            return node
        if node.name == "epsilon" and "t" in t.letters(node.component):
            return w.take(node, replace(node, component=()))
        if node == X and first:  # p(x) for p(x_0)
            return w.take(node, replace(node, index=(t.ZERO,)))
        if node.name in (*letters, *SCHEDULE) and not node.index:
            return replace(node, component=(), index=node.component)
        fixed = node.component == (t.Symbol("T"),) or isinstance(
            node.component and node.component[0], t.Number)  # fmt: skip
        if node.name in ("L", "calL") and fixed:  # L_0, L_T are other names than L_{t-1}
            (step,) = node.component
            last = (
                step.name if isinstance(step, t.Symbol) else str(getattr(step, "value", ""))
            )
            return replace(node, component=(), label=node.label + last)
        if node.name in ("I", "0"):  # each component goes its own way
            return w.take(node, t.ONE if node.name == "I" else t.ZERO)
        return node

    if letters:
        w.change(index)
        w.chain = shape_of(tuple(w.nodes()))
    if w.chain:
        for letter, kind in (("p", w.chain.p), ("q", w.chain.q)):
            w.taken[f"{letter} of the chain"] = KINDS[kind]


def _schedules(w: Writing) -> bool:
    """\\bar\\alpha_t, or \\beta_t beside \\alpha_t: the schedule of a diffusion."""
    own = [s for s in w.symbols() if s.name in SCHEDULE and "t" in t.letters(s.component)]
    return any(s.accent == "bar" for s in own) or len({s.name for s in own}) > 1


def _run(node: t.Node) -> t.Node:
    """q(x_1, ..., x_T | x_0) is q(x_{1:T} | x_0)."""
    items = node.items if isinstance(node, t.Group) else ()
    for i, item in enumerate(items[1:-1], start=1):
        first, last = items[i - 1], items[i + 1]
        if item != t.Constant("dots") or not isinstance(first, t.Symbol):
            continue
        if not isinstance(last, t.Symbol) or last.component != (t.Symbol("T"),):
            continue
        run = replace(
            first, component=(t.Group((*first.component, *last.component), (":",)),)
        )
        assert isinstance(node, t.Group)
        marks = (*node.marks[: i - 1], *node.marks[i + 1 :])
        return replace(node, items=(*items[: i - 1], run, *items[i + 2 :]), marks=marks)
    return node


def _last_node(w: Writing) -> Callable[[t.Node], t.Node]:
    """The L of z_{1:L} is the T of z_{1:T}, where no sum over samples ends at it."""
    runs = [s.component[0].items[-1] for s in w.symbols() if t.is_run(s.component)
            and isinstance(s.component[0], t.Group)]  # fmt: skip
    last = runs[0] if runs and len({*runs}) == 1 else None
    counts = [n.under for n in w.nodes() if isinstance(n, t.Quotient)]
    said = {s.name for s in w.symbols()}
    own = isinstance(last, t.Symbol) and last.name not in ("T", "t") and "T" not in said
    if not own or last in counts or w.defines(last.key):  # type: ignore[union-attr]
        return lambda node: node
    return lambda node: w.take(node, t.Symbol("T")) if node == last else node


KINDS = {
    "markov": "a Markov chain",
    "full": "a density in which each depends on all",
    "apart": "a density in which the latents are independent",
}


def _above(shape: Shape) -> tuple[t.Symbol, t.Symbol]:
    """All nodes but the first, and the first: x_{1:T} and x_0, or z_{1:T} and x."""
    last = t.Number(Fraction(shape.top)) if shape.top else t.Symbol("T")
    run = t.Group((t.ONE, last), (":",))
    first = t.Symbol(shape.first, index=(t.ZERO,) if shape.first == shape.letter else ())
    return t.Symbol(shape.letter, index=(run,)), first


def networks(w: Writing) -> None:
    """mu(x), sigma(x), mu(z) without parameters are the networks of the worlds."""
    new = {("mu", "x"): "phi", ("sigma", "x"): "phi", ("mu", "z"): "theta"}
    encoded = any("z" in before(c) and after(c) == {"x"} for c in w.calls(("q",)))

    def name(node: t.Node) -> t.Node:
        if isinstance(node, t.Call) and node.function.name == "g" and encoded:
            if {*map(t.role_of, node.group.items)} - {"phi"} == {"x", "epsilon"}:
                known = w.defines(node.function.key)
                return node if known else _taken(w, node, [node, _encoded(node.group)])
        if not isinstance(node, t.Call) or len(node.group.items) != 1:
            return node
        key = node.function.key, getattr(node.group.items[0], "name", "")
        if key in DIMENSION_OF:
            return w.take(node, t.Symbol(DIMENSION_OF[key]))
        if key in (("Sigma_phi", "x"), ("Sigma", "x")) and not w.defines(key[0]):
            spread = t.Call(t.Symbol("sigma", label="phi"), node.group)
            return w.take(node, t.Function("diag", t.Power(spread, t.TWO)))
        if key not in new or w.defines(node.function.key):
            return node
        return w.take(node, labelled(node, new[key]))

    w.change(name)


def functions(w: Writing) -> None:
    """A w(x) that nobody defines is any function; where a line is not of any, we ask."""
    firsts = [s for line in (*w.block.lines, *w.block.given) for s in line.sides]
    own = {side.function.key for side in firsts if isinstance(side, t.Call)}
    positive = set[str]()

    def is_open(call: t.Call) -> bool:
        name, items = call.function, call.group.items
        kind = NAMES[name.key].kind if name.key in NAMES else Kind.FREE
        kinds = {kind, NAMES[name.name].kind if name.name in NAMES else kind}
        letter = len(name.name) == 1 or name.name in GREEK
        free = letter and kinds == {Kind.FREE} and name.name not in (*CAPITALS, "E", "I")
        of = [item for item in items if not t.is_parameter(item)]
        plain = not t.is_density(call) and "|" not in call.group.marks and not name.accent
        known = name.key in own or w.defines(name.key) or name.name in SCHEDULE and w.chain
        return bool(free and of and plain and not known) and t.is_argument(
            t.Group(tuple(of))
        )

    def any_one(node: t.Node) -> t.Node:
        if not isinstance(node, t.Call) or not is_open(node):
            return node
        name = node.function
        label = ",".join(filter(None, (name.name, name.label)))
        new = replace(name, name="f", label=label)
        w.taken.setdefault(f"{latex(name)}({latex(node.group)})", "any function")
        if name.name == "sigma":  # a spread
            positive.add(new.key)
        return replace(node, function=new)

    w.change(any_one)
    traits = dict.fromkeys(positive, frozenset({"positive"}))
    w.block = replace(w.block, traits=traits | w.block.traits)


def _encoded(arguments: t.Group) -> t.Node:
    """\\mu_\\phi(x) + \\sigma_\\phi(x) \\epsilon, the g_\\phi(\\epsilon, x) of a VAE."""
    x, noise = (next(i for i in arguments.items if t.role_of(i) == role)
                for role in ("x", "epsilon"))  # fmt: skip
    mean, scale = (t.Call(t.Symbol(name, label="phi"), t.Group((x,)))
                   for name in ("mu", "sigma"))  # fmt: skip
    return t.Group((t.Add((mean, t.Product((scale, noise), ("odot",))), (1, 1)),))


RULES: tuple[Callable[[Writing], None], ...] = (
    dotted, lettered, told_later, capitals, bases, second_letters, averages, supports,
    letter_of_a_bound, parameters, labels, conditions, energies, chains, networks, functions, samples,
    open_sums, sizes, laws, entropies, bare_densities, model, short_names, reparametrised,
    bounds, evidence, first_logs, constants, sampled,
)  # fmt: skip
OF_CHAINS = (laws, reparametrised, bare_densities, bounds, constants)
