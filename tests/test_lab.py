"""A reader's JupyterLab: what they save never reaches the book."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import lab  # noqa: E402


@pytest.fixture
def folders(tmp_path):
    source, target = tmp_path / "notebooks", tmp_path / "playground"
    source.mkdir()
    for name in "ab":
        (source / f"{name}.ipynb").write_text(f"{name}, first")
    for folder in ("ko", ".ipynb_checkpoints"):
        (source / folder).mkdir()
        (source / folder / "c.ipynb").write_text("c, first")
    assert lab.copy_notebooks(source, target) == []
    return source, target


def contents(folder):
    return {path.stem: path.read_text() for path in folder.glob("*.ipynb")}


def test_the_notebooks_of_an_edition_are_copied_too(folders):
    _, target = folders
    (copy,) = target.glob("*/*.ipynb")
    assert copy.relative_to(target).as_posix() == "ko/c.ipynb"
    assert copy.read_text() == "c, first"


def test_copies_follow_the_book_until_the_reader_changes_them(folders):
    source, target = folders
    assert contents(target) == {"a": "a, first", "b": "b, first"}
    (target / "a.ipynb").write_text("mine")
    assert lab.copy_notebooks(source, target) == []  # the book's is the same
    for name in "ab":
        (source / f"{name}.ipynb").write_text(f"{name}, second")
    for _ in range(2):
        assert lab.copy_notebooks(source, target) == ["a.ipynb"]
        assert contents(target) == {"a": "mine", "b": "b, second"}
    (target / "a.ipynb").unlink()
    assert lab.copy_notebooks(source, target) == []
    assert contents(target)["a"] == "a, second"
    assert contents(source) == {"a": "a, second", "b": "b, second"}


def test_without_its_record_nothing_of_the_readers_is_replaced(folders):
    source, target = folders
    (target / ".copied.json").write_text("{ damaged")
    (source / "b.ipynb").write_text("b, second")
    assert lab.copy_notebooks(source, target) == ["a.ipynb", "b.ipynb", "ko/c.ipynb"]
    assert contents(target) == {"a": "a, first", "b": "b, first"}


@pytest.mark.slow
def test_saving_in_a_readers_lab_leaves_the_book_alone(tmp_path):
    """A server in a small tree like the book's: as `make lab` starts it, and as `make
    author` does, which is to write into book/."""
    for author in (False, True):
        tree = tmp_path / str(author)
        for name in ("book", "notebooks", "playground"):
            (tree / name).mkdir(parents=True)
        (tree / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"))
        notebook = nbformat.read(ROOT / "notebooks" / "own-data.ipynb", as_version=4)
        place = "notebooks" if author else "playground"
        before = (ROOT / "book" / "own-data.md").read_text("utf-8")
        (tree / "book" / "own-data.md").write_text(before, "utf-8")
        nbformat.write(notebook, tree / place / "own-data.ipynb")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = [
            "--no-browser",
            "--allow-root",
            f"--port={port}",
            "--IdentityProvider.token=",
        ]
        options += ["--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={tree}"]
        with open(tree / "log", "w") as log:
            server = subprocess.Popen(
                [*lab.command(author), *options], cwd=tree, stdout=log, stderr=log
            )
            try:
                notebook["cells"][0]["source"] = "a note of mine"
                save(
                    f"http://127.0.0.1:{port}/api/contents/{place}/own-data.ipynb", notebook
                )
            finally:
                server.kill()  # it holds nothing that is not saved
                server.wait()
        assert "a note of mine" in (tree / place / "own-data.ipynb").read_text("utf-8")
        now = (tree / "book" / "own-data.md").read_text("utf-8")
        assert ("a note of mine" in now) is author and (now == before) is not author


def save(address, notebook):
    body = json.dumps({"type": "notebook", "format": "json", "content": notebook}).encode()
    for _ in range(300):
        request = urllib.request.Request(address, body, method="PUT")
        try:
            return urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()) from error
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)
