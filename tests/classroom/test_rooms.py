"""How the modules of classroom call each other, and what of the book a submission sees."""

import ast
import graphlib
import tomllib
from pathlib import Path

import pytest

from classroom import sandbox
from classroom.course import ROOT, Limits
from classroom.sandbox import run_cells, staged


def imported(path: Path) -> set[str]:
    """The modules of classroom that it imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in found if name.startswith("classroom.")}


def test_no_import_leads_back():
    graph = {path.stem: imported(path) for path in (ROOT / "classroom").glob("*.py")}
    assert {"grade", "judge", "collect"} <= graph.keys() and graph["grade"]
    tuple(graphlib.TopologicalSorter(graph).static_order())  # CycleError where one does
    # what reads marks does not load what makes them
    reads = {"results", "export", "feedback", "report"}
    assert not {"collect", "grade", "judge"} & set().union(*(graph[name] for name in reads))


@pytest.mark.usefixtures("sandbox")
def test_no_installed_package_of_ours_is_seen_in_the_sandbox(toy, tmp_path, monkeypatch):
    """As where they were installed and not linked: site-packages holds them all."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert len(packages) >= 5
    site = tmp_path / "site"
    for package in [*packages, "somebody_elses"]:
        (site / package).mkdir(parents=True)
        (site / package / "answers.py").write_text("")
    folders = [*sandbox.python_folders(), site]
    monkeypatch.setattr(sandbox, "python_folders", lambda: folders)
    monkeypatch.setattr(sandbox.sysconfig, "get_path", lambda _: str(site))
    sources = [f"import sys; sys.path.append({str(site)!r})"]
    sources += [f"import {package}.answers" for package in ["somebody_elses", *packages]]
    with staged(toy, {}) as stage:
        runs = run_cells(sources, stage, Limits())
    assert [run.status for run in runs] == ["ok", "ok", *["error"] * len(packages)]
