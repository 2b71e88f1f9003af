r"""Chapter *encoder-decoder*: the two networks of a variational autoencoder.

Symbols as in the chapter: x (B, D) a batch of images, z (B, H) latent variables, mu and
log_var = log sigma^2 (B, H) the encoder's outputs, x_hat (B, D) the decoder's mean.
Source: Kingma and Welling (2013), Auto-Encoding Variational Bayes, appendix C.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import sympy as sp
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_lib.arguments import tensor
from vae_lib.kl_and_mle import gaussian_kl
from vae_lib.maximum_likelihood import LOG_2_PI, symbolic_gaussian_density

Activation = Callable[[], nn.Module]


def mlp(sizes: Sequence[int], activation: Activation = nn.GELU) -> nn.Sequential:
    """Linear layers of the given sizes with a nonlinearity between each two of them.

    Args:
        sizes: of the input, the hidden layers and the output, at least two.
        activation: what makes a nonlinearity, for instance `nn.Tanh`.

    Raises:
        ValueError: on fewer than two sizes, or a size below 1.
        TypeError: if the activation makes no module.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"need at least two sizes, each at least 1, got {tuple(sizes)}")
    layers: list[nn.Module] = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(n_in, n_out), _made_by(activation)]
    return nn.Sequential(*layers[:-1])


def _made_by(activation: Activation) -> nn.Module:
    try:
        return activation()
    except TypeError as error:
        advice = f"nn.Tanh does, nn.Tanh() and torch.tanh do not; got {activation!r}"
        raise TypeError(f"activation must make modules: {advice}") from error


