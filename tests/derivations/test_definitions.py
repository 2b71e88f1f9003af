"""How a name gets its meaning, and what must be true of a definition."""

import pytest

from derivations import check
from derivations.definitions import define, is_new
from derivations.quantity import Meaningless
from derivations.scope import Scope

from .build import pair, scope


def defined(latex: str) -> Scope:
    p = pair(latex)
    return define(p.left, p.right, Scope())


@pytest.mark.parametrize(
    ("latex", "key"),
    [
        ("a := 2", "a"), (r"\hat{d} := 2", "hat d"), ("m_h := 2 h", "m[]"),
        ("w(z) := z", "w()"), (r"p_{\theta}(x \mid z) := z", "p_theta(x|z)"),
        ("q(z) := z", "q(z)"), (r"\hat{\sigma}^2 := 4", "hat sigma"),
    ],
)  # fmt: skip
def test_a_definition_is_kept_under_its_key(latex, key):
    assert set(defined(latex).meanings) == {key}


def test_a_square_defines_its_root():
    assert defined(r"\hat{\sigma}^2 := 4").meanings["hat sigma"].root
    assert check(r"\hat{\sigma} = 2", given=r"\hat{\sigma}^2 := 4").ok


def test_what_the_worlds_know_is_not_defined_again():
    assert defined(r"\mathrm{ELBO}(x; \theta, q) := 1").meanings == {}
    assert defined(r"\mu, \log \sigma^2 := \mathrm{encoder}(x)").encoder


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("a := a + 1", "by itself"),
        ("x := 1", "only a name"),
        ("2 := 1", "only a name"),
        ("m_h := 2", "index h does not occur"),
        ("m^{(n)} := x^{(k)}", "nothing binds the index k"),
        ("f(x, x) := x", "same argument twice"),
        (r"f(x \| y) := x", "only a name"),
        (r"q(z) := \mathcal{N}(x; 0, 1)", "given as one of another"),
        (r"\sigma, \mu := \mathrm{encoder}(x)", "the encoder gives"),
        ("a, b := 1", "what is defined here"),
    ],
)
def test_a_bad_definition_says_why(latex, message):
    with pytest.raises(Meaningless, match=message):
        defined(latex)


@pytest.mark.parametrize(
    ("latex", "new"),
    [
        (r"\bar{x} = 2", True), ("x = 2", False), (r"\mu = 2", False),
        ("g(x) = x", True), (r"p_{\theta}(x) = x", False), (r"\hat{x} = 2", False),
        ("c = c + 1", False), ("q(z) = p(z)", True), ("f(2) = 4", False),
    ],
)  # fmt: skip
def test_the_first_equation_of_a_name_defines_it(latex, new):
    assert is_new(pair(latex), scope(latex), alone=True) is new


@pytest.mark.parametrize(
    ("latex", "verdict", "detail"),
    [
        (r"q(z) := \mathcal{N}(z; 1, 2)", "definition", ""),
        (r"q(z) := 2 \mathcal{N}(z; 0, 1)", "wrong", "integrates to 1"),
        ("g(x, y) := x", "wrong", "does not depend on y"),
        (r"a := \log (-1)", "wrong", "the logarithm of -1"),
        (r"a := \hat{d}", "not understood", "given: \\hat{d} := ..."),
        (r"p_{\theta}(x, z) := p_{\theta}(x \mid z) p(z)", "definition", ""),
        (r"p_{\theta}(x, z) := p_{\theta}(x \mid z) q(z)", "wrong", "left ="),
    ],
)
def test_what_must_be_true_of_a_definition(latex, verdict, detail):
    (step,) = check(latex).steps
    assert step.verdict == verdict and detail in step.detail, step.detail


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a := 1", "a := 2"], "given twice"),
        (r"x \sim p(z)", "density of another"),
        ("= 2", "begins with a relation"),
    ],
)
def test_a_bad_given_says_why(given, message):
    assert message in check("x = x", given=given).error


def test_the_evidence_of_a_model_that_is_given_is_a_claim():
    model = r"p_{\theta}(x \mid z) := \mathcal{N}(x; W z + b, \sigma^2 \mathbf{I})"
    evidence = r"p_{\theta}(x) = \mathcal{N}(x; b, W W^{\top} + TIMES \sigma^2 \mathbf{I})"
    verdicts = [
        str(check(evidence.replace("TIMES", times), given=model).verdict)
        for times in ("", "2")
    ]
    assert verdicts == ["proved", "wrong"]


@pytest.mark.parametrize("given", ["a, b > 0", "(a, b) > 0"])
def test_a_condition_on_a_list_holds_for_each_with_brackets_and_without(given):
    assert check("|a| + |b| = a + b", given=given).ok
