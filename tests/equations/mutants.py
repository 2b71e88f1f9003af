"""Change one thing in a chain's LaTeX, as a tired author would; is it noticed?

    python tests/equations/mutants.py [book ...] [--seed 0] [--most 1000]

Every mutant that is not noticed is printed with the reason that makes it a true
statement; one without a reason is a hole in the checker.
"""
# ruff: noqa: E501 (a formula stays on its line)

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from note import CORRECT  # noqa: E402

from vae_lib.equations.block import read_block  # noqa: E402
from vae_lib.equations.chain import judge_block  # noqa: E402
from vae_lib.equations.ledger import chapters, displays  # noqa: E402
from vae_lib.equations.quantity import Meaningless  # noqa: E402
from vae_lib.equations.read import ReadingError  # noqa: E402
from vae_lib.equations.report import check_block  # noqa: E402
from vae_lib.equations.scope import Scope  # noqa: E402
from vae_lib.equations.worlds import Foreign  # noqa: E402

THETA, PHI = r"\\theta", r"\\phi"
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
FRACTION = re.compile(r"\\d?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
ARGUMENTS = re.compile(
    r"D_\{\\(?:mathrm|text)\{KL\}\}\((?P<a>.+?)(?P<bar> \\,\\\|\\, | \\; \\vert\\vert \\; )(?P<b>.+?\)|p_\{\\theta\})\)"
)


@dataclass(frozen=True)
class Mutant:
    label: str
    kind: str
    line: int  # within the block, from 1
    before: str
    after: str
    source: str

    def show(self) -> str:
        return f"{self.label}:{self.line} {self.kind}\n    {self.before}\n    {self.after}"


def mutants_of(label: str, source: str) -> Iterator[Mutant]:
    """All mutants of one block; its comments and its sampling statements stay."""
    offset = 0
    for number, line in enumerate(source.split("\n"), start=1):
        if not line.lstrip().startswith("%"):
            for kind, begin, end, new in _changes(line):
                changed = line[:begin] + new + line[end:]
                text = source[:offset] + changed + source[offset + len(line) :]
                yield Mutant(label, kind, number, line.strip(), changed.strip(), text)
        offset += len(line) + 1


def _changes(line: str) -> Iterator[tuple[str, int, int, str]]:
    for kind, pattern, new in CHANGES:
        for match in re.finditer(pattern, line):
            yield kind, match.start(), match.end(), match.expand(new)
    for match in FRACTION.finditer(line):
        if match[1] != match[2] and "partial" not in match[0]:
            yield "fraction turned", *match.span(), rf"\frac{{{match[2]}}}{{{match[1]}}}"
    for match in ARGUMENTS.finditer(line):
        swapped = match["b"] + match["bar"] + match["a"]
        yield "arguments of KL exchanged", match.start("a"), match.end("b"), swapped


# A definition cannot be false by itself; what rests on it can. Its mutants do not count.
DEFINES = re.compile(r":=|^(f\(x\)|q\(z\)) = ")


def lines_of(source: str) -> str:
    """One relation a line, so that a mutant has a line of its own."""
    return re.sub(r"\\\\ *(?=&)", "\\\\\\\\\n", source)


def noticed(mutant: Mutant, page: Scope, seed: int) -> bool:
    """Does any relation at the mutated line fail? Relations far from it are not asked."""
    try:
        block = read_block(mutant.source)
        places, place = set(), 0
        for statement in block.lines:
            for _ in statement.rest:
                place += 1
                if statement.number == mutant.line:
                    places |= {place, place + 1}
            if statement.first is not None and statement.number == mutant.line:
                places.add(place + 1 if not statement.rest else place)
        steps = judge_block(block, page.copy(), seed, False, only=frozenset(places))
    except (ReadingError, Meaningless, Foreign):
        return True
    return not steps or not all(step.ok for step in steps)


def blocks(paths: list[Path]) -> Iterator[tuple[str, str, Scope]]:
    """Every correct block with the scope of its page just before it."""
    for label, source in CORRECT.items():
        yield "note-" + label, lines_of(source), Scope()
    for path in paths:
        for file in chapters(path):
            page = Scope()
            for display in displays(file.read_text(encoding="utf-8")):
                before = page.copy()
                report = check_block(display.source, page, symbolic=False)
                if report.ok and all(step.verdict != "exempt" for step in report.steps):
                    yield display.label, lines_of(display.source), before


# Why an unnoticed mutant is true all the same: kind of change, pattern of the line before
# the change, reason. Each was worked out by hand; what fits none of them is a hole.
BEST_THETA = r"\\underset\{\\theta\}.*\\int q\(z\) \\log"
BEST = r"arg\\?,?(max|min)"
REASONS: list[tuple[str, str, str]] = [
    ("lost factor|wrong factor", BEST + r"[^(\[]*d?frac\{1\}\{N\} \\sum", "a positive factor is free under argmax"),
    ("fraction turned", BEST + r".*frac\{1\}\{N\}", "a positive factor is free under argmax"),
    ("lost log", BEST + r".*\\log(_e)? p_\{\\theta\}\(\\mathcal\{D\}\)", "log is increasing"),
    ("lost log", BEST + r".*\\log p_\{\*\}", "what is free of theta moves no argmin"),
    ("lost log", r"^\\log p_\S+ *&?\\geq", "p >= log p, so the bound is only weaker"),
    ("sign", r"\+ \\text\{const\}", "a constant has either sign"),
    ("sign", r"\\mathcal\{N\}\(\\epsilon; 0, 1\).*\\sigma \\epsilon", "epsilon is symmetric"),
    ("p for q|q for p|wrong population", r"\\int (p|q)\S* ?(\\, )?d[xz]", "any density integrates to 1"),
    ("p for q|q for p", r"\\int (p|q)\S+ \\log p_\{\\theta\}\(x\S*\) (\\, )?d", "any density integrates to 1"),
    ("p for q|q for p", r"frac\{p_\{\\theta\}\(x(\^\{\(n\)\})?, z\)\}\{p_\{\\theta\}\(z",
     "p(x, z)/p(z | x) is p(x): any density averages it to itself"),
    ("p for q|q for p", r"\\int q\S+ \(?mid x\) \\frac\{p_\{\\theta\}\(x, z\)\}|\\int q_\{\\phi\}\(z \\mid x\) \\frac",
     "p(x, z)/p(z | x) is p(x): any density averages it to itself"),
    ("p for q|q for p", BEST_THETA, "only theta moves, and p(z)/q(z) is free of it"),
    ("conditional for joint", BEST_THETA, "only theta moves, and p(z) is free of it"),
    ("conditioning lost", r"\\int p_\{\\theta\}\(x \\mid z\) p\(z\)", "p(x) integrates over p(z) to itself"),
    ("(wrong|lost) sample index", BEST + r".*log p_\{\*\}", "what is free of theta moves no argmin"),
    ("wrong sample index", r"\\mathbb\{E\}.*frac\{1\}\{(N|K)\} \\sum", "each sample has the same expectation"),
    ("arguments of KL exchanged", r"\\geq 0$", "both divergences are non-negative"),
    ("half for double", r"partial", "a constant has no slope"),
    ("conditioning lost", r"\\mathbb\{E\}_\{p\(z\)\}.*p_\{\\theta\}\(x \\mid z\) \\right\]$", "p(x) is its own mean"),
    ("sigma for mu", r"partial \\lambda\}.*N\}\(z; \\mu, \\exp", "the slope in the variance has no mean in it"),
    ("sign", r"E\}_\{p\(a\) p\(b\)\}.*\+ t b_h", "a and b are independent, with mean 0"),
    ("lost square", r"z_h\^4.*E\}_\{p\(z\)\}\\left\[ z_h\^2 \\right\] \\right\)\^2", "the mean of z_h^2 is 1"),
    ("sign", r"\\geq -\\int p\(x\) .*q\(x\)\}\{p\(x\)\} - 1", "this integral is 0"),
]  # fmt: skip


def reason(mutant: Mutant) -> str:
    """Why an unnoticed mutant is a true statement; empty if nothing is known."""
    for kind, pattern, why in REASONS:
        if re.fullmatch(kind, mutant.kind) and re.search(pattern, mutant.before):
            return why
    return ""


def chosen(paths: list[Path], most: int, seed: int = 0) -> list[tuple[Mutant, Scope]]:
    """At most `most` mutants, spread over the blocks and the kinds of change."""
    rng = random.Random(seed)
    everything = [
        (mutant, page)
        for label, source, page in blocks(paths)
        for mutant in mutants_of(label, source)
        if not DEFINES.search(mutant.before)
    ]
    rng.shuffle(everything)
    return everything[:most]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=1000)
    options = parser.parse_args()
    mutants = chosen(options.paths, options.most, options.seed)
    survivors = [m for m, page in mutants if not noticed(m, page, options.seed)]
    holes = [m for m in survivors if not reason(m)]
    for mutant in survivors:
        print(mutant.show(), f"\n    {reason(mutant) or 'NO REASON'}")
    print(f"{len(mutants)} mutants, {len(mutants) - len(survivors)} noticed, "
          f"{len(survivors) - len(holes)} equivalent, {len(holes)} holes")  # fmt: skip
    return 1 if len(holes) > 0.01 * len(mutants) else 0


if __name__ == "__main__":
    sys.exit(main())
