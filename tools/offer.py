"""Put the files that were made of the book beside its front page, and link them there.

    python tools/offer.py       what the tools that make the book and these files do last

A page cannot look for a file: opened from disk it may not fetch anything. So the links are
written where the files are known, into a list that the front page of each edition holds
ready (the HTML comment `downloads` in `book/index.md`). A file that is older than its text
is not offered: it is another edition.
"""

import gettext
import re
import shutil
from collections.abc import Callable
from html import escape
from pathlib import Path

from notebooks import editions

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
ENGLISH = "en"
PLACE = re.compile(r"(?s)<!-- downloads -->(<p class=\"downloads\">.*?</p>)?")


def file_of(kind: str, language: str = ENGLISH, build: Path = BUILD) -> Path:
    """Where the `pdf`, the `epub` or the folder of `slides` of an edition is made.

    >>> file_of("pdf", "ko").name, file_of("slides").name
    ('vae-line-by-line-ko.pdf', 'slides')
    """
    edition = "" if language == ENGLISH else f"-{language}"
    if kind == "slides":
        return build / f"slides{edition}"
    return build / f"vae-line-by-line{edition}.{kind}"


def pages_of(language: str, build: Path = BUILD) -> Path:
    """The folder of an edition's built pages."""
    return build / "html" / (language if language != ENGLISH else "")


def words_of(language: str, build: Path = BUILD) -> Callable[[str], str]:
    """What tools say in an edition: `interface.po`, as `edition.py` has compiled it."""
    locale = build / language / "locale"
    return gettext.translation("sphinx", locale, [language], fallback=True).gettext


def offer(build: Path = BUILD, book: Path = ROOT / "book") -> None:
    """Copy what is there and of this edition, and link it."""
    for language in [ENGLISH, *editions(book)]:
        page = pages_of(language, build) / "index.html"
        if page.exists():
            sources = [*book.glob("*.md"), *build.glob("code.sha256")]
            if language != ENGLISH:
                sources += (book / language).glob("*.po")
            dated = max(file.stat().st_mtime for file in sources)
            link(page, language, dated, build)


def link(page: Path, language: str, dated: float, build: Path) -> None:
    """Link on an edition's front page what was made since its text was last changed."""
    say = words_of(language, build)
    offered = {
        "pdf": say("PDF, to print"),
        "epub": say("EPUB, for e-readers"),
        "slides": say("Slides, for teachers"),
    }
    links = []
    for kind, says in offered.items():
        made = file_of(kind, language, build)
        there = page.parent / ("slides" if kind == "slides" else made.name)
        first = made / "index.html" if kind == "slides" else made
        current = first.exists() and first.stat().st_mtime >= dated
        if first.exists() and not current:
            print(f"{made} is older than the book and is not offered: make it again")
        if kind == "slides":
            shutil.rmtree(there, ignore_errors=True)
            if current:
                # not what Sphinx keeps for itself
                shutil.copytree(made, there, ignore=shutil.ignore_patterns(".*"))
                links.append(f'<a href="slides/index.html">{escape(says)}</a>')
        elif current:
            shutil.copy2(made, there)
            size = f"{made.stat().st_size / 1e6:.1f} MB"
            links.append(f'<a href="{made.name}" download>{escape(says)}</a> ({size})')
        else:
            there.unlink(missing_ok=True)
    text = page.read_text(encoding="utf-8")
    head = say("As one file.")
    shown = f'<p class="downloads"><strong>{head}</strong> {" · ".join(links)}</p>'
    listed = shown if links else ""
    changed = PLACE.sub(lambda _: f"<!-- downloads -->{listed}", text)
    if changed != text:  # as a whole: somebody may be reading it
        unfinished = page.with_suffix(".unfinished")
        unfinished.write_text(changed, encoding="utf-8")
        unfinished.replace(page)


if __name__ == "__main__":
    offer()
