"""The second judge: what SymPy shows, and what it leaves to the numbers."""

import pytest
import sympy as sp

from derivations.prove import Formula, Prover, Unprovable, is_zero, split_log, tidy

from .build import pair, scope

A, B = sp.symbols("a b", positive=True)
U = sp.Symbol("u", real=True)


def proves(latex: str) -> bool:
    return Prover(scope(latex)).proves(pair(latex))


@pytest.mark.parametrize(
    "latex",
    [
        r"\log (x^2 + 1) = \log (1 + x^2)",
        r"\log p_{\theta}(x, z) = \log p_{\theta}(x \mid z) + \log p(z)",
        r"p_{\theta}(x) = \int p_{\theta}(x \mid z) p(z) \, dz",
        r"D_{\mathrm{KL}}(\mathcal{N}(z; \mu, \sigma^2) \| \mathcal{N}(z; 0, 1))"
        r" = \frac{1}{2} (\mu^2 + \sigma^2 - 1 - \log \sigma^2)",
        r"\frac{\partial}{\partial \mu} \mu^3 = 3 \mu^2",
        r"\log p(z) = -\frac{1}{2} z^2 + \text{const}",
        r"\operatorname*{argmax}_{\theta} p_{\theta}(\mathcal{D})"
        r" = \operatorname*{argmax}_{\theta} \frac{1}{N} \log p_{\theta}(\mathcal{D})",
    ],
)
def test_sympy_shows_what_is_true(latex):
    assert proves(latex)


@pytest.mark.parametrize(
    "latex",
    [
        r"\log (x^2 + 1) = \log (2 + x^2)",
        r"\log p(z) = -\frac{1}{3} z^2 + \text{const}",
        r"\operatorname*{argmax}_{\mu} -\mu^2 = \operatorname*{argmin}_{\mu} -\mu^2",
        r"x \geq x - 1",
        r"\tanh x = \tanh x + 0 \cdot \tanh x",
        r"\int_{0}^{1} z \, dz = \frac{1}{2}",
        r"\mathrm{Bernoulli}(x; \pi) = \mathrm{Bernoulli}(x; \pi)",
    ],
)
def test_what_is_false_or_out_of_reach_is_not_proved(latex):
    assert not proves(latex)


def test_a_gaussian_integral_completes_the_square():
    density = Formula(((1 / sp.sqrt(2 * sp.pi * A), -((U - B) ** 2) / (2 * A)),))
    assert is_zero(density.integrate(U).log().expr())
    second = (density * Formula.of(U) * Formula.of(U)).integrate(U)
    gap = second.log().expr() - split_log(A + B**2)
    assert is_zero(gap)
    with pytest.raises(Unprovable, match="may diverge"):
        Formula(((sp.S.One, U**2),)).integrate(U)
    with pytest.raises(Unprovable, match="not a polynomial"):
        Formula(((U, U),)).integrate(U)


def test_arithmetic_of_exponentials():
    e = Formula(((sp.S.One, A),))
    assert (e * e).terms == ((1, 2 * A),)
    assert (e / e).expr() == 1 and (e - e).terms == ()
    assert e.log().expr() == A and Formula.of(A).exp().terms == ((1, A),)
    assert Formula.of(3).whole() == 3 and Formula.of(A).whole() is None
    with pytest.raises(Unprovable, match="exp of an exp"):
        e.exp()
    with pytest.raises(Unprovable, match="no rules"):
        e.function("tanh")


def test_fractions_are_reduced_and_logarithms_split():
    assert tidy((A**2 - B**2) / (A - B)) == A + B
    assert is_zero(sp.log(A**2 / B) - 2 * sp.log(A) + sp.log(B))
    assert not is_zero(sp.log(A) - sp.log(B))
    with pytest.raises(Unprovable, match="no fraction"):
        tidy(sp.sin(A) + sp.Function("g")(A))
