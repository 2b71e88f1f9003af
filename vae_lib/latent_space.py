r"""Chapter *latent-space*: what a trained decoder has put where.

Symbols as in the chapter: z (n, H) latent points, mu and log_var (N, H) the encodings of N
images, F the distribution function of a standard normal. Densities in nats.
Source: Kingma and Welling (2013), figure 4, for the grid; Hoffman and Johnson (2016) for
the aggregate posterior.
"""

import math

import torch
from torch import Tensor

from vae_lib.encoder_decoder import VAE, diagonal_gaussian_log_density
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import reparameterize


@torch.no_grad()
def encode_mean(vae: VAE, images: Tensor) -> Tensor:
    """The mean mu of q_phi(z | x) for images (n, D): one point each, (n, H)."""
    return vae.encode(images)[0]


def quantile_grid(n: int) -> Tensor:
    """An n x n grid of points z = F^-1(u) for u at the middles of n equal steps of [0, 1].

    Each point stands for the same prior mass, 1 / n^2: `eq-equal-mass`.

    Returns:
        (n * n, 2), row by row, as a picture is read: z_1 grows to the right, z_2 upwards.

    Raises:
        ValueError: if n < 1.
    """
    if n < 1:
        raise ValueError(f"a grid needs n >= 1, got {n}")
    u = (torch.arange(n, dtype=torch.float64, device="cpu") + 0.5) / n
    z = torch.special.ndtri(u).float()
    z_2, z_1 = torch.meshgrid(z.flip(0), z, indexing="ij")
    return torch.stack([z_1.flatten(), z_2.flatten()], dim=-1)


@torch.no_grad()
def manifold(vae: VAE, n: int = 15) -> Tensor:
    """The decoder's images on `quantile_grid(n)`, (n * n, D), for a model with H = 2.

    Raises:
        ValueError: if the model's H is not 2.
    """
    if vae.z_dim != 2:
        raise ValueError(f"the manifold is drawn for H = 2, this model has H = {vae.z_dim}")
    return vae.decode(quantile_grid(n).to(next(vae.parameters())))


def interpolate(a: Tensor, b: Tensor, n: int, kind: str = "straight") -> Tensor:
    r"""n points from a to b, ends included: (1 - t) a + t b, or along a great circle.

    "spherical" turns the direction at constant speed, sin((1 - t) tau) / sin(tau) and
    sin(t tau) / sin(tau) with tau the angle between a and b, and changes the length evenly.

    Args:
        a, b: (H,).
        n: at least 2.
        kind: "straight" or "spherical".

    Returns:
        (n, H).

    Raises:
        ValueError: on an unknown kind, unequal shapes, n < 2, or for "spherical" an end at
            the origin or opposite directions, between which no one arc is shortest.
    """
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(
            f"a and b must be vectors of one length, got {tuple(a.shape)}, {tuple(b.shape)}"
        )
    if n < 2:
        raise ValueError(f"both ends are included, so n must be at least 2, got {n}")
    a, b = (end if end.is_floating_point() else end.float() for end in (a, b))
    t = torch.linspace(0, 1, n, dtype=a.dtype, device=a.device)[:, None]
    if kind == "straight":
        return (1 - t) * a + t * b
    if kind != "spherical":
        raise ValueError(f"kind is 'straight' or 'spherical', got {kind!r}")
    length_a, length_b = a.norm(), b.norm()
    if length_a == 0 or length_b == 0:
        raise ValueError("the origin has no direction: a spherical path cannot end there")
    u, v = a / length_a, b / length_b
    tau = 2 * torch.atan2((u - v).norm(), (u + v).norm())
    if math.pi - tau < 1e-3:
        raise ValueError("a and b point in opposite directions: no arc is the shortest")
    if tau < 1e-3:
        direction = torch.nn.functional.normalize((1 - t) * u + t * v, dim=-1)
    else:
        direction = (torch.sin((1 - t) * tau) * u + torch.sin(t * tau) * v) / torch.sin(tau)
    return ((1 - t) * length_a + t * length_b) * direction


@torch.no_grad()
def sample_prior(vae: VAE, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """n draws from the model: z ~ N(0, I), (n, H), and their images x_hat, (n, D).

    Raises:
        ValueError: if n < 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    like = next(vae.parameters())
    z = torch.randn(n, vae.z_dim, generator=generator, dtype=like.dtype, device=like.device)
    return z, vae.decode(z)


def aggregate_log_density(
    z: Tensor, mu: Tensor, log_var: Tensor, chunk: int = 500
) -> Tensor:
    r"""log q_phi(z), the average of N posteriors: `eq-aggregate-posterior`.

    Each exponent is a quadratic in z, so all of them come from one matrix product. That
    costs digits where a posterior is narrow: the error is about 1e-16 (z / sigma)^2 nats.

    Args:
        z: points (m, H).
        mu, log_var: the N posteriors, (N, H).
        chunk: points at a time, to bound the memory.

    Returns:
        (m,), in nats, float64, on the CPU: not every other device has float64.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if mu.shape != log_var.shape or mu.ndim != 2 or z.shape[1:] != mu.shape[1:]:
        raise ValueError(
            "need z (m, H) and mu, log_var (N, H), got "
            f"{tuple(z.shape)}, {tuple(mu.shape)}, {tuple(log_var.shape)}"
        )
    z, mu, log_var = (t.cpu().double() for t in (z, mu, log_var))
    precision = torch.exp(-log_var)
    weights = torch.cat([-0.5 * precision, precision * mu], dim=-1).T
    constant = -0.5 * (precision * mu**2 + log_var + math.log(2 * math.pi)).sum(dim=-1)
    parts = [
        torch.logsumexp(torch.cat([points**2, points], dim=-1) @ weights + constant, dim=-1)
        for points in z.split(chunk)
    ]
    return torch.cat(parts) - math.log(len(mu))


def split_kl(
    mu: Tensor, log_var: Tensor, n: int, generator: torch.Generator
) -> tuple[Estimate, Estimate]:
    """The two parts of the average KL to the prior, `eq-kl-surgery`, estimated.

    Draws n times one of the N posteriors (N, H), evenly, and z from it.

    Returns:
        information, mean of log q_phi(z | x) - log q_phi(z), never above log N;
        mismatch, mean of log q_phi(z) - log p(z), the KL from q_phi(z) to the prior.

    Raises:
        ValueError: if n < 2, for the standard errors, or the shapes do not fit.
    """
    if n < 2:
        raise ValueError(f"a standard error needs n >= 2, got {n}")
    source = generator.device
    drawn = torch.randint(len(mu), (n,), generator=generator, device=source)
    z = reparameterize(mu[drawn], log_var[drawn], generator)
    log_q_x = diagonal_gaussian_log_density(z, mu[drawn], log_var[drawn]).cpu()
    log_q = aggregate_log_density(z, mu, log_var)
    zero = torch.zeros_like(z)
    log_p = diagonal_gaussian_log_density(z, zero, zero).cpu()
    return Estimate.of(log_q_x - log_q), Estimate.of(log_q - log_p)
