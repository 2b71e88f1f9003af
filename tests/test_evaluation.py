import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch import distributions as dist

from tests.measured import kept
from vae_lib.checks import claim
from vae_lib.data import binarize, load_digits
from vae_lib.elbo import LinearGaussian
from vae_lib.encoder_decoder import VAE
from vae_lib.evaluation import (
    generalisation_gap,
    importance_weighted_bound,
    importance_weighted_objective,
    log_likelihood_estimate,
    log_weights,
    near_posterior,
    symbolic_weight_variance,
    toy_log_weights,
)
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import elbo_objective, elbo_terms
from vae_lib.training import train

few = settings(max_examples=30)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def linear_vae(sigma=0.6):
    """A VAE without hidden layers: its decoder is linear, so its evidence is exact."""
    torch.manual_seed(3)
    vae = VAE(3, 2, hidden=(), likelihood="gaussian", variance=sigma**2)
    layer = vae.decoder.net[0]
    exact = LinearGaussian(layer.weight.detach(), layer.bias.detach(), sigma)
    return vae, exact


def one_dimensional(width=1.5, shift=0.7):
    model = LinearGaussian(torch.tensor([[1.0], [0.5]]), torch.zeros(2), 0.5)
    x = torch.tensor([1.2, -0.3], dtype=torch.float64)
    return model, x, *near_posterior(model, x, width, shift)


@pytest.mark.parametrize("width", [1.0, 1.4])
def test_weights_average_to_the_exact_evidence_for_every_image(width):
    vae, exact = linear_vae()
    x = torch.randn(4, 3, generator=generator(1))
    log_w = log_weights(vae, x, 20_000, generator(2), chunk=500, width=width)
    assert log_w.shape == (4, 20_000) and log_w.dtype == torch.float64
    assert not log_w.requires_grad
    for log_w_n, truth in zip(log_w, exact.log_evidence(x), strict=True):
        relative = Estimate.of((log_w_n - truth).exp())
        assert abs(relative.z_score(1.0)) < 5


@pytest.mark.parametrize("width", [1.0, 0.5, 1.7])
def test_weights_are_the_densities_of_torch_for_a_bernoulli_decoder(width):
    torch.manual_seed(0)
    vae = VAE(9, 2, hidden=(8,))
    x = torch.bernoulli(torch.full((5, 9), 0.5), generator=generator(1))
    log_w = log_weights(vae, x, 3, generator(2), chunk=3, width=width)
    mu, log_var = vae.encode(x)
    q = dist.Normal(mu, width * (0.5 * log_var).exp())
    z = mu + q.scale * torch.randn(3, 5, 2, generator=generator(2))
    p = dist.Bernoulli(vae.decode(z))
    joint = p.log_prob(x).sum(-1) + dist.Normal(0.0, 1.0).log_prob(z).sum(-1)
    expected = (joint - q.log_prob(z).sum(-1)).detach().T
    torch.testing.assert_close(log_w.float(), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("K", [1, 7, 20])
def test_exactly_as_many_samples_are_drawn_as_asked_for(K):
    """pythae's get_nll draws a whole batch whatever it is asked for."""
    vae, _ = linear_vae()
    assert log_weights(vae, torch.zeros(2, 3), K, generator(), chunk=10).shape == (2, K)


def test_weights_refuse_nonsense():
    vae, _ = linear_vae()
    with pytest.raises(ValueError, match="K must be at least 1, got 0"):
        log_weights(vae, torch.zeros(2, 3), 0, generator())
    for width in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="width must be positive and finite, got"):
            log_weights(vae, torch.zeros(2, 3), 5, generator(), width=width)
    with pytest.raises(ValueError, match=r"shape \(B, D\), B >= 1, got \(3,\)"):
        log_weights(vae, torch.zeros(3), 5, generator())
    with pytest.raises(ValueError, match="expected images with 3 pixels"):
        log_weights(vae, torch.zeros(2, 4), 5, generator())


def test_one_sample_gives_the_elbo_of_the_objective():
    vae, _ = linear_vae()
    x = torch.randn(1, 3, generator=generator(4))
    log_w = log_weights(vae, x, 40_000, generator(5), chunk=1000)
    ours = Estimate.of(log_w[0])
    torch.testing.assert_close(importance_weighted_bound(log_w, 1)[0].item(), ours.value)
    with torch.no_grad():
        reconstruction, kl = elbo_terms(vae, x.expand(40_000, 3), generator(6))
    theirs = Estimate.of(reconstruction - kl)
    error = math.hypot(ours.standard_error, theirs.standard_error)
    assert abs(ours.value - theirs.value) < 5 * error


