"""From `assignments/hwN/hwN.md` to what a student gets, by nbgrader's own release.

An author marks a cell with one line. Points stand in checks.py alone:

    :given: setup                       code that is always run as we wrote it
    :answer: gaussian-kl                code that a student writes
    :test: gaussian-kl                  the cell that probes it: a task of checks.py
    +++ {"derivation": "kl-by-hand"}    LaTeX that is checked: a task of checks.py
    +++ {"written": "why", "points": 3} prose that a person reads
"""

import ast
import re
import shutil
import zipfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbgrader.api import MissingEntry
from nbgrader.converters import GenerateAssignment

from classroom.checks import Derivation, Task
from classroom.course import (
    Assignment,
    ClassroomError,
    Course,
    in_its_language,
    refuse_name,
)
from classroom.files import as_json, replacing, write_atomically
from classroom.gradebook import open_gradebook, run_converter
from classroom.judge import all_cases
from classroom.words import (
    LANGUAGES,
    MARKS,
    later,
    say,
    texts_of_assignment,
    texts_of_checker,
    texts_of_code,
    translate,
    translations,
)

PRACTICE = 0  # the seed of the cases that a student sees


def read_source(assignment: Assignment) -> NotebookNode:
    """The teacher's notebook, with nbgrader's marks and the solutions.

    Raises:
        ClassroomError: if its marks and checks.py do not fit each other.
    """
    notebook = jupytext.read(assignment.markdown)
    kernel = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    head = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook.metadata = nbformat.from_dict(head)
    translate(notebook, say)
    tasks, seen = assignment.checks.TASKS, set()
    for cell in notebook.cells:
        marks = {key: cell.metadata.pop(key) for key in MARKS & cell.metadata.keys()}
        mark = _nbgrader_mark(marks, tasks, assignment)
        if not mark:
            continue
        if mark["grade_id"] in seen:
            raise ClassroomError(f"{assignment.markdown}: {mark['grade_id']} comes twice")
        seen.add(mark["grade_id"])
        cell.metadata["nbgrader"] = {**mark, "schema_version": 3, "task": False}
        if "derivation" in marks:
            cell.metadata["classroom"] = {"derivation": True}
        if not mark["solution"]:
            cell.metadata |= {"editable": False, "deletable": False}
    _with_rules(assignment, notebook)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:04d}"
    _refuse_leaks(assignment, notebook)
    untested = {test_id(name, task) for name, task in tasks.items()} - seen
    if untested:
        raise ClassroomError(f"{assignment.markdown} lacks the cells {sorted(untested)}")
    return notebook


def _refuse_untranslated(assignment: Assignment) -> None:
    name, language = assignment.name, assignment.language
    if language not in LANGUAGES:
        raise ClassroomError(f"LANGUAGE is one of {', '.join(LANGUAGES)}; got {language!r}")
    # what cannot be used is told first
    if not assignment.checks or language == "en":
        return
    known = translations(assignment.catalogue)
    texts = texts_of_assignment(assignment.markdown)
    if lacking := [text for text, *_ in texts if text not in known]:
        raise ClassroomError(
            f"{name} cannot be released in {language!r}: {assignment.catalogue} lacks "
            f"{len(lacking)} of its texts, such as {lacking[0][:60]!r}. Write it with "
            f"'tools/translations.py update {name}', or release {name} in English"
        )


SOLUTION = "### BEGIN SOLUTION"


def _refuse_leaks(assignment: Assignment, notebook: NotebookNode) -> None:
    """A function that the checks call, and that would be handed out with its solution.

    nbgrader takes out what stands between the marks, or a whole cell that has none.
    """
    marked = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    tests = (c for c, mark in marked if c.cell_type == "code" and mark.get("grade"))
    nodes = (node for cell in tests for node in ast.walk(_tree(assignment, cell)))
    called = {node.id for node in nodes if isinstance(node, ast.Name)}
    for cell, mark in marked:
        if cell.cell_type == "markdown" and mark.get("solution"):
            shown = re.sub(rf"{SOLUTION}.*?### END SOLUTION", "", cell.source, flags=re.S)
            if SOLUTION in cell.source and "$$" in shown:
                raise ClassroomError(
                    f"{assignment.markdown}: a part of {mark['grade_id']} stands outside "
                    f"of {SOLUTION} and ### END SOLUTION, and would be handed out"
                )
        if cell.cell_type != "code" or mark.get("grade") or mark.get("locked"):
            continue
        if mark and SOLUTION not in cell.source:
            continue  # all of it is taken out
        lines = cell.source.splitlines()
        for node in _tree(assignment, cell).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if SOLUTION not in text and (node.name in called or mark):
                raise ClassroomError(
                    f"{assignment.markdown}: {node.name} would be handed out with its "
                    f"solution: put {SOLUTION} and ### END SOLUTION around what is to be "
                    "written, or move what is given into a cell with ':given:'"
                )


