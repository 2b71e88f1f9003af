"""From `assignments/hwN/hwN.md` to what a student gets, by nbgrader's own release.

An author marks a cell with one line. Points stand in checks.py alone:

    :given: setup                       code that is always run as we wrote it
    :answer: gaussian-kl                code that a student writes
    :test: gaussian-kl                  the cell that probes it: a task of checks.py
    +++ {"derivation": "kl-by-hand"}    LaTeX that is checked: a task of checks.py
    +++ {"written": "why", "points": 3} prose that a person reads
"""

import shutil
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbgrader.api import MissingEntry
from nbgrader.converters import GenerateAssignment

from classroom.checks import Derivation, Task
from classroom.course import Assignment, ClassroomError, Course
from classroom.files import as_json, write_atomically
from classroom.gradebook import open_gradebook, run_converter
from classroom.judge import cases_of

CODE_STUB = "# your answer here\nraise NotImplementedError"
PRACTICE = 0  # the seed of the cases that a student sees
MARKS = {"given", "answer", "test", "derivation", "written", "points"}


def read_source(assignment: Assignment) -> NotebookNode:
    """The teacher's notebook, with nbgrader's marks and the solutions.

    Raises:
        ClassroomError: if its marks and checks.py do not fit each other.
    """
    notebook = jupytext.read(assignment.markdown)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    tasks, seen = assignment.checks.TASKS, set()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:04d}"
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
    untested = {test_id(name, task) for name, task in tasks.items()} - seen
    if untested:
        raise ClassroomError(f"{assignment.markdown} lacks the cells {sorted(untested)}")
    return notebook


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


def practice_cases(assignment: Assignment) -> dict:
    """The cases that a student sees, by task: the same for everybody."""
    return {
        name: cases_of(task, PRACTICE)
        for name, task in assignment.checks.TASKS.items()
        if isinstance(task, Task)
    }


def make_release(course: Course, assignment: Assignment) -> Path:
    """Write source and release, and tell nbgrader's gradebook; return the release."""
    source = course.root / "source" / assignment.name
    notebook = read_source(assignment)
    _refuse_other_tasks(course, assignment, notebook)
    text = nbformat.writes(notebook, version=4) + "\n"
    write_atomically(source / f"{assignment.name}.ipynb", text)
    config = course.nbgrader_config(assignment.name)
    config.GenerateAssignment.force = True
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = "*Your answer here.*"
    run_converter(GenerateAssignment, course, config)
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_assignment(
            assignment.name, duedate=assignment.due or None
        )
    write_atomically(course.root / "nbgrader_config.py", course.formgrader_config())
    release = course.release(assignment.name)
    shutil.copy(Path(__file__).with_name("probe.py"), release.parent)
    write_atomically(release.parent / "cases.json", as_json(practice_cases(assignment)))
    return release


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
