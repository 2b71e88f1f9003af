"""Change one thing in a chapter's LaTeX, as a tired author would; does `check` notice?

    python -m tests.derivations.mutants [--each 40] [--kind density] [--seed 0]

A mutant is caught when the check of its whole file fails. Every one that is not is
printed with the reason that makes it a true statement; one without is a hole in the
checker, and a reason that nothing needs any more is stale.
"""
# ruff: noqa: E501 (a formula stays on its line)

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from derivations.chapters import Display, chapters, displays
from derivations.mutants import Mutant, mutants_of
from derivations.report import check_block
from derivations.scope import Scope

from .note import CORRECT

BOOK = Path(__file__).parents[2] / "book"


# ---------------------------------------------------------------- is it noticed?
class Book:
    """The chapters and the note's formulas, with the scope before each block."""

    def __init__(self, paths: list[Path]):
        self.blocks: dict[str, list[Display]] = {
            path.name: list(displays(path.read_text(encoding="utf-8"))) for path in paths
        }
        self.blocks |= {
            f"note-{label}": [Display(f"note-{label}", re.sub(r"\\\\ *(?=&)", "\\\\\\\\\n", latex), 1)]
            for label, latex in CORRECT.items()
        }  # fmt: skip
        self.pages: dict[str, list[Scope]] = {}
        for file, blocks in self.blocks.items():
            page, self.pages[file] = Scope(), []
            for block in blocks:
                self.pages[file].append(page)
                page = check_block(block.source, page, symbolic=False, quick=True).page

    def mutants(self) -> Iterator[Mutant]:
        for file, blocks in self.blocks.items():
            for block in blocks:
                yield from mutants_of(file, block.label, block.source)

    def notices(self, mutant: Mutant, seed: int = 0) -> bool:
        """Does the file fail? What stands above the mutated line was judged before."""
        blocks, pages = self.blocks[mutant.file], self.pages[mutant.file]
        place = next(i for i, block in enumerate(blocks) if block.label == mutant.label)
        assumption = mutant.before.startswith("%")
        report = check_block(
            mutant.source, pages[place], seed, symbolic=False, quick=True, strict=assumption,
            since=1 if assumption else mutant.row,
        )  # fmt: skip
        untested = [set(step.defines) for step in report.steps if step.defines]
        used = report.used
        for block, page in zip(blocks[place + 1 :], pages[place + 1 :], strict=True):
            untested = [names for names in untested if not names & used]
            if not report.ok or not untested and report.page.meanings == page.meanings:
                break
            report = check_block(block.source, report.page, seed, False, quick=True)
            used |= report.used
        note = mutant.file.startswith("note")  # a lone block promises no test
        return not report.ok or any(not names & used for names in untested) and not note


def chosen(book: Book, each: int) -> list[Mutant]:
    """At most `each` of every kind."""
    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(book.mutants(), key=lambda mutant: mutant.order):
        if len(kinds[mutant.kind]) < each:
            kinds[mutant.kind].append(mutant)
    return [mutant for few in kinds.values() for mutant in few]


