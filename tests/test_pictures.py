"""Your own data: pictures and tables, from files to numbers, against Pillow and NumPy."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vae_lib.data import DataError, load_images, load_table
from vae_lib.pictures import LARGEST
from vae_lib.saving import load

ROOT = Path(__file__).resolve().parents[1]
GENERATOR = np.random.default_rng(0)
COLOURS = GENERATOR.integers(0, 256, (10, 6, 9, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Ten pictures of 6 x 9 pixels, in two folders, and a note that is none."""
    for n, levels in enumerate(COLOURS):
        place = tmp_path / ("cats" if n % 2 else "dogs")
        place.mkdir(exist_ok=True)
        Image.fromarray(levels).save(place / f"{n}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("no picture either")
    return tmp_path


def all_images(pictures):
    return torch.cat([pictures.train_images, pictures.test_images])


def as_rows(images):
    """In an order that does not depend on the split."""
    return torch.tensor(sorted(images.tolist()))


def test_a_folder_becomes_numbers_labels_and_two_parts(folder):
    pictures = load_images(folder, test_share=0.2, seed=1)
    assert pictures.shape == (3, 6, 9) and pictures.names == ["cats", "dogs"]
    assert pictures.train_images.shape == (8, 162) and pictures.test_images.shape == (
        2,
        162,
    )
    assert pictures.train_images.dtype == torch.float32
    expected = torch.from_numpy(COLOURS).movedim(3, 1).flatten(1) / 255
    assert torch.equal(as_rows(all_images(pictures)), as_rows(expected))
    for image, label in zip(pictures.train_images, pictures.train_labels, strict=True):
        n = int((expected == image).all(dim=1).nonzero())
        assert pictures.names[label] == ("cats" if n % 2 else "dogs")
    again, other = (load_images(folder, test_share=0.2, seed=s) for s in (1, 2))
    assert torch.equal(again.train_images, pictures.train_images)
    assert not torch.equal(other.train_images, pictures.train_images)


def test_grey_files_are_ink_and_colours_can_be_left_out(folder, tmp_path):
    grey = load_images(folder, grey=True)
    assert grey.shape == (1, 6, 9)
    expected = np.stack([np.asarray(Image.fromarray(c).convert("L")) for c in COLOURS])
    ink = 1 - torch.from_numpy(expected).flatten(1) / 255
    assert torch.equal(as_rows(all_images(grey)), as_rows(ink))
    (tmp_path / "grey").mkdir()
    for n in range(3):
        Image.fromarray(expected[n]).save(tmp_path / "grey" / f"{n}.png")
    files = load_images(tmp_path / "grey")
    assert torch.equal(as_rows(all_images(files)), as_rows(ink[:3]))
    assert files.names == ["•"]


def test_what_files_may_be(tmp_path):
    """Transparent on white paper, of a palette, one bit deep, turned by the camera."""
    Image.new("RGBA", (4, 2), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("P", (4, 2), 0).save(tmp_path / "palette.gif")
    Image.new("1", (4, 2), 1).save(tmp_path / "bits.png")
    turned = Image.new("RGB", (2, 4), (0, 0, 255))
    exif = turned.getexif()
    exif[0x0112] = 6  # a quarter turn
    turned.save(tmp_path / "turned.JPG", exif=exif)
    pictures = load_images(tmp_path)
    assert pictures.shape == (3, 2, 4) and len(all_images(pictures)) == 4
    colours = {
        tuple(image.view(3, 8).mean(dim=1).round().int().tolist())
        for image in all_images(pictures)
    }
    assert colours == {(1, 1, 1), (0, 0, 0), (0, 0, 1)}


def test_unlike_sizes_are_told_and_brought_to_one(folder):
    Image.new("RGB", (40, 20), "white").save(folder / "cats" / "wide.png")
    with pytest.raises(
        DataError, match=r"2 sizes: 10 of 11 .*6 rows and 9 .*size=\(6, 9\)"
    ):
        load_images(folder)
    told = r"6 rows and 9 columns, of 11 pictures 1 were cut, the first of 20 rows and 40 "
    with pytest.warns(UserWarning, match=told + "columns, and 0 enlarged"):
        pictures = load_images(folder, size=(6, 9))
    assert pictures.shape == (3, 6, 9) and len(all_images(pictures)) == 11
    # It is cut, not squeezed: a circle stays one.
    square = np.zeros((1, 20, 40, 1), np.float32)
    square[:, :, 10:30] = 1
    with pytest.warns(UserWarning, match="of 2 pictures 2 were cut, .* and 0 enlarged"):
        cut = load_images(np.concatenate([square, square]), size=(10, 10))
    assert cut.train_images.min() > 0.87


def test_a_size_that_only_scales_needs_no_word_and_one_that_enlarges_does(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_images(COLOURS, size=(4, 6))
    with pytest.warns(UserWarning, match="10 pictures 0 were cut, and 10 enlarged") as told:
        load_images(folder, size=(12, 18))
    assert len(told) == 1 and told[0].filename == __file__


def test_one_line_says_what_was_read_and_what_was_left_out(folder):
    (folder / "cats" / "phone.heic").write_bytes(b"of a kind that Pillow does not read")
    (folder / "cats" / "young").mkdir()
    Image.fromarray(COLOURS[0]).save(folder / "cats" / "young" / "x.png")
    assert load_images(folder).summary == (
        "11 pictures of 6 rows, 9 columns and three channels; 2 classes: cats 6, dogs 5; "
        "left out, as no picture files that Pillow reads: 1 .heic, 1 .txt, 1 hidden"
    )
    of_array = load_images(COLOURS[..., :1]).summary
    assert of_array == "10 pictures of 6 rows, 9 columns and one channel"


def test_files_that_are_no_pictures_are_named(folder):
    with pytest.raises(DataError, match="there is no folder .*nowhere"):
        load_images(folder / "nowhere")
    empty = folder / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="there are no pictures in"):
        load_images(empty)
    (folder / "cats" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    with pytest.raises(DataError, match=r"broken\.png is no readable picture"):
        load_images(folder)
    (folder / "cats" / "broken.png").unlink()
    half = (folder / "cats" / "1.png").read_bytes()[:100]
    (folder / "cats" / "1.png").write_bytes(half)
    with pytest.raises(DataError, match=r"1\.png is no readable picture"):
        load_images(folder)
    deep = folder / "deep"
    deep.mkdir()
    Image.fromarray(np.full((3, 3), 40_000, np.uint16)).save(deep / "x.png")
    with pytest.raises(DataError, match=r"x\.png has more than 256 grey levels"):
        load_images(deep)
    Image.new("L", (LARGEST, 2)).save(deep / "x.png")
    with pytest.raises(DataError, match="too many for the networks.*give a smaller size"):
        load_images(deep)
    with pytest.raises(ValueError, match="labels of files are the names of their folders"):
        load_images(folder, [1, 2])


def test_the_recipe_of_the_page_runs_on_upright_colours(tmp_path, monkeypatch):
    page = (ROOT / "book" / "own-data.md").read_text(encoding="utf-8")
    recipe = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "my-pictures").mkdir()
    for n, levels in enumerate(COLOURS):
        upright = Image.fromarray(levels.swapaxes(0, 1))
        upright.save(tmp_path / "my-pictures" / f"{n}.png")
    monkeypatch.chdir(tmp_path)
    made = {}
    exec(recipe.replace("epochs=40", "epochs=1"), made)
    assert made["explorer"].shape == [3, 9, 6]
    assert load(tmp_path / "my-pictures.safetensors").shape == (3, 9, 6)
    assert (tmp_path / "my-pictures.html").is_file()


@pytest.mark.parametrize(
    "array",
    [
        COLOURS, torch.from_numpy(COLOURS), COLOURS / 255, COLOURS.transpose(0, 3, 1, 2),
        np.concatenate([COLOURS, COLOURS[..., :1]], axis=3),
    ],
)  # fmt: skip
def test_arrays_of_all_kinds(array):
    pictures = load_images(array, list("ab" * 5))
    expected = torch.from_numpy(COLOURS).movedim(3, 1).flatten(1) / 255
    torch.testing.assert_close(as_rows(all_images(pictures)), as_rows(expected))
    assert pictures.shape == (3, 6, 9) and pictures.names == ["a", "b"]


def test_grey_arrays_are_taken_as_they_are():
    grey = COLOURS[..., 0] / 255
    for array in (grey, grey[..., None], grey[:, None]):
        pictures = load_images(array)
        assert pictures.shape == (1, 6, 9)
        expected = torch.from_numpy(grey).float().flatten(1)
        torch.testing.assert_close(as_rows(all_images(pictures)), as_rows(expected))
    ink = grey > 0.5
    assert torch.equal(
        as_rows(all_images(load_images(ink))),
        as_rows(torch.from_numpy(ink).float().flatten(1)),
    )
    weighed = load_images(COLOURS, grey=True)
    pillow = np.stack([np.asarray(Image.fromarray(c).convert("L")) for c in COLOURS])
    assert (as_rows(all_images(weighed)) * 255 - as_rows(
        torch.from_numpy(pillow).float().flatten(1))).abs().max() < 1  # fmt: skip


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 4)), "with or without channels"),
        (np.zeros((5, 4, 4, 2)), "no axis of .* holds 1, 3 or 4 channels"),
        (np.zeros((5, 3, 8, 3)), "which axis of .* holds the colours"),
        (np.full((5, 4, 4), 255.0), r"must lie in \[0, 1\], got 255"),
        (np.full((5, 4, 4), np.nan), r"must lie in \[0, 1\]"),
        (np.zeros((5, 4, 4), int), "uint8, bool, or numbers"),
        (np.ones((5, 4, 4), np.uint8), "all 0 or 1"),
        (np.zeros((1, 4, 4)), "need two or more, got 1"),
    ],
)
def test_arrays_that_are_no_pictures(array, message):
    with pytest.raises(ValueError, match=message):
        load_images(array)


