"""The page of claims: each is tested once, told in a text, and listed."""

import re
import sys
from pathlib import Path

import jupytext
import pytest

from .test_chapters import CHAPTERS, without_code

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import claims as tool  # noqa: E402

CALL = """
claim("start", "The start gains a nat.", gains,
      above=1.0, below=LIMIT)
claimed("other", "No call of claim.", gains)
"""


def test_every_claim_is_tested_once_told_in_a_text_and_listed():
    assert tool.faults() == []


def test_a_call_is_found_with_its_bounds_and_what_it_printed():
    printed = "some line\nclaim start: 1.8 ± 0.03 (3 runs), above 1\nclaim start-2: 0.1\n"
    (found,) = tool.calls(CALL, ROOT / "book" / "07-training.md", printed)
    assert found.name == "start" and found.says == "The start gains a nat."
    assert found.bounds == "above 1.0 and below LIMIT"
    assert found.measured == "1.8 ± 0.03 (3 runs), above 1"
    assert tool.row(found).endswith("above 1. In {doc}`07-training`.\n")


def test_a_claim_of_a_test_shows_its_bounds():
    (found,) = tool.calls(CALL, ROOT / "tests" / "test_training.py")
    assert tool.row(found).endswith(
        "above 1.0 and below LIMIT. In `tests/test_training.py`.\n"
    )


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A book of one page, with one claim."""
    (found,) = tool.calls(CALL, ROOT / "tests" / "test_training.py")
    listed = [found]
    monkeypatch.setattr(tool, "BOOK", tmp_path)
    monkeypatch.setattr(tool, "PAGE", tmp_path / "experiments.md")
    monkeypatch.setattr(tool, "claims", lambda: listed)
    (tmp_path / "page.md").write_text("It gains ({ref}`tested <claim-start>`).", "utf-8")
    tool.PAGE.write_text(tool.page(), "utf-8")
    assert tool.faults() == []
    return listed


def test_a_text_that_mentions_what_is_not_tested_is_a_fault(small, tmp_path):
    (tmp_path / "more.md").write_text("{ref}`tested <claim-missing>`", "utf-8")
    assert tool.faults() == ["more.md: claim missing is tested nowhere"]


def test_a_claim_that_no_text_mentions_is_a_fault(small, tmp_path):
    (tmp_path / "page.md").unlink()
    assert tool.faults() == ["claim start is mentioned in no text"]


def test_a_claim_tested_twice_or_a_page_of_old_is_a_fault(small):
    small.append(small[0])
    twice, old = tool.faults()
    assert twice == "claim start is tested twice" and "out of date" in old


# A paragraph that speaks of runs and seeds links to a claim, or says which command repeats
# them; but for those that announce what is tested below, and a summary's points.
SPEAKS = r"\bseeds\b|±|\b(?:three|four|five|six|ten|all|each|every|both) (?:\w+ )?runs\b"
TOLD_OTHERWISE = r"<claim-|vae_lib\.reproduce|\{cite"
ANNOUNCES = r"(?s)(The code is in|- |Let us \*train\*).*|.*:\s*"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_paragraph_about_runs_links_to_its_claim(chapter):
    cells = jupytext.read(chapter).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for paragraph in re.split(r"\n\s*\n", without_code(text)):
        told = re.search(TOLD_OTHERWISE, paragraph) or re.fullmatch(ANNOUNCES, paragraph)
        assert told or not re.search(SPEAKS, paragraph), paragraph
