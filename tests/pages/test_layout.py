"""Nothing is wider than the screen and no figure jumps, whatever fonts a machine has.

Each page is loaded once a family of fonts, in a frame whose width is then changed, with
text at 100% and at 130%. The latter is a larger font size of the root element: what a
reader's larger default size comes to, since the theme's and the book's sizes are in rem.
Every page is laid out in the widest of the families, DejaVu, with larger text at every
width; in Liberation those with formulas or figures are, with larger text on the narrowest.
In Noto, whose letters are narrower than DejaVu's, stand the Korean pages, which are seen on
phones, and an English one of each kind, with larger text on the narrowest. They must come
without an error or a request.

On a phone the lines of displays are whole; at most one in twenty of a page may scroll.
The letters of every drawing are at least 11 pixels high; in the widest letters of each
language its words have room.
"""

import re
from xml.etree import ElementTree

import pytest

from tests.pages.conftest import EXPLORERS_ARE_MOUNTED, PAGES, ROOT, watch
from tests.pages.fonts import FAMILIES, browser_with

WIDTHS = (1280, 768, 390, 320)
PHONES = WIDTHS[2:]
LATIN = [family for family in FAMILIES if family != "Noto"]
LARGER = {family: WIDTHS if family == "DejaVu" else WIDTHS[-1:] for family in LATIN}
ADDRESSES = [*PAGES, "genindex", "search?q=likelihood"]
PLAIN = re.compile(r"api-|ledger|experiments|timings|bibliography|dialect|search|teaching")
IN_NOTO = [f"ko/{name}" for name in (*PAGES, "genindex", "search?q=잠재변수를")]
IN_NOTO += ["index", "07-training", "08-latent-space", "break-the-derivation", "ledger"]
IN_NOTO += ["for-teachers", "api-vae-lib"]
assert {"for-teachers", "07-training"} <= set(PAGES)

DRAWINGS = "book/static/pictures"
SMALLEST = 11  # pixels of a drawing's letters


def letters(svg: str) -> float:
    """A drawing's smallest letters, as a share of its width."""
    found = set()

    def walk(element, size: str | None) -> None:
        size = element.get("font-size", size)
        if element.tag.endswith(("text", "tspan")) and (element.text or "").strip():
            found.add(float(size))
        for child in element:
            walk(child, size)

    root = ElementTree.fromstring(svg)
    walk(root, None)
    return min(found) / float(root.get("viewBox").split()[2])


LETTERS = {
    file.name: letters(file.read_text("utf-8")) for file in (ROOT / DRAWINGS).glob("*.svg")
}

# Each figure as the page came, before any script has touched it.
KEEP_THE_ROOMS = """document.addEventListener("readystatechange", () => {
    if (document.readyState === "interactive") window.rooms =
        [...document.querySelectorAll(".explorer")].map(box => box.cloneNode(true));
});"""

OPEN_ALL = """() => {
    for (const box of document.querySelectorAll("details")) box.open = true;
    for (const box of document.querySelectorAll(".toggle-hidden"))
        box.classList.remove("toggle-hidden");
}"""

