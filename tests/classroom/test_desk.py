"""A teacher's day between collect and export, on one class that is graded once."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from classroom.author import new_assignment, read_source
from classroom.checks import Item
from classroom.collect import collect
from classroom.course import ClassroomError, Course
from classroom.desk import misfits, one_student, status_lines
from classroom.export import write_export
from classroom.feedback import pack_feedback, write_feedback
from classroom.grade import grade
from classroom.gradebook import open_gradebook
from classroom.guard import COMMANDS, guard
from classroom.records import read_record
from classroom.report import Spread, hardest, write_report, write_totals
from classroom.results import results
from classroom.rubric import rubric_path, write_rubric
from classroom.similar import fingerprints

from .conftest import TOY, copy_of, edited, solution, text
from .fakes import fake_grade
from .test_results import give_by_hand

NAMES = ["Ada L_101", "Ben M_102", "Cy N_103"]


@pytest.fixture(scope="module")
def graded(toy_release, tmp_path_factory):
    root = tmp_path_factory.mktemp("desk")
    course = copy_of(toy_release, root)
    for n, name in enumerate(NAMES):
        file = root / "uploads" / f"{name}_assignsubmission_file_" / "toy.ipynb"
        file.parent.mkdir(parents=True)
        file.write_text(text(edited(solution(course), why=f"Because of {n}.")))
    collect(course, course.assignment("toy"), root / "uploads")
    fake_grade(course, course.assignment("toy"))
    return course


@pytest.fixture
def toy(graded):
    """The assignment; what a test wrote into the course's small files is gone again."""
    yield graded.assignment("toy")
    for name in ("roster.csv", "teams.csv", "extensions.csv", "rubric/toy.csv"):
        (graded.root / name).unlink(missing_ok=True)


def test_status_says_who_is_open_and_who_is_missing(graded, toy):
    (graded.root / "roster.csv").write_text("ID,Name\n101,Ada L\n999,Zoe Late\n")
    lines = status_lines(graded, toy)
    ada = next(line for line in lines if line.startswith("101"))
    assert "5.5 so far, of 10" in ada and "to grade by hand: why" in ada
    assert any(line.startswith("999") and "nothing" in line for line in lines)
    assert (
        lines[-1]
        == "3 handed in, 3 with something pending, 1 of the roster handed in nothing"
    )
    assert one_student(graded, "toy", "ben").student == "102"
    assert "2 who handed in and are not in the roster: 102 (Ben M), 103 (Cy N)" in lines
    with pytest.raises(ClassroomError, match="nothing was collected from en"):
        one_student(graded, "toy", "en")  # of Ben


def test_an_extension_is_given_by_name_also_without_a_roster(graded, toy):
    (graded.root / "extensions.csv").write_text(
        "student,assignment,until\nBen M,*,never late\nEve,toy,+2 days\n"
    )
    found = {r.student: r for r in results(graded, toy)}
    assert found["101"].late.word and not found["102"].late.word
    said = "in extensions.csv, but no student of this class: 'Eve'"
    assert misfits(graded, [*found.values()]) == [said]


def test_feedback_goes_back_under_the_names_of_the_platform(graded, toy):
    assert len(write_feedback(graded, toy)) == 3
    for how, name in (
        ("moodle", "Ada L_101_assignsubmission_file_/toy.html"),
        ("plain", "101_toy.html"),
    ):
        path, packed, left_out = pack_feedback(graded, toy, how)
        with zipfile.ZipFile(path) as archive:
            assert len(packed) == 3 and not left_out and name in archive.namelist()
            assert b"5.5 of 10" in b" ".join(archive.read(name).split())
    with pytest.raises(ClassroomError, match="no upload of toy has a name of canvas"):
        pack_feedback(graded, toy, "canvas")
    with pytest.raises(ClassroomError, match="ZIP is one of plain"):
        pack_feedback(graded, toy, "sakai")


def test_a_rubric_is_ticked_and_changes_for_all_at_once(graded, toy):
    path = write_rubric(graded, toy)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert rows[0][2:] == ["answer: why", "why: says because (1.5)", "why: more (0.5)",
                           "comment: why"]  # fmt: skip
    assert rows[1][2] == "Because of 0."
    rows[1][3], rows[2][3], rows[2][4], rows[2][5] = "x", "x", "x", "Well said."
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    ada, ben, cy = results(graded, toy)
    assert (ada.points, ben.points, cy.status) == (7.0, 7.5, "pending")
    assert ben.tasks[-1].comment == "Well said." and ben.status == "graded"
    assert write_rubric(graded, toy) == rubric_path(graded, "toy")
    assert results(graded, toy)[1].points == 7.5  # what was ticked stays
    toy.checks.RUBRIC["why"][0] = Item("says because", 1.0)
    assert results(graded, toy)[0].points == 6.5


