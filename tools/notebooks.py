"""Make the notebooks from the Markdown chapters: one way, never back.

    python tools/notebooks.py write     notebooks/*.ipynb from book/*.md; outputs stay where
                                        the code above and in a cell is unchanged
    python tools/notebooks.py run       write, then execute those that lack outputs
    python tools/notebooks.py run --all execute every one
    python tools/notebooks.py check     exit 1 if a pair differs or a notebook was not run

A notebook's bytes depend on the chapter and its results alone: no times, no versions, no
widget state, cell ids from the cells' places. `jupytext --sync` is not used: it trusts file
times, which a fresh clone sets at random.

The notebooks of another edition, in notebooks/ko, have the cells and outputs of the English
ones, and are never run.
"""

import argparse
import copy
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import jupytext
import nbformat
import yaml
from jupytext.config import load_jupytext_configuration_file
from kernels import execute
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from derivations.chapters import DISPLAY
from derivations.lines import lines_of, with_numbers

ROOT = Path(__file__).resolve().parents[1]
BOOK, NOTEBOOKS = ROOT / "book", ROOT / "notebooks"
CONFIG = load_jupytext_configuration_file(str(ROOT / "pyproject.toml"))

# The numbered paragraphs that follow a derivation at once: its reasons.
REASONS = re.compile(r"\s*(^\d+\. .*(\n+|\Z))+", re.M)
REASON = re.compile(r"^\d+\. ", re.M)

# What a control leaves in a stored notebook, where no kernel can move it.
WIDGET_NOTE = "A control lives here. Run this cell in JupyterLab to move it."


# Folded in JupyterLab and on Colab.
INSTALL = """#@title Install the book's package, where it is missing
from importlib.util import find_spec

if find_spec("vae_lib") is None:
    %pip install --quiet "vae-line-by-line @ git+{url}@{branch}"
"""
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["hide-input"]}


def repository() -> dict[str, str]:
    """The book's public repository, as `_config.yml` names it: its url and branch."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return {"branch": "main"} | (config.get("repository") or {})


def chapters() -> list[Path]:
    """The Markdown pages that hold code, in the book's order."""
    return [p for p in sorted(BOOK.glob("*.md")) if "{code-cell}" in p.read_text("utf-8")]


def notebook_path(chapter: Path, language: str = "") -> Path:
    return NOTEBOOKS / language / f"{chapter.stem}.ipynb"


def editions(book: Path) -> list[str]:
    """The other languages of the book: each has a folder of catalogues."""
    return sorted(file.parent.name for file in book.glob("*/interface.po"))


@cache
def sources(language: str) -> Path:
    """The folder of an edition's Markdown, written once: all of its pages are parsed."""
    import translations  # not for the English notebooks

    return translations.write(language)


def translated(chapter: Path, language: str) -> NotebookNode:
    """A chapter's notebook in another language, with the outputs of the English one."""
    notebook = from_markdown(sources(language) / chapter.name)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":  # one folder further down
            cell.source = cell.source.replace("../book/", "../../book/")
    return with_outputs_of(notebook, read_notebook(notebook_path(chapter)))


def from_markdown(chapter: Path) -> NotebookNode:
    """The notebook of a chapter, without outputs."""
    notebook = jupytext.read(chapter, config=CONFIG)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata.pop("jupytext", None)
    if "url" in repository():
        source = INSTALL.format(**repository()).strip()
        cell = nbformat.v4.new_code_cell(source, metadata=copy.deepcopy(FOLDED))
        notebook.cells.insert(0, cell)
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place:03d}"
        if cell.cell_type == "markdown":
            cell["source"] = with_line_numbers(cell.source)
    return notebook


def with_line_numbers(text: str) -> str:
    """A number behind each line of a derivation, where reasons with numbers follow."""

    def numbered(display: re.Match[str]) -> str:
        body = display["body"]
        count = len(lines_of(body))
        reasons = REASONS.match(text, display.end())
        if count < 2 or not reasons or len(REASON.findall(reasons[0])) != count:
            return display[0]
        return display[0].replace(body, with_numbers(body), 1)

    return DISPLAY.sub(numbered, text)


