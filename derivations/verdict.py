"""The verdicts that a line of LaTeX can get, from the strongest to the weakest."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

BROKEN, UNKNOWN = "✗", "?"


class Verdict(StrEnum):
    """One word, its glyph, and whether a derivation may rest on it.

    Two ticks for two judges, one for one: glyphs differ, not the colours alone. What is
    not understood is not shown; nothing is said against it.

    >>> Verdict.PROVED.glyph, Verdict.PROVED.ok, Verdict("wrong").ok
    ('✓✓', True, False)
    >>> f"{Verdict.TESTED}"
    'tested'
    """

    glyph: str

    def __new__(cls, word: str, glyph: str = BROKEN) -> Verdict:
        verdict = str.__new__(cls, word)
        verdict._value_, verdict.glyph = word, glyph
        return verdict

    DEFINITION = "definition", ":="  # nothing is claimed
    PROVED = "proved", "✓✓"  # by SymPy, and tested
    TESTED = "tested", "✓"  # by numbers
    EXEMPT = "exempt", "–"  # by name, with a reason
    NOT_UNDERSTOOD = (
        "not understood",
        UNKNOWN,
    )  # a name, a shape or a sign that is not known
    WRONG = "wrong"  # it does not hold
    UNTESTED = "untested"  # a definition on which nothing rests
    UNLABELLED = "unlabelled"  # a chapter's equation without a name
    DUPLICATE = "duplicate"  # a label that was used before

    @property
    def ok(self) -> bool:
        """May a derivation rest on it?"""
        return self.glyph not in (BROKEN, UNKNOWN)


def weakest(verdicts: Iterable[Verdict]) -> Verdict:
    """A chain is as good as its weakest line; a definition counts if nothing else is there.

    >>> weakest([Verdict.DEFINITION, Verdict.TESTED, Verdict.PROVED])
    <Verdict.TESTED: 'tested'>
    """
    return max(verdicts, key=list(Verdict).index)
