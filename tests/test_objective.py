"""vae_lib.objective against torch.distributions, SciPy, SymPy and finite differences."""

import math
import re
from pathlib import Path

import jupytext
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm
from sympy.stats import E, Normal
from torch.distributions import Independent, kl_divergence
from torch.distributions import Normal as TorchNormal

from vae_lib.checks import claim
from vae_lib.data import binarize, load_digits
from vae_lib.elbo import LinearGaussian
from vae_lib.encoder_decoder import VAE
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import (
    climb,
    elbo_terms,
    kl_to_standard_normal,
    mean_elbo,
    pathwise_gradient_samples,
    reparameterize,
    score_gradient_samples,
    symbolic_terms,
)

MUS, LOG_VARS = st.floats(-20, 20), st.floats(-20, 8)
ESTIMATORS = [pathwise_gradient_samples, score_gradient_samples]


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# The KL term


@given(MUS, LOG_VARS)
@settings(max_examples=50)
def test_kl_is_that_of_torch_distributions(mu, log_var):
    q = TorchNormal(tensor(mu), tensor(log_var).mul(0.5).exp())
    expected = kl_divergence(q, TorchNormal(tensor(0.0), tensor(1.0)))
    ours = kl_to_standard_normal(tensor(mu), tensor(log_var))
    torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)


@given(MUS, LOG_VARS)
@settings(max_examples=50)
def test_kl_is_never_negative_and_zero_only_at_the_prior(mu, log_var):
    kl = kl_to_standard_normal(tensor(mu), tensor(log_var)).item()
    assert kl >= -1e-12
    # 1 + t - exp(t) <= -min(t^2, |t|) / 3 and the mu part is mu^2 / 2.
    assert kl >= mu**2 / 2 + min(log_var**2, abs(log_var)) / 6 - 1e-9
    assert kl_to_standard_normal(tensor(0.0), tensor(0.0)).item() == 0


@pytest.mark.parametrize("mu, sigma", [(0.7, 0.4), (-1.5, 2.0), (0.0, 1.0)])
def test_kl_is_the_integral_of_its_definition(mu, sigma):
    q = norm(mu, sigma)
    exact, _ = quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)),
        mu - 15 * sigma, mu + 15 * sigma, epsabs=1e-12,
    )  # fmt: skip
    ours = kl_to_standard_normal(tensor(mu), tensor(2 * np.log(sigma)))
    assert ours.item() == pytest.approx(exact, abs=1e-10)


def test_kl_is_sympys():
    mu, sigma = sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)
    z = Normal("z", mu, sigma)
    log_q = -sp.log(sigma) - (z - mu) ** 2 / (2 * sigma**2)
    exact = sp.simplify(E(log_q + z**2 / 2)).subs({mu: 1.3, sigma: 0.6})
    ours = kl_to_standard_normal(tensor(1.3), tensor(2 * np.log(0.6)))
    assert ours.item() == pytest.approx(float(exact), rel=1e-12)


