"""Derivations as lines with their reasons, and displays that fit a narrow screen."""

import re
import sys

import pytest

from derivations.chapters import displays
from derivations.lines import lines_of
from tests.pages.conftest import ROOT
from tests.pages.test_pages import address, serious

sys.path.insert(0, str(ROOT / "book" / "extensions"))
import changes  # noqa: E402

ITSELF = {"include": [[".lines:has(#equation-eq-evidence)"]]}


@pytest.fixture
def figure(visit, html):
    """The central derivation of chapter 4."""

    def opened(**options):
        page = visit(address(html, "04-elbo"), **options)
        return page.locator(".lines:has(#equation-eq-evidence)")

    return opened


def test_every_display_and_every_reason_stands_in_its_place(read, html, page_name):
    text = (ROOT / "book" / f"{page_name}.md").read_text(encoding="utf-8")
    page = read(address(html, page_name))
    for display in displays(text):
        box = page.locator(f"#equation-{display.label}")
        assert box.locator("xpath=self::*[contains(@class, 'lines-')]").count() == 1
        figure = page.locator(f".lines:has(#equation-{display.label})")
        if figure.count():
            count = len(lines_of(display.source))
            assert figure.locator(".lines-row > .lines-reason:not(:empty)").count() == count
            assert figure.locator(".lines-mark").count() == count
    assert page.locator(".lines ~ ol.arabic.simple:empty").count() == 0
    claims = page.locator("table.derivation td > div")
    assert claims.locator("> .line").count() == claims.count()


def test_a_reason_stands_beside_its_line_and_on_a_phone_beneath(figure):
    for width in (1280, 390):
        rows = figure(width=width).locator(".lines-row")
        assert rows.count() == 7
        for row in rows.all():
            line, reason = (
                row.locator(part).bounding_box()
                for part in (".lines-number", ".lines-reason")
            )
            if width == 1280:
                assert abs(line["y"] - reason["y"]) < 20
            else:
                assert reason["y"] > line["y"] + 20


COLOUR = "e => getComputedStyle(e).fill"


def test_a_line_and_its_reason_light_up_with_what_changed(figure):
    box = figure()
    new = box.locator(".lines-row:nth-child(4) .new").first
    gone = box.locator(".lines-row:nth-child(3) .gone").first
    before = new.evaluate(COLOUR), gone.evaluate(COLOUR)
    box.locator(".lines-row:nth-child(4) .lines-reason").hover()
    assert new.evaluate(COLOUR) != before[0] and gone.evaluate(COLOUR) != before[1]
    assert new.evaluate(COLOUR) == gone.evaluate(COLOUR)
    box.page.mouse.move(0, 0)
    assert new.evaluate(COLOUR) == before[0]
    box.locator(".lines-row:nth-child(4) .lines-mark").focus()
    assert new.evaluate(COLOUR) != before[0]
    box.page.keyboard.press("ArrowUp")
    assert box.locator(".lines-row:nth-child(3)").evaluate(
        "e => e === document.activeElement"
    )


def test_what_takes_the_place_of_a_term_lights_up_whole():
    text = (ROOT / "book" / "04-elbo.md").read_text(encoding="utf-8")
    [chain] = [d for d in displays(text) if d.label == "eq-evidence"]
    lines = changes.as_shown(lines_of(chain.source))
    above, below = lines[4]["right"][1], lines[5]["right"][1]
    assert above["marks"] == "gone" and r"\int" in above["latex"]
    kl = r"D_{\mathrm{KL}}(q(z) \,\|\, p_{\theta}(z \mid x))"
    assert below == rf"{{}} + \class{{new}}{{\class{{gone}}{{{kl}}}}}"


@pytest.mark.parametrize(
    "before, after",
    [
        (r"\class{new}{a} + \class{new}{b}", None),
        (r"f(\class{new}{a})) \class{new}{b}", None),
        (r"\frac{\class{new}{a}}{\class{new}{b}}", None),
        (r"p\class{new}{(x)} p\class{new}{(z)}", r"\class{new}{p(x) p(z)}"),
        (r"\class{new}{E}[\class{new}{x}]^2 y", r"\class{new}{E[x]^2} y"),
        (r"\left[ \class{new}{D(q} \class{new}{z} \right.", None),
    ],
)
def test_marks_are_joined_within_a_term(before, after):
    assert changes.joined(before) == (after or before)


def test_a_mark_opens_its_verdict_in_place(figure):
    box = figure()
    mark = box.locator(".lines-mark").last
    assert mark.get_attribute("aria-label") == "tested: why?"
    mark.focus()
    box.page.keyboard.press("Enter")
    panel = box.locator(".lines-verdict:not([hidden])")
    assert mark.get_attribute("aria-expanded") == "true"
    assert mark.get_attribute("aria-controls") == panel.get_attribute("id")
    said = panel.inner_text()
    for word in (
        "tested",
        "linear-Gaussian",
        "left = ",
        "random draws",
        "no proof was found",
    ):
        assert word in said
    assert "found is 2.4 · 10⁻⁷" in said and "x ∈ ℝ³" in said and "= −1.46" in said
    assert "That is evidence, and no proof." in said
    link = panel.get_by_role("link", name="How the equations are checked")
    assert link.get_attribute("href") == "how-checked.html"
    link = panel.get_by_role("link", name="ledger")
    assert link.get_attribute("href") == "ledger.html#ledger-eq-evidence"
    assert serious(box.page, {"runOnly": ["wcag2a", "wcag2aa"]}, ITSELF) == []
    box.page.keyboard.press("Enter")
    assert panel.count() == 0


