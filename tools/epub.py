"""Write the book as an EPUB, `_build/vae-line-by-line.epub`.

    python tools/epub.py        after tools/book.py: from the cells that it executed

`book/extensions/ebook.py` says what it looks like.
"""

import shutil
import sys

from offer import offer

from book import BUILD, CACHE, executed_chapter, sphinx
from notebooks import chapters

NAME = "vae-line-by-line.epub"


def main() -> int:
    missing = [c.name for c in chapters() if not CACHE.exists() or not executed_chapter(c)]
    if missing:
        print(f"not executed: {', '.join(missing)}; run 'make book' first", file=sys.stderr)
        return 1
    shutil.rmtree(BUILD / "epub", ignore_errors=True)
    if sphinx("--builder", "custom", "--custom-builder", "epub"):
        print("the e-book was not made: see the warnings above", file=sys.stderr)
        return 1
    shutil.copy2(BUILD / "epub" / NAME, BUILD / NAME)
    print(f"The e-book is at {BUILD / NAME}")
    offer()
    return 0


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
