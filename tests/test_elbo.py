"""Chapter elbo against quadrature, torch.distributions, SymPy and finite differences."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch.distributions import MultivariateNormal, kl_divergence

from vae_lib.elbo import LinearGaussian, multivariate_gaussian_kl, symbolic_decomposition

sizes = st.tuples(st.integers(1, 4), st.integers(1, 4))
seeds = st.integers(0, 2**31)


def random_model(D, H, seed, sigma=0.6):
    """A model, one observation, and a Gaussian q that has nothing to do with either."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    A = normal(H, H)
    C = A @ A.T + 0.1 * torch.eye(H, dtype=torch.float64)
    return LinearGaussian(normal(D, H), normal(D), sigma), 2 * normal(D), normal(H), C


def one_dimensional(w=1.3, b=-0.4, sigma=0.7):
    return LinearGaussian([[w]], [b], sigma)


def scalar(value):
    return torch.tensor([value], dtype=torch.float64)


# ---- the decomposition -----------------------------------------------------------------


@settings(max_examples=150)
@given(size=sizes, seed=seeds, sigma=st.floats(0.3, 3))
def test_elbo_and_gap_add_up_to_the_evidence_for_any_q(size, seed, sigma):
    model, x, mu, C = random_model(*size, seed, sigma)
    total = model.elbo(x, mu, C) + model.kl_to_posterior(x, mu, C)
    assert abs(total - model.log_evidence(x)) < 1e-10


@settings(max_examples=50)
@given(size=sizes, seed=seeds)
def test_elbo_is_a_bound_and_tight_at_the_posterior_alone(size, seed):
    model, x, mu, C = random_model(*size, seed)
    evidence = model.log_evidence(x)
    assert model.elbo(x, mu, C) < evidence
    assert abs(model.elbo(x, *model.posterior(x)) - evidence) < 1e-10
    mean, S = model.posterior(x)
    assert model.elbo(x, mean + 0.01, S) < evidence
    assert model.elbo(x, mean, 1.02 * S) < evidence


def test_every_z_gives_the_evidence_as_joint_over_posterior():
    model, x, _, _ = random_model(3, 2, seed=5)
    mean, S = model.posterior(x)
    z = torch.linspace(-3, 3, 14, dtype=torch.float64).reshape(7, 2)
    quotient = model.log_joint(x, z) - MultivariateNormal(mean, S).log_prob(z)
    np.testing.assert_allclose(quotient, model.log_evidence(x).expand(7), atol=1e-10)


def test_sympy_proves_the_decomposition_in_one_dimension():
    evidence, elbo, gap, symbols = symbolic_decomposition()
    difference = sp.expand_log(sp.factor(evidence - elbo - gap, deep=True), force=True)
    assert sp.simplify(difference) == 0

    values = dict(zip(symbols, [1.3, -0.4, 0.7, 1.1, 0.2, 0.5], strict=True))
    model, x, mu, C = one_dimensional(), scalar(1.1), scalar(0.2), scalar(0.25)[:, None]
    for symbolic, number in [
        (evidence, model.log_evidence(x)),
        (elbo, model.elbo(x, mu, C)),
        (gap, model.kl_to_posterior(x, mu, C)),
    ]:
        assert number.item() == pytest.approx(float(symbolic.subs(values)), rel=1e-12)


# ---- each quantity against quadrature --------------------------------------------------


def quad(f):
    return integrate.quad(f, -12, 12, epsabs=1e-13, limit=200)[0]


def joint_density(x, z):
    return stats.norm.pdf(x, 1.3 * z - 0.4, 0.7) * stats.norm.pdf(z)


@pytest.mark.parametrize("x", [-2.5, 0.0, 1.1])
def test_evidence_and_posterior_against_quadrature(x):
    model = one_dimensional()
    evidence = quad(lambda z: joint_density(x, z))
    mean = quad(lambda z: z * joint_density(x, z)) / evidence
    variance = quad(lambda z: (z - mean) ** 2 * joint_density(x, z)) / evidence
    assert model.log_evidence(scalar(x)).item() == pytest.approx(
        math.log(evidence), rel=1e-9
    )
    m, S = model.posterior(scalar(x))
    assert m.item() == pytest.approx(mean, rel=1e-9)
    assert S.item() == pytest.approx(variance, rel=1e-9)


