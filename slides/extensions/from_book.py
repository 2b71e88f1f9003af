"""Decks take their formulas, figures and explorers from the book, by label.

    ```{formula} eq-elbo-gap            a display
    ```{derivation} eq-evidence         a chain, line by line with its reasons;
                                        `:lines: 1-4` shows a part of it,
                                        `:wide:` puts reasons below lines
    ```{picture} fig-latent-pairs       a figure's picture, in pixels: `:height: 380`
    ```{explorer} fig-three-bars        a figure that moves; `:at: mu 0.9, s 0.5` says where
                                        its sliders begin, and it has a `:height:` and a
                                        `:width:`, too
    ```{slip} eq-elbo-short fraction    a chain with one line changed, by label and sort
    ```{slip-answer} eq-elbo-short fraction
    ```{homework} ex-elbo-account       exercises of the chapter, by their titles
    ```{notes}                          what the speaker says
    {eq}`eq-elbo-gap`                   an equation's number

So nothing that is judged is typed again. A formula within a sentence may be typed where it
states nothing; one with a relation sign must stand in a chapter, letter by letter.

A deck in another language takes from the book in that language, whose sources lie beside
it: reasons, captions and the words of explorers are translated there.
"""

import html
import json
import re
from base64 import b64decode
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import lines
import mount
import slips
from docutils import nodes
from docutils.parsers.rst import directives
from editions import add_strings, write_strings
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from vectors import digest, light
from words import say

from book import BUILD, VECTORS, executed_chapter
from derivations.chapters import DISPLAY, displays
from derivations.lines import lines_of
from derivations.notation import RELATIONS
from derivations.slips import SIGN
from derivations.sorts import KINDS
from notebooks import REASON, REASONS

BOOK = Path(__file__).parents[2] / "book"  # the English one
PICTURES = "_static/figures"
EXERCISE = re.compile(r"^`+\{exercise(?:-start)?\} (.*)\n:label: (.*)", re.M)
FIGURE = re.compile(r"^:::\{figure\} (?P<path>\S+)\n(?P<options>(?::.*\n)+)", re.M)
INLINE = re.compile(r"(?<!\$)\$([^$\n]+)\$(?!\$)")
# A colon states nothing where it stands alone, as in an index.
SIGNS = [sign for row in RELATIONS.values() for sign in row.latex if sign != ":"]
STATES = re.compile(
    "|".join(re.escape(sign) + r"(?![A-Za-z])" * sign.startswith("\\") for sign in SIGNS)
)

logger = logging.getLogger(__name__)


# ---------------------------------------------------------------- what the book has
@dataclass(frozen=True)
class Formula:
    """A display of the book: its number, its LaTeX, its lines' reasons if it has any."""

    number: str
    source: str
    reasons: list[str]


@dataclass(frozen=True)
class Figure:
    """A figure of the book: a picture, and what moves in its place, if anything does."""

    suffix: str
    picture: bytes
    alt: str
    model: str = ""
    state: dict | None = None


def book_of(app: Sphinx) -> Path:
    """The chapters in the language of the decks, as `tools/translations.py` writes them."""
    return Path(app.srcdir).parent / "book" if app.config.english_book else BOOK


def chapters_of(book: Path) -> list[Path]:
    return sorted(book.glob("[0-9][0-9]-*.md"))


@cache
def text_of(chapter: Path) -> str:
    return chapter.read_text(encoding="utf-8")


@cache
def formulas(book: Path) -> dict[str, Formula]:
    """The labelled displays of all chapters."""
    found = {}
    for chapter in chapters_of(book):
        text = text_of(chapter)
        lists = {m["label"]: REASONS.match(text, m.end()) for m in DISPLAY.finditer(text)}
        labelled = [display for display in displays(text) if display.label]
        for place, display in enumerate(labelled, start=1):
            behind = lists[display.label]
            reasons = REASON.split(behind[0].strip())[1:] if behind else []
            number = f"{int(chapter.name[:2])}.{place}"
            found[display.label] = Formula(number, display.source, reasons)
    return found


