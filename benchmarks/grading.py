"""Grading a class: ours in the sandbox, with two workers and one, and stock nbgrader."""

import shutil
import tempfile
from pathlib import Path

from nbgrader.converters import Autograde

from benchmarks.timings import Row, compared, interleaved
from classroom.author import make_release
from classroom.collect import collect
from classroom.course import ROOT, Course
from classroom.grade import grade
from classroom.gradebook import run_converter

NOTES = """Elapsed seconds a submission: the solution of an assignment, handed in by each of
a class. Ours runs each notebook in a sandbox, two at a time. The alternatives: ours, one at
a time; and stock nbgrader, in plain kernels, one after the other and without a sandbox."""


def submissions(course: Course, name: str, n: int, folder: Path) -> None:
    """The solution, handed in n times by n students."""
    make_release(course, course.assignment(name))
    folder.mkdir()
    for student in range(n):
        source = course.root / "source" / name / f"{name}.ipynb"
        shutil.copy(source, folder / f"student{student:04d}.ipynb")
    collect(course, course.assignment(name), folder)


def measure(quick: bool = False, name: str = "hw1") -> list[Row]:
    n, rounds = (2, 1) if quick else (4, 3)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        course = Course(root / "course", (ROOT / "assignments",))
        submissions(course, name, n, root / "uploads")

        config = course.nbgrader_config(name)
        config.Autograde.force = True

        def ours(jobs: int) -> None:
            grade(course, course.assignment(name), jobs=jobs, again=True)

        ours(2)  # warms up
        seconds = interleaved({
            "two": lambda: ours(2), "one": lambda: ours(1),
            "stock": lambda: run_converter(Autograde, course, config),
        }, rounds)  # fmt: skip
    what, each = f"a submission of {name}", {k: v / n for k, v in seconds.items()}
    return [
        compared(what, each["two"], "sandboxed, one at a time", each["one"]),
        compared(what, each["two"], "stock nbgrader, no sandbox", each["stock"]),
    ]
