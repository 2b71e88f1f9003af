"""Put the files that were made of the book beside its front page, and link them there.

    python tools/offer.py       what the tools that make the book and these files do last

A page cannot look for a file: opened from disk it may not fetch anything. So the links are
written where the files are known, into a list that the front page holds ready (the HTML
comment `downloads` in `book/index.md`). A file that is older than a chapter is not offered:
it is another edition.
"""

import re
import shutil
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
# What there may be: its name, and what the front page says of it.
FILES = {
    "vae-line-by-line.pdf": "PDF, to print",
    "vae-line-by-line.epub": "EPUB, for e-readers",
}
FOLDERS = {"slides": "Slides, for teachers"}
PLACE = re.compile(r"(?s)<!-- downloads -->(<p class=\"downloads\">.*?</p>)?")


def offer(build: Path = BUILD, book: Path = ROOT / "book") -> list[str]:
    """Copy what is there and of this edition, link it, and return what is offered."""
    page = build / "html" / "index.html"
    if not page.exists():
        return []
    dated = [*book.glob("*.md"), *build.glob("code.sha256")]
    edition = max(file.stat().st_mtime for file in dated)
    links = []
    for name, says in (FILES | FOLDERS).items():
        made, there = build / name, page.parent / name
        first = made / "index.html" if name in FOLDERS else made
        current = first.exists() and first.stat().st_mtime >= edition
        if first.exists() and not current:
            print(f"{made} is older than the book and is not offered: make it again")
        if name in FOLDERS:
            shutil.rmtree(there, ignore_errors=True)
            if current:
                # not what Sphinx keeps for itself
                shutil.copytree(made, there, ignore=shutil.ignore_patterns(".*"))
                links.append(f'<a href="{name}/index.html">{escape(says)}</a>')
        elif current:
            shutil.copy2(made, there)
            size = f"{made.stat().st_size / 1e6:.1f} MB"
            links.append(f'<a href="{name}" download>{escape(says)}</a> ({size})')
        else:
            there.unlink(missing_ok=True)
    text = page.read_text(encoding="utf-8")
    listed = f'<p class="downloads"><strong>As one file.</strong> {" · ".join(links)}</p>'
    changed = PLACE.sub(lambda _: "<!-- downloads -->" + (listed if links else ""), text)
    if changed != text:  # as a whole: somebody may be reading it
        unfinished = page.with_suffix(".unfinished")
        unfinished.write_text(changed, encoding="utf-8")
        unfinished.replace(page)
    return links


if __name__ == "__main__":
    offer()
