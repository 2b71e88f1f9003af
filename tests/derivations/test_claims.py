"""What a relation claims, and what the numbers say of it."""
# ruff: noqa: E501 (a formula stays on its line)

import pytest

from derivations import check, claims
from derivations.block import read_block

from .note import CORRECT

ELBO = r"\int q(z) \log \frac{p_{\theta}(x, z)}{q(z)} \, dz"


LOG_MEAN = r"\log p_{\theta}(x) \approx \log \frac{1}{K} \sum_{k=1}^{K} \frac{p_{\theta}(x, z^{(k)})}{q_{\phi}(z^{(k)} \mid x)} \quad (z^{(k)} \sim q_{\phi}(z \mid x))"


def test_a_consistent_estimate_says_that_it_is_biased():
    step = check(LOG_MEAN).steps[0]
    assert "biased" in step.how


def test_unbiased_estimates_are_cross_checked_with_samples(monkeypatch):
    step = check(CORRECT["mc"]).steps[1]
    assert "z-score" in step.how
    monkeypatch.setattr(claims, "term_by_term", lambda samples, inner, at: at(LEFT))
    LEFT = read_block(CORRECT["mc"]).lines[0].first
    wrong = r"\mathbb{E}_{p_{*}(x)}[f(x)] \approx \frac{1}{N} \sum_{n=1}^{N} 2 f(x^{(n)}) \quad (x^{(n)} \sim p_{*}(x))"
    assert "samples average" in str(check(wrong))  # though the quadrature is made to agree


def test_an_adversary_finds_the_violation_that_draws_miss():
    assert check(rf"\log p_{{\theta}}(x) \geq {ELBO}").ok
    report = check(rf"\log p_{{\theta}}(x) \geq {ELBO} + \frac{{1}}{{100}}")
    assert "left = " in report.steps[0].detail


@pytest.mark.parametrize(
    "latex",
    [
        r"\log p(x) \leq 0", r"\log p_{\theta}(x) \leq 0", r"p(x) \leq 1",
        r"-\int q(z) \log q(z) \, dz \geq 0", r"x^3 + 10 \geq 0", r"\sigma^2 \leq 100",
        r"\alpha \geq 0.001", r"D_{\mathrm{KL}}(q(z) \,\|\, p(z)) \leq 10",
        r"\mathrm{Var}_{q(z)}[z] \leq 1", r"x^2 \geq x - 0.2", r"\tanh(a) \leq a + 1",
        r"|u + 1.4| = u + 1.4",
    ],
)  # fmt: skip
def test_an_adversary_refutes_what_moderate_draws_do_not(latex):
    assert str(check(latex).steps[0].verdict) == "wrong"


@pytest.mark.parametrize(
    "latex",
    [
        r"e^x \geq 1 + x", r"e^x > 0", r"\log x \leq x - 1", r"a^4 + b^4 \geq 2 a^2 b^2",
        r"\alpha \geq 0", r"D_{\mathrm{KL}}(q(z) \,\|\, p(z)) \geq 0",
        r"(a + b)^4 \geq 0", r"\log p_{\theta}(x \mid z) \leq -\frac{1}{2} \log (2 \pi)",
        r"\sqrt{a^2 + b^2} \leq |a| + |b|", r"\mathrm{tr}(\Sigma) \geq 0",
    ],
)  # fmt: skip
def test_no_adversary_refutes_what_is_true(latex):
    assert check(latex).ok, str(check(latex))
