r"""Chapter *monte-carlo*: an expectation as an average, with its standard error.

Symbols as in the chapter: f (the function), x^(n) (a sample), N (how many).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


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
        if samples.ndim != 1 or len(samples) < 2:
            raise ValueError(
                f"need a vector of at least two samples, got shape {tuple(samples.shape)}"
            )
        samples = samples.detach().double()
        if not samples.isfinite().all():
            n_bad = int((~samples.isfinite()).sum())
            raise ValueError(f"{n_bad} of {len(samples)} samples are infinite or NaN")
        n = len(samples)
        return cls(samples.mean().item(), samples.std().item() / math.sqrt(n), n)

    def interval(self, z: float = 1.96) -> tuple[float, float]:
        """value -/+ z standard errors; z = 1.96 covers the truth 95% of the time, for large n."""
        return self.value - z * self.standard_error, self.value + z * self.standard_error

    def z_score(self, truth: float) -> float:
        """How many standard errors the estimate lies above `truth`."""
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
        f: maps samples (n, *event_shape) to values (n,).
        distribution: a univariate one of torch that has `icdf`.
        n: the number of samples, at least 2.
        generator: the source of randomness, so that a run can be repeated.
    """
    return Estimate.of(f(sample(distribution, n, generator)))


def sample(
    distribution: torch.distributions.Distribution, n: int, generator: torch.Generator
) -> Tensor:
    """n samples by inverting the distribution function, shape (n, *batch_shape), float64.

    torch's own `sample` reads the global generator; this one reads the given one.
    """
    u = torch.rand(n, *distribution.batch_shape, generator=generator, dtype=torch.float64)
    # rand may return 0, whose quantile is minus infinity.
    return distribution.icdf(u.clamp_min(torch.finfo(torch.float64).tiny))
