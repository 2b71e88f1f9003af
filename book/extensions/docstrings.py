"""The docstrings of the code, as the pages of the packages show them.

A docstring is plain text for whoever reads the code: sections as Google writes them, code
and labels of equations between single backticks, formulas as one types them, and examples.
Sphinx expects reStructuredText, where `|x|` is a substitution and `x_` a link. Here the
text becomes that: what is between backticks is code, or a link if it is the label of an
equation or follows the word "chapter"; an indented block is shown as it stands; every other
sign stands for itself.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import inspect
from traitlets import HasTraits

# What is marked in a line: code between backticks, *emphasis*, or a sign to protect.
MARKS = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|(?P<chapter>\b[Cc]hapter )\*(?P<label>[a-z-]+)\*"
    r"|(?<![\w*])\*(?P<emphasis>\w[\w' -]*)\*(?![\w*])"
    r"|(?P<sign>[*|`\\]|_\b|_(?!\w))"
)
EQUATION = re.compile(r"eq-[a-z0-9-]+")
SECTION = re.compile(r" *(Args|Returns|Yields|Raises|Attributes|Examples?|Notes?):$")
ITEM = re.compile(r"([-*]|\d+[.)]) ")


def marked(text: str) -> str:
    r"""A line or more of a docstring in reStructuredText.

    >>> print(marked("log p(|x|), by `eq-elbo`, in `code`"))
    log p(\|x\|), by :eq:`eq-elbo`, in ``code``
    """

    def replace(found: re.Match[str]) -> str:
        if code := found["code"]:
            code = " ".join(code.split())
            link = f":eq:`{code}`" if EQUATION.fullmatch(code) else f"``{code}``"
            # Between a mark and a letter, as in `Panel`s, stands an escaped space.
            letters = text[found.start() - 1 : found.start()], text[found.end() :][:1]
            before, after = ("\\ " * letter.isalnum() for letter in letters)
            return before + link + after
        if label := found["label"]:
            return f"{found['chapter']}:ref:`{label} <{label}>`"
        if emphasis := found["emphasis"]:
            return f"*{emphasis}*"
        return "\\" + found["sign"]

    return MARKS.sub(replace, text)


def paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """The lines between blank ones; an example begins one of its own."""
    paragraph: list[str] = []
    for line in [*lines, ""]:
        starts = line.lstrip().startswith(">>>") and not is_example(paragraph)
        if paragraph and (starts or not line.strip()):
            yield paragraph
            paragraph = []
        if line.strip():
            paragraph.append(line.rstrip())


def is_example(paragraph: list[str]) -> bool:
    return bool(paragraph) and paragraph[0].lstrip().startswith(">>>")


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def end_of_text(paragraph: list[str]) -> int:
    """Where an indented block begins, right below a line that ends with a colon."""
    for place, line in enumerate(paragraph[1:], start=1):
        if indent(line) > indent(paragraph[0]) and paragraph[place - 1].endswith(":"):
            return place
    return len(paragraph)


def restructured(lines: list[str]) -> list[str]:
    """A docstring's lines in reStructuredText; its sections are left to napoleon."""
    made: list[str] = []
    margin, section, in_list = 0, None, False
    for paragraph in paragraphs(lines):
        first = paragraph[0]
        if section is not None and indent(first) <= section:
            section = None
        in_list = in_list and indent(first) > 0
        if SECTION.match(first):
            section = indent(first)
        if is_example(paragraph):
            made += [*paragraph, ""]
        elif indent(first) > margin and section is None and not in_list:
            made += [" " * margin + "::", "", *paragraph, ""]
        else:
            end = len(paragraph)
            if section is None and not in_list:
                end = end_of_text(paragraph)
            made += [*marked("\n".join(paragraph[:end])).split("\n"), ""]
            if paragraph[end:]:
                made += [" " * indent(first) + "::", "", *paragraph[end:], ""]
            margin = indent(first)
            in_list = in_list or any(ITEM.match(line.lstrip()) for line in paragraph)
    return made


def convert(app: Sphinx, what, name, obj, options, lines: list[str]) -> None:
    lines[:] = restructured(lines)


def skip(app: Sphinx, what, name, obj, skipped: bool, options) -> bool | None:
    """Leave out the fields of named tuples, of which Python says 'field number 0'."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def sign(app: Sphinx, what, name, obj, options, signature, returns):
    """A widget is made as its own `__init__` says; autodoc finds that of traitlets."""
    if isinstance(obj, type) and issubclass(obj, HasTraits):
        if "__init__" not in vars(obj):
            return "", None
        made = inspect.signature(obj.__init__, bound_method=True)
        signature = inspect.stringify_signature(
            made, show_return_annotation=False, unqualified_typehints=True
        )
    # A default such as <factory> is no Python; the types beside it would not be read.
    return signature and re.sub(r"= <[^<>]*>", "= ...", signature), returns


def dress(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """A page with signatures is of the class `api`. A signature on several lines is no list
    of definitions, as Sphinx writes it.
    """

    def as_lines(found: re.Match[str]) -> str:
        text = found[0].replace("<dl>", '<span class="sig-lines">')
        text = text.replace("<dd>", "<span>")
        return re.sub("</d[dl]>", "</span>", text)

    body, n = re.subn(r'(?s)<dt class="sig .*?</dt>', as_lines, context.get("body", ""))
    if n:
        context["body"] = re.sub(r'<section class="', r"\g<0>api ", body, count=1)


def belong(app: Sphinx, doctree: nodes.document) -> None:
    """A signature is read in a document of its own. It would keep that, and with it all
    that Sphinx knows: eight megabytes a page, which are read anew for each number of a
    figure.
    """
    for node in doctree.findall():
        node.document = doctree


def do_without(app: Sphinx, config) -> None:
    """Windows lacks two modules that the grader imports; the book is built there, too."""
    missing = [name for name in ("fcntl", "resource") if find_spec(name) is None]
    config.autodoc_mock_imports = missing


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", do_without)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-signature", sign)
    app.connect("doctree-read", belong)
    app.connect("html-page-context", dress)
    # before napoleon, which makes lists of the sections
    app.connect("autodoc-process-docstring", convert, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
