"""Keep the editions in other languages in step with the English book.

    python tools/translations.py update [PAGE ...]   bring book/ko/*.po up to the English
    python tools/translations.py status [PAGE ...]   list what is missing, stale or wrong
    python tools/translations.py write               _build/ko/: the Korean sources

The English Markdown in `book/` is the one source of structure, formulas, code and labels. A
catalogue (gettext's PO format) holds for each page what is said in words, a paragraph, a
heading, a cell of a table, a caption, a hint at a time: the English as `msgid`, the Korean
as `msgstr`. What several pages say stands in `common.po`, what scripts and extensions say
in `interface.po`, the words in drawings in `pictures.po`; an assignment's texts in
`assignments/ko/hw1.po`, what the classroom says to students in `classroom/ko.po`, a deck's
texts in `slides/ko/`, but for those that the book says, too. From these the Korean Markdown
is written, with the formulas and cells of the English. Terms are translated by the table
`terms.csv`.
"""

import argparse
import ast
import json
import os
import re
import shutil
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as PoMessage
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from translation_checks import NUMBER, faults_of, forms_of, has_words

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

sys.path.append(str(ROOT / "book" / "extensions"))

from mount import texts_of  # noqa: E402
from words import MEASURED, name_of  # noqa: E402

from classroom.course import Assignment, Course  # noqa: E402
from classroom.words import texts_of_assignment, texts_of_classroom  # noqa: E402
from derivations import Verdict  # noqa: E402
from derivations.chapters import displays  # noqa: E402
from derivations.sorts import GRADES, KINDS  # noqa: E402
from explorers.markup import latent_markup  # noqa: E402

BOOK, BUILD = ROOT / "book", ROOT / "_build"
EXPLORERS, TOOLS, SLIDES = ROOT / "explorers", ROOT / "tools", ROOT / "slides"
CONFIG, PROJECT = ROOT / "_config.yml", ROOT / "pyproject.toml"
TIMINGS = ROOT / "benchmarks" / "timings.json"
LEDGER, CELLS = BOOK / "extensions" / "ledger.py", BOOK / "extensions" / "cells.py"
SLIPS = BOOK / "extensions" / "slips.py"
WORLDS = ROOT / "derivations" / "worlds.py"
WORKBENCH = ROOT / "derivations" / "workbench.py"
DRAWINGS, LOGO = BOOK / "static" / "pictures", BOOK / "static" / "logo.svg"
# What Sphinx, its theme and extensions say, and have no Korean words for, or worse ones.
THEME = """Skip to main content|Back to top|Search|Search this book|On this page|Contents
|previous|next|previous page|next page|Color mode|Light|Dark|System Settings
|Site navigation|Section Navigation|Breadcrumb|Home|Error|Announcement
|Please activate JavaScript to enable the search functionality.
|Toggle primary sidebar|Toggle secondary sidebar|light/dark|system settings|light|dark
|By |Text: CC BY 4.0. Code: MIT.|Version warning|Link to this heading|Link to this image
|Link to this equation|Link to this table|Link to this code|Link to this term
|Link to this definition|Copy|Copy to clipboard|Toggle hidden content|Main|Page
|Exercise|Solution to|Click to show|Click to hide
|Your search did not match any documents. Please make sure that all words are
 spelled correctly and that you've selected enough categories.
|© Copyright %(copyright)s.""".replace("\n", "").split("|")
COMMON, INTERFACE, PICTURES = "common", "interface", "pictures"
CLASSROOM = "classroom"
DECKS = "slides/"  # what the names of the decks' catalogues begin with

# Directives whose argument, or whose content, is text.
TITLED = ("exercise", "exercise-start", "admonition")
PROSE = ("exercise", "solution", "admonition", "figure", "notes", "revealjs-fragments")
# In the header of a code cell: the keys whose values are text.
SPOKEN = ("caption", "alt", "code_prompt_show", "code_prompt_hide")

# The parts of a figure that moves (see `explorers/figure.py`).
PARTS = {
    "Slider", "Switch", "Readout", "Curve", "Band", "Trace", "Dot", "Dots", "Contours",
    "Panel", "ExpressionExplorer",
}  # fmt: skip
FIGURE = re.compile(rf"\b({'|'.join(sorted(PARTS))})\(")
MAGIC = re.compile(r"(?m)^%.*$")
LABEL = "label of a figure"
TERM = "term"  # of the glossary: its translation is in the table of terms

