"""The book as an EPUB: Sphinx's own builder, and what an e-reader needs instead of scripts.

The pages are those of the site, read once for both. As they are written, what a script
would draw is written out: formulas are MathML, a derivation is a list of its lines, each
with its mark and its reason, in pieces that flow on a narrow screen; a figure that moves is
its still. The answers to the exercises stand at the end of their chapter: many readers
unfold nothing.

The reference of the packages is left out. It is for people who sit before a computer.
"""

import re
from collections.abc import Iterator
from functools import partial
from html import escape, unescape
from importlib.metadata import metadata, version
from pathlib import Path
from xml.etree import ElementTree

import cover
from docutils import nodes
from ledger import PAGE, mark, row_id
from lines import lines_of_page, reasons_of
from mathml import in_parts, mathml
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.highlighting import PygmentsBridge
from sphinx.util import logging
from sphinx.util.fileutil import copy_asset_file
from sphinx.util.math import get_node_equation_number
from sphinx_exercise.nodes import is_exercise_node, is_solution_node
from typeface import cut, korean_face, math_face
from words import say

from derivations.lines import Line, Piece

STYLE = Path(__file__).parents[1] / "static" / "ebook.css"
KOREAN_STYLE = STYLE.with_name("ebook-ko.css")  # added to it
LEFT_OUT = re.compile(r"api-")
# Raw HTML that waits for a script, or belongs to one.
SCRIPTED = re.compile(
    r"<script|<noscript|<div class=\"(explorer|slips|breaker)\"|you-are-here"
    r"|<ul class=\"dots\""
)
IN_OUTPUT = re.compile(r'(?s)<span class="math[^"]*">\\\((?P<tex>.*?)\\\)</span>')
WIDE = 7  # columns, of a table that needs small letters on a phone
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
FEATURES = [
    "MathML", "latex", "alternativeText", "tableOfContents", "readingOrder",
    "structuralNavigation", "displayTransformability",
]  # fmt: skip
OPF, DC = "http://www.idpf.org/2007/opf", "http://purl.org/dc/elements/1.1/"
FORMULA = re.compile(r"<math.*?</math>", re.S)
MATH_FACE, KOREAN_FACE = "_static/math.woff", "_static/korean.woff"
COVER = "_static/cover.png"
ON_THE_COVER = ("04-elbo", "eq-latent-evidence")
INSIDE_OF_PAGES = {"mathml": "<math", "svg": "<svg"}
# sphinx-exercise gives the inside of every exercise the same one.
INSIDE = re.compile(r'<section id="(exercise|solution)-content">')
PAGE_OF_BOOK = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
 lang="{lang}" xml:lang="{lang}">
