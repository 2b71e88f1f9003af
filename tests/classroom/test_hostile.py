# ruff: noqa: E501
"""Submissions that break things or cheat, graded in one run: each gets what it earned.

Full marks by machine are 8: square 3, root 3, by-hand 2. The written answer waits.
"""

import json
import os
import subprocess
import time

import nbformat
import pytest
from nbgrader.api import Gradebook

from classroom.collect import all_collected, collect
from classroom.grade import grade, read_record
from classroom.gradebook import db_url, open_gradebook
from classroom.results import results

from .conftest import cell, copy_of, edited, released, solution, text, with_cell

FULL = {"square": 3, "root": 3, "by-hand": 2}
NO_SQUARE = {**FULL, "square": 0}
NOTHING = dict.fromkeys(FULL, 0)
CHEAT = "def square(x):\n    return -1.0"
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


# name: (what is handed in, given the solution and the release; what it earns)
SUBMISSIONS = {
    # honest work, in odd shapes
    "plain-solution": (lambda s, r: text(s), FULL),
    "untouched": (lambda s, r: text(r), NOTHING),
    "stderr-output": (code("import sys, warnings\nsys.stderr.write('x')\nwarnings.warn('y')"), FULL),
    "stripped-metadata": (lambda s, r: text(stripped(s)), FULL),
    "byte-order-mark": (lambda s, r: b"\xef\xbb\xbf" + text(s).encode(), FULL),
    "utf-16": (lambda s, r: text(s).encode("utf-16"), FULL),
    "latin-1": (
        lambda s, r: json.dumps(
            json.loads(text(with_cell(s, "# schöne Grüße"))), ensure_ascii=False
        ).encode("latin-1"),
        FULL,
    ),
    "lone-surrogate": (lambda s, r: text(s).replace("A toy", "A \\ud800 toy"), FULL),
    "format-three": (lambda s, r: nbformat.v3.writes_json(nbformat.convert(s, 3)), FULL),
    "duplicate-ids": (
        lambda s, r: text(_copied(s)),
        FULL,
    ),
    "schema-99": (lambda s, r: text(with_nbgrader(s, "square", schema_version=99)), FULL),
    "schema-nonsense": (
        lambda s, r: text(with_nbgrader(s, "square-test", schema_version="x", points="many")),
        FULL,
    ),
    "cells-without-source": (lambda s, r: _json(s, lambda n: n["cells"].insert(0, {})), FULL),
    "strange-cells": (
        lambda s, r: _json(s, lambda n: n["cells"].extend([1, None, {"source": {"a": 1}}])),
        FULL,
    ),
    "answers-moved-down": (lambda s, r: text(_reversed_answers(s)), FULL),
    "all-in-one-cell": (lambda s, r: text(_merged(s)), {**FULL, "by-hand": 0}),
    "tests-deleted": (lambda s, r: text(_without(s, "square-test", "root-test")), FULL),
    "shadowed-names": (code("list = [1]; sum = 0; probe = 3; len = None; display = 1"), FULL),
    "patched-print": (code("import builtins\nbuiltins.print = lambda *a, **k: None"), FULL),
    "magics": (code("%timeit -n1 -r1 1\n%env A=1\n!ls /"), FULL),
    "bash-cell": (code("%%bash\nls / ; kill -9 $$"), FULL),
    "top-level-await": (code("import asyncio\nawait asyncio.sleep(0)"), FULL),
    "asks-for-input": (code("name = input('who?')"), FULL),
    "system-exit": (code("raise SystemExit(3)"), FULL),
    "exit-call": (code("exit()"), FULL),
    "syntax-error": (code("def f(:"), FULL),
    "huge-print": (code("for _ in range(300): print('y' * 10**6)"), FULL),
    "huge-object": (code("'z' * 10**8"), FULL),
    "huge-image": (
        code("from IPython.display import display\ndisplay({'image/png': 'A' * 10**8}, raw=True)"),
        FULL,
    ),
    "background-thread": (
        code("import threading\ndef f():\n  while True: pass\n"
             "threading.Thread(target=f, daemon=True).start()"),
        FULL,
    ),
    "closed-stdout": (code("import sys, os\nsys.stdout.close()\nos.close(1)"), FULL),
    # one cell that takes Python down costs that cell
    "os-exit": (code("import os\nos._exit(0)"), FULL),
    "segfault": (code("import ctypes\nctypes.string_at(0)"), FULL),
    "kill-all": (code("import os\nos.kill(-1, 9)"), FULL),
    "kill-self": (code("import os\nos.kill(os.getpid(), 9)"), FULL),
    "closes-all": (code("import os\nos.closerange(0, 300)"), FULL),
    "ignores-interrupts": (
        code("while True:\n  try:\n    while True: pass\n  except BaseException: pass"),
        FULL,
    ),
    "hangs-in-test": (answer("def square(x):\n  while True: pass"), NO_SQUARE),
    "exits-in-test": (answer("import os\ndef square(x):\n  os._exit(0)"), NO_SQUARE),
    "forty-gigabytes": (code("x = bytearray(40 * 2**30)"), FULL),
    "memory-bit-by-bit": (code("x = []\nwhile True: x.append(bytearray(2**24))"), FULL),
    "fork-bomb": (
        code("import os\nfor _ in range(10**4):\n  try: os.fork()\n  except OSError: pass"),
        FULL,
    ),
    "memory-by-children": (
        code("import os, time\nfor _ in range(5):\n  if not os.fork():\n"
             "    x = b'1' * (400 * 2**20); time.sleep(60)\ntime.sleep(60)"),
        FULL,
    ),
    "fills-the-disk": (code("with open('/work/x', 'wb') as f:\n  for _ in range(999): f.write(b'0' * 2**20)"), FULL),
    "fills-shared-memory": (code("with open('/dev/shm/x', 'wb') as f:\n  for _ in range(999): f.write(b'0' * 2**20)"), FULL),
    "left-in-background": (
        code("import subprocess\nsubprocess.Popen(['sleep', '4321'], start_new_session=True)"),
        FULL,
    ),
    "recursion": (answer("def square(x): return square(x)"), NO_SQUARE),
    # cheats
    "equal-to-everything": (
        answer("class A(float):\n  def __eq__(s, o): return True\n"
               "  def __lt__(s, o): return False\ndef square(x): return A(7)"),
        {**FULL, "square": 1},  # 7 is not negative
    ),
    "patched-judge": (
        code("import torch.testing, math\ntorch.allclose = torch.isclose = lambda *a, **k: True\n"
             "math.isclose = lambda *a, **k: True"),
        FULL,
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
        {**FULL, "square": 1},
    ),
    "forged-pass": (
        answer("def square(x):\n  from IPython.display import display\n  display({'" + MIME +
               "': {'task': 'square', 'points': 3, 'ok': True, 'answers': None}}, raw=True)\n  return -1.0"),
        NO_SQUARE,
    ),
    "forged-result": (answer("1000.0\ndef square(x): return -1.0\n1000.0"), NO_SQUARE),
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
        lambda s, r: text(edited(s, square=CHEAT, square_test="print('passed'); 3.0")),
        NO_SQUARE,
    ),
    "more-points": (
        lambda s, r: text(with_nbgrader(edited(s, square=CHEAT), "square-test", points=500)),
        NO_SQUARE,
    ),
    "test-made-answer": (
        lambda s, r: text(with_nbgrader(edited(s, square=CHEAT), "square-test", solution=True)),
        NO_SQUARE,
    ),
    "reads-the-answers": (
        answer("import glob, re\ndef square(x):\n"
               "  for p in glob.glob('/**/checks.py', recursive=True): return x * x\n"
               "  for p in glob.glob('/**/*.ipynb', recursive=True): return x * x\n"
               "  for p in glob.glob('/**/gradebook.db', recursive=True): return x * x\n  return -1.0"),
        NO_SQUARE,
    ),
    "imports-the-book": (
        answer("def square(x):\n  from vae_lib.objective import kl_to_standard_normal\n  return x * x"),
        NO_SQUARE,
    ),
    "reads-the-parent": (
        answer("def square(x):\n  import os\n  if len([p for p in os.listdir('/proc') if p.isdigit()]) > 6: return x*x\n"
               "  return -1.0"),
        NO_SQUARE,
    ),
    "network": (
        answer("import socket\ndef square(x):\n  socket.create_connection(('127.0.0.1', 22), 1)\n"
               "  return x * x"),
        NO_SQUARE,
    ),
    "becomes-root": (
        answer("import os\ndef square(x):\n  os.setuid(0)\n  return x * x"),
        NO_SQUARE,
    ),
    "writes-the-system": (
        answer("import sys\ndef square(x):\n  open(sys.prefix + '/x', 'w')\n  return x * x"),
        NO_SQUARE,
    ),
    "writes-the-cases": (
        answer("import probe\ndef square(x):\n  open('/course/cases.json', 'w')\n  return x * x"),
        NO_SQUARE,
    ),
    # values that are none
    "nan": (answer("def square(x): return float('nan')"), NO_SQUARE),
    "infinite": (answer("def square(x): return float('inf')"), NO_SQUARE),
    "enormous-integer": (answer("def square(x): return 10**4000"), NO_SQUARE),
    "more-than-enormous": (answer("def square(x): return 10**9999"), NO_SQUARE),
    "a-boolean": (answer("def square(x): return True"), {**FULL, "square": 1}),
    "deep-value": (
        answer("def square(x):\n  a = []\n  for _ in range(900): a = [a]\n  return a"),
        NO_SQUARE,
    ),
    "circular-value": (answer("def square(x):\n  a = []\n  a.append(a)\n  return a"), NO_SQUARE),
    "too-many-numbers": (answer("def square(x): return [0.0] * 10**6"), NO_SQUARE),
    "evil-repr": (
        answer("class A:\n  def __repr__(s): raise SystemExit\n  tolist = 3\n"
               "def square(x): return A()"),
        NO_SQUARE,
    ),
    "evil-exception": (
        answer("class E(Exception):\n  def __str__(s): raise SystemExit\n"
               "def square(x): raise E()"),
        NO_SQUARE,
    ),
    "half-a-surrogate-printed": (code("print('\\ud800')"), FULL),
    "half-a-surrogate-raised": (
        answer("def square(x): raise ValueError('\\ud800')"),
        NO_SQUARE,
    ),
    "refuses-everything": (
        lambda s, r: text(edited(s, root="def root(x): raise ValueError")),
        {**FULL, "root": 0},
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
    handed_in |= {name: make(_pair(course)[0]) for name, make in UNREADABLE.items()}
    for name, content in handed_in.items():
        data = content if isinstance(content, bytes) else content.encode()
        (uploads / f"{name}.ipynb").write_bytes(data)
    toy = course.assignment("toy")
    collect(course, toy, uploads)
    outcome = grade(course, toy, jobs=2)
    return course, toy, outcome


def _pair(course):
    return solution(course), released(course)


def test_there_are_forty_and_nobody_stops_the_run(class_graded):
    _, _, outcome = class_graded
    assert len(SUBMISSIONS) + len(UNREADABLE) >= 40
    assert outcome == dict.fromkeys(SUBMISSIONS, "graded")


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
    time.sleep(0.5)
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "sleep 4321" not in listed
    assert str(class_graded[0].root) not in listed


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
    some = ["plain-solution", "a-boolean", "wrong-derivation", "fork-bomb", "hangs-in-test"]
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


def test_what_took_python_down_is_told(class_graded):
    course, _, _ = class_graded
    statuses = {"ignores-interrupts": "timeout", "os-exit": "died"}
    for student, status in statuses.items():
        assert status in read_record(course, "toy", student)["cells"].values(), student


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