# What is asked of each text: (English, line in the file, what it is) -> what to put there.
Say = Callable[[str, int, str], str]


@dataclass(frozen=True)
class Message:
    """A text to translate, and where it stands."""

    text: str
    file: Path
    line: int
    what: str

    @property
    def place(self) -> str:
        return f"{os.path.relpath(self.file, ROOT)}:{self.line}"


# ---------------------------------------------------------------- a page
@cache
def parser():
    extensions = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["parse"]
    enabled = set(extensions["myst_enable_extensions"]) - {"smartquotes"}
    return create_md_parser(MdParserConfig(enable_extensions=enabled), RendererHTML)


def rewritten(source: str, say: Say, first: int = 1, what: str = "text") -> str:
    """A page's Markdown, or a part of it, with each of its texts replaced.

    Args:
        source: MyST Markdown.
        say: is asked for each text, in the order of the page.
        first: the number of the first line in the file.
        what: the texts are, where they are paragraphs.
    """
    lines = source.split("\n")
    edits: list[tuple[int, int, list[str]]] = []
    enclosing: list[str] = []
    row, cursor = -1, 0
    for token in parser().parse(source):
        if token.nesting:
            name = token.type.removesuffix("_open")
            enclosing.append(name) if token.nesting > 0 else enclosing.pop()
        if token.map is None:
            continue
        start, end = token.map
        line = first + start
        if token.type == "inline" and enclosing[-1] in ("th", "td"):
            if start != row:
                row, cursor = start, 0
                edits.append((start, start + 1, [lines[start]]))
            shown = edits[-1][2][0]
            # A table's bars are escaped in its cells, and nowhere else.
            cell = token.content.replace("|", r"\|")
            at = shown.index(cell, cursor)
            said = spoken(cell, line, "cell of a table", say)
            edits[-1][2][0] = shown[:at] + said + shown[at + len(cell) :]
            cursor = at + len(said)
        elif token.type == "inline":
            kind = "heading" if enclosing[-1] == "heading" else what
            head, _, tail = lines[start].partition(token.content.split("\n")[0])
            kept = tail if end - start == 1 else ""
            said = spoken(token.content, line, kind, say)
            edits.append((start, end, [head + said + kept]))
        elif token.type in ("fence", "colon_fence"):
            edits.append((start, end, directive(lines[start:end], token, line, say)))
        elif token.type == "myst_line_comment" and ATTEMPT.match(lines[start]):
            edits.append((start, end, attempt(lines[start:end], line, say)))
    for start, end, new in reversed(edits):
        lines[start:end] = new
    return "\n".join(lines)


def spoken(text: str, line: int, what: str, say: Say) -> str:
    """What is said for a text; what has no word in it stays as it is."""
    text = " ".join(text.split())
    return say(text, line, what) if has_words(text) else text


def directive(lines: list[str], token: Token, line: int, say: Say) -> list[str]:
    """A fenced block with its texts replaced."""
    found = re.match(r"\{([\w-]+)\} *(.*)", token.info.strip())
    if not found:
        return lines
    name, argument = found[1], found[2].strip()
    head, body, tail = lines[0], lines[1:-1], lines[-1]
    if name in TITLED and argument:
        title = spoken(argument, line, "title", say)
        head = head[: head.rindex(argument)] + title
    options, rest = split_options(body)
    below = line + 1 + len(options)
    if name == "code-cell":
        for text, place in labels("\n".join(rest)):
            spoken(text, below + place - 1, LABEL, say)
        return [head, *cell_header(options, line + 1, say), *rest, tail]
    if name == "glossary":
        return [head, *options, *glossary(rest, below, say), tail]
    options = [option_line(one, line + 1 + i, say) for i, one in enumerate(options)]
    if name in PROSE and any(rest):
        what = "caption" if name == "figure" else "text"
        rest = rewritten("\n".join(rest), say, below, what).split("\n")
    return [head, *options, *rest, tail]


