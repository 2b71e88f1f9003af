"""Chapter 10: networks for pictures, conditions, priors and codes around one bound."""

import itertools
import math

import pytest
import sympy as sp
import torch
from torch import nn

from vae_lib.encoder_decoder import VAE
from vae_lib.evaluation import importance_weighted_objective, log_weights
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import elbo_objective, elbo_terms, mean_elbo
from vae_lib.plots import image_grid
from vae_lib.training import train
from vae_lib.variants import (
    VQVAE,
    PerImage,
    conditional_vae,
    conv_vae,
    doubling,
    downwards,
    fit_prior,
    fixed_labels,
    n_parameters,
    prior_gain,
    symbolic_dial,
    tile_contrast,
    upwards,
    vq_log_evidence,
    vq_objective,
    with_label,
)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(10)


@pytest.mark.parametrize("up", ["uneven", "even", "resize"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 14), (2, 5, 3)])
@pytest.mark.parametrize("lead", [(), (4,), (2, 4), (0, 4)])
def test_convolutions_take_any_leading_axes_and_any_shape(shape, up, lead):
    D = math.prod(shape)
    vae = conv_vae(shape, z_dim=3, channels=(4, 6), up=up)
    mu, log_var = vae.encode(torch.rand(*lead, D))
    assert mu.shape == log_var.shape == (*lead, 3)
    assert vae.decode(mu).shape == (*lead, D)


def test_leading_axes_change_no_number(generator):
    """Images one by one, in a batch, and in a batch of batches have one encoding."""
    vae = conv_vae((3, 8, 6), z_dim=2, channels=(4, 6))
    x = torch.rand(2, 3, 144, generator=generator)
    z = torch.randn(2, 3, 2, generator=generator)
    for network, values in [(vae.encoder.net, x), (vae.decoder.net, z)]:
        together = network(values)
        for i, j in itertools.product(range(2), range(3)):
            assert torch.allclose(together[i, j], network(values[i, j]), atol=1e-5)
    # K samples beside the images they belong to, as `log_weights` has them
    both = vae.decoder.log_likelihood(x[0], z)
    assert both.shape == (2, 3)
    assert torch.allclose(both[1, 2], vae.decoder.log_likelihood(x[0, 2], z[1, 2]))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_bounds_and_training_take_a_convolutional_vae(likelihood, generator):
    torch.manual_seed(0)
    vae = conv_vae((3, 6, 10), 2, (4, 4), likelihood=likelihood)
    x = torch.rand(20, 180, generator=generator).round()
    assert log_weights(vae, x, 5, generator).shape == (20, 5)
    assert importance_weighted_objective(vae, x, generator, K=5)[0].shape == (20,)
    before = mean_elbo(vae, x)
    train(vae, x, epochs=20, batch_size=10, learning_rate=3e-3, progress=False)
    assert mean_elbo(vae, x) > before + 1


def test_convolutional_weights_agree_with_the_elbo(generator):
    """The mean of log w is the ELBO, by two ways through the networks."""
    torch.manual_seed(0)
    vae = conv_vae((1, 8, 6), 2, (4, 4))
    x = torch.rand(1, 48, generator=generator).round()
    by_weights = Estimate.of(log_weights(vae, x, 4000, generator)[0])
    terms = elbo_terms(vae, x.expand(4000, -1), generator)
    by_terms = Estimate.of((terms[0] - terms[1]).double())
    error = math.hypot(by_weights.standard_error, by_terms.standard_error)
    assert abs(by_weights.value - by_terms.value) < 5 * error


def test_the_start_of_a_convolutional_decoder_is_the_mean_image():
    vae = conv_vae((1, 28, 28), 4)
    mean = torch.linspace(0.1, 0.9, 784)
    vae.decoder.start_at(mean)
    assert (vae.decode(torch.zeros(4)) - mean).abs().max() < 0.1
    with pytest.raises(ValueError, match="784 pixels"):
        vae.decoder.start_at(torch.zeros(9))


def test_a_vae_takes_an_encoder_and_a_decoder():
    given = VAE(9, 2)
    vae = VAE(9, 2, encoder=given.encoder, decoder=given.decoder)
    assert vae.encoder is given.encoder and vae.decoder is given.decoder


