"""What a person types, read as a tree: the table that the page's reader shares."""

import math

import pytest

from exercises.judge import judge_text
from exercises.typed import GREEK, Unread, evaluate, parse, to_sympy
from tests.exercises.table import CASES, expected

AT = CASES["at"]


def test_the_table_is_large():
    """Precedence, signs, products, Greek, LaTeX, and as many ways to be refused."""
    assert len(CASES["reads"]) > 200 and len(CASES["refuses"]) > 80
    assert len(CASES["verdicts"]) > 60


def test_what_is_typed_has_its_value():
    wrong = []
    for text, meaning in CASES["reads"]:
        try:
            found = evaluate(parse(text, AT), AT)
        except Unread as error:
            wrong.append(f"{text!r}: {error.shown()}")
            continue
        wanted = expected(meaning)
        if not (found == pytest.approx(wanted, rel=1e-12, nan_ok=True)):
            wrong.append(f"{text!r} gives {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_what_cannot_be_read_is_said_in_a_sentence_with_its_place():
    wrong = []
    for text, sentence, place in CASES["refuses"]:
        try:
            wrong.append(f"{text!r} is read as {parse(text, AT)}")
        except Unread as error:
            if sentence not in error.message or place not in (None, error.place):
                wrong.append(f"{text!r} at {error.place}: {error.message}")
            assert error.message[-1] in ".)", error.message
    assert not wrong, "\n".join(wrong)


def test_the_caret_stands_under_the_place():
    with pytest.raises(Unread) as caught:
        parse("x + q", ["x"])
    assert caught.value.shown().splitlines()[1:] == ["    x + q", "        ^"]


@pytest.mark.parametrize("name", GREEK)
def test_every_greek_letter_has_three_spellings(name):
    shapes = {name, f"\\{name}", _letter(name)}
    assert {evaluate(parse(shape, [name]), {name: 3.5}) for shape in shapes} == {3.5}


def _letter(name: str) -> str:
    import unicodedata

    case = "SMALL" if name[0].islower() else "CAPITAL"
    return unicodedata.lookup(
        f"GREEK {case} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}"
    )


def test_every_verdict_of_the_table():
    found = [
        [name, text, judge_text(CASES["questions"][name], text).why]
        for name, text, _ in CASES["verdicts"]
    ]
    assert found == CASES["verdicts"]


def test_sympy_agrees_with_the_values():
    """The one place where SymPy reads our trees: it must take them for the same."""
    import sympy as sp

    symbols = {name: sp.Symbol(name, real=True) for name in AT}
    point = {symbols[name]: value for name, value in AT.items()}
    for text in (
        text for text, meaning in CASES["reads"][::5] if math.isfinite(expected(meaning))
    ):
        tree = parse(text, AT)
        value = complex(to_sympy(tree, symbols).subs(point).evalf())
        assert value == pytest.approx(evaluate(tree, AT), rel=1e-9), text
