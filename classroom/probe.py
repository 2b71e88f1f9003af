"""Call your function on a list of cases, and show what it gives.

This is all that a test cell does. While you work, the cases are for practice. When your
work is graded, others take their place, and the values are judged elsewhere.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

MIME = "application/vnd.classroom.probe+json"
MOST_NUMBERS = 50_000
MOST_SHOWN = 8


def say(english: str, **values: object) -> str:
    """A text in the language of the sheet, where there is one beside this file."""
    sheet = Path(__file__).with_name("sheet.json")
    words = json.loads(sheet.read_text(encoding="utf-8"))["words"] if sheet.exists() else {}
    return words.get(english, english).format(**values)


def given_cases(task: str) -> list[dict[str, Any]]:
    """The inputs for one task: a list of dictionaries."""
    return json.loads(Path(__file__).with_name("cases.json").read_text())[task]


def arguments(case: dict[str, Any]) -> dict[str, Any]:
    """Lists become tensors, and the number under 'generator' a generator with that seed.

    >>> arguments({"x": [1, 2], "n": 3})
    {'x': tensor([1., 2.], dtype=torch.float64), 'n': 3}
    """
    return {name: argument(name, value) for name, value in case.items()}


def argument(name: str, value: Any) -> Any:
    """One input, as your function gets it."""
    if name == "generator" or isinstance(value, list):
        import torch

        if name == "generator":
            return torch.Generator().manual_seed(value)
        return torch.tensor(value, dtype=torch.float64)
    return value


def plain(value: Any, room: list[int]) -> Any:
    """Tensors, arrays, tuples and numbers as plain lists and numbers; else TypeError.

    `room` holds how many numbers there may still be.

    >>> plain((1, [2.5]), [10])
    [1, [2.5]]
    """
    if hasattr(value, "detach"):
        value = value.detach()
    if hasattr(value, "numel") and value.numel() > room[0]:
        raise TypeError(f"more than {MOST_NUMBERS:,} numbers")
    if hasattr(value, "tolist"):
        value = value.tolist()
    room[0] -= 1
    if room[0] < 0:
        raise TypeError(f"more than {MOST_NUMBERS:,} numbers")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item, room) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, room) for item in value]
    raise TypeError(f"{type(value).__name__} is neither a number nor a list of numbers")


def probe(
    task: str, function: Callable[..., Any], cases: list[dict[str, Any]] | None = None
) -> None:
    """Send out what `function` returns, or raises, in each case of `task`; or in `cases`
    of your own, such as one of your feedback."""
    from IPython.display import display

    answers, lines = [], []
    for case in given_cases(task) if cases is None else cases:
        inputs = ", ".join(f"{name}={value}" for name, value in case.items())
        given = arguments(case)
        try:
            value = plain(function(**given), [MOST_NUMBERS])
            answers.append({"value": value})
            shown = repr(value)
        except Exception as error:
            shown = f"{type(error).__name__}: {error}"[:300]
            kinds = [kind.__name__ for kind in type(error).__mro__]
            answers.append(
                {"raised": kinds[0], "kinds": kinds[:20], "message": str(error)[:300]}
            )
        short = [
            text if len(text) < 160 else text[:160] + " ..." for text in (inputs, shown)
        ]
        gives = say("gives {value}", value=short[1])
        lines.append(f"{short[0]}\n    {gives}")
    if len(lines) > MOST_SHOWN:
        lines[MOST_SHOWN:] = [say("and {n} more", n=len(lines) - MOST_SHOWN)]
    message = {"task": task, "answers": answers}
    display({MIME: message, "text/plain": "\n".join(lines)}, raw=True)