def test_a_network_is_counted_and_shapes_fit():
    assert n_parameters(nn.Linear(3, 4)) == 16
    down, up = downwards((1, 28, 28), (16, 32), 20), upwards(10, (1, 28, 28), (16, 32))
    assert n_parameters(down) == 160 + 4640 + 1568 * 20 + 20
    assert n_parameters(up) == 1568 * 11 + 32 * 16 * 16 + 16 + 16 * 16 + 1 + 784
    with pytest.raises(ValueError, match="got 'odd'"):
        doubling(1, 1, "odd")


def test_per_image_puts_the_axes_back():
    net = PerImage(nn.Unflatten(1, (1, 2, 2)), nn.Flatten())
    x = torch.arange(24.0).reshape(2, 3, 4)
    assert torch.equal(net(x), x)


def test_a_tile_is_what_repeats_every_two_pixels():
    board = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).repeat(4, 6)
    halves = torch.cat([torch.zeros(8, 6), torch.ones(8, 6)], dim=1)
    images = torch.stack([board.flatten(), halves.flatten()])
    assert torch.allclose(tile_contrast(images, (1, 8, 12)), torch.tensor([1.0, 0.0]))
    # the sum of both: a share of the standard deviation
    mixed = (0.3 * board + halves).flatten()[None]
    expected = 0.15 / math.hypot(0.15, 0.5)
    assert tile_contrast(mixed, (1, 8, 12)).item() == pytest.approx(expected, rel=1e-4)


def test_resizing_draws_no_pattern_on_a_constant_and_the_others_do():
    contrasts = {}
    for up in ["uneven", "even", "resize"]:
        torch.manual_seed(0)
        out = nn.Sequential(*doubling(4, 1, up))(torch.ones(1, 4, 10, 10))
        inner = out[..., 2:-2, 2:-2]
        contrasts[up] = (inner[..., ::2, ::2] - inner[..., 1::2, 1::2]).abs().max().item()
    assert contrasts["resize"] < 1e-6
    assert min(contrasts["uneven"], contrasts["even"]) > 1e-2


def test_a_picture_has_a_shape_of_its_own():
    red = torch.zeros(2, 3, 4, 6)
    red[:, 0] = 1
    ax = image_grid(red.flatten(1), 2, gap=1, shape=(3, 4, 6))
    sheet = ax.get_images()[0].get_array()
    assert sheet.shape == (6, 16, 3)
    assert sheet[2, 3].tolist() == [1, 0, 0] and sheet[0, 0].tolist() == [1, 1, 1]
    grey = torch.arange(24.0)[None] / 24
    shown = image_grid(grey, 1, shape=(1, 4, 6)).get_images()[0].get_array()
    assert torch.allclose(torch.tensor(shown.tolist()), grey.reshape(4, 6))
    with pytest.raises(ValueError, match="do not fill"):
        image_grid(grey, 1, shape=(1, 4, 5))


def test_a_condition_reaches_both_networks_and_no_pixel(generator):
    torch.manual_seed(0)
    vae = conditional_vae(9, 2, 3, (8,))
    x = torch.rand(5, 9, generator=generator).round()
    labels = torch.tensor([0, 1, 2, 0, 1])
    xy = with_label(x, labels, 3)
    other = with_label(x, (labels + 1) % 3, 3)
    assert not torch.allclose(vae.encode(xy)[0], vae.encode(other)[0])
    z = torch.randn(4, 5, 2, generator=generator)
    inner = vae.decoder.decoder
    expected = inner.log_likelihood(x, with_label(z, labels, 3))
    assert torch.equal(vae.decoder.log_likelihood(xy, z), expected)
    assert not torch.equal(vae.decoder.log_likelihood(other, z), expected)
    assert log_weights(vae, xy, 4, generator).shape == (5, 4)
    assert elbo_objective(vae, xy, generator)[0].shape == (5,)
    one = vae.decoder.log_likelihood(xy[0], z[0, 0])
    assert torch.allclose(one, expected[0, 0])


