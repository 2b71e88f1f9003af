"""How people type is read, and true statements pass."""

import pytest

from .build import judged_once, reading, thinned
from .ways import DIVERGENCES, DRESSES, EXPECTATIONS, INTEGRALS, PUBLISHED


@pytest.mark.parametrize(
    "latex", thinned([*DIVERGENCES, *EXPECTATIONS, *INTEGRALS, *DRESSES, *PUBLISHED])
)
def test_it_is_read_and_passes(latex):
    report = judged_once(latex)
    assert report.ok, report


@pytest.mark.usefixtures("verdict_alone")
@pytest.mark.parametrize("latex", thinned([*DIVERGENCES, *EXPECTATIONS, *INTEGRALS]))
def test_with_a_slip_it_is_read_as_well_and_wrong(latex):
    left, right = latex.split("=", maxsplit=1)
    assert judged_once(f"{left} = 1 + {right}").verdict == "wrong"


def test_what_is_judged_once_differs_only_in_type():
    assert reading(r"a = \log b") == reading(r"a\,=\, \log{b} % as\n")
    for other in (r"a = \log c", r"a \leq \log b", r"a = \log b \quad a > 1"):
        assert reading(r"a = \log b") != reading(other)
    assert reading("a = b % given: b > 0") != reading("a = b % given: b > 1")
