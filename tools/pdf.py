"""Print the built book as one PDF, `_build/vae-line-by-line.pdf`, and print its path.

    python tools/pdf.py
    python tools/pdf.py --language ko          the Korean pages: vae-line-by-line-ko.pdf
    python tools/pdf.py --only 04-elbo errata  these pages alone, as draft.pdf

The pages are those of `_build/html`: what they draw, formulas and figures, is taken as it
stands there. Chromium prints them, since it has drawn them already: it knows running heads,
page numbers, an outline and tags; through LaTeX each of them would be made a second time.
What cells drew is taken in vectors (see `vectors.py`).

A formula that is cut, a link that leads nowhere, ink in a margin or a page that is nearly
empty is an error: the file is written, and the exit status is 1.
"""

import argparse
import html
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pypdfium2
import yaml
from chromium import ARGUMENTS, PROGRAM
from offer import ENGLISH, ROOT, file_of, offer, pages_of, words_of
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from vectors import light

from book import VECTORS

sys.path.append(str(ROOT / "book" / "extensions"))
from editions import PARTICLES  # noqa: E402

HERE = Path(__file__).parent
# What moves, what was measured at a build, and what is looked up at the keyboard stays on
# the site.
ON_SCREEN = {
    "your-machine", "break-the-derivation", "experiments", "ledger", "timings", "dialect",
    "teaching", "for-teachers", "api-vae-lib", "api-derivations", "api-explorers",
    "api-exercises", "api-classroom",
}  # fmt: skip
ALWAYS = {"index", "glossary"}  # from one comes the title, from the other the index
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
    for (const name of names) {
        const article = document.getElementById(name);
        article.classList.add("tight");
        const grade = Number(article.style.getPropertyValue("--grade")) + 1;
        article.style.setProperty("--grade", grade);
    }
}"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .filter(e => e.checkVisibility())
    .map(e => e.textContent.replace(/\\s+/g, " ").trim())"""
# Before it is printed: what stands out of its column, and links without a place.
FAULTS = """() => {
    const faults = [];
    for (const article of document.querySelectorAll("article")) {
        for (const e of article.querySelectorAll("img, svg, table, pre, .code-line")) {
            const box = e.getBoundingClientRect();
            const column = e.parentElement.closest("article, .line, td, .lines-reason");
            const {left, right} = column.getBoundingClientRect();
            if (box.width && (box.left < left - 1 || box.right > right + 1))
                faults.push(`${article.id}: is cut: ${e.alt || e.textContent.trim()}`);
        }
    }
    for (const link of document.querySelectorAll("a[href^='#']")) {
        const place = link.getAttribute("href").slice(1);
        if (!document.getElementById(place))
            faults.push(`leads nowhere: #${place} (${link.textContent.trim()})`);
    }
    return faults;
}"""
MOST_DRAFTS, TIGHTEST = 6, 3  # a number that becomes shorter may move what follows
PATIENCE = 600_000  # ms, for a busy machine
Parts = list[tuple[str, list[str]]]  # the names of the pages below their caption
Say = Callable[[str], str]
MARGIN, FOOT = 17, 20  # mm beside the text that are white, and at the foot a number only
LEAST, ENOUGH = 0.2, 0.27  # how far down a page is used
DPI, WHITE = 50, 250
KOREAN = re.compile("[가-힣]")
INITIALS = "ㄱㄱㄴㄷㄷㄹㅁㅂㅂㅅㅅㅇㅈㅈㅊㅋㅌㅍㅎ"  # of syllables, in order


def parts(only: list[str]) -> Parts:
    """The parts of the book with the pages that go on paper, in order."""
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    found = [("", [toc["root"]])]
    for part in toc["parts"]:
        names = [chapter["file"] for chapter in part["chapters"]]
        found.append((part["caption"], [name for name in names if name not in ON_SCREEN]))
    if unknown := {*only} - {name for _, names in found for name in names}:
        sys.exit(f"not a page of the printed book: {', '.join(sorted(unknown))}")
    if only:
        kept = ALWAYS | {*only}
        found = [(part, [name for name in names if name in kept]) for part, names in found]
    return [(caption, names) for caption, names in found if names]


def collect(browser: Browser, folder: Path, pages: list[str]) -> dict[str, dict]:
    """Each page as `pdf.js` gives it, laid out for paper."""
    script = (HERE / "pdf.js").read_text(encoding="utf-8")
    drawn = {digest: file.as_uri() for digest, file in light(VECTORS).items()}
    context = browser.new_context(device_scale_factor=2)
    context.add_init_script(NO_CHANCE)
    context.set_default_timeout(PATIENCE)
    found: dict[str, dict] = {}
    terms: list[list[str]] = []
    # the glossary first: its words are looked for in the others
    for name in sorted(pages, key=lambda name: name != "glossary"):
        page = context.new_page()
        page.goto((folder / f"{name}.html").as_uri())
        page.evaluate("() => window.MathJax?.startup?.promise.then(() => null)")
        page.wait_for_function(MOUNTED)
        page.emulate_media(media="print")
        page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
        asked = {"page": name, "pages": pages, "drawn": drawn}
        asked["terms"] = terms if name[0].isdigit() else []
        found[name] = page.evaluate(script, asked)
        if name == "glossary":
            terms = [[term, pattern(term)] for term, _ in found[name]["terms"]]
        page.close()
    context.close()
    return found


def pattern(term: str) -> str:
    """What finds a word of the glossary in a text of small letters.

    A Korean word is found with its particle, without the English in brackets behind it.
    """
    word = re.sub(r" \(.*\)$", "", term) if KOREAN.search(term) else term
    plain = re.sub("[‘’]", "'", word).lower()
    ending = f"({'|'.join(PARTICLES)})?" if KOREAN.search(word) else "(s|es)?"
    word = re.sub(r"[.*+?^${}()|[\]\\]", r"\\\g<0>", plain)
    return rf"(?<![\p{{L}}-]){word}{ending}(?![\p{{L}}-])"


def link(target: str, words: str, classes: str) -> str:
    return (
        f'<a class="internal on-page {classes}" href="#{target}"><span>{words}</span></a>'
    )


def contents(found: dict[str, dict], order: Parts, say: Say) -> str:
    """The table of contents; `NUMBER_LINKS` fills in the pages."""
    lines = []
    for caption, names in order:
        lines.append(f'<p class="part">{html.escape(say(caption))}</p>' if caption else "")
        for name in names:
            lines.append(link(name, found[name]["title"], "chapter"))
            sections = [
                link(target, words, "") for target, words in found[name]["contents"]
            ]
            if name[0].isdigit():
                lines.append("<ul>" + "".join(f"<li>{s}</li>" for s in sections) + "</ul>")
    lines.append(link("solutions", say("Solutions"), "chapter"))
    lines.append(link("words", say("Index"), "chapter"))
    title = say("Contents")
    return (
        '<article class="bd-article contents" id="contents">'
        f"<h1>{title}</h1>{''.join(lines)}</article>"
    )


def solutions(found: dict[str, dict], say: Say) -> str:
    chapters = [
        f"<section><h2>{page['title']}</h2>{page['solutions']}</section>"
        for page in found.values()
        if page["solutions"]
    ]
    title = say("Solutions")
    return (
        f'<article class="bd-article" id="solutions"><h1>{title}</h1>'
        f"{''.join(chapters)}</article>"
    )


def index(found: dict[str, dict], say: Say) -> str:
    """The words of the glossary: where a chapter explains them, or meets them first."""
    lines, last = [], ""
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
        if letter(term) != last:
            last = letter(term)
            lines.append(f'<p class="letter">{last}</p>')
        lines.append(f"<p>{html.escape(term)}, {', '.join(numbers)}</p>")
    title = say("Index")
    how = say("Bold: a chapter explains the word. Italic: the glossary.")
    return (
        f'<article class="bd-article" id="words"><h1>{title}</h1>'
        f'<p>{how}</p><div class="index">{"".join(lines)}</div></article>'
    )


def letter(term: str) -> str:
    """Under which letter a word stands in the index.

    >>> letter("posterior"), letter("사후분포 (posterior)")
    ('P', 'ㅅ')
    """
    first = term[0].upper()
    return INITIALS[(ord(first) - ord("가")) // 588] if KOREAN.match(first) else first


def cover(title: str, config: dict, say: Say) -> str:
    licence = re.sub("</?p>", "", config["html"]["extra_footer"]).strip()
    moves = say(
        "Its pages move at a screen, and its cells run: what this copy shows of them is "
        "how they stand at first."
    )
    return (
        f'<article class="bd-article cover"><p class="title">{title}</p>'
        f'<img src="{(ROOT / "book" / config["logo"]).as_uri()}" alt="">'
        f"<p>{html.escape(say(config['author']))}</p><p>{config['copyright']}</p>"
        f'<p class="licence">{say(licence)} {moves}</p></article>'
    )


def assemble(found: dict[str, dict], order: Parts, language: str) -> str:
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    say, title = words_of(language), found["index"]["heading"]
    sheets = dict.fromkeys(sheet for page in found.values() for sheet in page["styles"])
    heads = {name: found[name]["running"] for _, names in order for name in names}
    heads |= {"contents": "Contents", "solutions": "Solutions", "words": "Index"}
    slant = "normal" if language == "ko" else "italic"
    running = (
        f"@page {{ @top-left {{ content: {css_text(title)}; font-style: {slant} }} "
        f"@top-right {{ font-style: {slant} }} }}\n"
    )
    running += "".join(
        f"@page in-{name} {{ @top-right {{ content: {css_text(say(text))} }} }}\n"
        f"#{css_name(name)} {{ page: in-{name} }}\n"
        for name, text in heads.items()
    )
    body = [found[name]["html"] for _, names in order for name in names]
    body = [cover(title, config, say), contents(found, order, say), *body]
    body += [solutions(found, say), index(found, say)]
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    mathjax = next(page["mathjax"] for page in found.values() if page["mathjax"])
    return (
        f'<!DOCTYPE html><html lang="{language}" data-theme="light" data-mode="light">'
        f'<head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"{links}{mathjax}<style>{(HERE / 'pdf.css').read_text('utf-8')}{running}</style>"
        f'</head><body><main class="bd-main"><div class="bd-content">{"".join(body)}'
        "</div></main></body></html>"
    )


def css_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def css_name(name: str) -> str:
    """A page's id, which may begin with a digit, as a selector names it."""
    return re.sub(r"^\d", lambda digit: f"\\3{digit[0]} ", name)


