r"""What each exercise declares about its answer: read from the book's Markdown.

After an exercise stands a comment, which no reader sees, in YAML behind percent signs:

    % attempt: ex-mle-compare
    % - ask: By how many nats is the first ahead?
    %   number: 3*log(2) - 3/4
    %   wrong:
    %     3*log(2) + 3/4: Look at the sign of the squared deviations.
    %   hints:
    %     - What changes between the two log-likelihoods?
    %     - There are three observations, so the logarithm counts three times.

A question has one of these answers:

    number:      an expression without symbols; `within: 0.02` is the relative error that
                 is allowed (0.005), and none is for a whole number
    formula:     an expression; `where:` names each symbol with its domain: `positive`,
                 `real`, `-0.9 to 0.9` or `2 to 50 whole`
    choice:      the right one; the others stand under `wrong`
    code:        Python's text of a function, for the notebook; `with:` lists arguments
    derivation:  the first and the last expression of a chain, in LaTeX, for the notebook;
                 `given:` lists what may be assumed

`wrong` gives the likely mistakes, each with what to say; `hints` are two; `also` are more
ways to write the right answer, which the tests try.

`tools/attempts.py` writes what a notebook needs into `declared.json`.
"""

from __future__ import annotations

import json
import math
import random
import re
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .typed import Unread, evaluate, names_in, parse

FILE = Path(__file__).with_name("declared.json")
POINTS = 8  # where a formula is compared
KINDS = ("number", "formula", "choice", "code", "derivation")
KEYS = {"ask", "where", "within", "wrong", "hints", "also", "with", "given", *KINDS}
BLOCK = re.compile(r"^% attempt: *(\S+) *\n((?:^%.*\n)*)", re.M)


class BadDeclaration(ValueError):
    """A declaration that cannot be used: which exercise, and what to mend."""


class Block(NamedTuple):
    """An exercise's label, and its questions as they were declared."""

    label: str
    questions: list[dict[str, Any]]


def blocks(markdown: str) -> Iterator[Block]:
    """The declarations of a chapter's text, in its order.

    >>> text = "% attempt: ex-a\\n% - ask: How many?\\n%   number: 2\\n"
    >>> [block.label for block in blocks(text)]
    ['ex-a']
    """
    for found in BLOCK.finditer(markdown):
        lines = [line[2:] for line in found[2].splitlines()]
        yield Block(found[1], read(found[1], "\n".join(lines)))


def read(label: str, text: str) -> list[dict[str, Any]]:
    """The questions in the YAML of one declaration.

    Raises:
        BadDeclaration: if a key is unknown or missing.
    """
    import yaml

    try:
        questions = yaml.load(text, yaml.BaseLoader)  # every scalar is text: no is no
    except yaml.YAMLError as error:
        raise BadDeclaration(f"{label}: this is no YAML: {error}") from error
    if not isinstance(questions, list) or not questions:
        raise BadDeclaration(
            f"{label}: a declaration is a list of questions, each '- ask:'"
        )
    for question in questions:
        if unknown := set(question) - KEYS:
            raise BadDeclaration(f"{label}: what is {', '.join(sorted(unknown))}?")
        if "ask" not in question or sum(kind in question for kind in KINDS) != 1:
            raise BadDeclaration(
                f"{label}: a question needs 'ask' and one of {', '.join(KINDS)}"
            )
        question.setdefault("wrong", {})
        question.setdefault("hints", [])
    return questions


def kind_of(question: dict[str, Any]) -> str:
    """Which of the five kinds of answer it asks for."""
    return next(kind for kind in KINDS if kind in question)


def prepared(label: str, place: int, question: dict[str, Any]) -> dict[str, Any]:
    """A question as the page and the notebook use it: values in place of formulas.

    Args:
        label: of the exercise.
        place: of the question in it, from 0: with the label it seeds the points.
        question: as declared.

    Raises:
        BadDeclaration: if the answer or a mistake cannot be read or has no value.
    """
    kind = kind_of(question)
    made = {"ask": question["ask"], "kind": kind, "hints": question["hints"]}
    seed = zlib.crc32(f"{label}/{place}".encode())
    if kind == "choice":
        options = [{"text": question[kind], "ok": True, "says": "Right."}]
        options += [
            {"text": text, "ok": False, "says": says}
            for text, says in question["wrong"].items()
        ]
        random.Random(seed).shuffle(options)
        return made | {"options": options}
    if kind == "code":
        wrong = [{"code": code, "says": says} for code, says in question["wrong"].items()]
        return made | {"code": question[kind], "with": question["with"], "wrong": wrong}
    if kind == "derivation":
        start, end = question[kind]
        return made | {"start": start, "end": end, "given": question.get("given", [])}
    symbols = list(question.get("where", {}))
    draw = random.Random(seed)
    points = [
        [drawn(domain, draw) for domain in question.get("where", {}).values()]
        for _ in range(POINTS if symbols else 1)
    ]
    try:
        tree = parse(question[kind], symbols)
        values = {
            text: at(text, symbols, points) for text in [question[kind], *question["wrong"]]
        }
    except (Unread, ValueError) as error:
        raise BadDeclaration(f"{label}: {error}") from error
    right = values[question[kind]]
    made |= {"symbols": symbols, "points": points, "values": right}
    made["wrong"] = [
        {"values": values[text], "says": says} for text, says in question["wrong"].items()
    ]
    if kind == "formula":
        made["needs"] = sorted(names_in(tree))
    elif "within" in question:
        made["within"] = float(question["within"])
    elif isinstance(right[0], float) and right[0].is_integer():
        made["exact"] = True
    return made


def at(text: str, symbols: list[str], points: list[list[float]]) -> list[Any]:
    """The values of an expression at the points, as JSON holds them."""
    tree = parse(text, symbols)
    values = [evaluate(tree, dict(zip(symbols, point, strict=True))) for point in points]
    if any(math.isnan(value) for value in values):
        raise ValueError(f"{text} has no value somewhere in its domain")
    infinite = {math.inf: "oo", -math.inf: "-oo"}
    return [infinite.get(value) or float(f"{value:.12g}") for value in values]


def drawn(domain: str, draw: random.Random) -> float:
    """A number of a domain, short enough to be shown."""
    if domain == "positive":
        return round(draw.uniform(0.3, 3), 2)
    if domain == "real":
        return round(draw.choice([-1, 1]) * draw.uniform(0.2, 3), 2)
    found = re.fullmatch(r"(\S+) to (\S+)( whole)?", domain)
    if not found:
        raise BadDeclaration(f"what is the domain {domain!r}?")
    low, high = float(found[1]), float(found[2])
    return (
        float(draw.randint(int(low), int(high)))
        if found[3]
        else round(draw.uniform(low, high), 3)
    )


def collect(book: Path) -> dict[str, list[dict[str, Any]]]:
    """All prepared questions of the chapters in a folder, by their exercises."""
    return {
        label: [prepared(label, place, one) for place, one in enumerate(questions)]
        for chapter in sorted(book.glob("[0-9][0-9]-*.md"))
        for label, questions in blocks(chapter.read_text(encoding="utf-8"))
    }


def written(book: Path) -> str:
    """The text of `declared.json`, one question a line."""
    lines = [
        f'"{label}": [\n'
        + ",\n".join(json.dumps(one, ensure_ascii=False) for one in many)
        + "\n]"
        for label, many in collect(book).items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


@cache
def declared() -> dict[str, list[dict[str, Any]]]:
    """The prepared questions of the book, from the file that goes with the package."""
    return json.loads(FILE.read_text(encoding="utf-8"))
