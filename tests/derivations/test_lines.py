"""A display as lines: nothing is lost, a break tears nothing apart, changes are found."""

import re
import sys
from pathlib import Path

import pytest

from derivations.block import read_block
from derivations.chain import pairs_of
from derivations.chapters import chapters, displays
from derivations.lines import Piece, lines_of, with_numbers

ROOT = Path(__file__).resolve().parents[2]
DISPLAYS = [
    d for page in chapters(ROOT / "book") for d in displays(page.read_text("utf-8"))
]
UNSEEN = re.compile(r"\\left\. \\vphantom|\\vphantom")


def leaves(piece: Piece) -> list[str]:
    if piece.parts:
        return [leaf for part in piece.parts for leaf in leaves(part)]
    return [piece.latex]


def drawn(latex: str) -> str:
    """What a reader sees of LaTeX: no half that is not drawn, and nothing unseen."""
    while (found := UNSEEN.search(latex)) is not None:
        depth, end = 0, found.end()
        while not (depth == 0 and latex[end - 1] == "}"):
            depth += {"{": 1, "}": -1}.get(latex[end], 0) * (latex[end - 1] != "\\")
            end += 1
        latex = latex[: found.start()] + latex[end:]
    latex = re.sub(
        r"\\class\{\w+\}|\\(left|right)\s*\.|\\(left|right)(?![A-Za-z])", "", latex
    )
    latex = re.sub(r"\\(begin|end)\s*\{aligned\}", "", latex)
    return re.sub(r"[{}\s&]|\\[,;:!]|\\q?quad|\\\\", "", latex)


def open_braces(latex: str) -> int:
    plain = re.sub(r"\\[{}\\]", "", latex)
    return plain.count("{") - plain.count("}")


@pytest.mark.parametrize("display", DISPLAYS, ids=lambda display: display.label)
def test_a_display_of_the_book_is_cut_and_nothing_is_lost_or_torn(display):
    lines = lines_of(display.source)
    block = read_block(display.source)
    assert len(lines) == len(pairs_of(block.lines, block.source)), "a line for each claim"
    whole = ""
    for line in lines:
        pieces = [*(leaves(line.left) if line.left else []), line.sign, *leaves(line.right)]
        for latex in pieces:
            assert open_braces(latex) == 0, latex
            left, right = (
                len(re.findall(rf"\\{s}(?![A-Za-z])", latex)) for s in ("left", "right")
            )
            assert left == right, latex
        whole += "".join(pieces) + line.tail
    typed = re.sub(r"(?m)(?<!\\)%.*$", "", block.source)
    assert drawn(whole) == drawn(typed)


B, C, D = (" ".join(12 * letter) for letter in "bcd")  # wide
INNER = rf"{B} + {C} + \frac{{d}}{{e}}"
SUM = "b + c + d + e + f + g + h + i + j + k + l + m + n + o"


@pytest.mark.parametrize(
    ("right", "pieces"),
    [
        # a narrow term does not stand on a line alone
        (SUM, ["b + c", *(f"{{}} + {letter}" for letter in SUM[8::4])]),
        ("b + c", ["b + c"]),  # it is narrow
        # brackets keep their size, and each piece has both halves
        (
            rf"\left( {INNER} \right)",
            [
                rf"\left( {B} \vphantom{{{INNER}}} \right.",
                f"{{}} + {C}",
                rf"\left. \vphantom{{{INNER}}} {{}} + \frac{{d}}{{e}} \right)",
            ],
        ),
        # a fraction stays whole, a letter beside its brackets, a command beside its letter
        (rf"\frac{{{B} + {C}}}{{d}} e", [rf"\frac{{{B} + {C}}}{{d}} e"]),
        (
            rf"\mathbf{{I}} ({B} + c) \mathbf{{I}} ({D} + e)",
            [rf"\mathbf{{I}} ({B}", rf"{{}} + c) \mathbf{{I}} ({D}", "{} + e)"],
        ),
    ],
)
def test_a_line_breaks_where_its_tree_says(right, pieces):
    (line,) = lines_of(f"a = {right}")
    assert leaves(line.right) == pieces


def test_what_changed_is_marked_in_both_lines():
    one, two = lines_of(r"a &= b + \frac{c}{d} \\ &= b + e^2 f(x)")
    assert leaves(one.right) == [r"b + \class{gone}{\frac{c}{d}}"]
    assert leaves(two.right) == [r"b + \class{new}{e^2 f(x)}"]
    (alone,) = lines_of("a = b")
    assert alone.right.marks == "", "where nothing follows, nothing is told apart"


def test_several_statements_their_commas_and_what_is_sampled():
    first, second = lines_of(r"a := b + c, \quad d = a c \quad (z \sim q(z))")
    assert (first.left.latex, first.sign, first.tail) == ("a", ":=", ",")
    assert (second.left.latex, second.tail) == ("d", r"(z \sim q(z))")
    assert second.says == r"d = a c (z \sim q(z))"


def test_what_cannot_be_read_has_no_lines():
    assert lines_of(r"a = \foo") == [] and with_numbers(r"a = \foo") == r"a = \foo"


# ---------------------------------------------------------------- in a notebook
def test_a_derivation_of_a_notebook_bears_the_numbers_of_its_reasons():
    sys.path.insert(0, str(ROOT / "tools"))
    from notebooks import with_line_numbers

    chain = "\\begin{aligned}\na &= b \\\\\n&\\quad + c \\\\\n&= d\n\\end{aligned}\n"
    text = f"$$\n{chain}$$ (eq-a)\n\n1. One.\n2. Two.\n\nText.\n"
    numbered = with_line_numbers(text)
    assert "a &= b && \\text{(1)} \\\\\n&\\quad + c \\\\\n&= d && \\text{(2)}\n" in numbered
    assert len(lines_of(numbered.split("$$")[1])) == 2, "and is read as before"
    for other in (text.replace("2. Two.\n", ""), text.replace("1. One", "Text\n\n1. One")):
        assert with_line_numbers(other) == other
