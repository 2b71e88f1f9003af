"""Spot the slip, and the breaking of a chain, as readers play them."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.pages.test_pages import address

# The line that is wrong on the page: of all slips the one whose lines stand there.
ANSWER = """() => {
    const boxes = [...document.querySelectorAll(".slips .slip-lines .formula")];
    const shown = boxes.map(box => box.dataset.latex);
    const { chains, slips, kinds } = window.slipQuestions;
    const slip = slips.find(s => {
        const lines = chains[s.label].lines.slice(), right = lines[s.line];
        const end = s.begin + s.old.length;
        lines[s.line] = right.slice(0, s.begin) + s.new + right.slice(end);
        return lines.join() === shown.join();
    });
    return { line: slip.line, lines: shown.length - 1, why: kinds[slip.sort].why,
             left: slip.values.left, right: slip.values.right };
}"""

DRAWN = """selector => [...document.querySelectorAll(selector + " .formula")].every(
    box => box.dataset.drawn && box.querySelector("svg")
        && !box.textContent.includes("\\\\("))"""

CUT = """selector => [...document.querySelectorAll(selector + " .formula")]
    .filter(box => box.scrollWidth > box.clientWidth
        || [...box.querySelectorAll("svg")].some(svg =>
             svg.getBoundingClientRect().right > box.getBoundingClientRect().right + 1))
    .map(box => box.dataset.latex)"""

SMALL = """selector => [...document.querySelectorAll(selector + " :is(button, select)")]
    .filter(e => e.offsetParent && (e.offsetHeight < 44 || e.offsetWidth < 44))
    .map(e => e.outerHTML)"""


def barriers(page, selector: str) -> list[str]:
    """What axe finds in the figure, colours included; or what went wrong before."""
    if page.faults:
        return page.faults
    # Without preload: axe would ask for style sheets, which a page from disk may not have.
    what = {"runOnly": ["wcag2a", "wcag2aa"], "preload": False}
    found = Axe().run(page, selector, what).response
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found["violations"]]


def values(text: str) -> list[float]:
    found = re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text.replace("−", "-"))
    return [float(number) for number in found]


def drawn(page, selector=".slips"):
    page.wait_for_function(DRAWN, arg=selector)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "slips"), [(390, 8), (320, 4)])
def test_slips_are_played_on_a_phone(visit, html, width, slips):
    page = visit(address(html, "04-elbo"), width=width, has_touch=True)
    box = page.locator(".slips")
    box.scroll_into_view_if_needed()
    for turn in range(slips):
        if turn in (3, 7):
            box.locator(".grades button").nth(turn // 3).tap()
        drawn(page)
        asked = page.evaluate(ANSWER)
        assert asked["why"] not in page.locator("article").inner_text()
        wrong = next(i for i in range(1, asked["lines"] + 1) if i != asked["line"])
        if turn % 2:
            box.locator("li").nth(wrong).tap()
            assert f"Not line {wrong}." in box.locator(".answer").inner_text()
        box.locator("li").nth(asked["line"]).tap()
        said = box.locator(".answer").inner_text()
        assert f"It is line {asked['line']}." in said and asked["why"] in said
        for number in values(asked["left"] + " " + asked["right"]):
            assert pytest.approx(number, rel=6e-4) in values(said)
        drawn(page)
        assert page.evaluate(CUT, ".slips") == []
        assert page.evaluate(SMALL, ".slips") == []
        if turn < slips - 1:
            box.locator("button.next").tap()
    found = f"Found {slips} of"
    assert found in box.locator(".tally").inner_text()
    assert f", {slips // 2} at the first try" in box.locator(".tally").inner_text()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        assert barriers(page, ".slips") == []
    page.reload()
    expect(box.locator(".tally")).to_contain_text(found)
    box.locator("button.reset").tap()
    assert (
        box.locator(".tally").inner_text() == "" and not box.locator(".reset").is_visible()
    )
    page.reload()
    assert box.locator(".tally").inner_text() == ""
    assert page.faults == []


def test_a_slip_is_found_by_keyboard_and_where_nothing_may_be_stored(visit, html):
    page = visit("about:blank", wait=False)
    page.add_init_script("""for (const name of ["getItem", "setItem"]) {
        const real = Storage.prototype[name];
        Storage.prototype[name] = function (key, ...rest) {
            if (key === "spot-the-slip") throw new DOMException("refused", "SecurityError");
            return real.call(this, key, ...rest);
        };
    }""")
    page.goto(address(html, "01-maximum-likelihood"))
    drawn(page)
    asked = page.evaluate(ANSWER)
    picks = page.locator(".slips .pick")
    picks.first.focus()
    for _ in range(asked["line"] - 1):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    status = page.locator(".slips [role=status]")
    assert f"It is line {asked['line']}." in status.inner_text()
    assert page.locator(".slips .tally").inner_text().startswith("Found 1 of")
    page.locator(".slips .next").focus()
    page.keyboard.press("Enter")
    drawn(page)
    asked = page.evaluate(ANSWER)
    page.keyboard.press(str(asked["line"]))
    assert f"It is line {asked['line']}." in status.inner_text()
    name = picks.nth(asked["line"] - 1).get_attribute("aria-label")
    assert name == f"Line {asked['line']}: it is false"
    assert page.faults == []


def test_a_reply_is_in_sight_and_a_wrong_pick_is_no_praise(visit, html):
    page = visit(address(html, "04-elbo"), width=390, has_touch=True)
    page.emulate_media(reduced_motion="reduce")
    box = page.locator(".slips")
    drawn(page)
    asked = page.evaluate(ANSWER)
    while asked["lines"] < 3:
        box.locator("button.next").tap()
        drawn(page)
        asked = page.evaluate(ANSWER)
    page.set_viewport_size({"width": 390, "height": 420})
    wrong = next(i for i in range(1, asked["lines"] + 1) if i != asked["line"])
    picked = box.locator("li").nth(wrong)
    picked.locator(".pick").tap()
    said = box.locator(".answer").inner_text()
    assert "follows from" in said or "and so is" in said
    sign = "e => ['::before', '::after'].map(p => getComputedStyle(e, p).content).join()"
    assert picked.locator(".pick").evaluate(sign) == 'none,"holds"'
    edge = box.locator(".said").evaluate("e => e.getBoundingClientRect().bottom")
    assert 0 < edge <= 420
    box.locator("button.show").focus()
    page.keyboard.press(str(asked["line"]))
    assert page.evaluate("() => document.activeElement.className") == "next"
    told = box.locator(".answer p").nth(1).inner_text()
    assert not re.search(r"\b0\.0*[1-9]\d{4}", told)
    # the finger that found the line still hovers over it
    found = box.locator("li[data-told=wrong]")
    ground = "e => getComputedStyle(e).backgroundColor"
    before = found.evaluate(ground)
    found.hover()
    assert found.evaluate(ground) == before
    assert page.faults == []


def test_names_of_parameters_have_lowered_indices(visit, html):
    page = visit(address(html, "03-kl-and-mle"))
    drawn(page)
    page.evaluate("""() => {
        const { slips } = window.slipQuestions;
        slips.splice(0, slips.length, slips.find(s => /σ₂/.test(s.values?.at)));
    }""")
    page.locator(".slips .next").click()
    drawn(page)
    page.keyboard.press(str(page.evaluate(ANSWER)["line"]))
    said = page.locator(".slips [role=status]").inner_text()
    assert re.search("[Aa]t .*σ₂ = ", said) and not re.search("[μσ]_", said)


def test_a_chain_is_broken_without_a_kernel(visit, html):
    page = visit(address(html, "break-the-derivation"), width=390)
    box = page.locator(".breaker")
    drawn(page, ".breaker")
    box.locator(".pick").nth(4).click()
    drawn(page, ".breaker")
    chosen = box.locator("li[data-chosen] + .choices .chips").first
    assert chosen.is_visible(), "what can be changed stands under the line"
    assert "□" not in chosen.inner_text() and "25A1" not in chosen.inner_html()
    symbol = box.locator("li").nth(5).locator("svg .slip-place").first
    symbol.click()
    assert box.locator(".chip[aria-pressed=true]").count() == 1
    box.locator(".chips").nth(1).locator(".chip").first.click()
    said = box.locator(".answer").inner_text()
    assert re.search(
        r"✗ Line 5 falls\..* line 4 is worth \S+, and line 5 is worth ", said, re.S
    )
    assert box.locator("li[data-told=wrong]").count() == 1
    drawn(page, ".breaker")
    assert page.evaluate(CUT, ".breaker") == [] and page.evaluate(SMALL, ".breaker") == []
    box.locator("button.next").click()
    assert box.locator("li[data-told]").count() == 0
    menu = box.locator("select")
    for chain in menu.locator("option").all():
        menu.select_option(chain.get_attribute("value"))
        drawn(page, ".breaker")
        assert page.evaluate(CUT, ".breaker") == []
    assert barriers(page, ".breaker") == []


def test_without_scripts_a_page_says_what_is_missing(browser, html):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(html, "04-elbo"))
    assert "needs JavaScript" in page.locator(".slips").inner_text()
    assert 'practice("04-elbo")' in page.locator("#spot-the-slip").inner_text()
    context.close()
