"""python -m derivations."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from derivations import __main__ as command_line
from derivations.__main__ import main

ROOT = Path(__file__).parents[2]


PAGE = """# A chapter

$$
p_{\\theta}(x \\mid z) := \\mathcal{N}(x; w z + b, \\sigma^2)
$$ (eq-model)

```python
$$ this is code $$
```

$$
p_{\\theta}(x) = \\mathcal{N}(x; b, w^2 + \\sigma^2)
$$ (eq-evidence)
"""


def test_the_command_line(tmp_path, capsys):
    page = tmp_path / "01.md"
    page.write_text(PAGE)
    command = [sys.executable, "-m", "derivations", "check", str(tmp_path), "--json"]
    good = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert good.returncode == 0, good.stderr
    rows = json.loads(good.stdout)
    assert {"file", "label", "line", "relation", "verdict", "how", "detail"} <= set(rows[0])
    assert main(["explain", str(page), "eq-evidence"]) == 0
    explained = capsys.readouterr().out
    assert "proved" in explained and "worlds" in explained
    page.write_text(PAGE.replace("w^2 +", "w^2 -"))
    assert main(["check", str(tmp_path)]) == 1
    bad = capsys.readouterr().out
    assert "FAIL" in bad and ":12 eq-evidence" in bad
    assert main(["explain", str(page), "eq-missing"]) == 2


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "cp1252"])
def test_an_output_that_knows_few_letters_is_no_broken_equation(tmp_path, encoding):
    page = tmp_path / "01.md"
    page.write_text(PAGE.replace("# A chapter", "# \N{GREEK SMALL LETTER PHI}"), "utf-8")
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for command in (["check", str(page)], ["dialect"]):  # the second prints φ
        done = subprocess.run(
            [sys.executable, "-m", "derivations", *command],
            cwd=ROOT, env=environment, capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_a_fault_of_our_own_is_no_broken_equation(monkeypatch, capsys):
    monkeypatch.setattr(command_line, "main", lambda: 1 / 0)
    assert command_line.run() == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_sign_in_a_chapter_turns_the_check_red(tmp_path, capsys):
    chapter = (ROOT / "book" / "06-objective.md").read_text(encoding="utf-8")
    right, wrong = "\\right] - D_", "\\right] + D_"
    line = chapter[: chapter.index(right)].count("\n") + 1
    (tmp_path / "06-objective.md").write_text(chapter.replace(right, wrong, 1))
    assert main(["check", str(tmp_path), "--numeric"]) == 1
    shown = capsys.readouterr().out
    assert f"06-objective.md:{line} eq-elbo-two-terms" in shown
    assert "had the other sign" in shown
