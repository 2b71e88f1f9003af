"""Chapter maximum-likelihood against SciPy, torch.distributions and SymPy."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from vae_lib.maximum_likelihood import (
    bernoulli_log_likelihood,
    bernoulli_mle,
    gaussian_log_density,
    gaussian_log_likelihood,
    gaussian_mle,
    symbolic_gaussian_density,
    symbolic_gaussian_log_likelihood,
)

finite = st.floats(-50, 50)
positive = st.floats(0.05, 20)


def normal(n: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, generator=generator, dtype=torch.float64)


@settings(max_examples=50)
@given(x=finite, mu=finite, sigma=positive)
def test_log_density_is_scipys(x, mu, sigma):
    ours = gaussian_log_density(torch.tensor([x], dtype=torch.float64), mu, sigma).item()
    assert ours == pytest.approx(stats.norm(mu, sigma).logpdf(x), rel=1e-10, abs=1e-10)


def test_density_integrates_to_one():
    def density(x):
        return (
            gaussian_log_density(torch.tensor(x, dtype=torch.float64), 0.3, 1.7)
            .exp()
            .item()
        )

    assert integrate.quad(density, -30, 30)[0] == pytest.approx(1, abs=1e-9)


def test_log_likelihood_is_the_sum_over_the_data_for_every_point_of_a_surface():
    x = normal(9, seed=1)
    mu, sigma = torch.meshgrid(
        torch.tensor([-1.0, 0.5], dtype=torch.float64),
        torch.tensor([0.4, 1.0, 3.0], dtype=torch.float64),
        indexing="ij",
    )
    surface = gaussian_log_likelihood(x, mu, sigma)
    assert surface.shape == (2, 3)
    expected = stats.norm(mu.numpy()[..., None], sigma.numpy()[..., None]).logpdf(x.numpy())
    np.testing.assert_allclose(surface, expected.sum(-1), rtol=1e-12)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(2, 30),
    shift=st.floats(-2, 2),
    log_scale=st.floats(-1, 1),
)
def test_no_gaussian_beats_the_maximiser(seed, n, shift, log_scale):
    x = normal(n, seed)
    mu, variance = gaussian_mle(x)
    top = gaussian_log_likelihood(x, mu, variance.sqrt())
    other = gaussian_log_likelihood(
        x, mu + shift * variance.sqrt(), variance.sqrt() * math.exp(log_scale)
    )
    assert other <= top + 1e-9 * abs(top)


def test_gaussian_mle_is_numpys_moments_for_each_data_set():
    data_sets = normal(60, seed=2).reshape(4, 15)
    mu, variance = gaussian_mle(data_sets)
    np.testing.assert_allclose(mu, data_sets.numpy().mean(-1), rtol=1e-12)
    np.testing.assert_allclose(variance, data_sets.numpy().var(-1), rtol=1e-12)


def test_symbolic_log_likelihood_is_the_numerical_one():
    x = normal(7, seed=3)
    expression, symbol = symbolic_gaussian_log_likelihood()
    values = {"mu": 0.3, "sigma": 1.4, "N": 7, "S_1": x.sum(), "S_2": (x**2).sum()}
    symbolic = expression.subs(
        {symbol[name]: float(value) for name, value in values.items()}
    )
    assert float(symbolic) == pytest.approx(gaussian_log_likelihood(x, 0.3, 1.4).item())


@settings(max_examples=50)
@given(flips=st.lists(st.integers(0, 1), min_size=1, max_size=20), pi=st.floats(0.01, 0.99))
def test_bernoulli_log_likelihood_is_torchs(flips, pi):
    x = torch.tensor(flips, dtype=torch.float64)
    reference = torch.distributions.Bernoulli(torch.tensor(pi, dtype=torch.float64))
    assert bernoulli_log_likelihood(x, pi).item() == pytest.approx(
        reference.log_prob(x).sum().item(), rel=1e-9
    )
    assert (
        bernoulli_log_likelihood(x, pi)
        <= bernoulli_log_likelihood(x, bernoulli_mle(x)) + 1e-9
    )


def test_certain_coins_have_log_likelihood_zero_or_minus_infinity():
    heads = torch.ones(3)
    assert bernoulli_log_likelihood(heads, 1.0) == 0
    assert bernoulli_log_likelihood(heads, 0.0) == -math.inf


def test_the_variance_estimate_has_the_bias_that_sympy_derives():
    # E[sum of squared deviations] = (N - 1) sigma^2: the projection onto the deviations
    # has trace N - 1.
    n = 4
    deviations = sp.eye(n) - sp.ones(n, n) / n
    assert deviations.trace() == n - 1
    estimates = gaussian_mle(normal(400_000, seed=4).reshape(-1, n))[1]
    standard_error = estimates.std() / math.sqrt(len(estimates))
    # |z| < 5 fails by chance once in 1.7 million seeds.
    assert abs(estimates.mean() - (n - 1) / n) < 5 * standard_error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_log_density(torch.zeros(2), 0.0, 0.0), "sigma must be positive"),
        (
            lambda: gaussian_log_likelihood(torch.zeros(2, 2), 0.0, 1.0),
            r"got shape \(2, 2\)",
        ),
        (lambda: gaussian_log_likelihood(torch.zeros(0), 0.0, 1.0), "non-empty vector"),
        (lambda: bernoulli_log_likelihood(torch.tensor([0.5]), 0.5), "0 or 1"),
        (lambda: bernoulli_log_likelihood(torch.ones(2), 1.5), "probability"),
        (lambda: gaussian_mle(torch.zeros(3, 0)), "at least one observation"),
        (lambda: bernoulli_mle(torch.zeros(0)), "non-empty"),
    ],
)
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_symbolic_density_is_scipys_also_where_symbols_meet():
    x, mu = sp.symbols("x mu", real=True)
    value = symbolic_gaussian_density(x, mu, 1.4).subs({x: 0.7, mu: 0.3})
    assert float(value) == pytest.approx(stats.norm(0.3, 1.4).pdf(0.7))
    # x and mu may change places: nothing is replaced twice
    swapped = symbolic_gaussian_density(mu, x, 1.4).subs({x: 0.7, mu: 0.3})
    assert float(swapped) == pytest.approx(stats.norm(0.7, 1.4).pdf(0.3))


def test_integers_count_as_floats():
    x = torch.tensor([1, 2, 5])
    expected = gaussian_log_density(x.double(), 0.0, 1.5)
    assert torch.equal(gaussian_log_density(x, 0.0, 1.5), expected)
    assert gaussian_mle(x) == gaussian_mle(x.double())
