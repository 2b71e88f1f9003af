"""A class graded in an instant: driver and nbgrader are real, the workers are not.

The marks are made up, and made in the driver itself, where its process would be started.
"""

import functools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from classroom.course import Assignment, Course
from classroom.grade import grade
from classroom.judge import Mark
from classroom.records import Record, Submission, read_collected, read_record

Work = Callable[[Submission, bool], None]
POINTS = 5.5  # what everybody gets


def fake_work(submission: Submission, sandboxed: bool, line: object = None) -> None:
    """A record with made-up marks, of the submission as it is."""
    points = {"square": (2.5, 3), "root": (3.0, 3), "by-hand": (0.0, 2)}
    marks = {
        name if name == "by-hand" else f"{name}-test": {
            "task": name, "points": got, "most": most, "pending": False, "lines": [],
            "fault": "",
        }
        for name, (got, most) in points.items()
    }  # fmt: skip
    course, name = submission.course, submission.assignment.name
    collected = read_collected(course, name, submission.student)
    assert collected is not None
    submission.write(
        Record(
            student=submission.student, assignment=submission.assignment.name,
            key=submission.key,
            upload_sha256=collected.sha256, version=submission.assignment.version,
            marks=marks, cells={}, outputs={},
        )
    )  # fmt: skip


def dying_work(submission: Submission, sandboxed: bool, line: object = None) -> None:
    """A worker's work, in its own process: one dies before it has a record, one after."""
    if submission.student == "ben":
        os.kill(os.getpid(), signal.SIGKILL)
    fake_work(submission, sandboxed)
    if submission.student == "cy":
        os.kill(os.getpid(), signal.SIGKILL)


def with_fault(submission: Submission, sandboxed: bool) -> None:
    """As when a check broke."""
    fake_work(submission, sandboxed)
    record = read_record(submission.course, submission.assignment.name, submission.student)
    assert record is not None
    fault = "the values: KeyError: 'x'\nTraceback (most recent call last):\n"
    broken = Mark("square", 3.0, pending=True, fault=fault).as_dict()
    marks = record["marks"] | {"square-test": broken}
    submission.write(record | {"marks": marks})


class Ended:
    """In the place of a worker's process: it has done its work when it is started."""

    def __init__(self, work: Work, submission: Submission, sandboxed: bool):
        self.sentinel, end = os.pipe()
        os.close(end)  # so the other end is ready, as a process's is when it has ended
        work(submission, sandboxed)

    def join(self) -> None:
        os.close(self.sentinel)

    def kill(self) -> None:
        pass


@contextmanager
def faked(work: Work = fake_work) -> Iterator[None]:
    """In the place of each worker's process `work`, in this one."""
    with (
        mock.patch("classroom.grade.start_worker", functools.partial(Ended, work)),
        mock.patch("classroom.grade._leave_with_the_driver"),
    ):
        yield


def fake_grade(
    course: Course,
    assignment: Assignment,
    work: Work = fake_work,
    **options: Any,
) -> dict[str, str]:
    """`grade`, without a process and without a sandbox."""
    with faked(work):
        return grade(course, assignment, sandboxed=False, **options)
