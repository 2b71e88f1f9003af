"""No draw calls a true line wrong, and a seed fixes the draws."""

import random
from pathlib import Path

import pytest

from derivations import check
from derivations.chapters import displays
from derivations.report import check_block
from derivations.scope import Scope

from .note import CORRECT

BOOK = Path(__file__).resolve().parents[2] / "book"


@pytest.mark.parametrize("seed", range(10))
def test_no_seed_gives_a_false_alarm(seed):
    labels = random.Random(seed).sample(sorted(CORRECT), 2)
    for label in labels:
        report = check_block(CORRECT[label], Scope(), seed + 1, symbolic=False)
        assert report.ok, f"{label}\n{report}"


@pytest.mark.parametrize("seed", [13, 37])  # a variance, and a slope, near zero
def test_small_scales_and_slopes_are_no_false_alarm(seed):
    page = Scope()
    for display in displays((BOOK / "01-maximum-likelihood.md").read_text("utf-8")):
        report = check_block(display.source, page, seed, symbolic=False, quick=True)
        assert report.ok, f"{display.label}\n{report}"
        page = report.page


@pytest.mark.parametrize(
    ("latex", "seed"),
    [
        (r"D_{\mathrm{KL}}(\mathcal{N}(x; \mu, \mathrm{diag}(\sigma^2)) \| "
         r"\mathcal{N}(x; m, \mathrm{diag}(s^2))) = \sum_{d=1}^{D} ("
         r"\log \frac{s_d}{\sigma_d} - \frac12 "
         r"+ \frac{\sigma_d^2 + (\mu_d - m_d)^2}{2 s_d^2})", 19),  # a grid in R^3
        (r"\log(1 - \mathrm{sigmoid}(a)) = -\log(1 + e^a)", 5),  # digits of 1 - s(36)
        (r"\mathrm{Var}_{q_\phi(z|x)}[\frac{p(x, z)}{q_\phi(z|x)}] + p(x)^2 = "
         r"\mathbb{E}_{q_\phi(z|x)}[(\frac{p(x, z)}{q_\phi(z|x)})^2]", 5),  # finite
    ],
)  # fmt: skip
def test_draws_stay_where_they_can_be_computed(latex, seed):
    assert check(latex, seed=seed, symbolic=False).ok


def test_the_same_seed_gives_the_same_report():
    def figures():
        report = check(CORRECT["final"], seed=3)
        return [(s.verdict, s.values, s.worst, s.how) for s in report.steps]

    assert figures() == figures()
