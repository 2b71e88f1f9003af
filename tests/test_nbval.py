"""nbval guards the notebooks. Here it is shown to fail where it must."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]


def nbval(notebook: nbformat.NotebookNode, folder: Path) -> subprocess.CompletedProcess:
    nbformat.write(notebook, folder / "trial.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    command += [
        "--nbval-sanitize-with",
        str(ROOT / "tests/nbval.cfg"),
        "-p",
        "no:cacheprovider",
    ]
    command += ["--rootdir", str(folder), "-c", "/dev/null", "trial.ipynb"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def notebook_with(source: str, output: str) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return notebook


@pytest.mark.parametrize(
    ("source", "output", "passes"),
    [
        ("print('z +0.4: agree')", "z +0.4: agree\n", True),
        ("print('z +0.5: agree')", "z +0.4: agree\n", False),
        ("print('agree')\nassert 1 > 2", "agree\n", False),
        ("raise ValueError('broken')", "", False),
    ],
    ids=["same", "another number", "a failed assertion", "an error"],
)
def test_nbval_passes_what_repeats_and_fails_what_does_not(
    tmp_path, source, output, passes
):
    result = nbval(notebook_with(source, output), tmp_path)
    assert (result.returncode == 0) == passes, result.stdout[-2000:]


def test_what_the_book_executed_is_played_back_cell_by_cell():
    """With `--executed-by-the-book` nbval compares the outputs of the book's run, and a
    notebook whose cells are not the chapter's is refused."""
    from conftest import PlayedBack

    kernel = PlayedBack(notebook_with("print('z')", "z\n"))
    said = kernel.execute_cell_input("print('z')")
    messages = [kernel.get_message("iopub") for _ in range(2)]
    assert [m["msg_type"] for m in messages] == ["stream", "status"]
    assert messages[0]["content"]["text"] == "z\n"
    assert messages[1]["content"] == {"execution_state": "idle"}
    assert {m["parent_header"]["msg_id"] for m in messages} == {said}
    with pytest.raises(AssertionError, match="differs from the chapter's"):
        PlayedBack(notebook_with("print('z')", "z\n")).execute_cell_input("print('x')")
