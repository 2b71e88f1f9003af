"""Run the book's JavaScript in Node and read what it prints as JSON."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.conftest import skip_or_fail

EXPLORERS = Path(__file__).parents[2] / "explorers"


def run_node(modules: str, code: str, data: dict):
    """The value that `code` computes from `data`, after the text of some modules.

    Everything is one text on standard input: Node would read a file named .js that has
    exports only beside a package.json.
    """
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        skip_or_fail("no Node, so JavaScript was not compared with Python", "nodejs")
    # Newlines, not semicolons: the modules may end in a comment.
    script = f"{modules}\nconst data = {json.dumps(data)};\n{code}\n"
    run = subprocess.run(
        [node, "--input-type=module", "-"],
        input=script,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)
