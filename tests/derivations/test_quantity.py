"""Numbers, vectors and matrices at many points at once."""

import numpy as np
import pytest

from derivations.quantity import Meaningless, OutOfDomain, Quantity, Unknown

VECTOR = Quantity(np.array([1.0, 2.0, 3.0]), rank=1)
MATRIX = Quantity(np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.0, 4.0]]), rank=2)
ROW = VECTOR.transposed()
NUMBER = Quantity.of(2.0)
IDENTITY = Quantity(np.asarray(2.0), unsized="I")


def test_points_broadcast_and_the_rank_stays():
    points = Quantity(np.arange(5.0)[:, None], rank=0)  # of the second open integral
    product = points * VECTOR
    assert product.rank == 1 and product.array.shape == (5, 1, 3)
    assert np.allclose(product.array[4, 0], 4 * VECTOR.array)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (VECTOR, ROW, np.outer([1, 2, 3], [1, 2, 3])),
        (ROW, VECTOR, 14.0),
        (MATRIX, VECTOR, [4.0, 9.0, 12.0]),
        (ROW, MATRIX, [2.0, 7.0, 14.0]),
        (NUMBER, MATRIX, 2 * MATRIX.array),
    ],
)
def test_products_are_those_of_linear_algebra(left, right, expected):
    assert np.allclose((left * right).array, expected)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: VECTOR * VECTOR, "two vectors side by side"),
        (lambda: MATRIX * ROW, "a matrix times a row"),
        (lambda: VECTOR + NUMBER, "cannot be added"),
        (lambda: VECTOR + ROW, "cannot be added"),
        (lambda: NUMBER / MATRIX, "cannot be divided by"),
        (lambda: NUMBER**VECTOR, "exponent is not a number"),
        (lambda: VECTOR.component((4,)), "no component 4"),
        (lambda: VECTOR.component((1, 1)), "no component 1, 1"),
        (lambda: NUMBER.function("diag"), "diag takes a vector"),
        (lambda: VECTOR.function("abs"), "a norm is"),
        (lambda: MATRIX.log(), "logarithm of a matrix"),
        (lambda: IDENTITY + NUMBER, "cannot be added"),
        (lambda: IDENTITY.function("exp"), "exp of a multiple"),
    ],
)
def test_what_has_no_meaning_says_why(compute, message):
    with pytest.raises(Meaningless, match=message):
        compute()


@pytest.mark.parametrize(
    "compute",
    [
        lambda: NUMBER / Quantity.of(0),
        lambda: Quantity.of(-1).log(),
        lambda: Quantity.of(-1) ** Quantity.of(0.5),
        lambda: Quantity.of(0) ** Quantity.of(-1),
    ],
)
def test_outside_of_its_domain_another_draw_may_do(compute):
    with pytest.raises(OutOfDomain):
        compute()


def test_a_density_is_kept_as_its_logarithm():
    tiny = Quantity(np.asarray(-900.0), logged=True)
    product = tiny * tiny
    assert product.logged and product.array == -1800
    assert (product / tiny).array == -900
    assert (tiny + tiny).array == pytest.approx(-900 + np.log(2))
    assert product.log().array == -1800 and not product.log().logged


def test_the_identity_takes_the_size_of_its_neighbour():
    total = MATRIX + IDENTITY
    assert np.allclose(total.array, MATRIX.array + 2 * np.eye(3))
    zero = Quantity(np.asarray(0.0), unsized="0")
    assert np.allclose((VECTOR - zero).array, VECTOR.array)


def test_functions_of_vectors_and_matrices():
    assert MATRIX.function("det").array == pytest.approx(24)
    assert MATRIX.function("tr").array == pytest.approx(9)
    assert VECTOR.function("norm").array == pytest.approx(np.sqrt(14))
    assert np.allclose(VECTOR.function("diag").array, np.diag([1.0, 2.0, 3.0]))
    assert np.allclose(MATRIX.function("transpose").array, MATRIX.array.T)
    assert Quantity.of(0).function("sigmoid").array == 0.5
    with pytest.raises(Unknown, match="foo is not known"):
        NUMBER.function("foo")


def test_whole_numbers_are_told_from_others():
    assert Quantity.of(3).whole() == 3
    for other in (Quantity.of(2.5), Quantity.of(np.inf), VECTOR):
        assert other.whole() is None


def test_an_integral_of_logarithms_does_not_underflow():
    weights = np.array([[0.5, 1.0, 0.5]])
    far = Quantity(np.array([-2000.0, -2000.0, -2000.0]), logged=True)
    (total,) = far.integrate(1, weights)
    assert total.array == pytest.approx(-2000 + np.log(2))
    (constant,) = Quantity.of(3.0).integrate(1, weights)
    assert constant.array == pytest.approx(6)


def test_a_component_of_a_matrix():
    assert MATRIX.component((1, 2)).array == 1.0
    assert NUMBER.component((1,)) is NUMBER
