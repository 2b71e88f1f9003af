"""What is offered: the examples run, every name says what it is, a version is a version."""

import ast
import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import derivations
from derivations import version

FOUND = [module.name for module in pkgutil.iter_modules(derivations.__path__)]
MODULES = [f"derivations.{name}" for name in FOUND if name != "__main__"]
TESTS = Path(__file__).parent


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


@pytest.mark.parametrize(
    "name", ["pipeline", "report", "assignment", "chapters", "verdict"]
)
def test_what_a_stranger_calls_has_an_example(name):
    module = importlib.import_module(f"derivations.{name}")
    assert doctest.testmod(module).attempted > 0


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_tests_of_its_own(name):
    module = name.removeprefix("derivations.")
    assert module == "version" or (TESTS / f"test_{module}.py").exists()


def test_public_names_say_what_they_are():
    silent, count = [], 0
    for path in Path(derivations.__file__).parent.glob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(module):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name[0] == "_":
                continue
            count += 1
            if not ast.get_docstring(node):
                silent.append(f"{path.name}: {node.name}")
    assert len(silent) <= 0.1 * count, f"{len(silent)} of {count}: {silent}"


def test_the_checker_stands_on_its_own():
    """It imports none of the other packages."""
    for path in Path(derivations.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            foreign = {"vae_lib", "explorers", "classroom"}
            assert not foreign & {name.split(".")[0] for name in names}, path.name


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
