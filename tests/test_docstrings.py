"""Pages that are made of docstrings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "extensions"
PAGE = "# Code\n\n```{eval-rst}\n.. autofunction:: textwrap.dedent\n```\n"


@pytest.mark.slow
def test_a_page_is_kept_alone(tmp_path):
    book, html = tmp_path / "book", tmp_path / "html"
    book.mkdir()
    (book / "index.md").write_text(PAGE, encoding="utf-8")
    extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings"]
    (book / "conf.py").write_text(f"{extensions = }\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", book, html],
        check=True, env=os.environ | {"PYTHONPATH": str(EXTENSIONS)},
    )  # fmt: skip
    kept = (html / ".doctrees" / "index.doctree").read_bytes()
    assert b"dedent" in kept and b"BuildEnvironment" not in kept
