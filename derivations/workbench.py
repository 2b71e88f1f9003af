"""Break a derivation and see which line falls: the book's chains, their slips, an editor.

The chains are read from the chapters by label: an equation is written once.
"""

import asyncio
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import accumulate
from pathlib import Path

from IPython.display import HTML
from ipywidgets import HTML as Markup
from ipywidgets import Dropdown, HTMLMath, Layout, Textarea, VBox

from derivations.chapters import chapters, displays
from derivations.evaluate import Budget
from derivations.notation import RELATIONS
from derivations.report import Report, check_block, with_given
from derivations.scope import Scope

# In a clone the chapters stand beside the packages; a wheel has a copy in this one.
BOOKS = [Path(__file__).resolve().parents[1] / "book", Path(__file__).with_name("book")]
BOOK = next((folder for folder in BOOKS if (folder / "_toc.yml").exists()), BOOKS[0])
LONGEST = 6_000  # characters that the editor judges
MOST_EFFORT = 150_000_000  # numbers computed for one chain: about five seconds
PAUSE = 0.4  # seconds without a keystroke before the chain is judged

# WRONG, on purpose: the last formula of the source note (row 12 of the errata).
THE_NOTES_LAST_LINE = r"""\begin{aligned}
% given: z \sim q_{\phi}(z \mid x)
\mathrm{ELBO}(x; \theta, \phi)
&= \mathbb{E}_{q_{\phi}(z \mid x)}[\log p_{\theta}(x \mid z)]
 - D_{\mathrm{KL}}(q_{\phi}(z \mid x) \,\|\, p(z)) \\
&\approx -\frac{1}{2} \sum_{d=1}^{D} (x_d - \hat{x}_d)^2
 - \frac{1}{2} \sum_{h=1}^{H} (1 + \log \sigma_h^2 - \mu_h^2 - \sigma_h^2)
 + \text{const}
\end{aligned}"""


# ---------------------------------------------------------------- the chains
@cache
def _book() -> dict[str, str]:
    """The LaTeX of every labelled equation of the chapters."""
    found = {
        display.label: display.source
        for chapter in chapters(BOOK)
        for display in displays(chapter.read_text(encoding="utf-8"))
    }
    if not found:
        raise FileNotFoundError(f"no chapters in {BOOK}: run this from the book's folder")
    return found


def equation(label: str) -> str:
    """The LaTeX of an equation of this book, e.g. `equation("eq-evidence")`."""
    try:
        return _book()[label]
    except KeyError:
        raise ValueError(f"the book has no equation {label!r}") from None


@dataclass(frozen=True)
class Slip:
    """A famous mistake: the last `right` in an equation of the book becomes `wrong`."""

    name: str
    label: str
    right: str
    wrong: str

    @property
    def latex(self) -> str:
        """The equation with its slip."""
        before, found, after = equation(self.label).rpartition(self.right)
        if not found:
            raise ValueError(f"{self.label} has no {self.right!r} to change")
        return before + self.wrong + after


SLIPS = [
    Slip("A fraction turned over, its sign kept", "eq-elbo-two-terms",
         r"- \int q_{\phi}(z \mid x) \log", r"+ \int q_{\phi}(z \mid x) \log"),
    Slip("The arguments of the divergence exchanged", "eq-evidence",
         r"q(z) \,\|\, p_{\theta}(z \mid x)", r"p_{\theta}(z \mid x) \,\|\, q(z)"),
    Slip("An equality for a bound", "eq-evidence", r"\geq", "="),
    Slip("A lost one half", "eq-gaussian-kl-one",
         r"-\frac{1}{2} (1 + \log", r"-(1 + \log"),
    Slip("log sigma for log sigma squared", "eq-gaussian-kl-one",
         r"\log \sigma^2", r"\log \sigma"),
    Slip("A lost square", "eq-gaussian-log-density", r"(x - \mu)^2", r"(x - \mu)"),
    Slip("A lost sample index", "eq-monte-carlo-kl",
         r"\log p_{\theta}(x^{(n)})", r"\log p_{\theta}(x)"),
    Slip("A lost constant", "eq-gaussian-reconstruction",
         r" - \frac{D}{2} \log (2 \pi)", ""),
]  # fmt: skip


