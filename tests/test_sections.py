"""The search of the built pages, where pages come from an earlier build."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "extensions"
GLOSSARY = "# Glossary\n\n```{glossary}\nprior\n  What is believed before.\n```\n"
INDEX = "# Book\n\n```{toctree}\nglossary\n01-a\n```\n"


@pytest.mark.slow
def test_a_term_is_found_when_another_page_has_changed(tmp_path):
    book, html = tmp_path / "book", tmp_path / "html"
    book.mkdir()
    (book / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    (book / "index.md").write_text(INDEX, encoding="utf-8")
    (book / "conf.py").write_text("extensions = ['myst_parser', 'sections']\n")
    for text in ("# A chapter\n", "# A chapter that has changed\n"):
        (book / "01-a.md").write_text(text, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "sphinx", "-W", "-q", book, html],
            check=True, env=os.environ | {"PYTHONPATH": str(EXTENSIONS)},
        )  # fmt: skip
        written = (html / "searchindex.js").read_text(encoding="utf-8")
        index = json.loads(written.removeprefix("Search.setIndex(").removesuffix(")"))
        page = index["docnames"].index("glossary")
        assert index["indexentries"]["prior"] == [[page, "term-prior", True]]
