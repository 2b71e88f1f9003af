"""The book's one plotting style, and the pictures that several chapters share."""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from vae_lib.data import image_side


def use_style() -> None:
    """Draw every figure from here on in the book's style (`vae_lib/book.mplstyle`)."""
    plt.style.use(Path(__file__).with_name("book.mplstyle"))


def image_grid(images: Tensor, columns: int, ax: Axes | None = None) -> Axes:
    """Images (n, D) as one picture, `columns` to a row, dark ink on white.

    Raises:
        ValueError: if D is no square number, or there are no images.
    """
    if images.ndim != 2 or len(images) == 0:
        raise ValueError(
            f"images must have shape (n, D), n >= 1, got {tuple(images.shape)}"
        )
    side = image_side(images.shape[1])
    rows = -(-len(images) // columns)
    missing = images.new_zeros(rows * columns - len(images), images.shape[1])
    sheet = torch.cat([images.detach(), missing]).reshape(rows, columns, side, side)
    sheet = sheet.transpose(1, 2).reshape(rows * side, columns * side)
    if ax is None:
        _, ax = plt.subplots(figsize=(5.6, 5.6 * rows / columns))
    ax.imshow(sheet, cmap="gray_r", vmin=0, vmax=1)
    ax.set_axis_off()
    return ax
