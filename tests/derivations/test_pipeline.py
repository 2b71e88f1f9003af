"""The whole way of a block."""

import pytest

from derivations import Verdict
from derivations.pipeline import judge_block
from derivations.quantity import Meaningless
from derivations.read import ReadingError
from derivations.scope import Scope


def test_a_page_learns_and_is_not_changed():
    page = Scope()
    first = judge_block("c := 3", page)
    assert first.page.meanings.keys() == {"c"} and page.meanings == {}
    second = judge_block("c + 1 = 4", first.page)
    assert second.steps[0].ok and second.used == {"c"}
    alone = judge_block("c + 1 = 4", page)
    assert not alone.steps[0].ok


def test_a_block_that_may_not_define_claims():
    (step,) = judge_block("c = 3", Scope(), defines=False).steps
    assert step.verdict is Verdict.WRONG


def test_what_must_follow_is_judged_apart():
    judged = judge_block("% hence: c + 1 = 5\nc := 3", Scope())
    assert [step.ok for step in judged.steps] == [True]
    assert [step.ok for step in judged.entailed] == [False]


@pytest.mark.parametrize(
    ("given", "idle"), [("b := 1", "b is used by nothing"), ("b > 0", "b does not occur")]
)
def test_a_given_that_nothing_uses_is_told_if_asked(given, idle):
    source = f"% given: {given}\nx + 1 = 1 + x"
    assert idle in judge_block(source, Scope(), strict=True).idle
    assert judge_block(source, Scope()).idle == ""


def test_quick_stops_at_the_first_broken_relation():
    source = "a = a + 1 \\\\\n= a + 2 \\\\\n= a + 3"
    assert len(judge_block(source, Scope(), quick=True).steps) == 1
    assert len(judge_block(source, Scope()).steps) == 3
    below = judge_block(source, Scope(), quick=True, since=3)
    assert [step.line for step in below.steps] == [3]


def test_what_follows_from_a_broken_block_is_judged_to_explain_it_only():
    source = "% hence: a = a\na = a + 1"
    assert judge_block(source, Scope(), quick=True).entailed == []
    assert len(judge_block(source, Scope()).entailed) == 1


def test_what_is_no_formula_is_raised():
    with pytest.raises(ReadingError, match="more than 60 relations"):
        judge_block("x " + "= x " * 61, Scope())
    with pytest.raises(Meaningless, match="by itself"):
        judge_block("% given: a := a\nx = x", Scope())