def _tree(assignment: Assignment, cell: NotebookNode) -> ast.Module:
    text = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", cell.source, flags=re.M)
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise ClassroomError(
            f"{assignment.markdown}: {error} in:\n{cell.source}"
        ) from error


def test_id(name: str, task: Task | Derivation) -> str:
    """The cell that bears a task's points: its test, or the derivation itself."""
    return f"{name}-test" if isinstance(task, Task) else name


def _nbgrader_mark(marks: dict, tasks: dict, assignment: Assignment) -> dict:
    kinds = marks.keys() - {"points"}
    if not kinds:
        return {}
    if len(kinds) > 1:
        raise ClassroomError(f"{assignment.markdown}: one cell is {' and '.join(kinds)}")
    (kind,) = kinds
    name = str(marks[kind])
    wanted = {"test": Task, "derivation": Derivation}.get(kind)
    if wanted and not isinstance(tasks.get(name), wanted):
        raise ClassroomError(
            f"{assignment.folder}/checks.py has no {wanted.__name__} {name!r}"
        )
    mark = {
        "grade_id": test_id(name, tasks[name]) if wanted else name,
        "grade": kind in ("test", "derivation", "written"),
        "solution": kind in ("answer", "derivation", "written"),
        "locked": kind in ("test", "given"),
    }
    if mark["grade"]:
        mark["points"] = tasks[name].points if wanted else float(marks.get("points", 1))
    return mark


def worth(notebook: NotebookNode) -> float:
    """The points of all its cells."""
    return sum(c.metadata.get("nbgrader", {}).get("points", 0.0) for c in notebook.cells)


@in_its_language
def make_release(course: Course, assignment: Assignment) -> Path:
    """Write source and release, and tell nbgrader's gradebook; return the release.

    Raises:
        ClassroomError: where the assignment has a fault, or lacks a translation.
    """
    _refuse_untranslated(assignment)
    source = course.root / "source" / assignment.name
    notebook = read_source(assignment)
    _refuse_other_tasks(course, assignment, notebook)
    text = nbformat.writes(notebook, version=4) + "\n"
    write_atomically(source / f"{assignment.name}.ipynb", text)
    config = course.nbgrader_config(assignment.name)
    config.GenerateAssignment.force = True
    stub = f"# {say('your answer here')}\nraise NotImplementedError"
    config.ClearSolutions.code_stub = {"python": stub}
    config.ClearSolutions.text_stub = f"*{say('Your answer here.')}*"
    run_converter(GenerateAssignment, course, config)
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_assignment(
            assignment.name, duedate=assignment.due or None
        )
    write_atomically(course.root / "nbgrader_config.py", course.formgrader_config())
    release = course.release(assignment.name)
    for name in STUDENTS_FILES:
        shutil.copy(Path(__file__).with_name(name), release.parent)
    cases = all_cases(assignment.checks.TASKS, lambda name: PRACTICE)
    write_atomically(release.parent / "cases.json", as_json(cases))
    sheet = as_json(_sheet(assignment, nbformat.read(release, 4)))
    write_atomically(release.parent / "sheet.json", sheet)
    _pack(release.parent, assignment.name)
    return release


STUDENTS_FILES = ("probe.py", "check.py", "inside.py")
SHOWN_PACKAGES = "torch numpy scipy matplotlib sympy pandas scikit-learn"


