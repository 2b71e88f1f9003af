"""A student's notebook, put back into the shape of the release.

Task marks and test cells always come from the release; from the student come the answers
and whatever they added. An answer is found by its id, and where that was lost by its place
and its text. Nothing is executed, and nothing but text and pictures in it is taken over.
"""

import copy
import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

import nbformat
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

MOST_BYTES = 20_000_000
MOST_CELLS = 1_000
MOST_CHARACTERS = 400_000  # of one cell
MOST_PICTURES = 8_000_000  # characters of them in one cell
# Characters of a student's Markdown that the renderer sees, whose time is quadratic: in one
# cell, and in all. What goes beyond is shown as it was typed.
MOST_RENDERED, MOST_RENDERED_IN_ALL = 6_000, 60_000
# MathJax makes links and styles of these, and a macro or a tab hides where a link leads.
RUNNING_TEX = re.compile(r"\\(href|mmlToken|style)(?![A-Za-z])")


class Unreadable(Exception):
    """Not a notebook that can be graded; the message says why."""


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
        raise Unreadable(
            f"{len(data) / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} are read"
        )
    if not data.strip():
        raise Unreadable("the file is empty")
    try:
        content = json.loads(_decoded(data))
    except RecursionError:
        raise Unreadable("its JSON is nested too deeply") from None
    except ValueError as error:
        if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(
            (b"{", b"\xff\xfe", b"\xfe\xff")
        ):
            raise Unreadable("it is not a notebook: no JSON") from None
        raise Unreadable(f"it was cut off or damaged: {error}"[:200]) from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if cells is None and isinstance(content, dict):  # notebooks of format 3 and before
        sheets = content.get("worksheets")
        sheet = sheets[0] if isinstance(sheets, list) and sheets else {}
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("it has no cells: is it a notebook?")
    pieces = [piece for cell in cells if (piece := _piece(cell)) and piece.source.strip()]
    if len(pieces) > MOST_CELLS:
        raise Unreadable(f"{len(pieces):,} cells; at most {MOST_CELLS:,} are read")
    return pieces


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
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
    texts = {_bare(cell.source) for cell in release.cells}
    return sum(p.grade_id in ids or _bare(p.source) in texts for p in pieces)


def n_answered(pieces: list[Piece], release: NotebookNode) -> int:
    """How many of its code cells and marked texts are not as they were handed out."""
    handed_out = {_bare(cell.source) for cell in release.cells}
    return sum(
        _bare(p.source) not in handed_out for p in pieces if p.kind == "code" or p.grade_id
    )


def restore(release: NotebookNode, pieces: list[Piece]) -> NotebookNode:
    """The release with the student's answers and additions in it, without outputs."""
    place = _places(release, pieces)
    beside = _texts_beside(release, pieces, place)
    _limit_rendering(release, pieces)
    answers = [k for k, cell in enumerate(release.cells) if is_answer(cell)]
    given = set(place.values())
    cells: list[NotebookNode] = []
    done: set[int] = set()

    def emit_fixed(before: int) -> None:
        """The release's own cells up to `before`; tests wait for the answers above them."""
        for k in range(before):
            waits = is_test(release.cells[k]) and any(
                a < k and a in given and a not in done for a in answers
            )
            if k not in done and k not in answers and not waits:
                done.add(k)
                cells.append(_clean(release.cells[k]))
            if k in answers and k not in given and k not in done:
                done.add(k)
                cells.append(_missing(release.cells[k]))

    for n, piece in enumerate(pieces):
        if n in place:
            k = place[n]
            emit_fixed(k)
            done.add(k)
            cells.append(_clean(release.cells[k], piece))
        elif n not in beside and not _repeats(piece, release):
            cells.append(_extra(piece))
    emit_fixed(len(release.cells))
    notebook = copy.deepcopy(release)
    notebook.cells = cells
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:04d}"
    nbformat.validate(notebook)
    return notebook


