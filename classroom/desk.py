"""What a teacher asks in between: who handed in, which file counts, and back again.

Before each `collect`, `choose` and `export` what they will change is kept in `undo`, as
links to the same files: files are replaced here and never written into.
"""

import os
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from classroom.collect import counting, put
from classroom.course import Assignment, ClassroomError, Course
from classroom.late import Extensions
from classroom.records import Collected, all_collected, upload_path
from classroom.results import Result, results
from classroom.roster import Roster

MOST_STEPS = 10  # that can be undone


def status_lines(course: Course, assignment: Assignment) -> list[str]:
    """A line for each student: when it came, what is pending, what looks odd."""
    found = results(course, assignment)
    rows = [("student", "name", "handed in", "marks", "what is open, and what looks odd")]
    for r in found:
        when, odd = _when(r, assignment), "; ".join(_odd(r))
        rows.append((r.student, r.name, when, _marks(r), odd))
    known = {r.student for r in found}
    missing = [(s, name) for s, name, _ in Roster.of(course.root).rows if s not in known]
    rows += [(student, name, "nothing", "", "") for student, name in missing]
    widths = [min(28, max(len(row[k]) for row in rows)) for k in range(4)]
    lines = []
    for *short, odd in rows:
        cells = [c[:width].ljust(width) for c, width in zip(short, widths, strict=True)]
        lines.append("  ".join([*cells, odd]).rstrip())
    waiting = sum(r.status == "pending" for r in found)
    rest = f", {len(missing)} of the roster handed in nothing" if missing else ""
    last = f"{len(found)} handed in, {waiting} with something pending{rest}"
    return [*lines, *misfits(course, found), last]


def misfits(course: Course, found: list[Result]) -> list[str]:
    """In what the teacher's small files do not fit the class, a line for each."""
    roster = Roster.of(course.root)
    lines = roster.misfits({r.student: r.name for r in found if not r.by})
    known = {r.student for r in found}  # of a team, perhaps
    strangers = [repr(s) for s in Extensions.of(course.root).unknown if s not in known]
    if strangers:
        said = f"in extensions.csv, but no student of this class: {', '.join(strangers)}"
        lines.append(said)
    return lines


def _when(r: Result, assignment: Assignment) -> str:
    c = r.collected
    if c is None or r.status == "unreadable":
        return ""
    if not c.time:
        return r.late.word or "no time of its own"
    text = f"{datetime.fromtimestamp(c.time, assignment.zone):%d %b %H:%M}"
    return f"{text}, {r.late.word}" if r.late.word else text


def _marks(r: Result) -> str:
    so_far = " so far," if r.status == "pending" else ""
    return f"{r.points:g}{so_far} of {r.most:g}" if r.tasks else r.status


def _odd(r: Result) -> list[str]:
    odd = [r.reason] if r.reason else []
    return odd + (r.collected.odd if r.collected else []) + r.notes


def remember(course: Course, assignment: str, what: str, *files: Path) -> None:
    """Keep how things are, to come back to: before a command that changes them."""
    stack = course.root / "undo" / assignment
    steps = sorted(stack.glob("[0-9]*"))
    number = int(steps[-1].name) + 1 if steps else 1
    new, unfinished = stack / f"{number:06d}", stack / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for folder in _state(course, assignment):
        place = unfinished / "course" / folder.relative_to(course.root)
        shutil.copytree(folder, place, copy_function=_link)
    for n, file in enumerate(files):
        (unfinished / f"file{n}.path").write_text(str(file.resolve()), encoding="utf-8")
        if file.exists():
            shutil.copy2(file, unfinished / f"file{n}")
    (unfinished / "what").write_text(what, encoding="utf-8")
    unfinished.rename(new)
    for step in steps[: 1 - MOST_STEPS]:
        shutil.rmtree(step)


def undo(course: Course, assignment: str) -> str:
    """Take back the last command; return what that was.

    Raises:
        ClassroomError: where there is nothing to take back.
    """
    steps = sorted((course.root / "undo" / assignment).glob("[0-9]*"))
    if not steps:
        raise ClassroomError(f"there is nothing to undo in {assignment}")
    last = steps[-1]
    what = (last / "what").read_text(encoding="utf-8")
    for note in last.glob("file*.path"):
        path, kept = Path(note.read_text(encoding="utf-8")), note.with_suffix("")
        if kept.exists():
            os.replace(kept, path)
        else:
            path.unlink(missing_ok=True)
    if not what.startswith("export"):
        for folder in _state(course, assignment):
            _remove(folder)
        kept_state = last / "course"
        if kept_state.exists():
            shutil.copytree(
                kept_state, course.root, copy_function=_link, dirs_exist_ok=True
            )
    shutil.rmtree(last)
    return what


def _state(course: Course, assignment: str) -> list[Path]:
    """The folders that say what was handed in and what counts."""
    folders = [course.root / "uploads" / assignment]
    folders += (course.root / "submitted").glob(f"*/{assignment}")
    return [folder for folder in folders if folder.is_dir()]


def _remove(folder: Path) -> None:
    """With the folder of a student who has handed in nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # it is not empty
        folder.parent.rmdir()


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        shutil.copy2(source, target)


def one_student(course: Course, assignment: str, who: str) -> Collected:
    """By id or by name, or by a part of the name that only one has.

    Raises:
        ClassroomError: where nobody or more than one is meant.
    """
    found = all_collected(course, assignment)
    word = who.strip().casefold()
    for fits in (
        [c for c in found if c.student == who.strip()],
        [c for c in found if c.name.casefold() == word],
        [c for c in found if word and f" {word}" in f" {c.name.casefold()}"],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            several = ", ".join(c.who for c in fits[:5])
            raise ClassroomError(f"{who} may be {several}: give the id")
    raise ClassroomError(f"nothing was collected from {who} in {assignment}")


def choose(course: Course, assignment: Assignment, who: str, which: str = "") -> str:
    """Let another file of a student count: by its number in the list or a part of its
    path; `rule` goes back to the rule, `none` takes the student out. Say what counts.

    Raises:
        ClassroomError: where no student, or not one file, is meant.
    """
    collected = one_student(course, assignment.name, who)
    if which == "none":
        remember(course, assignment.name, f"choose {who} none")
        path = upload_path(course, assignment.name, collected.student)
        for kept in (path, path.with_suffix(".json")):
            kept.unlink(missing_ok=True)
        _remove(course.submitted(assignment.name, collected.student).parent)
        return f"{collected.who} is taken out of {assignment.name}"
    if not which:
        return "\n".join(_files(collected))
    fits = [
        file
        for n, file in enumerate(collected.files, start=1)
        if which == str(n) or (not which.isdigit() and which in file["path"])
    ]
    if which == "rule":
        collected.by_hand = ""
        fits = [counting(assignment, collected, Extensions.of(course.root))]
    if len(fits) != 1:
        listed = "\n".join(_files(collected))
        raise ClassroomError(f"{which!r} means {len(fits)} of these files:\n{listed}")
    remember(course, assignment.name, f"choose {who} {which}")
    collected.by_hand = "" if which == "rule" else fits[0]["sha256"]
    put(course, assignment, course.read_release(assignment.name), collected, fits[0])
    return "\n".join(_files(collected))


def _files(collected: Collected) -> list[str]:
    lines = [f"files of {collected.who}:"]
    for n, file in enumerate(collected.files, start=1):
        counts = "  <- counts" if file["sha256"] == collected.sha256 else ""
        lines.append(f"  {n}  {file['path']}  {file['sha256'][:8]}{counts}")
    return lines
