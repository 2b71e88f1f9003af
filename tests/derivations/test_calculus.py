"""Integrals, slopes and searches by numbers."""

import numpy as np
import pytest
from scipy import stats

from derivations.calculus import Unreliable, five_points
from derivations.quantity import Meaningless, OutOfDomain, Quantity
from derivations.worlds import Coin, Curve, Finite, Foreign, Line

from .build import tree, value, walk


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\int \mathcal{N}(z; 1, 4) \, dz", 1.0),
        (r"\int z^2 \mathcal{N}(z; 1, 4) \, dz", 5.0),
        (r"\int_{-\infty}^{\infty} z^4 \mathcal{N}(z; 0, 1) \, dz", 3.0),
        (r"\int_{0}^{2} z^3 \, dz", 4.0),
        (r"\int_{0}^{1} \int_{0}^{1} x z^2 \, dz \, dx", 1 / 6),
        (r"\int_{-\infty}^{0.5} \mathcal{N}(z; 0, 1) \, dz", stats.norm.cdf(0.5)),
    ],
)
def test_integrals_are_those_of_the_books(latex, expected):
    assert value(latex) == pytest.approx(expected, abs=1e-8)


def test_a_sum_is_an_integral_where_points_are_finite():
    assert value(r"\sum_z p(z)", Finite(0)) == pytest.approx(1)
    assert value(r"\sum_x x p(x)", Coin(0)) == pytest.approx(float(Coin(0)["p(x)"].array))
    with pytest.raises(Foreign, match="continuous"):
        value(r"\sum_z p(z)")


@pytest.mark.parametrize(
    "latex",
    [r"\int e^{z} \, dz", r"\int 1 \, dz", r"\int \mathcal{N}(z; 0, 0.000001) \, dz"],
)
def test_an_integral_that_is_cut_off_or_too_narrow_is_refused(latex):
    with pytest.raises(Unreliable):
        value(latex)


def test_the_slope_at_zero_has_an_error_near_1e_11():
    slope = five_points(lambda s: Quantity.of(np.sin(s) + s**3))
    assert slope.array == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("latex", "same"),
    [
        (r"\frac{\partial}{\partial \mu} (\mu^3 + \tau)", r"3 \mu^2"),
        (r"\frac{\partial^2}{\partial \mu^2} \mu^4", r"12 \mu^2"),
        (r"\frac{\partial}{\partial \sigma^2} \log \sigma", r"\frac{1}{2 \sigma^2}"),
        (r"\left. \frac{\partial}{\partial \mu} \mu^2 \right|_{\mu = 3}", "6"),
        (r"\nabla_{x} x^2", "2 x"),
    ],
)
def test_slopes(latex, same):
    at = walk(f"{latex} = {same}")
    assert at(tree(latex)).array == pytest.approx(float(at(tree(same)).array), rel=1e-8)


def test_a_vector_has_no_single_slope():
    with pytest.raises(Meaningless, match="differentiate by a component"):
        value(r"\frac{\partial}{\partial z} z_1", Curve(0))
    with pytest.raises(Meaningless, match="in one name"):
        value(r"\nabla_{x, y} x")


def test_the_maximiser_of_a_parabola_is_its_top():
    assert value(r"\operatorname*{argmax}_{\mu} (3 - (\mu - 2)^2)") == pytest.approx(
        2, abs=1e-5
    )
    assert value(r"\operatorname*{argmin}_{\sigma} (\log \sigma - 1)^2") == pytest.approx(
        np.e, abs=1e-4
    )
    with pytest.raises(Foreign, match="network"):
        value(r"\operatorname*{argmax}_{\theta} \log p_{\theta}(x)")


def test_an_inverse_is_searched_where_it_is_defined():
    from derivations.calculus import numeric
    from derivations.definitions import define

    from .build import scope

    line = scope("F^{-1}(a) = 1")
    cube = define(tree("F(u)"), tree("u^3"), line)
    at = numeric(Line(0), cube)
    assert at(tree("F^{-1} (8)")).array == pytest.approx(2)
    with pytest.raises(OutOfDomain):
        at(tree("F^{-1} (1000)"))


def test_moved_parameters_come_back_whatever_happens():
    at = walk(r"w z")
    before = dict(at.world.parameters)

    def fails() -> Quantity:
        assert at.world.parameters["w"] == before["w"] + 1
        raise RuntimeError("out of order")

    with pytest.raises(RuntimeError):
        at.calculus.moved(at, {"w": np.asarray(1.0)}, 1.0, fails)
    assert at.world.parameters == before and at.bound == {}
