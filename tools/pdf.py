"""Print the built book as one PDF, `_build/vae-line-by-line.pdf`, and print its path.

    python tools/pdf.py

The pages are those of `_build/html`: what they draw, formulas and figures, is taken as it
stands there. Chromium prints them, since it has drawn them already: it knows running heads,
page numbers, an outline and tags; through LaTeX each of them would be made a second time.
"""

import html
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from chromium import ARGUMENTS, PROGRAM
from offer import offer
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
PDF = ROOT / "_build" / "vae-line-by-line.pdf"
HERE = Path(__file__).parent
# What moves, what was measured at a build, and what is looked up at the keyboard stays on
# the site.
ON_SCREEN = {
    "your-machine", "break-the-derivation", "experiments", "ledger", "timings", "dialect",
    "teaching", "for-teachers", "api-vae-lib", "api-derivations", "api-explorers",
    "api-exercises", "api-classroom",
}  # fmt: skip
MOUNTED = """() => [...document.querySelectorAll(".explorer")]
    .every(box => box.dataset.state === "mounted")"""
# Each page's slip, and what is drawn at random, is the same one at each printing.
NO_CHANCE = "Math.random = () => 0.5"
# Until the pages are known, a link keeps room for three digits.
NUMBER_LINKS = """places => {
    for (const link of document.querySelectorAll("a.on-page"))
        link.dataset.page = places[link.hash.slice(1)] ?? "000";
}"""
TIGHTEN = """names => {
    for (const name of names) document.getElementById(name).classList.add("tight");
}"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .filter(e => e.checkVisibility())
    .map(e => e.textContent.replace(/\\s+/g, " ").trim())"""
A_FEW_LINES = 500  # characters
MOST_DRAFTS = 5  # a number that becomes shorter may move what follows
PATIENCE = 600_000  # ms, for a busy machine


def parts() -> list[tuple[str, list[str]]]:
    """The parts of the book with the pages that go on paper, in order."""
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    found = [("", [toc["root"]])]
    for part in toc["parts"]:
        names = [chapter["file"] for chapter in part["chapters"]]
        found.append((part["caption"], [name for name in names if name not in ON_SCREEN]))
    return [(caption, names) for caption, names in found if names]


def collect(browser: Browser, pages: list[str]) -> dict[str, dict]:
    """Each page as `pdf.js` gives it, laid out for paper."""
    script = (HERE / "pdf.js").read_text(encoding="utf-8")
    context = browser.new_context(device_scale_factor=2)
    context.add_init_script(NO_CHANCE)
    context.set_default_timeout(PATIENCE)
    found: dict[str, dict] = {}
    terms: list[str] = []
    # the glossary first: its words are looked for in the others
    for name in sorted(pages, key=lambda name: name != "glossary"):
        page = context.new_page()
        page.goto((HTML / f"{name}.html").as_uri())
        page.evaluate("() => window.MathJax?.startup?.promise.then(() => null)")
        page.wait_for_function(MOUNTED)
        page.emulate_media(media="print")
        page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
        asked = {"page": name, "pages": pages, "terms": terms if name[0].isdigit() else []}
        found[name] = page.evaluate(script, asked)
        terms = (
            [term for term, _ in found["glossary"]["terms"]] if "glossary" in found else []
        )
        page.close()
    context.close()
    return found


def link(target: str, words: str, classes: str) -> str:
    return (
        f'<a class="internal on-page {classes}" href="#{target}"><span>{words}</span></a>'
    )


def contents(found: dict[str, dict]) -> str:
    """The table of contents; `number_links` fills in the pages."""
    lines = []
    for caption, names in parts():
        lines.append(f'<p class="part">{html.escape(caption)}</p>' if caption else "")
        for name in names:
            lines.append(link(name, found[name]["title"], "chapter"))
            sections = [
                link(target, words, "") for target, words in found[name]["contents"]
            ]
            if name[0].isdigit():
                lines.append("<ul>" + "".join(f"<li>{s}</li>" for s in sections) + "</ul>")
    lines.append(link("solutions", "Solutions", "chapter"))
    lines.append(link("words", "Index", "chapter"))
    return (
        '<article class="bd-article contents" id="contents"><h1>Contents</h1>'
        f"{''.join(lines)}</article>"
    )


def solutions(found: dict[str, dict]) -> str:
    chapters = [
        f"<section><h2>{page['title']}</h2>{page['solutions']}</section>"
        for page in found.values()
        if page["solutions"]
    ]
    return (
        '<article class="bd-article" id="solutions"><h1>Solutions</h1>'
        f"{''.join(chapters)}</article>"
    )


def index(found: dict[str, dict]) -> str:
    """The words of the glossary: where a chapter explains them, or meets them first."""
    lines, letter = [], ""
    for term, in_glossary in sorted(found["glossary"]["terms"], key=lambda t: t[0].lower()):
        places = [
            (place, defined)
            for page in found.values()
            for word, place, defined in page["mentions"]
            if word == term
        ]
        explained = [place for place, defined in places if defined]
        numbers = [link(place, "", "defined") for place in explained]
        if not explained and places:
            numbers = [link(places[0][0], "", "")]
        numbers.append(link(in_glossary, "", "in-glossary"))
        if term[0].upper() != letter:
            letter = term[0].upper()
            lines.append(f'<p class="letter">{letter}</p>')
        lines.append(f"<p>{html.escape(term)}, {', '.join(numbers)}</p>")
    return (
        '<article class="bd-article" id="words"><h1>Index</h1>'
        "<p>Bold: a chapter explains the word. Italic: the glossary.</p>"
        f'<div class="index">{"".join(lines)}</div></article>'
    )


