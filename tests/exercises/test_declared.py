"""What the exercises declare: three forms of each right answer, and the likely mistakes.

The tests are made from the declarations; `forms` and `mistakes` serve the page's tests too.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sympy as sp

from exercises.answer import _built, judged
from exercises.declared import (
    FILE,
    BadDeclaration,
    blocks,
    kind_of,
    prepared,
    read,
    written,
)
from exercises.typed import parse, to_sympy

BOOK = Path(__file__).resolve().parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]-*.md"))

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def declarations(chapter: Path) -> Iterator[tuple[str, dict, dict]]:
    """A name, what was declared, and what is judged with, of each question."""
    for label, questions in blocks(chapter.read_text(encoding="utf-8")):
        for place, question in enumerate(questions):
            yield f"{label} {place}", question, prepared(label, place, question)


def in_sympy(question: dict, ready: dict) -> sp.Expr:
    symbols = {
        name: sp.Symbol(name, real=True, positive=(domain == "positive") or None)
        for name, domain in question.get("where", {}).items()
    }
    return to_sympy(parse(question[kind_of(question)], ready["symbols"]), symbols)


def forms(question: dict, ready: dict) -> list[str]:
    """Right answers as texts: as declared, in LaTeX, multiplied out, and a decimal."""
    expression = in_sympy(question, ready)
    made = [question[kind_of(question)], sp.latex(expression), str(sp.expand(expression))]
    if ready["kind"] == "number" and expression.is_finite:
        made.append(f"{float(expression):.{17 if ready.get('exact') else 4}g}")
    return made + question.get("also", [])


@each_chapter
def test_every_exercise_can_be_tried(chapter):
    text = chapter.read_text(encoding="utf-8")
    exercises = re.findall(r"\{exercise(?:-start)?\} .*\n:label: (\S+)", text)
    assert [label for label, _ in blocks(text)] == exercises
    for label, questions in blocks(text):
        assert sum(len(question["wrong"]) for question in questions) >= 3, label
        assert all(len(question["hints"]) == 2 for question in questions), label


@each_chapter
def test_right_answers_are_right_in_every_form(chapter):
    refused = []
    for name, question, ready in declarations(chapter):
        if ready["kind"] in ("number", "formula"):
            answers = [*forms(question, ready), in_sympy(question, ready)]
            assert len(answers) >= 4
        elif ready["kind"] == "choice":
            answers = [question["choice"]]
        elif ready["kind"] == "derivation":
            continue  # the judges take their time: below
        else:
            answers = [
                _built(text) for text in [question["code"], *question.get("also", [])]
            ]
        refused += [(name, one) for one in answers if not judged(ready, one).ok]
    assert not refused


@pytest.mark.slow
def test_a_derivation_that_is_declared_passes_the_judges():
    """And with a sign of its second line changed it does not."""
    chains = [
        (question["also"][0], ready)
        for chapter in CHAPTERS
        for _, question, ready in declarations(chapter)
        if ready["kind"] == "derivation"
    ]
    assert len(chains) >= 2
    for chain, ready in chains:
        assert judged(ready, chain).ok
        start, equals, rest = chain.partition(" = ")
        slip = start + equals + rest.replace(" - ", " + ", 1)
        assert slip != chain and judged(ready, slip).why == "parts"


@each_chapter
def test_likely_mistakes_are_told_what_is_declared(chapter):
    wrong = []
    for name, question, ready in declarations(chapter):
        for mistake, says in question["wrong"].items():
            given = _built(mistake) if ready["kind"] == "code" else mistake
            verdict = judged(ready, given)
            if verdict.ok or verdict.says != says:
                wrong.append((name, mistake, verdict))
    assert not wrong


def test_a_formula_that_is_a_little_wrong_is_never_right():
    """Each formula of the book, and a thousandth of one of its symbols too much."""
    passed = []
    for chapter in CHAPTERS:
        for name, question, ready in declarations(chapter):
            for symbol in ready.get("needs", []):
                slip = re.sub(
                    rf"(?<![A-Za-z_]){symbol}(?![A-Za-z_0-9])",
                    f"(1.001*{symbol})",
                    question["formula"],
                )
                if judged(ready, slip).ok:
                    passed.append((name, slip))
    assert not passed


def test_the_file_of_the_notebooks_is_of_these_chapters():
    assert FILE.read_text(encoding="utf-8") == written(BOOK), "run 'make notebooks'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- ask: How many?", "one of number, formula"),
        ("- ask: How many?\n  number: 2\n  formula: x", "one of number, formula"),
        ("- number: 2", "needs 'ask'"),
        ("- ask: How many?\n  nmber: 2", "what is nmber?"),
        ("ask: How many?", "a list of questions"),
        ("- ask: [How", "this is no YAML"),
    ],
)
def test_a_declaration_that_cannot_be_used_says_why(text, message):
    with pytest.raises(BadDeclaration, match=re.escape(message)):
        read("ex-a", text)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"ask": "?", "number": "x", "wrong": {}, "hints": []}, "x is not known"),
        ({"ask": "?", "number": "log(-1)", "wrong": {}, "hints": []}, "has no value"),
        (
            {"ask": "?", "formula": "x", "where": {"x": "odd"}, "wrong": {}, "hints": []},
            "what is the domain 'odd'?",
        ),
    ],
)
def test_an_answer_that_has_no_value_is_found_at_once(question, message):
    with pytest.raises(BadDeclaration, match=re.escape(message)):
        prepared("ex-a", 0, question)
