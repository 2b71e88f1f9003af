"""The explorers of a chapter move on its page, without a kernel.

An executed chapter holds the state of its widgets, and myst-nb would write all of it into
the page. Here the page keeps what is small. Scripts, style sheets, long data and binary
buffers become files of `_static/explorers`, named by their content, so that chapters share
them; they are classic scripts, since a page that was opened from disk may load nothing
else. `mount.js` puts the two together.

In another edition the labels of a figure are looked up in the catalogues; the cells, which
name them in English, stay the same.

Until then each figure's own HTML, unseen, keeps the room in which its still picture stands.

What needs Python to move says so in words.
"""

import hashlib
import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from words import say

import explorers
from explorers.markup import CLOSING, opening_of

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
FOLDER = "explorers"

# A value whose JSON is longer than this goes into a file.
LONG = 1000


def widget_states(app: Sphinx, page: str) -> dict[str, dict]:
    """Model id to state, of every widget that the chapter made."""
    metadata = app.env.nb_metadata.get(page, {}) if hasattr(app.env, "nb_metadata") else {}
    _, options = metadata.get("js_files", {}).get("ipywidgets_state", (None, {}))
    return json.loads(options["body"])["state"] if options else {}


# ---------------------------------------------------------------- words of the figures
# What stands between two tags; the tags within a line of text belong to it.
BETWEEN = re.compile(r"((?:[^<>]|</?(?:i|b|sub)\b[^<>]*>)+)(?=<)")
SPOKEN = re.compile(r'(?<=aria-label=")[^"]+')
# The parts of a state that are read as words.
WORDED = {"label", "title", "unit", "names", "ticks", "ylabel", "xlabel"}


def with_words(markup: str, say: Callable[[str], str]) -> str:
    """A figure's HTML with each of its texts replaced.

    >>> with_words('<p aria-label="one">two <i>x</i></p>', str.upper)
    '<p aria-label="ONE">TWO <I>X</I></p>'
    """

    def replaced(found: re.Match[str]) -> str:
        text = found[0].strip()
        return (
            found[0].replace(text, say(text))
            if re.search(r"[A-Za-z]{2}", text)
            else found[0]
        )

    return SPOKEN.sub(replaced, BETWEEN.sub(replaced, markup))


def texts_of(markup: str) -> list[str]:
    """The texts of a figure's HTML."""
    found: list[str] = []
    with_words(markup, lambda text: found.append(text) or text)
    return found


def labels(app: Sphinx) -> dict[str, str]:
    """The translations of the figures' labels; none in the English edition."""
    if not getattr(app.config, "english_book", ""):
        return {}
    return json.loads((Path(app.srcdir).parent / "labels.json").read_text("utf-8"))


def labels_in_markup(app: Sphinx) -> dict[str, str]:
    """The same where a figure's HTML is translated: a label of a cell stands there escaped,
    what the HTML says itself does not."""
    known = labels(app)
    return known | {escape(english): escape(words) for english, words in known.items()}


def told(label: str, known: dict[str, str]) -> str:
    """A label's translation, or the label. One of a cell's f-strings is known with its
    names in braces.

    >>> told("unit 3", {"unit {k}": "{k}째 단위"})
    '3째 단위'
    """
    if label in known:
        return known[label]
    for english, words in known.items():
        if "{" not in english:
            continue
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(english))
        if found := re.fullmatch(pattern, label):
            parts = {name: told(part, known) for name, part in found.groupdict().items()}
            return words.format(**parts)
    return label


def in_words(value, known: dict[str, str], worded: bool = False):
    """A figure's state with its labels translated."""
    if isinstance(value, str):
        return told(value, known) if worded else value
    if isinstance(value, list):
        return [in_words(one, known, worded) for one in value]
    if isinstance(value, dict):
        return {k: in_words(v, known, worded or k in WORDED) for k, v in value.items()}
    return value


# ---------------------------------------------------------------- on the page
def is_explorer(state: dict) -> bool:
    return state.get("model_module") == "anywidget" and "_esm" in state["state"]


