r"""Chapter *monte-carlo*: an expectation as an average, with its standard error.

Symbols as in the chapter: f (the function), x^(n) (a sample), N (how many), p_* (the
density of the expectation), q (the proposal), w (an importance weight, p_*/q).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from vae_lib.arguments import tensor, whole


class Estimate(NamedTuple):
    """An average over independent samples, `eq-monte-carlo`, and how far it may be off.

    Attributes:
        value: the sample mean.
        standard_error: the samples' standard deviation over sqrt(n), `eq-standard-error`.
        n: the number of samples.
    """

    value: float
    standard_error: float
    n: int

    @classmethod
    def of(cls, samples: Tensor) -> "Estimate":
        """The estimate from f(x^(n)), shape (N,), N >= 2.

        Raises:
            ValueError: if `samples` is not a vector of at least two finite numbers.
        """
        if tensor("samples", samples).ndim != 1 or len(samples) < 2:
            raise ValueError(
                f"need a vector of at least two samples, got shape {tuple(samples.shape)}"
            )
        samples = samples.detach().cpu().double()
        if not samples.isfinite().all():
            n_bad = int((~samples.isfinite()).sum())
            raise ValueError(f"{n_bad} of {len(samples)} samples are infinite or NaN")
        n = len(samples)
        return cls(samples.mean().item(), samples.std().item() / math.sqrt(n), n)

    def z_score(self, truth: float) -> float:
        """How many standard errors the estimate lies above `truth`.

        Raises:
            ValueError: if the standard error is 0: all samples were equal.
        """
        if self.standard_error == 0:
            raise ValueError("the standard error is 0: there is no z-score")
        return (self.value - truth) / self.standard_error

    def __str__(self) -> str:
        return f"{self.value:.4f} +/- {self.standard_error:.4f} (N = {self.n:,})"


def expectation(
    f: Callable[[Tensor], Tensor],
    distribution: torch.distributions.Distribution,
    n: int,
    generator: torch.Generator,
) -> Estimate:
    """Estimate E[f(x)], x ~ distribution, from n samples (`eq-monte-carlo`).

    Args:
        f: maps samples `(n, *batch_shape, *event_shape)` to values (n,).
        distribution: one of torch; a batch shape means independent parts.
        n: the number of samples, at least 2.
        generator: the source of randomness, so that a run can be repeated.

    Raises:
        ValueError: if f does not return one finite value a sample, or n < 2.
        TypeError: if n is no whole number.

    Example:
        >>> coin = torch.distributions.Bernoulli(0.25)
        >>> expectation(lambda x: x, coin, 10_000, torch.Generator().manual_seed(0)).n
        10000
    """
    n = whole("n", n, at_least=2)
    return Estimate.of(_one_value_each(f(sample(distribution, n, generator)), n))


def sample(
    distribution: torch.distributions.Distribution, n: int, generator: torch.Generator
) -> Tensor:
    """n samples, shape `(n, *batch_shape, *event_shape)`, float64, on the CPU.

    They come from inverting the distribution function, where torch knows the inverse
    (`icdf`), and otherwise from torch's own `sample`: of Bernoulli, Beta, Gamma and
    multivariate distributions, in the precision of their parameters. That one reads the
    global generator; here it draws from the given one.

    Args:
        distribution: one of torch, with its parameters on the CPU.

    Raises:
        ValueError: if n < 1, or torch cannot draw from it.
        TypeError: if n is no whole number.

    Example:
        >>> x = sample(torch.distributions.Dirichlet(torch.ones(3)), 5, torch.Generator())
        >>> x.shape, x.dtype
        (torch.Size([5, 3]), torch.float64)
    """
    n = whole("n", n, at_least=1)
    generator = _on_the_cpu(generator)
    before = generator.get_state()
    shape = (n, *distribution.batch_shape)
    u = torch.rand(shape, generator=generator, dtype=torch.float64, device="cpu")
    # rand returns multiples of 2^-53, and so perhaps 0, whose quantile is minus infinity.
    u = u.clamp_min(2.0**-54)
    try:
        return distribution.icdf(u)
    except NotImplementedError:
        generator.set_state(before)
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(before)
        try:
            drawn = distribution.sample((n,)).double()
        except NotImplementedError:
            name = type(distribution).__name__
            raise ValueError(f"torch's {name} can draw no samples") from None
        generator.set_state(torch.get_rng_state())
    return drawn


def _on_the_cpu(generator: torch.Generator) -> torch.Generator:
    """The generator itself, or one of the CPU that it seeds: others may lack float64."""
    if generator.device.type == "cpu":
        return generator
    seed = torch.randint(2**31, (), generator=generator, device=generator.device)
    return torch.Generator().manual_seed(int(seed))


def coverage(values: Tensor, truth: float, z: float = 1.96) -> Estimate:
    """The share of repeated runs whose interval contains the truth.

    The share is an average too, of an indicator: it comes with its own standard error.

    Args:
        values: f at the samples of R runs of N samples each, shape (R, N), R, N >= 2.
        truth: the exact expectation.
        z: half the interval's width in standard errors; 1.96 should cover 95%.
    """
    if values.ndim != 2 or min(values.shape) < 2:
        shape = tuple(values.shape)
        raise ValueError(f"values must have shape (R, N), R, N >= 2, got {shape}")
    if not values.isfinite().all():
        raise ValueError("values must be finite")
    values = values.detach().cpu().double()
    standard_errors = values.std(dim=1) / math.sqrt(values.shape[1])
    return Estimate.of((values.mean(dim=1) - truth).abs() <= z * standard_errors)


def importance_expectation(
    f: Callable[[Tensor], Tensor],
    log_p: Callable[[Tensor], Tensor],
    log_q: Callable[[Tensor], Tensor],
    samples: Tensor,
) -> Estimate:
    """Estimate E[f(x)], x ~ p_*, from samples of a density q: `eq-importance-sampling`.

    Args:
        f, log_p, log_q: map samples (N, ...) to values (N,), the last two in nats; SciPy's
            `logpdf` will do.
        samples: drawn from q, which must be positive wherever p_* f is not 0.

    Raises:
        ValueError: if a function does not return one value a sample, or N < 2.
    """
    n = len(samples)
    log_weights = _one_value_each(log_p(samples), n) - _one_value_each(log_q(samples), n)
    return Estimate.of(log_weights.exp() * _one_value_each(f(samples), n))


def effective_sample_size(log_weights: Tensor) -> float:
    """How many equal weights would be worth these N: (sum of w)^2 / sum of w^2.

    Args:
        log_weights: log w^(n), shape (N,), N >= 1, up to any common constant.

    Returns:
        A number between 1 (one weight rules) and N (all are equal).
    """
    if log_weights.ndim != 1 or len(log_weights) == 0:
        raise ValueError(
            f"log_weights must be a non-empty vector, got shape {tuple(log_weights.shape)}"
        )
    shares = torch.softmax(log_weights.detach().cpu().double(), dim=0)
    if not shares.isfinite().all():
        raise ValueError("log_weights must hold a finite largest value, and no NaN")
    return 1 / (shares**2).sum().item()


def _one_value_each(values: Tensor, n: int) -> Tensor:
    values = torch.as_tensor(values)  # of NumPy and SciPy, too
    if values.shape != (n,):
        raise ValueError(
            f"need one value a sample, shape ({n},), got shape {tuple(values.shape)}"
        )
    return values
