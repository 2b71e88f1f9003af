r"""Chapter *elbo*: a latent-variable model whose evidence, posterior and ELBO are exact.

Symbols as in the chapter: z (latent, H numbers), x (observed, D numbers), W, b, sigma (the
model's parameters theta), mu and C (mean and covariance of the Gaussian density q). Every
number is float64, every log-density, divergence and bound is in nats.
Sources: Bishop (2006), section 2.3.3; Tipping and Bishop (1999).
"""

import math

import sympy as sp
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from vae_lib.maximum_likelihood import (
    LOG_2_PI,
    gaussian_log_density,
    symbolic_gaussian_log_density,
)


class LinearGaussian:
    r"""p(z) = N(0, I) and p(x | z) = N(W z + b, sigma^2 I): `eq-linear-gaussian-model`.

    The decoder is linear, so everything that a VAE must estimate has a closed form here.
    Leading axes of x, mu and C are batches and broadcast. Lists of numbers will do, too.

    Args:
        W: shape (D, H).
        b: shape (D,).
        sigma: the noise's standard deviation, a positive number.

    Raises:
        ValueError: if the shapes do not fit, or sigma is not positive.
    """

    def __init__(self, W: Tensor, b: Tensor, sigma: float) -> None:
        # Copies: the caller may go on to change theirs.
        self.W, self.b, self.sigma = (
            torch.as_tensor(v, dtype=torch.float64).clone() for v in (W, b, sigma)
        )
        if self.W.ndim != 2 or 0 in self.W.shape:
            raise ValueError(f"W must have shape (D, H), got {tuple(self.W.shape)}")
        self.D, self.H = self.W.shape
        _check("b", self.b, self.D, exact=True)
        if self.sigma.ndim != 0 or not 0 < self.sigma < math.inf:
            raise ValueError(f"sigma must be one positive number, got {sigma}")

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z), shape (...), for x (..., D) and z (..., H)."""
        x, z = _check("x", x, self.D), _check("z", z, self.H)
        return gaussian_log_density(x, z @ self.W.mT + self.b, self.sigma).sum(dim=-1)

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x, z) = log p(x | z) + log p(z), shape (...): `eq-latent-joint`."""
        return self.log_likelihood(x, z) + gaussian_log_density(z, 0.0, 1.0).sum(dim=-1)

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), shape (...), for x (..., D): `eq-linear-gaussian-evidence`."""
        x = _check("x", x, self.D)
        covariance = self.W @ self.W.mT + self.sigma**2 * torch.eye(self.D, dtype=x.dtype)
        return MultivariateNormal(self.b, covariance).log_prob(x)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (..., H) and covariance (H, H) of p(z | x): `eq-linear-gaussian-posterior`.

        The covariance is the same for every x.
        """
        x = _check("x", x, self.D)
        precision = torch.eye(self.H, dtype=x.dtype) + self.W.mT @ self.W / self.sigma**2
        S = torch.cholesky_inverse(torch.linalg.cholesky(precision))
        return (x - self.b) @ self.W @ S / self.sigma**2, S

    def elbo(self, x: Tensor, mu: Tensor, covariance: Tensor) -> Tensor:
        """ELBO(x; theta, q) of q = N(mu, C), shape (...): `eq-linear-gaussian-elbo`.

        Uses neither the evidence nor the posterior.

        Args:
            x: (..., D). mu: (..., H). covariance: C, (..., H, H), positive definite.

        Raises:
            ValueError: if a shape does not fit or C is not symmetric positive definite.
        """
        x, mu = _check("x", x, self.D), _check("mu", mu, self.H)
        C, L = _factor(covariance, self.H)
        squares = (x - mu @ self.W.mT - self.b).square().sum(dim=-1)
        spread = _trace(self.W @ C @ self.W.mT)
        log_constant = -self.D / 2 * (LOG_2_PI + 2 * self.sigma.log())
        reconstruction = log_constant - (squares + spread) / (2 * self.sigma**2)
        kl_to_prior = 0.5 * (mu.square().sum(dim=-1) + _trace(C) - self.H - _log_det(L))
        return reconstruction - kl_to_prior

    def kl_to_posterior(self, x: Tensor, mu: Tensor, covariance: Tensor) -> Tensor:
        """The gap KL(q, p(z | x)) of q = N(mu, C), shape (...): `eq-elbo-gap`."""
        return multivariate_gaussian_kl(mu, covariance, *self.posterior(x))

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """n observations, (n, D): draw z from the prior, then x given z, and forget z."""
        z = torch.randn(n, self.H, generator=generator, dtype=torch.float64)
        noise = torch.randn(n, self.D, generator=generator, dtype=torch.float64)
        return z @ self.W.mT + self.b + self.sigma * noise


