"""How people write: true lines pass, their false twins do not, and the report says why."""

import pytest

from derivations import check

from .twins import ROWS


@pytest.mark.parametrize(("kind", "true", "false", "given"), ROWS)
def test_a_true_line_passes(kind, true, false, given):
    report = check(true, given, symbolic=False)
    assert report.ok, report


@pytest.mark.parametrize(("kind", "true", "false", "given"), ROWS)
def test_its_false_twin_does_not(kind, true, false, given):
    assert not check(false, given, symbolic=False).ok
