r"""Chapter *diffusion*: a chain of latents above x_0, with an encoder that is fixed.

Symbols as in the chapter: x_t (n, H) for t = 0..T, beta_t the variance of a step,
alpha_bar_t = prod (1 - beta_s), epsilon (n, H) the noise in x_t, sigma_t^2 the variance of
p_theta(x_{t-1} | x_t). Tensors over t have T + 1 entries, so that their index is t.
Everything in nats, and per observation.
Source: Ho, Jain and Abbeel (2020), Denoising Diffusion Probabilistic Models, section 3.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from warnings import catch_warnings, simplefilter

import torch
from sklearn import mixture
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from vae_lib.encoder_decoder import mlp
from vae_lib.maximum_likelihood import LOG_2_PI

#: epsilon_theta: of x_t (n, H) and t (n,), the noise that it finds in x_t, (n, H).
Denoiser = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Schedule:
    r"""The steps of the fixed encoder: `eq-noise-step`.

    Args:
        beta: (T + 1,), float64; beta[0] is 0, the others lie between 0 and 1.

    Raises:
        ValueError: if they do not.

    Example:
        >>> Schedule(torch.tensor([0.0, 0.1, 0.2])).alpha_bar
        tensor([1.0000, 0.9000, 0.7200])
    """

    beta: Tensor

    def __post_init__(self) -> None:
        inside = (self.beta[1:] > 0) & (self.beta[1:] < 1)
        if self.beta.ndim != 1 or self.T < 1 or self.beta[0] != 0 or not inside.all():
            raise ValueError("beta is (T + 1,): a zero, then numbers between 0 and 1")

    @property
    def T(self) -> int:
        """How many steps."""
        return len(self.beta) - 1

    @cached_property
    def alpha(self) -> Tensor:
        """1 - beta_t."""
        return 1 - self.beta

    @cached_property
    def alpha_bar(self) -> Tensor:
        """The product of alpha_1 to alpha_t; 1 at t = 0: `eq-alpha-bar`."""
        return self.alpha.cumprod(dim=0)

    @cached_property
    def posterior_variance(self) -> Tensor:
        """tilde beta_t, the variance of q(x_{t-1} | x_t, x_0); 0 at t = 0 and at t = 1."""
        left = 1 - self.alpha_bar
        variance = torch.zeros_like(self.beta)
        variance[1:] = self.beta[1:] * left[:-1] / left[1:]
        return variance


def schedule(T: int, first: float = 0.1, last: float = 20.0) -> Schedule:
    r"""A schedule that ends at the same noise for every T.

    alpha_bar_t = exp(-(first s + (last - first) s^2 / 2)) with s = t / T: for T = 1,000 the
    betas rise from 1e-4 to 0.02 in a nearly straight line, as in Ho et al. (2020).

    Raises:
        ValueError: if T < 1.
    """
    if T < 1:
        raise ValueError(f"a chain needs T >= 1, got {T}")
    s = torch.arange(T + 1, dtype=torch.float64) / T
    exponent = first * s + (last - first) * s**2 / 2
    beta = torch.zeros_like(s)
    beta[1:] = -torch.expm1(-exponent.diff())
    return Schedule(beta)


def diffuse(x_0: Tensor, t: Tensor, epsilon: Tensor, steps: Schedule) -> Tensor:
    """x_t in one jump, `eq-jump`: x_0 and epsilon (..., H), t (...) whole numbers."""
    a = steps.alpha_bar[t.cpu()].to(x_0)[..., None]
    return a.sqrt() * x_0 + (1 - a).sqrt() * epsilon


def noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise of the shape, the type and the device of x."""
    return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)


def step_posterior(
    x_t: Tensor, x_0: Tensor, t: int, steps: Schedule
) -> tuple[Tensor, float]:
    r"""Mean (..., H) and variance of q(x_{t-1} | x_t, x_0): `eq-step-posterior`."""
    a, b = steps.alpha_bar[t - 1].item(), steps.alpha_bar[t].item()
    beta = steps.beta[t].item()
    mean = math.sqrt(a) * beta / (1 - b) * x_0
    mean = mean + math.sqrt(1 - beta) * (1 - a) / (1 - b) * x_t
    return mean, steps.posterior_variance[t].item()


