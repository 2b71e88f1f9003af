"""How a name gets its meaning: what is given, what is defined, what must be true of it.

`:=` defines, and so does the first equation of a name. A definition cannot be false, but
it must have a value, depend on its arguments and, if it is a density, integrate to 1; and
what it says of a thing that the worlds know must agree with them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import tree as t
from .block import Block
from .densities import Unreliable
from .evaluate import Evaluator
from .judge import Judge, Pair, Step
from .quantity import Meaningless, Quantity, Unknown
from .read import Line as Statement
from .read import drawn_from
from .scope import ENCODERS, Definition, Scope, is_chance, shapes_of, worlds_for
from .worlds import Foreign

SIGMA = t.Symbol("sigma")
SPREADS = [[SIGMA], [t.Function("log", SIGMA)], [t.Function("log", t.Power(SIGMA, t.TWO))]]
CHOSEN_BY_THE_WORLDS = ("ELBO", "decoder", "encoder", "NeuralNet", "hat x")
FOLLOW = ("p_theta(Data)", "p_theta(x,z)", "p_theta(z|x)")  # from the model


# ---------------------------------------------------------------- what is given
def scope_of(block: Block, page: Scope) -> Scope:
    """The page's scope, what the block states as given, what its words imply."""
    scope = page.copy()
    for line in block.given:
        _assume(line, scope)
    for line in (*block.lines, *block.given, *block.hence):
        for part in (*line.sides, *line.samples):
            scope.nodes += part.walk()
    symbols = [n for n in scope.nodes if isinstance(n, t.Symbol)]
    for drawn in (*scope.samples, *(d for line in block.lines for d in line.samples)):
        _check_sample(drawn)
    scope.encoder |= any(s.key == "phi" or s.key == "q_phi" for s in symbols)
    scope.chances = any(is_chance(node) for node in scope.nodes)
    bodies = [n for d in scope.meanings.values() for n in d.body.walk()]
    scope.shapes = shapes_of(scope.nodes + bodies, {s.key for s in symbols})
    return scope


def _assume(line: Statement, scope: Scope) -> None:
    """A given: a definition, a sampling statement, or a condition on the draws."""
    known = dict(scope.meanings)
    scope.samples += line.samples
    left = line.first
    for relation, right in line.rest:
        if relation == "~":
            scope.samples += drawn_from(left, right)
        elif relation == "=" and isinstance(right, t.Symbol):
            turned = not isinstance(left, t.Symbol | t.Call)  # E[x^2] = \lambda
            define(*((right, left) if turned else (left, right)), scope)
        elif relation in (":=", "="):
            define(left, right, scope)
        elif relation in (*t.BOUNDS, "≠"):
            scope.conditions.append((left, relation, right))
        left = right
    again = scope.assumed & {k for k, d in scope.meanings.items() if known.get(k) is not d}
    if again:
        raise Meaningless(f"% given: {min(again)} is given twice")
    scope.assumed |= {k for k, d in scope.meanings.items() if known.get(k) is not d}


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
def define(left: t.Node, right: t.Node, scope: Scope) -> None:
    """Let `left` mean `right` from here on."""
    loose = t.free_letters(right) - t.free_letters(left)
    if loose and t.free_letters(left):
        raise Meaningless(f"nothing binds the index {min(loose)}")
    named = left.function if isinstance(left, t.Call) else left
    idle = set(t.letters(getattr(named, "component", ()))) - {
        s.name for s in t.names_in(right)
    }
    if idle:
        raise Meaningless(f"the index {min(idle)} does not occur on the right")
    if any(part == left for part in right.walk()):
        raise Meaningless("a name cannot be defined by itself")
    if len(t.items_of(left)) > 1:
        _define_several(left.items, right, scope)
        return
    root = isinstance(left, t.Power) and left.exponent == t.TWO
    left = left.base if root else left
    if isinstance(left, t.Call):
        _define_call(left, right, scope)
    elif isinstance(left, t.Symbol) and left.key not in ("theta", "phi", "x"):
        key = left.key + ("[]" if left.component else "")
        scope.meanings[key] = Definition(
            right, t.letters(left.index), t.letters(left.component), root=root
        )
    else:
        raise Meaningless("only a name can be defined")


