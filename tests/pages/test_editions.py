"""The Korean pages in a browser, where they are not the English ones in other words. Their
widths and words are in test_layout.py, their links in test_pages.py."""

import re

import pytest

from tests.pages.conftest import PAGES
from tests.pages.test_pages import address, serious


@pytest.mark.parametrize("name", ["ko/index", "ko/04-elbo", "ko/08-latent-space"])
def test_axe_finds_no_serious_barrier_on_a_korean_page(visit, html, name):
    assert serious(visit(address(html, name), width=390), {}) == []


def test_the_search_finds_a_word_with_any_particle_and_by_its_other_name(visit, html):
    page = visit(f"{address(html, 'ko/search')}?q=사후분포에서", wait=False)
    first = page.locator("#search-results li a").first
    first.wait_for()
    assert page.faults == []
    assert page.locator("#search-results mark").first.inner_text().startswith("사후분포")
    for word in ("젠센", "우도", "최대우도", "불편추정량", "엘보"):
        page.goto(f"{address(html, 'ko/search')}?q={word}")
        first.wait_for()
    page.goto(f"{address(html, 'ko/search')}?q=카테고리")
    page.get_by_text("찾는 말이 들어 있는 쪽이 없습니다.").wait_for()


def test_boxes_claims_and_drawn_verdicts_speak_the_pages_language(html):
    said = {name: (html / "ko" / f"{name}.html").read_text("utf-8") for name in PAGES}
    chapter, ledger, museum = (said[n] for n in ("04-elbo", "ledger", "bug-museum"))
    assert re.search(r'admonition-title">풀이:<a[^>]*> 연습문제 4\.1 ', chapter)
    assert (
        "-10보다 표준오차의 15.1배만큼 작음(2.4배 필요)" in chapter and "(50회)" in chapter
    )
    assert "눌러서 펼치기" in chapter
    assert "<p>증명됨</p>" in ledger and "<p>proved</p>" not in ledger
    assert "<strong>고친 것</strong><span>✓✓ 증명됨</span>" in museum
    assert "<th>줄</th><th>판정</th><th>주장</th>" in museum
    assert not [name for name, text in said.items() if "<th>verdict</th>" in text]
    assert "한 줄 한 줄" in (html / "ko" / "_static" / "logo.svg").read_text("utf-8")


def test_the_switch_leads_to_the_same_place_and_back(visit, html):
    page = visit(address(html, "04-elbo"))
    page.evaluate("() => scrollTo(0, document.body.scrollHeight / 2)")
    place = """() => [...document.querySelectorAll("article section")].findIndex(
        section => `#${section.id}` === location.hash)"""
    page.get_by_role("link", name="한국어").click()
    page.wait_for_url(re.compile(r"/ko/04-elbo\.html#[\w-]+$"))
    here = page.evaluate(place)
    assert here > 2 and page.locator(":target").is_visible()
    page.get_by_role("link", name="English").click()
    page.wait_for_url(re.compile(r"(?<!/ko)/04-elbo\.html#[\w-]+$"))
    # pages grow while formulas are drawn: the next heading may have come into its place
    assert abs(page.evaluate(place) - here) <= 1
