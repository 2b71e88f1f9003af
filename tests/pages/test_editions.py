"""The Korean pages in a browser, where they are not the English ones in other words. Their
widths and words are in test_layout.py, their links in test_pages.py."""

import re

import pytest

from tests.pages.test_pages import address, serious


@pytest.mark.parametrize("name", ["ko/index", "ko/04-elbo", "ko/08-latent-space"])
def test_axe_finds_no_serious_barrier_on_a_korean_page(visit, html, name):
    assert serious(visit(address(html, name), width=390), {}) == []


def test_the_search_finds_a_word_with_any_particle(visit, html):
    page = visit(f"{address(html, 'ko/search')}?q=사후분포에서", wait=False)
    first = page.locator("#search-results li a").first
    first.wait_for()
    assert page.faults == []
    assert page.locator("#search-results mark").first.inner_text().startswith("사후분포")


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
