"""How a name gets its meaning: what is given, what is defined, what must be true of it.

`:=` defines, and so does the first equation of a name. A definition cannot be false, but
it must have a value, depend on its arguments and, if it is a density, integrate to 1; and
what it says of a thing that the worlds know must agree with them.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from . import tree as t
from .block import Block
from .calculus import At, Unreliable, numeric
from .densities import places_of
from .evaluate import Place
from .judge import explained, judged_by_numbers
from .notation import (
    ANY,
    BOUNDS,
    ENCODERS,
    LAWS,
    NETWORKS,
    OUTPUTS,
    PARAMETERS,
    POSITIVE,
    SIZES,
    WORLDLY,
)
from .quantity import Meaningless, Quantity, Unknown
from .read import Statement, drawn_from
from .relation import Pair, Step
from .scope import (
    Definition,
    Scope,
    dimensions_in,
    is_chance,
    limits_in,
    shapes_of,
    worlds_for,
)
from .trial import Kind, Trial
from .verdict import Verdict
from .worlds import Foreign
from .writing import latex

SIGMA = t.Symbol("sigma")
SPREADS = [[SIGMA], [t.Function("log", SIGMA)], [t.Function("log", t.Power(SIGMA, t.TWO))]]
ARGUMENTS = ("x", "y", "z", "epsilon", "u", "t")  # f(x) is f at any point, f(a) at one
FOLLOW = ("p_theta(Data)", "p_theta(x,z)", "p_theta(z|x)")  # from the model


# ---------------------------------------------------------------- what is given
def scope_of(block: Block, page: Scope) -> Scope:
    """The page's scope, what the block states as given, what its words imply."""
    scope = replace(page.page(), traits=block.traits)
    for line in block.given:
        scope = assume(line, scope)
    lines = (*block.lines, *block.given, *block.hence)
    parts = [part for line in lines for part in line.parts]
    nodes = tuple(node for part in parts for node in part.walk())
    keys = {n.key for n in nodes if isinstance(n, t.Symbol)}
    for drawn in (*scope.samples, *(d for line in block.lines for d in line.samples)):
        _check_sample(drawn)
    bodies = [n for d in scope.meanings.values() for n in d.body.walk()]
    taken = dimensions_in(nodes, scope)
    for name, size in taken.items():
        scope = scope.meaning(name, Definition(t.Symbol(size)))
        nodes, keys = (*nodes, t.Symbol(size)), keys | {size}
    return replace(
        scope,
        nodes=nodes,
        taken=taken,
        limits=limits_in((*nodes, *bodies)),
        encoder=scope.encoder or bool(keys & {"phi", "q_phi"}),
        chances=any(map(is_chance, nodes)),
        shapes=shapes_of((*nodes, *bodies), keys, scope.meanings),
    )


def assume(line: Statement, scope: Scope) -> Scope:
    """A given: a definition, a sampling statement, or a condition on the draws."""
    before = scope
    scope = replace(scope, samples=scope.samples + line.samples)
    left = line.first
    if left is None:
        raise Meaningless("% given: this begins with a relation")
    for relation, right in line.rest:
        if relation == "=" and isinstance(left, t.Call):
            _check_point(left, right)
        if relation == "~":
            scope = replace(scope, samples=scope.samples + drawn_from(left, right))
        elif relation == "=" and isinstance(right, t.Symbol):
            turned = not isinstance(left, t.Symbol | t.Call)  # E[x^2] = \lambda
            scope = define(right, left, scope) if turned else define(left, right, scope)
        elif relation in (":=", "="):
            if not says_of_known(left, right):
                scope = define(left, right, scope)
        elif trait := _trait(left, relation, right):
            name, words = trait
            traits = {**scope.traits, name: scope.traits.get(name, frozenset()) | {words}}
            scope = replace(scope, traits=traits)
        elif relation in (*BOUNDS, "≠"):
            both = product(t.items_of(left), t.items_of(right))  # a, b > 0
            conditions = tuple((one, relation, other) for one, other in both)
            scope = replace(scope, conditions=scope.conditions + conditions)
        left = right
    new = scope.new_since(before)
    if again := scope.assumed & new:
        raise Meaningless(f"% given: {min(again)} is given twice")
    return replace(scope, assumed=scope.assumed | new)


