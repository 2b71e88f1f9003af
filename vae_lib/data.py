"""Real data without a network: MNIST and Fashion-MNIST from files beside this module, and
8x8 digits.

MNIST: 70,000 handwritten digits of 28 x 28 pixels, collected by NIST and arranged by
Yann LeCun, Corinna Cortes and Christopher Burges (LeCun et al., 1998, Proc. IEEE 86),
who share it under CC BY-SA 3.0. `tools/make_mnist.py` packs the published files.

Fashion-MNIST: pictures of clothes in the same format, by Zalando SE (Xiao et al., 2017,
arXiv:1708.07747), under the MIT licence. `tools/make_fashion_mnist.py` packs the first
12,000 training and 3,000 test images of Debian's package dataset-fashion-mnist.
"""

import hashlib
import io
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae_lib.arguments import tensor

MNIST_FILE = Path(__file__).with_name("mnist.npz")
MNIST_SHA256 = "ef5c47939af9cb6fb553652159a623d38e919fec4546f7d3b50c610203be3b7e"
FASHION_FILE = Path(__file__).with_name("fashion_mnist.npz")
FASHION_SHA256 = "ec3a9141cd04e2b8036b2e3756b4fc71341bbdd534d5f77e37481f898553ec53"
#: The classes of Fashion-MNIST, by label.
FASHION_NAMES = (
    "T-shirt", "trousers", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


class DataError(Exception):
    """A data file is missing or is not what it should be."""


class Images(NamedTuple):
    """A labelled data set: images (n, D) float32 in [0, 1], labels (n,) int64."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def load_mnist(path: Path | str = MNIST_FILE) -> Images:
    """MNIST: 60,000 training and 10,000 test images, D = 784.

    Raises:
        DataError: if the file is missing, or its SHA-256 is not the recorded one.
    """
    return _load(Path(path), "MNIST", MNIST_SHA256)


def load_fashion_mnist(path: Path | str = FASHION_FILE) -> Images:
    """A part of Fashion-MNIST: its first 12,000 training and 3,000 test images, D = 784.

    Label k means `FASHION_NAMES[k]`.

    Raises:
        DataError: if the file is missing, or its SHA-256 is not the recorded one.

    Example:
        >>> clothes = load_fashion_mnist()
        >>> clothes.train_images.shape, FASHION_NAMES[clothes.test_labels[0]]
        (torch.Size([12000, 784]), 'ankle boot')
    """
    return _load(Path(path), "Fashion-MNIST", FASHION_SHA256)


def load_digits() -> Images:
    """The 8x8 digits that scikit-learn ships, for quick runs: 1,500 + 297 images, D = 64.

    Source: E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository.
    """
    from sklearn.datasets import load_digits as sklearn_digits

    digits = sklearn_digits()
    images = _as_images(digits.data, 16)
    labels = torch.from_numpy(digits.target).long()
    return Images(images[:1500], labels[:1500], images[1500:], labels[1500:])


def binarize(images: Tensor, generator: torch.Generator) -> Tensor:
    """Draw each pixel as Bernoulli(its grey level): 'dynamic binarization' when done anew
    for each minibatch (Burda et al., 2015). Shape and dtype as `images`.

    Raises:
        ValueError: if a grey level lies outside [0, 1], or they are integers.
    """
    if not tensor("images", images).is_floating_point():
        raise ValueError(f"divide grey levels 0 to 255 by 255 first, got {images.dtype}")
    if images.numel() and not (0 <= images.min() and images.max() <= 1):
        raise ValueError(
            f"grey levels must lie in [0, 1], got {images.min():g} to {images.max():g}"
        )
    return torch.bernoulli(images, generator=generator)


def check_images(
    images: Tensor,
    x_dim: int,
    dtype: torch.dtype,
    support: tuple[float, float] = (0.0, 1.0),
) -> None:
    """Refuse what is no set of images (n, x_dim): of `dtype` in the support, bytes or bool.

    Args:
        support: the lowest and the highest pixel that the decoder's density is for.

    Raises:
        TypeError: if they are no tensor.
        ValueError: on another shape, type or range.
    """
    shaped = tensor("images", images).shape == (len(images), x_dim) and len(images) > 0
    if not shaped or images.dtype not in (dtype, torch.uint8, torch.bool):
        advice = ""
        if images.ndim > 2 and math.prod(images.shape[1:]) == x_dim:
            advice = ": write images.flatten(1)"
        elif shaped and images.is_floating_point():
            advice = f": write images.to({dtype})"
        raise ValueError(
            f"images must be {dtype} (or uint8, or bool) of shape (n, {x_dim}), n >= 1, "
            f"got {images.dtype} of shape {tuple(images.shape)}{advice}"
        )
    check_grey_levels(images)
    if images.is_floating_point():
        low, high = (extreme.item() for extreme in images.aminmax())
        inside = support[0] <= low and high <= support[1]
        if not (inside and math.isfinite(low) and math.isfinite(high)):
            finite = math.isfinite(support[1])
            needed = f"lie in [{support[0]:g}, {support[1]:g}]" if finite else "be finite"
            raise ValueError(f"pixels must {needed}, not NaN, got {low:g} to {high:g}")


def check_grey_levels(images: Tensor) -> None:
    """Refuse bytes that are all 0 or 1: are they black and white, or two dark greys?

    Raises:
        ValueError: if they are.
    """
    if images.dtype != torch.uint8 or any((part > 1).any() for part in images.split(1000)):
        return
    raise ValueError(
        "bytes are grey levels from 0 to 255, and these are all 0 or 1: write "
        "images.bool() if they are black and white, images / 255 if two of 256 greys"
    )


def in_unit_interval(images: Tensor, dtype: torch.dtype) -> Tensor:
    """Grey levels 0 to 255 become numbers in [0, 1], False and True 0 and 1.

    Others, which are of `dtype`, stay as they are.
    """
    if images.dtype == torch.uint8:
        return images.to(dtype) / 255
    return images.to(dtype) if images.dtype == torch.bool else images


def image_side(n_pixels: int) -> int:
    """The side of a square image with `n_pixels` pixels: 28 for MNIST's 784.

    Raises:
        ValueError: if no square has that many pixels.
    """
    side = math.isqrt(max(n_pixels, 0))
    if side < 1 or side * side != n_pixels:
        raise ValueError(f"{n_pixels} pixels do not make a square image")
    return side


def _load(path: Path, name: str, sha256: str) -> Images:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot read {name} from {path} ({error.strerror}): the file comes with "
            f"the repository; restore it with 'git checkout -- {path.name}' in its folder"
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(
            f"{path} is damaged: it has {len(content):,} bytes and its SHA-256 is not the "
            f"recorded one; restore it with 'git checkout -- {path.name}' in its folder"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return Images(
            _as_images(arrays["train_images"], 255),
            torch.from_numpy(arrays["train_labels"]).long(),
            _as_images(arrays["test_images"], 255),
            torch.from_numpy(arrays["test_labels"]).long(),
        )


def _as_images(grey: np.ndarray, white: int) -> Tensor:
    flat = grey.reshape(len(grey), -1).astype(np.float32)
    flat /= white
    return torch.from_numpy(flat)
