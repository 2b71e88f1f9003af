"""From LaTeX to verdicts: the whole way of one block.

read_block   tokens and trees: a `Statement` for each line          block.py, surface.py,
                                                                   tokens.py, read.py
readings     how people write, in the book's names                  usage.py
scope_of     what its names mean: what the page and the givens say   definitions.py
pairs_of     what is claimed: the neighbours in the chain            chain.py
Trial        the block at random draws in small worlds               trial.py, worlds.py
Chain        the verdict on each pair: by numbers, then by SymPy     judge.py, prove.py
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from . import tree as t
from .block import Block, read_block
from .chain import Chain, pairs_of
from .definitions import impossible, named_at_braces, says_of_known, scope_of
from .evaluate import Budget
from .quantity import Meaningless
from .read import Statement
from .relation import Pair, Step
from .scope import Scope, numbered
from .trial import Trial
from .usage import readings
from .verdict import Verdict
from .worlds import Foreign
from .writing import Choice, Mode, Reading

NOT_UNDERSTOOD = Verdict.NOT_UNDERSTOOD


@dataclass(frozen=True)
class Judged:
    """What became of a block."""

    block: Block
    steps: list[Step]
    entailed: list[Step]  # what must follow from it
    page: Scope  # what the page knows after it
    taken: dict[str, str] = field(default_factory=dict)  # what was read as what
    used: frozenset[str] = frozenset()  # the page's definitions that its claims rest on
    idle: str = ""  # a given that nothing uses


def judge_block(
    source: str,
    page: Scope,
    seed: int = 0,
    symbolic: bool = True,
    defines: bool = True,
    strict: bool = False,
    quick: bool = False,
    since: int = 1,
    budget: Budget | None = None,
) -> Judged:
    """Tokens, trees, scope, claims, draws, verdicts.

    Args:
        source: LaTeX with its comments, as in a chapter.
        page: what was defined above.
        symbolic: ask SymPy as well.
        defines: the block may give names a meaning.
        strict: refuse givens that are not used.
        quick: stop at the first broken relation and explain nothing.
        since: what stands above this line counts as judged.
        budget: how much may be computed.

    Raises ReadingError for what is no formula; Meaningless, Foreign or TooMuchWork for a
    block of which nothing can be said.

    >>> [step.verdict.value for step in judge_block("a + b = b + a", Scope()).steps]
    ['proved']
    """
    read = numbered(read_block(source))  # tokens, then trees
    first, *others = readings(read, page)  # in the book's names
    judge = partial(
        judge_reading, page=page, seed=seed, symbolic=symbolic, defines=defines,
        strict=strict, quick=quick, since=since, budget=budget,
    )  # fmt: skip
    # Of the other readings only a good one is shown: no line of theirs is mended.
    return _settled(judge(first, mends=not quick), judge, others)


def judge_reading(
    reading: Reading, page: Scope, seed: int, symbolic: bool, defines: bool, strict: bool,
    quick: bool, since: int, budget: Budget | None, mends: bool = False,
) -> Judged:  # fmt: skip
    """Scope, claims, draws, verdicts of a block in one reading; its options are those of
    `judge_block`. Where it `mends`, a line that fails is told what would save it."""
    block, source = reading.block, reading.block.source
    if block.unchecked is not None:
        lines = pairs_of(block.lines, source)
        exempt = [pair.step(Verdict.EXEMPT, block.unchecked) for pair in lines]
        return Judged(block, exempt, [], page, reading.taken)
    claims, hence = _claims(block, since)
    scope = scope_of(block, page)
    scope, hence = named_at_braces(hence, scope)
    trial = Trial(source, scope, seed, budget or Budget())
    alone = len(block.lines) == 1
    chain = Chain(trial, page, symbolic, defines, alone, mends=mends)
    with np.errstate(all="ignore"):
        steps = chain.steps(claims, quick)
        samples = tuple(drawn for line in block.lines for drawn in line.samples)
        broken = quick and not all(step.ok for step in steps)
        entailed = [] if broken else chain.entailed(hence, samples, quick)
        given = [line for line in block.given if line.first is not None]
        entailed += [] if broken else impossible(pairs_of(given, source), trial)
    both = [*steps, *entailed]
    claimed = (step for step in both if step.verdict is not Verdict.DEFINITION)
    used = frozenset(name for step in claimed for name in step.uses) - scope.assumed
    good = all(step.ok for step in both)
    idle = _idle_given(chain.trial.scope, both) if strict and good else ""
    taken = reading.taken | dict(scope.taken)
    return Judged(block, steps, entailed, chain.page, taken, used, idle)


def _settled(
    judged: Judged, judge: Callable[[Reading], Judged], others: list[Reading]
) -> Judged:
    """What the first reading came to, where the others do not speak against it."""
    for other in others:
        mode = other.choice.mode
        if _good(judged) and mode is not Mode.ALL:
            continue
        try:
            tried = judge(other)
        except (Meaningless, Foreign):
            continue
        if _good(tried) == _good(judged):
            if mode is Mode.FIRST and _wrong(tried) < _wrong(judged):
                _ask(judged, tried, other.choice)
            if other.own and not _good(judged) and not _wrong(tried):
                _no_bound([judged.steps[i] for i in _wrong(judged)], other.own)
            continue
        if other.own:
            _no_bound(judged.steps, other.own)
        elif mode is not Mode.ANY:
            _ask(judged, tried, other.choice)
        elif any(step.verdict is not Verdict.DEFINITION for step in tried.steps):
            return tried
        else:
            for step in judged.steps:
                step.fail(f"{other.choice.name} is only defined here", NOT_UNDERSTOOD)
    return judged


def _good(judged: Judged) -> bool:
    return all(step.ok for step in (*judged.steps, *judged.entailed))


def _wrong(judged: Judged) -> set[int]:
    return {i for i, step in enumerate(judged.steps) if step.verdict is Verdict.WRONG}


def _no_bound(steps: list[Step], name: str) -> None:
    """The block takes \\mathcal{L} for something of its own."""
    for step in steps:
        message = f"{name} is not the bound here, nor its negative"
        step.fail(f"{message}\nsay what it is: given: {name} := ...", NOT_UNDERSTOOD)


def _ask(judged: Judged, tried: Judged, choice: Choice) -> None:
    """A line that holds in one reading of a name and not in another is neither."""
    for step, twin in zip(judged.steps, tried.steps, strict=False):
        if step.ok != twin.ok:
            meant = " or ".join(choice.options)
            message = f"is {choice.name} {meant}? One makes this true, another does not"
            step.fail(f"{message}\nsay which: given: {choice.say}", NOT_UNDERSTOOD)


def _claims(block: Block, since: int) -> tuple[list[Pair], list[Pair]]:
    """The relations of the block, and those that must follow from it.

    Above the line `since` only definitions are left: what follows needs them. A given
    that says what the ELBO is does not define it, the worlds know it: it must be true.
    """
    claims, hence = (pairs_of(lines, block.source) for lines in (block.lines, block.hence))
    claims = [pair for pair in claims if pair.line >= since or pair.relation == ":="]
    about_known = [line for line in block.given if _is_known(line)]
    return claims, hence + pairs_of(about_known, block.source)


def _is_known(line: Statement) -> bool:
    left = line.first
    if isinstance(left, t.Call) and left.function.key == "ELBO":
        return True
    return left is not None and any(says_of_known(left, side) for _, side in line.rest)


def _idle_given(scope: Scope, steps: list[Step]) -> str:
    """What is given and used by nothing may say anything: a slip in it would not show."""
    used = {name for step in steps for name in step.uses}
    for idle in sorted(scope.assumed - used):
        return f"% given: {idle.strip('[]()')} is used by nothing here"
    spoken = [name.key for name in scope.nodes if isinstance(name, t.Symbol)]
    for left, _, right in scope.conditions:
        for name in (*t.names_in(left), *t.names_in(right)):
            if spoken.count(name.key) < 2:
                return f"% given: {name.spoken} does not occur in what follows"
    return ""
