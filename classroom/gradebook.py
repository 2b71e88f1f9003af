"""nbgrader's gradebook and its steps, called so that ours take their places in them.

nbgrader's Autograde keeps the books: the student, the submission, comments, the notebook
for Formgrader. Two of its steps are replaced through its own configuration: Execute, by
pasting what ran in the sandbox and what the machine says of it, and SaveAutoGrades, by our
marks.
"""

import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    CheckCellMetadata,
    NbGraderPreprocessor,
    OverwriteCells,
    SaveAutoGrades,
)
from sqlalchemy import make_url
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets import Dict, Set
from traitlets.config import Config

from classroom.course import Assignment, ClassroomError, Course
from classroom.files import replacing

# About the order in which nbgrader links new rows; nothing is lost by it.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

# nbgrader asks a program for the version of its tables; it lies beside this Python.
_PROGRAMS = str(Path(sys.executable).parent)
if _PROGRAMS not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = _PROGRAMS + os.pathsep + os.environ.get("PATH", "")


def db_url(course: Course) -> str:
    """Of the course's gradebook, as SQLAlchemy wants it."""
    return course.db_url or f"sqlite:///{course.root / 'gradebook.db'}"


@contextmanager
def open_gradebook(course: Course) -> Iterator[Gradebook]:
    """The gradebook, made where there is none: whole, or not at all."""
    path = course.root / "gradebook.db"
    if not course.db_url and not path.exists():
        with replacing(path) as new:
            Gradebook(f"sqlite:///{new}").close()
    try:
        gradebook = Gradebook(db_url(course))
    except Exception as error:
        where = make_url(db_url(course)).render_as_string(hide_password=True)
        said = str(error).splitlines()[0]
        raise ClassroomError(f"the gradebook {where} does not open: {said}") from error
    with gradebook:
        try:
            yield gradebook
        except SQLAlchemyError as error:
            said = str(error).splitlines()[0]
            raise ClassroomError(f"the gradebook cannot be used: {said}") from error


def run_converter(converter: type, course: Course, config: Config) -> None:
    """One of nbgrader's steps. Raises ClassroomError with its words if it fails."""
    heard: list[str] = []

    class Listen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    log = logging.getLogger(f"classroom.{converter.__name__}")
    log.handlers, log.propagate = [Listen(level=logging.ERROR)], False
    with open_gradebook(course):
        pass
    try:
        directory = CourseDirectory(config=config, log=log)
        converter(coursedir=directory, config=config, log=log).start()
    except Exception as error:
        said = "\n".join(heard[:1]) or f"{type(error).__name__}: {error}"
        # Where a step of its own or of ours broke, it says with which error one line below.
        for text in heard[1:]:
            if text.startswith("Traceback"):
                said += f": {text.strip().splitlines()[-1]}"
        raise ClassroomError(f"nbgrader: {said}") from error


class PasteOutputs(NbGraderPreprocessor):
    """In the place of nbgrader's Execute: what each cell left behind in the sandbox, and
    below each graded cell the machine's words, for the person who marks."""

    outputs = Dict().tag(config=True)  # cell id -> outputs
    marks = Dict().tag(config=True)  # grade_id -> a `Mark` as a dictionary

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """nbgrader's hook for the notebook."""
        cells = []
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = nbformat.from_dict(self.outputs.get(cell.get("id", ""), []))
            cells.append(cell)
            mark = self.marks.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            if mark and mark["lines"]:
                words = nbformat.v4.new_markdown_cell(_in_words(mark))
                words.metadata["deletable"] = words.metadata["editable"] = False
                cells.append(words)
        nb.cells = cells
        return nb, resources


def _in_words(mark: dict[str, Any]) -> str:
    """As text in a block of code: it holds what students typed."""
    lines = [
        f"The machine: {mark['points']:g} of {mark['most']:g} points for {mark['task']}"
    ]
    for line in mark["lines"]:
        sign = "✗" if line["message"] else "✓"
        lines += [f"  {sign} {line['name']} ({line['points']:g} of {line['most']:g})"]
        lines += [f"      {part}" for part in line["message"].splitlines()]
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`*", text))))
    return f"{fence}text\n{text}\n{fence}"


class SaveMarks(SaveAutoGrades):
    """In the place of nbgrader's SaveAutoGrades: our marks, and what waits for a person."""

    marks = Dict().tag(config=True)  # grade_id -> {points, pending}
    changed = Set().tag(config=True)  # grade_ids whose answers are new since a person read

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        mark = self.marks.get(grade_id)
        grade = self.gradebook.find_grade(
            grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        waited = grade.needs_manual_grade
        if mark is None:
            # nbgrader would give a test cell that has no mark of ours all its points.
            if not cell.metadata["nbgrader"]["solution"]:
                raise ClassroomError(f"the record has no mark for the cell {grade_id}")
            # A written answer. Unchanged it earns nothing; else it waits, as in nbgrader.
            super()._add_score(cell, resources)
        else:
            grade.auto_score = mark["points"]
            grade.needs_manual_grade = mark["pending"]
        if grade.manual_score is not None:
            # Whoever marked an earlier version looks again; a mark of this one stays.
            grade.needs_manual_grade = waited or grade_id in self.changed
        self.gradebook.db.commit()


def save_marks(
    course: Course,
    assignment: Assignment,
    student: str,
    outputs: dict[str, list[dict[str, Any]]],
    marks: dict[str, dict[str, Any]],
) -> None:
    """Write one student into the gradebook and into autograded/. Doing it twice changes
    nothing; what a person gave by hand stays.

    Args:
        outputs: those of each code cell, by the cell's id.
        marks: a `Mark` as a dictionary for each graded cell, by its grade_id.

    Raises:
        ClassroomError: with nbgrader's words, or where a test has no mark.
    """
    config = course.nbgrader_config(assignment.name)
    config.CourseDirectory.student_id = student
    config.Autograde.force = True
    config.Autograde.sanitize_preprocessors = [OverwriteCells, CheckCellMetadata]
    config.Autograde.autograde_preprocessors = [PasteOutputs, SaveMarks, CheckCellMetadata]
    config.PasteOutputs.outputs = outputs
    config.PasteOutputs.marks = config.SaveMarks.marks = marks
    config.SaveMarks.changed = _changed(course, assignment.name, student)
    run_converter(Autograde, course, config)


def _changed(course: Course, assignment: str, student: str) -> set[str]:
    """The graded cells whose answers are not those that a person saw in Formgrader."""
    place = f"{student}/{assignment}/{assignment}.ipynb"
    texts: list[dict[str, str]] = []
    for folder in ("autograded", "submitted"):
        try:
            notebook = nbformat.read(course.root / folder / place, 4)
        except Exception:  # it is not there, or was damaged
            notebook = nbformat.v4.new_notebook()
        marked = [c for c in notebook.cells if c.metadata.get("nbgrader")]
        texts.append({c.metadata["nbgrader"]["grade_id"]: c.source for c in marked})
    seen, now = texts
    code = any(
        seen.get(name) != text for name, text in now.items() if f"{name}-test" in now
    )
    return {
        name
        for name, text in now.items()
        if seen.get(name) != text or (name.endswith("-test") and code)
    }
