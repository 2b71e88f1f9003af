"""kill -9 anywhere, then the same command: everybody graded once, none a silent zero.

The driver and nbgrader's part are real; what a worker does is a plain fake, except in the
last test. The kill falls on a file that is opened, renamed or removed, or on a connection
to the gradebook, counted from the start: the same number is the same place.
"""

import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from classroom.collect import collect, read_collected
from classroom.course import ROOT, as_json, write_atomically
from classroom.grade import Job, grade, key_of

from .conftest import solution, text, with_cell

STUDENTS = ["ada", "ben", "cy", "dee"]
POINTS = 5.5
EVENTS = {"open", "os.rename", "os.remove", "sqlite3.connect", "fcntl.flock", "os.chmod"}


def fake_work(job: Job) -> None:
    assignment = job.course.assignment(job.assignment)
    points = {"square": (2.5, 3), "root": (3.0, 3), "by-hand": (0.0, 2)}
    marks = {
        name if name == "by-hand" else f"{name}-test": {
            "task": name, "points": got, "most": most, "pending": False, "lines": [],
        }
        for name, (got, most) in points.items()
    }  # fmt: skip
    record = {
        "key": key_of(job.course, assignment, job.student),
        "marks": marks, "outputs": {}, "cells": {}, "version": "",
        "upload_sha256": read_collected(job.course, job.assignment, job.student).sha256,
    }  # fmt: skip
    write_atomically(job.course.record(job.assignment, job.student), as_json(record))


def dying_work(job: Job) -> None:
    """Fails for two of four: once killed before, once after the record was written."""
    if job.student == "ben":
        os.kill(os.getpid(), signal.SIGKILL)
    fake_work(job)
    if job.student == "dee":
        os.kill(os.getpid(), signal.SIGKILL)


def run(course, kill_at: int, work=fake_work, count=None) -> None:
    """Grade in this process, and kill it at the given event."""
    left, driver = kill_at, os.getpid()

    def hook(event: str, _) -> None:
        nonlocal left
        if event in EVENTS and os.getpid() == driver:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    toy = course.assignment("toy")
    grade(course, toy, jobs=2, sandboxed=False, work=work, start_method="fork")
    if count is not None:
        count.value = kill_at - left


def in_a_process(*arguments) -> int:
    process = multiprocessing.get_context("fork").Process(target=run, args=arguments)
    process.start()
    process.join()
    return process.exitcode


