"""Spot the slip: practice on a chapter's page, and the breaking of chains without a kernel.

At build time the chains of each chapter are changed in one place, and what the judges say
of it is kept beside the ledger's verdicts, until a chapter or a judge changes. On the page
an admonition of the class `slips` says how to practise in JupyterLab; above it stands the
figure. One of the class `breaker` gets the chains of `BREAKABLE`, of which more mutants
were judged. What a page asks is in a script of its own, so that nobody reads the answers
by the way; `slips.js` does the asking.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from operator import itemgetter
from pathlib import Path

import between_builds
from between_builds import cache_of, english_book, keys_of
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from words import name_of, readable, say

from derivations.chapters import chapters
from derivations.slips import Chapter, slips_of
from derivations.sorts import GRADES, KINDS

MUSEUM = "bug-museum"
FOLDER = "slips"
# The chains that a reader may break, and what the menu calls them.
TITLES = {
    "eq-evidence": "The evidence and its lower bound",
    "eq-gaussian-log-density": "The log-density of a Gaussian",
    "eq-elbo-two-terms": "The ELBO as two terms",
    "eq-gaussian-kl-one": "The KL divergence between two Gaussians",
    "eq-objective": "The objective of one image",
}
BREAKABLE = tuple(TITLES)
ROUNDING = re.compile(r"-?\d(\.\d+)?e-1[3-9]")

logger = logging.getLogger(__name__)


# ---------------------------------------------------------------- what the judges said
def asked(chapter: Chapter) -> dict:
    """A chapter's chains and slips as the pages read them."""
    return {
        "chains": {
            label: {
                "lines": chain.lines,
                "given": chain.given,
                "values": [value and asdict(value) for value in chapter.values[label]],
            }
            for label, chain in chapter.chains.items()
        },
        "slips": [asdict(slip) for slip in chapter.slips],
        "changes": [asdict(slip) for slip in chapter.changes],
    }


def kept(book: Path, cache: Path) -> dict[str, dict]:
    """The slips of all chapters by their names; judged anew are those that have changed."""
    files = {p.stem: p for p in chapters(book) if re.match(r"\d\d-", p.name)}

    def judge(names: list[str]) -> list[dict]:
        if not names:
            return []
        with ProcessPoolExecutor(2) as pool:
            found = pool.map(
                partial(slips_of, breakable=BREAKABLE), [files[name] for name in names]
            )
            return list(map(asked, found))

    keys = keys_of(files, BREAKABLE)
    return between_builds.kept(cache, keys, judge, itemgetter("chains", "slips", "changes"))


def judge_the_slips(app: Sphinx) -> None:
    app.slips = kept(english_book(app), cache_of(app, "slips.json"))


# ---------------------------------------------------------------- on the page
def frame(app: Sphinx, doctree: nodes.document) -> None:
    """Make room for the figure above the words that stand in its place elsewhere."""
    for note in list(doctree.findall(nodes.Admonition)):
        for name in {"slips", "breaker"} & set(note.get("classes", ())):
            off = say("This exercise needs JavaScript, which is off here.")
            room = f'<div class="{name}"><noscript><p>{off}</p></noscript></div>'
            place = note.parent.index(note)
            note.parent.insert(place, nodes.raw("", room, format="html"))
            note["classes"].remove(name)


def add_the_questions(app: Sphinx, pagename, templatename, context, doctree) -> None:
    body = context.get("body", "")
    breaks = '<div class="breaker">' in body
    if not breaks and '<div class="slips">' not in body:
        return
    if not breaks and pagename not in app.slips:
        logger.warning("only a chapter has slips to spot", location=pagename)
        return
    pages = app.slips if breaks else {pagename: app.slips[pagename]}
    questions = the_questions(app, pages, breaks)
    questions |= {"page": pagename}
    text = json.dumps(questions, separators=(",", ":"), ensure_ascii=False)
    name = f"{FOLDER}/{pagename}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js"
    file = Path(app.outdir) / "_static" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"window.slipQuestions = {text};\n", encoding="utf-8")
    app.add_js_file(name, loading_method="defer", priority=700)
    app.add_js_file("slips.js", loading_method="defer", priority=701)
    app.add_css_file("slips.css")


def the_questions(app: Sphinx, pages: dict[str, dict], breaks: bool) -> dict:
    """What `slips.js` asks: the chains, the slips and what is to be learned from them."""
    chains, slips = {}, []
    for page, content in pages.items():
        for slip in content["changes" if breaks else "slips"]:
            label = slip["label"]
            href = f"#equation-{label}" if not breaks else f"{page}.html#equation-{label}"
            about = {"href": href, "number": number(app, page, label)}
            about["name"] = say(TITLES.get(label) or name_of(label))
            chain = content["chains"][label]
            about["values"] = [legible(values) for values in chain["values"]]
            chains[label] = chain | about
            slips.append(slip | {"values": legible(slip["values"])})
    labels = [label for label in (BREAKABLE if breaks else chains) if label in chains]
    for label in sorted({*BREAKABLE} - chains.keys()) if breaks else ():
        logger.warning(f"no chapter has a chain {label} that readers could break")
    rooms = exhibits(Path(app.srcdir), english_book(app))
    return {
        "grades": {grade: say(name) for grade, name in GRADES.items()},
        "chains": {label: chains[label] for label in labels},
        "slips": slips,
        "kinds": kinds_of(slips, rooms),
    }


def legible(values: dict | None) -> dict | None:
    """A place and what both sides are worth there, as a page shows it: with 0 for a number
    that is 0 but for the last digits of a computer.

    >>> legible({"at": "x = 0.5", "left": "-5.39557e-18", "right": "-0.25"})
    {'at': 'x = 0.5', 'left': '0', 'right': '−0.25'}
    """
    texts = {"at", "left", "right"}
    return values and {
        k: readable("0" if ROUNDING.fullmatch(v) else v) if k in texts else v
        for k, v in values.items()
    }


def kinds_of(slips: Iterable[dict], rooms: dict[int, tuple[str, str]]) -> dict[str, dict]:
    used = {slip["sort"] for slip in slips}
    return {
        sort: asdict(kind)
        | {"name": say(kind.name), "why": say(kind.why)}
        | {"exhibit": rooms[kind.exhibit] if kind.exhibit else None}
        for sort, kind in KINDS.items()
        if sort in used
    }


def exhibits(book: Path, english: Path) -> dict[int, tuple[str, str]]:
    """The museum's rooms by their numbers: title and address, which is the English one."""

    def rooms(folder: Path) -> list[tuple[str, str, str]]:
        text = (folder / f"{MUSEUM}.md").read_text(encoding="utf-8")
        return re.findall(r"(?m)^## ((\d+)\. (.*))$", text)

    return {
        int(number): (title, f"{MUSEUM}.html#{nodes.make_id(whole)}")
        for (_, number, title), (whole, _, _) in zip(
            rooms(book), rooms(english), strict=True
        )
    }


def number(app: Sphinx, page: str, label: str) -> str:
    """An equation's number as the page shows it, e.g. 4.4."""
    numbers = app.env.toc_fignumbers.get(page, {}).get("displaymath", {})
    return ".".join(map(str, numbers.get(f"equation-{label}", ())))


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", judge_the_slips)
    app.connect("doctree-read", frame)
    app.connect("html-page-context", add_the_questions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
