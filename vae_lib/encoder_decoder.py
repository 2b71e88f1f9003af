r"""Chapter *encoder-decoder*: the two networks of a variational autoencoder.

Symbols as in the chapter: x (B, D) a batch of images, z (B, H) latent variables, mu and
log_var = log sigma^2 (B, H) the encoder's outputs, x_hat (B, D) the decoder's mean.
Source: Kingma and Welling (2013), Auto-Encoding Variational Bayes, appendix C.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LOG_2_PI = math.log(2 * math.pi)


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers of the given sizes with a GELU between each two of them."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(n_in, n_out), nn.GELU()]
    return nn.Sequential(*layers[:-1])


class Encoder(nn.Module):
    r"""q_phi(z | x) = N(z; mu, diag(sigma^2)), with (mu, log sigma^2) = encoder(x).

    The network gives log sigma^2 and not sigma: any real number is then a valid output.
    """

    def __init__(self, x_dim: int, hidden: Sequence[int], z_dim: int):
        super().__init__()
        self.net = mlp([x_dim, *hidden, 2 * z_dim])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (..., D) to mu and log_var, both (..., H)."""
        mu, log_var = self.net(x).chunk(2, dim=-1)
        return mu, log_var


class BernoulliDecoder(nn.Module):
    r"""p_theta(x | z) = prod_d x_hat_d^x_d (1 - x_hat_d)^(1 - x_d), x_hat = decoder(z)."""

    def __init__(self, z_dim: int, hidden: Sequence[int], x_dim: int):
        super().__init__()
        self.net = mlp([z_dim, *hidden, x_dim])

    def forward(self, z: Tensor) -> Tensor:
        """Latents (..., H) to x_hat in (0, 1), (..., D)."""
        return torch.sigmoid(self.net(z))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p_theta(x | z) in nats, summed over the D pixels: (..., D), (..., H) -> (...).

        Computed from the logits: log(sigmoid) loses its digits where a pixel is certain.
        """
        logits = self.net(z)
        x = x.expand_as(logits)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=-1)


class GaussianDecoder(nn.Module):
    r"""p_theta(x | z) = N(x; x_hat, sigma_x^2 I), x_hat = decoder(z), one sigma_x for all.

    Args:
        variance: sigma_x^2 at the start; 1 is the source note's choice.
        learn_variance: whether log sigma_x^2 is a parameter to train.
    """

    def __init__(
        self,
        z_dim: int,
        hidden: Sequence[int],
        x_dim: int,
        variance: float = 1.0,
        learn_variance: bool = False,
    ):
        super().__init__()
        if not variance > 0:
            raise ValueError(f"the decoder's variance must be positive, got {variance:g}")
        self.net = mlp([z_dim, *hidden, x_dim])
        self.log_var = nn.Parameter(
            torch.tensor(math.log(variance)), requires_grad=learn_variance
        )

    def forward(self, z: Tensor) -> Tensor:
        """Latents (..., H) to the mean x_hat, (..., D)."""
        return self.net(z)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p_theta(x | z) in nats, with its constant: (..., D), (..., H) -> (...)."""
        squared_error = (x - self.net(z)).square().sum(dim=-1)
        d = x.shape[-1]
        return -0.5 * (d * (LOG_2_PI + self.log_var) + squared_error / self.log_var.exp())


class VAE(nn.Module):
    """An encoder and a decoder that fit each other. Prior: p(z) = N(z; 0, I).

    Args:
        x_dim: D, pixels an image.
        z_dim: H, latent dimensions.
        hidden: the encoder's hidden sizes; the decoder has them in reverse.
        likelihood: "bernoulli" or "gaussian".
        decoder_options: passed on to the Gaussian decoder (variance, learn_variance).

    Raises:
        ValueError: on an unknown likelihood or a size below 1.
    """

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        hidden: Sequence[int] = (256, 128),
        likelihood: str = "bernoulli",
        **decoder_options,
    ):
        super().__init__()
        if min(x_dim, z_dim, *hidden) < 1:
            raise ValueError(f"sizes must be at least 1: {x_dim=}, {z_dim=}, {hidden=}")
        decoders = {"bernoulli": BernoulliDecoder, "gaussian": GaussianDecoder}
        if likelihood not in decoders:
            raise ValueError(f"likelihood is 'bernoulli' or 'gaussian', got {likelihood!r}")
        self.x_dim, self.z_dim = x_dim, z_dim
        self.encoder = Encoder(x_dim, hidden, z_dim)
        self.decoder = decoders[likelihood](z_dim, hidden[::-1], x_dim, **decoder_options)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (..., D) to mu and log_var, both (..., H).

        Raises:
            ValueError: if the images do not have D pixels.
        """
        if x.shape[-1:] != (self.x_dim,):
            raise ValueError(
                f"expected images with {self.x_dim} pixels on the last axis, "
                f"got shape {tuple(x.shape)}"
            )
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Latents (..., H) to mean images x_hat, (..., D).

        Raises:
            ValueError: if the latents do not have H dimensions.
        """
        if z.shape[-1:] != (self.z_dim,):
            raise ValueError(
                f"expected latents with {self.z_dim} dimensions on the last axis, "
                f"got shape {tuple(z.shape)}"
            )
        return self.decoder(z)
