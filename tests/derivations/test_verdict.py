"""The list of verdicts."""

import json

import pytest

from derivations import Verdict
from derivations.verdict import BROKEN, UNKNOWN, weakest


def test_a_verdict_is_its_word_everywhere():
    assert f"{Verdict.PROVED}" == "proved" and json.dumps(Verdict.WRONG) == '"wrong"'
    assert [Verdict(str(verdict)) for verdict in Verdict] == list(Verdict)
    with pytest.raises(ValueError, match="fine"):
        Verdict("fine")


def test_what_is_good_has_a_glyph_of_its_own():
    good = [verdict for verdict in Verdict if verdict.ok]
    assert good == ["definition", "proved", "tested", "exempt"]
    assert len({verdict.glyph for verdict in good} | {BROKEN}) == len(good) + 1
    assert {verdict.glyph for verdict in Verdict if not verdict.ok} == {BROKEN, UNKNOWN}


def test_what_is_not_understood_is_not_shown_and_not_wrong():
    verdict = Verdict.NOT_UNDERSTOOD
    assert (verdict, verdict.glyph, verdict.ok) == ("not understood", UNKNOWN, False)
    assert weakest([Verdict.PROVED, verdict]) is verdict
    assert weakest([verdict, Verdict.WRONG]) is Verdict.WRONG


def test_one_broken_line_breaks_a_chain():
    assert weakest([Verdict.PROVED, Verdict.UNTESTED, Verdict.EXEMPT]) is Verdict.UNTESTED
    assert weakest([Verdict.DEFINITION]) is Verdict.DEFINITION
