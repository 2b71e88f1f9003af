"""Build the decks into _build/slides, and print the path of their list.

    python tools/slides.py            a page of slides for each chapter, and its handouts
    python tools/slides.py --pages    without the handouts, which need Chromium

Their formulas, figures and explorers are the book's: build that first.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SOURCE, OUT = ROOT / "slides", ROOT / "_build" / "slides"
# The deck for the class, and with the speaker's notes behind each slide.
HANDOUTS = {"": "", "-notes": "&showNotes=separate-page"}
IS_DRAWN = """async () => {
    await MathJax.startup.promise;
    await document.fonts.ready;
    return [...document.querySelectorAll(".explorer")].every(e => e.dataset.state === "mounted")
        && document.querySelector(".pdf-page") !== null;
}"""


def build(source: Path, out: Path) -> bool:
    """The pages. Anew each time: Sphinx does not know what they take from the book."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going", "-E"]
    command += ["-b", "revealjs", "-c", str(SOURCE), "-d", str(out / ".doctrees")]
    return subprocess.run([*command, str(source), str(out)], cwd=ROOT).returncode == 0


def print_handouts(out: Path, chromium: str) -> None:
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        for deck in sorted(out.glob("[0-9][0-9]-*.html")):
            for suffix, query in HANDOUTS.items():
                page.goto(f"{deck.as_uri()}?print-pdf{query}")
                page.wait_for_function(IS_DRAWN)
                file = deck.with_name(f"{deck.stem}{suffix}.pdf")
                page.pdf(path=file, prefer_css_page_size=True, print_background=True)
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", action="store_true", help="print no handouts")
    options = parser.parse_args()
    if not build(SOURCE, OUT):
        print("the slides were not built: see the warnings above", file=sys.stderr)
        return 1
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium and not options.pages:
        print_handouts(OUT, chromium)
    elif not options.pages:
        print("no Chromium here, so no handouts: install chromium", file=sys.stderr)
    print(f"The slides are at {OUT / 'index.html'}")
    return 0


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
