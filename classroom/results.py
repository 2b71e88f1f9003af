"""What stands in the gradebook and in the records about one student, put together once for
the feedback pages, the report and the export. The rule for late days, rubrics and teams
are applied here, when marks are read."""

import re
from dataclasses import dataclass, field, replace
from functools import cache, partial

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry

from classroom.course import Assignment, ClassroomError, Course, in_its_language
from classroom.gradebook import open_gradebook
from classroom.late import Extensions, Late, lateness
from classroom.records import Collected, all_collected, everybody, read_record, teams
from classroom.restore import grade_id
from classroom.roster import Roster
from classroom.rubric import Rubric
from classroom.words import later, say

TOUCHED = later("something else than 'grade' has written into the gradebook: run 'grade'")


@dataclass
class TaskResult:
    """One graded cell: what counts now, and why.

    `by_hand`: a person gave the points. `lines`: a `Line` as a dictionary for each
    property or step; empty where a person's words take their place.
    """

    name: str
    most: float
    heading: str = ""  # on the sheet
    points: float = 0.0
    pending: bool = False
    by_hand: bool = False
    lines: list[dict] = field(default_factory=list)
    comment: str = ""
    items: list[str] = field(default_factory=list)  # of a rubric


@dataclass
class Result:
    """One student's result. `status` is graded, pending, not graded, or unreadable.

    `upload` is the SHA-256 of the file, `version` the assignment's, `late` how late it was,
    `stopped` how many cells did not come to their end, `by` who handed it in for a team.
    """

    student: str
    name: str
    lms_id: str
    status: str
    reason: str = ""
    tasks: list[TaskResult] = field(default_factory=list)
    late: Late = field(default_factory=Late)
    upload: str = ""
    version: str = ""
    notes: list[str] = field(default_factory=list)
    stopped: int = 0
    collected: Collected | None = None
    by: str = ""

    @property
    def most(self) -> float:
        """The points that can be had."""
        return sum(task.most for task in self.tasks)

    @property
    def penalty(self) -> float:
        """The points taken off for being late: a share of those that count now."""
        return self.late.share * sum(task.points for task in self.tasks)

    @property
    def points(self) -> float:
        """The points that count now, less the penalty for being late."""
        return sum(task.points for task in self.tasks) - self.penalty


@in_its_language
def results(course: Course, assignment: Assignment) -> list[Result]:
    """Everybody who handed in anything, and their teams, in the order of their ids.

    Raises:
        ClassroomError: where nothing was released, or a file of the teacher's is malformed.
    """
    release = course.read_release(assignment.name)
    headings = headings_of(release)
    rubric = Rubric.of(course, assignment)
    people = cache(partial(everybody, course.root))
    late = _LateDays(course, assignment, Extensions.of(course.root, people))
    with open_gradebook(course) as gradebook:
        found = [
            _result(course, assignment, gradebook, headings, rubric, collected, late)
            for collected in all_collected(course, assignment.name)
        ]
    return _with_teams(Roster.of(course.root), teams(course.root, people), found, late)


def headings_of(release: NotebookNode) -> dict[str, str]:
    """The marked cells in their order, each with the heading above it, without its points.

    >>> from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    >>> text = new_markdown_cell("## 2. The KL (4 points)\\n\\nWrite it.")
    >>> task = new_code_cell(metadata={"nbgrader": {"grade_id": "kl-test"}})
    >>> headings_of(new_notebook(cells=[text, task]))
    {'kl-test': '2. The KL'}
    """
    heading, found = "", {}
    for cell in release.cells:
        if name := grade_id(cell):
            found[name] = heading
        elif cell.cell_type == "markdown":
            for said in re.findall(r"^##+ (.+)", cell.source, re.M):
                heading = re.sub(r" *\([^()]*\d[^()]*\)$", "", said.strip())
    return found


class _LateDays:
    """The lateness of each student, with the late days that earlier assignments used."""

    def __init__(self, course: Course, assignment: Assignment, extensions: Extensions):
        self.assignment, self.extensions = assignment, extensions
        self.used: dict[str, int] = {}
        for other in _earlier(course, assignment) if assignment.late_days else []:
            before = _LateDays(course, other, extensions)
            for collected in all_collected(course, other.name):
                free = before.of(collected.student, collected).free
                self.used[collected.student] = self.used.get(collected.student, 0) + free

    def of(self, student: str, collected: Collected, granted: float = 0.0) -> Late:
        """`granted`: seconds that Formgrader has granted."""
        until = self.extensions.until(self.assignment, student)
        time = collected.time - (0.0 if until or not collected.time else granted)
        free = max(0, self.assignment.late_days - self.used.get(student, 0))
        return lateness(self.assignment, time, collected.late, until, free)


