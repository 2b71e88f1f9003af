"""What densities are worth, and the averages over them: the part that is about chance.

What a world does not know is derived: p(x, z) is p(x | z) p(z), the evidence its integral
over z. An expectation is an integral; a sum over samples becomes one where it is asked
what an estimate is on average.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np

from . import tree as t
from .evaluate import Evaluator, Place, value_of
from .notation import LAWS, NAMES, PARAMETERS, UPPER, VARIABLES, WORLDLY
from .quantity import Meaningless, OutOfDomain, Unknown, V
from .scope import Scope
from .worlds import Foreign

MOST_TERMS = 40  # of a sum
DERIVED = ("p_theta(x)", "p_theta(z|x)", "p_theta(x,z)")  # from the model
ALL_DATA = (replace(t.data_point(), index=(t.ONE,)),
            replace(t.data_point(), index=(t.Symbol("N"),)))  # fmt: skip
Inner = Callable[[], V]
Pairs = list[tuple[list[Place], t.Node]]  # which places are drawn from which density


# ---------------------------------------------------------------- laws and densities
def named_law(node: t.Call, at: Evaluator[V], value: V | None = None) -> V:
    """`\\mathcal{N}(x; \\mu, v)`, or `\\mathcal{N}(\\mu, v)` at `value`."""
    items, marks, name = node.group.items, node.group.marks, node.function.name
    if node.function.marked:
        raise Unknown(f"this {node.function.spoken} is another than {name}", like="...")
    count = NAMES[name].arguments
    if len(items) == count and marks[0] in (";", "|"):
        value = at(items[0]) if value is None else value
        items = items[1:]
    if len(items) != count - 1 or value is None:
        form = "(x; \\mu, \\sigma^2)" if count == 3 else "(x; \\pi)"
        raise Meaningless(f"a density is written {form}")
    return at.calculus.law(name, value, list(map(at, items)))


def density(node: t.Call, at: Evaluator[V]) -> V:
    """The value of p_theta(x, z) and its like; the semicolon's names are checked."""
    name, group = node.function, node.group
    for mark, item in zip(group.marks, group.items[1:], strict=True):
        if mark in "‖:~" or mark == ";" and not t.is_parameter(item):
            raise Meaningless(f"{mark} cannot stand in a density")
    below = [s.name for mark in name.component for s in t.names_in(mark)]
    if below and {*below} <= {*VARIABLES}:  # p_{X|Z}(z | x)
        raise Unknown(f"below this {name.spoken} stands another thing than in its brackets")
    marked = name.label not in ("", *PARAMETERS) or name.accent or name.index
    if name.component or at.world.chain and marked:
        raise Unknown(f"this {name.spoken} is another density than {name.name}", like="...")
    before, after = t.split_bar(group)
    if t.role_of(before[0]) == "Data" or t.Constant("dots") in before:
        if not all(map(t.is_parameter, after)):
            raise _unknown(t.signature(node))
        return _of_the_data(name, before, at)
    if at.world.chain and t.role_of(before[0]) != "epsilon":
        sides = (_values(side, at) for side in (before, after))
        return at.world.conditional(name.name, *sides)
    values = {t.role_of(item): at(item) for item in before + after}
    if len(values) != len(before + after):
        raise Meaningless("a density of the same variable twice")
    parts = [item for item in before + after if getattr(item, "component", ())]
    if parts and not at.world.scalar:
        raise Foreign("a density of one component is not known here")
    if name.index:
        return _one_of_many(node, values, at)
    return density_at(t.signature(node), values, at)


def _values(items: list[t.Node], at: Evaluator[V]) -> dict[Place, V]:
    """The nodes of a chain among a density's arguments: x_t, x_{1:T}."""
    values: dict[Place, V] = {}
    for item in items:
        if not isinstance(item, t.Symbol):
            raise Meaningless("a density of what?")
        for name, index in at.places(item):
            numbers = tuple(t.Number(Fraction(i)) for i in index)
            if (name, index) in values:
                raise Meaningless("a density of the same variable twice")
            values[name, index] = at(replace(item, index=numbers))
    return values