def labels(code: str) -> Iterator[tuple[str, int]]:
    """The words that a cell gives to a figure that moves, with their lines in the cell.

    The cell stays as it is: `book/extensions/mount.py` translates what the page shows.
    """
    if not FIGURE.search(code):
        return
    for call in ast.walk(ast.parse(MAGIC.sub("", code))):
        if isinstance(call, ast.For):
            yield from constants(call.iter)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in PARTS:
            for given in [*call.args, *(word.value for word in call.keywords)]:
                yield from constants(given)


# What may hold texts of a figure; calls of its parts are looked at by themselves.
HOLDERS = (
    ast.List | ast.Tuple | ast.Dict | ast.IfExp | ast.Starred
    | ast.ListComp | ast.GeneratorExp | ast.comprehension
)  # fmt: skip


def constants(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The texts in an argument; an f-string has its names in braces."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, node.lineno
    elif isinstance(node, ast.JoinedStr):
        yield "".join(map(piece, node.values)), node.lineno
    elif isinstance(node, HOLDERS) or getattr(getattr(node, "func", 0), "id", "") == "zip":
        for child in ast.iter_child_nodes(node):
            yield from constants(child)


def piece(part: ast.expr) -> str:
    return (
        part.value if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
    )


def split_options(body: list[str]) -> tuple[list[str], list[str]]:
    """The lines of a directive's options, and the others."""
    if body and body[0].strip() == "---":
        end = next(i for i, one in enumerate(body[1:], 1) if one.strip() == "---")
        return body[: end + 1], body[end + 1 :]
    count = 0
    while count < len(body) and re.match(r" *:[\w-]+:", body[count]):
        count += 1
    return body[:count], body[count:]


def option_line(text: str, line: int, say: Say) -> str:
    found = re.match(r"( *:alt: *)(.*)", text)
    return found[1] + spoken(found[2], line, "alt text", say) if found else text


def cell_header(lines: list[str], line: int, say: Say) -> list[str]:
    """The YAML of a code cell, with the caption and the other words of its figure."""
    if not lines or lines[0].strip() != "---":
        return lines
    changed = False

    def visit(node):
        nonlocal changed
        for key, value in node.items():
            if isinstance(value, dict):
                visit(value)
            elif key in SPOKEN:
                changed = True
                at = next((i for i, one in enumerate(lines) if f"{key}:" in one), 0)
                what = {"caption": "caption", "alt": "alt text"}.get(key, "label")
                node[key] = spoken(value, line + at, what, say)

    header = yaml.safe_load("\n".join(lines[1:-1]))
    visit(header.get("mystnb", {}))
    if not changed:
        return lines
    text = yaml.safe_dump(header, allow_unicode=True, sort_keys=False, width=10**6)
    return ["---", *text.rstrip("\n").split("\n"), "---"]


def glossary(lines: list[str], line: int, say: Say) -> list[str]:
    """The entries, in the order of their translated terms."""
    entries: list[tuple[str, str]] = []
    number = line
    for entry in "\n".join(lines).split("\n\n"):
        term, *definition = entry.strip("\n").split("\n")
        words = " ".join(one.strip() for one in definition)
        term_said = say(term, number, TERM)
        said = spoken(words, number + 1, "definition", say)
        entries.append((term_said, f"{term_said}\n  {said}"))
        number += entry.count("\n") + 2
    if any(term.isascii() is False for term, _ in entries):
        entries.sort(key=lambda entry: entry[0].casefold())
    return "\n\n".join(text for _, text in entries).split("\n")


# ---------------------------------------------------------------- an exercise's declaration
ATTEMPT = re.compile(r"% attempt: *\S")


def attempt(lines: list[str], line: int, say: Say) -> list[str]:
    """The comment behind an exercise (see `exercises/declared.py`): question, choices, what
    is said of a mistake, hints."""
    questions = yaml.load("\n".join(one[2:] for one in lines[1:]), yaml.BaseLoader)

    def said(text: str, what: str) -> str:
        start = text[:30]
        at = next((i for i, one in enumerate(lines) if start in one), 0)
        return spoken(text, line + at, what, say)

    for question in questions:
        question["ask"] = said(question["ask"], "question")
        chosen = "choice" in question
        if chosen:
            question["choice"] = said(question["choice"], "choice")
        if wrong := question.get("wrong"):
            question["wrong"] = {
                said(answer, "choice") if chosen else answer: said(reply, "reply")
                for answer, reply in wrong.items()
            }
        if hints := question.get("hints"):
            question["hints"] = [said(hint, "hint") for hint in hints]
    text = yaml.safe_dump(questions, allow_unicode=True, sort_keys=False, width=10**6)
    return [lines[0], *(f"% {one}" for one in text.rstrip("\n").split("\n"))]


# ---------------------------------------------------------------- a drawing
TITLES = re.compile(r'(?<=<title>)[^<]+|(?<=aria-label=")[^"]+')
# Lines of text below each other.
LINES = re.compile(
    r'<text (?=[^>]*\bx="([\d.]+)")[^>]*>.*?</text>'
    r'(?:\s*<text (?=[^>]*\bx="\1")[^>]*>.*?</text>)*'
)
LINE = re.compile(r"(<text [^>]*>)(.*?)(?=</text>)")
SIGNS = re.compile(r"<[^>]*>|&[^;]*;|\b(?:ELBO|KL|log)\b")


def redrawn(svg: str, say: Say) -> str:
    """A drawing with each of its texts replaced; a slash parts the lines of a text."""

    def spoken_in(text: str, place: int) -> str:
        if not has_words(SIGNS.sub(" ", text)):
            return text
        return say(text, svg.count("\n", 0, place) + 1, "text in a drawing")

    def lines(found: re.Match[str]) -> str:
        text = " / ".join(text for _, text in LINE.findall(found[0]))
        said = iter(spoken_in(text, found.start()).split(" / "))
        return LINE.sub(lambda line: line[1] + next(said), found[0])

    svg = TITLES.sub(lambda found: spoken_in(found[0], found.start()), svg)
    return LINES.sub(lines, svg)


# ---------------------------------------------------------------- all that is to translate
def pages() -> list[Path]:
    return sorted(BOOK.glob("*.md"))


def decks() -> list[Path]:
    return sorted(SLIDES.glob("*.md"))


def messages_of(page: Path) -> list[Message]:
    found: list[Message] = []
    rewritten(page.read_text("utf-8"), noting(page, found))
    return [message for message in found if message.what != TERM]


def drawings() -> list[Path]:
    return [LOGO, *sorted(DRAWINGS.glob("*.svg"))]


def noting(file: Path, found: list[Message]) -> Say:
    """Says each text of a file as it is, and adds it to the messages."""

    def note(text: str, line: int, what: str) -> str:
        found.append(Message(text, file, line, what))
        return text

    return note


@cache
def messages() -> dict[str, list[Message]]:
    """By the catalogue that has to translate them: a page's name, or one that all share."""
    of_pages = {page.stem: messages_of(page) for page in pages()}
    found = shared(of_pages, COMMON)
    of_book = {message.text for some in of_pages.values() for message in some}
    of_decks = {
        f"{DECKS}{deck.stem}": [m for m in messages_of(deck) if m.text not in of_book]
        for deck in decks()
    }
    found |= shared(of_decks, f"{DECKS}{COMMON}")
    found[INTERFACE] = list(interface())
    found[PICTURES] = []
    for file in drawings():
        redrawn(file.read_text("utf-8"), noting(file, found[PICTURES]))
    ours = ((file, m) for file, m in texts_of_classroom() if has_words(m.text))
    found[CLASSROOM] = [Message(m.text, file, m.line, m.what) for file, m in ours]
    for name, assignment in assignments().items():
        checks = dict.fromkeys(("name", "message"), assignment.folder / "checks.py")
        found[name] = [
            Message(m.text, checks.get(m.what, assignment.markdown), m.line, m.what)
            for m in texts_of_assignment(assignment.markdown)
        ]
    return found


def shared(of_files: dict[str, list[Message]], common: str) -> dict[str, list[Message]]:
    """The messages of each file, and by the name `common` those that several files have."""
    count = Counter(text for some in of_files.values() for text in {m.text for m in some})
    found: dict[str, list[Message]] = {common: []}
    for name, some in of_files.items():
        found[name] = [m for m in some if count[m.text] == 1]
        found[common] += [m for m in some if count[m.text] > 1]
    return found


@cache
def assignments() -> dict[str, Assignment]:
    """Also those of a folder that CLASSROOM_ASSIGNMENTS names."""
    course = Course.here()
    files = chain(*(folder.glob("*/*.md") for folder in course.assignments))
    names = sorted({file.stem for file in files if file.stem == file.parent.name})
    return {name: course.assignment(name) for name in names}


def interface() -> Iterator[Message]:
    """What the table of contents says, and the scripts and extensions of the pages."""
    toc = BOOK / "_toc.yml"
    for number, line in enumerate(toc.read_text("utf-8").split("\n"), 1):
        if caption := re.match(r" *- caption: *(.*)", line):
            yield Message(caption[1], toc, number, "caption of the table of contents")
    code = [BOOK / "extensions", SLIDES / "extensions", TOOLS]
    for file in sorted(file for folder in code for file in folder.glob("*.py")):
        yield from said_in(file, "python")
    scripts = [BOOK / "static", SLIDES / "static", EXPLORERS, TOOLS]
    for file in sorted(file for folder in scripts for file in folder.glob("*.js")):
        yield from said_in(file, "javascript")
    yield Message(yaml.safe_load(CONFIG.read_text("utf-8"))["author"], CONFIG, 1, "author")
    about = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["description"]
    yield Message(about, PROJECT, 1, "what the book is")
    for file, texts in data().items():
        source = file.read_text("utf-8")
        for text in texts:
            # A text may be written on several lines there: its beginning says where.
            line = source.count("\n", 0, max(0, source.find(text[:24]))) + 1
            if has_words(text):
                yield Message(text, file, line, "string")
    for page in pages():
        for display in displays(page.read_text("utf-8")):
            if display.label:
                name = name_of(display.label)
                yield Message(name, page, display.line, "name of an equation")
    figures = EXPLORERS / "markup.py"
    for text in filter(has_words, texts_of_figures()):
        yield Message(text, figures, 1, LABEL)
    for text in THEME:
        yield Message(text, Path(__file__), 1, "string of the theme")


def texts_of_figures() -> list[str]:
    """The words of the figure of the latent space, in all its forms."""
    shapes = [(1, 8, 8), (3, 8, 6)]
    forms = [latent_markup(H, shape, 3, 2) for H in (2, 3) for shape in shapes]
    forms.append(latent_markup(2, (1, 8, 8), 3, 2, small=True))
    return list(dict.fromkeys(text for form in forms for text in texts_of(form)))


def said_in(file: Path, language: str) -> Iterator[Message]:
    """The texts in calls of `say`."""
    for line, text, _, _ in extract_from_file(language, file, {"say": None}):
        if text and isinstance(text, str) and has_words(text):
            yield Message(text, file, line, "string")


def data() -> dict[Path, list[str]]:
    """Texts that are no argument of `say` but come to it from tables: file to texts."""
    timings = json.loads(TIMINGS.read_text("utf-8"))
    of_timings = []
    for section in timings.values():
        table = section["table"]
        rows = [table["head"], *table["body"]]
        of_timings += [section["notes"], *(cell for row in rows for cell in row)]
    how = re.search(r"HOW = \((.*?)\n\)", LEDGER.read_text("utf-8"), re.S)[1]
    code = (
        WORLDS.with_name(f"{name}.py").read_text("utf-8") for name in ("worlds", "chains")
    )
    worlds = re.findall(r'(?m)^    name = "(.*?)"', "".join(code))
    columns = re.search(r'COLUMNS = "(.*)"', LEDGER.read_text("utf-8"))[1].split("|")
    compared = re.search(r"COLUMNS = \{(.*?)\n\}", CELLS.read_text("utf-8"), re.S)[1]
    kinds = [text for kind in KINDS.values() for text in (kind.name, kind.why)]
    return {
        TIMINGS: [t for t in of_timings if not re.match(r"[\d.,]+ ?(ms|s|MB|x)?$", t)],
        LEDGER: [
            *columns,
            "equal",
            "has a value",
            "never violated",
            "proportional",
            *re.findall('"(.+?)"', how),
        ],
        CELLS: re.findall(r'"(.+?)"', compared),
        SLIPS: re.findall(r'"eq-.*": "(.+)"', SLIPS.read_text("utf-8")),
        WORKBENCH: ["published", "mended", "line"],
        WORLDS: [MEASURED.sub("{n}", name.replace("{}", "2")) for name in worlds],
        ROOT / "derivations" / "verdict.py": [*map(str, Verdict), "broken"],
        ROOT / "derivations" / "sorts.py": [*GRADES.values(), *kinds],
    }


# ---------------------------------------------------------------- catalogues
def catalogue_path(name: str, language: str = "ko") -> Path:
    if name == CLASSROOM:
        return ROOT / "classroom" / f"{language}.po"
    if name in assignments():
        return assignments()[name].folder.parent / language / f"{name}.po"
    if name.startswith(DECKS):
        return SLIDES / language / f"{name.removeprefix(DECKS)}.po"
    return BOOK / language / f"{name}.po"


def read_catalogue(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale=path.parent.name)
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.name)


