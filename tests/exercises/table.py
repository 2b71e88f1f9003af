"""One table of cases for both readers of what is typed: Python's and the page's."""

import json
import math
from pathlib import Path

CASES = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
#: Python's own names for the symbols, in which it says what a text must be worth.
NAMES = {"lambda": "lam", "alpha_bar_t": "ab", "epsilon": "eps"}


def expected(expression: str) -> float:
    """What Python makes of the second column of `reads`."""
    names = {NAMES.get(name, name): value for name, value in CASES["at"].items()}
    return float(eval(expression, vars(math) | {"abs": abs} | names))
