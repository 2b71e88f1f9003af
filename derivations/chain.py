"""A whole block: its chain of relations, what it defines, and which line is to blame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from . import tree as t
from .block import Block
from .definitions import Definitions, scope_of
from .judge import Judge, Pair, Step
from .quantity import Meaningless
from .read import Line as Statement
from .read import ReadingError
from .scope import Scope
from .worlds import Line

MOST_RELATIONS = 60
ALONE = "; this line alone is wrong: the next one agrees with the line before it"
ABOVE = "the line above is wrong; this one agrees with the line before that"


def judge_block(
    block: Block,
    page: Scope,
    seed: int = 0,
    symbolic: bool = True,
    defines: bool = True,
    strict: bool = False,
    quick: bool = False,
    since: int = 1,
) -> tuple[list[Step], list[Step]]:
    """The verdicts on a block, and on what must follow from it; the page learns its definitions (if it `defines`).

    `strict` refuses givens that are not used. `quick` stops at the first broken relation
    and explains nothing; with `since`, what stands above that line counts as judged.
    """
    pairs, hence = (pairs_of(ls, block.source) for ls in (block.lines, block.hence))
    if len(pairs) > MOST_RELATIONS:
        raise ReadingError(f"more than {MOST_RELATIONS} relations", block.source, 0)
    if block.unchecked is not None:
        exempt = [
            Step(p.line, p.relation, p.text, "exempt", detail=block.unchecked)
            for p in pairs
        ]
        return exempt, []
    with np.errstate(all="ignore"):
        judge = Judge(block.source, scope_of(block, page), seed, mends=not quick)
        chain = Chain(judge, page, symbolic, defines, alone=len(block.lines) == 1)
        for line in block.given:  # about what is known, a given must agree with it
            if isinstance(line.first, t.Call) and line.first.function.key == "ELBO":
                hence += pairs_of([line], block.source)
        pairs = [p for p in pairs if p.line >= since or p.relation == ":="]
        steps = list(chain.verdicts(pairs, quick))
        for step, above, below in zip(steps, pairs, pairs[1:], strict=False):
            if below.left is above.right and isinstance(above.left, t.Symbol):
                step.defines = ()  # A := B = C: what B says is tested by what follows
        if not quick:
            chain.blame(pairs, steps)
        entailed: list[Step] = []
        if all(step.ok for step in steps) or not quick:
            # what must follow is a claim, and the numbers are enough for it
            chain.defines = chain.symbolic = False
            judge.scope.samples += tuple(d for line in block.lines for d in line.samples)
            judge.memory.clear()
            entailed += chain.verdicts(hence, quick)
    if strict and all(step.ok for step in steps + entailed):
        _refuse_idle(judge.scope, chain.met)
    return steps, entailed


def _refuse_idle(scope: Scope, met: set[str]) -> None:
    """What is given and used by nothing may say anything: a slip in it would not show."""
    for idle in sorted(scope.assumed - met):
        raise Meaningless(f"% given: {idle.strip('[]()')} is used by nothing here")
    spoken = [name.key for name in scope.nodes if isinstance(name, t.Symbol)]
    for left, _, right in scope.conditions:
        for name in (*t.names_in(left), *t.names_in(right)):
            if spoken.count(name.key) < 2:
                raise Meaningless(f"% given: {name.spoken} does not occur in what follows")


def pairs_of(lines: list[Statement], source: str) -> list[Pair]:
    """The neighbours in the chain; a line without a left side continues the one above."""
    pairs: list[Pair] = []
    left: t.Node | None = None
    for line, below in zip(lines, [*lines[1:], None][: len(lines)], strict=True):
        left = line.first or left
        if left is None:
            message = "the block begins with a relation: its left side is missing"
            raise ReadingError(message, source, 0)
        goes_on = below is not None and below.first is None  # its right side comes there
        for relation, right in line.rest or ([] if goes_on else [("", left)]):
            text = source[slice(*right.span)].strip() or line.text
            before = source[: right.span[0]].rstrip()  # this ends with the relation
            number = before.count("\n") + 1 if relation else line.number
            about = line.samples, number, text, line.remark
            pairs.append(Pair(left, relation, right, *about))
            left = right
    return pairs


class Chain:
    """Judges the pairs of one block in order; definitions hold from where they stand."""

    def __init__(
        self, judge: Judge, page: Scope, symbolic: bool, defines: bool, alone: bool
    ):
        self.numeric, self.page, self.scope = judge, page, judge.scope
        self.names = Definitions(judge, page, alone)
        self.symbolic, self.defines = symbolic, defines
        self.prover = None
        self.met: set[str] = set()  # all definitions that were looked up

    def verdicts(self, pairs: list[Pair], quick: bool) -> Iterator[Step]:
        for pair in pairs:
            step = self.judge(pair)
            yield step
            if quick and not step.ok:
                return

    def judge(self, pair: Pair) -> Step:
        if not pair.relation:
            missing = "this claims nothing: a relation is missing"
            return Step(pair.line, "", pair.text, "unjudged", detail=missing)
        self.scope.used.clear()
        step = self._judged(pair)
        self.met |= self.scope.used
        if step.verdict != "definition":
            self.page.used |= self.scope.used - self.scope.assumed
        return step

    def _judged(self, pair: Pair) -> Step:
        try:
            for side in pair.sides:
                for total, letter in t.idle_sums(side):
                    message = f"nothing here depends on {total.index}, or binds {letter}"
                    raise ReadingError(message, self.numeric.source, total.span[0])
            new = pair.relation == ":=" or pair.relation == "=" and self.names.is_new(pair)
            if self.defines and new:
                self.prover = None  # its memory does not know the new meaning
                return self.names.step(pair)
            step = self.numeric.judge(pair)
        except (Meaningless, ReadingError) as error:
            return Step(pair.line, pair.relation, pair.text, "wrong", detail=str(error))
        if self.symbolic and step.verdict == "tested" and Line.name in step.worlds:
            from .prove import Prover  # SymPy takes half a second to load

            self.prover = self.prover or Prover(self.scope)
            step.symbolic = self.prover.prove(pair)
            step.verdict = step.symbolic or step.verdict
        return step

    # ------------------------------------------------------------ blame
    def blame(self, pairs: list[Pair], steps: list[Step]) -> None:
        """Two broken relations around one line: is the line alone wrong?"""
        for i in range(len(pairs) - 1):
            first, second = pairs[i : i + 2]
            relations = first.relation, second.relation
            broken = all(step.verdict == "wrong" for step in steps[i : i + 2])
            if not broken or second.left is not first.right or "=" not in relations:
                continue
            relation = relations[relations[0] == "="]
            samples = second.samples or first.samples
            try:
                around = self.numeric.judge(
                    Pair(first.left, relation, second.right, samples)
                )
            except Meaningless:
                continue
            if around.ok:
                steps[i].detail += ALONE
                steps[i + 1].detail = ABOVE
