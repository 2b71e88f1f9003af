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
    heading = page.locator("article section section").nth(3)
    heading.evaluate("e => scrollTo(0, e.getBoundingClientRect().top + scrollY)")
    here = heading.get_attribute("id")
    page.get_by_role("link", name="한국어").click()
    page.wait_for_url(re.compile(rf"/ko/04-elbo\.html#{here}$"))
    assert page.locator("html").get_attribute("lang") == "ko"
    page.get_by_role("link", name="English").click()
    page.wait_for_url(re.compile(r"(?<!/ko)/04-elbo\.html"))
