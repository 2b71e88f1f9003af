"""What a deck takes from the book, and what it may not say by itself."""

import re
import sys

import pytest

from tests.slides.conftest import DECKS, ROOT, tool

sys.path[:0] = [str(ROOT / folder) for folder in ("slides/extensions", "book/extensions")]
import from_book  # noqa: E402

each_deck = pytest.mark.parametrize("deck", DECKS, ids=lambda path: path.stem)


def test_a_language_without_decks_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["slides.py", "--language", "fr"])
    assert tool.main() == 1
    assert capsys.readouterr().err == "no slides in 'fr', only in: en, ko\n"


def slides_of(deck) -> list[str]:
    return re.split(r"^#{1,2} ", deck.read_text(encoding="utf-8"), flags=re.M)[1:]


def test_each_chapter_has_a_deck():
    chapters = from_book.chapters_of(from_book.BOOK)
    assert [deck.name for deck in DECKS] == [chapter.name for chapter in chapters]


@each_deck
def test_a_deck_is_a_lecture(deck):
    """Question first; one question for the room and one slip, each with its answer on the
    next slide; notes for every slide, with a clock that runs to the end, and what to leave
    out if it does not; homework."""
    slides = slides_of(deck)
    assert 15 <= len(slides) <= 25
    assert all("```{notes}\n" in slide for slide in slides)
    assert "?" in slides[1].split("\n")[0]
    (room,) = (i for i, slide in enumerate(slides) if slide.startswith("For the room"))
    assert "\n> " in slides[room] and "?" not in slides[room + 1].split("```{notes}")[0]
    (slip,) = (i for i, slide in enumerate(slides) if "```{slip} " in slide)
    (asked,) = re.findall(r"\{slip\} (.*)", slides[slip])
    assert f"```{{slip-answer}} {asked}\n" in slides[slip + 1]
    assert re.search(r"Why line \d is false", slides[slip + 1])
    times = re.findall(r"\b(\d+) to (\d+) minutes\b", "".join(slides))
    starts, ends = zip(*[map(int, pair) for pair in times], strict=True)
    assert starts[0] == 0 and ends[-1] == 45 and starts[1:] == ends[:-1]
    (cut,) = re.findall(r"Late\b.*?\? Leave out (.*)", slides[0])
    named = set(re.findall(r"'(.*?)'", cut))
    assert named and named <= {slide.split("\n")[0] for slide in slides}
    assert "```{homework} " in slides[-1]


def test_the_numbers_of_equations_are_those_of_the_book():
    known = from_book.formulas(from_book.BOOK)
    assert known["eq-iid-product"].number == "1.1"
    assert known["eq-elbo-gap"].number == "4.8"
    assert len(known["eq-evidence"].reasons) == 7


@pytest.mark.parametrize("latex", ["a = b", r"a\leq b", "a<b", r"x \in y", r"q \sim p"])
def test_a_relation_states_something(latex):
    assert from_book.STATES.search(latex)


@pytest.mark.parametrize("latex", [r"\left( a \right)", r"\int f", r"p(x \mid z)", "1:K"])
def test_a_term_states_nothing(latex):
    assert not from_book.STATES.search(latex)


def test_a_part_of_a_chain_begins_with_what_the_lines_before_say():
    """Also where one of them is an inequality, and the last is cut into parts."""
    chain = [
        {"left": "a", "sign": r"\geq", "right": "b"},
        {"sign": "=", "right": [[{"latex": "c", "marks": "new"}, "d"], "e"]},
    ]
    head = from_book.chain_so_far(chain)
    assert head == ["a", {"latex": r"{} \geq c", "marks": "new"}, "d", "e"]
    assert from_book.chain_so_far(chain[:1]) == ["a", r"{} \geq b"]


def test_a_figure_begins_where_the_talk_does_or_the_page_says():
    figure = {"state": {"values": {"mu": 0.5, "s": 1.0}}}
    explorer = from_book.Explorer.__new__(from_book.Explorer)
    explorer.options = {"at": "s 0.25"}
    assert explorer.moved(figure) == {"state": {"values": {"mu": 0.5, "s": 0.25}}}
    explorer.options = {}
    assert explorer.moved(figure) == figure


def test_a_number_that_is_0_but_for_rounding_reads_0():
    values = {"left": "-5.39557e-18", "right": "-1.5e-07", "at": "x = 1e-15"}
    read = from_book.slips.legible(values)
    assert read == {"left": "0", "right": "−1.5 · 10⁻⁷", "at": "x = 1 · 10⁻¹⁵"}