@cache
def figures(chapter: Path) -> dict[str, Figure]:
    """The figures of a chapter by their names: drawn once, or made by its cells."""
    found = {}
    for match in FIGURE.finditer(text_of(chapter)):
        options = dict(re.findall(r"^:(\w+): (.*)", match["options"], re.M))
        path = chapter.parent / match["path"]
        found[options["name"]] = Figure(path.suffix, path.read_bytes(), options["alt"])
    notebook = executed_chapter(chapter)
    if notebook is None:
        return found
    vectors = light(VECTORS)
    states = notebook.metadata.get("widgets", {}).get(mount.STATE, {}).get("state", {})
    for cell in notebook.cells:
        about = cell.metadata.get("mystnb", {})
        name = about.get("figure", {}).get("name")
        shown = [output.get("data", {}) for output in cell.get("outputs", ())]
        data = next((data for data in shown if "image/png" in data), None)
        if not name or data is None:
            continue
        model = data.get(mount.VIEW, {}).get("model_id", "")
        picture, alt = b64decode(data["image/png"]), about["image"]["alt"]
        drawn, suffix = vectors.get(digest(picture)), ".png"
        if drawn:
            picture, suffix = drawn.read_bytes(), ".svg"
        found[name] = Figure(suffix, picture, alt, model, states.get(model))
    return found


@cache
def said_inline(book: Path) -> set[str]:
    """The formulas within the book's sentences."""
    return {
        latex for chapter in chapters_of(book) for latex in INLINE.findall(text_of(chapter))
    }


# ---------------------------------------------------------------- directives
class FromBook(SphinxDirective):
    """What a label of the book leads to."""

    required_arguments = 1
    optional_arguments = 0

    def of(self, known: dict, what: str, label: str = ""):
        """What the label names, or an error at its line."""
        label = label or self.arguments[0]
        if label in known:
            return known[label]
        near = get_close_matches(label, known)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise self.error(f"{what} {label}.{hint}")

    @property
    def chapter(self) -> Path:
        """The chapter of this deck: it bears the same name."""
        return book_of(self.env.app) / f"{Path(self.env.docname).name}.md"

    def formula(self) -> Formula:
        known = formulas(book_of(self.env.app))
        return self.of(known, "no display of the book has the label")

    def figure(self) -> tuple[str, Figure]:
        """The address of its picture, and the figure."""
        what = f"{self.chapter.name}, as 'make book' last ran it, has no figure"
        found = self.of(figures(self.chapter), what)
        name = f"{self.arguments[0]}{found.suffix}"
        file = Path(self.env.app.outdir) / PICTURES / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(found.picture)
        return f"{PICTURES}/{name}", found


class DisplayOfBook(FromBook):
    def run(self) -> list[nodes.Node]:
        formula = self.formula()
        shown = [line.as_json() for line in lines_of(formula.source)]
        if not shown:
            raise self.error(f"{self.arguments[0]} cannot be cut into lines")
        return [call("formula", {"number": formula.number, "lines": shown})]


def chain_so_far(lines: list[dict]) -> list:
    """What a chain that goes on below these lines says: its head, and the last of them.

    >>> chain_so_far([{"left": "a", "sign": ">", "right": "b"}])
    ['a', '{} > b']
    """
    (relation,) = {line["sign"] for line in lines} - {"=", ":="} or {"="}
    first, *others = pieces if isinstance(pieces := lines[-1]["right"], list) else [pieces]
    while isinstance(first, list):
        first, *inner = first
        others = [*inner, *others]
    if isinstance(first, dict):
        return [
            lines[0]["left"],
            first | {"latex": f"{{}} {relation} {first['latex']}"},
            *others,
        ]
    return [lines[0]["left"], f"{{}} {relation} {first}", *others]


class Derivation(FromBook):
    option_spec = {"lines": str, "wide": directives.flag}

    def run(self) -> list[nodes.Node]:
        formula = self.formula()
        every = [line.as_json() for line in lines_of(formula.source)]
        if not len(every) == len(formula.reasons) > 1:
            raise self.error(f"{self.arguments[0]} has no reasons: use {{formula}}")
        first, last = self.range_of(len(every))
        shown = every[first - 1 : last]
        if first > 1:
            shown[0]["left"] = chain_so_far(every[: first - 1])
        told = formula.reasons[first - 1 : last]
        numbered = "\n".join(f"{i}. {reason}" for i, reason in enumerate(told, start=1))
        (reasons,) = self.parse_text_to_nodes(numbered)
        data = {"number": formula.number, "lines": shown, "first": first}
        data |= {"wide": "wide" in self.options}
        return [reasons, call("derivation", data)]

    def range_of(self, count: int) -> tuple[int, int]:
        given = self.options.get("lines", f"1-{count}")
        match = re.fullmatch(r"(\d+)-(\d+)", given)
        if match and 1 <= int(match[1]) <= int(match[2]) <= count:
            return int(match[1]), int(match[2])
        raise self.error(f"{self.arguments[0]} has the lines 1-{count}, not {given}")


