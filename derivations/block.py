"""A display equation as it stands in the source: its lines, conditions and comments.

Every position is kept: comments and alignment marks are blanked, never removed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .functions import TRAITS
from .notation import RELATIONS, pattern
from .read import ReadingError, Statement, blank, drawn_from, read_statement

MOST_CHARACTERS = 20_000
NOISE = re.compile(
    r"\\(begin|end)\s*\{(align|aligned|gather|gathered|equation|split|alignat)\*?\}"
    r"|\\(nonumber|notag)(?![A-Za-z])|\\(label|tag)\{[^{}]*\}|\$\$|\\\[(?=\s)|&"
)
REMARK = re.compile(
    r"\\text(rm|it)?\{(?P<words>[^{}]*[^{}A-Za-z][^{}]*)\}\s*$"
    r"|[.,;]\s*$"
)
ROW_END = re.compile(r"\\\\(\s*\[[\d.]+\w+\])?|\Z")
RELATED = pattern(*(w for row in RELATIONS.values() for w in row.latex if w != ":"))
TRAIT = re.compile(r"\s*((?P<name>[A-Za-z](_\\?\w+)?)(\([^()]*\))?\s)?(?P<words>[a-z\s]*)")
SETTING = re.compile(r"\\(text|mathrm|textrm)\s*\{|[{}$,]|\\[,;: ]")
LITTLE_WORDS = set("is a an and any some function smooth strictly".split())
SPACES = ("\\,", "\\;", "\\:", "\\!")
BEGINS = re.compile(r"(\s|\\[,;:!])*(x\^|z\^|z\s*\\sim)")
NEXT_STATEMENT = r"\\q?quad(?![A-Za-z])"


@dataclass
class Block:
    source: str
    lines: list[Statement] = field(default_factory=list)
    given: list[Statement] = field(default_factory=list)
    hence: list[Statement] = field(default_factory=list)  # what a definition must entail
    traits: dict[str, frozenset[str]] = field(default_factory=dict)  # f is convex
    unchecked: str | None = None


def read_block(source: str) -> Block:
    """Read a display equation: its lines and its comments.

    `% given:` states assumptions, `% hence:` what a definition must entail (a definition
    by itself cannot be false), `% unchecked:` why a formula is exempt.
    """
    if len(source) > MOST_CHARACTERS:
        raise ReadingError(f"more than {MOST_CHARACTERS} characters", source[:80], 0)
    block = Block(source)
    for match in re.finditer(r"(?<!\\)%[ \t]*(\w+):(.*)", source):
        word, begin = match[1], match.start(2)
        if word == "given":
            for low, high in _conditions(source, begin, match.end(2)):
                name, traits = traits_in(source[low:high])
                if traits and (name := name or min(block.traits, default="")):
                    block.traits[name] = block.traits.get(name, frozenset()) | traits
                else:
                    block.given += _statements(source, source, low, high)
        elif word == "hence":
            for low, high in _conditions(source, begin, match.end(2)):
                block.hence += _statements(source, source, low, high)
        elif word == "unchecked":
            block.unchecked = match[2].strip() or "no reason is given"
        else:
            raise ReadingError(f"unknown comment '% {word}:'", source, match.start(1))
    text = NOISE.sub(blank, re.sub(r"(?<!\\)%[^\n]*", blank, source))
    text = _continued(text)
    begin = 0
    for match in ROW_END.finditer(text):
        block.lines += _statements(source, text, begin, match.start())
        begin = match.end()
    if not block.lines:
        raise ReadingError("there is nothing to read", source, 0)
    return block


def traits_in(text: str) -> tuple[str, frozenset[str]]:
    r"""`f \text{ is convex and positive}`, or in plain words: of which name, and what.

    >>> traits_in(r"f \text{ convex}")
    ('f', frozenset({'convex'}))
    >>> traits_in("f > 0")
    ('', frozenset())
    """
    match = TRAIT.fullmatch(
        re.sub(r"\\(text|mathrm|textrm)\s*\{|[{}$,]|\\[,;: ]", " ", text)
    )
    words = set(match["words"].split()) if match else set()
    if not match or not words & TRAITS or words - TRAITS - LITTLE_WORDS:
        return "", frozenset()
    return match["name"] or "", frozenset(words & TRAITS)


def _continued(text: str) -> str:
    """A row that begins with + or - and relates nothing goes on with the row above."""
    ends = list(ROW_END.finditer(text))
    for above, below in itertools.pairwise(ends):
        row = text[above.end() : below.start()]
        goes_on = re.match(r"(\s|\\q?quad|\\[,;:! ])*[+-]", row)
        if goes_on and not any(_outside(row, RELATED)):
            text = text[: above.start()] + blank(above) + text[above.end() :]
    return text


def _statements(source: str, text: str, begin: int, end: int) -> list[Statement]:
    """The statements of one line of a block; almost always there is one."""
    text, remark = text[begin:end], ""
    for match in (REMARK.search(text), REMARK.search(REMARK.sub(blank, text))):
        if match:
            text = text[: match.start()] + blank(match) + text[match.end() :]
            remark = remark or match["words"] or ""
    number = source.count("\n", 0, end - len(text.lstrip())) + 1
    lines: list[Statement] = []
    for low, high in _pieces(text):
        if not text[low:high].strip():
            continue
        line = read_statement(source, begin + low, text[low:high], number)
        line.remark = remark
        if lines and line.first and [relation for relation, _ in line.rest] == ["~"]:
            lines[-1].samples += drawn_from(line.first, line.rest[0][1])
        else:
            lines.append(line)
    return lines


def _outside(text: str, separator: str) -> Iterator[re.Match[str]]:
    """The separators that stand outside of all brackets."""
    depth = 0
    for match in re.finditer(rf"{separator}|\\[{{}}]|[{{(\[]|[}})\]]|\\[,;:! ]", text):
        if match[0][-1] in "{([":
            depth += 1
        elif match[0][-1] in "})]":
            depth -= 1
        elif depth == 0 and match[0] not in (*SPACES, "\\ "):
            yield match


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """`a = b, \\quad c = d` are two statements; `\\theta, \\phi = ...` is one."""
    begin = 0
    for match in _outside(text, NEXT_STATEMENT):
        before, after = _trimmed(text[begin : match.start()]), text[match.end() :]
        if before.endswith(",") or BEGINS.match(after):
            yield begin, begin + len(before.rstrip(","))
            begin = match.end()
    yield begin, len(text)


def _trimmed(text: str) -> str:
    """Without space at the end."""
    while (shorter := text.rstrip()) != text or text.endswith(SPACES):
        text = shorter[:-2] if shorter.endswith(SPACES) else shorter
    return text


def _conditions(source: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """`% given: a := b; c := d` and `a := b, c := d`."""
    start = begin
    for match in _outside(source[begin:end], "[;,]"):
        place = begin + match.start()
        if re.search(r"=|\\sim|[<>]|\\[gl]eq|[a-z]{4}", source[start:place]):
            yield start, place
            start = place + 1
    yield start, end
