"""Files that are whole: written under another name, then renamed to their own."""

import csv
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how a file in it begins


@contextmanager
def replacing(path: Path, keep: bool = False) -> Iterator[Path]:
    """Give a path to write to, in the same folder; rename it to `path` at the end.

    With `keep` a file that is there by then stays: of two who write, the first wins.
    Whoever reads `path` finds the old file or the new one, and never half of one. If the
    block raises, the old one stays and nothing is left behind. The folder is made where
    there is none.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "a" / "marks.csv") as new:
    ...         _ = new.write_text("ada,3")
    ...     (Path(folder) / "a" / "marks.csv").read_text()
    'ada,3'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, suffix=".unfinished") as folder:
        new = Path(folder) / path.name
        yield new
        if keep:
            with suppress(FileExistsError):
                os.link(new, path)
        else:
            os.replace(new, path)


def write_atomically(
    path: Path, content: str | bytes, mode: int = 0o644, keep: bool = False
) -> None:
    """Write a file, whole or not at all, also where the power fails; see `replacing`.

    A text is written as UTF-8; what that cannot say (half of a surrogate pair, which a
    student's text may hold) becomes a question mark.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    with replacing(path, keep) as new:
        with open(new, "wb") as file:
            os.chmod(new, mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def as_json(value: Any) -> str:
    """As JSON that a person can read: indented, the names in order.

    >>> print(as_json({"student": "Zoë", "points": 3}), end="")
    {
     "points": 3,
     "student": "Zoë"
    }
    """
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def read_table(path: Path) -> list[list[str]]:
    """The rows of a CSV file, in whatever encoding and with whatever separator a
    spreadsheet wrote it. Raises OSError, or ValueError where it is no text."""
    data = path.read_bytes()
    for encoding in ("utf-16", "utf-8-sig", "cp949", "cp1252"):
        if (encoding == "utf-16") == (data[:2] in UTF_16):
            try:
                text = data.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    else:
        raise ValueError("it is no text in UTF-8")
    if "\0" in text:
        raise ValueError("it is no text")
    return [
        row for row in csv.reader(io.StringIO(text), delimiter=separator_of(text)) if row
    ]


def separator_of(text: str) -> str:
    """What stands between the cells of a CSV's first line."""
    return max(",;\t", key=text.split("\n", 1)[0].count)


def write_table(
    path: Path,
    rows: Iterable[Sequence[object]],
    *,
    separator: str = ",",
    encoding: str = "utf-8-sig",
    quoted: bool = False,
) -> None:
    """Write a CSV file, or nothing. Its encoding carries a mark: spreadsheets take a file
    without one for another encoding."""
    text = io.StringIO()
    csv.writer(
        text,
        delimiter=separator,
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
    ).writerows(rows)
    write_atomically(path, text.getvalue().encode(encoding))


def sha256(*contents: bytes) -> str:
    """The SHA-256 of several contents, in hexadecimal digits.

    >>> sha256(b"ab", b"c") == sha256(b"a", b"bc")
    False
    """
    return hashlib.sha256(b"\0".join(contents)).hexdigest()