def _define_call(call: t.Call, right: t.Node, scope: Scope) -> None:
    name, items = call.function, call.group.items
    names = [i for i in items if isinstance(i, t.Symbol)]
    own = tuple(i for i in names if not t.is_parameter(i))
    if not set(call.group.marks) <= {",", ";", "|"}:
        raise Meaningless("only a name, a function or a density can be defined")
    if len({(i.key, i.index) for i in own}) < len(own):
        raise Meaningless("the same argument twice")
    if t.is_density(call):
        arguments = [i for i in sum(t.split_bar(call.group), []) if isinstance(i, t.Symbol)]
        law = right.function.name if isinstance(right, t.Call) else ""
        if law in ("Normal", *t.COIN) and right.group.items[0] != items[0]:
            raise Meaningless(f"a density of {items[0].spoken} is given as one of another")
        indexed = {i.key for i in arguments if i.index}

        def drop(node: t.Node) -> t.Node:  # p(x^{(n)} | z) := N(x^{(n)}; ...) is p(x | z)
            dropped = isinstance(node, t.Symbol) and (node.key in indexed or node.accent)
            return replace(node, index=()) if dropped and node.index else node

        scope.meanings[t.signature(call)] = Definition(
            t.rebuild(right, drop) if indexed else right,
            t.letters(name.index),
            parameters=tuple(replace(a, index=()) for a in arguments),
        )
    elif name.key != "ELBO":  # what that means is known
        scope.meanings[name.key + "()"] = Definition(
            right,
            components=t.letters(name.component),
            parameters=own,
            tail=tuple(i.key for i in names if t.is_parameter(i)),
        )


def _define_several(items: tuple[t.Node, ...], right: t.Node, scope: Scope) -> None:
    """`\\mu, \\log \\sigma^2 := \\mathrm{encoder}(x)`, or the names of two maximisers."""
    if isinstance(right, t.Call) and right.function.name in ENCODERS:
        mean, *spread = map(t.bare, items)
        if (
            mean != t.Symbol("mu")
            or spread not in SPREADS
            or t.role_of(right.group.items[0]) != "x"
        ):
            raise Meaningless("the encoder gives \\mu, \\sigma (or \\log \\sigma^2) of x")
        scope.encoder = True
    elif isinstance(right, t.Best) and len(right.arguments) == len(items):
        for place, item in enumerate(items):
            if isinstance(item, t.Symbol) and not t.is_parameter(item):
                scope.meanings[item.key] = Definition(t.Chosen(right, place))
    else:
        raise Meaningless("what is defined here?")


