"""The worlds: what they know must agree with itself."""

import numpy as np
import pytest
from scipy import stats

from derivations.quantity import Meaningless, OutOfDomain, Quantity, number
from derivations.worlds import (
    Bits,
    Coin,
    Cube,
    Curve,
    Finite,
    Foreign,
    Line,
    Plane,
    Space,
    bernoulli,
    diagonal_gaussian,
    full_gaussian,
    gaussian,
)

WORLDS = [Line, Curve, Cube, Plane, Space, Bits, Coin, Finite]


def mass(world, name, role, others=None):
    axis = world.axis(role)
    points = Quantity(axis.points, rank=axis.rank)
    values = {role: points} | (others or {})
    density = world.density(name, values).plain().array
    return float(np.sum(density * axis.weights[0]))


@pytest.mark.parametrize("kind", WORLDS)
def test_a_seed_fixes_a_world_and_another_changes_it(kind):
    one, same, other = kind(3), kind(3), kind(4)
    assert one.parameters.keys() == same.parameters.keys()
    for name, array in one.parameters.items():
        assert np.array_equal(array, same.parameters[name])
    pairs = [
        (name, one.parameters[name], other.parameters[name]) for name in one.parameters
    ]
    changed = [name for name, ours, theirs in pairs if not np.array_equal(ours, theirs)]
    assert changed and not any(name.startswith("p_*") for name in changed if kind is Line)


@pytest.mark.parametrize(
    ("kind", "name", "role"),
    [
        (Line, "p(z)", "z"), (Line, "p_theta(x)", "x"), (Line, "q(z)", "z"),
        (Line, "p_*(x)", "x"), (Curve, "p(z)", "z"), (Curve, "q(z)", "z"),
        (Cube, "q(z)", "z"), (Bits, "p_*(x)", "x"), (Coin, "p(x)", "x"),
        (Finite, "p(z)", "z"), (Finite, "p_*(x)", "x"), (Plane, "p(x)", "x"),
        (Space, "q(x)", "x"),
    ],
)  # fmt: skip
def test_a_density_integrates_to_one(kind, name, role):
    assert mass(kind(0), name, role) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("kind", [Line, Curve, Bits, Finite])
def test_a_conditional_density_integrates_to_one(kind):
    world = kind(0)
    given = {"x": world.variable("x", ())}
    assert mass(world, "q_phi(z|x)", "z", given) == pytest.approx(1, abs=1e-6)


def test_no_draw_of_the_line_has_weights_without_a_variance():
    low, high = (min(Line.ranges[name]) for name in ("w", "t"))
    assert 2 * high**2 > 1 / (1 + low**2)  # of p(z|x), the widest


def test_the_line_knows_its_evidence_and_its_posterior():
    world = Line(1)
    x, z = number(0.4), number(-0.3)
    joint = world.density("p_theta(x|z)", {"x": x, "z": z}) * world.density(
        "p(z)", {"z": z}
    )
    other = world.density("p_theta(x)", {"x": x}) * world.density(
        "p_theta(z|x)", {"x": x, "z": z}
    )
    assert joint.array == pytest.approx(float(other.array))


def test_laws_agree_with_scipy():
    x = Quantity(np.array([0.3, -0.8]), rank=1)
    mean, scale = (
        Quantity(np.array([0.1, 0.2]), rank=1),
        Quantity(np.array([0.5, 1.5]), rank=1),
    )
    expected = stats.norm(mean.array, scale.array).logpdf(x.array).sum()
    assert diagonal_gaussian(x, mean, scale).array == pytest.approx(expected)
    covariance = np.array([[1.0, 0.3], [0.3, 0.5]])
    expected = stats.multivariate_normal(mean.array, covariance).logpdf(x.array)
    assert full_gaussian(x, mean, covariance).array == pytest.approx(expected)
    assert gaussian(number(0.3), number(0.1), number(4.0)).array == pytest.approx(
        stats.norm(0.1, 2).logpdf(0.3)
    )
    assert bernoulli(number(1.0), number(0.25)).array == pytest.approx(np.log(0.25))


def test_laws_refuse_what_they_are_not_of():
    with pytest.raises(OutOfDomain, match="chance"):
        bernoulli(number(1.0), number(1.5))
    with pytest.raises(Foreign, match="zeros and ones"):
        bernoulli(number(0.5), number(0.5))
    with pytest.raises(Meaningless, match="Bernoulli of"):
        bernoulli(number(1.0), Quantity(np.array([0.5, 0.5]), rank=1))
    with pytest.raises(OutOfDomain, match="covariance"):
        full_gaussian(*[Quantity(np.zeros(2), rank=1)] * 2, np.diag([1.0, -1.0]))


def test_what_is_in_no_world_does_not_exist_there():
    for ask in (
        lambda: Coin(0).variable("z", ()),
        lambda: Coin(0).decoder(number(0.0)),
        lambda: Cube(0).variable("x", ()),
        lambda: Finite(0).axis("epsilon"),
        lambda: Curve(0).density("p_*(x)", {"x": number(0.0)}),
    ):
        with pytest.raises(Foreign):
            ask()
    assert Line(0).density("r(z)", {"z": number(0.0)}) is None


def test_the_encoder_is_nowhere_the_posterior():
    """Else a q for a p would pass."""
    for kind in (Line, Curve):
        world = kind(2)
        x, z = world.variable("x", ()), world.variable("z", ())
        q = world.density("q_phi(z|x)", {"x": x, "z": z})
        p = world.density("p(z)", {"z": z})
        assert abs(float(q.array) - float(p.array)) > 1e-3


def test_a_density_of_a_vector_of_another_size_has_no_meaning():
    two, three = (Quantity(np.zeros(n), rank=1) for n in (2, 3))
    with pytest.raises(Meaningless, match="a vector of 2 around a vector of 3"):
        diagonal_gaussian(two, three, three)


@pytest.mark.parametrize("world", [Cube, Plane, Space])
def test_a_world_of_one_variable_has_no_points_of_another(world):
    with pytest.raises(Foreign):
        world(0).axis("hat x")
