"""Marks as CSV: ours, with the trace of each, or in the columns of Moodle or Canvas.

A mark that waits for a person says so, and the platform's column stays empty for it.
"""

import csv
import io
import re
from pathlib import Path

from classroom.course import Assignment, ClassroomError, Course
from classroom.files import write_atomically
from classroom.results import Result, results

PLATFORMS = ("canvas", "moodle")
Row = list[str | float]


def write_export(
    course: Course,
    assignment: Assignment,
    out: Path,
    lms: str = "",
    roster: Path | None = None,
) -> list[Result]:
    """Write the CSV file and return what is in it.

    Args:
        lms: canvas or moodle for the columns that its import reads.
        roster: the file that the platform exported; its rows are kept, ours filled in.

    Raises:
        ClassroomError: on another platform, or a roster without the columns it has.
    """
    found = results(course, assignment)
    if lms and lms not in PLATFORMS:
        raise ClassroomError(f"LMS is one of {', '.join(PLATFORMS)}; got {lms!r}")
    if lms == "canvas":
        rows = _canvas(found, assignment.name, _read(roster))
    elif lms == "moodle":
        rows = _moodle(found, assignment.name, _read(roster))
    else:
        rows = _ours(found)
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(
        [[_harmless(value) for value in row] for row in rows]
    )
    # Spreadsheets take a file without this mark for another encoding.
    write_atomically(out, text.getvalue().encode("utf-8-sig"))
    return found


def _harmless(value: object) -> str:
    """A text that begins like a formula would be run by a spreadsheet."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in tuple("=+-@\t\r") else text


def _counts(result: Result) -> bool:
    return result.status == "graded"


def _ours(found: list[Result]) -> list[Row]:
    most: dict[str, float] = {}
    for result in found:
        for task in result.tasks:
            most[task.name] = task.most
    head: Row = [
        "student",
        "name",
        "lms_id",
        "status",
        "points",
        "most",
        "hours_late",
        "penalty",
    ]
    head += [f"{name} ({points:g})" for name, points in most.items()]
    head += ["reason", "file_sha256", "checks_version", "notes"]
    rows = [head]
    for r in found:
        graded = r.status in ("graded", "pending")
        row: Row = [r.student, r.name, r.lms_id, r.status]
        marks: Row = [r.points, r.most, r.late_seconds / 3600, r.penalty]
        row += marks if graded else [""] * 4
        by_name = {task.name: task for task in r.tasks}
        for name in most:
            if (one := by_name.get(name)) is None:
                row.append("")
            else:
                waits = f"pending ({one.points:g} so far)"
                row.append(waits if one.pending else one.points)
        rows.append([*row, r.reason, r.upload, r.version, "; ".join(r.notes)])
    return rows


def _read(roster: Path | None) -> list[Row]:
    if roster is None:
        return []
    try:
        text = roster.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClassroomError(f"the roster {roster} cannot be read: {error}") from error
    return [[*row] for row in csv.reader(io.StringIO(text)) if row]


def _place(head: Row, name: str, platform: str) -> int:
    if name not in head:
        raise ClassroomError(f"the roster has no column {name!r}: is it from {platform}?")
    return head.index(name)


def _canvas(found: list[Result], assignment: str, roster: list[Row]) -> list[Row]:
    by_id = {r.lms_id or r.student: r for r in found}
    if not roster:
        titles = "Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment
        new: list[Row] = [
            [r.name, i, "", "", "", r.points if _counts(r) else ""]
            for i, r in by_id.items()
        ]
        return [[*titles], *new]
    head, *rows = roster
    key = _place(head, "ID", "Canvas")
    column = next(
        (k for k, n in enumerate(head) if re.match(rf"{assignment}( \(\d+\))?$", str(n))),
        -1,
    )
    if column < 0:
        raise ClassroomError(
            f"the roster has no column for {assignment}: create it in Canvas"
        )
    return [head, *_filled(rows, key, {column: "points"}, by_id)]


def _moodle(found: list[Result], assignment: str, roster: list[Row]) -> list[Row]:
    by_id = {f"Participant {r.lms_id or r.student}": r for r in found}
    if not roster:
        titles = "Identifier", "Full name", "Grade", "Maximum Grade", "Feedback comments"
        new: list[Row] = [
            [i, r.name, r.points if _counts(r) else "", r.most or "", r.reason]
            for i, r in by_id.items()
        ]
        return [[*titles], *new]
    head, *rows = roster
    key = _place(head, "Identifier", "Moodle")
    columns = {_place(head, "Grade", "Moodle"): "points"}
    if "Feedback comments" in head:
        columns[head.index("Feedback comments")] = "reason"
    return [head, *_filled(rows, key, columns, by_id)]


def _filled(
    rows: list[Row], key: int, columns: dict[int, str], by_id: dict[str, Result]
) -> list[Row]:
    filled = []
    for row in rows:
        row = [*row, *[""] * (max(key, *columns) + 1 - len(row))]
        if result := by_id.get(str(row[key]).strip()):
            for column, what in columns.items():
                if what == "reason":
                    row[column] = result.reason
                elif _counts(result):
                    row[column] = result.points
        filled.append(row)
    return filled
