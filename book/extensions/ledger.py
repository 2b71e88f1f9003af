"""The ledger: what the two judges say about every displayed equation of the book.

At build time all equations are judged, or the verdicts of the last build are taken where
no chapter and no line of the judges has changed. Three things come of them: a warning,
hence a failed build, for an equation that does not hold or that nobody judged; a small
mark beside each equation; and the tables of the page `ledger`, where the marks lead.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import asdict
from html import escape
from itertools import groupby
from pathlib import Path

from between_builds import cache_of, english_book, kept, keys_of
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from words import name_of, readable, say, say_found

from derivations import Verdict
from derivations.chapters import Row, chapters, duplicates, judge_chapters
from derivations.verdict import BROKEN, weakest

PAGE = "ledger"
# What the numbers showed, where the judge has nothing to add.
SHOWN = {"=": "equal", ":=": "has a value", "≈": "equal", "≥": "never violated"}
SHOWN |= {"≤": "never violated", "∝": "proportional"}
# How they showed it, in the judges' own words, but for those that are the judges' alone.
PLAIN = {"an adversary's least gap is": "the smallest gap that a search found is"}
HOW = (
    "from here on", "agrees with what the worlds know", "names the maximiser", "rounded",
    "same slopes up to a positive factor", "the slope vanishes and neighbours are lower",
    "unbiased", "unbiased, z-score {n}", "consistent, biased at finite size",
    "the smallest gap that a search found is {n}",
)  # fmt: skip
COLUMNS = "equation|step|sign|verdict|SymPy|numbers|draws|worst|time"

logger = logging.getLogger(__name__)


# ---------------------------------------------------------------- verdicts
def judged(book: Path, cache: Path) -> list[Row]:
    """The rows of all chapters; from the cache, of those that have not changed since."""
    files = {file.relative_to(book).as_posix(): file for file in chapters(book)}

    def judge(names: list[str]) -> Iterator[dict]:
        found = judge_chapters([files[name] for name in names], processes=2)
        for name, rows in zip(names, found, strict=True):
            yield {"rows": [asdict(row) | {"file": name} for row in rows]}

    pages = kept(cache, keys_of(files), judge, rows_in)
    rows = [row for page in pages.values() for row in rows_in(page)]
    for row in duplicates(list(files.values())):
        row.file = Path(row.file).relative_to(book).as_posix()
        rows.append(row)
    return rows


def rows_in(page: dict) -> list[Row]:
    return [Row(**row) for row in page["rows"]]


def page_of(row: Row) -> str:
    return row.file.removesuffix(".md")


def verdict(rows: Iterable[Row]) -> str:
    """One word for a whole equation; what it only defines counts if it claims nothing."""
    worst = weakest(row.verdict for row in rows)
    return worst if worst.ok or worst is Verdict.NOT_UNDERSTOOD else "broken"


def verdicts(rows: Iterable[Row]) -> dict[str, str]:
    return {label: verdict(group) for label, group in groupby(rows, lambda r: r.label)}


# ---------------------------------------------------------------- what fails a build
def complaints(rows: Iterable[Row]) -> Iterator[tuple[tuple[str, int], str]]:
    """Where and why the build must fail: ((page, line), message)."""
    for row in rows:
        if not row.ok:
            what = " ".join(f"{row.relation} {row.text}".split())
            what = what if len(what) < 90 else what[:87] + "..."
            name = row.label or "an equation"
            yield (page_of(row), row.line), f"{name} is {row.verdict}: {what}\n{row.detail}"


def orphans(rows: Iterable[Row], drawn: Container[str]) -> Iterator[tuple[str, str]]:
    """Rows whose equation is on no page: (page, message)."""
    for label, page in {row.label: page_of(row) for row in rows if row.label}.items():
        if label not in drawn:
            yield page, f"the ledger has a row for {label}, but no page shows it"


def judge_the_book(app: Sphinx) -> None:
    app.ledger_cache = cache_of(app, "ledger.json")
    app.ledger = judged(english_book(app), app.ledger_cache)
    app.verdicts = verdicts(app.ledger)
    for place, message in complaints(app.ledger):
        logger.warning(message, location=place)


def look_for_orphans(app: Sphinx, env) -> None:
    for page, message in orphans(app.ledger, env.get_domain("math").equations):
        logger.warning(message, location=page)


def look_for_unjudged(app: Sphinx, doctree: nodes.document) -> None:
    """An equation without a row: it is not written as the judges read it."""
    here = [row for row in app.ledger if page_of(row) == app.env.docname]
    told = any(row.verdict is Verdict.UNLABELLED for row in here)
    labels = {row.label for row in here}
    for block in doctree.findall(nodes.math_block):
        label = block.get("label")
        if label in labels or _is_output(block) or told and not label:
            continue
        message = "this equation is not judged: write it as $$ ... $$ (eq-...)"
        logger.warning(message, location=block)


def _is_output(node: nodes.Node) -> bool:
    """What a cell prints is no part of the text."""
    while node.parent is not None:
        node = node.parent
        if "cell_output" in node.get("classes", ()):
            return True
    return False


# ---------------------------------------------------------------- beside an equation
def visit_math_block(translator, node: nodes.math_block) -> None:
    """As the theme draws it, with the mark after the equation's number."""
    begin = len(translator.body)
    try:
        type(translator).visit_math_block(translator, node)
    finally:  # Sphinx leaves by raising SkipNode
        number = r'<span class="eqno">'
        label, app = node.get("label"), translator.builder.app
        places = range(begin, len(translator.body))
        here = [i for i in places if translator.body[i].startswith(number)]
        if here and label in app.verdicts:
            href = translator.builder.get_relative_uri(node["docname"], PAGE)
            end = translator.body.index("</span>", here[0])
            translator.body.insert(
                end, mark(app.verdicts[label], f"{href}#{row_id(label)}")
            )