def frame_explorers(app: Sphinx, doctree: nodes.document) -> None:
    """Put each explorer's still picture into a box that `mount.js` finds."""
    states = widget_states(app, app.env.docname)
    known = labels_in_markup(app)
    for bundle in list(doctree.findall(nodes.container)):
        if bundle.get("nb_element") != "mime_bundle":
            continue
        shown = {child["mime_type"]: child for child in bundle.children}
        if VIEW not in shown:
            continue
        script = shown[VIEW].astext()
        model = json.loads(script[script.index("{") : script.rindex("}") + 1])["model_id"]
        still = shown.get("image/png")
        if is_explorer(states.get(model, {"state": {}})):
            if still is None:  # an anywidget that is no `Explorer`
                still = nodes.container(mime_type="text/html")
            begin = opening(model, states[model], known)
            still.insert(0, nodes.raw("", begin, format="html"))
            still.append(nodes.raw("", CLOSING, format="html"))
            bundle.children = [still]
        else:
            words = say(
                "Python moves this control. Open the notebook with make lab and run "
                "the cell."
            )
            note = nodes.note("", nodes.paragraph("", words))
            bundle.replace_self([still, note] if still is not None else [note])


def opening(model: str, state: dict, known: dict[str, str] | None = None) -> str:
    """The HTML before an explorer's still picture, its words replaced by those that are
    `known`; `CLOSING` is what follows it."""
    markup = state["state"].get("_markup", "")
    return opening_of(model, with_words(markup, lambda text: told(text, known or {})))


class Assets:
    """Values in files of their own, named by their content."""

    def __init__(self, app: Sphinx):
        self.folder = Path(app.outdir) / "_static" / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)
        self.names: dict[str, None] = {}

    def add(self, value) -> str:
        text = json.dumps(value, separators=(",", ":"))
        name = _name(text)
        script = f'(window.explorerAssets ??= {{}})["{name}"] = {text};\n'
        self._write(f"{name}.js", script)
        self.names[name] = None
        return name

    def add_style(self, text: str) -> str:
        """The style sheet's file. The room needs it before any script has run."""
        file = f"{_name(text)}.css"
        self._write(file, text)
        return file

    def _write(self, name: str, text: str) -> None:
        file = self.folder / name
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(file)

    def compact(self, model: dict) -> dict:
        """A widget's state with its long parts replaced by the names of their files.

        Its style sheet and its HTML are on the page already.
        """
        short, long = {}, {}
        for key, value in model["state"].items():
            if key in ("_css", "_markup"):
                continue
            is_long = len(json.dumps(value)) > LONG
            (long if is_long else short)[key] = self.add(value) if is_long else value
        buffers = [
            {"path": buffer["path"], "asset": self.add(buffer["data"])}
            for buffer in model.get("buffers", [])
        ]
        return {"state": short, "assets": long, "buffers": buffers}


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def hoist_state(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Replace the state that myst-nb wrote by what the page's explorers need."""
    scripts = context["script_files"]
    scripts[:] = [s for s in scripts if getattr(s, "attributes", {}).get("type") != STATE]
    states = widget_states(app, pagename) if doctree else {}
    if known := labels(app):
        states = in_words(states, known)
    body = context.get("body", "")
    displayed = {m: state for m, state in states.items() if f'data-model="{m}"' in body}
    for style in embed(app, displayed) if displayed else ():
        app.add_css_file(style, priority=300)


def embed(app: Sphinx, states: dict[str, dict]) -> list[str]:
    """Give a page what the explorers on it need; the style sheets are for the caller."""
    assets = Assets(app)
    compact = {model: assets.compact(state) for model, state in states.items()}
    text = json.dumps(compact, separators=(",", ":")).replace("</", "<\\/")
    app.add_js_file(None, body=text, type="application/json", id="explorer-states")
    for name in assets.names:
        app.add_js_file(f"{FOLDER}/{name}.js", loading_method="defer", priority=800)
    app.add_js_file("mount.js", loading_method="defer", priority=801)
    styles = {state["state"].get("_css") for state in states.values()} - {None, ""}
    return ["mount.css", *(f"{FOLDER}/{assets.add_style(style)}" for style in styles)]


def bring_script(app: Sphinx, config: Config) -> None:
    here = Path(explorers.__file__)
    config.html_static_path += [
        str(here.with_name(name)) for name in ("mount.js", "mount.css")
    ]


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", bring_script)
    app.connect("doctree-read", frame_explorers)
    # after myst-nb, which adds the state, and before `offline`, which copies the list
    app.connect("html-page-context", hoist_state, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
