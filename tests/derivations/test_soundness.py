"""No error of ours is a verdict, and every error is told where it stands."""

import random
import re

import pytest

from derivations import Verdict, check, check_derivation
from derivations.evaluate import Budget
from derivations.report import check_block
from derivations.scope import Scope
from derivations.worlds import Curve, Line

from .note import CORRECT
from .retypeset import RETYPESET

FALSE = r"\mathbb{E}_{q_{\phi}(z \mid x)}[\mathrm{decoder}(z)] = \mathrm{decoder}(\mu)"
ELBO = r"\int q(z) \log \frac{p_{\theta}(x, z)}{q(z)} \, dz"


# ---------------------------------------------------------------- our own errors
@pytest.mark.parametrize("kind", [AttributeError, KeyError, TypeError, ValueError])
@pytest.mark.parametrize("world", [Line, Curve])
def test_an_error_of_ours_is_no_verdict(monkeypatch, kind, world):
    def broken(self, z):
        raise kind("out of order")

    monkeypatch.setattr(world, "decoder", broken)
    with pytest.raises(kind, match="out of order"):
        check(FALSE)
    with pytest.raises(kind, match="out of order"):
        check_derivation(FALSE, start="1", end="2", min_steps=1)


@pytest.mark.parametrize("kind", [AttributeError, TypeError, ValueError, RuntimeError])
def test_an_error_of_the_prover_is_not_taken_for_a_limit_of_sympy(monkeypatch, kind):
    from derivations import prove

    def broken(expr):
        raise kind("out of order")

    monkeypatch.setattr(prove, "is_zero", broken)
    with pytest.raises(kind, match="out of order"):
        check(r"\log (x^2 + 1) = \log (1 + x^2)")


def test_no_repair_squares_the_name_of_a_function():
    from derivations import tree as t
    from derivations.block import read_block
    from derivations.repair import repairs

    source = r"f(x) + \int q(z) \, dz"
    tree = read_block(source).lines[0].first
    for message, changed in repairs(tree, source):
        for node in changed.walk():
            if isinstance(node, t.Call):
                assert isinstance(node.function, t.Symbol), message
            if isinstance(node, t.Integral):
                assert isinstance(node.variable, t.Symbol), message


# ---------------------------------------------------------------- where it stands
def test_a_given_does_not_move_the_lines():
    text = "x + 1 \\\\\n= 1 + x \\\\\n= 2 + x"
    for given in ((), "a > 0", ["a > 0", "b > 0"]):
        assert [step.line for step in check(text, given=given).steps] == [2, 3]
    report = check("x + 1 \\\\\n= \\foo", given=["a > 0", "b > 0"])
    assert report.error.startswith("not understood, line 2:")


def test_what_is_wrong_with_a_given_is_told_of_the_given():
    report = check("x + 1 = 1 + x", given=r"a := \foo")
    assert (
        report.error.startswith("not understood, given:")
        and "unknown command" in report.error
    )


@pytest.mark.parametrize("space", [r"\,", r"\;", r"\:", r"\!", r"\ "])
def test_a_space_does_not_end_a_given(space):
    assert check("a = b c", given=rf"a := b {space} c").ok
    two = check("a d = b c e", given=rf"a := b {space} c, d := e")
    assert two.ok, str(two)


# ---------------------------------------------------------------- a student's answer
CHAIN = r"\log p_{\theta}(x) \geq \mathrm{ELBO}(x; \theta, q) = " + ELBO


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (r"\mathrm{ELBO}(x; \theta, q) := " + ELBO, ""),
        (r"\mathrm{ELBO}(x; \theta, q) := 2 " + ELBO, "The assignment itself is wrong"),
        (r"\mathrm{ELBO}(x; \theta, q) := \foo", "The assignment itself is wrong"),
        (r"x := 1", "only a name"),
        (r"a := a", "cannot be defined by itself"),
    ],
)
def test_a_given_may_define_anything(given, error):
    report = check_derivation(CHAIN, start=r"\log p_{\theta}(x)", end=ELBO, given=given)
    assert report.ok is not bool(error)
    assert error in report.error, report.error


def test_an_end_that_cannot_be_read_is_told_of_the_assignment():
    for start in (r"\foo", "1 = 2", "", "= 1"):
        report = check_derivation(CHAIN, start=start, end=ELBO)
        assert report.error.startswith("The assignment itself is wrong") and not report.ok


@pytest.mark.parametrize("digits", [301, 5000])
def test_a_number_without_end_is_refused_where_it_stands(digits):
    report = check("1 = " + "9" * digits)
    assert report.error.startswith("not understood, line 1: a number of more than")


# ---------------------------------------------------------------- whatever is typed
STRANGE = [
    r"\tanh", r"\nabla_{\mu}", r"\frac{\partial}{\partial \mu}", "^{-1}", "_1", "^{(1)}",
    "W", "C", r"\mathbf{I}", r"\mathbf{0}", r"^{\top}", r"\infty", "^2", r"\mathrm{diag}",
    r"\det ", r"\pi", "|", r"\odot ", r"\operatorname*{argmax}_{\mu}", "(1, 2)",
    "+ \\text{const}",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_no_edit_makes_the_judges_fail(seed):
    """A slip of ours shows as an exception, since none is taken for a verdict."""
    rng = random.Random(seed)
    for _ in range(12):
        latex = rng.choice([*RETYPESET, *CORRECT.values()])
        tokens = re.findall(r"\\[A-Za-z]+|\\.|\s+|.", latex)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(tokens))
            tokens[place] = rng.choice(["", rng.choice(STRANGE), rng.choice(tokens)])
        check_block("".join(tokens), Scope(), symbolic=seed < 4, budget=Budget(5e6))


@pytest.mark.parametrize(
    "latex",
    [
        r"\nabla_{x, y} x = 1", r"\frac{\partial^{999999}}{\partial x^{999999}} x = 1",
        r"w(\theta) := 2 = 3 w(\theta)", r"1 = x_{1,2}", r"\hat{x}^{(1, 2)} = 3",
        r"F(a, b) := a b = F^{-1} (2)", r"\operatorname*{argmax}_{z} z = 1",
        r"\mathbb{E}_{\prod_{k=1}^{K} q}[1] = 1", r"\mathcal{N}(W; 0, 1) = \det W",
    ],
)  # fmt: skip
def test_a_strange_form_gets_a_verdict(latex):
    assert not check(latex).ok


def test_a_letter_that_a_given_speaks_of_may_be_any():
    kl = r"D_{\mathrm{KL}}(q_{\phi}(z \mid x) \,\|\, p(z))"
    sizes = r"\frac{1}{2} \sum_{h=1}^{H} (\mu_h^2 + \sigma_h^2 - \log \sigma_h^2)"
    line = rf"{kl} = {sizes} - \frac{{T}}{{2}}"
    assert check(line).verdict is Verdict.NOT_UNDERSTOOD
    assert check(f"% given: T \\geq 1\n{line}").verdict is Verdict.WRONG
