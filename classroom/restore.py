"""A student's notebook, put back into the shape of the release.

Task marks and test cells always come from the release; from the student come the answers
and whatever they added. An answer is found by its id, and where that was lost by its place
and its text; also one that stands beside its place, above or below it, under the question
or in a test cell. A test comes where the student has it: what stands below does not count.
Nothing is executed, and nothing but text and pictures in it is taken over.
"""

import ast
import copy
import difflib
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

import nbformat
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from classroom.files import UTF_16
from classroom.words import later, say

MOST_BYTES = 20_000_000
MOST_CELLS = 1_000
MOST_CHARACTERS = 400_000  # of one cell
MOST_PICTURES = 8_000_000  # characters of them in one cell
# Characters of a student's Markdown that the renderer sees, whose time is quadratic: in one
# cell, and in all. What goes beyond is shown as it was typed.
MOST_RENDERED, MOST_RENDERED_IN_ALL = 6_000, 60_000
# MathJax makes links and styles of these, and a macro or a tab hides where a link leads.
RUNNING_TEX = re.compile(r"\\(href|mmlToken|style)(?![A-Za-z])")


BESIDE = later("{name} was written beside its place")


class Unreadable(Exception):
    """Not a notebook that can be graded; the message, with values for its names in braces,
    says why."""

    def __init__(self, message: str, **values: object):
        super().__init__(say(message, **values))


@dataclass
class Piece:
    """What is taken from a student's cell."""

    kind: str
    source: str
    grade_id: str = ""
    # name -> MIME -> data
    pictures: dict[str, dict[str, str]] = field(default_factory=dict)
    as_typed: bool = False  # too long to be rendered


def read_pieces(data: bytes) -> list[Piece]:
    """The cells of an uploaded notebook. Raises Unreadable, with a reason, or returns."""
    if len(data) > MOST_BYTES:
        size, room = round(len(data) / 1e6), round(MOST_BYTES / 1e6)
        raise Unreadable("{n} MB; at most {most} are read", n=size, most=room)
    if not data.strip():
        raise Unreadable("the file is empty")
    try:
        content = json.loads(_decoded(data))
    except RecursionError:
        raise Unreadable("it is not a notebook: it holds lists in lists in lists") from None
    except ValueError:
        begins = data.lstrip(b"\xef\xbb\xbf \r\n\t")[:2]
        if begins[:1] != b"{" and begins not in UTF_16:
            raise Unreadable("it is not a notebook") from None
        raise Unreadable("it was cut off on its way, or damaged") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if cells is None and isinstance(content, dict):  # notebooks of format 3 and before
        sheets = content.get("worksheets")
        sheet = sheets[0] if isinstance(sheets, list) and sheets else {}
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("it has no cells: is it a notebook?")
    pieces = [piece for cell in cells if (piece := _piece(cell)) and piece.source.strip()]
    if len(pieces) > MOST_CELLS:
        n, most = f"{len(pieces):,}", f"{MOST_CELLS:,}"
        raise Unreadable("{n} cells; at most {most} are read", n=n, most=most)
    return pieces


def _decoded(data: bytes) -> str:
    if data[:2] in UTF_16:
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _piece(cell: object) -> Piece | None:
    if not isinstance(cell, dict):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return None
    # What JSON can say and UTF-8 cannot: half of a surrogate pair.
    source = source.encode("utf-8", "replace").decode("utf-8")[:MOST_CHARACTERS]
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    grade_id = grade_id if isinstance(grade_id, str) else ""
    return Piece(kind, source, grade_id, _pictures(cell.get("attachments")))


def _pictures(attachments: object) -> dict[str, dict[str, str]]:
    """What was pasted into a text, such as the photograph of a page; nothing else."""
    kept: dict[str, dict[str, str]] = {}
    room = MOST_PICTURES
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        for mime, data in bundle.items() if isinstance(bundle, dict) else ():
            if is_picture(mime, data) and re.fullmatch(r"[\w.-]+", name):
                room -= len(data)
                if room >= 0:
                    kept[name] = {mime: data}
    return kept


def is_picture(mime: str, data: object) -> bool:
    """Whether it is one that a browser shows and does not run: base64, and no SVG."""
    return (
        mime in ("image/png", "image/jpeg")
        and isinstance(data, str)
        and not re.search(r"[^A-Za-z0-9+/=\s]", data)
    )


