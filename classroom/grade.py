"""Grade a class: each submission in a process of its own, each mark once.

A worker runs one submission in the sandbox, judges the values and writes one record, whole
or not at all. The driver enters records into the gradebook, one after the other, and notes
that it did. Whatever is interrupted where, the same command goes on from there: a record
that fits its submission is not made again, and one that was not entered is entered.
"""

import multiprocessing
import os
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import closing, nullcontext
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from typing import TextIO

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from classroom.author import PRACTICE, test_id, worth
from classroom.checks import Task
from classroom.collect import counting, put
from classroom.course import Assignment, ClassroomError, Course
from classroom.gradebook import open_gradebook, save_marks
from classroom.judge import NOT_THEIRS, Mark, all_cases, judge_derivation, judge_task
from classroom.late import Extensions, lateness
from classroom.records import (
    Record,
    Submission,
    read_collected,
    read_record,
)
from classroom.restore import code_cells, grade_id, is_picture, is_test
from classroom.results import was_touched
from classroom.sandbox import (
    LINE,
    PATIENCE,
    CellRun,
    refuse_to_show,
    require_sandbox,
    run_cells,
    staged,
    warm,
)

FORKSERVER = multiprocessing.get_context("forkserver")
# A forked worker finds these imported; each would cost it a second.
FORKSERVER.set_forkserver_preload(
    ["torch", "classroom.grade", "classroom.stages", "classroom.ready"]
)


def run_and_judge(
    assignment: Assignment,
    notebook: NotebookNode,
    release: NotebookNode,
    cases: dict[str, list],
    sandboxed: bool = True,
) -> tuple[dict[str, Mark], dict[str, CellRun]]:
    """The marks of one notebook, and what became of its code cells by id."""
    cells = [cell for _, cell in code_cells(notebook)]
    tests = [n for n, cell in enumerate(cells) if is_test(cell)]
    marked = [n for n, cell in enumerate(cells) if grade_id(cell)]
    sources = [cell.source for cell in cells]
    with staged(assignment, cases) as stage:
        runs = run_cells(sources, stage, assignment.limits, sandboxed, marked, tests)
    ran = {cell["id"]: run for cell, run in zip(cells, runs, strict=True)}
    by_grade_id = {grade_id(cell): cell for cell in notebook.cells}
    stubs = {grade_id(cell): cell.source for cell in release.cells}
    old_edition = notebook.metadata.get("classroom", {}).get("old", False)
    marks = {}
    for name, task in assignment.checks.TASKS.items():
        cell_id = test_id(name, task)
        cell = by_grade_id[cell_id]
        if isinstance(task, Task):
            mark = judge_task(name, task, cases[name], ran[cell["id"]])
            marks[cell_id] = mark
            above = runs[: cells.index(cell)]
            if mark.points < mark.most and any(run.status in NOT_THEIRS for run in above):
                mark.pending = True  # what it needed may have been in one of those
        else:
            marks[cell_id] = judge_derivation(name, task, cell.source, stubs[cell_id])
        if marks[cell_id].points < task.points and old_edition:
            marks[cell_id].pending = True
    return marks, ran


def self_test(course: Course, assignment: Assignment, sandboxed: bool = True) -> str:
    """Grade the solution and the untouched release, on cases of both kinds.

    Raises:
        ClassroomError: unless one gets all points, and the other none.
    """
    release = course.read_release(assignment.name)
    source = course.root / "source" / assignment.name / f"{assignment.name}.ipynb"
    solution = nbformat.read(source, 4)
    drawn = _cases(course, assignment, "self-test")
    practice = all_cases(assignment.checks.TASKS, lambda name: PRACTICE)
    faults, total = [], 0.0
    tried = (
        ("the solution", solution, practice),
        ("the solution", solution, drawn),
        ("the untouched release", release, drawn),
    )
    with assignment.speaking(), warm() if sandboxed else nullcontext():
        judged = [
            run_and_judge(assignment, notebook, release, cases, sandboxed)[0]
            for _, notebook, cases in tried
        ]
    for (what, notebook, _), marks in zip(tried, judged, strict=True):
        total = sum(mark.most for mark in marks.values())
        for mark in marks.values():
            wanted = mark.most if notebook is solution else 0.0
            if mark.points != wanted or mark.pending:
                got = f"{mark.points:g} of {mark.most:g} points in {mark.task}"
                faults.append(f"{what} gets {got}")
                faults += [f"    {n.name}: {n.message}" for n in mark.lines if n.message]
    if faults:
        raise ClassroomError("\n".join([f"{assignment.name} is not ready:", *faults]))
    words = worth(release) - total
    rest = f" ({words:g} more are for words that you read)" if words else ""
    return (
        f"self-test: of {total:g} points that the machine gives, the solution gets all and "
        f"the untouched release none{rest}"
    )