@pytest.fixture
def handed_in(course, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for student in STUDENTS:
        (uploads / f"{student}.ipynb").write_text(text(solution(course)))
    collect(course, course.assignment("toy"), uploads)
    return course


def assert_everybody_once(course, points=POINTS) -> None:
    with sqlite3.connect(course.root / "gradebook.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        rows = database.execute(
            "select s.student_id, count(distinct s.id), sum(g.auto_score), count(*),"
            " sum(g.auto_score is null) from submitted_assignment s"
            " join submitted_notebook n on n.assignment_id = s.id"
            " join grade g on g.notebook_id = n.id group by s.student_id"
        ).fetchall()
    # four graded cells, of which the written one has no score of a machine's
    assert rows == [(student, 1, points, 4, 1) for student in STUDENTS]


def test_killed_anywhere_and_repeated_grades_everybody_once(handed_in, tmp_path):
    untouched = tmp_path / "untouched"
    shutil.copytree(handed_in.root, untouched)
    count = multiprocessing.Value("i", 0)
    assert in_a_process(handed_in, 10**9, fake_work, count) == 0
    assert_everybody_once(handed_in)
    n_events = count.value
    assert n_events > 100
    for kill_at in range(5, n_events, n_events // 13):
        shutil.rmtree(handed_in.root)
        shutil.copytree(untouched, handed_in.root)
        assert in_a_process(handed_in, kill_at) == -signal.SIGKILL
        assert in_a_process(handed_in, 10**9) == 0
        assert_everybody_once(handed_in)


def test_killed_again_and_again_it_still_gets_there(handed_in):
    for kill_at in (40, 90, 60, 120, 30):
        in_a_process(handed_in, kill_at)
    assert in_a_process(handed_in, 10**9) == 0
    assert_everybody_once(handed_in)


def test_a_worker_that_dies_is_named_and_graded_the_next_time(handed_in):
    toy = handed_in.assignment("toy")
    options = {"sandboxed": False, "start_method": "fork"}
    outcome = grade(handed_in, toy, work=dying_work, **options)
    assert outcome["ben"].startswith("not graded") and outcome["dee"] == "graded"
    outcome = grade(handed_in, toy, work=fake_work, **options)
    assert outcome == dict.fromkeys(STUDENTS, "up to date") | {"ben": "graded"}
    assert_everybody_once(handed_in)


def test_a_damaged_record_is_made_again(handed_in):
    toy = handed_in.assignment("toy")
    options = {"sandboxed": False, "start_method": "fork", "work": fake_work}
    grade(handed_in, toy, **options)
    handed_in.record("toy", "ada").write_text('{"key": ')
    assert grade(handed_in, toy, **options)["ada"] == "graded"
    assert_everybody_once(handed_in)


def test_a_resubmission_is_graded_and_its_old_marks_are_gone(handed_in, tmp_path):
    toy = handed_in.assignment("toy")
    options = {"sandboxed": False, "start_method": "fork", "work": fake_work}
    grade(handed_in, toy, **options)
    again = tmp_path / "again"
    again.mkdir()
    (again / "ada.ipynb").write_text(text(solution(handed_in)) + "\n")
    collect(handed_in, toy, again)
    outcome = grade(handed_in, toy, **options)
    assert outcome == dict.fromkeys(STUDENTS, "up to date") | {"ada": "graded"}
    assert_everybody_once(handed_in)


def test_two_runs_at_once_do_not_meet(handed_in, monkeypatch):
    import fcntl

    monkeypatch.setattr("classroom.grade.LETTING_GO", 0.3)
    toy = handed_in.assignment("toy")
    path = handed_in.record("toy", "ada").with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        options = {"sandboxed": False, "start_method": "fork", "work": fake_work}
        assert grade(handed_in, toy, **options)["ada"] == "another run is at it"
    assert grade(handed_in, toy, **options)["ada"] == "graded"


def test_only_the_named_students_are_graded(handed_in):
    toy = handed_in.assignment("toy")
    options = {"sandboxed": False, "start_method": "fork", "work": fake_work}
    outcome = grade(handed_in, toy, students=["cy", "nobody"], **options)
    assert outcome == {"cy": "graded", "nobody": "nothing was collected"}


@pytest.mark.usefixtures("sandbox")
def test_the_command_killed_leaves_no_process_and_goes_on(handed_in, tmp_path, request):
    slow = tmp_path / "slow"
    slow.mkdir()
    lasts = with_cell(solution(handed_in), "import time; time.sleep(3)")
    (slow / "ada.ipynb").write_text(text(lasts))
    collect(handed_in, handed_in.assignment("toy"), slow)
    # Every sandbox shows a folder in this one; sockets in it must have short names.
    ours = Path(tempfile.mkdtemp())
    request.addfinalizer(lambda: shutil.rmtree(ours))
    environment = os.environ | {
        "TMPDIR": str(ours),
        "CLASSROOM_COURSE": str(handed_in.root),
        "CLASSROOM_ASSIGNMENTS": str(handed_in.assignments[0]),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "classroom", "grade", "toy"]
    log = handed_in.root / "log"
    with open(log, "w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        deadline = time.monotonic() + 120
        while not sandboxes(ours):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.wait()
    deadline = time.monotonic() + 20
    while sandboxes(ours):
        assert time.monotonic() < deadline, "a sandbox outlived its driver"
        time.sleep(0.1)
    again = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert_everybody_once(handed_in, points=8)
    record = json.loads(handed_in.record("toy", "ada").read_text())
    assert {mark["points"] for mark in record["marks"].values()} == {3, 2}


def sandboxes(folder: Path) -> list[str]:
    """The processes that show something of this folder to a submission."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_text(errors="replace")
            found += [line] if "bwrap" in line and str(folder) in line else []
    return found