def write_catalogue(path: Path, catalogue: Catalog) -> None:
    unfinished = path.with_suffix(".unfinished")
    for message in catalogue:
        message.flags &= {"fuzzy"}  # braces are no Python here
    with unfinished.open("wb") as file:
        # A text a line, and no number of a line: what is edited elsewhere changes nothing.
        write_po(file, catalogue, width=10**6, omit_header=True, include_previous=True)
    # `omit_header` leaves no charset; this is what other tools need.
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    unfinished.write_text(head + unfinished.read_text("utf-8"), encoding="utf-8")
    unfinished.replace(path)


def template(some: Iterable[Message]) -> Catalog:
    made = Catalog()
    for message in some:
        if message.text not in made:
            made.add(message.text, auto_comments=[message.what])
    return made


def brought_up(name: str, some: list[Message], language: str = "ko") -> Catalog:
    """A catalogue that has the messages of today: what is new and near to an old one has
    its translation, marked as fuzzy."""
    kept = read_catalogue(catalogue_path(name, language))
    for other in {*messages()} - {
        name
    }:  # a text that has moved takes its translation along
        path = catalogue_path(other, language)
        for message in some if path.exists() else ():
            if message.text in kept and kept[message.text].string:
                continue
            moved = read_catalogue_once(path).get(message.text)
            if moved and moved.string and not moved.fuzzy:
                kept.add(message.text, moved.string, user_comments=moved.user_comments)
    kept.update(template(some), keep_user_comments=True)
    kept.obsolete.clear()
    return kept


