"""What a block's names are, and in which worlds it is judged."""

from dataclasses import FrozenInstanceError

import pytest

from derivations.scope import Definition, Scope, speaks_of_vectors, worlds_for
from derivations.worlds import Bits, Coin, Cube, Curve, Finite, Line

from .build import scope, tree


@pytest.mark.parametrize(
    ("latex", "worlds"),
    [
        (r"\log p(x) = \log p(x)", [Line, Curve, Finite]),
        (r"\log \mathcal{N}(x; \mu, \sigma^2) = 1", [Line, Curve]),
        (r"\mathrm{Bernoulli}(x; \pi) = 1", [Coin]),
        (r"\hat{x}^x = z", [Bits]),
        (r"\sum_{h=1}^{H} \lambda_h = 1", [Line, Curve, Cube]),
        (r"p_{*}(x) = \lVert x \rVert", [Line, Curve, Bits]),
    ],
)
def test_worlds_have_what_the_block_speaks_of(latex, worlds):
    assert worlds_for(scope(latex)) == worlds


def test_a_scope_is_facts():
    empty = Scope()
    more = empty.meaning("a", Definition(tree("2")))
    assert empty.meanings == {} and more.new_since(empty) == {"a"}
    with pytest.raises(FrozenInstanceError):
        more.encoder = True


def test_a_page_keeps_definitions_and_nothing_of_one_block():
    block = scope("% given: a := 2; a > 0\nx = a \\quad (x \\sim p(x))")
    assert block.assumed == {"a"} and block.conditions and block.nodes
    page = block.page()
    assert page.meanings == block.meanings
    assert (page.assumed, page.conditions, page.nodes) == (frozenset(), (), ())


def test_free_names_of_a_model_are_theta():
    block = scope(
        "% given: p_{\\theta}(x) := \\mathcal{N}(x; \\mu, \\sigma^2)\np_{\\theta}(x) = 1"
    )
    assert block.theta == ["mu", "sigma"]


@pytest.mark.parametrize(
    ("latex", "shapes"),
    [
        (r"\sum_{h=1}^{H} \mu_h = 1", {"mu": ("H",)}),
        (r"\sum_{d=1}^{D} \mu_d = 1", {"mu": ("D",)}),
        (r"\mathcal{N}(z; m, C) = \mathbf{I}", {"m": ("H",), "C": ("H", "H")}),
        (r"W z + b = x", {"W": ("D", "H"), "b": ("D",)}),
        (r"\mu = 1", {}),
    ],
)
def test_shapes_are_seen_from_use(latex, shapes):
    assert dict(scope(latex).shapes) == shapes


def test_vectors_are_spoken_of():
    assert speaks_of_vectors(tree(r"\mathrm{diag}(s)").walk())
    assert speaks_of_vectors(tree("x_d").walk())
    assert not speaks_of_vectors(tree("x_1 + s").walk())
