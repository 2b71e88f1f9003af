"""kill -9 anywhere, then the same command: everybody graded once, none a silent zero.

The driver and nbgrader's part are real; what a worker does is a plain fake, in the driver's
own process, except where it says otherwise. The kill falls on a file that is opened,
renamed or removed, or on a connection to the gradebook, counted from the start: the same
number is the same place.
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
from pathlib import Path

import pytest

from classroom.collect import collect
from classroom.course import ROOT
from classroom.grade import grade
from classroom.records import Submission, read_record

from .conftest import command_lines, solution, text, with_cell
from .fakes import POINTS, dying_work, fake_grade, fake_work

STUDENTS = ["ada", "ben", "cy"]
EVENTS = {"open", "os.rename", "os.remove", "sqlite3.connect", "fcntl.flock", "os.chmod"}


def run(course, kill_at: int, count=None) -> None:
    """Grade in this process, and kill it at the given event."""
    left = kill_at

    def hook(event: str, _) -> None:
        nonlocal left
        if event in EVENTS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    fake_grade(course, course.assignment("toy"))
    if count is not None:
        count.value = kill_at - left


def in_a_process(*arguments) -> int:
    process = multiprocessing.get_context("fork").Process(target=run, args=arguments)
    process.start()
    process.join()
    return process.exitcode


def hand_in(course, uploads, students) -> None:
    uploads.mkdir()
    for student in students:
        (uploads / f"{student}.ipynb").write_text(text(solution(course)))
    collect(course, course.assignment("toy"), uploads)


@pytest.fixture
def handed_in(course, tmp_path):
    hand_in(course, tmp_path / "uploads", STUDENTS)
    return course


@pytest.fixture
def two_handed_in(course, tmp_path):
    """Enough for a kill to fall between two, or in the midst of either."""
    hand_in(course, tmp_path / "uploads", STUDENTS[:2])
    return course


def assert_everybody_once(course, students=STUDENTS, points=POINTS) -> None:
    with sqlite3.connect(course.root / "gradebook.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        rows = database.execute(
            "select s.student_id, count(distinct s.id), sum(g.auto_score), count(*),"
            " sum(g.auto_score is null) from submitted_assignment s"
            " join submitted_notebook n on n.assignment_id = s.id"
            " join grade g on g.notebook_id = n.id group by s.student_id"
        ).fetchall()
    # four graded cells, of which the written one has no score of a machine's
    assert rows == [(student, 1, points, 4, 1) for student in students]


@pytest.mark.slow
def test_killed_anywhere_and_repeated_grades_everybody_once(two_handed_in, tmp_path):
    course, students = two_handed_in, STUDENTS[:2]
    untouched = tmp_path / "untouched"
    shutil.copytree(course.root, untouched)
    count = multiprocessing.Value("i", 0)
    assert in_a_process(course, 10**9, count) == 0
    assert_everybody_once(course, students)
    n_events = count.value
    assert n_events > 100
    for kill_at in range(5, n_events, n_events // 13):
        shutil.rmtree(course.root)
        shutil.copytree(untouched, course.root)
        assert in_a_process(course, kill_at) == -signal.SIGKILL
        assert in_a_process(course, 10**9) == 0
        assert_everybody_once(course, students)


@pytest.mark.slow
def test_killed_again_and_again_it_still_gets_there(two_handed_in):
    for kill_at in (40, 90, 60, 120, 30):
        assert in_a_process(two_handed_in, kill_at) in (-signal.SIGKILL, 0)
    assert in_a_process(two_handed_in, 10**9) == 0
    assert_everybody_once(two_handed_in, STUDENTS[:2])


@pytest.mark.slow
def test_a_worker_that_dies_is_named_and_graded_the_next_time(handed_in, monkeypatch):
    """In processes of their own, started as always."""
    toy = handed_in.assignment("toy")
    handed_in.record("toy", "ben").parent.mkdir(parents=True)
    Submission(handed_in, toy, "ben").note_failed("some reason of the day before")
    monkeypatch.setattr("classroom.grade.work", dying_work)
    outcome = grade(handed_in, toy, sandboxed=False)
    assert outcome == dict.fromkeys(STUDENTS, "graded") | {
        "ben": "not graded: its worker was stopped"
    }
    monkeypatch.setattr("classroom.grade.work", fake_work)
    outcome = grade(handed_in, toy, sandboxed=False)
    assert outcome == dict.fromkeys(STUDENTS, "up to date") | {"ben": "graded"}
    assert_everybody_once(handed_in)


def test_where_something_changed_while_it_was_graded_the_reason_says_so(handed_in):
    def work_of_before(submission, sandboxed):
        fake_work(submission, sandboxed)
        record = read_record(submission.course, "toy", submission.student)
        submission.write(record | {"key": "of other files"})

    outcome = fake_grade(handed_in, handed_in.assignment("toy"), work_of_before)
    assert all("changed meanwhile; grade again" in said for said in outcome.values())
    assert fake_grade(handed_in, handed_in.assignment("toy"))["ada"] == "graded"


@pytest.mark.slow
def test_a_damaged_record_is_made_again(handed_in):
    toy = handed_in.assignment("toy")
    fake_grade(handed_in, toy)
    handed_in.record("toy", "ada").write_text('{"key": ')
    assert fake_grade(handed_in, toy)["ada"] == "graded"
    assert_everybody_once(handed_in)


@pytest.mark.slow
def test_a_resubmission_is_graded_and_its_old_marks_are_gone(handed_in, tmp_path):
    toy = handed_in.assignment("toy")
    fake_grade(handed_in, toy)
    again = tmp_path / "again"
    again.mkdir()
    (again / "ada.ipynb").write_text(text(solution(handed_in)) + "\n")
    collect(handed_in, toy, again)
    outcome = fake_grade(handed_in, toy)
    assert outcome == dict.fromkeys(STUDENTS, "up to date") | {"ada": "graded"}
    assert_everybody_once(handed_in)


@pytest.mark.parametrize("again", [False, True])
def test_two_runs_at_once_do_not_meet(handed_in, again):
    toy = handed_in.assignment("toy")
    only = {"students": ["ada"], "again": again}
    if again:
        fake_grade(handed_in, toy, **only)
    with Submission(handed_in, toy, "ada").lock():
        assert fake_grade(handed_in, toy, **only) == {"ada": "another run is at it"}
        # nothing of the other run's was taken away
        assert Submission(handed_in, toy, "ada").is_entered() == again
    assert fake_grade(handed_in, toy, **only) == {"ada": "graded"}


def test_only_the_named_students_are_graded(handed_in):
    toy = handed_in.assignment("toy")
    outcome = fake_grade(handed_in, toy, students=["cy", "nobody", "cy"])
    assert outcome == {"cy": "graded", "nobody": "nothing was collected"}


@pytest.mark.slow
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
    return [line for line in command_lines() if "bwrap" in line and str(folder) in line]
