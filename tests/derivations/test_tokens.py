"""What a bar, a bracket of samples and a dz are."""

import pytest

from derivations import tree as t
from derivations.read import ReadingError

from .build import tree


def kinds(latex: str) -> list[type]:
    return [type(node) for node in tree(latex).walk()]


@pytest.mark.parametrize(
    ("latex", "kind"),
    [
        ("|x|", t.Function), ("| x + |y| |", t.Function), (r"\|x\|", t.Function),
        ("p(x | z)", t.Call), (r"p(|x| \mid z)", t.Call), (r"D_{KL}(p || q)", t.Divergence),
        (r"\int z \, dz", t.Integral), (r"\int z \, \mathrm{d}z", t.Integral),
    ],
)  # fmt: skip
def test_a_bar_and_a_d_are_what_they_must_be(latex, kind):
    assert isinstance(tree(latex), kind)


def test_a_bar_in_a_call_separates_and_elsewhere_encloses():
    call = tree("p(|x| | z)")
    assert call.group.marks == ("|",) and isinstance(call.group.items[0], t.Function)


def test_two_bars_separate_as_one_sign():
    assert tree("f(p || q)").group.marks == tree(r"f(p \| q)").group.marks == ("‖",)


def test_d_is_a_name_where_no_integral_is_open():
    assert kinds("d z") == [t.Product, t.Symbol, t.Symbol]


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("(" * 31 + "x" + ")" * 31, "more than 30 deep"),
        ("(x]", "not closed"),
        ("x)", "nothing to close"),
        (r"\left( x", "not closed"),
    ],
)
def test_brackets_are_counted(latex, message):
    with pytest.raises(ReadingError, match=message):
        tree(latex)
