"""A toy course for each test file, and submissions made from its solution."""

import copy
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from classroom.author import make_release
from classroom.course import ROOT, Assignment, Course
from classroom.sandbox import reason_against_the_sandbox
from tests.conftest import skip_or_fail

TOY = Path(__file__).parent / "toy"


@pytest.fixture(scope="session")
def sandbox() -> None:
    if why := reason_against_the_sandbox():
        skip_or_fail(f"the sandbox does not start ({why})", "bubblewrap")


@pytest.fixture(scope="session")
def toy_release(tmp_path_factory) -> Course:
    """The toy assignment, released once."""
    root = tmp_path_factory.mktemp("released")
    course = Course(root / "course", (TOY.parent, ROOT / "assignments"))
    make_release(course, course.assignment("toy"))
    return course


def command_lines() -> list[str]:
    """Of all processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace").replace("\0", " "))
    return found


def copy_of(course: Course, root: Path) -> Course:
    shutil.copytree(course.root, root / "course")
    return Course(root / "course", course.assignments)


@pytest.fixture
def course(toy_release, tmp_path) -> Course:
    return copy_of(toy_release, tmp_path)


@pytest.fixture
def toy(course) -> Assignment:
    return course.assignment("toy")


def solution(course: Course, name: str = "toy") -> NotebookNode:
    return nbformat.read(course.root / "source" / name / f"{name}.ipynb", 4)


def released(course: Course, name: str = "toy") -> NotebookNode:
    return nbformat.read(course.release(name), 4)


def cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(
        c
        for c in notebook.cells
        if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def edited(notebook: NotebookNode, **sources: str | Callable[[str], str]) -> NotebookNode:
    """A copy, with the source of some cells replaced; `by_hand` stands for by-hand."""
    notebook = copy.deepcopy(notebook)
    for name, new in sources.items():
        target = cell(notebook, name.replace("_", "-"))
        target.source = new(target.source) if callable(new) else new
    return notebook


def with_cell(notebook: NotebookNode, source: str, place: int = 1) -> NotebookNode:
    notebook = copy.deepcopy(notebook)
    notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    return notebook


def text(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook, version=4)
