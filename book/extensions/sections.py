"""Where on a page a searched word stands.

Sphinx's index knows of each word the pages that have it, and a page that was opened from
disk may not fetch another to quote from it. So the sections' titles and texts are written
into one file, which the page 'Search' alone loads; `sections.js` puts the pages in order by
it, and the links under the results. An entry of the glossary counts as a section.

The book writes 'reparameterisation', a reader may search 'reparametrization': the index
and the query know one spelling of both.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.search.en import SearchEnglish
from sphinx.util.index_entries import split_index_msg

FILE = "sections-index.js"
KEY = "sections"
# What is no prose: code, output, formulas, comments for the judges, what Sphinx notes.
SKIPPED = (nodes.literal_block, nodes.math_block, nodes.math, nodes.comment, nodes.raw)
SKIPPED += (nodes.system_message,)
# Stands for a reference until all pages are read; then for what the reader sees there.
REFERENCE = re.compile("\0(.*?)\0")

# Spellings that are one word to the search: in Python, and the same in JavaScript.
SPELLINGS = {
    r"(?<=\w{3})iz(?=e|ing|at)": "is",
    r"(?<=\w{2})yz(?=e|ing)": "ys",
    r"parametri(?=s)": "parameteri",
}


# ---------------------------------------------------------------- the words of a query
def respelled(word: str) -> str:
    """A word as this book spells it.

    >>> respelled("reparametrization"), respelled("normalize"), respelled("size")
    ('reparameterisation', 'normalise', 'size')
    """
    for spelling, ours in SPELLINGS.items():
        word = re.sub(spelling, ours, word)
    return word


RESPELLED = f"""
const respelled = (text) => {json.dumps([*SPELLINGS.items()])}
  .reduce((word, [spelling, ours]) => word.replace(new RegExp(spelling, "g"), ours), text);
Stemmer = ((Porter) => function () {{
  const porter = new Porter();
  this.stemWord = (word) => porter.stemWord(respelled(word));
}})(Stemmer);
"""


class English(SearchEnglish):
    """English whose American and British spellings are found alike."""

    js_stemmer_code = SearchEnglish.js_stemmer_code + RESPELLED

    def stem(self, word: str) -> str:
        return super().stem(respelled(word.lower()))


# ---------------------------------------------------------------- the sections of a page
def sections(doctree: nodes.document) -> Iterator[tuple[str, str, str, str]]:
    """Each section's anchor, title, own text and code, without those of its subsections."""
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        if title is None:  # a glossary's, whose title another directive took
            continue
        own = [node for node in section.children if not isinstance(node, nodes.section)]
        own = [node for node in own if not isinstance(node, addnodes.glossary)]
        text = " ".join(word for node in own if node is not title for word in words(node))
        code = [c.astext() for node in own for c in node.findall(nodes.literal_block)]
        yield section["ids"][0], title.astext(), tidy(text), tidy(" ".join(code))
    for glossary in doctree.findall(addnodes.glossary):
        for item in glossary.findall(nodes.definition_list_item):
            for term in item.findall(nodes.term):
                text = " ".join(words(item.next_node(nodes.definition)))
                yield term["ids"][0], term.astext(), tidy(text), ""


def tidy(text: str) -> str:
    return " ".join(text.split())


def words(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.math):
        yield "…"
    if isinstance(node, SKIPPED) or "agree" in getattr(node, "attributes", {}).get(
        "classes", ()
    ):
        return
    if isinstance(node, addnodes.pending_xref) and not node.get("refexplicit"):
        if node["refdomain"] == "cite":
            return
        if node.get("reftype") in ("eq", "ref", "numref", "doc"):
            yield f"\0{node['reftarget']}\0"
            return
    if isinstance(node, nodes.Text):
        yield node.astext()
    for child in node.children:
        yield from words(child)
    if isinstance(node, (nodes.paragraph, nodes.title, nodes.entry)):
        yield " "


def referred(env: BuildEnvironment, target: str) -> str:
    """What a reader sees in the place of a reference: a number, or a title."""
    if found := env.get_domain("math").equations.get(target):
        numbers = env.toc_fignumbers.get(found[0], {}).get("displaymath", {})
        number = ".".join(map(str, numbers.get(f"equation-{target}", ())))
        return f"({number})" if number else "…"
    labels = env.get_domain("std").labels
    return labels[target][2] if target in labels else "…"


def note(app: Sphinx, doctree: nodes.document) -> None:
    """Kept with what Sphinx remembers of the page, which need not be read again for it."""
    app.env.metadata[app.env.docname][KEY] = list(sections(doctree))


def write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.name != "html":
        return
    pages = sorted(app.env.found_docs)

    def shown(text: str) -> str:
        return REFERENCE.sub(lambda found: referred(app.env, found[1]), text)

    index = {
        page: [
            (anchor, title, shown(text), code)
            for anchor, title, text, code in app.env.metadata[page].get(KEY, [])
        ]
        for page in pages
    }
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    file = Path(app.outdir) / "_static" / FILE
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(f"window.bookSections = {text};\n", encoding="utf-8")
    unfinished.replace(file)


def remember(app: Sphinx) -> list:
    """Terms and functions of pages that are not written anew: Sphinx forgets them."""
    if indexer := getattr(app.builder, "indexer", None):
        entries, known = app.env.get_domain("index").entries, indexer._index_entries
        for page in entries.keys() - known.keys():
            known[page] = sorted(
                {
                    (word, target, main)
                    for kind, value, target, main, _ in entries[page]
                    for word in split_index_msg(kind, value)
                }
            )
    return []


def load(app: Sphinx, pagename, templatename, context, doctree) -> None:
    if pagename == "search":
        for name in (FILE, "sections.js"):
            app.add_js_file(name, loading_method="defer", priority=900)


def setup(app: Sphinx) -> dict:
    app.add_search_language(English)
    # after all that changes the page, and its anchors
    app.connect("doctree-read", note, priority=900)
    app.connect("html-collect-pages", remember)
    app.connect("html-page-context", load, priority=800)
    app.connect("build-finished", write)
    safe = {"parallel_read_safe": True, "parallel_write_safe": True}
    return {"version": "1", "env_version": 2} | safe
