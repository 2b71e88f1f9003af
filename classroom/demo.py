"""A made-up class, from release to export and back: what a teacher will see.

Of each kind of student it is known which marks are right, so that every mark is compared
with them. Everything lies in `course/demo`; delete the folder when you have seen enough.
"""

import copy
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from classroom.course import Course
from classroom.files import read_table, sha256, write_table
from classroom.gradebook import open_gradebook
from classroom.restore import grade_id
from classroom.sandbox import require_sandbox

NAME = "hw2"
WRITTEN = "the-gap"  # the answer in words
BY_HAND = {WRITTEN: 2.0, "kl-by-hand": 3.0}  # what a person gives where a task waits
DUE = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY, PENALTY = 86_400, 0.1
TABLES = {  # what a platform exports, and what stands before an id in it
    "moodle": (["Identifier", "Full name", "Grade"], "Participant "),
    "canvas": (["ID", "Student", f"{NAME} (24)"], ""),
}
Edit = Callable[[NotebookNode, NotebookNode], str]


def replaced(**changes: tuple[str, str]) -> Edit:
    """The solution, with a piece of some answers replaced."""

    def edit(solution: NotebookNode, release: NotebookNode) -> str:
        for cell in solution.cells:
            name = grade_id(cell).replace("-", "_")
            if name in changes:
                old, new = changes[name]
                assert old in cell.source, f"the demo is older than {NAME}: {old}"
                cell.source = cell.source.replace(old, new)
        return nbformat.writes(solution)

    return edit


def without_marks(solution: NotebookNode, release: NotebookNode) -> str:
    """The solution, from an editor that lost nbgrader's marks."""
    for cell in solution.cells:
        cell.metadata = nbformat.from_dict({})
    return nbformat.writes(solution)


def half_done(solution: NotebookNode, release: NotebookNode) -> str:
    """The first cells of the solution, and the rest as it was handed out."""
    done = {grade_id(cell): cell.source for cell in solution.cells[:8]}
    for cell in release.cells:
        cell.source = (
            done.get(grade_id(cell), cell.source) if grade_id(cell) else cell.source
        )
    return nbformat.writes(release)


def beside(solution: NotebookNode, release: NotebookNode) -> str:
    """The solution, with the first answer in its test cell and an experiment below it."""
    cells = {grade_id(cell): cell for cell in solution.cells}
    stub = next(c for c in release.cells if grade_id(c) == "gaussian-kl")
    test, answer = cells["gaussian-kl-test"], cells["gaussian-kl"]
    test.source = f"{answer.source}\n\n{test.source}"
    answer.source = stub.source
    below = nbformat.v4.new_code_cell("def gaussian_kl(*_):\n    return -1.0")
    solution.cells.insert(solution.cells.index(test) + 1, below)
    return nbformat.writes(solution)


KL_SIGN = ("math.log(sigma_2 / sigma_1) - 0.5", "math.log(sigma_1 / sigma_2) - 0.5")
LOOP = ("if sigma_1 <= 0 or sigma_2 <= 0:", "while True:\n        pass\n    if False:")
EXIT = ("if sigma_1 <= 0 or sigma_2 <= 0:", "import os\n    os._exit(0)\n    if False:")
SLIP = (
    r"- \frac{1}{2} + \frac{1}{2 \sigma_2^2} \mathbb",
    r"+ \frac{1}{2} + \frac{1}{2 \sigma_2^2} \mathbb",
)
UNDONE = dict.fromkeys(("monte-carlo-kl", "kl-by-hand", "kl-bits", "elbo"), 0.0)


class Kind(NamedTuple):
    """Students of one kind: what they hand in; the marks by machine where these are not
    full; the tasks that wait for a person. `readable`: whether there is a mark at all."""

    edit: Edit
    marks: dict[str, float] = {}
    waits: tuple[str, ...] = (WRITTEN,)
    readable: bool = True


