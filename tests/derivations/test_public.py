"""What is offered: the examples run, every name says what it is, a version is a version."""

import ast
import doctest
import importlib
import inspect
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


def public_names(module) -> dict[str, object]:
    """Classes, functions and methods; a method that overrides is documented above."""
    found = {}
    for name, thing in vars(module).items():
        if name[0] == "_" or getattr(thing, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(thing) or inspect.isfunction(thing):
            found[name] = thing
        for key in vars(thing) if inspect.isclass(thing) else ():
            part = getattr(thing, key)
            if key[0] != "_" and (inspect.isroutine(part) or isinstance(part, property)):
                found[f"{name}.{key}"] = part
    return found


def test_public_names_say_what_they_are():
    names = {
        f"{name}.{key}": thing
        for name in MODULES
        for key, thing in public_names(importlib.import_module(name)).items()
    }
    silent = [name for name, thing in names.items() if not inspect.getdoc(thing)]
    assert len(names) > 300
    assert len(silent) <= 0.1 * len(names), f"{len(silent)} of {len(names)}: {silent}"


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
