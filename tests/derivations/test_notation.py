"""The table of names: held against the page that readers see, and against the grammar."""

import re
from pathlib import Path

import pytest

from derivations import tree as t
from derivations.block import read_block
from derivations.notation import GREEK, NAMES, RELATIONS, UPPER, Kind, terminals
from derivations.read import ReadingError

PAGE = Path(__file__).parents[2] / "book" / "notation.md"
# what the page explains and one chapter defines, or what is no part of a formula
DEFINED_THERE = {
    "A", "L", "hat l", "s", "w", "C", "SE", "hat theta", "sigma_x", "eta", "R",
    "T", "V", "bar alpha", "tilde beta", "tilde mu", "epsilon_theta", "L_simple",
}  # fmt: skip
# other names for what the page shows, and letters that serve for a page
NOT_SHOWN = {
    "u", "a", "M", "Ber", "Decoder", "Encoder", "NeuralNet", "decoder",
    "encoder", "hat x_theta", "mu_phi", "sigma_phi", "KL", "Std", "1", "g",
    "sin", "cos", "tanh", "sigmoid", "softplus", "exp", "abs", "norm", "Bernoulli", "m",
    "Sigma", "I", "0", "rho", "gamma", "ell", "kappa", "v",
}  # fmt: skip


def shown() -> set[str]:
    """The keys of all names in the first column of the page's tables."""
    found: set[str] = set()
    cells = re.findall(r"(?m)^\| (\$.*?\$) \|", PAGE.read_text(encoding="utf-8"))
    for formula in re.findall(r"\$([^$]+)\$", " ".join(cells)):
        for piece in re.split(r"(?<!\\),(?![^({]*[)}])", formula):
            piece = re.sub(r"^\\operatorname\*\{argmax\}_\{\\theta\}$", r"\\theta", piece)
            piece = re.sub(r"^\\nabla_\{\\phi\}$", r"\\phi", piece)
            piece = piece.replace(r"\dots", "").replace(r"\top", "W^{\\top}").strip()
            piece = {r"\det": r"\det C", r"\mathrm{tr}": r"\mathrm{tr}(C)"}.get(
                piece, piece
            )
            if piece in ("", r"\text{const}"):
                continue
            try:
                lines = read_block(piece).lines
            except ReadingError:
                lines = read_block(f"({piece})").lines
            for line in lines:
                for side in (*line.sides, *line.samples):
                    for node in side.walk():
                        found |= keys(node)
    return found


def keys(node: t.Node) -> set[str]:
    if isinstance(node, t.Function):
        return {node.name}
    if isinstance(node, t.Expectation):
        return {"Expect" if node.kind == "E" else node.kind}
    if isinstance(node, t.Divergence):
        return {"D_KL"}
    if not isinstance(node, t.Symbol) or node.name == "*":
        return set()
    return {node.key, node.name} if node.key in NAMES else {node.key}


def known(key: str) -> bool:
    name = key.split("_")[0]
    letter = len(name) == 1 and (name in UPPER or name in "de")
    return key in NAMES or name in NAMES or letter or key.rstrip("*_") in NAMES


def test_every_name_of_the_page_is_in_the_table():
    unknown = {key for key in shown() if not known(key)} - DEFINED_THERE
    assert not unknown


def test_every_row_of_the_table_is_on_the_page_or_said_not_to_be():
    names = {part for key in shown() for part in (key, key.split("_")[0])}
    missing = NAMES.keys() - names - NOT_SHOWN
    assert not missing
    stale = NOT_SHOWN & {key for key in shown() if key in NAMES}
    assert not stale, "these are on the page now"


@pytest.mark.parametrize("row", NAMES.values(), ids=lambda row: row.key)
def test_a_row_is_typed_as_it_says(row):
    """Reading the LaTeX of a row gives its key."""
    if row.kind is Kind.FUNCTION:
        typed = (
            row.latex.replace(r"\cdot", "W") if "cdot" in row.latex else f"{row.latex}(W)"
        )
        (node,) = (n for n in read_block(typed).lines[0].first.walk()
                   if isinstance(n, t.Function))  # fmt: skip
        assert node.name == row.key
    elif row.kind in (Kind.AVERAGE, Kind.DIVERGENCE):
        inside = "q(z) \\| p(z)" if row.kind is Kind.DIVERGENCE else "z"
        node = read_block(f"{row.latex}({inside})").lines[0].first
        assert isinstance(node, t.Divergence | t.Expectation)
    else:
        node = read_block(row.latex).lines[0].first
        assert isinstance(node, t.Symbol) and node.key == row.key


@pytest.mark.parametrize("row", RELATIONS.values(), ids=lambda row: row.terminal)
def test_a_relation_is_read_in_all_its_spellings(row):
    for latex in row.latex:
        ((sign, _),) = read_block(f"a {latex} b").lines[0].rest
        assert sign == row.sign


def test_an_inequality_turned_twice_is_itself():
    for sign, row in RELATIONS.items():
        if row.turned:
            assert RELATIONS[row.turned].turned == sign
            assert RELATIONS[row.turned].way == -row.way != 0


def test_a_command_is_no_beginning_of_another():
    greek = re.compile(terminals()["GREEK"])
    for name in GREEK:
        assert greek.match("\\" + name + " ")[0] == "\\" + name
        assert not greek.match("\\" + name + "x")
    assert re.match(terminals()["LEQ"], r"\leq 1")[0] == r"\leq"
