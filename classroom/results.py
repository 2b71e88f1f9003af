"""What stands in the gradebook and in the records about one student, put together once for
the feedback pages and the export."""

from dataclasses import dataclass, field

from nbgrader.api import Gradebook, MissingEntry

from classroom.course import Assignment, Course
from classroom.gradebook import open_gradebook
from classroom.records import Collected, all_collected, read_record
from classroom.restore import grade_id


@dataclass
class TaskResult:
    """One graded cell: what counts now, and why.

    `by_hand`: a person gave the points. `lines`: a `Line` as a dictionary for each
    property or step.
    """

    name: str
    most: float
    points: float = 0.0
    pending: bool = False
    by_hand: bool = False
    lines: list[dict] = field(default_factory=list)
    comment: str = ""


@dataclass
class Result:
    """One student's result. `status` is graded, pending, not graded, or unreadable.

    `upload` is the SHA-256 of the file, `version` the assignment's, `penalty` the points
    taken off for being late, `stopped` how many cells did not come to their end.
    """

    student: str
    name: str
    lms_id: str
    status: str
    reason: str = ""
    tasks: list[TaskResult] = field(default_factory=list)
    late_seconds: float = 0.0
    penalty: float = 0.0
    upload: str = ""
    version: str = ""
    notes: list[str] = field(default_factory=list)
    stopped: int = 0

    @property
    def most(self) -> float:
        """The points that can be had."""
        return sum(task.most for task in self.tasks)

    @property
    def points(self) -> float:
        """The points that count now, less the penalty for being late."""
        return sum(task.points for task in self.tasks) - self.penalty


def results(course: Course, assignment: Assignment) -> list[Result]:
    """Everybody who handed in anything, in the order of their ids."""
    release = course.read_release(assignment.name)
    order = {grade_id(cell): place for place, cell in enumerate(release.cells)}
    with open_gradebook(course) as gradebook:
        return [
            _result(course, assignment, gradebook, order, collected)
            for collected in all_collected(course, assignment.name)
        ]


def _result(
    course: Course,
    assignment: Assignment,
    gradebook: Gradebook,
    order: dict[str, int],
    collected: Collected,
) -> Result:
    student = collected.student
    result = Result(
        student, collected.name, collected.lms_id, "graded", notes=collected.notes
    )
    result.upload = collected.sha256
    if collected.fault:
        result.status, result.reason = "unreadable", collected.fault
        return result
    record = read_record(course, assignment.name, student)
    try:
        submission = gradebook.find_submission(assignment.name, student)
        notebook = gradebook.find_submission_notebook(
            assignment.name, assignment.name, student
        )
    except MissingEntry:
        record = None
    if record is None:
        result.status, result.reason = "not graded", "run 'grade'"
        return result
    if record["upload_sha256"] != collected.sha256:
        said = "a newer file was collected after grading: run 'grade'"
        result.status, result.reason = "not graded", said
        return result
    result.version, result.upload = record["version"], record["upload_sha256"]
    result.stopped = sum(s not in ("ok", "error") for s in record["cells"].values())
    result.late_seconds = submission.total_seconds_late
    result.penalty = notebook.late_submission_penalty or 0.0
    comments = {c.name: c.comment or "" for c in notebook.comments}
    grades = {grade.name: grade for grade in notebook.grades}
    for name in sorted(grades, key=lambda name: order.get(name, len(order))):
        grade, mark = grades[name], record["marks"].get(name, {})
        untouched = grade.auto_score is None and grade.manual_score is None
        result.tasks.append(
            TaskResult(
                name=name.removesuffix("-test"),
                most=grade.max_score,
                points=grade.score,
                pending=bool(grade.needs_manual_grade or untouched),
                by_hand=grade.manual_score is not None,
                lines=mark.get("lines", []),
                comment=comments.get(name, ""),
            )
        )
    waiting = [task.name for task in result.tasks if task.pending]
    if waiting:
        result.status = "pending"
        result.reason = f"to grade by hand: {', '.join(waiting)}"
    return result
