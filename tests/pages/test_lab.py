"""A figure in JupyterLab, with a live kernel: it moves from Python and from the page."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from playwright.sync_api import expect

from tests.pages.conftest import ROOT

CELLS = [
    """
import sympy as sp
from vae_lib.explorers import ExpressionExplorer, Slider
x, a = sp.symbols("x a", real=True)
figure = ExpressionExplorer([a * x], (x, -1, 1), (-2, 2),
                            sliders={a: Slider(-2, 2, 0.1, 0.5)})
figure
""",
    'figure.values = {"a": 1.5}',
    'print("Python sees", figure.values["a"])',
]


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on a notebook of its own, without a token, for this machine alone."""
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "trial.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    command += [
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--ServerApp.root_dir={tmp_path}",
    ]
    with open(tmp_path / "server.log", "w") as log:
        environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
        server = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | environment, stdout=log, stderr=log
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{address}/api/status", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.2)
            else:
                pytest.fail((tmp_path / "server.log").read_text())
            yield f"{address}/lab/tree/trial.ipynb"
        finally:
            server.terminate()
            server.wait(20)


def test_python_and_the_page_move_one_figure(lab, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(60_000)
    page.goto(lab)
    cell = page.locator(".jp-Notebook .jp-CodeCell")
    cell.first.locator(".cm-content").click()
    page.wait_for_selector('.jp-Notebook[data-status="idle"], [data-status="idle"]')
    page.keyboard.press("Shift+Enter")
    slider = page.locator(".expression-explorer input[type=range]")
    slider.wait_for()
    assert slider.input_value() == "0.5" and slider.count() == 1

    page.keyboard.press("Shift+Enter")  # Python sets it
    expect(slider).to_have_value("1.5")

    slider.focus()  # the page sets it; no key may reach the notebook's commands
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("a")
    page.keyboard.press("b")
    expect(slider).to_have_value("1.7")
    assert cell.count() == len(CELLS)
    cell.last.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    cell.nth(2).get_by_text("Python sees 1.7").wait_for()
    page.close()
