# ruff: noqa: E501
"""Submissions that break things or cheat, graded in one run: each gets what it earned.

Full marks by machine are 8: square 3, root 3, by-hand 2. The written answer waits. A run
costs a second or two, so one notebook tries what does not disturb each other: something in
each answer, or many cells.
"""

import json
import os
import time

import nbformat
import pytest
from nbgrader.api import Gradebook

from classroom.collect import collect
from classroom.grade import grade
from classroom.gradebook import db_url, open_gradebook
from classroom.records import all_collected, read_record
from classroom.results import results

from .conftest import (
    cell,
    command_lines,
    copy_of,
    edited,
    released,
    solution,
    text,
    with_cell,
)

# One class for all of them: graded once, by two processes, in one of pytest's workers.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hostile")]

FULL = {"square": 3, "root": 3, "by-hand": 2}
NO_SQUARE = {**FULL, "square": 0}
NEITHER = {**NO_SQUARE, "root": 0}
NOTHING = dict.fromkeys(FULL, 0)
CHEAT = "def square(x):\n    return -1.0"
CHEAT_ROOT = "def root(x):\n    return -1.0"
MIME = "application/vnd.classroom.probe+json"


def forged(answers: str, task: str = "square") -> str:
    message = f'{{"task": "{task}", "answers": {answers}}}'
    return (
        "from IPython.display import display\n"
        f"display({{'{MIME}': {message}}}, raw=True)\n"
        "def square(x): return -1.0"
    )


def stripped(notebook):
    for c in notebook.cells:
        c.metadata = nbformat.from_dict({})
    return notebook


def with_nbgrader(notebook, grade_id, **changes):
    cell(notebook, grade_id).metadata["nbgrader"].update(changes)
    return notebook


def code(source: str):
    """The solution, with a cell before everything else."""
    return lambda s, r: text(with_cell(s, source))


def answer(source: str):
    """The solution, but for the first answer."""
    return lambda s, r: text(edited(s, square=source))


def both(square: str, root: str):
    """The solution, but for both answers in code."""
    return lambda s, r: text(edited(s, square=square, root=root))


def cells(sources: dict[str, str]):
    """The solution, with these cells before everything else, in their order."""

    def make(s, r):
        for source in reversed(sources.values()):
            s = with_cell(s, source)
        return text(s)

    return make


A_LONG_TIME = f"4321.{os.getpid()}"  # seconds, and a number that no other process has

# Cells side by side in one notebook, its first ones, and what becomes of each. None may
# cost a mark.
ODD = {
    "kill-all": ("import os\nos.kill(-1, 9)", "error"),  # there is nobody else
    "stderr-output": ("import sys, warnings\nsys.stderr.write('x')\nwarnings.warn('y')", "ok"),
    "magics": ("%timeit -n1 -r1 1\n%env A=1\n!ls /", "ok"),
    "bash-cell": ("%%bash\nls / ; kill -9 $$", "error"),
    "top-level-await": ("import asyncio\nawait asyncio.sleep(0)", "ok"),
    "asks-for-input": ("name = input('who?')", "error"),
    "system-exit": ("raise SystemExit(3)", "error"),
    "exit-call": ("exit()", "ok"),
    "syntax-error": ("def f(:", "error"),
    "huge-print": ("for _ in range(300): print('y' * 10**6)", "ok"),
    "huge-object": ("'z' * 10**8", "ok"),
    "huge-image": (
        "from IPython.display import display\ndisplay({'image/png': 'A' * 10**8}, raw=True)", "ok",
    ),
    "half-a-surrogate-printed": ("print('\\ud800')", "ok"),
    "forty-gigabytes": ("x = bytearray(40 * 2**30)", "error"),
    "left-in-background": (
        f"import subprocess\nsubprocess.Popen(['sleep', '{A_LONG_TIME}'], start_new_session=True)", "ok",
    ),
    "fills-the-disk": (
        "with open('/work/x', 'wb') as f:\n  for _ in range(999): f.write(b'0' * 2**20)", "error",
    ),
    "fills-shared-memory": (
        "with open('/dev/shm/x', 'wb') as f:\n  for _ in range(999): f.write(b'0' * 2**20)", "error",
    ),
    "patched-print": ("import builtins\nbuiltins.print = lambda *a, **k: None", "ok"),
    "shadowed-names": ("list = [1]; sum = 0; probe = 3; len = None; display = 1", "ok"),
    "closed-stdout": ("import sys, os\nsys.stdout.close()\nos.close(1)", "ok"),
}  # fmt: skip