# ---------------------------------------------------------------- excuses
# Why an unnoticed mutant is true all the same. Each was worked out by hand.
EXCUSES: dict[tuple[str, str, str], str] = {
    ('eq-bernoulli-mass', 'for 1',
     r"% given: 0 < \hat{x} < 3"):
        "the condition is only wider: beyond 1 no side has a value",
    ('eq-baseline', 'sign',
     r"\mathbb{E}_{q_{\phi}(z \mid x)}\left[ (f(z) + b) \nabla_{\phi} \log q_{\phi}(z \mid x) \right] = \nabla_{\phi} \mathbb{E}_{q_{\phi}(z \mid x)}\left[ f(z) \right]"):
        "any constant may stand there: a score has mean zero",
    ('eq-baseline', 'for b',
     r"\mathbb{E}_{q_{\phi}(z \mid x)}\left[ (f(z) - w) \nabla_{\phi} \log q_{\phi}(z \mid x) \right] = \nabla_{\phi} \mathbb{E}_{q_{\phi}(z \mid x)}\left[ f(z) \right]"):
        "any constant may stand there: a score has mean zero",
    ('eq-baseline', 'for b',
     r"\mathbb{E}_{q_{\phi}(z \mid x)}\left[ (f(z) - t) \nabla_{\phi} \log q_{\phi}(z \mid x) \right] = \nabla_{\phi} \mathbb{E}_{q_{\phi}(z \mid x)}\left[ f(z) \right]"):
        "any constant may stand there: a score has mean zero",
    ('eq-gibbs', 'density p_{\\theta}(x)',
     r"&= \int p(x) \, dx - \int p_{\theta}(x) \, dx \\"):
        "any density integrates to 1",
    ('eq-amortised', 'for \\log',
     r"\exp p_{\theta}(x) &\geq \mathrm{ELBO}(x; \theta, \mu^{*}, \sigma^{*}) \\"):
        "exp p > 0 > log p >= ELBO in these worlds: a weaker bound, but true",
    ('eq-gaussian-mle-variance', 'for \\log',
     r"% hence: (\hat{\mu}, \hat{\sigma}^2) = \operatorname*{argmax}_{\mu, \sigma^2} \exp p_{\theta}(\mathcal{D})"):
        "exp increases, as log does: the same maximiser",
    ('eq-variance-bias', 'sigma for mu',
     r"% given: p_{*}(x) := \mathcal{N}(x; \sigma, \sigma^2)"):
        "a variance does not depend on the mean, whatever its name",
    ('eq-evidence', 'density p_{\\theta}(z \\mid x)',
     r"&= \int p_{\theta}(z \mid x) \log \frac{p_{\theta}(x, z)}{p_{\theta}(z \mid x)} \, dz \\"):
        "p(x, z)/p(z | x) is p(x): any density averages it to itself",
    ('note-vae', 'lost log',
     r"\begin{align*} \hat{\theta} &= \underset{\theta}{\mathrm{\argmax}} \;  p_{\theta}(\mathcal{D}) \\"):
        "log increases: the same maximiser",
    ('note-vae', 'density q_{\\phi}(z \\mid x)',
     r"&= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \left( \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{q_{\phi}(z \mid x)} dz + \int q(z) \log \dfrac{q(z)}{p_{\theta}(z \; | \; x^{(n)})} dz \right) \\"):
        "only theta moves, and this is free of theta",
    ('note-vae', 'density p(x)',
     r"&= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \left( \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{p(x)} dz + D_{\text{KL}}(q(z) \; \vert\vert \; p_{\theta}(z | x^{(n)})) \right) \end{align*}"):
        "only theta moves, and this is free of theta",
    ('eq-latent-evidence', 'conditioning lost',
     r"&= \mathbb{E}_{p(z)}\left[ p_{\theta}(x) \right]"):
        "p(x) is its own mean over any density of z",
    ('eq-latent-evidence', 'conditioning lost',
     r"&= \int p_{\theta}(x) p(z) \, dz \\"):
        "p(x) is its own mean over any density of z",
    ('note-vae', 'conditional for joint',
     r"&= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \int q(z) \log \dfrac{p_{\theta}(x^{(n)} \mid z)}{p_{\theta}(z \; | \; x^{(n)})} dz \\"):
        "only theta moves, and p(z) is free of it",
    ('eq-amortised', 'lost subscript',
     r"\log p(x) &\geq \mathrm{ELBO}(x; \theta, \mu^{*}, \sigma^{*}) \\"):
        "an unlabelled p is the model's, where the line has no other",
    ('eq-chain-bound', 'lost subscript',
     r"&= \mathbb{E}_{q}\left[ \log p(x_T) + \sum_{t=1}^{T} \log \frac{p(x_{t-1} \mid x_t)}{q(x_t \mid x_{t-1})} \right] \\"):
        "an unlabelled p is the model's, where the line has no other",
    ('eq-bernoulli-decoder', 'lost subscript',
     r"p(x \mid z) := \prod_{d=1}^{D} \hat{x}_d^{x_d} (1 - \hat{x}_d)^{1 - x_d}"):
        "an unlabelled p is the model's, where the line has no other",
    ('eq-elbo-gap', 'lost subscript',
     r"\log p_{\theta}(x) = \mathrm{ELBO}(x; \theta, q) + D_{\mathrm{KL}}(q(z) \,\|\, p(z \mid x))"):
        "an unlabelled p is the model's, where the line has no other",
    ('note-final', 'for 1',
     r"&\approx -\dfrac{1}{2} \sum_{d=1}^D (x_d - \hat{x}_d)^2 +\dfrac{1}{2} \sum_{h=1}^{H} (2 + \log \sigma_{h}^2 - \mu_{h}^2 - \sigma_{h}^2) + \text{const} \end{align*}"):
        "a constant more, beside + const",
    ('eq-squared-weight-dimensions', 'for 2',
     r"% given: \tau^0 > \frac{1}{2}"):
        "the condition is only wider: below one half no side has a value",
    ('eq-gaussian-mle-mean', 'for 2',
     r"% given: p_{\theta}(x) := \mathcal{N}(x; \mu, \sigma^3)"):
        "the best mean is the same for every variance",
    ('eq-mle-cross-entropy', 'for \\log',
     r"\operatorname*{argmax}_{\theta} \exp p_{\theta}(\mathcal{D})"):
        "exp increases, as log does: the same maximiser",
    ('note-vae', 'density p_{\\theta}(z \\mid x)',
     r"&= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \int p_{\theta}(z \mid x) \log p_{\theta}(x^{(n)}) dz  \\"):
        "any density of z averages what has no z to itself",
    ('eq-mle-cross-entropy', 'lost log',
     r"\operatorname*{argmax}_{\theta}  p_{\theta}(\mathcal{D})"):
        "log increases: the same maximiser",
    ('eq-elbo-short', 'density q_{\\phi}(z \\mid x)',
     r"&= \mathbb{E}_{q_{\phi}(z \mid x)}\left[ \log p_{\theta}(x) \right] \\"):
        "any density of z averages what has no z to itself",
    ('eq-mismatch-below', 'q for p',
     r"\mathbb{E}_{q_{\phi}(z)}\left[ \log \frac{q(z)}{q(z)} \right] \leq D_{\mathrm{KL}}(q_{\phi}(z) \,\|\, p(z))"):
        "zero: a divergence is never below it",
    ('eq-mle-cross-entropy', 'twice as much',
     r"&= \operatorname*{argmin}_{\theta} \left( -2 \frac{1}{N} \sum_{n=1}^{N} \log p_{\theta}(x^{(n)}) \right)"):
        "a positive factor keeps the minimiser",
    ('eq-log-of-average', 'last term lost',
     r"\mathbb{E}_{p_{*}(\mathcal{D})}\left[ \log \frac{1}{N} \sum_{n=1}^{N-1} f(x^{(n)}) \right] \leq \log \mathbb{E}_{p_{*}(x)}\left[ f(x) \right]"):
        "f is positive: with a term less the left side is only smaller",
    ('eq-gaussian-kl-one', 'square of a difference',
     r"&= -\log \sigma - \frac{1}{2 \sigma^2} \mathbb{E}_{q(z)}\left[ (z^2 - \mu^2) \right] + \frac{1}{2} \mathbb{E}_{q(z)}\left[ z^2 \right] \\"):
        "mu is the mean of q: z^2 - mu^2 averages to the variance as well",
    ('eq-importance-slope', 'for K',
     r"\nabla_{\theta} \log \frac{1}{B} \sum_{k=1}^{K} w(z^{(k)}) &= \frac{\sum_{k=1}^{K} \nabla_{\theta} w(z^{(k)})}{\sum_{j=1}^{K} w(z^{(j)})} \\"):
        "the slope of a logarithm does not see a constant factor",
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=12)
    parser.add_argument(
        "--kind", default="", help="a part of the kind's or the equation's name"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    book = Book(chapters(BOOK))
    mutants = [
        m for m in chosen(book, options.each) if options.kind in f"{m.kind} {m.label}"
    ]
    survivors = [m for m in mutants if not book.notices(m, options.seed)]
    for mutant in survivors:
        reason = EXCUSES.get(mutant.name, "NO REASON")
        print(
            f"{mutant.label} {mutant.kind}\n  - {mutant.before}\n  + {mutant.after}\n    {reason}",
            flush=True,
        )
    holes = sum(mutant.name not in EXCUSES for mutant in survivors)
    print(f"{len(mutants)} mutants, {len(survivors)} not noticed, {holes} without a reason")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
