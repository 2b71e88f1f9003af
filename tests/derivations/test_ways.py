"""How people type is read, and true statements pass."""

import pytest

from derivations import check

from .build import thinned
from .ways import DIVERGENCES, DRESSES, EXPECTATIONS, INTEGRALS, PUBLISHED


@pytest.mark.parametrize(
    "latex", thinned([*DIVERGENCES, *EXPECTATIONS, *INTEGRALS, *DRESSES, *PUBLISHED])
)
def test_it_is_read_and_passes(latex):
    report = check(latex, symbolic=False)
    assert report.ok, report


@pytest.mark.parametrize(  # every third: they differ by how they are read, seen above
    "latex", thinned([*DIVERGENCES, *EXPECTATIONS, *INTEGRALS][::3])
)
def test_with_a_slip_it_is_read_as_well_and_wrong(latex):
    left, right = latex.split("=", maxsplit=1)
    assert check(f"{left} = 1 + {right}", symbolic=False).verdict == "wrong"