def _one_of_many(node: t.Call, values: dict[str, V], at: Evaluator[V]) -> V:
    """q^{(n)}: a density of its own for each n."""
    name, indices = t.signature(node), at.integers(node.function.index)
    own = at.scope.meanings.get(name)
    if name != "q(z)" or len(indices) != 1 or own and len(own.letters) != 1:
        raise Meaningless("only q(z) has a sample index")
    if own:
        with at.at_index(own.letters[0], indices[0]):
            return density_at(name, values, at)
    shift = {f"q(z) {what}": np.asarray(0.17 * indices[0]) for what in ("mean", "scale")}
    if name in at.world.parameters:
        own_size = len(at.world.parameters[name])
        shift = {name: indices[0] * np.linspace(0, 0.8, own_size)}
    return at.calculus.moved(at, shift, 1.0, lambda: density_at(name, values, at))


def _of_the_data(name: t.Symbol, items: list[t.Node], at: Evaluator[V]) -> V:
    listed = (items[0], items[-1]) == ALL_DATA and len(items) > 2
    if not (items[0] == t.Symbol("Data") or listed):
        raise Meaningless("the data are x^{(1)}, \\dots, x^{(N)}")
    each = t.Call(name, t.Group((t.data_point(),)))
    return at(t.Total("prod", "n", t.ONE, t.Symbol("N"), each))


def density_at(name: str, values: dict[str, V], at: Evaluator[V]) -> V:
    """Look a density up, or derive it from the others: p(x, z) = p(x|z) p(z)."""
    own = at.scope.densities
    if not values.keys() <= set(WORLDLY):
        raise _unknown(name)
    if name in own and name not in at.expanding:
        law = own[name]
        at.met.used.add(name)
        pairs: dict[Place, V] = {(p.key, ()): values[t.role_of(p)] for p in law.parameters}
        bound, expanding = {**at.bound, **pairs}, (*at.expanding, name)
        with at.within(bound=bound, expanding=expanding):
            return at(law.body)
    changed = any(key.startswith(("p_theta", "p(z)")) for key in own)
    if not (changed and name in DERIVED):
        value = at.world.density(name, values)
        if value is not None:
            return value
    if "p_theta(x)" in own and name.startswith("p_theta"):
        raise Foreign("p_theta(x) is given; there is no latent variable")
    if name == "p_theta(x,z)" and at.world.latent:
        prior = density_at("p(z)", {"z": values["z"]}, at)
        return density_at("p_theta(x|z)", values, at) * prior
    if name == "p_theta(z|x)" and at.world.latent:
        evidence = {"x": values["x"]}
        joint = density_at("p_theta(x,z)", values, at)
        return joint / density_at("p_theta(x)", evidence, at)
    if name == "p_theta(x)" and at.world.latent:

        def model(points: list[V]) -> V:
            return density_at("p_theta(x,z)", {**values, "z": points[0]}, at)

        return at.calculus.integrate(at, [("z", ())], model)
    if name == "q_phi(z)":  # what the encoder gives on average over the population

        def encoded(points: list[V]) -> V:
            x = {"x": points[0]}
            q = density_at("q_phi(z|x)", {**values, **x}, at)
            return q * density_at("p_*(x)", x, at)

        return at.calculus.integrate(at, [("x", ())], encoded)
    if not at.world.latent and name != "p_theta(x)":
        raise Foreign(f"there is no {name} here")
    raise _unknown(name)


def _unknown(name: str) -> Unknown:
    """The model's own, where it has one of these variables, may be meant."""
    arguments = name[name.index("(") :].replace("|", r" \mid ").replace(",", ", ")
    known = "p_theta" + name[name.index("(") :] in (*DERIVED, "p_theta(x|z)")
    label = name[: name.index("(")].partition("_")[2]  # p_{\theta_{old}} is another one
    known = known and label in ("", *PARAMETERS)
    like = rf"p_{{\theta}}{arguments}" if known else "..."
    return Unknown(f"no density is called {name}", like)