def mark(verdict: str, href: str) -> str:
    glyph = BROKEN if verdict == "broken" else Verdict(verdict).glyph
    says = say("{verdict}: see the ledger", verdict=say(verdict))
    name = verdict.replace(" ", "-")
    return (
        f'<a class="verdict verdict-{name}" href="{href}" title="{says}" '
        f'aria-label="{says}">{glyph}</a>'
    )


def row_id(label: str) -> str:
    return f"ledger-{label}"


# ---------------------------------------------------------------- the page
class Ledger(SphinxDirective):
    """`{ledger} counts`, `{ledger} strip`, `{ledger} exempt` or `{ledger} tables`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        app = self.env.app
        # The page is made anew when the verdicts are.
        self.env.note_dependency(str(app.ledger_cache))
        rows, what = app.ledger, self.arguments[0]
        if what == "tables":
            book = Path(app.srcdir)
            labelled = (row for row in rows if row.label)
            return [table_of_page(book, *part) for part in groupby(labelled, page_of)]
        if what == "strip":
            return [nodes.raw("", strip(Path(app.srcdir), rows), format="html")]
        text = {"counts": counts, "exempt": exempt}[what](rows)
        return self.parse_text_to_nodes(text)


def counts(rows: list[Row]) -> str:
    found = Counter(row.verdict for row in rows)
    labels, pages = {row.label for row in rows}, {row.file for row in rows}
    return say(
        "The book has {labels} displayed equations on {pages} pages. They make {steps} "
        "steps, one for each relation sign: **{proved} proved**, **{tested} tested**, "
        "**{definitions} definitions**, {exempt} exempt. "
        "The numbers took {seconds} seconds of one processor.",
        labels=len(labels),
        pages=len(pages),
        steps=len(rows),
        proved=found["proved"],
        tested=found["tested"],
        definitions=found["definition"],
        exempt=found["exempt"],
        seconds=f"{sum(row.seconds for row in rows):.1f}",
    )


def exempt(rows: list[Row]) -> str:
    reasons = [
        f"- {{eq}}`{r.label}`: {r.detail}" for r in rows if r.verdict is Verdict.EXEMPT
    ]
    return "\n".join(reasons) or say("No equation of this book is exempt.")


def strip(book: Path, rows: list[Row]) -> str:
    """All verdicts at a glance, in HTML: a line a page, a cell an equation."""
    lines = []
    for page, here in groupby((row for row in rows if row.label), page_of):
        cells = []
        for label, steps in groupby(here, lambda row: row.label):
            word = verdict(steps)
            glyph = BROKEN if word == "broken" else Verdict(word).glyph
            says = f"{say(name_of(label))}: {say(word)}"
            cells.append(
                f'<a class="cell-{word.replace(" ", "-")}" href="#{row_id(label)}" '
                f'title="{says}" aria-label="{says}">{glyph}</a>'
            )
        title = escape(title_of(book, page))
        lines.append(f"<li><span>{title}</span><span>{''.join(cells)}</span></li>")
    return f'<ul class="ledger-strip">{"".join(lines)}</ul>'


def title_of(book: Path, page: str) -> str:
    source = (book / f"{page}.md").read_text(encoding="utf-8")
    return re.search(r"(?m)^# (.*)$", source)[1]


def table_of_page(book: Path, page: str, rows: Iterable[Row]) -> nodes.section:
    title = title_of(book, page)
    section = nodes.section(ids=[f"{PAGE}-{page}"])
    section += [nodes.title(title, title), table(page, rows)]
    return section


def table(page: str, rows: Iterable[Row]) -> nodes.table:
    names = COLUMNS.split("|")
    group = nodes.tgroup(cols=len(names))
    group += [nodes.colspec(colwidth=1) for _ in names]
    head, body = nodes.thead(), nodes.tbody()
    head += table_row([entry(say(name)) for name in names])
    for label, steps in groupby(rows, lambda row: row.label):
        steps = list(steps)
        first = nodes.entry("", equation(label), morerows=len(steps) - 1)
        for number, step in enumerate(steps, start=1):
            cells = [entry(text) for text in facts(number, step)]
            for name, cell in zip(names, [first, *cells], strict=True):
                cell["classes"] = [f"ledger-{name.lower()}"]  # style sheets go by it
            body += table_row([first, *cells] if number == 1 else cells)
        body[-len(steps)]["ids"].append(row_id(label))
    group += [head, body]
    return nodes.table("", group, classes=["ledger"])


def table_row(cells: list[nodes.entry]) -> nodes.row:
    return nodes.row("", *cells)


def entry(text: str) -> nodes.entry:
    return nodes.entry("", nodes.paragraph(text, text))


def equation(label: str) -> nodes.paragraph:
    """A link to the equation, by its number, and its name."""
    link = addnodes.pending_xref(
        "", nodes.literal(label, label), refdomain="math", reftype="eq", reftarget=label,
        refdoc=PAGE, refexplicit=False, refwarn=True,
    )  # fmt: skip
    return nodes.paragraph("", "", link, nodes.Text(f" {say(name_of(label))}"))


def facts(number: int, step: Row) -> list[str]:
    """The cells of one step, after the equation's."""
    numbers = shown(step)
    compared = step.relation in ("=", "≈", ":=") and step.worlds and step.how != "rounded"
    if "at every draw" in step.values:
        numbers, compared = say("equal up to a constant"), False  # which has no measure
    worst = "0" if step.draws and compared else "–"
    worst = readable(f"{step.worst:.0e}") if step.worst else worst
    draws = "–"
    if step.draws:
        draws = say("{draws} in {worlds}", draws=step.draws, worlds=len(step.worlds))
    return [
        str(number), step.relation, f"{step.verdict.glyph} {say(str(step.verdict))}",
        say(step.symbolic) if step.symbolic else "–", numbers, draws, worst,
        f"{1000 * step.seconds:.0f} ms" if step.seconds else "–",
    ]  # fmt: skip


def shown(step: Row) -> str:
    """What the numbers showed, in a word or two."""
    words = step.how or SHOWN.get(step.relation, "")
    for judges, plain in PLAIN.items():
        words = words.replace(judges, plain)
    return words and say_found(words)


def setup(app: Sphinx) -> dict:
    app.add_directive("ledger", Ledger)
    app.add_node(nodes.math_block, override=True, html=(visit_math_block, None))
    app.connect("builder-inited", judge_the_book)
    app.connect("doctree-read", look_for_unjudged)
    app.connect("env-check-consistency", look_for_orphans)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