def make_record(submission: Submission, sandboxed: bool) -> None:
    """Grade one submission and write its record. Runs in a worker."""
    course, student = submission.course, submission.student
    assignment, key = submission.assignment, submission.key
    notebook = nbformat.read(course.submitted(assignment.name, student), 4)
    release = course.read_release(assignment.name)
    tests = {test_id(name, task) for name, task in assignment.checks.TASKS.items()}
    if lacking := tests - {grade_id(cell) for cell in notebook.cells}:
        raise ClassroomError(
            f"collected before {assignment.name} had {', '.join(sorted(lacking))}: "
            "run 'release' and 'collect' again"
        )
    if unknown := {grade_id(cell) for cell in notebook.cells if is_test(cell)} - tests:
        raise ClassroomError(
            f"checks.py has no task for {', '.join(sorted(unknown))}: put it back, or run "
            "'release' and 'collect' again"
        )
    cases = _cases(course, assignment, student)
    marks, ran = run_and_judge(assignment, notebook, release, cases, sandboxed)
    submission.write(
        Record(
            student=student,
            assignment=assignment.name,
            key=key,
            upload_sha256=notebook.metadata.get("classroom", {}).get("upload_sha256", ""),
            version=assignment.version,
            marks={cell_id: mark.as_dict() for cell_id, mark in marks.items()},
            cells={cell_id: run.status for cell_id, run in ran.items()},
            outputs={cell_id: safe_outputs(run.outputs) for cell_id, run in ran.items()},
        )
    )


def _cases(course: Course, assignment: Assignment, student: str) -> dict[str, list]:
    seed = partial(course.seed, assignment.name, student)
    return all_cases(assignment.checks.TASKS, seed)


def make_best_record(submission: Submission, sandboxed: bool) -> None:
    """`make_record`; where the best file counts, of each file that was handed in, and the
    best of the records is the one that stays."""
    course, assignment = submission.course, submission.assignment
    collected = read_collected(course, assignment.name, submission.student)
    files = collected.files if collected else []
    if (
        collected is None
        or assignment.counts != "best"
        or len(files) < 2
        or collected.by_hand
    ):
        make_record(submission, sandboxed)
        return
    release = course.read_release(assignment.name)
    until = Extensions.of(course.root).until(assignment, submission.student)
    tried = []
    for file in files:
        put(course, assignment, release, collected, file)
        make_record(submission, sandboxed)
        record = read_record(course, assignment.name, submission.student)
        assert record is not None, "it was just written"
        late = lateness(assignment, file["time"], file["late"], until)
        points = sum(mark["points"] for mark in record["marks"].values())
        tried.append((points * (1 - late.share), file["saved"], file, record))
    *_, file, record = max(tried, key=lambda item: item[:2])
    put(course, assignment, release, collected, file)
    submission.write(record)


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


def work(
    submission: Submission, sandboxed: bool, line: socket.socket | None = None
) -> None:
    """What a worker does: one record, or a note why there is none.

    `line` leads to the warm interpreter of the driver.
    """
    LINE.set(line)
    threading.Thread(target=_leave_with_the_driver, daemon=True).start()
    try:
        with submission.assignment.speaking():
            make_best_record(submission, sandboxed)
    except ClassroomError as error:
        submission.note_failed(str(error))
    except BaseException:
        submission.note_failed(traceback.format_exc())


def _leave_with_the_driver() -> None:
    """When the driver is killed its workers end, and bubblewrap ends with them."""
    driver = multiprocessing.parent_process()
    assert driver is not None, "only a worker waits for its driver"
    wait([driver.sentinel])
    os._exit(1)


