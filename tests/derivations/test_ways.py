"""How people type is read, and true statements pass."""

import pytest

from derivations import check

from .ways import DIVERGENCES, DRESSES, EXPECTATIONS, INTEGRALS


@pytest.mark.parametrize("latex", [*DIVERGENCES, *EXPECTATIONS, *INTEGRALS, *DRESSES])
def test_it_is_read_and_passes(latex):
    report = check(latex, symbolic=False)
    assert report.ok, report
