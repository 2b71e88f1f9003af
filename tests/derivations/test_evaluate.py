"""The walk: arithmetic, sums, budgets, and what is caught of an error."""

import pytest

from derivations.evaluate import BUDGET, Budget, TooMuchWork, value_of
from derivations.quantity import Meaningless, Unknown
from derivations.tree import Constant, Number
from derivations.worlds import Curve, Foreign, Line

from .build import tree, value, walk


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("1 + 2 - 4", -1), (r"2 \cdot 3 / 4", 1.5), (r"\frac{1}{2}^3", 0.125),
        (r"\sum_{j=1}^{2} \log(\sum_{k=1}^{2} e^{-50 k} - e^{-50 j})", -150),
        ("e^{0}", 1), (r"-\log e", -1), (r"\sqrt{9}", 3), (r"|-3|", 3),
        (r"\sum_{n=1}^{N} n", 6), (r"\prod_{k=1}^{K} (k + 1)", 6),
        (r"\infty", float("inf")),
        (r"\mathrm{diag}(3)", 3), (r"\det 2", 2),
    ],
)  # fmt: skip
def test_arithmetic(latex, expected):
    assert value(latex) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\sum_{n=1}^{100} n", "a sum over n from 1 to 100"),
        (r"\sum_{n=3}^{1} n", "a sum over n from 3 to 1"),
        (r"\sum_{n=1}^{1.5} n", "not a whole number"),
        (r"(1, 2) + 3", "a list is not a number"),
        (r"\mathrm{diag}(3)", "diag takes a vector"),
    ],
)
def test_what_has_no_value_names_the_smallest_piece(latex, message):
    world = Curve(0) if "diag" in latex else Line(0)
    with pytest.raises(Meaningless, match=message) as caught:
        value(latex, world)
    assert caught.value.node is not None


def test_a_node_that_nobody_evaluates_is_unknown():
    with pytest.raises(Unknown):
        value_of(Constant("dots"), walk("1"))


def test_a_budget_is_spent_and_then_all_stops():
    at = walk("x + x")
    at.budget = Budget(3_000)
    with pytest.raises(TooMuchWork):
        at(tree("x + x + x + x"))
    at.budget, at.spent = Budget(), BUDGET
    with pytest.raises(Foreign, match="budget"):
        at(tree("x"))


def test_within_restores_what_was_even_after_an_error():
    at = walk("x")
    with pytest.raises(RuntimeError), at.within(depth=7, indices={"n": 2}):
        assert at.depth == 7 and at.indices == {"n": 2}
        raise RuntimeError
    assert at.depth == 0 and at.indices == {}


def test_only_arithmetic_is_taken_for_a_formula_without_a_value(monkeypatch):
    at = walk("1")
    for error, seen in ((ZeroDivisionError(), Meaningless), (KeyError("x"), KeyError)):

        def fails(value, error=error):
            raise error

        monkeypatch.setattr(at.calculus, "number", fails)
        with pytest.raises(seen):
            at(Number(1))
