"""How a code cell looks on its page: pictures first, code at hand.

A cell that is marked `hide-input` shows what it makes, and under that a line that opens its
code and says what the code is for: 'Code for Fig. 1.1'. A cell that prepares a figure and
shows nothing itself is folded together with the figure's own code.

A still whose cell gives it the class `panels` is cut where a column of it is blank. Its
panels stand beside each other, and on a phone one below the other, where letters stay
legible.

What `vae_lib.checks.agree` and `claim` printed become tables; a claim's name leads to its
row of the page 'How the experiments are checked'. The text stays what the notebook holds
and what a terminal shows.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from docutils import nodes
from PIL import Image
from pygments.formatters import HtmlFormatter
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from words import say

logger = logging.getLogger(__name__)

COMPARISON = re.compile(
    r"^(?P<quantity>.+): agree\n"
    r"  (?P<symbolic>\S+) symbolic, (?P<other>\S+) (?:numerical|estimated): "
    r"(?:within (?P<within>.+)"
    r"|difference (?P<difference>\S+), SE (?P<error>\S+), z [+-](?P<z>\S+))\n",
    re.M,
)
CLAIM = re.compile(
    r"^claim (?P<name>[\w-]+): (?P<measured>[^,\n]+), (?P<asked>(?:above|below) .+)\n", re.M
)
RUNS = re.compile(r"\((\d+) runs\)")
# In what `derivations.workbench` draws: the names of its parts, and the verdicts.
DRAWN = re.compile(r'<(?:div class="beside"|table class="derivation")')
DRAWN_WORD = re.compile(r"(?<=>)([^<\w]*)([a-z][a-z ]*)(?=</(?:strong|th|span)>)")
ASKED = re.compile(r"(above|below) (\S+) by (\S+) SE of ([\d.]+)")
COLUMNS = {
    COMPARISON: ("compared", "symbolic", "by numbers", "apart by", ""),
    CLAIM: ("claim", "measured", "asked", ""),
}
# Between two panels of a picture are so many blank columns at least, and on each side so
# much of its width. Between a label and its axis there are fewer.
GAP, PANEL = 12, 0.2
# What myst-nb writes above folded code where the cell does not say it better.
NOTHING_SAID = "Show code cell {type}"


# ---------------------------------------------------------------- folded code
class folded(nodes.Element):
    """Code behind one line, its `summary`."""


def visit_folded(translator, node: folded) -> None:
    summary = translator.encode(node["summary"])
    translator.body.append(f'<details class="code"><summary>{summary}</summary>\n')


def depart_folded(translator, node: folded) -> None:
    translator.body.append("</details>\n")


def part(cell: nodes.container, name: str) -> nodes.Element | None:
    """The cell's `source` or its `output`."""
    for child in cell.children:
        if child.get("nb_element") == f"cell_code_{name}":
            return child
    return None


def figure_number(app: Sphinx, page: str, cell: nodes.Element) -> str | None:
    """'Fig. 1.1', if the cell makes a numbered figure."""
    numbers = app.env.toc_fignumbers.get(page, {}).get("figure", {})
    for figure in cell.findall(nodes.figure):
        for name in figure["ids"]:
            if number := numbers.get(name):
                text = app.config.numfig_format["figure"]
                return text % ".".join(str(n) for n in number)
    return None


def summary(app: Sphinx, page: str, cell: nodes.container) -> str:
    """What the folded code of a cell is for, in a few words."""
    said = cell.get("prompt_show", NOTHING_SAID)
    if said != NOTHING_SAID:
        return said
    if number := figure_number(app, page, cell):
        return say("Code for {figure}", figure=number)
    output = part(cell, "output")
    if output is None:
        return say("Set-up: {what}", what=contents(part(cell, "source").astext()))
    if next(output.findall(nodes.image), None) is not None:
        return say("Code for this figure")
    if next(output.findall(nodes.table), None) is not None:
        return say("Code for this comparison")
    return say("Code for this output")