def test_fixed_labels_fold_into_the_biases(generator):
    torch.manual_seed(0)
    vae = conditional_vae(9, 2, 3, (8, 7))
    plain = fixed_labels(vae, seen=1, drawn=2)
    x = torch.rand(5, 9, generator=generator)
    z = torch.randn(5, 2, generator=generator)
    ones, twos = torch.tensor(1), torch.tensor(2)
    assert torch.allclose(
        plain.encode(x)[0], vae.encode(with_label(x, ones, 3))[0], atol=1e-6
    )
    assert torch.allclose(plain.decode(z), vae.decoder(with_label(z, twos, 3)), atol=1e-6)


def test_the_dial_is_at_a_minimum_and_on_the_gaussians_curve():
    dial = symbolic_dial()
    w, a, s, lam, beta = dial.symbols
    loss = dial.distortion + beta * dial.rate
    for symbol in (w, a, s):
        assert sp.simplify(loss.diff(symbol).subs(dial.best)) == 0
    rate = sp.simplify(sp.expand_log(dial.rate.subs(dial.best), force=True))
    assert sp.simplify(rate - sp.log(lam / beta) / 2) == 0
    best = float(loss.subs(dial.best).subs({lam: 4, beta: 0.5}))
    at = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0)).exp()
    f = sp.lambdify((w, a, s), loss.subs({lam: 4, beta: 0.5}), "numpy")
    assert f(*at.double().numpy().T).min() > best


def test_a_fitted_prior_gains_what_the_encodings_miss(generator):
    """Encodings that are N(m, c^2), far from the prior: the gain is a known divergence."""

    class Shifted(VAE):
        def encode(self, x):
            return 2 + 0 * x[..., :2], torch.full_like(x[..., :2], math.log(0.25))

    vae, images = Shifted(9, 2), torch.zeros(8000, 9)
    gain = Estimate.of(prior_gain(vae, fit_prior(vae, images, 1, generator), images,
                                  generator))  # fmt: skip
    kl = 2 * 0.5 * (4 + 0.25 - 1 - math.log(0.25))
    assert abs(gain.value - kl) < 5 * gain.standard_error + 2e-2


def test_codes_are_nearest_and_their_slopes_go_straight_through(generator):
    torch.manual_seed(0)
    vq = VQVAE(9, M=2, K=5, width=3, hidden=(8,))
    x = torch.rand(6, 9, generator=generator).round()
    z_e = vq.encode(x)
    distances = (z_e[:, :, None] - vq.codebook).square().sum(-1)
    assert torch.equal(vq.codes(z_e), distances.argmin(-1))
    parts = vq_objective(vq, x, generator).parts
    names = {"encoder": vq.encoder, "decoder": vq.decoder}
    moved = {
        "reconstruction": {"encoder", "decoder"},
        "codebook": {"codebook"},
        "commitment": {"encoder"},
    }
    for name, expected in moved.items():
        vq.zero_grad()
        parts[name].sum().backward(retain_graph=True)
        has = {n for n, m in names.items() if any(p.grad is not None and p.grad.any()
                                                  for p in m.parameters())}  # fmt: skip
        if vq.codebook.grad is not None and vq.codebook.grad.any():
            has.add("codebook")
        assert has == expected, name


def test_the_evidence_of_codes_is_a_sum_and_above_its_bound(generator):
    torch.manual_seed(0)
    vq = VQVAE(9, M=2, K=4, width=2, hidden=(8,))
    x = torch.rand(6, 9, generator=generator).round()
    log_prior = torch.randn(4, 4, generator=generator).flatten().log_softmax(0).view(4, 4)
    with torch.no_grad():
        total = torch.zeros(6, dtype=torch.float64)
        for i, j in itertools.product(range(4), range(4)):
            latents = vq.codebook[torch.tensor([i, j])].flatten()
            each = vq.decoder.log_likelihood(x, latents).double()
            total += (each + log_prior[i, j]).exp()
        exact = vq_log_evidence(vq, x, log_prior)
        assert torch.allclose(exact, total.log(), atol=1e-5)
        codes = vq.codes(vq.encode(x))
        fit = vq_objective(vq, x, generator).parts["reconstruction"]
        assert (fit + log_prior[codes[:, 0], codes[:, 1]] < exact).all()
    with pytest.raises(ValueError, match="too many"):
        vq_log_evidence(VQVAE(9, M=6, K=8), x, log_prior)
