"""What stands for 'any f': smooth functions of several kinds, another at each draw.

A claim about any f must hold for a convex one and for a concave one, for one that is
negative somewhere, for one that is no polynomial. A given may say more of it; then only
the kinds that are so are drawn. Each is a sum of waves c exp(a s) cos(w s + e), entire
functions, since integrals on a grid converge fast for them; s is a direction of its own
in the argument, so that a function of a vector is no sum over its components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .quantity import Meaningless, Quantity

TRAITS = set("convex concave positive negative increasing decreasing linear".split())
Range = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A kind of function: level + sum of waves, each of a size, a growth and a pitch."""

    traits: frozenset[str]
    level: Range
    waves: tuple[tuple[Range, float, Range], ...]
    slope: Range = (0, 0)


def _shape(
    traits: str, level: Range, *waves: tuple[Range, float, Range], slope: Range = (0, 0)
) -> Shape:
    return Shape(frozenset(traits.split()), level, waves, slope)


STILL = (0.0, 0.0)
UP, DOWN = ((0.6, 1.4), 0.35, STILL), ((0.6, 1.4), -0.3, STILL)
FALL, RISE = ((-1.4, -0.6), 0.35, STILL), ((-1.4, -0.6), -0.3, STILL)
WAVE, RIPPLE = ((0.5, 0.9), 0.0, (0.7, 1.0)), ((0.2, 0.5), 0.0, (1.0, 1.2))
SHAPES = (
    _shape("", (-1, 1), UP, RISE, WAVE),
    _shape("", (-2, 2), FALL, DOWN, WAVE, RIPPLE),
    _shape("convex", (-4.5, -3), UP, DOWN),
    _shape("concave", (3, 4.5), FALL, RISE),
    _shape("positive", (2.6, 3.4), WAVE, RIPPLE),
    _shape("negative", (-3.4, -2.6), WAVE, RIPPLE),
    _shape("convex positive", (0.2, 0.6), UP, DOWN),
    _shape("concave negative", (-0.6, -0.2), FALL, RISE),
    _shape("convex positive increasing", (0.2, 0.6), UP),
    _shape("convex positive decreasing", (0.2, 0.6), DOWN),
    _shape("concave negative decreasing", (-0.6, -0.2), FALL),
    _shape("concave increasing", (1, 2), RISE),
    _shape("increasing", (-1, 1), UP, RISE),
    _shape("decreasing", (-1, 1), FALL, DOWN),
    _shape("linear convex concave increasing", (-1, 1), slope=(0.6, 1.4)),
    _shape("linear convex concave decreasing", (-1, 1), slope=(-1.4, -0.6)),
)


STEEP, STEEP_DOWN = ((0.6, 1.0), 0.9, STILL), ((0.6, 1.0), -0.8, STILL)
ENERGIES = (  # of which e^{-f} has an integral; neither is convex
    _shape("confining", (-5, -4), STEEP, STEEP_DOWN, ((0.7, 1.0), 0.0, (1.6, 2.0))),
    _shape("confining", (1, 2), STEEP, STEEP_DOWN, ((1.0, 1.3), 0.0, (1.3, 1.6))),
)


def shapes_with(traits: frozenset[str]) -> tuple[Shape, ...]:
    """The kinds that are all of this.

    >>> len(shapes_with(frozenset({"convex", "positive"})))
    3
    """
    kinds = ENERGIES if "confining" in traits else SHAPES
    return tuple(shape for shape in kinds if traits <= shape.traits)


def any_function(
    name: str, draw: int, traits: frozenset[str], values: list[Quantity], shift: float = 0.0
) -> Quantity:
    """The value of the function of this name and draw; its parameters `shift` it.

    Raises Meaningless where no smooth function is all that is asked of it.
    """
    rng = np.random.default_rng([draw, *name.encode()])
    kinds = shapes_with(traits)
    if not kinds:
        raise Meaningless(f"no function here is {' and '.join(sorted(traits))}")
    shape = kinds[(draw + ord(name[0])) % len(kinds)]
    parts = [part for value in values for part in _components(value)]
    monotone = {"increasing", "decreasing"} & shape.traits

    def along() -> np.ndarray:
        way = rng.normal(0, 1, len(parts))
        way *= rng.uniform(0.8, 1.0) / np.linalg.norm(way)
        way = np.abs(way) if monotone else way
        return sum((w * part for w, part in zip(way, parts, strict=True)), np.asarray(0.0))

    total = np.asarray(rng.uniform(*shape.level))
    if not shape.waves:
        total = total + rng.uniform(*shape.slope) * along() + shift
    for sizes, growth, pitch in shape.waves:
        size_here = rng.uniform(*sizes) * np.exp(growth * shift)
        phase = rng.uniform(0, 6) + shift if pitch != STILL else 0.0
        each = growth and "confining" in traits  # then e^{-f} has an integral
        for place in parts if each else [along()]:
            wave = np.cos(rng.uniform(*pitch) * place + phase)
            total = total + size_here * np.exp(growth * place) * wave
    return Quantity(total)


def _components(value: Quantity) -> list[np.ndarray]:
    array = value.plain().array
    if value.rank > 1 or value.unsized:
        raise Meaningless(f"a function of {value.kind} is not known")
    return [array[..., i] for i in range(value.shape[0])] if value.rank else [array]
