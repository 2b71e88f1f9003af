"""The same statements in other type."""

import pytest

from derivations import check

from .retypeset import RETYPESET


def test_forty_retypesettings():
    assert len(RETYPESET) >= 40


@pytest.mark.parametrize("latex", RETYPESET)
def test_retypesetting_changes_nothing(latex):
    report = check(latex, symbolic=False)
    assert report.ok, str(report)
