"""One relation in all worlds, and the repair that is proposed."""

import pytest

from derivations import check
from derivations.judge import judged_by_numbers

from .build import pair, trial


def judged(latex: str):
    return judged_by_numbers(trial(latex), pair(latex))


def test_a_relation_is_tried_in_every_world_that_has_it():
    step = judged(r"\log p_{\theta}(x, z) = \log p_{\theta}(x \mid z) + \log p(z)")
    assert step.ok and len(step.worlds) == 3 and step.draws >= 6
    step = judged(
        r"\mathbb{E}_{q_{\phi}(z \mid x)}[\mathrm{decoder}(z)] = \mathrm{decoder}(\mu)"
    )
    assert not step.ok and len(step.worlds) == 1 and "[tanh decoder" in step.detail


def test_what_no_world_has_is_not_understood():
    step = judged(r"\sum_z z = \sum_z z \cdot \mathcal{N}(0; 0, 1)")
    assert step.verdict == "not understood" and "continuous" in step.detail


def test_what_has_no_meaning_is_shown_where_it_stands():
    step = judged(r"x = \hat{d} + 1")
    assert step.verdict == "not understood"
    assert r"did you mean \hat{x}?" in step.detail and "^" in step.detail
    assert "right has no value" in step.detail


@pytest.mark.parametrize(
    ("latex", "hint"),
    [
        (r"a - b = a + b", "had the other sign"),
        (r"2 a = a", "twice as large"),
        (r"a^2 = a", "squared"),
        (r"a = a^2", "without the square"),
        (r"a \geq a + 1", "it would hold with ≤"),
        (r"D_{\mathrm{KL}}(q(z) \| p(z)) = D_{\mathrm{KL}}(p(z) \| q(z))", "exchanged"),
        (r"x \hat{x} = x \hat{d}", r"did you mean \hat{x}?"),
    ],
)
def test_a_slip_is_named(latex, hint):
    assert hint in judged(latex).detail


def test_without_mending_nothing_is_proposed():
    step = judged_by_numbers(trial("a - b = a + b"), pair("a - b = a + b"), mends=False)
    assert not step.ok and "would hold" not in step.detail


def test_an_equality_is_no_bound():
    assert "write =" in judged("a + b \\geq b + a").detail


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (r"p_{\phi}(x \mid z) = 1", r"given: p_{\phi}(x \mid z) := p_{\theta}(x \mid z)"),
        (r"p_{\theta_{old}}(x) = 1", r"given: p_{\theta_{old}}(x) := ..."),
        (r"r(x \mid z) + 1 = 1 + r(x \mid z)", r"given: r(x \mid z) := "),
        (r"\mathrm{foo}(x) = x", r"given: \mathrm{foo}(x) := ..."),
        (r"\log \mathrm{foo} = 1", r"given: \mathrm{foo} := ..."),
    ],
)
def test_what_is_not_known_is_not_wrong_and_the_line_to_add_is_named(latex, line):
    step = judged(latex)
    assert step.verdict == "not understood" and line in step.detail


def test_numbers_without_a_value_are_wrong():
    assert judged(r"\log (-1) + a = 0").verdict == "wrong"
    assert judged(r"\log (-a^2) = 0").verdict == "not understood"


@pytest.mark.parametrize("latex", [r"H(X) \leq H(X, Y)", r"H(p) \geq 0"])
def test_what_holds_for_chances_and_not_for_densities_is_asked_about(latex):
    report = check(latex, symbolic=False)
    assert report.verdict == "not understood" and "not for densities" in str(report)
