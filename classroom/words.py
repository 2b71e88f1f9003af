"""What students read, in the language of a release: `say` translates it.

English is the source. The catalogues are gettext's: `classroom/ko.po` for what the commands
say, and beside an assignment's folder `ko/hw1.po` for its text and the words of its
`checks.py`. `tools/translations.py` keeps them up, `make translation-status` says what they
lack, and a release in a language that lacks something is refused.
"""

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jupytext
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast
from markdown_it import MarkdownIt
from nbformat import NotebookNode

HERE = Path(__file__).parent
LANGUAGES = ("en", *sorted(path.stem for path in HERE.glob("*.po")))
_language: ContextVar[str] = ContextVar("language", default="en")
_spoken: ContextVar[dict[str, str]] = ContextVar("spoken")


def say(english: str, /, **values: object) -> str:
    """A text in the language that is spoken, with values for the names in braces.

    >>> say("{days} days late", days=2)
    '2 days late'
    """
    text = _spoken.get({}).get(english, english)
    return text.format(**values) if values else text


def later(english: str) -> str:
    """The text itself, which `say` will be given later: so that it is found."""
    return english


@contextmanager
def speaking(language: str, *catalogues: Path) -> Iterator[None]:
    """Within the block `say` speaks this language, by our catalogue and by these."""
    known: dict[str, str] = {}
    for path in (HERE / f"{language}.po", *catalogues) if language != "en" else ():
        known |= translations(path)
    tokens = _language.set(language), _spoken.set(known)
    try:
        yield
    finally:
        _language.reset(tokens[0])
        _spoken.reset(tokens[1])


def translations(path: Path) -> dict[str, str]:
    """English to what a catalogue has for it, without what is empty or stale."""
    return _read(path, path.stat().st_mtime_ns) if path.exists() else {}


@cache
def _read(path: Path, changed: int) -> dict[str, str]:
    with path.open("rb") as file:
        found = read_po(file)
    said = {str(m.id): str(m.string) for m in found if m.id and m.string and not m.fuzzy}
    # the one that says the most first: `_again` takes the first that fits
    longest = sorted(said, key=lambda text: -len(re.sub(r"\{\w+\}", "", text)))
    return {text: said[text] for text in longest}


def respoken(english: str) -> str:
    """What the checker of derivations says, which speaks English alone, by the texts that
    have a translation. What has none is left out; a formula that it shows stays."""
    if (language := _language.get()) == "en":
        return english
    known, lines = translations(HERE / f"{language}.po"), []
    for line in english.split("\n"):
        told = [line] if line.startswith("    ") else []
        # without the world in which it was judged
        line = "" if told else re.sub(r" \[[^][]*\](?=;|$)", "", line)
        for sentence in re.split(r"(?<=[.?!]) +", line):
            whole = _again(sentence, known)
            parts = [whole] if whole else [_again(p, known) for p in sentence.split("; ")]
            told += [p if p[-1] in ".?!:" else f"{p}." for p in parts if p]
        lines.append(" ".join(told))
    return "\n".join(filter(None, lines))


def _again(english: str, known: dict[str, str]) -> str:
    for text, translation in known.items():
        if found := _pattern(text).fullmatch(english.strip()):
            for name, value in found.groupdict().items():
                again = _again(value, known) or ("" if name == "words" else value)
                blank = value[len(value.rstrip()) :]
                translation = translation.replace(f"{{{name}}}", again.rstrip() + blank)
            return translation
    return ""


@cache
def _pattern(text: str) -> re.Pattern[str]:
    slots = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>(?:(?!; ).)+?)", re.escape(text.strip()))
    return re.compile(slots, re.S)


# ---------------------------------------------------------------- what there is to say
class Text(NamedTuple):
    """A text to translate, and where it stands."""

    text: str
    line: int
    what: str


def texts_of_classroom() -> Iterator[tuple[Path, Text]]:
    """All that this package says to students, with the files."""
    for path in sorted([*HERE.glob("*.py"), HERE / "feedback.html"]):
        yield from ((path, text) for text in texts_of_code(path))
    for module in CHECKER:
        path = HERE.parent / "derivations" / f"{module}.py"
        yield from ((path, text) for text in texts_of_checker(module))


