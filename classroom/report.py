"""A page on a class: how each task went, what went wrong how often, who worked alike."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

from classroom.course import Assignment, ClassroomError, Course
from classroom.feedback import TEMPLATES
from classroom.files import write_atomically
from classroom.results import Result, results
from classroom.roster import Roster
from classroom.similar import similar

BINS = 8


@dataclass
class Spread:
    """Points of a class: how many students are in each of equal parts from 0 to `most`."""

    name: str
    most: float
    values: list[float]
    heading: str = ""
    pending: int = 0
    messages: list[tuple[str, int]] = field(default_factory=list)

    @property
    def bars(self) -> list[int]:
        """How many are in each part; the last holds full marks."""
        bars = [0] * BINS
        for value in self.values:
            place = int(BINS * value / self.most) if self.most else 0
            bars[max(0, min(BINS - 1, place))] += 1
        return bars

    @property
    def mean(self) -> float:
        """Of those that are marked; 0 where there are none."""
        return mean(self.values) if self.values else 0.0

    @property
    def median(self) -> float:
        """Half of them have no more."""
        return median(self.values) if self.values else 0.0

    @property
    def share(self) -> float:
        """The mean as a share of all points."""
        return self.mean / self.most if self.most and self.values else 1.0


def write_report(course: Course, assignment: Assignment) -> Path:
    """Write report/hwN.html in the folder of the course, and return its path."""
    found = results(course, assignment)
    tasks = spreads(found)
    marked = [r.points for r in found if r.status == "graded"]
    total = Spread("in all", max((r.most for r in found), default=0.0), marked)
    roster = Roster.of(course.root)
    seen = {r.student for r in found}
    page = TEMPLATES.get_template("report.html").render(
        assignment=assignment.name,
        found=found,
        tasks=tasks,
        total=total,
        hardest=hardest(tasks),
        statuses=Counter(r.status for r in found),
        late=sum(bool(r.late.word) for r in found),
        missing=[name for student, name, _ in roster.rows if student not in seen],
        pairs=similar(course, assignment.name),
        names={r.student: r.name for r in found},
    )
    path = course.root / "report" / f"{assignment.name}.html"
    write_atomically(path, page)
    return path


def hardest(tasks: list[Spread]) -> Spread | None:
    """The task with the least share of its points. Of few marks it cannot be said, for the
    first that are there are often those of empty answers: half of the class is enough."""
    known = [task for task in tasks if len(task.values) >= max(1, task.pending)]
    return min(known, key=lambda task: task.share, default=None)


def spreads(found: list[Result]) -> list[Spread]:
    """Each task of the class, with its messages by frequency."""
    tasks: dict[str, Spread] = {}
    said: dict[str, Counter[str]] = {}
    for result in found:
        for task in result.tasks:
            new = Spread(task.name, task.most, [], task.heading)
            spread = tasks.setdefault(task.name, new)
            if task.pending:
                spread.pending += 1
            else:
                spread.values.append(task.points)
            count = said.setdefault(task.name, Counter())
            for line in task.lines:
                if kind := line.get("kind"):
                    count[f"{line['name']}: {kind}"] += 1
    for name, count in said.items():
        tasks[name].messages = count.most_common(8)
    return list(tasks.values())


def write_totals(course: Course) -> Path:
    """Write report/all.html: everybody's points in each assignment, and the sum.

    Raises:
        ClassroomError: where nothing was released yet.
    """
    names = sorted(path.name for path in (course.root / "release").glob("*"))
    columns: dict[str, dict[str, Result]] = {}
    for name in names:
        found = results(course, course.assignment(name))
        columns[name] = {result.student: result for result in found}
    if not columns:
        raise ClassroomError("nothing was released yet: run 'release' first")
    people = {s: r.name for column in columns.values() for s, r in column.items()}
    people |= {s: name for s, name, _ in Roster.of(course.root).rows}
    rows = []
    for student in sorted(people):
        marks = [columns[name].get(student) for name in names]
        points = [m.points for m in marks if m and m.tasks]
        rows.append((student, people[student], marks, sum(points) if points else None))
    most = [max((r.most for r in columns[name].values()), default=0.0) for name in names]
    total = Spread("in all", sum(most), [row[3] for row in rows if row[3] is not None])
    page = TEMPLATES.get_template("report.html").render(
        assignment="", names=names, rows=rows, most=most, total=total
    )
    path = course.root / "report" / "all.html"
    write_atomically(path, page)
    return path