def law_of(
    density: t.Node, places: list[Place], at: Evaluator[V]
) -> Callable[[list[V]], V]:
    """The density as a function of the points at `places`."""

    def law(points: list[V]) -> V:
        pairs = dict(zip(places, points, strict=True))
        if isinstance(density, t.Symbol):
            values = {t.role_of(t.Symbol(name)): v for (name, _), v in pairs.items()}
            return density_at(f"{density.key}({','.join(sorted(values))})", values, at)
        plain: dict[Place, V] = {(name, ()): value for (name, _), value in pairs.items()}
        with at.binding({**plain, **pairs}):
            if isinstance(density, t.Call) and t.lacks_variable(density):
                return named_law(density, at, points[0])
            return at(density)

    return law


def places_of(
    density: t.Node, at: Evaluator[V], partner: t.Node | None = None
) -> list[Place]:
    """The variables that a density is a density of."""
    if isinstance(density, t.Symbol):
        return places_of(partner, at) if isinstance(partner, t.Call) else [("x", ())]
    if not (isinstance(density, t.Call) and t.is_density(density)):
        raise Meaningless("this is not a density")
    items, law = t.split_bar(density.group)[0], density.function.name in LAWS
    if law and len(density.group.items) < NAMES[density.function.name].arguments:
        if isinstance(partner, t.Call) and partner.function.name in LAWS:
            if not t.lacks_variable(partner):
                return places_of(partner, at)
        own = [d for d in (density, partner) if isinstance(d, t.Call) and t.is_density(d)]
        means = [at(d.group.items[0]) for d in own]  # \mathbf{0} has any size
        return [(_of_the_size(max(means, key=lambda mean: mean.rank), at), ())]
    places = []
    for item in items[:1] if law else items:
        if not isinstance(item, t.Symbol) or item.name not in VARIABLES:
            raise Meaningless("a density of what?")
        if len(item.index) == 2 and item.index[0] == t.ONE:
            several = "several are drawn by z^{(1:K)} \\sim q(z)"
            raise Meaningless(f"is this a density of all, or of each? {several}")
        places += at.places(item)
    return places


def _of_the_size(mean: V, at: Evaluator[V]) -> str:
    """Of a law without a variable: what has as many components as its mean."""
    sizes = {at.size("D"): "x", at.size("H"): "z"}
    return sizes.get(getattr(mean, "shape", (0,))[0], "z") if mean.rank else "x"


# ---------------------------------------------------------------- integrals
@value_of.register(t.Integral)
def integral(node: t.Integral, at: Evaluator[V]) -> V:
    """Over all of a variable, or between limits."""
    if not isinstance(node.variable, t.Symbol) or node.variable.name not in VARIABLES:
        raise Meaningless("integrate over x, z or \\epsilon")
    place = at.places(node.variable)[0]
    if node.counting and not at.calculus.discrete(place[0]):
        raise Foreign("a sum over the values of a continuous variable")
    if node.low is not None:
        return at.calculus.between(at, place, node)
    places, body = at.places(node.variable), node.body
    while isinstance(body, t.Integral) and body.low is None and not body.counting:
        places, body = [*places, *at.places(body.variable)], body.body  # both at once
    return at.calculus.integrate(at, sorted(places), lambda _: at(body))


def _met(weight: V) -> V:
    """A density, unless it is so narrow that it falls between all points of the grid."""
    if weight.is_nowhere():
        raise OutOfDomain("a density so narrow that no point meets it")
    return weight


def joint(pairs: Pairs, inner: Inner[V], at: Evaluator[V]) -> V:
    """The expectation of `inner` when the places are drawn, each from its density."""
    places = [place for group, _ in pairs for place in group]

    def integrand(points: list[V]) -> V:
        total, rest = inner(), points
        for group, density in pairs:
            own, rest = rest[: len(group)], rest[len(group) :]
            total = _met(law_of(density, group, at)(own)) * total
        return total

    return at.calculus.integrate(at, places, integrand, mean=True)


