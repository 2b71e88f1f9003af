"""What LaTeX draws and says nothing: environments, colours, braces under a term, remarks.

All of it is blanked before reading, and nothing is moved: every position stays what it
was. The commands are told apart in notation.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .notation import (
    BOLD_LETTERS,
    BOLD_MACROS,
    DEFINES,
    DROPPED,
    ENVIRONMENTS,
    FULL_WIDTH,
    RELATIONS,
    TEXTS,
    UNWRAPPED,
    WORD_NAMES,
    pattern,
)

NOISE = re.compile(
    rf"\\(begin|end)\s*\{{({'|'.join(ENVIRONMENTS)})\*?\}}(\s*\[[tcb]\])?"
    r"|(?<=\{alignat\})\{\d\}|(?<=\{alignat\*\})\{\d\}|(?<=\{alignedat\})\{\d\}"
    r"|(?<=\{array\})\{[lcr|@{} ]*\}"
    r"|(?<!\\)\$\$?|(?<!\\)\\[\[\]]|(?<!\\)\\[()]"
    r"|\\(nonumber|notag|hline|displaystyle|textstyle|allowbreak)(?![A-Za-z])"
    r"|[_^]\s*\{\s*\}|(?<!\\)\\(?=\n)"
)
CASES = re.compile(
    r"\\begin\{d?cases\}(?P<body>.*?)\\end\{d?cases\}"
    r"|\\left\s*\\\{\s*\\begin\{array\}\s*\{[^{}]*\}(?P<rows>.*?)"
    r"\\end\{array\}\s*\\right\s*\.", re.S
)  # fmt: skip
CONSTANT = re.compile(  # a constant in one name: \text{const}_{\theta}
    r"\\(?:text|mathrm|textrm)\s*\{\s*()(?:const\.?|constant|terms?)"
    r"(?:\s*\(?(?:w\.?\s*r\.?\s*t\.?|in|with respect to|independent of|not depending on)"
    r"[\s~]*)\}()(?=[\s~]*(?:\\[a-z]+|[a-z])\s*(?:$|[^A-Za-z\s_(]))"
)
SAID = re.compile(  # beside the values of cases
    r"\\text(rm)?\s*\{[^{}]*\}|[,.;]\s*(?=&|\\\\|$)|\\q?quad(?![A-Za-z])"
)
BOLD_MACRO = re.compile(rf"\\({'|'.join(BOLD_MACROS)})(?=[{BOLD_LETTERS}](?![A-Za-z]))")
COMMAND = re.compile(r"\\([A-Za-z]+\*?)\s*")
SIGNS = pattern(*(word for row in RELATIONS.values() for word in row.latex))
LONE_SIGN = re.compile(rf"\s*({SIGNS})\s*")
CLAIM_AT_SIGN = re.compile(  # \underset{= 0}{\geq}: about what is it?
    rf"\\(?:underset|overset|stackrel)\s*\{{\s*(?:{SIGNS})\s*(?=[^\s}}][^{{}}]*\}}\s*\{{?\s*(?:{SIGNS}))"
)
SIDES = re.compile(r"\\(left|right)(?![A-Za-z])\s*(\\[A-Za-z]+|\\?.)")
AFTER = re.compile(r"\s*([_^])\s*")
NUMBERED = re.compile(r"(?<=quad)\s*\(\s*(\d+|\*+|\\ast|\\star|\\dagger)\s*\)\s*$")
CJK = "\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"
FOREIGN = re.compile(rf"\([^()A-Za-z\\]*[{CJK}][^()\\]*\)|[{CJK}][{CJK}\s,.;:]*")
OPENING = "+-=<>(*/^_{&[|"  # after these a word is an operand
JOINS = (
    "where|with|if|for|since|and|by|as|because|so|then|when|whenever|provided|given|"
    "assuming|hence|thus|or|using|s\\.t\\."
)
JOINING = re.compile(rf"({JOINS})(?![A-Za-z])")


def spaces(text: str, begin: int, end: int) -> str:
    """The same text, blank from begin to end; its line breaks stay."""
    return text[:begin] + re.sub(r"[^\n]", " ", text[begin:end]) + text[end:]


def argument(text: str, begin: int) -> tuple[int, int]:
    r"""Where the argument of a command stands that ends at `begin`, with its braces.

    >>> argument(r"\boxed {a {b}} c", 6)
    (7, 14)
    """
    begin += len(text[begin:]) - len(text[begin:].lstrip())
    if text[begin : begin + 1] != "{":
        command = re.compile(r"\\([A-Za-z]+|.)|.", re.S).match(text, begin)
        return begin, command.end() if command else begin
    depth = 0
    for match in re.finditer(r"\\.|[{}]", text[begin:], re.S):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return begin, begin + match.end()
    return begin, len(text)


def plain(text: str) -> str:
    r"""The formula without what only dresses it.

    >>> plain(r"\boxed{a} \tag{3}").split()
    ['a']
    >>> plain(r"a \overset{\text{Jensen}}{\geq} b").split()
    ['a', '\\geq', 'b']
    """
    text = CASES.sub(_cases, text.translate(FULL_WIDTH))
    text = BOLD_MACRO.sub(lambda bold: blanked(bold[0]), text)
    for match in NOISE.finditer(text):
        text = spaces(text, *match.span())
    for match in CONSTANT.finditer(text):
        text = spaces(text, match.start(1), match.end(2))
        text = text[: match.start(1)] + "const}_" + text[match.start(1) + 7 :]
    if text.strip().startswith("{") and not text[argument(text, 0)[1] :].strip():
        text = _bared(text, 0, *argument(text, 0))  # braces around the whole
    place = 0
    while command := COMMAND.search(text, place):
        text = _undressed(text, command)
        place = command.end() if text[command.start()] != " " else command.start() + 1
    return _one_sided(text)


def _cases(match: re.Match[str]) -> str:
    r"""With one sign for each part, so that its rows are none of the block's.

    >>> "".join(plain(r"\begin{cases} a & \text{if } b > 0 \\ c \end{cases}").split())
    '⌈a⌊b>0⌋c⌉'
    """
    start, stop = match.span("body" if match["body"] is not None else "rows")
    body = SAID.sub(lambda said: blanked(said[0]), match.string[start:stop])
    body = body.replace("&", "⌊").replace("\\\\", "⌋ ")
    body = re.sub(r"⌋(?=\s*$)", " ", body)
    opened, closed = start - match.start() - 1, match.end() - stop - 1
    return "⌈" + " " * opened + body + " " * closed + "⌉"


def _undressed(text: str, match: re.Match[str]) -> str:
    """One command and its arguments: dropped, unwrapped, or left alone."""
    name, begin, end = match[1], match.start(), match.end()
    if name in DROPPED:
        for _ in range(DROPPED[name]):
            end = argument(text, end)[1]
        return spaces(text, begin, end)
    if name == "scriptstyle" and "\\text" in text[slice(*argument(text, end))]:
        return spaces(text, begin, argument(text, end)[1])  # a small remark
    if name == "substack":
        low, high = argument(text, end)
        lines = text[low + 1 : high - 1].replace("\\\\", ", ")
        return f"{text[:begin]}{' ' * (low + 1 - begin)}{lines} {text[high:]}"
    if name.startswith("operatorname"):
        held = text[slice(*argument(text, end))]
        return _bared(text, begin, *argument(text, end)) if "\\mathbb" in held else text
    if name == "underset":
        low, high = argument(text, argument(text, end)[1])
        return (
            _bared(text, begin, low, high)
            if LONE_SIGN.fullmatch(text[low + 1 : high - 1])
            else text
        )
    if name in UNWRAPPED:
        low = end
        for _ in range(UNWRAPPED[name]):
            low, high = argument(text, end)
            end = high
        return _unwrapped(text, name, begin, low, end)
    return text


def _unwrapped(text: str, name: str, begin: int, low: int, high: int) -> str:
    r"""What a command draws, without it; `\underbrace` holds a sum together."""
    below = AFTER.match(text, high) if name.endswith(("brace", "bracket")) else None
    if below and (below[1] == "_") == name.startswith("under"):
        text = spaces(text, below.start(), argument(text, below.end())[1])
        if re.search(r"[+-]", text[low:high]):  # a sum: what it is part of must be clear
            return spaces(text, begin, low)
    over, held = text[begin:low], text[low:high].strip("{} ")
    if held == "=" and re.search(DEFINES, over):
        text = text[: high - 2] + ":=" + text[high:] if text[high - 1] != "=" else text
        return spaces(text, begin, high - 2)
    return _bared(text, begin, low, high)


def _bared(text: str, begin: int, low: int, high: int) -> str:
    """Without the command at `begin`, nor the braces of its argument."""
    text = spaces(text, begin, low)
    if text[low : low + 1] == "{" and text[high - 1] == "}":
        text = spaces(spaces(text, low, low + 1), high - 1, high)
    return text


def _one_sided(text: str) -> str:
    r"""`\right.` at a row's end and `\left.` at the next one's beginning draw nothing.

    `\left. f \right|_{x = 0}` stays: there f is taken at a point.
    """
    opened: list[re.Match[str]] = []
    for match in SIDES.finditer(text):
        if match[1] == "left":
            opened.append(match)
            continue
        before = opened.pop() if opened else None
        at = match[2] in ("|", "\\vert", "\\rvert")
        if match[2] == ".":
            text = spaces(text, *match.span())
            if before:  # \left\| p \right.
                text = spaces(text, before.start(), before.start(2))
        if before and before[2] == "." and not at:
            text = spaces(text, *before.span())
    for match in opened:
        if match[2] == ".":
            text = spaces(text, *match.span())
    return text


def at_braces(text: str) -> Iterator[tuple[str, bool]]:
    r"""What stands at a brace, as a formula with what the brace holds; is it a name only?

    >>> [(" ".join(claim.split()), name) for claim, name in
    ...  at_braces(r"b + \underbrace{a}_{\geq 0} + \underbrace{c}_{d}")]
    [('{a} \\geq 0', False), ('{c}= d', True)]
    """
    for match in COMMAND.finditer(text):
        low, high = argument(text, match.end())
        mark = AFTER.match(text, high)
        below = mark and (mark[1] == "_") == match[1].startswith("under")
        if not mark or not below or not match[1].endswith(("brace", "bracket")):
            continue
        begin, end = argument(text, mark.end())
        braced = text[begin] == "{"
        said = text[begin + braced : end - braced]
        for start, stop, _ in sorted(remarks(said)):
            said = spaces(said, start, stop)
        said = re.sub(r"(\s|\\[,;:! ]|\\q?quad(?![A-Za-z])|[.,;])+$", "", said)
        if not said.strip() or re.fullmatch(r"\s*\(\s*\w+\s*\)", said):
            continue
        named = not re.match(rf"\s*({SIGNS})", said)
        claim = blanked(text[:low]) + text[low:high] + blanked(text[high : mark.start(1)])
        claim += "=" if named else " "
        yield claim + blanked(text[mark.end(1) : begin + braced]) + said, named


def blanked(text: str) -> str:
    """As much space, on as many lines."""
    return spaces(text, 0, len(text))


# ---------------------------------------------------------------- what is said beside it
def remarks(text: str) -> Iterator[tuple[int, int, str]]:
    r"""Where a row of a block speaks instead of calculating, and what it says.

    >>> list(remarks(r"a = b \quad \text{by hand}"))
    [(12, 26, 'by hand')]
    >>> list(remarks(r"a = \text{loss}"))
    []
    """
    for match in COMMAND.finditer(text):
        if match[1] in TEXTS or match[1] == "mathrm":
            low, high = argument(text, match.end())
            words = text[low + 1 : high - 1]
            if _is_said(text[: match.start()], words, text[high:], match[1]):
                begin = match.start()
                if text[:begin].rstrip().endswith("(") and text[high:].lstrip()[:1] == ")":
                    begin = text.rindex("(", 0, begin)
                    high = text.index(")", high) + 1
                yield begin, high, words
    for match in (*NUMBERED.finditer(text), *FOREIGN.finditer(text)):
        yield *match.span(), match[0]


def _is_said(before: str, words: str, after: str, command: str) -> bool:
    """A word that is no name of the dialect, or several of them."""
    bare = words.strip("~ \n\t")
    before = re.sub(r"(\s|\\[,;:! ])+$", "", before)
    after = re.sub(r"^(\s|\\[,;:! ]|\\q?quad(?![A-Za-z]))+", "", after)
    if re.search(r"\\(therefore|implies|[A-Za-z]*ightarrow)\s*&?$", before) and (
        re.match(rf"&?\s*({SIGNS})", after)
    ):  # \\therefore \\text{evidence} \\geq
        return False
    if before[-1:] in ("_", "^") or not bare or bare.replace(" ", "") in WORD_NAMES:
        return False
    depth = len(re.findall(r"(?<!\\)\{", before)) - len(re.findall(r"(?<!\\)\}", before))
    if depth > 0:
        return False
    if JOINING.match(bare) or re.search(r"[^A-Za-z\s_-]", bare):
        return True
    if command == "mathrm" or after[:1] in ("(", "[", "_", "^"):
        return False
    if " " in bare:
        return True
    ends = not after or after[:1] in (".", ",", ";", ")", "\\") and after[:2] != "\\l"
    spaced = bool(re.search(r"quad$|\($", before))
    operand = before[-1:] not in OPENING and not re.search(rf"({SIGNS})$", before)
    return ends and (operand or spaced) and bool(before)
