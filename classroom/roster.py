"""Who is in the class: `roster.csv`, and what a teacher said of names in `names.csv`.

Both lie in the folder of the course. The roster is a CSV that a platform exported, or one
with the columns `student` and `name`.
"""

import csv
import re
import unicodedata
from collections import Counter
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
        why = getattr(error, "strerror", None) or error  # without its [Errno 13]
        raise ClassroomError(f"{path} cannot be read: {why}") from error


def given_table(path: Path) -> list[list[str]]:
    """The rows of what was typed as ROSTER. Raises ClassroomError where there are none."""
    if not path.is_file():
        raise ClassroomError(
            f"there is no file {path}: ROSTER is the list of the class, or the table of "
            "marks, that you exported from your platform"
        )
    if not (rows := table(path)):
        raise ClassroomError(f"the roster {path} is empty")
    return rows


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return frozenset(
        re.findall(r"\w+", unicodedata.normalize("NFC", plain).replace("_", " "))
    )


Row = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Roster:
    """The class: of each an id, a name, and everything else that the roster says; and the
    names beside which no id stands."""

    rows: tuple[Row, ...]
    without_id: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Path) -> "Roster":
        """From `roster.csv`; of nobody where there is none."""
        return cls.read(table(root / "roster.csv"))

    @classmethod
    def read(cls, cells: list[list[str]]) -> "Roster":
        """From the rows of a CSV, with their heading."""
        head, *rows = cells or [[]]
        plain = [heading.strip().casefold() for heading in head]
        # Canvas calls a name Student, and has an ID
        likely = (ID_HEADINGS - {"student"}, {"student"})
        keys = [k for known in likely for k, n in enumerate(plain) if n in known]
        key = keys[0] if keys else 0
        names = [k for k, n in enumerate(head) if k != key and NAME_HEADINGS.search(n)]
        found, without_id = [], []
        for row in rows:
            label = re.sub(r"^\D*(?=\d+$)", "", row[key].strip()) if key < len(row) else ""
            name = " ".join(row[k] for k in names if k < len(row)).strip()
            if label:
                found.append((safe_name(label), name or label, tuple(row)))
            elif name and name != "Points Possible":  # a line of Canvas's own
                without_id.append(name)
        return cls(tuple(found), tuple(without_id))

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def students(self) -> list[str]:
        """Their ids."""
        return [row[0] for row in self.rows]

    def name(self, student: str) -> str:
        """What the roster calls a student; the id itself where it does not know it."""
        return next((name for s, name, _ in self.rows if s == student), student)

    def find(self, *labels: str) -> tuple[str, str] | None:
        """The one student whom a label can mean: by id, name or address; None if several
        can be meant, or nobody."""
        some = next(filter(None, map(self.fitting, filter(None, labels))), [])
        return some[0][:2] if len(some) == 1 else None

    def fitting(self, label: str, whole: bool = False) -> list[Row]:
        """All whom a label can mean. `whole`: it was typed as an id or a name, and is no
        name of a file that may hold more."""
        words, plain = _words(label), label.strip().casefold()
        joined = "".join(sorted(re.sub(r"\W", "", plain)))
        by_id = [r for r in self.rows if r[0].casefold() in (plain, safe_name(plain))]
        close = (
            row
            for row in self.rows
            if any(
                words == _words(cell)
                or plain == cell.split("@")[0].casefold()
                or (" " in cell.strip() and _same_letters(joined, words, cell))
                for cell in (row[1], *row[2])
                if cell.strip()
            )
        )
        if found := by_id or list(close) or whole:
            return found if isinstance(found, list) else []
        # `20271234_kim` holds both
        within = [row for row in self.rows if row[0].casefold() in words]
        return within or [r for r in self.rows if _words(r[1]) and _words(r[1]) < words]

    def student(self, typed: str) -> str:
        """The id of whom a teacher means with an id or a name; what was typed where that
        is nobody or several."""
        fits = self.fitting(typed, whole=True)
        return fits[0][0] if len(fits) == 1 else typed.strip() if self else safe_name(typed)

    def open_question(self, label: str, of: str = "of the roster ") -> str:
        """Why nobody, or more than one, is meant by a label."""
        words = _words(label)
        fits = self.fitting(label) or [r for r in self.rows if words & _words(r[1])]
        people = [called(*row[:2]) for row in fits[:5]]
        if len(self.fitting(label)) > 1:
            return f"{label!r} may be {' or '.join(people)}"
        guess = f"; is it {' or '.join(people)}?" if people else ""
        return f"no student {of}is called {label!r}{guess}"

    def misfits(self, handed_in: dict[str, str]) -> list[str]:
        """A line for each way in which the roster does not fit itself, or the class: those
        who handed in, as ids and names."""
        if not self:
            return []
        times = Counter(student for student, *_ in self.rows)
        nameless = [s for s, name, _ in self.rows if name == s]
        lines = (
            ("who handed in and are not in the roster",
             [called(*pair) for pair in handed_in.items() if pair[0] not in times]),
            ("in the roster without a name",
             nameless if len(nameless) < len(self.rows) else []),
            ("in the roster without a number, and left out", [*self.without_id]),
            ("more than once in the roster", [s for s, n in times.items() if n > 1]),
        )  # fmt: skip
        return [f"{len(who)} {what}: {_some(who)}" for what, who in lines if who]


def called(student: str, name: str) -> str:
    """A student's number with the name, by which a teacher knows them.

    >>> called("109", "O'Neil"), called("ada", "ada")
    ("109 (O'Neil)", 'ada')
    """
    return f"{student} ({name})" if name not in ("", student) else student


def _some(people: list[str]) -> str:
    return ", ".join(people[:12]) + (f", and {len(people) - 12} more" * (len(people) > 12))


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
