"""How late a submission is, and what that costs: one rule, applied when marks are read.

Nothing of it is kept: a moved due date, an extension or a mark that came later takes effect
at once. Extensions stand in `extensions.csv`, in the folder of the course:

    student,assignment,until,note
    ada,hw1,2027-03-08 12:00 Asia/Seoul,ill
    ben,hw2,+2 days,
    cy,*,never late,by agreement
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from classroom.course import Assignment, ClassroomError, moment
from classroom.records import everybody
from classroom.roster import Roster, table
from classroom.words import say

NEVER = datetime.max.replace(tzinfo=UTC)
DAY = 86_400


@dataclass(frozen=True)
class Late:
    """By how much it was late, in seconds and begun days; how many of the days were free;
    and which share of the points that costs. `word` says it to a person. `due` is when it
    had to be there, in seconds since 1970, or 0 where nothing was asked."""

    seconds: float = 0.0
    days: int = 0
    free: int = 0
    share: float = 0.0
    word: str = ""
    due: float = 0.0


def lateness(
    assignment: Assignment,
    time: float,
    said_late: bool = False,
    until: datetime | None = None,
    free_days: int = 0,
) -> Late:
    """The rule.

    Args:
        time: when it was handed in, seconds since 1970; 0 where nothing tells. Then it
            counts as in time, or as a day late where the platform says that it was late.
        until: the student's own due date; the assignment's where there is none.
        free_days: of the student's late days those that are left.
    """
    due = until or (datetime.fromisoformat(assignment.due[:-4]).replace(tzinfo=UTC)
                    if assignment.due else None)  # fmt: skip
    if due is None or due == NEVER:
        return Late()
    seconds = time - due.timestamp() if time else float(said_late)
    if seconds <= (60 * assignment.grace_minutes if time else 0):
        return Late(due=due.timestamp())
    days = int(-(-seconds // DAY))
    free = min(days, free_days)
    share = min(1.0, assignment.late_penalty_per_day * (days - free))
    if time:
        word = say("{n} days late", n=days) if days > 1 else say("1 day late")
    else:
        word = say("late, says the platform: a day")
    word += say(", {n} of them free", n=free) if free else ""
    return Late(seconds, days, free, share, word, due.timestamp())


@dataclass(frozen=True)
class Extensions:
    """What `extensions.csv` says, by student and assignment; `unknown` are students of whom
    nobody knows."""

    said: dict[tuple[str, str], str]
    path: Path
    unknown: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Path, people: Callable[[], Roster] | None = None) -> "Extensions":
        """`people`: gives `everybody`, where it is read for others, too.

        Raises:
            ClassroomError: where a line of it cannot be understood.
        """
        path = root / "extensions.csv"
        found, rows = {}, table(path)[1:]
        known = (people or partial(everybody, root))() if rows else Roster(())
        for n, row in enumerate(rows, start=2):
            if not any(cell.strip() for cell in row):
                continue
            student, name, until = ([cell.strip() for cell in row] + ["", "", ""])[:3]
            _until(until, datetime.now(UTC), f"{path}, line {n}")
            found[known.student(student), name] = until
        strangers = {student for student, _ in found} - {*known.students}
        return cls(found, path, tuple(sorted(strangers)))

    def until(self, assignment: Assignment, student: str) -> datetime | None:
        """A student's own due date; None where it is everybody's."""
        for name in (assignment.name, "*"):
            if said := self.said.get((student, name)):
                due = moment(assignment.due)[0] if assignment.due else None
                return _until(said, due, str(self.path))
        return None


def _until(text: str, due: datetime | None, where: str) -> datetime | None:
    if text.casefold() in ("never late", "never"):
        return NEVER
    if found := re.fullmatch(r"\+\s*(\d+)\s*(days?|hours?|d|h)", text):
        unit = "days" if found[2].startswith("d") else "hours"
        return due + timedelta(**{unit: int(found[1])}) if due else None
    try:
        return moment(text)[0]
    except ValueError as error:
        raise ClassroomError(
            f"{where}: {error}. It is a date with a zone, '+2 days', '+12 hours' or "
            "'never late'"
        ) from None
