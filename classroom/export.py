"""Marks as CSV: ours, with the trace of each, or in the columns of a platform.

In a file that a platform exported only the assignment's own column changes, and comments
are added where there are none. A mark that waits for a person leaves the column empty.
"""

from collections.abc import Sequence
from pathlib import Path

from classroom.course import Assignment, ClassroomError, Course
from classroom.files import UTF_16, separator_of, write_table
from classroom.platforms import PLATFORMS, Platform
from classroom.results import Result, results
from classroom.roster import Roster, given_table, table

Row = list[str]
WITH_COLUMNS = [name for name, platform in PLATFORMS.items() if platform.columns]


def write_export(
    course: Course,
    assignment: Assignment,
    out: Path,
    lms: str = "",
    roster: Path | None = None,
) -> tuple[list[Result], list[Result]]:
    """Write the CSV file; return what is in it, and whose marks the platform's lacks.

    Args:
        lms: one of `WITH_COLUMNS`, for the columns that its import reads.
        roster: the file that the platform exported; its rows are kept, ours filled in.

    Raises:
        ClassroomError: on another platform, a roster without the columns it has, or where
            another file is in the way.
    """
    found = results(course, assignment)
    if lms and lms not in WITH_COLUMNS:
        raise ClassroomError(f"LMS is one of {', '.join(WITH_COLUMNS)}; got {lms!r}")
    if lms and roster:
        rows, data = given_table(roster), roster.read_bytes()
        names = _fill(rows, PLATFORMS[lms], found, assignment)
        separator = separator_of(data[:4000].decode("utf-8", "replace"))
        encoding = "utf-16" if data[:2] in UTF_16 else "utf-8-sig"
        write_table(out, rows, separator=separator, encoding=encoding)
        absent = [r for r in found if r.student not in names]
        return [r for r in found if r.student in names], absent
    rows = _new(PLATFORMS[lms], found, assignment) if lms else _ours(found)
    if (there := table(out)) and there[0][:3] != rows[0][:3]:
        raise ClassroomError(
            f"{out} is there, and is no table of marks that this command wrote: give "
            "another name with OUT"
        )
    write_table(out, rows, quoted=True)
    return found, []


def harmless(text: str) -> str:
    """A text that begins like a formula would be run by a spreadsheet.

    >>> harmless("=1+1"), harmless("-2.5"), harmless("Ada")
    ("'=1+1", '-2.5', 'Ada')
    """
    try:
        float(text)
    except ValueError:
        return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text
    return text


def _number(value: float) -> str:
    return f"{value:g}"


def _mark(result: Result) -> str:
    return _number(result.points) if result.status == "graded" else ""


def _words(result: Result) -> str:
    """The comments that a person wrote, for the student."""
    said = [f"{task.heading or task.name}: {task.comment}" for task in result.tasks]
    said = [text for text in said if not text.endswith((": ", ": No response."))]
    return harmless("; ".join(said))


def _ours(found: list[Result]) -> list[Row]:
    most = {task.name: task.most for result in found for task in result.tasks}
    head = ["student", "name", "lms_id", "status", "points", "most", "hours_late"]
    head += ["penalty", "late", *(f"{name} ({points:g})" for name, points in most.items())]
    head += ["reason", "file", "file_sha256", "checks_version", "notes"]
    rows = [head]
    for r in found:
        graded = r.status in ("graded", "pending")
        row = [r.student, r.name, r.lms_id, r.status]
        marks = [r.points, r.most, r.late.seconds / 3600, r.penalty]
        row += [*map(_number, marks), r.late.word] if graded else [""] * 5
        by_name = {task.name: task for task in r.tasks}
        for name in most:
            if (one := by_name.get(name)) is None:
                row.append("")
            else:
                waits = f"pending ({one.points:g} so far)"
                row.append(waits if one.pending else _number(one.points))
        path = r.collected.path if r.collected else ""
        row += [r.reason, path, r.upload, r.version, "; ".join(r.notes)]
        rows.append([harmless(value) for value in row])
    return rows


def _new(platform: Platform, found: list[Result], assignment: Assignment) -> list[Row]:
    """The table of a platform whose own was not at hand."""
    most = max((result.most for result in found), default=0.0)
    key = next(title for title in platform.columns if title in platform.identifiers)
    rows = [[title.format(assignment.name, most) for title in platform.columns]]
    for result in found:
        known = {
            key: f"{platform.prefix}{result.lms_id or result.student}",
            "Student": harmless(result.name),
            "Full name": harmless(result.name),
            "Maximum Grade": _number(most),
            "End-of-Line Indicator": "#",
        }
        rows.append([known.get(title, "") for title in platform.columns])
    _fill(rows, platform, found, assignment)
    return rows


def _fill(
    rows: list[Row], platform: Platform, found: list[Result], assignment: Assignment
) -> set[str]:
    """Write the marks into a platform's table, and comments where there are none; returns
    who is in it."""
    head = [title.strip() for title in rows[0]]
    key = _column(head, platform.identifiers)
    if key is None:
        raise ClassroomError(
            f"the table has no column {platform.identifiers[0]!r}, nor one that says the "
            f"same in another language: is it from {platform.name.capitalize()}?"
        )
    place = _grade_column(head, platform, assignment.name)
    comment = _column(head, platform.comments)
    everybody = {r.lms_id or r.student: r for r in found} | {r.student: r for r in found}
    names = Roster(tuple((r.student, r.name, ()) for r in found))
    there = set()
    for row in rows[1:]:
        row += [""] * (len(head) - len(row))
        own = row[key].strip()
        digits = own.lstrip("#").split(" ")[-1]
        by_name = names.find(own) or ("",)
        result = next(filter(None, map(everybody.get, (own, digits, by_name[0]))), None)
        there |= {result.student} if result else set()
        if result and (mark := _mark(result)):
            row[place] = mark
            if comment is not None and not row[comment].strip():
                row[comment] = _words(result)
    return there


def _column(head: list[str], titles: Sequence[str]) -> int | None:
    """The first column with one of these headings."""
    folded = [title.casefold() for title in head]
    for title in titles:
        if title.casefold() in folded:
            return folded.index(title.casefold())
    return None


def _grade_column(head: list[str], platform: Platform, assignment: str) -> int:
    """The column of this assignment: by its name, also as a part of a longer title."""
    for form in platform.grade:
        title = form.format(assignment).casefold()
        exact = [k for k, n in enumerate(head) if n.casefold() == title]
        begins = [k for k, n in enumerate(head) if n.casefold().startswith(title)]
        if places := exact or (begins if form != "{}" else []):
            if len(places) > 1:
                raise ClassroomError(f"the table has several columns {head[places[0]]!r}")
            return places[0]
    words = f" {assignment.casefold()} "
    inside = [
        k
        for k, title in enumerate(head)
        if words in f" {''.join(c if c.isalnum() else ' ' for c in title.casefold())} "
    ]
    if len(inside) == 1:
        return inside[0]
    several = f"{len(inside)} columns" if inside else "no column"
    raise ClassroomError(
        f"the table has {several} for {assignment}: it has {', '.join(head)}. Create one "
        f"in {platform.name.capitalize()} whose title holds {assignment}"
    )