def specimens() -> dict[str, str]:
    """What the editor offers: the note's last line, the slips, and chains that hold."""
    broken = {"The note's last line, with its sign": THE_NOTES_LAST_LINE}
    broken |= {slip.name: slip.latex for slip in SLIPS}
    labels = [*(slip.label for slip in SLIPS), "eq-kl-mle", "eq-objective"]
    return broken | {f"As it stands: {label}": equation(label) for label in labels}


# ---------------------------------------------------------------- the verdicts
def judge(latex: str, given: str = "") -> Report:
    """As `derivations.check`, within limits of length and effort.

    >>> judge("x + y = y + x").ok
    True
    """
    if not latex.strip():
        return Report(error="There is nothing here yet: type a derivation in LaTeX.")
    if len(latex) > LONGEST:
        return Report(error=f"{len(latex)} characters; at most {LONGEST} are judged.")
    source = with_given(latex.strip("\n"), given)
    return check_block(source, Scope(), budget=Budget(MOST_EFFORT))


def verdicts(latex: str, given: str = "") -> HTML:
    """A table: each line, typeset, with its verdict and the reason."""
    return HTML(markup(judge(latex, given)))


def markup(report: Report) -> str:
    """A report as an HTML table, with the formulas typeset.

    Lines are counted as the chapters count their reasons: one for each relation.
    """
    rows = ["<tr><th>line</th><th>verdict</th><th>claim</th></tr>"]
    for number, step in enumerate(report.steps, start=1):
        verdict = f"{step.verdict.glyph} {step.verdict}"
        claim = html.escape(f"{_sign(step.relation)} {step.text}")
        rows.append(
            f"<tr><td>{number}</td><td><strong>{verdict}</strong></td>"
            f'<td><div><span class="math notranslate nohighlight">\\({claim}\\)</span>'
            "</div></td></tr>"
        )
        if step.detail:
            why = html.escape(step.detail)
            rows.append(f'<tr><td></td><td colspan="2"><pre>{why}</pre></td></tr>')
    error = f"<pre>{html.escape(report.error)}</pre>" if report.error else ""
    table = f'<table class="derivation">{"".join(rows)}</table>' if report.steps else ""
    return error + table


def _sign(relation: str) -> str:
    return RELATIONS[relation].latex[0] if relation else ""


# ---------------------------------------------------------------- side by side
def beside(wrong: str, mended: str, given: str = "") -> HTML:
    """A wrong formula and the mended one side by side, with what differs in red.

    A left side that both have stands above. Each has its verdict; under the wrong one
    stands what the judge says of it.
    """
    reports = judge(wrong, given), judge(mended, given)
    shared = _shared_left_side(wrong, mended)
    rest = difference(wrong[len(shared) :], mended[len(shared) :])
    both = zip(("published", "mended"), rest, reports, strict=True)
    head = f"<div>{_typeset(shared)}</div>" if shared else ""
    return HTML(f'<div class="beside">{head}{"".join(card(*each) for each in both)}</div>')


def _shared_left_side(one: str, other: str) -> str:
    """What stands up to the relation sign, where both formulas begin alike."""
    found = re.match(r"[^&]*?(?<![_:])(:=|=|\\geq|\\approx)(?=\s)", one)
    return found[0] if found and other.startswith(found[0]) else ""


def _typeset(latex: str) -> str:
    """A formula for a page, which may break it before a term."""
    pieces = [html.escape(rf"\(\displaystyle {piece}\)") for piece in _terms(latex)]
    return "<wbr/>".join(
        f'<span class="math notranslate nohighlight">{piece}</span>' for piece in pieces
    )


