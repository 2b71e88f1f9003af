"""The comparison that ends every derivation: what it prints, and what it refuses."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vae_lib.checks import LEVEL, Z_MAX, Disagreement, NotShown, agree, claim

numbers = st.floats(-1e6, 1e6)


def test_exact_results_agree_in_two_printed_lines(capsys):
    assert agree("a half", sp.Rational(1, 2), torch.tensor(0.5)) is None
    first, second = capsys.readouterr().out.splitlines()
    assert first == "a half: agree"
    for shown in ["0.5 symbolic", "0.5 numerical", "1e-09 relative"]:
        assert shown in second


def test_an_estimate_shows_its_difference_standard_error_and_z(capsys):
    agree("an estimate", sp.Integer(2), 2.3, standard_error=0.2)
    shown = capsys.readouterr().out
    for part in ["an estimate: agree", "2 symbolic", "2.3", "+3.0e-01", "2.0e-01", "+1.5"]:
        assert part in shown


@settings(max_examples=100)
@given(symbolic=numbers, z=st.floats(-10, 10), standard_error=st.floats(0.01, 100))
def test_an_estimate_is_judged_by_its_z_alone(symbolic, z, standard_error):
    if abs(abs(z) - Z_MAX) < 1e-3:  # the border itself is left to rounding
        return
    numerical = symbolic + z * standard_error
    if abs(z) < Z_MAX:
        agree("within", symbolic, numerical, standard_error=standard_error)
    else:
        with pytest.raises(Disagreement):
            agree("beyond", symbolic, numerical, standard_error=standard_error)


def test_an_estimate_at_the_limit_is_refused():
    with pytest.raises(Disagreement):
        agree("at the limit", 0.0, Z_MAX, standard_error=1.0)


def test_tolerances_do_not_loosen_an_estimate():
    with pytest.raises(Disagreement):
        agree("z = 6", 0.0, 6.0, standard_error=1.0, rtol=1.0, atol=100.0)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("symbolic", "limit", "tolerances"),
    [
        (100.0, 1e-7, {}),
        (-100.0, 1e-7, {}),
        (100.0, 0.1, {"rtol": 1e-3}),
        (0.0, 1e-6, {"rtol": 0.0, "atol": 1e-6}),
        (100.0, 0.3, {"rtol": 1e-3, "atol": 0.2}),
    ],
)
def test_exact_results_are_judged_by_both_tolerances(symbolic, limit, tolerances, sign):
    agree("inside", symbolic, symbolic + sign * 0.99 * limit, **tolerances)
    with pytest.raises(Disagreement):
        agree("outside", symbolic, symbolic + sign * 1.01 * limit, **tolerances)


def test_the_default_asks_for_exact_zero_where_the_truth_is_zero():
    agree("zero", 0, 0.0)
    with pytest.raises(Disagreement):
        agree("almost zero", 0, 1e-300)


def test_a_disagreement_is_an_assertion_that_names_both_values(capsys):
    with pytest.raises(
        AssertionError, match=r"the slope: DISAGREE: .*1\.5 .*2\.5 "
    ) as caught:
        agree("the slope", 1.5, 2.5)
    assert isinstance(caught.value, Disagreement)
    assert "1.000e+00" in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("options", [{}, {"standard_error": 1.0}, {"atol": math.inf}])
def test_no_infinite_or_missing_number_agrees_with_anything(bad, options):
    for pair in [(bad, 1.0), (1.0, bad), (bad, bad)]:
        with pytest.raises(Disagreement):
            agree("not finite", *pair, **options)


@pytest.mark.parametrize("standard_error", [0.0, -1.0, math.nan, math.inf])
def test_a_standard_error_must_be_positive(standard_error):
    with pytest.raises(
        ValueError, match="coin: the standard error must be positive and finite"
    ):
        agree("coin", 0.5, 0.5, standard_error=standard_error)


def test_a_symbol_left_over_is_refused():
    with pytest.raises(TypeError):
        agree("unfinished", sp.Symbol("x"), 1.0)


def test_false_alarms_are_as_rare_as_the_docstring_says():
    assert 1 / (2 * stats.norm.sf(Z_MAX)) == pytest.approx(1.7e6, rel=0.05)


def test_a_claim_prints_its_mean_its_error_and_by_how_much_it_holds(capsys):
    claim(
        "start", "The start gains a nat.", torch.tensor([1.8, 1.9, 1.8]), above=1, below=3
    )
    shown = capsys.readouterr().out
    assert shown.startswith(
        "claim start: 1.833 ± 0.033 (3 runs), above 1 by 25.0 SE of 7.0"
    )
    assert "below 3 by 35.0 SE of 7.0" in shown


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([1.8, 1.9, 1.8], {"above": 1.7}),  # beyond, but not by enough
        ([1.8, 1.9, 1.8], {"below": 1.0}),
        ([1.8, 1.9, 1.8], {"above": 1.0, "below": 1.9}),
        ([1.8, 1.9, math.nan], {"above": 1.0}),
        ([1.8, 1.9, math.inf], {"above": 1.0}),
        (1.0, {"above": 0.98, "standard_error": 0.01}),
        (1.0, {"above": 1.0, "standard_error": 0.0}),
        (1.0, {"above": 0.0, "standard_error": math.nan}),
    ],
)
def test_what_the_runs_do_not_show_is_not_claimed(values, bounds):
    with pytest.raises(NotShown, match="start.*as claimed: It gains"):
        claim("start", "It gains.", values, **bounds)


def test_an_exact_value_may_be_claimed_without_an_error(capsys):
    claim("exact", "It is above zero.", 0.25, above=0.0, standard_error=0)
    said = "claim exact: 0.2500, computed without chance, above 0\n"
    assert capsys.readouterr().out == said


@pytest.mark.parametrize(
    ("values", "bounds", "told"),
    [
        ([1.0, 2.0], {"above": 0.0}, "2 runs; give three"),
        ([1.0], {"above": 0.0}, "1 runs; give three"),
        ([1.0, 2.0, 3.0], {}, "what is claimed"),
    ],
)
def test_a_claim_without_runs_or_bounds_is_refused(values, bounds, told):
    with pytest.raises(ValueError, match=told):
        claim("start", "It gains.", values, **bounds)


@pytest.mark.parametrize("n", [3, 10])
def test_a_false_claim_at_its_border_is_made_once_in_a_hundred(n, capsys):
    """5,000 tries of a claim whose mean is the bound itself: the share made is LEVEL,
    within five standard errors (a false alarm once in 1.7 million)."""
    generator = np.random.default_rng(3)
    made = 0
    for runs in generator.normal(size=(5000, n)):
        try:
            claim("border", "The mean is above zero.", runs, above=0.0)
            made += 1
        except NotShown:
            pass
    error = (LEVEL * (1 - LEVEL) / 5000) ** 0.5
    assert abs(made / 5000 - LEVEL) < Z_MAX * error
