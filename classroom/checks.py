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

A message is a text with names in braces for what differs, `Wrong("it is {n}", n=3)`: so it
can be translated (words.py).
"""

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from classroom.words import later, say

Case = dict[str, Any]


class Wrong(Exception):
    """A property does not hold. The message is for the student: what came out, where to
    look. It never holds the answer. `case` are the inputs that show it, `at` says them;
    `kind` is the message without what differs between students."""

    def __init__(
        self,
        message: str,
        case: Case | None = None,
        at: str = "",
        hint: str = "",
        **values: object,
    ):
        told = [say(message, **values), *([say(hint)] if hint else [])]
        super().__init__((f"{at}: " if at else "") + ". ".join(told))
        self.case = case
        self.kind = say(hint) or re.sub(r"\{\w+\}", "...", say(message))


@dataclass(frozen=True)
class Answer:
    """What a student's function gave in one case: a value, or the error that it raised."""

    case: Case
    value: Any = None
    raised: str = ""
    message: str = ""
    kinds: tuple[str, ...] = ()  # the error's class and all that it is derived from

    def wrong(self, message: str, hint: str = "", **values: object) -> Wrong:
        """To raise: what is wrong at these inputs, which the student can then repeat."""
        return Wrong(message, self.case, self.at, hint, **values)

    @property
    def at(self) -> str:
        """The inputs, as a student reads them."""
        parts = (f"{name} = {shown(value)}" for name, value in self.case.items())
        return say("at {inputs}", inputs=", ".join(parts))

    def tensor(self, *shape: int, value: Any = None, hint: str = "") -> Tensor:
        """The value as float64. Raises Wrong, with a hint if there is one, unless it has
        that shape and is finite."""
        self._returned(hint)
        value = self.value if value is None else value
        kind = _shape(shape)
        try:
            tensor = torch.tensor(value, dtype=torch.float64)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            said = later("you returned {value}, not {kind}")
            raise self.wrong(said, hint, value=shown(value), kind=kind) from None
        if tensor.numel() == 1 == math.prod(shape):
            tensor = tensor.reshape(shape)
        if tensor.shape != shape:
            said = later("you returned {got}, and {kind} is asked for")
            raise self.wrong(said, hint, got=_shape(tuple(tensor.shape)), kind=kind)
        if not tensor.isfinite().all():
            said = later("you returned {value}, which is not finite")
            raise self.wrong(said, hint, value=shown(value))
        return tensor

    def _returned(self, hint: str = "") -> None:
        if self.raised == "NotImplementedError":
            raise Wrong(later("not answered"))
        if self.raised:
            said = later("your function raised {error}: {words}")
            raise self.wrong(said, hint, error=self.raised, words=self.message)

    def number(self) -> float:
        """The value as a finite number. Raises Wrong where it is none.

        >>> Answer({"x": 2}, 4).number()
        4.0
        """
        return self.tensor().item()

    def items(self, n: int) -> list[Any]:
        """The parts of a tuple or list of n. Raises Wrong where it is none."""
        self._returned()
        if not isinstance(self.value, list) or len(self.value) != n:
            said = later("you returned {value}, not {n} results")
            raise self.wrong(said, value=shown(self.value), n=n)
        return self.value


def _shape(shape: tuple[int, ...]) -> str:
    return say("shape {shape}", shape=shape) if shape else say("a number")


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
class Shows:
    """A stage of a derivation: a line in which one logarithm holds all these pieces, each
    written out, beside something else. Pieces are compared by value, so that `e^{...}` and
    `\\exp` are one."""

    name: str
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Averages:
    """A stage of a derivation: a line in which an expectation still has to be taken, of
    one of these as a function of `over`, up to what does not depend on it; and, where the
    form is a square, up to a term that is linear in it. The densities' names are gone."""

    name: str
    over: str
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Derivation:
    """A derivation in LaTeX, judged by `derivations.check_derivation`.

    Full marks where every step holds and no stage is left out. Whatever else was typed is
    proposed a part of the marks, and a person decides.

    Args:
        stages: what a chain must come through, in this order. What moves between no two
            of them is padding, and earns nothing.
    """

    start: str
    end: str
    points: float
    given: tuple[str, ...] = ()
    min_steps: int = 3
    stages: tuple[Shows | Averages, ...] = ()


