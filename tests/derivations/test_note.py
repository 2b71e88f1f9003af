"""The source note: corrected it holds, as written it fails helpfully."""

import pytest

from derivations import check
from derivations.report import check_block
from derivations.scope import Scope

from .note import CORRECT, WRONG


@pytest.mark.parametrize("label", CORRECT)
def test_the_note_corrected_holds(label):
    report = check_block(CORRECT[label], Scope())  # some only define
    assert report.ok, str(report)
    assert all(step.verdict != "exempt" for step in report.steps)


@pytest.mark.parametrize("label", WRONG)
def test_the_note_as_written_fails_helpfully(label):
    latex, message = WRONG[label]
    report = check(latex)
    assert not report.ok
    assert message in str(report), str(report)


@pytest.mark.parametrize("label", ["elbo", "gaussian-kl", "klmc", "product", "problem"])
def test_sympy_proves_what_it_should(label):
    assert any(step.symbolic == "proved" for step in check(CORRECT[label]).steps)
