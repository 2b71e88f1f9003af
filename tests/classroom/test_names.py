"""Nobody becomes somebody else: names of the platforms, of people, and what is asked."""

import zipfile
from datetime import UTC
from functools import partial

import pytest

from classroom.collect import collect
from classroom.late import Extensions
from classroom.platforms import by_name, by_platform
from classroom.records import everybody, teams
from classroom.roster import Roster

from .conftest import edited, released, solution, text


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("kim_2027_1_hw1.ipynb", "kim"),
        ("김민수_2027_1학기_hw1.ipynb", "김민수"),
        ("2027-spring-kim-hw1.ipynb", "kim"),
        ("minsu_2027_03_05.ipynb", "minsu"),
        ("kim 20270305 hw1.ipynb", "kim"),
        ("20271234_hw1.ipynb", "20271234"),
        ("20271234_김민수_hw1.ipynb", "20271234_김민수"),
        ("hw1-minsukim", "minsukim"),
        ("hw1_kim (2).ipynb", "kim"),
        ("kim_LATE_hw1_final.ipynb", "kim"),
        ("Ada Lovelace - hw1.ipynb", "Ada Lovelace"),
        ("hw1 (1).ipynb", ""),
        ("Copy of hw1.ipynb", ""),
        ("hw1의 사본.ipynb", ""),
    ],
)
def test_what_is_left_of_a_typed_name(name, student):
    assert by_name(name, "hw1") == student


@pytest.mark.parametrize(
    ("name", "platform", "student", "late"),
    [
        ("lovelaceada_LATE_4711_98765_hw1.ipynb", "canvas", "4711", True),
        ("Ada L_4711_assignsubmission_file_", "moodle", "4711", False),
        ("hw1_ada_attempt_2027-03-01-11-59-59_hw1.ipynb", "blackboard", "ada", False),
        ("15486-354 - Jane Doe - Sep 21, 2027 1203 PM", "brightspace", "15486", False),
        ("ada+hw1+2027-03-01 12:00:00.12 UTC+a1b", "exchange", "ada", False),
    ],
)
def test_names_of_platforms(name, platform, student, late):
    owner = by_platform([name], "hw1", UTC)
    assert (owner.platform, owner.student, owner.late) == (platform, student, late)
    assert bool(owner.time) == (platform in ("blackboard", "brightspace", "exchange"))


def taken(course, toy, tmp_path, names) -> tuple[list[str], list[str]]:
    """Who was recognised, and which files are open; each file is another."""
    uploads = tmp_path / "uploads"
    for n, name in enumerate(names):
        path = uploads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(edited(solution(course), square=f"# file {n}")))
    found = collect(course, toy, uploads)
    known = sorted(c.student for c in found if c.student)
    return known, sorted(c.path for c in found if not c.student)


def test_what_is_ambiguous_is_asked_and_the_answer_is_used(course, toy, tmp_path):
    names = ["kim_2027_1.ipynb", "kim_2027_2.ipynb", "lee.ipynb", "toy (1).ipynb"]
    open_ones = sorted(name for name in names if name != "lee.ipynb")
    assert taken(course, toy, tmp_path, names) == (["lee"], open_ones)
    asked = course.root / "names.csv"
    lines = asked.read_text(encoding="utf-8-sig").splitlines()
    assert sorted(line.split(",")[0] for line in lines[1:]) == open_ones
    asked.write_text("file,student\nkim_2027_1.ipynb,kim-a\nkim_2027_2.ipynb,kim-b\n"
                     "toy (1).ipynb,-\n")  # fmt: skip
    assert taken(course, toy, tmp_path, names) == (["kim-a", "kim-b", "lee"], [])


def test_copies_of_a_browser_are_one_student(course, toy, tmp_path):
    names = ["kim.ipynb", "kim (1).ipynb"]
    assert taken(course, toy, tmp_path, names) == (["kim"], [])