# And cells that take Python down: each costs itself, and nothing before or after it.
DEADLY = {
    "os-exit": ("import os\nos._exit(0)", "died"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "died"),
    "kill-self": ("import os\nos.kill(os.getpid(), 9)", "killed"),
    "closes-all": ("import os\nos.closerange(0, 300)", "died"),
    "ignores-interrupts": (
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass", "stuck",
    ),
    "memory-bit-by-bit": ("x = []\nwhile True: x.append(bytearray(2**24))", "memory"),
    "memory-by-children": (
        "import os, time\nfor _ in range(5):\n  if not os.fork():\n"
        "    x = b'1' * (400 * 2**20); time.sleep(60)\ntime.sleep(60)", "memory",
    ),
}  # fmt: skip


def _sources(cells: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: source for name, (source, _) in cells.items()}


# Other files with the same work in them: restored, they are the plain solution, cell by
# cell, and so what it earns is what they earn.
SAME = {
    "stripped-metadata": lambda s: text(stripped(s)),
    "byte-order-mark": lambda s: b"\xef\xbb\xbf" + text(s).encode(),
    "utf-16": lambda s: text(s).encode("utf-16"),
    "schema-99": lambda s: text(with_nbgrader(s, "square", schema_version=99)),
    "schema-nonsense": lambda s: text(
        with_nbgrader(s, "square-test", schema_version="x", points="many")
    ),
    "cells-without-source": lambda s: _json(s, lambda n: n["cells"].insert(0, {})),
    "strange-cells": lambda s: _json(s, lambda n: n["cells"].extend([1, None, {"source": {"a": 1}}])),
    "tests-deleted": lambda s: text(_without(s, "square-test", "root-test")),
}  # fmt: skip