def diagonal_gaussian_log_density(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    r"""log N(z; mu, diag(sigma^2)), log_var = log sigma^2: `eq-encoder-log-density`.

    Args:
        z, mu, log_var: (..., H), broadcast over the leading axes.

    Returns:
        Nats, summed over the H dimensions, shape (...).

    Raises:
        ValueError: if the last axes differ.

    Example:
        >>> diagonal_gaussian_log_density(torch.zeros(2), torch.zeros(2), torch.zeros(2))
        tensor(-1.8379)
    """
    if not z.shape[-1:] == mu.shape[-1:] == log_var.shape[-1:] != ():
        raise ValueError(
            "z, mu and log_var must agree on the last axis, got shapes "
            f"{tuple(z.shape)}, {tuple(mu.shape)} and {tuple(log_var.shape)}"
        )
    # The quotient first: the square of a small sigma is zero in floating point, and so may
    # sigma itself be.
    numbers = torch.finfo(log_var.dtype)
    sigma = torch.exp(0.5 * log_var).clamp(numbers.tiny, numbers.max)
    return -0.5 * (LOG_2_PI + log_var + ((z - mu) / sigma).square()).sum(dim=-1)


class Encoder(nn.Module):
    r"""q_phi(z | x) = N(z; mu, diag(sigma^2)), by `eq-encoder`.

    (mu, log sigma^2) = encoder(x). The network gives log sigma^2 and not sigma: any real
    number is then a valid output.
    """

    def __init__(
        self,
        x_dim: int,
        hidden: Sequence[int],
        z_dim: int,
        activation: Activation = nn.GELU,
    ):
        super().__init__()
        self.net = mlp([x_dim, *hidden, 2 * z_dim], activation)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (..., D) to mu and log_var, both (..., H)."""
        mu, log_var = self.net(x).chunk(2, dim=-1)
        return mu, log_var


class Decoder(nn.Module, ABC):
    r"""p_theta(x | z): what `VAE` and everything that works with one ask of a decoder.

    A decoder is a network `net` from z to numbers that fix the density of x, and the two
    methods below. Both take any number of leading axes, which broadcast: latents
    (K, B, H) beside images (B, D) are K samples for each of B images, and give (K, B).

    Example:
        Counts of photons, with a Poisson density for each pixel:

        >>> class PoissonDecoder(Decoder):
        ...     def __init__(self, z_dim, x_dim):
        ...         super().__init__()
        ...         self.net = mlp([z_dim, 16, x_dim])
        ...     def forward(self, z):
        ...         return self.net(z).exp()
        ...     def log_likelihood(self, x, z):
        ...         return torch.distributions.Poisson(self(z)).log_prob(x).sum(dim=-1)
        >>> vae = VAE(x_dim=9, z_dim=2)
        >>> vae.decoder = PoissonDecoder(z_dim=2, x_dim=9)
        >>> z, x = torch.zeros(5, 7, 2), torch.ones(7, 9)
        >>> vae.decode(z).shape, vae.decoder.log_likelihood(x, z).shape
        (torch.Size([5, 7, 9]), torch.Size([5, 7]))
    """

    net: nn.Sequential
    #: The lowest and the highest pixel that the density is for; `train` refuses others.
    support: tuple[float, float] = (-math.inf, math.inf)

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Latents (..., H) to x_hat, the mean of p_theta(x | z): (..., D)."""

    @abstractmethod
    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p_theta(x | z) in nats, the sum over pixels: (..., D), (..., H) -> (...).

        Raises:
            ValueError: if x does not have D pixels, or the density is for other pixels.
        """


class BernoulliDecoder(Decoder):
    r"""p_theta(x | z) = prod_d x_hat_d^x_d (1 - x_hat_d)^(1 - x_d): `eq-bernoulli-decoder`.

    The network gives logits a, and x_hat = sigmoid(a). All is computed from the logits:
    log(sigmoid) loses its digits where a pixel is certain.
    """

    support = (0.0, 1.0)

    def __init__(
        self,
        z_dim: int,
        hidden: Sequence[int],
        x_dim: int,
        activation: Activation = nn.GELU,
    ):
        super().__init__()
        self.net = mlp([z_dim, *hidden, x_dim], activation)

    @torch.no_grad()
    def start_at(self, mean_image: Tensor) -> None:
        r"""Begin at the best decoder that ignores z, up to the small weights of a start.

        Without z each pixel is a coin, and the best coins are the training images' average:
        `eq-bernoulli-mle`. The last layer's bias becomes its logit, so that the first steps
        need not find the background. Pixels within 0.001 of 0 or 1 stop there: a coin that
        is sure would pay for one surprise with an infinite loss.

        Args:
            mean_image: the average of the training images, (D,), in [0, 1].

        Raises:
            ValueError: if it is not one image of D pixels, each in [0, 1].

        Example:
            >>> images, vae = torch.eye(9), VAE(x_dim=9, z_dim=2)
            >>> vae.decoder.start_at(images.mean(dim=0))
            >>> (vae.decode(torch.zeros(2)) - 1 / 9).abs().max() < 0.1
            tensor(True)
        """
        bias = self.net[-1].bias
        assert isinstance(bias, Tensor)
        _check_sizes(mean_image, len(bias))
        if mean_image.ndim != 1:
            advice = "average the images over their first axis"
            raise ValueError(f"expected one mean image, got {len(mean_image)}: {advice}")
        if not (mean_image.min() >= 0 and mean_image.max() <= 1):
            raise ValueError("an average of images lies in [0, 1]: divide by 255 first")
        bias.copy_(mean_image.logit(eps=1e-3))

    def forward(self, z: Tensor) -> Tensor:
        """Latents (..., H) to x_hat in (0, 1), (..., D)."""
        return torch.sigmoid(self.net(z))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p_theta(x | z) in nats, the sum over pixels: (..., D), (..., H) -> (...).

        Raises:
            ValueError: if x does not have D pixels, or one lies outside [0, 1].
        """
        logits = self.net(z)
        _check_sizes(x, logits.shape[-1])
        low, high = torch.aminmax(x.detach()) if x.numel() else (0, 1)
        if not (low >= 0 and high <= 1):
            raise ValueError(f"a Bernoulli pixel must lie in [0, 1]: {low:g} to {high:g}")
        x, logits = torch.broadcast_tensors(x, logits)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=-1)