def test_numbers_that_make_no_sense():
    with pytest.raises(ValueError, match="test_share is a share"):
        load_images(COLOURS, test_share=1.0)
    with pytest.raises(ValueError, match="one label each is needed: 10, got 3"):
        load_images(COLOURS, [1, 2, 3])


def test_a_table_has_mean_0_and_deviation_1_over_its_training_rows():
    rows = GENERATOR.normal([100.0, -3.0, 0.01], [20.0, 0.5, 1e-3], (50, 3))
    table = load_table(rows, GENERATOR.integers(0, 3, 50), test_share=0.3, seed=4)
    assert table.train_rows.shape == (35, 3) and table.test_rows.shape == (15, 3)
    np.testing.assert_allclose(table.train_rows.mean(dim=0), 0, atol=1e-6)
    np.testing.assert_allclose(table.train_rows.std(dim=0, correction=0), 1, rtol=1e-6)
    back = table.mean + table.scale * torch.cat([table.train_rows, table.test_rows])
    np.testing.assert_allclose(sorted(back[:, 0]), sorted(rows[:, 0]), rtol=1e-5)
    assert table.names == ["0", "1", "2"] and len(table.train_labels) == 35


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0], [3.0]], "rows of one length"),
        ([["a", "b"], ["c", "d"]], "a table holds numbers"),
        ([1.0, 2.0], r"shape \(n, D\), got \(2,\)"),
        ("leaves.csv", r"read the file first, with np.genfromtxt\('leaves.csv', "),
        ([[1.0, 2.0], [np.nan, 3.0], [1.0, 1.0]], "the first in row 1, column 0"),
        ([[1.0, 2.0], [1.0, 3.0], [1.0, 4.0]], r"columns \[0\], .* are constant"),
    ],
)
def test_what_is_no_table(rows, message):
    with pytest.raises(ValueError, match=message):
        load_table(rows)
