"""Rubrics: what a person looks for in an answer, declared once, ticked for each student.

In `checks.py`:

    RUBRIC = {"the-gap": [Item("names the posterior", 2), Item("says when it is zero", 1)]}

`make rubric ASSIGNMENT=hw1` writes `rubric/hw1.csv` in the folder of the course: a line for
each student, a column for each item, and one for a comment. An x in a column gives its
points. They are counted when marks are read: whoever changes what an item is worth changes
it for all at once. A mark given in Formgrader counts before it.
"""

import re
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

    points: float = 0.0
    words: list[str] = field(default_factory=list)
    comment: str = ""


@dataclass
class Rubric:
    """The items of an assignment, and who was given which."""

    items: dict[str, list[Item]]
    ticks: dict[tuple[str, str], Given] = field(default_factory=dict)

    @classmethod
    def of(cls, course: Course, assignment: Assignment) -> "Rubric":
        """Raises ClassroomError where the table has a column that no item has."""
        rubric = cls(getattr(assignment.checks, "RUBRIC", {}))
        path = rubric_path(course, assignment.name)
        head, *rows = table(path) or [[]]
        columns = {
            _words(_title(task, item)): (task, item)
            for task, items in rubric.items.items()
            for item in items
        }
        for title in head[2:]:
            if _words(title) not in columns and not title.startswith(("comment", "answer")):
                raise ClassroomError(f"{path}: no item is called {title!r}")
        for row in rows:
            for title, text in zip(head[2:], map(str.strip, row[2:]), strict=False):
                task, item = columns.get(_words(title), (title.partition(": ")[2], None))
                if not text or title.startswith("answer: "):
                    continue
                given = rubric.ticks.setdefault((row[0].strip(), task), Given())
                if item:
                    given.points += item.points
                    given.words.append(f"{say(item.words)} ({item.points:+g})")
                else:
                    given.comment = text
        return rubric

    def given(self, student: str, task: str) -> Given | None:
        """None where nothing was ticked and nothing said: it still waits."""
        return self.ticks.get((student, task))


def rubric_path(course: Course, assignment: str) -> Path:
    """Where the table lies."""
    return course.root / "rubric" / f"{assignment}.csv"


def _title(task: str, item: Item) -> str:
    return f"{task}: {item.words} ({item.points:g})"


def _words(title: str) -> str:
    """A column's title without what the item is worth, which may change."""
    return re.sub(r" \([^()]*\)$", "", title)


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
    titles = [_words(title) for title in old_head]
    before = {row[0]: dict(zip(titles, row, strict=False)) for row in old}
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
        row = [collected.student, collected.name]
        for title in head[2:]:
            if title.startswith("answer: "):
                text = cells.get(title.removeprefix("answer: "), "")
                row.append(f" {text}" if text[:1] in tuple("=+-@") else text)
            else:
                row.append(ticked.get(_words(title), ""))
        rows.append(row)
    write_table(path, rows, quoted=True)
    return path
