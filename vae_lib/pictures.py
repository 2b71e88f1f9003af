"""Pictures from files and arrays as the numbers that a network takes.

`data.load_images` is what you call; here it is found out what files and arrays hold, and
what is none of it is refused. Pillow reads the files.
"""

import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from vae_lib.arguments import whole

if TYPE_CHECKING:
    from PIL import Image

#: The label of what has none.
NO_LABEL = "\N{BULLET}"
#: Pixels of a picture that is read as it is, 512 x 512.
LARGEST = 2**18


class DataError(Exception):
    """A data file is missing or is not what it should be."""


def read_pictures(
    folder: Path, size: tuple[int, int] | None, grey: bool
) -> tuple[Tensor, tuple[int, int, int], list[str], Counter[str]]:
    """All picture files below a folder: images (n, D) in [0, 1], their shape (channels,
    rows, columns), for each its folder's name, that of the outermost below this one, and
    how many files of which ending were left out.

    Grey pictures have 1 for black, as the book draws them.

    Args:
        size, grey: as in `data.load_images`.

    Raises:
        DataError: if there is no picture, one cannot be read, or their sizes differ.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}, seen from {Path.cwd()}")
    files, left_out = _picture_files(folder)
    read = {path: _read(path, size) for path in files}
    pictures = {path: picture for path, (picture, _) in read.items()}
    if size is not None:
        _tell_cuts([before for _, before in read.values()], size)
    grey = grey or all(picture.mode == "L" for picture in pictures.values())
    sizes = Counter(picture.size for picture in pictures.values())
    (columns, rows), often = sizes.most_common(1)[0]
    if len(sizes) > 1:
        other = next(
            p for p, picture in pictures.items() if picture.size != (columns, rows)
        )
        raise DataError(
            f"the pictures have {len(sizes)} sizes: {often} of {len(pictures)} have {rows} "
            f"rows and {columns} columns, but not {other}: give one, "
            f"size=({rows}, {columns})"
        )
    mode = "L" if grey else "RGB"
    levels = np.stack([np.asarray(picture.convert(mode)) for picture in pictures.values()])
    images = torch.from_numpy(levels).float() / 255
    images = 1 - images[:, None] if grey else images.movedim(3, 1)
    inside = [path.relative_to(folder).parts for path in pictures]
    kinds = [parts[0] if len(parts) > 1 else NO_LABEL for parts in inside]
    return images.flatten(1), (images.shape[1], rows, columns), kinds, left_out


def _picture_files(folder: Path) -> tuple[list[Path], Counter[str]]:
    """The picture files, and the endings of all others."""
    from PIL import Image

    known = {
        end for end, kind in Image.registered_extensions().items() if kind in Image.OPEN
    }
    files, left_out = [], Counter[str]()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix.lower() in known and not path.name.startswith("."):
            files.append(path)
        else:
            hidden = path.name.startswith(".")
            left_out["hidden" if hidden else path.suffix or path.name] += 1
    if not files:
        raise DataError(
            f"there are no pictures in {folder}: no file ends in .png, .jpg, ..."
        )
    return files, left_out


def _read(
    path: Path, size: tuple[int, int] | None
) -> tuple["Image.Image", tuple[int, int]]:
    """One picture, of mode L or RGB, on white paper, and of the size if one is given; and
    the rows and columns that it had."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)  # as the camera was held
        deep = picture.mode in ("I", "F") or picture.mode.startswith("I;16")
        is_grey = picture.mode in ("1", "L", "LA", "La")
        if picture.has_transparency_data:
            paper = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(paper, picture.convert("RGBA"))
        picture = picture.convert("L" if is_grey else "RGB")
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises
        advice = "mend it, or take it out of the folder"
        raise DataError(f"{path} is no readable picture ({error}): {advice}") from error
    if deep:
        raise DataError(
            f"{path} has more than 256 grey levels: read it yourself, and give load_images "
            "an array with numbers in [0, 1]"
        )
    before = (picture.height, picture.width)
    if size is not None:
        rows, columns = (whole("size", side, at_least=1) for side in size)
        fitted = ImageOps.fit(picture, (columns, rows), Image.Resampling.LANCZOS)
        return fitted, before
    if picture.width * picture.height > LARGEST:
        rows, columns = (max(1, round(64 * side / max(before))) for side in before)
        raise DataError(
            f"{path} has {before[0]} rows and {before[1]} columns, too many for the "
            f"networks of this book: give a smaller size, such as size=({rows}, {columns})"
        )
    return picture, before


