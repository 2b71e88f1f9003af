"""No error of ours is a verdict, and every error is told where it stands."""

import pytest

from derivations import check, check_derivation
from derivations.worlds import Curve, Line

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
    assert report.error.startswith("line 2:")


def test_what_is_wrong_with_a_given_is_told_of_the_given():
    report = check("x + 1 = 1 + x", given=r"a := \foo")
    assert report.error.startswith("given:") and "unknown command" in report.error


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
    assert report.error.startswith("line 1: a number of more than")
