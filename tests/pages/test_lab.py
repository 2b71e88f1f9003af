"""Figures in JupyterLab, with a live kernel: they move from Python and from the page."""

import json
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
from tests.pages.test_latent_explorer import Explorer


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab without a token, for this machine alone; gives a notebook of cells an
    address."""
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    command += [
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--ServerApp.root_dir={folder}",
    ]
    address = f"http://127.0.0.1:{port}"

    def notebook(name: str, cells: list[str]) -> str:
        new = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
        content = nbformat.v4.new_notebook(cells=new)
        content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(content, folder / f"{name}.ipynb")
        # A workspace of its own: no tab of another test opens beside it.
        return f"{address}/lab/workspaces/{name}/tree/{name}.ipynb"

    with open(folder / "server.log", "w") as log:
        environment = {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
        server = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log
        )
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{address}/api/status", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.2)
            else:
                pytest.fail((folder / "server.log").read_text())
            yield notebook
        finally:
            server.kill()  # it holds nothing that is not saved
            server.wait()


SLOPE = [
    """
import sympy as sp
from explorers import ExpressionExplorer, Slider
x, a = sp.symbols("x a", real=True)
figure = ExpressionExplorer([a * x], (x, -1, 1), (-2, 2),
                            sliders={a: Slider(-2, 2, 0.1, 0.5)})
figure
""",
    'figure.values = {"a": 1.5}',
    'print([figure.values["a"]])',
]
PYTHON_SETS_A, PYTHON_READS_A = 1, 2


PLANE = [
    """
from vae_lib.data import load_mnist
from explorers import LatentExplorer
from explorers.weights import load_vae
data = load_mnist()
w = LatentExplorer.from_vae(
    load_vae()[0], data.test_images[:50], data.test_labels[:50])
w
""",
    "w.z = [0.5, -1.0]",
    "w.selected = 7",
    "w.x = data.test_images[60].tolist()",
    "import json\nprint(json.dumps([w.z, w.selected, sum(w.x)]))",
]
PYTHON_SETS_Z, PYTHON_SELECTS, PYTHON_SETS_X, PYTHON_READS = 1, 2, 3, 4


class Notebook:
    def __init__(self, page, address, cells):
        self.page = page
        page.set_default_timeout(120_000)  # torch is imported, on a machine that is busy
        page.goto(address)
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")
        self.cells.nth(cells - 1).wait_for(timeout=60_000)
        page.locator("[data-status='idle']").first.wait_for(timeout=60_000)

    def run(self, n):
        """Run a cell and wait for its end; what it printed."""
        prompt = self.cells.nth(n).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for waited in range(600):
            shown = prompt.inner_text()
            if shown not in (before, "[*]:"):
                break
            if shown == before and waited % 50 == 0:  # a kernel that starts may miss a key
                self.cells.nth(n).locator(".cm-content").click()
                self.page.keyboard.press("Control+Enter")
            self.page.wait_for_timeout(100)
        else:
            pytest.fail(f"cell {n} has not ended after a minute")
        outputs = self.cells.nth(n).locator(".jp-OutputArea-output pre")
        return outputs.first.inner_text() if outputs.count() else ""

    def wait_until(self, holds):
        """What Python says reaches the page when both have the time."""
        for _ in range(300):
            if holds():
                return
            self.page.wait_for_timeout(100)
        pytest.fail("the page has not followed Python after half a minute")

    def read_until(self, holds, reads=PYTHON_READS):
        """What a cell prints of Python's state, once the page's messages have arrived: of
        the plane, z, selected and the ink of x."""
        for _ in range(20):
            state = json.loads(self.run(reads))
            if holds(*state):
                return state
            self.page.wait_for_timeout(300)
        pytest.fail(f"Python has not followed the page: {state}")


def test_python_and_the_page_move_one_figure(lab, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    lab = Notebook(page, lab("slope", SLOPE), len(SLOPE))
    lab.run(0)
    slider = page.locator(".expression-explorer input[type=range]")
    slider.wait_for()
    assert slider.input_value() == "0.5" and slider.count() == 1

    lab.run(PYTHON_SETS_A)
    expect(slider).to_have_value("1.5")

    slider.focus()  # the page sets it; no key may reach the notebook's commands
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("a")
    page.keyboard.press("b")
    expect(slider).to_have_value("1.7")
    assert lab.cells.count() == len(SLOPE)
    lab.read_until(lambda a: a == 1.7, PYTHON_READS_A)
    page.close()


def test_python_and_the_page_set_and_read_one_state(lab, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 1900})
    lab = Notebook(page, lab("plane", PLANE), len(PLANE))
    lab.run(0)
    explorer = Explorer(lab.page)
    explorer.settle()

    lab.run(PYTHON_SETS_Z)
    lab.wait_until(lambda: explorer.z() == [0.5, -1.0])
    lab.read_until(lambda z, selected, ink: z == [0.5, -1.0] and selected == 0)

    explorer.move_to([1.25, 0.75])
    lab.read_until(lambda z, selected, ink: z == [1.25, 0.75])
    lab.page.mouse.move(*explorer.place(0.0, 0.0))
    lab.page.mouse.down()
    lab.page.mouse.move(*explorer.place(-2.0, 1.0), steps=25)
    lab.page.mouse.up()
    there = pytest.approx([-2.0, 1.0], abs=0.05)
    lab.read_until(lambda z, selected, ink: z == there)
    assert explorer.z() == there  # no echo pulled it back

    lab.run(PYTHON_SELECTS)
    lab.wait_until(lambda: explorer.pick.input_value() == "7")
    z, selected, _ = lab.read_until(lambda z, selected, ink: selected == 7)
    lab.wait_until(lambda: explorer.z() == pytest.approx(z, abs=0.006))

    lab.run(PYTHON_SETS_X)
    shown = explorer.root.locator(".image:not(.decoded)")
    lab.wait_until(lambda: "your image" in shown.get_attribute("aria-label"))
    lab.read_until(lambda z, selected, ink: selected is None)

    _, _, before = lab.read_until(lambda *state: True)
    explorer.draw([(0.5, 0.2), (0.5, 0.8)])
    _, selected, ink = lab.read_until(lambda z, selected, ink: ink != before)
    assert selected is None and 20 < ink < 120

    explorer.plane.focus()
    lab.page.keyboard.press("a")  # in command mode JupyterLab would insert a cell
    assert lab.cells.count() == len(PLANE)
    page.close()
