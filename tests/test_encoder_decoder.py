"""The networks against torch.distributions, SymPy, finite differences and their shapes."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from torch import nn
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal

from vae_lib.checks import claim
from vae_lib.data import binarize, load_digits
from vae_lib.encoder_decoder import (
    VAE,
    BernoulliDecoder,
    CurvedModel,
    Decoder,
    Encoder,
    GaussianDecoder,
    LatentPlane,
    diagonal_gaussian_log_density,
    mlp,
)
from vae_lib.evaluation import log_weights
from vae_lib.objective import Terms, elbo_terms
from vae_lib.training import train

few = settings(max_examples=25)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        yield


def logit_is_z() -> BernoulliDecoder:
    """One pixel whose logit is z itself."""
    decoder = BernoulliDecoder(1, (), 1).double()
    with torch.no_grad():
        decoder.net[0].weight.fill_(1)
        decoder.net[0].bias.zero_()
    return decoder


def test_diagonal_gaussian_is_torchs_multivariate_normal():
    z, mu, log_var = torch.randn(3, 6, 4, dtype=torch.float64)
    expected = MultivariateNormal(mu, torch.diag_embed(log_var.exp())).log_prob(z)
    torch.testing.assert_close(diagonal_gaussian_log_density(z, mu, log_var), expected)


def test_diagonal_gaussian_broadcasts_samples_over_images():
    z = torch.randn(7, 5, 2, dtype=torch.float64)
    mu, log_var = torch.randn(2, 5, 2, dtype=torch.float64)
    expected = Independent(Normal(mu, torch.exp(0.5 * log_var)), 1).log_prob(z)
    ours = diagonal_gaussian_log_density(z, mu, log_var)
    assert ours.shape == (7, 5)
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("shapes", [((3, 1), (3, 2), (3, 2)), ((3, 2), (3, 2), (3, 1))])
def test_diagonal_gaussian_refuses_other_sizes(shapes):
    with pytest.raises(ValueError, match="must agree on the last axis"):
        diagonal_gaussian_log_density(*(torch.zeros(s) for s in shapes))


@few
@given(st.floats(-300, 300), st.floats(0, 1))
def test_bernoulli_pixel_is_the_exact_log_likelihood(logit, pixel):
    """Against SymPy with 50 digits, also where a sigmoid rounds to 0 or 1."""
    z = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    ours = logit_is_z().log_likelihood(torch.tensor([pixel], dtype=torch.float64), z)
    (slope,) = torch.autograd.grad(ours, z)
    a, x = sp.Rational(logit), sp.Rational(pixel)
    exact = sp.N(x * a - sp.log(1 + sp.exp(a)), 50)
    # a grey pixel far out leaves a small difference of large numbers: a few roundings
    rounding = 1e-15 * max(1, abs(logit))
    assert ours.item() == pytest.approx(float(exact), rel=1e-12, abs=rounding)
    exact_slope = float(sp.N(x - 1 / (1 + sp.exp(-a)), 50))
    assert slope.item() == pytest.approx(exact_slope, rel=1e-9, abs=1e-15)


def test_bernoulli_log_likelihood_is_torchs():
    decoder = BernoulliDecoder(2, (8,), 6).double()
    x = torch.bernoulli(torch.full((5, 6), 0.4, dtype=torch.float64))
    z = torch.randn(7, 5, 2, dtype=torch.float64)
    expected = Independent(Bernoulli(probs=decoder(z)), 1).log_prob(x)
    torch.testing.assert_close(decoder.log_likelihood(x, z), expected)


def test_bernoulli_probabilities_of_all_images_add_up_to_one():
    decoder = BernoulliDecoder(2, (8,), 6).double()
    every_image = torch.cartesian_prod(*[torch.tensor([0.0, 1.0]).double()] * 6)
    z = torch.randn(2, dtype=torch.float64)
    total = decoder.log_likelihood(every_image, z).exp().sum()
    torch.testing.assert_close(total, torch.ones_like(total))


def test_the_start_at_the_mean_image_is_the_best_decoder_that_ignores_z():
    """Up to the small weights of a start; the best one is a coin for each pixel."""
    images = load_digits().train_images
    mean_image = images.mean(dim=0)
    decoder = BernoulliDecoder(2, (64,), 64)
    z = torch.randn(len(images), 2)
    before = decoder.log_likelihood(images, z).mean()
    decoder.start_at(mean_image)
    started = decoder.log_likelihood(images, z).mean()
    coins = Bernoulli(mean_image.clamp(1e-3, 1 - 1e-3), validate_args=False)
    best = coins.log_prob(images).sum(dim=-1).mean()
    assert best - 1 < started < best
    assert started > before + 10
    with torch.no_grad():
        decoder.net[-1].weight.zero_()
    torch.testing.assert_close(decoder.log_likelihood(images, z).mean(), best)


def test_the_start_keeps_away_from_sure_pixels():
    decoder = BernoulliDecoder(2, (8,), 3)
    decoder.start_at(torch.tensor([0.0, 0.5, 1.0]))
    bias = math.log(0.999 / 0.001)
    torch.testing.assert_close(decoder.net[-1].bias.data, torch.tensor([-bias, 0, bias]))


@pytest.mark.parametrize(
    ("mean_image", "message"),
    [
        (torch.zeros(4), "expected images with 3 pixels"),
        (torch.full((3,), 128.0), r"lies in \[0, 1\]: divide by 255"),
        (torch.tensor([0.5, math.nan, 0.5]), r"lies in \[0, 1\]"),
        (torch.zeros(2, 3), "one mean image"),
    ],
)
def test_the_start_refuses_what_is_no_mean_image(mean_image, message):
    decoder = BernoulliDecoder(2, (8,), 3)
    with pytest.raises(ValueError, match=message):
        decoder.start_at(mean_image)


@pytest.mark.parametrize("variance", [1.0, 0.03, 5.0])
def test_gaussian_log_likelihood_is_torchs(variance):
    decoder = GaussianDecoder(2, (8,), 6, variance=variance).double()
    x = torch.randn(5, 6, dtype=torch.float64)
    z = torch.randn(7, 5, 2, dtype=torch.float64)
    sigma = torch.exp(0.5 * decoder.log_var)
    expected = Independent(Normal(decoder(z), sigma), 1).log_prob(x)
    torch.testing.assert_close(decoder.log_likelihood(x, z), expected)
    assert sigma.item() ** 2 == pytest.approx(variance, rel=1e-6)


def test_the_notes_decoder_has_the_identity_covariance():
    decoder = GaussianDecoder(2, (8,), 6).double()
    x, z = torch.randn(5, 6, dtype=torch.float64), torch.randn(5, 2, dtype=torch.float64)
    identity = torch.eye(6, dtype=torch.float64)
    expected = MultivariateNormal(decoder(z), identity).log_prob(x)
    torch.testing.assert_close(decoder.log_likelihood(x, z), expected)


def test_learned_variance_gets_the_right_gradient():
    """d/dlambda of log N(x; x_hat, exp(lambda) I), by finite differences."""
    decoder = GaussianDecoder(2, (8,), 6, variance=0.2, learn_variance=True).double()
    x, z = torch.rand(6, dtype=torch.float64), torch.randn(2, dtype=torch.float64)
    decoder.log_likelihood(x, z).backward()
    with torch.no_grad():
        x_hat = decoder(z)
        at = math.log(0.2)
        low, high = (
            Normal(x_hat, math.exp(0.5 * (at + h))).log_prob(x).sum() for h in (-1e-5, 1e-5)
        )
    assert decoder.log_var.grad.item() == pytest.approx(
        (high - low).item() / 2e-5, rel=1e-5
    )
    assert not GaussianDecoder(2, (8,), 6).log_var.requires_grad


@pytest.mark.parametrize("decoder_type", [BernoulliDecoder, GaussianDecoder])
def test_decoders_refuse_images_of_another_size(decoder_type):
    decoder = decoder_type(2, (), 6)
    # One pixel would broadcast over all six, and five would raise torch's own words.
    for width in (1, 5):
        with pytest.raises(ValueError, match=rf"expected images with 6 pixels.*4, {width}"):
            decoder.log_likelihood(torch.rand(4, width), torch.randn(4, 2))


@pytest.mark.parametrize("bad", [-0.1, 1.5, math.nan])
def test_bernoulli_pixels_must_lie_in_the_unit_interval(bad):
    x = torch.rand(4, 6)
    x[2, 3] = bad
    with pytest.raises(ValueError, match=r"Bernoulli pixel must lie in \[0, 1\]"):
        BernoulliDecoder(2, (), 6).log_likelihood(x, torch.randn(4, 2))


def test_encoder_splits_the_last_axis():
    encoder = Encoder(6, (8,), 3)
    x = torch.rand(5, 6)
    mu, log_var = encoder(x)
    assert mu.shape == log_var.shape == (5, 3)
    torch.testing.assert_close(torch.cat([mu, log_var], dim=-1), encoder.net(x))


@few
@given(
    x_dim=st.integers(1, 9),
    z_dim=st.integers(1, 4),
    hidden=st.lists(st.integers(1, 5), max_size=3),
    lead=st.lists(st.integers(1, 3), max_size=2),
    likelihood=st.sampled_from(["bernoulli", "gaussian"]),
)
def test_shapes_fit_for_any_sizes_and_batch_axes(x_dim, z_dim, hidden, lead, likelihood):
    vae = VAE(x_dim, z_dim, hidden, likelihood)
    x = torch.rand(*lead, x_dim)
    mu, log_var = vae.encode(x)
    assert mu.shape == log_var.shape == (*lead, z_dim)
    assert vae.decode(mu).shape == x.shape
    assert vae.decoder.log_likelihood(x, mu).shape == tuple(lead)
    if likelihood == "bernoulli":
        assert ((vae.decode(mu) > 0) & (vae.decode(mu) < 1)).all()


def test_the_decoder_mirrors_the_encoder():
    vae = VAE(10, 2, (8, 4))
    sizes = [(layer.in_features, layer.out_features) for layer in vae.decoder.net[::2]]
    assert sizes == [(2, 4), (4, 8), (8, 10)]


def test_rows_of_a_batch_do_not_mix():
    vae = VAE(10, 2, (8, 4)).double()
    x = torch.rand(5, 10, dtype=torch.float64)
    changed = x.clone()
    changed[3] = 0.5
    difference = (vae.encode(changed)[0] - vae.encode(x)[0]).abs().sum(-1)
    assert difference[3] > 0 and (difference[[0, 1, 2, 4]] == 0).all()


@pytest.mark.parametrize("shape", [(9,), (5, 11), (10, 5), ()])
def test_encode_refuses_other_images(shape):
    with pytest.raises(ValueError, match="expected images with 10 pixels"):
        VAE(10, 2).encode(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(3,), (2, 4), ()])
def test_decode_refuses_other_latents(shape):
    with pytest.raises(ValueError, match="expected latents with 2 dimensions"):
        VAE(10, 2).decode(torch.zeros(shape))


@pytest.mark.parametrize("sizes", [(0, 2, (8,)), (10, 0, (8,)), (10, 2, (8, -1))])
def test_vae_refuses_empty_layers(sizes):
    with pytest.raises(ValueError, match="each at least 1"):
        VAE(*sizes)


def test_vae_refuses_an_unknown_likelihood():
    with pytest.raises(ValueError, match="'bernoulli' or 'gaussian', got 'poisson'"):
        VAE(10, 2, likelihood="poisson")


@pytest.mark.parametrize("variance", [0.0, -1.0, math.nan])
def test_gaussian_decoder_refuses_a_variance_that_is_none(variance):
    with pytest.raises(ValueError, match="variance must be positive"):
        VAE(10, 2, likelihood="gaussian", variance=variance)


@pytest.mark.parametrize("sizes", [[], [4], [4, 0]])
def test_mlp_refuses_sizes_that_make_no_network(sizes):
    with pytest.raises(ValueError, match="at least two sizes, each at least 1"):
        mlp(sizes)


def test_mlp_bends_between_layers_and_not_after_the_last():
    names = [type(layer).__name__ for layer in mlp([3, 4, 5, 6])]
    assert names == ["Linear", "GELU", "Linear", "GELU", "Linear"]


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_both_networks_bend_as_asked(likelihood):
    vae = VAE(4, 2, (3,), likelihood, activation=nn.Tanh)
    found = [type(layer) for half in (vae.encoder, vae.decoder) for layer in half.net]
    assert found == [nn.Linear, nn.Tanh, nn.Linear] * 2


class Laplace(Decoder):
    """A decoder of one's own, with all that the others have."""

    def __init__(self):
        super().__init__()
        self.net = mlp([2, 5, 4])

    def forward(self, z):
        return self.net(z)

    def log_likelihood(self, x, z):
        return torch.distributions.Laplace(self(z), 0.5).log_prob(x).sum(dim=-1)


