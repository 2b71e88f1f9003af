"""Real data without a network: MNIST and Fashion-MNIST from files beside this module, and
8x8 digits. And your own: `load_images` takes pictures, `load_table` rows of numbers.

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
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae_lib.arguments import tensor
from vae_lib.pictures import NO_LABEL, check_grey_levels, picture_array, read_pictures
from vae_lib.pictures import DataError as DataError  # for those who use data
from vae_lib.pictures import in_unit_interval as in_unit_interval

MNIST_FILE = Path(__file__).with_name("mnist.npz")
MNIST_SHA256 = "ef5c47939af9cb6fb553652159a623d38e919fec4546f7d3b50c610203be3b7e"
FASHION_FILE = Path(__file__).with_name("fashion_mnist.npz")
FASHION_SHA256 = "ec3a9141cd04e2b8036b2e3756b4fc71341bbdd534d5f77e37481f898553ec53"
#: The classes of Fashion-MNIST, by label.
FASHION_NAMES = (
    "T-shirt", "trousers", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


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


class Pictures(NamedTuple):
    """Your own pictures: images (n, D) float32 in [0, 1], labels (n,) int64.

    Attributes:
        shape: (channels, rows, columns) of an image; D is their product. 3 channels are
            red, green and blue, and 1 is bright. 1 channel is grey: from files 1 is black,
            as the book draws it; an array is taken as it is.
        names: what each label means; from files, the names of the folders.
        summary: what was read and what was left out, in a line.
    """

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    shape: tuple[int, int, int]
    names: list[str]
    summary: str


def load_images(
    source: Path | str | np.ndarray | Tensor,
    labels: Sequence[object] | np.ndarray | Tensor | None = None,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    test_share: float = 0.1,
    seed: int = 0,
) -> Pictures:
    """Pictures from a folder or an array, in a random order, some set apart for testing.

    Args:
        source: a folder with picture files of any format that Pillow reads, others are left
            out; a file's label is the name of the folder directly inside `source` that
            holds it, at any depth. Or an array (n, rows, columns), with a last axis of 1, 3
            or 4 channels or none, or with 1 or 3 in the place of the second: bytes from 0
            to 255, numbers in [0, 1], or bool.
        labels: of an array's pictures, n of any kind; those of files are their folders.
        size: (rows, columns) to which all are brought: scaled until they cover it, then cut
            around the middle; a warning counts those that were cut or enlarged. Without it
            they must have one size.
        grey: whether to leave the colours out. Grey files have none anyway.
        test_share: of the pictures, in (0, 1).
        seed: of the order.

    Raises:
        DataError: if there are no pictures, one cannot be read, or their sizes differ.
        ValueError: on an array of another shape or range, or numbers that make no sense.

    Example:
        >>> pictures = load_images(np.zeros((20, 48, 64, 3), np.uint8) + 200)
        >>> pictures.train_images.shape, pictures.test_images.shape, pictures.shape
        (torch.Size([18, 9216]), torch.Size([2, 9216]), (3, 48, 64))
    """
    if isinstance(source, Path | str):
        if labels is not None:
            raise ValueError("the labels of files are the names of their folders")
        images, shape, kinds, left_out = read_pictures(Path(source), size, grey)
    else:
        left_out = Counter()
        images, shape = picture_array(source, size, grey)
        kinds = _as_names(labels, len(images))
    names = sorted(set(kinds))
    numbers = torch.tensor([names.index(kind) for kind in kinds])
    train, test = _split(len(images), test_share, seed)
    return Pictures(
        images[train], numbers[train], images[test], numbers[test], shape, names,
        _summary(shape, kinds, left_out),
    )  # fmt: skip


class Table(NamedTuple):
    """Your own table: rows (n, D) float32, each column with mean 0 and deviation 1 over the
    training rows; labels (n,) int64.

    Attributes:
        mean, scale: of the columns, (D,): a row is mean + scale * numbers.
        names: what each label means.
    """

    train_rows: Tensor
    train_labels: Tensor
    test_rows: Tensor
    test_labels: Tensor
    mean: Tensor
    scale: Tensor
    names: list[str]


def load_table(
    rows: Sequence[Sequence[float]] | np.ndarray | Tensor,
    labels: Sequence[object] | np.ndarray | Tensor | None = None,
    *,
    test_share: float = 0.2,
    seed: int = 0,
) -> Table:
    """Rows of numbers for a Gaussian decoder, in a random order, some apart for testing.

    Args:
        rows: (n, D): an array, a data frame of numbers, or a list of lists.
        labels: n of any kind.
        test_share: of the rows, in (0, 1).
        seed: of the order.

    Raises:
        ValueError: if a number is missing or infinite, or a column is constant: leave out
            what tells nothing; or numbers that make no sense.

    Example:
        >>> table = load_table([[1.0, 200.0], [2.0, 100.0], [3.0, 300.0]], test_share=0.3)
        >>> table.train_rows.mean(dim=0).abs().max() < 1e-6
        tensor(True)
    """
    if isinstance(rows, Path | str):
        raise ValueError(
            "load_table takes numbers: read the file first, with "
            f"np.genfromtxt({str(rows)!r}, delimiter=',', skip_header=1)"
        )
    try:
        numbers = np.asarray(rows, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"a table holds numbers, and rows of one length: {error}"
        ) from None
    if numbers.ndim != 2 or numbers.shape[1] == 0:
        raise ValueError(f"a table has shape (n, D), got {numbers.shape}")
    if bad := np.argwhere(~np.isfinite(numbers)).tolist():
        (row, column), n = bad[0], len(bad)
        raise ValueError(
            f"{n} numbers are missing or infinite, the first in row {row}, column {column} "
            "counted from 0: fill them in, or leave out their rows"
        )
    kinds = _as_names(labels, len(numbers))
    train, test = _split(len(numbers), test_share, seed)
    mean, scale = numbers[train].mean(axis=0), numbers[train].std(axis=0)
    if constant := np.flatnonzero(~(scale > 1e-12 * np.abs(numbers).max(axis=0))).tolist():
        raise ValueError(
            f"columns {constant}, counted from 0, are constant: leave them out"
        )
    ready = torch.from_numpy((numbers - mean) / scale).float()
    names = sorted(set(kinds))
    of_rows = torch.tensor([names.index(kind) for kind in kinds])
    return Table(
        ready[train], of_rows[train], ready[test], of_rows[test],
        torch.from_numpy(mean).float(), torch.from_numpy(scale).float(), names,
    )  # fmt: skip


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


def image_side(n_pixels: int) -> int:
    """The side of a square image with `n_pixels` pixels: 28 for MNIST's 784.

    Raises:
        ValueError: if no square has that many pixels.
    """
    side = math.isqrt(max(n_pixels, 0))
    if side < 1 or side * side != n_pixels:
        raise ValueError(f"{n_pixels} pixels do not make a square image")
    return side


def _split(n: int, test_share: float, seed: int) -> tuple[Tensor, Tensor]:
    """The places of n things in a random order: for training, and for testing."""
    if not 0 < test_share < 1:
        raise ValueError(f"test_share is a share, between 0 and 1, got {test_share}")
    if n < 2:
        raise ValueError(f"one to train on and one to test with: need two or more, got {n}")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    n_test = min(max(1, round(n * test_share)), n - 1)
    return order[n_test:], order[:n_test]


def _summary(
    shape: tuple[int, int, int], kinds: Sequence[str], left_out: Counter[str]
) -> str:
    channels, rows, columns = shape
    colours = "one channel" if channels == 1 else "three channels"
    read = f"{len(kinds)} pictures of {rows} rows, {columns} columns and {colours}"
    if (classes := Counter(kinds)).keys() - {NO_LABEL}:
        first = [f"{name} {n}" for name, n in sorted(classes.items())[:10]]
        read += f"; {len(classes)} classes: {', '.join(first)}" + ", ..." * (
            len(classes) > 10
        )
    if left_out:
        others = ", ".join(f"{n} {ending}" for ending, n in sorted(left_out.items()))
        read += f"; left out, as no picture files that Pillow reads: {others}"
    return read


def _as_names(labels: Sequence[object] | np.ndarray | Tensor | None, n: int) -> list[str]:
    if labels is None:
        return [NO_LABEL] * n
    listed = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    if len(listed) != n:
        raise ValueError(f"one label each is needed: {n}, got {len(listed)}")
    return [str(label) for label in listed]


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
