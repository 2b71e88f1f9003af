"""An error of ours becomes no mark: it waits for a person, and the teacher is told."""

import mmap
import os
import random
import resource
from types import SimpleNamespace

import pytest

from classroom import judge, probe
from classroom.checks import Derivation, Property, Shows, Task, Wrong
from classroom.collect import collect
from classroom.course import Course
from classroom.grade import work
from classroom.judge import cases_of, judge_derivation, judge_task
from classroom.records import read_record, upload_path
from classroom.results import results
from classroom.sandbox import CellRun
from classroom.stages import stages_of

from .conftest import TOY, solution, text
from .fakes import fake_grade, fake_work, with_fault

SQUARE = Derivation("(a + b)^2", "a^2 + 2 a b + b^2", points=2, min_steps=2)
RIGHT = "$$(a + b)^2 = (a + b)(a + b) = a^2 + a b + b a + b^2 = a^2 + 2 a b + b^2$$"


def no_value(answers) -> None:
    raise Wrong("no value is right")


def broken(answers) -> None:
    answers[0].no_such_name  # noqa: B018


def answered(*values: object) -> CellRun:
    message = {"task": "square", "answers": [{"value": value} for value in values]}
    output = {"output_type": "display_data", "data": {probe.MIME: message}}
    return CellRun("ok", [output])


def test_a_check_that_breaks_costs_no_points_for_good():
    task = Task(
        lambda rng: [{"x": 2}],
        [
            Property("fine", 1, len),
            Property("wrong", 2, no_value),
            Property("bug", 4, broken),
        ],
    )
    mark = judge_task("square", task, task.cases(random.Random(0)), answered(4))
    assert (mark.points, mark.most, mark.pending) == (1, 7, True)
    assert [line.message for line in mark.lines] == [
        "", "no value is right", "could not be judged (AttributeError): a person will look",
    ]  # fmt: skip
    assert mark.fault.startswith("bug: AttributeError: ") and "Traceback" in mark.fault
    fine = judge_task(
        "square", Task(task.cases, task.properties[:2]), [{"x": 2}], answered(4)
    )
    assert (fine.pending, fine.fault) == (False, "")


def test_a_task_that_was_left_out_is_not_answered():
    """Seen: 'your function raised NotImplementedError:', with a hint that scolds."""
    left_out = answered(4)
    data = left_out.outputs[0]["data"][probe.MIME]
    data["answers"] = [{"raised": "NotImplementedError", "message": ""}]
    number = Property("n", 1, lambda answers: answers[0].tensor(hint="Look at the log."))
    task = Task(lambda rng: [{"x": 2}], [number])
    mark = judge_task("square", task, task.cases(random.Random(0)), left_out)
    assert [(line.message, line.case) for line in mark.lines] == [("not answered", None)]


def test_a_value_of_lists_within_lists_is_wrong_and_no_fault():
    deep: list = []
    for _ in range(900):
        deep = [deep]
    task = Task(
        lambda rng: [{"x": 2}],
        [Property("a number", 1, lambda answers: answers[0].number())],
    )
    mark = judge_task("square", task, task.cases(random.Random(0)), answered(deep))
    assert (mark.points, mark.pending, mark.fault) == (0, False, "")
    assert "not a number" in mark.lines[0].message


def test_the_memory_that_a_process_has_already_is_not_the_derivations(monkeypatch):
    """A class is judged in a process that has loaded much."""
    limits, sent = {}, []
    monkeypatch.setattr(
        resource, "setrlimit", lambda what, most: limits.update({what: most})
    )
    before = judge._address_space()
    with mmap.mmap(-1, 6 << 30, prot=mmap.PROT_READ):
        judge._check(SimpleNamespace(send=sent.append), SQUARE, RIGHT.strip("$"))
    soft, hard = limits[resource.RLIMIT_AS]
    assert soft == hard >= before + (6 << 30) + judge.DERIVATION_BYTES
    (checked,) = sent
    assert checked.steps and all(ok for ok, _ in checked.steps) and not checked.error


def raises(*_, **__):
    raise AttributeError("a bug of ours")


def dies(*_, **__):
    os._exit(3)


def never_ends(*_, **__):
    while True:
        pass


@pytest.mark.parametrize(
    ("judge", "fault"),
    [(raises, "AttributeError: a bug of ours"), (dies, "exit code 3"), (never_ends, "")],
)
def test_a_judge_of_derivations_that_breaks_leaves_it_to_a_person(
    monkeypatch, judge, fault
):
    monkeypatch.setattr("derivations.check_derivation", judge)
    monkeypatch.setattr("classroom.judge.DERIVATION_SECONDS", 1)
    mark = judge_derivation("by-hand", SQUARE, RIGHT, "")
    assert mark.pending and mark.lines[0].message.startswith("It could not be judged")
    assert fault in mark.fault and bool(mark.fault) == bool(fault)
    assert ("in the time there is" in mark.lines[0].message) == (judge is never_ends)