def test_linear_gaussian_weights_against_the_closed_forms():
    model, x, mu, C = one_dimensional()
    log_w = toy_log_weights(model, x, mu, C, (50_000,), generator(7))
    assert abs(Estimate.of(log_w).z_score(model.elbo(x, mu, C).item())) < 5
    evidence = Estimate.of((log_w - model.log_evidence(x)).exp())
    assert abs(evidence.z_score(1.0)) < 5


def test_linear_gaussian_weights_in_two_dimensions_with_a_full_covariance():
    _, model = linear_vae()
    x = torch.tensor([0.3, -0.5, 1.0], dtype=torch.float64)
    C = torch.tensor([[1.0, 0.6], [0.6, 0.8]], dtype=torch.float64)
    mu = torch.tensor([0.2, -0.1], dtype=torch.float64)
    log_w = toy_log_weights(model, x, mu, C, (200, 300), generator(8))
    assert log_w.shape == (200, 300)
    assert abs(Estimate.of(log_w.flatten()).z_score(model.elbo(x, mu, C).item())) < 5
    with pytest.raises(ValueError, match=r"need mu \(2,\) and covariance \(2, 2\)"):
        toy_log_weights(model, x, mu, C[:1, :1], (3,), generator())


def test_the_perfect_q_gives_the_evidence_from_one_sample():
    model, x, mu, C = one_dimensional(width=1.0, shift=0.0)
    log_w = toy_log_weights(model, x, mu, C, (50,), generator(9))
    torch.testing.assert_close(log_w, model.log_evidence(x).expand(50))


def test_the_bound_at_two_samples_against_quadrature():
    """L_2 = E[log((w_1 + w_2) / 2)], an integral over two normals, by Gauss and Hermite."""
    model, x, mu, C = one_dimensional()
    sd = C[0, 0].sqrt().item()

    def log_w_at(e):
        z = mu + sd * torch.tensor([e], dtype=torch.float64)
        return model.log_joint(x, z).item() - stats.norm(mu.item(), sd).logpdf(z.item())

    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    log_w = np.array([log_w_at(e) for e in nodes])
    pairs = np.logaddexp(log_w[:, None], log_w) - math.log(2)
    exact = weights @ pairs @ weights
    # ... and the nodes against adaptive quadrature, in one dimension
    elbo = integrate.quad(lambda e: log_w_at(e) * stats.norm.pdf(e), -9, 9)[0]
    assert weights @ log_w == pytest.approx(elbo, abs=1e-8)
    samples = toy_log_weights(model, x, mu, C, (40_000, 2), generator(10))
    ours = Estimate.of(importance_weighted_bound(samples, 2))
    assert abs(ours.z_score(exact)) < 5


def test_what_training_maximises_is_the_bound_and_its_mean_is_the_exact_one():
    """Values: unbiased for L_K, so exp has the mean p(x), which a linear model knows."""
    vae, exact = linear_vae()
    x = torch.randn(1, 3, generator=generator(14))
    with torch.no_grad():
        bound, parts = importance_weighted_objective(
            vae, x.expand(40_000, 3), generator(15), K=4
        )
    assert bound.shape == (40_000,) and parts == {}
    log_w = log_weights(vae, x, 160_000, generator(16), chunk=1000).view(40_000, 4)
    theirs = Estimate.of(importance_weighted_bound(log_w, 4))
    ours = Estimate.of(bound.double())
    error = math.hypot(ours.standard_error, theirs.standard_error)
    assert abs(ours.value - theirs.value) < 5 * error
    evidence = Estimate.of((bound.double() - exact.log_evidence(x)).exp())
    assert abs(evidence.z_score(1.0)) < 5


