"""Symbolic against numerical, which ends every derivation of the book; and a claim about an
experiment against its runs."""

import math
import sys
from collections.abc import Iterable
from typing import SupportsFloat, cast

import numpy as np
from scipy import stats

#: An estimate may miss by this many standard errors. A correct estimator that is nearly
#: normal does so once in 1.7 million comparisons (two-sided, 5.7e-7).
Z_MAX = 5.0

#: A claim is made where a one-sided t-test rejects its opposite at this level.
LEVEL = 0.01


class Disagreement(AssertionError):
    """A symbolic and a numerical result differ by more than chance or rounding."""


class NotShown(AssertionError):
    """The runs do not show what a claim says of them."""


def agree(
    name: str,
    symbolic: SupportsFloat,
    numerical: SupportsFloat,
    *,
    standard_error: SupportsFloat | None = None,
    rtol: float = 1e-9,
    atol: float = 0.0,
) -> None:
    """Print a comparison of two results, and raise if they disagree.

    With a `standard_error` (SE) the numerical result is an estimate: the comparison shows
    z = (numerical - symbolic) / standard_error, and abs(z) must stay below `Z_MAX`, which
    is a false alarm once in 1.7 million. Without one both are meant to be exact, and
    abs(difference) <= atol + rtol * abs(symbolic) must hold.

    Args:
        name: what is compared, for the reader.
        symbolic: the reference, a number (SymPy numbers and 0-d tensors will do).
        numerical: the number to compare with it.
        standard_error: of `numerical`, if it is random.
        rtol, atol: the tolerances, if it is not.

    Raises:
        Disagreement: with both values, if they are too far apart or not finite.
        ValueError: if the standard error is not positive and finite.

    Example:
        >>> agree("a half", 0.5, 0.503, standard_error=0.005)
        a half: agree
          0.5 symbolic, 0.503 estimated: difference +3.0e-03, SE 5.0e-03, z +0.6
    """
    symbolic, numerical = float(symbolic), float(numerical)
    difference = numerical - symbolic
    if standard_error is None:
        close = abs(difference) <= atol + rtol * abs(symbolic)
        tolerance = " + ".join(
            [f"{rtol:.0e} relative"] * (rtol > 0) + [f"{atol:.0e}"] * (atol > 0)
        )
        shown = f"{symbolic:.6g} symbolic, {numerical:.6g} numerical: within {tolerance}"
    else:
        standard_error = float(standard_error)
        if not 0 < standard_error < math.inf:
            raise ValueError(
                f"{name}: the standard error must be positive and finite, "
                f"got {standard_error:g}; "
                "for an exact result leave it out and give rtol"
            )
        z = difference / standard_error
        close = abs(z) < Z_MAX
        shown = (
            f"{symbolic:.5g} symbolic, {numerical:.5g} estimated: "
            f"difference {difference:+.1e}, SE {standard_error:.1e}, z {z:+.1f}"
        )
    if not (close and math.isfinite(difference)):
        raise Disagreement(f"{name}: DISAGREE: {shown}; the difference is {difference:.3e}")
    print(f"{name}: agree\n  {shown}")


def claim(
    name: str,
    says: str,
    values: Iterable[SupportsFloat] | SupportsFloat,
    *,
    above: float | None = None,
    below: float | None = None,
    standard_error: SupportsFloat | None = None,
    of: str = "runs",
) -> None:
    """Print what the runs gave, and raise if they do not show what a sentence claims.

    `values` are one number a run, from three independent runs or more: an ELBO, or better
    the difference of two that share a seed. Their mean must lie beyond each bound that is
    given, by so many standard errors (SE) that a one-sided t-test would see it by chance
    once in a hundred: 7.0 SE with three runs, 3.7 with five, 2.8 with ten. A single value
    with the standard error of a large sample needs 2.3; an exact one has the error 0.

    The page 'How the experiments are checked' lists each call, by its name.

    Args:
        name: by which the text refers to it, in a link to `claim-NAME`.
        says: the claim, a sentence.
        values: one for each run, or a single one with its `standard_error`.
        above, below: the bounds; at least one.
        standard_error: of a single value.
        of: what the values are, where they are not independent runs: then the error says
            how much they differ, and not how much another seed would.

    Raises:
        NotShown: if the mean is not beyond a bound, or not by enough.
        ValueError: if there are fewer than three runs and no standard error, or no bound.

    Example:
        >>> claim("start", "The start gains a nat.", [1.8, 1.9, 1.8], above=1.0)
        claim start: 1.833 ± 0.033 (3 runs), above 1 by 25.0 SE of 7.0
    """
    single = standard_error is not None
    each = cast(Iterable[SupportsFloat], [values] if single else values)
    runs = np.array([float(run) for run in each])
    if not single and len(runs) < 3:
        raise ValueError(
            f"{name}: {len(runs)} runs; give three or more, or a standard error"
        )
    if above is None and below is None:
        raise ValueError(f"{name}: what is claimed? give above=, below= or both")
    mean = float(runs.mean())
    if standard_error is None:
        error = float(runs.std(ddof=1)) / len(runs) ** 0.5
        needed = float(stats.t.ppf(1 - LEVEL, len(runs) - 1))
    else:
        error, needed = float(standard_error), float(stats.norm.ppf(1 - LEVEL))
    digits = min(6, max(0, 1 - math.floor(math.log10(error)))) if error > 0 else 4
    shown = f"claim {name}: {mean:.{digits}f}"
    exact = single and error == 0
    shown += ", computed without chance" if exact else f" ± {error:.{digits}f}"
    shown += "" if single else f" ({len(runs)} {of})"
    bounds = [("above", above, 1), ("below", below, -1)]
    for word, bound, sign in bounds:
        if bound is None:
            continue
        distance = sign * (mean - bound)
        if not (distance > needed * error and math.isfinite(error)):
            raise NotShown(
                f"{shown} is not shown to be {word} {bound:g}, as claimed: {says} "
                f"({needed:.1f} standard errors are needed)"
            )
        shown += f", {word} {bound:g}"
        shown += f" by {distance / error:.1f} SE of {needed:.1f}" if error > 0 else ""
    # A redirected output on Windows may not know the sign.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(shown.encode(encoding, "replace").decode(encoding))
