"""`attempt`: a reader's answer to an exercise of the book, in a notebook.

>>> attempt("ex-kl-triangle", "1/2", part="a").ok
False
"""

from __future__ import annotations

import difflib
import inspect
import math
import numbers
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .declared import declared
from .judge import Question, Verdict, judge, judge_text, short
from .typed import key

LETTERS = "abcdefgh"
# How often each question was answered wrongly: it decides which hint comes.
_missed: Counter[tuple[str, int]] = Counter()


@dataclass(frozen=True)
class Reply:
    """What `attempt` returns: `ok`, and `text` in Markdown, which a notebook shows."""

    ok: bool
    text: str

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


def attempt(exercise: str, answer: Any = None, part: str = "") -> Reply:
    r"""Try an answer to an exercise: a verdict, and after a wrong one a hint.

    Without an answer it says what is asked. The first wrong answer to a question brings its
    first hint, the second its second; the solution stands in the book alone.

    Args:
        exercise: its label, e.g. "ex-mle-compare".
        answer: a number, a SymPy expression, text in Python's way or in LaTeX, a function
            of the question's symbols, or the letter or the text of a choice.
        part: a letter, where the exercise asks several things.

    Raises:
        ValueError: if the book has no such exercise or part, or the exercise declares
            nothing that can be tried.

    >>> attempt("ex-mle-exponential", "1/mean", part="a").ok
    False
    """
    questions = find(exercise)
    if answer is None and not part:
        return Reply(False, listing(exercise, questions) + neighbours(exercise))
    place = place_of(exercise, questions, part)
    if place is None:
        return Reply(False, listing(exercise, questions))
    question = questions[place]
    if answer is None:
        return Reply(False, asked(exercise, question, place, len(questions)))
    verdict = judged(question, answer)
    if verdict.ok or verdict.why == "unread":
        shown = f"```\n{verdict.says}\n```" if verdict.why == "unread" else verdict.says
        return Reply(verdict.ok, shown)
    missed = _missed[exercise, place] = _missed[exercise, place] + 1
    hints = question["hints"]
    text = f"Not yet. {verdict.says}"
    if hints:
        which = min(missed, len(hints)) - 1
        text += f"\n\nHint {which + 1} of {len(hints)}: {hints[which]}"
    return Reply(False, text)


def find(exercise: str) -> list[dict[str, Any]]:
    """The questions of an exercise.

    Raises:
        ValueError: with the labels that come near, if there are none.
    """
    book = declared()
    if exercise in book:
        return book[exercise]
    near = difflib.get_close_matches(str(exercise), book, 3)
    tip = f"; did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(f"no exercise {exercise!r} can be tried{tip}")


def place_of(exercise: str, questions: list[dict[str, Any]], part: str) -> int | None:
    """Which question is meant; None if that must be asked.

    Raises:
        ValueError: if there is no such part.
    """
    if not part:
        return 0 if len(questions) == 1 else None
    letters = LETTERS[: len(questions)]
    if len(str(part)) != 1 or str(part) not in letters:
        raise ValueError(f"{exercise} has the parts {', '.join(letters)}, not {part!r}")
    return letters.index(str(part))


def listing(exercise: str, questions: list[dict[str, Any]]) -> str:
    """What an exercise asks."""
    count = len(questions)
    return "\n\n".join(asked(exercise, one, i, count) for i, one in enumerate(questions))


def neighbours(exercise: str) -> str:
    """The labels of the chapter's exercises, in their order: JupyterLab shows numbers."""
    stem = "-".join(exercise.split("-")[:2])
    labels = [label for label in declared() if label.startswith(f"{stem}-")]
    listed = ", ".join(f"`{label}`" for label in labels)
    return f"\n\nThe exercises of this chapter, in their order: {listed}."


def asked(exercise: str, question: Question, place: int, count: int) -> str:
    """What a question asks, and the line to type."""
    part = f', part="{LETTERS[place]}"' if count > 1 else ""
    text = f"**{LETTERS[place]}.** {question['ask']}" if count > 1 else question["ask"]
    if question["kind"] == "choice":
        text += "\n" + "\n".join(
            f"- ({LETTERS[i]}) {option['text']}"
            for i, option in enumerate(question["options"])
        )
    if question["kind"] == "formula":
        text += f" (in {', '.join(question['symbols'])})"
    kinds = {"code": "your_function", "derivation": 'r"your LaTeX"'}
    given = kinds.get(question["kind"], '"your answer"')
    return f'{text}\n\n`attempt("{exercise}", {given}{part})`'


# ---------------------------------------------------------------- by the kind of answer
def judged(question: Question, answer: Any) -> Verdict:
    """The verdict on any answer that a question may get."""
    kind = question["kind"]
    if kind == "choice":
        return judged_choice(question, answer)
    if kind == "code":
        return judged_code(question, answer)
    if kind == "derivation":
        return judged_derivation(question, answer)
    if isinstance(answer, str):
        return judge_text(question, answer)
    if callable(answer) and not hasattr(answer, "free_symbols"):
        return judged_function(question, answer)
    if hasattr(answer, "free_symbols"):
        return judged_sympy(question, answer)
    try:
        value = float(answer)
    except (TypeError, ValueError):
        what = type(answer).__name__
        return _unread(f"A {what} is no answer here: give a number, a text or a function.")
    return judge(question, lambda at: value, set(), str(answer))


def _unread(says: str) -> Verdict:
    return Verdict(False, "unread", says)


