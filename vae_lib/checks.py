"""Symbolic against numerical: the comparison that ends every derivation of the book."""

import math
from typing import SupportsFloat

#: An estimate may miss by this many standard errors. A correct estimator that is nearly
#: normal does so once in 1.7 million comparisons (two-sided, 5.7e-7).
Z_MAX = 5.0


class Disagreement(AssertionError):
    """A symbolic and a numerical result differ by more than chance or rounding."""


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
