r"""The letters that people choose: P(X) for p(x), p_i for p(x), S samples, a drawn w for z.

Each function is one such habit (see usage.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from . import tree as t
from .chains import SCHEDULE, chained, shape_of
from .notation import ANY, GREEK, LAWS, NAMES, SIZES, UPPER, VARIABLES, Kind
from .quantity import Meaningless
from .writing import (
    BOUNDS,
    CONDITIONS,
    LETTERS,
    NETWORK_LABELS,
    Writing,
    X,
    after,
    before,
    exchanged,
    joint,
    labelled,
    latex,
    one_of,
)

CAPITALS = {"P": "p", "Q": "q", "X": "x", "Z": "z", "Y": "y", "U": "u", "T": "t", "W": "w",
            "D": "Data"}  # fmt: skip
SECOND = ("y", "h", "u", "t", "s", "w")  # letters of what z is here
UNKNOWN = ("theta", "Theta", "omega")  # and names of parameters that are drawn
OF_LAWS = ("mu", "sigma", "Sigma", "lambda", "tau", "Lambda")  # p(x|mu, sigma^2)
NEVER, UNSURE = "dht", "j"  # letters of components; letters that are so without a sum
OF_LATENTS = {"mu", "sigma", "z", "epsilon", "m", "s"}
DIMENSIONS = ("D", "H", "J", "d")
DIMENSION_OF = {("dim", "x"): "D", ("dim", "z"): "H"}
DIMENSION_OF |= {(f"{d}_{of}", ""): size for (_, of), size in DIMENSION_OF.items()
                 for d in "Dd"}  # fmt: skip


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
            w.change(partial(exchanged, name, new))


def capitals(w: Writing) -> None:
    """P(X|Z) is p(x|z), unless the small letter has a meaning of its own.

    X is the data set where its points x^{(i)} stand beside it.
    """
    names = {s.name for s in w.symbols()}
    means = [n for n in w.nodes() if isinstance(n, t.Expectation)]
    pairs = [n for n in w.nodes() if isinstance(n, t.Divergence)]
    places = [n for n in w.nodes() if isinstance(n, t.Call | t.Divergence | t.Expectation)]
    informed = {s.name for n in w.nodes() if isinstance(n, t.Product)
                and getattr(n.factors[0], "name", "") == "I"
                for s in t.names_in(n.factors[1])}  # fmt: skip
    arguments = informed | {s.name for n in places for s in t.names_in(n)}
    new = {big: small for big, small in CAPITALS.items() if big in arguments & names}
    compared = [t.bare(side) for pair in pairs for side in (pair.left, pair.right)]
    averaged = [law for mean in means for _, law in mean.drawn]
    for big in "PQ":
        both = big, CAPITALS[big]
        own, others = ({c.group for c in w.calls((n,))} for n in both)
        beside = any({*both} <= {getattr(law, "name", "") for law in laws}
                     for laws in (compared, averaged))  # fmt: skip
        if own & others or beside or w.defines(big) and own:
            new.pop(big, None)
    dense = {s.name for c in w.calls(("p", "q", "P", "Q", "H", "I")) for s in t.names_in(c)}
    dense |= informed | {v.name for mean in means for own, _ in mean.drawn for v in own}
    items = {i.name for c in w.calls((*"PQpq",)) for i in c.group.items
             if isinstance(i, t.Symbol)}  # fmt: skip
    random = {s.name for mean in means for s in t.names_in(mean.body)}
    for big in "XYZUTWD":
        told = items if big in "TWD" else dense  # elsewhere a last step, weights, a size
        if big in "XYZ" and not w.calls() and not averaged:
            told = told | random
        also = big in "TW" and big.lower() in names
        if big not in told or also or w.defines(big):
            new.pop(big, None)
    laws = {getattr(getattr(side, "function", side), "name", "")
            for pair in pairs for side in (pair.left, pair.right)}  # fmt: skip
    if laws == {"f", "g"} and not names & {*LETTERS}:  # KL(f || g)
        new |= {"f": "p", "g": "q"}
    drawn = {getattr(law, "name", "") for law in averaged}
    bare = not all(mean.drawn for mean in means) or drawn & {*LETTERS}
    if any(s.name == "x" and (s.index or s.component) for s in w.symbols()) and "X" in new:
        # E_q[f(X)] is no average over data sets
        new["X"] = "x" if "X" in random and bare else "Data"

    w.rename(lambda s: replace(s, name=new.get(s.name, s.name)))


def lone_numbers(w: Writing) -> None:
    """x_1 is x, where each x of the block is that one: a name, and no component."""
    choosing: dict[str, set[tuple[t.Node, ...]]] = {}
    for symbol in w.symbols():
        choosing.setdefault(symbol.name, set()).add(symbol.component + symbol.index)
    lone = {name for name in VARIABLES if len(choosing.get(name, ())) == 1}

    def plain(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or node.name not in lone or node.index:
            return node
        number = node.component[0] if len(node.component) == 1 else None
        if not isinstance(number, t.Number):
            return node
        name = latex(replace(node, component=()))
        w.taken[f"{name}_{number.value}"] = name
        return replace(node, component=())

    w.change(plain)


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

    w.rename(lambda s: replace(s, name="calL") if s.name == "L" else s)


def open_sums(w: Writing) -> None:
    """\\sum_j over the components of latents ends at H, over those of x at D.

    Beside a divergence, so does one to L over those of mu and sigma. With the index n it
    counts data.
    """

    def close(node: t.Node) -> t.Node:
        if not isinstance(node, t.Total) or not isinstance(node.high, t.Symbol):
            return node
        if node.index == "n":
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
    """In which base all logarithms are, H and D_KL are, too: then it may be any.

    So it is where each term of each side is a logarithm or made of some.
    """
    based = [n for n in w.nodes() if _base(n)]
    informed = any(map(_informs, w.nodes()))
    told = all(any(t.names_in(n)) for n in based)  # \\log_2 8 is a number
    alike = len({*map(_base, based)}) == 1
    sides = [side for line in w.block.lines for side in line.sides]
    if based and informed and told and alike:
        if not all(map(_in_bits, sides)):
            raise Meaningless("logarithms to a base beside what is none: bits or nats?")
        w.change(
            lambda n: w.take(n, n.over) if isinstance(n, t.Quotient) and _base(n) else n
        )


def _informs(node: t.Node) -> bool:
    """What has the unit of the logarithms in it."""
    if isinstance(node, t.Call):
        return node.function.key in ("H", "calH", "I", "D_KL", "KL", "ELBO")
    if isinstance(node, t.Product) and isinstance(node.factors[-1], t.Group):
        return node.factors[:-1] == (t.Symbol("I"),)  # I(X; Z)
    return isinstance(node, t.Divergence)


def _in_bits(node: t.Node) -> bool:
    """Is this a sum of logarithms of one base, or a mean or a multiple of such a sum?"""
    node = t.bare(node)
    if _informs(node) or _base(node) or node == t.ZERO:
        return True
    if isinstance(node, t.Add):
        return all(map(_in_bits, node.terms))
    if isinstance(node, t.Product):
        return sum(map(_in_bits, node.factors)) == 1
    if isinstance(node, t.Quotient):
        return _in_bits(node.over) and not _in_bits(node.under)
    if isinstance(node, t.Integral | t.Total | t.Expectation):
        return getattr(node, "kind", "E") in ("E", "sum") and _in_bits(node.body)
    return False


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
    totals = (n for n in w.nodes() if isinstance(n, t.Total) and n.kind == "sum")
    said = any(_of_values(n.body, t.Symbol(n.index)) != n.body for n in totals)

    def of_x(node: t.Node) -> t.Node:
        """H(S), where the values of S are s_i."""
        if isinstance(node, t.Call) and node.function == t.Symbol("H"):
            if node.group.items == (t.Symbol(letter),):
                return w.take(node, replace(node, group=t.Group((X,))))
        return node

    if letter and said:
        w.change(of_x)

    ends = {latex(n.high) for n in w.nodes() if isinstance(n, t.Total) and n.kind == "sum"}

    def values(node: t.Node) -> t.Node:
        if not isinstance(node, t.Total) or node.kind != "sum" or node.low != t.ONE:
            return node
        if len(ends) > 1 or isinstance(node.high, t.Number):  # not over all values
            return node
        index = t.Symbol(node.index)
        if any(name.component == (index,) for name in _laws(node.body)):
            return node  # each q_i is a density of its own
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


def _laws(body: t.Node) -> Iterator[t.Symbol]:
    """The names of densities: of q_i in q_i(z), D_KL(q_i || p), E_{q_i}[z]."""
    for node in body.walk():
        found: tuple[t.Node, ...] = ()
        if isinstance(node, t.Call) and node.function.key in ("H", "calH"):
            found = node.group.items
        elif isinstance(node, t.Call) and node.group.items != node.function.component:
            found = (node.function,)
        elif isinstance(node, t.Divergence):
            found = (node.left, node.right)
        elif isinstance(node, t.Expectation):
            found = tuple(law for _, law in node.drawn)
        yield from (law for law in found if isinstance(law, t.Symbol))


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
    w.rename(lambda s: replace(s, name=new.get(s.name, s.name)))


def parameters(w: Writing) -> None:
    """p(x; \\theta), p(x|z, \\theta) are p_\\theta(x), p_\\theta(x|z); p(x|\\mu): p(x)."""
    drawn = [item for call in w.calls() for item in t.split_bar(call.group)[0]]
    random = {s.name for item in drawn for s in t.names_in(item)}
    moved = _moved(w)
    same = _one_law_each(w, moved)

    def is_parameter(item: t.Node) -> bool:
        if moving(item) or t.is_parameter(item):
            return True
        return same and _of_law(item) and not random & {s.name for s in t.names_in(item)}

    def moving(item: t.Node) -> bool:  # \\nabla_\\lambda q(z | \\lambda)
        plain = isinstance(item, t.Symbol) and item == t.Symbol(item.name)
        return plain and item.name in moved & {*NETWORK_LABELS}  # type: ignore[attr-defined]

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
        networks = [i.key for i in own if isinstance(i, t.Symbol)
                    and (t.is_parameter(i) or moving(i))]  # fmt: skip
        if not name.label and networks:
            name = replace(name, label=networks[0])
        group = replace(node.group, items=tuple(items), marks=tuple(marks))
        return w.take(node, replace(node, function=name, group=group))

    w.change(label)


def _of_law(item: t.Node) -> bool:
    """Is this the mu or the sigma^2 of p(x | mu, sigma^2)?"""
    base = item.base if isinstance(item, t.Power) else item
    return isinstance(base, t.Symbol) and base.name in OF_LAWS


def _moved(w: Writing) -> set[str]:
    """The names in which something is differentiated, or which are searched."""
    kinds = t.Derivative | t.Best | t.Extreme
    nodes = [n for n in w.nodes() if isinstance(n, kinds)]
    varied = [getattr(n, "variables", getattr(n, "arguments", ())) for n in nodes]
    return {s.name for some in varied for v in some for s in t.names_in(v)}


def _one_law_each(w: Writing, moved: set[str]) -> bool:
    """Do all p(x | \\mu) list the same, which nothing varies? Then nobody need list it."""
    listed: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    symbols = [*w.symbols()]
    lists = [c.group.items[1:] for c in w.calls()]
    lists += [c.group.items for c in w.calls(BOUNDS)]  # \\mathcal{L}(\\lambda)
    told = [s for items in lists for item in items if _of_law(item)
            for s in t.names_in(item)]  # fmt: skip
    for call in w.calls():
        own = [item for item in call.group.items[1:] if _of_law(item)]
        found = [s for item in own for s in t.names_in(item)]
        if any(s.index or s.component or s.name in moved for s in found):
            return False
        if any(s.accent or s.label[-1:] in ("'", "*") for s in found):  # \\mu' is no \\mu
            return False
        elsewhere = sum(s in found for s in symbols) > sum(s in found for s in told)
        if elsewhere and not w.defines(call.function.key):  # p(x | \\mu) = ... \\mu ...
            return False
        rest = tuple(latex(i) for i in call.group.items if i not in own)
        listed.setdefault((latex(call.function), *rest), set()).add(tuple(map(latex, own)))
    return all(len(ways) == 1 for ways in listed.values())


def labels(w: Writing) -> None:
    """Whatever p and q are labelled with, here it is \\theta and \\phi.

    The names of its variables below p, as in p_{X,Y}(x, y) and p_{X|Y}(x | y), say nothing
    more, nor does the index of a Q_i(z) beside x^{(i)}, where all have it.
    """
    below = {letter: {c.function.component for c in w.calls((letter,))} for letter in "pq"}
    densities = [s for s in w.symbols() if s.name in LETTERS]
    named = {i.name for s in densities for i in t.names_in(_named_below(s) or t.ZERO)}
    apart = {"x", "y"} <= named  # p_X and p_Y: two laws of one kind

    def numbered(name: t.Symbol) -> bool:
        """Is this Q_i, where all Q are?"""
        letter = name.component[0] if len(name.component) == 1 else None
        alike = below.get(name.name) == {name.component}
        return alike and isinstance(letter, t.Symbol) and _bound_alike(w, letter)

    def plain(node: t.Node) -> t.Node:
        if not isinstance(node, t.Call) or not t.is_density(node):
            return node
        name, group = node.function, node.group
        names = _named_below(name)
        of = [getattr(item, "name", "") for item in group.items]
        said = names is not None and not apart and of == [*t.letters(names.items)]
        if said and names and "|" in names.marks:  # p_{X|Z}(x | z)
            said = names.marks == group.marks
        if not said and not numbered(name):
            return node
        label = "" if said and name.label in VARIABLES else name.label
        plain_name = replace(name, component=(), label=label)
        return w.take(node, replace(node, function=plain_name))

    def law(node: t.Node) -> t.Node:
        """A bare p_{X|Z} says of what it is, and so does each factor of p_X p_Z."""
        if isinstance(node, t.Product):
            return replace(node, factors=tuple(map(law, node.factors)))
        if isinstance(node, t.Symbol) and numbered(node):
            return w.take(node, replace(node, component=()))
        names = _named_below(node) if isinstance(node, t.Symbol) else None
        if names is None or apart or not isinstance(node, t.Symbol):
            return node
        label = "" if node.label in VARIABLES else node.label
        return w.take(node, t.Call(replace(node, component=(), label=label), names))

    def bare(node: t.Node) -> t.Node:
        if isinstance(node, t.Divergence):
            return replace(node, left=law(node.left), right=law(node.right))
        if isinstance(node, t.Expectation):
            return replace(node, drawn=tuple((own, law(p)) for own, p in node.drawn))
        if isinstance(node, t.Call) and node.function.key in ("H", "calH"):
            group = replace(node.group, items=tuple(map(law, node.group.items)))
            return replace(node, group=group)
        return node

    w.change(bare)
    w.change(plain)
    w.change(_unaccented(w))
    found = {
        letter: {c.function.label for c in w.calls((letter,)) if joint(c)}
        & {*NETWORK_LABELS}
        for letter in "pq"
    }
    population = any(c.function.label == "*" for c in w.calls())
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

    def name(s: t.Symbol) -> t.Symbol:
        if s.name == "q" and s.label in any_q:  # q_\\phi(z), where none is of x
            w.freed = True
            return replace(s, label="")
        return replace(s, name=new.get(s.name, s.name), label=new.get(s.label, s.label))

    w.rename(name)


def _named_below(name: t.Symbol) -> t.Group | None:
    """The variables that stand below a density: of p_{X,Z}, p_{XZ}, p_{X|Z}, p_z."""
    if name.name not in LETTERS:
        return None
    if name.label in VARIABLES and not name.component:
        return t.Group((t.Symbol(name.label),))
    first = name.component[0] if len(name.component) == 1 else None
    group = first if isinstance(first, t.Group) else t.Group(name.component)
    if isinstance(first, t.Product) and not any(first.operations):
        group = t.Group(first.factors)
    items = tuple(t.Symbol(CAPITALS.get(i.name, i.name)) for i in group.items
                  if isinstance(i, t.Symbol))  # fmt: skip
    known = items and all(i.name in VARIABLES for i in items)
    if not known or len(items) < len(group.items):
        return None
    return t.Group(items, group.marks or (",",) * (len(items) - 1))


def _bound_alike(w: Writing, letter: t.Symbol) -> bool:
    """Is i, of Q_i(z) and x^{(i)}, summed over wherever it stands, or nowhere?"""
    index, held, all_of_it = letter.name, 0, 0
    for node in w.nodes():
        if isinstance(node, t.Total) and node.index == index:
            held += sum(letter in s.component for s in t.names_in(node.body))
        all_of_it += isinstance(node, t.Symbol) and letter in node.component
    known = any(s.name == "x" and index in t.letters(s.index) for s in w.symbols())
    return known and held in (0, all_of_it)


def _unaccented(w: Writing) -> Callable[[t.Node], t.Node]:
    """The \\tilde p(x), \\hat p(x) beside a p are of the data; without one they are p.

    And q(\\epsilon) is the density of the noise.
    """
    calls = w.calls()
    accented = [c for c in calls if c.function.accent in ("tilde", "hat")]
    beside = {c.function.name for c in calls} - {c.function.accent for c in calls} - {"q"}
    plain = any(s.name in beside and not s.accent for s in w.symbols())
    of_data = plain and all(before(c) == {"x"} and not after(c) for c in accented)
    known = any(w.defines(c.function.key) for c in accented)
    known |= len({c.function.accent for c in accented}) > 1  # two of them are two
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
        and isinstance(node.high, t.Symbol)
        and (node.high.span != (0, 0) or node.index == "n")
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
    counted -= _beside_the_whole(w)
    named = {name for name, _ in counted}
    counted |= {  # and the x_1 beside the x_n
        (s.name, s.component) for s in w.symbols()
        if s.name in named and [type(i) for i in s.component] == [t.Number]
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


def _beside_the_whole(w: Writing) -> set[tuple[str, tuple[t.Node, ...]]]:
    """The components z_j of D_KL(q(z) || \\prod_j q(z_j)), of which z is all."""
    found = set[tuple[str, tuple[t.Node, ...]]]()
    for pair in (n for n in w.nodes() if isinstance(n, t.Divergence)):
        whole = {s.name for s in t.names_in(pair) if not s.component}
        products = (n for n in pair.walk() if isinstance(n, t.Total))
        found |= {(s.name, s.component) for n in products for s in t.names_in(n.body)
                  if s.component == (t.Symbol(n.index),) and s.name in whole}  # fmt: skip
    return found


def _of_components(law: t.Node, name: str) -> bool:
    """Is q(z_1|x) meant, one component, where z_1 is drawn? From q(z|x) it is a sample."""
    first = law.group.items[0] if isinstance(law, t.Call) else None
    return not (isinstance(first, t.Symbol) and first.name == name) or bool(first.component)


def sizes(w: Writing) -> None:
    """The S of a sum over samples z^{(s)} is a number of its own, as L is."""
    w.rename(lambda s: t.Symbol(DIMENSION_OF[s.key, ""]) if (s.key, "") in DIMENSION_OF
             and not (s.index or w.defines(s.key)) else s)  # fmt: skip
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

    w.rename(lambda s: t.Symbol(new[s.key], index=s.index) if s.key in new else s)


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
        step = node.component[0] if len(node.component) == 1 else None
        fixed = step == t.Symbol("T") or isinstance(step, t.Number)
        if step and fixed and node.name in ("L", "calL"):  # L_0 is no L_{t-1}
            return replace(node, component=(), label=node.label + latex(step))
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


def networks(w: Writing) -> None:
    """mu(x), sigma(x), mu(z) without parameters are the networks of the worlds."""
    new = {("mu", "x"): "phi", ("sigma", "x"): "phi", ("mu", "z"): "theta"}
    encoded = any("z" in before(c) and after(c) == {"x"} for c in w.calls(("q",)))

    def name(node: t.Node) -> t.Node:
        if isinstance(node, t.Call) and node.function.name == "g" and encoded:
            if {*map(t.role_of, node.group.items)} - {"phi"} == {"x", "epsilon"}:
                known = w.defines(node.function.key)
                return node if known else one_of(w, node, [node, _encoded(node.group)])
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
    positive = set[str]()

    def is_open(call: t.Call) -> bool:
        name, items = call.function, call.group.items
        kind = NAMES[name.key].kind if name.key in NAMES else Kind.FREE
        kinds = {kind, NAMES[name.name].kind if name.name in NAMES else kind}
        letter = len(name.name) == 1 or name.name in GREEK
        free = letter and kinds == {Kind.FREE} and name.name not in (*CAPITALS, "E", "I")
        of = [item for item in items if not t.is_parameter(item)]
        plain = not t.is_density(call) and "|" not in call.group.marks and not name.accent
        known = w.told(name.key) or name.name in SCHEDULE and w.chain
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
