r"""Posterior collapse, measured: which latents of a network carry anything of the image.

Source: Burda, Grosse and Salakhutdinov (2015), section 5.2.
"""

import torch
from torch import Tensor

from vae_lib.encoder_decoder import VAE
from vae_lib.objective import kl_to_standard_normal


@torch.no_grad()
def kl_per_dimension(vae: VAE, images: Tensor) -> Tensor:
    """KL(q_phi(z_h | x), p(z_h)) in nats, averaged over the images (n, D): shape (H,).

    Raises:
        ValueError: if there are no images (n, D), or an encoding is not finite.
    """
    return kl_to_standard_normal(*_encodings(vae, images, 1)).mean(dim=0)


@torch.no_grad()
def active_units(vae: VAE, images: Tensor, threshold: float = 1e-2) -> Tensor:
    """Which latents move with the image, A_h > threshold: `eq-active-units`, (H,) bool.

    A_h is estimated by the variance of mu_h over at least two images; the threshold 10^-2
    is the source's.

    Raises:
        ValueError: on fewer than two images (n, D), or if an encoding is not finite.
    """
    mu, _ = _encodings(vae, images, 2)
    return mu.var(dim=0) > threshold


def _encodings(vae: VAE, images: Tensor, at_least: int) -> tuple[Tensor, Tensor]:
    if images.ndim != 2 or len(images) < at_least:
        raise ValueError(
            f"images must have shape (n, D), n >= {at_least}, got {tuple(images.shape)}"
        )
    mu, log_var = vae.encode(images)
    if not (mu.isfinite().all() and log_var.isfinite().all()):
        raise ValueError("an encoding is not finite: are all pixels and parameters?")
    return mu, log_var
