"""Every displayed equation of the book, checked from the LaTeX that the reader sees.

    check(latex, given=...)                      a block: a report with .ok and .steps
    check_derivation(latex, start=..., end=...)  an assignment: the same, with points
    practice("04-elbo")                          which line of a chain is wrong?
    python -m derivations check book             the whole book

Read pipeline.py first: its one function is the way of a block. notation.py is the table of
all names and signs, verdict.py of all verdicts.
"""

from .assignment import check_derivation
from .practising import practice
from .report import Report, check
from .verdict import Verdict
from .version import fingerprint

__all__ = ["Report", "Verdict", "check", "check_derivation", "fingerprint", "practice"]
