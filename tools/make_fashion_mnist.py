"""Pack a part of Fashion-MNIST into vae_lib/fashion_mnist.npz.

    python tools/make_fashion_mnist.py [FOLDER]

FOLDER holds train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and their t10k- fellows:
by default it is where Debian's package dataset-fashion-mnist puts them. The first 12,000
training images and the first 3,000 test images are kept, in their order: under 6 MB. The
SHA-256 of the written file is printed: it is the one that vae_lib/data.py checks.
"""

import gzip
import sys
import zipfile
from pathlib import Path

from make_mnist import pack, read_idx

# The sums are those of the unpacked files, as Zalando Research published them.
IDX_FILES = {
    "train_images": (
        "train-images-idx3-ubyte",
        12_000,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train_labels": (
        "train-labels-idx1-ubyte",
        12_000,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "test_images": (
        "t10k-images-idx3-ubyte",
        3_000,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "test_labels": (
        "t10k-labels-idx1-ubyte",
        3_000,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
FOLDER = Path("/usr/share/datasets/fashion-mnist")
TARGET = Path(__file__).parents[1] / "vae_lib" / "fashion_mnist.npz"


def main(folder: Path) -> None:
    arrays = {}
    for name, (file, n, sha256) in IDX_FILES.items():
        content = gzip.decompress((folder / f"{file}.gz").read_bytes())
        arrays[name] = read_idx(content, sha256, file)[:n]
    pack(arrays, TARGET, zipfile.ZIP_LZMA)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]) if len(sys.argv) == 2 else FOLDER)
