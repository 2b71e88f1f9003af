"""A verdict on one answer, and what is off where that can be told; never the solution.

A question holds the values of the right answer at a few points of its domain, and those of
likely mistakes. An answer is right if it has the right values: every equal form will do.

`book/static/attempts.js` judges in the page by the same rules in the same order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any, NamedTuple

from .typed import Unread, evaluate, names_in, parse

#: Of a formula's value at a point, relative.
SAME = 1e-7
#: Of a number, where the question does not say otherwise.
WITHIN = 0.005

Question = Mapping[str, Any]
Point = dict[str, float]
#: An answer as a function of a point.
Rule = Callable[[Point], float]


class Verdict(NamedTuple):
    """`ok`; `why` is one word for the tests; `says` is one sentence for the reader."""

    ok: bool
    why: str
    says: str


def number(stored: Any) -> float:
    """A number out of JSON, which has none that is infinite."""
    return {"oo": math.inf, "-oo": -math.inf}.get(stored) or float(stored)


def same(a: float, b: float, within: float) -> bool:
    """Equal up to a relative error; two infinities of one sign are."""
    if math.isinf(a) or math.isinf(b):
        return a == b
    return abs(a - b) <= within * (abs(b) + (0.01 if within == SAME else 0.0))


def all_same(a: Sequence[float], b: Sequence[float], within: float) -> bool:
    """At every point."""
    return all(same(x, y, within) for x, y in zip(a, b, strict=True))


def constant(values: Sequence[float]) -> bool:
    """One value at all points, up to rounding."""
    return all(math.isfinite(v) for v in values) and all_same(
        values, [values[0]] * len(values), SAME
    )


def judge_text(question: Question, text: str) -> Verdict:
    """A number or a formula that was typed.

    >>> question = {"kind": "number", "symbols": [], "points": [[]], "values": [0.5]}
    >>> judge_text(question, "1/2").ok, judge_text(question, "-1/2").why
    (True, 'sign')
    """
    try:
        tree = parse(text, question["symbols"])
    except Unread as error:
        return Verdict(False, "unread", error.shown())
    return judge(question, lambda at: evaluate(tree, at), names_in(tree), text)


def judge(
    question: Question, rule: Rule, names: set[str] | None = None, text: str = ""
) -> Verdict:
    """Any answer that can be evaluated.

    Args:
        question: one of `declared.json`.
        rule: the answer's value at a point, a dict from the question's symbols.
        names: the symbols that the answer contains, if that is known.
        text: what was typed, if it was: it tells how far a decimal was rounded.
    """
    symbols = question["symbols"]
    points = [dict(zip(symbols, point, strict=True)) for point in question["points"]]
    right = [number(value) for value in question["values"]]
    given = [rule(point) for point in points]
    is_number = question["kind"] == "number"
    exact = is_number and question.get("exact", False)
    within = question.get("within", WITHIN) if is_number else SAME
    for point, value, wanted in zip(points, given, right, strict=True):
        unbounded = math.isinf(value) and not math.isinf(wanted)
        if math.isnan(value) or (unbounded and not is_number):
            return Verdict(False, "undefined", undefined(point))
    if all_same(given, right, 1e-9 if exact else within):
        return Verdict(True, "right", "Right.")
    for mistake in question.get("wrong", ()):
        values = [number(value) for value in mistake["values"]]
        if all_same(given, values, 1e-6 if exact else within):
            return Verdict(False, "known", mistake["says"])
    if all_same(given, [-value for value in right], within):
        return Verdict(False, "sign", "Only the sign is off.")
    if is_number:
        return judge_number(given[0], right[0], text)
    return judge_formula(question, rule, names, points, given, right)


def judge_number(given: float, right: float, text: str = "") -> Verdict:
    """What is off in a number that is not right."""
    if math.isinf(given) and math.isfinite(right):
        return Verdict(False, "undefined", "That is no finite number.")
    if math.isfinite(given) and math.isfinite(right) and right != 0:
        ratio = given / right
        if same(ratio, math.log(2), WITHIN) or same(ratio, 1 / math.log(2), WITHIN):
            return Verdict(False, "unit", "Nats or bits? Yours is in the other unit.")
        if same(ratio, 2, WITHIN) or same(ratio, 0.5, WITHIN):
            return Verdict(False, "two", "A factor of two is off.")
        if any(same(ratio, 10.0**n, WITHIN) for n in (-4, -3, -2, -1, 1, 2, 3, 4)):
            return Verdict(False, "ten", "A power of ten is off.")
        if abs(ratio - 1) < 0.06 and rounded(text, given, right):
            says = "Right as far as it goes. Give one more digit, or the exact expression."
            return Verdict(False, "near", says)
    if given < right:
        return Verdict(False, "small", "That is too small.")
    return Verdict(False, "large", "That is too large.")


def rounded(text: str, given: float, right: float) -> bool:
    """Is what was typed the right number, rounded to the digits that it has?"""
    found = re.fullmatch(r"\s*[-−]?\s*\d*\.?(\d*)\s*", text)
    return found is not None and abs(given - right) <= 0.5000001 * 10.0 ** -len(found[1])


def judge_formula(
    question: Question,
    rule: Rule,
    names: set[str] | None,
    points: list[Point],
    given: list[float],
    right: list[float],
) -> Verdict:
    """What is off in a formula that is not right."""
    if all(right) and all(given):
        if constant([a / r for a, r in zip(given, right, strict=True)]):
            return Verdict(False, "factor", "Right but for a constant factor.")
        if constant([a * r for a, r in zip(given, right, strict=True)]):
            return Verdict(
                False,
                "upside-down",
                "This is upside down: numerator and denominator have changed places.",
            )
    if constant([a - r for a, r in zip(given, right, strict=True)]):
        says = "Right but for a constant that is added or missing."
        return Verdict(False, "constant", says)
    if all(r > 0 for r in right) and all_same(given, [math.log(r) for r in right], SAME):
        return Verdict(False, "log", "This is the logarithm of what is asked.")
    if all(r < 700 for r in right) and all_same(given, [math.exp(r) for r in right], SAME):
        return Verdict(False, "exp", "This is the exponential of what is asked.")
    own = [name for name in question["symbols"] if names is None or name in names]

    def mended(change: Callable[[Point], Point]) -> bool:
        """Is the answer right once its symbols are changed in this way?"""
        return all_same([rule(at | change(at)) for at in points], right, SAME)

    for a, b in combinations(own, 2):
        if mended(partial(swapped, a, b)):
            return Verdict(False, "swap", f"Two symbols have changed places: {a} and {b}.")
    for a in own:
        if mended(partial(negated, a)):
            return Verdict(False, "mirror", f"The sign of {a} is off.")
        if mended(partial(raised, a, 2.0)) or mended(partial(raised, a, 0.5)):
            says = f"Is it {a}, its square or its root? One stands for another."
            return Verdict(False, "square", says)
    if names is not None:
        for name in question["symbols"]:
            if name in question["needs"] and name not in names:
                says = f"The answer depends on {name}, and yours does not contain it."
                return Verdict(False, "missing", says)
        for name in question["symbols"]:
            if name in names and name not in question["needs"]:
                return Verdict(False, "extra", f"The answer does not depend on {name}.")
    if all_same(given, right, 0.02):
        says = "Nearly: is a number rounded? Write log(2), for instance, and not 0.69."
        return Verdict(False, "near", says)
    gaps = [abs(a - r) / (abs(a) + abs(r)) for a, r in zip(given, right, strict=True)]
    worst = gaps.index(max(gaps))
    return Verdict(
        False,
        "parts",
        f"At {shown(points[worst])} yours is {short(given[worst])}, "
        f"and right is {short(right[worst])}.",
    )


def swapped(a: str, b: str, at: Point) -> Point:
    """Two symbols that have each other's values."""
    return {a: at[b], b: at[a]}


def negated(a: str, at: Point) -> Point:
    """A symbol with its sign changed."""
    return {a: -at[a]}


def raised(a: str, power: float, at: Point) -> Point:
    """A power of a symbol in its place."""
    return {a: abs(at[a]) ** power}


def short(value: float) -> str:
    """Four digits."""
    return f"{value:.4g}"


def shown(point: Mapping[str, float]) -> str:
    """`mu = 0.4, sigma = 1.2`."""
    return ", ".join(f"{name} = {short(value)}" for name, value in point.items())


def undefined(point: Mapping[str, float]) -> str:
    """What is said of an answer that has no value somewhere."""
    where = f"At {shown(point)} yours" if point else "Yours"
    return (
        f"{where} is no real number: a logarithm or a root of a negative number, "
        "or a division by zero."
    )
