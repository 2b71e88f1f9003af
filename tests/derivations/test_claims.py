"""What a relation claims, and what the numbers say of it."""
# ruff: noqa: E501 (a formula stays on its line)

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
