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
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

from . import tree as t
from .block import Block
from .chains import Shape
from .letters import (
    averages,
    bases,
    capitals,
    chains,
    conditions,
    functions,
    labels,
    letter_of_a_bound,
    lettered,
    lone_numbers,
    networks,
    open_sums,
    parameters,
    samples,
    second_letters,
    sizes,
    supports,
)
from .notation import ANY, LAWS, NAMES, PARAMETERS, SIZES, VARIABLES, Kind, shaped
from .read import Statement
from .scope import Scope
from .writing import (
    BOUNDS,
    CONDITIONS,
    LETTERS,
    MOST_READINGS,
    NETWORK_LABELS,
    PHI,
    PHI_Q,
    POINTS,
    THETA,
    Mode,
    Reading,
    Writing,
    X,
    after,
    before,
    density,
    exchanged,
    joint,
    labelled,
    latex,
    of_any,
    one_of,
)

FREE_ENERGY = "calF"  # the bound or, as in physics, its negative
# with what \mathcal{L} is labelled where it is the bound, or its negative
OF_A_BOUND = {"", "theta", "phi", "theta,phi", "phi,theta"}
OF_A_BOUND |= {"ELBO", "elbo", "VLB", "vlb", "LB", "VAE", "vae"}
WEIGHTS = ("beta", "lambda", "gamma", "alpha")  # of a bound that is no ELBO
NAMED = [*LETTERS, *(f"{letter}_{n}" for letter in LETTERS for n in NETWORK_LABELS)]
INFORMATION = [t.Symbol("I", label=label) for label in ("", *NAMED)]  # I_{q_\\phi}(x; z)
MATRICES = ("I", *shaped("covariance"))
Drawn = tuple[tuple[tuple[t.Symbol, ...], t.Node], ...]


def readings(block: Block, page: Scope) -> list[Reading]:
    """The block as its names may be meant, the most usual first."""
    first = Writing(block, page, {})
    found = [_reading(first)]
    names = list(first.choices)
    counts = [range(len(first.choices[name].options)) for name in names]
    others = sorted(product(*counts), key=lambda picks: sum(map(bool, picks)))[1:]
    for picks in others[: MOST_READINGS - 1]:
        other = Writing(block, page, dict(zip(names, picks, strict=True)))
        what = next(first.choices[n] for n, p in zip(names, picks, strict=True) if p)
        found.append(replace(_reading(other), choice=what))
    return found


def _reading(w: Writing) -> Reading:
    """All rules, one after the other."""
    before = w.block.given
    for rule in RULES:
        if not w.chain or rule in OF_CHAINS:
            rule(w)
    pairs = zip(before, w.block.given, strict=True)
    given = [new for old, new in pairs if _says_nothing(old) or not _says_nothing(new)]
    block = replace(w.block, given=given + w.implied)
    return Reading(block, w.taken, own=w.own)


def _says_nothing(line: Statement) -> bool:
    """`p(x; \\theta) := p_\\theta(x)`, once both are read alike."""
    return bool(line.rest) and all(side == line.first for _, side in line.rest)


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
            not t.lacks_variable(law)
            or t.lacks_variable(partner)
            or len(before(partner)) != 1
        ):
            return law
        return w.take(law, _of_this(law, first))

    def both(node: t.Node) -> t.Node:
        if not isinstance(node, t.Divergence):
            return node
        names = {s.name for s in t.names_in(node)}
        sides = t.bare(node.left), t.bare(node.right)
        if all(map(t.lacks_variable, sides)) and {"I", "0"} & names:
            left, right = (_of_this(side, t.Symbol("z")) for side in sides)
            return replace(node, left=left, right=right)
        first = complete(node.left, node.right)
        return replace(node, left=first, right=complete(node.right, first))

    w.change(both)
    w.change(_standard)
    for line in (*w.block.lines, *w.block.given):
        above = first = line.first
        for i, (relation, side) in enumerate(line.rest):
            drawn = relation == "~" and isinstance(first, t.Symbol) and not first.index
            if drawn and first and t.lacks_variable(side):
                side = _of_this(side, first)
            law = complete(side, above) if above and relation in ("=", ":=") else side
            line.rest[i], above = (relation, law), side


