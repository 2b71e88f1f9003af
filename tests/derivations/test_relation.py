"""How two values are compared and shown."""

import numpy as np
import pytest

from derivations import Verdict
from derivations.quantity import Meaningless, OutOfDomain, Quantity
from derivations.relation import both, comparable, difference, show, where

from .build import pair, tree, walk


def logged(value: float) -> Quantity:
    return Quantity(np.asarray(value), logged=True)


def test_densities_are_compared_by_their_logarithms():
    assert difference(logged(-800.0), logged(-800.0)) == 0
    assert difference(logged(-800.0), logged(-400.0)) == 0.5
    a, b = comparable(logged(0.0), Quantity.of(-1))
    assert (a, b) == (1, -1), "a negative number has no logarithm"


def test_small_sides_are_measured_against_one_hundredth():
    assert difference(Quantity.of(0), Quantity.of(1e-5)) == pytest.approx(1e-3)


def test_what_cannot_be_compared_says_so():
    with pytest.raises(Meaningless, match="a vector of 2, the right side a number"):
        difference(Quantity(np.zeros(2), rank=1), Quantity.of(1))
    assert difference(Quantity(np.zeros(2), rank=1), Quantity.of(0)) == 0
    assert difference(Quantity.of(0), Quantity(np.array([0, 0.5]), rank=1)) == 0.5
    with pytest.raises(OutOfDomain, match="not finite"):
        difference(Quantity.of(np.inf), Quantity.of(np.inf))


def test_values_are_shown():
    assert show(Quantity.of(1 / 3)) == "0.333333"
    assert show(logged(-800.0)) == "exp(-800.)" and show(logged(0.0)) == "1"
    assert show(Quantity(np.array([1.0, 2.5]), rank=1)) == "[1. , 2.5]"
    at = walk("c")
    assert where(at) == ""
    at(tree("c"))
    assert where(at).startswith("at c = ")
    assert both(Quantity.of(1), Quantity.of(2), at).endswith("left = 1, right = 2")


def test_a_step_tells_whether_it_is_good():
    step = pair("a = b").step(Verdict.TESTED)
    assert step.ok and (step.line, step.relation) == (1, "=")
    step.fail("because")
    assert not step.ok and (step.verdict, step.detail) == (Verdict.WRONG, "because")