@pytest.mark.parametrize("make", [BernoulliDecoder, GaussianDecoder, Laplace])
def test_every_decoder_keeps_the_contract(make):
    """K samples for each of B images, values that training and log p(x) can use."""
    torch.manual_seed(0)
    vae = VAE(4, 2, (5,))
    vae.decoder = Laplace() if make is Laplace else make(2, (5,), 4)
    assert isinstance(vae.decoder, Decoder)
    x, z = torch.ones(7, 4), torch.randn(3, 7, 2)
    assert vae.decode(z).shape == (3, 7, 4)
    together = vae.decoder.log_likelihood(x, z)
    assert together.shape == (3, 7)
    for k in range(3):
        torch.testing.assert_close(together[k], vae.decoder.log_likelihood(x, z[k]))
    assert log_weights(vae, x, 3, torch.Generator()).shape == (7, 3)


@pytest.mark.parametrize("missing", ["forward", "log_likelihood"])
def test_a_decoder_that_lacks_a_method_is_refused_by_name(missing):
    methods = {"forward": Laplace.forward, "log_likelihood": Laplace.log_likelihood}
    del methods[missing]
    with pytest.raises(TypeError, match=f"abstract method '?{missing}"):
        type("Half", (Decoder,), methods)()


@pytest.fixture(scope="module")
def curved():
    return CurvedModel()