def contents(code: str) -> str:
    """What a cell of preparations brings.

    >>> contents("import math\\n\\ndef half(x):\\n    return x / 2")
    'imports, half'
    """
    body = ast.parse(code).body
    found = dict.fromkeys(
        say("imports") if isinstance(line, (ast.Import, ast.ImportFrom)) else line.name
        for line in body
        if isinstance(line, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))
    )
    return ", ".join(found) or say("values for what follows")


def is_set_up(cell: nodes.container) -> bool:
    return part(cell, "output") is None


def imports(cell: nodes.container) -> bool:
    return re.match(r"(import|from) ", part(cell, "source").astext()) is not None


def belongs_to_next(cell: nodes.container, following: nodes.container) -> bool:
    """Whether a cell only prepares the folded one that follows.

    The imports stand above the chapter's opening picture and its first words; any other
    preparation stands right above.
    """
    if not (is_set_up(cell) and following.get("hide_mode") == "input"):
        return False
    beside = cell.parent is following.parent and (
        cell.parent.index(following) - cell.parent.index(cell) == 1
    )
    return beside or imports(cell)


class FoldCode(SphinxPostTransform):
    """Before myst-nb folds in its own way, above the output."""

    default_priority = 198
    formats = ("html",)

    def run(self, **kwargs) -> None:
        page = self.env.docname
        cells = [
            node
            for node in self.document.findall(nodes.container)
            if node.get("nb_element") == "cell_code" and part(node, "source") is not None
        ]
        prepared: list[nodes.Element] = []
        for cell, following in zip(cells, [*cells[1:], None], strict=False):
            if cell.get("hide_mode") != "input":
                continue
            source = part(cell, "source")
            if following is not None and belongs_to_next(cell, following):
                prepared.append(source)
                cell.parent.remove(cell)
                continue
            fold = folded("", summary=summary(self.app, page, cell))
            cell.remove(source)
            fold += [*prepared, source]
            cell += fold
            del cell["hide_mode"]
            prepared = []


# ---------------------------------------------------------------- panels
def cuts(picture: Image.Image) -> list[int]:
    """The columns where a picture falls into panels, its two edges included."""
    grey = np.asarray(picture.convert("L"))
    width = grey.shape[1]
    blank = np.concatenate([[False], (grey > 250).all(axis=0), [False]])
    starts, ends = np.flatnonzero(np.diff(blank.astype(int))).reshape(-1, 2).T
    found = [0]
    for start, end in zip(starts, ends, strict=True):
        middle = int(start + end) // 2
        wide = end - start >= GAP
        if wide and min(middle - found[-1], width - middle) >= PANEL * width:
            found.append(middle)
    return [*found, width]


def cut_panels(app: Sphinx, doctree: nodes.document) -> None:
    """Before Sphinx collects the pictures to copy."""
    for image in list(doctree.findall(nodes.image)):
        if "panels" not in image["classes"]:
            continue
        name = app.env.relfn2path(image["uri"], app.env.docname)[1]
        with Image.open(name) as picture:
            edges = cuts(picture)
            if len(edges) == 2:
                message = "marked `panels`, and has no blank column between them"
                logger.warning(message, location=image)
                continue
            row = nodes.container(classes=["panel-row"])
            for number, (left, right) in enumerate(zip(edges, edges[1:], strict=False)):
                path = Path(name).with_name(f"{Path(name).stem}-{number}.png")
                picture.crop((left, 0, right, picture.height)).save(path)
                panel = nodes.image(uri=str(Path(image["uri"]).with_name(path.name)))
                panel["alt"] = image["alt"] if number == 0 else say("the picture goes on")
                panel["classes"] = ["panel", "no-scaled-link"]
                panel["width"] = f"{100 * (right - left) / edges[-1]:.1f}%"
                row += panel
        image.replace_self(row)


# ---------------------------------------------------------------- comparisons and claims
def pieces(text: str) -> Iterator[str | list[re.Match[str]]]:
    """What a cell printed, in order: plain text, and comparisons, or claims, that follow
    each other."""
    found = [one for pattern in COLUMNS for one in pattern.finditer(text)]
    end, together = 0, list[re.Match[str]]()
    for one in sorted(found, key=lambda one: one.start()):
        between = text[end : one.start()]
        if together and (between.strip() or together[-1].re is not one.re):
            yield together
            together = []
        if between.strip():
            yield between
        together.append(one)
        end = one.end()
    if together:
        yield together
    if text[end:].strip():
        yield text[end:]