def test_a_line_that_only_follows_a_wrong_one_is_not_called_wrong():
    chain = r"$$(a + b)^2 = (a + b)(a + b) = a^2 + 2 a b + 2 b^2 = a^2 + 2 a b + b^2$$"
    *_, slip, after = judge_derivation("square", SQUARE, chain, "").lines
    assert slip.message.startswith("wrong.") and "this line alone is wrong" in slip.message
    assert after.message.startswith("the line above is wrong; this one agrees")


def test_a_start_that_cannot_be_read_is_the_teachers_slip():
    slip = Derivation(r"\frac{", "1", points=2)
    mark = judge_derivation("by-hand", slip, RIGHT, "")
    assert mark.pending and mark.fault.startswith("The assignment itself is wrong")
    assert "closed" in mark.fault and "assignment" not in mark.lines[0].message


def test_a_case_that_is_no_input_is_not_blamed_on_a_function(monkeypatch):
    """ValueError is what many tasks ask for: the case itself must not raise it for them."""
    bad = {"x": [[1.0], [1.0, 2.0]]}  # rows of different lengths
    with pytest.raises(ValueError):
        cases_of(Task(lambda rng: [bad], []), seed=0)
    monkeypatch.setattr(probe, "given_cases", lambda task: [bad])
    with pytest.raises(ValueError):
        probe.probe("square", lambda x: x)


@pytest.fixture
def handed_in(course, toy, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "ada.ipynb").write_text(text(solution(course)))
    collect(course, toy, uploads)
    return course


def test_the_teacher_is_told_and_the_mark_waits(handed_in, toy):
    outcome = fake_grade(handed_in, toy, with_fault)
    assert outcome == {
        "ada": "graded, but square waits for a person: the values: KeyError: 'x'"
    }
    (ada,) = results(handed_in, toy)
    assert ada.status == "pending" and "square" in ada.reason


def test_a_test_that_checks_no_longer_know_earns_nothing_by_itself(handed_in, tmp_path):
    """Left to nbgrader, a test cell without a mark of ours has all its points."""
    checks = (TOY / "checks.py").read_text()
    (tmp_path / "mine" / "toy").mkdir(parents=True)
    for name, content in {
        "toy.md": (TOY / "toy.md").read_text(),
        "checks.py": checks + "\ndel TASKS['root']\n",
    }.items():
        (tmp_path / "mine" / "toy" / name).write_text(content)
    anew = Course(handed_in.root, (tmp_path / "mine",))
    outcome = fake_grade(anew, anew.assignment("toy"), work)
    assert "checks.py has no task for root-test" in outcome["ada"]
    assert results(anew, anew.assignment("toy"))[0].status == "not graded"


def without_root(submission, sandboxed) -> None:
    fake_work(submission, sandboxed)
    record = read_record(submission.course, "toy", submission.student)
    del record["marks"]["root-test"]
    submission.write(record)


def test_a_record_without_a_mark_is_not_filled_in_by_nbgrader(handed_in, toy):
    outcome = fake_grade(handed_in, toy, without_root)
    assert outcome["ada"].startswith("not graded")
    assert "no mark for the cell root-test" in outcome["ada"]
    (ada,) = results(handed_in, toy)
    assert not any(task.points for task in ada.tasks if task.name == "root")


@pytest.mark.parametrize("content", ["{", "[]", '{"student": "ada", "shoe_size": 7}'])
def test_a_student_whose_notes_are_damaged_is_listed(handed_in, toy, tmp_path, content):
    note = upload_path(handed_in, "toy", "ada").with_suffix(".json")
    note.write_text(content)
    (ada,) = results(handed_in, toy)
    assert (ada.student, ada.status) == ("ada", "unreadable")
    assert "ada.json is damaged: collect" in ada.reason
    collect(handed_in, toy, tmp_path / "uploads")
    assert results(handed_in, toy)[0].status == "not graded"


def test_a_formula_that_cannot_be_read_is_no_fault_of_ours():
    """Seen: where stages are asked for, nobody was told what was not understood."""
    stages = (Shows("the power", (r"\exp(a)",)),)
    task = Derivation("(a + b)^2", "a^2 + 2 a b + b^2", points=2, stages=stages)
    mark = judge_derivation("by-hand", task, r"$$(a + b)^2 = \nonsense{a}$$", "")
    assert (mark.points, mark.pending, mark.fault) == (0, True, "")
    assert "unknown command" in mark.lines[0].message


def test_a_fault_of_ours_is_no_stage_that_is_left_out(monkeypatch):
    def broken(*_):
        raise ValueError("ours")

    stages = (Shows("the power", (r"\exp(a)",)),)
    task = Derivation(r"\log(b \exp(a))", r"a + \log b", points=2, stages=stages)
    assert stages_of(r"\log(b \exp(a)) = a + \log b", task) == ("", 3)
    monkeypatch.setattr("classroom.stages._value", broken)
    with pytest.raises(ValueError, match="ours"):
        stages_of(r"\log(b \exp(a)) = a + \log b", task)