# name: (what is handed in, given the solution and the release; what it earns)
SUBMISSIONS = {
    # honest work, in odd shapes
    "plain-solution": (lambda s, r: text(s), FULL),
    "untouched": (lambda s, r: text(r), NOTHING),
    "latin-1": (
        lambda s, r: json.dumps(
            json.loads(text(with_cell(s, "# schöne Grüße"))), ensure_ascii=False
        ).encode("latin-1"),
        FULL,
    ),
    "lone-surrogate": (lambda s, r: text(s).replace("A toy", "A \\ud800 toy"), FULL),
    "format-three": (lambda s, r: nbformat.v3.writes_json(nbformat.convert(s, 3)), FULL),
    "duplicate-ids": (lambda s, r: text(_copied(s)), FULL),
    "answers-moved-down": (lambda s, r: text(_reversed_answers(s)), FULL),
    "all-in-one-cell": (lambda s, r: text(_merged(s)), {**FULL, "by-hand": 0}),
    # what is odd, and what breaks Python
    "odd-cells": (cells(_sources(ODD)), FULL),
    "deadly-cells": (cells(_sources(DEADLY)), FULL),
    "background-thread": (
        code("import threading\ndef f():\n  while True: pass\n"
             "threading.Thread(target=f, daemon=True).start()"),
        FULL,
    ),
    "fork-bomb": (
        code("import os\nfor _ in range(10**4):\n  try: os.fork()\n  except OSError: pass"),
        FULL,
    ),
    "hangs-in-test": (
        both("def square(x):\n  while True: pass", "import os\ndef root(x):\n  os._exit(0)"),
        NEITHER,
    ),
    # cheats
    "patched-judge": (
        code("import torch.testing, math\ntorch.allclose = torch.isclose = lambda *a, **k: True\n"
             "math.isclose = lambda *a, **k: True"),
        FULL,
    ),
    "equal-to-everything": (
        answer("class A(float):\n  def __eq__(s, o): return True\n"
               "  def __lt__(s, o): return False\ndef square(x): return A(7)"),
        {**FULL, "square": 1},  # 7 is not negative
    ),
    "patched-judge-alone": (
        answer("import builtins\nabs = lambda x: 0\nbuiltins.abs = abs\n" + CHEAT),
        NO_SQUARE,
    ),
    "drops-asserts": (
        answer("import ast\nclass T(ast.NodeTransformer):\n  def visit_Assert(s, n): return None\n"
               "get_ipython().ast_transformers.append(T())\n" + CHEAT),
        NO_SQUARE,
    ),
    "replaced-run-cell": (
        answer("ip = get_ipython()\nold = ip.run_cell_async\n"
               "async def run(*a, **k): return None\nip.run_cell_async = run\n" + CHEAT),
        {"square": 0, "root": 0, "by-hand": 2},  # nothing runs any more
    ),
    "forged-message": (answer(forged('[{"value": 4.0}] * 4')), NO_SQUARE),
    "forged-in-test": (
        answer("def square(x):\n  from IPython.display import display\n  display({'" + MIME +
               "': {'task': 'square', 'answers': [{'value': 1e9}] * 4}}, raw=True)\n  return -1.0"),
        NO_SQUARE,
    ),
    "forged-pass": (
        both("def square(x):\n  from IPython.display import display\n  display({'" + MIME +
             "': {'task': 'square', 'points': 3, 'ok': True, 'answers': None}}, raw=True)\n  return -1.0",
             "1000.0\ndef root(x): return -1.0\n1000.0"),
        NEITHER,
    ),
    "forged-line": (
        answer("import os\nline = b'{\"n\": 3, \"ok\": true, \"outputs\": []}\\n'\n"
               "for fd in range(3, 40):\n  try: os.write(fd, line * 20)\n  except OSError: pass\n" + CHEAT),
        NO_SQUARE,
    ),
    "replaced-probe": (
        answer("import sys, types\nfake = types.ModuleType('probe')\n"
               "fake.probe = lambda *a: print('3 of 3')\nsys.modules['probe'] = fake\n"
               "def square(x): return x * x"),
        {"square": 0, "root": 0, "by-hand": 2},
    ),
    "edited-test": (
        lambda s, r: text(with_nbgrader(
            edited(s, square=CHEAT, square_test="print('passed'); 3.0", root=CHEAT_ROOT),
            "root-test", solution=True)),
        NEITHER,
    ),
    "more-points": (
        lambda s, r: text(with_nbgrader(edited(s, square=CHEAT), "square-test", points=500)),
        NO_SQUARE,
    ),
    # out of the sandbox: whoever gets there would earn the points
    "reads-the-answers": (
        both("import glob, re\ndef square(x):\n"
             "  for p in glob.glob('/**/checks.py', recursive=True): return x * x\n"
             "  for p in glob.glob('/**/*.ipynb', recursive=True): return x * x\n"
             "  for p in glob.glob('/**/gradebook.db', recursive=True): return x * x\n  return -1.0",
             "def root(x):\n  from vae_lib.objective import kl_to_standard_normal\n  return x ** 0.5"),
        NEITHER,
    ),
    "reads-the-parent": (
        both("def square(x):\n  import os\n  if len([p for p in os.listdir('/proc') if p.isdigit()]) > 6: return x*x\n"
             "  return -1.0",
             "import socket\ndef root(x):\n  socket.create_connection(('127.0.0.1', 22), 1)\n"
             "  return x ** 0.5"),
        NEITHER,
    ),
    "becomes-root": (
        both("import os\ndef square(x):\n  os.setuid(0)\n  return x * x",
             "import sys\ndef root(x):\n  open(sys.prefix + '/x', 'w')\n  return x ** 0.5"),
        NEITHER,
    ),
    "writes-the-cases": (
        both("import probe\ndef square(x):\n  open('/course/cases.json', 'w')\n  return x * x",
             "def root(x): raise ValueError"),  # refuses everything
        NEITHER,
    ),
    # values that are none
    "not-finite": (
        both("def square(x): return float('nan')", "def root(x): return float('inf')"), NEITHER,
    ),
    "enormous-integer": (
        both("def square(x): return 10**4000", "def root(x): return 10**9999"), NEITHER,
    ),
    "a-boolean": (
        both("def square(x): return True", "def root(x): return root(x)"),  # for ever
        {**NEITHER, "square": 1},
    ),
    "deep-value": (
        both("def square(x):\n  a = []\n  for _ in range(900): a = [a]\n  return a",
             "def root(x):\n  a = []\n  a.append(a)\n  return a"),
        NEITHER,
    ),
    "too-many-numbers": (
        both("def square(x): return [0.0] * 10**6",
             "class A:\n  def __repr__(s): raise SystemExit\n  tolist = 3\n"
             "def root(x): return A()"),
        NEITHER,
    ),
    "evil-exception": (
        both("class E(Exception):\n  def __str__(s): raise SystemExit\n"
             "def square(x): raise E()",
             "def root(x): raise ValueError('\\ud800')"),
        NEITHER,
    ),
    # derivations
    "derivation-of-beginnings": (
        lambda s, r: text(edited(s, by_hand="\\begin{align}" * 30_000)),
        {**FULL, "by-hand": 0},
    ),
    "wrong-derivation": (
        lambda s, r: text(edited(s, by_hand="$$(a+b)^2 = (a+b)(a+b) = a^2 + 2ab + b^2 + 1$$")),
        {**FULL, "by-hand": 0},
    ),
    "leaping-derivation": (
        lambda s, r: text(edited(s, by_hand="$$(a + b)^2 = a^2 + 2 a b + b^2$$")),
        {**FULL, "by-hand": 0},
    ),
    "derivation-bomb": (
        lambda s, r: text(edited(s, by_hand="$$" + "{" * 5000 + "9^{9^{9^{9}}} = 1$$")),
        {**FULL, "by-hand": 0},
    ),
    "script-in-markdown": (
        lambda s, r: text(edited(s, why="<script>alert(1)</script><img src=x onerror=alert(2)>")),
        FULL,
    ),
    "script-in-output": (
        code("from IPython.display import HTML, Javascript, display\n"
             "display(HTML('<script>alert(3)</script>'), Javascript('alert(3)'))\n"
             "display({'image/png': '\"><script>alert(3)</script>'}, raw=True)\n"
             "print('<script>alert(3)</script>')"),
        FULL,
    ),
}  # fmt: skip

