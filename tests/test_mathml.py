"""Formulas as MathML: what e-readers show, and an error in place of red letters."""

import doctest
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "extensions"))
import mathml as room  # noqa: E402
from mathml import mathml  # noqa: E402


def shape(latex: str, **how: bool) -> str:
    """The elements of a formula in brackets, with what is in them."""

    def say(element: ElementTree.Element) -> str:
        name = element.tag.rpartition("}")[2]
        return f"{name}({(element.text or '').strip()}{' '.join(map(say, element))})"

    return say(ElementTree.fromstring(mathml(latex, **how)))


def test_the_examples_hold():
    result = doctest.testmod(room)
    assert result.attempted and not result.failed


@pytest.mark.parametrize(
    "latex", [r"\nosuchname", r"\frac{a}{b", r"\left( a", r"\begin{aligned} a"]
)
def test_what_mathjax_would_draw_in_red_is_an_error(latex):
    with pytest.raises(ValueError):
        mathml(latex)


def test_an_alphabet_is_letters_of_its_own():
    assert "𝔼" in mathml(r"\mathbb{E}") and "𝒩" in mathml(r"\mathcal{N}")
    assert "𝐈" in mathml(r"\mathbf{I}") and "mathvariant" not in mathml(r"\mathbf{I}")


def test_a_functions_name_stands_apart_from_letters_and_not_from_brackets():
    assert shape(r"a \log b") == ("math(mi(a) mspace() mi(log) mo(\u2061) mspace() mi(b))")
    assert "mspace" not in shape(r"\log (b)")
    assert "mspace" not in shape(r"= \log (b)")


def test_comments_are_left_out_and_the_tex_is_kept_for_who_hears_it():
    made = ElementTree.fromstring(mathml("% given: b\na\n= \\class{new}{b}", block=True))
    assert made.get("alttext") == "a = {b}"
    assert made.get("display") == "block"
    assert "given" not in "".join(made.itertext())


def test_a_bracket_that_is_not_drawn_takes_no_room():
    assert shape(r"\left. a \right)").count("mo(") == 1
