"""One relation, what became of it, and how the values of its two sides compare."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import tree as t
from .calculus import At
from .quantity import Meaningless, OutOfDomain, Quantity
from .read import Statement
from .verdict import Verdict


@dataclass
class Step:
    """One relation and what became of it."""

    line: int
    relation: str
    text: str
    verdict: Verdict
    remark: str = ""  # the author's own reason
    how: str = ""
    detail: str = ""
    notes: tuple[str, ...] = ()  # what a reader should know of a line that passes
    worlds: list[str] = field(default_factory=list)
    draws: int = 0
    worst: float = 0.0
    seconds: float = 0.0
    symbolic: str = ""
    values: str = ""
    defines: tuple[str, ...] = ()  # the names that get their meaning here
    agrees: bool = False  # a definition of which something could be tested
    uses: tuple[str, ...] = ()  # the definitions that were looked up

    @property
    def ok(self) -> bool:
        """May a derivation rest on it?"""
        return self.verdict.ok

    def fail(self, detail: str, verdict: Verdict = Verdict.WRONG) -> None:
        """It is wrong, or not understood, and why."""
        self.verdict, self.detail = verdict, detail


class Broken(Exception):
    """A relation that does not hold; the message says where."""


@dataclass(frozen=True)
class Pair:
    """Two neighbours of a chain: what is to be judged."""

    left: t.Node
    relation: str
    right: t.Node
    samples: tuple[t.Drawn, ...] = ()
    line: int = 0
    text: str = ""
    remark: str = ""
    hedge: str = ""  # why it is not wrong where it fails
    under: tuple[Statement, ...] = ()  # the conditions that stand beside it
    brace: bool = False  # it stands at a brace

    @property
    def sides(self) -> tuple[t.Node, t.Node]:
        """Left and right."""
        return self.left, self.right

    def step(self, verdict: Verdict, detail: str = "", how: str = "") -> Step:
        """A record of this relation, to be filled in."""
        return Step(self.line, self.relation, self.text, verdict, self.remark, how, detail)


# ---------------------------------------------------------------- comparing values
def comparable(left: Quantity, right: Quantity) -> tuple[np.ndarray, np.ndarray]:
    """Densities are compared by their logarithms."""
    if left.logged or right.logged:
        a, b = left.as_log(), right.as_log()
        if a is not None and b is not None:
            return a, b
    return left.plain().array, right.plain().array


def difference(left: Quantity, right: Quantity) -> float:
    """The largest relative difference; of densities, that of the logarithms.

    >>> difference(Quantity.of(2.0), Quantity.of(1.0))
    0.5
    """
    if left.unsized != right.unsized:
        left, right = left.sized(right), right.sized(left)
    for one, other in ((left, right), (right, left)):  # a vector is 0
        if one.rank == 0 and other.rank and not np.any(one.plain().array):
            return float(np.max(np.abs(other.array)))
    if (left.shape, left.row) != (right.shape, right.row):
        raise Meaningless(f"the left side is {left.kind}, the right side {right.kind}")
    a, b = comparable(left, right)
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        raise OutOfDomain("a side is not finite")
    scale = max(float(np.max(np.abs(a))), float(np.max(np.abs(b))), 1e-2)
    return float(np.max(np.abs(a - b))) / scale


def show(value: Quantity) -> str:
    """A value as a message shows it."""
    array = value.array
    if value.logged and (array.ndim or abs(float(array)) >= 12):
        return f"exp({np.array2string(array, precision=5)})"
    if value.rank:
        return np.array2string(array, precision=4, separator=", ")
    return "..." if array.ndim else f"{float(value.plain().array):.6g}"


def where(at: At) -> str:
    """The names that the formula left open, with their values."""
    texts = [f"{name} = {show(value)}" for name, value in at.met.named.items()]
    return f"at {', '.join(texts[:5])}: " if texts else ""


def both(left: Quantity, right: Quantity, at: At) -> str:
    """Both sides, and where."""
    return f"{where(at)}left = {show(left)}, right = {show(right)}"
