"""Change one thing in a chapter's LaTeX, as a tired author would; does `check` notice?

    python -m tests.derivations.mutants [--each 40] [--kind density] [--seed 0]

A mutant is caught when the check of its whole file fails. Every one that is not is
printed with the reason that makes it a true statement; one without is a hole in the
checker, and a reason that nothing needs any more is stale.
"""
# ruff: noqa: E501 (a formula stays on its line)

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from derivations.chapters import Display, chapters, displays
from derivations.report import check_block
from derivations.scope import Scope

from .note import CORRECT

BOOK = Path(__file__).parents[2] / "book"

# ---------------------------------------------------------------- what may go wrong
# name, what is looked for, what is put in its place
# name, what is looked for, what is put in its place
CHANGES: list[tuple[str, str, str]] = [
    ("sign", r"(?<=[\w})\]\s])\+(?=\s|\\)", "-"),
    ("sign", r"(?<![_^{])(?<=[\s&=({\[])-(?=\s|\\|\d)", "+"),
    ("lost factor", r"\\d?frac\{1\}\{(2|N|K)\}(?!\^)", ""),
    ("wrong factor", r"(\\d?frac)\{1\}\{2\}", r"\1{1}{3}"),
    ("lost square", r"\^(\{2\}|2)(?!\d)", ""),
    ("p for q", r"(?<![A-Za-z\\])q(?=\(z\))", "p"),
    ("q for p", r"(?<![A-Za-z\\])p(?=\(z\))", "q"),
    ("q for p", r"p_\{\\theta\}(?=\(z)", r"q_{\\phi}"),
    ("p for q", r"q_\{\\phi\}(?=\(z)", r"p_{\\theta}"),
    ("wrong population", r"p_\{\*\}", r"p_{\\theta}"),
    ("wrong population", r"p_\{\\theta\}(?=\s*\{?\(x\^?[^|,\\]*\))", r"p_{*}"),
    ("conditioning turned", r"\(x \\(mid|vert) z\)", r"(z \\\1 x)"),
    ("conditioning lost", r"\(x \\(mid|vert) z\)", r"(x)"),
    ("joint for conditional", r"\(x \\(mid|vert) z\)", r"(x, z)"),
    ("conditional for joint", r"\(x(\^\{\(n\)\})?, z\)", r"(x\1 \\mid z)"),
    ("lost sample index", r"(?<=[xz}])\^\{\([nk]\)\}", ""),
    ("wrong sample index", r"(?<=[xz}])\^\{\(([nk])\)\}", r"^{(1)}"),
    ("wrong lower limit", r"_\{([nkdh])=1\}", r"_{\1=2}"),
    ("wrong upper limit", r"(\\sum_\{[nk]=1\})\^(\{[NK]\}|[NK])", r"\1^{2}"),
    ("wrong upper limit", r"(\\sum_\{d=1\})\^(\{D\}|D)", r"\1^{H}"),
    ("wrong upper limit", r"(\\sum_\{h=1\})\^(\{H\}|H)", r"\1^{D}"),
    ("mu for sigma", r"\\sigma", r"\\mu"),
    ("sigma for mu", r"\\mu", r"\\sigma"),
    ("lost log", r"\\log(?![A-Za-z])", ""),
    ("lost hat", r"\\hat\{x\}", "x"),
    ("argmin for argmax", r"argmax", "argmin"),
    ("argmax for argmin", r"argmin", "argmax"),
    ("inequality turned", r"\\geq", r"\\leq"),
    ("inequality turned", r"\\leq", r"\\geq"),
    ("equal for bound", r"\\(geq|leq)", "="),
    ("wrong variable of integration", r"(\\, |\\; | )dz", r"\1dx"),
    ("wrong variable of integration", r"(\\, |\\; | )dx", r"\1dz"),
    ("x for z", r"(?<=f\()x(?=[\^)])", "z"),
    ("z for x", r"(?<=f\()z(?=[\^)])", "x"),
    ("sum for product", r"\\prod", r"\\sum"),
    ("product for sum", r"\\sum", r"\\prod"),
    ("half for double", r"(?<![\d{.])2(?= ?(\\pi|\())", "4"),
    ("wrong parameters", r"; \\theta, \\phi", r"; \\phi, \\sigma"),
]  # fmt: skip
GROUP = r"(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*"
ARGUMENT = r"[^|]+?(?:\([^()]*\))?"
CHANGES += [
    ("lost superscript", rf"\^(\{{{GROUP}\}}|\w|\\top)", ""),
    ("lost subscript", rf"_(\{{{GROUP}\}}|\w)", ""),
    ("lost accent", rf"\\(hat|bar)\{{({GROUP})\}}", r"\2"),
    ("lost numerator", rf"\\frac\{{{GROUP}\}}\{{({GROUP})\}}", r"(\1)"),
    ("lost denominator", rf"\\frac\{{({GROUP})\}}\{{{GROUP}\}}", r"(\1)"),
    ("lost fraction", rf"\\frac\{{{GROUP}\}}\{{{GROUP}\}}", ""),
    ("fraction turned", rf"\\frac\{{({GROUP})\}}\{{({GROUP})\}}", r"\\frac{\2}{\1}"),
    ("lost root", rf"\\sqrt\{{({GROUP})\}}", r"(\1)"),
    ("lost minus", r"-", ""),
    ("added minus", r"(?<=[=&(]) ?(?=\\(log|frac|int|sum|mathbb))", " -"),
    ("bar turned", r"\(([^()|]+?) \\mid ([^()|]+?)\)", r"(\2 \\mid \1)"),
    ("comma for bar", r" \\mid ", ", "),
    ("pi for 2 pi", r"2 ?\\pi", r"\\pi"),
    ("twice as much", r"\\frac\{1\}", r"2 \\frac{1}"),
    ("added square", r"(\\(mu|sigma|tau|lambda|pi|hat\{\w\})(_\w)?)(?![\^_A-Za-z])", r"\1^2"),
    ("wrong first term", r"=1\}", "=0}"),
    ("last term lost", r"\^\{([NKDHB])\}", r"^{\1-1}"),
    ("wrong limit", r"-\\infty", "0"),
    ("wrong differential", r"\\, d(x|z|t|\\epsilon)", r"\\, d\\tau"),
    ("wrong slope", r"\\partial \\(mu|sigma|pi)", r"\\partial \\lambda"),
    ("arguments of KL exchanged",
     rf"D_\{{\\mathrm\{{KL\}}\}}\(({ARGUMENT}) \\,\\\|\\, ({ARGUMENT}\))\)", r"D_{\\mathrm{KL}}(\2 \\,\\|\\, \1)"),
]  # fmt: skip
# tokens that are taken for one another
CONFUSED = [
    ["N", "K", "D", "H", "B"], ["n", "k", "d", "h", "j"], ["x", "z"], ["p", "q"], ["w", "b", "W", "t", "f"],
    [r"\mu", r"\sigma", r"\tau", r"\lambda", r"\beta"], [r"\theta", r"\phi"], [r"\epsilon", "z"], [r"\sum", r"\prod"],
    [r"\geq", r"\leq", "="], ["0", "1", "2", "3"], [r"\log", r"\exp"], [r"\mathbb{E}", r"\mathrm{Var}"],
    [r"\mathbf{I}", r"\mathbf{0}"], [r"\hat", r"\bar"], [r"\mathrm{decoder}", r"\mathrm{encoder}"], ["(", ")"],
    [r"\mathrm{diag}", r"\mathrm{tr}"],
]  # fmt: skip
DENSITIES = [
    r"q_{\phi}(z \mid x)", r"p_{\theta}(z \mid x)", r"p_{\theta}(x \mid z)", r"p_{\theta}(x, z)", "p(z)", "q(z)",
    r"p_{\theta}(x)", r"p_{*}(x)", "q(x)", "p(x)", r"q_{\phi}(z)",
]  # fmt: skip
TOKEN = re.compile(r"\\math\w+\{\w+\}|\\[A-Za-z]+|\\.|\d+|\s+|.", re.S)
FIXED = re.compile(r"\\(begin|end)\{\w+\*?\}|\\text\{[^{}]*\}|% \w+:|\\mathrm\{(KL|ELBO)\}")


