"""The decks on a projector: every slide whole, the keys, no network, no barrier."""

import re
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.pages.conftest import ROOT, open_page
from tests.pages.test_layout import ENGLISH
from tests.pages.test_pages import WITH_FORMULAS, WITHOUT_FORMULAS
from tests.slides.conftest import DECKS, tool

# One process builds the decks and looks at all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("slides")]

SCREENS = {"4:3": (1024, 768), "16:9": (1280, 720)}

# Every slide, with all that it uncovers: what of it is outside of its margins. What is not
# shown, or is for screen readers, takes no part, and a drawing is as large as its frame.
OUTSIDE = """async () => {
    const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    const unseen = "aside, svg *, .lines-spoken, mjx-assistive-mml, .explorer-room";
    const found = [];
    for (let i = 0; i < Reveal.getTotalSlides(); i++) {
        Reveal.slide(i, 0, 999);
        const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale();
        if (slide.querySelector(".line")) {
            await frame(); // observers of sizes report with the next frame
            await frame();
        }
        const room = document.querySelector(".reveal .slides").getBoundingClientRect();
        for (const e of slide.querySelectorAll("*")) {
            if (e.closest(unseen) || !e.checkVisibility()) continue;
            const box = e.getBoundingClientRect();
            const right = (room.right - box.right) / scale;
            const bottom = (room.bottom - box.bottom) / scale;
            const left = (box.left - room.left) / scale;
            const cut = box.left < 0 || box.right > innerWidth || box.bottom > innerHeight;
            if (box.width && (cut || left < 70 || right < 70 || bottom < 10))
                found.push([i + 1, e.outerHTML.slice(0, 80), left, right, bottom]);
        }
        if (slide.querySelector("mjx-merror, .scrolls"))
            found.push([i + 1, "a formula is not whole"]);
    }
    return found;
}"""
# The first slide that has such a thing.
SHOW = """what => {
    const place = Reveal.getSlides().findIndex(slide => slide.querySelector(what));
    Reveal.slide(place, 0, 999);
    return place;
}"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder of all decks, which takes some ten seconds."""
    out = tmp_path_factory.mktemp("slides")
    assert tool.build(out), "the slides were not built: run 'make book' first"
    return out


@pytest.fixture(scope="module")
def korean(browser, tmp_path_factory):
    """A deck in Korean."""
    out = tmp_path_factory.mktemp("slides-ko")
    assert tool.build(out, "ko", include_patterns="04-elbo.md,index.md")
    page = open_page(browser, (out / "04-elbo.html").as_uri())
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def decks(browser, built):
    """Open decks that tests share: loading costs the most."""
    opened = {}

    def deck(name: str):
        if name not in opened:
            opened[name] = open_page(browser, (built / f"{name}.html").as_uri())
            opened[name].faults_on_opening = list(opened[name].faults)
        return opened[name]

    yield deck
    for page in opened.values():
        page.context.close()


each_deck = pytest.mark.parametrize("name", [deck.stem for deck in DECKS])


@pytest.mark.parametrize("name", [*(deck.stem for deck in DECKS), "index"])
def test_every_slide_is_whole_on_every_projector(decks, name):
    page = decks(name)
    assert page.faults_on_opening == []
    for screen, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OUTSIDE) == [], screen
    assert page.faults == []


def barriers(page, where: dict | None = None) -> list[str]:
    """All that axe finds, however slight."""
    page.evaluate(WITHOUT_FORMULAS)
    try:
        found = Axe().run(page, where, {"resultTypes": ["violations"]}).response
    finally:
        page.evaluate(WITH_FORMULAS)
    return [f"{b['id']}: {b['nodes'][0]['html'][:200]}" for b in found["violations"]]


@each_deck
def test_axe_finds_nothing(decks, name):
    page = decks(name)
    page.evaluate("() => Reveal.slide(0)")
    assert barriers(page) == []
    for kind in (".explorer", ".lines-reason", ".mended"):
        page.evaluate(SHOW, kind)
        assert barriers(page, {"include": [["section.present > .present"]]}) == [], kind


def test_the_keys_uncover_a_line_and_then_its_reason(decks):
    page = decks("04-elbo")
    place = page.evaluate("""() => Reveal.getSlides().findIndex(slide =>
        slide.querySelector("h2")?.textContent === "The bound in three lines")""")
    page.evaluate("place => Reveal.slide(place, 0, -1)", place)
    parts = page.locator("section.present .lines-row > :is(.line, .lines-reason)")
    assert parts.count() == 6
    below = page.locator("section.present p.fragment")
    for shown in range(7):
        visible = parts.evaluate_all(
            "parts => parts.map(part => getComputedStyle(part).visibility === 'visible')"
        )
        assert visible == [True] * shown + [False] * (6 - shown)
        assert not below.is_visible()
        page.keyboard.press("ArrowRight")
    assert below.is_visible()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => Reveal.getIndices().h") == place + 1
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("() => Reveal.getIndices().h") == place