@cache
def read_catalogue_once(path: Path) -> Catalog:
    return read_catalogue(path)


@cache
def translations(language: str = "ko", folder: Path = BOOK) -> dict[str, str]:
    """English to the translation, of all that is translated from today's English."""
    found = {}
    for path in sorted((folder / language).glob("*.po")):
        for message in read_catalogue_once(path):
            if message.id and message.string and not message.fuzzy:
                found[message.id] = message.string
    return found


def strings(language: str = "ko", what: str = "") -> dict[str, str]:
    """What scripts and extensions look up: all of `interface.po`, or of a kind all."""
    known = translations(language)
    some = chain(*messages().values()) if what else messages()[INTERFACE]
    return {
        message.text: edged(message.text, known[message.text])
        for message in some
        if message.text in known and what in ("", message.what)
    }


def title(language: str = "ko") -> str:
    """The book's title, as its front page has it."""
    return configured("title", language)


def author(language: str = "ko") -> str:
    return configured("author", language)


def configured(name: str, language: str) -> str:
    english = yaml.safe_load(CONFIG.read_text("utf-8"))[name]
    return translations(language).get(english, english)


def edged(text: str, translation: str) -> str:
    """A translation with the blanks around it that the text has: it is a part of more."""
    before = text[: len(text) - len(text.lstrip())]
    after = text[len(text.rstrip()) :]
    return before + translation.strip() + after