def multivariate_gaussian_kl(
    mu_1: Tensor, C_1: Tensor, mu_2: Tensor, C_2: Tensor
) -> Tensor:
    r"""KL(N(mu_1, C_1), N(mu_2, C_2)), shape (...): `eq-gaussian-kl` with matrices.

    1/2 (tr(C_2^-1 C_1) + (mu_2 - mu_1)^T C_2^-1 (mu_2 - mu_1) - H + log det C_2
    - log det C_1)

    Args:
        mu_1, mu_2: means, (..., H).
        C_1, C_2: covariances, (..., H, H), symmetric positive definite.

    Raises:
        ValueError: if a shape does not fit or a covariance is no covariance.
    """
    mu_1 = torch.as_tensor(mu_1, dtype=torch.float64)
    H = mu_1.shape[-1] if mu_1.ndim else 1
    mu_1, mu_2 = _check("mu_1", mu_1, H), _check("mu_2", mu_2, H)
    (C_1, L_1), (_, L_2) = _factor(C_1, H), _factor(C_2, H)
    ratio = _trace(torch.cholesky_solve(C_1, L_2))
    white = torch.linalg.solve_triangular(L_2, (mu_1 - mu_2)[..., None], upper=False)
    distance = white.square().sum(dim=(-2, -1))
    return 0.5 * (ratio + distance - H + _log_det(L_2) - _log_det(L_1))


def symbolic_decomposition() -> tuple[sp.Expr, sp.Expr, sp.Expr, tuple[sp.Symbol, ...]]:
    r"""SymPy's evidence, ELBO and gap in one dimension, `eq-elbo-gap`, for q = N(mu, s^2).

    With z = mu + s epsilon, both integrands of the fifth line of `eq-evidence` are
    quadratic in epsilon ~ N(0, 1), whose moments of order 0, 1, 2 are 1, 0, 1.

    Returns:
        log p(x), the ELBO, KL(q, p(z | x)), and the symbols w, b, sigma, x, mu, s.
    """
    w, b, x, mu, epsilon = sp.symbols("w b x mu epsilon", real=True)
    sigma, s = sp.symbols("sigma s", positive=True)

    def expectation(f: sp.Expr) -> sp.Expr:
        constant, _, square = sp.Poly(f, epsilon).all_coeffs()[::-1]
        return constant + square

    z, S = mu + s * epsilon, 1 / (1 + w**2 / sigma**2)
    log_q = symbolic_gaussian_log_density(z, mu, s)
    log_joint = symbolic_gaussian_log_density(x, w * z + b, sigma)
    log_joint += symbolic_gaussian_log_density(z, 0, 1)
    mean = S * w * (x - b) / sigma**2
    log_posterior = symbolic_gaussian_log_density(z, mean, sp.sqrt(S))
    evidence = symbolic_gaussian_log_density(x, b, sp.sqrt(w**2 + sigma**2))
    elbo, gap = expectation(log_joint - log_q), expectation(log_q - log_posterior)
    return evidence, elbo, gap, (w, b, sigma, x, mu, s)


def _check(name: str, value: Tensor, size: int, exact: bool = False) -> Tensor:
    value = torch.as_tensor(value, dtype=torch.float64)
    if value.ndim == 0 or value.shape[-1] != size or (exact and value.ndim != 1):
        wanted = f"({size},)" if exact else f"(..., {size})"
        raise ValueError(f"{name} must have shape {wanted}, got {tuple(value.shape)}")
    return value


def _factor(covariance: Tensor, H: int) -> tuple[Tensor, Tensor]:
    """A covariance in float64 with its Cholesky factor, or a clear error."""
    C = torch.as_tensor(covariance, dtype=torch.float64)
    if C.ndim < 2 or C.shape[-2:] != (H, H):
        raise ValueError(
            f"a covariance must have shape (..., {H}, {H}), got {tuple(C.shape)}"
        )
    L, failed = torch.linalg.cholesky_ex(C)
    asymmetric = (C - C.mT).abs().amax() > 1e-8 * C.abs().amax()
    if failed.any() or asymmetric:
        raise ValueError("a covariance must be symmetric and positive definite")
    return C, L


def _trace(matrix: Tensor) -> Tensor:
    return matrix.diagonal(dim1=-2, dim2=-1).sum(dim=-1)


def _log_det(L: Tensor) -> Tensor:
    """log det C from C's Cholesky factor."""
    return 2 * L.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
