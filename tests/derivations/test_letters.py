"""Other people's letters: what each was taken for."""

import pytest

from derivations import check


@pytest.mark.parametrize(
    ("latex", "name", "meant"),
    [
        (r"p(x,z) = p(x|z) p(z)", "p(x|z)", r"p_\theta(x \mid z)"),
        (r"\mathbb{E}_q[f(z)] = \int q(z) f(z) dz", "q", "q(z)"),
        (r"P(X) = \int P(X|z) P(z) dz", "P", "p"),
        (
            r"\log p(x) \geq \mathcal{L}(x)",
            r"\mathcal{L}(x)",
            r"\mathrm{ELBO}(x; \theta, \phi)",
        ),
        (r"p(x) = \int p_θ(x|z) p(z) dz", "p(x)", r"p_\theta(x)"),
        (r"\log p(x) \geq L", "L", r"\mathcal{L}"),
        (r"\|\mu\|^2 = \sum_i \mu_i^2", "the sum over i", "i = 1, ..., H"),
        (
            r"D_{KL}(q \| p) = \frac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)",
            r"D_{KL}(q \| p)",
            r"D_{KL}(q_\phi(z \mid x) \| p(z))",
        ),
        (r"\text{trace}[\Sigma_\phi(x)] > 0", r"\Sigma_\phi(x)", r"\diag \sigma_\phi(x)^2"),
        (r"\log \mathcal{N}(z; 0, 1) = -\frac{1}{2} z^2 + C", "C", "a constant"),
    ],
)
def test_the_report_says_what_a_name_was_taken_for(latex, name, meant):
    assert check(latex, symbolic=False).taken[name] == meant