# ---------------------------------------------------------------- what is done with them
def update(names: list[str], language: str = "ko") -> None:
    for name in names:
        path = catalogue_path(name, language)
        path.parent.mkdir(exist_ok=True)
        catalogue = brought_up(name, messages()[name], language)
        for message in catalogue:
            if message.id and message.fuzzy and message.previous_id:
                renumber(message)
        write_catalogue(path, catalogue)


def renumber(message: PoMessage) -> None:
    """Where other numbers are all that is new in the English, they are put into the
    translation: a run on another machine makes no work for a translator."""
    (old, *_), new = message.previous_id, message.id
    pairs = list(zip(NUMBER.findall(old), NUMBER.findall(new), strict=False))
    now, given = dict(pairs), Counter(NUMBER.findall(message.string))
    counted = Counter(number for number, _ in pairs)
    moved = [number for number in now if now[number] != number]
    clear = len(set(pairs)) == len(now) and all(given[n] == counted[n] for n in moved)
    if clear and NUMBER.sub("0", old) == NUMBER.sub("0", new):
        message.string = NUMBER.sub(lambda n: now.get(n[0], n[0]), message.string)
        message.flags.discard("fuzzy")
        message.previous_id = []


def status(names: list[str], language: str = "ko") -> list[str]:
    """What is missing, stale or wrong: place and reason."""
    faults = []
    for name in names:
        known = brought_up(name, messages()[name], language)
        told = set()
        for message in messages()[name]:
            if message.text in told:
                continue
            told.add(message.text)
            entry = known[message.text]
            if not entry.string:
                faults.append(f"{message.place}: not translated: {shortened(message.text)}")
            elif entry.fuzzy:
                faults.append(
                    f"{message.place}: translated from an older text: "
                    f"{shortened(message.text)}"
                )
            else:
                free = " ".join(entry.user_comments)
                for fault in faults_of(message.text, entry.string, message.what, free):
                    faults.append(f"{message.place}: {fault}")
    return faults