def test_a_roster_decides(course, toy, tmp_path):
    (course.root / "roster.csv").write_text(
        "학번,이름,email\n20271234,김민수,mkim@u.ac\n20271299,김민수,mk2@u.ac\n"
        "7,Ada Lovelace,al@u.ac\n",
        encoding="cp949",
    )
    roster = Roster.of(course.root)
    assert roster.find("김민수") is None and roster.find("mkim") == ("20271234", "김민수")
    ada = "7", "Ada Lovelace"
    assert roster.find("lovelace ada") == roster.find("lovelaceada") == ada
    names = ["20271234_김민수_toy.ipynb", "김민수.ipynb", "ada lovelace.ipynb"]
    names.append("nobody.ipynb")
    known, open_ones = taken(course, toy, tmp_path, names)
    assert known == ["20271234", "7"] and open_ones == ["nobody.ipynb", "김민수.ipynb"]


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_a_zip_that_does_not_say_how_it_writes_names(course, toy, tmp_path, encoding):
    class Unsaid(zipfile.ZipInfo):
        __slots__ = ()

        def _encodeFilenameFlags(self):  # noqa: N802
            return self.filename.encode(encoding), self.flag_bits & ~0x800

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("김민수_toy.ipynb", "이지은_toy.ipynb"):
            archive.writestr(Unsaid(name), text(solution(course)))
    found = collect(course, toy, tmp_path / "all.zip")
    assert [c.student for c in found] == ["김민수", "이지은"]
    assert all("the same file" in c.odd[0] for c in found)


def test_what_is_no_answer_is_said(course, toy, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "ada.ipynb").write_text(text(released(course)))
    (uploads / "ben.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5}')
    other = '{"cells": [{"cell_type": "code", "source": "def other(): pass"}]}'
    (uploads / "cy.ipynb").write_text(other)
    ada, ben, cy = collect(course, toy, uploads)
    assert "not answered" in ada.notes[0] and "is empty" in ben.fault
    assert "nothing in it is of toy" in cy.fault


ROSTER = "ID,Name\n104,Dan Forgets\n112,Kim Plain-Names\n113,Dan Absent\n109,\n,Eve\n"


@pytest.mark.parametrize("roster", [ROSTER, ""])
@pytest.mark.parametrize(
    ("typed", "student", "said"),
    [
        ("104", "104", ""),
        ("Dan Forgets", "104", ""),  # as `status` shows it
        ("Kim Plain-Nmaes", "", "is it 112 (Kim Plain-Names)?"),
        ("Dan", "", "104 (Dan Forgets) or 113 (Dan Absent)?"),
        ("Nobody", "", "no student is called 'Nobody'. Write the number"),
    ],
)
def test_names_csv_makes_no_second_student(
    course, toy, tmp_path, roster, typed, student, said
):
    (course.root / "roster.csv").write_text(roster)
    moodle = "Dan Forgets_104_assignsubmission_file_/toy.ipynb"
    assert taken(course, toy, tmp_path, [moodle]) == (["104"], [])
    (course.root / "names.csv").write_text(f"file,student\ntoy (1).ipynb,{typed}\n")
    uploads = tmp_path / "by mail"
    uploads.mkdir()
    (uploads / "toy (1).ipynb").write_text(text(solution(course)))
    (found,) = collect(course, toy, uploads)
    assert found.student == student and (said in found.fault or not roster)
    assert [folder.name for folder in (course.root / "submitted").iterdir()] == ["104"]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("toy_dan.ipynb", "no student of the roster is called 'dan'; is it "
                          "104 (Dan Forgets) or 113 (Dan Absent)?"),
        ("toy_zoe.ipynb", "no student of the roster is called 'zoe'"),
        ("Kim.ipynb", "'Kim' may be 1 (Kim) or 2 (Kim)"),
    ],
)  # fmt: skip
def test_what_is_asked_says_who_may_be_meant(course, toy, tmp_path, file, said):
    (course.root / "roster.csv").write_text(f"{ROSTER}1,Kim\n2,Kim\n")
    (tmp_path / file).write_text(text(solution(course)))
    assert said in [c.fault for c in collect(course, toy, tmp_path)]


def test_a_name_in_the_small_files_is_the_student_of_the_roster(course):
    (course.root / "roster.csv").write_text(ROSTER)
    (course.root / "teams.csv").write_text("student,team\nDan Forgets,red\n113,red\n")
    kim = "kim plain-names,*,never late"
    (course.root / "extensions.csv").write_text(f"student,assignment,until\n{kim}\n")
    people = partial(everybody, course.root)
    assert teams(course.root, people) == {"104": "red", "113": "red"}
    assert list(Extensions.of(course.root).said) == [("112", "*")]


def test_a_roster_that_does_not_fit_says_so(course):
    (course.root / "roster.csv").write_text(f"{ROSTER}113,Dan Absent\n")
    assert Roster.of(course.root).misfits({"104": "Dan Forgets", "7": "O'Neil"}) == [
        "1 who handed in and are not in the roster: 7 (O'Neil)",
        "1 in the roster without a name: 109",
        "1 in the roster without a number, and left out: Eve",
        "1 more than once in the roster: 113",
    ]
