"""The book in other languages: what the pages of an edition need beside their text.

`tools/edition.py` builds an edition from Markdown in its language. Here its headings and
terms keep the English anchors, so that a link, and the switch between the languages, leads
to the same place. What the extensions say (`words.py`), the scripts
(`static/say.js`), Sphinx and its theme is looked up in `interface.po`.
"""

import json
import pickle
import re
from pathlib import Path

from docutils import nodes
from sections import English
from sphinx import locale
from sphinx.application import Sphinx
from sphinx.config import Config
from words import say

BOOK = Path(__file__).resolve().parents[1]
# Each edition by its language, with its own words. The English one is at the root.
NAMES = {
    "en": {
        "name": "English",
        "offer": "Read this book in English",
        "close": "Stay here",
    },
    "ko": {
        "name": "한국어",
        "offer": "이 책을 한국어로 읽기",
        "close": "그대로 두기",
    },
}


def configure(app: Sphinx, config: Config) -> None:
    config.templates_path = [*config.templates_path, str(BOOK / "templates")]
    if config.english_book:
        # What these extensions say is in the same catalogue as Sphinx's words.
        for catalog in ("exercise", "togglebutton"):
            locale.translators["general", catalog] = locale.get_translator()
        config.togglebutton_hint = say("Click to show")
        config.togglebutton_hint_hide = say("Click to hide")
        options = config.html_theme_options
        options["search_bar_text"] = say("Search this book")
        options["logo"] = {"alt_text": config.html_title}
        options["extra_footer"] = re.sub(
            "(?<=<p>).*(?=</p>)", lambda text: say(text[0]), options["extra_footer"]
        )


# ---------------------------------------------------------------- words of the scripts
def add_strings(app: Sphinx, pagename, templatename, context, doctree) -> None:
    if app.config.english_book:
        app.add_js_file("strings.js", priority=10)


def write_strings(app: Sphinx, error: Exception | None) -> None:
    """The table that `say` looks into."""
    if error is not None or app.builder.format != "html" or not app.config.english_book:
        return
    text = json.dumps(app.config.strings, ensure_ascii=False, separators=(",", ":"))
    file = Path(app.outdir) / "_static" / "strings.js"
    file.write_text(f"window.bookStrings = {text};\n", encoding="utf-8")


# ---------------------------------------------------------------- the same places
def keep_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Headings and terms bear the names that they have on the English page."""
    if not app.config.english_book:
        return
    folder = Path(app.doctreedir).parent
    with (folder / f"{app.env.docname}.doctree").open("rb") as file:
        english = pickle.load(file)
    for kind in (nodes.section, nodes.term):
        ours, theirs = list(doctree.findall(kind)), list(english.findall(kind))
        if kind is nodes.term:  # another alphabet, another order
            theirs.sort(key=lambda term: term_in(term))
            ours.sort(key=lambda term: term_in(term))
        for our, their in zip(ours, theirs, strict=True):
            others = our["ids"] if kind is nodes.term else []  # the index knows them
            our["ids"] = list(dict.fromkeys([*their["ids"], *others]))


def term_in(term: nodes.term) -> str:
    """The English of a glossary's entry, which stands in brackets behind the other."""
    text = term.astext()
    found = re.fullmatch(r".* \((.*)\)", text)
    return (found[1] if found else text).casefold()


# ---------------------------------------------------------------- the switch
def offer(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """What `templates/language-switch.html` shows in the head of each page."""
    translated = bool(app.config.english_book)
    context["other_editions"] = [
        {
            "language": language,
            "url": context["pathto"](
                f"../{pagename}" if translated else f"{language}/{pagename}", 1
            )
            + ".html",
        }
        | NAMES[language]
        for language in (["en"] if translated else [name for name in NAMES if name != "en"])
    ]


# ---------------------------------------------------------------- the search
# What is hung on a Korean noun; the longest first.
PARTICLES = """
으로부터 에게서 에서는 에서도 으로써 으로서 이라는 이라고 에서 에게 으로 까지 부터 처럼
보다 마다 조차 라는 라고 에는 에도 과는 와는 이나 이란 란 와 과 은 는 이 가 을 를 의 에
로 도 만 나
""".split()

RUNS = re.compile(r"[가-힣]+|(?:(?![가-힣])\w)+")
# A query's words lose their particles; what hangs on a Latin word is no word.
SPLITTER = r"""
const runs = /[가-힣]+|(?:(?![가-힣])[\p{L}\p{N}_])+/gu;
const wordsOf = (query) =>
  [...query.matchAll(runs)].flatMap(([word], i, all) => {
    if (!/[가-힣]/.test(word)) return [word];
    const root = word.replace(/(?:PARTICLES)$/, "");
    if (root.length > 1) return [root];
    const hangs = i > 0 && all[i].index === all[i - 1].index + all[i - 1][0].length;
    return hangs && !root ? [] : [word];
  });
const pairs = (word) =>
  /[가-힣]{2}/.test(word) ? [...word].slice(1).map((next, i) => word[i] + next) : [word];
var splitQuery = (query) => wordsOf(query).flatMap(pairs);
""".replace("PARTICLES", "|".join(PARTICLES))


class Korean(English):
    """Korean words are found by their pairs of letters, so that neither the particle that
    hangs on one nor the words that are written together with it hide it. Latin ones are
    found as in English."""

    lang = "ko"
    language_name = "Korean"
    js_splitter_code = SPLITTER

    def split(self, input: str) -> list[str]:
        return [piece for word in RUNS.findall(input) for piece in pairs(word)]


def pairs(word: str) -> list[str]:
    """The neighbouring letters of a Korean word; any other word as it is.

    >>> pairs("잠재변수"), pairs("ELBO")
    (['잠재', '재변', '변수'], ['ELBO'])
    """
    if len(word) < 2 or not re.match("[가-힣]", word):
        return [word]
    return [word[i : i + 2] for i in range(len(word) - 1)]


def setup(app: Sphinx) -> dict:
    app.add_config_value("english_book", "", "env", str)
    app.add_config_value("strings", {}, "env", dict)
    app.add_search_language(Korean)
    app.connect("config-inited", configure, priority=400)  # before they make their titles
    app.connect("doctree-read", keep_anchors, priority=300)
    app.connect("html-page-context", offer)
    app.connect("html-page-context", add_strings)
    app.connect("build-finished", write_strings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
