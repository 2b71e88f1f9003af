r"""Chapter *objective*: the ELBO as a number that can be computed, and differentiated.

ELBO(x; theta, phi) = E_q[log p_theta(x | z)] - KL(q_phi(z | x), p(z)), in nats.
Source: Kingma and Welling (2013), equations 3, 4, 7 and appendix B.
"""

import torch
from torch import Tensor

from vae_lib.encoder_decoder import VAE


def kl_to_standard_normal(mu: Tensor, log_var: Tensor) -> Tensor:
    r"""KL(N(mu, diag(sigma^2)), N(0, I)) for each dimension: `eq-gaussian-kl-terms`.

    -1/2 (1 + log sigma^2 - mu^2 - sigma^2), never negative. Sum over the last axis for
    the divergence itself.

    Args:
        mu, log_var: one shape (..., H).

    Returns:
        Nats, shape (..., H).

    Raises:
        ValueError: if the shapes differ.
    """
    if mu.shape != log_var.shape:
        raise ValueError(
            f"mu and log_var must have one shape, got {tuple(mu.shape)} "
            f"and {tuple(log_var.shape)}"
        )
    return -0.5 * (1 + log_var - mu.square() - log_var.exp())


def reparameterize(mu: Tensor, log_var: Tensor, generator: torch.Generator) -> Tensor:
    r"""z = mu + sigma * epsilon, epsilon ~ N(0, I): `eq-reparameterization`.

    A sample of N(mu, diag(sigma^2)) through which gradients reach mu and log_var.

    Args:
        mu, log_var: one shape (..., H).
        generator: the source of epsilon.
    """
    epsilon = torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=mu.device)
    return mu + torch.exp(0.5 * log_var) * epsilon


def elbo_terms(vae: VAE, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    r"""The ELBO's two terms for each image, from one sample of z: `eq-elbo-two-terms`.

    ELBO = reconstruction - kl. The reconstruction term is random and unbiased, the KL
    term exact.

    Args:
        x: images, (B, D).
        generator: the source of epsilon.

    Returns:
        reconstruction and kl, each (B,), nats per image.
    """
    mu, log_var = vae.encode(x)
    z = reparameterize(mu, log_var, generator)
    reconstruction = vae.decoder.log_likelihood(x, z)
    return reconstruction, kl_to_standard_normal(mu, log_var).sum(dim=-1)