class Picture(FromBook):
    option_spec = {"height": directives.positive_int}

    def run(self) -> list[nodes.Node]:
        address, figure = self.figure()
        sizes = in_pixels(self.options)
        return [raw(f'<figure class="picture"{sizes}>{image(address, figure)}</figure>')]


class Explorer(FromBook):
    option_spec = {
        "at": str,
        "height": directives.positive_int,
        "width": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        address, figure = self.figure()
        if not (figure.state and mount.is_explorer(figure.state)):
            raise self.error(f"{self.arguments[0]} does not move: use {{picture}}")
        shown = self.env.app.explorers.setdefault(self.env.docname, {})
        state = shown[figure.model] = self.moved(figure.state)
        known = mount.labels_in_markup(self.env.app)
        box = mount.opening(figure.model, state, known) + image(address, figure)
        sizes = in_pixels(self.options)
        return [raw(f'<div class="live"{sizes}>{box}{mount.CLOSING}</div>')]

    def moved(self, widget: dict) -> dict:
        """The figure with its sliders where the talk begins."""
        values = dict(widget["state"].get("values", {}))
        for part in self.options.get("at", "").split(",") if "at" in self.options else ():
            name, _, number = part.strip().partition(" ")
            try:
                place = float(number)
            except ValueError:
                place = None
            if name not in values or place is None:
                sliders = " and ".join(values) or "none"
                raise self.error(
                    f"'{part.strip()}' places no slider of {self.arguments[0]}. "
                    f"Write ':at: name number'; its sliders: {sliders}."
                )
            values[name] = place
        return widget | {"state": widget["state"] | {"values": values}}


class Slip(FromBook):
    """The chain of this label with a slip of the given sort."""

    required_arguments = 2

    def slip(self) -> tuple[list[str], dict]:
        """The chain's lines, and what was changed in one of them."""
        page = self.env.app.slips[self.chapter.stem]
        chain = self.of(page["chains"], f"{self.chapter.name} asks for no slip in")
        label, sort = self.arguments
        sort = sort.replace("-", " ")
        for slip in page["slips"]:
            if (slip["label"], slip["sort"]) == (label, sort):
                return chain["lines"], slip
        sorts = sorted({slip["sort"] for slip in page["slips"] if slip["label"] == label})
        raise self.error(f"{label} has no slip of the sort {sort!r}, only {sorts}")

    def run(self) -> list[nodes.Node]:
        chain, slip = self.slip()
        left, *others = map(line_as_json, chain)
        others[slip["line"] - 1] = line_as_json(wrong(chain[slip["line"]], slip))
        others[0]["left"] = left["right"]
        return [call("derivation", {"lines": others, "first": 1})]


class SlipAnswer(Slip):
    def run(self) -> list[nodes.Node]:
        chain, slip = self.slip()
        right, kind, values = (
            chain[slip["line"]],
            KINDS[slip["sort"]],
            slips.legible(slip["values"]),
        )
        shown = [line_as_json(wrong(right, slip)), line_as_json(right)]
        worth = {"left": values["left"], "right": values["right"], "line": slip["line"]}
        numbers = (
            say(
                "At one point what stands before line {line} improves along {left}, and "
                "the wrong line along {right}.",
                **worth,
            )
            if values["slopes"]
            else say(
                "With numbers put in, what stands before line {line} is worth {left}, and "
                "the wrong line {right}.",
                **worth,
            )
        )
        what = say("Line {line}: {name}.", line=slip["line"], name=say(kind.name))
        why = nodes.Text(f" {say(kind.why)}")
        return [
            call("mended", {"lines": shown}),
            nodes.paragraph("", "", nodes.strong("", what), why),
            nodes.paragraph("", numbers, classes=["small"]),
        ]


class Homework(FromBook):
    """A list of the chapter's exercises."""

    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        titles = {label: title for title, label in EXERCISE.findall(text_of(self.chapter))}
        what = f"{self.chapter.name} has no exercise"
        asked = [self.of(titles, what, label) for label in self.arguments[0].split()]
        items = [nodes.list_item("", nodes.paragraph("", title)) for title in asked]
        return [
            nodes.paragraph("", "", nodes.strong("", say("Homework:"))),
            nodes.bullet_list("", *items, classes=["small"]),
        ]


class Notes(SphinxDirective):
    """What the speaker says: words alone, since the speaker's window draws no formula."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        said = self.parse_content_to_nodes()
        if any(next(node.findall(nodes.math), None) for node in said):
            raise self.error("write formulas in notes as plain text, e.g. log p(x)")
        return [raw('<aside class="notes">'), *said, raw("</aside>")]


class Number(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        known = formulas(book_of(self.env.app))
        if self.text in known:
            # a word joiner: no line begins with the particle that Korean hangs on it
            return [nodes.Text(f"({known[self.text].number})\u2060")], []
        message = f"no display of the book has the label {self.text}"
        return [], [self.inliner.reporter.error(message, line=self.lineno)]


# ---------------------------------------------------------------- pieces
def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def call(what: str, data: dict) -> nodes.raw:
    """A call of `slides.js`, which draws in the place of the script."""
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return raw(f"<script>slides.{what}({text})</script>")


def in_pixels(options: dict) -> str:
    """A figure's size on its slide, for `slides.css`."""
    sizes = [
        f"--{side}:{options[side]}px" for side in ("height", "width") if side in options
    ]
    return f' style="{";".join(sizes)}"' if sizes else ""


def image(address: str, figure: Figure) -> str:
    return f'<img src="{address}" alt="{html.escape(figure.alt)}">'


def wrong(line: str, slip: dict) -> str:
    """A chain's line as it was changed."""
    begin = slip["begin"]
    return line[:begin] + slip["new"] + line[begin + len(slip["old"]) :]


def line_as_json(line: str) -> dict[str, str]:
    """A line of a chain, which begins with its sign, or has none where the chain begins."""
    sign = re.match(f"{SIGN}|", line)[0]
    return {"sign": sign, "right": line[len(sign) :].strip(), "says": line}


# ---------------------------------------------------------------- pages
def read(app: Sphinx, doctree: nodes.document) -> None:
    """What holds of every deck, once it is read."""
    lines.keep_signs_with_formulas(doctree)
    book = book_of(app)
    refuse_typed_formulas(doctree, said_inline(book))
    chapter = book / f"{app.env.docname}.md"
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is None or chapter not in chapters_of(book):
        return
    expected = re.search(r"(?m)^# (.*)", text_of(chapter))[1]
    if title.astext() != expected:
        logger.warning(f"the chapter is called {expected!r}", location=title)
    of = say("Chapter {number} of {book}. Text and figures: CC BY 4.0.")
    before, after = of.replace("{number}", str(int(chapter.name[:2]))).split("{book}")
    named = nodes.emphasis("", app.config.project)
    title.parent.insert(1, nodes.paragraph("", before, named, nodes.Text(after)))


def refuse_typed_formulas(doctree: nodes.document, known: set[str]) -> None:
    """A formula that states something is the book's, or it is not judged."""
    for display in doctree.findall(nodes.math_block):
        message = "a display is taken from the book, with {formula} or {derivation}"
        logger.warning(message, location=display)
    for formula in doctree.findall(nodes.math):
        latex = formula.astext()
        if STATES.search(latex) and latex not in known:
            message = f"${latex}$ states something that no chapter says in these letters"
            logger.warning(message, location=formula)


def add_explorers(app: Sphinx, pagename, templatename, context, doctree) -> None:
    states = mount.in_words(app.explorers.get(pagename, {}), mount.labels(app))
    for style in mount.embed(app, states) if states else ():
        # sphinx-revealjs has copied the list already
        context["css_files"].append(f"_static/{style}")


def take_strings(app: Sphinx, config: Config) -> None:
    """What the scripts say in the language of the decks."""
    if config.english_book:
        file = Path(app.srcdir).parent / "strings.json"
        config.strings = json.loads(file.read_text(encoding="utf-8"))


def prepare(app: Sphinx) -> None:
    app.explorers = {}
    app.slips = slips.kept(BOOK, BUILD / "slips.json")


def setup(app: Sphinx) -> dict:
    for name, directive in {
        "formula": DisplayOfBook, "derivation": Derivation, "picture": Picture,
        "explorer": Explorer, "slip": Slip, "slip-answer": SlipAnswer,
        "homework": Homework, "notes": Notes,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
    app.add_role("eq", Number(), override=True)
    app.add_config_value("english_book", "", "env", str)
    app.add_config_value("strings", {}, "env", dict)
    app.connect("config-inited", take_strings)
    app.connect("builder-inited", prepare)
    app.connect("doctree-read", read)
    app.connect("html-page-context", add_explorers, priority=800)
    app.connect("html-page-context", add_strings)
    app.connect("build-finished", write_strings)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
