"""The list of verdicts."""

import json

import pytest

from derivations import Verdict
from derivations.verdict import BROKEN, weakest


def test_a_verdict_is_its_word_everywhere():
    assert f"{Verdict.PROVED}" == "proved" and json.dumps(Verdict.WRONG) == '"wrong"'
    assert [Verdict(str(verdict)) for verdict in Verdict] == list(Verdict)
    with pytest.raises(ValueError, match="fine"):
        Verdict("fine")


def test_what_is_good_has_a_glyph_of_its_own():
    good = [verdict for verdict in Verdict if verdict.ok]
    assert good == ["definition", "proved", "tested", "exempt"]
    assert len({verdict.glyph for verdict in good} | {BROKEN}) == len(good) + 1
    assert {verdict.glyph for verdict in Verdict if not verdict.ok} == {BROKEN}


def test_one_broken_line_breaks_a_chain():
    assert weakest([Verdict.PROVED, Verdict.UNTESTED, Verdict.EXEMPT]) is Verdict.UNTESTED
    assert weakest([Verdict.DEFINITION]) is Verdict.DEFINITION