SIGNS = {  # what f > 0, f' > 0, f'' > 0 say of all of f
    ">": ("positive", "increasing", "convex"), "<": ("negative", "decreasing", "concave"),
}  # fmt: skip


def _trait(left: t.Node, relation: str, right: t.Node) -> tuple[str, str] | None:
    """A condition on any f holds at all points: its name, and what it is."""
    name = left.function if isinstance(left, t.Call) else left
    relation = relation.replace("≥", ">").replace("≤", "<")
    if not isinstance(name, t.Symbol) or name.name not in ANY or relation not in SIGNS:
        return None
    label = name.label.rstrip("'")
    order = len(name.label) - len(label)
    if right != t.Number(Fraction(0)) or order > 2:
        return None
    if isinstance(left, t.Call) and not all(map(_anything, left.group.items)):
        raise Unknown("this holds at a point: of all points, say that f is positive, "
                      "increasing or convex")  # fmt: skip
    return replace(name, label=label).key, SIGNS[relation][order]


def _anything(item: t.Node) -> bool:
    """Does f(x) stand for f at any point? f(0), f(a) is its value at one."""
    if isinstance(item, t.Symbol):
        return item.name in ARGUMENTS and not item.index
    return item == t.Constant("place")


def _check_point(call: t.Call, right: t.Node) -> None:
    """f(0) = 1, f(a) = b and p(x^{(1)}) = 2 say something of one point."""
    said = set(t.names_in(right))
    if t.is_density(call):
        one = any(isinstance(n, t.Number) for i in t.names_in(call.group) for n in i.index)
    else:
        own = [i for i in call.group.items if not t.is_parameter(i)]
        one = not all(_anything(item) or item in said for item in own)
    if one:
        raise Unknown("this holds at a point: with := it would say what the name means")


def says_of_known(left: t.Node, right: t.Node) -> bool:
    """p(x, z) := 2 p(x|z) p(z) speaks of what the worlds know: it is true or false."""
    if not isinstance(left, t.Call) or t.signature(left) not in (*FOLLOW, "p_theta(x)"):
        return False
    calls = [n for n in right.walk() if isinstance(n, t.Call)]
    return any(t.is_density(c) and c.function.name not in LAWS for c in calls)


def impossible(pairs: list[Pair], trial: Trial) -> list[Step]:
    """The given densities that are none: they do not integrate to 1."""
    found: list[Step] = []
    for pair in pairs:
        left, right = pair.sides
        if not isinstance(left, t.Call) or not t.is_density(left):
            continue
        laws = all(t.is_law(part) for part in t.factors_of(right))
        if left.function.name in LAWS or laws or says_of_known(left, right):
            continue
        step = pair.step(Verdict.DEFINITION)
        _computable(left, step, trial)
        if step.ok:
            _normalised(left, step, trial)
            found += [] if step.ok else [step]
    return found


def _check_sample(drawn: t.Drawn) -> None:
    """x is drawn from a density of x, not of z; epsilon_h from one of epsilon_h."""
    law = drawn.density
    if isinstance(law, t.Call) and law.group.marks[:1] != (",",):
        first = law.group.items[0]
        if t.role_of(first) != t.role_of(drawn.variable) or (
            isinstance(first, t.Symbol) and first.component != drawn.variable.component
        ):
            raise Meaningless(f"{drawn.variable.spoken} is drawn from a density of another")