UNREADABLE = {
    "truncated": lambda s: text(s)[:700],
    "empty-file": lambda s: "",
    "a-picture": lambda s: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "deep-json": lambda s: "[" * 100_000 + "]" * 100_000,
    "million-cells": lambda s: _json(
        s, lambda n: n["cells"].extend([{"cell_type": "code", "source": "1"}] * 200_000)
    ),
    "too-big": lambda s: text(s) + " " * 21_000_000,
    "no-notebook": lambda s: '{"hello": "world"}',
    "a-list": lambda s: "[1, 2, 3]",
}


def _json(notebook, change) -> str:
    content = json.loads(text(notebook))
    change(content)
    return json.dumps(content)


def _copied(notebook):
    """As when a cell is copied in JupyterLab: its marks come along."""
    first = cell(notebook, "square")
    again = nbformat.from_dict(json.loads(json.dumps(first)))
    again.source = "# an earlier try\nsquare_old = None"
    again.id = "again"
    notebook.cells.insert(notebook.cells.index(first) + 1, again)
    return notebook


def _reversed_answers(notebook):
    """The two answers change places; each now stands behind or before the wrong test."""
    a, b = cell(notebook, "square"), cell(notebook, "root")
    i, j = notebook.cells.index(a), notebook.cells.index(b)
    notebook.cells[i], notebook.cells[j] = b, a
    return notebook


def _without(notebook, *grade_ids):
    gone = [cell(notebook, grade_id) for grade_id in grade_ids]
    notebook.cells = [c for c in notebook.cells if c not in gone]
    return notebook


def _merged(notebook):
    both = "\n".join(cell(notebook, name).source for name in ("setup", "square", "root"))
    notebook.cells = [nbformat.v4.new_code_cell(both)]
    return notebook


@pytest.fixture(scope="module")
def class_graded(sandbox, toy_release, tmp_path_factory):
    """Everybody above, handed in, collected and graded in one run."""
    root = tmp_path_factory.mktemp("hostile")
    course = copy_of(toy_release, root)
    uploads = root / "uploads"
    uploads.mkdir()
    handed_in = {name: make(*_pair(course)) for name, (make, _) in SUBMISSIONS.items()}
    for name, make in (SAME | UNREADABLE).items():
        handed_in[name] = make(solution(course))
    for name, content in handed_in.items():
        data = content if isinstance(content, bytes) else content.encode()
        (uploads / f"{name}.ipynb").write_bytes(data)
    toy = course.assignment("toy")
    collect(course, toy, uploads)
    outcome = grade(course, toy, jobs=2, students=SUBMISSIONS)
    return course, toy, outcome


def _pair(course):
    return solution(course), released(course)


def test_nobody_stops_the_run(class_graded):
    _, _, outcome = class_graded
    assert outcome == dict.fromkeys(SUBMISSIONS, "graded")


@pytest.mark.parametrize("student", SAME)
def test_the_same_work_in_another_shape_is_the_same_notebook(class_graded, student):
    course, _, _ = class_graded
    plain, other = (
        nbformat.read(course.submitted("toy", name), 4)
        for name in ("plain-solution", student)
    )
    assert other.metadata.classroom.upload_sha256 != plain.metadata.classroom.upload_sha256
    assert other.cells == plain.cells


