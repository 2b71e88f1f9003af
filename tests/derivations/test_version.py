"""Which judges gave a verdict."""

from derivations import version


def test_the_fingerprint_changes_with_a_file_and_a_library(monkeypatch, tmp_path):
    (tmp_path / "a.py").write_text("1")
    monkeypatch.setattr(version, "__file__", str(tmp_path / "version.py"))

    def now() -> bytes:
        version.fingerprint.cache_clear()
        return version.fingerprint()

    first = now()
    (tmp_path / "a.lark").write_text("x: y")
    second = now()
    monkeypatch.setattr(version, "version", lambda library: "99")
    assert len({first, second, now()}) == 3
    monkeypatch.undo()
    version.fingerprint.cache_clear()
