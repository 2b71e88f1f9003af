"""The search of the built pages, where pages come from an earlier build."""

import json

import pytest

from tests.small_book import build

GLOSSARY = "# Glossary\n\n```{glossary}\nprior\n  What is believed before.\n```\n"
INDEX = "# Book\n\n```{toctree}\nglossary\n01-a\n```\n"


@pytest.mark.slow
def test_a_term_is_found_when_another_page_has_changed(tmp_path):
    pages = {"glossary": GLOSSARY, "index": INDEX, "01-a": "# A chapter\n"}
    for changed in (pages, {"01-a": "# A chapter that has changed\n"}):
        html = build(tmp_path, changed, ["myst_parser", "sections"])
        written = (html / "searchindex.js").read_text(encoding="utf-8")
        index = json.loads(written.removeprefix("Search.setIndex(").removesuffix(")"))
        page = index["docnames"].index("glossary")
        assert index["indexentries"]["prior"] == [[page, "term-prior", True]]
