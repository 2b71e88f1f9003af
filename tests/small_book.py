"""A book of a page or two, built with extensions of the book."""

import os
import subprocess
import sys
from pathlib import Path

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "extensions"


def build(folder: Path, pages: dict[str, str], extensions: list[str]) -> Path:
    """Write the pages that changed, and build; the folder of what was built."""
    book, html = folder / "book", folder / "html"
    book.mkdir(exist_ok=True)
    for name, text in pages.items():
        (book / f"{name}.md").write_text(text, encoding="utf-8")
    (book / "conf.py").write_text(f"{extensions = }\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", book, html],
        check=True, env=os.environ | {"PYTHONPATH": str(EXTENSIONS)},
    )  # fmt: skip
    return html
