"""Where on a page a searched word stands.

Sphinx's index knows of each word the pages that have it, and a page that was opened from
disk may not fetch another to quote from it. So the sections' titles and texts are written
into one file, which the page 'Search' alone loads; `sections.js` puts the links under the
results.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

FILE = "sections-index.js"
KEY = "sections"
# What is no prose: code, output, formulas, comments for the judges, what Sphinx notes.
SKIPPED = (nodes.literal_block, nodes.math_block, nodes.math, nodes.comment, nodes.raw)
SKIPPED += (nodes.system_message,)


def sections(doctree: nodes.document) -> Iterator[tuple[str, str, str]]:
    """Each section's anchor, title and own text, without that of its subsections."""
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        if title is None:  # a glossary's, whose title another directive took
            continue
        own = [node for node in section.children if not isinstance(node, nodes.section)]
        text = " ".join(word for node in own if node is not title for word in words(node))
        yield section["ids"][0], title.astext(), " ".join(text.split())


def words(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.math):
        yield "…"
    if isinstance(node, SKIPPED) or "agree" in getattr(node, "attributes", {}).get(
        "classes", ()
    ):
        return
    if isinstance(node, nodes.Text):
        yield node.astext()
    for child in node.children:
        yield from words(child)
    if isinstance(node, (nodes.paragraph, nodes.title, nodes.entry)):
        yield " "


def note(app: Sphinx, doctree: nodes.document) -> None:
    """Kept with what Sphinx remembers of the page, which need not be read again for it."""
    app.env.metadata[app.env.docname][KEY] = list(sections(doctree))


def write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.name != "html":
        return
    pages = sorted(app.env.found_docs)
    index = {page: app.env.metadata[page].get(KEY, []) for page in pages}
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    file = Path(app.outdir) / "_static" / FILE
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(f"window.bookSections = {text};\n", encoding="utf-8")
    unfinished.replace(file)


def load(app: Sphinx, pagename, templatename, context, doctree) -> None:
    if pagename == "search":
        for name in (FILE, "sections.js"):
            app.add_js_file(name, loading_method="defer", priority=900)


def setup(app: Sphinx) -> dict:
    # after all that changes the page, and its anchors
    app.connect("doctree-read", note, priority=900)
    app.connect("html-page-context", load, priority=800)
    app.connect("build-finished", write)
    safe = {"parallel_read_safe": True, "parallel_write_safe": True}
    return {"version": "1", "env_version": 1} | safe
