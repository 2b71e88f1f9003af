"""What a teacher types wrongly, or finds damaged: one clear line, and no traceback."""

import json
import re
import shutil
import sys
from pathlib import Path
from unittest import mock

import pytest

from classroom.__main__ import main
from classroom.author import make_release
from classroom.collect import collect
from classroom.course import ClassroomError, Course
from classroom.grade import work
from classroom.report import write_totals
from classroom.results import results

from .conftest import TOY, edited, released, solution, text
from .fakes import fake_grade, fake_work, faked, with_fault


@pytest.fixture
def type_in(course, monkeypatch, capsys):
    """Runs a command on the course; gives its exit code and what it said."""

    def run(*words: object, root: Path = course.root) -> tuple[int, str]:
        monkeypatch.setenv("CLASSROOM_COURSE", str(root))
        monkeypatch.setenv("CLASSROOM_ASSIGNMENTS", str(course.assignments[0]))
        monkeypatch.setattr(sys, "argv", ["classroom", *map(str, words)])
        try:
            code = main()
        except SystemExit as error:  # argparse
            code = error.code
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def handed_in(course, toy, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "ada.ipynb").write_text(text(solution(course)))
    collect(course, toy, uploads)
    fake_grade(course, toy)
    return uploads


@pytest.mark.parametrize("command", ["export", "feedback", "grade"])
def test_before_the_release(type_in, tmp_path, command):
    code, said = type_in(command, "toy", root=tmp_path / "kürs with 'odd' name")
    assert code == 1 and said == "toy was not released: run 'release' first\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "tyo"], "there is no assignment tyo in .*There are: .*hw1, .*toy"),
        (["collect", "toy", ".", "--roster", "no.csv"], "there is no file no.csv: ROSTER"),
        (["collect", "toy", ".", "--roster", "empty.csv"], "empty.csv names no student"),
        (["export", "toy", "--lms", "moodle", "--roster", "no.csv"], "there is no file no"),
    ],
)
def test_a_slip_is_answered_with_what_there_is(
    type_in, course, tmp_path, monkeypatch, words, said
):
    monkeypatch.chdir(tmp_path)
    Path("empty.csv").write_text("ID,Name\n")
    code, told = type_in(*words)
    assert code == 1 and told.count("\n") == 1 and re.search(said, told)
    assert "Errno" not in told and not (course.root / "roster.csv").exists()


def test_collect_names_whom_it_tells_of_and_how_the_roster_fits(type_in, course, tmp_path):
    for name, content in (("Ida_110", '{"cells": [1,'), ("Zoe_7", text(released(course)))):
        (tmp_path / f"{name}_assignsubmission_file_toy.ipynb").write_text(content)
    (tmp_path / "r.csv").write_text("ID,Name\n110,Ida\n9,Ben\n")
    _, said = type_in("collect", "toy", tmp_path, "--roster", tmp_path / "r.csv")
    assert "  7 (Zoe): not answered" in said and "  110 (Ida): " in said
    assert "it was cut off on its way, or damaged\n" in said  # and no line and column
    assert "  1 who handed in and are not in the roster: 7 (Zoe)\n" in said
    _, said = type_in("status", "toy")
    assert said.count("it was cut off") == 1 and "not in the roster: 7 (Zoe)" in said
    (tmp_path / "m.csv").write_text("Identifier,Full name,Grade\nParticipant 110,Ida,\n")
    words = ["--lms", "moodle", "--roster", tmp_path / "m.csv", "--out", tmp_path / "o.csv"]
    _, said = type_in("export", "toy", *words)
    assert "0 marks written, 1 unreadable (left empty)\n" in said
    assert f"  not in {tmp_path / 'm.csv'}, so left out: 7 (Zoe)\n" in said
    total = write_totals(course).read_text()
    assert "<td>unreadable</td><td>–</td>" in total  # and no zero


def test_feedback_says_whom_it_leaves_out(type_in, course, tmp_path):
    moodle = [f"{name}_assignsubmission_file_toy.ipynb" for name in ("Ida_110", "Kim_112")]
    for name in (*moodle, "toy (1).ipynb"):
        (tmp_path / name).write_text(text(solution(course)))
    (course.root / "names.csv").write_text("file,student\ntoy (1).ipynb,104\n")
    (course.root / "roster.csv").write_text("ID,Name\n104,Dan\n110,Ida\n112,Kim\n")
    type_in("collect", "toy", tmp_path)
    _, said = type_in("feedback", "toy", "--zip", "moodle")
    assert "not in it (no file that counts came by moodle): 104 (Dan)\n" in said
    assert "  2 of the pages are not finished\n" in said


@pytest.mark.parametrize("command", ["export", "feedback", "grade"])
def test_a_damaged_release_is_named(course, type_in, command):
    course.release("toy").write_text("{")
    code, said = type_in(command, "toy")
    assert code == 1 and "toy.ipynb is damaged" in said and said.count("\n") == 1


