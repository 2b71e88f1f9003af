"""A made-up class, from release to export: what a teacher will see, in a few minutes.

Everything lies in `course/demo`; delete the folder when you have seen enough.
"""

import copy
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from classroom.author import make_release
from classroom.collect import collect
from classroom.course import Course
from classroom.desk import remember, undo
from classroom.export import write_export
from classroom.feedback import pack_feedback, write_feedback
from classroom.files import sha256
from classroom.grade import grade, self_test
from classroom.gradebook import open_gradebook
from classroom.records import kept_file
from classroom.restore import grade_id
from classroom.results import Result, results
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


KINDS: dict[str, Edit] = {
    "Ada All-Right": lambda solution, release: nbformat.writes(solution),
    "Ben Wrong-Sign": replaced(gaussian_kl=KL_SIGN),
    "Cleo No-Constant": replaced(elbo=("-0.5 * math.log(2 * math.pi) -", "-")),
    "Dan Forgets-Root-n": replaced(monte_carlo_kl=(" / math.sqrt(n)", "")),
    "Eve Slips-by-Hand": replaced(kl_by_hand=SLIP),
    "Finn Never-Ends": replaced(gaussian_kl=LOOP),
    "Gil Half-Done": half_done,
    "Hana Lost-Her-Marks": without_marks,
    "O'Neil, Jr.": lambda solution, release: nbformat.writes(release),
    "Ida Truncated": lambda solution, release: nbformat.writes(solution)[:2500],
    "Jo Beside-the-Place": beside,
    "Kim Plain-Names": without_marks,
}


def hand_in(course: Course, folder: Path, n: int) -> None:
    """Write the uploads of the made-up class, as Moodle would download them."""
    source = course.root / "source" / NAME / f"{NAME}.ipynb"
    solution, release = (nbformat.read(p, 4) for p in (source, course.release(NAME)))
    shutil.rmtree(folder, ignore_errors=True)
    kinds = list(KINDS.items())
    for k in range(n):
        name, edit = kinds[k % len(kinds)]
        text = edit(copy.deepcopy(solution), copy.deepcopy(release))
        place = f"{name}_{101 + k}_assignsubmission_file_"
        upload = folder / place / f"{NAME}.ipynb"
        upload.parent.mkdir(parents=True)
        upload.write_text(text + "\n" * k)  # no two files are the same


def demo(course: Course, jobs: int, students: int) -> int:
    """The whole round trip; prints each step as a teacher would type it."""
    require_sandbox()
    course = Course(course.root / "demo", course.assignments)
    shutil.rmtree(course.root, ignore_errors=True)
    assignment = course.assignment(NAME)

    print(f"\n$ make release ASSIGNMENT={NAME}", flush=True)
    release = make_release(course, assignment)
    print(self_test(course, assignment))
    print(f"for the students: {release.with_suffix('.zip')}")

    uploads = course.root / "uploads-from-moodle"
    hand_in(course, uploads, students)
    print(f"\n$ make collect ASSIGNMENT={NAME} FROM={uploads}", flush=True)
    start = time.perf_counter()
    for collected in collect(course, assignment, uploads):
        if collected.fault or "place" in "".join(collected.notes):
            print(f"  {collected.name}: {collected.fault or collected.notes[-1]}")

    print(f"\n$ make grade ASSIGNMENT={NAME} JOBS={jobs}", flush=True)
    grade(course, assignment, jobs=jobs)

    print("\n(in Formgrader every second written answer is given two points)")
    by_hand(course)

    print(f"\n$ make feedback ASSIGNMENT={NAME} ZIP=moodle", flush=True)
    pages = write_feedback(course, assignment)
    packed, there, _ = pack_feedback(course, assignment, "moodle")
    print(f"{len(pages)} pages; for instance {course.root}/feedback/102/{NAME}/{NAME}.html")
    print(f"{len(there)} of them in {packed}")

    out = course.root / "grades.csv"
    print(f"\n$ make export ASSIGNMENT={NAME} OUT={out}", flush=True)
    found, _ = write_export(course, assignment, out)
    seconds = time.perf_counter() - start
    for result in found[: 2 * len(KINDS)]:
        marks = f"{result.points:g} of {result.most:g}" if result.tasks else "-"
        print(f"  {result.name:<20} {marks:>12}  {result.status} {result.reason[:50]}")
    faults = hold(course, found)
    for lms in ("moodle", "canvas"):
        remember(course, NAME, f"export {lms}", course.root / f"{lms}.csv")
        write_export(course, assignment, course.root / f"{lms}.csv", lms)
    late = replace(assignment, due="2020-01-01 12:00:00 UTC", late_penalty_per_day=0.1)
    moved = sum(result.points for result in results(course, late))
    undo(course, NAME)
    print(
        f"\nmoved to a date that is past: {moved:g} points are left in all; exported to "
        f"two platforms, and one of the exports undone.\n{seconds:.0f} s from collect to "
        f"export for {students} students, {seconds / students:.2f} s each; {len(faults)} "
        f"marks that do not hold{''.join(f'{chr(10)}  {fault}' for fault in faults)}"
    )
    return 1 if faults else 0


def by_hand(course: Course) -> None:
    """What a person does in Formgrader: some of the marks."""
    with open_gradebook(course) as gradebook:
        for k, submission in enumerate(gradebook.assignment_submissions(NAME)):
            for mark in submission.notebooks[0].grades if k % 2 else ():
                if mark.name == "the-gap" and mark.needs_manual_grade:
                    mark.manual_score, mark.needs_manual_grade = 2.0, False
        gradebook.db.commit()


def hold(course: Course, found: list[Result]) -> list[str]:
    """What is wrong with the marks: all of a kind have the same by machine, and each can be
    traced to the file that was handed in."""
    faults: list[str] = []
    kinds: dict[str, set[tuple[float, ...]]] = defaultdict(set)
    for result in found:
        kinds[result.name].add(tuple(t.points for t in result.tasks if t.name != "the-gap"))
        if result.status != "unreadable":
            data = kept_file(course, NAME, result.upload).read_bytes()
            if sha256(data) != result.upload:
                faults.append(f"{result.student}: the file is another")
    faults += [f"{name}: {marks}" for name, marks in kinds.items() if len(marks) > 1]
    full = {name: sum(next(iter(marks))) for name, marks in kinds.items() if marks}
    for name in ("Ada All-Right", "Hana Lost-Her-Marks", "Jo Beside-the-Place"):
        if name in full and full[name] != full["Ada All-Right"]:
            faults.append(f"{name}: {full[name]:g} points")
    return faults