@pytest.mark.slow
@pytest.mark.parametrize(
    "x", [(1.2, 0.2), (0.0, 1.0), (-3.0, -2.0), (3.0, 3.0), (0.0, 3.0)]
)
def test_the_curved_models_evidence_is_an_integral(curved, x):
    joint = curved.joint.subs(dict(zip(curved.x, x, strict=True)))
    integral, _ = quad(sp.lambdify(curved.z, joint), -6, 6, epsabs=0, limit=200)
    log_evidence = sp.lambdify(curved.x, curved.log_evidence)(*x)
    assert log_evidence == pytest.approx(np.log(integral), abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("mu", "sigma"), [(0.3, 0.4), (-1.5, 0.1), (2.0, 1.2)])
def test_the_curved_models_terms_are_expectations(curved, mu, sigma):
    at = {curved.x[0]: 1.2, curved.x[1]: 0.2, curved.mu: mu, curved.sigma: sigma}
    log_joint = sp.expand_log(sp.log(curved.joint), force=True).subs(at)
    log_joint = sp.lambdify(curved.z, log_joint)
    log_q = Normal(mu, sigma).log_prob

    def integrand(z):
        log_q_z = log_q(torch.tensor(z)).item()
        return np.exp(log_q_z) * (log_joint(z) - log_q_z)

    elbo, _ = quad(integrand, mu - 7 * sigma, mu + 7 * sigma)
    symbolic = (curved.reconstruction - curved.kl).subs(at)
    assert float(symbolic) == pytest.approx(elbo, rel=1e-5)
    assert symbolic < curved.log_evidence.subs(at)