def judged_choice(question: Question, answer: Any) -> Verdict:
    """By its letter, or by its text."""
    options, given = question["options"], plain(answer)
    for letter, option in zip(LETTERS, options, strict=False):
        if given.strip("()") == letter or given == plain(option["text"]):
            return Verdict(
                option["ok"], "right" if option["ok"] else "known", option["says"]
            )
    letters = ", ".join(LETTERS[: len(options)])
    return _unread(f"Choose one of the letters {letters}.")


def plain(text: Any) -> str:
    """A choice's text without its marks of code and its case."""
    return str(text).replace("`", "").strip().lower()


def judged_sympy(question: Question, answer: Any) -> Verdict:
    """A SymPy expression, whose symbols bear the names of the question's."""
    known = {key(name): name for name in question["symbols"]}
    names = {str(symbol): symbol for symbol in answer.free_symbols}
    strange = [name for name in names if key(name) not in known]
    if strange:
        allowed = ", ".join(question["symbols"]) or "no symbol: it is a number"
        return _unread(f"{strange[0]} is not known here: the answer has {allowed}.")

    def rule(point: dict[str, float]) -> float:
        value = answer.subs({s: point[known[key(n)]] for n, s in names.items()}).evalf()
        return float(value) if value.is_extended_real else math.nan

    return judge(question, rule, {known[key(name)] for name in names})


def judged_function(question: Question, answer: Callable[..., Any]) -> Verdict:
    """A function of the symbols: by their names, or in the order of the list."""
    symbols = question["symbols"]
    try:
        parameters = list(inspect.signature(answer).parameters)
    except (TypeError, ValueError):
        parameters = symbols
    if len(parameters) != len(symbols):
        return _unread(
            f"The function needs {len(symbols)} arguments: {', '.join(symbols)}."
        )
    known = {key(name): name for name in symbols}
    named = (
        {key(p): p for p in parameters}
        if {key(p) for p in parameters} == set(known)
        else {}
    )

    def rule(point: dict[str, float]) -> float:
        given = [point[known[k]] for k in named] if named else [point[s] for s in symbols]
        try:
            value = answer(*given)
            return float(value if isinstance(value, numbers.Real) else _item(value))
        except Exception as error:  # whatever the reader's function raises is the reader's
            says = f"Your function raised {type(error).__name__}: {error}"
            raise _Raised(says) from error

    try:
        return judge(question, rule)
    except _Raised as raised:
        return _unread(str(raised))


class _Raised(Exception):
    """What the reader's function raises; what ours do comes out as it is."""


def _item(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def judged_code(question: Question, answer: Any) -> Verdict:
    """A function that is compared with the book's at the declared arguments."""
    if not callable(answer):
        return _unread("Give the function itself, without quotation marks or brackets.")

    def called(function: Callable[..., Any]) -> list[Any]:
        # Built anew each time: a generator of random numbers remembers what it gave.
        return _values(function(*[_built(text) for text in question["with"]]))

    wanted = called(_built(question["code"]))
    try:
        given = called(answer)
    except Exception as error:  # whatever the reader's function raises is the reader's
        return _unread(f"Your function raised {type(error).__name__}: {error}")
    if _agree(given, wanted):
        return Verdict(True, "right", "Right.")
    for mistake in question["wrong"]:
        if _agree(given, called(_built(mistake["code"]))):
            return Verdict(False, "known", mistake["says"])
    shapes = [value.shape for value in given], [value.shape for value in wanted]
    if shapes[0] != shapes[1]:
        says = f"It returns the shapes {_listed(shapes[0])}, not {_listed(shapes[1])}."
        return Verdict(False, "shape", says)
    if _agree([-value for value in given], wanted):
        return Verdict(False, "sign", "Only the sign is off.")
    first = next(
        i
        for i, pair in enumerate(zip(given, wanted, strict=True))
        if not _agree(*[[v] for v in pair])
    )
    a, b = given[first].reshape(-1), wanted[first].reshape(-1)
    place = max(range(len(b)), key=lambda i: abs(float(a[i] - b[i])))
    yours, right = short(float(a[place])), short(float(b[place]))
    return Verdict(False, "parts", f"One value that it returns is {yours}, not {right}.")


def _listed(shapes: list[Any]) -> str:
    return " and ".join(str(tuple(shape)) for shape in shapes)


def _built(text: str) -> Any:
    """What the book's own declaration says in Python; a reader's text never comes here."""
    import torch

    names: dict[str, Any] = {"torch": torch, "math": math}
    if text.lstrip().startswith("def "):
        exec(text, names)
        return list(names.values())[-1]
    return eval(text, names)


def _values(result: Any) -> list[Any]:
    import torch

    parts = result if isinstance(result, tuple | list) else (result,)
    return [torch.as_tensor(part, dtype=torch.float64).detach() for part in parts]


def _agree(given: list[Any], wanted: list[Any]) -> bool:
    import torch

    return len(given) == len(wanted) and all(
        a.shape == b.shape and torch.allclose(a, b, rtol=1e-5, atol=1e-8)
        for a, b in zip(given, wanted, strict=True)
    )


def judged_derivation(question: Question, answer: Any) -> Verdict:
    """A chain of LaTeX lines, by the judges of the book's own equations."""
    from derivations import Verdict as Judged
    from derivations import check_derivation

    if not isinstance(answer, str):
        return _unread("Give the derivation as a text of LaTeX.")
    report = check_derivation(
        answer,
        start=question["start"],
        end=question["end"],
        given=question["given"],
        min_steps=1,
    )
    if report.ok:
        return Verdict(True, "right", "Right: every step holds.")
    if report.error:
        return _unread(str(report.error))
    if report.verdict is Judged.NOT_UNDERSTOOD:
        return _unread(str(report))
    return Verdict(False, "parts", f"A line does not hold.\n\n```\n{report}\n```")