def packages() -> dict[str, str]:
    """What can be imported while a submission is graded, with versions."""
    found = {}
    for name in SHOWN_PACKAGES.split():
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _sheet(assignment: Assignment, release: NotebookNode) -> dict:
    """What `check.py` knows of an assignment: nothing that the notebook does not show."""
    limits, tasks = assignment.limits, assignment.checks.TASKS
    cells = [c for c in release.cells if c.metadata.get("nbgrader")]
    files = (Path(__file__).with_name(name) for name in STUDENTS_FILES)
    texts = [text for path in files for text, *_ in texts_of_code(path)]
    texts += [text for text, *_ in texts_of_checker("read")]  # what `check.py` may quote
    return {
        "assignment": assignment.name,
        "language": assignment.language,
        "words": {text: said for text in texts if (said := say(text)) != text},
        "seconds_per_cell": limits.seconds_per_cell,
        "seconds": limits.seconds,
        "memory_mb": limits.memory_mb,
        "packages": packages(),
        "derivations": [n for n, task in tasks.items() if isinstance(task, Derivation)],
        "cells": [
            {
                "name": c.metadata["nbgrader"]["grade_id"],
                "source": c.source,
                "answer": bool(c.metadata["nbgrader"]["solution"]),
                "given": c.metadata["nbgrader"]["locked"]
                and not c.metadata["nbgrader"]["grade"],
            }
            for c in cells
        ],
    }


RULES = later(
    "*The whole is worth {points} points. When it is graded, a cell has {cell} seconds of "
    "the processor, all cells together {all}, and {memory} MB of memory; there is no "
    "network. When the time is up, cells of your own are left out. Installed are "
    "Python 3.11, its standard library, {packages}. Before you hand in, run* "
    "`%run check.py`*: it says whether this can be graded.*"
)


def _with_rules(assignment: Assignment, notebook: NotebookNode) -> None:
    """On the sheet: limits, packages, and the file that a notebook alone lacks."""
    limits = assignment.limits
    known = ", ".join(f"{name} {version}" for name, version in packages().items())
    rules = say(
        RULES,
        points=f"{worth(notebook):g}",
        cell=f"{limits.seconds_per_cell:g}",
        all=f"{limits.seconds:g}",
        memory=f"{limits.memory_mb:,}",
        packages=known,
    )
    bring = (
        "# In Colab this asks for the zip that you were given; elsewhere it does nothing.\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("probe") is None:\n'
        "    import io, zipfile\n"
        "    from google.colab import files\n"
        "    for data in files.upload().values():\n"
        "        zipfile.ZipFile(io.BytesIO(data)).extractall()"
    )
    cells = nbformat.v4.new_markdown_cell(rules), nbformat.v4.new_code_cell(bring)
    notebook.cells[1:1] = cells


def _pack(folder: Path, name: str) -> None:
    """All that a student needs in one zip."""
    files = sorted(path for path in folder.iterdir() if path.suffix != ".zip")
    with replacing(folder / f"{name}.zip") as new:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                archive.writestr(
                    zipfile.ZipInfo(path.name, (2020, 1, 1, 0, 0, 0)), path.read_bytes()
                )


def _refuse_other_tasks(
    course: Course, assignment: Assignment, notebook: NotebookNode
) -> None:
    """nbgrader would refuse it half way, and delete the release that there was."""
    marks = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    now = {mark["grade_id"] for mark in marks if mark}
    with open_gradebook(course) as gradebook:
        try:
            known = gradebook.find_notebook(assignment.name, assignment.name)
        except MissingEntry:
            return
        cells = (*known.grade_cells, *known.solution_cells, *known.source_cells)
        before = {cell.name for cell in cells}
        if known.submissions and now != before:
            raise ClassroomError(
                f"{assignment.name} was graded with other marked cells "
                f"({', '.join(sorted(now ^ before))}): put them back, or release it under "
                "another name"
            )


TEMPLATE = Path(__file__).with_name("template")


def new_assignment(course: Course, name: str) -> Path:
    """Write a small assignment that works, to begin with; return its folder.

    Raises:
        ClassroomError: where there is one of that name.
    """
    refuse_name(name)
    folder = course.assignments[0] / name
    if folder.exists():
        raise ClassroomError(f"{folder} is there already")
    for source, target in (("NAME.md", f"{name}.md"), ("checks.py.txt", "checks.py")):
        text = (TEMPLATE / source).read_text(encoding="utf-8")
        write_atomically(folder / target, text.replace("NAME", name))
    return folder
