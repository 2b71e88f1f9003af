"""The comparison that ends every derivation: what it prints, and what it refuses."""

import math

import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vae_lib.checks import Z_MAX, Disagreement, agree

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


@settings(max_examples=100, deadline=None)
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