FAULTS = """async ([width, size, letters, smallest]) => {
    const root = document.documentElement, faults = [];
    const frame = () =>
        new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    if (root.style.fontSize !== size) root.style.fontSize = size;
    while (innerWidth !== width) await frame(); // its new width has not come yet
    await frame(); // a resize observer reports with the next one
    const moving = document.getAnimations().filter(a => a instanceof CSSTransition);
    for (const slide of moving) slide.finish(); // the sidebar's
    await frame();
    const screen = root.clientWidth;
    const named = e => `<${e.localName} class="${e.getAttribute("class") ?? ""}">` +
        (e.textContent ?? "").trim().slice(0, 50);
    const right = e => e.getBoundingClientRect().right;
    const clips = e => /hidden|clip/.test(getComputedStyle(e).overflowX);
    const inABox = e => e !== document.body &&
        (getComputedStyle(e).overflowX !== "visible" || inABox(e.parentElement));
    if (root.scrollWidth > screen) {
        const culprits = [...document.body.querySelectorAll("*")]
            .filter(e => right(e) > screen && !inABox(e));
        faults.push(`${root.scrollWidth} px on a screen of ${screen}: ` +
            culprits.slice(-2).map(named).join(", "));
    }
    for (const box of document.querySelectorAll("article *")) {
        if (box.closest("svg, .math")) continue; // formulas have a line of their own below
        // what is for screen readers alone is one pixel wide
        if (box.clientWidth > 1 && clips(box) && box.scrollWidth > box.clientWidth + 1)
            faults.push(`cut off: ${named(box)}`);
    }
    for (const formula of document.querySelectorAll("article .math > mjx-container svg")) {
        const box = formula.getBoundingClientRect();
        const spills = box.left < 0 || box.right > screen;
        // what is marked scrolls; test_slips.py looks at the lines of its figures
        if (spills && !formula.closest(".scrolls, .slips, .breaker"))
            faults.push(`spills: ${named(formula.closest("p, li, .line") ?? formula)}`);
    }
    for (const image of document.querySelectorAll("figure.picture img")) {
        const high = letters[image.src.split("/").at(-1)] * image.clientWidth;
        if (!(high >= smallest)) faults.push(`letters of ${high} px in ${image.src}`);
    }
    for (const text of document.querySelectorAll("article svg.the-model text")) {
        const high = text.getScreenCTM()?.a * parseFloat(getComputedStyle(text).fontSize);
        if (text.checkVisibility() && !(high >= smallest))
            faults.push(`letters of ${high} px in the model: ${text.textContent}`);
    }
    for (const formula of document.querySelectorAll(".beside mjx-container")) {
        const high = parseFloat(getComputedStyle(formula).fontSize);
        if (!(high >= smallest)) faults.push(`a card's formula of ${high} px`);
    }
    // on a phone; the ledger's rows are too long for any
    const tables = width > 390 || size !== "100%" ? "none" : "table:not(.ledger)";
    for (const table of document.querySelectorAll(`article ${tables}`)) {
        const box = table.closest(".pst-scrollable-table-container");
        if (box?.scrollWidth > box?.clientWidth + 1)
            faults.push(`a table scrolls: ${named(table.tBodies[0])}`);
    }
    const drawer = document.querySelector(".bd-sidebar-primary");
    if (drawer && drawer.scrollWidth > drawer.clientWidth)
        faults.push(`the sidebar: ${drawer.scrollWidth} px in ${drawer.clientWidth}`);
    document.querySelectorAll(".explorer").forEach((box, i) => {
        const kept = window.rooms[i].cloneNode(true);
        box.after(kept);
        const [room, drawn] = [kept, box].map(e => e.getBoundingClientRect().height);
        kept.remove();
        if (!(room > 100 && Math.abs(drawn - room) <= 1))
            faults.push(`a figure of ${drawn} px in a room of ${room}`);
    });
    return faults;
}"""


# Lines of displays that are out of their column, and what scrolls without need.
LINES = """() => {
    const faults = [];
    const lines = [...document.querySelectorAll("article .line")]
        .filter(line => line.clientWidth > 0);
    const wide = lines.filter(line => {
        const seen = line.querySelector(".line-seen"), box = line.getBoundingClientRect();
        return seen.scrollWidth > seen.clientWidth + 1 ||
            [...seen.querySelectorAll("svg")].map(e => e.getBoundingClientRect())
                .some(e => e.right > box.right + 1 || e.left < box.left - 1);
    });
    if (wide.length > 0.05 * lines.length)
        faults.push(`lines that scroll: ${wide.map(line => line.dataset.says).join("; ")}`);
    for (const e of document.querySelectorAll("span.math > mjx-container"))
        if (/auto|scroll/.test(getComputedStyle(e).overflowX) &&
            e.scrollWidth <= e.clientWidth + 1) faults.push(`scrolls idly: ${e.ariaLabel}`);
    return faults;
}"""

# Words of a drawing that lie on each other or leave it.
CROWDED = """() => [...document.querySelectorAll("svg")].flatMap(svg => {
    const within = svg.getBoundingClientRect(), faults = [];
    const texts = [...svg.querySelectorAll("text")];
    const boxes = texts.map(text => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        const slack = (bottom - top) / 5; // above and below its letters
        return { left, right, top: top + slack, bottom: bottom - slack };
    });
    const say = (i, what) => faults.push(`${svg.id}: ${texts[i].textContent} ${what}`);
    boxes.forEach((a, i) => {
        if (a.left < within.left || a.right > within.right || a.top < within.top ||
            a.bottom > within.bottom) say(i, "is cut");
        boxes.slice(0, i).forEach((b, j) => {
            const beside = a.left >= b.right || b.left >= a.right;
            if (!(beside || a.top >= b.bottom || b.top >= a.bottom))
                say(i, `lies on ${texts[j].textContent}`);
        });
    });
    return faults;
})"""