@pytest.mark.parametrize("activation", [nn.Tanh(), torch.tanh, "Tanh"])
def test_what_makes_no_nonlinearity_is_refused(activation):
    with pytest.raises(TypeError, match="activation must make modules: nn.Tanh does"):
        VAE(4, 2, (3,), activation=activation)


# The plane of latents, where integrals are sums


def test_the_planes_evidence_adds_up_to_one_over_all_images():
    vae = VAE(6, 2, (8,))
    every_image = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 6)
    total = LatentPlane(vae, every_image).evidence.exp().sum().item()
    assert total == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_the_planes_elbo_is_the_average_of_samples_and_below_the_evidence():
    vae = VAE(6, 2, (8,))
    images = torch.bernoulli(torch.full((3, 6), 0.5))
    plane, (mu, log_var) = LatentPlane(vae, images), vae.encode(images)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(2)
        terms = elbo_terms(vae, images.expand(20_000, 3, 6), generator)
    samples, exact = terms[0] - terms[1], plane.elbo(mu, log_var)
    error = samples.std(dim=0) / 20_000**0.5
    assert ((samples.mean(dim=0) - exact).abs() < 5 * error).all()
    best = plane.elbo(*plane.best(mu, log_var))
    assert (exact < best).all() and (best < plane.evidence).all()
    assert (best - plane.elbo(*plane.best(mu, log_var, steps=300))).abs().max() < 1e-3


