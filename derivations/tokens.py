"""What a bar, a bracket of samples and a `dz` are, settled before parsing.

The one thing that a context-free grammar of LaTeX cannot know is whether `|` opens,
closes or separates. Here the open brackets are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token

DEEPEST = 30  # brackets within brackets
OPENERS = {
    "LPAR": "RPAR", "LSQUARE": "RSQUARE", "LCURLY": "RCURLY", "LBRACE": "RBRACE",
    "SAMPLES_OPEN": "RPAR", "ABS_OPEN": "ABS_CLOSE", "NORM_OPEN": "NORM_CLOSE",
    "AT_OPEN": "AT_CLOSE",
}  # fmt: skip
NAMES = {"LETTER", "GREEK", "WORD", "STAR", "PRIME"}
CLOSERS = {"RPAR", "RSQUARE", "RCURLY", "RBRACE"}
ENDS_OPERAND = NAMES | CLOSERS | {"NUMBER", "CONSTANT", "ABS_CLOSE", "NORM_CLOSE", "DOTS"}
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

    always_accept = ("BAR", "BARS", "NOTHING")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens, with bars, brackets of samples and differentials told apart."""
        return iter(list(self._settled(list(stream))))  # brackets first, then the grammar

    def _settled(self, tokens: list[Token]) -> Iterator[Token]:
        self.stack: list[_Open] = []
        integrals = 0
        named = False  # does the name just ended take arguments?
        for i, token in enumerate(tokens):
            before = tokens[i - 1].type if i else ""
            kind = token.type
            operand = before in ENDS_OPERAND
            if kind in ("BAR", "BARS"):
                kind = self._bar(token, operand)
                if kind.endswith("CLOSE"):
                    self.stack.pop()
            elif kind == "NOTHING":
                kind = "AT_OPEN"
            elif kind == "INT":
                integrals += 1
            elif integrals and before and _is_differential(tokens, i):
                integrals -= 1
                kind = "DIFF"
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

    def _bar(self, token: Token, operand: bool) -> str:
        name = "ABS" if token.type == "BAR" else "NORM"
        top = self.stack[-1] if self.stack else None
        if top and token.startswith("\\right") and top.token.type == "AT_OPEN":
            return "AT_CLOSE"
        if top and top.token.type == name + "_OPEN" and operand:
            return name + "_CLOSE"
        if operand and not token.startswith("\\left") and top and top.call:
            return "MID" if name == "ABS" else "PARALLEL"
        return name + "_OPEN"


def _unclosed(token: Token) -> Misplaced:
    return Misplaced(f"'{str(token).strip()}' is not closed", token)


def _is_differential(tokens: list[Token], i: int) -> bool:
    token, last = tokens[i], i + 1 == len(tokens)
    if last or tokens[i - 1].type in SCRIPTS:
        return False
    upright = token.type == "WORD" and re.fullmatch(r"\\\w+\*?\s*\{d\}", token)
    plain = token.type == "LETTER" and token == "d"
    return bool(upright or plain) and tokens[i + 1].type in ("LETTER", "GREEK")


def _holds_samples(tokens: list[Token]) -> bool:
    """Does the bracket that opens here hold a `\\sim` of its own?"""
    depth = 0
    for token in tokens:
        depth += (token.type in OPENERS) - (token.type in OPENERS.values())
        if depth == 0 or token.type == "SIM" and depth == 1:
            return depth == 1
    return False
