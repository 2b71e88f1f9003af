"""The latent explorer in JupyterLab with a live kernel: both sides set and read a state."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from tests.pages.conftest import ROOT
from tests.pages.test_latent_explorer import Explorer

CELLS = [
    """from vae_lib.data import load_mnist
from vae_lib.explorers import LatentExplorer
from vae_lib.explorers.weights import load_vae
data = load_mnist()
w = LatentExplorer.from_vae(
    load_vae()[0], data.test_images[:50], data.test_labels[:50])
w""",
    "w.z = [0.5, -1.0]",
    "w.selected = 7",
    "w.x = data.test_images[60].tolist()",
    "import json\nprint(json.dumps([w.z, w.selected, sum(w.x)]))",
]
PYTHON_SETS_Z, PYTHON_SELECTS, PYTHON_SETS_X, PYTHON_READS = 1, 2, 3, 4


class Notebook:
    def __init__(self, page, address):
        self.page = page
        page.goto(address)
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")
        self.cells.nth(len(CELLS) - 1).wait_for(timeout=60_000)
        page.locator("[data-status='idle']").first.wait_for(timeout=60_000)

    def run(self, n):
        """Run a cell and wait for its end; what it printed."""
        prompt = self.cells.nth(n).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        self.cells.nth(n).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        for _ in range(600):
            if prompt.inner_text() not in (before, "[*]:"):
                break
            self.page.wait_for_timeout(100)
        outputs = self.cells.nth(n).locator(".jp-OutputArea-output pre")
        return outputs.first.inner_text() if outputs.count() else ""

    def read(self):
        self.page.wait_for_timeout(300)  # the page saves every 50 ms
        return json.loads(self.run(PYTHON_READS))


@pytest.fixture
def lab(browser, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS)))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(notebook, folder / "explorer.ipynb")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    command = [sys.executable, "-m", "jupyterlab", str(folder), "--no-browser", "--port=0"]
    command += ["--allow-root", "--IdentityProvider.token="]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.news_url="]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(300):
            files = list((tmp_path / "runtime").glob("jpserver-*.json"))
            if files:
                break
            assert server.poll() is None, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.1)
        time.sleep(0.2)  # until the file is whole
        url = json.loads(files[0].read_text())["url"]
        page = browser.new_page(viewport={"width": 1400, "height": 1900})
        yield Notebook(page, f"{url}lab/tree/explorer.ipynb")
        page.close()
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def test_python_and_the_page_set_and_read_one_state(lab):
    lab.run(0)
    explorer = Explorer(lab.page)
    explorer.settle()

    lab.run(PYTHON_SETS_Z)
    lab.page.wait_for_timeout(300)
    assert explorer.z() == [0.5, -1.0]
    assert lab.read()[:2] == [[0.5, -1.0], 0]

    explorer.move_to([1.25, 0.75])
    assert lab.read()[0] == [1.25, 0.75]
    lab.page.mouse.move(*explorer.place(0.0, 0.0))
    lab.page.mouse.down()
    lab.page.mouse.move(*explorer.place(-2.0, 1.0), steps=25)
    lab.page.mouse.up()
    assert lab.read()[0] == pytest.approx([-2.0, 1.0], abs=0.05)
    assert explorer.z() == pytest.approx([-2.0, 1.0], abs=0.05)  # no echo pulled it back

    lab.run(PYTHON_SELECTS)
    lab.page.wait_for_timeout(300)
    assert explorer.pick.input_value() == "7"
    z, selected, _ = lab.read()
    assert selected == 7 and explorer.z() == pytest.approx(z, abs=0.006)

    lab.run(PYTHON_SETS_X)
    lab.page.wait_for_timeout(300)
    label = explorer.root.locator(".image:not(.decoded)").get_attribute("aria-label")
    assert "your image" in label and lab.read()[1] is None

    explorer.draw([(0.5, 0.2), (0.5, 0.8)])
    _, selected, ink = lab.read()
    assert selected is None and 20 < ink < 120

    explorer.plane.focus()
    lab.page.keyboard.press("a")  # in command mode JupyterLab would insert a cell
    assert lab.cells.count() == len(CELLS)