# ---------------------------------------------------------------- what is defined
def define(left: t.Node, right: t.Node, scope: Scope) -> Scope:
    """Let `left` mean `right` from here on."""
    loose = t.free_letters(right) - t.free_letters(left)
    if loose and t.free_letters(left):
        raise Meaningless(f"nothing binds the index {min(loose)}")
    named = left.function if isinstance(left, t.Call) else left
    component = named.component if isinstance(named, t.Symbol) else ()
    idle = set(t.letters(component)) - {s.name for s in t.names_in(right)}
    if idle:
        raise Meaningless(f"the index {min(idle)} does not occur on the right")
    if any(part == left for part in right.walk()):
        raise Meaningless("a name cannot be defined by itself")
    if isinstance(left, t.Group) and len(left.items) > 1:
        return _define_several(left.items, right, scope)
    root = isinstance(left, t.Power) and left.exponent == t.TWO
    if isinstance(left, t.Power) and root:
        left = left.base
    if isinstance(left, t.Call):
        return _define_call(left, right, scope)
    if isinstance(left, t.Symbol) and left.key not in (*PARAMETERS, "x"):
        key = left.key + ("[]" if left.component else "")
        letters, components = t.letters(left.index), t.letters(left.component)
        signed = root and left.name not in POSITIVE  # w^2 = 9 leaves the sign open
        meant = Definition(right, letters, components, root=root, signed=signed)
        return scope.meaning(key, meant)
    raise Meaningless("only a name can be defined")


def _define_call(call: t.Call, right: t.Node, scope: Scope) -> Scope:
    name, items = call.function, call.group.items
    names = [i for i in items if isinstance(i, t.Symbol)]
    own = tuple(i for i in names if not t.is_parameter(i))
    if not set(call.group.marks) <= {",", ";", "|"}:
        raise Meaningless("only a name, a function or a density can be defined")
    if len({(i.key, i.index) for i in own}) < len(own):
        raise Meaningless("the same argument twice")
    if t.is_density(call):
        return _define_density(call, right, scope)
    if name.key == "ELBO":  # what that means is known
        return scope
    tail = tuple(i.key for i in names if t.is_parameter(i))
    components = t.letters(name.component)
    definition = Definition(right, components=components, parameters=own, tail=tail)
    return scope.meaning(name.key + "()", definition)


def _define_density(call: t.Call, right: t.Node, scope: Scope) -> Scope:
    first, (before, after) = call.group.items[0], t.split_bar(call.group)
    arguments = [i for i in (*before, *after) if isinstance(i, t.Symbol)]
    law = isinstance(right, t.Call) and right.function.name in LAWS
    if isinstance(right, t.Call) and law and right.group.items[0] != first:
        of = first.spoken if isinstance(first, t.Symbol) else "one thing"
        raise Meaningless(f"a density of {of} is given as one of another")
    indexed = {i.key for i in arguments if i.index}

    def drop(node: t.Node) -> t.Node:  # p(x^{(n)} | z) := N(x^{(n)}; ...) is p(x | z)
        if isinstance(node, t.Symbol) and node.index:
            dropped = node.key in indexed or node.accent
            return replace(node, index=()) if dropped else node
        return node

    definition = Definition(
        t.rebuild(right, drop) if indexed else right,
        t.letters(call.function.index),
        parameters=tuple(replace(a, index=()) for a in arguments),
    )
    return scope.meaning(t.signature(call), definition)


def _define_several(items: tuple[t.Node, ...], right: t.Node, scope: Scope) -> Scope:
    """`\\mu, \\log \\sigma^2 := \\mathrm{encoder}(x)`, or the names of two maximisers."""
    if isinstance(right, t.Call) and right.function.name in ENCODERS:
        mean, *spread = map(t.bare, items)
        of_x = t.role_of(right.group.items[0]) == "x"
        if mean != t.Symbol("mu") or spread not in SPREADS or not of_x:
            raise Meaningless("the encoder gives \\mu, \\sigma (or \\log \\sigma^2) of x")
        return replace(scope, encoder=True)
    if isinstance(right, t.Best) and len(right.arguments) == len(items):
        for place, item in enumerate(items):
            if isinstance(item, t.Symbol) and not t.is_parameter(item):
                scope = scope.meaning(item.key, Definition(t.Chosen(right, place)))
        return scope
    raise Meaningless("what is defined here?")