def cover(config: dict) -> str:
    licence = re.sub("</?p>", "", config["html"]["extra_footer"]).strip()
    return (
        f'<article class="bd-article cover"><p class="title">{config["title"]}</p>'
        f'<img src="{(ROOT / "book" / config["logo"]).as_uri()}" alt="">'
        f"<p>{html.escape(config['author'])}</p><p>{config['copyright']}</p>"
        f'<p class="licence">{licence} Its pages move at a screen, and its cells run: '
        "what this copy shows of them is how they stand at first.</p></article>"
    )


def assemble(found: dict[str, dict]) -> str:
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    sheets = dict.fromkeys(sheet for page in found.values() for sheet in page["styles"])
    heads = {name: found[name]["running"] for _, names in parts() for name in names}
    heads |= {"contents": "Contents", "solutions": "Solutions", "words": "Index"}
    running = "".join(
        f"@page in-{name} {{ @top-right {{ content: {css_text(text)} }} }}\n"
        f"#{css_name(name)} {{ page: in-{name} }}\n"
        for name, text in heads.items()
    )
    body = [found[name]["html"] for _, names in parts() for name in names]
    body = [cover(config), contents(found), *body, solutions(found), index(found)]
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    mathjax = next(page["mathjax"] for page in found.values() if page["mathjax"])
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{html.escape(config["title"])}</title>'
        f"{links}{mathjax}<style>{(HERE / 'pdf.css').read_text('utf-8')}{running}</style>"
        f'</head><body><main class="bd-main"><div class="bd-content">{"".join(body)}'
        "</div></main></body></html>"
    )


def css_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def css_name(name: str) -> str:
    """A page's id, which may begin with a digit, as a selector names it."""
    return re.sub(r"^\d", lambda digit: f"\\3{digit[0]} ", name)


def main() -> int:
    if not (HTML / "index.html").exists():
        print("no book yet: run 'make book' first", file=sys.stderr)
        return 1
    if PROGRAM is None:
        print(
            "the PDF is printed by Chromium, which is not installed: "
            "on Debian, apt-get install chromium",
            file=sys.stderr,
        )
        return 1
    pages = [name for _, names in parts() for name in names]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        whole = PDF.with_suffix(".html")
        whole.write_text(assemble(collect(browser, pages)), encoding="utf-8")
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(whole.as_uri())
        page.evaluate("() => document.fonts.ready.then(() => null)")
        print_book(page)
        browser.close()
    whole.unlink()
    offer()
    print(PDF)
    return 0


def print_book(page: Page) -> None:
    """Print until the links know their pages, and no article ends in a few lines."""
    numbers: dict[str, int] = {}
    tight: set[str] = set()
    for _ in range(MOST_DRAFTS):
        page.evaluate(NUMBER_LINKS, numbers)
        draft = read(page.pdf(prefer_css_page_size=True))
        short, found = set(nearly_empty(draft)) - tight, places(draft)
        if not short and found == numbers:
            break
        page.evaluate(TIGHTEN, sorted(short))
        tight, numbers = tight | short, found
    printed = page.pdf(
        prefer_css_page_size=True, print_background=True, tagged=True, outline=True
    )
    unfinished = PDF.with_suffix(".unfinished")
    entitled(printed, page.evaluate(HEADINGS)).write(unfinished)
    unfinished.replace(PDF)


def entitled(printed: bytes, headings: list[str]) -> PdfWriter:
    """The file with an outline that says what the headings say.

    Chromium loses the blank where a heading is broken, and has a heading twice that was
    moved to the next page.
    """
    writer = PdfWriter(clone_from=read(printed))
    entries = list(outline_entries(writer.get_outline_root()))
    if len(entries) != len(headings):
        raise RuntimeError(f"{len(headings)} headings, {len(entries)} in the outline")
    for entry, heading in zip(entries, headings, strict=True):
        entry[NameObject("/Title")] = TextStringObject(heading)
    return writer


def outline_entries(parent: DictionaryObject) -> Iterator[DictionaryObject]:
    entry = parent.get("/First")
    while entry is not None:
        yield entry.get_object()
        yield from outline_entries(entry.get_object())
        entry = entry.get_object().get("/Next")


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def places(pdf: PdfReader) -> dict[str, int]:
    """The page of each id that a link leads to."""
    return {
        name.removeprefix("/"): (pdf.get_destination_page_number(place) or 0) + 1
        for name, place in pdf.named_destinations.items()
    }


def nearly_empty(pdf: PdfReader) -> list[str]:
    """The articles whose last page has a few lines only."""
    at = places(pdf)
    starts = {at[name]: name for _, names in parts() for name in names}
    starts |= {at["solutions"]: "solutions"}
    order = sorted([*starts, at["words"]])
    return [
        starts[first]
        for first, following in zip(order, order[1:], strict=False)
        if len(pdf.pages[following - 2].extract_text()) < A_FEW_LINES
    ]


if __name__ == "__main__":
    sys.exit(main())
