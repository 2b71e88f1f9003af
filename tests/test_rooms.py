"""The rooms of the house: who imports whom, and that no import runs back up.

vae_lib and derivations stand on their own; the others stand on them. Nothing
imports the tools, the benchmarks, the tests or the book's extensions but those themselves.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Each package, and the others that it may import.
MAY_IMPORT = {
    "vae_lib": set(),
    "derivations": set(),
    "explorers": {"vae_lib"},
    "exercises": {"derivations"},
    "classroom": {"vae_lib", "derivations"},
}
EXTENSIONS = {path.stem for path in (ROOT / "book" / "extensions").glob("*.py")}
TOOLS = {path.stem for path in (ROOT / "tools").glob("*.py")}
OUTSIDE = {"tools", "benchmarks", "tests", "book"} | EXTENSIONS | TOOLS

each_package = pytest.mark.parametrize("package", MAY_IMPORT)


def modules_of(package: str) -> dict[str, Path]:
    """The files of a package by their full names."""
    modules = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def imports_of(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Full names of what a file imports, wherever the statement stands.

    `from a import b` gives a and a.b, since b may be a module.
    """
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, *base.split(".")] if base else up)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_in(package: str) -> dict[str, set[str]]:
    """The modules of a package, each with all that it imports."""
    return {
        module: set(imports_of(path.read_text("utf-8"), module, path.stem == "__init__"))
        for module, path in modules_of(package).items()
    }


def a_circle(arrows: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a ring, or [] if there is no such ring."""
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :] + [module]
        if module in finished:
            return []
        for target in sorted(arrows[module]):
            if ring := visit(target, [*path, module]):
                return ring
        finished.add(module)
        return []

    for module in arrows:
        if ring := visit(module, []):
            return ring
    return []


@each_package
def test_a_package_imports_those_below_it_alone(package):
    forbidden = (set(MAY_IMPORT) | OUTSIDE) - {package} - MAY_IMPORT[package]
    found = imports_in(package)
    assert found, f"no modules in {package}: has it moved?"
    wrong = sorted(
        f"{module} imports {name}"
        for module, names in found.items()
        for name in names
        if name.split(".")[0] in forbidden
    )
    assert not wrong, "\n".join(wrong)


@each_package
def test_no_modules_import_each_other_in_a_circle(package):
    """Imports for type checkers count: what they name is read together, too."""
    found = imports_in(package)
    arrows = {
        # A package's own `__init__` gathers its modules: it is no room beside them.
        module: {name for name in names if name in found and name != package} - {module}
        for module, names in found.items()
        if module != package
    }
    ring = a_circle(arrows)
    assert not ring, " imports ".join(ring)


def test_the_reading_of_imports_and_the_search_for_circles_find_what_is_there():
    source = """
import a, b.c
from typing import TYPE_CHECKING
from .near import x
from ..far import y
from . import z
if TYPE_CHECKING:
    from d import e
def late():
    import f
"""
    assert set(imports_of(source, "p.q.r", is_package=False)) == {
        "a", "b.c", "typing", "typing.TYPE_CHECKING", "p.q.near", "p.q.near.x", "p.far",
        "p.far.y", "p.q", "p.q.z", "d", "d.e", "f",
    }  # fmt: skip
    assert "p.q.near" in set(imports_of("from .near import x", "p.q", is_package=True))
    assert a_circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert a_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert a_circle({"a": {"a"}}) == ["a", "a"]