# ---------------------------------------------------------------- what must be true
def is_new(pair: Pair, scope: Scope, alone: bool) -> bool:
    """Is this the first equation of a name, which gives it its meaning?

    `alone`: it is the only line of its block.
    """
    left, right, known = pair.left, pair.right, scope.meanings
    left = left.base if isinstance(left, t.Power) else left
    if isinstance(right, t.Best):
        names = [n.key for n in t.items_of(left) if isinstance(n, t.Symbol)]
        if len(names) == len(t.items_of(left)):
            return not any(key in known for key in names)
    if isinstance(left, t.Group):
        return isinstance(right, t.Call) and right.function.name in ENCODERS
    if left == t.Symbol("z"):  # a draw by way of the noise
        said = {name.key for name in t.names_in(right)}
        return "epsilon" in said and "z" not in said
    if isinstance(left, t.Call) and isinstance(right, t.Call) and t.is_density(left):
        if right.function.name in LAWS and _opens(right, scope):
            follows = (*FOLLOW, "p_theta(x)") if "p_theta(x|z)" in known else FOLLOW
            return t.signature(left) not in (*follows, *known)
    if isinstance(left, t.Symbol):
        inside = left.key in {name.key for name in t.names_in(right)}
        if known.keys() & {left.key, left.key + "[]"} or inside:
            return False
        return is_free(left, scope)
    if not isinstance(left, t.Call):
        return False
    if not all(isinstance(item, t.Symbol) for item in left.group.items):
        return False
    if t.signature(left) == "q(z)":
        return alone and "q(z)" not in known
    key = left.function.key
    taken = key in (*NETWORKS, "ELBO") or key + "()" in known or key.endswith("'")
    return not (t.is_density(left) or taken)


def _opens(law: t.Call, scope: Scope) -> bool:
    """Does a law name parameters that no world knows? Then it states a model."""
    at = numeric(worlds_for(scope)[0](0), scope)
    for item in law.group.items[1:]:
        try:
            at(item)
        except (Meaningless, Foreign):
            continue
    return any(name not in WORLDLY for name in at.met.named)


def named_at_braces(pairs: list[Pair], scope: Scope) -> tuple[Scope, list[Pair]]:
    """A new name at a brace is one for what the brace holds; the rest are claims."""
    claims = []
    for pair in pairs:
        turned = replace(pair, left=pair.right, relation=":=", right=pair.left)
        name = turned.left
        counts = any(name in highs for highs in scope.limits.values())
        new = is_new(turned, scope, False)
        new |= isinstance(name, t.Symbol) and name.name in SIZES and not counts
        if pair.brace and pair.relation == "=" and new:
            scope = define(turned.left, turned.right, scope)
        elif pair.relation or not pair.brace:
            claims.append(pair)
    return scope, claims


def is_free(name: t.Symbol, scope: Scope) -> bool:
    """Does neither the block nor a world say what this is?"""
    at = numeric(worlds_for(scope)[0](0), scope)
    try:
        with at.any_index():
            at(name)
    except Unknown as error:
        return error.node == name
    except (Meaningless, Foreign):
        return False
    return bool(at.met.named) and name.name not in ("x", "z") and name.key not in OUTPUTS


def defined(pair: Pair, trial: Trial, page: Scope) -> tuple[Step, Trial, Scope]:
    """A definition's verdict, the trial of what follows, and what the page has learned.

    What is defined of something that the worlds know must agree with them.
    """
    left, right = pair.left, pair.right
    elbo = isinstance(left, t.Call) and left.function.key == "ELBO"
    density = isinstance(left, t.Call) and t.is_density(left)
    if density or elbo or isinstance(left, t.Expectation | t.Divergence):
        tried = judged_by_numbers(trial, pair)
        if tried.ok:
            tried.verdict, tried.agrees = Verdict.DEFINITION, True
            tried.how = "agrees with what the worlds know"
        if tried.ok or not isinstance(left, t.Call) or not density:
            return tried, trial, page
        if t.signature(left) in FOLLOW or left.function.name in LAWS:
            return tried, trial, page
    scope = define(left, right, trial.scope)
    if not (isinstance(left, t.Symbol) and left.key in WORLDLY):
        page = define(left, right, page)
    step = pair.step(Verdict.DEFINITION, how="from here on")
    after = trial.under(scope)  # what names mean has changed
    if isinstance(right, t.Best):
        step.how = "names the maximiser"
        _computable(right.body, step, after)
    else:
        new = scope.new_since(trial.scope)
        step.defines = tuple(key for key in scope.meanings if key in new)
        if not isinstance(left, t.Group):
            _computable(right, step, after)
    if step.ok and isinstance(left, t.Call):
        _depends(left, right, step, after)
        if step.ok and density:
            _normalised(left, step, after)
            step.agrees = all(t.is_law(part) for part in t.factors_of(right))
    return step, after, page