def expect(drawn: list[t.Drawn], inner: Inner[V], at: Evaluator[V]) -> V:
    """The expectation of `inner` over samples without an index."""
    pairs: Pairs = [([at.place(d.variable)], d.density) for d in drawn]
    return joint(pairs, inner, at) if pairs else inner()


@value_of.register(t.Divergence)
def divergence(node: t.Divergence, at: Evaluator[V]) -> V:
    """By definition the expectation of log p/q over p."""
    left, right = t.bare(node.left), t.bare(node.right)
    places = places_of(left, at, right)
    if isinstance(right, t.Call) and places_of(right, at, left) != places:
        raise Meaningless("KL between densities of different variables")
    p, q = law_of(left, places, at), law_of(right, places, at)

    def integrand(points: list[V]) -> V:
        weight = _met(p(points))
        return weight * (weight / q(points)).log()

    return at.calculus.integrate(at, places, integrand, mean=True)


# ---------------------------------------------------------------- sums and expectations
@value_of.register(t.Total)
def total(node: t.Total, at: Evaluator[V]) -> V:
    """A sum or a product; of samples, the expectations of the terms."""
    low, high = at.integer(node.low), at.integer(node.high)
    if at.world.chain and high == low - 1:  # a short chain has no step between its ends
        return at.calculus.number(0 if node.kind == "sum" else 1)
    if not 1 <= high - low + 1 <= MOST_TERMS:
        raise Meaningless(f"a sum over {node.index} from {low} to {high}")
    indexed = [(d, set(t.letters(d.variable.index))) for d in at.sampling]
    known = {node.index, *at.indices}
    drawn = [d for d, own in indexed if node.index in own and own <= known]
    result: V | None = None
    for value in range(low, high + 1):
        with at.at_index(node.index, value):
            term = expect(drawn, lambda: at(node.body), at)
        if result is None:
            result = term
        else:
            result = result * term if node.kind == "prod" else result + term
    assert result is not None
    return result


@value_of.register(t.Expectation)
def expectation(node: t.Expectation, at: Evaluator[V]) -> V:
    """E, Var and Std, over the densities named below or the samples stated."""
    if node.kind != "E":  # Var is E of the square minus the square of E
        mean = at(replace(node, kind="E"))
        square = at(replace(node, kind="E", body=t.Power(node.body, t.TWO)))
        variance = square - mean * mean
        return variance if node.kind == "Var" else variance ** at.calculus.number(0.5)
    if not node.drawn and not at.scope.samples:
        raise Meaningless("over what? Name the density under the expectation")
    value: Inner[V] = lambda: at(node.body)  # noqa: E731
    if not node.drawn:
        return _over(at.scope.samples, node.body, value, at)
    if len(node.drawn) > 1 and not any(names for names, _ in node.drawn):
        pairs: Pairs = [(places_of(density, at), density) for _, density in node.drawn]
        with at.within(coarse=True):
            return joint(pairs, value, at)
    for variables, density in reversed(node.drawn):
        value = partial(_average, variables, density, value, node.body, at)
    return value()


def _average(
    variables: tuple[t.Symbol, ...],
    density: t.Node,
    inner: Inner[V],
    body: t.Node,
    at: Evaluator[V],
) -> V:
    if isinstance(density, t.Call) and t.role_of(density.group.items[0]) == "Data":
        law = t.Call(density.function, t.Group((t.Symbol("x"),)))
        return _over((t.Drawn(t.data_point(), law),), body, inner, at)
    return joint(_draws(variables, density, at), inner, at)


