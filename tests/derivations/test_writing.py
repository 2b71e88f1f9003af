"""A block on its way into the book's names: what is noted, and what stays as it is."""

import pytest

from derivations import check
from derivations.block import read_block
from derivations.scope import Scope
from derivations.writing import Mode, Writing, latex

from .build import tree


@pytest.mark.parametrize(
    "latex",
    [
        r"D_{KL}(p(x) \| q(x)) = \int p(x) \log \frac{p(x)}{q(x)} dx",
        r"\mathbb{E}_{q(z)}[f(z)] = \int q(z) f(z) dz",
        r"p_\theta(x) = \int p_\theta(x|z) p(z) dz",
    ],
)
def test_what_is_in_the_books_names_stays(latex):
    assert not check(latex, symbolic=False).taken


@pytest.mark.parametrize(
    "text", [r"p_\theta(x \mid z)", r"\sigma_\phi(x)^2", "D_{KL}(q \\| p)"]
)
def test_a_report_writes_names_as_one_types_them(text):
    assert latex(tree(text)) == text


def test_options_are_kept_and_the_first_is_tried_unless_another_is_picked():
    for picks, meant in (({}, "x"), ({"a": 1}, "z")):
        writing = Writing(read_block("a = 1"), Scope(), picks)
        assert latex(writing.choose("a", [tree("x"), tree("z")], Mode.FIRST)) == meant
        assert writing.choices["a"].say == "a := x"