def read_notebook(path: Path) -> NotebookNode | None:
    """A stored notebook, or None where there is none that can be read."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return None


def with_outputs_of(new: NotebookNode, old: NotebookNode | None) -> NotebookNode:
    """Copy the outputs of `old` up to the first code cell that differs: what follows a
    changed cell may depend on it."""
    old_code = [cell for cell in old.cells if cell.cell_type == "code"] if old else []
    new_code = [cell for cell in new.cells if cell.cell_type == "code"]
    for cell, before in zip(new_code, old_code, strict=False):
        if cell.source != before.source:
            break
        cell.outputs = copy.deepcopy(before.outputs)
        cell.execution_count = before.execution_count
    return new


def was_run(notebook: NotebookNode) -> bool:
    return all(
        cell.execution_count is not None
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.strip()
    )


def without_traces_of_the_run(notebook: NotebookNode) -> NotebookNode:
    """Drop what changes from run to run: times, versions, widget state, progress bars."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        for output in cell.outputs:
            data = output.get("data", {})
            view = data.pop("application/vnd.jupyter.widget-view+json", None)
            if view and "image/png" not in data:
                data["text/plain"] = WIDGET_NOTE
    return notebook


def save(notebook: NotebookNode, path: Path) -> None:
    """Write to a temporary file, then rename: no notebook is ever half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(notebook, version=4) + "\n"
    if path.exists() and path.read_text("utf-8") == text:
        return
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".unfinished", delete=False
    ) as file:
        file.write(text)
    # A temporary file is private; a notebook is as readable as any file of the tree.
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def make(chapter: Path, run: bool, again: bool) -> str | None:
    """Write one notebook and, if asked and needed, execute it. A failure is described."""
    path = notebook_path(chapter)
    notebook = from_markdown(chapter)
    if not again:
        notebook = with_outputs_of(notebook, read_notebook(path))
    if run and not was_run(notebook):
        print(f"running {path.relative_to(ROOT)}", flush=True)
        try:
            notebook = without_traces_of_the_run(execute(notebook, ROOT))
        except CellExecutionError as error:
            return (
                f"{chapter.relative_to(ROOT)}: a cell failed, nothing was written\n{error}"
            )
    save(notebook, path)
    return None


def differences(chapter: Path, language: str = "") -> list[str]:
    """What makes a pair unfit to publish: contents that differ, or cells never run."""
    path = notebook_path(chapter, language)
    expected = translated(chapter, language) if language else from_markdown(chapter)
    stored = read_notebook(path)
    name = path.relative_to(NOTEBOOKS).as_posix()
    if stored is None:
        return [f"{name} is missing or unreadable"]
    faults = []
    if len(expected.cells) != len(stored.cells):
        faults.append(
            f"{name} has {len(stored.cells)} cells, its chapter {len(expected.cells)}"
        )
    for place, (want, have) in enumerate(zip(expected.cells, stored.cells, strict=False)):
        same = want.source == have.source and want.cell_type == have.cell_type
        if not (same and want.metadata == have.metadata):
            faults.append(
                f"{name}, cell {place}, differs from its chapter: {have.source[:60]!r}"
            )
            break
    if not was_run(stored):
        faults.append(f"{name} has cells that were never run")
    if language and faults == [] and outputs(stored) != outputs(expected):
        faults.append(f"{name} has other outputs than the English notebook")
    return faults


def outputs(notebook: NotebookNode) -> list:
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def check() -> list[str]:
    pages, languages = chapters(), ["", *editions(BOOK)]
    faults = [f for one in languages for page in pages for f in differences(page, one)]
    paired = {notebook_path(page, one) for one in languages for page in pages}
    # not Jupyter's own copies, in hidden folders
    strays = {*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("[!.]*/*.ipynb")} - paired
    names = sorted(path.relative_to(NOTEBOOKS).as_posix() for path in strays)
    return faults + [f"{name} has no chapter" for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["write", "run", "check"])
    parser.add_argument(
        "--all", action="store_true", help="execute what is up to date, too"
    )
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time (2)")
    parser.add_argument("only", nargs="*", help="parts of chapter names; none means all")
    options = parser.parse_intermixed_args()
    if options.action == "check":
        faults = check()
        if faults:
            faults.append("run 'make notebooks', look at the result and commit it")
    else:
        pages = [
            p
            for p in chapters()
            if not options.only or any(o in p.name for o in options.only)
        ]
        with ThreadPoolExecutor(options.jobs) as pool:
            results = pool.map(
                lambda p: make(p, options.action == "run", options.all), pages
            )
            faults = [fault for fault in results if fault]
        for language in editions(BOOK):
            for page in pages:
                save(translated(page, language), notebook_path(page, language))
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    main()
