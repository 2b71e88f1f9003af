r"""A display equation as its lines, and where a narrow page may break them.

The lines are the checker's own: a relation sign and what stands to its right. A line may
break where its tree says so: before a sign that adds, between factors, after a comma. And
the trees of two neighbours say what changed: the parts of one that the other lacks.

All of it is LaTeX for a page to typeset, piece by piece. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token, Tree

from .block import ROW_END, read_block
from .read import ReadingError, Statement, blank, parts
from .surface import NOISE, SIDES

WIDEST = 13.5  # em: a piece that is not wider stays whole
NARROW = 8.0  # em: and so do brackets with no more in them
LEAST = 2.0  # em: a factor or a term that is not wider does not stand on a line alone
SPACE = r"(?:\s|~|\\[,;:! ]|\\q?quad(?![A-Za-z]))"
# what dresses a formula and says nothing, where two of them are compared
DRESS = re.compile(rf"{SPACE}|\\(left|right|[bB]igg?[lrm]?)(?![A-Za-z])")
# what a sign takes of a line, in em; everything else is a letter or a bracket
WIDTHS = {
    "SIGN": 1.25, "TIMES": 0.8, "ODOT": 1.2, "SLASH": 0.5, "COMMA": 0.45, "SEMICOLON": 0.45,
    "MID": 0.8, "PARALLEL": 1.1, "SUM": 1.4, "INT": 1.0, "DIFF": 0.6, "SIM": 1.3,
    "DOTS": 1.2, "FRAC": 0.25, "SQRT": 0.85, "STYLE": 0.0, "ACCENT": 0.0, "SUB": 0.0,
    "SUPER": 0.0,
}  # fmt: skip
LETTER, WORD, SMALL = 0.56, 0.5, 0.72
LAST = re.compile(r"\s*(\\\\|\\end\s*\{aligned\})")  # the end of a row
DRESSED = re.compile(r"\\(math[a-z]+|bm|boldsymbol|vec|operatorname\*?)\s*\Z")
ARGUMENT = re.compile(r"([_^]|\\[A-Za-z]*frac)\s*\Z")
ATTACHED = {"letter", "word", "accent", "style", "constant"}  # a bracket behind these

BRACKETED = {"group", "absolute", "norm", "at", "braced"}
HOLDING = BRACKETED | {"fraction", "over", "root"}


@dataclass(frozen=True)
class Piece:
    r"""A part of a line: LaTeX that stays together, or parts between which it may break.

    `marks` says what the whole piece is: `new`, which the line above does not have, or
    `gone`, which the line below has no longer. A smaller part is marked in the LaTeX, by
    `\class`.
    """

    latex: str = ""
    parts: tuple[Piece, ...] = ()
    marks: str = ""

    def as_json(self) -> str | list | dict[str, str]:
        """For a page: a string, the list of its parts, or a string with its marks."""
        if self.parts:
            return [part.as_json() for part in self.parts]
        return {"latex": self.latex, "marks": self.marks} if self.marks else self.latex


@dataclass(frozen=True)
class Line:
    """A relation of a display: its left side where a statement begins, its sign, its right.

    `tail` is what stands behind: over what is sampled, or where it holds.
    """

    sign: str
    right: Piece
    left: Piece | None = None
    tail: str = ""
    says: str = ""  # the whole, as it is typed

    def as_json(self) -> dict[str, object]:
        """For a page; what is empty is left out."""
        left = self.left.as_json() if self.left else ""
        facts = {"left": left, "sign": self.sign, "right": self.right.as_json()}
        facts |= {"tail": self.tail, "says": self.says}
        return {name: fact for name, fact in facts.items() if fact}


@dataclass(frozen=True)
class _Side:
    """A side of a relation: its tree, and where it stands in the text."""

    text: str
    tree: Tree[Token]
    offset: int

    def place(self, tree: Tree[Token] | Token) -> tuple[int, int]:
        """Where a part stands."""
        meta = tree.meta if isinstance(tree, Tree) else tree
        begin, end = self.offset + (meta.start_pos or 0), self.offset + (meta.end_pos or 0)
        if isinstance(tree, Tree):  # the brace at its end may have been no token
            for _ in range(_depth(self.text[begin:end])):
                end += len(self.text[end:].partition("}")[0]) + 1
            if dress := DRESSED.search(self.text[:begin]):  # nor the command before it
                begin = dress.start()
        return begin, end

    def bare(self, tree: Tree[Token]) -> str:
        """What a part says, without what only dresses it."""
        return DRESS.sub("", self.text[slice(*self.place(tree))])


@dataclass
class _Draft:
    """A line before its sides are cut into pieces."""

    left: _Side | None
    sign: tuple[int, int]
    right: _Side
    end: int  # where the next line begins


def lines_of(source: str) -> list[Line]:
    r"""The lines of a display equation, in order; none where it cannot be cut apart.

    >>> one, two = lines_of(r"a &= b + c \\ &\leq d \quad (d \sim p(d))")
    >>> one.sign, one.right.latex, one.says
    ('=', 'b + c', 'a = b + c')
    >>> two.sign, two.right.latex, two.tail
    ('\\leq', 'd', '(d \\sim p(d))')
    """
    try:
        block = read_block(source)
    except ReadingError:
        return []
    text = re.sub(r"(?<!\\)%[^\n]*", blank, block.source)
    text = ROW_END.sub(blank, NOISE.sub(blank, text)).replace("&", " ")
    drafts = list(_drafts(text, block.lines))
    cuts = [cut for d in drafts for cut in (*d.sign, *d.right.place(d.right.tree), d.end)]
    if not drafts or any(_depth(text[:cut]) for cut in cuts):
        return []  # a brace would be torn apart
    return list(_finished(text, drafts))


def with_numbers(source: str) -> str:
    r"""The same display with a number behind each line, as a notebook shows it.

    Only what is aligned has a column for that; anything else comes back as it is.

    >>> print(with_numbers(r"\begin{aligned} a &= b \\ &= c \end{aligned}"))
    \begin{aligned} a &= b && \text{(1)} \\ &= c && \text{(2)} \end{aligned}
    """
    try:
        block = read_block(source)
    except ReadingError:
        return source
    text = re.sub(r"(?<!\\)%[^\n]*", blank, block.source)
    numbers: dict[int, list[int]] = {}
    for number, draft in enumerate(_drafts(text, block.lines), start=1):
        end = LAST.search(text, draft.right.place(draft.right.tree)[0])
        if end is None or block.source != source:
            return source
        numbers.setdefault(end.start(), []).append(number)
    for place, found in sorted(numbers.items(), reverse=True):
        row = source[:place].rstrip()
        names = ", ".join(map(str, found))
        source = rf"{row} && \text{{({names})}}{source[len(row) :]}"
    return source


def _drafts(text: str, statements: list[Statement]) -> Iterator[_Draft]:
    starts = [*(statement.offset for statement in statements[1:]), len(text)]
    left: _Side | None = None
    for statement, end in zip(statements, starts, strict=True):
        found: list[_Draft] = []
        begin = statement.offset
        for child in _children(statement.tree) if statement.tree else ():
            if not isinstance(child, Tree) or child.data != "side":
                continue
            side = _Side(text, child, statement.offset)
            start, stop = side.place(child)
            if statement.first is not None and begin == statement.offset:
                left = side
            else:
                found.append(_Draft(left, (begin, start), side, stop))
                left = None
            begin = stop
        if found:
            found[-1].end = end
        yield from found


def _children(tree: Tree[Token]) -> list[Tree[Token] | Token]:
    """What a rule holds and is there: a factor without scripts has none."""
    found = filter(None, parts(tree))
    return [child for child in found if not (isinstance(child, Tree) and child.meta.empty)]


def _depth(text: str) -> int:
    """How many braces are open."""
    found = re.findall(r"\\.|[{}]", text, re.S)
    return sum((sign == "{") - (sign == "}") for sign in found)


def _finished(text: str, drafts: list[_Draft]) -> Iterator[Line]:
    marks: dict[int, list[_Mark]] = {}
    above: _Side | None = None
    for draft in drafts:
        above = draft.left or above
        if above is not None and len(drafts) > 1:
            for mark, side, other in (
                ("new", draft.right, above),
                ("gone", above, draft.right),
            ):
                places = marks.setdefault(id(side), [])
                places += [(*side.place(part), mark) for part in _changed(side, other)]
        above = draft.right
    for draft in drafts:
        stop = draft.right.place(draft.right.tree)[1]
        sign, tail = _tidy(text[slice(*draft.sign)]), _tidy(text[stop : draft.end])
        left = _cut(draft.left, marks) if draft.left else None
        right = _cut(draft.right, marks)
        typed = [draft.left, draft.right]
        sides = [
            _tidy(text[slice(*side.place(side.tree))]) if side else "" for side in typed
        ]
        says = " ".join(filter(None, [sides[0], sign, sides[1], tail]))
        yield Line(sign, right, left, tail, says)


def _tidy(latex: str) -> str:
    """On one line, without space at its ends."""
    latex = " ".join(latex.split())
    return re.sub(rf"^({SPACE})+|(({SPACE})|(?<=\\) )+$", "", latex)


# ---------------------------------------------------------------- where a line may break
_Mark = tuple[int, int, str]  # begin, end, name


def _cut(side: _Side, marks: dict[int, list[_Mark]]) -> Piece:
    begin, end = side.place(side.tree)
    text, own = side.text, marks.get(id(side), [])
    places = sorted({
        (place, rank)
        for place, rank in _breaks(side, side.tree, 0)
        if begin < place < end and not _depth(text[begin:place])
    })  # fmt: skip
    return _parted(side, begin, end, places, own)


def _parted(
    side: _Side, begin: int, end: int, places: list[tuple[int, int]], marks: list[_Mark]
) -> Piece:
    """Break where the rank is lowest, and what is still too wide again."""
    inside = [(place, rank) for place, rank in places if begin < place < end]
    if not inside or sum(_widths(side, side.tree, begin, end)) <= WIDEST:
        return _leaf(side, begin, end, marks)
    kept = [
        (place, rank)
        for place, rank in inside
        if sum(_widths(side, side.tree, begin, place)) > LEAST
    ]
    least = min(rank for _, rank in kept or inside)
    cuts = [begin, *(place for place, rank in kept or inside if rank == least), end]
    found = [
        _parted(side, low, high, inside, marks)
        for low, high in zip(cuts, cuts[1:], strict=False)
    ]
    return Piece(parts=tuple(found))


def _breaks(side: _Side, tree: Tree[Token], rank: int) -> Iterator[tuple[int, int]]:
    """Where a line may break, and how reluctantly: deeper brackets count two each."""
    children = _children(tree)
    kinds = [child.data if isinstance(child, Tree) else child.type for child in children]
    if tree.data in ("fraction", "root", "scripts", "accent", "style", "over"):
        return  # what stands in braces stays whole
    for i, (child, kind) in enumerate(zip(children, kinds, strict=True)):
        start, stop = side.place(child)
        before = kinds[i - 1] if i else ""
        if kind == "SIGN" and i:
            yield start, rank
        elif kind == "operation":
            yield start, rank + 1
        elif kind in ("COMMA", "separator") and i + 1 < len(children):
            sign = side.text[start:stop].strip()
            after, late = sign in (",", ";"), sign in ("\\mid", "|")
            yield (stop if after else start), rank + (4 if late else 1)
        elif i and before != "operation" and _may_part(children[i - 1], child):
            yield start, rank + 1
        if not isinstance(child, Tree):
            continue
        if kind not in BRACKETED:
            yield from _breaks(side, child, rank)
        elif sum(_widths(side, child, start, stop)) > NARROW:
            yield from _breaks(side, child, rank + 2)


def _may_part(before: Tree[Token] | Token, factor: Tree[Token] | Token) -> bool:
    """May a product break between these two?"""
    if not (isinstance(before, Tree) and isinstance(factor, Tree)):
        return False
    if factor.data in ("sum", "integral", "front", "function", "reach"):
        return before.data == "factors"
    if factor.data != "factor" or before.data != "factor":
        return False
    kinds = [parts(tree)[0].data for tree in (before, factor)]
    return kinds[1] in ("group", "fraction", "root") and kinds[0] not in ATTACHED


def _widths(
    side: _Side, tree: Tree[Token], begin: int, end: int, scale: float = 1.0
) -> Iterator[float]:
    """What stands between two places takes about so much of a line, in em."""
    children = _children(tree)
    if tree.data in ("fraction", "over"):
        stacked = [
            list(_widths(side, c, begin, end, scale))
            for c in children
            if isinstance(c, Tree)
        ]
        yield max(map(sum, stacked), default=0.0)
        return
    smaller = scale * SMALL if tree.data == "scripts" else scale
    for child in children:
        if isinstance(child, Tree):
            yield from _widths(side, child, begin, end, smaller)
        elif begin <= side.place(child)[0] < end:
            letters = len(re.sub(r"\\[a-z]+\s*\{|[\\{}\s]", "", child))
            wide = (
                WORD * letters
                if child.type in ("WORD", "FUNCTION", "NUMBER", "BEST")
                else LETTER
            )
            yield smaller * WIDTHS.get(child.type, wide)


# ---------------------------------------------------------------- a piece as LaTeX
def _leaf(side: _Side, begin: int, end: int, marks: list[_Mark]) -> Piece:
    text = side.text
    whole = {name for low, high, name in marks if low <= begin and end <= high}
    inserted: list[tuple[int, int, int, str]] = []
    for low, high, name in marks:
        if not (begin <= low and high <= end) or (low, high) == (begin, end):
            continue
        # an argument stays one: \\frac12, x_1
        braced = text[low] == "{" or ARGUMENT.search(text[begin:low])
        opens, closes = ("{", "}}") if braced else ("", "}")
        inserted.append((low, 1, low - high, rf"{opens}\class{{{name}}}{{"))
        inserted.append((high, 0, high - low, closes))
    latex, place = "", begin
    for at, _, _, sign in sorted(inserted):
        latex, place = latex + text[place:at] + sign, at
    latex = _tidy(latex + text[place:end])
    if begin > side.place(side.tree)[0]:  # the space that stands between the two
        latex = ("\\, " if text[:begin].rstrip()[-1:] in ",;" else "{} ") + latex
    before, after = _held(side, begin, end)
    return Piece(before + latex + after, marks=" ".join(sorted(whole)))


def _held(side: _Side, begin: int, end: int) -> tuple[str, str]:
    r"""What makes brackets whole that a break tears apart, and keeps their size.

    The half that is missing is not drawn, and what stands between both is there unseen.
    """
    before, after = "", ""
    opened: list[re.Match[str]] = []
    low, high = side.place(side.tree)
    for match in SIDES.finditer(side.text, low, high):
        if match[1] == "left":
            opened.append(match)
        elif opened:
            first = opened.pop()
            unseen = rf"\vphantom{{{_tidy(side.text[first.end() : match.start()])}}}"
            if first.start() < begin <= match.start() < end:
                before = rf"\left. {unseen} " + before
            elif begin <= first.start() < end <= match.start():
                after = after + rf" {unseen} \right."
    return before, after


# ---------------------------------------------------------------- what changed
def _changed(side: _Side, other: _Side) -> list[Tree[Token]]:
    """The largest parts of a side that the other does not have.

    A part whose own parts all stand there as well is new as a whole; but brackets are not,
    where only what is around them is.
    """
    known = {other.bare(tree) for tree in other.tree.iter_subtrees() if not tree.meta.empty}

    def walk(tree: Tree[Token]) -> list[Tree[Token]]:
        if side.bare(tree) in known:
            return []
        children = [child for child in _children(tree) if isinstance(child, Tree)]
        if tree.data == "factor" and children and children[0].data not in HOLDING:
            return [tree]  # a letter and its scripts are one
        found = [part for child in children for part in walk(child)]
        fresh = [child for child in children if child in found]
        if tree.data in ("scripts", "operation", "separator"):
            return []
        if found and len(fresh) < len(children):
            return found
        if not found and tree.data in ("group", "side"):
            return []
        return [tree]

    return walk(side.tree)
