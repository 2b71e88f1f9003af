"""What moderate draws do not refute, an adversary does; what is true stands."""

import pytest

from derivations import adversary, check


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
        r"(a + b)^4 \geq 0",
        r"\sqrt{a^2 + b^2} \leq |a| + |b|", r"\mathrm{tr}(\Sigma) \geq 0",
    ],
)  # fmt: skip
def test_no_adversary_refutes_what_is_true(latex):
    assert check(latex).ok, str(check(latex))


@pytest.mark.parametrize(("a", "lost"), [("2", False), ("36.2", True)])
def test_a_difference_without_digits_refutes_nothing(a, lost):
    for claim in (r"= -\log(2 + e^a)", r"\geq -a + 0.1"):
        report = check(rf"\log(1 - \mathrm{{sigmoid}}(a)) {claim}", given=f"a := {a}")
        assert (report.verdict == "wrong") is not lost, report


def test_an_adversary_keeps_chances_between_0_and_1():
    latex = r"x^x (1 - x)^{1 - x} \geq 0"
    assert check(latex, given=r"0 < x < 1").ok
    assert check(r"q(x_t \mid x_{t-1}, x_0) = q(x_t \mid x_{t-1})").ok


def test_a_fault_of_ours_is_no_bound_that_holds(monkeypatch):
    def broken(*_):
        raise TypeError("ours")

    monkeypatch.setattr(adversary.Failure, "_positive", broken)
    with pytest.raises(TypeError, match="ours"):
        check(r"x^2 + 10 \geq 0")
