r"""Chapter *evaluation*: bounds on log p(x), and an estimate of it with a standard error.

Symbols as in the chapter: w(z) = p_theta(x, z) / q_phi(z | x) (importance weights), K (how
many), L_K (the bound). Everything in nats, and from logarithms: the weights of an image are
numbers like e^-100, which a 32-bit float rounds to zero.
Source: Burda, Grosse and Salakhutdinov (2015), Importance Weighted Autoencoders, section 3.
"""

import math
from functools import partial
from typing import NamedTuple

import sympy as sp
import torch
from torch import Tensor

from vae_lib.arguments import tensor, whole
from vae_lib.elbo import LinearGaussian
from vae_lib.encoder_decoder import VAE
from vae_lib.machine import evaluating
from vae_lib.maximum_likelihood import symbolic_gaussian_density
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import Terms, shift_and_scale


class LogLikelihood(NamedTuple):
    """Estimates of log p(x), in nats, with the delta method's standard errors."""

    value: Tensor
    standard_error: Tensor


@torch.no_grad()
def log_weights(
    vae: VAE,
    x: Tensor,
    K: int,
    generator: torch.Generator,
    chunk: int = 10,
    width: float = 1.0,
) -> Tensor:
    r"""log w(z^(k)) with z^(k) ~ q_phi(z | x), k = 1..K: `eq-importance-weight`.

    Each image is encoded once; the decoder sees `chunk` samples of all images at a time.
    Training asks the encoder for a large ELBO, and that may make q too narrow to draw
    importance samples from; so q may be widened here, `eq-wide-proposal`.

    Args:
        x: images (B, D), of the kind that the decoder's density is for: zeros and ones for
            a Bernoulli decoder.
        K: samples an image, at least 1; exactly as many are drawn.
        width: q's deviations are multiplied by it, in every latent; positive.

    Returns:
        (B, K), float64, on the CPU; dropout is off.

    Raises:
        ValueError: if K or chunk is below 1, or the width not positive, or x is no batch
            of images of the network's type.
        TypeError: if x is no tensor, or K or chunk no whole number.
    """
    K, chunk = whole("K", K, at_least=1), whole("chunk", chunk, at_least=1)
    if not 0 < width < math.inf:
        raise ValueError(f"width must be positive and finite, got {width:g}")
    if tensor("x", x).ndim != 2 or len(x) == 0:
        raise ValueError(f"x must have shape (B, D), B >= 1, got {tuple(x.shape)}")
    parts = []
    with evaluating(vae):
        mu, log_var = vae.encode(x)
        log_var = log_var + 2 * math.log(width)
        for done in range(0, K, chunk):
            epsilon = _noise(min(chunk, K - done), mu, generator)
            parts.append(_log_w(vae, x, mu, log_var, epsilon))
    return torch.cat(parts).T


def _noise(n: int, mu: Tensor, generator: torch.Generator) -> Tensor:
    """epsilon ~ N(0, I) for n samples of z an image, (n, B, H)."""
    shape = (n, *mu.shape)
    return torch.randn(shape, generator=generator, dtype=mu.dtype, device=mu.device)


def _log_w(vae: VAE, x: Tensor, mu: Tensor, log_var: Tensor, epsilon: Tensor) -> Tensor:
    """log w at z = mu + sigma * epsilon, for noise (n, B, H): (n, B), float64, on the CPU:
    not every other device has float64."""
    z = shift_and_scale(epsilon, mu, log_var)
    # log p(z) - log q(z | x): the two constants -H/2 log(2 pi) cancel.
    prior_over_q = 0.5 * (epsilon**2 + log_var - z**2).cpu().double().sum(dim=-1)
    return vae.decoder.log_likelihood(x, z).cpu().double() + prior_over_q


def importance_weighted_objective(
    vae: VAE, x: Tensor, generator: torch.Generator, K: int, chosen: int | None = None
) -> Terms:
    r"""A one-sample estimate of L_K for `train` to maximise: `eq-importance-weighted`.

    With K = 1 its mean is the ELBO. Source: Burda et al. (2015), equation 8.

    The slope of L_K is the average of the slopes of log w, weighted by w. So K samples are
    weighed, and the slope passes through a few that are `chosen` with these weights: still
    unbiased, and cheaper, as a slope costs twice a value (Burda et al., 2015, section 3).

    Args:
        x: images (B, D).
        K: samples of z an image, at least 1.
        chosen: how many of them, at least 1, with replacement; None: the slope of all.

    Returns:
        L_K's estimate, (B,), nats per image. It is no sum of terms: it has no parts.

    Raises:
        ValueError: if K or chosen is below 1, or x is no batch of images.

    Example:
        >>> vae, x = VAE(x_dim=9, z_dim=2), torch.zeros(5, 9)
        >>> bound, parts = importance_weighted_objective(vae, x, torch.Generator(), K=50)
        >>> bound.shape, parts
        (torch.Size([5]), {})
    """
    K = whole("K", K, at_least=1)
    chosen = None if chosen is None else whole("chosen", chosen, at_least=1)
    if x.ndim != 2:
        raise ValueError(f"x must have shape (B, D), got {tuple(x.shape)}")
    mu, log_var = vae.encode(x)
    log_w = partial(_log_w, vae, x, mu, log_var)
    epsilon = _noise(K, mu, generator)
    with torch.set_grad_enabled(torch.is_grad_enabled() and chosen is None):
        # A few at a time, whose pictures fit into a processor's cache.
        weights = torch.cat([log_w(some) for some in epsilon.split(10)])
        bound = weights.logsumexp(dim=0) - math.log(K)
    if chosen is not None:
        # Where training broke down, no weight is a number: `train` is to say so.
        shares = weights.nan_to_num().softmax(dim=0).T.to(mu)
        of_each = torch.multinomial(shares, chosen, replacement=True, generator=generator)
        where = of_each.T[..., None].expand(-1, -1, vae.z_dim)
        through = log_w(epsilon.gather(0, where)).mean(dim=0)
        bound = bound + (through - through.detach())  # the value of K, the slope of few
    return Terms(bound.to(mu), parts={})


