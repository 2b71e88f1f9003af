"""The book in other languages: what an edition's pages have that the English ones have not.

`tools/edition.py` builds an edition from Markdown in its language. Here its headings keep
the English anchors, so that a link, and the switch between the languages, leads to the same
place.
"""

import pickle
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict:
    app.add_config_value("english_book", "", "env", str)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