def _earlier(course: Course, assignment: Assignment) -> list[Assignment]:
    found = []
    for folder in sorted((course.root / "release").glob("*")):
        try:
            other = course.assignment(folder.name)
        except ClassroomError:
            continue
        if other.due and other.late_days and other.due < assignment.due:
            # its own earlier ones are counted by itself
            found.append(other)
    return found


def _with_teams(
    roster: Roster, team_of: dict[str, str], found: list[Result], late: _LateDays
) -> list[Result]:
    """One submission of a team, the newest that can be read, and a mark for each."""
    own = {result.student: result for result in found}
    members: dict[str, list[str]] = {}
    for student, team in team_of.items():
        members.setdefault(team, []).append(student)
    for team, students in members.items():
        theirs = [own[s] for s in students if s in own and own[s].status != "unreadable"]
        if not theirs:
            continue
        best = max(theirs, key=lambda r: r.collected.time if r.collected else 0.0)
        said = say("handed in by {name} for the team {team}", name=best.name, team=team)
        for student in students:
            if student == best.student:
                continue
            assert best.collected is not None, "it was handed in"
            mine = own.get(student)
            if roster and not mine and student not in roster.students:
                question = roster.open_question(student)
                raise ClassroomError(f"teams.csv, team {team}: {question}")
            name = mine.name if mine else roster.name(student)
            own[student] = replace(
                best,
                student=student,
                name=name,
                lms_id=mine.lms_id if mine else student,
                late=late.of(student, best.collected),
                notes=[*best.notes, said],
                by=best.student,
            )
    return [own[student] for student in sorted(own)]


def _result(
    course: Course,
    assignment: Assignment,
    gradebook: Gradebook,
    headings: dict[str, str],
    rubric: Rubric,
    collected: Collected,
    late: _LateDays,
) -> Result:
    student = collected.student
    result = Result(student, collected.name, collected.lms_id, "graded")
    result.notes, result.collected = collected.notes, collected
    result.upload = collected.sha256
    if collected.fault:
        result.status, result.reason = "unreadable", collected.fault
        # the reason is made of notes
        result.notes = [note for note in collected.notes if note not in collected.fault]
        return result
    record = read_record(course, assignment.name, student)
    try:
        submission = gradebook.find_submission(assignment.name, student)
        (notebook,) = submission.notebooks
    except (MissingEntry, ValueError):  # or one that a stop left without a notebook
        record = None
    if record is None:
        result.late = late.of(student, collected)
        result.status, result.reason = "not graded", say("run 'grade'")
        return result
    granted = submission.extension.total_seconds() if submission.extension else 0.0
    result.late = late.of(student, collected, granted)
    if record["upload_sha256"] != collected.sha256:
        said = say("another file counts since it was graded: run 'grade'")
        result.status, result.reason = "not graded", said
        return result
    if was_touched(record["marks"], notebook.grades):
        result.status, result.reason = "not graded", say(TOUCHED)
        return result
    result.version = record["version"]
    result.stopped = sum(s not in ("ok", "error") for s in record["cells"].values())
    comments = {c.name: c.comment or "" for c in notebook.comments}
    grades = {grade.name: grade for grade in notebook.grades}
    for name in [name for name in (headings | grades) if name in grades]:
        grade, mark = grades[name], record["marks"].get(name, {})
        untouched = grade.auto_score is None and grade.manual_score is None
        by_hand = grade.manual_score is not None and not grade.needs_manual_grade
        task = TaskResult(
            name=name.removesuffix("-test"),
            most=grade.max_score,
            heading=headings.get(name, ""),
            points=grade.score,
            pending=bool(grade.needs_manual_grade or untouched),
            by_hand=by_hand,
            lines=[] if by_hand else mark.get("lines", []),
            comment=comments.get(name, ""),
        )
        given = None if grade.manual_score is not None else rubric.given(student, task.name)
        if given is not None:
            task.points = min(max(given.points, 0.0), task.most)
            task.pending, task.by_hand, task.lines = False, True, []
            task.items = given.words
            task.comment = task.comment or given.comment
        result.tasks.append(task)
    waiting = [task.name for task in result.tasks if task.pending]
    if waiting:
        result.status = "pending"
        result.reason = say("to grade by hand: {tasks}", tasks=", ".join(waiting))
    return result


def was_touched(marks: dict[str, dict], grades: list) -> bool:
    """Whether the gradebook holds other marks of the machine's than the record."""
    ours = {name: mark["points"] for name, mark in marks.items()}
    theirs = {grade.name: grade.auto_score for grade in grades if grade.name in ours}
    return any(
        theirs.get(name) is None or abs(theirs[name] - points) > 1e-9
        for name, points in ours.items()
    )
