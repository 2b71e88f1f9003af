"""The reader's own attempt: what each exercise of the book declares, and a verdict.

    attempt("ex-mle-compare")                         what is asked
    attempt("ex-mle-compare", "3 log 2", part="a")    a verdict, and a hint

The chapters hold the declarations (`declared.py` says how), the page and the notebook judge
by the same rules (`typed.py` reads, `judge.py` judges).
"""

from .answer import Reply, attempt

__all__ = ["Reply", "attempt"]
