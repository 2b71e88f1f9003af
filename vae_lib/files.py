"""Files that are replaced whole or not at all, whenever the power fails."""

import os
from pathlib import Path


def check_writable(path: Path | str) -> None:
    """Try what `write_whole` will do, before hours are spent on what it shall write.

    Raises:
        OSError: if it could not.
    """
    unfinished = Path(f"{path}.unfinished")
    with open(unfinished, "ab"):
        pass
    unfinished.unlink(missing_ok=True)


def write_whole(path: Path | str, content: bytes) -> None:
    """Write a file beside the old one, then rename it over the old one.

    A rename happens whole or not at all. So whoever reads `path` finds its old content or
    all of the new one, also after a kill or a power cut.

    Args:
        path: the file, in a folder that exists. What it held is replaced.
        content: all that the file shall hold.

    Raises:
        OSError: if the disk is full, or the folder does not exist; the old file stays.
    """
    unfinished = Path(f"{path}.unfinished")
    with open(unfinished, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # else a power cut may leave an empty file of this name
    os.replace(unfinished, path)
