"""vae_lib.collapse against torch.distributions and networks made by hand."""

import math

import pytest
import torch

from vae_lib.collapse import active_units, kl_per_dimension
from vae_lib.data import load_digits
from vae_lib.encoder_decoder import VAE

IMAGES = load_digits().test_images


def make(**options) -> VAE:
    torch.manual_seed(0)
    return VAE(64, 3, **options)


def test_kl_per_dimension_against_torch_distributions():
    vae = make(hidden=(16,))
    mu, log_var = vae.encode(IMAGES)
    q = torch.distributions.Normal(mu, torch.exp(0.5 * log_var))
    p = torch.distributions.Normal(0.0, 1.0)
    expected = torch.distributions.kl_divergence(q, p).mean(dim=0)
    assert torch.allclose(kl_per_dimension(vae, IMAGES), expected, atol=1e-6)


def test_active_units_counts_a_mean_that_moves():
    vae = make(hidden=(4,))
    with torch.no_grad():
        vae.encoder.net[-1].weight[0] = 0  # mu_1 is the same for every image
        vae.encoder.net[-1].weight[1:3] *= 100
    assert active_units(vae, IMAGES).tolist() == [False, True, True]
    for few in (IMAGES[:1], IMAGES[0]):
        with pytest.raises(ValueError, match=r"\(n, D\), n >= 2, got"):
            active_units(vae, few)
    for none in (IMAGES[:0], IMAGES[0], IMAGES[None]):
        with pytest.raises(ValueError, match=r"\(n, D\), n >= 1, got"):
            kl_per_dimension(vae, none)
    for measure in (active_units, kl_per_dimension):
        with pytest.raises(ValueError, match="encoding is not finite"):
            measure(vae, IMAGES * math.nan)
