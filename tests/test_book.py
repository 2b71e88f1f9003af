"""The tool that builds the book: what it does again, and what it leaves."""

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
sys.path.insert(0, str(TOOLS))
import book as tool  # noqa: E402


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Run the tool on a book of one chapter; returns what was built and the status."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "a.md").write_text("# A\n")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(tool, "STAMP", tmp_path / "_build" / "book.state")
    for name in ("forget_results_of_older_code", "judge_the_equations", "offer"):
        monkeypatch.setattr(tool, name, lambda: None)
    monkeypatch.setattr(tool, "fill_the_cache", list)
    monkeypatch.setattr(tool, "editions", lambda folder: [])

    def run(*arguments: str, status: int = 0, meanwhile=lambda: None):
        built = []

        def sphinx():
            built.append("the book")
            (tmp_path / "_build" / "html").mkdir(parents=True, exist_ok=True)
            (tmp_path / "_build" / "html" / "a.html").write_text("A")
            meanwhile()
            return status

        monkeypatch.setattr(tool, "sphinx", sphinx)
        monkeypatch.setattr(sys, "argv", ["book.py", *arguments])
        return built, tool.main()

    return run


def test_a_book_that_has_not_changed_is_not_built_again(build, tmp_path):
    chapter, page = tmp_path / "book" / "a.md", tmp_path / "_build" / "html" / "a.html"
    once, nothing = (["the book"], 0), ([], 0)
    assert build() == once and build() == nothing
    chapter.write_text("# Another\n")
    assert build() == once and build() == nothing
    page.unlink()
    assert build() == once and build() == nothing
    assert build("--fresh") == once and build() == nothing


def test_a_file_that_is_offered_beside_the_pages_is_no_change(build, tmp_path):
    html = tmp_path / "_build" / "html"
    build()
    (html / "index.html").write_text("front")
    assert build() == (["the book"], 0)
    (html / "index.html").write_text("front, with a link")
    (html / "book.epub").write_text("an e-book")
    (html / "slides").mkdir()
    (html / "slides" / "index.html").write_text("decks")
    assert build() == ([], 0)


def test_who_writes_while_it_is_built_gets_another_build(build, tmp_path):
    chapter = tmp_path / "book" / "a.md"
    assert build(meanwhile=lambda: chapter.write_text("# Later\n"))[0] == ["the book"]
    assert build()[0] == ["the book"] and build()[0] == []


def test_a_build_that_failed_is_tried_again(build):
    assert build(status=2) == (["the book"], 1)
    assert build()[0] == ["the book"]