class GaussianDecoder(Decoder):
    r"""p_theta(x | z) = N(x; x_hat, sigma_x^2 I), x_hat = decoder(z).

    With sigma_x^2 = 1 this is the book's `eq-gaussian-decoder`.

    Args:
        variance: sigma_x^2 at the start, one for all pixels; 1 is the chapter's choice.
        learn_variance: whether log sigma_x^2 is a parameter to train.

    Raises:
        ValueError: if the variance is not positive.
    """

    def __init__(
        self,
        z_dim: int,
        hidden: Sequence[int],
        x_dim: int,
        *,
        activation: Activation = nn.GELU,
        variance: float = 1.0,
        learn_variance: bool = False,
    ):
        super().__init__()
        if not variance > 0:
            raise ValueError(f"the decoder's variance must be positive, got {variance:g}")
        self.net = mlp([z_dim, *hidden, x_dim], activation)
        self.log_var = nn.Parameter(
            torch.tensor(math.log(variance)), requires_grad=learn_variance
        )

    def forward(self, z: Tensor) -> Tensor:
        """Latents (..., H) to the mean x_hat, (..., D)."""
        return self.net(z)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p_theta(x | z) in nats, with its constant: (..., D), (..., H) -> (...).

        Raises:
            ValueError: if x does not have D pixels.
        """
        x_hat = self.net(z)
        _check_sizes(x, x_hat.shape[-1])
        variance = self.log_var.exp().clamp_min(torch.finfo(self.log_var.dtype).tiny)
        squared_error = (x - x_hat).square().sum(dim=-1) / variance
        return -0.5 * (x.shape[-1] * (LOG_2_PI + self.log_var) + squared_error)


class VAE(nn.Module):
    """An encoder and a decoder that fit each other. Prior: p(z) = N(z; 0, I).

    Args:
        x_dim: D, pixels an image.
        z_dim: H, latent dimensions.
        hidden: the encoder's hidden sizes; the decoder has them in reverse.
        likelihood: "bernoulli" or "gaussian".
        activation: what makes the nonlinearities, for instance `nn.Tanh`.
        encoder, decoder: of another kind, in place of those that would be made. Both take
            any number of leading axes, as `Encoder` and `Decoder` say.
        decoder_options: passed on to the Gaussian decoder (variance, learn_variance).

    Attributes:
        shape: (channels, rows, columns) of an image, if it is known.

    Raises:
        ValueError: on an unknown likelihood or a size below 1.

    Example:
        >>> vae = VAE(x_dim=784, z_dim=2, likelihood="gaussian", variance=0.1)
        >>> mu, log_var = vae.encode(torch.zeros(5, 784))
        >>> mu.shape, vae.decode(mu).shape
        (torch.Size([5, 2]), torch.Size([5, 784]))
    """

    encoder: Encoder
    decoder: Decoder
    shape: tuple[int, int, int] | None = None

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        hidden: Sequence[int] = (256, 128),
        likelihood: str = "bernoulli",
        activation: Activation = nn.GELU,
        *,
        encoder: Encoder | None = None,
        decoder: Decoder | None = None,
        **decoder_options: float,
    ):
        super().__init__()
        decoders: dict[str, type[Decoder]] = {
            "bernoulli": BernoulliDecoder,
            "gaussian": GaussianDecoder,
        }
        if likelihood not in decoders:
            raise ValueError(f"likelihood is 'bernoulli' or 'gaussian', got {likelihood!r}")
        self.x_dim, self.z_dim = x_dim, z_dim
        self.encoder = encoder or Encoder(x_dim, hidden, z_dim, activation)
        self.decoder = decoder or decoders[likelihood](
            z_dim, hidden[::-1], x_dim, activation=activation, **decoder_options
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (..., D) to mu and log_var, both (..., H).

        Raises:
            TypeError: if x is no tensor.
            ValueError: on another size, or a type that is not the network's.
        """
        _check_sizes(tensor("images", x), self.x_dim)
        self._check_type("images", x)
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Latents (..., H) to mean images x_hat, (..., D).

        Raises:
            TypeError: if z is no tensor.
            ValueError: on another size, or a type that is not the network's.
        """
        _check_sizes(tensor("z", z), self.z_dim, "latents with {} dimensions")
        self._check_type("z", z)
        return self.decoder(z)

    def _check_type(self, name: str, given: Tensor) -> None:
        ours = next(self.parameters()).dtype
        if given.dtype != ours and not torch.is_autocast_enabled(given.device.type):
            advice = f"{name} / 255" if given.dtype == torch.uint8 else f"{name}.to({ours})"
            raise ValueError(f"the network is {ours}, {name} {given.dtype}: write {advice}")


def _check_sizes(x: Tensor, size: int, what: str = "images with {} pixels") -> None:
    # Without this check an x of one pixel would be broadcast over all D, silently.
    if x.shape[-1:] != (size,):
        raise ValueError(
            f"expected {what.format(size)} on the last axis, got shape {tuple(x.shape)}"
        )


class LatentPlane:
    """The evidence and the ELBO of a VAE with two latents, by sums over a grid of z.

    In a plane an integral over z is a sum without sampling noise, so that gaps can be
    measured. The grid has 161 x 161 points, 1/8 apart, from -10 to 10 on both axes.

    Args:
        vae: with z_dim = 2 and a Bernoulli decoder.
        images: (B, D).

    Attributes:
        axis: the grid's points on either axis, (161,).
        log_joint: log p(x, z) of each image at each point, (B, 161, 161), float64.
        evidence: log p(x) of each image, (B,), nats.

    Raises:
        ValueError: if the latent space is no plane, or the decoder is another.
    """

    @torch.no_grad()
    def __init__(self, vae: VAE, images: Tensor) -> None:
        if vae.z_dim != 2 or not isinstance(vae.decoder, BernoulliDecoder):
            raise ValueError("the grid is for two latents and a Bernoulli decoder")
        self.axis = torch.linspace(-10, 10, 161, dtype=torch.float64)
        self._step = self.axis[1] - self.axis[0]
        points = torch.cartesian_prod(self.axis, self.axis)
        # float64, on the CPU: not every other device has it
        logits = vae.decoder.net(points.to(images)).cpu().double()
        # `eq-bernoulli-logit`, of all images at all points
        table = images.cpu().double() @ logits.T - F.softplus(logits).sum(dim=-1)
        log_prior = -0.5 * (2 * LOG_2_PI + points.square().sum(dim=-1))
        self._log_likelihood = table.reshape(-1, 161, 161)
        self.log_joint = (table + log_prior).reshape(-1, 161, 161)
        log_sum = self.log_joint.flatten(1).logsumexp(dim=1)
        self.evidence = log_sum + 2 * self._step.log()

    def elbo(self, mu: Tensor, log_var: Tensor) -> Tensor:
        """The ELBO of q = N(mu, diag(sigma^2)) for each image, (B, 2) twice to (B,), nats.

        Raises:
            ValueError: if a q is too narrow for the grid, or leaves it.
        """
        mu, log_var = mu.cpu().double(), log_var.cpu().double()
        sigma = torch.exp(0.5 * log_var).expand_as(mu)
        t = (self.axis - mu[..., None]) / sigma[..., None]
        q = torch.exp(-0.5 * (LOG_2_PI + t**2)) / sigma[..., None] * self._step
        if (q.sum(dim=-1) - 1).abs().max() > 1e-4:
            raise ValueError("a density q does not fit on the grid")
        first, second = q.unbind(dim=-2)
        fit = torch.einsum("bi,bij,bj->b", first, self._log_likelihood, second)
        return fit - gaussian_kl(mu, sigma, 0.0, 1.0).sum(dim=-1)

    def best(self, mu: Tensor, log_var: Tensor, steps: int = 150) -> tuple[Tensor, Tensor]:
        """Climb the ELBO of each image by itself, from the given q; mu and log_var, (B, 2).

        Each climb ends near a summit, which need not be the highest.
        """
        q = [t.detach().cpu().double().clone().requires_grad_() for t in (mu, log_var)]
        optimizer = torch.optim.Adam(q, lr=0.05, maximize=True)
        for _ in range(steps):
            optimizer.zero_grad()
            self.elbo(*q).sum().backward()
            optimizer.step()
        return q[0].detach(), q[1].detach()


class CurvedModel:
    r"""A model small enough for SymPy: one latent number z, an image x of two pixels.

    The decoder bends the line into a parabola, z -> (3z/2, z^2 - 1), with a standard
    deviation of 2/5 on each pixel; q = N(mu, sigma^2). All attributes are expressions in
    the symbols z, x, mu and sigma: `joint` is p(x, z), `reconstruction` and `kl` are the
    two terms of the ELBO. `log_evidence` is log p(x) by the trapezoidal rule, of which
    the tests show that no digit of interest is lost for abs(x_1) <= 3 and -2 <= x_2 <= 3.
    """

    def __init__(self) -> None:
        self.z, self.mu = sp.symbols("z mu", real=True)
        self.x = sp.symbols("x_1 x_2", real=True)
        self.sigma = sp.Symbol("sigma", positive=True)
        z, mu, sigma = self.z, self.mu, self.sigma
        likelihood = sp.prod(
            symbolic_gaussian_density(x, mean, sp.Rational(2, 5))
            for x, mean in zip(self.x, self.decoder(z), strict=True)
        )
        self.joint = likelihood * symbolic_gaussian_density(z, 0, 1)
        epsilon = sp.Symbol("epsilon", real=True)
        log_likelihood = sp.expand_log(sp.log(likelihood).subs(z, mu + sigma * epsilon))
        powers = sp.Poly(log_likelihood, epsilon).all_coeffs()[::-1]
        # the moments of a standard Gaussian, of order 0 to 4
        self.reconstruction = sum(
            sp.expand(power) * moment
            for power, moment in zip(powers, [1, 0, 1, 0, 3], strict=True)
        )
        self.kl = (mu**2 + sigma**2 - 1) / 2 - sp.log(sigma)
        grid = [sp.Rational(k, 20) for k in range(-70, 71)]
        self.log_evidence = sp.log(sum(self.joint.subs(z, point) / 20 for point in grid))

    @staticmethod
    def decoder(z: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """The mean of both pixels."""
        return 3 * z / 2, z**2 - 1