def test_an_explorer_takes_the_arrow_keys_while_its_slider_has_the_focus(decks):
    page = decks("04-elbo")
    place = page.evaluate(SHOW, ".explorer")
    slider = page.locator("section.present input[type=range]").first
    readout = page.locator("section.present .readouts")
    before = slider.input_value(), readout.text_content()
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => Reveal.getIndices().h") == place
    assert slider.input_value() != before[0]
    expect(readout).not_to_have_text(before[1])  # drawn with the next frame
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => Reveal.getIndices().h") == place + 1
    assert not page.evaluate("() => Reveal.isOverview()")


def test_a_slider_that_the_mouse_has_moved_leaves_the_keys_to_the_slides(decks):
    page = decks("04-elbo")
    place = page.evaluate(SHOW, ".explorer")
    slider = page.locator("section.present input[type=range]").first
    before = slider.input_value()
    slider.click(position={"x": 5, "y": 5})
    moved = slider.input_value()
    assert moved != before
    # a moment after the mouse button has come up
    page.wait_for_function("() => !document.activeElement.matches('input')")
    page.keyboard.press("PageDown")
    assert page.evaluate("() => Reveal.getIndices().h") == place + 1
    page.keyboard.press("PageUp")
    assert slider.input_value() == moved


def test_the_speaker_has_the_notes_and_the_next_slide(decks):
    page = decks("04-elbo")
    page.evaluate("() => Reveal.slide(1)")
    with page.context.expect_page() as opening:
        page.locator("body").press("s")
    speaker = opening.value
    speaker.locator(".speaker-controls-notes .value", has_text="dashed line").wait_for()
    assert re.search("04-elbo", speaker.frames[1].url)
    speaker.close()


def test_the_list_leads_to_every_deck(browser, built):
    page = browser.new_page()
    page.goto((built / "index.html").as_uri())
    links = page.locator(".slides a").evaluate_all("links => links.map(a => a.href)")
    page.close()
    assert links == [(built / f"{deck.stem}.html").as_uri() for deck in DECKS]


# ---------------------------------------------------------------- in Korean
def test_a_korean_slide_is_whole(korean):
    for screen, (width, height) in SCREENS.items():
        korean.set_viewport_size({"width": width, "height": height})
        assert korean.evaluate(OUTSIDE) == [], screen
    assert korean.faults == []


def test_all_that_a_korean_deck_says_is_korean(korean):
    """Reasons, explorers and slips are the book's, in its language."""
    korean.locator(".reveal > .controls").evaluate_all(tool.REMOVE)  # not shown
    assert korean.evaluate(ENGLISH) == []
    said = korean.locator(".slides").evaluate("slides => slides.textContent")
    for words in ("상수의 기댓값은 그 상수입니다", "둘의 합", "뒤집힌 분수", "옳음"):
        assert words in said
    assert korean.locator("html").get_attribute("lang") == "ko"


# ---------------------------------------------------------------- what is refused
FAULTY = r"""# The evidence lower bound

The evidence is $\log p_{\theta}(x) = 7$, and the book says $H = 20$.

$$
x = x
$$

```{formula} eq-elbo-gab
```

```{derivation} eq-evidence
:lines: 5-8
```

```{derivation} eq-elbo-gap
```

```{picture} fig-of-nothing
```

```{explorer} fig-latent-pairs
```

```{explorer} fig-mean-field
:at: tau 1
```

```{slip} eq-elbo-short hat
```

By {eq}`eq-nowhere`.

```{homework} ex-elbo-jensen ex-elbo-acount
```

```{notes}
Here stands $x$.
```
"""
COMPLAINTS = {
    3: r"$\log p_{\theta}(x) = 7$ states something that no chapter says",
    5: "a display is taken from the book",
    9: "no display of the book has the label eq-elbo-gab. Did you mean eq-elbo-gap",
    12: "eq-evidence has the lines 1-7, not 5-8",
    16: "eq-elbo-gap has no reasons",
    19: "has no figure fig-of-nothing",
    22: "fig-latent-pairs does not move",
    25: "'tau 1' places no slider of fig-mean-field",
    29: "eq-elbo-short has no slip of the sort 'hat', only",
    32: "no display of the book has the label eq-nowhere",
    34: "04-elbo.md has no exercise ex-elbo-acount. Did you mean ex-elbo-account",
    37: "write formulas in notes as plain text",
}


def test_what_is_not_the_books_is_refused_with_its_line(tmp_path):
    """One build of a deck of chapter 4 that has every fault."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "04-elbo.md").write_text(FAULTY, encoding="utf-8")
    (source / "index.md").write_text("# None\n", encoding="utf-8")
    done = subprocess.run(
        tool.command(source, tmp_path / "out"), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    said = re.findall(r"04-elbo\.md:(\d+): (?:ERROR|WARNING): (.*)", done.stderr)
    assert len(said) == len(COMPLAINTS), done.stderr
    for line, complaint in said:
        assert COMPLAINTS[int(line)] in complaint
