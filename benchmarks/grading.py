"""Grading a class: ours in the sandbox, with two workers and one, and stock nbgrader."""

import shutil
import tempfile
from pathlib import Path

from benchmarks.timings import Row, Unmeasurable, compared, interleaved

NOTES = """Elapsed seconds a submission: the solution of the first assignment, handed in by
each of a class of eight. Ours runs each notebook in a sandbox, two at a time. The
alternatives: ours, one at a time; and stock nbgrader, in plain kernels, one after the
other and without a sandbox. A first run, which starts the servers, is not counted."""


def measure(quick: bool = False) -> list[Row]:
    try:
        from nbgrader.converters import Autograde

        from classroom.author import make_release
        from classroom.collect import collect
        from classroom.course import ROOT, ClassroomError, Course
        from classroom.grade import grade
        from classroom.gradebook import run_converter
        from classroom.sandbox import require_sandbox
    except ImportError as error:
        raise Unmeasurable(f"the extra 'classroom' is not installed: {error}") from error
    try:
        require_sandbox()
    except ClassroomError as error:
        raise Unmeasurable(str(error)) from error
    n, rounds = (2, 1) if quick else (8, 3)
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(folder) / "course", (ROOT / "assignments",))
        hw1 = course.assignment("hw1")
        release = make_release(course, hw1).parent
        uploads = Path(folder) / "uploads"
        uploads.mkdir()
        for student in range(n):
            source = course.root / "source" / "hw1" / "hw1.ipynb"
            shutil.copy(source, uploads / f"student{student}.ipynb")
        collect(course, hw1, uploads)
        for student in course.students("hw1"):  # stock nbgrader needs them beside it
            for name in ("probe.py", "cases.json"):
                shutil.copy(release / name, course.submitted("hw1", student).parent)
        config = course.nbgrader_config("hw1")
        config.Autograde.force = True
        grade(course, hw1, jobs=2)
        seconds = interleaved({
            "two": lambda: grade(course, hw1, jobs=2, again=True),
            "one": lambda: grade(course, hw1, jobs=1, again=True),
            "stock": lambda: run_converter(Autograde, course, config),
        }, rounds)  # fmt: skip
    what, each = "a submission of hw1", {k: v / n for k, v in seconds.items()}
    return [
        compared(what, each["two"], "sandboxed, one at a time", each["one"]),
        compared(what, each["two"], "stock nbgrader, no sandbox", each["stock"]),
    ]
