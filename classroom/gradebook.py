"""nbgrader's gradebook and its steps, called so that ours take their places in them.

nbgrader's Autograde keeps the books: the student, the submission, late penalties, comments,
the notebook for Formgrader. Two of its steps are replaced through its own configuration:
Execute, by pasting what ran in the sandbox, and SaveAutoGrades, by our marks.
"""

import logging
import os
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
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    NbGraderPreprocessor,
    OverwriteCells,
    SaveAutoGrades,
)
from sqlalchemy import make_url
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets import Dict, Float
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
    """In the place of nbgrader's Execute: what each cell left behind in the sandbox."""

    outputs = Dict().tag(config=True)  # cell id -> outputs

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        """nbgrader's hook for each cell: its outputs come from `outputs`, by its id."""
        if cell.cell_type == "code":
            cell.outputs = nbformat.from_dict(self.outputs.get(cell.get("id", ""), []))
        return cell, resources


class SaveMarks(SaveAutoGrades):
    """In the place of nbgrader's SaveAutoGrades: our marks, and what waits for a person."""

    marks = Dict().tag(config=True)  # grade_id -> {points, pending}

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        mark = self.marks.get(grade_id)
        if mark is None:
            # nbgrader would give a test cell that has no mark of ours all its points.
            if not cell.metadata["nbgrader"]["solution"]:
                raise ClassroomError(f"the record has no mark for the cell {grade_id}")
            # A written answer. Unchanged it earns nothing; else it waits, as in nbgrader.
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(
            grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score = mark["points"]
        # As in nbgrader: whoever marked an earlier version looks again.
        grade.needs_manual_grade = mark["pending"] or grade.manual_score is not None
        self.gradebook.db.commit()


class LatePenalty(LateSubmissionPlugin):
    """A share of the score for each day, begun or whole, after the due date."""

    per_day = Float(0.0).tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """nbgrader's hook: the points that are taken off; None takes off nothing."""
        days = -(-total_seconds_late // 86_400)
        return min(1.0, self.per_day * days) * score or None


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
    config.Autograde.autograde_preprocessors = [
        PasteOutputs,
        SaveMarks,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.PasteOutputs.outputs = outputs
    config.SaveMarks.marks = marks
    if assignment.late_penalty_per_day:
        config.AssignLatePenalties.plugin_class = LatePenalty
        config.LatePenalty.per_day = assignment.late_penalty_per_day
    run_converter(Autograde, course, config)
