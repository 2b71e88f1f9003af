"""Seconds a submission: ours with one and two workers, and stock nbgrader.

    python tools/benchmark_grading.py [ASSIGNMENT] [SUBMISSIONS]     (hw1 and 8)

Stock nbgrader runs the notebooks in plain kernels one after the other, without a sandbox.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from nbgrader.converters import Autograde

from classroom.author import make_release
from classroom.collect import collect
from classroom.course import ROOT, Course
from classroom.grade import grade
from classroom.gradebook import run_converter


def submissions(course: Course, name: str, n: int, folder: Path) -> None:
    """The solution, handed in n times by n students."""
    make_release(course, course.assignment(name))
    folder.mkdir()
    for student in range(n):
        source = course.root / "source" / name / f"{name}.ipynb"
        shutil.copy(source, folder / f"student{student:04d}.ipynb")
    collect(course, course.assignment(name), folder)


def main(name: str = "hw1", n: str = "8") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        course = Course(root / "course", (ROOT / "assignments",))
        submissions(course, name, int(n), root / "uploads")
        seconds = {}
        for jobs in (1, 2):
            start = time.monotonic()
            grade(course, course.assignment(name), jobs=jobs, again=True)
            seconds[f"sandboxed, {jobs} at a time"] = time.monotonic() - start
        config = course.nbgrader_config(name)
        config.Autograde.force = True
        start = time.monotonic()
        run_converter(Autograde, course, config)
        seconds["stock nbgrader, no sandbox"] = time.monotonic() - start
        for what, total in seconds.items():
            print(f"{what:<28} {total / int(n):6.2f} s a submission ({n} of {name})")


if __name__ == "__main__":
    main(*sys.argv[1:])
