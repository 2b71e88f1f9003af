r"""The latent space as a figure that a reader moves: chapter *latent-space*.

A marker z on the latent plane, decoder(z) beside it, an image x with its q_phi(z | x), and
the two terms of its ELBO, `eq-elbo-two-terms`. Encoder and decoder run in the page.
"""

import copy
import io
import math
import re
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from torch import Tensor, nn
from traitlets import (
    Any,
    Bool,
    Bunch,
    Dict,
    Float,
    Int,
    List,
    TraitError,
    Unicode,
    observe,
    validate,
)

from explorers.base import Explorer
from explorers.markup import latent_markup
from explorers.pack import pack, unpack
from vae_lib.data import image_side
from vae_lib.encoder_decoder import VAE, BernoulliDecoder, GaussianDecoder
from vae_lib.objective import kl_to_standard_normal
from vae_lib.pictures import NO_LABEL, check_grey_levels, in_unit_interval
from vae_lib.plots import DIGIT_COLOURS

HERE = Path(__file__).parent


def _likelihood(decoder: nn.Module) -> dict[str, str | float]:
    """log p_theta(x | z) for the page: which of the densities in `latent.js`."""
    if isinstance(decoder, BernoulliDecoder):
        return {"kind": "bernoulli"}
    if isinstance(decoder, GaussianDecoder):
        return {"kind": "gaussian", "log_var": decoder.log_var.item()}
    raise ValueError(
        "the page knows the densities of a BernoulliDecoder and a GaussianDecoder, "
        f"not that of a {type(decoder).__name__}"
    )


def _script() -> str:
    """latent.js with network.js in the place of its import: a widget is one file."""
    network = (HERE / "network.js").read_text(encoding="utf-8")
    latent = (HERE / "latent.js").read_text(encoding="utf-8")
    return latent.replace('import { loadNetwork } from "./network.js";\n', network)


