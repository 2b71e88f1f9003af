"""A display equation as it stands in the source: its lines, conditions and comments.

Every position is kept: comments and alignment marks are blanked, never removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from . import tree as t
from .functions import TRAITS
from .notation import ARROWS, BOUNDS, BRACKETS, RELATIONS, SIGNS, pattern
from .read import ReadingError, Statement, blank, drawn_from, read_statement
from .surface import CLAIM_AT_SIGN, argument, at_braces, plain, remarks, spaces

MOST_CHARACTERS = 20_000
ROW_END = re.compile(r"\\\\\*?(\s*\[-?[\d.]+\s*\w+\])?|\\(newline|cr)(?![A-Za-z])|\Z")
SIGNS_OF_RELATIONS = [w for row in RELATIONS.values() for w in row.latex if w != ":"]
RELATED = pattern(*SIGNS_OF_RELATIONS)
CLAIMED = pattern(*(sign for sign in SIGNS_OF_RELATIONS if sign != "\\in"))
TRAIT = re.compile(r"\s*((?P<name>[A-Za-z](_\\?\w+)?)(\([^()]*\))?\s)?(?P<words>[a-z\s]*)")
SETTING = re.compile(r"\\(text|mathrm|textrm)\s*\{|[{}$,]|\\[,;: ]")
LITTLE_WORDS = set("is a an and any some function smooth strictly".split())
SPACES = ("\\,", "\\;", "\\:", "\\!", "\\ ")
BRACKET = re.compile(rf"\\({'|'.join(BRACKETS)})(?=\s*{{)")
SIDES = ("left", "right")
SIGN = re.compile(f"([{''.join(SIGNS)}])([A-Za-z]?)")
BEGINS = re.compile(r"(\s|\\[,;:!])*(x\^|z\^|z\s*\\sim)")
ARROW = pattern(*("\\" + name for name in ARROWS))
NEXT_STATEMENT = rf"\\q?quad(?![A-Za-z])|,|{ARROW}"
# what is said beside a formula: over what an index runs, what x is in
RUN = r"[a-zA-Z]\s*(=|\\in)\s*(\\[{])?\s*[01]\s*,.*\\[lc]?dots"
QUANTIFIER = r"\\(forall|exists|because)(?![A-Za-z])"
# words before a condition, and before what is not judged
CONDITION = re.compile(
    r"\b(if|when|whenever|for|where|with|provided|given|assuming|and)"
    r"(\s(all|any|every|that))?\W*$", re.I
)  # fmt: skip
EQUALITY = re.compile(r"equal|\biff\b|only if")
FORALL = re.compile(r"\\forall(?![A-Za-z])(?=[^:]*(<|>|\\[gl]eq?))(?![^<>]*:)")
BESIDE = re.compile(
    r"(?:\\q?quad|\\[,;:! ]|,)\s*(\()([^()]*(?:[<>=]|\\[gl]eq?(?![a-z]))[^()]*)\)[\s.,]*$"
)
ARROWED = "what the arrow joins may hold under a condition: say it in a given"
SUPPOSED = "this is supposed, and it does not hold in general: say it in a given"
NAMED = "a brace may name what it holds: if this is no claim, write it in \\text{...}"
ASIDE = re.compile(
    rf"([\s(]|\\q?quad(?![A-Za-z])|\\[,;: ])*({QUANTIFIER}"
    rf"|(?P<run>{RUN})|[^=<>(|]*\\in(?![A-Za-z])[^=<>]*$)"
)


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
    source = commanded(source)
    block = Block(source)
    for match in re.finditer(r"(?<!\\)%[ \t]*(\w+):(.*)", source):
        word, begin = match[1], match.start(2)
        if word == "given":
            for low, high in _conditions(source, begin, match.end(2)):
                name, traits = traits_in(source[low:high])
                if traits and (name := name or min(block.traits, default="")):
                    block.traits[name] = block.traits.get(name, frozenset()) | traits
                else:
                    block.given += _statements(source, low, plain(source[low:high]))
        elif word == "hence":
            for low, high in _conditions(source, begin, match.end(2)):
                block.hence += _statements(source, low, plain(source[low:high]))
        elif word == "unchecked":
            block.unchecked = match[2].strip() or "no reason is given"
        else:
            raise ReadingError(f"unknown comment '% {word}:'", source, match.start(1))
    bare = re.sub(r"(?<!\\)%[^\n]*", blank, source)
    if at_sign := CLAIM_AT_SIGN.search(bare):
        message = "what is claimed above or below a sign is not judged: write it in a row"
        raise ReadingError(message, source, at_sign.start())
    text = _continued(plain(bare))
    begin = 0
    for match in ROW_END.finditer(text):
        lines, conditions = _row(source, begin, text[begin : match.start()])
        for line in lines:
            drawn = line.first and [relation for relation, _ in line.rest] == ["~"]
            if block.lines and line.first and drawn:  # a row that says what is sampled
                block.lines[-1].samples += drawn_from(line.first, line.rest[0][1])
            else:
                block.lines.append(line)
        for line in lines or block.lines[-1:]:
            line.under += tuple(other for other in conditions if other is not line)
            bound = any(relation in BOUNDS for relation, _ in line.rest)
            if not bound and (told := [c for c in conditions if c.equality]):
                message = "an inequality can be an equality: where is it?"
                raise ReadingError(message, source, told[0].offset)
        begin = match.end()
    for claim, named in at_braces(bare):
        block.hence += _at_brace(source, plain(claim), named)
    if not block.lines:
        raise ReadingError("there is nothing to read", source, 0)
    return block


def commanded(source: str) -> str:
    r"""With a command for each sign that was typed as itself, and brackets for macros.

    >>> commanded("q_φ(z) ≥ 0, φz")
    'q_\\phi(z) \\geq 0, \\phi z'
    >>> commanded(r"\paren{a + \paren{b}}")
    '\\left(a + \\left(b\\right)\\right)'
    """

    def command(match: re.Match[str]) -> str:
        typed, letter = SIGNS[match[1]], match[2]
        return typed + " " * (letter.isalpha() and typed[-1].isalpha()) + letter

    source = SIGN.sub(command, SIGN.sub(command, source))
    while macro := BRACKET.search(source):
        low, high = argument(source, macro.end())
        left, right = (f"\\{s}{b}" for s, b in zip(SIDES, BRACKETS[macro[1]], strict=True))
        held = source[low:high].removeprefix("{").removesuffix("}")
        source = source[: macro.start()] + left + held + right + source[high:]
    return source


def traits_in(text: str) -> tuple[str, frozenset[str]]:
    r"""`f \text{ is convex and positive}`, or in plain words: of which name, and what.

    >>> traits_in(r"f \text{ convex}")
    ('f', frozenset({'convex'}))
    >>> traits_in("f > 0")
    ('', frozenset())
    """
    match = TRAIT.fullmatch(SETTING.sub(" ", text))
    words = set(match["words"].split()) if match else set()
    if not match or not words & TRAITS or words - TRAITS - LITTLE_WORDS:
        return "", frozenset()
    return match["name"] or "", frozenset(words & TRAITS)


def _continued(text: str) -> str:
    """A row goes on with the row above: its bracket is open, or an operator stands between.

    So does one that begins with + or - and relates nothing.
    """
    begin = 0
    for end in list(ROW_END.finditer(text))[:-1]:
        above = text[begin : end.start()].replace("&", " ")
        row = ROW_END.split(text[end.end() :], maxsplit=1)[0].replace("&", " ")
        signed = re.match(r"(\s|\\q?quad|\\[,;:! ])*([+-]|\\(cdot|times)(?![A-Za-z]))", row)
        joined = signed and not any(_outside(row, RELATED))
        opened = re.search(rf"({RELATED}|[+-])$", _trimmed(above)) or _open_brackets(above)
        if (joined or opened) and above.strip() and row.strip():
            text = text[: end.start()] + blank(end) + text[end.end() :]
        else:
            begin = end.end()
    return text.replace("&", " ")


def _open_brackets(text: str) -> bool:
    found = re.findall(r"\\\\|\\[{}]|[{}()\[\]]", text)
    return sum((c[-1] in "{([") - (c[-1] in "})]") for c in found) > 0


def _statements(source: str, begin: int, text: str) -> list[Statement]:
    """The statements of one row that stands at `begin`; almost always there is one."""
    lines, conditions = _row(source, begin, text)
    return lines + conditions


def _row(source: str, begin: int, text: str) -> tuple[list[Statement], list[Statement]]:
    """What a row claims, and under which conditions."""
    text, said = _told(text)
    row = text
    for low, high, _ in said:
        row = spaces(row, low, high)
    places = [place for low, high, _ in said for place in (low, high)]
    found: list[tuple[int, str, str, str]] = []  # place, piece, hedge, the words before it
    words = ["", *(words for *_, words in said)]
    hedge = ""
    segments = zip([0, *places[1::2]], [*places[::2], len(row)], strict=True)
    for (start, end), word, after in zip(segments, words, [*words[1:], ""], strict=True):
        for low, high, joined in _pieces(row[start:end]):
            piece = row[start + low : start + high]
            if not piece.strip():
                continue
            plain_name = not re.search(CLAIMED, piece)
            if plain_name and TRAITS & set(word.split()):  # for convex f
                hedge = f"of which {piece.strip()} is this said? Say it in a given"
            elif CONDITION.search(word) and plain_name:
                if re.match(r"\s*(is|are|denotes?)\b", after):
                    hedge = f"{piece.strip()} is explained in words: say it in a given"
            else:
                found.append((start + low, piece, ARROWED if joined else "", word))
            word = ""
    found = [piece for piece in found if not _is_aside(piece[1])] or found
    found = [p for p in found if not p[2] or re.search(RELATED, p[1])] or found  # \\because
    lines: list[Statement] = []
    conditions: list[Statement] = []
    told = False  # what follows stands beside the first
    for place, piece, arrow, word in found:
        place += begin
        number = source.count("\n", 0, place + len(piece) - len(piece.lstrip())) + 1
        line = read_statement(source, place, piece, number)
        line.hedge = arrow or hedge
        if EQUALITY.search(word):
            conditions.append(_where_equal(line, source, place))
            continue
        if lines and line.first and [relation for relation, _ in line.rest] == ["~"]:
            lines[-1].samples += drawn_from(line.first, line.rest[0][1])
        elif _is_condition(line, bool(CONDITION.search(word)), not (lines or conditions)):
            conditions.append(line)
        else:
            told = bool(lines) and (told or bool(CONDITION.search(word)))
            line.beside = told
            lines.append(line)
            if CONDITION.search(word) and _defines(line):  # where w = p / q
                line.hedge = SUPPOSED
                conditions.append(line)
    for line in lines:
        line.remark = next((words for *_, words in said), "")
    return lines, conditions


def _told(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    r"""The row, and what it says in words; \forall x > 0 and (x > 0) speak, too."""
    said = sorted(remarks(text))
    said += [(*match.span(), "for all") for match in FORALL.finditer(text)]
    for _, high, words in said[:]:
        rest = text[high:].rstrip(" .,")
        if words.startswith("(") and ")" not in words and rest.endswith(")"):
            text = text[: high + len(rest) - 1] + " " + text[high + len(rest) :]
    if match := BESIDE.search(text):
        said.append((*match.span(1), "for"))
        text = spaces(text, match.end(2), match.end(2) + 1)
    return text, sorted(said)


def _where_equal(line: Statement, source: str, place: int) -> Statement:
    """with equality iff q = p: exactly where D_KL(q || p) = 0."""
    (relation, right), *more = *line.rest, ("", None)
    sides = [t.bare(side) for side in (line.first, right) if side]
    densities = [t.is_density(s) or getattr(s, "name", "") in ("P", "Q") for s in sides]
    if densities != [True, True] or relation != "=" or more[1:]:
        message = "when the sides are equal is not judged: write it in \\text{...}"
        raise ReadingError(message, source, place)
    span = (sides[0].span[0], sides[1].span[1])
    apart = t.Divergence(*sides, span=span)
    return replace(line, first=apart, rest=[("=", t.ZERO)], equality=True)


def _is_condition(line: Statement, told: bool, first: bool) -> bool:
    """`\\text{if } a \\geq 0`; behind a claim also x > 0, a name beside a number."""
    if not all(relation in (*BOUNDS, "≠") for relation, _ in line.rest) or not line.rest:
        return False
    names = [name for side in line.sides for name in t.names_in(side)]
    plain = all(isinstance(t.bare(side), t.Symbol | t.Tuple) or not any(t.names_in(side))
                for side in line.sides)  # fmt: skip
    return line.first is not None and (told or not first and plain and bool(names))


def _defines(line: Statement) -> bool:
    """`w = p / q`, a name or a function on the left."""
    single = [relation for relation, _ in line.rest] == ["="]
    return single and isinstance(line.first, t.Symbol | t.Call)


def _at_brace(source: str, text: str, named: bool) -> list[Statement]:
    """What is claimed at a brace; a mere word there is a name."""
    try:
        lines = _statements(source, 0, text.replace("&", " "))
    except ReadingError:
        if named:
            return []
        raise
    for line in lines:
        line.brace, line.hedge = True, NAMED if named else line.hedge
    return lines


def _is_aside(piece: str) -> bool:
    r"""Is this said beside a formula, and claims nothing? What it says of a set, it names.

    >>> _is_aside(r"\forall x \in \mathbb{R}"), _is_aside(r"\forall x: p(x) \leq 1")
    (True, False)
    """
    text = re.sub(r"\^\s*\{?\([a-zA-Z0-9]\)\}?", "", piece)
    match = ASIDE.match(text)
    if not match or match["run"]:
        return bool(match)
    rest = re.sub(QUANTIFIER, "", text)
    return bool(re.search(RUN, rest)) or not re.search(CLAIMED, rest)


def _outside(text: str, separator: str) -> Iterator[re.Match[str]]:
    """The separators that stand outside of all brackets."""
    depth = 0
    for match in re.finditer(rf"{separator}|\\[{{}}]|[{{(\[]|[}})\]]|\\[,;:! ]", text):
        if match[0][-1] in "{([":
            depth += 1
        elif match[0][-1] in "})]":
            depth -= 1
        elif depth == 0 and match[0] not in SPACES:
            yield match


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    r"""`a = b, \quad c = d` are two statements; `\theta, \phi = ...` is one.

    Those that an arrow joins may hold under a condition only: one implies the other.
    """
    begin, conditional = 0, bool(any(_outside(text, ARROW)))
    for match in _outside(text, NEXT_STATEMENT):
        before, after = text[begin : match.start()], text[match.end() :]
        if _parts(before, match[0], after):
            yield begin, begin + len(_trimmed(before)), conditional
            begin = match.end()
    yield begin, begin + len(_trimmed(text[begin:])), conditional


def _parts(before: str, mark: str, after: str) -> bool:
    """Does a new statement begin here?"""
    if re.fullmatch(ARROW, mark):
        return True
    if mark != "," and (before.rstrip().endswith(",") or BEGINS.match(after)):
        return True
    if ASIDE.match(after) and not any(_outside(after, r"\\q?quad(?![A-Za-z])")):
        return True
    related = next(_outside(before, RELATED), None)
    if related is None or any(_outside(before[: related.start()], ",")):
        return False
    goes_on = re.match(rf"(\s|\\[,;:! ]|\\q?quad)*({RELATED}|[+-])", after)
    return not goes_on and any(_outside(after, rf"{RELATED}|\\in(?![A-Za-z])"))


def _trimmed(text: str) -> str:
    """Without space and punctuation at the end."""
    return re.sub(r"(\s|\\[,;:! ]|\\q?quad|[.,;:])+$", "", text)


def _conditions(source: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """`% given: a := b; c := d` and `a := b, c := d`."""
    start = begin
    for match in _outside(source[begin:end], "[;,]"):
        place = begin + match.start()
        if re.search(r"=|\\sim|[<>]|\\[gl]eq|[a-z]{4}", source[start:place]):
            yield start, place
            start = place + 1
    yield start, end
