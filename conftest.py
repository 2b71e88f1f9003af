"""How nbval gets what it compares: from kernels of its own, or from the book's run.

`pytest notebooks --nbval` executes the notebooks. With `--executed-by-the-book`, nbval is
handed what `tools/book.py` got from the same cells a moment ago: no chapter is run twice.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbval.kernel
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbFile

sys.path.insert(0, str(Path(__file__).parent / "tools"))
from kernels import FileKernelManager  # noqa: E402

# Other languages have the cells and outputs of the English notebooks: see tools/notebooks.
collect_ignore_glob = ["notebooks/*/*"]

nbval.kernel.KernelManager = FileKernelManager
START_A_KERNEL = IPyNbFile.setup


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "compare the outputs of the book's run with the stored ones (for nbval)"
    parser.addoption("--executed-by-the-book", action="store_true", help=what)


class PlayedBack:
    """In a kernel's place: answers each cell with the outputs of its execution."""

    def __init__(self, executed: NotebookNode):
        self.cells = iter(executed.cells)
        self.messages: Iterator[dict] = iter([])

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        if source.startswith("#@title Install"):  # in notebooks alone: see tools/notebooks
            done = {"msg_type": "status", "content": {"execution_state": "idle"}}
            self.messages = iter([done | {"parent_header": {"msg_id": source}}])
            return source
        cell = next(self.cells)
        assert cell.source == source, "this cell differs from the chapter's"
        told = [(out.output_type, out) for out in cell.outputs]
        told.append(("status", {"execution_state": "idle"}))
        self.messages = iter([
            {"msg_type": kind, "content": content, "parent_header": {"msg_id": source}}
            for kind, content in told
        ])  # fmt: skip
        return source

    def get_message(self, stream: str, timeout: float | None = None) -> dict:
        return next(self.messages)

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """It has come: the cell was executed before."""

    def is_alive(self) -> bool:
        return True

    def stop(self) -> None:
        """Nothing runs."""


def setup(file: IPyNbFile) -> None:
    if not file.config.option.executed_by_the_book:
        return START_A_KERNEL(file)
    from book import executed_chapter  # the cache of notebooks: not for every test run
    from notebooks import BOOK

    executed = executed_chapter(BOOK / f"{file.path.stem}.md")
    assert executed, f"{file.path.name} was not executed: run tools/book.py first"
    file.kernel = PlayedBack(executed)
    file.setup_sanitize_files()


IPyNbFile.setup = setup


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For workers side by side: a file's tests share one, unless they name a group of
    their own. Those come first, then the files with the most slow tests: none of them is
    left for the end, when one worker has nothing more to do."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    apart = {item for item in items if item.get_closest_marker("xdist_group")}
    items.sort(key=lambda item: (item not in apart, -slow[item.path]))
    for item in items:
        if item not in apart:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