def grade_id(cell: NotebookNode) -> str:
    """nbgrader's name for a marked cell; empty for every other."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def is_answer(cell: NotebookNode) -> bool:
    """Whether a student writes in it."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_test(cell: NotebookNode) -> bool:
    """Whether it bears points, and is not the student's to write."""
    mark = cell.metadata.get("nbgrader", {})
    return bool(mark.get("grade") and not mark.get("solution"))


def likeness(pieces: list[Piece], release: NotebookNode) -> int:
    """How many cells of the release are in it: to tell two files of a student apart."""
    ids = {grade_id(cell) for cell in release.cells} - {""}
    texts = {bare(cell.source) for cell in release.cells}
    return sum(p.grade_id in ids or bare(p.source) in texts for p in pieces)


def belongs(pieces: list[Piece], release: NotebookNode) -> int:
    """How much of it can only be of this release: marked cells, tests, names to define."""
    own = [cell for cell in release.cells if is_answer(cell) or is_test(cell)]
    ids = {grade_id(cell) for cell in own}
    tests = {name for cell in own if (name := _probed(cell.source))}
    names = set().union(*(_defined(cell.source) for cell in own if is_answer(cell)))
    return sum(
        p.grade_id in ids
        or _probed(p.source) in tests
        or bool(p.kind == "code" and names & _defined(p.source))
        for p in pieces
    )


def n_answered(pieces: list[Piece], release: NotebookNode) -> int:
    """How many of its code cells and marked texts are not as they were handed out."""
    handed_out = {bare(cell.source) for cell in release.cells}
    return sum(
        bare(p.source) not in handed_out for p in pieces if p.kind == "code" or p.grade_id
    )


def restore(release: NotebookNode, pieces: list[Piece]) -> NotebookNode:
    """The release with the student's answers and additions in it, without outputs.

    What a teacher should know of it stands in its metadata, `classroom.notes`.
    """
    return _Restored(release, copy.deepcopy(pieces)).notebook()