@pytest.mark.parametrize(
    ("student", "cells"), [("odd-cells", ODD), ("deadly-cells", DEADLY)]
)
def test_each_of_many_cells_comes_to_its_own_end(class_graded, student, cells):
    course, _, _ = class_graded
    statuses = read_record(course, "toy", student)["cells"]
    ended = {name: statuses[f"cell-{k:04d}"] for k, name in enumerate(cells, start=1)}
    if ended.get("ignores-interrupts") == "timeout":  # it was hit between two of its loops
        ended["ignores-interrupts"] = "stuck"
    assert ended == {name: status for name, (_, status) in cells.items()}


@pytest.mark.parametrize("student", SUBMISSIONS)
def test_it_gets_what_it_earned(class_graded, student):
    course, _, _ = class_graded
    record = read_record(course, "toy", student)
    earned = {mark["task"]: mark["points"] for mark in record["marks"].values()}
    assert earned == SUBMISSIONS[student][1], json.dumps(record["marks"], indent=1)
    with Gradebook(db_url(course)) as gradebook:
        submission = gradebook.find_submission("toy", student)
        assert submission.score == sum(earned.values())
        assert submission.max_score == 10


@pytest.mark.parametrize("student", UNREADABLE)
def test_what_cannot_be_read_is_listed_with_a_reason_and_gets_no_zero(
    class_graded, student
):
    course, toy, _ = class_graded
    (entry,) = [c for c in all_collected(course, "toy") if c.student == student]
    assert entry.fault
    (result,) = [r for r in results(course, toy) if r.student == student]
    assert (result.status, result.tasks) == ("unreadable", [])


def test_no_process_survives(class_graded):
    ours = f"sleep {A_LONG_TIME}", str(class_graded[0].root)
    deadline = time.monotonic() + 60
    while True:
        left = [line for line in command_lines() if any(word in line for word in ours)]
        if not left:
            break
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_the_gradebook_is_intact_and_holds_each_student_once(class_graded):
    course, _, _ = class_graded
    import sqlite3

    with sqlite3.connect(course.root / "gradebook.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        rows = database.execute(
            "select student_id, count(*) from submitted_assignment group by student_id"
        ).fetchall()
    assert dict(rows) == dict.fromkeys(SUBMISSIONS, 1)


def test_grading_twice_gives_the_same_marks(class_graded):
    course, toy, _ = class_graded
    some = ["a-boolean", "wrong-derivation", "fork-bomb"]
    before = {student: read_record(course, "toy", student)["marks"] for student in some}
    assert set(grade(course, toy, students=some, again=True).values()) == {"graded"}
    for student in some:
        assert read_record(course, "toy", student)["marks"] == before[student]


def test_every_mark_can_be_traced(class_graded):
    course, toy, _ = class_graded
    from hashlib import sha256

    for student in SUBMISSIONS:
        record = read_record(course, "toy", student)
        original = (course.root / "uploads" / "toy" / f"{student}.ipynb").read_bytes()
        assert record["upload_sha256"] == sha256(original).hexdigest()
        assert record["version"] == toy.version
        for mark in record["marks"].values():
            for line in mark["lines"]:
                assert line["message"] or line["points"] == line["most"]


def test_a_message_says_what_came_out_and_where_to_look(class_graded):
    course, _, _ = class_graded
    record = read_record(course, "toy", "more-points")
    (values, sign) = record["marks"]["square-test"]["lines"]
    assert "you returned -1" in values["message"] and "by itself" in values["message"]
    assert "no square is negative" in sign["message"]


def test_formgrader_finds_a_notebook_for_each(class_graded):
    course, _, _ = class_graded
    for student in SUBMISSIONS:
        path = course.root / "autograded" / student / "toy" / "toy.ipynb"
        nbformat.validate(nbformat.read(path, 4))
        assert os.path.getsize(path) < 4_000_000


def test_written_answers_wait_for_a_person(class_graded):
    course, _, _ = class_graded
    with open_gradebook(course) as gradebook:
        grade = gradebook.find_grade("why", "toy", "toy", "plain-solution")
        assert grade.needs_manual_grade and grade.auto_score is None
        assert gradebook.find_grade("why", "toy", "toy", "untouched").auto_score == 0


@pytest.mark.parametrize("student", ["script-in-markdown", "script-in-output"])
def test_no_script_of_a_student_runs_on_the_graders_page(class_graded, student):
    from nbconvert import HTMLExporter

    path = class_graded[0].root / "autograded" / student / "toy" / "toy.ipynb"
    notebook = nbformat.read(path, 4)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "alert(" in page  # it is there, to be read
    assert "<script>alert" not in page and "<img src=x" not in page