KINDS = {
    "Ada All-Right": Kind(replaced()),
    "Ben Wrong-Sign": Kind(replaced(gaussian_kl=KL_SIGN), {"gaussian-kl": 1.0}),
    "Cleo No-Constant": Kind(
        replaced(elbo=("-0.5 * math.log(2 * math.pi) -", "-")), {"elbo": 2.0}
    ),
    "Dan Forgets-Root-n": Kind(
        replaced(monte_carlo_kl=(" / math.sqrt(n)", "")), {"monte-carlo-kl": 3.0}
    ),
    "Eve Slips-by-Hand": Kind(
        replaced(kl_by_hand=SLIP), {"kl-by-hand": 1.5}, ("kl-by-hand", WRITTEN)
    ),
    "Finn Never-Ends": Kind(replaced(gaussian_kl=LOOP), {"gaussian-kl": 0.0}),
    "Gil Half-Done": Kind(half_done, UNDONE, ()),
    "Hana Lost-Her-Marks": Kind(without_marks),
    "O'Neil, Jr.": Kind(
        lambda _, release: nbformat.writes(release), UNDONE | {"gaussian-kl": 0.0}, ()
    ),
    "Ida Truncated": Kind(
        lambda solution, _: nbformat.writes(solution)[:2500], readable=False
    ),
    "Jo Beside-the-Place": Kind(beside),
    "Kim Ends-Python": Kind(replaced(gaussian_kl=EXIT), {"gaussian-kl": 0.0}),
}


class Student(NamedTuple):
    """One of the class: `days` after the date it is handed in, and `read` by a person."""

    number: int
    name: str
    kind: Kind
    days: int
    read: bool

    @property
    def folder(self) -> str:
        """As Moodle names it."""
        return f"{self.name}_{self.number}_assignsubmission_file_"

    def mark(self, full: dict[str, float], moved: int) -> str:
        """What a platform must get, with the date moved by so many days: nothing where a
        task waits, or the file cannot be read."""
        if not self.kind.readable or (self.kind.waits and not self.read):
            return ""
        points = full | self.kind.marks | {task: BY_HAND[task] for task in self.kind.waits}
        share = 1 - PENALTY * max(0, self.days - moved)
        return f"{share * sum(points.values()):g}"


def made_up(n: int) -> list[Student]:
    """So many, of all kinds; of each kind some are late, and some were read."""
    kinds = [*KINDS.items()]
    rounds = [(k, *divmod(k, len(kinds))) for k in range(n)]
    return [
        Student(101 + k, *kinds[kind], days=(k + row) % 3, read=(kind + row) % 2 == 0)
        for k, row, kind in rounds
    ]


def hand_in(course: Course, folder: Path, students: list[Student]) -> None:
    """Write the uploads of the class, as Moodle would download them."""
    source = course.root / "source" / NAME / f"{NAME}.ipynb"
    solution, release = (nbformat.read(p, 4) for p in (source, course.release(NAME)))
    for n, student in enumerate(students):
        text = student.kind.edit(copy.deepcopy(solution), copy.deepcopy(release))
        upload = folder / student.folder / f"{NAME}.ipynb"
        upload.parent.mkdir(parents=True)
        upload.write_text(text + "\n" * n)  # no two files are the same
        when = DUE.timestamp() - 3600 + DAY * student.days
        os.utime(upload, (when, when))


def write_due(course: Course, moved: int) -> None:
    """What a teacher writes into the front matter, with the date moved by days."""
    path = course.assignments[0] / NAME / f"{NAME}.md"
    text = re.sub(r"\n  (due|late_penalty_per_day):.*", "", path.read_text())
    rule = f"classroom:\n  due: {DUE + timedelta(moved)}\n  late_penalty_per_day: {PENALTY}"
    path.write_text(text.replace("classroom:", rule, 1))


def mark_by_hand(course: Course, students: list[Student]) -> None:
    """What a person does in Formgrader, for those who are read."""
    read = {str(student.number) for student in students if student.read}
    with open_gradebook(course) as gradebook:
        for submission in gradebook.assignment_submissions(NAME):
            for mark in submission.notebooks[0].grades:
                waits = mark.needs_manual_grade and mark.name in BY_HAND
                if waits and submission.student_id in read:
                    mark.manual_score, mark.needs_manual_grade = BY_HAND[mark.name], False
        gradebook.db.commit()


def write_tables(course: Course, students: list[Student]) -> None:
    """What each platform exports: a line for each student, and for one who is absent."""
    rows = [(100, "Zoe Absent"), *((s.number, s.name) for s in students)]
    for lms, (head, prefix) in TABLES.items():
        filled = [[f"{prefix}{number}", name, ""] for number, name in rows]
        write_table(course.root / f"from-{lms}.csv", [head, *filled])


