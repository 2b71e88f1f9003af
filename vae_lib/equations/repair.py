"""Small changes of a formula, each with the sentence that proposes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from . import tree as t

MOST_PLACES = 150
INDEXED = ("x", "z", "mu", "sigma", "hat x")
HAT = "did you mean \\hat{x}?"


def repairs(node: t.Node, source: str) -> Iterator[tuple[str, t.Node]]:
    """All single repairs of a formula, the likelier ones first."""
    places = list(node.walk())[:MOST_PLACES]
    for proposals in (_signs, _names, _shapes):
        for part in places:
            for message, new in proposals(part, source):
                again = message == HAT and part.accent  # every \hat{d} is an \hat{x}
                yield message, (_everywhere if again else t.exchange)(node, part, new)
        if proposals is _signs:
            yield "it would hold with the other sign", t.Add((node,), (-1,))
            for value, words in ((Fraction(2), "twice"), (Fraction(1, 2), "half")):
                scaled = t.Product((t.Number(value), t.Group((node,))), ("",))
                yield f"it would hold if the right side were {words} as large", scaled


def _everywhere(node: t.Node, wrong: t.Symbol, right: t.Symbol) -> t.Node:
    def swap(part: t.Node) -> t.Node:
        same = isinstance(part, t.Symbol) and part.key == wrong.key
        return replace(part, name=right.name) if same else part

    return t.rebuild(node, swap)


def _signs(part: t.Node, source: str) -> Iterator[tuple[str, t.Node]]:
    if isinstance(part, t.Add):
        for i, term in enumerate(part.terms):
            signs = tuple(-s if j == i else s for j, s in enumerate(part.signs))
            message = f"it would hold if {_quoted(term, source)} had the other sign"
            yield message, replace(part, signs=signs)
    if isinstance(part, t.Divergence):
        swapped = replace(part, left=part.right, right=part.left)
        yield "it would hold with the arguments of KL exchanged", swapped


def _names(part: t.Node, source: str) -> Iterator[tuple[str, t.Node]]:
    if isinstance(part, t.Symbol) and not part.index and part.key in INDEXED:
        for letter in "nk":
            message = f"it would hold with the sample index ({letter})"
            yield message, replace(part, index=(t.Symbol(letter),))
    if isinstance(part, t.Symbol) and (
        part.name in "dzy" if part.accent else part.name == "x"
    ):
        yield HAT, replace(part, name="x", accent="hat")
    if isinstance(part, t.Power) and part.exponent == t.TWO:
        yield f"it would hold without the square on {_quoted(part.base, source)}", part.base


def _shapes(part: t.Node, source: str) -> Iterator[tuple[str, t.Node]]:
    if isinstance(part, t.Add | t.Product):
        name = "terms" if isinstance(part, t.Add) else "factors"
        items = getattr(part, name)
        for i, item in enumerate(items):
            if isinstance(item, t.Symbol | t.Group | t.Call):
                squared = (*items[:i], t.Power(item, t.TWO), *items[i + 1 :])
                message = "it would hold if one factor were squared"
                yield message, replace(part, **{name: squared})
    if isinstance(part, t.Quotient):
        turned = replace(part, over=part.under, under=part.over)
        yield "it would hold with the fraction turned over", turned


def _quoted(node: t.Node, source: str) -> str:
    text = " ".join(source[slice(*node.span)].split())
    return f"'{text if len(text) < 50 else text[:47] + '...'}'" if text else "a term"
