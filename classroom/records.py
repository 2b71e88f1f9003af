"""What is kept about each student, and where: the one place that knows.

One student's work in one assignment lies, below the folder of the course, in

    uploads/<assignment>/<student>.ipynb      the file as it was handed in
    uploads/<assignment>/<student>.json       what `collect` made of it: Collected
    uploads/<assignment>/files/<sha256>.ipynb every file that could be read
    submitted/<student>/<assignment>/         the same work in the shape of the release
    graded/<assignment>/<student>.json        what ran, and its marks: Record
    gradebook.db, autograded/, feedback/      nbgrader's, and what a person gave

and beside the record: `.entered` (which record the gradebook holds), `.failed` (why there
is none) and `.lock` (a run of `grade` is at it).

`collect` writes the first three and `grade` the record; the pages and the export read.
"""

import fcntl
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypedDict

from classroom.course import Assignment, Course
from classroom.files import as_json, sha256, write_atomically
from classroom.roster import Roster, called, table


@dataclass
class Collected:
    """What was made of one student's files.

    Args:
        student: a name that is safe as a folder.
        name, lms_id: what the platform calls them.
        path: the file that counts; `time` (seconds since 1970, or 0 where nothing says
            when it was handed in) and `sha256` are its.
        fault: why there is nothing to grade; empty where there is.
        unread: the files that could not be read, each with the reason.
        notes: what a student may read, too: `unread`, and what is said of the file that
            counts and of those that do not.
        odd: what is for the teacher alone.
        platform: whose names the upload has; `clock` says where its time is from.
        late: the platform says that it was late.
        files: all that could be read; `by_hand` is the SHA-256 of one that was chosen.
    """

    student: str
    name: str
    lms_id: str = ""
    path: str = ""
    time: float = 0.0
    sha256: str = ""
    fault: str = ""
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    platform: str = ""
    clock: str = ""
    late: bool = False
    files: list[dict[str, Any]] = field(default_factory=list)
    by_hand: str = ""

    @property
    def who(self) -> str:
        """The student, with the name."""
        return called(self.student, self.name)


def kept_file(course: Course, assignment: str, sha: str) -> Path:
    """Where a file that came in is kept, whether it counts or not."""
    return course.root / "uploads" / assignment / "files" / f"{sha}.ipynb"


def upload_path(course: Course, assignment: str, student: str) -> Path:
    """Where the file lies as it was handed in."""
    return course.root / "uploads" / assignment / f"{student}.ipynb"


def write_collected(course: Course, assignment: str, collected: Collected) -> None:
    """Keep what was made of one student's files."""
    path = upload_path(course, assignment, collected.student).with_suffix(".json")
    write_atomically(path, as_json(asdict(collected)))


def read_collected(course: Course, assignment: str, student: str) -> Collected | None:
    """What was made of a student's files; None where nothing came in.

    A student whose file here is damaged is listed with that fault, and never left out.
    """
    return _read(upload_path(course, assignment, student).with_suffix(".json"))


def _read(path: Path) -> Collected | None:
    try:
        return Collected(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        fault = f"{path} is damaged: collect this student's file again"
        return Collected(path.stem, path.stem, fault=fault)


def everybody(root: Path) -> Roster:
    """The roster, and whoever else has handed in anything: to know them by their names."""
    roster = Roster.of(root)
    known = {row[0]: row for row in roster.rows}
    for path in sorted((root / "uploads").glob("*/*.json")):
        if path.stem not in known and (c := _read(path)):
            known[path.stem] = c.student, c.name, (c.lms_id,)
    return Roster((*roster.rows, *(known[s] for s in known.keys() - {*roster.students})))


def teams(root: Path, people: Callable[[], Roster]) -> dict[str, str]:
    """Which team a student is in, as `teams.csv` says; `people` gives `everybody`."""
    rows = [row for row in table(root / "teams.csv")[1:] if len(row) > 1 and row[1].strip()]
    return {people().student(row[0]): row[1].strip() for row in rows}


def all_collected(course: Course, assignment: str) -> list[Collected]:
    """Everybody who handed in anything, also what could not be read; by student."""
    paths = sorted((course.root / "uploads" / assignment).glob("*.json"))
    return [collected for path in paths if (collected := _read(path))]


class Record(TypedDict):
    """What came out when one submission was graded, as it stands in its JSON file.

    `key` tells the submission and the checks that it is of; `upload_sha256` the file that
    came in; `version` the assignment's. `marks` has a `Mark` as a dictionary for each
    graded cell, `cells` what became of each code cell, and `outputs` what Formgrader may
    show of it.
    """

    student: str
    assignment: str
    key: str
    upload_sha256: str
    version: str
    marks: dict[str, dict[str, Any]]
    cells: dict[str, str]
    outputs: dict[str, list[dict[str, Any]]]


def read_record(course: Course, assignment: str, student: str) -> Record | None:
    """The record of one student; None where there is none that can be read."""
    try:
        text = course.record(assignment, student).read_text(encoding="utf-8")
        found: Any = json.loads(text)
    except (OSError, ValueError):
        return None
    is_one = isinstance(found, dict) and found.keys() >= Record.__required_keys__
    return found if is_one else None


@dataclass(frozen=True)
class Submission:
    """One student's work in one assignment, and how far it is on its way to a mark."""

    course: Course
    assignment: Assignment
    student: str

    @property
    def path(self) -> Path:
        """The record; what belongs to it differs in the suffix."""
        return self.course.record(self.assignment.name, self.student)

    @property
    def key(self) -> str:
        """What a record must bear to be up to date: the submission and the checks."""
        notebook = self.course.submitted(self.assignment.name, self.student).read_bytes()
        return sha256(notebook, self.assignment.version.encode())

    def write(self, record: Record) -> None:
        """Write the record, whole, in the place of an earlier one."""
        write_atomically(self.path, as_json(record))
        self.path.with_suffix(".failed").unlink(missing_ok=True)

    def is_made(self) -> bool:
        """Whether there is a record, and it fits the submission and the checks."""
        record = read_record(self.course, self.assignment.name, self.student)
        return record is not None and record["key"] == self.key

    def is_entered(self) -> bool:
        """Whether the gradebook holds the record that fits the submission."""
        with suppress(FileNotFoundError):
            entered = self.path.with_suffix(".entered").read_text(encoding="utf-8")
            return self.is_made() and entered == self._stamp()
        return False

    def note_entered(self) -> None:
        """Keep that the gradebook holds the record as it is now."""
        write_atomically(self.path.with_suffix(".entered"), self._stamp())

    def _stamp(self) -> str:
        return sha256(self.path.read_bytes())

    def note_failed(self, why: str) -> None:
        """Keep why there is no record. Also before the work begins, for a worker that is
        killed cannot say it; `write` removes it."""
        write_atomically(self.path.with_suffix(".failed"), why)

    def why_failed(self) -> str:
        """The last line of what was kept: of a traceback the error."""
        with suppress(FileNotFoundError):
            lines = self.path.with_suffix(".failed").read_text(encoding="utf-8").split("\n")
            return next((line for line in reversed(lines) if line.strip()), "")
        return ""

    def forget(self) -> None:
        """Grade it anew: remove the record, and what was noted about an earlier one."""
        for suffix in (".entered", ".failed", ".json"):
            self.path.with_suffix(suffix).unlink(missing_ok=True)

    def lock(self) -> TextIO | None:
        """Held until the file is closed, by us or by our death; None if another has it."""
        path = self.path.with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file
