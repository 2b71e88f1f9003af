r"""Chapter *variants*: other networks, other priors, other losses around the same bound.

Symbols as in the chapter: x (..., D) images, z (..., H) latents, y a condition (a label),
r(z) a prior fitted afterwards, K and M the size of a codebook and the codes of an image.
Sources: Kingma et al. (2014) for the conditional VAE, Higgins et al. (2017) for beta, van
den Oord et al. (2017) for the VQ-VAE, Odena et al. (2016) for checkerboards.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import sympy as sp
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.nn import functional as F

from vae_lib.encoder_decoder import VAE, BernoulliDecoder, Decoder, Encoder, mlp
from vae_lib.objective import Terms, reparameterize

Shape = tuple[int, int, int]


class PerImage(nn.Module):
    """A network for (B, n) that takes any number of leading axes: (..., n) to (..., m).

    Layers of convolutions want exactly one batch axis. The rest of this book has more of
    them: K samples of z for each of B images are (K, B, H).
    """

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(..., n) to (..., m): flatten the leading axes, run, and put them back."""
        out = self.layers(x.reshape(-1, x.shape[-1])).flatten(1)
        return out.reshape(*x.shape[:-1], out.shape[-1])


class PixelBias(nn.Module):
    """One number to add to each pixel: the decoder's background, which `start_at` sets."""

    def __init__(self, x_dim: int):
        super().__init__()
        self.x_dim = x_dim
        self.bias = nn.Parameter(torch.zeros(x_dim))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) to (..., D)."""
        return x + self.bias


class Crop(nn.Module):
    """The first rows and columns of each image: what doubling an odd size has too many."""

    def __init__(self, rows: int, columns: int):
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x: Tensor) -> Tensor:
        """(..., rows or more, columns or more) to (..., rows, columns)."""
        return x[..., : self.rows, : self.columns]


def halved(shape: Shape, channels: Sequence[int]) -> list[Shape]:
    """(channels, rows, columns) before and after each halving, odd sizes rounded up.

    >>> halved((1, 28, 28), (16, 32))
    [(1, 28, 28), (16, 14, 14), (32, 7, 7)]
    """
    shapes = [shape]
    for c in channels:
        _, rows, columns = shapes[-1]
        shapes.append((c, -(-rows // 2), -(-columns // 2)))
    return shapes


def downwards(shape: Shape, channels: Sequence[int], n_out: int) -> nn.Sequential:
    """A network from images (..., D) to (..., n_out): 3 x 3 convolutions with stride 2.

    Args:
        shape: of an image: channels, rows, columns; D is their product.
        channels: one number a halving.
    """
    layers: list[nn.Module] = [nn.Unflatten(1, shape)]
    shapes = halved(shape, channels)
    for before, after in zip(shapes[:-1], shapes[1:], strict=True):
        layers += [nn.Conv2d(before[0], after[0], 3, stride=2, padding=1), nn.GELU()]
    last = nn.Linear(math.prod(shapes[-1]), n_out)
    return nn.Sequential(PerImage(*layers, nn.Flatten(), last))


def doubling(n_in: int, n_out: int, up: str) -> list[nn.Module]:
    """Layers that double rows and columns.

    Args:
        up: "uneven" is a transposed convolution with a kernel of 3, which covers some
            pixels more often than others; "even" has a kernel of 4; "resize" repeats each
            pixel twice both ways, then convolves without a stride.

    Raises:
        ValueError: on another `up`.
    """
    if up == "uneven":
        return [nn.ConvTranspose2d(n_in, n_out, 3, 2, padding=1, output_padding=1)]
    if up == "even":
        return [nn.ConvTranspose2d(n_in, n_out, 4, 2, padding=1)]
    if up == "resize":
        return [nn.Upsample(scale_factor=2), nn.Conv2d(n_in, n_out, 3, padding=1)]
    raise ValueError(f"up is 'uneven', 'even' or 'resize', got {up!r}")


def upwards(
    n_in: int, shape: Shape, channels: Sequence[int], up: str = "even"
) -> nn.Sequential:
    """A network from (..., n_in) to images (..., D): `downwards` the other way round."""
    shapes = halved(shape, channels)[::-1]
    first = nn.Linear(n_in, math.prod(shapes[0]))
    layers: list[nn.Module] = [first, nn.Unflatten(1, shapes[0])]
    for before, after in zip(shapes[:-1], shapes[1:], strict=True):
        layers += [nn.GELU(), *doubling(before[0], after[0], up), Crop(*after[1:])]
    return nn.Sequential(PerImage(*layers), PixelBias(math.prod(shape)))


def conv_vae(
    shape: Shape,
    z_dim: int,
    channels: Sequence[int] = (16, 32),
    up: str = "even",
    likelihood: str = "bernoulli",
) -> VAE:
    """A VAE whose two networks are convolutions. Its images stay flat, (..., D).

    Args:
        shape: of an image: channels, rows, columns, of any size.
        channels: one number a halving of rows and columns.
        up: how the decoder doubles them: see `doubling`.

    Example:
        >>> vae = conv_vae((3, 20, 30), z_dim=4)
        >>> z, x = torch.zeros(5, 7, 4), torch.zeros(7, 1800)
        >>> vae.decode(z).shape, vae.decoder.log_likelihood(x, z).shape
        (torch.Size([5, 7, 1800]), torch.Size([5, 7]))
    """
    vae = VAE(math.prod(shape), z_dim, (), likelihood)
    vae.encoder.net = downwards(shape, channels, 2 * z_dim)
    vae.decoder.net = upwards(z_dim, shape, channels, up)
    vae.shape = shape
    return vae


def n_parameters(network: nn.Module) -> int:
    """How many numbers training changes."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def tile_contrast(images: Tensor, shape: Shape) -> Tensor:
    """How much of an image repeats with a period of two pixels, as checkerboards do.

    Average the image over all its 2 x 2 blocks: what remains is one tile of four numbers.
    The result is the tile's standard deviation over the image's, averaged over channels.

    Args:
        images: (n, D). shape: channels, rows, columns; an odd last row or column is left.

    Returns:
        (n,), 0 for an image in which the four places of a block have the same average.
    """
    channels, rows, columns = shape
    x = images.reshape(-1, *shape)[..., : rows // 2 * 2, : columns // 2 * 2]
    blocks = x.reshape(-1, channels, rows // 2, 2, columns // 2, 2)
    tile = blocks.mean(dim=(2, 4)).flatten(2).std(dim=-1, correction=0)
    return (tile / x.flatten(2).std(dim=-1, correction=0)).mean(dim=-1)


def with_label(values: Tensor, labels: Tensor, n_labels: int = 10) -> Tensor:
    """Append each label as zeros and a one: images or latents (..., m) to (..., m + n).

    >>> with_label(torch.tensor([[0.5]]), torch.tensor([2]), 3)
    tensor([[0.5000, 0.0000, 0.0000, 1.0000]])
    """
    one_hot = F.one_hot(labels, n_labels).to(values)
    return torch.cat([values, one_hot.expand(*values.shape[:-1], n_labels)], dim=-1)


class ConditionalDecoder(Decoder):
    """p_theta(x | z, y), `eq-conditional-bound`, from a decoder whose latents are (z, y).

    The label travels at the end of the image, see `with_label`: so the objectives, `train`
    and `log_weights` work as they are, and all that they say is about log p(x | y).

    Args:
        decoder: of latents (..., H + n).
        n_labels: n, how many numbers at the end of an image are its label.
    """

    def __init__(self, decoder: Decoder, n_labels: int):
        super().__init__()
        self.decoder, self.n_labels = decoder, n_labels
        self.support = decoder.support

    def forward(self, z: Tensor) -> Tensor:
        """Latents with their label (..., H + n) to the mean image (..., D)."""
        return self.decoder(z)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p_theta(x | z, y) in nats: images with label (..., D + n), z (..., H)."""
        image, y = x.split([x.shape[-1] - self.n_labels, self.n_labels], dim=-1)
        axes = torch.broadcast_shapes(y.shape[:-1], z.shape[:-1])
        both = [t.expand(*axes, t.shape[-1]) for t in (z, y)]
        return self.decoder.log_likelihood(image, torch.cat(both, dim=-1))


def conditional_vae(
    x_dim: int, z_dim: int, n_labels: int, hidden: Sequence[int] = (256, 128)
) -> VAE:
    """A VAE of images with their label, (..., D + n): both networks see the label.

    Example:
        >>> vae = conditional_vae(x_dim=9, z_dim=2, n_labels=3)
        >>> x = with_label(torch.zeros(5, 9), torch.tensor([0, 1, 2, 0, 1]), 3)
        >>> mu, log_var = vae.encode(x)
        >>> vae.decoder(with_label(mu, torch.tensor(2), 3)).shape
        torch.Size([5, 9])
    """
    inner = BernoulliDecoder(z_dim + n_labels, hidden[::-1], x_dim)
    return VAE(
        x_dim + n_labels,
        z_dim,
        encoder=Encoder(x_dim + n_labels, hidden, z_dim),
        decoder=ConditionalDecoder(inner, n_labels),
    )


@torch.no_grad()
def fixed_labels(vae: VAE, seen: int, drawn: int) -> VAE:
    """A plain VAE: the encoder is told that x shows `seen`, the decoder draws `drawn`.

    A label is zeros and a one, so it adds a column of the first weights to the bias.

    Args:
        vae: from `conditional_vae`.
    """
    assert isinstance(vae.decoder, ConditionalDecoder)
    D = vae.x_dim - vae.decoder.n_labels
    nets = [vae.encoder.net, vae.decoder.decoder.net]
    plain = VAE(D, vae.z_dim, ())
    for part, net, n, label in zip(
        [plain.encoder, plain.decoder], nets, [D, vae.z_dim], [seen, drawn], strict=True
    ):
        first = net[0]
        assert isinstance(first, nn.Linear)
        begin = nn.Linear(n, first.out_features).to(first.weight)
        begin.weight.copy_(first.weight[:, :n])
        begin.bias.copy_(first.bias + first.weight[:, n + label])
        part.net = nn.Sequential(begin, *list(net)[1:])
    return plain


class Dial(NamedTuple):
    """The model of `eq-dial-rate`, in SymPy: data of variance lam, one latent, one pixel.

    Attributes:
        distortion, rate: in nats, averaged over the data, by w, a and s.
        best: w, a and s at which distortion + beta * rate is least, for lam > beta.
        symbols: w, a, s (q = N(a x, s^2), decoder N(w z, 1)), lam, beta.
    """

    distortion: sp.Expr
    rate: sp.Expr
    best: dict[sp.Symbol, sp.Expr]
    symbols: tuple[sp.Symbol, ...]


def symbolic_dial() -> Dial:
    """Distortion and rate of a linear VAE with a decoder of variance 1, by SymPy."""
    w, a = sp.symbols("w a", real=True)
    s, lam, beta = sp.symbols("s lam beta", positive=True)
    distortion = (sp.log(2 * sp.pi) + (1 - w * a) ** 2 * lam + w**2 * s**2) / 2
    rate = (a**2 * lam + s**2 - 1) / 2 - sp.log(s)
    root = sp.sqrt(lam - beta)
    best = {w: root, a: root / lam, s: sp.sqrt(beta / lam)}
    return Dial(distortion, rate, best, (w, a, s, lam, beta))


@torch.no_grad()
def fit_prior(
    vae: VAE, images: Tensor, components: int, generator: torch.Generator
) -> GaussianMixture:
    """r(z): a mixture of Gaussians fitted to one draw of z from q_phi(z | x) an image.

    Args:
        images: training images, (n, D), n at least `components`.
        generator: of the draws, and of where the fit begins.
    """
    z = reparameterize(*vae.encode(images), generator)
    seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
    mixture = GaussianMixture(components, reg_covar=1e-3, random_state=seed, max_iter=60)
    return mixture.fit(z.cpu().double().numpy())


@torch.no_grad()
def prior_gain(
    vae: VAE, prior: GaussianMixture, images: Tensor, generator: torch.Generator
) -> Tensor:
    """log r(z) - log p(z) at one z from q_phi(z | x) an image: `eq-prior-gain`, (n,), nats.

    Its mean is what the ELBO gains when r replaces the standard normal prior.
    """
    z = reparameterize(*vae.encode(images), generator).cpu().double()
    log_p = -0.5 * (math.log(2 * math.pi) + z.square()).sum(dim=-1)
    return torch.from_numpy(prior.score_samples(z.numpy())) - log_p


class VQVAE(nn.Module):
    """A VQ-VAE: an image becomes M codes, each one of K vectors of a learned list.

    Args:
        x_dim: D, pixels an image.
        M: codes an image. K: vectors in the codebook. width: numbers in each.
        hidden: the encoder's hidden sizes; the decoder has them in reverse.
    """

    def __init__(
        self, x_dim: int, M: int, K: int, width: int = 2, hidden: Sequence[int] = (256,)
    ):
        super().__init__()
        self.x_dim, self.M, self.K, self.width = x_dim, M, K, width
        self.encoder = mlp([x_dim, *hidden, M * width])
        self.decoder = BernoulliDecoder(M * width, hidden[::-1], x_dim)
        self.codebook = nn.Parameter(torch.randn(K, width) / K)

    def encode(self, x: Tensor) -> Tensor:
        """Images (B, D) to what is rounded, (B, M, width)."""
        return self.encoder(x).unflatten(-1, (self.M, self.width))

    def codes(self, z_e: Tensor) -> Tensor:
        """The numbers of the nearest codebook vectors: (B, M, width) to (B, M)."""
        return torch.cdist(z_e, self.codebook.expand(len(z_e), -1, -1)).argmin(dim=-1)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (..., M) to mean images (..., D)."""
        return self.decoder(self.codebook[codes].flatten(-2))

    @torch.no_grad()
    def start_at(self, images: Tensor, generator: torch.Generator) -> None:
        """Begin with codebook vectors that are encodings of K images drawn at random."""
        source = generator.device
        drawn = torch.randint(len(images), (self.K,), generator=generator, device=source)
        z_e, which = self.encode(images[drawn]), torch.arange(self.K) % self.M
        self.codebook.copy_(z_e[torch.arange(self.K), which])
        self.decoder.start_at(images.mean(dim=0))


def vq_objective(
    vae: VQVAE, x: Tensor, generator: torch.Generator, beta: float = 20.0
) -> Terms:
    """What a VQ-VAE maximises: the negative of van den Oord et al. (2017), equation 3.

    The step `z_e + (z_q - z_e).detach()` has the value z_q and the slope of z_e: straight
    through. So the reconstruction moves encoder and decoder, "codebook" the codebook alone,
    and "commitment" the encoder alone. Nothing is drawn, so the generator is not used.

    Args:
        x: (B, D).
        beta: the weight of "commitment". The paper's 0.25 is for another scale of the first
            term: here it is a sum over pixels, in nats.

    Returns:
        The objective and its parts "reconstruction", "codebook" and "commitment", (B,).
    """
    z_e = vae.encode(x)
    z_q = vae.codebook[vae.codes(z_e)]
    through = z_e + (z_q - z_e).detach()
    parts = {
        "reconstruction": vae.decoder.log_likelihood(x, through.flatten(1)),
        "codebook": (z_q - z_e.detach()).square().sum(dim=(1, 2)),
        "commitment": (z_e - z_q.detach()).square().sum(dim=(1, 2)),
    }
    objective = parts["reconstruction"] - parts["codebook"] - beta * parts["commitment"]
    return Terms(objective, parts)


@torch.no_grad()
def vq_log_evidence(vae: VQVAE, x: Tensor, log_prior: Tensor) -> Tensor:
    """log p(x) of zeros and ones, exactly: the sum over all K^M codes, `eq-vq-bound`.

    Args:
        x: (B, D).
        log_prior: log p of each code, (K,) * M axes.

    Returns:
        (B,), nats.

    Raises:
        ValueError: if there are more than 100,000 codes.
    """
    if vae.K**vae.M > 100_000:
        raise ValueError(f"{vae.K}^{vae.M} codes are too many to add up")
    each = torch.arange(vae.K, device=vae.codebook.device)
    codes = torch.cartesian_prod(*[each] * vae.M).reshape(-1, vae.M)
    logits = vae.decoder.net(vae.codebook[codes].flatten(1))
    log_likelihood = x @ logits.T - F.softplus(logits).sum(dim=-1)
    log_joint = log_likelihood.cpu().double() + log_prior.cpu().flatten()
    return torch.logsumexp(log_joint, dim=-1)