class _Restored:
    """How the pieces of one notebook find their places in the release."""

    def __init__(self, release: NotebookNode, pieces: list[Piece]):
        self.release, self.pieces, self.notes = release, pieces, list[str]()
        self.cells = release.cells
        self.answers = [k for k, cell in enumerate(self.cells) if is_answer(cell)]
        self.gone: set[int] = set()  # pieces that went into another, or stand for nothing
        self.old_edition = _is_of_another_edition(release, pieces)
        if self.old_edition:
            self.notes.append(
                say("a test in it is not of this release: was another edition worked on?")
            )
        for piece in pieces:
            _as_text(piece)
        self.place = _places(release, pieces)
        self._join_halves()
        self.fixed = self._places_of_fixed()
        self.beside: dict[int, str] = {}  # code that a test cell held, by piece
        self._split_tests()
        self.waits: dict[int, set[int]] = {}  # an answer, and the pieces that define it
        self._definitions_beside()
        self._texts_beside()
        _limit_rendering(release, pieces)

    def _untouched(self, n: int) -> bool:
        return bare(self.pieces[n].source) == bare(self.cells[self.place[n]].source)

    def _join_halves(self) -> None:
        """A cell that was split, or copied, carries one id twice."""
        for n, k in sorted(self.place.items()):
            name, piece = grade_id(self.cells[k]), self.pieces[n]
            stub = bare(self.cells[k].source)
            for m, other in enumerate(self.pieces):
                if m == n or m in self.place or other.grade_id != name:
                    continue
                if bare(other.source) == stub:
                    self.gone.add(m)  # run below, it would take the answer away
                elif other.kind != self.cells[k].cell_type:
                    continue
                elif piece.kind == "markdown":
                    first, second = (piece, other) if n < m else (other, piece)
                    piece.source = f"{first.source}\n\n{second.source}"
                    piece.pictures |= other.pictures
                    self.gone.add(m)
                elif m > n and _parsed(piece.source) is None:
                    if _parsed(f"{piece.source}\n{other.source}"):
                        piece.source += f"\n{other.source}"
                        self.gone.add(m)

    def _places_of_fixed(self) -> dict[int, int]:
        """Which piece is a cell of the release that is not the student's to write."""
        fixed: dict[int, int] = {}
        for n, piece in enumerate(self.pieces):
            k = None if n in self.place else _place_of_fixed(piece, self.release)
            if k is not None:
                fixed[n] = k
        tests = {_probed(c.source): k for k, c in enumerate(self.cells) if is_test(c)}
        for n, piece in enumerate(self.pieces):  # edited, by an editor that lost the ids
            k = tests.get(_probed(piece.source)) if piece.kind == "code" else None
            free = n not in self.place and n not in fixed
            if k is not None and free and k not in fixed.values():
                fixed[n] = k
        return fixed

    def _split_tests(self) -> None:
        for n, k in self.fixed.items():
            cell, piece = self.cells[k], self.pieces[n]
            if is_test(cell) and bare(cell.source) != bare(piece.source):
                self.beside[n] = _beside_test(piece.source, cell.source)
                note = say("the test cell {name} was changed", name=grade_id(cell))
                if self.beside[n]:
                    note += say(": what it holds besides is run before it")
                self.notes.append(note)

    def _definitions_beside(self) -> None:
        """Functions that stand elsewhere: their stub, below them, would take them away."""
        sources = {
            n: self.beside.get(n, piece.source)
            for n, piece in enumerate(self.pieces)
            if piece.kind == "code" and n not in self.gone
        }
        definers: dict[str, list[int]] = {}
        for n, source in sources.items():
            for name in _defined(source) - _unwritten(source):
                definers.setdefault(name, []).append(n)
        given = {k: n for n, k in self.place.items()}
        for k in self.answers:
            if self.cells[k].cell_type != "code":
                continue
            place, stub = given.get(k), self.cells[k].source
            if place is None or self._untouched(place):
                own = _defined(stub)
            else:
                own = _unwritten(self.pieces[place].source)
            elsewhere = {
                name for name in own if any(m != place for m in definers.get(name, []))
            }
            if not elsewhere:
                continue
            self.notes.append(say(BESIDE, name=grade_id(self.cells[k])))
            self.waits[k] = {
                min(m for m in definers[name] if m != place) for name in elsewhere
            }
            if place is not None and own == elsewhere and self._untouched(place):
                self.pieces[place].source = "# The answer stands elsewhere."
            elif place is not None:
                self.pieces[place].source = _without(self.pieces[place].source, elsewhere)

    def _texts_beside(self) -> None:
        """Texts around an untouched place for a text: they are the answer, and move in."""
        for n, k in list(self.place.items()):
            cell = self.cells[k]
            if cell.cell_type != "markdown" or n in self.gone:
                continue
            untouched = self._untouched(n)
            derivation = cell.metadata.get("classroom", {}).get("derivation")
            if not untouched and not (
                derivation and not has_display(self.pieces[n].source)
            ):
                continue
            found = [*self._texts(range(n - 1, -1, -1), k)][::-1]
            found += self._texts(range(n + 1, len(self.pieces)), k)
            found = [(m, text) for m, text in found if untouched or has_display(text)]
            if not found and untouched:  # anywhere: a person will say whether it is that
                found = [
                    (m, piece.source)
                    for m, piece in enumerate(self.pieces)
                    if piece.kind == "markdown"
                    and not {m} & (self.place.keys() | self.fixed.keys() | self.gone)
                    and self._edited(piece) is None
                    and (
                        has_display(piece.source) if derivation else len(piece.source) > 40
                    )
                ]
            if not found:
                continue
            if not untouched:
                found.insert(0, (n, self.pieces[n].source))
            self.notes.append(say(BESIDE, name=grade_id(cell)))
            self.pieces[n].source = "\n\n".join(text for _, text in found)
            for m, _ in found:
                if m != n:
                    self.pieces[n].pictures |= self.pieces[m].pictures
                    self.gone.add(m)

    def _texts(self, order: range, k: int) -> Iterator[tuple[int, str]]:
        """The student's own texts in one direction, up to the next cell of the release."""
        texts = [j for j, c in enumerate(self.cells[:k]) if _is_fixed_text(c)]
        for m in order:
            piece = self.pieces[m]
            if m in self.place or (m in self.fixed and piece.kind == "code"):
                return
            if m in self.gone or piece.kind == "code":
                continue
            if m in self.fixed:
                return
            if (j := self._edited(piece)) is None:
                yield m, piece.source
                continue
            if texts and j == texts[-1]:  # the question, and more than it
                old = self.cells[j].source
                rest = [line for line in piece.source.splitlines() if line not in old]
                if has_display(piece.source):
                    yield m, FENCE.sub("", piece.source).strip()
                elif rest and bare(piece.source).startswith(bare(old)):
                    yield m, "\n".join(rest)
            return

    def _edited(self, piece: Piece) -> int | None:
        """Which text of the release it is, changed by the student or of another edition."""
        new = piece.source.splitlines()
        for j, cell in enumerate(self.cells):
            if _is_fixed_text(cell):
                old = cell.source.splitlines()
                same = sum(line in old for line in new if line.strip())
                heading = old[0].startswith("#") and old[0] in new
                if heading or same > 0.5 * sum(bool(line.strip()) for line in old):
                    return j
        return None

    def notebook(self) -> NotebookNode:
        """All of it, in the student's order."""
        given = {k: n for n, k in self.place.items()}
        ahead: dict[int, list[int]] = {}  # where the student has a cell of the release
        for n, k in self.fixed.items():
            ahead.setdefault(k, []).append(n)
        cells: list[NotebookNode] = []
        done: set[int] = set()
        passed: set[int] = set()

        def ready(k: int) -> bool:
            above = [a for a in self.answers if a < k]
            waits = set().union(*(self.waits.get(a, set()) for a in above))
            return waits <= passed and all(a in done for a in above if a in given)

        def emit(before: int, n: int) -> None:
            """The release's own cells up to `before`, at the piece `n`."""
            for k, cell in enumerate(self.cells):
                if k in done or k in given:
                    continue
                if k in self.answers:
                    if k < before:
                        done.add(k)
                        cells.append(_missing(cell))
                elif is_test(cell):
                    theirs = [m for m in ahead.get(k, []) if m <= n]
                    here = bool(theirs) or (k < before and k not in ahead)
                    if here and ready(k):
                        done.add(k)
                        cells.append(_clean(cell))
                elif k < before:
                    done.add(k)
                    cells.append(_clean(cell))

        for n, piece in enumerate(self.pieces):
            theirs = self.place.get(n, self.fixed.get(n))
            if theirs is not None:
                emit(theirs, n - 1)
            if n in self.gone:
                pass
            elif n in self.place:
                done.add(self.place[n])
                cells.append(_clean(self.cells[self.place[n]], piece))
            elif n in self.fixed:
                if self.beside.get(n):
                    cells.append(_extra(Piece("code", self.beside[n])))
                elif n not in self.beside and not _repeats(piece, self.release):
                    cells.append(_extra(piece))  # a given cell that was changed
            elif not _repeats(piece, self.release):
                cells.append(_extra(piece))
            passed.add(n)
            emit(0 if theirs is None else theirs + (n in self.fixed), n)
        emit(len(self.cells), len(self.pieces))
        done_late = [k for k in range(len(self.cells)) if k not in done and k not in given]
        cells += [_clean(self.cells[k]) for k in done_late]
        notebook = copy.deepcopy(self.release)
        notebook.cells = cells
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number:04d}"
        notebook.metadata["classroom"] = {"notes": self.notes, "old": self.old_edition}
        nbformat.validate(notebook)
        return notebook