# ---------------------------------------------------------------- what must be true
class Definitions:
    """Those of one block: the page learns them, the judge tests them."""

    def __init__(self, judge: Judge, page: Scope, alone: bool):
        self.judge, self.page, self.scope, self.alone = judge, page, judge.scope, alone

    def is_new(self, pair: Pair) -> bool:
        """Is this the first equation of a name, which gives it its meaning?"""
        left, right, known = pair.left, pair.right, self.scope.meanings
        left = left.base if isinstance(left, t.Power) else left
        names = t.items_of(left)
        if isinstance(right, t.Best) and all(isinstance(n, t.Symbol) for n in names):
            return not any(n.key in known for n in names)
        if isinstance(left, t.Group):
            return isinstance(right, t.Call) and right.function.name in ENCODERS
        if isinstance(left, t.Symbol):
            inside = left.key in {name.key for name in t.names_in(right)}
            return not (known.keys() & {left.key, left.key + "[]"} or inside) and self.free(
                left
            )
        if not isinstance(left, t.Call):
            return False
        if not all(isinstance(item, t.Symbol) for item in left.group.items):
            return False
        if t.signature(left) == "q(z)":
            return self.alone and "q(z)" not in known
        key = left.function.key
        taken = key in CHOSEN_BY_THE_WORLDS or key + "()" in known
        return not (t.is_density(left) or taken)

    def free(self, name: t.Symbol) -> bool:
        """Does neither the block nor a world say what this is?"""
        evaluator = Evaluator(worlds_for(self.scope)[0](0), self.scope)
        evaluator.indices = dict.fromkeys(t.UPPER, 1)
        try:
            evaluator(name)
        except Unknown as error:
            return error.node == name
        except (Meaningless, Foreign):
            return False
        return bool(evaluator.named) and name.name not in ("x", "z", "mu", "sigma")

    def step(self, pair: Pair) -> Step:
        """A definition of something that the worlds know must agree with them."""
        left, right = pair.left, pair.right
        density = t.is_density(left) and isinstance(left, t.Call)
        elbo = isinstance(left, t.Call) and left.function.key == "ELBO"
        if density or elbo or isinstance(left, t.Expectation | t.Divergence):
            tried = self.judge.judge(pair)
            if tried.ok:
                tried.verdict, tried.how = "definition", "agrees with what the worlds know"
            follows = not density or t.signature(left) in FOLLOW
            if tried.ok or follows or left.function.name not in "pqr":
                return tried
        before = dict(self.scope.meanings)
        define(left, right, self.scope)
        if not (isinstance(left, t.Symbol) and left.key in ("x", "z", "epsilon")):
            define(left, right, self.page)
        self.judge.memory.clear()  # what names mean has changed
        step = Step(pair.line, pair.relation, pair.text, "definition", how="from here on")
        after = self.scope.meanings.items()
        new = (key for key, meaning in after if before.get(key) is not meaning)
        step.defines = () if isinstance(right, t.Best) else tuple(new)
        if isinstance(right, t.Best):
            step.how = "names the maximiser"
            self.computable(right.body, step)
        elif not isinstance(left, t.Group):
            self.computable(right, step)
        if step.ok and isinstance(left, t.Call):
            self.depends(left, step)
        if step.ok and density:
            self.normalised(left, step)
        return step

    def computable(self, node: t.Node, step: Step) -> None:
        """Somewhere the right side must have a value: else nothing is defined."""
        reasons: list[str] = []
        for kind in worlds_for(self.scope):
            for evaluator in self.judge.draws(kind, 6):
                try:
                    with evaluator.within(indices=dict.fromkeys(t.UPPER, 1)):
                        value = evaluator(node)
                except (Foreign, Meaningless) as error:
                    reasons.append(str(error))
                    continue
                if np.all(np.isfinite(value.array)):
                    step.worlds.append(kind.name)
                    break
        if not step.worlds:
            step.fail("; ".join(dict.fromkeys(reasons)) or "it has no value")

    def depends(self, left: t.Call, step: Step) -> None:
        """What is called a function of z must change with z."""
        kind = next(k for k in worlds_for(self.scope) if k.name in step.worlds)
        (evaluator,) = self.judge.draws(kind, 1)
        for name in left.group.items:
            if not isinstance(name, t.Symbol) or name.name in ("theta", "phi", "Data"):
                continue
            seen = set()
            try:
                for i in range(100, 105):
                    known = name.key in ("x", "z", "epsilon")
                    variable = evaluator.world.variable
                    value = variable(name.key, (i,)) if known else Quantity.of(i / 200)
                    with evaluator.binding({evaluator.place(name): value}):
                        seen.add(repr(evaluator(left).array))
            except (Foreign, Meaningless):
                continue
            if len(seen) == 1:
                step.fail(f"the right side does not depend on {name.spoken}")

    def normalised(self, left: t.Call, step: Step) -> None:
        """What is called a density must integrate to 1.

        A narrow one may fall through the coarse grid of a world with many dimensions;
        it is refused if no world can hold it.
        """
        reasons: list[str] = []
        computed, unreliable = False, ""
        kinds = [kind for kind in worlds_for(self.scope) if kind.name in step.worlds]
        for kind in kinds:
            (evaluator,) = self.judge.draws(kind, 1)
            try:
                places = [(name, ()) for name, _ in evaluator.places_of(left)]
                total = evaluator.integrate(places, lambda _, e=evaluator: e(left)).plain()
            except Foreign as error:
                reasons.append(str(error))
            except Unreliable as error:
                unreliable = str(error)
            except Meaningless as error:
                step.fail(f"a density integrates to 1, but here {error}")
            else:
                computed = True
                if abs(float(total.array) - 1) > 1e-6:
                    value = f"{float(total.array):.6g}"
                    step.fail(f"a density integrates to 1, this one to {value}")
        if unreliable and not computed:
            step.fail(f"a density integrates to 1, but here {unreliable}")
        if len(reasons) == len(kinds):
            step.how += f"; its integral is not computed: {reasons[0]}"
