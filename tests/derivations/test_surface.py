"""What only dresses a formula is blanked where it stands."""

import pytest

from derivations.block import read_block
from derivations.read import ReadingError
from derivations.surface import plain, remarks


@pytest.mark.parametrize(
    ("latex", "left"),
    [
        (r"\textcolor{red}{a} + b", "a + b"),
        (r"{\color{red} a} \tag{3} \label{x}", "{ a}"),
        (r"a \overset{\text{def}}{=} b", "a := b"),
        (r"\underbrace{a}_{\text{so}} + \overbrace{b}^{c}", "a + b"),
        (r"\begin{array}{rcl} a &=& b \end{array}", "a &=& b"),
        (r"\left( a \right. \\ \left. b \right)", r"( a \\ b \right)"),
        (r"\mathop{\mathbb{E}}\limits_{q}", r"\mathbb{E} _{q}"),
        (r"\left. f \right|_{x = 0}", r"\left. f \right|_{x = 0}"),
    ],
)
def test_nothing_moves_and_the_formula_stays(latex, left):
    text = plain(latex)
    assert len(text) == len(latex) and "".join(text.split()) == "".join(left.split())


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        (r"a = b \quad \text{Jensen}", ["Jensen"]),
        (r"a = b \text{ and } c = d", [" and "]),
        (r"a = b \quad (\text{sum rule})", ["sum rule"]),
        (r"a = b \quad (2)", [" (2)"]),
        (r"\mathcal{L} = \text{recon} + \text{reg}", []),
        (r"p_{\text{data}}(x) = \text{softmax}(x)", []),
        (r"a = b + \text{const}", []),
    ],
)
def test_a_remark_is_told_from_a_name(latex, words):
    assert [said for _, _, said in remarks(latex)] == words


def test_what_braces_hold_together_is_not_guessed():
    """`-\\underbrace{a + b}_{c}` is drawn as -a + b; whether it is meant, nobody knows."""
    with pytest.raises(ReadingError, match="around this sum"):
        read_block(r"c = -\underbrace{a + b}_{d}")
    assert read_block(r"c = \underbrace{a + b}_{d} - e").lines