def untraced(table: list[list[str]], uploads: Path) -> list[str]:
    """The lines of our own table whose file is not the one that the student handed in."""
    head, *rows = table
    found = [dict(zip(head, row, strict=True)) for row in rows]
    return [
        f"{row['student']}: it cannot be traced to its file"
        for row in found
        if f"_{row['student']}_" not in row["file"]
        or row["status"] != "unreadable"
        and (sha256((uploads / row["file"]).read_bytes()) != row["file_sha256"]
             or not row["checks_version"])
    ]  # fmt: skip


@dataclass
class Play:
    """A course on which commands are typed; `faults` is what came out wrong."""

    course: Course
    run: Callable[[list[str], Course], int]
    students: list[Student]
    full: dict[str, float]
    faults: list[str] = field(default_factory=list)

    def make(self, command: str, **options: object) -> None:
        """One command, shown as it is typed."""
        typed = "".join(f" {name}={value}" for name, value in options.items())
        print(f"\n$ make {command} ASSIGNMENT={NAME}{typed}", flush=True)
        words = [command, NAME]
        for name, value in options.items():
            words += [str(value)] if name == "FROM" else [f"--{name.lower()}", str(value)]
        if self.run(words, self.course):
            self.faults.append(f"{command}{typed} failed")

    def export(self, moved: int) -> None:
        """To both platforms, and whether the marks are right."""
        for lms in TABLES:
            given, out = (self.course.root / f"{name}.csv" for name in (f"from-{lms}", lms))
            self.make("export", LMS=lms, ROSTER=given, OUT=out)
        self.compare(moved)

    def compare(self, moved: int) -> None:
        """Every mark in the platforms' tables with the right one."""
        for lms, (_, prefix) in TABLES.items():
            right = {f"{prefix}{s.number}": s.mark(self.full, moved) for s in self.students}
            right[f"{prefix}100"] = ""
            got = {
                row[0]: row[2] for row in read_table(self.course.root / f"{lms}.csv")[1:]
            }
            self.faults += [
                f"{lms}, date moved by {moved}: {who} has {got.get(who)!r}, not {mark!r}"
                for who, mark in right.items()
                if got.get(who) != mark
            ]


def demo(course: Course, jobs: int, n: int, run: Callable[[list[str], Course], int]) -> int:
    """The whole round trip, each step as a teacher would type it, by `run`; returns 1 where
    a mark is not the right one."""
    require_sandbox()
    original, root = course.assignment(NAME), course.root / "demo"
    shutil.rmtree(root, ignore_errors=True)
    course = Course(root, (root / "assignments",))
    shutil.copytree(original.folder, course.assignments[0] / NAME)
    full = {name: task.points for name, task in original.checks.TASKS.items()}
    play = Play(course, run, made_up(n), full)
    uploads = root / "uploads-from-moodle"

    write_due(course, 0)
    play.make("release")
    hand_in(course, uploads, play.students)
    start = time.perf_counter()
    play.make("collect", FROM=uploads)
    play.make("grade", JOBS=jobs)
    seconds = time.perf_counter() - start
    print("\n(in Formgrader half of the answers that wait for a person get points)")
    mark_by_hand(course, play.students)
    play.make("status")
    play.make("feedback", ZIP="moodle")
    print(f"for instance {root}/feedback/102/{NAME}/{NAME}.html")
    play.make("export", OUT=root / "grades.csv")
    play.faults += untraced(read_table(root / "grades.csv"), uploads)
    write_tables(course, play.students)
    play.export(moved=0)

    print("\n(the due date is moved by a day)")
    write_due(course, 1)
    play.export(moved=1)
    for _ in TABLES:
        play.make("undo")
    play.compare(moved=0)
    while any((root / "undo" / NAME).iterdir()):
        play.make("undo")
    if course.students(NAME):
        play.faults.append("'undo' does not take back 'collect'")
    play.make("collect", FROM=uploads)
    play.make("grade", JOBS=jobs)
    play.export(moved=1)
    print(
        f"\n{seconds:.0f} s to collect and grade {n} students, {seconds / n:.2f} s each. "
        "Every mark was compared with the right one, four times on two platforms: "
        f"{len(play.faults)} faults",
        *play.faults,
        sep="\n  ",
    )
    return 1 if play.faults else 0
