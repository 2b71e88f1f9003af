"""A whole block: its chain of relations, what it defines, and which line is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import tree as t
from .definitions import assume, defined, is_new
from .judge import explained, judged_by_numbers
from .notation import BOUNDS, RELATIONS
from .quantity import Meaningless
from .read import ReadingError, Statement
from .relation import Pair, Step
from .scope import Scope
from .trial import Trial
from .verdict import Verdict
from .worlds import Line

if TYPE_CHECKING:
    from .prove import Prover

MOST_RELATIONS = 60
ALONE = "; this line alone is wrong: the next one agrees with the line before it"
UNEQUAL = (
    "when the sides are equal is judged only where their difference is the divergence\n"
    r"of these two densities: write it in \text{...}"
)
UNSUPPOSED = "what is said beside this is not supposed: say it in a given"
ABOVE = (
    "the line above is wrong; this one agrees with the line before that, so nothing is to "
    "be mended here"
)


def pairs_of(lines: list[Statement], source: str) -> list[Pair]:
    """The neighbours in the chain; a line without a left side continues the one above."""
    pairs: list[Pair] = []
    left: t.Node | None = None
    for line, below in zip(lines, [*lines[1:], None][: len(lines)], strict=True):
        above, left = left, line.first or left
        if left is None:
            message = "the block begins with a relation: its left side is missing"
            raise ReadingError(message, source, 0)
        goes_on = below is not None and below.first is None  # its right side comes there
        named_density = left  # the p(z|x) of p(z|x) = p(x, z) / p(x) \\propto p(x, z)
        for relation, right in line.rest or ([] if goes_on else [("", left)]):
            text = source[slice(*right.span)].strip() or line.text
            before = source[: right.span[0]].rstrip()  # this ends with the relation
            number = before.count("\n") + 1 if relation else line.number
            said = line.remark, line.hedge, line.under, line.brace
            about = line.samples, number, text, *said
            name = right.function if isinstance(right, t.Call) else right
            bound = getattr(name, "key", "") in ("ELBO", "calL", "L")
            named = isinstance(left, t.Symbol | t.Call)
            if relation == "=:" or relation == ":=" and bound and not named:
                pairs.append(Pair(right, ":=", left, *about))
            else:
                side = named_density if relation == "∝" else left
                listed = side.items if isinstance(side, t.Tuple) else ()
                listed = listed if relation in BOUNDS and not line.brace else ()
                pairs += [Pair(one, relation, right, *about) for one in listed or (side,)]
            left = right
            if relation != "=" or not isinstance(named_density, t.Call):
                named_density = left
        left = above if line.beside and above else left
    if len(pairs) > MOST_RELATIONS:
        raise ReadingError(f"more than {MOST_RELATIONS} relations", source, 0)
    return pairs


@dataclass
class Chain:
    """Judges the pairs of one block in order; definitions hold from where they stand."""

    trial: Trial  # the draws, in the scope of the block's beginning
    page: Scope  # what the page knows; it learns what is defined
    symbolic: bool = True  # is SymPy asked as well?
    defines: bool = True  # may a line give a name its meaning?
    alone: bool = False  # is there one line only?
    mends: bool = True  # does a broken line get an explanation?
    prover: Prover | None = None

    def steps(self, pairs: list[Pair], quick: bool) -> list[Step]:
        """All of a block: the verdicts, and what its lines say about each other."""
        steps = list(self.verdicts(pairs, quick))
        for step, above, below in zip(steps, pairs, pairs[1:], strict=False):
            if below.left is above.right and isinstance(above.left, t.Symbol):
                step.defines = ()  # A := B = C: what B says is tested by what follows
        for step, pair in zip(steps, pairs, strict=False):  # A = B =: C
            others = (other for other in pairs if other is not pair)
            step.agrees |= any(pair.right is side for o in others for side in o.sides)
        if not quick:
            self.blame(pairs, steps)
        return steps

    def verdicts(self, pairs: list[Pair], quick: bool) -> Iterator[Step]:
        """A step for each pair; `quick` stops at the first that is broken."""
        for pair in pairs:
            step = self.verdict(pair)
            yield step
            if quick and not step.ok:
                return

    def verdict(self, pair: Pair) -> Step:
        """The step of one pair; definitions change what follows."""
        if not pair.relation:
            return pair.step(
                Verdict.NOT_UNDERSTOOD, "this claims nothing: a relation is missing"
            )
        self.trial.take_used()
        trial = self.trial
        try:
            self._refuse_idle_sums(pair)
            step = self._judged(pair)
        except ReadingError as error:
            step = pair.step(Verdict.NOT_UNDERSTOOD, str(error))
        except Meaningless as error:
            step = pair.step(error.verdict, explained(error, trial.source))
        if pair.hedge and step.verdict is Verdict.WRONG:
            step.fail(f"{pair.hedge}; {step.detail}", Verdict.NOT_UNDERSTOOD)
        step.uses = tuple(sorted(trial.take_used() | self.trial.take_used()))
        return step

    def _refuse_idle_sums(self, pair: Pair) -> None:
        for side in pair.sides:
            for total, letter in t.idle_sums(side):
                message = f"nothing here depends on {total.index}, or binds {letter}"
                raise ReadingError(message, self.trial.source, total.span[0])

    def _judged(self, pair: Pair) -> Step:
        new = pair.relation == ":=" or (
            pair.relation == "=" and is_new(pair, self.trial.scope, self.alone)
        )
        if self.defines and new:
            step, self.trial, self.page = defined(pair, self.trial, self.page)
            return step
        bound = pair.relation in BOUNDS
        equal = [line.first for line in pair.under if line.equality and bound]
        beside = tuple(line for line in pair.under if not line.equality)
        pair = replace(pair, under=beside)
        trial, supposed = self._under(pair)
        step = judged_by_numbers(trial, pair, self.mends)
        if step.verdict is Verdict.WRONG and not supposed:
            step.fail(f"{UNSUPPOSED}; {step.detail}", Verdict.NOT_UNDERSTOOD)
        if self.symbolic and step.verdict is Verdict.TESTED and Line.name in step.worlds:
            prover = self._prover(trial.scope)
            if prover.proves(pair):
                step.symbolic, step.verdict = "proved", Verdict.PROVED
            elif prover.refutes(pair):
                step.fail("the sides are close to each other, but not equal")
        for apart in equal if step.ok else ():
            if not isinstance(apart, t.Divergence) or not self._gap_is(pair, apart, trial):
                step.fail(UNEQUAL, Verdict.NOT_UNDERSTOOD)
            elif step.ok:
                step.notes += (r"equal where this divergence vanishes: it is the gap",)
        return step

    def _gap_is(self, pair: Pair, apart: t.Divergence, trial: Trial) -> bool:
        """Is the difference of the sides this divergence, either way round?"""
        way = RELATIONS[pair.relation].way
        gap = t.Add(pair.sides, (way, -way))
        turned = replace(apart, left=apart.right, right=apart.left)
        pairs = [replace(pair, left=gap, relation="=", right=d) for d in (apart, turned)]
        return any(judged_by_numbers(trial, p, mends=False).ok for p in pairs)

    def _under(self, pair: Pair) -> tuple[Trial, bool]:
        """The draws at which the conditions beside this line hold; could all be met?"""
        if not pair.under:
            return self.trial, True
        scope, supposed = self.trial.scope, True
        for line in pair.under:
            said = pairs_of([line], self.trial.source)
            if all(s.relation != "=" or is_new(s, scope, False) for s in said):
                scope = assume(line, scope)
            else:
                supposed = False
        trial = self.trial.under(scope)
        trial.used = self.trial.used
        return trial, supposed

    def _prover(self, scope: Scope) -> Prover:
        from .prove import Prover  # SymPy takes half a second to load

        if self.prover is None or self.prover.scope is not scope:
            self.prover = Prover(scope)  # which computes each side once
        return self.prover

    def entailed(
        self, pairs: list[Pair], samples: tuple[t.Drawn, ...], quick: bool
    ) -> list[Step]:
        """What must follow is a claim, and the numbers are enough for it."""
        scope = self.trial.scope
        own = self.trial.under(replace(scope, samples=scope.samples + samples))
        claims = Chain(own, self.page, symbolic=False, defines=False, mends=self.mends)
        return list(claims.verdicts(pairs, quick))

    # ------------------------------------------------------------ blame
    def blame(self, pairs: list[Pair], steps: list[Step]) -> None:
        """Two broken relations around one line: is the line alone wrong?"""
        for i in range(len(pairs) - 1):
            first, second = pairs[i : i + 2]
            relations = first.relation, second.relation
            broken = all(step.verdict is Verdict.WRONG for step in steps[i : i + 2])
            if not broken or second.left is not first.right or "=" not in relations:
                continue
            relation = relations[relations[0] == "="]
            samples = second.samples or first.samples
            around = Pair(first.left, relation, second.right, samples)
            try:
                if judged_by_numbers(self.trial, around, self.mends).ok:
                    steps[i].detail += ALONE
                    steps[i + 1].detail = ABOVE
            except Meaningless:
                continue
