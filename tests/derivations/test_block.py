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


def test_a_bracket_hides_what_it_holds():
    lines = read_block(r"a = f(b, \quad c), \quad d = 2").lines
    assert [line.first is not None for line in lines] == [True, True]
    (given,) = read_block("% given: f(a, b) := a + b\n1 = 1").given
    assert given.text == "f(a, b) := a + b"
    two = read_block(r"% given: a := b \, c; d > 0" + "\n1 = 1").given
    assert [line.text for line in two] == [r"a := b \, c", "d > 0"]


def test_a_row_may_be_continued_and_end_in_a_remark():
    block = read_block("a = b \\\\\n + c \\text{, by hand} \\\\\n= d")
    assert len(block.lines) == 2 and "by hand" in block.lines[0].remark