def shown(box) -> int:
    return box.locator(".lines-row > .line").evaluate_all(
        "all => all.filter(e => getComputedStyle(e).visibility === 'visible').length"
    )


def covered(box) -> bool:
    """Whether the buttons hide the end of the line that came last, or of its reason."""
    last, bar = box.locator(".lines-row.now"), box.locator(".lines-bar")
    bottom = "e => e.getBoundingClientRect().bottom"
    return last.evaluate(bottom) > bar.evaluate("e => e.getBoundingClientRect().top")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_lines_come_one_at_a_time_by_keyboard(figure, theme):
    box = figure(theme=theme)
    height = box.locator(".lines-rows").bounding_box()["height"]
    start = box.get_by_role("button", name="Step through equation (4.6)")
    start.focus()
    press = box.page.keyboard.press
    press("Enter")
    assert shown(box) == 0
    for key, count in [
        ("ArrowRight", 1),
        ("Enter", 2),
        (" ", 3),
        ("ArrowUp", 2),
        ("End", 7),
    ]:
        press(key)
        assert shown(box) == count, key
    press("Home")
    box.get_by_role("button", name="Reason").click()
    assert shown(box) == 0
    assert box.locator(".lines-reason").first.is_visible(), "a hint before the line"
    press("ArrowRight")
    press("ArrowRight")
    assert box.locator(".lines-progress").inner_text() == "2 of 7"
    assert box.locator(".lines-bar").inner_text().endswith("2 of 7 lines are shown.")
    focused = box.locator(".lines-row:nth-child(2)")
    assert focused.evaluate("e => e === document.activeElement"), "what came is read out"
    assert box.locator(".lines-rows").bounding_box()["height"] == pytest.approx(
        height, abs=1
    )
    assert serious(box.page, {"runOnly": ["color-contrast"]}, ITSELF) == []
    press("Escape")
    assert shown(box) == 7 and box.page.faults == []


def test_the_lines_come_by_touch(figure):
    box = figure(width=390, has_touch=True)
    box.get_by_role("button", name="Step through").tap()
    for count in range(1, 4):
        box.locator(".lines-row.next").tap()
        assert shown(box) == count
        assert not covered(box)
    after = box.get_by_role("button", name="Next line")
    mark = box.locator(".lines-row:first-child .lines-mark")
    for size in after.bounding_box(), mark.bounding_box():
        assert size["height"] >= 44 and size["width"] >= 44 and size["x"] >= 0
    for count in range(4, 8):
        after.tap()
        assert shown(box) == count
        assert not covered(box)
    box.get_by_role("button", name="Step through").tap()
    assert shown(box) == 7


def test_a_screen_reader_hears_line_and_reason_in_turn(figure):
    heard = figure().locator(".lines-rows").aria_snapshot()
    parts = re.findall(r"(?m)^    - '?(math|paragraph|button)", heard)
    assert parts == ["math", "paragraph", "button"] * 7, heard
    assert "math: ≥ ∫ q ( z )" in heard


def test_on_paper_lines_and_reasons_are_a_table(figure):
    box = figure(width=700)
    box.get_by_role("button", name="Step through").click()
    box.page.emulate_media(media="print")
    assert shown(box) == 7
    for row in box.locator(".lines-row").all():
        line, reason = (
            row.locator(f".{e}").bounding_box() for e in ("line", "lines-reason")
        )
        assert reason["x"] >= line["x"] + line["width"]
    assert not box.locator(".lines-button").first.is_visible()


def test_without_scripts_the_display_and_its_list_are_as_they_were(browser, html):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(html, "04-elbo"))
    display = page.locator("#equation-eq-evidence")
    assert r"\begin{aligned}" in display.inner_text()
    assert display.locator("xpath=following-sibling::ol[1]/li").count() == 7
    context.close()


# The rooms before MathJax, and what stands in them afterwards.
KEEP_THE_ROOMS = """document.addEventListener("readystatechange", () => {
    if (document.readyState === "interactive") window.rooms = window.heights();
});
window.heights = () => [...document.querySelectorAll(".lines, .lines-display")]
    .filter(e => e.clientWidth > 0).map(e => e.getBoundingClientRect().height);"""


@pytest.mark.parametrize("width", [390, 1280])
def test_a_display_keeps_about_its_room_while_it_is_drawn(browser, html, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.add_init_script(KEEP_THE_ROOMS)
    page.goto(address(html, "04-elbo"))
    page.evaluate("() => window.MathJax.startup.promise.then(() => null)")
    rooms, drawn = page.evaluate("[window.rooms, window.heights()]")
    page.close()
    assert len(rooms) == len(drawn) > 10
    assert sum(rooms) == pytest.approx(sum(drawn), rel=0.05)
    for room, height in zip(rooms, drawn, strict=True):
        assert abs(room - height) <= max(45, 0.15 * height)


def test_a_comma_stays_with_its_formula(read, html):
    page = read(address(html, "04-elbo"))
    held = page.locator("article .held")
    assert held.count() > 20
    assert held.first.evaluate("e => getComputedStyle(e).whiteSpace") == "nowrap"