@dataclass(frozen=True)
class Mutant:
    file: str
    label: str
    kind: str
    line: int  # within the block, from 1
    before: str
    after: str
    source: str = field(repr=False)

    @property
    def name(self) -> tuple[str, str, str]:
        """What an excuse must name: the equation, the kind, the line as it now reads."""
        return self.label, self.kind, self.after

    @property
    def row(self) -> int:
        """The line on which the mutated row of the block begins."""
        above = "\n".join(self.source.split("\n")[: self.line - 1])
        return above.count("\n", 0, max(above.rfind("\\\\"), 0)) + 1

    @property
    def order(self) -> str:
        """A fixed shuffle: what is edited elsewhere changes no choice here."""
        return hashlib.sha256(repr(self.name).encode()).hexdigest()


def changes(source: str) -> Iterator[tuple[str, int, int, str]]:
    """Kind, place and new text of every change."""
    for kind, pattern, new in CHANGES:
        for match in re.finditer(pattern, source):
            yield kind, match.start(), match.end(), match.expand(new)
    for match in TOKEN.finditer(source):
        for alike in CONFUSED:
            if match[0] in alike:
                for other in alike:
                    word = other[0] == "\\" and source[match.end() :][:1].isalpha()
                    yield f"for {match[0]}", *match.span(), other + " " * word
    for match in re.finditer("|".join(map(re.escape, DENSITIES)), source):
        for other in DENSITIES:
            yield f"density {other}", *match.span(), other


def mutants_of(file: str, label: str, source: str) -> Iterator[Mutant]:
    """All mutants of one block: its lines, its givens and what must follow."""
    fixed = [match.span() for match in FIXED.finditer(source)]
    seen = {source}
    for kind, begin, end, new in changes(source):
        text = source[:begin] + new + source[end:]
        if text in seen or any(begin < high and end > low for low, high in fixed):
            continue
        seen.add(text)
        place = source.count("\n", 0, begin)
        before, after = (s.split("\n")[place].strip() for s in (source, text))
        yield Mutant(file, label, kind, place + 1, before, after, text)


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
