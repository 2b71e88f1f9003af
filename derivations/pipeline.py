"""From LaTeX to verdicts: the whole way of one block.

read_block   tokens and trees: a `Statement` for each line          block.py, read.py
scope_of     what its names mean: what the page and the givens say   definitions.py
pairs_of     what is claimed: the neighbours in the chain            chain.py
Trial        the block at random draws in small worlds               trial.py, worlds.py
Chain        the verdict on each pair: by numbers, then by SymPy     judge.py, prove.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import tree as t
from .block import Block, read_block
from .chain import Chain, pairs_of
from .definitions import scope_of
from .evaluate import Budget
from .relation import Step
from .scope import Scope
from .trial import Trial
from .verdict import Verdict


@dataclass(frozen=True)
class Judged:
    """What became of a block."""

    block: Block
    steps: list[Step]
    entailed: list[Step]  # what must follow from it
    page: Scope  # what the page knows after it
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
    block = read_block(source)
    pairs, hence = (pairs_of(lines, source) for lines in (block.lines, block.hence))
    if block.unchecked is not None:
        exempt = [pair.step(Verdict.EXEMPT, block.unchecked) for pair in pairs]
        return Judged(block, exempt, [], page)
    pairs = [pair for pair in pairs if pair.line >= since or pair.relation == ":="]
    hence += pairs_of([line for line in block.given if _of_the_elbo(line.first)], source)
    scope = scope_of(block, page)
    trial = Trial(source, scope, seed, budget or Budget())
    chain = Chain(trial, page, symbolic, defines, len(block.lines) == 1, not quick)
    with np.errstate(all="ignore"):
        steps = list(chain.verdicts(pairs, quick))
        for step, above, below in zip(steps, pairs, pairs[1:], strict=False):
            if below.left is above.right and isinstance(above.left, t.Symbol):
                step.defines = ()  # A := B = C: what B says is tested by what follows
        if not quick:
            chain.blame(pairs, steps)
        samples = tuple(d for line in block.lines for d in line.samples)
        broken = quick and not all(step.ok for step in steps)
        entailed = [] if broken else chain.entailed(hence, samples, quick)
    both = [*steps, *entailed]
    claims = (step for step in both if step.verdict is not Verdict.DEFINITION)
    used = frozenset(name for step in claims for name in step.uses) - scope.assumed
    sound = strict and all(step.ok for step in both)
    idle = _idle_given(chain.trial.scope, both) if sound else ""
    return Judged(block, steps, entailed, chain.page, used, idle)


def _of_the_elbo(left: t.Node | None) -> bool:
    """About what is known, a given must agree with it."""
    return isinstance(left, t.Call) and left.function.key == "ELBO"


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
