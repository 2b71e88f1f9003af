"""A display equation: its rows, its comments, its places."""

import pytest

from derivations import check
from derivations.block import read_block
from derivations.read import ReadingError


@pytest.mark.parametrize(
    "latex", ["", "   ", "$$ $$", r"\begin{align} \end{align}", "% given: x := 1"]
)
def test_an_empty_block_is_an_error(latex):
    report = check(latex)
    assert not report.ok and "nothing to read" in report.error


def test_positions_survive_comments_and_environments():
    source = "\\begin{aligned}\n% given: a > 0\nx &= 1 \\\\\n&= \\foo\n\\end{aligned}"
    with pytest.raises(ReadingError) as caught:
        read_block(source)
    assert source[caught.value.position :].startswith("\\foo") and caught.value.line == 4