# Four English words of a text in a row, or two of a label; but for names, which are written
# with capitals, code, and what it prints.
ENGLISH = """() => {
    const page = document.body.cloneNode(true), found = [], labels = [];
    const quoted = "script, style, pre, code, noscript, .math, .explorer-room, " +
        "[lang=en], a.reference, .bibtex-citation, .citation, cite, em, " +
        ".cell_output table, .cell_output .beside";
    for (const e of page.querySelectorAll(quoted)) e.remove();
    const texts = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) found.push(texts.currentNode.data);
    for (const e of page.querySelectorAll("*"))
        for (const name of ["alt", "aria-label", "placeholder", "title"])
            labels.push(e.getAttribute(name) ?? "");
    const words = n => RegExp(
        `\\\\b[A-Za-z][a-z'’]+(\\\\s+[a-z][a-z'’]+){${n - 1},}\\\\b`, "g");
    const left = (texts, n) => texts.flatMap(text => text.match(words(n)) ?? []);
    return [...left(found, 4), ...left(labels, 2)];
}"""


def pytest_generate_tests(metafunc):
    if "family" in metafunc.fixturenames:
        laid_out = {
            test_in_noto_a_page_comes_whole: [("Noto", name) for name in IN_NOTO],
            test_the_words_of_a_drawing_have_room: [("DejaVu", "."), ("Noto", "ko")],
        }.get(metafunc.function) or [
            (family, name)
            for family in LATIN
            for name in ADDRESSES
            if family != "Liberation" or not PLAIN.match(name)
        ]
        marked = [
            pytest.param(*one, marks=pytest.mark.xdist_group(f"fonts-{one[0]}"))
            for one in laid_out
        ]
        metafunc.parametrize(("family", "name"), marked, scope="module")


@pytest.fixture(scope="module")
def frame(family, playwright, chromium, html, tmp_path_factory):
    """An empty frame in a page, in a browser that knows one family of fonts."""
    folder = tmp_path_factory.mktemp("fonts")
    holder = folder / "frame.html"
    # low: only what is seen is painted
    holder.write_text("<iframe style='border: 0; height: 150px'></iframe>")
    with browser_with(family, playwright, folder, **chromium) as browser:
        page = browser.new_page(viewport={"width": 1300, "height": 200})
        watch(page)
        page.add_init_script(KEEP_THE_ROOMS)
        page.goto(holder.as_uri())
        yield page.frames[1]


RESIZE = "width => { document.querySelector('iframe').style.width = `${width}px` }"


def load(frame, html, name: str) -> None:
    stem, question, query = name.partition("?")
    frame.goto("about:blank")  # nothing that is costly to lay out anew
    frame.page.faults.clear()
    width = PHONES[0] if name.startswith("ko/") else WIDTHS[0]
    frame.page.evaluate(RESIZE, width)
    frame.goto((html / f"{stem}.html").as_uri() + question + query)
    frame.evaluate("() => window.MathJax?.startup?.promise.then(() => null)")
    frame.wait_for_function(EXPLORERS_ARE_MOUNTED)
    if query:
        frame.wait_for_selector("#search-results li a")
    frame.evaluate(OPEN_ALL)


def test_nothing_is_too_wide_and_no_figure_jumps(frame, family, html, name):
    load(frame, html, name)
    faults = []
    # Wide changes cost the browser the most: down with one size, up again with the other.
    for size, widths in (("100%", WIDTHS), ("130%", LARGER[family][::-1])):
        for width in widths:
            faults += faults_at(frame, width, size)
            if family == "DejaVu" and width in PHONES and size == "100%":
                faults += [f"{width} px: {fault}" for fault in frame.evaluate(LINES)]
    assert not faults, "\n".join([f"in {family}:", *faults])


def faults_at(frame, width: int, size: str = "100%") -> list[str]:
    frame.page.evaluate(RESIZE, width)
    found = frame.evaluate(FAULTS, [width, size, LETTERS, SMALLEST])
    return [f"{width} px, text at {size}: {fault}" for fault in found]


def test_in_noto_a_page_comes_whole(frame, family, html, name):
    load(frame, html, name)
    widths = PHONES if name.startswith("ko/") else WIDTHS
    faults = [fault for width in widths for fault in faults_at(frame, width)]
    faults += faults_at(frame, WIDTHS[-1], "130%")
    language = "ko" if name.startswith("ko/") else "en"
    assert frame.evaluate("document.documentElement.lang") == language
    # the reference of the code is made of its docstrings
    if language == "ko" and not name.startswith("ko/api-"):
        faults += [f"English: {words}" for words in frame.evaluate(ENGLISH)]
    assert frame.page.faults + faults == []


def test_the_words_of_a_drawing_have_room(frame, family, html, name):
    files = [html / name / "_images" / file for file in LETTERS if file != "model.svg"]
    drawings = [
        file.read_text("utf-8").replace("<svg ", f'<svg id="{file.stem}" ', 1)
        for file in files
    ]
    frame.set_content("".join(drawings))
    assert frame.evaluate(CROWDED) == []