def needs(language: str) -> str:
    """What is missing to print an edition, and what to do about it."""
    if not (pages_of(language) / "index.html").exists():
        option = f" --language {language}" if language != ENGLISH else ""
        return f"no book yet: run 'python tools/book.py{option}' first"
    if PROGRAM is None:
        return (
            "the PDF is printed by Chromium, which is not installed: "
            "on Debian, apt-get install chromium"
        )
    if language != ENGLISH and shutil.which("fc-list"):
        listed = ["fc-list", f":lang={language}", "family"]
        if not subprocess.run(listed, capture_output=True, check=True).stdout:
            return (
                f"no font here has the letters of '{language}': "
                "on Debian, apt-get install fonts-noto-cjk"
            )
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", default=ENGLISH, help="of the edition")
    parser.add_argument("--only", nargs="+", default=[], help="names of pages, for a draft")
    options = parser.parse_args()
    if missing := needs(options.language):
        print(missing, file=sys.stderr)
        return 1
    order = parts(options.only)
    target = file_of("pdf", options.language)
    if options.only:
        target = target.with_stem(target.stem.replace("vae-line-by-line", "draft"))
    names = [name for _, names in order for name in names]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        found = collect(browser, pages_of(options.language), names)
        whole = target.with_suffix(".html")
        whole.write_text(assemble(found, order, options.language), encoding="utf-8")
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(whole.as_uri())
        page.emulate_media(media="print")
        page.evaluate("() => document.fonts.ready.then(() => null)")
        faults = page.evaluate(FAULTS)
        printed = print_book(page, [*names, "solutions"])
        browser.close()
    whole.unlink()
    unfinished = target.with_suffix(".unfinished")
    printed.write(unfinished)
    unfinished.replace(target)
    if not options.only:
        offer()
    print(target)
    faults += faults_on_paper(target)
    print("".join(f"{fault}\n" for fault in faults), file=sys.stderr, end="")
    return 1 if faults else 0