def _of_this(law: t.Node, variable: t.Node) -> t.Call:
    assert isinstance(law, t.Call)
    group = law.group
    items, marks = (variable, *group.items), (";", *group.marks)
    return replace(law, group=replace(group, items=items, marks=marks))


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
        if isinstance(node, t.Call) and node.function in (t.Symbol("H"), t.Symbol("calH")):
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
                    span = name.span[0], group.span[1]
                    call: t.Node = t.Call(t.Symbol("I"), group, span=span)
                    if group.items == (X,) and node not in firsts:
                        told = t.Function("log", density(t.Symbol("p"), "x"))
                        call = w.take(call, t.Group((t.Add((told,), (-1,)),)))
                    return _joined(node, at, call)
            if isinstance(name, t.Symbol) and name in INFORMATION and _is_pair(group):
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
    return {t.role_of(i) for i in group.items if not getattr(i, "accent", "")} == {"x", "z"}


def _is_law(node: t.Node) -> bool:
    bare = isinstance(node, t.Symbol) and node.name in LETTERS
    return bare or isinstance(node, t.Call) and t.is_density(node)


def _cross_entropy(
    w: Writing, items: tuple[t.Node, ...], marks: tuple[str, ...]
) -> t.Node | None:
    """-E_p[log q], where p and q may be named by their variables."""
    letter = t.Symbol("p" if w.calls(("p",)) or not w.calls(("q",)) else "q")
    if all(map(_is_law, items)) and len(items) < 3:
        of_x = [_of_this(i, X) if t.lacks_variable(i) else i for i in items]
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
    if label.startswith("q") or not label and encoded_z:
        options.append(aggregate)
    if (
        label.startswith("p")
        or not label
        and (not options or any(joint(c) for c in w.calls(("p",))))
    ):
        options.append(model)
    return w.choose("I(x; z)", options, Mode.ALL)


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
            bare = left in (t.Symbol("q"), PHI_Q) and (
                right in (t.Symbol("p"), t.Symbol("p", label="theta"))
            )
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
    same = [c for c in found.values() if c.function == symbol]
    others = [c for c in found.values() if not (c.function.index or c.function.component)]
    calls = same or ([] if symbol.marked else others)
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
    if isinstance(law, t.Symbol) and law.key in POINTS:
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
    """The p(x, z) below a p_\\theta(x, z): the same, unless they stand side by side."""

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
    q = PHI
    if "q_phi(z|x)" not in said:
        q = next((PHI_Q if "phi" in s else t.Symbol("q") for s in ("q(z)", "q_phi(z)")
                  if s in said), PHI)  # fmt: skip
    if not said and any(t.Symbol("q") in c.group.items for c in w.calls(BOUNDS)):
        q = t.Symbol("q")  # \\mathrm{ELBO}(q)
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
        symbol = node.function if isinstance(node, t.Call) else node
        if not isinstance(symbol, t.Symbol) or symbol.name not in (*BOUNDS, FREE_ENERGY):
            return node
        if symbol.name == FREE_ENERGY and w.told(symbol.key):
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
        marks = node.group.marks if isinstance(node, t.Call) else ()
        in_full = marks[:1] == (";",) and len(marks) > 1  # ELBO(x; \\theta, \\phi)
        if symbol.name == "ELBO" and in_full and not w.freed:
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
    if not isinstance(item, t.Symbol):
        return False
    if item.name == "Data":
        return not item.marked
    if item.key in ("x", *CONDITIONS):
        return True
    if item.index or item.component:
        return False
    known = (*NETWORK_LABELS, *NAMED)  # \\theta^* is another theta
    return item.name in ("mu", "sigma") or item.key in known


def evidence(w: Writing) -> None:
    """The evidence is p(x), or its logarithm."""
    word = t.Symbol("evidence")
    px = density(t.Symbol("p", label="theta"), "x")

    def within(node: t.Node) -> t.Node:
        told = w.told("evidence", first=False)
        if isinstance(node, t.Function) and t.bare(node.body) == word and not told:
            return w.take(node, replace(node, body=px))
        return node

    def alone(node: t.Node) -> t.Node:
        if node != word or w.told("evidence", first=False):
            return node
        options: list[t.Node] = [t.Function("log", px), px]
        return w.take(node, w.choose("evidence", options, Mode.ANY))

    w.change(within)
    w.change(alone)


