"""What a bar, a bracket of samples and a `dz` are, settled before parsing.

The one thing that a context-free grammar of LaTeX cannot know is whether `|` opens,
closes or separates. Here the open brackets are known. And a letter is the same letter in
bold, in braces or with its subscript typed by `\\underset`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token

from .notation import LABELLED, PREFIXES, WORDS

DEEPEST = 30  # brackets within brackets
OPENERS = {
    "LPAR": "RPAR", "LSQUARE": "RSQUARE", "LCURLY": "RCURLY", "LBRACE": "RBRACE",
    "SAMPLES_OPEN": "RPAR", "ABS_OPEN": "ABS_CLOSE", "NORM_OPEN": "NORM_CLOSE",
    "AT_OPEN": "AT_CLOSE", "LANGLE": "RANGLE",
}  # fmt: skip
NAMES = {"LETTER", "GREEK", "WORD", "STAR", "PRIME"}
CLOSERS = {"RPAR", "RSQUARE", "RCURLY", "RBRACE", "RANGLE"}
ENDS_OPERAND = (
    NAMES | CLOSERS | {"PLACE", "NUMBER", "CONSTANT", "ABS_CLOSE", "NORM_CLOSE", "DOTS"}
)
REACHING = ("FUNCTION", "SUM", "INT")
SCRIPTS = ("SUB", "SUPER")


class Misplaced(Exception):
    def __init__(self, message: str, token: Token):
        super().__init__(message)
        self.message, self.position = message, token.start_pos or 0


@dataclass
class _Open:
    token: Token
    call: bool  # is it the argument list of a name?
    script: bool  # a brace that hangs on a name


class Roles:
    """Lark's hook between the tokens and the grammar."""

    always_accept = ("BAR", "BARS", "NOTHING", "BOLD", "MACRO", "UNDERSET", "ARG")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens, with bars, brackets of samples and differentials told apart."""
        tokens = with_integrals(plain_tokens(list(stream)))
        # brackets first, then the grammar; a stack for each line, also in threads
        return iter(list(Roles()._settled(tokens)))

    def _settled(self, tokens: list[Token]) -> Iterator[Token]:
        self.stack: list[_Open] = []
        named = False  # does the name just ended take arguments?
        for i, token in enumerate(tokens):
            before = tokens[i - 1].type if i else ""
            kind = token.type
            operand = before in ENDS_OPERAND
            if kind == "BAR" and operand and self._limits(tokens, i):
                kind = "BETWEEN"
            elif kind in ("BAR", "BARS"):
                kind = self._bar(token, operand)
                if kind.endswith("CLOSE"):
                    self.stack.pop()
            elif kind == "NOTHING":
                kind = "AT_OPEN"
            elif kind == "TIMES" and _stands_alone(before, tokens, i):
                kind = "PLACE"  # q(\\cdot \\mid x)
            elif (
                kind == "TIMES" and tokens[i + 1 : i + 2] and tokens[i + 1].type in REACHING
            ):
                kind = "SKIP"  # 2 \\cdot \\log x is 2 \\log x
            elif kind == "LPAR" and not self.stack and _holds_samples(tokens[i:]):
                kind = "SAMPLES_OPEN"
            tokens[i] = settled = Token.new_borrow_pos(kind, str(token), token)
            if kind in CLOSERS:
                named = self._close(settled)
            elif kind in OPENERS:
                hangs = kind == "LBRACE" and before in (*SCRIPTS, "STYLE", "ACCENT")
                alone = before not in ("FRAC", "RBRACE", "SQRT", "FUNCTION")
                hangs |= kind == "LBRACE" and alone and _begins_a_name(tokens, i)
                self.stack.append(_Open(settled, named and operand, hangs))
                if len(self.stack) > DEEPEST:
                    raise Misplaced(f"brackets are nested more than {DEEPEST} deep", token)
            else:
                named = kind in NAMES or before in SCRIPTS and kind != "NUMBER"
            if kind == "DIFF":
                after = tokens[i + 1]
                yield Token.new_borrow_pos("DIFF", str(after), after)
                tokens[i + 1] = Token.new_borrow_pos("SKIP", "", after)
            elif kind != "SKIP":
                yield settled
        if self.stack:
            raise _unclosed(self.stack[-1].token)

    def _close(self, token: Token) -> bool:
        if not self.stack:
            raise Misplaced(f"nothing to close with '{str(token).strip()}'", token)
        opened = self.stack.pop()
        if OPENERS[opened.token.type] != token.type:
            raise _unclosed(opened.token)
        return opened.script

    def _limits(self, tokens: list[Token], i: int) -> bool:
        """`f(x) \\bigg|_a^b`: a lone bar with both limits at it."""
        if self.stack and self.stack[-1].token.type in ("ABS_OPEN", "AT_OPEN"):
            return False
        marks, place = set(), i + 1
        while place < len(tokens) and tokens[place].type in SCRIPTS:
            marks.add(tokens[place].type)
            place = _held(tokens, place + 1)[1]
        return marks == {*SCRIPTS}

    def _bar(self, token: Token, operand: bool) -> str:
        name = "ABS" if token.type == "BAR" else "NORM"
        top = self.stack[-1] if self.stack else None
        if top and token.startswith("\\right") and top.token.type == "AT_OPEN":
            return "AT_CLOSE"
        if top and top.token.type == name + "_OPEN" and operand:
            return name + "_CLOSE"
        if operand and not token.startswith("\\left") and top and top.call:
            return "MID" if name == "ABS" else "PARALLEL"
        if operand and name == "ABS" and top and top.script:  # p_{X|Z}
            return "MID"
        return name + "_OPEN"


def _begins_a_name(tokens: list[Token], i: int) -> bool:
    """`{D_{KL}}(...)`: braces around a name and its scripts."""
    begin, end = _held(tokens, i)
    kinds = [token.type for token in tokens[begin + 1 : end - 1]]
    return kinds[:1] != [] and kinds[0] in NAMES and kinds[1:2] in ([], ["SUB"], ["SUPER"])


def _unclosed(token: Token) -> Misplaced:
    return Misplaced(f"'{str(token).strip()}' is not closed", token)


def _stands_alone(before: str, tokens: list[Token], i: int) -> bool:
    """Is this dot the place of an argument?"""
    after = tokens[i + 1].type if i + 1 < len(tokens) else ""
    ends = {"RPAR", "RSQUARE", "COMMA", "SEMICOLON", "MID", "BAR"}
    return before in ("LPAR", "LSQUARE", "COMMA", "MID") and after in ends


# ---------------------------------------------------------------- one name, many dresses
def plain_tokens(tokens: list[Token]) -> list[Token]:
    """Without bold, without braces around one name; stars, primes and words as meant."""
    found: list[Token] = []
    for i, token in enumerate(tokens):
        after = tokens[i + 1 : i + 4]
        kinds = [later.type for later in after]
        kind, text = token.type, str(token)
        before = found[-1].type if found else ""
        if kind == "BOLD":
            digit = "NUMBER" in (kinds[:1] or [""]) or kinds == [
                "LBRACE",
                "NUMBER",
                "RBRACE",
            ]
            if digit and text in BOLD_DIGITS:
                found.append(_as(token, "STYLE", text))
            continue
        if kind in ("WORD", "MACRO"):
            kind, text = _word(text, kinds[:1])
        elif kind == "BEST" and kinds[:1] in BRACKETS and text in ("\\max", "\\min"):
            kind, text = "WORD", text[1:]  # \max(a, 0)
        elif kind == "NUMBER" and before == "FRAC" and text.isdigit():  # \\frac12
            found += [_as(token, kind, digit) for digit in text[:-1]]
            text = text[-1]
        elif kind == "STAR" and before not in (*SCRIPTS, "LBRACE"):
            kind = "TIMES"
        elif kind == "PRIME" and before == "SUPER":
            found.pop()
        found.append(_as(token, kind, text))
        if kind == "RBRACE" and not _unbrace(found):
            _spell(found)
    found = _with_subscripts(found)
    for i in range(len(found) - 1, 0, -1):
        if found[i].type == "LBRACE" and found[i - 1].type in ("LPAR", "LSQUARE"):
            end = _held(found, i)[1]
            held = {token.type for token in found[i:end]}
            if end < len(found) and found[end].type in ("RPAR", "RSQUARE"):
                if "OVER" not in held:
                    del found[end - 1], found[i]  # q({z | x})
                    continue
        if (
            found[i - 1].type == "ARG" and found[i].type == "BEST"
        ):  # \\arg \\underset{a}{\\max}
            found[i - 1 : i + 1] = [_as(found[i - 1], "BEST", f"arg {found[i]}")]
    for i, token in enumerate(found):
        styled = i and found[i - 1].type in ("STYLE", "LBRACE")
        if token.type == "LETTER" and token == "E" and not styled and _is_called(found, i):
            found[i] = _as(token, "WORD", "Expect")
    return found


BOLD_DIGITS = ("\\mathbf", "\\boldsymbol", "\\bm", "\\vec", "\\pmb")
BRACKETS = (["LPAR"], ["LSQUARE"], ["LCURLY"])
ONE_NAME = {"LETTER", "GREEK", "WORD", "PRIME"}


def _as(token: Token, kind: str, text: str, last: Token | None = None) -> Token:
    """A token of another kind at the same place, or up to the end of another."""
    new = Token.new_borrow_pos(kind, text, token)
    new.end_pos = (last or token).end_pos
    return new


def _unbrace(found: list[Token]) -> bool:
    """`{z}` is z; `^{\\prime}` is a prime."""
    if [token.type for token in found[-3::2]] != ["LBRACE", "RBRACE"]:
        return False
    first, name, last = found[-3:]
    before = found[-4].type if len(found) > 3 else ""
    if name.type not in ONE_NAME or before in ("STYLE", "ACCENT", "UNDERSET"):
        return False
    found[-3:] = [_as(name, name.type, str(name))]
    if before not in (*SCRIPTS, "FRAC", "SQRT"):
        found[-1].start_pos, found[-1].end_pos = first.start_pos, last.end_pos
    if name.type == "PRIME" and before == "SUPER":
        found[-2:] = found[-1:]
    return True


def _spell(found: list[Token]) -> None:
    """`_{data}`: letters below a name that spell a word are one label."""
    begin = len(found) - 1
    while begin and found[begin - 1].type == "LETTER":
        begin -= 1
    letters = found[begin:-1]
    word = "".join(letters)
    below = [token.type for token in found[begin - 2 : begin]] == ["SUB", "LBRACE"]
    if below and (len(letters) > 2 or word in LABELLED):
        found[begin - 1 :] = [_as(letters[0], "WORD", word, letters[-1])]


def _word(text: str, after: list[str]) -> tuple[str, str]:
    """What a word or a macro stands for; log and its like need no brackets."""
    if "{" in text:
        text = text[text.index("{") + 1 : text.rindex("}")]
        text = re.sub(r"^\\[a-z]+", "", text.strip()).replace("~", " ")
    word = " ".join(text.lstrip("\\").split())
    word = WORDS.get(word, word)
    bracket = after and after[0] in ("LPAR", "LSQUARE", "LCURLY", "LBRACE")
    if word in PREFIXES or word == "tr" and not bracket:
        return "FUNCTION", "\\" + word
    return "WORD", word


def _is_called(tokens: list[Token], i: int) -> bool:
    """`E[f]` is an expectation, and so is E with a density or samples below it."""
    after = tokens[i + 1 : i + 2]
    if after and after[0].type == "LSQUARE":
        return True
    if not after or after[0].type != "SUB":
        return False
    below = [
        token for token in tokens[slice(*_held(tokens, i + 2))] if token.type != "BOLD"
    ]
    inside = [token for token in below if token.type not in ("LBRACE", "RBRACE")]
    laws = any(t.type == "LETTER" and t in ("p", "q", "r") for t in inside[:1])
    drawn = any(token.type in ("SIM", "STYLE") for token in inside)
    return laws or drawn or len(inside) == 1 and inside[0] in ("x", "z", "\\epsilon")


def _held(tokens: list[Token], i: int) -> tuple[int, int]:
    """Where the argument that begins at a token ends: a group in braces, or one token."""
    depth = 0
    for j in range(i, len(tokens)):
        depth += (tokens[j].type == "LBRACE") - (tokens[j].type == "RBRACE")
        if depth == 0 and tokens[j].type not in ("STYLE", "BOLD", "ACCENT"):
            return i, j + 1
    return i, len(tokens)


def _with_subscripts(tokens: list[Token]) -> list[Token]:
    """`\\underset{z \\sim q}{E}` is `E_{z \\sim q}`."""
    found: list[Token] = []
    i = 0
    while i < len(tokens):
        if tokens[i].type != "UNDERSET":
            found.append(tokens[i])
            i += 1
            continue
        _, middle = below = _held(tokens, i + 1)
        begin, end = _held(tokens, middle)
        held = tokens[begin:end]
        ends = [token.type for token in held[:1] + held[-1:]]
        if ends == ["LBRACE", "RBRACE"] and len(held) > 2:
            held = held[1:-1]
        found += [*held, _as(tokens[i], "SUB", "_"), *tokens[slice(*below)]]
        i = end
    return found


# ---------------------------------------------------------------- which d is a differential
def with_integrals(tokens: list[Token]) -> list[Token]:
    """Each integral gets its `dz`: the last one that is open, as brackets do.

    `\\int f dx dz` has two under one sign. One without any, `\\int_z f`, is over what is
    below it: it is typed and read as a sum is.
    """
    found: list[Token] = []
    open_signs: list[int] = []
    closed: list[int] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.type == "INT":
            _unbrace_body(tokens, i)
            open_signs += [len(found) + k for k in range(max(token.count("i") - 1, 0) + 1)]
            found += [_as(token, "INT", "\\int")] * (max(token.count("i") - 1, 0) + 1)
        elif _is_differential(tokens, i) and (open_signs or _goes_on(found)):
            if open_signs:
                closed.append(open_signs.pop())
            else:  # dx dz under one sign
                found.insert(closed[-1], _as(found[closed[-1]], "INT", "\\int"))
            after = tokens[i + 1]
            found += [_as(token, "DIFF", str(token)), after]
            i += 1
        else:
            found.append(token)
        i += 1
    for place in open_signs:
        found[place] = _as(found[place], "SUM", "\\int")
    return found


def _unbrace_body(tokens: list[Token], i: int) -> None:
    """`\\int { f(z) dz }`: the braces go where they hold the differential."""
    begin = i + 1
    while begin < len(tokens) and tokens[begin].type in SCRIPTS:
        begin = _held(tokens, begin + 1)[1]
    end = _held(tokens, begin)[1] if begin < len(tokens) else begin
    if tokens[begin:end] and tokens[begin].type == "LBRACE":
        if end - begin > 3 and _is_differential(tokens, end - 3):
            del tokens[end - 1], tokens[begin]


def _goes_on(found: list[Token]) -> bool:
    return len(found) > 1 and found[-2].type == "DIFF"


def _is_differential(tokens: list[Token], i: int) -> bool:
    token, last = tokens[i], i + 1 == len(tokens)
    if last or i and tokens[i - 1].type in SCRIPTS:
        return False
    sign = token.type in ("LETTER", "WORD") and token in ("d", "dd", "diff", "dif")
    return sign and tokens[i + 1].type in ("LETTER", "GREEK")


def _holds_samples(tokens: list[Token]) -> bool:
    """Does the bracket that opens here hold a `\\sim` of its own?"""
    depth = 0
    for token in tokens:
        depth += (token.type in OPENERS) - (token.type in OPENERS.values())
        if depth == 0 or token.type == "SIM" and depth == 1:
            return depth == 1
    return False
