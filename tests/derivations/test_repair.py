"""Small changes of a formula."""

import itertools

import pytest

from derivations import tree as t
from derivations.repair import repairs

from .build import tree


def proposed(latex: str) -> dict[str, t.Node]:
    return dict(repairs(tree(latex), latex))


@pytest.mark.parametrize(
    ("latex", "message", "result"),
    [
        ("a - b", "it would hold if 'b' had the other sign", "a + b"),
        (r"\frac{a}{b}", "it would hold with the fraction turned over", r"\frac{b}{a}"),
        (r"\mu", r"it would hold with \sigma for '\mu'", r"\sigma"),
        (r"\sum_{n=1}^{N} n", r"it would hold with \prod for \sum", r"\prod_{n=1}^{N} n"),
        (r"p(x \mid z)", r"it would hold if 'p(x \mid z)' were joint", "p(x, z)"),
        ("x", "it would hold with the sample index (n)", "x^{(n)}"),
        ("a^2", "it would hold without the square on 'a'", "a"),
    ],
)
def test_a_repair_says_what_it_does(latex, message, result):
    assert proposed(latex)[message] == tree(result)


def test_a_size_that_is_not_spoken_of_divides_nothing():
    """In a world with two samples, 'divided by K' would mend a lost one half."""
    by_n, by_k = (f"it would hold if the right side were divided by {n}" for n in "NK")
    assert not {by_n, by_k} & proposed(r"1 + \log \sigma^2").keys()
    found = proposed(r"\sum_{n=1}^{N} x^{(n)}")
    assert by_n in found and by_k not in found


def test_every_wrong_hat_is_mended_at_once():
    changed = proposed(r"\hat{d} + \hat{d}")["did you mean \\hat{x}?"]
    assert changed == tree(r"\hat{x} + \hat{x}")


def test_a_repair_changes_something_and_leaves_names_names():
    latex = r"f(x)^2 + \int q(z) \log \frac{p(x, z)}{q(z)} \, dz - \mathbb{E}_{q(z)}[z]"
    for message, changed in itertools.islice(repairs(tree(latex), latex), 500):
        assert changed != tree(latex), message
        for node in changed.walk():
            if isinstance(node, t.Call):
                assert isinstance(node.function, t.Symbol), message
                assert isinstance(node.group, t.Group), message
            if isinstance(node, t.Integral):
                assert isinstance(node.variable, t.Symbol), message