def print_book(page: Page, names: list[str]) -> PdfWriter:
    """Print until the links know their pages, and no article ends in a few lines."""
    numbers: dict[str, int] = {}
    grades = dict.fromkeys(names, 0)
    for _ in range(MOST_DRAFTS):
        page.evaluate(NUMBER_LINKS, numbers)
        draft = page.pdf(prefer_css_page_size=True)
        found = places(PdfReader(io.BytesIO(draft)))
        short = nearly_empty(draft, found, names)
        short = [name for name in short if grades[name] < TIGHTEST]
        if not short and found == numbers:
            break
        page.evaluate(TIGHTEN, short)
        grades |= {name: grades[name] + 1 for name in short}
        numbers = found
    printed = page.pdf(
        prefer_css_page_size=True, print_background=True, tagged=True, outline=True
    )
    return entitled(printed, page.evaluate(HEADINGS))


def entitled(printed: bytes, headings: list[str]) -> PdfWriter:
    """The file with an outline that says what the headings say.

    Chromium loses the blank where a heading is broken, and has a heading twice that was
    moved to the next page.
    """
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed)))
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


def places(pdf: PdfReader) -> dict[str, int]:
    """The page of each id that a link leads to."""
    return {
        name.removeprefix("/"): (pdf.get_destination_page_number(place) or 0) + 1
        for name, place in pdf.named_destinations.items()
    }


