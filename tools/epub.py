"""Write the book as an EPUB, `_build/vae-line-by-line.epub`.

    python tools/epub.py                after tools/book.py: from the cells that it executed
    python tools/epub.py --language ko  the Korean one, vae-line-by-line-ko.epub

`book/extensions/ebook.py` says what it looks like.
"""

import argparse
import shutil
import sys

from offer import ENGLISH, file_of, offer

from book import BUILD, CACHE, executed_chapter, sphinx
from notebooks import chapters


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", default=ENGLISH, help="of the edition")
    language = parser.parse_args().language
    missing = [c.name for c in chapters() if not CACHE.exists() or not executed_chapter(c)]
    if missing:
        print(f"not executed: {', '.join(missing)}; run 'make book' first", file=sys.stderr)
        return 1
    made = file_of("epub", language)
    if language == ENGLISH:
        folder = BUILD / "epub"
        shutil.rmtree(folder, ignore_errors=True)
        failed = sphinx("--builder", "custom", "--custom-builder", "epub")
    else:
        import edition  # it reads all of the book's words
        import translations

        folder = BUILD / f"epub-{language}"
        shutil.rmtree(folder, ignore_errors=True)
        author = translations.author(language)
        failed = edition.build(
            language, "epub", folder, author=author, epub_basename=made.stem
        )
    if failed:
        print("the e-book was not made: see the warnings above", file=sys.stderr)
        return 1
    shutil.copy2(folder / made.name, made)
    print(f"The e-book is at {made}")
    offer()
    return 0


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
