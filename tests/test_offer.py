"""What was made of the book is linked on the front page, and nothing else is."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from offer import offer  # noqa: E402

PAGE = "<p>Read on.</p>\n<!-- downloads -->\n<p>The end.</p>"


@pytest.fixture
def built(tmp_path) -> Path:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.md").write_text("# A book")
    (tmp_path / "build" / "html").mkdir(parents=True)
    (tmp_path / "build" / "html" / "index.html").write_text(PAGE)
    return tmp_path / "build"


def front_page(built: Path) -> str:
    offer(built, built.parent / "book")
    return (built / "html" / "index.html").read_text()


def test_where_nothing_was_made_nothing_is_linked(built):
    assert front_page(built) == PAGE


def test_a_file_that_was_made_is_copied_and_linked_once(built):
    (built / "vae-line-by-line.epub").write_bytes(b"an e-book")
    for _ in range(2):
        page = front_page(built)
        assert page.count('href="vae-line-by-line.epub"') == 1
        assert ".pdf" not in page
        assert (built / "html" / "vae-line-by-line.epub").read_bytes() == b"an e-book"
    (built / "slides").mkdir()
    (built / "slides" / "index.html").write_text("slides")
    assert 'href="slides/index.html"' in front_page(built)


def test_a_file_that_is_gone_or_older_than_the_book_is_not_offered(built, capsys):
    file = built / "vae-line-by-line.epub"
    file.write_bytes(b"an e-book")
    assert "epub" in front_page(built)
    os.utime(file, (1, 1))
    assert front_page(built) == PAGE
    assert "older than the book" in capsys.readouterr().out
    assert not (built / "html" / file.name).exists()
    file.unlink()
    assert front_page(built) == PAGE


def test_each_edition_links_its_own_files(built):
    (built.parent / "book" / "ko").mkdir()
    (built.parent / "book" / "ko" / "interface.po").write_text("")
    (built / "html" / "ko").mkdir()
    (built / "html" / "ko" / "index.html").write_text(PAGE)
    (built / "vae-line-by-line-ko.pdf").write_bytes(b"a book")
    assert front_page(built) == PAGE
    assert (built / "html" / "ko" / "vae-line-by-line-ko.pdf").exists()
    korean = (built / "html" / "ko" / "index.html").read_text()
    assert korean.count('href="vae-line-by-line-ko.pdf"') == 1