def test_evidence_with_two_latents_against_quadrature():
    W, b, sigma = np.array([[0.8, -0.3], [0.2, 1.1]]), np.array([0.5, -0.2]), 0.9
    x = np.array([1.0, 0.4])

    def density(z_2, z_1):
        z = np.array([z_1, z_2])
        squares = ((x - W @ z - b) ** 2).sum() / sigma**2 + (z**2).sum()
        return math.exp(-squares / 2) / (4 * math.pi**2 * sigma**2)

    evidence = integrate.dblquad(density, -7, 7, -7, 7, epsabs=1e-9)[0]
    model = LinearGaussian(torch.tensor(W), torch.tensor(b), sigma)
    value = model.log_evidence(torch.tensor(x)).item()
    assert value == pytest.approx(math.log(evidence), rel=1e-6)


def test_elbo_against_quadrature():
    x, q = 1.1, stats.norm(0.2, 0.5)
    expected = quad(lambda z: q.pdf(z) * (np.log(joint_density(x, z)) - q.logpdf(z)))
    ours = one_dimensional().elbo(scalar(x), scalar(0.2), scalar(0.25)[:, None])
    assert ours.item() == pytest.approx(expected, rel=1e-9)


def test_log_joint_is_likelihood_times_prior():
    model, x, z, _ = random_model(3, 2, seed=8)
    likelihood = stats.multivariate_normal(
        (model.W @ z + model.b).numpy(), 0.36 * np.eye(3)
    )
    prior = stats.multivariate_normal(np.zeros(2), np.eye(2))
    assert model.log_likelihood(x, z).item() == pytest.approx(likelihood.logpdf(x.numpy()))
    expected = likelihood.logpdf(x.numpy()) + prior.logpdf(z.numpy())
    assert model.log_joint(x, z).item() == pytest.approx(expected)


@settings(max_examples=50)
@given(H=st.integers(1, 5), seed=seeds)
def test_multivariate_kl_is_torchs(H, seed):
    _, _, mu_1, C_1 = random_model(1, H, seed)
    _, _, mu_2, C_2 = random_model(1, H, seed + 1)
    expected = kl_divergence(MultivariateNormal(mu_1, C_1), MultivariateNormal(mu_2, C_2))
    ours = multivariate_gaussian_kl(mu_1, C_1, mu_2, C_2)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-8)
    assert abs(multivariate_gaussian_kl(mu_1, C_1, mu_1, C_1)) < 1e-12


# ---- batches, gradients, samples -------------------------------------------------------


def test_a_batch_is_its_items():
    model, _, _, _ = random_model(3, 2, seed=2)
    items = [random_model(3, 2, seed=seed)[1:] for seed in (3, 4, 5)]
    x, mu, C = (torch.stack(parts) for parts in zip(*items, strict=True))
    for method in (model.elbo, model.kl_to_posterior):
        assert method(x, mu, C).shape == (3,)
        np.testing.assert_allclose(method(x, mu, C), [method(*item) for item in items])
        np.testing.assert_allclose(method(x[0], mu, C[0])[1], method(x[0], mu[1], C[0]))
    np.testing.assert_allclose(model.log_evidence(x), [model.log_evidence(v) for v in x])
    np.testing.assert_allclose(model.posterior(x)[0][2], model.posterior(x[2])[0])


def test_gradients_are_finite_differences():
    model, x, mu, C = random_model(3, 2, seed=6)

    def elbo(W, b, sigma, mu, C):
        C = (C + C.mT) / 2  # so that a difference in one entry stays a covariance
        return LinearGaussian(W, b, sigma).elbo(x, mu, C)

    arguments = [model.W, model.b, model.sigma, mu, C]
    for argument in arguments:
        argument.requires_grad_()
    assert torch.autograd.gradcheck(elbo, arguments)


