r"""Chapter *maximum-likelihood*: densities of data, and the parameters that maximise them.

Symbols as in the chapter: x (the data), N (how many), mu, sigma (a Gaussian's
parameters), pi (a Bernoulli's). Logarithms are natural, log-likelihoods in nats.
"""

import math

import sympy as sp
import torch
from torch import Tensor

LOG_2_PI = math.log(2 * math.pi)


def gaussian_log_density(
    x: Tensor | float, mu: Tensor | float, sigma: Tensor | float
) -> Tensor:
    r"""log N(x; mu, sigma^2) for each x, by the book's equation `eq-gaussian-log-density`.

    Args:
        x: any shape, or a number; integers and numbers count as float64.
        mu, sigma: numbers, or tensors that broadcast against x; sigma > 0.

    Returns:
        The log-density in nats, in the broadcast shape.

    Raises:
        ValueError: if a sigma is not positive.
    """
    x = _floating(x)
    sigma = torch.as_tensor(sigma, dtype=x.dtype)
    if not (sigma > 0).all():
        raise ValueError(f"sigma must be positive, got {sigma.min():g}")
    # The quotient first: the square of a small sigma is zero in floating point.
    return -0.5 * LOG_2_PI - torch.log(sigma) - ((x - mu) / sigma) ** 2 / 2


def gaussian_log_likelihood(x: Tensor, mu: Tensor | float, sigma: Tensor | float) -> Tensor:
    r"""log p(D) of i.i.d. Gaussian data: `eq-gaussian-log-likelihood`.

    Args:
        x: the data, shape (N,), N >= 1.
        mu, sigma: numbers, or tensors of one shape S, to evaluate a whole surface.

    Returns:
        The log-likelihood in nats, shape S (a scalar for numbers).

    Raises:
        ValueError: if x is not a non-empty vector, or a sigma is not positive.
    """
    x = _data(x)
    mu, sigma = (torch.as_tensor(v, dtype=x.dtype).to(x.device) for v in (mu, sigma))
    return gaussian_log_density(x, mu[..., None], sigma[..., None]).sum(dim=-1)


def bernoulli_log_likelihood(x: Tensor, pi: Tensor | float) -> Tensor:
    r"""log p(D) of i.i.d. coin flips: `eq-bernoulli-log-likelihood`.

    0 log 0 is 0 here, as in the limit: pi = 1 has log-likelihood 0 when all x are 1.

    Args:
        x: the flips, 0 or 1, shape (N,), N >= 1.
        pi: the probability of a 1, a number or a tensor of shape S, in [0, 1].

    Returns:
        The log-likelihood in nats, shape S.

    Raises:
        ValueError: if x is not a non-empty vector of zeros and ones, or a pi not in [0, 1].
    """
    x = _coin_flips(x)
    pi = torch.as_tensor(pi, dtype=x.dtype)
    if not ((pi >= 0) & (pi <= 1)).all():
        raise ValueError("pi is a probability: it must lie in [0, 1]")
    heads = x.sum()
    return torch.special.xlogy(heads, pi) + torch.special.xlogy(len(x) - heads, 1 - pi)


def gaussian_mle(x: Tensor) -> tuple[Tensor, Tensor]:
    r"""(mu_hat, sigma_hat^2): `eq-gaussian-mle-mean`, `eq-gaussian-mle-variance`.

    sigma_hat^2 divides by N, not N - 1: it is the maximum-likelihood estimate, and biased.

    Args:
        x: the data, shape (..., N), N >= 1; leading axes hold independent data sets.

    Returns:
        Two tensors of shape (...).

    Raises:
        ValueError: if there is no data.
    """
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(
            f"x must hold at least one observation, got shape {tuple(x.shape)}"
        )
    x = _floating(x)
    return x.mean(dim=-1), x.var(dim=-1, correction=0)


def bernoulli_mle(x: Tensor) -> Tensor:
    r"""The maximiser pi_hat, the share of ones: `eq-bernoulli-mle`.

    Args:
        x: the flips, 0 or 1, shape (N,), N >= 1.

    Returns:
        A scalar.

    Raises:
        ValueError: if x is not a non-empty vector of zeros and ones.
    """
    return _coin_flips(x).mean()


def symbolic_gaussian_log_likelihood() -> tuple[sp.Expr, dict[str, sp.Symbol]]:
    r"""SymPy's log-likelihood of N Gaussian observations: `eq-gaussian-log-likelihood`.

    It depends on the data through N, S_1 = sum of x and S_2 = sum of x^2 alone, so one
    expression serves every N.

    Returns:
        The expression, and its symbols by name: mu, sigma, N, S_1, S_2.
    """
    mu, s_1 = sp.symbols("mu S_1", real=True)
    sigma, n, s_2 = sp.symbols("sigma N S_2", positive=True)
    squares = s_2 - 2 * mu * s_1 + n * mu**2
    log_likelihood = (
        -n / 2 * sp.log(2 * sp.pi) - n * sp.log(sigma) - squares / (2 * sigma**2)
    )
    return log_likelihood, {"mu": mu, "sigma": sigma, "N": n, "S_1": s_1, "S_2": s_2}


def symbolic_gaussian_log_density(x: sp.Expr, mu: sp.Expr, sigma: sp.Expr) -> sp.Expr:
    """SymPy's log N(x; mu, sigma^2), `eq-gaussian-log-density`.

    It is the log-likelihood above of one observation.

    Args:
        x, mu, sigma: symbols, expressions or numbers; sigma is taken to be positive.

    Example:
        >>> symbolic_gaussian_log_density(sp.Symbol("x"), 0, 1)
        -x**2/2 - log(2*pi)/2
    """
    expression, symbol = symbolic_gaussian_log_likelihood()
    at = {"mu": mu, "sigma": sigma, "N": 1, "S_1": x, "S_2": x**2}
    values = {symbol[name]: value for name, value in at.items()}
    return expression.subs(values, simultaneous=True)


def symbolic_gaussian_density(x: sp.Expr, mu: sp.Expr, sigma: sp.Expr) -> sp.Expr:
    """SymPy's N(x; mu, sigma^2), from its logarithm.

    Args:
        x, mu, sigma: symbols, expressions or numbers; sigma is taken to be positive.

    Example:
        >>> symbolic_gaussian_density(sp.Symbol("x"), 0, 1)
        sqrt(2)*exp(-x**2/2)/(2*sqrt(pi))
    """
    return sp.exp(symbolic_gaussian_log_density(x, mu, sigma))


def _data(x: Tensor) -> Tensor:
    if x.ndim != 1 or len(x) == 0:
        raise ValueError(f"x must be a non-empty vector, got shape {tuple(x.shape)}")
    return _floating(x)


def _floating(x: Tensor | float) -> Tensor:
    if not isinstance(x, Tensor):
        return torch.tensor(x, dtype=torch.float64)
    # float64 on the CPU: not every other device has it
    return x if x.is_floating_point() else x.cpu().double()


def _coin_flips(x: Tensor) -> Tensor:
    x = _data(x)
    if not ((x == 0) | (x == 1)).all():
        raise ValueError("coin flips must be 0 or 1")
    return x
