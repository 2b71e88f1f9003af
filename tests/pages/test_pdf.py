"""The book as one PDF: whole, and with all that leads through it.

Two chapters are printed, between all that comes before and after them. The others are of
the same kinds; `tools/pdf.py` itself looks at each page that it prints.
"""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdf.generic import IndirectObject

from tests.pages.conftest import ROOT
from tests.pages.paper import Paper, letters

sys.path.insert(0, str(ROOT / "tools"))
from pdf import FAULTS, faults_on_paper  # noqa: E402

CHAPTERS = ["04-elbo", "07-training"]  # with figures that move, and with wide code


def printed(*arguments: str) -> Path:
    """The draft of some pages, in which the tool itself finds no fault."""
    command = [sys.executable, "tools/pdf.py", *arguments]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return Path(made.stdout.strip())


@pytest.fixture(scope="module")
def file(html, chromium):
    return printed("--only", *CHAPTERS, "bug-museum").read_bytes()


@pytest.fixture(scope="module")
def book(file):
    return PdfReader(io.BytesIO(file))


@pytest.fixture(scope="module")
def paper(file):
    # head and foot stand in the margins
    return Paper(file, margins=(19, 8, 19, 8))


def outline(book) -> list[tuple[int, str, int, float]]:
    """Depth, title, page from 1, and height on it, of each entry."""

    def walk(entries, depth):
        for entry in entries:
            if isinstance(entry, list):
                yield from walk(entry, depth + 1)
            else:
                page = book.get_destination_page_number(entry) + 1
                yield depth, entry.title, page, float(entry.top)

    return list(walk(book.outline, 0))


def page_of(book) -> dict[str, int]:
    return {
        name.removeprefix("/"): book.get_destination_page_number(place) + 1
        for name, place in book.named_destinations.items()
    }


def test_the_margins_are_white_and_no_page_nearly_empty(paper):
    assert paper.outside == []
    lengths = [len(text) for text in paper.texts]
    assert min(lengths[1:]) > 150, lengths.index(min(lengths[1:])) + 1


def test_the_tool_tells_what_is_cut_or_empty_or_leads_nowhere(browser, tmp_path):
    page = browser.new_page()
    page.set_content(
        "<style>@page { size: A4; margin: 0 } body { margin: 19mm }</style>"
        "<article id='one' style='width: 172mm'><p>A line.</p><a href='#two'>there</a>"
        "<img alt='x = 1' style='width: 190mm; height: 9mm; background: red'></article>"
    )
    assert page.evaluate(FAULTS) == ["one: is cut: x = 1", "leads nowhere: #two (there)"]
    (tmp_path / "short.pdf").write_bytes(page.pdf(print_background=True))
    assert faults_on_paper(tmp_path / "short.pdf") == [
        "page 1: ink in a margin",
        "page 1 is nearly empty",
    ]
    page.close()


def test_the_outline_leads_to_each_heading_none_at_a_pages_foot(book, paper):
    entries = outline(book)
    first = [title for depth, title, _, _ in entries if depth == 0]
    assert first[0] == "Contents" and first[-2:] == ["Solutions", "Index"]
    assert [t.partition(".")[0] for t in first if t[0].isdigit()] == ["4", "7"]
    assert len(entries) > 50
    for _, title, page, top in entries:
        # in the text a formula of a heading stands once, in the outline with its words
        words = re.findall(r"\w{4,}", title)[:2]
        assert all(letters(word) in paper.texts[page - 1] for word in words), title
        assert top > 100, f"{title} stands at the foot of page {page}"
    for depth, title, page, _ in entries:
        if depth == 0:  # as a heading, and at the head of the page
            assert paper.texts[page - 1].count(letters(title)) >= 2, title


def test_contents_say_the_pages(book, paper):
    pages: dict[str, int] = {}
    for depth, title, page, _ in outline(book):
        # the solutions have a chapter's title once more
        if re.match(r"\d+\. " if depth == 0 else r"\d+\.\d+\. ", title):
            pages.setdefault(letters(title), page)
    said = "".join(paper.texts[1:3])
    assert len(pages) > 25
    for title, page in pages.items():
        assert f"{title}{page}" in said, title


