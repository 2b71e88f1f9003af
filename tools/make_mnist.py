"""Pack the four IDX files of MNIST into vae_lib/mnist.npz.

    python tools/make_mnist.py FOLDER

FOLDER holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte
and t10k-labels-idx1-ubyte, unpacked. The SHA-256 of the written file is printed: it is
the one that vae_lib/data.py checks. The arrays' own sums are those of the files that
LeCun, Cortes and Burges published.
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from vae_lib.files import write_whole

IDX_FILES = {
    "train_images": (
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train_labels": (
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "test_images": (
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "test_labels": (
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
TARGET = Path(__file__).parents[1] / "vae_lib" / "mnist.npz"


def read_idx(content: bytes, sha256: str, name: str) -> np.ndarray:
    """The array of a file whose sum is known."""
    if hashlib.sha256(content).hexdigest() != sha256:
        sys.exit(f"{name} is not the published file of that name: its SHA-256 differs.")
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", count=n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def pack(arrays: dict[str, np.ndarray], target: Path, compression: int) -> None:
    """Write an .npz file whose bytes follow from the arrays, and print its sum."""
    # np.savez stores the time of writing; without it the same arrays give the same file.
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = compression
            archive.writestr(entry, buffer.getvalue())
    write_whole(target, held.getvalue())
    print(hashlib.sha256(held.getvalue()).hexdigest(), target)


def main(folder: Path) -> None:
    arrays = {
        name: read_idx((folder / file).read_bytes(), sha256, file)
        for name, (file, sha256) in IDX_FILES.items()
    }
    pack(arrays, TARGET, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
