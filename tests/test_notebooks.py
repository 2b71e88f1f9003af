"""The pairs: every notebook is its chapter, executed. And the tool that keeps it so."""

import shutil
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import notebooks as tool  # noqa: E402

CHAPTER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
a = 2
print("a is", a)
```

+++

Some prose.

```{code-cell} ipython3
:tags: [remove-stderr]

import sys
print("noise", file=sys.stderr)
print("twice", 2 * a)
```
"""


CONFIG = "title: A book\n"
REPOSITORY = "repository:\n  url: https://github.com/a/b\n  branch: trunk\n"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter in a folder of its own."""
    for name in ["book", "notebooks"]:
        (tmp_path / name).mkdir()
    (tmp_path / "_config.yml").write_text(CONFIG)
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "BOOK", tmp_path / "book")
    monkeypatch.setattr(tool, "NOTEBOOKS", tmp_path / "notebooks")
    chapter = tmp_path / "book" / "01-a.md"
    chapter.write_text(CHAPTER, encoding="utf-8")
    return chapter


def outputs(chapter: Path) -> list[str]:
    notebook = nbformat.read(tool.notebook_path(chapter), as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(out.get("text", "") for out in cell.outputs) for cell in cells]


def test_the_books_own_pairs_agree():
    assert tool.check() == []


def test_a_chapter_runs_into_a_notebook_and_the_pair_agrees(book):
    assert tool.make(book, run=True, again=False) is None
    assert outputs(book) == ["a is 2\n", "twice 4\n"]
    assert tool.check() == []


def test_where_the_book_has_a_repository_a_notebook_installs_the_package(book):
    tool.make(book, run=True, again=False)
    without = nbformat.read(tool.notebook_path(book), as_version=4)
    (book.parents[1] / "_config.yml").write_text(CONFIG + REPOSITORY)
    assert "cells" in tool.check()[0]
    assert tool.make(book, run=True, again=False) is None
    assert tool.check() == [] and outputs(book) == ["", "a is 2\n", "twice 4\n"]
    install, *others = nbformat.read(tool.notebook_path(book), as_version=4).cells
    assert [cell.source for cell in others] == [cell.source for cell in without.cells]
    assert '%pip install --quiet "vae-line-by-line @ git+https://github.com/a/b@trunk"' in (
        install.source
    )
    assert install.metadata["jupyter"] == {"source_hidden": True}
    assert install.outputs == []  # the package is here: nothing is done


@pytest.mark.slow
def test_running_again_gives_the_same_bytes(book):
    tool.make(book, run=True, again=False)
    first = tool.notebook_path(book).read_bytes()
    tool.make(book, run=True, again=True)
    assert tool.notebook_path(book).read_bytes() == first


def test_the_markdown_survives_the_round_trip(book):
    import jupytext

    assert jupytext.writes(tool.from_markdown(book), fmt="md:myst", config=tool.CONFIG)


@pytest.mark.parametrize(
    ("old", "new"),
    [("Some prose.", "Other prose."), ("a = 2", "a = 3"), ("remove-stderr", "hide-input")],
)
def test_a_pair_that_differs_is_found(book, old, new):
    tool.make(book, run=True, again=False)
    book.write_text(CHAPTER.replace(old, new), encoding="utf-8")
    assert "differs from its chapter" in tool.check()[0]


def test_an_edited_notebook_is_found_and_loses_to_the_markdown(book):
    tool.make(book, run=True, again=False)
    path = tool.notebook_path(book)
    path.write_text(path.read_text().replace("Some prose", "My prose"))
    assert "differs from its chapter" in tool.check()[0]
    tool.make(book, run=False, again=False)
    assert tool.check() == []


def test_a_deleted_cell_is_found(book):
    tool.make(book, run=True, again=False)
    path = tool.notebook_path(book)
    notebook = nbformat.read(path, as_version=4)
    del notebook.cells[-1]
    nbformat.write(notebook, path)
    assert "cells" in tool.check()[0]


def test_a_notebook_never_run_is_refused(book):
    tool.make(book, run=False, again=False)
    assert tool.check() == ["01-a.ipynb has cells that were never run"]


def test_a_missing_a_corrupt_and_a_stray_notebook_are_found(book):
    assert tool.check() == ["01-a.ipynb is missing or unreadable"]
    tool.notebook_path(book).write_text("{ this is no notebook")
    assert tool.check() == ["01-a.ipynb is missing or unreadable"]
    tool.make(book, run=True, again=False)
    shutil.copy(tool.notebook_path(book), tool.NOTEBOOKS / "02-b.ipynb")
    assert tool.check() == ["02-b.ipynb has no chapter"]


def test_results_below_a_changed_cell_are_dropped_and_those_above_kept(book):
    tool.make(book, run=True, again=False)
    book.write_text(CHAPTER.replace("2 * a", "20 * a"), encoding="utf-8")
    tool.make(book, run=False, again=False)
    assert outputs(book) == ["a is 2\n", ""]
    book.write_text(CHAPTER.replace("a = 2", "a = 3"), encoding="utf-8")
    tool.make(book, run=False, again=False)
    assert outputs(book) == ["", ""]


@pytest.mark.slow
def test_a_cell_that_fails_leaves_the_old_notebook_whole(book):
    tool.make(book, run=True, again=False)
    before = tool.notebook_path(book).read_bytes()
    book.write_text(CHAPTER.replace("2 * a", "1 / 0"), encoding="utf-8")
    fault = tool.make(book, run=True, again=False)
    assert "01-a.md: a cell failed" in fault and "ZeroDivisionError" in fault
    assert tool.notebook_path(book).read_bytes() == before
    assert list(tool.NOTEBOOKS.glob("*.unfinished")) == []
