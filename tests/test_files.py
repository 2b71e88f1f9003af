"""vae_lib.files: the old file or all of the new one, whatever happens between."""

import os

import pytest

from vae_lib.files import write_whole


def test_a_file_is_made_and_replaced(tmp_path):
    file = tmp_path / "a.json"
    for content in (b"first, and longer", b"", b"second"):
        write_whole(file, content)
        assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, call):
    file = tmp_path / "a.json"
    write_whole(file, b"old")

    def full(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(OSError, match="no space left"):
            write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    write_whole(file, b"new")
    assert file.read_bytes() == b"new" and list(tmp_path.iterdir()) == [file]


def test_the_bytes_are_on_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    """Else a power cut after the rename may leave an empty file under the good name."""
    calls = []
    for name in ["fsync", "replace"]:
        real = getattr(os, name)

        def record(*args, name=name, real=real):
            calls.append(name)
            return real(*args)

        monkeypatch.setattr(os, name, record)
    write_whole(tmp_path / "a", b"content")
    assert calls == ["fsync", "replace"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        write_whole(tmp_path / "missing" / "a", b"")
