"""Grade a class: each submission in a process of its own, each mark once.

A worker runs one submission in the sandbox, judges the values and writes one record, whole
or not at all. The driver enters records into the gradebook, one after the other, and notes
that it did. Whatever is interrupted where, the same command goes on from there: a record
that fits its submission is not made again, and one that was not entered is entered.
"""

import fcntl
import json
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from classroom.author import practice_cases, test_id
from classroom.checks import Task
from classroom.course import (
    Assignment,
    ClassroomError,
    Course,
    as_json,
    sha256,
    write_atomically,
)
from classroom.gradebook import save_marks
from classroom.judge import Mark, cases_of, judge_derivation, judge_task
from classroom.restore import code_cells, grade_id, is_picture
from classroom.sandbox import (
    PATIENCE,
    CellRun,
    refuse_to_show,
    require_sandbox,
    run_cells,
    staged,
)

# Seconds in which the workers of a run that was killed come to their own end.
LETTING_GO = 10
# A forked worker finds these imported; each would cost it a second.
PRELOAD = ["torch", "classroom.grade", "derivations"]


def run_and_judge(
    assignment: Assignment,
    notebook: NotebookNode,
    release: NotebookNode,
    cases: dict[str, list],
    sandboxed: bool = True,
) -> tuple[dict[str, Mark], dict[str, CellRun]]:
    """The marks of one notebook, and what became of its code cells by id."""
    cells = [cell for _, cell in code_cells(notebook)]
    with staged(assignment, cases) as stage:
        runs = run_cells(
            [cell.source for cell in cells], stage, assignment.limits, sandboxed
        )
    ran = {cell["id"]: run for cell, run in zip(cells, runs, strict=True)}
    by_grade_id = {grade_id(cell): cell for cell in notebook.cells}
    stubs = {grade_id(cell): cell.source for cell in release.cells}
    marks = {}
    for name, task in assignment.checks.TASKS.items():
        cell_id = test_id(name, task)
        cell = by_grade_id[cell_id]
        if isinstance(task, Task):
            marks[cell_id] = judge_task(name, task, cases[name], ran[cell["id"]])
        else:
            marks[cell_id] = judge_derivation(name, task, cell.source, stubs[cell_id])
    return marks, ran


def self_test(course: Course, assignment: Assignment, sandboxed: bool = True) -> str:
    """Grade the solution and the untouched release, on cases of both kinds.

    Raises:
        ClassroomError: unless one gets all points, and the other none.
    """
    release = course.read_release(assignment.name)
    source = course.root / "source" / assignment.name / f"{assignment.name}.ipynb"
    solution = nbformat.read(source, 4)
    drawn = {
        name: cases_of(task, course.seed(assignment.name, "self-test", name))
        for name, task in assignment.checks.TASKS.items()
        if isinstance(task, Task)
    }
    faults, total = [], 0.0
    for what, notebook, cases in (
        ("the solution", solution, practice_cases(assignment)),
        ("the solution", solution, drawn),
        ("the untouched release", release, drawn),
    ):
        marks, _ = run_and_judge(assignment, notebook, release, cases, sandboxed)
        total = sum(mark.most for mark in marks.values())
        for mark in marks.values():
            wanted = mark.most if notebook is solution else 0.0
            if mark.points != wanted or mark.pending:
                said = [
                    f"{line.name}: {line.message}" for line in mark.lines if line.message
                ]
                faults.append(
                    f"{what} gets {mark.points:g} of {mark.most:g} points in {mark.task}"
                    + "".join(f"\n    {line}" for line in said)
                )
    if faults:
        raise ClassroomError("\n".join([f"{assignment.name} is not ready:", *faults]))
    return f"self-test: the solution gets {total:g} of {total:g} points, the release 0"


@dataclass(frozen=True)
class Job:
    """One submission to grade: what a worker needs to know."""

    course: Course
    assignment: str
    student: str
    sandboxed: bool = True


def key_of(course: Course, assignment: Assignment, student: str) -> str:
    """What a record must bear to be up to date: the submission and the checks."""
    return sha256(
        course.submitted(assignment.name, student).read_bytes(), assignment.version.encode()
    )


