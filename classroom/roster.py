"""Who is in the class: `roster.csv`, and what a teacher said of names in `names.csv`.

Both lie in the folder of the course. The roster is a CSV that a platform exported, or one
with the columns `student` and `name`; `teams.csv` (student, team) says who works together.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from classroom.course import ClassroomError
from classroom.files import read_table, write_table
from classroom.platforms import PLATFORMS, safe_name

IDS = ("student", "id", "학번", *(i for p in PLATFORMS.values() for i in p.identifiers))
ID_HEADINGS = {heading.casefold() for heading in IDS}
NAME_HEADINGS = re.compile(
    r"(?i)\b(full ?name|name|student|vorname|nachname)\b|이름|성명|성$"
)


def table(path: Path) -> list[list[str]]:
    """The rows of a CSV of the teacher's; none where there is no such file.

    Raises:
        ClassroomError: where it cannot be read.
    """
    try:
        return read_table(path)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        raise ClassroomError(f"{path} cannot be read: {error}") from error


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return frozenset(
        re.findall(r"\w+", unicodedata.normalize("NFC", plain).replace("_", " "))
    )


@dataclass(frozen=True)
class Roster:
    """The class: of each an id, a name, and everything else that the roster says."""

    rows: tuple[tuple[str, str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, root: Path) -> "Roster":
        """From `roster.csv`; of nobody where there is none."""
        head, *rows = table(root / "roster.csv") or [[]]
        key = next(
            (k for k, n in enumerate(head) if n.strip().casefold() in ID_HEADINGS), 0
        )
        for k, heading in enumerate(head):  # Canvas calls a name Student, and has an ID
            if heading.strip().casefold() in ID_HEADINGS - {"student"}:
                key = k
                break
        names = [k for k, n in enumerate(head) if k != key and NAME_HEADINGS.search(n)]
        found = []
        for row in rows:
            label = re.sub(r"^\D*(?=\d+$)", "", row[key].strip()) if key < len(row) else ""
            if label:
                name = " ".join(row[k] for k in names if k < len(row)).strip()
                found.append((safe_name(label), name or label, tuple(row)))
        return cls(tuple(found))

    def __bool__(self) -> bool:
        return bool(self.rows)

    def name(self, student: str) -> str:
        """What the roster calls a student; the id itself where it does not know it."""
        return next((name for s, name, _ in self.rows if s == student), student)

    def find(self, *labels: str) -> tuple[str, str] | None:
        """The one student whom a label can mean: by id, name or address; None if several
        can be meant, or nobody."""
        for label in filter(None, labels):
            words, joined = (
                _words(label),
                "".join(sorted(re.sub(r"\W", "", label.casefold()))),
            )
            exact = [r for r in self.rows if label.casefold() == r[0].casefold()]
            close = [
                row
                for row in self.rows
                if any(
                    words == _words(cell)
                    or label.casefold() == cell.split("@")[0].casefold()
                    or (" " in cell.strip() and _same_letters(joined, words, cell))
                    for cell in (row[1], *row[2])
                    if cell.strip()
                )
            ]
            # `20271234_kim` holds both
            by_id = [row for row in self.rows if row[0].casefold() in words]
            by_name = [
                row for row in self.rows if _words(row[1]) and _words(row[1]) < words
            ]
            for some in (exact, close, by_id, by_name):
                if len(some) == 1:
                    return some[0][0], some[0][1]
                if some:
                    return None
        return None


def _same_letters(joined: str, words: frozenset[str], cell: str) -> bool:
    """Canvas writes `Ada Lovelace` as `lovelaceada`."""
    ours = "".join(sorted(re.sub(r"\W", "", cell.casefold())))
    return len(words) == 1 and ours == joined and next(iter(words)).startswith(
        tuple(_words(cell))
    )  # fmt: skip


def answers(root: Path) -> dict[str, str]:
    """Whose a file is, as the teacher wrote it in `names.csv`; `-` is nobody's."""
    rows = table(root / "names.csv")[1:]
    return {
        row[0].strip(): row[1].strip() for row in rows if len(row) > 1 and row[1].strip()
    }


def ask(root: Path, files: Iterable[str]) -> None:
    """Write a line into `names.csv` for each of these that is not in it yet."""
    rows = table(root / "names.csv") or [["file", "student"]]
    known = {row[0].strip() for row in rows}
    new = [[name, ""] for name in dict.fromkeys(files) if name not in known]
    if new:
        write_table(root / "names.csv", [*rows, *new])


def teams(root: Path) -> dict[str, str]:
    """Which team a student is in, as `teams.csv` says."""
    rows = table(root / "teams.csv")[1:]
    return {safe_name(r[0]): r[1].strip() for r in rows if len(r) > 1 and r[1].strip()}
