"""Answers beside their place, and tests at theirs: what is run, in which order."""

import nbformat
import pytest

from classroom.grade import run_and_judge
from classroom.restore import grade_id, read_pieces, restore
from classroom.sandbox import CellRun

from .conftest import cell, edited, released, solution, text

GOOD = "def square(x):\n    return x * x"
BAD = "def square(x):\n    return -1.0"


def stub(course, name: str) -> str:
    return cell(released(course), name).source


def restored(course, notebook):
    return restore(released(course), read_pieces(text(notebook).encode()))


def at_the_test(course, notebook, name: str = "square"):
    """What `name` is when its test runs, by running the cells above the test."""
    names: dict = {}
    for c in restored(course, notebook).cells:
        if grade_id(c) == f"{name}-test":
            return names.get(name)
        if c.cell_type == "code" and "import" not in c.source.replace("import math", ""):
            exec(c.source, names)
    raise AssertionError("the test is gone")


def with_new(notebook, place: int, kind: str, source: str):
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    notebook.cells.insert(place, make(source))
    return notebook


def place_of(notebook, name: str) -> int:
    return notebook.cells.index(cell(notebook, name))


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("where", ["below the test", "at the end"])
def test_what_stands_below_a_test_does_not_count(course, where, ids):
    notebook = solution(course)
    place = place_of(notebook, "square-test") + 1
    notebook = with_new(
        notebook, place if "test" in where else len(notebook.cells), "code", BAD
    )
    if not ids:
        for c in notebook.cells:
            c.metadata = nbformat.from_dict({})
    assert at_the_test(course, notebook)(3) == 9


def test_what_stands_above_it_does(course):
    notebook = solution(course)
    notebook = with_new(notebook, place_of(notebook, "square-test"), "code", BAD)
    assert at_the_test(course, notebook)(3) == -1


def above(course, notebook):
    return with_new(notebook, place_of(notebook, "square"), "code", GOOD)


def below_the_test(course, notebook):
    return with_new(notebook, place_of(notebook, "square-test") + 1, "code", GOOD)


def in_the_test(course, notebook):
    return edited(notebook, square_test=lambda test: f"{GOOD}\n\n{test}")


def in_a_split_cell(course, notebook):
    first, second = GOOD.split("\n")
    place = place_of(notebook, "square")
    notebook.cells[place].source = first
    again = nbformat.v4.new_code_cell(second)
    again.metadata = notebook.cells[place].metadata
    notebook.cells.insert(place + 1, again)
    return notebook


@pytest.mark.parametrize("where", [above, below_the_test, in_the_test, in_a_split_cell])
def test_a_function_beside_its_place_is_found(course, where):
    notebook = edited(solution(course), square=stub(course, "square"))
    assert at_the_test(course, where(course, notebook))(3) == 9


def test_an_import_in_a_test_cell_is_kept_and_the_test_is_ours(course):
    notebook = edited(
        solution(course), square_test=lambda test: f"import numpy\n{test}\nprint('passed')"
    )
    cells = restored(course, notebook).cells
    place = next(k for k, c in enumerate(cells) if grade_id(c) == "square-test")
    assert cells[place - 1].source == "import numpy\nprint('passed')"
    assert cells[place].source == stub(course, "square-test")
    assert "was changed" in restored(course, notebook).metadata.classroom.notes[0]


FORMULA = "$$(a + b)^2 = (a + b)(a + b) = a^2 + 2 a b + b^2$$"


KINDS = ["above", "below", "after code", "in a code cell", "split"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_derivation_beside_its_place_is_found(course, kind):
    notebook = edited(solution(course), by_hand=stub(course, "by-hand"))
    place = place_of(notebook, "by-hand")
    if kind == "split":
        notebook.cells[place].source = "First, in words."
        again = nbformat.v4.new_markdown_cell(FORMULA)
        again.metadata = notebook.cells[place].metadata
        notebook.cells.insert(place + 1, again)
    elif kind == "in a code cell":
        with_new(notebook, place + 1, "code", FORMULA)
    elif kind == "after code":
        with_new(notebook, place + 1, "code", "x = 1")
        with_new(notebook, place + 2, "markdown", FORMULA)
    else:
        with_new(notebook, place + (kind == "below"), "markdown", FORMULA)
    assert FORMULA in cell(restored(course, notebook), "by-hand").source
    assert "model answer" in cell(restored(course, notebook), "why").source


def test_under_the_question(course):
    """In the cell of the question, of another edition than ours."""
    release, notebook = released(course), solution(course)
    template = "```\n$$\n(a + b)^2\n&= ...\n$$\n```"
    question = nbformat.v4.new_markdown_cell(f"## 3. By hand\n\nExpand it.\n\n{template}")
    place = place_of(release, "by-hand")
    release.cells.insert(place, question)
    old = f"## 3. By hand\n\nMultiply it out.\n\n{template}"
    notebook = edited(notebook, by_hand=stub(course, "by-hand"))
    with_new(notebook, place_of(notebook, "by-hand"), "markdown", f"{old}\n\n{FORMULA}")
    new = restore(release, read_pieces(text(notebook).encode()))
    assert FORMULA in cell(new, "by-hand").source


@pytest.mark.parametrize(
    ("old", "new", "is_old"),
    [
        ("lambda x: root(x)", "lambda x, y: root(x, y)", True),
        ("from probe import probe", "import math\nfrom probe import probe", False),
        ("lambda x: root(x))", "lambda x: root(x), cases=[])", False),
        ('probe("root", ', 'probe("root", 3 if ', False),  # it does not parse
    ],
)  # fmt: skip
def test_a_notebook_of_another_edition_is_known(course, old, new, is_old):
    notebook = edited(solution(course), root_test=lambda s: s.replace(old, new))
    assert new in cell(notebook, "root-test").source
    assert restored(course, notebook).metadata.classroom.old is is_old
    notes = restored(course, notebook).metadata.classroom.notes
    assert any("another edition" in note for note in notes) is is_old


def test_a_test_that_is_no_more_tells_of_another_edition(course):
    notebook = solution(course)
    cell(notebook, "root-test").metadata["nbgrader"]["grade_id"] = "cube-test"
    assert restored(course, notebook).metadata.classroom.old


def test_what_another_edition_lacks_is_no_final_zero(course, toy, monkeypatch):
    """Seen: tasks were replaced after students had the sheet, and all of them got 0."""
    monkeypatch.setattr(
        "classroom.grade.run_cells", lambda sources, *_: [CellRun("ok")] * len(sources)
    )
    for task, pending in (("root", True), ("other", True), ("", False)):
        notebook = solution(course)
        test = cell(notebook, "root-test")
        test.source = test.source.replace("x: root", f"{task or 'x'}: root")
        marks, _ = run_and_judge(toy, restored(course, notebook), released(course),
                                 {"square": [], "root": []}, False)  # fmt: skip
        assert {m.pending for m in marks.values() if m.points < m.most} == {pending}
