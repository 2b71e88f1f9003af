r"""Chapter *kl-and-mle*: how far one density is from another, and what likelihood has to do
with it.

Symbols as in the chapter: p (where x comes from), q (what it is compared with), and
D_KL(p || q) = E_p[log p - log q], in nats. The order of the arguments matters.
"""

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp
import torch
from scipy.integrate import IntegrationWarning, quad
from scipy.optimize import minimize
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from vae_lib.maximum_likelihood import (
    gaussian_log_density,
    symbolic_gaussian_log_likelihood,
)
from vae_lib.monte_carlo import Estimate

LogDensity = Callable[[Tensor], Tensor]


def gaussian_kl(
    mu_1: Tensor | float,
    sigma_1: Tensor | float,
    mu_2: Tensor | float,
    sigma_2: Tensor | float,
) -> Tensor:
    r"""D_KL(N(mu_1, sigma_1^2) || N(mu_2, sigma_2^2)): `eq-gaussian-kl`.

    Args:
        mu_1, sigma_1, mu_2, sigma_2: numbers, or tensors that broadcast; sigmas > 0.

    Returns:
        Nats, one for each element of the broadcast shape. Sum over independent components.

    Raises:
        ValueError: if a sigma is not positive.
    """
    mu_1, sigma_1, mu_2, sigma_2 = (
        a if isinstance(a, Tensor) else torch.tensor(a, dtype=torch.float64)
        for a in (mu_1, sigma_1, mu_2, sigma_2)
    )
    for name, sigma in (("sigma_1", sigma_1), ("sigma_2", sigma_2)):
        if not (sigma > 0).all():
            raise ValueError(f"{name} must be positive, got {sigma.min():g}")
    # Ratios first: the square of a small sigma is zero in floating point.
    spread = ((sigma_1 / sigma_2) ** 2 + ((mu_1 - mu_2) / sigma_2) ** 2) / 2
    return torch.log(sigma_2 / sigma_1) + spread - 0.5


def monte_carlo_kl(log_p: LogDensity, log_q: LogDensity, samples: Tensor) -> Estimate:
    r"""Estimate D_KL(p || q) from samples of p: `eq-monte-carlo-kl`.

    Args:
        log_p, log_q: log-densities, from samples (N, ...) to values (N,); SciPy's will do.
        samples: independent samples x^(n) of p, shape (N, ...), N >= 2.

    Returns:
        The estimate in nats, with its standard error.

    Raises:
        ValueError: if a log-density has the wrong shape, if a sample cannot come from p, or
            if q is zero at a sample: then the divergence is infinite.
    """
    log_p_x, log_q_x = (torch.as_tensor(f(samples)) for f in (log_p, log_q))
    n = samples.shape[:1]
    for name, values in (("log_p", log_p_x), ("log_q", log_q_x)):
        if values.shape != n:
            raise ValueError(
                f"{name} must give one value a sample, shape {tuple(n)}, "
                f"got {tuple(values.shape)}"
            )
    if (log_p_x == -math.inf).any():
        raise ValueError("p is zero at some samples: they are not samples of p")
    uncovered = int((log_q_x == -math.inf).sum())
    if uncovered:
        raise ValueError(
            f"q is zero at {uncovered} of {len(samples)} samples of p: the KL is infinite"
        )
    return Estimate.of(log_p_x - log_q_x)


def quadrature_kl(
    log_p: LogDensity, log_q: LogDensity, lower: float, upper: float
) -> float:
    r"""D_KL(p || q) of two densities on the line by SciPy's adaptive quadrature.

    Args:
        log_p, log_q: log-densities, elementwise; SciPy's `logpdf` will do.
        lower, upper: a finite interval that holds all of p but a negligible rest.

    Returns:
        Nats, never negative; `math.inf` where q is zero and p is not. Such a gap is found
            next to the ends, however narrow, and inside if it is wider than 1 / 65,536 of
            the interval. Smooth densities give about 1e-8; jumps of p cost digits unless
            they stand at the interval's ends.

    Raises:
        ValueError: if the interval is not finite, if p does not integrate to 1 over it, if
            q integrates to more than 1, or if the quadrature fails.
    """
    if not -math.inf < lower < upper < math.inf:
        raise ValueError(f"need finite lower < upper, got [{lower:g}, {upper:g}]")
    if _has_gap(log_p, log_q, lower, upper):
        return math.inf

    def at(log_density: LogDensity, x: float) -> float:
        return float(log_density(torch.tensor(x, dtype=torch.float64)))

    def integrand(x: float) -> float:
        log_p_x, log_q_x = at(log_p, x), at(log_q, x)
        # 0 log 0 is 0, as in the limit; and a single point where q is 0 weighs nothing.
        if -math.inf in (log_p_x, log_q_x):
            return 0.0
        return math.exp(log_p_x) * (log_p_x - log_q_x)

    accuracy = {"limit": 200, "epsabs": 1e-10, "epsrel": 1e-10}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)  # the error estimate decides
        mass, _ = quad(lambda x: math.exp(at(log_p, x)), lower, upper, **accuracy)
        mass_q, error_q = quad(lambda x: math.exp(at(log_q, x)), lower, upper, **accuracy)
        kl, error = quad(integrand, lower, upper, **accuracy)
    if not abs(mass - 1) <= 1e-6:
        raise ValueError(
            f"p integrates to {mass:.10g} on [{lower:g}, {upper:g}], not to 1: "
            "widen the interval, or normalise p"
        )
    if not mass_q <= 1 + 1e-6 + error_q:
        raise ValueError(
            f"q integrates to {mass_q:.10g} on [{lower:g}, {upper:g}], more than 1: "
            "normalise q; or it has a gap too narrow to be found, and the KL is infinite"
        )
    if not error <= 1e-8 * max(1.0, abs(kl)):
        raise ValueError(f"the quadrature did not converge: {kl:g} +/- {error:g} nats")
    return max(kl, 0.0)  # of equal densities it is 0 but for rounding


