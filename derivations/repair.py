"""Small changes of a formula, each with the sentence that proposes it.

They are the slips that students make: a sign, a factor, a square, a wrong name, swapped
arguments. The judge tries them in this order and names the first that mends a relation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from . import tree as t
from .notation import NAMES

MOST_PLACES = 150
HAT = "did you mean \\hat{x}?"
HOLDS = "it would hold "
LIKE = {key: row.like for key, row in NAMES.items() if row.like}
FACTORS = {Fraction(2): "twice as large", Fraction(1, 2): "half as large"}
Repairs = Iterator[tuple[str, t.Node]]


def repairs(node: t.Node, source: str) -> Repairs:
    """All single repairs of a formula, the likelier ones first."""
    places = list(node.walk())[:MOST_PLACES]
    values = {id(part) for part in node.values()}  # the name of a function has no square
    for proposals in (_signs, _swaps, _names, _sizes):
        for part in places:
            if proposals is _sizes and id(part) not in values:
                continue
            for message, new in proposals(part, source):
                slip = isinstance(part, t.Symbol) and bool(part.accent) and message == HAT
                change = _everywhere if slip else t.exchange  # every \hat{d} is an \hat{x}
                yield message, change(node, part, new)
        if proposals is _signs:
            yield HOLDS + "with the other sign", t.Add((node,), (-1,))
            spoken = {part.key for part in places if isinstance(part, t.Symbol)}
            for size in ("N", "K"):
                if size in spoken:  # a size that is not there may equal any number
                    mean = t.Quotient(node, t.Symbol(size))
                    yield f"{HOLDS}if the right side were divided by {size}", mean


def _everywhere(node: t.Node, wrong: t.Node, right: t.Node) -> t.Node:
    assert isinstance(wrong, t.Symbol) and isinstance(right, t.Symbol)

    def swap(part: t.Node) -> t.Node:
        if isinstance(part, t.Symbol) and part.key == wrong.key:
            return replace(part, name=right.name)
        return part

    return t.rebuild(node, swap)


def _signs(part: t.Node, source: str) -> Repairs:
    if isinstance(part, t.Add):
        for i, term in enumerate(part.terms):
            signs = tuple(-s if j == i else s for j, s in enumerate(part.signs))
            message = f"{HOLDS}if {_quoted(term, source)} had the other sign"
            yield message, replace(part, signs=signs)


def _swaps(part: t.Node, source: str) -> Repairs:
    if isinstance(part, t.Divergence):
        swapped = replace(part, left=part.right, right=part.left)
        yield HOLDS + "with the arguments of KL exchanged", swapped
    if isinstance(part, t.Quotient):
        turned = replace(part, over=part.under, under=part.over)
        yield HOLDS + "with the fraction turned over", turned
    if isinstance(part, t.Total):
        kind = "sum" if part.kind == "prod" else "prod"
        yield f"{HOLDS}with \\{kind} for \\{part.kind}", replace(part, kind=kind)
    if isinstance(part, t.Best):
        sense = "argmin" if part.sense == "argmax" else "argmax"
        yield f"{HOLDS}with {sense} for {part.sense}", replace(part, sense=sense)
    if isinstance(part, t.Call) and part.group.marks in (("|",), (",",)):
        given = replace(part.group, items=part.group.items[::-1])
        if part.group.marks == ("|",):
            message = f"{HOLDS}with {_quoted(part, source)} turned round"
            yield message, replace(part, group=given)
        joint = part.group.marks == (",",)
        mark, words = ("|", "conditional") if joint else (",", "joint")
        changed = replace(part.group, marks=(mark,))
        yield (
            f"{HOLDS}if {_quoted(part, source)} were {words}",
            replace(part, group=changed),
        )


def _names(part: t.Node, source: str) -> Repairs:
    if not isinstance(part, t.Symbol):
        return
    if not part.index and part.name in ("x", "z", "mu", "sigma"):
        for letter in "nk":
            message = f"{HOLDS}with the sample index ({letter})"
            yield message, replace(part, index=(t.Symbol(letter),))
    if part.name in ("dzy" if part.accent else "xz"):
        yield HAT, replace(part, name="x", accent="hat")
    for name in LIKE.get(part.name, ()):
        message = f"{HOLDS}with {t.Symbol(name).spoken} for {_quoted(part, source)}"
        yield message, replace(part, name=name)
    if part.label in LIKE:
        name = LIKE[part.label][0]
        message = f"{HOLDS}with \\{name} for \\{part.label} in {_quoted(part, source)}"
        yield message, replace(part, label=name)


def _sizes(part: t.Node, source: str) -> Repairs:
    if isinstance(part, t.Power) and part.exponent == t.TWO:
        yield f"{HOLDS}without the square on {_quoted(part.base, source)}", part.base
    elif isinstance(part, t.Symbol | t.Group | t.Call):
        message = f"{HOLDS}with {_quoted(part, source)} squared"
        yield message, t.Power(part, t.TWO)
    if isinstance(part, t.Symbol | t.Quotient | t.Product | t.Group | t.Number | t.Total):
        for size, words in FACTORS.items():
            scaled = t.Product((t.Number(size), part), ("",))
            yield f"{HOLDS}if {_quoted(part, source)} were {words}", scaled


def _quoted(node: t.Node, source: str) -> str:
    text = " ".join(source[slice(*node.span)].split())
    return f"'{text if len(text) < 50 else text[:47] + '...'}'" if text else "a term"
