"""A made-up class, from release to export: what a teacher will see, in a few minutes.

Everything lies in `course/demo`; delete the folder when you have seen enough.
"""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from classroom.author import make_release
from classroom.collect import collect
from classroom.course import Course
from classroom.export import write_export
from classroom.feedback import write_feedback
from classroom.grade import grade, self_test
from classroom.restore import grade_id
from classroom.sandbox import require_sandbox

NAME = "hw2"
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


KL_SIGN = ("math.log(sigma_2 / sigma_1) - 0.5", "math.log(sigma_1 / sigma_2) - 0.5")
LOOP = ("if sigma_1 <= 0 or sigma_2 <= 0:", "while True:\n        pass\n    if False:")
SLIP = (
    r"- \frac{1}{2} + \frac{1}{2 \sigma_2^2} \mathbb",
    r"+ \frac{1}{2} + \frac{1}{2 \sigma_2^2} \mathbb",
)

# Moodle's names: who they are, a number, and what they handed in.
STUDENTS: dict[tuple[str, int], Edit] = {
    ("Ada All-Right", 101): lambda solution, release: nbformat.writes(solution),
    ("Ben Wrong-Sign", 102): replaced(gaussian_kl=KL_SIGN),
    ("Cleo No-Constant", 103): replaced(elbo=("-0.5 * math.log(2 * math.pi) -", "-")),
    ("Dan Forgets-Root-n", 104): replaced(monte_carlo_kl=(" / math.sqrt(n)", "")),
    ("Eve Slips-by-Hand", 105): replaced(kl_by_hand=SLIP),
    ("Finn Never-Ends", 106): replaced(gaussian_kl=LOOP),
    ("Gil Half-Done", 107): half_done,
    ("Hana Lost-Her-Marks", 108): without_marks,
    ("O'Neil, Jr.", 109): lambda solution, release: nbformat.writes(release),
    ("Ida Truncated", 110): lambda solution, release: nbformat.writes(solution)[:2500],
}  # fmt: skip


def hand_in(course: Course, folder: Path) -> None:
    """Write the uploads of the made-up class, as Moodle would download them."""
    source = course.root / "source" / NAME / f"{NAME}.ipynb"
    solution, release = (nbformat.read(p, 4) for p in (source, course.release(NAME)))
    shutil.rmtree(folder, ignore_errors=True)
    for (name, number), edit in STUDENTS.items():
        upload = folder / f"{name}_{number}_assignsubmission_file_" / f"{NAME}.ipynb"
        upload.parent.mkdir(parents=True)
        upload.write_text(edit(copy.deepcopy(solution), copy.deepcopy(release)))


def demo(course: Course, jobs: int) -> int:
    """The whole round trip; prints each step as a teacher would type it."""
    require_sandbox()
    course = Course(course.root / "demo", course.assignments)
    shutil.rmtree(course.root, ignore_errors=True)
    assignment = course.assignment(NAME)

    print(f"\n$ make release ASSIGNMENT={NAME}", flush=True)
    release = make_release(course, assignment)
    print(self_test(course, assignment))
    print(f"for the students: {release.parent}")

    uploads = course.root / "uploads-from-moodle"
    hand_in(course, uploads)
    print(f"\n$ make collect ASSIGNMENT={NAME} FROM={uploads}", flush=True)
    for collected in collect(course, assignment, uploads):
        print(f"  {collected.name}: {collected.fault or 'collected'}")

    print(f"\n$ make grade ASSIGNMENT={NAME} JOBS={jobs}", flush=True)
    grade(course, assignment, jobs=jobs)

    print(f"\n$ make feedback ASSIGNMENT={NAME}", flush=True)
    pages = write_feedback(course, assignment)
    print(f"{len(pages)} pages; for instance {course.root}/feedback/102/{NAME}/{NAME}.html")

    out = course.root / "grades.csv"
    print(f"\n$ make export ASSIGNMENT={NAME} OUT={out}", flush=True)
    for result in write_export(course, assignment, out):
        marks = f"{result.points:g} of {result.most:g}" if result.tasks else "-"
        print(f"  {result.name:<20} {marks:>12}  {result.status} {result.reason[:60]}")
    print(
        f"\nTo grade by hand, in the browser: cd {course.root} && jupyter lab, Formgrader"
    )
    return 0