def grade(
    course: Course,
    assignment: Assignment,
    jobs: int = 2,
    students: Iterable[str] = (),
    again: bool = False,
    sandboxed: bool = True,
) -> dict[str, str]:
    """Grade those who need it; return what became of each.

    Args:
        jobs: submissions at a time.
        students: only these; everybody who handed in if empty.
        again: also those whose record is up to date.
        sandboxed: False runs what students typed without protection.

    Returns:
        For each student "graded", "up to date", "graded, but ..." where an error of ours
        left something to a person, or why there is no mark.

    Raises:
        ClassroomError: where nothing was released, or there is no sandbox.
    """
    course.read_release(assignment.name)
    if sandboxed:
        require_sandbox()
        refuse_to_show(course.root, *course.assignments)
    known = course.students(assignment.name)
    _count_again(course, assignment, list(students) or known)
    touched = _touched(course, assignment)
    outcome: dict[str, str] = {}
    todo = []
    for student in dict.fromkeys(students) or known:
        submission = Submission(course, assignment, student)
        if student not in known:
            outcome[student] = "nothing was collected"
        elif submission.is_entered() and not again and student not in touched:
            outcome[student] = "up to date"
        else:
            todo.append(submission)
    with (
        tqdm(total=len(todo), desc=assignment.name, unit="student") as bar,
        warm() if sandboxed and todo else nullcontext(),
        closing(_made(todo, jobs, again, sandboxed)) as made,
    ):
        for submission, lock in made:
            outcome[submission.student] = _enter(submission, lock)
            bar.update()
    return outcome


def _count_again(course: Course, assignment: Assignment, students: list[str]) -> None:
    """Where a due date or an extension moved, another file may count by the rule."""
    if assignment.counts != "newest on time":
        return
    release, extensions = course.read_release(assignment.name), Extensions.of(course.root)
    for student in students:
        collected = read_collected(course, assignment.name, student)
        if collected and collected.files and not collected.fault:
            file = counting(assignment, collected, extensions)
            if file["sha256"] != collected.sha256:
                put(course, assignment, release, collected, file)


def _touched(course: Course, assignment: Assignment) -> set[str]:
    """The students into whose marks something else has written: they are entered anew."""
    found = set()
    with open_gradebook(course) as gradebook:
        for submission in gradebook.assignment_submissions(assignment.name):
            record = read_record(course, assignment.name, submission.student_id)
            grades = [
                grade for notebook in submission.notebooks for grade in notebook.grades
            ]
            if record and was_touched(record["marks"], grades):
                found.add(submission.student_id)
    return found


def _made(
    todo: list[Submission], jobs: int, again: bool, sandboxed: bool
) -> Generator[tuple[Submission, TextIO | None], None, None]:
    """Each submission with its lock, as soon as it has its record or its worker ended;
    with None at once where another run holds the lock."""
    waiting = deque(todo)
    running: dict[int, tuple[ForkServerProcess, float, Submission, TextIO]] = {}
    try:
        while waiting or running:
            if waiting and len(running) < max(1, jobs):
                submission = waiting.popleft()
                if (lock := submission.lock()) and again:
                    submission.forget()
                if lock is None or submission.is_made():  # perhaps before a stop
                    yield submission, lock
                    continue
                submission.note_failed("its worker was stopped")
                process = start_worker(submission, sandboxed)
                end = time.monotonic() + longest(submission.assignment)
                running[process.sentinel] = process, end, submission, lock
                continue
            for process, end, _, _ in running.values():
                if time.monotonic() > end:
                    process.kill()
            for sentinel in wait([*running], timeout=1):
                assert isinstance(sentinel, int)
                process, _, submission, lock = running.pop(sentinel)
                process.join()
                yield submission, lock
    finally:  # Ctrl-C, or an error of ours: nobody works on without the driver
        for process, *_ in running.values():
            process.kill()


def start_worker(submission: Submission, sandboxed: bool) -> ForkServerProcess:
    """A process of its own for one submission: a fork of one that ran nobody's code."""
    process = FORKSERVER.Process(target=work, args=(submission, sandboxed, LINE.get()))
    process.start()
    return process


def longest(assignment: Assignment) -> float:
    """Seconds of the clock after which a worker is killed that does not end by itself.
    Sandbox and judge have limits of their own, far below."""
    return 2 * PATIENCE * assignment.limits.seconds + 1800


def _enter(submission: Submission, lock: TextIO | None) -> str:
    """Into nbgrader's gradebook, then the note that it is there; what became of it."""
    if lock is None:
        return "another run is at it"
    course, assignment = submission.course, submission.assignment
    with lock:
        record = read_record(course, assignment.name, submission.student)
        if record is None or not submission.is_made():
            changed = "the checks or the submission changed meanwhile; grade again"
            return f"not graded: {submission.why_failed() or changed}"
        outputs, marks = record["outputs"], record["marks"]
        try:
            save_marks(course, assignment, submission.student, outputs, marks)
        except ClassroomError as error:
            return f"not graded: {error}"
        submission.note_entered()
    faults = [
        f"{mark['task']} waits for a person: {mark['fault'].splitlines()[0]}"
        for mark in marks.values()
        if mark["fault"]
    ]
    return f"graded, but {'; '.join(faults)}" if faults else "graded"