def nearly_empty(pdf: bytes, at: dict[str, int], names: list[str]) -> list[str]:
    """The articles whose last page has a few lines only."""
    starts = {at[name]: name for name in names}
    document = pypdfium2.PdfDocument(pdf)
    short = [
        starts[first]
        for first, following in pairwise(sorted([*starts, at["words"]]))
        if depth(ink(document[following - 2])) < ENOUGH
    ]
    document.close()
    return short


def ink(page: pypdfium2.PdfPage) -> np.ndarray:
    """Where a page is not white, without the number at its foot."""
    grey = np.asarray(page.render(scale=DPI / 72, grayscale=True).to_pil())
    return (grey < WHITE)[: -int(FOOT / 25.4 * DPI)]


def depth(ink: np.ndarray) -> float:
    """How far down a page is used: 0 to 1."""
    return np.flatnonzero(ink.any(axis=1)).max(initial=0) / len(ink)


def faults_on_paper(file: Path) -> list[str]:
    """Pages with ink in the margin at a side, and pages with hardly any."""
    faults = []
    document = pypdfium2.PdfDocument(file)
    side = int(MARGIN / 25.4 * DPI)
    for number, page in enumerate(document, start=1):
        inked = ink(page)
        if inked[:, :side].any() or inked[:, -side:].any():
            faults.append(f"page {number}: ink in a margin")
        if depth(inked) < LEAST:
            faults.append(f"page {number} is nearly empty")
    document.close()
    return faults


if __name__ == "__main__":
    sys.exit(main())