@pytest.mark.slow
def test_grade_says_whom_it_left_to_a_person_and_fails(course, type_in, handed_in):
    course.record("toy", "ada").unlink()
    with faked(with_fault):
        code, said = type_in("grade", "toy", "--no-sandbox")
    assert code == 1 and "1 graded in part" in said
    assert "ada: graded, but square waits for a person: the values: KeyError: 'x'" in said
    assert type_in("grade", "toy", "--no-sandbox") == (0, mock.ANY)


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_gradebook_is_named(course, type_in, content):
    (course.root / "gradebook.db").write_bytes(content)
    code, said = type_in("export", "toy", "--out", course.root / "g.csv")
    assert code == 1 and "the gradebook" in said and said.count("\n") == 1


def test_a_gradebook_with_a_damaged_page_is_named(course, handed_in, type_in):
    path = course.root / "gradebook.db"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    code, said = type_in("export", "toy", "--out", course.root / "g.csv")
    assert code == 1 and "the gradebook" in said and said.count("\n") == 1


def test_files_that_cannot_be_written_or_read(course, handed_in, type_in, tmp_path):
    odd = tmp_path / "odd"
    odd.write_bytes(b"\xa4\xff")
    for words in (
        ["export", "toy", "--out", tmp_path],
        ["export", "toy", "--out", odd / "g.csv"],
        ["grade", "toy", "--student", f"@{odd}"],
        ["collect", "toy", ""],
    ):
        code, said = type_in(*words)
        assert code in (1, 2) and said.strip() and "Traceback" not in said, words
    assert not list(tmp_path.parent.glob("*.unfinished"))
    code, said = type_in("collect", "toy", handed_in, root=odd)
    assert code == 1 and said.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("toy.md", "---\nclassroom: [\n---\n", "toy.md, 'classroom:'"),
        ("toy.md", "---\nclassroom: [1]\n---\n", "toy.md, 'classroom:'"),
        ("checks.py", "TASKS = {", "checks.py cannot be used: SyntaxError"),
        ("checks.py", "x = 1", "checks.py has no TASKS"),
    ],
)
def test_a_teachers_slip_is_named(
    course, type_in, tmp_path, monkeypatch, file, content, said
):
    shutil.copytree(TOY, tmp_path / "mine" / "toy")
    (tmp_path / "mine" / "toy" / file).write_text(content)
    object.__setattr__(course, "assignments", (tmp_path / "mine",))
    code, words = type_in("release", "toy", "--no-sandbox")
    assert code == 1 and said in words and "Traceback" not in words


def test_marks_of_an_earlier_file_are_not_handed_out_as_those_of_a_newer(
    course, toy, handed_in, tmp_path
):
    assert results(course, toy)[0].status == "pending"
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "ada.ipynb").write_text(text(edited(solution(course), square="# newer")))
    collect(course, toy, newer)
    (ada,) = results(course, toy)
    assert (ada.status, ada.tasks) == ("not graded", []) and "run 'grade'" in ada.reason
    fake_grade(course, toy)
    assert results(course, toy)[0].status == "pending"


@pytest.mark.parametrize("content", ["[]", "{}", "null", "7"])
def test_a_record_that_is_none_is_made_again(course, toy, handed_in, content):
    course.record("toy", "ada").write_text(content)
    assert results(course, toy)[0].status == "not graded"
    assert fake_grade(course, toy) == {"ada": "graded"}


@pytest.mark.slow
@pytest.mark.parametrize("graded", [False, True])
def test_a_task_that_came_later(course, toy, handed_in, tmp_path, graded):
    """Before grading it asks to collect again. After it, nbgrader cannot: seen to delete
    the release."""
    if not graded:
        (course.root / "gradebook.db").unlink()
        make_release(course, toy)
    release = course.release("toy").read_text()
    shutil.copytree(TOY, tmp_path / "mine" / "toy")
    markdown = tmp_path / "mine" / "toy" / "toy.md"
    checks = markdown.with_name("checks.py")
    cube = "\n```{code-cell} ipython3\n:test: cube\n\nprint(1)\n```\n"
    markdown.write_text(markdown.read_text() + cube)
    checks.write_text(checks.read_text() + "\nTASKS['cube'] = TASKS['square']\n")
    anew = Course(course.root, (tmp_path / "mine",))
    toy = anew.assignment("toy")
    if graded:
        with pytest.raises(ClassroomError, match="other marked cells .cube-test."):
            make_release(anew, toy)
        assert course.release("toy").read_text() == release
        return
    make_release(anew, toy)
    outcome = fake_grade(anew, toy, work)
    assert "collected before toy had cube-test" in outcome["ada"]
    collect(anew, toy, handed_in)
    assert fake_grade(anew, toy, _as_cube) == {"ada": "graded"}
    names = [task.name for task in results(anew, toy)[0].tasks]
    assert names == ["square", "root", "by-hand", "why", "cube"]


def _as_cube(submission, sandboxed) -> None:
    fake_work(submission, sandboxed)
    path = submission.course.record("toy", "ada")
    record = json.loads(path.read_text())
    record["marks"]["cube-test"] = record["marks"]["square-test"]
    path.write_text(json.dumps(record))
