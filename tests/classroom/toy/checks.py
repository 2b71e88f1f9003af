"""How the toy assignment is judged: plain numbers, so that no test waits for torch."""

import math
import random

from classroom.checks import (
    Derivation,
    Item,
    Property,
    Task,
    Wrong,
    expect_close,
    expect_raised,
)


def numbers(rng: random.Random) -> list[dict]:
    return [{"x": round(rng.uniform(-9, 9), 3)} for _ in range(4)]


def roots(rng: random.Random) -> list[dict]:
    return [{"x": round(rng.uniform(1, 9), 3)}, {"x": round(rng.uniform(-9, -1), 3)}]


def values(answers) -> None:
    for answer in answers:
        expect_close(
            answer, answer.number(), answer.case["x"] ** 2, "Multiply x by itself."
        )


def sign(answers) -> None:
    for answer in answers:
        if answer.number() < 0:
            raise Wrong(
                f"{answer.at}: you returned {answer.number():g}; no square is negative"
            )


def root(answers) -> None:
    first = answers[0]
    expect_close(first, first.number(), math.sqrt(first.case["x"]), "Square it to see.")


def refuses(answers) -> None:
    expect_raised(
        answers[1], "ValueError", "Below zero there is no real root.", answers[:1]
    )


TASKS = {
    "square": Task(numbers, [Property("the values", 2, values), Property("sign", 1, sign)]),
    "root": Task(roots, [Property("value", 2, root), Property("refusal", 1, refuses)]),
    "by-hand": Derivation(
        start="(a + b)^2", end="a^2 + 2 a b + b^2", points=2, min_steps=2
    ),
}

RUBRIC = {"why": [Item("says because", 1.5), Item("more", 0.5)]}
