"""Chains: any density of their nodes is what the algebra of Gaussians says."""

import numpy as np
import pytest

from derivations import check
from derivations.block import read_block
from derivations.calculus import numeric
from derivations.chains import Chain, Shape, chain_worlds, shape_of
from derivations.quantity import number
from derivations.scope import Scope
from derivations.usage import readings
from derivations.worlds import Foreign


def nodes(latex):
    (reading,) = readings(read_block(latex), Scope())
    return tuple(n for line in reading.block.lines for s in line.sides for n in s.walk())


@pytest.fixture
def world() -> Chain:
    return chain_worlds(Shape("x", "x"))[0](0)


@pytest.mark.parametrize(
    ("latex", "shape"),
    [
        ("q(x_t|x_{t-1})", Shape("x", "x")),
        ("p(x_{1:T})", Shape("x", "x")),
        ("p(z_1|z_2) p(x|z_1)", Shape("z", "x", top=2, q="full")),
        ("p(x|z_1,z_2) p(z_1) p(z_2)", Shape("z", "x", "apart", "full", top=2)),
        (r"q(x_t|x_{t-1}) \beta_t", Shape("x", "x", scheduled=True)),
        ("p(x_i)", None),
        ("p(x|z)", None),
    ],
)
def test_the_block_tells_what_depends_on_what(latex, shape):
    assert shape_of(nodes(latex)) == shape


def test_two_chains_are_not_known():
    with pytest.raises(Foreign, match="one chain"):
        shape_of(nodes("p(x_{1:T}, z_{1:T})"))


def test_a_conditional_is_the_joint_over_the_marginal(world):
    x0, x1, x2 = ((("x", (i,)), number(0.3 * i - 0.2)) for i in range(3))
    for letter in "pq":
        given = world.conditional(letter, dict([x1]), dict([x0, x2]))
        joint = world.conditional(letter, dict([x0, x1, x2]), {})
        rest = world.conditional(letter, dict([x0, x2]), {})
        assert given.array == pytest.approx(joint.array - rest.array)


def test_a_density_integrates_to_one(world):
    whole = r"\int p(x_{1:T}|x_0) \, dx_{1:T}"
    (reading,) = readings(read_block(whole), Scope())
    value = numeric(world, Scope())(reading.block.lines[0].first)
    assert value.plain().array == pytest.approx(1)


def test_the_schedule_keeps_the_variance():
    world = chain_worlds(Shape("x", "x", scheduled=True))[0](3)
    for t in range(1, world.T + 1):
        mean = np.sqrt(world.schedule("bar alpha", (t,)).array)
        spread = 1 - world.schedule("bar alpha", (t,)).array
        top = world.conditional("q", {("x", (t,)): number(mean)}, {("x", (0,)): number(1)})
        assert top.plain().array == pytest.approx(1 / np.sqrt(2 * np.pi * spread))


def test_a_node_that_is_not_there_and_one_twice(world):
    with pytest.raises(Foreign, match="no such node"):
        world.node(("x", (world.T + 1,)))
    x1 = {("x", (1,)): number(0)}
    with pytest.raises(Foreign, match="twice"):
        world.conditional("p", x1, x1)


def test_the_report_says_what_the_chain_was_taken_for():
    assert check("q(x_t|x_{t-1},x_0) = q(x_t|x_{t-1})").taken["q of the chain"]