def test_samples_have_the_evidences_mean_and_covariance():
    model, _, _, _ = random_model(3, 2, seed=9)
    n = 200_000
    x = model.sample(n, torch.Generator().manual_seed(1))
    covariance = (model.W @ model.W.T + 0.36 * torch.eye(3)).numpy()
    assert x.shape == (n, 3) and x.dtype == torch.float64
    standard_error = np.sqrt(np.diag(covariance) / n)
    assert (abs(x.mean(0).numpy() - model.b.numpy()) < 5 * standard_error).all()
    spread = np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2
    assert (abs(np.cov(x.numpy().T) - covariance) < 5 * np.sqrt(spread / n)).all()
    again = model.sample(n, torch.Generator().manual_seed(1))
    assert torch.equal(x, again)


def test_float32_and_lists_become_float64():
    model = LinearGaussian([[1.0], [2.0]], [0.0, 0.0], 1)
    assert model.log_evidence(torch.zeros(2)).dtype == torch.float64
    assert model.elbo(torch.zeros(2), torch.zeros(1), torch.eye(1)).dtype == torch.float64


# ---- errors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((torch.zeros(3), torch.zeros(3), 1.0), r"W must have shape \(D, H\), got \(3,\)"),
        ((torch.zeros(3, 0), torch.zeros(3), 1.0), r"W must have shape \(D, H\)"),
        ((torch.zeros(3, 2), torch.zeros(2), 1.0), r"b must have shape \(3,\), got \(2,\)"),
        ((torch.zeros(3, 2), torch.zeros(1, 3), 1.0), r"b must have shape \(3,\)"),
        ((torch.zeros(3, 2), torch.zeros(3), 0.0), "sigma must be one positive number"),
        ((torch.zeros(3, 2), torch.zeros(3), -1.0), "sigma must be one positive number"),
        ((torch.zeros(3, 2), torch.zeros(3), math.nan), "sigma must be one positive"),
        ((torch.zeros(3, 2), torch.zeros(3), math.inf), "sigma must be one positive"),
        ((torch.zeros(3, 2), torch.zeros(3), torch.ones(3)), "sigma must be one positive"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LinearGaussian(*arguments)


def test_wrong_shapes_are_named():
    model, x, mu, C = random_model(3, 2, seed=1)
    for call in (model.log_evidence, model.posterior):
        with pytest.raises(
            ValueError, match=r"x must have shape \(\.\.\., 3\), got \(2,\)"
        ):
            call(torch.zeros(2))
    with pytest.raises(ValueError, match=r"z must have shape \(\.\.\., 2\)"):
        model.log_joint(x, torch.zeros(3))
    for call in (model.elbo, model.kl_to_posterior):
        with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., 3\)"):
            call(torch.tensor(1.0), mu, C)
        with pytest.raises(ValueError, match=r"mu\w* must have shape|covariance must have"):
            call(x, torch.zeros(3), C)
        with pytest.raises(
            ValueError, match=r"covariance must have shape \(\.\.\., 2, 2\)"
        ):
            call(x, mu, C[0])
        with pytest.raises(ValueError, match=r"\(\.\.\., 2, 2\), got \(3, 2\)"):
            call(x, mu, torch.zeros(3, 2))


@pytest.mark.parametrize(
    "C",
    [-torch.eye(2), torch.tensor([[1.0, 0.5], [0.0, 1.0]]), torch.full((2, 2), math.nan)],
)
def test_a_matrix_that_is_no_covariance_is_refused(C):
    model, x, mu, _ = random_model(3, 2, seed=1)
    for call in (model.elbo, model.kl_to_posterior):
        with pytest.raises(ValueError, match="symmetric and positive definite"):
            call(x, mu, C)


def test_a_covariance_of_small_numbers_is_held_to_the_same_symmetry():
    C = 1e-8 * torch.tensor([[1.0, 0.9], [0.0, 1.0]], dtype=torch.float64)
    with pytest.raises(ValueError, match="symmetric"):
        multivariate_gaussian_kl(torch.zeros(2), C, torch.zeros(2), torch.eye(2))


def test_the_model_keeps_its_own_copy_of_the_parameters():
    W, b = torch.ones(2, 1, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    model, x = LinearGaussian(W, b, 0.5), torch.ones(2, dtype=torch.float64)
    before = model.log_evidence(x)
    W.mul_(5)
    assert model.log_evidence(x) == before
