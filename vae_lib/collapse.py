r"""Posterior collapse, measured: which latents of a network carry anything of the image.

Source: Burda, Grosse and Salakhutdinov (2015), section 5.2.
"""

import torch
from torch import Tensor

from vae_lib.encoder_decoder import VAE
from vae_lib.objective import kl_to_standard_normal


@torch.no_grad()
def kl_per_dimension(vae: VAE, images: Tensor) -> Tensor:
    """KL(q_phi(z_h | x), p(z_h)) in nats, averaged over the images (n, D): shape (H,)."""
    return kl_to_standard_normal(*vae.encode(images)).mean(dim=0)


@torch.no_grad()
def active_units(vae: VAE, images: Tensor, threshold: float = 1e-2) -> Tensor:
    """Which latents move with the image, A_h > threshold: `eq-active-units`, (H,) bool.

    A_h is estimated by the variance of mu_h over at least two images; the threshold 10^-2
    is the source's.
    """
    mu, _ = vae.encode(images)
    if len(mu) < 2:
        raise ValueError(f"the variance over images needs at least two, got {len(mu)}")
    return mu.var(dim=0) > threshold