def step_mean(x_t: Tensor, epsilon: Tensor, t: int, steps: Schedule) -> Tensor:
    """mu_theta(x_t, t) from the noise that was found in x_t (..., H): `eq-step-mean`."""
    beta, a = steps.beta[t].item(), steps.alpha_bar[t].item()
    return (x_t - beta / math.sqrt(1 - a) * epsilon) / math.sqrt(1 - beta)


def noise_weights(steps: Schedule, variance: Tensor) -> Tensor:
    r"""The bound's weights of the squared error in epsilon, (T + 1,): `eq-noise-loss`.

    Args:
        variance: sigma_t^2, (T + 1,); entry 0 is not used, and its weight is 0.
    """
    weights = torch.zeros_like(steps.beta)
    beta, alpha, left = steps.beta[1:], steps.alpha[1:], 1 - steps.alpha_bar[1:]
    weights[1:] = beta**2 / (2 * variance[1:] * alpha * left)
    return weights


def bound_of_errors(
    errors: Tensor, steps: Schedule, variance: Tensor, square: Tensor, H: int = 1
) -> Tensor:
    r"""The T + 1 parts of minus the bound, from squared errors in epsilon.

    Part 0 is the divergence of q(x_T | x_0) from the prior, part t the loss of step t:
    for t = 1 the reconstruction, else a divergence. Their sum is -ELBO(x_0).

    Args:
        errors: abs(epsilon - epsilon_theta)^2, expected or drawn, (..., T + 1); entry 0
            is not used.
        variance: sigma_t^2, (T + 1,).
        square: abs(x_0)^2, or its mean, (...).
        H: the number of dimensions.

    Returns:
        (..., T + 1), nats.
    """
    a = steps.alpha_bar[-1]
    parts = noise_weights(steps, variance) * errors
    ratio = steps.posterior_variance[2:] / variance[2:]
    parts[..., 2:] += H / 2 * (ratio - 1 - ratio.log())
    parts[..., 1] += H / 2 * (LOG_2_PI + variance[1].log())
    parts[..., 0] = 0.5 * (a * square - H * (a + torch.log1p(-a)))
    return parts


@torch.no_grad()
def squared_errors(
    x_0: Tensor, denoiser: Denoiser, steps: Schedule, generator: torch.Generator
) -> Tensor:
    """abs(epsilon - epsilon_theta(x_t, t))^2 of each x_0 (n, H) at each t, one draw each.

    Returns:
        (n, T + 1), float64, on the CPU, with a column of zeros for t = 0.
    """
    columns = [torch.zeros(len(x_0), dtype=torch.float64)]
    for step in range(1, steps.T + 1):
        t = torch.full((len(x_0),), step, device=x_0.device)
        epsilon = noise_like(x_0, generator)
        missed = epsilon - denoiser(diffuse(x_0, t, epsilon, steps), t)
        columns.append(missed.cpu().double().square().sum(dim=-1))
    return torch.stack(columns, dim=-1)


def best_variance(errors: Tensor, steps: Schedule, H: int) -> Tensor:
    r"""The sigma_t^2 with the largest bound, (T + 1,): `eq-best-variance`.

    Args:
        errors: the mean squared error in epsilon at each t, (T + 1,).
    """
    variance = steps.posterior_variance.clone()
    beta, alpha, left = steps.beta[1:], steps.alpha[1:], 1 - steps.alpha_bar[1:]
    variance[1:] += beta**2 / (alpha * left) * errors[1:] / H
    return variance