def first_logs(w: Writing) -> None:
    """\\log Z = \\log A \\geq B says at once what Z is, and more of it."""
    line, *below = w.block.lines
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
            return one_of(w, node, between)
        if key == "H" and node == first and w.logs() and laws and node not in limits:
            own = [(law, law) for law in laws] + pairs
            return one_of(w, node, [_mean_log(a, b) for a, b in own])
        if key == "I" and node == first and w.logs() and laws:
            return w.take(node, _information(w, ""))
        return node

    w.change_values(meant)


def _mean_log(drawn: t.Node, law: t.Node) -> t.Node:
    """The entropy, or with two densities the cross-entropy."""
    mean = t.Expectation("E", (((), drawn),), t.Function("log", law))
    return t.Group((t.Add((mean,), (-1,)),))


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
                plain: dict[t.Node, t.Node] = {old: d.variable for old, d in found.items()}
                told = [f"drawn from {latex(d.density)}" for d in found.values()]
                w.taken |= zip(map(latex, found), told, strict=True)
                rename = partial(_renamed, plain)
                side, line = t.rebuild(side, rename), line.changed(rename)
                line = replace(line, samples=(*found.values(),), hedge=UNSAMPLED)
                w.block.lines[i] = line
            above = side


def _renamed(new: dict[t.Node, t.Node], node: t.Node) -> t.Node:
    return new.get(node, node)


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
        if node and _earlier(line.first):  # x_0 = (x_t - ...) / ... is solved for x_0
            continue
        drawn = _laws_said(w, line, line.first)
        if node and not drawn:
            others = {s for s in t.names_in(right) if w.chain and s.key == w.chain.letter}
            if len(others) == 1:
                items = (line.first, *others)
                drawn = [t.Call(t.Symbol("q"), t.Group(items, ("|",)))]
        if not drawn and {"mu_phi", "sigma_phi"} & names:
            drawn = [density(t.Symbol("q", label="phi"), "z", "x")]
        if not drawn:
            continue
        epsilon = t.Symbol("epsilon")
        said = _laws_said(w, line, epsilon)
        noise = said[0] if said else t.Call(t.Symbol("p"), t.Group((epsilon,)))
        f = t.Symbol("f")
        left = t.Expectation(
            "E", (((line.first,), drawn[0]),), t.Call(f, t.Group((line.first,)))
        )
        mean = t.Expectation("E", (((epsilon,), noise),), t.Call(f, t.Group((right,))))
        rest = [(relation, w.take(right, mean))]
        w.block.lines[i] = replace(line, first=left, rest=rest)
        for j, other in enumerate(w.block.lines):
            if j != i:
                w.block.lines[j] = _coupled(other, line.first, right)


def _laws_said(w: Writing, line: Statement, variable: t.Symbol) -> list[t.Node]:
    """From what a variable is drawn, as the block says: beside the line, or elsewhere.

    A z^{(l)} is drawn as z is; of a chain each node has a law of its own.
    """
    node = w.chain is not None and variable.key == w.chain.letter
    laws = [d.density for d in line.samples if d.variable == variable]
    for other in (*w.block.lines, *w.block.given):
        if other.first == variable and other.rest and other.rest[0][0] == "~":
            laws.append(other.rest[0][1])
        if not node:
            laws += [d.density for d in other.samples if d.variable.key == variable.key]
    return laws


def _earlier(node: t.Symbol) -> bool:
    """Is this x_0 or x_{t-1}?"""
    (step,) = node.index if len(node.index) == 1 else (None,)
    return step == t.ZERO or isinstance(step, t.Add) and step.signs[-1] < 0


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
    return line.changed(partial(exchanged, name, noise))


def _above(shape: Shape) -> tuple[t.Symbol, t.Symbol]:
    """All nodes but the first, and the first: x_{1:T} and x_0, or z_{1:T} and x."""
    last = t.Number(Fraction(shape.top)) if shape.top else t.Symbol("T")
    run = t.Group((t.ONE, last), (":",))
    first = t.Symbol(shape.first, index=(t.ZERO,) if shape.first == shape.letter else ())
    return t.Symbol(shape.letter, index=(run,)), first


RULES: tuple[Callable[[Writing], None], ...] = (
    dotted, lettered, told_later, capitals, bases, second_letters, lone_numbers, averages,
    supports, letter_of_a_bound, parameters, labels, conditions, energies, chains, networks,
    functions, samples, open_sums, sizes, laws, entropies, bare_densities, model,
    short_names, reparametrised, bounds, evidence, first_logs, constants, sampled,
)  # fmt: skip
OF_CHAINS = (laws, reparametrised, bare_densities, bounds, constants)
