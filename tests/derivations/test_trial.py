"""Draws, and what is remembered of them."""

import pytest

from derivations import Verdict, check
from derivations.evaluate import TooMuchWork
from derivations.worlds import Curve, Foreign, Line

from .build import pair, trial


def test_a_seed_fixes_the_draws():
    def first(seed):
        (at,) = trial("x = 1", seed).draws(Line, 1)
        return float(at.world.variable("x", ()).array)

    assert first(0) == first(0) != first(1)


def test_draws_meet_the_conditions():
    block = trial("% given: a > b\na = b")
    for at in block.draws(Line, 5):
        a, b = (float(at(side).array) for side in pair("a = b").sides)
        assert a > b
    impossible = trial("% given: a > a\na = b")
    with pytest.raises(Foreign, match="no draw meets"):
        list(impossible.draws(Line, 1))


def test_where_no_draw_meets_the_conditions_nothing_is_raised_and_nothing_passes():
    best = r"\mathop{\mathrm{argmax}}_{a} (b a - a^2)"
    for line in (f"{best} = {best}", rf"\hat{{a}} = {best}", f"{best} = 3", "a = a"):
        report = check(line, given="a > a")
        assert not report.ok and report.verdict is not Verdict.WRONG, report


def test_a_side_is_computed_once_and_what_it_met_is_met_again():
    block = trial("% given: c := 2 s\nc + x = 1")
    side = pair("c + x = 1").left
    (at,) = block.draws(Line, 1)
    first = block.value(at, side)
    spent = at.spent
    assert block.take_used() == {"c"} and block.take_used() == frozenset()
    (again,) = block.draws(Line, 1)
    assert again is at and at.met.named == {}
    assert block.value(at, side) is first
    assert {"s", "x"} <= at.met.named.keys() and block.take_used() == {"c"}
    assert at.spent == spent


def test_a_draw_where_a_side_has_no_value_is_passed_over():
    found = pair(r"\log u = \log u")
    step = found.step(Verdict.TESTED)
    draws = list(trial(r"\log u = \log u").values(found, Line, step, 3))
    assert len(draws) == step.draws == 3 and step.values.startswith("at u = ")
    impossible = pair(r"\log (-u^2) = 1")
    with pytest.raises(Exception, match="the logarithm of"):
        list(trial(r"\log (-u^2) = 1").values(impossible, Line, step, 1))
    nowhere = pair("a = 1")
    with pytest.raises(Foreign, match="no draw meets"):
        list(trial("% given: a > a\na = 1").values(nowhere, Line, step, 1))


def test_a_limited_trial_has_a_budget_of_its_own():
    block = trial("x = 1")
    aside = block.limited(1_000)
    (at,) = aside.draws(Curve, 1)
    with pytest.raises(TooMuchWork):
        at(pair("x = 1").left)
    assert block.budget.left == float("inf")