def test_the_plane_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="two latents and a Bernoulli"):
        LatentPlane(VAE(6, 3, (8,)), torch.zeros(1, 6))
    with pytest.raises(ValueError, match="two latents and a Bernoulli"):
        LatentPlane(VAE(6, 2, (8,), "gaussian"), torch.zeros(1, 6))
    plane = LatentPlane(VAE(6, 2, (8,)), torch.zeros(1, 6))
    for mu, log_var in [(0.0, -12.0), (9.5, 0.0)]:
        with pytest.raises(ValueError, match="does not fit on the grid"):
            plane.elbo(torch.full((1, 2), mu), torch.full((1, 2), log_var))


# What the chapter says of trained networks


def plain(vae, x, generator):
    """The chapter's plain autoencoder: no noise in the code, no KL."""
    return Terms(vae.decoder.log_likelihood(x, vae.encode(x)[0]), {})


def trained(seed, z_dim, **options):
    torch.manual_seed(seed)
    vae = VAE(64, z_dim, (128, 64))
    train(
        vae, load_digits().train_images, epochs=40, batch_size=100, learning_rate=7e-3,
        dynamic_binarization=True, seed=seed, progress=False, **options,
    )  # fmt: skip
    return vae


@torch.no_grad()
def of_codes(vae, generator):
    """Log-likelihood, its loss when codes move, and how far draws lie from the digits."""
    digits = load_digits()
    test = binarize(digits.test_images, generator)
    codes = vae.encode(binarize(digits.train_images, generator))[0]
    mu = vae.encode(test)[0]
    noise = torch.randn(50, *mu.shape, generator=generator)
    fit = vae.decoder.log_likelihood(test, mu)
    moved = vae.decoder.log_likelihood(test, mu + 0.5 * codes.std(dim=0) * noise)
    z = torch.randn(2000, vae.z_dim, generator=generator)
    fitted = codes.mean(dim=0) + z @ torch.linalg.cholesky(codes.T.cov()).T

    def to_the_nearest_digit(pictures):
        return torch.cdist(pictures, digits.train_images).amin(dim=1).mean()

    copies = to_the_nearest_digit(vae.decode(mu))
    extra = [to_the_nearest_digit(vae.decode(at)) - copies for at in (z, fitted)]
    return fit.mean(), (fit - moved).mean(), *extra


