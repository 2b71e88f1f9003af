"""The e-book: what it promises to readers, to their programs and to screen readers."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

import pytest

from derivations.chapters import displays
from tests.conftest import skip_or_fail
from tests.pages.conftest import ROOT

EPUB = ROOT / "_build" / "vae-line-by-line.epub"
CHAPTERS = sorted((ROOT / "book").glob("[01]*.md"))
XHTML, MATHML = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/1998/Math/MathML}"
OPS = "{http://www.idpf.org/2007/ops}"


@pytest.fixture(scope="module")
def epub(html) -> ZipFile:
    """The e-book of the built pages; made here if it is not, or if it is older."""
    sources = [*(ROOT / "book").rglob("*.*"), ROOT / "_config.yml", ROOT / "tools/epub.py"]
    sources += [ROOT / "_build" / "code.sha256"]  # as new as the packages' last change
    newest = max(path.stat().st_mtime for path in sources if path.is_file())
    if not EPUB.exists() or EPUB.stat().st_mtime < newest:
        command = [sys.executable, "tools/epub.py"]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
    with ZipFile(EPUB) as file:
        yield file


@pytest.fixture(scope="module")
def pages(epub) -> dict[str, ElementTree.Element]:
    names = [name for name in epub.namelist() if name.endswith(".xhtml")]
    return {name: ElementTree.fromstring(epub.read(name)) for name in names}


def test_the_file_is_what_readers_open(epub):
    assert epub.testzip() is None
    first = epub.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", ZIP_STORED)
    assert epub.read("mimetype") == b"application/epub+zip"


def test_epubcheck_finds_no_error_and_no_warning(epub):
    program = shutil.which("epubcheck")
    if program is None or shutil.which("java") is None:
        skip_or_fail("no epubcheck, so the e-book was not validated", "epubcheck")
    # Debian's is a jar, which starts by itself on some machines only.
    is_jar = Path(program).read_bytes()[:2] == b"PK"
    command = ["java", "-jar", program] if is_jar else [program]
    # A program that runs once: what compiles it better takes longer than it gives.
    quick = os.environ | {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    run = subprocess.run(
        [*command, "--failonwarnings", EPUB], capture_output=True, text=True, env=quick
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]


def symbols(latex: str) -> Counter[str]:
    """The names, letters and digits of a formula, without what only places them."""
    latex = re.sub(r"(?<!\\)%[^\n]*|\\(begin|end)\{aligned\}", "", latex)
    found = Counter(re.findall(r"\\[A-Za-z]+|[A-Za-z0-9]", latex))
    for name in ("\\quad", "\\qquad", "\\left", "\\right", "\\displaystyle"):
        del found[name]
    return found


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_display_is_there_whole_as_mathml(pages, chapter):
    page = pages[f"{chapter.stem}.xhtml"]
    places = {e.get("id"): e for e in page.iter() if e.get("id")}
    labelled = [one for one in displays(chapter.read_text("utf-8")) if one.label]
    assert len(labelled) > 3
    for one in labelled:
        place = places[f"equation-{one.label}"]
        rows = [e for e in place.iter() if e.get("class", "").startswith("line ")]
        formulas = [math for row in rows or [place] for math in row.iter(f"{MATHML}math")]
        assert formulas, one.label
        shown = symbols(" ".join(formula.get("alttext") for formula in formulas))
        assert not symbols(one.source) - shown, one.label
        drawn = "".join("".join(formula.itertext()) for formula in formulas)
        assert len(drawn) >= 0.5 * sum(len(name.strip("\\")) == 1 for name in shown)


def test_no_formula_is_left_as_tex(pages):
    def words(element: ElementTree.Element) -> str:
        if element.tag in (f"{XHTML}code", f"{XHTML}pre"):
            return element.tail or ""
        inside = (element.text or "") + "".join(map(words, element))
        return inside + (element.tail or "")

    for name, page in pages.items():
        text = words(page.find(f"{XHTML}body"))
        assert not re.search(r"\\\(|\\\[|\$\$|\\begin\{|\{eq\}|\{ref\}", text), name


def test_a_derivation_is_a_list_of_lines_with_their_reasons(pages):
    rows = [
        row
        for page in pages.values()
        for box in page.iter(f"{XHTML}div")
        if "lines" in box.get("class", "").split()
        for row in box.find(f"{XHTML}ol")
    ]
    assert len(rows) > 100
    for row in rows:
        line, reason = row[0], row[-1]
        assert next(line.iter(f"{MATHML}math"), None) is not None
        assert "reason" in reason.get("class") and "".join(reason.itertext()).strip()


def test_every_image_has_alternative_text_and_is_in_the_file(epub, pages):
    images = [(n, image) for n, page in pages.items() for image in page.iter(f"{XHTML}img")]
    assert len(images) > 60
    for name, image in images:
        assert len(image.get("alt", "").strip()) > 3, (name, image.get("src"))
        assert image.get("src") in epub.namelist()


def test_nothing_runs_and_nothing_is_fetched(epub, pages):
    for name, page in pages.items():
        for element in page.iter():
            tag = element.tag.rpartition("}")[2]
            assert tag not in {"script", "form", "input", "button", "iframe"}, name
            assert not [key for key in element.attrib if key.startswith("on")], name
            assert not re.match("https?:", element.get("src", "")), name
        assert page.get("lang") == "en"
    kinds = {Path(name).suffix for name in epub.namelist()}
    assert kinds <= {"", ".xml", ".opf", ".ncx", ".xhtml", ".css", ".png", ".svg", ".woff"}


def test_every_link_leads_somewhere(pages):
    ids = {n: {e.get("id") for e in page.iter()} for n, page in pages.items()}
    for name, page in pages.items():
        for link in page.iter(f"{XHTML}a"):
            target = link.get("href")
            if target and not re.match("https?:|mailto:", target):
                file, _, place = target.partition("#")
                assert file in ids or not file, (name, target)
                assert not place or place in ids[file or name], (name, target)


def test_the_contents_name_every_page_and_section(pages):
    contents, landmarks = pages["nav.xhtml"].iter(f"{XHTML}nav")
    assert contents.get(f"{OPS}type") == "toc"
    assert landmarks.get(f"{OPS}type") == "landmarks"
    listed = ["".join(link.itertext()) for link in contents.iter(f"{XHTML}a")]
    for name, page in pages.items():
        assert len(list(page.iter(f"{XHTML}main"))) == 1, name
        if name not in ("nav.xhtml", "cover.xhtml"):
            headings = [h for tag in ("h1", "h2") for h in page.iter(XHTML + tag)]
            assert headings, name
            for heading in headings:
                said = "".join(heading.itertext())
                assert said in listed, f"{name}: {said}"


def test_each_exercise_leads_to_its_answer_and_back(pages):
    found = 0
    for chapter in CHAPTERS:
        page = pages[f"{chapter.stem}.xhtml"]
        (answers,) = [e for e in page.iter(f"{XHTML}section") if e.get("id") == "answers"]
        inside = {e.get("id"): e for e in answers.iter() if e.get("id")}
        for box in page.iter(f"{XHTML}div"):
            if "exercise" in box.get("class", "").split():
                (link,) = [a for a in box.iter(f"{XHTML}a") if a.text == "Answer"]
                answer = inside[link.get("href").removeprefix("#")]
                back = {a.get("href") for a in answer.iter(f"{XHTML}a")}
                assert f"#{box.get('id')}" in back
                found += 1
    assert found > 70