def _tell_cuts(sizes: list[tuple[int, int]], size: tuple[int, int]) -> None:
    """Warn of pictures, by their rows and columns, that a size cuts or enlarges."""
    scales = [max(size[0] / rows, size[1] / columns) for rows, columns in sizes]
    cut = [
        (rows, columns)
        for scale, (rows, columns) in zip(scales, sizes, strict=True)
        if max(scale * rows - size[0], scale * columns - size[1]) >= 1
    ]
    enlarged = sum(scale > 1 for scale in scales)
    if not cut and not enlarged:
        return
    first = f", the first of {cut[0][0]} rows and {cut[0][1]} columns" if cut else ""
    warnings.warn(
        f"to have {size[0]} rows and {size[1]} columns, of {len(sizes)} pictures "
        f"{len(cut)} were cut{first}, and {enlarged} enlarged",
        stacklevel=4,
    )


def picture_array(
    source: np.ndarray | Tensor, size: tuple[int, int] | None, grey: bool
) -> tuple[Tensor, tuple[int, int, int]]:
    """An array's pictures: (n, D) float32 in [0, 1], and their shape (channels, rows,
    columns). Arguments as in `data.load_images`.

    Raises:
        ValueError: if the array holds no pictures.
    """
    values = torch.as_tensor(np.asarray(source))
    if values.ndim not in (3, 4) or 0 in values.shape:
        raise ValueError(
            "pictures are (n, rows, columns), with or without channels, got shape "
            f"{tuple(values.shape)}"
        )
    check_grey_levels(values)
    if not (values.is_floating_point() or values.dtype in (torch.uint8, torch.bool)):
        raise ValueError(
            f"pictures are uint8, bool, or numbers in [0, 1], got {values.dtype}"
        )
    images, shape = _channels_first(in_unit_interval(values, torch.float32).float())
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"numbers must lie in [0, 1], got {images.min():g} to {images.max():g}: divide "
            "by the largest that there may be, such as 255"
        )
    if grey and shape[0] == 3:  # as Pillow weighs the colours
        weights = torch.tensor([0.299, 0.587, 0.114])
        images = torch.einsum("ncij,c->nij", images, weights)[:, None].clamp(0, 1)
    if size is not None:
        rows, columns = (whole("size", side, at_least=1) for side in size)
        _tell_cuts([(images.shape[2], images.shape[3])] * len(images), (rows, columns))
        scale = max(rows / images.shape[2], columns / images.shape[3])
        large = [max(round(scale * side), fit) for side, fit in
                 zip(images.shape[2:], (rows, columns), strict=True)]  # fmt: skip
        images = interpolate(images, large, mode="bilinear", antialias=True).clamp(0, 1)
        top, left = (large[0] - rows) // 2, (large[1] - columns) // 2
        images = images[..., top : top + rows, left : left + columns]
    _, *shown = images.shape
    return images.flatten(1), (shown[0], shown[1], shown[2])


def _channels_first(values: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
    """(n, rows, columns), with channels last, in second place or none, as (n, C, ...)."""
    if values.ndim == 3:
        values = values[:, None]
    elif values.shape[3] in (1, 3, 4) and values.shape[1] in (1, 3):
        raise ValueError(
            f"which axis of {tuple(values.shape)} holds the colours? give another order"
        )
    elif values.shape[3] in (1, 3, 4):
        values = values.movedim(3, 1)[:, :3]
    elif values.shape[1] not in (1, 3):
        raise ValueError(
            f"no axis of {tuple(values.shape)} holds 1, 3 or 4 channels: pictures are "
            "(n, rows, columns, channels)"
        )
    _, channels, rows, columns = values.shape
    return values, (channels, rows, columns)


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
