"""What formulas are evaluated to: values, and the numbers among them.

A `Value` is what the walk over a tree does arithmetic with: numbers here, and a formula
of SymPy in prove.py. A `Quantity` is a scalar, a vector or a matrix, for many points at
once. Axes of points (one for each open integral) stand on the left, so NumPy broadcasts
them; the last `rank` axes are the mathematical ones. A positive scalar may be held as its
logarithm: densities are, from the moment they are made, and neither a product over the
data nor a far tail underflows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self, TypeVar

import numpy as np
from scipy.special import expit as sigmoid

from .tree import Node, names_in
from .verdict import Verdict


class Meaningless(Exception):
    """An expression that has no value; `node` is the smallest piece that has none."""

    node: Node | None = None

    @property
    def verdict(self) -> Verdict:
        """What we lack is not understood, and not wrong."""
        return Verdict.NOT_UNDERSTOOD


class Unknown(Meaningless):
    """A name without a meaning; `like` is what a given may say that it is."""

    def __init__(self, message: str, like: str = ""):
        super().__init__(message)
        self.like = like


class OutOfDomain(Meaningless):
    """No value at this draw, perhaps at another: a logarithm needs a positive number."""

    @property
    def verdict(self) -> Verdict:
        """Where a name stands, a condition may be missing; numbers are what they are."""
        fixed = self.node and not any(names_in(self.node))
        return Verdict.WRONG if fixed else Verdict.NOT_UNDERSTOOD


FAINTEST = -300.0  # of a logarithm: its density is 0 on all points


class Value(ABC):
    """A number, unless it says otherwise; arithmetic is all that is asked of it."""

    rank = 0  # of the mathematical object: 0 number, 1 vector, 2 matrix
    kind = "a number"
    size = 1  # how many numbers were computed

    @classmethod
    @abstractmethod
    def of(cls, value: float | Fraction) -> Self:
        """A number as a value."""

    @abstractmethod
    def __add__(self, other: Self) -> Self: ...

    @abstractmethod
    def __neg__(self) -> Self: ...

    def __sub__(self, other: Self) -> Self:
        return self + (-other)

    @abstractmethod
    def __mul__(self, other: Self) -> Self: ...

    @abstractmethod
    def __truediv__(self, other: Self) -> Self: ...

    @abstractmethod
    def __pow__(self, exponent: Self) -> Self: ...

    @abstractmethod
    def log(self) -> Self:
        """The natural logarithm."""

    @abstractmethod
    def exp(self) -> Self:
        """The exponential."""

    @abstractmethod
    def function(self, name: str) -> Self:
        """An elementary function at this value."""

    @abstractmethod
    def odot(self, other: Self) -> Self:
        """The product of the components."""

    @abstractmethod
    def component(self, indices: tuple[int, ...]) -> Self:
        """Counted from 1; a number has the component 1, itself."""

    @abstractmethod
    def whole(self) -> int | None:
        """The whole number that this is, or None."""

    def shaken(self, rng: np.random.Generator) -> Self:
        """With other rounding errors, where there are any."""
        return self

    def is_nowhere(self) -> bool:
        """Is this a density that is 0 on all the points that there are?"""
        return False


V = TypeVar("V", bound=Value)


@dataclass(eq=False, slots=True)
class Quantity(Value):
    """Numbers: a scalar, a vector or a matrix, at many points at once.

    >>> v = Quantity(np.array([3.0, 4.0]), rank=1)
    >>> v.kind, v.function("norm").array.item()
    ('a vector of 2', 5.0)
    """

    array: np.ndarray
    rank: int = 0
    logged: bool = False
    row: bool = False  # a transposed vector
    unsized: str = ""  # 'I': a number times the identity, '0': a zero vector, of any size

    @classmethod
    def of(cls, value: float | Fraction) -> Quantity:
        return cls(np.asarray(float(value)))

    # -- what it is
    @property
    def shape(self) -> tuple[int, ...]:
        """Of the mathematical object: () for a number."""
        return self.array.shape[self.array.ndim - self.rank :] if self.rank else ()

    @property
    def size(self) -> int:  # type: ignore[override] # computed here, a constant there
        return self.array.size

    @property
    def kind(self) -> str:  # type: ignore[override]
        if self.unsized:
            return "a multiple of the identity" if self.unsized == "I" else "a zero vector"
        if self.rank == 2:
            return f"a {self.shape[0]} by {self.shape[1]} matrix"
        word = "row" if self.row else "vector"
        return f"a {word} of {self.shape[0]}" if self.rank else "a number"

    def holding(self, array: np.ndarray) -> Quantity:
        """Other numbers of the same kind."""
        return Quantity(array, self.rank, self.logged, self.row, self.unsized)

    def plain(self) -> Quantity:
        """The number itself where its logarithm is held."""
        if not self.logged:
            return self
        with np.errstate(over="ignore"):
            return Quantity(np.exp(self.array))

    def as_log(self) -> np.ndarray | None:
        """The logarithm, or None where the number is not positive."""
        if self.logged:
            return self.array
        return None if self.rank or not np.all(self.array > 0) else np.log(self.array)

    def widened(self, rank: int) -> np.ndarray:
        """The array with axes appended, to stand beside a vector or a matrix."""
        return self.array[(..., *[None] * (rank - self.rank))]

    def sized(self, other: Quantity) -> Quantity:
        """A multiple of the identity, or a zero vector, beside something of known size."""
        if self.unsized == "I" and other.rank == 2:
            return Quantity(self.widened(2) * np.eye(other.shape[0]), rank=2)
        if self.unsized == "0" and other.rank == 1:
            return Quantity(np.zeros(other.shape[0]), rank=1, row=other.row)
        if self.unsized:
            raise Meaningless(f"{self.kind} and {other.kind} cannot be added")
        return self

    # -- arithmetic
    def __add__(self, other: Quantity) -> Quantity:
        if self.logged and other.logged:
            return Quantity(np.logaddexp(self.array, other.array), logged=True)
        a, b = self.plain(), other.plain()
        if a.unsized != b.unsized:
            a, b = a.sized(b), b.sized(a)
        if (a.shape, a.row) != (b.shape, b.row):
            raise Meaningless(f"{a.kind} and {b.kind} cannot be added")
        return a.holding(a.array + b.array)

    def __neg__(self) -> Quantity:
        return self.apply(np.negative)

    def __mul__(self, other: Quantity) -> Quantity:
        if not self.rank and not other.rank and (self.logged or other.logged):
            logs = self.as_log(), other.as_log()
            if logs[0] is not None and logs[1] is not None:
                return Quantity(logs[0] + logs[1], logged=True)
        a, b = self.plain(), other.plain()
        if a.unsized and b.row or b.unsized and a.rank == 1 and not a.row:
            raise Meaningless(f"{a.kind} times {b.kind}: write \\mathrm{{diag}}(...)")
        if a.rank and b.rank:
            return _matrix_product(a, b)
        big = max(a, b, key=lambda q: (q.rank, bool(q.unsized)))
        return big.holding(a.widened(big.rank) * b.widened(big.rank))

    def __truediv__(self, other: Quantity) -> Quantity:
        if other.rank == 2:
            raise Meaningless("a matrix cannot be divided by")
        if other.rank and not self.rank == other.rank:
            raise Meaningless(f"{self.kind} cannot be divided by {other.kind}")
        if not other.logged and np.any(other.array == 0):
            raise OutOfDomain("division by zero")
        inverse = other.holding(-other.array if other.logged else 1 / other.array)
        return self.elementwise(inverse) if other.rank else self * inverse

    def __pow__(self, exponent: Quantity) -> Quantity:
        if exponent.rank:
            raise Meaningless("the exponent is not a number")
        power = exponent.plain().array
        if self.logged:
            return Quantity(self.array * power, logged=True)
        if self.unsized or self.rank == 2:
            if power.ndim or power != -1:
                raise Meaningless("of a matrix only the inverse is known")
            if self.rank == 2:
                return self.holding(np.linalg.inv(self.array))
        if np.any(power != np.round(power)) and np.any(self.array < 0):
            raise OutOfDomain("a broken power of a negative number")
        if np.any(power < 0) and np.any(self.array == 0):
            raise OutOfDomain("division by zero")
        return self.holding(self.array ** exponent.plain().widened(self.rank))

    def odot(self, other: Quantity) -> Quantity:
        return self.elementwise(other) if self.rank or other.rank else self * other

    def elementwise(self, other: Quantity) -> Quantity:
        """The product of the components of two alike."""
        if (self.rank, self.shape) != (other.rank, other.shape):
            raise Meaningless(f"{self.kind} and {other.kind} have no elementwise product")
        return self.holding(self.plain().array * other.plain().array)

    def log(self) -> Quantity:
        if self.logged:
            return Quantity(self.array)
        if self.rank == 2:
            raise Meaningless("the logarithm of a matrix")
        if np.any(self.array <= 0):
            raise OutOfDomain(f"the logarithm of {float(np.min(self.array)):.4g}")
        return self.apply(np.log)

    def exp(self) -> Quantity:
        if self.rank:
            return self.apply(np.exp)
        return Quantity(self.plain().array, logged=True)

    def shaken(self, rng: np.random.Generator) -> Quantity:
        """Rounded otherwise in the last digit; whole numbers are exact."""
        last = 4 * np.finfo(float).eps * rng.choice([-1, 1], self.array.shape)
        least = 1.0 if self.logged else 0.0
        moved = self.array + last * np.maximum(np.abs(self.array), least)
        return self.holding(np.where(self.array == np.round(self.array), self.array, moved))

    def apply(self, function: Callable[[np.ndarray], np.ndarray]) -> Quantity:
        """A function of each number."""
        plain = self.plain()
        return plain.holding(function(plain.array))

    def function(self, name: str) -> Quantity:
        if name in ("log", "exp"):
            if self.unsized:
                raise Meaningless(f"{name} of {self.kind}")
            return self.log() if name == "log" else self.exp()
        if name == "abs" and self.rank == 1:
            raise Meaningless(f"|...| of {self.kind}; a norm is \\lVert ... \\rVert")
        if name == "abs" and (self.rank or self.unsized):
            name = "det"
        if name in METHODS:
            return METHODS[name](self)
        if name == "norm" and self.rank == 1:
            return Quantity(np.linalg.norm(self.array, axis=-1))
        if name not in ELEMENTARY:
            raise Unknown(f"{name} is not known")
        return self.apply(ELEMENTARY[name])

    def whole(self) -> int | None:
        value = self.plain().array
        known = not value.ndim and np.isfinite(value) and value == np.round(value)
        return int(value) if known else None

    def is_nowhere(self) -> bool:
        return self.logged and bool(np.max(self.array) < FAINTEST)

    # -- vectors and matrices
    def transposed(self) -> Quantity:
        """A row for a vector, and the other way round."""
        if self.rank == 2:
            return self.holding(np.swapaxes(self.array, -1, -2))
        return replace(self, row=not self.row) if self.rank else self

    def component(self, indices: tuple[int, ...]) -> Quantity:
        if not self.rank and indices == (1,):
            return self
        inside = [1 <= i <= n for i, n in zip(indices, self.shape, strict=False)]
        if len(indices) != self.rank or not all(inside):
            place = ", ".join(map(str, indices))
            hint = "how far does its index run? Say so above the sum, as in i = 1 to D"
            raise Meaningless(f"{self.kind} has no component {place}: {hint}")
        array = self.array
        for i in reversed(indices):
            array = array[..., i - 1]
        return Quantity(array)

    def diagonal(self) -> Quantity:
        """The diagonal matrix of a vector."""
        if self.rank != 1:
            raise Meaningless(f"diag takes a vector, not {self.kind}")
        return Quantity(self.array[..., None] * np.eye(self.shape[0]), rank=2)

    def determinant(self) -> Quantity:
        """Of a matrix, or of the identity of any size."""
        if self.unsized == "I" and np.all(self.array == 1):
            return Quantity(self.array)
        if self.rank != 2:
            raise Meaningless(f"{self.kind} has no determinant")
        return Quantity(np.linalg.det(self.array))

    def trace(self) -> Quantity:
        """The sum of a matrix's diagonal."""
        if self.rank != 2:
            raise Meaningless(f"{self.kind} has no trace")
        return Quantity(np.trace(self.array, axis1=-1, axis2=-2))

    # -- integration
    def integrate(self, axis: int, weights: np.ndarray) -> list[Quantity]:
        """Sum over the points of one axis, counted from the right of the point axes.

        `weights` has a row for each sum that is wanted; of a signed quantity the rows
        after the third are applied to its size.
        """
        position = axis + self.rank
        missing = max(position - self.array.ndim, 0)
        array = np.moveaxis(self.array.reshape((1,) * missing + self.array.shape),
                            -position, -1)  # fmt: skip
        if array.shape[-1] == 1:
            array = np.broadcast_to(array, (*array.shape[:-1], weights.shape[1]))
        if self.logged:
            top = np.max(array, axis=-1, keepdims=True)
            top = np.where(np.isfinite(top), top, 0.0)
            sums = np.log(np.maximum(np.exp(array - top) @ weights.T, 0)) + top
        else:
            sizes = np.abs(array) @ weights[3:].T
            sums = np.concatenate([array @ weights[:3].T, sizes], axis=-1)
        return [replace(self, array=sums[..., i]) for i in range(len(weights))]


