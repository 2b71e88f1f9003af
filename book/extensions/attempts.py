"""The fields in which a reader tries an answer, below each exercise that declares one.

A chapter declares it in a comment (see `exercises/declared.py`), of which JupyterLab shows
nothing. Here the comment becomes a directive before the page is read, on as many lines as
it had. The page gets the fields, and the values that `book/static/attempts.js` compares
with, encoded: nobody reads an answer by accident.
"""

import base64
import html
import json
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import say

from exercises.answer import LETTERS
from exercises.declared import BLOCK, BadDeclaration, prepared, read

FENCE = "`" * 8


class Attempt(SphinxDirective):
    """`{attempt} LABEL`, with the YAML of the declaration as its content."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        label = self.arguments[0]
        try:
            questions = read(label, "\n".join(self.content))
            ready = [prepared(label, i, one) for i, one in enumerate(questions)]
        except BadDeclaration as error:
            raise self.error(str(error)) from error
        box = nodes.container(classes=["attempts"])
        for place, question in enumerate(ready):
            box += self.question(label, place, question, len(ready))
        box += raw(f'<script type="application/json">{json.dumps(encoded(ready))}</script>')
        if any(one["kind"] not in ("code", "derivation") for one in ready):
            needs = say(
                "To try an answer here, the page needs JavaScript; a notebook does not."
            )
            box += raw(f"<noscript><p>{needs}</p></noscript>")
        return [box]

    def question(
        self, label: str, place: int, question: dict, count: int
    ) -> list[nodes.Node]:
        name = f"{label}-{LETTERS[place]}"
        ask = self.parse_inline_text(question["ask"])
        letter = f"<b>{LETTERS[place]}.</b> " if count > 1 else ""
        asked = nodes.paragraph("", "", raw(letter), *ask, ids=[f"ask-{name}"])
        kind = question["kind"]
        if kind in ("code", "derivation"):
            part = f', part="{LETTERS[place]}"' if count > 1 else ""
            given = "your_function" if kind == "code" else 'r"your LaTeX"'
            call = html.escape(f'attempt("{label}", {given}{part})')
            told = nodes.container(classes=["attempt", "attempt-elsewhere"])
            notebook = say(
                "In the notebook, after <code>make lab</code>, type {call}.",
                call=f"<code>{call}</code>",
            )
            told += [asked, raw(f"<p>{notebook}</p>")]
            return [told]
        opening = f'<form class="attempt" data-place="{place}" autocomplete="off">'
        # not called inside the strings, where nobody who collects texts would see them
        check, hint = say("Check"), say("Hint")
        closing = (
            f'<button type="submit">{check}</button>'
            f'<button type="button" class="attempt-hint">{hint}</button></div>'
            '<div class="attempt-reply" role="status"></div></form>'
        )
        if kind == "choice":
            field = nodes.container(classes=["attempt-choices"])
            for number, option in enumerate(question["options"]):
                field += raw(
                    f'<label><input type="radio" name="{name}" value="{number}"><span>'
                )
                field += nodes.inline("", "", *self.parse_inline_text(option["text"]))
                field += raw("</span></label>")
            group = f'<div role="radiogroup" aria-labelledby="ask-{name}">'
            return [
                raw(opening), asked, raw(group), field, raw("</div>"),
                raw(f'<div class="attempt-row">{closing}'),
            ]  # fmt: skip
        symbols = ", ".join(f"<code>{name}</code>" for name in question["symbols"])
        note = say("made of {symbols}", symbols=symbols) if symbols else say("a number")
        return [
            raw(opening), asked,
            raw(
                f'<div class="attempt-row"><input type="text" aria-labelledby="ask-{name}" '
                f'aria-describedby="note-{name}" spellcheck="false" autocapitalize="off" '
                f'autocorrect="off" maxlength="500">'
                + closing.replace(
                    "</div>",
                    f'</div><div class="attempt-preview"><span id="note-{name}" '
                    f'class="attempt-note">{note}</span></div>', 1,
                )
            ),
        ]  # fmt: skip

    def parse_inline_text(self, text: str) -> list[nodes.Node]:
        (paragraph,) = self.parse_text_to_nodes(text)
        return paragraph.children


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def encoded(questions: list[dict]) -> str:
    """What the page needs to judge, so that it is not read by accident."""
    kept = []
    for question in questions:
        if question["kind"] == "choice":
            options = [{"ok": o["ok"], "says": o["says"]} for o in question["options"]]
            kept.append(question | {"options": options})
        elif question["kind"] in ("code", "derivation"):
            kept.append({"kind": question["kind"]})
        else:
            kept.append(question)
    for question in kept:
        question.pop("ask", None)
    text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(text.encode()).decode()


def comments_to_directives(app: Sphinx, docname: str, source: list[str]) -> None:
    """The lines stay where they are: the empty one after a comment becomes the fence."""

    def directive(found: re.Match) -> str:
        body = re.sub(r"(?m)^% ?", "", found[2])
        return f"{FENCE}{{attempt}} {found[1]}\n{body}{FENCE}\n"

    source[0] = re.sub(BLOCK.pattern + r"\n?", directive, source[0], flags=re.M)


def load_the_script(app: Sphinx, pagename, templatename, context, doctree) -> None:
    if 'class="attempt' in context.get("body", ""):
        app.add_css_file("attempts.css")
        app.add_js_file("attempts.js", loading_method="defer", priority=802)


def setup(app: Sphinx) -> dict:
    app.add_directive("attempt", Attempt)
    app.connect("source-read", comments_to_directives)
    app.connect("html-page-context", load_the_script, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
