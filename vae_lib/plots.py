"""The book's one plotting style, and the pictures that several chapters share."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from vae_lib.arguments import tensor
from vae_lib.data import image_side
from vae_lib.pictures import check_grey_levels, in_unit_interval

if TYPE_CHECKING:  # a chapter without training does not wait for its imports
    from vae_lib.training import Epoch

#: The colour of each digit, 0 to 9, in every picture of the book. All of them are dark
#: enough for letters on white.
DIGIT_COLOURS = (
    "#1f5fa8", "#b34700", "#1b7837", "#b2182b", "#6a3d9a",
    "#7a4a2b", "#a8327f", "#4d4d4d", "#636300", "#00707a",
)  # fmt: skip


def use_style() -> None:
    """Draw every figure from here on in the book's style (`vae_lib/book.mplstyle`)."""
    plt.style.use("vae_lib.book")


def learning_curve(
    history: "Sequence[Epoch]",
    ax: Axes,
    baseline: float | None = None,
    ylabel: str = "ELBO (nats an image)",
) -> Axes:
    """The ELBO by epoch, from what `training.train` returns.

    The training average is drawn at mid-epoch, where it belongs; the validation ELBO, if
    there is one, at the end.

    Args:
        history: one `Epoch` an epoch; with none the picture is empty.
        baseline: a level to compare with, in nats an image.
        ylabel: names the objective, if another than the ELBO was maximised.
    """
    ends, objectives = [e.epoch for e in history], [e.objective for e in history]
    marker = "o" if len(ends) < 10 else None
    ax.plot([n - 0.5 for n in ends], objectives, marker=marker, label="training")
    values = [e.validation_elbo for e in history if e.validation_elbo is not None]
    if values:
        ax.plot(ends, values, "--", marker=marker, label="validation")
    if baseline is not None:
        ax.axhline(baseline, color="k", ls=":", label="baseline")
    ax.set(xlabel="epoch", ylabel=ylabel)
    ax.legend()
    return ax


def image_grid(
    images: Tensor,
    columns: int,
    ax: Axes | None = None,
    gap: int = 0,
    shape: tuple[int, int, int] | None = None,
) -> Axes:
    """Images (n, D) as one picture, `columns` to a row, dark ink on white.

    They are in [0, 1], uint8 from 0 to 255, or bool. `gap` white pixels surround each
    image: small ones need them to be told apart. `shape` is (channels, rows, columns) of an
    image, with 1 channel or with 3, red, green and blue; without it they are grey squares.

    Raises:
        ValueError: if D is no square number and no shape is given, or another than the
            shape's, or there are no images or no columns, or bytes are all 0 or 1.
        TypeError: if the images are no tensor.
    """
    if tensor("images", images).ndim != 2 or len(images) == 0:
        raise ValueError(
            f"images must have shape (n, D), n >= 1, got {tuple(images.shape)}"
        )
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    check_grey_levels(images)
    images = in_unit_interval(images, torch.float32).float()
    if shape is None:
        side = image_side(images.shape[1])
        shape = (1, side, side)
    if shape[0] not in (1, 3) or math.prod(shape) != images.shape[1]:
        raise ValueError(f"{images.shape[1]} pixels do not fill {shape}, or no picture")
    paper = 0.0 if shape[0] == 1 else 1.0
    each = torch.nn.functional.pad(
        images.detach().reshape(-1, *shape), (gap, gap, gap, gap), value=paper
    )
    rows, (c, h, w) = -(-len(each) // columns), each.shape[1:]
    missing = each.new_full((rows * columns - len(each), c, h, w), paper)
    sheet = torch.cat([each, missing]).reshape(rows, columns, c, h, w)
    sheet = sheet.permute(0, 3, 1, 4, 2).reshape(rows * h, columns * w, c)
    if ax is None:
        _, ax = plt.subplots(figsize=(5.6, 5.6 * rows * h / (columns * w)))
    shown = sheet[..., 0] if c == 1 else sheet
    ax.imshow(shown.cpu().numpy(), cmap="gray_r", vmin=0, vmax=1)
    ax.set_axis_off()
    return ax