PROBE = re.compile(r"^\s*probe\(\s*[\"']([\w-]+)[\"']", re.M)
DISPLAY = re.compile(r"\$\$|\\\[|\\begin\{")
FENCE = re.compile(r"^(```+|~~~+).*?^\1`*\s*$", re.M | re.S)


def has_display(text: str) -> bool:
    """Whether a formula stands in it on lines of its own, outside of code."""
    return bool(DISPLAY.search(FENCE.sub("", text)))


def _is_fixed_text(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and not is_answer(cell)


def _as_text(piece: Piece) -> None:
    """A derivation that was typed into a code cell is a text, and is not run."""
    source = re.sub(r"\A\s*%%(latex|markdown)", "", piece.source)
    formula = re.search(r"\$\$.+?\$\$|\\\[.+?\\\]|\\begin\{", source, re.S)
    if piece.kind == "code" and formula and not source.lstrip().startswith("%%"):
        if source != piece.source or _parsed(source) is None:
            piece.kind, piece.source = "markdown", source


def _parsed(source: str) -> ast.Module | None:
    """Its syntax tree, magics left out; None where it has none."""
    text = re.sub(r"^([ \t]*)[%!?].*$", r"\1pass", source[:100_000], flags=re.M)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _definitions(source: str) -> list[Definition]:
    tree = _parsed(source)
    return [node for node in tree.body if isinstance(node, Definition)] if tree else []


def _defined(source: str) -> set[str]:
    """The functions and classes that it defines, and names that it gives a function."""
    if tree := _parsed(source):
        lambdas = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        return lambdas | {node.name for node in _definitions(source)}
    return set(re.findall(r"^(?:def|class)\s+(\w+)", source, re.M))


def _unwritten(source: str) -> set[str]:
    """The functions in it that are as they were handed out: they raise, and do no more."""
    return {
        node.name
        for node in _definitions(source)
        for body in [node.body[1:] if ast.get_docstring(node) else node.body]
        if len(body) == 1
        and isinstance(body[0], ast.Raise)
        and "NotImplementedError" in ast.dump(body[0])
    }


def _without(source: str, names: set[str]) -> str:
    """The source, less these functions."""
    lines = source.splitlines()
    for node in reversed(_definitions(source)):
        if node.name in names:
            lines[_first(node) - 1 : node.end_lineno] = []
    return "\n".join(lines)


def _probed(source: str) -> str:
    """The task that a test cell probes; empty for another cell."""
    found = PROBE.search(source)
    return found[1] if found else ""


def _is_of_another_edition(release: NotebookNode, pieces: list[Piece]) -> bool:
    """Whether a marked test in it is not in the release, or tests another function: then
    answers may be right to other questions, and a person decides."""
    ours = {grade_id(c): _tested(c.source) for c in release.cells if is_test(c)}
    theirs = [p for p in pieces if p.grade_id and _probed(p.source)]
    return any(
        ours.get(p.grade_id) != _tested(p.source) for p in theirs if _tested(p.source)
    )


def _tested(source: str) -> str:
    """The function that a test cell hands to `probe`; empty where nobody can say."""
    tree = _parsed(source)
    for node in ast.walk(tree) if tree else ():
        named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "probe"
        if named and len(node.args) > 1:  # type: ignore[attr-defined]
            return ast.dump(node.args[1])  # type: ignore[attr-defined]
    return ""


def _beside_test(source: str, test: str) -> str:
    """What a student typed into a test cell, without the test."""
    tree, ours, lines = _parsed(source), _parsed(test), source.splitlines()
    if tree is None or ours is None:
        known = {line.strip() for line in test.splitlines()}
        return "\n".join(line for line in lines if line.strip() not in known)
    dumped = {ast.dump(node) for node in ours.body}
    theirs = [node for node in tree.body if ast.dump(node) not in dumped]
    texts = ["\n".join(lines[_first(node) - 1 : node.end_lineno]) for node in theirs]
    return "\n".join(text for text in texts if not PROBE.search(text))


def _first(node: ast.stmt) -> int:
    """The line on which a statement begins, with its decorators."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _limit_rendering(release: NotebookNode, pieces: list[Piece]) -> None:
    handed_out = {cell.source for cell in release.cells}
    total = 0
    for piece in pieces:
        if piece.kind == "markdown" or piece.grade_id:
            total += len(piece.source) * (piece.source not in handed_out)
        piece.as_typed = len(piece.source) > MOST_RENDERED or total > MOST_RENDERED_IN_ALL


def bare(source: str) -> str:
    """Without blanks."""
    return re.sub(r"\s+", "", source)


def _repeats(piece: Piece, release: NotebookNode) -> bool:
    """Whether it stands in for a cell that the release brings anyway."""
    text = bare(piece.source)
    return any(
        bare(cell.source) == text or (is_test(cell) and grade_id(cell) == piece.grade_id)
        for cell in release.cells
        if not is_answer(cell)
    )


def _places(release: NotebookNode, pieces: list[Piece]) -> dict[int, int]:
    """Which cell of the release each of the student's answers belongs to."""
    answers = {grade_id(c): k for k, c in enumerate(release.cells) if is_answer(c)}
    place: dict[int, int] = {}
    for n, piece in enumerate(pieces):
        k = answers.get(piece.grade_id)
        if k is None or piece.kind != release.cells[k].cell_type:
            continue
        # A copied cell carries the id, too. The one that was worked on is the answer.
        earlier = next((m for m, other in place.items() if other == k), None)
        if earlier is None:
            place[n] = k
        elif bare(pieces[earlier].source) == bare(release.cells[k].source):
            del place[earlier]
            place[n] = k
    lost = [k for k in answers.values() if k not in place.values()]
    known = {grade_id(c) for c in release.cells} - {""}
    for number, k in enumerate(lost):
        window = _window(release, pieces, k, place)
        n_later = sum(
            _window(release, pieces, other, place) == window
            and release.cells[other].cell_type == release.cells[k].cell_type
            for other in lost[number + 1 :]
        )
        candidates = [
            n
            for n in range(window[0] + 1, window[1])
            if n not in place
            and pieces[n].kind == release.cells[k].cell_type
            and pieces[n].grade_id not in known
            and not _repeats(pieces[n], release)
        ]
        # Answers stand in their order: leave enough of them for those that follow.
        candidates = candidates[: max(1, len(candidates) - n_later)]
        scores = {n: _score(pieces[n], release.cells[k]) for n in candidates}
        best = max(scores, key=scores.__getitem__, default=None)
        if best is not None and scores[best] > 0.1:
            place[best] = k
    return place


def _window(
    release: NotebookNode, pieces: list[Piece], k: int, place: dict[int, int]
) -> tuple[int, int]:
    """Between which pieces the answer `k` is to be expected, both ends left out."""
    low, high = -1, len(pieces)
    for n, piece in enumerate(pieces):
        other = place.get(n, _place_of_fixed(piece, release))
        if other is not None and other < k:
            low = max(low, n)
        elif other is not None and other > k:
            high = min(high, n)
    return (low, high) if low < high else (-1, len(pieces))  # things were moved about


def _score(piece: Piece, cell: NotebookNode) -> float:
    """How much a piece looks like the answer to a cell: names that it defines, likeness."""
    text, stub = piece.source[:4000], cell.source[:4000]
    defined = set(re.findall(r"^\s*(?:def|class)\s+(\w+)", stub, re.M))
    named = sum(bool(re.search(rf"\b{name}\b", text)) for name in defined)
    like = difflib.SequenceMatcher(None, text, stub, autojunk=False).ratio()
    return like + named + (cell.cell_type == "markdown")


def _place_of_fixed(piece: Piece, release: NotebookNode) -> int | None:
    text = bare(piece.source)
    for k, cell in enumerate(release.cells):
        same_id = piece.grade_id and grade_id(cell) == piece.grade_id
        if not is_answer(cell) and (same_id or bare(cell.source) == text):
            return k
    return None


def _clean(cell: NotebookNode, answer: Piece | None = None) -> NotebookNode:
    new = copy.deepcopy(cell)
    if answer and new.cell_type == "code":
        new.source = answer.source
    elif answer:
        new.source = _harmless(answer)
        new.attachments = nbformat.from_dict(answer.pictures)
    if new.cell_type == "code":
        new.outputs, new.execution_count = [], None
    return new


def _missing(cell: NotebookNode) -> NotebookNode:
    """In place of an answer that is not there. Not the stub: it would define a function
    anew that the student may have put elsewhere."""
    text = "This answer was not found in the notebook that was handed in."
    marked = f"# {text}" if cell.cell_type == "code" else f"*{text}*"
    return _clean(cell, Piece(cell.cell_type, marked))


def _extra(piece: Piece) -> NotebookNode:
    if piece.kind == "code":
        return nbformat.v4.new_code_cell(piece.source)
    return nbformat.v4.new_markdown_cell(
        _harmless(piece), attachments=nbformat.from_dict(piece.pictures)
    )


def _harmless(piece: Piece) -> str:
    """No HTML and no link that runs: a script would run in Formgrader, as the grader.

    What nbconvert then cannot show, or still makes a running link of, stands there as it
    was typed. `< b` is the same in mathematics.
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", piece.source)
    text = re.sub(r"(?i)(javascript|vbscript|data(?=:\w+/))\s*:", r"\1 :", text)
    if not piece.as_typed and not RUNNING_TEX.search(unescape(text)):
        try:
            renderer = IPythonRenderer(escape=False, attachments=piece.pictures)
            page = unescape(MarkdownWithMath(renderer=renderer).render(text))
            runs = re.search(r"(?i)(javascript|vbscript|data):(?=\S)(?!image/)", page)
            # Showing a picture from elsewhere would fetch it, with the grader's cookies.
            fetches = re.search(r"(?i)<img[^>]*\ssrc=\"(?!data:image/)", page)
            if not runs and not fetches:
                return text
        except Exception:  # such as a picture that is not there
            pass
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`*", text))))
    return f"{fence}text\n{text}\n{fence}"


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Its code cells, each with its place among all cells."""
    for k, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            yield k, cell