RED = r"\textcolor{#c5221f}"
MARK = re.compile(
    rf"(?P<sign>{re.escape(RED)}\{{[+-]\}}|[+-])|(?P<left>\\left\s*\\?.)|(?P<right>\\right\s*\\?.)"
    r"|\\[a-zA-Z]+|\\.|(?P<opens>[{(\[])|(?P<closes>[})\]])",
    re.S,
)
# What stands before a sign that adds: a relation, or nothing, makes it a sign of one term.
ADDS = re.compile(r"(?<!=)(?<!\\geq)(?<!\\leq)(?<!\\approx)(?<=\S)\s*$")


def _terms(latex: str) -> list[str]:
    r"""The terms of a formula, each with its sign; also of one in tall brackets.

    >>> _terms(r"-a (b - c) + d")
    ['-a (b - c)', '{} + d']
    >>> _terms(r"= -a")
    ['= -a']
    >>> print(*_terms(r"f \left( \left[ a \right] - b \right)"), sep="\n")
    f \left( \left[ a \right] \vphantom{ \left[ a \right] - b } \right.
    \left. \vphantom{ \left[ a \right] - b } {} - b \right)
    """
    depth, cuts, pairs = 0, [], []
    tall: list[int] = []  # where the brackets that are still open begin
    for mark in MARK.finditer(latex):
        begin = mark.start()
        depth += bool(mark["opens"]) - bool(mark["closes"])
        if mark["left"]:
            tall.append(mark.end())
        elif mark["right"] and tall:
            pairs.append((tall.pop(), begin))
        elif mark["sign"] and depth == 0 and len(tall) < 2 and ADDS.search(latex[:begin]):
            cuts.append(begin)
    pieces = []
    for begin, end in zip([0, *cuts], [*cuts, len(latex)], strict=True):
        piece = ("{} " if begin else "") + latex[begin:end].strip()
        for first, last in pairs:
            tallest = rf"\vphantom{{{latex[first:last]}}}"
            if first < begin < last:
                piece = rf"\left. {tallest} {piece}"
            if first < end < last:
                piece = rf"{piece} {tallest} \right."
        pieces.append(piece)
    return pieces


def card(name: str, latex: str, report: Report) -> str:
    """One half of `beside`: its name, its verdict, the formula, what is wrong with it."""
    fallen = [step for step in report.steps if not step.ok]
    told = [f"{step.verdict.glyph} {step.verdict}" for step in fallen or report.steps]
    shown = f"<pre>{html.escape(report.error)}</pre>" if report.error else ""
    shown += "".join(f'<p class="why">{_told(s.detail)}</p>' for s in fallen if s.detail)
    return (
        f'<div class="card {"right" if report.ok else "wrong"}"><p><strong>{name}</strong>'
        f"<span>{told[-1] if told else ''}</span></p>"
        f"<div>{_typeset(latex)}</div>{shown}</div>"
    )


def _told(detail: str) -> str:
    r"""What the judge says, for a page: what it quotes of the formula is typeset.

    >>> print(_told(r"if '\mu^2' had the other sign"))
    if <span class="math notranslate nohighlight">\(\mu^2\)</span> had the other sign
    """
    parts = re.split(r"'([^']*)'", detail)
    for i, quoted in enumerate(parts):
        parts[i] = html.escape(quoted)
        if i % 2 and quoted.endswith("..."):  # cut short, it is no formula any more
            parts[i] = f"<code>{parts[i]}</code>"
        elif i % 2:
            parts[i] = rf'<span class="math notranslate nohighlight">\({parts[i]}\)</span>'
    return "".join(parts)


def difference(wrong: str, mended: str) -> tuple[str, str]:
    r"""Two formulas, each with what the other lacks in red.

    >>> print(*difference(r"\frac{T}{2}", r"\frac{H}{2}"))
    \frac{\textcolor{#c5221f}{T}}{2} \frac{\textcolor{#c5221f}{H}}{2}
    """
    one, other = _tokens(wrong), _tokens(mended)
    a, b = ([token.strip() for token in tokens] for tokens in (one, other))
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    changed = [block for block in blocks if block[0] != "equal"]
    return (
        _coloured(one, [(start, end) for _, start, end, _, _ in changed]),
        _coloured(other, [(start, end) for _, _, _, start, end in changed]),
    )


