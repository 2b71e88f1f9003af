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
from .notation import ANY, BOUNDS, NAMES, RELATIONS
from .quantity import Meaningless, Unknown
from .read import ReadingError
from .relation import Broken, Pair, Step, show, where
from .repair import repairs
from .scope import speaks_of_vectors, worlds_for
from .trial import Kind, Trial
from .usage import free_points, latex
from .verdict import Verdict
from .worlds import Bent, Foreign, Line

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
    """What a text ties together elsewhere, and nothing ties here."""
    known = trial.scope.meanings
    free = frozenset[str]().union(*map(free_points, pair.sides))
    if {"z", "epsilon"} <= free - known.keys():
        return (
            "how do z and \\epsilon hang together?\n"
            "say so: given: z := \\mu + \\sigma \\epsilon"
        )
    if "epsilon" in free and shape_of(trial.scope.nodes) and pair.relation == "=":
        return "how do x_t and \\epsilon hang together?\nsay so: given: x_t := ..."
    conditions = [(left, right) for left, _, right in trial.scope.conditions]
    told = {n.key for both in conditions for side in both for n in t.names_in(side)}
    for side, other in (pair.sides, pair.sides[::-1]):
        if isinstance(side, t.Expectation) and isinstance(side.body, t.Symbol):
            if side.body.name in free_points(other):  # E(x) = -\\log p(x)
                return "is this the mean, or a function?\nsay so: given: E(x) := ..."
        for part in t.names_in(side):
            capital = part.name.isupper() and len(part.name) == 1 and not part.index
            meant = part.key in (*NAMES, *known, *told) or part.key + "[]" in known
            written = part.span != (0, 0)
            if capital and written and not meant and part not in t.names_in(other):
                text = latex(part)  # \\log Z = \\log p(x)
                return f"what is {text}?\nsay so: given: {text} := ..."
    left = pair.left
    if isinstance(left, t.Function) and left.name == "log":
        left = t.bare(left.body)
    if isinstance(left, t.Call) and t.is_density(left) and not t.is_law(left):
        laws = [node for n in pair.right.walk() if t.is_law(n) for node in n.walk()]
        names = [n for n in laws if isinstance(n, t.Symbol)]
        open_names = any(n.component or n.key not in NAMES for n in names)
        open_names |= isinstance(pair.left, t.Function) and bool(laws)
        family = t.signature(left).partition("(")[0]  # its model may have been told
        if open_names and not any(key.startswith(f"{family}(") for key in known):
            return "is this what the density means?\nthen write := for =, or give it"
    modelled = {n.function.key for d in known.values() for n in d.body.walk()
                if isinstance(n, t.Call)}  # fmt: skip
    any_functions = [
        {n.function.key: n for n in side.walk()
         if isinstance(n, t.Call) and n.function.name in ANY
         and n.function.key + "()" not in known and n.function.key not in modelled}
        for side in pair.sides
    ]  # fmt: skip
    alone = any_functions[0].keys() ^ any_functions[1].keys()
    averaged = any(isinstance(n, t.Expectation | t.Integral)
                   for side in pair.sides for n in side.walk())  # fmt: skip
    said = any(t.is_density(n) for side in pair.sides for n in side.walk())
    for key, call in (any_functions[0] | any_functions[1]).items():
        noisy = t.Symbol("epsilon") in call.group.items
        if noisy or said and key in alone and not averaged and pair.relation == "=":
            name = trial.source[slice(*call.span)]
            advice = f"say what it is: given: {name} := ..."
            return f"what is {call.function.spoken}? Here it is any function\n{advice}"
    return ""


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