def _draws(variables: tuple[t.Symbol, ...], density: t.Node, at: Evaluator[V]) -> Pairs:
    """Which places are drawn from which density."""
    if isinstance(density, t.Total) and density.kind == "prod":
        # \prod_{k=1}^{K} q(z^{(k)}): independent draws
        places: list[Place] = []
        for k in range(at.integer(density.low), at.integer(density.high) + 1):
            with at.at_index(density.index, k):
                places += places_of(t.bare(density.body), at)
        return [(places, density)]
    if not variables:
        return [(places_of(density, at), density)]
    if len(variables) == 1 and len(variables[0].index) == 2:  # z^{(1:K)}
        low, high = at.integers(variables[0].index)
        places = [(variables[0].key, (i,)) for i in range(low, high + 1)]
    else:
        places = [at.place(v) for v in variables]
        (first, start), (last, stop) = places[0], places[-1]
        if len(places) == 2 and first == last and start == (1,) and stop:
            places = [(first, (i,)) for i in range(1, stop[0] + 1)]  # with dots between
    if len(places) > 1 and len(places_of(density, at)) == 1:
        return [([place], density) for place in places]
    return [(places, density)]


def _over(
    samples: tuple[t.Drawn, ...], body: t.Node, inner: Inner[V], at: Evaluator[V]
) -> V:
    """Over samples: term by term where the body is linear in averages, else jointly."""
    linear = degree(body, at.scope, samples) <= 1
    return (term_by_term if linear else jointly)(samples, inner, at)


def term_by_term(samples: tuple[t.Drawn, ...], inner: Inner[V], at: Evaluator[V]) -> V:
    """Each sum over samples becomes the sum of the expectations of its terms."""
    with at.within(sampling=at.sampling + samples):
        return expect([d for d in samples if not d.variable.index], inner, at)


def jointly(samples: tuple[t.Drawn, ...], inner: Inner[V], at: Evaluator[V]) -> V:
    """All samples are integrated over at once."""
    pairs: Pairs = [([p], d.density) for d in samples for _, p in sample_places(d, at)]
    return joint(pairs, inner, at)


def sample_places(drawn: t.Drawn, at: Evaluator[V]) -> list[tuple[dict[str, int], Place]]:
    """Every value of the index letters, with the place that it gives."""
    names = t.letters(drawn.variable.index)
    sizes = [range(1, _most(name, at) + 1) for name in names]
    return [(dict(zip(names, values, strict=True)), (drawn.variable.key, values))
            for values in product(*sizes)]  # fmt: skip


def _most(letter: str, at: Evaluator[V]) -> int:
    """How far an index letter runs: as the block's sums say, else as is usual."""
    limits = at.scope.limits.get(letter, (t.Symbol(UPPER.get(letter, "N")),))
    return max(map(at.integer, limits))


LINEAR = (t.Add, t.Group, t.Expectation, t.Integral, t.Derivative)


def degree(node: t.Node, scope: Scope, samples: tuple[t.Drawn, ...]) -> int:
    """0: free of the samples; 1: linear in averages over them; 2: anything else."""
    indexed = {d.variable.key for d in samples if d.variable.index}
    over = {letter for d in samples for letter in t.letters(d.variable.index)}

    def of(node: t.Node, inside: frozenset[str], seen: tuple[str, ...] = ()) -> int:
        if isinstance(node, t.Symbol):
            key = "z" if node.key == "hat x" else node.key
            if key in indexed and node.index:
                names = set(t.letters(node.index))
                return 0 if names and names <= inside else 2
            if key in scope.meanings and key not in seen:
                return of(scope.meanings[key].body, inside, (*seen, key))
            return 0
        summed = isinstance(node, t.Total) and node.kind == "sum"
        if isinstance(node, t.Total) and summed and node.index in over:
            return 1 if of(node.body, inside | {node.index}, seen) == 0 else 2
        parts = [of(child, inside, seen) for child in node.children]
        worst = max(parts, default=0)
        if isinstance(node, t.Product):
            return 2 * worst if "/" in node.operations else min(2, sum(parts))
        if isinstance(node, t.Quotient):
            return 2 if parts[1] else parts[0]
        return worst if summed or isinstance(node, LINEAR) else 2 * bool(worst)

    return of(node, frozenset())
