r"""Chapter *objective*: the ELBO as a number that can be computed, and differentiated.

ELBO(x; theta, phi) = E_q[log p_theta(x | z)] - KL(q_phi(z | x), p(z)), in nats.
Source: Kingma and Welling (2013), equations 3, 4, 7 and appendix B.

Symbols as in the chapter: mu, sigma (q's parameters), epsilon (its noise), f (what is
averaged over q).
"""

from collections.abc import Callable
from typing import NamedTuple

import sympy as sp
import torch
from sympy.stats import E, Normal
from torch import Tensor

from vae_lib.arguments import whole
from vae_lib.data import check_images, in_unit_interval
from vae_lib.encoder_decoder import VAE
from vae_lib.machine import evaluating
from vae_lib.maximum_likelihood import symbolic_gaussian_log_density


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

    Example:
        >>> kl_to_standard_normal(torch.tensor([1.0, 3.0]), torch.zeros(2))
        tensor([0.5000, 4.5000])
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
    return shift_and_scale(epsilon, mu, log_var)


def shift_and_scale(epsilon: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    r"""z = mu + sigma * epsilon for noise that is given: `eq-reparameterization`.

    Args:
        epsilon: (..., H), from N(0, I).
        mu, log_var: (..., H), broadcast against epsilon.
    """
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


class Terms(NamedTuple):
    """What an objective is for each image of a batch, and what it is made of, in nats.

    Attributes:
        objective: what training maximises, one estimate an image, (B,).
        parts: its terms by name, each (B,); empty if it has none.
    """

    objective: Tensor
    parts: dict[str, Tensor]


#: From a model, images (B, D) and the source of epsilon to the `Terms` of each image.
Objective = Callable[[VAE, Tensor, torch.Generator], Terms]


def elbo_objective(
    vae: VAE, x: Tensor, generator: torch.Generator, beta: float = 1.0
) -> Terms:
    r"""The ELBO for `training.train` to maximise, `eq-objective`, from one sample of z.

    Args:
        x: images, (B, D).
        generator: the source of epsilon.
        beta: the weight of the KL term, `eq-beta-elbo`. 1 is the ELBO; with less it need
            not be a bound. `functools.partial(elbo_objective, beta=4.0)` fixes another.

    Returns:
        reconstruction - beta * kl, and the parts "reconstruction" and "kl", unweighted.

    Raises:
        ValueError: if beta is negative or not a number.

    Example:
        >>> vae, x = VAE(x_dim=9, z_dim=2), torch.zeros(5, 9)
        >>> objective, parts = elbo_objective(vae, x, torch.Generator(), beta=4.0)
        >>> torch.equal(objective, parts["reconstruction"] - 4 * parts["kl"])
        True
    """
    if not beta >= 0:
        raise ValueError(f"beta weighs the KL term: it must be 0 or more, got {beta:g}")
    reconstruction, kl = elbo_terms(vae, x, generator)
    parts = {"reconstruction": reconstruction, "kl": kl}
    return Terms(reconstruction - beta * kl, parts)


@torch.no_grad()
def mean_elbo(vae: VAE, images: Tensor, *, seed: int = 0, batch_size: int = 1000) -> float:
    """The ELBO in nats, averaged over images, with one z each, and with dropout off.

    Args:
        images: (n, D), of the network's dtype and in the decoder's support, or uint8, bool.
        seed: of epsilon. With one seed two models are compared on the same noise.
        batch_size: images at a time, to bound the memory.

    Raises:
        ValueError: on images of another shape, type or range.
        TypeError: if they are no tensor.
    """
    dtype, total = next(vae.parameters()).dtype, 0.0
    check_images(images, vae.x_dim, dtype, vae.decoder.support)
    batch_size = whole("batch_size", batch_size, at_least=1)
    generator = torch.Generator(images.device).manual_seed(seed)
    with evaluating(vae):
        for x in images.split(batch_size):
            reconstruction, kl = elbo_terms(vae, in_unit_interval(x, dtype), generator)
            total += (reconstruction - kl).cpu().double().sum().item()
    return total / len(images)


def symbolic_terms() -> tuple[sp.Expr, sp.Expr, sp.Expr, tuple[sp.Symbol, ...]]:
    r"""Both terms of the ELBO, by SymPy, for one latent number and one pixel.

    p(z) = N(0, 1), p(x | z) = N(w z, 1), q(z) = N(mu, sigma^2). Both expectations are
    left to SymPy: nothing here knows `eq-gaussian-kl-one`.

    Returns:
        reconstruction, kl, the integrand q(z) log(p(x, z) / q(z)) of `eq-elbo-two-terms`,
        and the symbols (mu, sigma, x, w, z).
    """
    mu, x, w, z = sp.symbols("mu x w z", real=True)
    sigma = sp.Symbol("sigma", positive=True)

    log_q = symbolic_gaussian_log_density(z, mu, sigma)
    log_prior = symbolic_gaussian_log_density(z, 0, 1)
    log_likelihood = symbolic_gaussian_log_density(x, w * z, 1)
    q = Normal("q", mu, sigma)
    reconstruction = sp.expand(E(log_likelihood.subs(z, q)))
    kl = sp.simplify(E((log_q - log_prior).subs(z, q)))
    integrand = sp.exp(log_q) * (log_likelihood + log_prior - log_q)
    return reconstruction, kl, integrand, (mu, sigma, x, w, z)


def climb(
    vae: VAE,
    images: Tensor,
    objective: Callable[[Tensor, Tensor], Tensor],
    steps: int,
    generator: torch.Generator,
    learning_rate: float = 3e-3,
) -> Tensor:
    """Change `vae` by Adam so that `objective` rises, whatever it is.

    The next chapter trains with more care. This loop is here to try out objectives.

    Args:
        images: (N, D). Each step draws 100 of them, with replacement.
        objective: of reconstruction and kl, each (100,); `eq-objective`: their difference.
        steps: at least 1.
        generator: the source of the batches and of epsilon.

    Returns:
        The two *true* terms at each step, before it, nats per image: (2, steps).

    Raises:
        ValueError: if `steps` is below 1.
    """
    if steps < 1:
        raise ValueError(f"need at least one step, got steps = {steps}")
    optimizer = torch.optim.Adam(vae.parameters(), lr=learning_rate, fused=True)
    history = []
    for _ in range(steps):
        drawn = torch.randint(
            len(images), (100,), generator=generator, device=generator.device
        )
        batch = images[drawn]
        reconstruction, kl = elbo_terms(vae, batch, generator)
        optimizer.zero_grad()
        (-objective(reconstruction, kl).mean()).backward()
        optimizer.step()
        history.append([reconstruction.mean().item(), kl.mean().item()])
    return torch.tensor(history, device="cpu").T


class Gradients(NamedTuple):
    """Independent one-sample estimates of the gradient of E_q[f(z)], each (n, H).

    Their average over n estimates the gradient; their variance is what one sample costs.
    """

    mu: Tensor
    sigma: Tensor


def pathwise_gradient_samples(
    f: Callable[[Tensor], Tensor],
    mu: Tensor,
    sigma: Tensor,
    n: int,
    generator: torch.Generator,
) -> Gradients:
    r"""The gradient of f(mu + sigma * epsilon), n times: `eq-pathwise-gradient`.

    Needs the derivative of f. Source: Kingma and Welling (2013), section 2.4.

    Args:
        f: maps latents (n, H) to values (n,), row by row, differentiably.
        mu, sigma: the parameters of q = N(mu, diag(sigma^2)), each (H,), sigma > 0.
        n: how many samples of epsilon, at least 1.
        generator: the source of epsilon.

    Raises:
        ValueError: on shapes that do not fit, a sigma that is not positive, or n < 1.
    """
    _check_q(mu, sigma, n)
    shape = (n, len(mu))
    epsilon = torch.randn(shape, generator=generator, dtype=mu.dtype, device=mu.device)
    # One copy of the parameters per sample: each row then gets a gradient of its own.
    mu = mu.detach().expand(n, -1).requires_grad_()
    sigma = sigma.detach().expand(n, -1).requires_grad_()
    values = _values(f, mu + sigma * epsilon)
    return Gradients(*torch.autograd.grad(values.sum(), (mu, sigma)))


def score_gradient_samples(
    f: Callable[[Tensor], Tensor],
    mu: Tensor,
    sigma: Tensor,
    n: int,
    generator: torch.Generator,
) -> Gradients:
    r"""f(z) times the score of q at z, n times: `eq-score-gradient`.

    Needs the values of f only; f may have jumps. Source: Williams (1992).

    Args:
        f: maps latents (n, H) to values (n,), row by row.
        mu, sigma: the parameters of q = N(mu, diag(sigma^2)), each (H,), sigma > 0.
        n: how many samples of z, at least 1.
        generator: the source of z.

    Raises:
        ValueError: on shapes that do not fit, a sigma that is not positive, or n < 1.
    """
    _check_q(mu, sigma, n)
    shape = (n, len(mu))
    epsilon = torch.randn(shape, generator=generator, dtype=mu.dtype, device=mu.device)
    with torch.no_grad():
        values = _values(f, mu + sigma * epsilon)[:, None]
        return Gradients(values * epsilon / sigma, values * (epsilon**2 - 1) / sigma)


def _check_q(mu: Tensor, sigma: Tensor, n: int) -> None:
    if mu.ndim != 1 or mu.shape != sigma.shape:
        raise ValueError(
            "mu and sigma must be vectors of one length, got shapes "
            f"{tuple(mu.shape)} and {tuple(sigma.shape)}"
        )
    if not (sigma > 0).all():
        raise ValueError(f"sigma must be positive, got {sigma.min():g}")
    if n < 1:
        raise ValueError(f"need at least one sample, got n = {n}")


def _values(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    values = f(z)
    if values.shape != z.shape[:1]:
        raise ValueError(
            f"f must map latents {tuple(z.shape)} to values ({len(z)},), "
            f"got shape {tuple(values.shape)}"
        )
    return values
