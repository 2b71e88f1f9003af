"""vae_lib.kl_and_mle against torch.distributions, SciPy's quadrature and SymPy."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from torch.distributions import Exponential, Normal, Uniform, kl_divergence

from vae_lib.kl_and_mle import (
    fit_gaussian,
    gaussian_kl,
    monte_carlo_kl,
    quadrature_kl,
    symbolic_estimated_kl,
    two_bumps,
)
from vae_lib.monte_carlo import sample

means = st.floats(-50, 50)
sigmas = st.floats(0.05, 20)
quick = settings(max_examples=30)
GRID = torch.linspace(-25, 25, 4001, dtype=torch.float64)


def normal(mu, sigma):
    mu, sigma = (torch.tensor(a, dtype=torch.float64) for a in (mu, sigma))
    return Normal(mu, sigma)


# ---- gaussian_kl


@quick
@given(means, sigmas, means, sigmas)
def test_gaussian_kl_is_torchs(mu_1, sigma_1, mu_2, sigma_2):
    theirs = kl_divergence(normal(mu_1, sigma_1), normal(mu_2, sigma_2))
    ours = gaussian_kl(mu_1, sigma_1, mu_2, sigma_2)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_gaussian_kl_is_sympys_integral():
    x = sp.Symbol("x", real=True)
    p = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    q = sp.exp(-((x - 1) ** 2) / 8) / sp.sqrt(8 * sp.pi)
    cost = sp.expand(sp.expand_log(sp.log(p) - sp.log(q), force=True))
    exact = sp.integrate(p * cost, (x, -sp.oo, sp.oo))
    assert gaussian_kl(0.0, 1.0, 1.0, 2.0).item() == pytest.approx(float(exact), rel=1e-12)


@quick
@given(means, sigmas, means, sigmas)
def test_gibbs_inequality(mu_1, sigma_1, mu_2, sigma_2):
    assert gaussian_kl(mu_1, sigma_1, mu_2, sigma_2) >= -1e-12
    assert gaussian_kl(mu_1, sigma_1, mu_1, sigma_1) == 0


def test_gaussian_kl_is_symmetric_for_equal_widths_only():
    assert gaussian_kl(0.0, 2.0, 3.0, 2.0) == gaussian_kl(3.0, 2.0, 0.0, 2.0)
    assert abs(gaussian_kl(0.0, 1.0, 0.0, 2.0) - gaussian_kl(0.0, 2.0, 0.0, 1.0)) > 0.4


def test_gaussian_kl_broadcasts_keeps_the_type_and_has_a_gradient():
    mu = torch.zeros(3, 1, requires_grad=True)
    kl = gaussian_kl(mu, torch.ones(4), 1.0, 2.0)
    assert kl.shape == (3, 4) and kl.dtype == torch.float32
    kl.sum().backward()
    torch.testing.assert_close(mu.grad, torch.full((3, 1), -4 / 4.0))  # 4 times -1/4
    assert gaussian_kl(0.0, 1.0, 1.0, 2.0).dtype == torch.float64


@pytest.mark.parametrize("which", ["sigma_1", "sigma_2"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_gaussian_kl_wants_positive_sigmas(which, value):
    arguments = {"mu_1": 0.0, "sigma_1": 1.0, "mu_2": 0.0, "sigma_2": 1.0, which: value}
    with pytest.raises(ValueError, match=f"{which} must be positive"):
        gaussian_kl(**arguments)


# ---- monte_carlo_kl


def test_monte_carlo_kl_meets_the_closed_form():
    p, q = normal(0.0, 1.0), normal(0.5, 1.2)
    samples = sample(p, 50_000, torch.Generator().manual_seed(0))
    estimate = monte_carlo_kl(p.log_prob, q.log_prob, samples)
    assert abs(estimate.z_score(kl_divergence(p, q).item())) < 5
    # The other direction lies far outside: the arguments are not swapped.
    assert abs(estimate.z_score(kl_divergence(q, p).item())) > 10


def test_monte_carlo_kl_is_the_average_over_the_samples():
    p, q = normal(0.0, 1.0), normal(1.0, 2.0)
    x = torch.tensor([0.3, -0.7, 2.0], dtype=torch.float64)
    terms = p.log_prob(x) - q.log_prob(x)
    estimate = monte_carlo_kl(p.log_prob, q.log_prob, x)
    assert estimate.value == pytest.approx(terms.mean().item(), rel=1e-12)
    assert estimate.standard_error == pytest.approx(terms.std().item() / 3**0.5, rel=1e-12)


def test_monte_carlo_kl_takes_vectors():
    samples = torch.randn(1000, 3, generator=torch.Generator().manual_seed(1)).double()
    estimate = monte_carlo_kl(
        lambda x: normal(0.0, 1.0).log_prob(x).sum(-1),
        lambda x: normal(1.0, 1.0).log_prob(x).sum(-1),
        samples,
    )
    assert abs(estimate.z_score(3 * 0.5)) < 5


def test_monte_carlo_kl_says_what_was_wrong():
    p, q = normal(0.0, 1.0).log_prob, normal(1.0, 1.0).log_prob
    hole = Uniform(-0.5, 0.5, validate_args=False).log_prob
    x = torch.tensor([-2.0, 0.0, 0.1], dtype=torch.float64)
    with pytest.raises(ValueError, match=r"q is zero at 1 of 3 samples .* infinite"):
        monte_carlo_kl(p, hole, x)
    with pytest.raises(ValueError, match="not samples of p"):
        monte_carlo_kl(hole, p, x)
    with pytest.raises(
        ValueError, match=r"log_q must give one value a sample, shape \(3,\)"
    ):
        monte_carlo_kl(p, lambda x: q(x).sum(), x)
    with pytest.raises(ValueError, match="log_p must give one value a sample"):
        monte_carlo_kl(p, q, torch.zeros(3, 2).double())


# ---- quadrature_kl


@pytest.mark.slow
@quick
@given(st.floats(-3, 3), st.floats(0.2, 2), st.floats(-3, 3), st.floats(0.2, 2))
def test_quadrature_meets_the_closed_form(mu_1, sigma_1, mu_2, sigma_2):
    p, q = normal(mu_1, sigma_1), normal(mu_2, sigma_2)
    kl = quadrature_kl(p.log_prob, q.log_prob, -25, 25)
    assert kl == pytest.approx(kl_divergence(p, q).item(), rel=1e-6, abs=1e-7)


def test_quadrature_on_half_a_line_and_on_an_interval():
    def exponential(rate):
        return lambda x: torch.where(x >= 0, math.log(rate) - rate * x, -math.inf)

    exact = kl_divergence(Exponential(2.0), Exponential(0.5)).item()
    assert quadrature_kl(exponential(2.0), exponential(0.5), 0, 30) == pytest.approx(exact)
    inside = Uniform(0.2, 0.7, validate_args=False).log_prob
    whole = Uniform(0.0, 1.0, validate_args=False).log_prob
    assert quadrature_kl(inside, whole, 0.2, 0.7) == pytest.approx(math.log(2))
    assert quadrature_kl(inside, whole, 0.0, 1.0) == pytest.approx(math.log(2))
    assert quadrature_kl(whole, inside, 0.0, 1.0) == math.inf


def test_quadrature_sees_a_hole_that_hardly_matters():
    p = normal(0.0, 1.0).log_prob

    def holed(x):
        return torch.where((x > 7.0) & (x < 7.02), -math.inf, p(x))

    assert quadrature_kl(p, holed, -12, 12) == math.inf


def test_quadrature_finds_a_gap_however_narrow_at_an_end():
    def uniform(low, high):
        ends = torch.tensor([low, high], dtype=torch.float64)
        return Uniform(*ends, validate_args=False).log_prob

    p = normal(0.0, 1.0).log_prob
    assert quadrature_kl(uniform(0, 1), uniform(4e-4, 1), 0, 1) == math.inf
    assert quadrature_kl(uniform(0, 1), uniform(1e-12, 1), 0, 1) == math.inf
    assert quadrature_kl(p, uniform(-8.999, 9), -9, 9) == math.inf
    assert quadrature_kl(p, uniform(-9, 8.9999), -9, 9) == math.inf
    assert quadrature_kl(uniform(0, 1), uniform(0, 1), 0, 1) == 0


def test_quadrature_lets_a_density_vanish_at_a_point():
    """q = x^2 N(x; 0, 1): the KL is -E[log x^2] = log 2 + the Euler-Mascheroni constant."""
    p = normal(0.0, 1.0).log_prob
    kl = quadrature_kl(p, lambda x: p(x) + torch.log(x**2), -12, 12)
    assert kl == pytest.approx(math.log(2) + np.euler_gamma, rel=1e-6)


def test_quadrature_takes_scipys_densities_and_is_never_negative():
    p, q = stats.norm.logpdf, stats.norm(0.5, 2).logpdf
    exact = kl_divergence(normal(0.0, 1.0), normal(0.5, 2.0)).item()
    assert quadrature_kl(p, q, -20, 20) == pytest.approx(exact, rel=1e-8)
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0)).double()
    assert abs(monte_carlo_kl(p, q, x).z_score(exact)) < 5
    with pytest.raises(ValueError, match="q integrates to 1.5.*, more than 1: normalise q"):
        quadrature_kl(p, lambda x: p(x) + math.log(1.5), -12, 12)


def test_quadrature_says_what_was_wrong():
    p, q = normal(0.0, 1.0).log_prob, normal(1.0, 1.0).log_prob
    with pytest.raises(ValueError, match=r"p integrates to 0\.68\d+ on \[-1, 1\]"):
        quadrature_kl(p, q, -1, 1)
    with pytest.raises(ValueError, match=r"p integrates to 0\.5 .* normalise p"):
        quadrature_kl(lambda x: p(x) - math.log(2), q, -12, 12)
    with pytest.raises(ValueError, match="need finite lower < upper"):
        quadrature_kl(p, q, -math.inf, math.inf)
    with pytest.raises(ValueError, match="need finite lower < upper"):
        quadrature_kl(p, q, 1, -1)
    with pytest.raises(ValueError, match="the quadrature did not converge"):
        quadrature_kl(p, lambda x: q(x) - 1 / (x - 0.123) ** 2, -12, 12)


# ---- two_bumps and fit_gaussian


@pytest.mark.parametrize("gap", [0.0, 1.0, 4.0])
def test_two_bumps_is_the_mixture_that_it_says(gap):
    x = torch.linspace(-6, 6, 25, dtype=torch.float64)
    bumps = [normal(mu, 0.7).log_prob(x).exp() for mu in (-gap / 2, gap / 2)]
    torch.testing.assert_close(
        two_bumps(gap).log_prob(x).exp(), 0.6 * bumps[0] + 0.4 * bumps[1]
    )


@pytest.mark.parametrize("gap", [-1.0, math.inf, math.nan])
def test_two_bumps_wants_a_gap(gap):
    with pytest.raises(ValueError, match="gap must be finite and not negative"):
        two_bumps(gap)


def test_the_forward_fit_matches_the_moments():
    p = two_bumps(4.0)
    mu, sigma, nats = fit_gaussian(p.log_prob, "forward", (0.0, 1.0), GRID)
    assert mu == pytest.approx(p.mean.item(), rel=1e-5)
    assert sigma == pytest.approx(p.stddev.item(), rel=1e-5)
    exact = quadrature_kl(p.log_prob, normal(mu, sigma).log_prob, -20, 20)
    assert nats == pytest.approx(exact, rel=1e-6)


@pytest.mark.slow
def test_the_reverse_fit_is_stationary_and_picks_a_bump():
    p = two_bumps(4.0)

    def divergence(mu, sigma):
        q = normal(mu, sigma).log_prob

        def integrand(x):
            x = torch.tensor(x, dtype=torch.float64)
            return (q(x).exp() * (q(x) - p.log_prob(x))).item()

        return quad(integrand, mu - 12 * sigma, mu + 12 * sigma, epsabs=1e-12)[0]

    for start, weight in [(-2.0, 0.6), (2.0, 0.4)]:
        mu, sigma, nats = fit_gaussian(p.log_prob, "reverse", (start, 0.7), GRID)
        assert abs(mu - start) < 0.05 and 0.7 < sigma < 0.75
        assert nats == pytest.approx(divergence(mu, sigma), rel=1e-6)
        assert nats <= -math.log(weight)  # p >= weight * bump
        for step in (0.05, -0.05):
            assert divergence(mu + step, sigma) > nats
            assert divergence(mu, sigma + step) > nats


def test_both_directions_find_a_gaussian():
    p = normal(1.5, 0.4)
    for direction in ("forward", "reverse"):
        mu, sigma, nats = fit_gaussian(p.log_prob, direction, (0.0, 1.0), GRID)
        assert (mu, sigma) == pytest.approx((1.5, 0.4), rel=1e-4)
        assert abs(nats) < 1e-8


def test_the_fit_survives_regions_where_p_underflows():
    hard_edge = Uniform(-1.0, 1.0, validate_args=False)
    mu, sigma, _ = fit_gaussian(hard_edge.log_prob, "forward", (0.3, 1.0), GRID)
    assert mu == pytest.approx(0, abs=0.01) and sigma == pytest.approx(3**-0.5, abs=0.01)


def test_fit_gaussian_says_what_was_wrong():
    p = two_bumps(4.0)
    with pytest.raises(
        ValueError, match="direction must be 'forward' or 'reverse', got 'up'"
    ):
        fit_gaussian(p.log_prob, "up", (0.0, 1.0), GRID)
    narrow = torch.linspace(-3, 3, 601, dtype=torch.float64)
    with pytest.raises(ValueError, match="p integrates to 0.92.* over the grid: widen it"):
        fit_gaussian(p.log_prob, "forward", (0.0, 1.0), narrow)
    with pytest.raises(ValueError, match="p integrates to 20.* or normalise p"):
        fit_gaussian(lambda x: p.log_prob(x) + 3, "forward", (0.0, 1.0), GRID)
    with pytest.raises(ValueError, match="p integrates to nan"):
        fit_gaussian(lambda x: torch.full_like(x, math.nan), "forward", (0.0, 1.0), GRID)
    with pytest.raises(ValueError, match="positive sigma, got 0"):
        fit_gaussian(p.log_prob, "forward", (0.0, 0.0), GRID)
    two_edges = Uniform(-1.0, 1.0, validate_args=False)  # no Gaussian fits in between
    with pytest.raises(ValueError, match="reverse fit did not converge"):
        fit_gaussian(two_edges.log_prob, "reverse", (0.0, 1.0), GRID)
    half = torch.linspace(-1.2, 1.2, 601, dtype=torch.float64)
    with pytest.raises(ValueError, match="of the fitted Gaussian: widen it"):
        fit_gaussian(two_edges.log_prob, "forward", (0.0, 1.0), half)


def test_symbolic_estimate_is_the_average_over_the_samples():
    x = sample(Normal(1.0, 0.8), 30, torch.Generator().manual_seed(2)).double()
    estimate = symbolic_estimated_kl(
        (1.0, 0.8), (0.4, 1.3), len(x), x.sum().item(), (x**2).sum().item()
    )
    direct = (Normal(1.0, 0.8).log_prob(x) - Normal(0.4, 1.3).log_prob(x)).mean().item()
    assert float(estimate) == pytest.approx(direct)


def test_gaussian_kl_of_narrow_gaussians():
    """Their variances are zero in floating point; their ratio is not."""
    assert gaussian_kl(0.0, 1e-200, 0.0, 1e-200) == 0
    single = torch.tensor(1e-23)
    assert gaussian_kl(single, single, single, 2 * single) == pytest.approx(
        gaussian_kl(0.0, 1.0, 0.0, 2.0).item(), rel=1e-6
    )
