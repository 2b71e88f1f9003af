"""What leaves the course again: feedback pages, CSV, the columns of the platforms."""

import csv
import io
import os
from dataclasses import replace
from datetime import UTC, datetime

import nbformat
import pytest

from classroom.collect import collect
from classroom.course import ClassroomError
from classroom.export import write_export
from classroom.feedback import write_feedback
from classroom.gradebook import open_gradebook

from .conftest import released, solution, text
from .fakes import fake_grade

NAMES = ["Ada L_1", "O'Neil, Jr._2", "=1+1_3", "Dee Unreadable_4"]


@pytest.fixture
def graded(course, tmp_path):
    toy = course.assignment("toy")
    uploads = tmp_path / "uploads"
    for name in NAMES:
        file = uploads / f"{name}_assignsubmission_file_" / "toy.ipynb"
        file.parent.mkdir(parents=True)
        file.write_text("{" if "Unreadable" in name else text(solution(course)))
    collect(course, toy, uploads)
    fake_grade(course, toy)
    return course


def give_by_hand(course, student: str, points: float) -> None:
    with open_gradebook(course) as gradebook:
        given = gradebook.find_grade("why", "toy", "toy", student)
        given.manual_score, given.needs_manual_grade = points, False
        gradebook.db.commit()


def rows(path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_the_csv_says_pending_and_unreadable_and_quotes_names(graded, tmp_path):
    give_by_hand(graded, "1", 2)
    toy = graded.assignment("toy")
    write_export(graded, toy, tmp_path / "g.csv")
    ada, oneil, formula, dee = rows(tmp_path / "g.csv")
    assert (ada["status"], ada["points"], ada["most"]) == ("graded", "7.5", "10")
    assert oneil["name"] == "O'Neil, Jr." and oneil["status"] == "pending"
    assert oneil["why (2)"] == "pending (0 so far)" and "why" in oneil["reason"]
    assert formula["name"] == "'=1+1"
    assert (dee["status"], dee["points"]) == ("unreadable", "") and dee["reason"]
    assert len(ada["file_sha256"]) == 64


def test_a_late_submission_is_late_in_the_csv(graded, tmp_path):
    write_export(graded, graded.assignment("toy"), tmp_path / "g.csv")
    assert float(rows(tmp_path / "g.csv")[0]["hours_late"]) > 0


@pytest.mark.slow
def test_a_late_penalty_is_a_share_for_each_day_begun(course, tmp_path):
    """The toy is due on 2026-01-01 at noon: in time, an hour late, two days and an hour."""
    toy = replace(course.assignment("toy"), late_penalty_per_day=0.1)
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    due = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
    hours = {"ada": -1, "ben": 1, "cy": 49, "dee": 24 * 30}
    for student, late in hours.items():
        path = uploads / f"{student}.ipynb"
        path.write_text(text(solution(course)))
        os.utime(path, (due + 3600 * late,) * 2)
    collect(course, toy, uploads)
    fake_grade(course, toy)
    for student in hours:
        give_by_hand(course, student, 2)
    assert fake_grade(course, toy, again=True) == dict.fromkeys(hours, "graded")
    write_export(course, toy, tmp_path / "g.csv")
    got = {row["student"]: row for row in rows(tmp_path / "g.csv")}
    # 7.5 points, of which a tenth goes each day, and never more than all
    assert {s: float(r["penalty"]) for s, r in got.items()} == pytest.approx(
        {"ada": 0, "ben": 0.75, "cy": 3 * 0.75, "dee": 7.5}
    )
    assert {s: float(r["points"]) for s, r in got.items()} == pytest.approx(
        {"ada": 7.5, "ben": 6.75, "cy": 5.25, "dee": 0}
    )
    page = (write_feedback(course, toy)[1]).read_text()
    assert "0.75 points were taken off the 7.5 of the tasks" in page
    for said in ("Handed in 2026-01-01 13:00 UTC.", "Due 2026-01-01 12:00 UTC."):
        assert said in page


@pytest.mark.slow
def test_moodle_and_canvas_get_their_columns_and_no_pending_mark(graded, tmp_path):
    give_by_hand(graded, "1", 2)
    toy, out = graded.assignment("toy"), tmp_path / "g.csv"
    write_export(graded, toy, out, "moodle")
    grades = {row["Identifier"]: row["Grade"] for row in rows(out)}
    assert grades == {
        "Participant 1": "7.5", "Participant 2": "", "Participant 3": "",
        "Participant 4": "",
    }  # fmt: skip
    out = tmp_path / "canvas.csv"
    write_export(graded, toy, out, "canvas")
    assert [(row["ID"], row["toy"]) for row in rows(out)][:2] == [("1", "7.5"), ("2", "")]


@pytest.mark.slow
def test_a_roster_is_filled_in_and_otherwise_kept(graded, tmp_path):
    give_by_hand(graded, "1", 2)
    toy, out, roster = graded.assignment("toy"), tmp_path / "g.csv", tmp_path / "r.csv"
    roster.write_text(
        "Student,ID,Section,toy (77),other (78)\nPoints Possible,,,10,5\n"
        '"O\'Neil, Jr.",2,A,,3\nAda,1,A,,4\nNobody,9,B,1,\n'
    )
    write_export(graded, toy, out, "canvas", roster)
    filled = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert filled[2:] == [
        ["O'Neil, Jr.", "2", "A", "", "3"], ["Ada", "1", "A", "7.5", "4"],
        ["Nobody", "9", "B", "1", ""],
    ]  # fmt: skip
    with pytest.raises(ClassroomError, match="no column 'Identifier'"):
        write_export(graded, toy, out, "moodle", roster)
    with pytest.raises(ClassroomError, match="canvas, moodle"):
        write_export(graded, toy, out, "sakai")


def test_a_page_shows_points_and_escapes_what_was_typed(graded):
    with open_gradebook(graded) as gradebook:
        comment = gradebook.find_comment("why", "toy", "toy", "1")
        comment.manual_comment = "<script>alert(1)</script>"
        gradebook.db.commit()
    release = released(graded)
    heading = nbformat.v4.new_markdown_cell("## 1. A square (3 points)\n\nWrite it.")
    release.cells.insert(2, heading)
    graded.release("toy").write_text(text(release))
    pages = write_feedback(graded, graded.assignment("toy"))
    assert len(pages) == len(NAMES)
    page = (graded.root / "feedback" / "1" / "toy" / "toy.html").read_text()
    assert "5.5 of 10 points" in " ".join(page.split()) and "yet to read" in page
    assert '<span>1. A square <code class="quiet">square</code></span>' in page
    assert "<script>" not in page and "&lt;script&gt;" in page
    unreadable = (graded.root / "feedback" / "4" / "toy" / "toy.html").read_text()
    assert "could not be read" in unreadable


@pytest.mark.slow
def test_what_a_person_gave_outlives_grading_again(graded):
    give_by_hand(graded, "1", 2)
    toy = graded.assignment("toy")
    assert fake_grade(graded, toy, students=["1"], again=True) == {"1": "graded"}
    with open_gradebook(graded) as gradebook:
        given = gradebook.find_grade("why", "toy", "toy", "1")
        assert given.manual_score == 2
