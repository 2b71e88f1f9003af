"""The data sets: what they hold, and what a missing or damaged file says."""

import csv
import gzip
import hashlib
import io
import zipfile
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn.datasets
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_lib import data
from vae_lib.data import (
    FASHION_FILE,
    FASHION_NAMES,
    MNIST_FILE,
    DataError,
    binarize,
    check_images,
    image_side,
    load_digits,
    load_fashion_mnist,
    load_mnist,
)
from vae_lib.plots import image_grid


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def raw_labels(name: str) -> list[int]:
    """The bytes of a uint8 array in the .npz, read with zipfile: no NumPy, no vae_lib."""
    content = zipfile.ZipFile(MNIST_FILE).read(f"{name}.npy")
    header = 10 + int.from_bytes(content[8:10], "little")
    return list(content[header:])


def test_mnist_has_its_published_shapes(mnist):
    assert mnist.train_images.shape == (60_000, 784)
    assert mnist.test_images.shape == (10_000, 784)
    assert mnist.train_labels.shape == (60_000,)
    assert mnist.test_labels.shape == (10_000,)
    for images in (mnist.train_images, mnist.test_images):
        assert images.dtype == torch.float32
        assert images.min() == 0 and images.max() == 1
    assert mnist.train_labels.dtype == mnist.test_labels.dtype == torch.int64


def test_mnist_labels_are_counted_alike_without_our_loader(mnist):
    for name, labels in [
        ("train_labels", mnist.train_labels),
        ("test_labels", mnist.test_labels),
    ]:
        assert dict(Counter(labels.tolist())) == dict(Counter(raw_labels(name)))


def test_mnist_label_counts_are_the_published_ones(mnist):
    # LeCun's file format page and many papers list these counts per class.
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.train_labels.bincount().tolist() == train
    assert mnist.test_labels.bincount().tolist() == test


def test_mnist_pixels_have_their_published_mean_and_spread(mnist):
    # The constants 0.1307 and 0.3081 that every MNIST example normalises with.
    assert mnist.train_images.double().mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert mnist.train_images.double().std().item() == pytest.approx(0.3081, abs=5e-5)


def test_mnist_grey_levels_are_256ths_and_upright(mnist):
    levels = mnist.test_images[:500] * 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    # The first training image is a 5: it begins top right and ends bottom left.
    five = mnist.train_images[0].reshape(28, 28)
    assert mnist.train_labels[0] == 5
    assert five[5:7, 16:24].mean() > 2 * five[5:7, 4:12].mean()
    assert five[23:25, 4:12].mean() > 2 * five[23:25, 16:24].mean()


def test_mnist_loads_again_from_a_copy(tmp_path, mnist):
    copy = tmp_path / "copy.npz"
    copy.write_bytes(MNIST_FILE.read_bytes())
    again = load_mnist(str(copy))
    assert torch.equal(again.test_images, mnist.test_images)


def test_a_missing_mnist_file_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match=r"cannot read MNIST from .*gone\.npz") as caught:
        load_mnist(tmp_path / "gone.npz")
    assert "git checkout" in str(caught.value)


def test_a_folder_in_its_place_is_the_same_error(tmp_path):
    with pytest.raises(DataError, match="cannot read MNIST"):
        load_mnist(tmp_path)


