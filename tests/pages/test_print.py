"""A page on paper: what readers opened and moved is there, what leads nowhere is not.

That nothing is cut, on any page, is tested in `test_pages.py`.
"""

import pytest

from tests.pages.paper import Paper, letters
from tests.pages.test_explorers import next_frame

ANSWER = letters("the divergence is 7 nats")


@pytest.fixture
def elbo(visit, html):
    return visit((html / "04-elbo.html").as_uri(), theme="dark")


def test_a_page_prints_light_and_without_what_is_pressed(elbo):
    paper = Paper(elbo.pdf(format="A4", print_background=True))
    assert paper.outside == []
    assert 0.01 < paper.ink < 0.25
    for words in (
        "Show me",
        "Reset the score",
        "Choose it",
        "Search",
        "Next line",
        "Code for",
    ):
        assert letters(words) not in paper.text
    for words in ("One of these lines is false.", "Solution to Exercise 4.1"):
        assert letters(words) in paper.text
    assert ANSWER not in paper.text
    assert ".html" not in paper.text
    # and the page is as it was
    assert elbo.evaluate("() => document.documentElement.dataset.theme") == "dark"
    assert elbo.evaluate("() => document.querySelector('#print-sheet').media") == "print"


def test_what_a_reader_opened_and_moved_is_printed(elbo):
    elbo.locator("div.solution button.toggle-button").first.click()
    code = elbo.locator("details.code").first
    code.locator("summary").click()
    slider = elbo.locator(".expression-explorer input[type=range]").first
    slider.focus()
    elbo.keyboard.press("End")
    next_frame(elbo)  # which writes the number
    row = slider.locator("xpath=..")
    moved = row.locator(".name").inner_text() + row.locator(".number").inner_text()
    steps = elbo.locator(".lines").first
    steps.get_by_role("button", name="Step").click()
    assert not steps.locator(".lines-reason").first.is_visible()

    paper = Paper(elbo.pdf(format="A4")).text
    assert ANSWER in paper
    assert letters(code.locator("pre").first.inner_text().splitlines()[-1]) in paper
    assert letters(moved) in paper
    # a derivation that is stepped through is there to its end
    for reason in steps.locator(".lines-reason p").all():
        assert letters(reason.evaluate("e => e.firstChild.data")) in paper
    assert letters("Guess this line") not in paper


def test_links_out_of_the_book_say_where_they_lead(visit, html):
    page = visit((html / "bug-museum.html").as_uri())
    paper = Paper(page.pdf(format="A4")).text
    link = page.locator("article a[href^='https://github.com/']").first
    assert letters(f"({link.get_attribute('href').removeprefix('https://')})") in paper
