"""The first screen of the book, and the picture of the model with its small copies."""

import re

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import finger, open_page
from tests.pages.test_latent_explorer import Explorer, agrees
from tests.pages.test_pages import address

SCREENS = [(390, 844), (1280, 800)]


@pytest.fixture(scope="module", params=SCREENS, ids=["phone", "desktop"])
def front(request, browser, html):
    width, height = request.param
    phone = width < 500
    page = open_page(
        browser, address(html, "index"), width, height, has_touch=phone, is_mobile=phone
    )
    yield page
    assert page.faults == []
    page.context.close()


def mouse(page, *points):
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def test_a_digit_is_drawn_and_lands_within_the_first_screen(front):
    explorer = Explorer(front)
    front.evaluate("() => scrollTo(0, 0)")
    for part in (explorer.sheet, explorer.plane):
        box = part.bounding_box()
        assert box["y"] + box["height"] <= front.viewport_size["height"]
    hand = finger if front.viewport_size["width"] < 500 else mouse
    shown = explorer.root.locator(".image:not(.decoded)")
    before, box = explorer.picture("decoded"), explorer.sheet.bounding_box()
    middle = box["x"] + box["width"] / 2
    hand(front, *[(middle, box["y"] + box["height"] * n / 10) for n in range(2, 9)])
    expect(shown).to_have_attribute("aria-label", "x, your image")
    drawn = explorer.picture("decoded")
    assert not agrees(drawn, 1 - before.view(-1) / 255, 100)  # a one in place of a seven

    ring = [explorer.place(*z) for z in [(0, 0), (1, -1), (2, -2)]]
    hand(front, *ring)
    for _ in range(100):
        if changed := (explorer.picture("decoded") - drawn).abs().max() > 100:
            break
        front.wait_for_timeout(50)
    assert changed
    assert front.evaluate("() => scrollY") == 0  # neither stroke nor drag has scrolled
    explorer.button("Discard drawing").click()
    expect(shown).to_have_attribute("aria-label", "x, test image 1, class 7")
    explorer.button("Another digit").click()
    expect(shown).to_have_attribute("aria-label", "x, test image 2, class 2")


def test_every_part_of_the_model_leads_to_its_chapter_by_keyboard(front):
    links = front.locator("div.model-map a[data-chapter]")
    chapters = [link.get_attribute("data-chapter") for link in links.all()]
    assert [int(chapter[:2]) for chapter in chapters] == list(range(1, 12))
    link = links.nth(7)
    link.focus()
    filled = "e => getComputedStyle(e.querySelector('.shape')).fill"
    assert link.evaluate(filled) != "none" and links.nth(0).evaluate(filled) == "none"
    front.keyboard.press("Enter")
    front.wait_for_url(re.compile("/08-latent-space.html"))
    small = front.locator("a.you-are-here")
    assert small.inner_text().startswith("You are here, chapter 8: ")
    small.click()
    front.wait_for_url(re.compile("/index.html#the-model"))
    front.locator(".explorer[data-state=mounted] .latent-explorer").wait_for()


def test_each_chapter_and_no_other_page_says_where_it_is(html):
    for page in html.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        expected = int(re.match(r"\d\d-", page.name) is not None)
        assert text.count("You are here") == text.count('<g class="here"') == expected, page


def test_on_a_narrow_phone_the_plane_is_wide_and_nothing_lies_on_the_text(visit, html):
    page = visit(address(html, "index"), width=320, has_touch=True, is_mobile=True)
    plane = page.locator(".latent-explorer .plane")
    button = page.locator(".latent-explorer .next").bounding_box()
    box = plane.bounding_box()
    assert box["width"] > 270 and button["y"] > box["y"] + box["height"]
    assert plane.evaluate("p => getComputedStyle(p).touchAction") != "none"
    page.evaluate("() => scrollTo(0, 2000)")
    page.evaluate("() => scrollTo(0, 1500)")  # on the way up the theme would offer it
    assert not page.locator("#pst-back-to-top").is_visible()
    sizes = page.locator("div.model-map text").evaluate_all(
        """texts => texts.map(t => parseFloat(getComputedStyle(t).fontSize) *
            t.getScreenCTM().a)"""
    )
    assert sizes and min(sizes) >= 11
