"""What changed from one line of a derivation to the next, as a reader would mark it.

`derivations.lines` marks the parts that the neighbour lacks. Where two of them stand close
to each other, what is between them is marked as well; and where one term of several takes
the place of another, both are marked as a whole.
"""

import re
from itertools import pairwise

from derivations.lines import Line

# A stretch between two changes that has no more signs than this changes with them.
FEW = 8
CHANGE = re.compile(r"\\class\{(new|gone)\}\{")
SIGNS = re.compile(r"\\\||\\[A-Za-z]+|[^\s{}_^\\]")
UNSEEN = {"\\left", "\\right", "\\mathrm", "\\mathbb", "\\mathcal", "\\mathbf"}
SCRIPT = re.compile(r"(\s*[_^](\{[^{}]*\}|\\[A-Za-z]+|\w))+")
HEAD = re.compile(r"(\\[A-Za-z]+|[A-Za-z])([_^](\{[^{}]*\}|\w))*\Z")


def closing(text: str, place: int) -> int:
    """Where the brace that is open at a place is closed."""
    depth = 1
    for found in re.compile(r"\\.|[{}]", re.S).finditer(text, place):
        depth += (found[0] == "{") - (found[0] == "}")
        if not depth:
            return found.start()
    return len(text)


def joined(latex: str) -> str:
    r"""The marks of a piece, without short gaps: what stands between two of them lights up.

    >>> joined(r"\class{new}{D}(q \| \class{new}{p})")
    '\\class{new}{D(q \\| p)}'
    >>> joined(r"\class{new}{a} + \class{new}{b}")
    '\\class{new}{a} + \\class{new}{b}'
    """
    for first in CHANGE.finditer(latex):
        inner = closing(latex, first.end())
        for second in CHANGE.finditer(latex, inner + 1):
            between = latex[inner + 1 : second.start()]
            if braces(between) < 0 or len(signs_of(between)) > FEW:
                break
            if second[1] != first[1] or braces(between):
                continue
            end = closing(latex, second.end()) + 1
            whole = extent(latex, first.start(), end)
            if whole is None or parted(latex[slice(*whole)]) or torn(latex[slice(*whole)]):
                break
            begin, end = whole
            inside = unmarked(latex[begin:end], first[1])
            return joined(f"{latex[:begin]}{first[0]}{inside}}}{latex[end:]}")
    return latex


def signs_of(latex: str) -> list[str]:
    found = SIGNS.findall(re.sub(r"\\class\{\w+\}|\\[,;:! ]", "", latex))
    return [sign for sign in found if sign not in UNSEEN]


def braces(latex: str) -> int:
    """How many more braces are opened than closed; below 0 if an outer one is closed."""
    depth = least = 0
    for sign in re.findall(r"\\.|[{}]", latex, re.S):
        depth += (sign == "{") - (sign == "}")
        least = min(least, depth)
    return least or depth


BRACKETS = re.compile(r"\\left\s*\\?.|\\right\s*\\?.|\\[A-Za-z]+|\\.|[()\[\]{}]")


def extent(latex: str, begin: int, end: int) -> tuple[int, int] | None:
    """From one mark to another, with the brackets that one of them opens or closes."""
    depth = outer = 0
    for found in BRACKETS.finditer(latex, begin):
        sign = found[0]
        if found.start() >= end and depth == 0:
            break
        opens = sign in "([" or sign.startswith("\\left")
        closes = sign in ")]" or sign.startswith("\\right")
        outer += (sign == "{") - (sign == "}")
        depth += opens - closes
        if depth < 0 or outer < 0:
            return None
        end = max(end, found.end()) if closes or sign in "{}" else end
    if depth or outer:
        return None
    if re.match(r"\\class\{\w+\}\{\(", latex[begin:]):  # p and what it is a density of
        head = HEAD.search(latex, 0, begin)
        begin = head.start() if head else begin
    raised = SCRIPT.match(latex, end)  # which would else stand on all that is marked
    return begin, raised.end() if raised else end


def torn(latex: str) -> bool:
    r"""Is a \left here whose \right is elsewhere, or the other way round?

    >>> torn(r"D(q \right.")
    True
    """
    depth = 0
    for sign in re.findall(r"\\(left|right)(?![A-Za-z])", latex):
        depth += 1 if sign == "left" else -1
        if depth < 0:
            return True
    return depth > 0


def parted(latex: str) -> bool:
    """Is there a sign that adds, outside of brackets? Then it is more than one term."""
    flat = re.sub(r"\\(left|right)", "", latex)
    while (less := re.sub(r"\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]", "", flat)) != flat:
        flat = less
    return bool(re.search(r"(?<!^)[+=-]", flat))


def unmarked(latex: str, name: str) -> str:
    """Without the marks of one name, which a mark around them says already."""
    opens = rf"\class{{{name}}}{{"
    while (begin := latex.find(opens)) >= 0:
        end = closing(latex, begin + len(opens))
        latex = latex[:begin] + latex[begin + len(opens) : end] + latex[end + 1 :]
    return latex


Pieces = str | list | dict[str, str]


def with_joined(piece: Pieces) -> Pieces:
    if isinstance(piece, list):
        return [with_joined(part) for part in piece]
    if isinstance(piece, dict):
        return piece | {"latex": joined(piece["latex"])}
    return joined(piece)


def terms(piece: Pieces) -> list[Pieces]:
    return piece if isinstance(piece, list) else [piece]


def bare(piece: Pieces) -> str:
    """What a term says, without its marks and the sign before it."""
    if isinstance(piece, list):
        return " ".join(map(bare, piece))
    text = piece["latex"] if isinstance(piece, dict) else piece
    for name in ("new", "gone"):
        text = unmarked(text, name)
    return re.sub(r"[{}\s]|\\[,;:!]", "", text).lstrip("+-")


def all_of(piece: Pieces, name: str) -> bool:
    """Is a term marked as a whole?"""
    if isinstance(piece, dict):
        return name in piece["marks"].split()
    found = re.fullmatch(r"(?:\{\}\s*)?[+-]?\s*\\class\{(\w+)\}\{(.*)", str(piece), re.S)
    return bool(found and found[1] == name and closing(found[2], 0) == len(found[2]) - 1)


def replaced(above: dict, below: dict) -> None:
    """Where one term of several was replaced by another, both light up as a whole."""
    old, new = terms(above["right"]), terms(below["right"])
    known = {bare(term) for term in old} & {bare(term) for term in new}
    rest = [[i for i, t in enumerate(side) if bare(t) not in known] for side in (old, new)]
    if not known or [len(places) for places in rest] != [1, 1]:
        return
    (i,), (j,) = rest
    if all_of(new[j], "new") and isinstance(old[i], str):
        above["right"] = [*old[:i], {"latex": unmarked(old[i], "gone"), "marks": "gone"},
                          *old[i + 1 :]]  # fmt: skip
    elif all_of(old[i], "gone") and isinstance(new[j], str):
        below["right"] = [*new[:j], {"latex": unmarked(new[j], "new"), "marks": "new"},
                          *new[j + 1 :]]  # fmt: skip


def as_shown(lines: list[Line]) -> list[dict]:
    """The lines of a display for the page, with marks that a reader can follow."""
    shown = [line.as_json() for line in lines]
    for line in shown:
        for side in {"left", "right"} & line.keys():
            line[side] = with_joined(line[side])
    for above, below in pairwise(shown):
        if "left" not in below:
            replaced(above, below)
    return shown
