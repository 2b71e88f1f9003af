"""`attempt`, as a reader calls it in a notebook."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch

import exercises.answer
from exercises import attempt
from exercises.answer import judged

NUMBER = {
    "ask": "How much?", "kind": "number", "symbols": [], "points": [[]], "values": [0.75],
    "wrong": [], "hints": ["one", "two"],
}  # fmt: skip
FORMULA = {
    "ask": "Which?", "kind": "formula", "symbols": ["x", "sigma"], "needs": ["x", "sigma"],
    "points": [[1.0, 2.0], [3.0, 0.5]], "values": [0.5, 6.0], "wrong": [], "hints": [],
}  # fmt: skip
CHOICE = {
    "ask": "Is it?", "kind": "choice", "hints": [],
    "options": [{"text": "No", "ok": False, "says": "It is."},
                {"text": "Yes", "ok": True, "says": "Right."}],
}  # fmt: skip
CODE = {
    "ask": "Mend it.", "kind": "code", "code": "lambda x: 2 * x", "hints": [],
    "with": ["torch.arange(3.0)"],
    "wrong": [{"code": "lambda x: x**2", "says": "A square."}],
}  # fmt: skip
CHAIN = {
    "ask": "Derive it.", "kind": "derivation", "start": "(a + b)^2", "given": [],
    "end": "a^2 + 2 a b + b^2", "hints": [],
}  # fmt: skip


@pytest.fixture
def book(monkeypatch):
    questions = {"ex-a-one": [NUMBER], "ex-a-two": [FORMULA, CHOICE], "ex-b-c": []}
    monkeypatch.setattr(exercises.answer, "declared", lambda: questions)
    exercises.answer._missed.clear()


@pytest.mark.parametrize(
    "answer",
    [0.75, Fraction(3, 4), sp.Rational(3, 4), np.float64(0.75), torch.tensor(0.75), "3/4",
     r"\frac{3}{4}", "75%", " 0.75 "],
)  # fmt: skip
def test_a_number_comes_in_many_types(answer):
    assert judged(NUMBER, answer).ok


x, sigma = sp.symbols("x sigma")


@pytest.mark.parametrize(
    "answer",
    [x / sigma, "x/sigma", "x/s", r"\frac{x}{\sigma}", lambda x, sigma: x / sigma,
     lambda sigma, x: x / sigma, lambda a, b: a / b,
     lambda x, sigma: torch.tensor(x) / sigma],
)  # fmt: skip
def test_a_formula_comes_as_text_expression_or_function(answer):
    assert judged(FORMULA, answer).ok


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (sp.Symbol("y") / sigma, "y is not known here: the answer has x, sigma."),
        (lambda x: x, "needs 2 arguments: x, sigma"),
        (lambda x, sigma: 1 // 0, "Your function raised ZeroDivisionError"),
        ([1, 2], "A list is no answer here"),
        ("x/", "missing at the end"),
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence_and_is_no_mistake(answer, says):
    verdict = judged(FORMULA, answer)
    assert verdict.why == "unread" and says in verdict.says


def test_a_fault_of_the_judge_is_not_told_as_the_readers(monkeypatch):
    def broken(*_):
        raise AttributeError("ours")

    monkeypatch.setattr(exercises.answer, "judge", broken)
    with pytest.raises(AttributeError, match="ours"):
        judged(FORMULA, lambda x, sigma: x / sigma)


def test_an_expression_is_diagnosed_like_a_text():
    assert judged(FORMULA, sigma / x).why == judged(FORMULA, "sigma/x").why == "upside-down"
    assert judged(FORMULA, lambda x, sigma: sigma / x).why == "upside-down"
    assert judged(FORMULA, sp.log(-x) / sigma).why == "undefined"


@pytest.mark.parametrize("answer", ["b", "(b)", "yes", "Yes"])
def test_a_choice_is_a_letter_or_its_text(answer):
    assert judged(CHOICE, answer).ok
    assert judged(CHOICE, "a").says == "It is."
    assert "letters a, b" in judged(CHOICE, "c").says


def test_a_function_of_code_is_compared_at_the_declared_arguments():
    assert judged(CODE, lambda x: x + x).ok
    assert judged(CODE, lambda x: x * x).says == "A square."
    assert judged(CODE, lambda x: -2 * x).why == "sign"
    assert judged(CODE, lambda x: x.sum()).why == "shape"
    assert judged(CODE, lambda x: x + 2).why == "parts"
    assert "raised TypeError" in judged(CODE, lambda: 0).says
    assert judged(CODE, "2*x").why == "unread"


@pytest.mark.slow
def test_a_derivation_goes_to_the_judges_of_the_equations():
    right = "(a + b)^2 = (a + b) (a + b) = a^2 + 2 a b + b^2"
    assert judged(CHAIN, right).ok
    wrong = judged(CHAIN, right.replace("(a + b) (a + b)", "(a + b) (a - b)"))
    assert judged(CHAIN, right.replace("(a + b) (a + b)", r"\foo{a}")).why == "unread"
    assert wrong.why == "parts" and "wrong" in wrong.says


def test_the_hints_come_one_after_the_other_and_the_solution_never(book):
    replies = [attempt("ex-a-one", wrong).text for wrong in (0.7, 0.6, 0.5)]
    assert "Hint 1 of 2: one" in replies[0]
    assert all("Hint 2 of 2: two" in reply for reply in replies[1:])
    assert not any("0.75" in reply for reply in replies)
    assert not attempt("ex-a-one", "0.7(").ok and attempt("ex-a-one", 0.75).text == "Right."


def test_without_an_answer_it_says_what_is_asked_and_what_to_type(book):
    asked, _, others = attempt("ex-a-one").text.rpartition("\n\n")
    assert asked == 'How much?\n\n`attempt("ex-a-one", "your answer")`'
    assert others.endswith("in their order: `ex-a-one`, `ex-a-two`.")
    text = attempt("ex-a-two").text
    assert "**a.** Which? (in x, sigma)" in text and "- (b) Yes" in text
    assert text.startswith(attempt("ex-a-two", 3).text)  # which part is meant?
    assert attempt("ex-a-two", "yes", part="b")
    assert repr(attempt("ex-a-one")) == attempt("ex-a-one")._repr_markdown_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("ex-a-on",), "did you mean ex-a-one"),
        (("ex-a-two", 1, "c"), "has the parts a, b, not 'c'"),
    ],
)
def test_an_unknown_exercise_or_part_is_an_error(book, call, message):
    with pytest.raises(ValueError, match=message):
        attempt(*call)