def _computable(node: t.Node, step: Step, trial: Trial) -> None:
    """Somewhere the right side must have a value: else nothing is defined."""
    reasons: list[str] = []
    fault = Verdict.NOT_UNDERSTOOD
    for kind in worlds_for(trial.scope):
        for at in trial.draws(kind, 6):
            try:
                with at.any_index():
                    value = at(node)
            except Foreign as error:
                reasons.append(str(error))
                continue
            except Meaningless as error:
                reasons.append(explained(error, trial.source))
                fault = error.verdict
                continue
            if np.all(np.isfinite(value.array)):
                step.worlds.append(kind.name)
                break
    if not step.worlds:
        step.fail("; ".join(dict.fromkeys(reasons)) or "it has no value", fault)


def _kinds(step: Step, trial: Trial) -> list[Kind]:
    return [kind for kind in worlds_for(trial.scope) if kind.name in step.worlds]


def _depends(left: t.Call, right: t.Node, step: Step, trial: Trial) -> None:
    """What is called a function of z must change with z."""
    at = trial.one(_kinds(step, trial)[0])
    for name in left.group.items:
        if not isinstance(name, t.Symbol) or name.name in (*PARAMETERS, "Data"):
            continue
        seen = set()
        try:
            for i in range(100, 105):
                known = name.key in WORLDLY
                value = at.world.variable(name.key, (i,)) if known else Quantity.of(i / 200)
                with at.binding({at.place(name): value}):
                    seen.add(repr(at(left).array))
        except (Foreign, Meaningless):
            continue
        if len(seen) == 1:
            # \mu^{(i)} may be that of x^{(i)}, and q(z) a product over z_i
            indexed = name.index or any(s.name == name.name for s in t.names_in(right))
            fault = Verdict.NOT_UNDERSTOOD if indexed else Verdict.WRONG
            step.fail(f"the right side does not depend on {name.spoken}", fault)


def _mass(at: At, places: list[Place], density: t.Call) -> Quantity:
    return at.calculus.integrate(at, places, lambda _: at(density)).plain()


def _loose(left: t.Call, scope: Scope) -> str:
    """A name that scales a density, as the Z of e^{-f(x)} / Z, and that nothing defines."""
    body = t.bare(scope.meanings[t.signature(left)].body)
    if not isinstance(body, t.Quotient):
        return ""
    name = t.bare(body.under)
    free = isinstance(name, t.Symbol) and is_free(name, scope)
    return latex(name) if free else ""


def _normalised(left: t.Call, step: Step, trial: Trial) -> None:
    """What is called a density must integrate to 1.

    A narrow one may fall through the coarse grid of a world with many dimensions; it is
    refused if no world can hold it.
    """
    reasons: list[str] = []
    computed, unreliable = False, ""
    kinds = _kinds(step, trial)
    for kind in kinds:
        at = trial.one(kind)
        try:
            places: list[Place] = [(name, ()) for name, _ in places_of(left, at)]
            total = _mass(at, places, left)
        except Foreign as error:
            reasons.append(str(error))
        except Unreliable as error:
            unreliable = str(error)
        except Meaningless as error:
            step.fail(f"a density integrates to 1, but here {error}", error.verdict)
        else:
            computed = True
            if abs(float(total.array) - 1) > 1e-6:
                message = f"a density integrates to 1, this one to {float(total.array):.6g}"
                if loose := _loose(left, trial.scope):
                    advice = f"say what {loose} is: given: {loose} := ..."
                    step.fail(f"{message}\n{advice}", Verdict.NOT_UNDERSTOOD)
                else:
                    step.fail(message)
    if unreliable and not computed:
        message = f"a density integrates to 1, but here {unreliable}"
        step.fail(message, Verdict.NOT_UNDERSTOOD)
    if len(reasons) == len(kinds):
        step.how += f"; its integral is not computed: {reasons[0]}"
