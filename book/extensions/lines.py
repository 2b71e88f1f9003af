"""Each display equation as lines: what `lines.js` needs to draw them.

The page carries the display and the reasons as ever: so it reads where no script runs, and
so it is searched. A script of a page's own, `_static/lines/PAGE.js`, holds the pieces into
which the checker cuts each line, and what the judges said of it. A call right behind each
display, `lines.draw(...)`, makes one of the other while the page is still being read, so
that nothing jumps.

A display whose relations are followed by as many numbered reasons becomes a figure: a line,
its mark, its reason. Any other display only learns where it may break, and so does each
claim of a table of verdicts that a cell shows.
"""

import html
import json
import re
from pathlib import Path

from changes import as_shown
from docutils import nodes
from ledger import PAGE, page_of, row_id, shown
from sphinx.application import Sphinx
from words import readable, say, say_found

from derivations.chapters import Row, displays
from derivations.lines import Line, lines_of
from derivations.verdict import Verdict

FOLDER = "lines"
CHECKED = "how-checked"
# A sign that would stand alone on a line, before or behind a formula; and a Korean
# particle, which belongs to the word before it.
OPENS = re.compile(r"[(\[“‘]+\Z")
CLOSES = re.compile(
    r"[.,;:!?)\]”’…-]+\w{0,8}[.,;:!?)\]”’…]*|[가-힣]{1,3}(?![가-힣])[.,;:!?)\]”’]*"
)
# A claim in a table of verdicts, as derivations/workbench.py prints it.
CLAIM = re.compile(
    r'(?<=<td><div)(?=><span class="math notranslate nohighlight">'
    r"\\\((.*?)\\\)</span></div>)",
    re.S,
)
# A formula whose TeX is longer may be as wide as a phone.
SHORT = 30


def lines_of_page(app: Sphinx, page: str) -> dict[str, list[Line]]:
    """The lines of each labelled display of a page that can be cut apart."""
    text = Path(app.env.doc2path(page)).read_text(encoding="utf-8")
    found = {d.label: lines_of(d.source) for d in displays(text) if d.label}
    return {label: lines for label, lines in found.items() if lines}


def place_calls(app: Sphinx, doctree: nodes.document) -> None:
    """Behind each display, or behind its reasons, the call that draws its lines."""
    keep_signs_with_formulas(doctree)
    if not app.env.doc2path(app.env.docname).endswith(".md"):
        return
    known = lines_of_page(app, app.env.docname)
    for block in list(doctree.findall(nodes.math_block)):
        label = block.get("label")
        if label not in known or not isinstance(block.parent, nodes.Element):
            continue
        reasons = reasons_of(block)
        last = reasons if len(reasons) == len(known[label]) > 1 else block
        call = f"<script>lines.draw({json.dumps(label)})</script>"
        last.parent.insert(last.parent.index(last) + 1, nodes.raw("", call, format="html"))


def reasons_of(block: nodes.math_block) -> nodes.Element:
    """The numbered list that follows at once, or an empty one."""
    after = block.parent.children[block.parent.index(block) + 1 :]
    if after and isinstance(after[0], nodes.enumerated_list):
        return after[0]
    return nodes.enumerated_list()


def keep_signs_with_formulas(doctree: nodes.document) -> None:
    """A comma stays on the line of the formula before it, a bracket on that of the next."""
    for formula in list(doctree.findall(nodes.math)):
        parent = formula.parent
        place = parent.index(formula)
        before = parent[place - 1] if place else None
        after = parent[place + 1] if place + 1 < len(parent) else None
        opens = OPENS.search(before) if isinstance(before, nodes.Text) else None
        closes = CLOSES.match(after) if isinstance(after, nodes.Text) else None
        if closes and closes[0][0].isalpha() and len(formula.astext()) > SHORT:
            closes = None
        if not (opens or closes):
            continue
        held = nodes.inline(classes=["held"])
        parent[place] = held
        if opens:
            parent[place - 1] = nodes.Text(before[: opens.start()])
            held += nodes.Text(opens[0])
        held += formula
        if closes:
            parent[place + 1] = nodes.Text(after[closes.end() :])
            held += nodes.Text(closes[0])


