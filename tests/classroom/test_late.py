"""How late something is and what it costs: one rule, applied when marks are read."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from classroom.collect import collect
from classroom.course import Assignment, ClassroomError, read_assignment
from classroom.desk import choose, remember, status_lines, undo
from classroom.late import NEVER, Extensions, lateness
from classroom.results import results

from .conftest import edited, solution, text
from .fakes import fake_grade
from .test_results import give_by_hand

DUE = datetime(2026, 1, 1, 12, tzinfo=UTC)
HW = Assignment("toy", Path(), due="2026-01-01 12:00:00 UTC", late_penalty_per_day=0.1)


def at(**late: float) -> float:
    return (DUE + timedelta(**late)).timestamp()


@pytest.mark.parametrize(
    ("time", "options", "days", "share"),
    [
        (at(hours=-1), {}, 0, 0.0),
        (at(seconds=1), {}, 0, 0.0),  # within the minutes of grace
        (at(minutes=6), {}, 1, 0.1),
        (at(hours=25), {}, 2, 0.2),
        (at(days=30), {}, 30, 1.0),
        (at(hours=25), {"free_days": 1}, 2, 0.1),
        (at(hours=25), {"until": DUE + timedelta(days=2)}, 0, 0.0),
        (at(hours=25), {"until": NEVER}, 0, 0.0),
        (0.0, {}, 0, 0.0),  # nothing tells when
        (0.0, {"said_late": True}, 1, 0.1),
    ],
)
def test_the_rule(time, options, days, share):
    late = lateness(HW, time, **options)
    assert (late.days, late.share) == (days, pytest.approx(share))
    assert bool(late.word) == bool(days)
    assert not lateness(replace(HW, due=""), time, **options).days


def test_extensions_stand_in_a_small_file(tmp_path):
    path = tmp_path / "extensions.csv"
    path.write_text(
        "student,assignment,until,note\nada,toy,2026-01-03 12:00 Asia/Seoul,ill\n"
        "ben,*,+2 days,\ncy,toy,never late,\n"
    )
    until = Extensions.of(tmp_path).until
    assert until(HW, "ada") == datetime(2026, 1, 3, 12, tzinfo=ZoneInfo("Asia/Seoul"))
    assert until(HW, "ben") == DUE + timedelta(days=2)
    assert until(HW, "cy") == NEVER and until(HW, "dee") is None
    path.write_text("student,assignment,until\nada,toy,next week\n")
    with pytest.raises(ClassroomError, match="line 2.*never late"):
        Extensions.of(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("late_penalty_per_day: 10%", "write 0.1"),
        ("late_penalty_per_day: 10", "write 0.1 for ten per cent"),
        ("grace_minutes: soon", "is no number"),
        ("counts: last", "newest, newest on time, best"),
        ("uses: data", r"write \[data\]"),
        ("dew: 2026-01-01", "dew is none of"),
        ("limits: {second: 3}", "second is none of seconds_per_cell"),
    ],
)
def test_what_is_written_in_a_course_file_is_validated(tmp_path, line, said):
    (tmp_path / "toy.md").write_text(f"---\nclassroom:\n  {line}\n---\n# Toy\n")
    with pytest.raises(ClassroomError, match=said):
        read_assignment("toy", tmp_path)


def hand_in(course, toy, tmp_path, name: str, when: float, source: str) -> None:
    folder = tmp_path / f"at-{when}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text(edited(solution(course), square=source)))
    os.utime(folder / name, (when, when))
    collect(course, toy, folder)


def test_a_class_is_moved_by_a_day_and_nothing_is_graded_again(course, tmp_path):
    """Hand marks, extensions and dates that come later count at once."""
    toy = replace(course.assignment("toy"), late_penalty_per_day=0.1)
    hand_in(course, toy, tmp_path, "ada.ipynb", at(hours=1), "# ada's")
    fake_grade(course, toy)
    assert results(course, toy)[0].penalty == pytest.approx(0.55)
    give_by_hand(course, "ada", 2)
    (ada,) = results(course, toy)
    assert (ada.status, ada.penalty) == ("graded", pytest.approx(0.75))
    moved = replace(toy, due="2026-01-02 12:00:00 UTC")
    assert moved.version == toy.version and results(course, moved)[0].penalty == 0
    assert fake_grade(course, moved) == {"ada": "up to date"}
    path = course.root / "extensions.csv"
    path.write_text("student,assignment,until\nada,toy,+2 hours\n")
    (ada,) = results(course, toy)
    assert (ada.penalty, ada.points) == (0, 7.5)
    # graded again, the hand mark stays and does not wait
    assert fake_grade(course, toy, again=True) == {"ada": "graded"}
    assert results(course, toy)[0].status == "graded"


def test_which_file_counts_and_back_again(course, toy, tmp_path):
    """A worse late file, the rule, a choice by hand, and undo."""
    hand_in(course, toy, tmp_path, "ada.ipynb", at(hours=-1), "# in time")
    remember(course, "toy", "collect late")
    hand_in(course, toy, tmp_path, "ada.ipynb", at(days=2), "# late")

    def counts() -> str:
        return course.submitted("toy", "ada").read_text()

    assert "# late" in counts()
    listed = choose(course, toy, "ada")
    assert listed.count("ada.ipynb") == 2 and listed.endswith("<- counts")
    choose(course, toy, "ada", "1")
    assert "# in time" in counts()
    assert undo(course, "toy") == "choose ada 1" and "# late" in counts()
    assert undo(course, "toy") == "collect late" and "# in time" in counts()
    with pytest.raises(ClassroomError, match="nothing to undo"):
        undo(course, "toy")
    on_time = replace(toy, counts="newest on time")
    hand_in(course, on_time, tmp_path, "ada.ipynb", at(days=2), "# late")
    assert "# in time" in counts()
    (course.root / "extensions.csv").write_text(
        "student,assignment,until\nada,toy,never late\n"
    )
    fake_grade(course, on_time)
    assert "# late" in counts()
    assert any(line.startswith("ada") for line in status_lines(course, on_time))
    choose(course, on_time, "ada", "none")
    assert results(course, on_time) == []
    remember(course, "toy", "collect")
    hand_in(course, on_time, tmp_path, "ben.ipynb", at(hours=-1), "# in time")
    undo(course, "toy")
    assert not list((course.root / "submitted").iterdir())