@torch.no_grad()
def draw_chain(
    denoiser: Denoiser,
    steps: Schedule,
    variance: Tensor,
    x_T: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """From x_T (n, H) down to x_0, all of it: (T + 1, n, H), at index t the x_t.

    The last step is its mean: noise of variance sigma_1^2 would only be seen as noise.
    """
    path = [x_T]
    for step in range(steps.T, 0, -1):
        t = torch.full((len(x_T),), step, device=x_T.device)
        x = step_mean(path[-1], denoiser(path[-1], t), step, steps)
        if step > 1:
            x = x + variance[step].sqrt().item() * noise_like(x, generator)
        path.append(x)
    return torch.stack(path[::-1])


@dataclass(frozen=True)
class GaussianMixture:
    """sum_k w_k N(x; m_k, C_k): weights (K,), means (K, H), covariances (K, H, H).

    Diffused it is a mixture again, so its best denoiser has a closed form.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor

    @property
    def parts(self) -> torch.distributions.MultivariateNormal:
        """The K Gaussians."""
        return torch.distributions.MultivariateNormal(
            self.means, self.covariances, validate_args=False
        )

    def log_parts(self, x: Tensor) -> Tensor:
        """log w_k N(x; m_k, C_k), (n, K), for x (n, H)."""
        return self.weights.log() + self.parts.log_prob(x[:, None])

    def log_density(self, x: Tensor) -> Tensor:
        """(n,), nats, for x (n, H)."""
        return self.log_parts(x).logsumexp(dim=-1)

    def diffused(self, alpha_bar: float) -> "GaussianMixture":
        """The density of x_t, where x_0 comes from this one: `eq-jump`."""
        a = float(alpha_bar)
        noise = (1 - a) * torch.eye(self.means.shape[1], dtype=self.means.dtype)
        return GaussianMixture(
            self.weights, math.sqrt(a) * self.means, a * self.covariances + noise
        )

    def best_epsilon(self, x_t: Tensor, alpha_bar: float) -> Tensor:
        """E[epsilon | x_t], (n, H): `eq-score`."""
        at_t = self.diffused(alpha_bar)
        shares = at_t.log_parts(x_t).softmax(dim=-1)
        away = x_t[:, None] - at_t.means
        pulls = torch.linalg.solve(at_t.covariances, away.permute(1, 2, 0))  # (K, H, n)
        pull = torch.einsum("nk,khn->nh", shares, pulls)
        return math.sqrt(1 - float(alpha_bar)) * pull

    def denoiser(self, steps: Schedule) -> Denoiser:
        """`best_epsilon` with the arguments of a network; one t at a time."""

        def best(x_t: Tensor, t: Tensor) -> Tensor:
            return self.best_epsilon(x_t, steps.alpha_bar[t[0]].item())

        return best

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """(n, H)."""
        drawn = torch.multinomial(self.weights, n, True, generator=generator)
        shape = (n, self.means.shape[1])
        noise = torch.randn(shape, generator=generator, dtype=self.means.dtype)
        roots = torch.linalg.cholesky(self.covariances)[drawn]
        return self.means[drawn] + (roots @ noise[..., None])[..., 0]


def line_mixture(weights: list[float], means: list[float], s: float) -> GaussianMixture:
    """Bumps on the line, each of standard deviation s."""
    m = torch.tensor(means, dtype=torch.float64)[:, None]
    covariances = torch.full((len(m), 1, 1), s**2, dtype=torch.float64)
    return GaussianMixture(torch.tensor(weights, dtype=torch.float64), m, covariances)


def exact_errors(data: GaussianMixture, steps: Schedule, n: int = 4001) -> Tensor:
    r"""The error that the best denoiser is left with, E abs(epsilon - E[epsilon | x_t])^2.

    By the trapezoidal rule on the line, so H = 1. By `eq-best-guess` it is
    1 - E[(E[epsilon | x_t])^2], for a best guess is uncorrelated with what it misses.

    Returns:
        (T + 1,); entry 0 is 0 and not used.
    """
    if data.means.shape[1] != 1:
        raise ValueError("the trapezoidal rule is for one dimension")
    reach = 8 + data.means.abs().max() + 8 * data.covariances.max().sqrt()
    x = torch.linspace(-reach, reach, n, dtype=torch.float64)[:, None]
    errors = torch.zeros(steps.T + 1, dtype=torch.float64)
    for t in range(1, steps.T + 1):
        a = steps.alpha_bar[t].item()
        density = data.diffused(a).log_density(x).exp()
        explained = density * data.best_epsilon(x, a)[:, 0] ** 2
        errors[t] = 1 - torch.trapezoid(explained, x[:, 0])
    return errors


def fit_mixture(
    x: Tensor, K: int, generator: torch.Generator, turns: int = 15
) -> GaussianMixture:
    """A mixture of K Gaussians with full covariances, by EM, from x (n, H), n >= K.

    Args:
        turns: the most that are made. After fewer than it needs to converge the fit is
            still a density, so that nothing is said about it.
        generator: of where it begins.

    Source: Bishop (2006), section 9.2; scikit-learn does the work.
    """
    seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
    em = mixture.GaussianMixture(K, max_iter=turns, reg_covar=1e-3, random_state=seed)
    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        em.fit(x.cpu().double().numpy())
    fitted = (em.weights_, em.means_, em.covariances_)
    return GaussianMixture(*(torch.from_numpy(part) for part in fitted))


class NoiseNet(nn.Module):
    """epsilon_theta(x_t, t): an MLP that sees x_t and the level of noise.

    Args:
        H: dimensions. hidden: the sizes of its hidden layers.

    The level enters as log((1 - alpha_bar_t) / alpha_bar_t), as a few waves of it. What
    the MLP gives is added to sqrt(1 - alpha_bar_t) x_t, the best denoiser for data that
    are standard normal, and it starts at zero: at first the chain is the prior.
    """

    features: Tensor
    share: Tensor

    def __init__(self, H: int, steps: Schedule, hidden: tuple[int, ...] = (128, 128, 128)):
        super().__init__()
        a = steps.alpha_bar[1:]
        level = torch.log((1 - a) / a)
        place = 2 * (level - level.min()) / (level.max() - level.min() + 1e-9) - 1
        waves = torch.arange(1, 5) * math.pi / 2 * place[:, None]
        features = torch.cat([place[:, None], waves.sin(), waves.cos()], dim=-1).float()
        self.register_buffer("features", nn.functional.pad(features, (0, 0, 1, 0)))
        self.register_buffer("share", (1 - steps.alpha_bar).sqrt().float())
        self.net = mlp([H + features.shape[1], *hidden, H], nn.SiLU)
        for last in self.net[-1].parameters():
            nn.init.zeros_(last)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        """x_t (n, H) and t (n,): (n, H)."""
        correction = self.net(torch.cat([x_t, self.features[t]], dim=-1))
        return self.share[t, None] * x_t + correction


def train_denoiser(
    x_0: Tensor,
    steps: Schedule,
    seed: int,
    *,
    updates: int = 1100,
    batch_size: int = 512,
    learning_rate: float = 5e-3,
    weights: Tensor | None = None,
) -> NoiseNet:
    r"""Minimise the simple loss, `eq-simple-loss`, over x_0 (n, H), with Adam.

    Args:
        weights: of the squared error at each t, (T + 1,), scaled to an average of 1; None
            gives each t the same, which is the simple loss.
    """
    device = x_0.device
    generator = torch.Generator(device).manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = NoiseNet(x_0.shape[1], steps).to(device)
    if weights is not None:
        weights = (weights / weights[1:].mean()).float().to(device)
    draw = partial(torch.randint, size=(batch_size,), generator=generator, device=device)
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate, fused=True)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    for _ in range(updates):
        x = x_0[draw(high=len(x_0))]
        t = draw(low=1, high=steps.T + 1)
        epsilon = noise_like(x, generator)
        missed = epsilon - net(diffuse(x, t, epsilon, steps), t)
        loss = missed.square().sum(dim=-1)
        if weights is not None:
            loss = weights[t] * loss
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        decay.step()
    return net