def test_a_team_hands_in_once_and_each_has_the_mark(graded, toy):
    (graded.root / "teams.csv").write_text("student,team\n101,red\n777,red\n")
    (graded.root / "extensions.csv").write_text("student,assignment,until\n777,*,never\n")
    found = {r.student: r for r in results(graded, toy)}
    assert found["777"].by == "101" and found["777"].tasks == found["101"].tasks
    assert not found["777"].late.word and "for the team red" in found["777"].notes[-1]


def test_a_report_shows_the_class_and_escapes_what_was_typed(graded, toy):
    (graded.root / "roster.csv").write_text("ID,Name\n999,Zoe\n")
    page = write_report(graded, toy).read_text()
    assert "1 of the roster handed in nothing: Zoe." in page
    assert "Hardest so far: <strong>by-hand</strong>, 0% of its points (3 marked)" in page
    assert "<svg" in page and "<script" not in page
    assert "Ada L" in write_totals(graded).read_text()


def test_the_hardest_task_is_not_named_from_few_marks():
    known, few = Spread("known", 4, [3.0] * 4), Spread("few", 4, [0.0] * 4, pending=7)
    assert hardest([few, known]) is known and hardest([few]) is None
    assert hardest([Spread("none", 4, [])]) is None


def test_similar_work_is_that_with_other_names():
    work = "def f(x):\n    total = 0\n    for a in x:\n        total = total + a * a\n"
    work += "    return total / len(x) if len(x) > 3 else None\n"
    renamed = work.replace("total", "s").replace("a * a", "b * b").replace("for a", "for b")
    assert fingerprints(work) == fingerprints(renamed) != set()
    assert not fingerprints(work) & fingerprints("import math\nprint(math.pi, [1, 2, 3])")


MOODLE = "식별번호,성명,성적,최종 수정 (성적),피드백 댓글\n참여자 101,Ada,,-,Well done\n"
MOODLE += "참여자 102,Ben,,-,\n"


def filled(graded, toy, lms: str, roster: str, encoding: str = "utf-8") -> list[list[str]]:
    path, out = graded.root / "r.csv", graded.root / "o.csv"
    path.write_bytes(roster.encode(encoding))
    write_export(graded, toy, out, lms, path)
    return list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))


def test_only_its_own_column_changes_in_any_language(graded, toy, tmp_path):
    graded = copy_of(graded, tmp_path)  # other tests read the marks without these
    for student in ("101", "102"):
        give_by_hand(graded, student, 2)
    for encoding in ("utf-8", "cp949"):
        rows = filled(graded, toy, "moodle", MOODLE, encoding)
        assert rows[1] == ["참여자 101", "Ada", "7.5", "-", "Well done"]
    canvas = "Student,ID,Section,Exercise: toy (9),toys (7),adjust (8)\nAda,101,S,,,-2.5\n"
    assert filled(graded, toy, "canvas", canvas)[1] == [
        "Ada",
        "101",
        "S",
        "7.5",
        "",
        "-2.5",
    ]
    board = '"Last Name","Username","toy [Total Pts: 10 Score] |77"\n"L","101",""\n'
    assert filled(graded, toy, "blackboard", board)[1] == ["L", "101", "7.5"]
    bright = "OrgDefinedId,toy Points Grade <Numeric>,End-of-Line Indicator\n#101,,#\n"
    assert filled(graded, toy, "brightspace", bright)[1] == ["#101", "7.5", "#"]
    with pytest.raises(ClassroomError, match="has no column for toy"):
        filled(graded, toy, "canvas", "Student,ID,other (9)\nAda,101,\n")
    out = graded.root / "new.csv"
    write_export(graded, toy, out, "moodle")
    assert "Last modified (grade)" in out.read_text("utf-8-sig")
    with pytest.raises(ClassroomError, match="r.csv is there, and is no table of marks"):
        write_export(graded, toy, graded.root / "r.csv")
    path = graded.root / "r.csv"
    path.write_text("Student,ID,toy (10)\nAda,101,\n")
    there, absent = write_export(graded, toy, out, "canvas", path)
    assert [r.student for r in there] == ["101"] and [r.student for r in absent] == [
        "102",
        "103",
    ]


def test_what_something_else_wrote_is_noticed_and_not_exported(graded, toy):
    with open_gradebook(graded) as gradebook:
        grade = gradebook.find_grade("square-test", "toy", "toy", "103")
        grade.auto_score = 0.0
        gradebook.db.commit()
    cy = results(graded, toy)[2]
    assert cy.status == "not graded" and "something else" in cy.reason
    assert fake_grade(graded, toy)["103"] == "graded"
    assert results(graded, toy)[2].status == "pending"


