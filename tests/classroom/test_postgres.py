"""The gradebook on a real PostgreSQL server, which this file starts and stops.

Several machines grade one class there: here two drivers at once.
"""

import multiprocessing
import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from classroom.author import make_release
from classroom.collect import collect
from classroom.gradebook import open_gradebook
from classroom.results import results
from tests.conftest import skip_or_fail

from .conftest import solution, text
from .fakes import POINTS, fake_grade

STUDENTS = ["ada", "ben", "cy", "dee"]


def programs() -> Path | None:
    """The folder of initdb and postgres: Debian keeps it off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    path = Path(on_path) if on_path else (found[-1] if found else None)
    return path.parent if path else None


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on a socket in a folder of its own: no port, no password."""
    folder = programs()
    if folder is None:
        skip_or_fail("there is no PostgreSQL server", "postgresql")
    root = tmp_path_factory.mktemp("pg")
    become: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        for path in (root, *root.parents):
            if path == Path("/tmp") or path == Path("/"):
                break
            path.chmod(path.stat().st_mode | 0o055)
        shutil.chown(root, "nobody")
        become = ["setpriv", "--reuid=nobody", "--clear-groups"]
    data = str(root / "data")
    init = [str(folder / "initdb"), "-D", data, "-U", "teacher", "-A", "trust", "-N"]
    subprocess.run([*become, *init], check=True, capture_output=True, cwd=root)
    options = f"-c listen_addresses='' -c unix_socket_directories={root} -c fsync=off"
    control = [*become, str(folder / "pg_ctl"), "-D", data, "-w"]
    start = [*control, "-o", options, "-l", str(root / "log"), "start"]
    subprocess.run(start, check=True, capture_output=True, cwd=root)
    try:
        yield f"postgresql://teacher@/postgres?host={root}"
    finally:
        pid = int((root / "data" / "postmaster.pid").read_text().split()[0])
        stop = [*control, "-m", "fast", "-t", "20", "stop"]
        if subprocess.run(stop, capture_output=True, cwd=root).returncode:
            os.kill(pid, signal.SIGKILL)  # its data go with the folder


def grade_chunk(course, students) -> None:
    fake_grade(course, course.assignment("toy"), students=students)


@pytest.mark.slow
def test_two_drivers_share_a_gradebook_on_postgresql(course, server, tmp_path):
    shutil.rmtree(course.root)
    course = replace(course, db_url=server)
    toy = course.assignment("toy")
    make_release(course, toy)
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for student in STUDENTS:
        (uploads / f"{student}.ipynb").write_text(text(solution(course)))
    collect(course, toy, uploads)
    context = multiprocessing.get_context("fork")
    chunks = STUDENTS[:2], STUDENTS[2:]
    drivers = [
        context.Process(target=grade_chunk, args=(course, chunk)) for chunk in chunks
    ]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
        assert driver.exitcode == 0
    grade_chunk(course, [])  # nothing is left to do, and nothing breaks
    assert not (course.root / "gradebook.db").exists()
    with open_gradebook(course) as gradebook:
        submissions = gradebook.assignment_submissions("toy")
        assert sorted(s.student_id for s in submissions) == STUDENTS
        assert {s.score for s in submissions} == {POINTS}
    assert [(r.student, r.status) for r in results(course, toy)] == [
        (student, "pending") for student in STUDENTS
    ]
    assert server in (course.root / "nbgrader_config.py").read_text()


def test_a_server_that_is_not_there_is_named(course, tmp_path):
    from classroom.course import ClassroomError

    away = replace(course, db_url=f"postgresql://teacher@/postgres?host={tmp_path}")
    with pytest.raises(ClassroomError, match="does not open"), open_gradebook(away):
        pass