def with_cut_claims(body: str) -> str:
    """A page's tables of verdicts say where each claim may break."""

    def cut(claim: re.Match[str]) -> str:
        latex = html.unescape(claim[1])
        lines = as_shown(lines_of(f"x {latex}"))  # a claim has no left side
        if len(lines) != 1:
            return ""
        data = json.dumps(lines[0] | {"says": latex})
        return f' data-claim="{html.escape(data)}"'

    return CLAIM.sub(cut, body)


# ---------------------------------------------------------------- what the judges said
def verdict(row: Row) -> dict[str, object]:
    """A row of the ledger in words: the verdict, its mark, and the facts behind it."""
    numbers = shown(row)
    if row.draws:
        count = {"draws": row.draws, "worlds": len(row.worlds)}
        numbers += (
            say(", at {draws} random draws in {worlds} worlds", **count)
            if len(row.worlds) > 1
            else say(", at {draws} random draws in 1 world", **count)
        )
    if row.worst and row.relation in ("=", "≈", ":="):
        worst = readable(f"{row.worst:.0e}")
        numbers += say("; the two sides differ by {worst} at most", worst=worst)
    settled = (
        say("the two sides are one formula")
        if row.symbolic
        else say("no proof was found: the numbers alone speak for this line")
    )
    asked = row.verdict in (Verdict.PROVED, Verdict.TESTED)
    facts = {
        say("Algebra (SymPy)"): settled if asked else "", say("Numbers"): numbers,
        say("Worlds"): "; ".join(map(say_found, row.worlds)),
        say("At a point"): readable(both_sides(row.values.removeprefix("at "))),
        say("Note"): " ".join([row.detail, *map(note, row.notes)]).strip(),
    }  # fmt: skip
    said = [[name, fact] for name, fact in facts.items() if fact]
    word = str(row.verdict)
    return {
        "verdict": word, "word": say(word), "glyph": row.verdict.glyph, "facts": said,
    }  # fmt: skip


def both_sides(values: str) -> str:
    if slopes := re.fullmatch(r"slopes (.*) and (.*)", values):
        return say("slopes {left} and {right}", left=slopes[1], right=slopes[2])
    return re.sub(
        r"left = (.*), right = (.*)$",
        lambda found: say("left = {left}, right = {right}", left=found[1], right=found[2]),
        values,
    )


def note(text: str) -> str:
    if alone := re.fullmatch("judged in one world only, (.*)", text):
        return say("judged in one world only, {world}", world=say_found(alone[1]))
    return text


def write_lines(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """The scripts of a page: one that fits formulas, and what stands in its displays."""
    if doctree is None or 'class="math' not in context.get("body", ""):
        return
    context["body"] = with_cut_claims(context["body"])
    # Not deferred: the calls in the page need them.
    app.add_css_file("lines.css", priority=600)
    app.add_js_file("lines.js", priority=600)
    if not (known := lines_of_page(app, pagename)):
        return
    rows: dict[str, list[Row]] = {}
    for row in app.ledger:
        if page_of(row) == pagename:
            rows.setdefault(row.label, []).append(row)
    ledger = app.builder.get_relative_uri(pagename, PAGE)
    checked = app.builder.get_relative_uri(pagename, CHECKED)
    data = {}
    for label, lines in known.items():
        said = rows.get(label, [])
        links = {"ledger": f"{ledger}#{row_id(label)}", "checked": checked}
        data[label] = links | {"lines": [
            line | (verdict(said[i]) if i < len(said) else {})
            for i, line in enumerate(as_shown(lines))
        ]}  # fmt: skip
    name = f"{FOLDER}/{pagename}.js"
    file = Path(app.outdir) / "_static" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    file.write_text(f"lines.know({text});\n", encoding="utf-8")
    app.add_js_file(name, priority=601)


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", place_calls)
    app.connect("html-page-context", write_lines, priority=700)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