@dataclass(frozen=True)
class Item:
    """Of a rubric: what a person looks for in an answer, and what it is worth; points may
    be below zero."""

    words: str
    points: float


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
        rest = say(", ... {n} in all", n=len(value)) if len(value) > 4 else ""
        return f"[{head}{rest}]"
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
        raise answer.wrong("you returned {value}", hint, value=shown(value.tolist()))


def expect_near(
    answer: Answer, value: float, truth: float, standard_error: float, hint: str
) -> None:
    """A random value within five standard errors: a right one fails once in 1.7 million."""
    if not abs(value - truth) <= 5 * standard_error:
        z = abs(value - truth) / standard_error
        raise answer.wrong(
            "you returned {value}, {z} standard errors from what a right estimate gives",
            hint,
            value=shown(value),
            z=f"{z:.1f}",
        )


def expect_raised(
    answer: Answer, error: str, hint: str, others: Sequence[Answer] = ()
) -> None:
    """Raises Wrong unless the student's function raised that error, there and not in each
    of the `others`, whose inputs are fine: what refuses everything has checked nothing."""
    if others and all(error in (o.raised, *o.kinds) for o in others):
        said = later("Your function raised {error} for every input, also for good ones.")
        raise Wrong(said, error=error)
    if answer.raised and error not in (answer.raised, *answer.kinds):
        said = later("your function raised {raised}, and {error} is asked for")
        raise answer.wrong(said, hint, raised=answer.raised, error=error)
    if not answer.raised:
        said = later("your function gave {value}, and {error} is asked for")
        raise answer.wrong(said, hint, value=shown(answer.value), error=error)


def expect_drawn(
    answers: Sequence[Answer],
    truth: float,
    standard_error: float,
    inside: Callable[[float, float], bool],
) -> None:
    """Raises Wrong where estimates from very few samples, in many cases that differ in the
    seed alone, are none: they lie closer to the truth than samples can, or where no sample
    leads. A right estimate fails once in ten million students.

    Args:
        truth, standard_error: of each estimate.
        inside: whether an estimate with this standard error can come from samples.
    """
    pairs = [[a.tensor(value=v).item() for v in a.items(2)] for a in answers]
    spread = sum((value - truth) ** 2 for value, _ in pairs) / len(pairs)
    if spread < 0.02 * standard_error**2:
        raise answers[0].wrong(
            "over {seeds} seeds your estimates hardly spread: are they averages of {n} "
            "samples that you drew, or a formula?",
            seeds=len(pairs),
            n=answers[0].case["n"],
        )
    for answer, (value, _) in zip(answers, pairs, strict=True):
        if not inside(value, 0.0):
            raise answer.wrong(
                "your estimate is {value}, which no average of samples can be",
                value=shown(value),
            )


def expect_own_errors(
    answers: Sequence[Answer], inside: Callable[[float, float], bool]
) -> None:
    """Raises Wrong where the standard errors are not those of the samples, see
    `expect_drawn`."""
    pairs = [[a.tensor(value=v).item() for v in a.items(2)] for a in answers]
    errors = [error for _, error in pairs]
    if max(errors) - min(errors) < 0.3 * max(map(abs, errors)):
        raise answers[0].wrong(
            "your standard error is nearly the same for every seed: compute it from the "
            "samples, of which here are two"
        )
    for answer, (value, error) in zip(answers, pairs, strict=True):
        if not inside(value, error):
            raise answer.wrong(
                "your standard error is {error} beside an estimate of {value}, which two "
                "samples cannot give",
                error=shown(error),
                value=shown(value),
            )
