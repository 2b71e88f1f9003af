"""What is public is documented, typed and on a page of the book; its examples hold."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["vae_lib", "derivations", "explorers", "exercises", "classroom"]
FILES = [path for name in PACKAGES for path in sorted((ROOT / name).glob("*.py"))]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

sys.path.insert(0, str(ROOT / "book" / "extensions"))
from docstrings import marked, restructured  # noqa: E402

each_package = pytest.mark.parametrize("package", PACKAGES)


def module_of(path: Path) -> str:
    """The dotted name; a package's own is that of its folder."""
    return f"{path.parent.name}.{path.stem}".removesuffix(".__init__")


def named(tree: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """The module, its public classes and functions, and their public methods."""
    yield name, tree
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from named(node, f"{name}.{node.name}")
            else:
                yield f"{name}.{node.name}", node


def public(package: str) -> list[tuple[str, ast.AST]]:
    return [
        found
        for path in FILES
        if path.parent.name == package and path.stem != "__main__"
        for found in named(ast.parse(path.read_text(encoding="utf-8")), module_of(path))
    ]


def modules(package: str) -> set[str]:
    """The public modules below the package."""
    found = {name for name, node in public(package) if isinstance(node, ast.Module)}
    return {name for name in found if "._" not in name} - {package}


# ---------------------------------------------------------------- docstrings


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_the_examples_hold(path):
    """No module is left out: also `classroom.inside`, a script, does nothing on import."""
    result = doctest.testmod(importlib.import_module(module_of(path)))
    assert result.failed == 0, f"{result.failed} of {result.attempted}: see above"


@each_package
def test_a_package_has_examples(package):
    texts = [ast.get_docstring(node) or "" for _, node in public(package)]
    assert any(doctest.DocTestParser().get_examples(text) for text in texts)


@each_package
def test_nine_in_ten_public_names_are_documented(package):
    everything = public(package)
    missing = [name for name, node in everything if not is_documented(name, node)]
    share = 1 - len(missing) / len(everything)
    assert share >= 0.9, f"{share:.0%} of {len(everything)}; missing: {', '.join(missing)}"


def is_documented(name: str, node: ast.AST) -> bool:
    """By a docstring of its own, or a method by that of the one that it overrides: so
    `help()` and the book's pages show it."""
    if ast.get_docstring(node):
        return True
    is_function = isinstance(node, FUNCTIONS)
    return is_function and bool(inspect.getdoc(pkgutil.resolve_name(name)))


@each_package
def test_public_functions_are_typed(package):
    untyped = []
    for name, node in public(package):
        if isinstance(node, FUNCTIONS) and not (has_typed_arguments(node) and node.returns):
            untyped.append(name)
        if isinstance(node, ast.ClassDef):
            made = [m for m in node.body if getattr(m, "name", "") == "__init__"]
            if made and not has_typed_arguments(made[0]):
                untyped.append(name)
    assert not untyped, f"{len(untyped)} untyped: {', '.join(untyped)}"


def has_typed_arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    some = [argument for argument in every if argument is not None]
    if some and some[0].arg in ("self", "cls"):
        some = some[1:]
    return all(argument.annotation for argument in some)


# ---------------------------------------------------------------- the book's pages


def page(package: str) -> str:
    path = ROOT / "book" / f"api-{package.replace('_', '-')}.md"
    return path.read_text(encoding="utf-8")


@each_package
def test_every_module_is_on_the_page_of_its_package_and_nothing_else(package):
    text = page(package)
    in_the_map = re.findall(rf"^   ({package}\.\w+)$", text, re.M)
    in_full = re.findall(r"^\.\. automodule:: (.*)$", text, re.M)
    assert sorted(in_the_map) == sorted(modules(package))
    assert in_full and set(in_full) <= set(in_the_map)
    for name in in_full:
        section = (
            f"## `{name.partition('.')[2]}`\n\n```{{eval-rst}}\n.. automodule:: {name}"
        )
        assert section in text, name


@pytest.mark.slow
@pytest.mark.parametrize("package", ["vae_lib", "derivations", "explorers"])
def test_the_first_lines_of_a_page_run(package, capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", page(package), re.S | re.M)
    exec(code, {"__name__": package})
    shown = capsys.readouterr().out
    expected = {
        "vae_lib": r"-\d\d\d\.\d+\n",
        "derivations": r" +1  ≥  .*\n +1  =  wrong(.*\n)*",
        "explorers": "",
    }
    assert re.fullmatch(expected[package], shown), shown


# ---------------------------------------------------------------- from text to the page


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log p(x), by `eq-elbo`", "log p(x), by :eq:`eq-elbo`"),
        (
            "chapter *elbo* has *three* parts",
            "chapter :ref:`elbo <elbo>` has *three* parts",
        ),
        ("|x_1| <= 3 and 2 * 3", r"\|x_1\| <= 3 and 2 \* 3"),
        ("p_* and x_hat_d, (n, *shape)", r"p\_\* and x_hat_d, (n, \*shape)"),
        ("`a|b*` and `Panel`s", r"``a|b*`` and ``Panel``\ s"),
        ("`two\n    lines`", "``two lines``"),
        (r"\sigma and a lone `", r"\\sigma and a lone \`"),
    ],
)
def test_every_sign_stands_for_itself_but_for_code_links_and_emphasis(text, expected):
    assert marked(text) == expected


DOCSTRING = """One line.

    python -m something  | shown as it stands

Text, and an example:
>>> 2 * 3
6

- an item

  that goes on

Names as they are given:
    a_b_c/  *.ipynb

Args:
    x: (n, *shape)

        and more of it.
"""
AS_ON_THE_PAGE = r"""One line.

::

    python -m something  | shown as it stands

Text, and an example:

>>> 2 * 3
6

- an item

  that goes on

Names as they are given:

::

    a_b_c/  *.ipynb

Args:
    x: (n, \*shape)

        and more of it.
"""


def test_an_indented_block_is_shown_as_it_stands_and_sections_are_left_alone():
    assert "\n".join(restructured(DOCSTRING.split("\n"))) == AS_ON_THE_PAGE
