"""What stands for 'any f', and what a given may say of it."""

import numpy as np
import pytest

from derivations import check
from derivations.functions import SHAPES, TRAITS, any_function, shapes_with
from derivations.quantity import Meaningless, Quantity

POINTS = np.linspace(-4, 4, 401)


def values(draw: int, *traits: str) -> np.ndarray:
    return any_function("f", draw, frozenset(traits), [Quantity(POINTS)]).array


@pytest.mark.parametrize("draw", range(2 * len(SHAPES)))
@pytest.mark.parametrize("trait", sorted(TRAITS))
def test_a_function_is_what_it_is_said_to_be(draw, trait):
    f = values(draw, trait)
    slope, bend = np.diff(f), np.diff(f, 2)
    holds = {
        "positive": f > 0, "negative": f < 0, "increasing": slope > 0,
        "decreasing": slope < 0, "convex": bend > -1e-9, "concave": bend < 1e-9,
        "linear": abs(bend) < 1e-9,
    }  # fmt: skip
    assert np.all(holds[trait])


def test_any_f_is_drawn_from_all_kinds():
    drawn = [values(draw) for draw in range(len(SHAPES))]
    assert any(np.all(f > 0) for f in drawn) and any(np.all(f < 0) for f in drawn)
    bends = [np.diff(f, 2) for f in drawn]
    assert any(np.all(b > 0) for b in bends) and any(np.all(b < 0) for b in bends)
    assert any(np.any(b > 0) and np.any(b < 0) for b in bends)


def test_a_function_of_a_vector_is_no_sum_over_its_components():
    corners = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    f = any_function("f", 0, frozenset(), [Quantity(corners, rank=1)]).array
    assert abs(f[0] - f[1] - f[2] + f[3]) > 1e-3


def test_what_no_function_is_cannot_be_given():
    with pytest.raises(Meaningless, match="no function"):
        any_function("f", 0, frozenset({"positive", "concave"}), [Quantity(POINTS)])
    assert shapes_with(frozenset()) == SHAPES


JENSEN = r"f(\mathbb{E}_{q(x)}[x]) \leq \mathbb{E}_{q(x)}[f(x)]"


@pytest.mark.parametrize(
    ("given", "ok"),
    [
        ("", False), (r"f \text{ convex}", True), ("f is convex", True),
        ("$f$ is a convex, positive function", True), ("f convex, positive", True),
        ("f''(x) > 0", True), (r"f'' \geq 0", True), ("f(x) > 0", False),
        ("f concave", False), ("f linear", False), (r"f' > 0", False),
    ],
)  # fmt: skip
def test_a_given_says_what_f_is(given, ok):
    report = check(JENSEN, given=given)
    assert report.ok is ok and not report.error, str(report)


@pytest.mark.parametrize(
    ("latex", "verdict"),
    [
        (r"\frac{d}{dx} f(x) = f'(x)", "proved"),
        (r"\frac{d}{da} f(a^2) = 2 a f'(a^2)", "tested"),
        (r"\frac{d}{da} f(a^2) = a f'(a^2)", "wrong"),
        (r"\mathbb{E}_{\mathcal{N}(z; a, \sigma^2)}[f(z)]"
         r" = \mathbb{E}_{\mathcal{N}(\epsilon; 0, 1)}[f(a + \sigma \epsilon)]", "proved"),
        (r"\nabla_{\theta} \mathbb{E}_{q(z)}[f_{\theta}(z)]"
         r" = \mathbb{E}_{q(z)}[\nabla_{\theta} f_{\theta}(z)]", "proved"),
        (r"\nabla_{\theta} \mathbb{E}_{q(z)}[f_{\theta}(z)]"
         r" = 2 \mathbb{E}_{q(z)}[\nabla_{\theta} f_{\theta}(z)]", "wrong"),
        (r"\int q(x) f(x) \, dx = \mathbb{E}_{q(x)}[f(x)]", "proved"),
    ],
)  # fmt: skip
def test_slopes_and_averages_of_any_f(latex, verdict):
    assert [str(step.verdict) for step in check(latex).steps] == [verdict]


def test_a_prime_on_a_function_that_is_defined_is_its_slope():
    given = "F(a) := a^3 - a"
    assert check("F'(b) = 3 b^2 - 1", given=given).ok
    assert check("F''(b) = 6 b", given=given).ok
    assert not check("F'(b) = 3 b^2", given=given).ok


def test_an_energy_confines_and_need_not_be_convex_or_positive():
    points = np.linspace(-8, 8, 161)
    drawn = [
        any_function("f", draw, frozenset({"confining"}), [Quantity(points)]).array
        for draw in range(4)
    ]
    assert all(min(f[0], f[-1]) > 100 for f in drawn)
    assert any(np.min(np.diff(f, 2)) < 0 for f in drawn)
    assert any(np.min(f) < 0 for f in drawn)
