"""Pages that are made of docstrings."""

import pytest

from tests.small_book import build

PAGE = "# Code\n\n```{eval-rst}\n.. autofunction:: textwrap.dedent\n```\n"


@pytest.mark.slow
def test_a_page_is_kept_alone(tmp_path):
    extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings"]
    html = build(tmp_path, {"index": PAGE}, extensions)
    kept = (html / ".doctrees" / "index.doctree").read_bytes()
    assert b"dedent" in kept and b"BuildEnvironment" not in kept
