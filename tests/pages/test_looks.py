"""What a page looks like when a reader opens it: a picture soon, code at hand and not in
the way, one text face, letters that can be read."""

import base64
import io
import re
import sys

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw

from tests.pages.conftest import ROOT, with_page
from tests.pages.test_pages import address
from vae_lib.checks import agree, claim

sys.path.insert(0, str(ROOT / "book" / "extensions"))
import cells  # noqa: E402
import typeface  # noqa: E402

CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("[0-9][0-9]-*.md"))


# ---------------------------------------------------------------- each chapter
SEEN = """() => {
    const article = document.querySelector("article"), height = e =>
        e.getBoundingClientRect().height;
    const all = (selector) => [...article.querySelectorAll(selector)]
        .filter(e => !e.parentElement.closest(selector) &&
            e.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
    const sum = elements => elements.reduce((total, e) => total + height(e), 0);
    const code = all(".cell_input, details.code, details.hide");
    const printed = all(".output.stream, .output.text_plain");
    const style = e => getComputedStyle(e);
    return {
        first: all("figure, .explorer")[0].getBoundingClientRect().top + scrollY,
        learn: [...article.querySelectorAll("p > strong:only-child")]
            .find(e => e.textContent === "You will learn").getBoundingClientRect().top
            + scrollY,
        share: sum([...code, ...printed]) / height(article),
        summaries: all("details.code > summary").map(e => e.textContent),
        headings: ["h1", "h2", "h3"].map(name => {
            const { fontSize, fontWeight } = style(article.querySelector(name));
            return [parseFloat(fontSize), parseFloat(fontWeight)];
        }),
        captions: all("figcaption").filter(e => !e.closest(".explorer"))
            .map(e => [style(e).fontWeight, style(e).fontSize]),
        faces: [...document.fonts].filter(f => f.status === "loaded").map(f => f.family),
    };
}"""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=with_page(name)) for name in CHAPTERS]
)
def test_a_chapter_opens_with_its_picture_and_leaves_code_folded(read, html, name):
    page = read(address(html, name))
    page.evaluate("() => document.fonts.ready.then(() => null)")
    seen = page.evaluate(SEEN)
    assert seen["first"] < 700 and seen["first"] < seen["learn"]
    assert seen["share"] < 0.15
    assert any(re.fullmatch(r"Code for Fig\. \d+\.\d+", s) for s in seen["summaries"])
    for said in seen["summaries"]:
        assert re.match("Code for |Set-up: ", said), said
    sizes, weights = zip(*seen["headings"], strict=True)
    assert sizes == (36, 26, 19) and set(weights) == {600}
    assert set(map(tuple, seen["captions"])) == {("400", "14.4px")}
    assert "Book" in seen["faces"]


# ---------------------------------------------------------------- comparisons, panels
def shown(found) -> list[str]:
    return [fact.astext() for fact in cells.facts(found)]


def test_what_agree_prints_becomes_a_table_and_nothing_is_lost(capsys):
    agree("a half", 0.5, 0.5)
    agree("a third: of it", 1 / 3, 0.334, standard_error=0.001)
    print("between")
    agree("small", 0.0, 1e-9, rtol=1e-6, atol=1e-8)
    claim("more-is-more", "Three are more than one.", [3.1, 3.0, 3.2], above=1, below=5)
    first, between, last, claims = cells.pieces(capsys.readouterr().out)
    assert [shown(found) for found in first] == [
        ["a half", "0.5", "0.5", "less than 1e-09 of it", "✓"],
        ["a third: of it", "0.33333", "0.334", "+6.7e-04, 0.7 SE", "✓"],
    ]
    assert between.strip() == "between"
    assert shown(last[0])[3] == "less than 1e-06 of it + 1e-08"
    assert shown(claims[0]) == [
        "more-is-more", "3.100 ± 0.058 (3 runs)",
        "above 1 by 36.4 SE, needed 7.0, below 5 by 32.9 SE, needed 7.0", "✓",
    ]  # fmt: skip


def test_a_picture_is_cut_between_its_panels_and_nowhere_else():
    picture = Image.new("RGB", (1000, 300), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((8, 140), "label", fill="black")
    for left in (60, 540):
        pen.rectangle((left, 20, left + 440, 280), fill="grey")
    found = cells.cuts(picture)
    assert found[0] == 0 and found[2:] == [1000] and 500 < found[1] < 540
    pen.line((0, 150, 999, 150), fill="black")
    assert cells.cuts(picture) == [0, 1000]


PHONE = 374  # pixels for a figure, on a screen of 390
# Pictures without a letter.
WORDLESS = {"fig-handwriting", "fig-colour", "fig-prior-afterwards"}


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_letters_of_a_still_are_eleven_pixels_high_on_a_phone(name):
    """As its notebook has it, cut into panels if it is wide. What moves does not count."""
    style = mpl.rc_params_from_file(ROOT / "vae_lib" / "book.mplstyle", False, False)
    points, dots = style["font.size"], style["figure.dpi"]
    for cell in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells:
        figure = cell.metadata.get("mystnb", {})
        label = figure.get("figure", {}).get("name")
        if cell.cell_type != "code" or "Explorer" in cell.source or label in WORDLESS:
            continue
        for output in cell.outputs:
            if "image/png" not in output.get("data", {}):
                continue
            file = io.BytesIO(base64.b64decode(output.data["image/png"]))
            picture = Image.open(file)
            edges = [0, picture.width]
            if "panels" in figure.get("image", {}).get("classes", ""):
                edges = cells.cuts(picture)
                assert len(edges) > 2, label
            widest = max(b - a for a, b in zip(edges, edges[1:], strict=False))
            assert points * dots / 72 * PHONE / widest >= 11, (label, picture.size)


def test_folded_preparations_say_what_they_bring():
    code = "import math\nfrom os import path\n\ndef half(x):\n    return x / 2\n"
    assert cells.contents(code) == "imports, half"
    assert cells.contents("x = 1") == "values for what follows"


# ---------------------------------------------------------------- the text face
def test_the_face_has_every_letter_of_the_book_and_is_small(html):
    """Of the letters in the book's text, formulas and code aside."""
    folder = html / typeface.FOLDER
    files = sorted(folder.glob("*.woff"))
    assert [file.stem for file in files] == sorted([*typeface.FACES.values(), "ticks"])
    assert TTFont(folder / "ticks.woff").getBestCmap().keys() == typeface.TICKS
    assert sum(file.stat().st_size for file in files) < 400_000
    assert "Open Font License" in (folder / "LICENSE.txt").read_text(encoding="utf-8")
    letters = TTFont(folder / "regular.woff").getBestCmap()
    text = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "book").glob("*.md"))
    text = re.sub(r"(?s)```.*?```|`[^`]*`|\$[^$]*\$", "", text)
    missing = {sign for sign in text if ord(sign) not in letters} - set("\n✗≔ₓ")
    assert not missing, missing


