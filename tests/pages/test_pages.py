"""Every page of the built book, as readers open it: from disk, offline, at any width."""

import posixpath
import re
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.pages.conftest import COLOURS_HAVE_SETTLED, ROOT
from tests.pages.paper import print_page


class Links(HTMLParser):
    """The ids of a page, what it links to, and what it loads."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.targets, self.loads = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.add(attributes["id"])
        if tag == "a" and attributes.get("href"):
            self.targets.add(attributes["href"])
        for name in ("src", "data-src"):
            if attributes.get(name):
                self.loads.add(attributes[name])
        if tag == "link" and attributes.get("rel") in {"stylesheet", "preload", "icon"}:
            self.loads.add(attributes["href"])


def address(html, page_name: str) -> str:
    return (html / f"{page_name}.html").as_uri()


def test_opens_from_disk_without_a_network_or_an_error(read, html, page_name):
    assert read(address(html, page_name)).faults_on_opening == []


# One page of each kind: from disk all are opened, with the same scripts.
@pytest.mark.parametrize("name", ["index", "08-latent-space", "ledger", "search"])
def test_opens_from_a_server_without_a_network_or_an_error(visit, server, name):
    assert visit(f"{server}/{name}.html").faults == []


# Code may show what a reader types.
PROSE = """() => {
    const article = document.querySelector("article").cloneNode(true);
    for (const e of article.querySelectorAll("pre, code, script, style")) e.remove();
    return article.textContent;
}"""


def test_all_mathematics_is_drawn(read, html, page_name):
    page = read(address(html, page_name))
    asked = page.locator("span.math, div.math").count()
    drawn = page.locator(".math > mjx-container svg").count()
    assert drawn >= asked
    assert page.locator("[data-mjx-error], mjx-merror").count() == 0
    text = page.evaluate(PROSE)
    for raw in [r"\(", r"\[", "$$", "{eq}", "{ref}", "{numref}", "{cite", "{term}"]:
        assert raw not in re.sub(r"(?s)```.*?```", "", text), f"{raw} is not rendered"


def test_each_figure_is_mounted_once(read, html, page_name):
    """Nothing is left of the still and the room; a slider on every chapter; small pages."""
    page = read(address(html, page_name))
    boxes = page.locator(".explorer")
    if re.match(r"\d\d-", page_name):
        assert page.locator(".explorer input[type=range]").count() >= 1
        assert (html / f"{page_name}.html").stat().st_size < 300 * 1024
    for box in boxes.all():
        assert box.evaluate("box => box.childElementCount") == 1


def test_every_image_loads_and_has_alternative_text(read, html, page_name):
    page = read(address(html, page_name))
    for image in page.locator("article img").all():
        # Lazy images load when they come into view.
        image.scroll_into_view_if_needed()
        image.evaluate("image => image.decode()")
        assert image.evaluate("image => image.naturalWidth") > 0
        assert len(image.get_attribute("alt") or "") > 3, image.get_attribute("src")


# A drawn formula has hundreds of strokes, and axe would walk through all of them: it sees
# those of the first ten.
WITHOUT_FORMULAS = """() => {
    const others = [...document.querySelectorAll("mjx-container")].slice(10);
    window.formulas = others.map(e => [e, [...e.childNodes]]);
    for (const e of others) e.replaceChildren();
}"""
WITH_FORMULAS = "() => { for (const [e, nodes] of window.formulas) e.append(...nodes); }"


def serious(page, what: dict, where: dict | None = None) -> list[str]:
    """The barriers that axe finds on a page, as far as it is asked `what` to look for."""
    page.evaluate(WITHOUT_FORMULAS)
    try:
        found = Axe().run(page, where, {"resultTypes": ["violations"]} | what).response
    finally:
        page.evaluate(WITH_FORMULAS)
    return [
        f"{barrier['id']}: {barrier['nodes'][0]['html'][:200]}"
        for barrier in found["violations"]
        if barrier["impact"] in {"serious", "critical"}
    ]


def test_axe_finds_no_serious_barrier(read, html, page_name):
    """Colours have a test of their own."""
    page = read(address(html, page_name))
    assert serious(page, {"rules": {"color-contrast": {"enabled": False}}}) == []


# Marks one element of each look that is not known: colour, size and weight of the text, and
# all that is painted beneath it. Thousands of words of the book look alike.
MARK_EACH_LOOK = """known => {
    const beneath = e => {
        const layers = [];
        for (; e; e = e.parentElement) {
            const s = getComputedStyle(e);
            layers.push(s.backgroundColor, s.backgroundImage, s.opacity);
        }
        return layers.filter(l => !["rgba(0, 0, 0, 0)", "none", "1"].includes(l)).join();
    };
    const seen = new Set(), before = new Set(known);
    for (const e of document.body.querySelectorAll(":not(mjx-container *)")) {
        delete e.dataset.look;
        const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!text || !e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}))
            continue;
        const s = getComputedStyle(e);
        const look = [s.color, s.fontSize, s.fontWeight, beneath(e)].join(";");
        if (!seen.has(look) && !before.has(look)) e.dataset.look = "new";
        seen.add(look);
    }
    return [...seen];
}"""


@pytest.fixture(scope="session")
def looks() -> set[str]:
    """Those that have enough contrast, on any page."""
    return set()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_enough_contrast(read, html, page_name, theme, looks):
    page = read(address(html, page_name))
    page.emulate_media(color_scheme=theme)
    try:
        page.wait_for_function(
            "theme => document.documentElement.dataset.theme === theme", arg=theme
        )
        page.evaluate(COLOURS_HAVE_SETTLED)
        found = page.evaluate(MARK_EACH_LOOK, list(looks))
        assert len(found) > 5
        if not looks.issuperset(found):
            marked = {"include": [["[data-look]"]]}
            assert serious(page, {"runOnly": ["color-contrast"]}, marked) == []
        looks.update(found)
    finally:
        page.emulate_media(color_scheme="light")


def test_nothing_is_cut_on_paper(read, html, page_name):
    """Each line of code, each text of a cell is on the sheets; the margins are white."""
    faults, sheets = print_page(read(address(html, page_name)))
    assert not faults, "\n".join(faults)
    assert 1 < sheets["A4"].pages < 80


def test_every_link_inside_the_book_leads_somewhere(html):
    paths = [*html.glob("*.html"), *html.glob("ko/*.html")]
    paths += html.glob("**/_modules/**/*.html")
    pages = {
        path.relative_to(html).as_posix(): Links(path.read_text(encoding="utf-8"))
        for path in paths
    }
    for name, page in pages.items():
        for load in page.loads:
            assert not load.startswith(("http:", "https:", "//")), f"{name} loads {load}"
        for target in page.targets:
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            file = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
            file = file if target[0] != "#" else name
            if file.endswith(".html"):
                assert file in pages, f"{name} links to {target}"
                assert not anchor or anchor in pages[file].ids, f"{name} links to {target}"


def test_the_search_finds_a_word_of_the_book_from_disk(visit, html):
    page = visit(f"{(html / 'search.html').as_uri()}?q=likelihood", wait=False)
    page.wait_for_selector("#search-results li a")
    assert page.faults == []


def test_solutions_are_folded_and_open_by_keyboard(visit, html):
    page = visit(address(html, "01-maximum-likelihood"))
    solution = page.locator("div.solution.dropdown, div.solution.toggle").first
    body = solution.locator("p:not(.admonition-title)").first
    assert not body.is_visible()
    button = solution.locator("button.toggle-button").first
    button.focus()
    page.keyboard.press("Enter")
    assert body.is_visible()


# ---------------------------------------------------------------- the ledger
def equations(html) -> dict[str, tuple[str, str]]:
    """Of each equation its page and the HTML of its number, with the mark."""
    found = {}
    for path in html.glob("*.html"):
        numbered = (
            r'<div class="math[^>]* id="equation-(eq-[\w-]+)">\s*<span class="eqno">(.*)'
        )
        for label, number in re.findall(numbered, path.read_text(encoding="utf-8")):
            found[label] = (path.name, number)
    return found


def test_every_equation_has_a_mark_that_leads_to_its_row_and_back(html):
    ledger = (html / "ledger.html").read_text(encoding="utf-8")
    drawn = equations(html)
    assert len(drawn) > 50
    for label, (page, number) in drawn.items():
        assert f'href="ledger.html#ledger-{label}"' in number, f"no mark beside {label}"
        assert re.search('aria-label="(proved|tested|definition|exempt): see', number)
        assert f'id="ledger-{label}"' in ledger, f"no row for {label}"
        assert f'href="{page}#equation-{label}"' in ledger, f"no way back to {label}"
    rows = set(re.findall(r'<tr[^>]* id="ledger-(eq-[\w-]+)"', ledger))
    assert rows == set(drawn)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_mark_is_reached_by_keyboard_and_leads_to_the_ledger(visit, html, width):
    page = visit(address(html, "04-elbo"), width=width)
    mark = page.get_by_role("link", name="proved: see the ledger").first
    # from just before the mark, the next stop of the Tab key is the mark
    number = page.locator(".eqno", has=mark).first
    number.evaluate("e => { e.tabIndex = -1; e.focus() }")
    page.keyboard.press("Tab")
    if page.evaluate("() => document.activeElement.matches('.headerlink')"):
        page.keyboard.press("Tab")
    assert mark.evaluate("e => e === document.activeElement")
    box = mark.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["height"] >= 20
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"ledger\.html#ledger-eq-"))
    assert page.locator(":target").is_visible()


def test_what_is_wide_scrolls_in_its_own_box_by_keyboard(visit, html):
    page = visit(address(html, "how-checked"), width=390)
    wide = "e => e.scrollWidth > e.clientWidth + 1"
    code = page.locator("div.highlight pre:visible")
    found = [box for box in code.all() if box.evaluate(wide)]
    assert found and all(box.evaluate("e => e.tabIndex === 0") for box in found)
    assert found[0].get_attribute("aria-label") == "code"
    found[0].focus()
    for _ in range(20):  # the browser itself scrolls, and may miss a key while it lays out
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(100)
        if found[0].evaluate("e => e.scrollLeft > 0"):
            break
    else:
        pytest.fail("twenty keys have not moved it")


def test_nothing_of_the_assignments_is_in_the_book(html):
    """Neither in its sources and notebooks, nor in the pages."""
    files = [
        path
        for place in (ROOT / "book", ROOT / "notebooks", html)
        for path in place.rglob("*")
        if path.suffix in {".md", ".ipynb", ".html", ".js", ".json"}
    ]
    assert len(files) > 20
    for path in files:
        content = path.read_text(encoding="utf-8", errors="replace")
        for word in ("density_cases", "kl_never_negative", "trained_well", "model answer"):
            assert word not in content, path