def test_the_slope_that_training_follows_is_that_of_the_bound():
    """Against finite differences of the bound from weights by torch's densities."""
    torch.manual_seed(1)
    vae = VAE(9, 2, hidden=(8,)).double()
    x = torch.bernoulli(torch.full((5, 9), 0.5), generator=generator(17)).double()

    def bound():
        mu, log_var = vae.encode(x)
        q = dist.Normal(mu, (0.5 * log_var).exp())
        noise = torch.randn(3, 5, 2, generator=generator(18), dtype=torch.float64)
        z = mu + q.scale * noise
        joint = dist.Bernoulli(vae.decode(z)).log_prob(x).sum(-1)
        joint = joint + dist.Normal(0.0, 1.0).log_prob(z).sum(-1)
        return importance_weighted_bound((joint - q.log_prob(z).sum(-1)).T, 3).sum()

    importance_weighted_objective(vae, x, generator(18), K=3)[0].sum().backward()
    for parameter in vae.parameters():
        v = torch.randn(parameter.shape, generator=generator(19), dtype=torch.float64)
        with torch.no_grad():
            parameter += 1e-5 * v
            up = bound()
            parameter -= 2e-5 * v
            slope = (up - bound()) / 2e-5
            parameter += 1e-5 * v
        torch.testing.assert_close((parameter.grad * v).sum(), slope, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_slope_through_chosen_samples_is_unbiased_and_the_value_that_of_all():
    """With one seed both see the same K samples; only which are chosen differs."""
    torch.manual_seed(2)
    vae = VAE(9, 2, hidden=(8,)).double()
    x = torch.bernoulli(torch.full((5, 9), 0.5), generator=generator(21)).double()
    directions = [
        torch.randn(p.shape, generator=generator(22), dtype=torch.float64)
        for p in vae.parameters()
    ]

    def value_and_slopes(seed, chosen):
        noise = generator(seed)
        bound, _ = importance_weighted_objective(vae, x, noise, K=6, chosen=chosen)
        slopes = torch.autograd.grad(bound.sum(), vae.parameters())
        return bound, [(s * v).sum() for s, v in zip(slopes, directions, strict=True)]

    differences = []
    for seed in range(400):
        all_of_them, exact = value_and_slopes(seed, None)
        few, estimate = value_and_slopes(seed, 2)
        assert torch.equal(few, all_of_them)
        differences.append(torch.stack(estimate) - torch.stack(exact))
    # 8 parameters, 5 standard errors: a false alarm in 200,000 runs
    for difference in torch.stack(differences).T:
        assert difference.std() > 0
        assert abs(Estimate.of(difference).z_score(0.0)) < 5


def test_where_training_broke_down_the_loop_can_say_so():
    vae = VAE(9, 2, hidden=(8,))
    with torch.no_grad():
        vae.encoder.net[0].bias.fill_(math.nan)
    bound, _ = importance_weighted_objective(
        vae, torch.zeros(5, 9), generator(), 3, chosen=1
    )
    assert bound.isnan().all()


weights_of = st.lists(st.floats(-50, 5), min_size=12, max_size=12).map(
    lambda v: torch.tensor(v, dtype=torch.float64)
)


@few
@given(weights_of)
def test_the_bound_never_falls_when_groups_are_merged(log_w):
    bounds = [importance_weighted_bound(log_w, k) for k in (1, 2, 4, 12)]
    for looser, tighter in zip(bounds[:-1], bounds[1:], strict=True):
        assert tighter >= looser - 1e-9
    torch.testing.assert_close(bounds[0], log_w.mean())
    torch.testing.assert_close(bounds[-1], log_likelihood_estimate(log_w).value)


@few
@given(weights_of, st.floats(-2000, 2000))
def test_a_common_factor_of_the_weights_only_shifts_the_estimates(log_w, c):
    value, error = log_likelihood_estimate(log_w)
    shifted = log_likelihood_estimate(log_w + c)
    torch.testing.assert_close(shifted.value, value + c)
    torch.testing.assert_close(shifted.standard_error, error)
    torch.testing.assert_close(
        importance_weighted_bound(log_w + c, 3), importance_weighted_bound(log_w, 3) + c
    )


def test_what_does_not_fill_a_group_is_not_used():
    log_w = torch.tensor([0.0, 1.0, 2.0, 3.0, 99.0])
    expected = (torch.tensor([0.0, 2.0]) + math.log((1 + math.e) / 2)).mean()
    torch.testing.assert_close(importance_weighted_bound(log_w, 2), expected)


def test_the_standard_error_is_the_relative_error_of_the_mean_weight():
    log_w = torch.randn(3, 40, generator=generator(11), dtype=torch.float64)
    value, error = log_likelihood_estimate(log_w)
    for i in range(3):
        w = log_w[i].exp().numpy()
        assert value[i].item() == pytest.approx(math.log(w.mean()))
        assert error[i].item() == pytest.approx(stats.sem(w) / w.mean())


def test_q_misses_the_posterior_by_the_width_and_the_shift_asked_for():
    _, model = linear_vae()
    x = torch.tensor([0.3, -0.5, 1.0], dtype=torch.float64)
    mean, covariance = model.posterior(x)
    mu, C = near_posterior(model, x, 1.5, 0.7)
    off = (mu - mean) / covariance.diagonal().sqrt()
    torch.testing.assert_close(off, torch.full((2,), 0.7, dtype=torch.float64))
    torch.testing.assert_close(C, 2.25 * covariance)
    with pytest.raises(ValueError, match="width must be positive, got 0"):
        near_posterior(model, x, 0.0, 0.7)


@pytest.mark.slow
def test_the_symbolic_weight_variance_against_quadrature():
    formula, (a, tau) = symbolic_weight_variance()
    for shift, width in [(0, 1), (0.7, 1.5), (-2, 0.8), (1, 3)]:
        q = stats.norm(shift, width)
        square, _ = integrate.quad(
            lambda z, q=q: stats.norm.pdf(z) ** 2 / q.pdf(z), -20, 20
        )
        assert float(formula.subs({a: shift, tau: width})) == pytest.approx(square - 1)


def test_bias_and_scatter_follow_the_delta_method():
    tau, a, K = 1.5, 0.7, 64
    model, x, mu, C = one_dimensional(tau, a)
    # the relative variance of one weight by quadrature, in posterior deviations
    p, q = stats.norm(), stats.norm(a, tau)
    V = integrate.quad(lambda z: p.pdf(z) ** 2 / q.pdf(z), -12, 12)[0] - 1
    log_w = toy_log_weights(model, x, mu, C, (20_000, K), generator(12))
    value, error = log_likelihood_estimate(log_w)
    miss = Estimate.of(value - model.log_evidence(x))
    assert abs(miss.z_score(-V / (2 * K))) < 5 and miss.value < 0
    assert value.std().item() == pytest.approx(math.sqrt(V / K), rel=0.05)
    assert error.mean().item() == pytest.approx(math.sqrt(V / K), rel=0.05)


@pytest.mark.parametrize("k", [0, 6])
def test_the_bound_refuses_a_k_that_it_has_no_samples_for(k):
    with pytest.raises(ValueError, match=f"between 1 and .* weights, 5, got {k}"):
        importance_weighted_bound(torch.zeros(5), k)


def test_a_single_weight_has_no_standard_error():
    with pytest.raises(ValueError, match="at least two weights, got 1"):
        log_likelihood_estimate(torch.zeros(4, 1))


def test_the_generalisation_gap_is_welchs():
    train = torch.randn(400, generator=generator(13)).double() + 1
    test = 3 * torch.randn(900, generator=generator(14)).double()
    gap = generalisation_gap(train, test)
    welch = stats.ttest_ind(train.numpy(), test.numpy(), equal_var=False)
    assert gap.value / gap.standard_error == pytest.approx(welch.statistic)
    assert gap.value > 0 and gap.n == 1300


def test_the_bound_leaves_gradients_off_where_they_are_off():
    vae = VAE(9, 2, hidden=(8,))
    for chosen in (None, 2):
        with torch.no_grad():
            bound, _ = importance_weighted_objective(
                vae, torch.zeros(5, 9), generator(), 3, chosen
            )
        assert not bound.requires_grad


@pytest.mark.parametrize(
    ("K", "chosen", "shape", "message"),
    [
        (0, None, (5, 9), "K must be at least 1, got 0"),
        (3, 0, (5, 9), "chosen must be at least 1, got 0"),
        (3, None, (9,), r"shape \(B, D\), got \(9,\)"),
        (3, 1, (2, 5, 9), r"shape \(B, D\), got \(2, 5, 9\)"),
    ],
)
def test_the_bound_refuses_what_makes_none(K, chosen, shape, message):
    vae = VAE(9, 2, hidden=(8,))
    with pytest.raises(ValueError, match=message):
        importance_weighted_objective(vae, torch.zeros(shape), generator(), K, chosen)


@kept
def bounds_of(beta: float, seed: int) -> tuple[float, float]:
    """The exercise on beta: the bound from 300 samples, with the width of q that training
    digits ask for, and the ELBO."""
    digits = load_digits()
    images = binarize(digits.test_images, generator(0))
    for_width = binarize(digits.train_images[:150], generator(1))
    torch.manual_seed(seed)
    vae = VAE(x_dim=64, z_dim=8, hidden=(128, 64))
    train(
        vae, digits.train_images, epochs=40, batch_size=50, learning_rate=4e-3,
        seed=seed, objective=partial(elbo_objective, beta=beta),
        dynamic_binarization=True, progress=False,
    )  # fmt: skip

    def bound(images, width):
        log_w = log_weights(vae, images, 300, generator(seed), 50, width)
        return log_likelihood_estimate(log_w).value.mean().item()

    widths = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0]
    width = max(widths, key=partial(bound, for_width))
    assert width < widths[-1]
    elbo = log_weights(vae, images, 20, generator(seed)).mean()
    return bound(images, width), elbo.item()


@pytest.mark.slow
def test_a_smaller_weight_gives_the_better_decoder_and_the_worse_elbo():
    small, one = ([bounds_of(beta, k) for k in range(6)] for beta in (0.3, 1.0))
    better = [s[0] - o[0] for s, o in zip(small, one, strict=True)]
    elbo = [o[1] - s[1] for s, o in zip(small, one, strict=True)]
    claim(
        "evaluation-beta-third",
        "On new 8x8 digits the bound from 300 samples, with a width of q chosen on "
        "training images, is larger for beta = 0.3 than for beta = 1.",
        better,
        above=0,
    )
    claim(
        "evaluation-beta-third-elbo",
        "There beta = 1 has the larger ELBO, by more than half a nat.",
        elbo,
        above=0.5,
    )