# ---------------------------------------------------------------- pages to look things up
def test_the_search_leads_to_the_section_and_quotes_it(visit, html):
    page = visit(f"{address(html, 'search')}?q=underflow", wait=False)
    link = page.locator("#search-results ul.sections a").first
    link.wait_for()
    assert "#" in link.get_attribute("href")
    assert page.locator("#search-results mark").first.inner_text().lower() == "underflow"
    link.click()
    page.wait_for_url(re.compile(r"\.html#"))
    assert page.locator(":target").first.is_visible()


def hits(visit, html, query: str):
    page = visit(f"{address(html, 'search')}?q={query}", wait=False)
    page.wait_for_function("document.querySelector('.search-summary')?.innerText")
    assert re.match(r"Found on (one|\d+) pages?\.", page.inner_text(".search-summary"))
    return page.locator("#search-results ul.search > li")


def test_the_search_knows_both_spellings_and_no_raw_labels(visit, html):
    found = [
        hits(visit, html, query).evaluate_all("all => all.map(e => e.innerText)")
        for query in ("reparameterisation", "reparameterization", "reparametrization")
    ]
    assert found[0][0].startswith("Glossary: reparameterisation\n")
    assert found[0] == found[1] == found[2]
    assert "eq-reparam" not in "".join(found[0])


def test_the_search_puts_in_front_what_says_most_and_leads_to_it(visit, html):
    found = hits(visit, html, "jensen")
    links = found.locator("> a").evaluate_all("all => all.map(e => e.href)")
    names = [re.search(r"(\w[\w-]*)\.html", link)[1] for link in links]
    assert names.index("04-elbo") < names.index("10-variants")
    assert all("#" in link for link in links if re.search(r"/\d\d-", link)), links
    term = hits(visit, html, "posterior collapse").first
    assert (
        term.locator("a").get_attribute("href") == "glossary.html#term-posterior-collapse"
    )
    assert len(term.locator("p").inner_text()) > 40


def test_on_a_phone_the_ledger_shows_every_column(visit, html):
    page = visit(address(html, "ledger"), width=390)
    boxes = page.locator("table.ledger td").evaluate_all(
        "cells => cells.map(e => e.getBoundingClientRect().right)"
    )
    assert max(boxes) <= 390
    strip = page.locator(".ledger-strip a")
    assert strip.count() == page.locator("table.ledger tr[id]").count()
    assert re.search("proved|tested|definition", strip.first.get_attribute("aria-label"))


def test_a_finger_can_hit_the_controls(visit, html):
    page = visit(
        address(html, "08-latent-space"), width=390, has_touch=True, is_mobile=True
    )
    controls = page.locator(
        ".latent-explorer :is(button, select, label, input[type=range])"
    )
    seen = [control for control in controls.all() if control.is_visible()]
    assert len(seen) > 20
    for control in seen:
        box = control.bounding_box()
        assert box["height"] >= 44, control.evaluate("e => e.outerHTML")


def test_in_the_dark_a_still_is_dark_and_keeps_its_hues(visit, html):
    """The corner of a plot, white in its file, has the colour of the page's ground."""
    shots = {}
    for theme in ("light", "dark"):
        page = visit(address(html, "01-maximum-likelihood"), theme=theme)
        still = page.locator("figure img.panel").first
        still.scroll_into_view_if_needed()
        still.evaluate("image => image.decode()")
        shots[theme] = Image.open(io.BytesIO(still.screenshot())).convert("RGB")
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    expected = [int(n) for n in re.findall(r"\d+", ground)[:3]]
    corner = shots["dark"].getpixel((3, 3))
    assert max(abs(a - b) for a, b in zip(corner, expected, strict=True)) < 8
    hues = [np.asarray(shot.convert("HSV")).astype(int) for shot in shots.values()]
    vivid = (hues[0][..., 1] > 100) & (hues[1][..., 1] > 100)
    turned = (hues[0] - hues[1])[..., 0][vivid]
    assert vivid.sum() > 100
    assert np.median(np.abs((turned + 128) % 256 - 128)) < 10  # of 256