def _texts_beside(
    release: NotebookNode, pieces: list[Piece], place: dict[int, int]
) -> set[int]:
    """Texts right below an untouched place for a text: they are the answer, and move in."""
    moved: set[int] = set()
    for n, k in place.items():
        stub = release.cells[k]
        if stub.cell_type != "markdown" or _bare(pieces[n].source) != _bare(stub.source):
            continue
        below = []
        for m in range(n + 1, len(pieces)):
            if m in place or pieces[m].kind != "markdown" or _repeats(pieces[m], release):
                break
            below.append(m)
        if below:
            pieces[n].source = "\n\n".join(pieces[m].source for m in below)
            for m in below:
                pieces[n].pictures |= pieces[m].pictures
            moved |= set(below)
    return moved


def _limit_rendering(release: NotebookNode, pieces: list[Piece]) -> None:
    handed_out = {cell.source for cell in release.cells}
    total = 0
    for piece in pieces:
        if piece.kind == "markdown" or piece.grade_id:
            total += len(piece.source) * (piece.source not in handed_out)
        piece.as_typed = len(piece.source) > MOST_RENDERED or total > MOST_RENDERED_IN_ALL


def _bare(source: str) -> str:
    return re.sub(r"\s+", "", source)


def _repeats(piece: Piece, release: NotebookNode) -> bool:
    """Whether it stands in for a cell that the release brings anyway."""
    text = _bare(piece.source)
    return any(
        _bare(cell.source) == text or (is_test(cell) and grade_id(cell) == piece.grade_id)
        for cell in release.cells
        if not is_answer(cell)
    )


def _places(release: NotebookNode, pieces: list[Piece]) -> dict[int, int]:
    """Which cell of the release each of the student's answers belongs to."""
    answers = {grade_id(c): k for k, c in enumerate(release.cells) if is_answer(c)}
    place: dict[int, int] = {}
    for n, piece in enumerate(pieces):
        k = answers.get(piece.grade_id)
        if k is None:
            continue
        # A copied cell carries the id, too. The one that was worked on is the answer.
        earlier = next((m for m, other in place.items() if other == k), None)
        if earlier is None:
            place[n] = k
        elif _bare(pieces[earlier].source) == _bare(release.cells[k].source):
            del place[earlier]
            place[n] = k
    lost = [k for k in answers.values() if k not in place.values()]
    for number, k in enumerate(lost):
        window = _window(release, pieces, k, place)
        n_later = sum(
            _window(release, pieces, other, place) == window
            and release.cells[other].cell_type == release.cells[k].cell_type
            for other in lost[number + 1 :]
        )
        candidates = _candidates(release, pieces, k, place, window)
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


def _candidates(
    release: NotebookNode,
    pieces: list[Piece],
    k: int,
    place: dict[int, int],
    window: tuple[int, int],
) -> list[int]:
    """The pieces of its kind that are nothing else."""
    known = {grade_id(c) for c in release.cells} - {""}
    return [
        n
        for n in range(window[0] + 1, window[1])
        if n not in place
        and pieces[n].kind == release.cells[k].cell_type
        and pieces[n].grade_id not in known
        and not _repeats(pieces[n], release)
    ]


def _score(piece: Piece, cell: NotebookNode) -> float:
    """How much a piece looks like the answer to a cell: names that it defines, likeness."""
    text, stub = piece.source[:4000], cell.source[:4000]
    defined = set(re.findall(r"^\s*(?:def|class)\s+(\w+)", stub, re.M))
    named = sum(bool(re.search(rf"\b{name}\b", text)) for name in defined)
    like = difflib.SequenceMatcher(None, text, stub, autojunk=False).ratio()
    return like + named + (cell.cell_type == "markdown")


def _place_of_fixed(piece: Piece, release: NotebookNode) -> int | None:
    text = _bare(piece.source)
    for k, cell in enumerate(release.cells):
        same_id = piece.grade_id and grade_id(cell) == piece.grade_id
        if not is_answer(cell) and (same_id or _bare(cell.source) == text):
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