class LatentExplorer(Explorer):
    """The latent plane of a trained model, made by `LatentExplorer.from_vae`.

    >>> images, labels = torch.linspace(0, 1, 5 * 16).view(5, 16), [0, 1, 2, 3, 4]
    >>> explorer = LatentExplorer.from_vae(VAE(16, 2, hidden=(8,)), images, labels)
    >>> explorer.z = [0.5, -1.0]
    >>> explorer.decoded().shape
    torch.Size([16])
    >>> explorer.x = [0.5] * 16
    >>> print(explorer.selected)
    None

    Attributes:
        z: the marker, H numbers.
        x: the image that is encoded, D grey levels in [0, 1]. A new x moves z to the mean
            of q_phi(z | x).
        selected: the place of x among the test images, or None for any other image.
    """

    _esm = _script()
    _css = (HERE / "latent.css").read_text(encoding="utf-8")

    z = List(Float()).tag(sync=True)
    x = List(Float()).tag(sync=True)
    selected = Int(0, allow_none=True).tag(sync=True)

    encoder = Any().tag(sync=True)  # packed networks
    decoder = Any().tag(sync=True)
    likelihood = Dict().tag(sync=True)
    images = Any().tag(sync=True)  # n * D bytes, deflated
    points = Any().tag(sync=True)  # the means of the n encodings, float32 (n, H)
    labels = List(Unicode()).tag(sync=True)
    shape = List(Int()).tag(sync=True)  # of an image: channels, rows, columns
    extent = Float().tag(sync=True)  # the plane and the sliders go from -extent to extent
    colours = List(Unicode(), list(DIGIT_COLOURS)).tag(sync=True)
    axes = List(Int(), [0, 1]).tag(sync=True)  # the latents that the plane opens on
    small = Bool().tag(sync=True)  # the plane, x and decoder(z) alone

    # While a message from the page is read, the page has done all that follows from it.
    _reading = False

    @classmethod
    def from_vae(
        cls,
        vae: VAE,
        data: Tensor,
        labels: Sequence[object] | Tensor | None = None,
        shape: Sequence[int] | None = None,
        small: bool = False,
        by_kl: bool = False,
    ) -> "LatentExplorer":
        """An explorer of a trained model. It keeps a copy: training on changes nothing.

        Args:
            vae: with H = 2 to 20 latent dimensions, of layers that `pack` knows, on any
                device.
            data: test images, (n, D), in [0, 1], uint8 or bool; a few hundred make a good
                map.
            labels: n names of classes; the plane shows two characters of each.
            shape: (channels, rows, columns) of an image, with 1 channel or 3; without it
                that of the model, and where it has none images are grey and square. Only
                in such ones a reader can draw.
            small: the plane, x and decoder(z) alone: for the first screen of a page.
            by_kl: whether the plane opens on the two latents whose KL is largest over the
                images, those that say most of them; else on the first two.

        Raises:
            ValueError: if the sizes do not fit, or the shape is not that of the model, a
                pixel lies outside [0, 1], or the page does not know the decoder's density.
            PackError: if the page cannot run a layer of the model.
        """
        if not 2 <= vae.z_dim <= 20:
            raise ValueError(f"the explorer shows H = 2 to 20 latents, not {vae.z_dim}")
        if labels is None:
            labels = [NO_LABEL] * len(data)
        if data.shape != (len(labels), vae.x_dim) or not len(labels):
            raise ValueError(
                f"need images (n, {vae.x_dim}) and n labels, n >= 1, got images "
                f"{tuple(data.shape)} and {len(labels)} labels"
            )
        check_grey_levels(data)
        data = in_unit_interval(data, torch.float32).cpu()
        if not (0 <= data.min() and data.max() <= 1):
            raise ValueError(
                f"pixels must lie in [0, 1], got {data.min():g} to {data.max():g}; the "
                "rows of a table are no pictures: plot encode_mean(vae, rows)"
            )
        if shape and vae.shape and tuple(shape) != tuple(vae.shape):
            raise ValueError(
                f"images of shape {tuple(shape)} are not those of the network, of shape "
                f"{tuple(vae.shape)} (channels, rows, columns): load them in that size"
            )
        if (shape := shape or vae.shape) is None:
            side = image_side(vae.x_dim)
            shape = (1, side, side)
            if vae.x_dim % 3 == 0:
                raise ValueError(
                    f"{vae.x_dim} numbers are a grey square, or pixels of three colours: "
                    f"say which, shape={shape} or shape=(3, rows, columns)"
                )
        if math.prod(shape) != vae.x_dim or len(shape) != 3 or shape[0] not in (1, 3):
            raise ValueError(
                f"{vae.x_dim} pixels do not fill {tuple(shape)}, or no picture"
            )
        vae = copy.deepcopy(vae).cpu().float().eval()
        grey = (255 * data).round().to(torch.uint8)  # as the page keeps them
        with torch.no_grad():
            mu, log_var = vae.encode(grey / 255)
        kl = kl_to_standard_normal(mu, log_var).mean(dim=0)
        names = labels.tolist() if isinstance(labels, Tensor) else labels
        return cls(
            encoder=pack(vae.encoder.net),
            decoder=pack(vae.decoder.net),
            likelihood=_likelihood(vae.decoder),
            images=zlib.compress(grey.numpy().tobytes(), 9),
            points=mu.numpy().astype("<f4").tobytes(),
            labels=[str(name) for name in names],
            shape=list(shape),
            extent=float(max(4, math.ceil(mu.abs().max()))),
            small=small,
            axes=sorted(kl.topk(2).indices.tolist()) if by_kl else [0, 1],
            z=mu[0].tolist(),
            x=[pixel / 255 for pixel in grey[0].tolist()],
        )

    @cached_property
    def _networks(self) -> tuple[nn.Module, nn.Module]:
        """Encoder and decoder as the page has them, rounded."""
        return unpack(self.encoder), unpack(self.decoder)

    @torch.no_grad()
    def posterior(self) -> tuple[Tensor, Tensor]:
        """mu and sigma of q_phi(z | x) for the present x, each (H,)."""
        mu, log_var = self._networks[0](torch.tensor(self.x)).chunk(2)
        return mu, torch.exp(0.5 * log_var)

    @torch.no_grad()
    def decoded(self) -> Tensor:
        """The decoder's mean image at the present z, (D,)."""
        output = self._networks[1](torch.tensor(self.z))
        return output if self.likelihood["kind"] == "gaussian" else output.sigmoid()

    def markup(self) -> str:
        """All of the figure but its pictures and numbers, as HTML."""
        channels, rows, columns = self.shape
        shape = (channels, rows, columns)
        H, n = len(self.z), len(self.labels)
        return latent_markup(H, shape, self.extent, n, self.small)

    def still(self) -> bytes:
        """The plane, x and decoder(z), as a PNG file."""
        figure = Figure(figsize=(5.6, 3.5), dpi=100, layout="constrained")
        plane, *sheets = figure.subplot_mosaic("aab\naac").values()
        points = torch.frombuffer(bytearray(self.points), dtype=torch.float32)
        points = points.view(-1, len(self.z))
        for place, name in enumerate(sorted(set(self.labels))):
            of_class = torch.tensor([label == name for label in self.labels])
            z_1, z_2 = points[of_class][:, self.axes].T
            color = self.colours[place % 10]
            glyph = re.sub(r"\W|_", "", name)[:2] or r"\bullet"
            plane.scatter(z_1, z_2, marker=f"${glyph}$", s=22, lw=0.2, color=color)
        mu, sigma = (t[self.axes].tolist() for t in self.posterior())
        centre, axes = (mu[0], mu[1]), (4 * sigma[0], 4 * sigma[1])
        plane.add_patch(Ellipse(centre, *axes, fill=False, lw=2))
        plane.plot(
            *(self.z[h] for h in self.axes), "o", ms=11, mfc="none", mec="crimson", mew=2
        )
        limits = (-self.extent, self.extent)
        xlabel, ylabel = (f"$z_{{{h + 1}}}$" for h in self.axes)
        plane.set(xlabel=xlabel, ylabel=ylabel, xlim=limits, ylim=limits, aspect=1)
        images = {"$x$": torch.tensor(self.x), "decoder($z$)": self.decoded()}
        for sheet, (title, image) in zip(sheets, images.items(), strict=True):
            pixels = image.clamp(0, 1).view(*self.shape).movedim(0, 2).squeeze(2).numpy()
            sheet.imshow(pixels, cmap="gray_r", vmin=0, vmax=1)
            sheet.set(title=title, xticks=[], yticks=[])
        file = io.BytesIO()
        figure.savefig(file)
        return file.getvalue()

    def set_state(self, sync_data: dict[str, object]) -> None:
        """Take what the page sends; x moves nothing then, the page has done it."""
        self._reading = True
        try:
            super().set_state(sync_data)
        finally:
            self._reading = False

    @observe("selected")
    def _show_selected(self, change: Bunch) -> None:
        if not self._reading and self.selected is not None:
            self.x = self._test_image(self.selected)

    @observe("x")
    def _encode(self, change: Bunch) -> None:
        if self._reading:
            return
        if self.selected is not None and self.x != self._test_image(self.selected):
            self.selected = None
        self.z = self.posterior()[0].tolist()

    @validate("z")
    def _check_z(self, proposal: Bunch) -> list[float]:
        z, H = proposal["value"], len(self.z) or len(proposal["value"])
        if len(z) != H or not all(map(math.isfinite, z)):
            raise TraitError(f"z must be a list of {H} finite numbers, got {z}")
        return z

    @validate("x")
    def _check_x(self, proposal: Bunch) -> list[float]:
        x, D = proposal["value"], math.prod(self.shape)
        if len(x) != D or not all(0 <= pixel <= 1 for pixel in x):
            raise TraitError(f"x must be a list of {D} grey levels in [0, 1]")
        return x

    @validate("selected")
    def _check_selected(self, proposal: Bunch) -> int | None:
        n = proposal["value"]
        if n is not None and not 0 <= n < len(self.labels):
            raise TraitError(f"selected must lie in 0 to {len(self.labels) - 1}, got {n}")
        return n

    def _test_image(self, n: int) -> list[float]:
        D = math.prod(self.shape)
        grey = zlib.decompress(self.images)[n * D : (n + 1) * D]
        return [pixel / 255 for pixel in grey]