def shortened(text: str) -> str:
    return text if len(text) < 70 else text[:67] + "..."


def write(language: str = "ko") -> Path:
    """The book's sources in another language; what is not translated stays English."""
    known = translations(language)
    folder = BUILD / language / "book"
    folder.mkdir(parents=True, exist_ok=True)

    def say(text: str, line: int, what: str) -> str:
        return headword(text) if what == TERM else known.get(text, text)

    for page in pages():
        replace(folder / page.name, rewritten(page.read_text("utf-8"), say))
    replace(folder.parent / "labels.json", json.dumps(strings(language, LABEL)))
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text("utf-8"))
    for part in toc["parts"]:
        part["caption"] = known.get(part["caption"], part["caption"])
    replace(folder / "_toc.yml", yaml.safe_dump(toc, allow_unicode=True, sort_keys=False))
    shutil.copy2(BOOK / "references.bib", folder)
    (folder / DRAWINGS.relative_to(BOOK)).mkdir(parents=True, exist_ok=True)
    others = shutil.ignore_patterns(DRAWINGS.name, LOGO.name)
    shutil.copytree(BOOK / "static", folder / "static", ignore=others, dirs_exist_ok=True)
    for file in drawings():
        replace(folder / file.relative_to(BOOK), redrawn(file.read_text("utf-8"), say))
    return folder


def write_decks(language: str = "ko") -> Path:
    """The decks' sources, beside those of the book that they take from."""
    known = translations(language) | translations(language, SLIDES)
    folder = BUILD / language / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    for deck in decks():
        said = rewritten(deck.read_text("utf-8"), lambda text, *_: known.get(text, text))
        replace(folder / deck.name, said)
    replace(folder.parent / "strings.json", json.dumps(strings(language)))
    return folder


def headword(term: str) -> str:
    """A term of the glossary, with the English word that readers of papers know."""
    korean = forms_of(term)[0]
    return term if korean == term else f"{korean} ({term})"


def replace(path: Path, text: str) -> None:
    """Only what has changed is new: Sphinx reads the others from its last build."""
    if path.exists() and path.read_text("utf-8") == text:
        return
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def main() -> None:
    actions = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions.add_argument("action", choices=["update", "status", "write"])
    actions.add_argument("only", nargs="*", help="names of catalogues; none means all")
    options = actions.parse_args()
    if unknown := {*options.only} - {*messages()}:
        sys.exit(
            f"no catalogue {', '.join(sorted(unknown))}: they are {', '.join(messages())}"
        )
    names = options.only or list(messages())
    if options.action == "update":
        update(names)
    elif options.action == "write":
        print(write(), write_decks())
    elif faults := status(names):
        print("\n".join(faults))
        sys.exit(f"{len(faults)} places are missing, stale or wrong")


if __name__ == "__main__":
    main()
