"""The picture of the model: its parts lead to their chapters, and each chapter is in it.

The picture is drawn once, in `static/pictures/model.svg`: each link in it is a part, and
names its chapter in `data-chapter`. A page that shows the picture gets it with its links,
in place of the image. Each chapter gets it small beside its first lines, with its own
part marked: one link, to the whole picture.
"""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from words import say

PICTURE = Path("static") / "pictures" / "model.svg"
NUMBERED = re.compile(r"0*(\d+)-")
TITLE = re.compile(r"<title>[^<:]*\d+[^<:]*: (.*?)</title>", re.S)


def parts(svg: str) -> dict[str, str]:
    """Chapter to what the picture calls its part.

    >>> parts('<a href="1.html" data-chapter="01-one"><title>Chapter 1: a part</title></a>')
    {'01-one': 'a part'}
    """
    links = re.findall(r'data-chapter="([\w-]+)">(.*?)</a>', svg, re.S)
    return {chapter: found[1] for chapter, link in links if (found := TITLE.search(link))}


def here(svg: str, chapter: str) -> str:
    """The small picture for a chapter, as HTML."""
    part = parts(svg)[chapter]
    number = NUMBERED.match(chapter)
    assert number, chapter
    still = re.sub(r'<a href="[\w.-]+" (data-chapter="([\w-]+)")>', r"<g \1>", svg)
    still = TITLE.sub("", still.replace("</a>", "</g>"))
    still = still.replace(f'data-chapter="{chapter}"', 'class="here"')
    still = re.sub(r' role="group" aria-label="[^"]*"', ' aria-hidden="true"', still)
    where = say(
        "<b>You are here</b>, chapter {number}: {part}",
        number=number[1],
        part=escape(say(part)),
    )
    return (
        f'<a class="model-map you-are-here" href="index.html#the-model">{still}'
        f"<span>{where}</span></a>"
    )


def show(app: Sphinx, doctree: nodes.document) -> None:
    """Put the picture with its links, or the small one, into a page that was read."""
    picture = Path(app.srcdir) / PICTURE
    svg = picture.read_text(encoding="utf-8")
    app.env.note_dependency(str(picture))
    for image in list(doctree.findall(nodes.image)):
        if image["uri"].endswith("pictures/model.svg"):
            whole = f'<div class="model-map">{svg}</div>'
            image.replace_self(nodes.raw("", whole, format="html"))
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is not None and app.env.docname in parts(svg):
        small = nodes.raw("", here(svg, app.env.docname), format="html")
        title.parent.insert(title.parent.index(title) + 1, small)


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", show, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
