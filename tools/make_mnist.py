"""Pack the four IDX files of MNIST into vae_lib/mnist.npz.

    python tools/make_mnist.py FOLDER

FOLDER holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte
and t10k-labels-idx1-ubyte, unpacked. The SHA-256 of the written file is printed: it is
the one that vae_lib/data.py checks. The arrays' own sums are those of the files that
LeCun, Cortes and Burges published.
"""

import hashlib
import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np

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


def read_idx(path: Path, sha256: str) -> np.ndarray:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        sys.exit(f"{path} is not the MNIST file of that name: its SHA-256 differs.")
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", count=n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def main(folder: Path) -> None:
    # np.savez stores the time of writing; without it the same arrays give the same file.
    unfinished = TARGET.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (file, sha256) in IDX_FILES.items():
            buffer = io.BytesIO()
            np.save(buffer, read_idx(folder / file, sha256))
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue())
    os.replace(unfinished, TARGET)
    print(hashlib.sha256(TARGET.read_bytes()).hexdigest(), TARGET)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
