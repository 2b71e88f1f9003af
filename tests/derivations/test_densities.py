"""Densities, expectations and estimates."""

import pytest

from derivations.densities import degree, jointly, term_by_term
from derivations.quantity import Meaningless
from derivations.tree import Drawn
from derivations.worlds import Coin, Curve, Finite, Foreign, Line

from .build import scope, tree, value, walk


@pytest.mark.parametrize("world", [Line(0), Curve(0), Finite(0)], ids=lambda w: w.name)
def test_what_a_world_does_not_know_follows_from_what_it_does(world):
    joint = value(r"\log p_{\theta}(x, z)", world)
    assert joint == pytest.approx(value(r"\log p_{\theta}(x \mid z) + \log p(z)", world))
    assert joint == pytest.approx(
        value(r"\log p_{\theta}(z \mid x) + \log p_{\theta}(x)", world)
    )


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"p_{\theta}(x, x)", "the same variable twice"),
        (r"p(x \| z)", "cannot stand in a density"),
        (r"p_{\theta}(x; z)", "cannot stand in a density"),
        (r"r(z)", "no density is called"),
        (r"\mathcal{N}(z; \mu)", "a density is written"),
        (r"D_{\mathrm{KL}}(p(x) \| q(z))", "different variables"),
        (r"\mathbb{E}_{f(z)}[z]", "not a density"),
        (r"\mathbb{E}[z]", "over what"),
        (r"p^{(1)}(z)", "only q"),
    ],
)
def test_what_is_no_density_is_refused(latex, message):
    with pytest.raises(Meaningless, match=message):
        value(latex)


def test_a_coin_has_no_latent_variable():
    with pytest.raises(Foreign):
        value(r"p_{\theta}(x \mid z)", Coin(0))


def test_expectations():
    assert value(r"\mathbb{E}_{\mathcal{N}(z; 1, 4)}[z^2]") == pytest.approx(5)
    assert value(r"\mathrm{Var}_{\mathcal{N}(z; 1, 4)}[z]") == pytest.approx(4)
    assert value(r"\mathrm{Std}_{\mathcal{N}(z; 1, 4)}[z]") == pytest.approx(2)
    assert value(r"\mathbb{E}_{z \sim \mathcal{N}(1, 4)}[z]") == pytest.approx(1)
    assert value(r"D_{\mathrm{KL}}(p(z) \| p(z))") == pytest.approx(0, abs=1e-12)


def test_the_data_are_independent():
    each = r"\sum_{n=1}^{N} \log p_{\theta}(x^{(n)})"
    assert value(r"\log p_{\theta}(\mathcal{D})") == pytest.approx(value(each))
    listed = r"\log p_{\theta}(x^{(1)}, \dots, x^{(N)})"
    assert value(listed) == pytest.approx(value(each))


SAMPLES = (Drawn(tree("x^{(n)}"), tree("p_{*}(x)")),)


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("x", 0), (r"\frac{1}{N} \sum_{n=1}^{N} x^{(n)}", 1),
        (r"\log \sum_{n=1}^{N} x^{(n)}", 2),
        (r"(\sum_{n=1}^{N} x^{(n)})^2", 2),
        (r"\sum_{n=1}^{N} x^{(n)} \sum_{n=1}^{N} x^{(n)}", 2),
        (r"\sum_{n=1}^{N} \log x^{(n)} + 3", 1),
        ("x^{(1)}", 2),
    ],
)  # fmt: skip
def test_the_degree_in_averages(latex, expected):
    assert degree(tree(latex), scope(), SAMPLES) == expected


def test_an_estimate_is_averaged_term_by_term_or_jointly():
    mean = tree(r"\frac{1}{N} \sum_{n=1}^{N} (x^{(n)})^2")
    at = walk(r"p_{*}(x)")
    expected = value(r"\mathbb{E}_{p_{*}(x)}[x^2]")
    for average in (term_by_term, jointly):
        found = average(SAMPLES, lambda: at(mean), at).plain().array
        assert found == pytest.approx(expected, rel=1e-6)