def in_words(asked: re.Match[str]) -> str:
    """What a claim asks of its mean, and by how many standard errors it has it."""
    side, bound, count, needed = asked.groups()
    if side == "above":
        return say("above {bound} by {count} SE, needed {needed}",
                   bound=bound, count=count, needed=needed)  # fmt: skip
    return say("below {bound} by {count} SE, needed {needed}",
               bound=bound, count=count, needed=needed)  # fmt: skip


def facts(found: re.Match[str]) -> list[nodes.Node]:
    """One row: what stands in each of the `COLUMNS`."""
    if found.re is CLAIM:
        name = found["name"]
        link = addnodes.pending_xref(
            "", nodes.inline("", name), refdomain="std", reftype="ref", refexplicit=True,
            refwarn=True, reftarget=f"claim-{name}",
        )  # fmt: skip
        asked = ASKED.sub(in_words, found["asked"])
        measured = RUNS.sub(
            lambda runs: say("({count} runs)", count=runs[1]), found["measured"]
        )
        return [link, *map(nodes.Text, (measured, asked, "✓"))]
    if found["within"]:
        share, relative, more = found["within"].partition(" relative")
        apart = say("less than {bound}", bound=share)
        if relative:
            apart = say("less than {share} of it", share=share) + more
    else:
        apart = say("{difference}, {z} SE", difference=found["difference"], z=found["z"])
    shown = (found["quantity"], found["symbolic"], found["other"], apart, "✓")
    return [nodes.Text(fact) for fact in shown]


def table(rows: list[re.Match[str]]) -> nodes.table:
    columns = COLUMNS[rows[0].re]
    group = nodes.tgroup(cols=len(columns))
    group += [nodes.colspec(colwidth=1) for _ in columns]
    head, body = nodes.thead(), nodes.tbody()
    head += nodes.row("", *[entry(nodes.Text(name and say(name))) for name in columns])
    for found in rows:
        body += nodes.row("", *[entry(fact) for fact in facts(found)])
    group += [head, body]
    kinds = ["agree", "claims"] if rows[0].re is CLAIM else ["agree"]
    return nodes.table("", group, classes=kinds)


def entry(content: nodes.Node) -> nodes.entry:
    return nodes.entry("", nodes.paragraph("", "", content))


def set_tables(app: Sphinx, doctree: nodes.document) -> None:
    for printed in list(doctree.findall(nodes.literal_block)):
        if "stream" not in printed["classes"]:
            continue
        made: list[nodes.Element] = []
        for piece in pieces(printed.astext() + "\n"):
            if isinstance(piece, str):
                block = printed.deepcopy()
                block.children = [nodes.Text(piece.rstrip("\n"))]
                block.rawsource = piece
                made.append(block)
            else:
                made.append(table(piece))
        if any(isinstance(node, nodes.table) for node in made):
            printed.parent.replace(printed, made)


def say_verdicts(app: Sphinx, doctree: nodes.document) -> None:
    """Verdicts that a cell drew are said as elsewhere on the page; the judge's sentences
    stay in English, as all that is printed."""
    for drawn in doctree.findall(nodes.raw):
        text = drawn.astext()
        if DRAWN.match(text):
            text = DRAWN_WORD.sub(lambda found: found[1] + say(found[2]), text)
            drawn.rawsource, drawn.children = text, [nodes.Text(text)]


class Lean(HtmlFormatter):
    """Names, brackets and blanks have the colour of all code: half of the page's code would
    be the marks that say so."""

    PLAIN = {"n", "nn", "p", "w"}

    def _get_css_classes(self, ttype) -> str:
        classes = super()._get_css_classes(ttype)
        return "" if classes in self.PLAIN else classes


def setup(app: Sphinx) -> dict:
    PygmentsBridge.html_formatter = Lean
    app.add_node(folded, html=(visit_folded, depart_folded))
    app.add_post_transform(FoldCode)
    app.connect("doctree-read", cut_panels, priority=400)
    app.connect("doctree-read", set_tables)
    app.connect("doctree-read", say_verdicts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