def has_words(text: str) -> bool:
    """Whether it is more than formulas and code.

    >>> has_words("a sum"), has_words("$x$, `y`")
    (True, False)
    """
    return bool(re.search(r"[A-Za-z]{2}", re.sub(r"\$[^$]*\$|`[^`]*`", "", text)))


def rewritten(markdown: str, words: Callable[[str], str]) -> str:
    """A cell with each paragraph, heading and item of a list replaced; code stays.

    >>> rewritten("## One\\n\\n- two\\n  three\\n- `f(x)`", str.upper)
    '## ONE\\n\\n- TWO THREE\\n- `f(x)`'
    """
    lines: list[str | None] = [*markdown.split("\n")]
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type == "inline" and token.map and has_words(token.content):
            start, end = token.map
            head, *_ = str(lines[start]).partition(token.content.split("\n")[0])
            said = head + words(" ".join(token.content.split()))
            lines[start:end] = [said, *[None] * (end - start - 1)]
    return "\n".join(line for line in lines if line is not None)


MARKS = {"given", "answer", "test", "derivation", "written", "points"}  # of a cell


def translate(notebook: NotebookNode, words: Callable[[str], str]) -> None:
    """Replace the texts of an assignment's source that are handed out."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not MARKS & cell.metadata.keys():
            cell.source = rewritten(cell.source, words)


def texts_of_assignment(markdown: Path) -> list[Text]:
    """What is to translate of an assignment, each text once: of its sheet, then of the
    `checks.py` beside it."""
    source, found = markdown.read_text(encoding="utf-8"), dict[str, Text]()

    def note(text: str) -> str:
        before = source[: max(0, source.find(text[:30]))]
        what = "heading" if before.endswith("# ") else "text"
        found.setdefault(text, Text(text, before.count("\n") + 1, what))
        return text

    translate(jupytext.read(markdown), note)
    for text in texts_of_checks(markdown.with_name("checks.py")):
        found.setdefault(text.text, text)
    return list(found.values())


NAMED = ("Property", "Shows", "Averages", "Item")  # of checks.py: their first is a name
SAID = ("say", "later", "Wrong", "wrong", "Unreadable")
CHECKER = ("assignment", "chain", "judge", "read", "relation", "repair")  # of derivations


def texts_of_checks(path: Path) -> Iterator[Text]:
    """Of a `checks.py` the names, and every text with a blank that is no formula: what
    `Wrong`, the answers and the `expect_...` are given is said by them. (An f-string is not
    found when it is said: it is listed, and can have no translation.)"""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args)
    names = {id(call.args[0]) for call in calls if _called(call) in NAMED}
    for node, text in _strings(tree):
        if id(node) in names or (" " in text and "\\" not in text):
            yield Text(text, node.lineno, "name" if id(node) in names else "message")


def texts_of_checker(module: str) -> Iterator[Text]:
    """What a module of derivations may say, for `respoken`."""
    path = HERE.parent / "derivations" / f"{module}.py"
    for node, text in _strings(ast.parse(path.read_text(encoding="utf-8"))):
        words = re.findall(r"[a-z]{2,}", re.sub(r"\\\w+|\{\w+\}", "", text))
        if len(words) > 2 - isinstance(node, ast.JoinedStr):
            yield Text(text.strip("; \n"), node.lineno, "message of the checker")


def _strings(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """All but the docstrings; an f-string has slots in the place of its values."""
    holders = ast.Module | ast.FunctionDef | ast.ClassDef
    first = (n.body[0] for n in ast.walk(tree) if isinstance(n, holders) and n.body)
    silent = {id(n.value) for n in first if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
            yield (
                node,
                "".join(
                    str(part.value) if isinstance(part, ast.Constant) else f"{{v{n}}}"
                    for n, part in enumerate(node.values)
                ),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in silent:
                yield node, node.value


def texts_of_code(path: Path) -> Iterator[Text]:
    """Of a module of ours, or a template, what is said."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        for line, _, text in extract_from_ast(Environment().parse(source), SAID[:1]):
            first, *_ = text if isinstance(text, tuple) else (text,)
            yield Text(str(first), line, "message")
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args and _called(node) in SAID:
            if isinstance(node.args[0], ast.Constant):
                yield Text(str(node.args[0].value), node.lineno, "message")


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))
