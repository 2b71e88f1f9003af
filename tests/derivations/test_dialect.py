"""The page of all that is read is made from the table, and its examples hold."""

import re
from pathlib import Path

import pytest

from derivations import check
from derivations.dialect import page, rows
from derivations.notation import NAMES, RELATIONS, WAYS

PAGE = Path(__file__).parents[2] / "book" / "dialect.md"


def test_the_page_is_the_table():
    said = "python -m derivations dialect > book/dialect.md"
    assert PAGE.read_text(encoding="utf-8") == page(), said


@pytest.mark.parametrize("row", [*rows()], ids=lambda row: row.what)
def test_the_example_of_a_row_holds(row):
    report = check(row.example, symbolic=False)
    assert report.ok, report


def test_every_notation_has_a_row():
    typed = " ".join(latex for row in rows() for latex in row.typed)
    assert all(row.latex[0] in typed for row in RELATIONS.values() if row.sign != "≠")
    missing = [row.key for row in NAMES.values() if row.latex not in typed]
    assert not {re.sub(r"\W", "", key) for key in missing} - {
        "r", "0", "1", "I", "transpose", "abs", "norm", "det", "diag", "tr", "Std", "ELBO",
        "hatx", "hatx_theta", "decoder", "Decoder", "mu_theta", "mu_phi", "sigma_phi",
        "D_KL", "KL", "Expect", "Var",
    }, missing  # fmt: skip
    assert all(row.typed and row.example for row in WAYS)
