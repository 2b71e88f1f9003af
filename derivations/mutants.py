"""What may go wrong in a formula: one thing changed, as a tired author would change it.

The tests ask whether the judges notice; the book asks its readers (`slips.py`).
"""
# ruff: noqa: E501 (a formula stays on its line)

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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
# The mistakes of textbooks: each is a false rule of algebra, not a typing error.
PLAIN = r"(?:\\hat\{\w\}|\\?[A-Za-z]+)(?:_\w)?"  # one symbol
INSIDE = r"(?:(?! [+-] |\\left\[|\\right\]).)*?"  # one term, in square brackets
TERM = rf"(?:(?! [+-] )(?:{GROUP[3:-2]}))+"  # one term, in braces
UNDER = rf"\\mathbb\{{E\}}_\{{{GROUP}\}}"
CLASSICS: list[tuple[str, str, str]] = [
    ("square of a difference", rf"\(({PLAIN}) - ({PLAIN})\)\^2", r"(\1^2 - \2^2)"),
    ("log of a sum", r"\\log \\left\( (\\exp\([^()]*\)) \+ (\\exp\([^()]*\)) \\right\)", r"\\log \1 + \\log \2"),
    ("log of a sum", r"\\log \(([^()+]+) \+ ([^()+]+)\)", r"\\left( \\log \1 + \\log \2 \\right)"),
    ("log of a sum", r"(\\sum_\{[a-z]=1\}\^\{\w\}) \\log ", r"\\log \1 "),
    ("log of an average", rf"({UNDER})\\left\[ \\log ({INSIDE}) \\right\]", r"\\log \1\\left[ \2 \\right]"),
    ("log of an average", rf"\\log ({UNDER})\\left\[ ({INSIDE}) \\right\]", r"\1\\left[ \\log \2 \\right]"),
    ("denominator dropped", rf"\\frac\{{({TERM})\}}\{{{GROUP}\}}", r"\1"),
    ("root dropped", rf"\\sqrt\{{({TERM})\}}", r"\1"),
    ("lost constant", r" - \\frac\{\w\}\{2\} \\log \(2 \\pi\)", ""),
    ("lost constant", r"-\\frac\{\w\}\{2\} \\log \(2 \\pi\) (?=-)", ""),
    ("lost constant", r" \+ \\log \\frac\{1\}\{\\sqrt\{\(2 \\pi\)\^D\}\}", ""),
    ("N minus one", r"\\frac\{1\}\{N\}", r"\\frac{1}{N - 1}"),
    ("lost weight", rf"\\int ({'|'.join(map(re.escape, DENSITIES))}) (?=[\\fp])", r"\\int "),
    ("lost weight", r"q_\{\\phi\}\(z \\mid x\) (?=\\nabla_\{\\phi\} \\log)", ""),
    ("lost stretch", r"\\sigma \\, d\\epsilon", r"\\, d\\epsilon"),
]  # fmt: skip
TOKEN = re.compile(r"\\math\w+\{\w+\}|\\[A-Za-z]+|\\.|\d+|\s+|.", re.S)
FIXED = re.compile(r"\\(begin|end)\{\w+\*?\}|\\text\{[^{}]*\}|% \w+:|\\mathrm\{(KL|ELBO)\}")


@dataclass(frozen=True)
class Mutant:
    """A block with one change; `begin` is where in the block `old` became `new`."""

    file: str
    label: str
    kind: str
    line: int  # within the block, from 1
    before: str
    after: str
    source: str = field(repr=False)
    begin: int = field(default=0, repr=False)
    old: str = field(default="", repr=False)
    new: str = field(default="", repr=False)

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
    for kind, pattern, new in CLASSICS:
        for match in re.finditer(pattern, source):
            yield kind, match.start(), match.end(), match.expand(new)


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
        old = source[begin:end]
        yield Mutant(file, label, kind, place + 1, before, after, text, begin, old, new)
