"""Right and wrong solutions of every task, over ten seeds: a right one loses nothing for
any student's cases, a wrong one loses what it should for every student's."""

import random

import pytest

from classroom.author import read_source
from classroom.course import ROOT, Course
from classroom.judge import cases_of, judge_derivation, judge_task
from classroom.probe import MIME, arguments, plain
from classroom.restore import grade_id
from classroom.sandbox import CellRun

from .handed_in import DERIVATIONS_PADDED, DERIVATIONS_RIGHT, HEADERS, RIGHT, WRONG

SEEDS = range(10)
TASKS = [(hw, task) for hw, task in HEADERS]


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """Of each assignment: itself, its given code, and its test cells by task."""
    course = Course(tmp_path_factory.mktemp("sheets"), (ROOT / "assignments",))
    found = {}
    for hw in sorted({hw for hw, _ in TASKS}):
        assignment = course.assignment(hw)
        cells = {grade_id(c): c.source for c in read_source(assignment).cells}
        given = {} if hw == "hw4" else {"setup": cells["setup"]}
        if hw == "hw4":  # without the data, which no task but `train` needs
            given = {"setup": "import math\nimport torch\nfrom torch import nn",
                     "joint": cells["joint"]}  # fmt: skip
        found[hw] = assignment, "\n".join(given.values()), cells
    return found


def marks(sheets, hw: str, task: str, body: str, seed: int) -> tuple[float, float, list]:
    """Points, the most, and the messages, for one student's cases."""
    assignment, given, cells = sheets[hw]
    captured: list = []
    test = cells[f"{task}-test"].replace("from probe import probe", "")
    names = {"probe": lambda _, function: captured.append(function)}
    exec(f"{given}\n{HEADERS[hw, task]}{body}\n{test}", names)
    cases = cases_of(assignment.checks.TASKS[task], seed)
    said: list[dict] = []
    for case in cases:
        try:
            value = plain(captured[0](**arguments(case)), [50_000])
            said.append({"value": value})
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            said.append({"raised": kinds[0], "kinds": kinds, "message": str(error)})
    data = {MIME: {"task": task, "answers": said}}
    run = CellRun("ok", [{"output_type": "display_data", "data": data}])
    mark = judge_task(task, assignment.checks.TASKS[task], cases, run)
    assert not mark.pending, mark.fault
    return mark.points, mark.most, [line.message for line in mark.lines if line.message]


def seeds_of(hw: str, task: str) -> list[int]:
    return [random.Random(f"{hw} {task} {n}").randrange(2**40) for n in SEEDS]


def test_each_task_has_five_of_both():
    assert all(len(RIGHT[key]) >= 5 and len(WRONG[key]) >= 5 for key in TASKS)


@pytest.mark.slow
@pytest.mark.parametrize(("hw", "task"), TASKS)
def test_a_right_one_loses_nothing(sheets, hw, task):
    for body in RIGHT[hw, task]:
        for seed in seeds_of(hw, task):
            points, most, said = marks(sheets, hw, task, body, seed)
            assert points == most, (body, seed, said)


@pytest.mark.slow
@pytest.mark.parametrize(("hw", "task"), TASKS)
def test_a_wrong_one_loses_what_it_should(sheets, hw, task):
    for at_most, body in WRONG[hw, task]:
        for seed in seeds_of(hw, task):
            points, _, said = marks(sheets, hw, task, body, seed)
            assert points <= at_most, (body, seed, points, said)


def test_what_is_no_bound_is_found_for_every_seed(sheets):
    """In a class of 300 one who forgot the constant had cases in which it did not show."""
    for at_most, body in WRONG["hw2", "elbo"][1:3]:
        for seed in range(100):
            assert marks(sheets, "hw2", "elbo", body, seed)[0] == at_most, (body, seed)


def chain(lines: list[str]) -> str:
    first, *rest = lines
    body = "".join(f" \\\\\n&= {line}" for line in rest)
    return f"$$\n\\begin{{aligned}}\n{first}{body}\n\\end{{aligned}}\n$$"


def derivation(sheets, hw: str):
    tasks = sheets[hw][0].checks.TASKS
    return next((n, t) for n, t in tasks.items() if hasattr(t, "stages"))


@pytest.mark.slow
@pytest.mark.parametrize("hw", DERIVATIONS_RIGHT)
def test_notation_never_loses_points(sheets, hw):
    for lines in DERIVATIONS_RIGHT[hw]:
        mark = judge_derivation(*derivation(sheets, hw), chain(lines), "")
        said = [line.message for line in mark.lines]
        assert (mark.points, mark.pending) == (mark.most, False), (lines, said)


@pytest.mark.slow
@pytest.mark.parametrize("hw", DERIVATIONS_PADDED)
def test_padding_earns_nothing_for_good(sheets, hw):
    for lines in DERIVATIONS_PADDED[hw]:
        mark = judge_derivation(*derivation(sheets, hw), chain(lines), "")
        assert mark.pending and mark.points <= mark.most / 2, lines