@pytest.mark.slow
def test_a_plain_autoencoder_copies_better_and_has_nothing_to_draw_from():
    fits, losses, distances, after_a_fit, helps = [], [], [], [], []
    for seed in range(5):
        pair = [trained(seed, 16, objective=plain), trained(seed, 16)]
        found = [of_codes(vae, torch.Generator().manual_seed(seed)) for vae in pair]
        fit, loss, distance, _ = (a - b for a, b in zip(*found, strict=True))
        fits.append(fit), losses.append(loss), distances.append(distance)
        after_a_fit.append(found[0][3] - found[1][2])
        helps.append(found[0][2] - found[0][3])
    claim(
        "autoencoder-copies",
        "With 16 latents the plain autoencoder copies new 8x8 digits better than the VAE, "
        "by more than 4 nats.",
        fits, above=4.0,
    )  # fmt: skip
    claim(
        "autoencoder-neighbours",
        "With 16 latents, noise of half their spread on the codes costs the plain "
        "autoencoder at least one nat more than the VAE.",
        losses, above=1.0,
    )  # fmt: skip
    claim(
        "autoencoder-draws",
        "With 16 latents, what the plain autoencoder decodes from draws of N(0, I) is "
        "farther from the nearest digit than its copies are, by 0.1 more than for the VAE.",
        distances, above=0.1,
    )  # fmt: skip
    claim(
        "autoencoder-fitted",
        "Draws from a Gaussian fitted to the plain autoencoder's 16-dimensional codes are "
        "still farther out, measured so, than the VAE's draws from its prior.",
        after_a_fit, above=0.0,
    )  # fmt: skip
    claim(
        "autoencoder-fit-helps",
        "Draws from a Gaussian fitted to the plain autoencoder's 16-dimensional codes are "
        "nearer to the digits, measured so, than its draws from N(0, I).",
        helps, above=0.0,
    )  # fmt: skip


@pytest.mark.slow
def test_what_one_encoder_for_all_images_costs():
    differences, excess = [], []
    for seed in range(5):
        vae, generator = trained(seed, 2), torch.Generator().manual_seed(5)
        test = binarize(load_digits().test_images[:100], generator)
        plane = LatentPlane(vae, test)
        with torch.no_grad():
            mu, log_var = vae.encode(test)
        at_encoder, at_best = (
            plane.elbo(mu, log_var),
            plane.elbo(*plane.best(mu, log_var)),
        )
        assert (at_encoder < at_best).all() and (at_best < plane.evidence).all()
        amortisation, approximation = at_best - at_encoder, plane.evidence - at_best
        differences.append((amortisation - approximation).mean())
        noise = torch.randn(300, 100, 2, generator=generator)
        with torch.no_grad():
            wrong = vae.decoder.log_likelihood(test, mu + log_var.exp() * noise)
        kl = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(-1)
        excess.append((wrong - kl - plane.evidence).mean())
    claim(
        "encoder-larger-share",
        "On a hundred new 8x8 digits the amortisation gap is larger than the "
        "approximation gap, for this model with two latents.",
        differences, above=0.0,
    )  # fmt: skip
    claim(
        "encoder-variance-as-spread",
        "Samples drawn with the variance as their spread put the reported ELBO above the "
        "evidence, for this model with two latents.",
        excess, above=0.2,
    )  # fmt: skip


@pytest.mark.slow
def test_two_elbos_change_places_with_the_unit():
    bernoulli_less, scaled_less = [], []
    images = load_digits().train_images
    for seed in range(3):
        torch.manual_seed(seed)
        coins = VAE(64, 2, (128, 64))
        bells = VAE(64, 2, (128, 64), "gaussian", variance=0.1, learn_variance=True)
        options = {"epochs": 30, "batch_size": 100, "progress": False, "seed": seed}
        gaussian = train(bells, images, learning_rate=1e-2, **options)[-1].objective
        bernoulli = train(
            coins, images, learning_rate=7e-3, dynamic_binarization=True, **options
        )[-1].objective
        bernoulli_less.append(gaussian - bernoulli)
        scaled_less.append(bernoulli - (gaussian - 64 * math.log(16)))
    claim(
        "encoder-units",
        "With pixels from 0 to 1 the Gaussian model's ELBO is above the Bernoulli "
        "model's, on the 8x8 digits.",
        bernoulli_less, above=10.0,
    )  # fmt: skip
    claim(
        "encoder-units-of-16",
        "With pixels from 0 to 16 the same Gaussian model's ELBO is below the Bernoulli "
        "model's.",
        scaled_less, above=10.0,
    )  # fmt: skip
