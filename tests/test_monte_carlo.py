"""Chapter monte-carlo against SciPy, torch.distributions, NumPy and SymPy."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch import distributions as td

from vae_lib.checks import Z_MAX
from vae_lib.monte_carlo import (
    Estimate,
    coverage,
    effective_sample_size,
    expectation,
    importance_expectation,
    sample,
)

vectors = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30)
standard_normal = td.Normal(0.0, 1.0)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def double(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


# Estimate


@settings(max_examples=50)
@given(values=vectors)
def test_an_estimate_is_scipys_mean_and_standard_error(values):
    estimate = Estimate.of(double(values))
    assert estimate.value == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    assert estimate.standard_error == pytest.approx(stats.sem(values), rel=1e-9, abs=1e-9)
    assert estimate.n == len(values)


def test_an_estimate_is_computed_in_double_precision_and_detached():
    # In single precision the mean of these would lose the sevens.
    values = torch.full((1_000_000,), 16_777_216.0, requires_grad=True)
    values = values + torch.tensor([0.0, 2.0]).repeat(500_000)
    assert Estimate.of(values).value == 16_777_217.0


def test_z_score_and_text():
    estimate = Estimate(value=2.0, standard_error=0.5, n=100)
    assert estimate.z_score(1.0) == 2.0
    assert str(estimate) == "2.0000 +/- 0.5000 (N = 100)"


# Samples and expectations

INVERTIBLE = [
    (standard_normal, stats.norm()),
    (td.Normal(-3.0, 0.25), stats.norm(-3, 0.25)),
    (td.Cauchy(1.0, 2.0), stats.cauchy(1, 2)),
    (td.Exponential(4.0), stats.expon(scale=0.25)),
    (td.Uniform(-2.0, 5.0), stats.uniform(-2, 7)),
    (td.Laplace(0.5, 3.0), stats.laplace(0.5, 3)),
]


@pytest.mark.parametrize(("ours", "scipys"), INVERTIBLE, ids=lambda d: type(d).__name__)
def test_samples_have_the_distribution(ours, scipys):
    x = sample(ours, 20_000, seeded(1))
    assert x.dtype == torch.float64 and x.shape == (20_000,)
    # A correct sampler falls below one in a million.
    assert stats.kstest(x.numpy(), scipys.cdf).pvalue > 1e-6


covariance = double([[2.0, 0.6], [0.6, 1.0]])
OTHERS = [
    (td.Gamma(double(2.5), double(0.5)), stats.gamma(2.5, scale=2)),
    (td.Beta(double(0.7), double(3.0)), stats.beta(0.7, 3)),
    (td.MultivariateNormal(double([1.0, -1.0]), covariance), stats.norm(1, 2**0.5)),
    (td.StudentT(double(5.0)), stats.t(5)),
]


@pytest.mark.parametrize(("ours", "scipys"), OTHERS, ids=lambda d: type(d).__name__)
def test_samples_without_an_inverse_have_the_distribution(ours, scipys):
    before = torch.get_rng_state()
    x, again = (sample(ours, 20_000, seeded(1)) for _ in range(2))
    assert torch.equal(x, again) and torch.equal(before, torch.get_rng_state())
    assert x.dtype == torch.float64 and x.shape == (20_000, *ours.event_shape)
    first = x.reshape(20_000, -1)[:, 0]
    assert stats.kstest(first.numpy(), scipys.cdf).pvalue > 1e-6
    generator = seeded(1)
    assert not torch.equal(sample(ours, 9, generator), sample(ours, 9, generator))


def test_coins_and_correlated_pairs_have_their_averages():
    heads = expectation(lambda v: v, td.Bernoulli(0.3), 100_000, seeded(2))
    assert abs(heads.z_score(0.3)) < Z_MAX
    pairs = td.MultivariateNormal(double([0.0, 0.0]), covariance)
    product = expectation(lambda v: v.prod(dim=-1), pairs, 100_000, seeded(3))
    assert abs(product.z_score(0.6)) < Z_MAX
    assert sample(td.Bernoulli(double([0.2, 0.9])), 7, seeded(4)).shape == (7, 2)


def test_scipys_densities_and_numbers_that_are_not_whole():
    x = sample(standard_normal, 50, seeded(5))
    log_p = stats.norm.logpdf
    assert importance_expectation(torch.cos, log_p, log_p, x) == Estimate.of(x.cos())
    with pytest.raises(TypeError, match=r"n must be a whole number.*write int\(100000.0\)"):
        expectation(torch.cos, standard_normal, 1e5, seeded(0))
    with pytest.raises(TypeError, match="samples must be one tensor, got a list"):
        Estimate.of([1.0, 2.0])


def test_samples_of_a_batch_are_independent_and_keep_their_order():
    centres = double([-10.0, 0.0, 10.0])
    x = sample(td.Normal(centres, torch.ones(3)), 10_000, seeded(2))
    assert x.shape == (10_000, 3)
    np.testing.assert_allclose(x.mean(dim=0), centres, atol=Z_MAX / 100)
    correlations = np.corrcoef(x.numpy().T) - np.eye(3)
    assert np.abs(correlations).max() < Z_MAX / 100


def test_a_seed_repeats_the_samples_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    first, second = (sample(standard_normal, 5, seeded(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, sample(standard_normal, 5, seeded(4)))
    assert torch.equal(before, torch.get_rng_state())


def test_the_smallest_uniform_number_gives_a_finite_sample(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.zeros(*size).double())
    for distribution, _ in INVERTIBLE:
        assert sample(distribution, 1, seeded(0)).isfinite().all()


x = sp.Symbol("x", real=True)
gaussian_density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
FUNCTIONS = [
    (x**2, torch.square),
    (x**3 + 1, lambda v: v**3 + 1),
    (sp.cos(x), torch.cos),
    (sp.exp(-x), lambda v: torch.exp(-v)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("symbolic", "f"), FUNCTIONS, ids=lambda f: str(f)[:12])
def test_expectations_are_sympys_integrals(symbolic, f):
    exact = sp.integrate(symbolic * gaussian_density, (x, -sp.oo, sp.oo))
    estimate = expectation(f, standard_normal, 100_000, seeded(5))
    assert abs(estimate.z_score(float(exact))) < Z_MAX
    spread = sp.integrate(symbolic**2 * gaussian_density, (x, -sp.oo, sp.oo)) - exact**2
    assert estimate.standard_error == pytest.approx(
        math.sqrt(float(spread) / 100_000), rel=0.15
    )


def test_an_indicator_gives_a_probability():
    estimate = expectation(lambda v: v > 1, standard_normal, 100_000, seeded(6))
    assert abs(estimate.z_score(stats.norm.sf(1))) < Z_MAX


# Coverage


def test_coverage_counts_the_intervals_that_contain_the_truth():
    runs = sample(standard_normal, 300 * 8, seeded(8)).reshape(300, 8) + 0.4
    inside = []
    for run in runs:
        estimate = Estimate.of(run)
        inside.append(float(abs(estimate.value) <= 1.5 * estimate.standard_error))
    share = coverage(runs, 0.0, z=1.5)
    assert 0 < share.value < 1
    assert share.value == pytest.approx(np.mean(inside))
    assert share.standard_error == pytest.approx(stats.sem(inside))


@pytest.mark.parametrize("n", [3, 12])
def test_coverage_of_gaussian_runs_is_students(n):
    runs = sample(standard_normal, 20_000 * n, seeded(9)).reshape(20_000, n)
    share = coverage(runs, 0.0)
    exact = 1 - 2 * stats.t.sf(1.96, df=n - 1)
    assert abs(share.z_score(exact)) < Z_MAX


# Importance sampling


def log_density(mean: float, sd: float):
    return lambda v: td.Normal(double(mean), double(sd)).log_prob(v)


@pytest.mark.parametrize(("centre", "width"), [(0.0, 1.5), (1.0, 2.0), (-0.5, 1.0)])
def test_importance_sampling_agrees_with_quadrature(centre, width):
    def f(v):
        return 1 / (1 + v**2)

    exact, _ = integrate.quad(lambda v: f(v) * stats.norm.pdf(v, 0.3, 0.9), -12, 12)
    samples = centre + width * sample(standard_normal, 100_000, seeded(10))
    estimate = importance_expectation(
        f, log_density(0.3, 0.9), log_density(centre, width), samples
    )
    assert abs(estimate.z_score(exact)) < Z_MAX


def test_importance_sampling_with_q_equal_to_p_is_the_plain_average():
    samples = sample(standard_normal, 100, seeded(11))
    log_p = log_density(0.0, 1.0)
    weighted = importance_expectation(torch.cos, log_p, log_p, samples)
    assert weighted == Estimate.of(samples.cos())


def test_the_perfect_proposal_has_no_variance():
    # p(x) exp(x) is the Gaussian of mean 1, times E[exp x].
    samples = 1 + sample(standard_normal, 50, seeded(12))
    estimate = importance_expectation(
        torch.exp, log_density(0.0, 1.0), log_density(1.0, 1.0), samples
    )
    assert estimate.value == pytest.approx(math.exp(0.5), rel=1e-12)
    assert estimate.standard_error == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_the_squared_weight_is_finite_only_above_the_border():
    tau, s = sp.symbols("tau s", positive=True)
    q = sp.exp(-(x**2) / (2 * tau**2)) / (tau * sp.sqrt(2 * sp.pi))
    integrand = sp.powsimp(gaussian_density**2 / q, combine="exp")
    above = integrand.subs(tau, sp.sqrt(s + sp.Rational(1, 2)))
    exact = sp.integrate(sp.powsimp(sp.simplify(above), combine="exp"), (x, -sp.oo, sp.oo))
    claimed = (tau**2 / sp.sqrt(2 * tau**2 - 1)).subs(tau, sp.sqrt(s + sp.Rational(1, 2)))
    assert sp.simplify(exact - claimed) == 0
    below = integrand.subs(tau, sp.Rational(7, 10))
    assert sp.integrate(below, (x, -sp.oo, sp.oo)) == sp.oo


@settings(max_examples=50)
@given(log_weights=st.lists(st.floats(-3, 3), min_size=1, max_size=20))
def test_effective_sample_size_is_its_definition_and_has_its_bounds(log_weights):
    ours = effective_sample_size(double(log_weights))
    w = np.exp(np.array(log_weights, dtype=np.longdouble))
    assert ours == pytest.approx(float(w.sum() ** 2 / (w**2).sum()), rel=1e-9)
    assert 1 - 1e-9 <= ours <= len(log_weights) * (1 + 1e-9)
    shifted = effective_sample_size(double(log_weights) + 5000.0)
    assert shifted == pytest.approx(ours, rel=1e-6)


def test_effective_sample_size_of_equal_and_of_one_ruling_weight():
    assert effective_sample_size(torch.full((7,), -900.0)) == pytest.approx(7)
    assert effective_sample_size(double([0.0, -1e4, -math.inf])) == pytest.approx(1)


# Errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Estimate.of(torch.zeros(1)), "at least two samples"),
        (lambda: Estimate.of(torch.zeros(3, 3)), r"got shape \(3, 3\)"),
        (lambda: Estimate.of(double([1.0, math.inf, math.nan])), "2 of 3 samples"),
        (lambda: Estimate(1.0, 0.0, 9).z_score(1.0), "standard error is 0"),
        (lambda: sample(standard_normal, 0, seeded(0)), "n must be at least 1, got 0"),
        (lambda: sample(td.Distribution(), 3, seeded(0)), "can draw no samples"),
        (lambda: expectation(torch.cos, standard_normal, 1, seeded(0)), "at least 2"),
        (
            lambda: expectation(torch.sum, standard_normal, 9, seeded(0)),
            r"shape \(9,\), got",
        ),
        (lambda: coverage(torch.zeros(5), 0.0), r"shape \(R, N\)"),
        (lambda: coverage(torch.zeros(5, 1), 0.0), r"got \(5, 1\)"),
        (lambda: coverage(double([[1.0, 2.0], [3.0, math.nan]]), 0.0), "must be finite"),
        (lambda: effective_sample_size(torch.zeros(0)), "non-empty vector"),
        (
            lambda: effective_sample_size(torch.full((3,), -math.inf)),
            "finite largest value",
        ),
        (
            lambda: importance_expectation(
                torch.cos, log_density(0, 1), torch.sum, torch.zeros(4)
            ),
            r"shape \(4,\)",
        ),
    ],
)
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()
