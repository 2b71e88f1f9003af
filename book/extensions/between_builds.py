"""What a build keeps of each chapter for the next, until the chapter or a judge changes.

The editions of the book have the same formulas: all are judged once, in the English text.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from sphinx.application import Sphinx

from derivations import fingerprint

Pages = dict[str, dict]


def english_book(app: Sphinx) -> Path:
    """The folder of the English chapters, which another edition is made from."""
    return Path(getattr(app.config, "english_book", "") or app.srcdir)


def cache_of(app: Sphinx, name: str) -> Path:
    """A file that the builds of all editions share."""
    book = getattr(app.config, "english_book", "")
    return (Path(book).parent / "_build" if book else Path(app.outdir).parent) / name


def keys_of(files: dict[str, Path], *more: object) -> dict[str, str]:
    """Of each chapter one that changes with it, with the judges and with `more`."""
    salt = fingerprint() + b"".join(repr(thing).encode() for thing in more)
    return {
        name: hashlib.sha256(salt + file.read_bytes()).hexdigest()
        for name, file in files.items()
    }


def kept(
    cache: Path,
    keys: dict[str, str],
    make: Callable[[list[str]], Iterable[dict]],
    read: Callable[[dict], object],
) -> Pages:
    """What belongs to each chapter: as it was stored, or made anew.

    Args:
        cache: a JSON file, which is replaced as a whole.
        keys: of each chapter by its name; another key than the stored one asks anew.
        make: what belongs to each of these chapters, in their order.
        read: looks at what was stored of a chapter; raises where it is of another time.
    """
    stored = _stored(cache, read)
    fresh = [name for name in keys if stored.get(name, {}).get("fingerprint") != keys[name]]
    made = dict(zip(fresh, make(fresh), strict=True))
    pages = {
        name: {"fingerprint": key} | made[name] if name in made else stored[name]
        for name, key in keys.items()
    }
    text = json.dumps(pages)
    if pages != stored:
        unfinished = cache.with_suffix(".unfinished")
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(cache)
    return json.loads(text)  # as the next build reads them


def _stored(cache: Path, read: Callable[[dict], object]) -> Pages:
    """What was stored of each chapter; nothing, if it is of another time or damaged."""
    try:
        stored = json.loads(cache.read_text(encoding="utf-8"))
        for page in stored.values():
            page["fingerprint"], read(page)
        return stored
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
