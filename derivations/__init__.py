"""Every displayed equation of the book, checked from the LaTeX that the reader sees.

    check(latex, given=...)                      a block: a report with .ok and .steps
    check_derivation(latex, start=..., end=...)  an assignment: the same, with points
    python -m derivations check book       the whole book

tokens, read, block (LaTeX to tree.py's trees), scope and definitions (what names mean),
worlds and quantity (where and what is computed), evaluate with densities and slopes (a
tree to a number), relation, judge, maximisers and repair (what a relation claims), prove
(SymPy), chain (a block), report, assignment, ledger.
"""

from .assignment import check_derivation
from .report import Report, check

__all__ = ["Report", "check", "check_derivation"]