def test_the_index_leads_to_pages_that_have_the_word(book, paper):
    """A mention's paragraph may go on overleaf."""
    start = next(page for _, title, page, _ in outline(book) if title == "Index")
    text = "\n".join(page.extract_text() for page in book.pages[start - 1 :])
    entries = re.findall(r"(?m)^(\D[^,\n]*)((?:, \d+)+)\s*$", text)
    assert len(entries) > 80
    for term, numbers in entries:
        for number in map(int, re.findall(r"\d+", numbers)):
            there = "".join(paper.texts[number - 1 : number + 1]).lower()
            assert letters(term).lower() in there, f"{term} is not on page {number}"


def test_links_lead_into_the_book_or_out_to_the_web(book):
    known = page_of(book)
    inside = outside = 0
    for page in book.pages:
        for note in page.get("/Annots", []):
            note = note.get_object()
            if "/Dest" in note:
                assert str(note["/Dest"]).removeprefix("/") in known
                inside += 1
            else:
                assert re.match(r"https?:|mailto:", note["/A"]["/URI"])
                outside += 1
    assert inside > 200 and outside > 10


def fonts(book) -> dict[str, dict]:
    found = {}
    for page in book.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            found[str(font.get("/BaseFont", font["/Subtype"]))] = font
    return found


def elsewhere(book) -> list[str]:
    """The fonts that the file has by name only."""
    missing = []
    for name, font in fonts(book).items():
        if font["/Subtype"] == "/Type3":
            continue  # drawn in the file itself
        font = font.get("/DescendantFonts", [font])[0].get_object()
        descriptor = font["/FontDescriptor"].get_object()
        if not any(f"/FontFile{kind}" in descriptor for kind in ("", 2, 3)):
            missing.append(name)
    return missing


def test_each_font_is_embedded(book):
    assert len(fonts(book)) > 3 and elsewhere(book) == []


@pytest.fixture(scope="module")
def alternatives(book) -> tuple[set[str], int]:
    """What the pictures say in words, and how many say nothing."""
    said, silent, waiting = set(), 0, [book.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop()
        node = node.get_object() if isinstance(node, IndirectObject) else node
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if node.get("/S") == "/Figure":
                silent += "/Alt" not in node
                said.add(str(node.get("/Alt", "")))
            if "/K" in node:
                waiting.append(node["/K"])
    return said, silent


def test_the_file_is_tagged_and_pictures_say_what_they_show(book, alternatives):
    root = book.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en"
    assert alternatives[1] == 0


def test_every_display_formula_is_in_it(html, paper, alternatives):
    """Each of its lines as a picture, and its number."""
    plain = {re.sub(r"\s", "", said) for said in alternatives[0]}
    assert "formula" not in plain
    numbers = 0
    for chapter in CHAPTERS:
        script = (html / "_static" / "lines" / f"{chapter}.js").read_text("utf-8")
        displays = json.loads(
            script.removeprefix("lines.know(").rstrip().removesuffix(");")
        )
        assert len(displays) > 3
        for label, display in displays.items():
            said = [re.sub(r"\s", "", line["says"]) for line in display["lines"]]
            as_one = re.sub(r"\s", "", r"\quad".join(said))
            assert as_one in plain or set(said) <= plain, label
        page = (html / f"{chapter}.html").read_text("utf-8")
        for number in re.findall(r'<span class="eqno">(\(\d+\.\d+\))', page):
            assert number in paper.text
            numbers += 1
    assert numbers > 20


@pytest.fixture(scope="module")
def korean(html, chromium):
    if not (html / "ko" / "index.html").exists():
        pytest.fail("the Korean pages are not built: run 'make book' first")
    return printed("--language", "ko", "--only", "03-kl-and-mle").read_bytes()


def test_the_korean_book_is_korean_all_through_in_letters_of_its_own(korean):
    texts = Paper(korean).texts
    korean = PdfReader(io.BytesIO(korean))
    assert korean.trailer["/Root"]["/Lang"] == "ko"
    assert elsewhere(korean) == []
    first = [title for depth, title, _, _ in outline(korean) if depth == 0]
    assert first[0] == "차례" and first[-2:] == ["풀이", "찾아보기"]
    assert all(re.search("[가-힣]", title) for title in first)
    for text in texts[1:]:
        assert text.startswith("한줄한줄따라가는변분오토인코더")
        assert not re.search("Solutionon|Oneoftheselines|Readthisbook", text)
    # a word is found with its particle, and stands below its first sound
    entry = re.search(r"표준오차\(standarderror\),(\d+),", "".join(texts[-2:]))
    assert "표준오차" in texts[int(entry[1]) - 1]
    assert set(letters("ㄱㅅㅈㅎ")) <= set("".join(texts[-2:]))
