"""Nothing false passes, and the true neighbour of a false statement is not called wrong."""

import pytest

from derivations import check

from .build import thinned
from .falsehoods import FALSEHOODS


def test_there_are_two_hundred_of_all_kinds():
    assert len({f.false + "".join(f.given) for f in FALSEHOODS}) == len(FALSEHOODS) >= 200
    assert len({f.kind for f in FALSEHOODS}) >= 10


@pytest.mark.usefixtures("verdict_alone")
@pytest.mark.parametrize("statement", thinned(FALSEHOODS), ids=lambda f: f.false)
def test_no_false_statement_passes(statement):
    report = check(statement.false, given=statement.given)
    assert not report.ok, str(report)


@pytest.mark.parametrize(
    "statement", thinned(f for f in FALSEHOODS if f.true), ids=lambda f: f.true
)
def test_no_true_neighbour_is_called_wrong(statement):
    report = check(statement.true, given=statement.true_given)
    assert report.verdict != "wrong", str(report)
    passes = report.ok or report.verdict in ("untested", "not understood")
    assert passes and not report.error, str(report)