# how (rank, is it a row?) of the left and of the right factor multiply
PRODUCTS = {
    ((1, False), (1, True)): ("...i,...j->...ij", 2, False),
    ((1, True), (1, False)): ("...i,...i->...", 0, False),
    ((1, True), (2, False)): ("...i,...ij->...j", 1, True),
    ((2, False), (1, False)): ("...ij,...j->...i", 1, False),
    ((2, False), (2, False)): ("...ij,...jk->...ik", 2, False),
}
NO_PRODUCT = {
    ((1, False), (1, False)): "two vectors side by side: write \\odot or \\top",
    ((1, False), (2, False)): "a vector times a matrix: transpose the vector",
    ((1, True), (1, True)): "a row times a row",
    ((2, False), (1, True)): "a matrix times a row",
}


def _matrix_product(a: Quantity, b: Quantity) -> Quantity:
    pair = ((a.rank, a.row), (b.rank, b.row))
    if pair in NO_PRODUCT:
        raise Meaningless(NO_PRODUCT[pair])
    rule, rank, row = PRODUCTS[pair]
    if a.shape[-1] != b.shape[0] and pair[0] != (1, False):
        raise Meaningless(f"{a.kind} times {b.kind}")
    return Quantity(np.einsum(rule, a.array, b.array), rank=rank, row=row)


METHODS = {
    "transpose": Quantity.transposed, "diag": Quantity.diagonal,
    "det": Quantity.determinant, "tr": Quantity.trace,
}  # fmt: skip
ELEMENTARY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "abs": np.abs, "norm": np.abs, "tanh": np.tanh, "sin": np.sin, "cos": np.cos,
    "sigmoid": sigmoid, "softplus": lambda s: np.logaddexp(0, s),
}  # fmt: skip
number = Quantity.of


def holds(relation: str, left: Quantity, right: Quantity) -> np.ndarray:
    """Where a condition is met.

    >>> bool(holds("≥", Quantity.of(2.0), Quantity.of(1.0)))
    True
    """
    a, b = left.plain().array, right.plain().array
    tests = {">": a > b, "<": a < b, "≥": a >= b, "≤": a <= b, "=": a == b, "≠": a != b}
    if relation not in tests:
        raise Unknown(f"{relation} is no condition")
    return np.asarray(tests[relation])