<head>
<title>{title}</title>
<link rel="stylesheet" type="text/css" href="_static/pygments.css"/>
<link rel="stylesheet" type="text/css" href="_static/ebook.css"/>
</head>
<body epub:type="{kind}">
<main>
{body}
</main>
</body>
</html>
"""
NAV = """<nav epub:type="{kind}" role="{role}" aria-label="{title}"{hidden}>
<h1>{title}</h1>
<ol>{items}</ol>
</nav>"""

logger = logging.getLogger(__name__)


# ---------------------------------------------------------------- formulas
def visit_math(translator, node: nodes.math) -> None:
    formula(translator, node, display=node.get("display", False))
    raise nodes.SkipNode


def visit_math_block(translator, node: nodes.math_block) -> None:
    """A display that stays whole: a matrix, cases, what a cell prints."""
    translator.body.append(translator.starttag(node, "div", CLASS="display"))
    translator.body.append(number(translator, node))
    formula(translator, node, block=True)
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def formula(translator, node: nodes.Element, **how: bool) -> None:
    tex = node.astext()
    try:
        made = mathml(tex, **how)
    except ValueError as error:
        name = node.get("label") or node.get("of") or tex
        logger.warning(f"no MathML of {name}: {error}", location=node)
        made = f"<code>{escape(tex)}</code>"
    if not how.get("display") and not how.get("block") and len(parts := in_parts(made)) > 1:
        made = f'<span class="parts">{"<wbr/>".join(parts)}</span>'
    translator.body.append(made)


def number(translator, node: nodes.Element) -> str:
    """The number of an equation and the mark of its verdict, as on the site."""
    label, app = node.get("label"), translator.builder.app
    if not node.get("number"):
        return ""
    shown = get_node_equation_number(translator, node)
    verdict = ""
    if label in app.verdicts and "lines" not in node["classes"]:
        href = translator.builder.get_relative_uri(node["docname"], PAGE)
        verdict = mark(app.verdicts[label], f"{href}#{row_id(label)}")
    return f'<span class="eqno">({shown}){verdict}</span> '


class display(nodes.General, nodes.Element):
    """A display as lines that may break; of the class `lines`, with reasons."""


def visit_display(translator, node: display) -> None:
    if "lines" not in node["classes"]:
        translator.body.append(translator.starttag(node, "div", CLASS="display"))
        return
    shown = get_node_equation_number(translator, node)
    label = say("Derivation, equation {number}", number=shown)
    attributes = {"role": "group", "aria-label": label}
    translator.body.append(translator.starttag(node, "div", **attributes))


def depart_display(translator, node: display) -> None:
    translator.body.append("</div>\n")


class equation_number(nodes.General, nodes.Element):
    """The number of the display around it."""


def visit_number(translator, node: equation_number) -> None:
    translator.body.append(number(translator, node.parent.parent))
    raise nodes.SkipNode


def leaves(piece: Piece) -> list[str]:
    if not piece.parts:
        return [piece.latex]
    return [leaf for part in piece.parts for leaf in leaves(part)]


def flow(pieces: list[str], label: str) -> list[nodes.Node]:
    """Formulas between which a line may break."""
    made: list[nodes.Node] = []
    for piece in pieces:
        if made:
            made.append(nodes.raw("", "<wbr/>", format="html"))
        made.append(nodes.math("", piece, display=True, of=label))
    return made


def right_of(line: Line) -> list[str]:
    """A line from its sign on. A comma at its end stays with what it follows."""
    first, *others = leaves(line.right)
    pieces = [f"{{}} {line.sign} {first}", *others]
    comma, aside = re.fullmatch(r"([.,;:]*)(.*)", line.tail, re.S).groups()
    pieces[-1] += comma
    aside = re.sub(r"^(\s|\\[,;:! ]|\\q?quad(?![A-Za-z]))+", "", aside)
    return [*pieces, rf"\quad {aside}"] if aside else pieces


def row(pieces: list[str], label: str) -> nodes.container:
    return nodes.container("", *flow(pieces, label), classes=["line"])


def written_out(app: Sphinx, block: nodes.math_block, lines: list[Line]) -> display:
    """The lines of a display, with the reasons that follow it if there is one for each."""
    label = block["label"]
    made = display("", **block.attributes)
    made["classes"] = list(block["classes"])
    reasons = reasons_of(block)
    if not len(reasons) == len(lines) > 1:
        for line in lines:
            left = leaves(line.left) if line.left else []
            made += row(left + right_of(line), label)
        made[0].insert(0, equation_number())
        return made
    made["classes"].append("lines")
    made += row(leaves(lines[0].left) if lines[0].left else [], label)
    made[0].insert(0, equation_number())
    verdicts = [r.verdict for r in app.ledger if r.label == label]
    ledger = app.builder.get_relative_uri(block["docname"], PAGE)
    steps = nodes.enumerated_list(enumtype="arabic", suffix=".")
    for place, (line, reason) in enumerate(zip(lines, list(reasons), strict=True)):
        left = leaves(line.left) if line.left and place else []
        shown = row(left + right_of(line), label)
        if place < len(verdicts):
            href = f"{ledger}#{row_id(label)}"
            shown += nodes.raw("", " " + mark(str(verdicts[place]), href), format="html")
        why = nodes.container("", *reason.children, classes=["reason"])
        steps += nodes.list_item("", shown, why)
    made += steps
    reasons.parent.remove(reasons)
    return made


# ---------------------------------------------------------------- without scripts
def for_readers(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """After all that others do to a page: as an e-reader shows it."""
    if not isinstance(app.builder, BookBuilder):
        return
    for box in list(doctree.findall(nodes.container)):
        if "attempts" in box["classes"]:
            box.parent.remove(box)
    leave_out_scripts(doctree)
    for raw in doctree.findall(nodes.raw):
        raw[0] = nodes.Text(IN_OUTPUT.sub(partial(drawn_in_output, raw), raw.astext()))
    for group in doctree.findall(nodes.tgroup):
        if group["cols"] >= WIDE:
            group.parent["classes"].append("wide")
    known = lines_of_page(app, page) if app.env.doc2path(page).endswith(".md") else {}
    for block in list(doctree.findall(nodes.math_block)):
        if lines := known.get(block.get("label")):
            block.replace_self(written_out(app, block, lines))
    if collect_answers(doctree):
        app.builder.answered.add(page)
    for link in list(doctree.findall(nodes.reference)):
        if LEFT_OUT.match(link.get("refuri", "")):
            link.replace_self(nodes.inline("", "", *link.children))


def drawn_in_output(node: nodes.raw, found: re.Match[str]) -> str:
    """A formula in the HTML that a cell prints."""
    tex = unescape(found["tex"])
    try:
        return mathml(tex, display=True)
    except ValueError as error:
        logger.warning(f"no MathML of {tex}: {error}", location=node)
        return found[0]


def leave_out_scripts(doctree: nodes.document) -> None:
    for raw in list(doctree.findall(nodes.raw)):
        text = raw.astext()
        if 'class="model-map"' in text:
            raw[0] = nodes.Text(for_epub(text))
        if not SCRIPTED.search(text) and text != "</div></div>":
            continue
        said, place = "", raw.parent.index(raw)
        if 'class="explorer"' in text:
            said = say("In the book's web pages this figure moves: you can touch it there.")
            place += 2  # behind its still
        elif re.search('class="(slips|breaker)"', text):
            said = say(
                "This needs a page that answers: the book's web pages do, and JupyterLab."
            )
        if said:
            raw.parent.insert(place, nodes.paragraph("", said, classes=["elsewhere"]))
        raw.parent.remove(raw)


def answers_title() -> str:
    return say("Answers")


def collect_answers(doctree: nodes.document) -> bool:
    """All solutions in a section at the end, and a link to each below its exercise."""
    solutions = list(filter(is_solution_node, doctree.findall()))
    exercises = {
        name: node
        for node in filter(is_exercise_node, doctree.findall())
        for name in node["ids"]
    }
    # A title of docutils would get the chapter's number.
    title = nodes.raw("", f"<h2>{escape(answers_title())}</h2>", format="html")
    answers = nodes.section("", title, ids=["answers"])
    for solution in solutions:
        solution.parent.remove(solution)
        answers += solution
        link = next(solution.findall(nodes.reference), {})
        name = (link.get("refid") or link.get("refuri", "")).rpartition("#")[2]
        if name not in exercises:
            logger.warning("a solution without its exercise", location=solution)
            continue
        there = nodes.reference("", say("Answer"), internal=True, refid=solution["ids"][0])
        exercises[name] += nodes.paragraph("", "", there, classes=["to-answer"])
    if solutions:
        next(doctree.findall(nodes.section)).append(answers)
    return bool(solutions)


def for_epub(svg: str) -> str:
    """A picture in the page: its links lead to pages of the e-book.

    It has a label and no role: EPUB allows an SVG none in which links are found.
    """
    svg = svg.replace(' role="group"', "")
    return re.sub(r'href="([\w-]+)\.html', r'href="\1.xhtml', svg)


# ---------------------------------------------------------------- the builder
class BookBuilder(Epub3Builder):
    """Pages without theme and scripts; a cover; the parts of the book in its contents."""

    math_renderer_name = "mathml"
    kinds = {"bibliography": "bibliography", "glossary": "glossary"}

    def init(self) -> None:
        super().init()
        self.guide_titles = {"toc": say("Contents"), "cover": say("Cover")}
        self.parts: dict[str, str] = {}  # of the first chapter of each: its name
        self.answered: set[str] = set()  # pages with answers at their end
        self.identifier = f"{self.config.epub_basename}-{self.config.version}"

    # ------------------------------------------------------------ pages
    def write(self, build_docnames, updated_docnames, method="update") -> None:
        names = [n for n in sorted(self.env.found_docs) if not LEFT_OUT.match(n)]
        super().write(names, [], method)

    def prepare_writing(self, docnames) -> None:
        super().prepare_writing(docnames)
        self.domain_indices = []  # of the reference

    def copy_assets(self) -> None:
        """The style and the cover; none of the site's scripts and sheets."""
        static = Path(self.outdir) / "_static"
        static.mkdir(exist_ok=True)
        copy_asset_file(str(STYLE), str(static))
        self.create_pygments_style_file()
        lines = lines_of_page(self.app, ON_THE_COVER[0])[ON_THE_COVER[1]]
        typed = [
            "".join(leaves(lines[0].left)),
            *("".join(right_of(line)) for line in lines),
        ]
        title, author = self.config.html_title, self.config.author
        korean = self.config.language == "ko"
        cover.write(Path(self.outdir) / COVER, title, author, typed, korean)

    def handle_page(
        self, pagename, addctx, templatename="page.html", outfilename=None, event_arg=None
    ) -> None:
        title = re.sub("<[^>]+>", "", addctx["title"])
        self.write_page(pagename, title, addctx["body"])

    def write_page(self, name: str, title: str, body: str) -> None:
        text = PAGE_OF_BOOK.format(
            lang=self.config.language,
            title=title,
            kind=self.kinds.get(name, "bodymatter"),
            # A list of citations has no items that a screen reader would know as such.
            body=INSIDE.sub(r'<section class="\1">', body).replace(' role="list"', ""),
        )
        try:
            ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            logger.warning(f"no XHTML: {error}", location=name)
        (Path(self.outdir) / f"{name}.xhtml").write_text(text, encoding="utf-8")

    def finish(self) -> None:
        self.copy_image_files()
        pages = [file.read_text("utf-8") for file in Path(self.outdir).glob("*.xhtml")]
        signs = {ord(sign) for page in pages for sign in "".join(FORMULA.findall(page))}
        cut(math_face(), Path(self.outdir) / MATH_FACE, signs, name="Book Math")
        if self.config.language == "ko":
            file, number = korean_face()
            letters = {ord(sign) for page in pages for sign in page if sign > "\u3000"}
            made = Path(self.outdir) / KOREAN_FACE
            cut(file, made, letters, name="Book Korean", number=number)
            with (made.parent / STYLE.name).open("a", encoding="utf-8") as sheet:
                sheet.write(KOREAN_STYLE.read_text("utf-8"))
        for sheet in (Path(self.outdir) / "_static").glob("*.css"):
            if sheet.name not in (
                STYLE.name,
                "pygments.css",
            ):  # an extension's, for the site
                sheet.unlink()
        by = say("By {author}.", author=self.config.author)
        alt = escape(f"{self.config.html_title}. {by}")
        image = f'<img class="cover" src="{COVER}" alt="{alt}"/>'
        self.write_page("cover", self.guide_titles["cover"], image)
        self.handle_finish()

    def init_highlighter(self) -> None:
        # Without colours: they say nothing on paper of one, and vanish on a dark page.
        self.highlighter = PygmentsBridge("html", "bw")
        self.dark_highlighter = None

    # ------------------------------------------------------------ contents
    def get_refnodes(self, doctree, result):
        """Headings with their numbers, without those of the pages that are left out."""
        if isinstance(doctree, addnodes.compact_paragraph) and doctree.children:
            if isinstance(doctree[0], nodes.title):
                first = next(doctree.findall(nodes.reference))
                self.parts[first["refuri"]] = doctree[0].astext()
        before = len(result)
        result = super().get_refnodes(doctree, result)
        if isinstance(doctree, nodes.reference) and len(result) > before:
            if LEFT_OUT.match(doctree["refuri"]):
                result.pop()
            elif numbers := doctree.get("secnumber"):
                name = ".".join(map(str, numbers))
                result[-1]["text"] = f"{name}. {result[-1]['text']}"
        return result

    def toc_add_files(self, refnodes) -> None:
        super().toc_add_files(refnodes)
        pages = [{"level": 1, "refuri": "cover.xhtml", "text": self.guide_titles["cover"]}]
        for page in refnodes:
            name = page["refuri"].removesuffix(self.out_suffix)
            pages += [page, *self.sections(name)]
        refnodes[:] = pages

    def sections(self, page: str) -> Iterator[dict]:
        """The headings of a page below its title, and its answers."""
        numbers = self.env.toc_secnumbers.get(page, {})
        (top, *_) = self.env.tocs[page]
        for item in top[1] if len(top) > 1 else ():
            for link in list(item.findall(nodes.reference))[:1]:
                number = ".".join(map(str, numbers.get(link["anchorname"], ())))
                text = escape(f"{number}. {link.astext()}" if number else link.astext())
                uri = self.fix_fragment(f"{page}{self.out_suffix}", link["anchorname"])
                yield {"level": 2, "refuri": uri, "text": text}
        if page in self.answered:
            yield {
                "level": 2,
                "refuri": f"{page}{self.out_suffix}#answers",
                "text": escape(answers_title()),
            }

    def build_navigation_doc(self) -> None:
        """The contents by parts, and the landmarks."""
        chapters = self.build_navlist(self.refnodes)
        items, open_part = [], False
        for chapter in chapters:
            if part := self.parts.get(chapter.refuri):
                items.append(
                    "</ol></li>" * open_part + f"<li><span>{escape(part)}</span><ol>"
                )
                open_part = True
            items.append(entry(chapter))
        contents = "".join(items) + "</ol></li>" * open_part
        marks = "".join(
            f'<li><a epub:type="{kind}" href="{uri}">{name}</a></li>'
            for kind, uri, name in landmarks()
        )
        title = self.guide_titles["toc"]
        body = NAV.format(
            kind="toc", role="doc-toc", title=title, hidden="", items=contents
        )
        where = say("Landmarks")
        body += NAV.format(
            kind="landmarks",
            role="navigation",
            title=where,
            hidden=' hidden=""',
            items=marks,
        )
        self.write_page("nav", title, body)
        self.files.append("nav.xhtml")

    # ------------------------------------------------------------ what is in the file
    def content_metadata(self) -> dict:
        about = metadata("vae-line-by-line")["Summary"]
        rights = say("Text and figures: CC BY 4.0. Code: MIT.")
        return super().content_metadata() | {
            "title": escape(self.config.html_title),
            "description": escape(say(about)),
            "publisher": escape(self.config.author),
            "copyright": f"© {self.config.copyright} {self.config.author}. {rights}",
            "id": self.identifier,
            "uid": "identifier",
        }

    def toc_metadata(self, level, navpoints) -> dict:
        changed = {"uid": self.identifier, "title": escape(self.config.html_title)}
        return super().toc_metadata(level, navpoints) | changed

    def build_content(self) -> None:
        """Sphinx's list of the files, with what it leaves out: what is in each page, which
        picture is the cover, and who can read the book."""
        super().build_content()
        file = Path(self.outdir) / "content.opf"
        for prefix, uri in (("", OPF), ("dc", DC), ("opf", OPF)):
            ElementTree.register_namespace(prefix, uri)
        package = ElementTree.fromstring(file.read_text(encoding="utf-8"))
        about, manifest, spine, guide = package
        spine.insert(1, ElementTree.Element(f"{{{OPF}}}itemref", idref="nav"))
        package.remove(guide)  # the landmarks say it
        del package.attrib["prefix"]
        for element in list(about):
            said = element.get("property", "")
            if said.startswith("ibooks:") or element.text in (None, "", "unknown"):
                about.remove(element)
        for name, value in accessibility():
            ElementTree.SubElement(about, f"{{{OPF}}}meta", property=name).text = value
        link = {"rel": "dcterms:license", "href": LICENCE}
        ElementTree.SubElement(about, f"{{{OPF}}}link", link)
        for item in manifest:
            if item.get("href") == COVER:
                item.set("properties", "cover-image")
                cover_of = {"name": "cover", "content": item.get("id")}
                ElementTree.SubElement(about, f"{{{OPF}}}meta", cover_of)
            elif item.get("href").endswith(".xhtml") and item.get("id") != "nav":
                page = (Path(self.outdir) / item.get("href")).read_text(encoding="utf-8")
                found = [name for name, sign in INSIDE_OF_PAGES.items() if sign in page]
                if found:
                    item.set("properties", " ".join(found))
        text = ElementTree.tostring(package, encoding="unicode")
        file.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}', encoding="utf-8")


