"""The equations of a book: every labelled one of every chapter, with its verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from .relation import Step
from .report import Report, check_block
from .scope import Scope
from .verdict import Verdict

DISPLAY = re.compile(r"^ *\$\$(?P<body>.*?)\$\$[ \t]*(\((?P<label>[\w-]+)\))?", re.M | re.S)
CODE = re.compile(
    r"^( *)(`{3,}|~{3,})\s*\{?(?P<what>[\w-]*)\}?.*?^\1\2`*[ \t]*$", re.M | re.S
)
PROSE = set(
    "exercise solution admonition note tip important warning dropdown hint seealso".split()
)
UNTESTED = (
    "nothing that is judged depends on this definition, so no slip in it could show; "
    "state what must follow from it in a comment `% hence: ...`"
)


@dataclass
class Row(Step):
    """One relation of a chapter; `line` counts in the file, from 1."""

    file: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        self.verdict = Verdict(self.verdict)  # as read from JSON, a word

    def as_dict(self) -> dict[str, object]:
        """For machines: the fields, and whether it is good."""
        how = self.symbolic or self.how or self.values
        return asdict(self) | {"how": how, "ok": self.ok}


@dataclass(frozen=True)
class Display:
    """A display equation as it stands in a chapter."""

    label: str
    source: str
    line: int  # of its first line, in the file


def displays(text: str) -> Iterator[Display]:
    r"""The display equations of a chapter; what stands in code cells is none.

    >>> list(displays("Text.\n\n$$\nx = x\n$$ (eq-same)\n"))
    [Display(label='eq-same', source='x = x', line=4)]
    """

    def blank(match: re.Match[str]) -> str:
        return match[0] if match["what"] in PROSE else re.sub(r"[^\n]", " ", match[0])

    text = CODE.sub(blank, text)
    for match in DISPLAY.finditer(text):
        body = match["body"]
        begin = match.end("body") - len(body.lstrip("\n"))
        line = text.count("\n", 0, begin) + 1
        yield Display(match["label"] or "", body.strip("\n"), line)


def check_file(
    path: Path, seed: int = 0, symbolic: bool = True
) -> list[tuple[Display, Report]]:
    """Judge a chapter from top to bottom: definitions hold from where they are made."""
    page, used = Scope(), set[str]()
    judged = []
    for display in displays(path.read_text(encoding="utf-8")):
        report = check_block(display.source, page, seed, symbolic, strict=True)
        page, used = report.page, used | report.used
        judged.append((display, report))
    for _, report in judged:
        for step in report.steps:
            if step.ok and step.defines and not used & set(step.defines):
                step.verdict, step.detail = Verdict.UNTESTED, UNTESTED
    return judged


def chapters(path: Path) -> list[Path]:
    """The Markdown files of a folder, in reading order; a file is itself."""
    if path.is_file():
        return [path]
    hidden = {"_build", ".ipynb_checkpoints"}
    return sorted(p for p in path.rglob("*.md") if not hidden & set(p.parts))


def rows_of(path: Path, seed: int = 0, symbolic: bool = True) -> list[Row]:
    """The rows of one chapter; what is wrong with a whole equation is a row as well."""
    rows: list[Row] = []
    for display, report in check_file(path, seed, symbolic):
        if report.error:
            idle = Verdict.UNTESTED if report.steps else Verdict.NOT_UNDERSTOOD
            rows.append(_whole(display, path, idle, report.error))
        if not display.label:
            needed = "a display equation needs a label"
            rows.append(_whole(display, path, Verdict.UNLABELLED, needed))
        for step in report.steps:
            place = {"line": display.line + step.line - 1, "file": path.as_posix()}
            rows.append(Row(**vars(step) | place, label=display.label))
    return rows


def _whole(display: Display, file: Path, verdict: Verdict, detail: str) -> Row:
    """What is wrong with a whole equation."""
    return Row(display.line, "", display.source, verdict, detail=detail,
               file=file.as_posix(), label=display.label)  # fmt: skip


def judge_chapters(
    files: list[Path], seed: int = 0, symbolic: bool = True, processes: int = 1
) -> list[list[Row]]:
    """The rows of each chapter. No chapter's depend on another's."""
    judged = partial(rows_of, seed=seed, symbolic=symbolic)
    if processes > 1 and len(files) > 1:
        with ProcessPoolExecutor(processes) as pool:
            return list(pool.map(judged, files))
    return list(map(judged, files))


def check_book(
    path: Path | str, seed: int = 0, symbolic: bool = True, processes: int = 1
) -> list[Row]:
    """All rows of a book or a file, in reading order, then the labels used twice."""
    files = chapters(Path(path))
    parts = judge_chapters(files, seed, symbolic, processes)
    return [row for part in parts for row in part] + list(duplicates(files))


def duplicates(files: list[Path]) -> Iterator[Row]:
    """Labels that were used before, in this chapter or another."""
    home: dict[str, str] = {}
    for file in files:
        for display in displays(file.read_text(encoding="utf-8")):
            here, label = f"{file.as_posix()}:{display.line}", display.label
            if label and home.setdefault(label, here) != here:
                detail = f"the label is also at {home[label]}"
                yield _whole(display, file, Verdict.DUPLICATE, detail)
