"""What names and calls are worth."""

import numpy as np
import pytest

from derivations.quantity import Meaningless, Unknown
from derivations.worlds import Curve, Line

from .build import tree, value, walk


def test_a_name_is_looked_up_where_it_stands():
    world = Line(0)
    points = [float(world.variable("x", (n,)).array) for n in (1, 2, 3)]
    assert value(r"\sum_{n=1}^{N} x^{(n)}", world) == pytest.approx(sum(points))
    assert value("x^{(2)}", world) == points[1]


def test_numbers_that_everybody_knows():
    assert value("N + K") == Line.N + Line.K
    assert value(r"\pi") == pytest.approx(np.pi) and value("e") == pytest.approx(np.e)
    chance = value(r"\pi", block=r"\mathrm{Bernoulli}(x; \pi) = 1")
    assert 0 < chance < 1, "beside a coin it is a probability"


def test_the_encoder_gives_the_mean_and_the_deviation():
    world = Line(0)
    mean, scale = world.encoder(world.variable("x", ()))
    block = r"q_{\phi}(z \mid x) = 1"
    assert value(r"\mu", world, block) == float(mean.array)
    assert value(r"\sigma", world, block) == float(scale.array)
    assert value(r"\mu_{\phi}(x)", world) == float(mean.array)
    assert value(r"\mu", world) != float(mean.array), "no encoder is spoken of"


def test_a_free_name_is_drawn_and_told():
    at = walk(r"\sigma + c")
    at(tree(r"\sigma + c"))
    assert set(at.met.named) == {"sigma", "c"}
    assert value(r"\sigma") > 0


def test_shapes_follow_from_use():
    block = r"W z + b = \sum_{h=1}^{H} \mu_h"
    at = walk("W", Curve(0), block)
    assert at(tree("W")).kind == "a 3 by 2 matrix" and at(tree("b")).kind == "a vector of 3"
    assert at(tree(r"\mu")).kind == "a vector of 2"


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\hat{d}", r"did you mean \\hat\{x\}"),
        ("q", "q has no definition"),
        (r"\mathrm{foo}", "what is foo"),
        (r"\mathrm{foo}(x)", "not a known function"),
        (r"\theta", "stands alone"),
        (r"\mathrm{decoder}(x)", "takes z"),
        (r"\mathrm{encoder}(z)", "takes x"),
        (r"\mathrm{encoder}(x)", "two things"),
        (r"\mathrm{ELBO}(x; \theta, \sigma)", "the ELBO is that of"),
        (r"\mathrm{ELBO}(x)", "the ELBO is that of"),
        (r"\mathbb{E}", "has no definition|what is|needs brackets"),
    ],
)
def test_what_is_unknown_is_named(latex, message):
    with pytest.raises(Unknown, match=message):
        value(latex)


def test_samples_are_counted_from_one():
    with pytest.raises(Meaningless, match="counted from 1"):
        value("x^{(0)}")


def test_the_elbo_is_what_it_is_by_definition():
    log_ratio = r"\int q(z) \log \frac{p_{\theta}(x, z)}{q(z)} \, dz"
    assert value(r"\mathrm{ELBO}(x; \theta, q)") == pytest.approx(value(log_ratio))


def test_a_function_has_the_parameters_of_its_definition():
    from derivations.calculus import numeric
    from derivations.definitions import define

    from .build import scope

    double = define(tree(r"w(a; \theta)"), tree("2 a"), scope())
    at = numeric(Line(0), double)
    assert at(tree(r"w(3; \theta)")).array == 6
    assert at.met.used == {"w()"}
    for wrong in (r"w(3; \phi)", "w(3)", r"w(3, \theta)"):
        with pytest.raises(Unknown, match="other parameters"):
            at(tree(wrong))
    only = define(tree(r"w(\theta)"), tree("2"), scope())
    assert numeric(Line(0), only)(tree(r"w(\theta)")).array == 2