def damaged(content: bytes, how: str) -> bytes:
    if how == "truncated":
        return content[: len(content) // 2]
    if how == "one bit flipped":
        middle = len(content) // 2
        return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    if how == "empty":
        return b""
    if how == "a pointer to the file":
        return b"version https://git-lfs.github.com/spec/v1\nsize 11000000\n"
    array = io.BytesIO()
    np.savez(array, train_images=np.zeros((3, 28, 28), np.uint8))
    return array.getvalue()


@pytest.mark.parametrize(
    "how",
    ["truncated", "one bit flipped", "empty", "a pointer to the file", "another .npz"],
)
def test_a_damaged_mnist_file_is_one_clear_error(tmp_path, how):
    path = tmp_path / "mnist.npz"
    path.write_bytes(damaged(MNIST_FILE.read_bytes(), how))
    with pytest.raises(DataError, match=r"mnist\.npz is damaged.*SHA-256") as caught:
        load_mnist(path)
    assert f"{path.stat().st_size:,} bytes" in str(caught.value)
    assert "git checkout" in str(caught.value)


def test_the_recorded_sum_is_that_of_the_file():
    assert hashlib.sha256(MNIST_FILE.read_bytes()).hexdigest() == data.MNIST_SHA256


def test_clothes_are_the_first_of_their_files_and_upright():
    """Counts and pixels of the published files, by `zcat | od`, not by our loader."""
    clothes = load_fashion_mnist()
    assert clothes.train_images.shape == (12_000, 784)
    assert clothes.test_images.shape == (3_000, 784)
    assert clothes.test_labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert clothes.train_labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert len(FASHION_NAMES) == 10 and clothes.train_labels.max() == 9
    boot = clothes.test_images[0].reshape(28, 28)  # its sole is below, its top is empty
    assert boot[:6].max() == 0 and boot[20:].mean() > 0.1


def test_a_damaged_file_of_clothes_is_named(tmp_path):
    path = tmp_path / "fashion_mnist.npz"
    path.write_bytes(damaged(FASHION_FILE.read_bytes(), "one bit flipped"))
    with pytest.raises(DataError, match=r"fashion_mnist\.npz is damaged"):
        load_fashion_mnist(path)
    with pytest.raises(DataError, match="cannot read Fashion-MNIST"):
        load_fashion_mnist(tmp_path / "gone.npz")
    assert hashlib.sha256(FASHION_FILE.read_bytes()).hexdigest() == data.FASHION_SHA256


def test_digits_are_split_in_order(digits):
    assert digits.train_images.shape == (1500, 64) and digits.test_images.shape == (297, 64)
    assert digits.train_labels.shape == (1500,) and digits.test_labels.shape == (297,)
    assert digits.train_images.dtype == torch.float32
    assert digits.train_images.min() == 0 and digits.train_images.max() == 1


def test_digits_are_scikit_learns_file(digits):
    """Against the packaged file, read with gzip and csv: no scikit-learn, no vae_lib."""
    file = Path(sklearn.datasets.__file__).parent / "data" / "digits.csv.gz"
    with gzip.open(file, "rt") as lines:
        rows = [[int(float(value)) for value in row] for row in csv.reader(lines)]
    levels = torch.tensor([row[:-1] for row in rows]).float()
    labels = torch.tensor([row[-1] for row in rows])
    assert torch.equal(torch.cat([digits.train_images, digits.test_images]), levels / 16)
    assert torch.equal(torch.cat([digits.train_labels, digits.test_labels]), labels)
    # The counts in scikit-learn's description of the data set.
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_binarize_draws_each_pixel_with_its_grey_level():
    grey = torch.tensor([0.0, 0.05, 0.3, 0.5, 0.9, 1.0])
    n = 40_000
    draws = binarize(grey.expand(n, 6), torch.Generator().manual_seed(3)).double()
    assert set(draws.unique().tolist()) == {0.0, 1.0}
    assert (draws[:, 0] == 0).all() and (draws[:, -1] == 1).all()
    p = grey[1:-1].double()
    z = (draws[:, 1:-1].mean(0) - p) / (p * (1 - p) / n).sqrt()
    assert z.abs().max() < 5, f"{z} standard errors"
    # Pixels are drawn independently: every pair's correlation vanishes, too.
    correlation = torch.corrcoef(draws[:, 1:-1].T)
    off = correlation - torch.eye(4, dtype=torch.float64)
    assert off.abs().max() < 5 / n**0.5


def test_binarize_repeats_with_its_generator_and_only_with_it():
    grey = torch.full((50, 64), 0.5)
    first, same, other = (
        binarize(grey, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, same) and not torch.equal(first, other)
    assert first.shape == grey.shape and first.dtype == grey.dtype


@pytest.mark.parametrize("bad", [-0.01, 1.01, 255.0])
def test_binarize_refuses_what_is_no_grey_level(bad):
    with pytest.raises(ValueError, match=r"grey levels must lie in \[0, 1\]"):
        binarize(torch.tensor([0.5, bad]), torch.Generator())


def test_binarize_refuses_nan():
    with pytest.raises(ValueError, match=r"grey levels must lie in \[0, 1\]"):
        binarize(torch.tensor([0.5, float("nan")]), torch.Generator())


def test_binarize_of_nothing_is_nothing():
    assert binarize(torch.zeros(0, 64), torch.Generator()).shape == (0, 64)


@settings(max_examples=50)
@given(st.integers(1, 10_000))
def test_image_side_inverts_the_square(side):
    assert image_side(side * side) == side
    with pytest.raises(ValueError, match="do not make a square image"):
        image_side(side * side + 1)


@pytest.mark.parametrize("n_pixels", [0, -4])
def test_image_side_refuses_what_is_no_image(n_pixels):
    with pytest.raises(ValueError, match="do not make a square image"):
        image_side(n_pixels)


def test_bytes_of_zeros_and_ones_have_no_meaning_of_their_own():
    """Black and white, or the two darkest of 256 greys? Also when drawn."""
    ink = torch.eye(9, dtype=torch.uint8)
    for refuse in (
        lambda: check_images(ink, 9, torch.float32),
        lambda: check_images(0 * ink, 9, torch.float32),
        lambda: image_grid(ink, 3),
    ):
        with pytest.raises(ValueError, match=r"all 0 or 1: write images.bool\(\)"):
            refuse()
    ink[8, 8] = 2  # one grey level is enough to tell
    check_images(ink, 9, torch.float32)
    shown = image_grid(torch.eye(9).bool(), 3).images[0].get_array()
    assert (shown == image_grid(torch.eye(9), 3).images[0].get_array()).all()
    assert shown.max() == 1
    plt.close("all")


def test_bytes_are_not_binarized_as_if_they_were_probabilities():
    with pytest.raises(ValueError, match="divide grey levels 0 to 255 by 255 first"):
        binarize(torch.ones(2, 4, dtype=torch.uint8), torch.Generator())
