"""Formulas as trees."""

import pytest

from derivations import tree as t

from .build import tree


def test_two_nodes_are_equal_when_they_read_the_same():
    assert tree("x + y") == tree("x  +  y") and tree("x + y") != tree("y + x")
    assert hash(tree("x + y")) == hash(tree(" x + y"))


def test_walk_meets_every_node_and_values_no_names():
    integral = tree(r"\int f(x) \, dx")
    names = [n.name for n in integral.walk() if isinstance(n, t.Symbol)]
    assert sorted(names) == ["f", "x", "x"]
    values = [n for n in integral.values() if isinstance(n, t.Symbol)]
    assert [v.name for v in values] == ["x"]
    assert not any(isinstance(v, t.Group) for v in integral.values())


def test_exchange_changes_one_place_alone():
    pair = tree("x + x")
    changed = t.exchange(pair, pair.terms[0], t.Symbol("y"))
    assert changed == tree("y + x") and pair == tree("x + x")
    assert t.rebuild(pair, lambda node: node) is pair


@pytest.mark.parametrize(
    ("latex", "signature"),
    [
        (r"p_{\theta}(x^{(n)} \mid z)", "p_theta(x|z)"), ("q(z)", "q(z)"),
        (r"p_{\theta}(z, x)", "p_theta(x,z)"), (r"q_{\phi}(z \mid x; \phi)", "q_phi(z|x)"),
        (r"p(y \mid a)", "p(x|z)"), (r"p(\mathcal{D})", "p(Data)"),
    ],
)  # fmt: skip
def test_a_density_is_told_by_its_arguments(latex, signature):
    assert t.signature(tree(latex)) == signature


def test_keys_and_spelling():
    symbol = tree(r"\hat{\sigma}_x^{(n)}")
    assert (symbol.key, symbol.spoken) == ("hat sigma_x", r"\hat{\sigma}")
    assert symbol.index == (t.Symbol("n"),)


def test_free_letters_and_idle_sums():
    assert t.free_letters(tree("x^{(n)} + y_d")) == {"n", "d"}
    assert t.free_letters(tree(r"\sum_{n=1}^{N} x^{(n)}")) == set()
    ((total, letter),) = t.idle_sums(tree(r"\sum_{n=1}^{N} x^{(k)}"))
    assert (total.index, letter) == ("n", "k")
    assert not list(t.idle_sums(tree(r"\sum_{n=1}^{N} x")))


def test_density_or_not():
    assert t.is_density(tree("q(z)")) and t.is_density(tree(r"\mathcal{N}(x; 0, 1)"))
    assert not t.is_density(tree("f(z)"))
    assert t.split_bar(tree(r"p(x \mid z; \theta)").group) == (
        [t.Symbol("x")],
        [t.Symbol("z")],
    )
