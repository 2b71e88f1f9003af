"""nbval guards the notebooks. Here it is shown to fail where it must."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
# What a cell does, the output that is stored for it, and whether nbval is to pass it.
CELLS = {
    "the same number": ("print('z +0.4: agree')", "z +0.4: agree\n", True),
    "another number": ("print('z +0.5: agree')", "z +0.4: agree\n", False),
    "a failed assertion": ("print('agree')\nassert 1 > 2", "agree\n", False),
    "an error": ("raise ValueError('broken')", "", False),
    "the same after a failure": ("print('z +0.4: agree')", "z +0.4: agree\n", True),
}


def notebook() -> nbformat.NotebookNode:
    cells = []
    for count, (source, output, _) in enumerate(CELLS.values(), start=1):
        cell = nbformat.v4.new_code_cell(source, execution_count=count)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]
        cells.append(cell)
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return notebook


@pytest.mark.slow
def test_nbval_passes_what_repeats_and_fails_what_does_not(tmp_path):
    """All cells in one kernel, which takes seconds to start: each has its own verdict."""
    nbformat.write(notebook(), tmp_path / "trial.ipynb")
    command = [sys.executable, "-m", "pytest", "-v", "--nbval", "--nbval-current-env"]
    command += ["--nbval-sanitize-with", str(ROOT / "tests/nbval.cfg")]
    command += ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", "/dev/null"]
    done = subprocess.run(
        [*command, "trial.ipynb"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    verdicts = re.findall(r"::Cell \d+ (PASSED|FAILED)", done.stdout)
    expected = ["PASSED" if passes else "FAILED" for *_, passes in CELLS.values()]
    assert verdicts == expected, done.stdout[-3000:] + done.stderr[-1000:]
    assert done.returncode == 1


def test_what_the_book_executed_is_played_back_cell_by_cell():
    """With `--executed-by-the-book` nbval compares the outputs of the book's run, and a
    notebook whose cells are not the chapter's is refused."""
    from conftest import PlayedBack

    (source, output, _), (other, *_) = list(CELLS.values())[:2]
    kernel = PlayedBack(notebook())
    said = kernel.execute_cell_input(source)
    messages = [kernel.get_message("iopub") for _ in range(2)]
    assert [m["msg_type"] for m in messages] == ["stream", "status"]
    assert messages[0]["content"]["text"] == output
    assert messages[1]["content"] == {"execution_state": "idle"}
    assert {m["parent_header"]["msg_id"] for m in messages} == {said}
    with pytest.raises(AssertionError, match="differs from the chapter's"):
        PlayedBack(notebook()).execute_cell_input(other)