def _has_gap(log_p: LogDensity, log_q: LogDensity, lower: float, upper: float) -> bool:
    """Whether q is zero, and p is not, at a point and beside it: on an evenly spaced grid,
    or on one that halves its distance to an end with each point."""
    inside = torch.linspace(0, 1, 2**16 + 1, dtype=torch.float64)[1:-1]
    halves = 0.5 ** torch.arange(17, 51, dtype=torch.float64)
    share, width = torch.cat([inside, halves, 1 - halves]), upper - lower

    def gap(shift: float) -> Tensor:
        x = (lower + width * share + shift).clamp(lower, upper)
        log_p_x, log_q_x = (torch.as_tensor(f(x)) for f in (log_p, log_q))
        return (log_q_x == -math.inf) & (log_p_x > -math.inf)

    # A density may vanish at one point, as x^2 exp(-x^2 / 2) does.
    here = gap(0.0)
    return bool(here.any()) and any(
        bool((here & gap(shift)).any()) for shift in (width * 2.0**-52, -width * 2.0**-52)
    )


def two_bumps(gap: float) -> MixtureSameFamily:
    """60% of the mass around -gap / 2 and 40% around gap / 2, each a Gaussian of width 0.7.

    Raises:
        ValueError: if the gap is negative: the larger bump is the left one.
    """
    if not 0 <= gap < math.inf:
        raise ValueError(f"gap must be finite and not negative, got {gap:g}")
    weights = torch.tensor([0.6, 0.4], dtype=torch.float64)
    means = torch.tensor([-gap / 2, gap / 2], dtype=torch.float64)
    bumps = Normal(means, torch.full_like(means, 0.7))
    return MixtureSameFamily(Categorical(weights), bumps)


def fit_gaussian(
    log_p: LogDensity, direction: str, start: tuple[float, float], grid: Tensor
) -> tuple[float, float, float]:
    r"""The Gaussian q nearest to p, in one of the two directions of the divergence.

    Args:
        log_p: the log-density to approximate, elementwise.
        direction: "forward" minimises D_KL(p || q), "reverse" D_KL(q || p).
        start: the (mu, sigma) to begin from; a reverse fit may end in a local minimum.
        grid: points that hold p and q, shape (M,), dense, for the trapezoidal rule.

    Returns:
        (mu, sigma, divergence in nats) at the minimum that was found.

    Raises:
        ValueError: for another direction, if the start's sigma is not positive, if p does
            not integrate to 1 over the grid, if the optimiser fails, or if q leaves it.
    """
    if direction not in ("forward", "reverse"):
        raise ValueError(f"direction must be 'forward' or 'reverse', got {direction!r}")
    if not start[1] > 0:
        raise ValueError(f"the fit must start from a positive sigma, got {start[1]:g}")
    grid = grid.cpu().double()
    log_p_grid = log_p(grid)
    mass = torch.trapezoid(log_p_grid.exp(), grid).item()
    if not abs(mass - 1) < 0.01:  # at a jump of p the rule itself is a little off
        raise ValueError(
            f"p integrates to {mass:.7g} over the grid: widen it, or normalise p"
        )

    def log_q_grid(parameters: np.ndarray) -> Tensor:
        return gaussian_log_density(grid, float(parameters[0]), math.exp(parameters[1]))

    def divergence(parameters: np.ndarray) -> float:
        a, b = log_p_grid, log_q_grid(parameters)
        if direction == "reverse":
            a, b = b, a
        integrand = torch.where(a.exp() == 0, 0.0, a.exp() * (a - b))  # 0 log 0 is 0
        return torch.trapezoid(integrand, grid).item()

    options = {"xatol": 1e-7, "fatol": 1e-12, "maxiter": 1000}
    x0 = [start[0], math.log(start[1])]  # log sigma: any real number is allowed
    found = minimize(divergence, x0, method="Nelder-Mead", options=options)
    if not (found.success and math.isfinite(found.fun)):
        raise ValueError(f"the {direction} fit did not converge: {found.message}")
    mass = torch.trapezoid(log_q_grid(found.x).exp(), grid).item()
    if not abs(mass - 1) < 1e-6:
        raise ValueError(f"the grid holds {mass:.4g} of the fitted Gaussian: widen it")
    return float(found.x[0]), math.exp(found.x[1]), float(found.fun)


def symbolic_estimated_kl(
    truth: Sequence, model: Sequence, n: sp.Expr, s_1: sp.Expr, s_2: sp.Expr
) -> sp.Expr:
    r"""SymPy's `eq-monte-carlo-kl` between Gaussians, from running sums of the samples.

    Args:
        truth, model: (mu, sigma) each.
        n, s_1, s_2: the number of samples, their sum, and the sum of their squares.
    """
    log_likelihood, symbol = symbolic_gaussian_log_likelihood()
    of_truth, of_model = (
        log_likelihood.subs(
            dict(zip(symbol.values(), [mu, sigma, n, s_1, s_2], strict=True)),
            simultaneous=True,
        )
        for mu, sigma in (truth, model)
    )
    return (of_truth - of_model) / n