def test_kl_keeps_the_shape_so_that_the_caller_sums_over_dimensions():
    mu, log_var = torch.randn(2, 5, 3, generator=seeded(), dtype=torch.float64)
    terms = kl_to_standard_normal(mu, log_var)
    assert terms.shape == (5, 3)
    q = Independent(TorchNormal(mu, (0.5 * log_var).exp()), 1)
    p = Independent(TorchNormal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    torch.testing.assert_close(terms.sum(-1), kl_divergence(q, p))


def test_kl_refuses_shapes_that_would_broadcast():
    with pytest.raises(ValueError, match=r"one shape, got \(5, 3\) and \(3,\)"):
        kl_to_standard_normal(torch.zeros(5, 3), torch.zeros(3))


# Samples


def test_reparameterized_samples_have_the_mean_and_variance_of_q():
    mu, sigma = tensor(1.5, -0.5), tensor(0.3, 2.0)
    z = reparameterize(
        mu.expand(100_000, 2), (2 * sigma.log()).expand(100_000, 2), seeded(1)
    )
    for h in range(2):
        assert abs(Estimate.of(z[:, h]).z_score(mu[h].item())) < 5
        squares = Estimate.of((z[:, h] - mu[h]) ** 2)
        assert abs(squares.z_score(sigma[h].item() ** 2)) < 5


def test_reparameterized_samples_carry_the_gradient():
    mu, log_var = tensor(0.4).requires_grad_(), tensor(-0.8).requires_grad_()
    z = reparameterize(mu, log_var, seeded())
    slope_mu, slope_log_var = torch.autograd.grad(z.sum(), (mu, log_var))
    epsilon = (z - mu) / torch.exp(0.5 * log_var)
    torch.testing.assert_close(slope_mu, tensor(1.0))
    # dz / d log sigma^2 = sigma * epsilon / 2
    torch.testing.assert_close(slope_log_var, torch.exp(0.5 * log_var) * epsilon / 2)


# The two terms


def linear_vae(model: LinearGaussian, mu, log_var) -> VAE:
    """A VAE whose decoder is the linear model's and whose encoder answers mu, log_var."""

    class Constant(torch.nn.Module):
        def forward(self, x):
            return mu.expand(len(x), -1), log_var.expand(len(x), -1)

    x_dim, z_dim = model.W.shape
    vae = VAE(x_dim, z_dim, hidden=[1], likelihood="gaussian").double()
    vae.encoder = Constant()
    vae.decoder.net = torch.nn.Linear(z_dim, x_dim).double()
    vae.decoder.net.weight.data, vae.decoder.net.bias.data = model.W, model.b
    return vae


def test_one_sample_estimates_average_to_the_exact_elbo():
    W = torch.randn(5, 2, generator=seeded(3), dtype=torch.float64)
    model = LinearGaussian(W, torch.ones(5, dtype=torch.float64), 1.0)
    mu, log_var = tensor(0.3, -0.4), tensor(-1.0, 0.2)
    x = torch.randn(5, generator=seeded(4), dtype=torch.float64)
    exact = model.elbo(x, mu, torch.diag(log_var.exp())).item()

    vae = linear_vae(model, mu, log_var)
    with torch.no_grad():
        reconstruction, kl = elbo_terms(vae, x.expand(50_000, 5), seeded(5))
    assert reconstruction.shape == kl.shape == (50_000,)
    assert kl.std() < 1e-12
    assert abs(Estimate.of(reconstruction - kl).z_score(exact)) < 5


def test_the_elbo_of_the_exact_posterior_is_the_evidence():
    # One latent dimension: the posterior's covariance is diagonal.
    model = LinearGaussian(tensor(0.8)[:, None], tensor(0.2), 1.0)
    x = tensor(1.5)
    mean, covariance = model.posterior(x)
    vae = linear_vae(model, mean, covariance.diagonal().log())
    with torch.no_grad():
        reconstruction, kl = elbo_terms(vae, x.expand(50_000, 1), seeded(6))
    evidence = model.log_evidence(x).item()
    assert abs(Estimate.of(reconstruction - kl).z_score(evidence)) < 5


def test_elbo_terms_differentiates_like_a_finite_difference():
    torch.manual_seed(0)
    vae = VAE(6, 2, hidden=[4], likelihood="gaussian").double()
    x = torch.rand(3, 6, generator=seeded(), dtype=torch.float64)

    def elbo():
        reconstruction, kl = elbo_terms(vae, x, seeded(7))  # the same epsilon each time
        return (reconstruction - kl).sum()

    weight = vae.encoder.net[0].weight
    (slope,) = torch.autograd.grad(elbo(), weight)
    with torch.no_grad():
        weight[1, 2] += 1e-6
        above = elbo()
        weight[1, 2] -= 2e-6
        below = elbo()
    assert slope[1, 2].item() == pytest.approx((above - below).item() / 2e-6, rel=1e-6)


def test_mean_elbo_averages_the_terms_and_does_not_depend_on_the_batches():
    torch.manual_seed(0)
    vae = VAE(x_dim=6, z_dim=2, hidden=(8,))
    images = torch.rand(300, 6, generator=seeded())
    together = mean_elbo(vae, images, seed=1)
    reconstruction, kl = elbo_terms(vae, images, seeded(1))
    assert together == pytest.approx((reconstruction - kl).mean().item(), rel=1e-5)
    # Other batches draw other noise: 5 standard errors, twice in a million runs.
    error = (reconstruction - kl).std().item() * math.sqrt(2 / 300)
    assert abs(mean_elbo(vae, images, seed=1, batch_size=7) - together) < 5 * error
    with pytest.raises(ValueError, match="n >= 1"):
        mean_elbo(vae, images[:0])


def test_symbolic_terms_are_the_elbo_of_the_linear_model():
    reconstruction, kl, integrand, (mu, sigma, x, w, z) = symbolic_terms()
    at = {mu: 0.4, sigma: 0.7, x: 1.5, w: 0.8}
    model = LinearGaussian(tensor(0.8)[:, None], tensor(0.0), 1.0)
    exact = model.elbo(tensor(1.5), tensor(0.4), tensor(0.49)[:, None]).item()
    assert float((reconstruction - kl).subs(at)) == pytest.approx(exact, abs=1e-12)
    integral, _ = quad(sp.lambdify(z, integrand.subs(at)), -9, 9, epsabs=1e-12)
    assert integral == pytest.approx(exact, abs=1e-10)
    ours = kl_to_standard_normal(tensor(0.4), tensor(2 * np.log(0.7)))
    assert ours.item() == pytest.approx(float(kl.subs(at)), abs=1e-12)


# Climbing


def climbed(objective, steps=60):
    torch.manual_seed(0)
    vae = VAE(6, 2, hidden=[8], likelihood="gaussian")
    images = torch.rand(50, 6, generator=seeded())
    return climb(vae, images, objective, steps, seeded(1), learning_rate=1e-2)


def test_climb_raises_its_objective_and_records_the_true_terms():
    reconstruction, kl = climbed(lambda reconstruction, kl: reconstruction - kl)
    assert reconstruction.shape == kl.shape == (60,)
    elbo = reconstruction - kl
    assert elbo[-10:].mean() > elbo[:10].mean() + 0.05
    assert elbo.max() < -6 / 2 * np.log(2 * np.pi)

    wrong_reconstruction, wrong_kl = climbed(lambda reconstruction, kl: reconstruction + kl)
    assert wrong_kl[-1] > wrong_kl[0] + 1 > kl[-1]
    # Both started from the same weights and drew the same samples.
    assert wrong_reconstruction[0] == reconstruction[0] and wrong_kl[0] == kl[0]


def test_climb_refuses_no_steps():
    with pytest.raises(ValueError, match="at least one step, got steps = 0"):
        climbed(lambda reconstruction, kl: reconstruction, steps=0)


# The two gradients


@pytest.mark.parametrize("gradient_samples", ESTIMATORS)
def test_gradients_of_a_quadratic_are_unbiased(gradient_samples):
    a, mu, sigma = tensor(0.5, -1.0), tensor(1.0, 0.3), tensor(0.5, 1.2)
    gradients = gradient_samples(
        lambda z: (z - a).square().sum(-1), mu, sigma, 50_000, seeded(8)
    )
    assert gradients.mu.shape == gradients.sigma.shape == (50_000, 2)
    for h in range(2):
        exact_mu, exact_sigma = 2 * (mu - a)[h].item(), 2 * sigma[h].item()
        assert abs(Estimate.of(gradients.mu[:, h]).z_score(exact_mu)) < 5
        assert abs(Estimate.of(gradients.sigma[:, h]).z_score(exact_sigma)) < 5


@pytest.mark.parametrize("gradient_samples", ESTIMATORS)
def test_gradients_of_a_nonlinear_function_match_quadrature(gradient_samples):
    mu, sigma = 0.4, 0.7

    def expectation(mu, sigma):
        return quad(
            lambda e: norm.pdf(e) * np.sin(2 * (mu + sigma * e)), -12, 12, epsabs=1e-12
        )[0]

    step = 1e-4
    slope_mu = (expectation(mu + step, sigma) - expectation(mu - step, sigma)) / (2 * step)
    slope_sigma = (expectation(mu, sigma + step) - expectation(mu, sigma - step)) / (
        2 * step
    )
    gradients = gradient_samples(
        lambda z: torch.sin(2 * z[:, 0]), tensor(mu), tensor(sigma), 50_000, seeded(9)
    )
    assert abs(Estimate.of(gradients.mu[:, 0]).z_score(slope_mu)) < 5
    assert abs(Estimate.of(gradients.sigma[:, 0]).z_score(slope_sigma)) < 5


def test_variances_are_the_closed_forms():
    # f = (z - a)^2 at mu = a: 4 sigma^2 pathwise, 15 sigma^2 with the score.
    mu, sigma, exact = tensor(0.0), tensor(0.6), {}
    for name, gradient_samples, variance in [
        ("pathwise", pathwise_gradient_samples, 4 * 0.6**2),
        ("score", score_gradient_samples, 15 * 0.6**2),
    ]:
        gradients = gradient_samples(
            lambda z: z.square().sum(-1), mu, sigma, 100_000, seeded(10)
        )
        exact[name] = Estimate.of(gradients.mu[:, 0] ** 2).z_score(variance)
    assert all(abs(z) < 5 for z in exact.values()), exact


def test_a_baseline_keeps_the_mean_and_lowers_the_variance():
    one = torch.ones(8, dtype=torch.float64)

    def run(baseline):
        return score_gradient_samples(
            lambda z: z.square().sum(-1) - baseline, one, one, 50_000, seeded(11)
        ).mu[:, 0]

    plain, helped = run(0.0), run(16.0)
    assert abs(Estimate.of(helped).z_score(2.0)) < 5
    # SymPy's 6 H + 12 against 4 H^2 + 14 H + 12 in the chapter, at H = 8.
    assert abs(Estimate.of((helped - 2) ** 2).z_score(60)) < 5
    assert abs(Estimate.of((plain - 2) ** 2).z_score(380)) < 5


def test_only_the_score_gradient_copes_with_a_jump():
    mu, sigma = tensor(0.3), tensor(1.0)
    gradients = score_gradient_samples(
        lambda z: (z[:, 0] > 0).double(), mu, sigma, 50_000, seeded(12)
    )
    # d/dmu P(z > 0) = N(0; mu, sigma^2)
    assert abs(Estimate.of(gradients.mu[:, 0]).z_score(norm.pdf(0.3))) < 5


@pytest.mark.parametrize("gradient_samples", ESTIMATORS)
def test_gradients_leave_the_caller_alone(gradient_samples):
    mu, sigma = tensor(0.3).requires_grad_(), tensor(1.0).requires_grad_()
    gradients = gradient_samples(lambda z: z.sum(-1), mu, sigma, 10, seeded())
    assert mu.grad is None and sigma.grad is None
    assert not gradients.mu.requires_grad
    again = gradient_samples(lambda z: z.sum(-1), mu, sigma, 10, seeded())
    assert torch.equal(gradients.mu, again.mu)


@pytest.mark.parametrize("gradient_samples", ESTIMATORS)
@pytest.mark.parametrize(
    "mu, sigma, n, message",
    [
        (torch.zeros(2), torch.ones(3), 5, r"one length, got shapes \(2,\) and \(3,\)"),
        (torch.zeros(2, 2), torch.ones(2, 2), 5, "vectors of one length"),
        (torch.zeros(2), torch.tensor([1.0, 0.0]), 5, "sigma must be positive, got 0"),
        (torch.zeros(2), torch.ones(2), 0, "at least one sample, got n = 0"),
    ],
)
def test_gradients_refuse_what_makes_no_density(gradient_samples, mu, sigma, n, message):
    with pytest.raises(ValueError, match=message):
        gradient_samples(lambda z: z.sum(-1), mu, sigma, n, seeded())


@pytest.mark.parametrize("gradient_samples", ESTIMATORS)
def test_gradients_refuse_a_function_of_the_wrong_shape(gradient_samples):
    with pytest.raises(ValueError, match=r"to values \(5,\), got shape \(5, 2\)"):
        gradient_samples(lambda z: z.square(), torch.zeros(2), torch.ones(2), 5, seeded())


# What the chapter says of trained networks


def fitted(seed, objective, likelihood, images, steps=600):
    """The chapter's `fit`: the true terms at each step."""
    torch.manual_seed(seed)
    vae = VAE(64, 2, hidden=[64], likelihood=likelihood)
    return climb(vae, images, objective, steps, seeded(seed))


@pytest.mark.slow
def test_what_the_wrong_sign_does_to_training():
    images, ceiling = load_digits().train_images, -32 * math.log(2 * math.pi)
    left, passed, ruined = [], [], []
    for seed in range(3):
        left.append(fitted(seed, lambda rec, kl: rec - kl, "gaussian", images)[1][-1])
        rec, kl = fitted(seed, lambda rec, kl: rec + kl, "gaussian", images)
        passed.append((rec + kl)[100] - ceiling)
        ruined.append((kl - rec)[-1].log10())
    claim(
        "objective-unit-variance-forgets",
        "With the right sign and unit variance, the KL of the 8x8 digits falls below a "
        "tenth of a nat within 600 steps.",
        left, below=0.1,
    )  # fmt: skip
    claim(
        "objective-wrong-sign-passes",
        "With the wrong sign the reported number is above the largest possible ELBO "
        "after a hundred steps.",
        passed, above=0.0,
    )  # fmt: skip
    claim(
        "objective-wrong-sign-ruins",
        "With the wrong sign the true ELBO is below minus a million nats after 600 "
        "steps: minus it has a logarithm to base 10 above 6.",
        ruined, above=6.0,
    )  # fmt: skip


@pytest.mark.slow
def test_what_a_mean_in_place_of_a_sum_does_to_training():
    images = binarize(load_digits().train_images, seeded())
    kls = {1: [], 1 / 64: []}
    for seed in range(3):
        for weight, of_weight in kls.items():
            _, kl = fitted(seed, lambda r, k, w=weight: w * r - k, "bernoulli", images)
            of_weight.append(kl[-100:].mean())
    claim(
        "objective-sum-keeps",
        "With a sum over pixels the KL of the 8x8 digits stays above one nat.",
        kls[1], above=1.0,
    )  # fmt: skip
    claim(
        "objective-mean-forgets",
        "With a mean over pixels the KL of the 8x8 digits falls below a tenth of a nat.",
        kls[1 / 64], below=0.1,
    )  # fmt: skip


# The complete model on the chapter's page


@pytest.fixture(scope="module")
def page():
    """The names that the cell defines, without its run."""
    book = Path(__file__).resolve().parents[1] / "book" / "06-objective.md"
    (cell,) = [c for c in jupytext.read(book).cells if "class PlainVAE" in c.source]
    assert "vae_lib" not in cell.source
    names: dict = {}
    source = re.sub(r"(?ms)\A---.*?^---$", "", cell.source)
    with torch.random.fork_rng(devices=[]):
        exec(source.replace("2000, generator", "3, generator"), names)  # it runs alone
    return names


def test_the_page_computes_the_librarys_elbo(page):
    torch.manual_seed(3)
    ours, plain = VAE(64, 2, hidden=[64]).double(), page["PlainVAE"]().double()
    plain.encoder.load_state_dict(ours.encoder.net.state_dict())
    plain.decoder.load_state_dict(ours.decoder.net.state_dict())
    x = binarize(load_digits().test_images, seeded()).double()
    reconstruction, kl = elbo_terms(ours, x, seeded(4))
    epsilon = torch.randn(len(x), 2, generator=seeded(4), dtype=torch.float64)
    torch.testing.assert_close(plain.elbo(x, epsilon), reconstruction - kl)
    # and also where a naive softplus overflows
    with torch.no_grad():
        for decoder in (ours.decoder.net, plain.decoder):
            decoder[-1].bias.fill_(800)
    reconstruction, kl = elbo_terms(ours, x, seeded(4))
    torch.testing.assert_close(plain.elbo(x, epsilon), reconstruction - kl)


@pytest.mark.slow
def test_the_page_reaches_the_librarys_elbo(page):
    digits = load_digits()
    images = binarize(digits.train_images, seeded())  # then the page draws the same
    test = binarize(digits.test_images, seeded(1))
    differences = []
    for seed in range(5):
        torch.manual_seed(seed)
        plain = page["PlainVAE"]()
        page["train"](plain, images, 1000, seeded(seed))
        torch.manual_seed(100 + seed)
        ours = VAE(64, 2, hidden=[64])
        climb(ours, images, lambda rec, kl: rec - kl, 1000, seeded(100 + seed))
        with torch.no_grad():
            epsilon = torch.randn(100, len(test), 2, generator=seeded(seed))
            of_page = plain.elbo(test, epsilon).mean()
            rec, kl = elbo_terms(ours, test.expand(100, -1, -1), seeded(seed))
        differences.append(of_page - (rec - kl).mean())
    claim(
        "objective-one-page",
        "On new 8x8 digits the model on one page and vae_lib's, each from its own start, "
        "end within a nat of each other after a thousand steps.",
        differences, above=-1.0, below=1.0,
    )  # fmt: skip