def _tokens(latex: str) -> list[str]:
    """The pieces of a formula that TeX would not take apart, spaces included."""
    lines = re.sub(r"(?m)^\s*%.*\n", "", latex)
    pieces = r"\\(?:left|right)\s*(?:\\?.)|\\[a-zA-Z]+\*?|\\.|\d+|."
    return re.findall(rf"(?:{pieces})\s*", lines, re.S)


# What may not be cut off from what follows it, and what holds a formula together.
TAKES_MORE = re.compile(
    r"[\^_]|\\(frac|sqrt|hat|tilde|bar|math(rm|bf|cal|bb)|operatorname|begin|end)\b"
)
STRUCTURE = re.compile(r"[&{}^_]|\\(left|right|begin|end)\b|\\\\")


def _coloured(tokens: list[str], runs: list[tuple[int, int]]) -> str:
    """The formula with each of the runs in red, or the signs of it that can be."""
    made, at = "", 0
    for start, end in runs:
        made += "".join(tokens[at:start])
        # an exponent is one sign, and what follows it stands on the line again
        script = start > 0 and tokens[start - 1].strip() in ("^", "_") and end > start + 1
        first = start + 1 if script else start
        made += _red(tokens[start:first]) + _red(tokens[first:end])
        at = end
    return made + "".join(tokens[at:])


def _red(run: list[str]) -> str:
    text = "".join(run)
    if not text.strip():
        return text
    depths = list(accumulate((t[0] == "{") - (t[0] == "}") for t in run))
    whole = min(depths) >= 0 and depths[-1] == 0 and not TAKES_MORE.match(run[-1])
    paired = text.count(r"\left") == text.count(r"\right")
    if whole and paired and not re.match(r"[&^_]", text) and r"\\" not in text:
        return _coloured_red(text.rstrip())
    # sign by sign, where the run as a whole is no formula
    return "".join(
        t if STRUCTURE.match(t) or TAKES_MORE.match(t) else _coloured_red(t) for t in run
    )


def _coloured_red(latex: str) -> str:
    """In red; a sum is as large as without colour, with its ends above and below."""
    if re.fullmatch(r"\\(sum|prod)\s*", latex):
        return rf"\mathop{{{RED}{{\displaystyle {latex}}}}}\limits"
    style = r"\displaystyle " if re.search(r"\\(sum|prod|int)\b", latex) else ""
    return rf"{RED}{{{style}{latex}}}"


# ---------------------------------------------------------------- the editor
class Workbench(VBox):
    """A menu of chains, an editor, the formula typeset, and the verdicts under it."""

    def __init__(self) -> None:
        self.chains = specimens()
        wide = Layout(width="100%")
        self.menu = Dropdown(options=list(self.chains), description="chain", layout=wide)
        self.editor = Textarea(
            self.chains[self.menu.value], rows=12, description="LaTeX", layout=wide
        )
        self.formula, self.table = HTMLMath(), Markup()
        self.later = Later(PAUSE, self.show)
        self.menu.observe(self._choose, "value")
        self.editor.observe(lambda _: self.later(), "value")
        self.show()
        super().__init__([self.menu, self.editor, self.formula, self.table])

    def _choose(self, change: dict[str, str]) -> None:
        self.editor.value = self.chains[change["new"]]

    def show(self) -> None:
        """Judge what stands in the editor."""
        latex = self.editor.value
        self.formula.value = f"$$\n{html.escape(latex)}\n$$"
        try:
            self.table.value = markup(judge(latex))
        except Exception as error:  # an editor never dies of what is typed
            self.table.value = f"<pre>{html.escape(repr(error))}</pre>"


class Later:
    """Call once, when nobody has asked again for a while."""

    def __init__(self, pause: float, action: Callable[[], None]):
        self.pause, self.action = pause, action
        self.waiting: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel, as in a test: at once
            self.action()
            return
        if self.waiting is not None:
            self.waiting.cancel()
        self.waiting = loop.call_later(self.pause, self.action)