def read_record(course: Course, assignment: str, student: str) -> dict[str, Any] | None:
    try:
        found = json.loads(course.record(assignment, student).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "key" in found else None


def make_record(job: Job) -> None:
    """Grade one submission and write its record. Runs in a worker."""
    course, student = job.course, job.student
    assignment = course.assignment(job.assignment)
    key = key_of(course, assignment, student)
    notebook = nbformat.read(course.submitted(assignment.name, student), 4)
    release = course.read_release(assignment.name)
    tests = {test_id(name, task) for name, task in assignment.checks.TASKS.items()}
    if lacking := tests - {grade_id(cell) for cell in notebook.cells}:
        raise ClassroomError(
            f"collected before {assignment.name} had {', '.join(sorted(lacking))}: "
            "run 'release' and 'collect' again"
        )
    seeds = {
        name: course.seed(assignment.name, student, name)
        for name in assignment.checks.TASKS
    }
    cases = {
        name: cases_of(task, seeds[name])
        for name, task in assignment.checks.TASKS.items()
        if isinstance(task, Task)
    }
    marks, ran = run_and_judge(assignment, notebook, release, cases, job.sandboxed)
    record = {
        "student": student,
        "assignment": assignment.name,
        "key": key,
        "upload_sha256": notebook.metadata.get("classroom", {}).get("upload_sha256", ""),
        "version": assignment.version,
        "marks": {cell_id: mark.as_dict() for cell_id, mark in marks.items()},
        "cells": {cell_id: run.status for cell_id, run in ran.items()},
        "outputs": {cell_id: safe_outputs(run.outputs) for cell_id, run in ran.items()},
    }
    write_atomically(course.record(assignment.name, student), as_json(record))


def safe_outputs(outputs: list) -> list:
    """Those that Formgrader may show: text and pictures, no HTML and no script.

    The process that sent them was the student's, so each piece is looked at.
    """
    kept = []
    for output in outputs:
        try:
            output = dict(output)
            if "data" in output:
                data = {k: v for k, v in output["data"].items() if _is_safe(k, v)}
                output |= {"data": data, "metadata": {}}
            cell = nbformat.v4.new_code_cell(outputs=[nbformat.from_dict(output)])
            nbformat.validate(cell, ref="code_cell", version=4)
            kept.append(output)
        except Exception:  # nbformat trusts its input, and this is anything
            continue
    return kept


def _is_safe(mime: str, value: object) -> bool:
    return is_picture(mime, value) or (mime == "text/plain" and isinstance(value, str))


def _work(job: Job) -> None:
    failed = job.course.record(job.assignment, job.student).with_suffix(".failed")
    threading.Thread(target=_leave_with_the_driver, daemon=True).start()
    try:
        make_record(job)
        failed.unlink(missing_ok=True)
    except ClassroomError as error:
        write_atomically(failed, str(error))
        os._exit(1)
    except BaseException:
        write_atomically(failed, traceback.format_exc())
        os._exit(1)


def _leave_with_the_driver() -> None:
    """When the driver is killed its workers end, and bubblewrap ends with them."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


Work = Callable[[Job], None]
Enter = Callable[[Course, Assignment, str], None]


def enter_record(course: Course, assignment: Assignment, student: str) -> None:
    """From the record into nbgrader's gradebook."""
    record = read_record(course, assignment.name, student)
    if record is None:
        raise ClassroomError(f"the record of {student} cannot be read")
    save_marks(course, assignment, student, record["outputs"], record["marks"])


def grade(
    course: Course,
    assignment: Assignment,
    jobs: int = 2,
    students: Iterable[str] = (),
    again: bool = False,
    sandboxed: bool = True,
    work: Work = _work,
    enter: Enter = enter_record,
    start_method: str = "forkserver",
) -> dict[str, str]:
    """Grade those who need it; return what became of each: graded, up to date, or why not.

    Args:
        students: only these; everybody who handed in if empty.
        again: also those whose record is up to date.
        work, enter, start_method: what a worker and the driver do, and how a worker is
            started; the tests put in plain fakes.
    """
    if sandboxed:
        require_sandbox()
        refuse_to_show(course.root, *course.assignments)
    course.read_release(assignment.name)
    chosen = list(students) or course.students(assignment.name)
    known = set(course.students(assignment.name))
    outcome = {s: "nothing was collected" for s in chosen if s not in known}
    results = _Results(course, assignment, enter)
    waiting = []
    for student in chosen:
        if student in outcome:
            continue
        if again:
            results.forget(student)
        if results.is_done(student):
            outcome[student] = "up to date"
        else:
            waiting.append(student)
    context = multiprocessing.get_context(start_method)
    if start_method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    # For a worker that does not end by itself. Sandbox and judge have limits of their own.
    seconds = 2 * PATIENCE * assignment.limits.seconds + 1800
    running: dict[int, tuple[Any, str, float, int]] = {}
    refused: dict[str, float] = {}
    with tqdm(total=len(waiting), desc=assignment.name, unit="student") as bar:
        try:
            while waiting or running:
                while waiting and len(running) < max(1, jobs):
                    student = waiting.pop(0)
                    lock = results.lock(student)
                    if lock is None:
                        since = refused.setdefault(student, time.monotonic())
                        if time.monotonic() - since < LETTING_GO:
                            waiting.append(student)
                            break
                        outcome[student] = "another run is at it"
                        bar.update()
                        continue
                    if results.is_made(student):
                        outcome[student] = results.enter(student, lock)
                        bar.update()
                        continue
                    job = Job(course, assignment.name, student, sandboxed)
                    process = context.Process(target=work, args=(job,))
                    process.start()
                    end = time.monotonic() + seconds
                    running[process.sentinel] = process, student, end, lock
                for sentinel in list(running):
                    process, student, end, lock = running[sentinel]
                    if time.monotonic() > end:
                        process.kill()
                if waiting and not running:
                    time.sleep(0.1)
                for sentinel in wait(list(running), timeout=1):
                    process, student, _, lock = running.pop(sentinel)
                    process.join()
                    outcome[student] = results.enter(student, lock)
                    bar.update()
        finally:
            for process, *_ in running.values():
                process.kill()
    return outcome


class _Results:
    """The records of one assignment, and which of them the gradebook holds."""

    def __init__(self, course: Course, assignment: Assignment, enter: Enter):
        self.course, self.assignment, self._enter = course, assignment, enter

    def _record(self, student: str) -> Path:
        return self.course.record(self.assignment.name, student)

    def is_made(self, student: str) -> bool:
        record = read_record(self.course, self.assignment.name, student)
        key = key_of(self.course, self.assignment, student)
        return record is not None and record.get("key") == key

    def is_done(self, student: str) -> bool:
        """Whether the gradebook holds the record that fits the submission."""
        entered = self._record(student).with_suffix(".entered")
        with suppress(OSError):
            return self.is_made(student) and entered.read_text() == self._stamp(student)
        return False

    def _stamp(self, student: str) -> str:
        return sha256(self._record(student).read_bytes())

    def forget(self, student: str) -> None:
        for suffix in (".entered", ".json"):
            self._record(student).with_suffix(suffix).unlink(missing_ok=True)

    def lock(self, student: str) -> int | None:
        """Held until the descriptor is closed, by us or by our death."""
        path = self._record(student).with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor

    def enter(self, student: str, lock: int) -> str:
        """Into the gradebook, then the note that it is there."""
        try:
            if not self.is_made(student):
                failed = self._record(student).with_suffix(".failed")
                why = failed.read_text().strip().splitlines() if failed.exists() else []
                return "not graded: " + (why[-1] if why else "its worker was stopped")
            self._enter(self.course, self.assignment, student)
            entered = self._record(student).with_suffix(".entered")
            write_atomically(entered, self._stamp(student))
            return "graded"
        except ClassroomError as error:
            return f"not graded: {error}"
        finally:
            os.close(lock)
