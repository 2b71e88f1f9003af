"""Rubrics: what a person looks for in an answer, declared once, ticked for each student.

In `checks.py`:

    RUBRIC = {"the-gap": [Item("names the posterior", 2), Item("says when it is zero", 1)]}

`make rubric ASSIGNMENT=hw1` writes `rubric/hw1.csv` in the folder of the course: a line for
each student, a column for each item, and one for a comment. An x in a column gives its
points. They are counted when marks are read: whoever changes what an item is worth changes
it for all at once. A mark given in Formgrader counts before it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from classroom.checks import Item
from classroom.course import Assignment, ClassroomError, Course
from classroom.files import write_table
from classroom.records import all_collected
from classroom.restore import grade_id
from classroom.roster import table
from classroom.words import say


@dataclass
class Given:
    """What one student's answer was given."""

    points: float
    words: list[str]
    comment: str = ""


@dataclass
class Rubric:
    """The items of an assignment, and who was given which."""

    items: dict[str, list[Item]]
    ticks: dict[tuple[str, str], Given] = field(default_factory=dict)

    @classmethod
    def of(cls, course: Course, assignment: Assignment) -> "Rubric":
        """Raises ClassroomError where the table has a column that no item has."""
        items = getattr(assignment.checks, "RUBRIC", {})
        rubric = cls(items)
        path = rubric_path(course, assignment.name)
        head, *rows = table(path) or [[]]
        columns = {
            _title(task, item): (task, item) for task in items for item in items[task]
        }
        places = {}
        for place, title in enumerate(head[2:], start=2):
            for known, pair in columns.items():
                if title.rpartition(" (")[0] == known.rpartition(" (")[0]:
                    places[place] = pair
            if place not in places and not title.startswith(("comment", "answer")):
                raise ClassroomError(f"{path}: no item is called {title!r}")
        for row in rows:
            for place, (task, item) in places.items():
                if place < len(row) and row[place].strip():
                    given = rubric.ticks.setdefault((row[0].strip(), task), Given(0.0, []))
                    given.points += item.points
                    given.words.append(f"{say(item.words)} ({item.points:+g})")
            for place, title in enumerate(head):
                task = title.removeprefix("comment: ")
                if (
                    title.startswith("comment: ")
                    and place < len(row)
                    and row[place].strip()
                ):
                    given = rubric.ticks.setdefault((row[0].strip(), task), Given(0.0, []))
                    given.comment = row[place].strip()
        return rubric

    def given(self, student: str, task: str) -> Given | None:
        """None where nothing was ticked and nothing said: it still waits."""
        return self.ticks.get((student, task))


def rubric_path(course: Course, assignment: str) -> Path:
    """Where the table lies."""
    return course.root / "rubric" / f"{assignment}.csv"


def _title(task: str, item: Item) -> str:
    return f"{task}: {item.words} ({item.points:g})"


def write_rubric(course: Course, assignment: Assignment) -> Path:
    """Write the table, with the answers beside it; what was ticked before stays.

    Raises:
        ClassroomError: where the assignment declares no item.
    """
    items: dict[str, list[Item]] = getattr(assignment.checks, "RUBRIC", {})
    if not items:
        raise ClassroomError(
            f"{assignment.folder}/checks.py has no RUBRIC: write for example "
            'RUBRIC = {"why": [Item("names the density", 2)]}'
        )
    path = rubric_path(course, assignment.name)
    old_head, *old = table(path) or [[]]
    before = {row[0]: dict(zip(old_head, row, strict=False)) for row in old}
    head = ["student", "name"]
    for task, some in items.items():
        head += [f"answer: {task}", *(_title(task, item) for item in some)]
        head.append(f"comment: {task}")
    rows = [head]
    for collected in all_collected(course, assignment.name):
        if collected.fault:
            continue
        path_of = course.submitted(assignment.name, collected.student)
        cells = {grade_id(c): c.source for c in nbformat.read(path_of, 4).cells}
        ticked = before.get(collected.student, {})
        by_name = {title.rpartition(" (")[0]: value for title, value in ticked.items()}
        row = [collected.student, collected.name]
        for title in head[2:]:
            if title.startswith("answer: "):
                text = cells.get(title.removeprefix("answer: "), "")
                row.append(f" {text}" if text[:1] in tuple("=+-@") else text)
            else:
                same = title.rpartition(" (")[0]
                row.append(ticked.get(title, by_name.get(same, "") if same else ""))
        rows.append(row)
    write_table(path, rows, quoted=True)
    return path
