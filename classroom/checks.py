"""What a `checks.py` is written with: tasks, their properties, and messages that teach.

    TASKS = {
        "gaussian-kl": Task(kl_cases, [
            Property("the values", 2, kl_values),
            Property("never negative", 1, never_negative),
        ]),
        "kl-derivation": Derivation(start=r"...", end=r"...", points=4),
    }

`kl_cases(rng)` gives the inputs, `kl_values(answers)` returns if all is well and raises
`Wrong("...")` if not. The answers are a student's: numbers and lists, or anything else.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Case = dict[str, Any]


class Wrong(Exception):
    """A property does not hold. The message is for the student: what came out, where to
    look. It never holds the answer."""


@dataclass(frozen=True)
class Answer:
    """What a student's function gave in one case: a value, or the error that it raised."""

    case: Case
    value: Any = None
    raised: str = ""
    message: str = ""

    @property
    def at(self) -> str:
        """The inputs, as a student reads them."""
        parts = (f"{name} = {shown(value)}" for name, value in self.case.items())
        return "at " + ", ".join(parts)

    def tensor(self, *shape: int, value: Any = None) -> Tensor:
        """The value as float64. Raises Wrong unless it has that shape and is finite."""
        if self.raised:
            raise Wrong(f"{self.at}: your function raised {self.raised}: {self.message}")
        value = self.value if value is None else value
        kind = "a number" if shape == () else f"shape {shape}"
        try:
            tensor = torch.tensor(value, dtype=torch.float64)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise Wrong(f"{self.at}: you returned {shown(value)}, not {kind}") from None
        if tensor.numel() == 1 == math.prod(shape):
            tensor = tensor.reshape(shape)
        if tensor.shape != shape:
            got = "a number" if tensor.ndim == 0 else f"shape {tuple(tensor.shape)}"
            raise Wrong(f"{self.at}: you returned {got}, and {kind} is asked for")
        if not tensor.isfinite().all():
            raise Wrong(f"{self.at}: you returned {shown(value)}, which is not finite")
        return tensor

    def number(self) -> float:
        """The value as a finite number. Raises Wrong where it is none.

        >>> Answer({"x": 2}, 4).number()
        4.0
        """
        return self.tensor().item()

    def items(self, n: int) -> list[Any]:
        """The parts of a tuple or list of n. Raises Wrong where it is none."""
        if self.raised:
            raise Wrong(f"{self.at}: your function raised {self.raised}: {self.message}")
        if not isinstance(self.value, list) or len(self.value) != n:
            raise Wrong(f"{self.at}: you returned {shown(self.value)}, not {n} results")
        return self.value


Check = Callable[[Sequence[Answer]], None]


@dataclass(frozen=True)
class Property:
    """One thing that must hold, what it is worth, and how to see it."""

    name: str
    points: float
    holds: Check


@dataclass(frozen=True)
class Task:
    """A test cell: inputs for a student's function, and what must hold of its values."""

    cases: Callable[[random.Random], list[Case]]
    properties: Sequence[Property]

    @property
    def points(self) -> float:
        """What all its properties are worth together."""
        return sum(p.points for p in self.properties)


@dataclass(frozen=True)
class Derivation:
    """A derivation in LaTeX, judged by `derivations.check_derivation`.

    Full marks where every step holds. Whatever else was typed is proposed a part of the
    marks, and a person decides.

    Args:
        contains: pieces of LaTeX without which a leap is all that the chain can be; a
            chain that lacks one is left to a person, too.
    """

    start: str
    end: str
    points: float
    given: tuple[str, ...] = ()
    min_steps: int = 3
    contains: tuple[str, ...] = ()


def rounded(rng: random.Random, low: float, high: float) -> float:
    """A number between the two that a student can read: two digits after the point."""
    return round(rng.uniform(low, high), 2)


def shown(value: Any, levels: int = 4) -> str:
    """Short, with few digits, whatever it is; of lists within lists so many levels.

    >>> shown([1 / 3, 2])
    '[0.3333, 2]'
    >>> shown([[[[[1]]]]])
    '[[[[...]]]]'
    """
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | float):
        return f"{value:.4g}" if abs(value) < 1e300 else str(value)[:20]
    if isinstance(value, list | tuple):
        if not levels:
            return "..."
        head = ", ".join(shown(item, levels - 1) for item in value[:4])
        return f"[{head}, ... {len(value)} in all]" if len(value) > 4 else f"[{head}]"
    return repr(value)[:80]


def expect_close(
    answer: Answer,
    value: Tensor | float,
    truth: Tensor | float,
    hint: str,
    rtol: float = 1e-6,
) -> None:
    """Raises Wrong with the student's value, never the truth, and the hint.

    >>> expect_close(Answer({"x": 3}, 6), 6.0, 9.0, hint="Multiply x by itself.")
    Traceback (most recent call last):
    classroom.checks.Wrong: at x = 3: you returned 6. Multiply x by itself.
    """
    value, truth = (torch.as_tensor(v, dtype=torch.float64) for v in (value, truth))
    if not torch.allclose(value, truth, rtol=rtol, atol=rtol):
        raise Wrong(f"{answer.at}: you returned {shown(value.tolist())}. {hint}")


def expect_near(
    answer: Answer, value: float, truth: float, standard_error: float, hint: str
) -> None:
    """A random value within five standard errors: a right one fails once in 1.7 million."""
    if not abs(value - truth) <= 5 * standard_error:
        z = abs(value - truth) / standard_error
        raise Wrong(
            f"{answer.at}: you returned {shown(value)}, {z:.1f} standard errors from what "
            f"a right estimate gives. {hint}"
        )


def expect_raised(
    answer: Answer, error: str, hint: str, others: Sequence[Answer] = ()
) -> None:
    """Raises Wrong unless the student's function raised that error, there and not in each
    of the `others`, whose inputs are fine: what refuses everything has checked nothing."""
    if others and all(other.raised == error for other in others):
        raise Wrong(f"Your function raised {error} for every input, also for good ones.")
    if answer.raised != error:
        did = f"raised {answer.raised}" if answer.raised else f"gave {shown(answer.value)}"
        raise Wrong(f"{answer.at}: your function {did}, and {error} is asked for. {hint}")
