"""What `pip install .` brings, without the clone: all that a notebook needs, anywhere."""

import ast
import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest

from tests.test_project import ROOT, tracked_files

NEEDED = """
import sys
from pathlib import Path
import vae_lib, derivations, explorers
for package in (vae_lib, derivations, explorers):
    assert Path(package.__file__).is_relative_to(sys.argv[1]), package.__file__
from derivations.workbench import BOOK, Workbench
from explorers.weights import load_vae
from vae_lib.data import load_digits, load_fashion_mnist, load_mnist
from vae_lib.plots import use_style
from vae_lib.reproduce import experiments, finished
use_style()
assert len(load_mnist().test_images) == 10_000 and len(load_fashion_mnist().test_images)
assert load_vae()[0].z_dim == 2 and len(load_digits().train_images)
assert all(finished(name) for name in experiments()), "results are missing"
assert BOOK.is_relative_to(sys.argv[1]) and Workbench()
"""


def imports_of_the_notebooks() -> str:
    """Every import of every notebook, once."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code" or "import" not in cell.source:
                continue
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    found[ast.unparse(node)] = None
    return "\n".join(found)


@pytest.mark.slow
def test_the_wheel_has_all_that_a_notebook_needs_and_its_build_leaves_nothing(tmp_path):
    source, wheels, site, away = (
        tmp_path / name for name in ("src", "out", "site", "away")
    )
    away.mkdir()
    for path in tracked_files():
        if path.exists():
            copy = source / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    before = {path for path in source.rglob("*")}
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    assert {path for path in source.rglob("*")} == before
    (wheel,) = wheels.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    done = subprocess.run(
        [sys.executable, "-c", NEEDED + imports_of_the_notebooks(), str(site)],
        cwd=away, env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(away.iterdir()) == []
