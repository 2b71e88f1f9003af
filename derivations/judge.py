"""The first judge, by numbers: one relation in all worlds that have what it speaks of.

A pass is a test, not a theorem; what could not be evaluated is never passed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from . import tree as t
from .chains import shape_of
from .claims import rule_for
from .evaluate import TooMuchWork
from .notation import ANY, BOUNDS, NAMES, OUTPUTS, PARAMETERS, RELATIONS
from .quantity import Meaningless, Unknown
from .read import ReadingError
from .relation import Broken, Pair, Step, show, where
from .repair import repairs
from .scope import speaks_of_vectors, worlds_for
from .trial import Kind, Trial
from .usage import free_points
from .verdict import Verdict
from .worlds import Bent, Finite, Foreign, Line
from .writing import latex

MENDING = 60_000_000  # numbers computed in looking for a repair: about two seconds


def judged_by_numbers(trial: Trial, pair: Pair, mends: bool = True) -> Step:
    """The verdict on one relation; with `mends`, what small change would make it hold."""
    started = time.perf_counter()
    step = pair.step(Verdict.TESTED)
    reasons: list[str] = []
    judging: list[Kind] = []
    strict = pair.relation not in BOUNDS
    vectors = speaks_of_vectors(trial.scope.nodes)
    for kind in worlds_for(trial.scope):
        try:
            strict |= rule_for(pair)(trial, pair, kind, step)
            step.worlds.append(kind.name)
            judging.append(kind)
        except Foreign as error:
            reasons.append(str(error))
        except Broken as error:
            _fails(trial, pair, kind, step, str(error), mends, Verdict.WRONG)
        except Meaningless as error:
            reasons.append(str(error))
            if kind.scalar or vectors:
                message = explained(error, trial.source)
                message += _as_far_as_known(trial, pair, kind)
                _fails(trial, pair, kind, step, message, mends, error.verdict)
        if not step.ok:
            break
    if step.ok and judging == [Line]:
        _beside_the_line(trial, pair, step, judging, mends)
    if step.ok and not step.worlds:
        step.fail("; ".join(dict.fromkeys(reasons)), Verdict.NOT_UNDERSTOOD)
    elif step.ok and vectors and all(kind.scalar for kind in judging):
        size = "this speaks of components, and only a world of one could judge it"
        step.fail("; ".join(dict.fromkeys([size, *reasons])), Verdict.NOT_UNDERSTOOD)
    elif step.ok and not strict:
        step.fail("both sides were equal at every draw: write =", Verdict.NOT_UNDERSTOOD)
    elif step.ok and len(judging) == 1:
        step.notes += (f"judged in one world only, {step.worlds[0]}",)
    step.seconds = time.perf_counter() - started
    return step


def _beside_the_line(
    trial: Trial, pair: Pair, step: Step, judging: list[Kind], mends: bool
) -> None:
    """What only the linear world could judge may hold for lines and Gaussians alone."""
    beside = pair.step(Verdict.TESTED)
    try:
        rule_for(pair)(trial, pair, Bent, beside)
    except (Foreign, Meaningless):
        return
    except Broken as error:
        _fails(trial, pair, Bent, step, str(error), mends, Verdict.WRONG)
    else:
        judging.append(Bent)
        step.worlds.append(Bent.name)
        step.draws += beside.draws


def _fails(
    trial: Trial, pair: Pair, kind: Kind, step: Step, message: str, mends: bool,
    verdict: Verdict,
) -> None:  # fmt: skip
    if verdict is Verdict.WRONG and (untied := _untied(trial, pair)):
        message, verdict = f"{untied}\n{message}", Verdict.NOT_UNDERSTOOD
    hint = mending(trial, pair, kind) if mends else ""
    step.fail(f"{message} [{kind.name}]" + (f"; {hint}" if hint else ""), verdict)


def _untied(trial: Trial, pair: Pair) -> str:
    """What a text ties together elsewhere, and nothing here: by the first such rule."""
    return next(filter(None, (rule(trial, pair) for rule in UNTIED)), "")


def _noise(trial: Trial, pair: Pair) -> str:
    """z or x_t beside the noise that it is made of."""
    free = frozenset[str]().union(*map(free_points, pair.sides))
    chain = shape_of(trial.scope.nodes) is not None
    if "epsilon" in free and chain and pair.relation == "=":
        return "how do x_t and \\epsilon hang together?\nsay so: given: x_t := ..."
    if {"z", "epsilon"} <= free - trial.scope.meanings.keys():
        return (
            "how do z and \\epsilon hang together?\n"
            "say so: given: z := \\mu + \\sigma \\epsilon"
        )
    return ""


def _data(trial: Trial, pair: Pair) -> str:
    """x on one side only, x^{(i)} on the other only."""
    plain, indexed = (
        [any(s.name == "x" and bool(s.index) is own for s in t.names_in(side))
         for side in pair.sides] for own in (False, True)
    )  # fmt: skip
    apart = plain != indexed and sorted(plain) == sorted(indexed) == [False, True]
    chain = shape_of(trial.scope.nodes) is not None
    return (
        "are x and x^{(i)} the same point?\nwrite one of them"
        if apart and not chain
        else ""
    )


def _mean(trial: Trial, pair: Pair) -> str:
    """E(x) = -\\log p(x): the energy of x is no mean."""
    for side, other in (pair.sides, pair.sides[::-1]):
        if isinstance(side, t.Expectation) and isinstance(side.body, t.Symbol):
            if side.body.name in free_points(other):
                return "is this the mean, or a function?\nsay so: given: E(x) := ..."
    return ""


def _capital(trial: Trial, pair: Pair) -> str:
    """\\log Z = \\log p(x): a capital on one side only, of which nothing is said."""
    scope = trial.scope
    conditions = (side for one, _, other in scope.conditions for side in (one, other))
    told = {n.key for side in conditions for n in t.names_in(side)}
    told |= {"T"} if shape_of(scope.nodes) else set()
    for side, other in (pair.sides, pair.sides[::-1]):
        for part in t.names_in(side):
            capital = part.name.isupper() and len(part.name) == 1 and not part.index
            meant = part.key in (*NAMES, *scope.meanings, *told)
            meant |= part.key + "[]" in scope.meanings
            written = part.span != (0, 0)
            if capital and written and not meant and part not in t.names_in(other):
                return f"what is {latex(part)}?\nsay so: given: {latex(part)} := ..."
    return ""


def _law(trial: Trial, pair: Pair) -> str:
    """q on one side, N(z; mu, sigma^2) with names of its own on the other."""
    known = trial.scope.meanings
    left, right = pair.sides
    laws = [node for n in right.walk() if t.is_law(n) for node in n.walk()]
    names = [n for n in laws if isinstance(n, t.Symbol)]
    log = isinstance(left, t.Function) and left.name == "log"
    whole = t.bare(left.body) if isinstance(left, t.Function) and log else left
    here, there = (
        {t.signature(n) for n in side.walk()
         if isinstance(n, t.Call) and t.is_density(n) and not t.is_law(n)}
        for side in (whole, right)
    )  # fmt: skip
    if isinstance(whole, t.Call):  # \\log p(x) = \\log N(x; mu, v)
        named = log and bool(laws) or any(n.component or n.key not in NAMES for n in names)
    else:  # \\int q(z) f(z) dz = \\int N(z; mu, v) f(z) dz
        named = bool(here - there) and any(n.key in OUTPUTS for n in names)
    families = {signature.partition("(")[0] for signature in here - there}
    told = any(key.startswith(f"{family}(") for key in known for family in families)
    if named and here and not told and pair.relation == "=":
        return "is this what the density means?\nthen write := for =, or give it"
    return ""


def _function(trial: Trial, pair: Pair) -> str:
    """Any f of the noise, or on one side only, is one that the text has in mind."""
    known = trial.scope.meanings
    modelled = {n.function.key for d in known.values() for n in d.body.walk()
                if isinstance(n, t.Call)}  # fmt: skip
    here, there = (
        {n.function.key: n for n in side.walk()
         if isinstance(n, t.Call) and n.function.name in ANY
         and n.function.key + "()" not in known and n.function.key not in modelled}
        for side in pair.sides
    )  # fmt: skip
    nodes = [n for side in pair.sides for n in side.walk()]
    averaged = any(isinstance(n, t.Expectation | t.Integral) for n in nodes)
    said = any(map(t.is_density, nodes))
    for key, call in (here | there).items():
        noisy = t.Symbol("epsilon") in call.group.items
        alone = key in here.keys() ^ there.keys()
        meant = call.function.label.rstrip("'").split(",")[0] not in ("", *PARAMETERS)
        if noisy or meant or said and alone and not averaged and pair.relation == "=":
            name = trial.source[slice(*call.span)]
            advice = f"say what it is: given: {name} := ..."
            return f"what is {name.partition('(')[0]}? Here it is any function\n{advice}"
    return ""


def _separate(trial: Trial, pair: Pair) -> str:
    """H(X) \\leq H(X, Y) holds for discrete variables, and not for densities."""
    nodes = (node for side in pair.sides for node in side.walk())
    entropies = any(isinstance(n, t.Expectation) and n.span == (0, 0) for n in nodes)
    if pair.relation not in BOUNDS or not entropies:
        return ""
    try:
        rule_for(pair)(trial, pair, Finite, pair.step(Verdict.TESTED))
    except (Broken, Foreign, Meaningless):
        return ""
    return "this holds for discrete variables, not for densities: write sums or integrals"


UNTIED = (_separate, _noise, _data, _mean, _capital, _law, _function)


def _as_far_as_known(trial: Trial, pair: Pair, kind: Kind) -> str:
    """Both sides at one draw, where one of them has no value."""
    texts = []
    for at in trial.draws(kind, 1):
        for name, side in zip(("left", "right"), pair.sides, strict=True):
            try:
                texts.append(f"{name} = {show(at(side))}")
            except (Meaningless, Foreign):
                texts.append(f"{name} has no value")
        texts[0] = where(at) + texts[0]
    known = any(not text.endswith("has no value") for text in texts)
    return "\n" + ", ".join(texts) if known else ""


def explained(error: Meaningless, source: str) -> str:
    """What has no meaning, with a caret, and the line to add where one would help."""
    if error.node is None:
        return str(error)
    begin, end = error.node.span
    text = str(ReadingError(str(error), source, begin))
    named = isinstance(error.node, t.Call | t.Symbol)
    if isinstance(error, Unknown) and error.like and named:
        text += f"\nsay what it is: given: {source[begin:end]} := {error.like}"
    return text


def mending(trial: Trial, pair: Pair, kind: Kind) -> str:
    """The first small change that makes the relation hold, as a sentence."""
    trials: Iterable[tuple[str, Pair]]
    if pair.relation in BOUNDS:
        other = RELATIONS[pair.relation].turned
        trials = [(f"it would hold with {other}", replace(pair, relation=other))]
    else:
        found = repairs(pair.right, trial.source)
        trials = ((message, replace(pair, right=right)) for message, right in found)
    aside = trial.limited(MENDING)
    try:
        for message, changed in trials:
            try:
                if rule_for(changed)(aside, changed, kind, pair.step(Verdict.TESTED)):
                    return message
            except (Broken, Meaningless, Foreign):
                continue
    except TooMuchWork:
        pass
    return ""
