"""True statements pass, false ones do not."""
# ruff: noqa: E501 (a formula stays on its line)

import pytest

from derivations import check

ELBO = r"\int q(z) \log \frac{p_{\theta}(x, z)}{q(z)} \, dz"


TRUE = [
    (r"\log u \leq u - 1", ""),
    (r"D_{\mathrm{KL}}(p(x) \,\|\, q(x)) \geq 0", ""),
    (r"p_{\theta}(z \mid x) \propto p_{\theta}(x, z)", ""),
    (r"\operatorname*{argmax}_{\mu} \sum_{n=1}^{N} \log \mathcal{N}(x^{(n)}; \mu, \sigma^2) = \frac{1}{N} \sum_{n=1}^{N} x^{(n)}", ""),
    (r"\operatorname*{argmax}_{\pi} \sum_{n=1}^{N} \log \mathrm{Bernoulli}(x^{(n)}; \pi) = \frac{1}{N} \sum_{n=1}^{N} x^{(n)}", ""),
    (r"\mathbb{E}\left[ \frac{1}{N} \sum_{n=1}^{N} (x^{(n)} - \bar{x})^2 \right] = \frac{N-1}{N} \sigma^2",
     [r"x^{(n)} \sim \mathcal{N}(\mu, \sigma^2)", r"\bar{x} := \frac{1}{N} \sum_{m=1}^{N} x^{(m)}"]),
    (r"\nabla_{\phi} \mathbb{E}_{q_{\phi}(z \mid x)}[f(z)] = \mathbb{E}_{\epsilon \sim \mathcal{N}(\mathbf{0}, \mathbf{I})}[\nabla_{\phi} f(\mu + \sigma \odot \epsilon)]", ""),
    (r"\log p_{\theta}(x) \approx \log \frac{1}{K} \sum_{k=1}^{K} \frac{p_{\theta}(x, z^{(k)})}{q_{\phi}(z^{(k)} \mid x)} \quad (z^{(k)} \sim q_{\phi}(z \mid x))", ""),
    (r"p_{\theta}(x) = \mathcal{N}(x; b, w^2 + \sigma^2)", r"p_{\theta}(x \mid z) := \mathcal{N}(x; w z + b, \sigma^2)"),
    (r"\log p_{\theta}(x \mid z) = \sum_{d=1}^{D} \left( x_d \log \hat{x}_d + (1 - x_d) \log (1 - \hat{x}_d) \right)",
     r"p_{\theta}(x \mid z) := \prod_{d=1}^{D} \mathrm{Bernoulli}(x_d; \hat{x}_d)"),
    (r"\left. \frac{\partial}{\partial \mu} \log \mathcal{N}(x; \mu, \sigma^2) \right|_{\mu = x} = 0", ""),
    (r"\frac{\partial}{\partial \sigma^2} \log \mathcal{N}(x; \mu, \sigma^2) = \frac{(x - \mu)^2}{2 \sigma^4} - \frac{1}{2 \sigma^2}", ""),
    (r"\frac{1}{3} \approx 0.333", ""),
    (r"D_{\mathrm{KL}}(\mathcal{N}(z; \mu, \mathrm{diag}(\sigma^2)) \,\|\, \mathcal{N}(z; \mathbf{0}, \mathbf{I})) = \frac{1}{2} \sum_{h=1}^{H} (\mu_h^2 + \sigma_h^2 - \log \sigma_h^2 - 1)", ""),
]  # fmt: skip


FALSE = [
    # an equality is no bound, and a bound no equality
    (r"\log p_{\theta}(x) \geq \log p_{\theta}(x)", "", "write ="),
    (r"\log p_{\theta}(x) = " + ELBO, "", "left ="),
    # true in the linear world only
    (r"\mathbb{E}_{q_{\phi}(z \mid x)}[\mathrm{decoder}(z)] = \mathrm{decoder}(\mu)", "", "tanh"),
    # unbiased for the evidence is not unbiased for its logarithm, and K matters
    (r"p_{\theta}(x) \approx \frac{1}{K} \sum_{k=1}^{K} p_{\theta}(x \mid z^{(k)}) \quad (z^{(k)} \sim q_{\phi}(z \mid x))", "", "expectation"),
    (r"\operatorname*{argmax}_{\mu} \sum_{n=1}^{N} \log \mathcal{N}(x^{(n)}; \mu, \sigma^2) = \frac{1}{N} \sum_{n=2}^{N} x^{(n)}", "", "not the best"),
    (r"\mathrm{ELBO}(x; \theta, \sigma) = " + ELBO, "", "ELBO is that of"),
    (r"\int p_{\theta}(x) \, dz = p_{\theta}(x)", "", "diverges"),
    (r"\int \mathcal{N}(x; \mu, \sigma^2) \, dz = 1", "", "diverges"),
    (r"D_{\mathrm{KL}}(p_{\theta}(z \mid x) \,\|\, q(z)) = \log p_{\theta}(x) - " + ELBO, "", "="),
    (r"p_{\theta}(x \mid z) := \mathcal{N}(x; w z, \sigma^2) \mathcal{N}(z; 0, 1)", "", "integrates to 1"),
    (r"\log p_{\theta}(x, z) = \log p_{\theta}(z \mid x) + \text{const}", "", "constant in z only"),
    (r"\log p_{\theta}(x) = \log p_{\theta}(x \mid z) + \text{const}", "", "no constant"),
    (r"\operatorname*{argmax}_{\theta} p_{\theta}(\mathcal{D}) = \operatorname*{argmin}_{\theta} p_{\theta}(\mathcal{D})", "", "are opposite"),
    (r"\operatorname*{argmax}_{\theta} \log p_{\theta}(x) = \operatorname*{argmax}_{\theta} " + ELBO, "", "not proportional"),
    (r"D_{\mathrm{KL}}(p(x) \,\|\, q(x)) \leq 0", "", "left ="),
    (r"\log p_{\theta}(x) \leq " + ELBO, "", "left ="),
    (r"1 = " + r"\sum_{n=1}^{N} " * 20 + "n", "", "budget"),
    (r"x = 3", "", "left"),
    (r"\sqrt{(a - b)^2} = b - a", "", "at a"),
    (r"\sqrt{(a - b)^2} = a - b", "", "at a"),
    (r"p(z) := z^2", "", "integrates to 1"),
    (r"\frac{1}{3} \approx 0.334", "", "left"),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "context"), TRUE)
def test_true_statements_pass(latex, context):
    report = check(latex, given=context)
    assert report.ok, str(report)


@pytest.mark.parametrize(("latex", "context", "message"), FALSE)
def test_false_statements_fail(latex, context, message):
    report = check(latex, given=context)
    assert not report.ok
    assert message in str(report), str(report)


def test_what_cannot_be_evaluated_never_passes():
    for latex in (
        r"\mathbb{E}[u] = \mathbb{E}[u]",  # over what?
        r"\mathrm{foo}(x) + 1 = \mathrm{foo}(x) + 1",
        r"\hat{\theta} + 1 = \hat{\theta} + 1",
        r"\int e^{x} \, dx = \int e^{x} \, dx",
    ):
        assert not check(latex).ok, latex
    report = check(r"A")
    assert not report.ok and "a relation is missing" in str(report)