def entry(point) -> str:
    below = "".join(map(entry, point.children))
    below = f"<ol>{below}</ol>" if below else ""
    return f'<li><a href="{point.refuri}">{point.text}</a>{below}</li>'


def landmarks() -> list[tuple[str, str, str]]:
    return [
        ("cover", "cover.xhtml", say("Cover")),
        ("toc", "nav.xhtml", say("Contents")),
        ("bodymatter", "index.xhtml", say("Beginning of the text")),
        ("glossary", "glossary.xhtml", say("Terms")),
        ("bibliography", "bibliography.xhtml", say("Bibliography")),
    ]


def accessibility() -> Iterator[tuple[str, str]]:
    yield from (("schema:accessMode", mode) for mode in ("textual", "visual"))
    yield "schema:accessModeSufficient", "textual"
    yield from (("schema:accessibilityFeature", feature) for feature in FEATURES)
    yield "schema:accessibilityHazard", "none"
    summary = say(
        "Formulas are MathML with their LaTeX as alternative text, figures have "
        "alternative text, and every derivation is a list of lines with their reasons."
    )
    yield "schema:accessibilitySummary", summary


def name_the_edition(app: Sphinx, config) -> None:
    config.version = version("vae-line-by-line")


def prepare(app: Sphinx) -> None:
    # Here alone: where Sphinx knows two ways to draw formulas, the site would change its.
    if isinstance(app.builder, BookBuilder):
        app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))


def setup(app: Sphinx) -> dict:
    app.add_builder(BookBuilder, override=True)
    app.add_node(display, html=(visit_display, depart_display))
    app.add_node(equation_number, html=(visit_number, None))
    app.connect("doctree-resolved", for_readers, priority=900)
    app.connect("config-inited", name_the_edition)
    app.connect("builder-inited", prepare, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
