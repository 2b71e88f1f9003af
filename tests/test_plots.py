"""The shared pictures: where each pixel lands, and what is refused."""

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from explorers import LatentExplorer
from vae_lib.plots import DIGIT_COLOURS, image_grid, learning_curve, use_style
from vae_lib.training import Epoch

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def no_windows():
    with mpl.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


def shown(ax) -> np.ndarray:
    return np.asarray(ax.images[0].get_array())


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (6, 3), (5, 3), (2, 4)])
def test_each_image_lands_in_its_tile(n, columns):
    images = torch.rand(n, 16, generator=torch.Generator().manual_seed(1))
    sheet = shown(image_grid(images, columns))
    rows = -(-n // columns)
    assert sheet.shape == (4 * rows, 4 * columns)
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        tile = sheet[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        expected = images[place].reshape(4, 4).numpy() if place < n else np.zeros((4, 4))
        np.testing.assert_array_equal(tile, expected)


def test_a_gap_is_white_on_all_sides():
    sheet = shown(image_grid(torch.ones(2, 4), 2, gap=1))
    expected = np.pad(np.ones((2, 2)), 1)
    np.testing.assert_array_equal(sheet, np.hstack([expected, expected]))


@pytest.mark.parametrize("validation", [None, -3.0])
def test_a_learning_curve_puts_each_average_where_it_belongs(validation):
    _, ax = plt.subplots()
    epochs = [Epoch(n, -10.0 + n, {"kl": 2.0}, validation) for n in (1, 2)]
    learning_curve(epochs, ax, baseline=-20.0)
    training, *others = ax.get_lines()
    assert list(training.get_xdata()) == [0.5, 1.5]
    assert list(training.get_ydata()) == [-9.0, -8.0]
    labels = ["validation"] * (validation is not None) + ["baseline"]
    assert [line.get_label() for line in others] == labels
    if validation is not None:
        assert list(others[0].get_xdata()) == [1, 2]
        assert list(others[0].get_ydata()) == [-3.0, -3.0]
    assert ax.get_ylabel() == "ELBO (nats an image)"
    assert learning_curve([], ax, ylabel="L_50").get_ylabel() == "L_50"


def test_ink_is_dark_and_the_scale_is_fixed():
    ax = image_grid(torch.full((2, 4), 0.5), 2)
    (image,) = ax.images
    assert image.get_clim() == (0, 1)
    white, black = image.cmap(0.0)[:3], image.cmap(1.0)[:3]
    assert sum(white) > sum(black)
    assert not ax.axison


def test_it_draws_where_it_is_told():
    _, axes = plt.subplots(1, 2)
    assert image_grid(torch.zeros(1, 4), 1, axes[1]) is axes[1]
    assert len(axes[0].images) == 0 and len(axes[1].images) == 1


def test_images_with_gradients_are_drawn():
    image_grid(torch.zeros(1, 4, requires_grad=True) + 0.5, 1)


@pytest.mark.parametrize("shape", [(4,), (0, 4), (2, 2, 2)])
def test_it_refuses_what_is_no_list_of_images(shape):
    with pytest.raises(ValueError, match=r"images must have shape \(n, D\)"):
        image_grid(torch.zeros(shape), 2)


def test_it_refuses_images_that_are_not_square():
    with pytest.raises(ValueError, match="5 pixels do not make a square image"):
        image_grid(torch.zeros(1, 5), 1)


@pytest.mark.parametrize("columns", [0, -1])
def test_it_refuses_to_draw_no_columns(columns):
    with pytest.raises(ValueError, match="columns must be at least 1"):
        image_grid(torch.zeros(1, 4), columns)


def test_the_style_is_found_and_takes_effect():
    with mpl.rc_context():
        mpl.rcdefaults()
        use_style()
        assert mpl.rcParams["figure.constrained_layout.use"]
        assert not mpl.rcParams["axes.spines.top"]


def test_bytes_are_drawn_like_the_numbers_they_stand_for():
    grey = torch.arange(0, 256, 64, dtype=torch.uint8).repeat(4).reshape(1, 16)
    drawn = [image_grid(images, 1).images[0].get_array() for images in (grey, grey / 255)]
    assert (drawn[0] == drawn[1]).all()


def test_a_digit_has_one_colour_in_stills_and_in_what_moves():
    assert LatentExplorer.colours.default() == list(DIGIT_COLOURS)
    script = (ROOT / "explorers" / "latent.js").read_text(encoding="utf-8")
    assert not set(re.findall(r"#[0-9a-f]{6}", script)) & set(DIGIT_COLOURS)