def near_posterior(
    model: LinearGaussian, x: Tensor, width: float, shift: float
) -> tuple[Tensor, Tensor]:
    """Mean (H,) and covariance (H, H) of a Gaussian q that misses p(z | x) on purpose.

    Args:
        x: (D,).
        width: q's standard deviations in units of the posterior's, positive.
        shift: how many posterior deviations q's mean is off, in every direction z_h.

    Raises:
        ValueError: if the width is not positive.
    """
    if not width > 0:
        raise ValueError(f"width must be positive, got {width:g}")
    mean, covariance = model.posterior(x)
    return mean + shift * covariance.diagonal().sqrt(), width**2 * covariance


def toy_log_weights(
    model: LinearGaussian,
    x: Tensor,
    mu: Tensor,
    covariance: Tensor,
    shape: tuple[int, ...],
    generator: torch.Generator,
) -> Tensor:
    """log w(z) for one x of a model whose log p(x) is exact, z ~ q = N(mu, covariance).

    Args:
        x: (D,). mu: (H,). covariance: (H, H), positive definite.
        shape: of the result, for instance (runs, K).

    Raises:
        ValueError: if mu or the covariance does not fit the model's H.
    """
    if mu.shape != (model.H,) or covariance.shape != (model.H, model.H):
        raise ValueError(
            f"need mu ({model.H},) and covariance ({model.H}, {model.H}), "
            f"got {tuple(mu.shape)} and {tuple(covariance.shape)}"
        )
    q = torch.distributions.MultivariateNormal(mu.double(), covariance.double())
    epsilon = torch.randn(*shape, model.H, generator=generator, dtype=torch.float64)
    z = q.loc + epsilon @ q.scale_tril.mT
    return model.log_joint(x, z) - q.log_prob(z)


def importance_weighted_bound(log_w: Tensor, k: int) -> Tensor:
    r"""An unbiased estimate of L_k from K >= k log-weights: `eq-importance-weighted`.

    The K weights are cut into K // k groups; the estimate is the average of log mean w
    over the groups. k = 1 gives the ELBO. What does not fill a group is not used.

    Args:
        log_w: (..., K).

    Returns:
        (...), nats.

    Raises:
        ValueError: unless 1 <= k <= K.
    """
    K = log_w.shape[-1]
    if not 1 <= k <= K:
        raise ValueError(f"k must lie between 1 and the number of weights, {K}, got {k}")
    groups = log_w[..., : K // k * k].unflatten(-1, (K // k, k))
    return (groups.logsumexp(dim=-1) - math.log(k)).mean(dim=-1)


def log_likelihood_estimate(log_w: Tensor) -> LogLikelihood:
    r"""log p(x) from all K weights, `eq-log-likelihood-estimate`, and its standard error.

    The error is the delta method's, `eq-delta-standard-error`. It is blind to weights
    that q never draws: see the chapter before you trust a small one.

    Args:
        log_w: (..., K), K >= 2.

    Raises:
        ValueError: if there are fewer than two weights.
    """
    K = log_w.shape[-1] if log_w.ndim else 0
    if K < 2:
        raise ValueError(f"a standard error needs at least two weights, got {K}")
    value = log_w.logsumexp(dim=-1) - math.log(K)
    relative = torch.exp(log_w - value[..., None])  # w over its mean
    return LogLikelihood(value, relative.std(dim=-1) / math.sqrt(K))


def symbolic_weight_variance() -> tuple[sp.Expr, tuple[sp.Symbol, sp.Symbol]]:
    r"""SymPy's V, `eq-weight-variance`, for p(z | x) = N(0, 1) and q = N(a, tau^2).

    The integral converges only for c = 2 tau^2 - 1 > 0: it is done in a positive c.

    Returns:
        V, and the symbols a and tau.
    """
    z, a = sp.symbols("z a", real=True)
    c, tau = sp.symbols("c tau", positive=True)
    variance = (1 + c) / 2
    p = symbolic_gaussian_density(z, 0, 1)
    q = symbolic_gaussian_density(z, a, sp.sqrt(variance))
    integrand = sp.expand(sp.powsimp(p**2 / q, combine="exp"))
    V = sp.simplify(sp.integrate(integrand, (z, -sp.oo, sp.oo))) - 1
    return V.subs(c, 2 * tau**2 - 1), (a, tau)


def generalisation_gap(train_values: Tensor, test_values: Tensor) -> Estimate:
    """Mean over training images less mean over test images.

    The two sets share no image, so the squares of their standard errors add.

    Args:
        train_values, test_values: one number an image, (n,) and (m,), both at least 2.
    """
    train, test = Estimate.of(train_values), Estimate.of(test_values)
    error = math.hypot(train.standard_error, test.standard_error)
    return Estimate(train.value - test.value, error, train.n + test.n)
