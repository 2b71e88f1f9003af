"""Build the decks into _build/slides, and print the path of their list.

    python tools/slides.py            a page of slides for each chapter, and its handouts
    python tools/slides.py --pages    without the handouts, which need Chromium
    python tools/slides.py --language ko    the Korean ones, into _build/slides-ko

Their formulas, figures and explorers are the book's: build that first.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from chromium import ARGUMENTS, PROGRAM
from offer import ENGLISH, file_of, offer
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "slides"
# As high and wide as A4: the slide, and its notes below it.
NOTES_PAGE = "@page { size: 1280px 1810px; }"
IS_DRAWN = """async () => {
    await MathJax.startup.promise;
    await document.fonts.ready;
    const explorers = [...document.querySelectorAll(".explorer")];
    return explorers.every(box => box.dataset.state === "mounted")
        && document.querySelector(".pdf-page") !== null;
}"""
REMOVE = "elements => elements.forEach(element => element.remove())"
HOW = {"prefer_css_page_size": True, "print_background": True, "tagged": True}


def command(source: Path, out: Path, settings: dict[str, str] | None = None) -> list[str]:
    """How Sphinx is called. Warnings are errors."""
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going", "-E"]
    words += ["-b", "revealjs", "-c", str(SOURCE), "-d", str(out / ".doctrees")]
    words += [f"-D{name}={value}" for name, value in (settings or {}).items()]
    return [*words, str(source), str(out)]


def languages() -> list[str]:
    return [ENGLISH, *sorted({file.parent.name for file in SOURCE.glob("*/*.po")})]


def translated(language: str) -> tuple[Path, dict[str, str]]:
    """The decks in another language, and what Sphinx is told of them."""
    import edition  # it reads all of the book's words
    import translations

    edition.share_results(translations.write(language))
    return translations.write_decks(language), {
        "language": language,
        "project": translations.title(language),
        "english_book": str(ROOT / "book"),
        "locale_dirs": str(edition.compiled(language)),
    }


def build(out: Path, language: str = ENGLISH, **settings: str) -> bool:
    """The pages. Anew each time: Sphinx does not know what they take from the book."""
    shutil.rmtree(out, ignore_errors=True)
    source, told = (SOURCE, {}) if language == ENGLISH else translated(language)
    return subprocess.run(command(source, out, told | settings), cwd=ROOT).returncode == 0


def print_handouts(out: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        for deck in sorted(out.glob("[0-9][0-9]-*.html")):
            page.goto(f"{deck.as_uri()}?print-pdf&showNotes=separate-page")
            page.wait_for_function(IS_DRAWN)
            style = page.add_style_tag(content=NOTES_PAGE)
            page.pdf(path=deck.with_name(f"{deck.stem}-notes.pdf"), **HOW)
            style.evaluate("element => element.remove()")
            page.locator(".speaker-notes-pdf").evaluate_all(REMOVE)
            page.pdf(path=deck.with_suffix(".pdf"), **HOW)
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", action="store_true", help="print no handouts")
    parser.add_argument("--language", default=ENGLISH, help="of the decks")
    options = parser.parse_args()
    if options.language not in languages():
        there = ", ".join(languages())
        print(f"no slides in '{options.language}', only in: {there}", file=sys.stderr)
        return 1
    out = file_of("slides", options.language)
    if not build(out, options.language):
        print("the slides were not built: see the warnings above", file=sys.stderr)
        return 1
    if PROGRAM and not options.pages:
        print_handouts(out)
    elif not options.pages:
        print("no Chromium here, so no handouts: install chromium", file=sys.stderr)
    offer()
    print(f"The slides are at {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