@pytest.mark.slow
def test_the_buttons_of_formgrader_name_our_commands(graded, monkeypatch):
    config = (graded.root / "nbgrader_config.py").read_text()
    assert "guard()" in config and config.index("guard()") < config.index("c.Course")
    script = (
        "import sys; sys.argv = ['jupyter-lab']\n"
        "from classroom.guard import guard\nguard()\n"
        "from nbgrader.apps.api import NbGraderAPI as A\n"
        "for name in ('autograde', 'generate_assignment', 'generate_feedback'):\n"
        "    print(getattr(A, name)(None, 'hw1', 'kim')['error'])\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    for command in ("make grade", "make release", "make feedback"):
        assert f"{command} ASSIGNMENT=hw1" in run.stdout, run.stderr
    for command in COMMANDS:
        monkeypatch.setattr(sys, "argv", ["nbgrader", command, "hw1", "--force"])
        with pytest.raises(SystemExit, match="ASSIGNMENT=hw1"):
            guard()


def test_a_new_assignment_works(tmp_path):
    course = Course(tmp_path / "course", (tmp_path / "mine",))
    folder = new_assignment(course, "hw6")
    assert sorted(p.name for p in folder.iterdir()) == ["checks.py", "hw6.md"]
    notebook = read_source(course.assignment("hw6"))
    assert {"first", "first-test", "why"} <= {
        c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells
    }
    with pytest.raises(ClassroomError, match="is there already"):
        new_assignment(course, "hw6")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION\n\n",
         "    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION\n\n\n"
         "def half(x):\n    return x / 2\n\n"),
        (":given: setup\n\nimport math", "import math\n\ndef square(x):\n    return x * x"),
    ],
)  # fmt: skip
def test_a_release_never_shows_half_a_solution(tmp_path, old, new):
    (tmp_path / "toy").mkdir()
    text = (
        (TOY / "toy.md")
        .read_text()
        .replace(
            "    return x * x\n    ### END SOLUTION\n",
            "    return x * x\n    ### END SOLUTION\n\n",
        )
    )
    assert old in text
    (tmp_path / "toy" / "toy.md").write_text(text.replace(old, new, 1))
    (tmp_path / "toy" / "checks.py").write_text((TOY / "checks.py").read_text())
    course = Course(tmp_path / "course", (tmp_path,))
    with pytest.raises(ClassroomError, match="would be handed out with its solution"):
        read_source(course.assignment("toy"))


@pytest.mark.slow
def test_check_py_says_what_is_missing_and_runs_the_examples(graded, tmp_path):
    """Where a student works: nothing but the zip, and no secret."""
    with zipfile.ZipFile(graded.release("toy").with_suffix(".zip")) as archive:
        archive.extractall(tmp_path)
    notebook = nbformat.read(tmp_path / "toy.ipynb", 4)
    done = edited(notebook, square="def square(x):\n    return x * x",
                  by_hand=r"$$(a + b)^2 = \frac{1}{$$")  # fmt: skip
    (tmp_path / "mine.ipynb").write_text(text(done))
    sheet = json.loads((tmp_path / "sheet.json").read_text())
    sheet["seconds_per_cell"] = 0  # all are too slow
    (tmp_path / "sheet.json").write_text(json.dumps(sheet))
    run = subprocess.run(
        [sys.executable, "check.py", "mine.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "Not answered yet: root, why." in run.stdout, run.stderr
    assert "NotImplementedError" not in run.stdout
    assert "The cell square-test takes" in run.stdout
    assert "The cell setup" not in run.stdout  # it is ours: nothing to mend
    assert "square-test, on the examples" in run.stdout and "gives" in run.stdout
    assert "by-hand: this is not understood yet" in run.stdout
    (tmp_path / "mine.ipynb").write_text("{")
    run = subprocess.run(
        [sys.executable, "check.py", "mine.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "no notebook that can be read" in run.stderr and run.returncode == 1


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
def test_what_the_machine_did_costs_nobody_a_mark(toy_release, tmp_path):
    """Much output, a slow demo, an editor's habits, a skipped cell: one run of four."""
    course = copy_of(toy_release, tmp_path)
    toy, plain = course.assignment("toy"), solution(course)
    loud = "def square(x):\n    from IPython.display import display\n"
    loud += "    for _ in range(150): display({'image/png': 'A' * 20_000}, raw=True)\n"
    loud += "    print('y' * 200_000)\n    return x * x"
    colab = "from google.colab import drive\ndrive.mount('/content/drive')\n"
    colab += "import no_such_module\nimport math\n%matplotlib widget"
    demo = "def square(x):\n    return x * x\nwhile True: pass"
    killed = "import os\nif not os.path.exists('/work/x'): pass\n"
    killed += "def square(x):\n    os.kill(os.getpid(), 9)"
    made = {
        "loud": edited(plain, square=loud),
        "colab": edited(plain, setup=colab),
        "demo": edited(plain, square=demo),
        "killed": edited(plain, square=killed),
    }
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for name, notebook in made.items():
        (uploads / f"{name}.ipynb").write_text(text(notebook))
    collect(course, toy, uploads)
    grade(course, toy)
    for name in made:
        mark = read_record(course, "toy", name)["marks"]["square-test"]
        wanted = (0.0, True) if name == "killed" else (3.0, False)
        assert (mark["points"], mark["pending"]) == wanted, (name, mark["lines"])
    assert "timeout" in read_record(course, "toy", "demo")["cells"].values()
    page = Path(course.root / "autograded" / "killed" / "toy" / "toy.ipynb").read_text()
    assert "The machine: 0 of 3 points for square" in json.loads(json.dumps(page))
