"""Where a course keeps its files, and what an assignment says about itself.

Written by the teacher: `assignments/hwN/hwN.md` and `checks.py`. Made by the commands, in
nbgrader's own layout: `course/{source,release,submitted,autograded,feedback}` and
`gradebook.db`. Ours beside them: `course/graded` (one record a student) and `secret`.
"""

import importlib.util
import json
import os
import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property, wraps
from pathlib import Path
from types import ModuleType
from typing import Any, Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import nbformat
import yaml
from nbformat import NotebookNode
from traitlets.config import Config

from classroom.files import sha256, write_atomically
from classroom.words import speaking

ROOT = Path(__file__).resolve().parents[1]
COURSE_ID = "default_course"  # what nbgrader's gradebook calls its only course


class ClassroomError(Exception):
    """Something the teacher can mend; the message says what and how."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Front matter of an assignment changes them by name.

    Seconds are the processor's. Of the clock a cell, and the whole, may take four times
    as long.
    """

    seconds_per_cell: float = 20
    seconds: float = 180
    memory_mb: int = 4096
    processes: int = 64
    disk_mb: int = 64


@dataclass(frozen=True)
class Assignment:
    """One `assignments/hwN`: its Markdown, its checks, its limits.

    `uses` names the modules of vae_lib that a submission can import while it is graded.
    What a task asks for must not be among them. `language` is that of the release.
    """

    name: str
    folder: Path
    uses: tuple[str, ...] = ()
    due: str = ""  # in UTC
    zone: tzinfo = UTC  # of the due date; times that have none are read in it
    late_penalty_per_day: float = 0.0
    grace_minutes: float = 5.0
    late_days: int = 0  # free ones, for all assignments together
    counts: str = "newest"
    limits: Limits = field(default_factory=Limits)
    language: str = "en"

    def __getstate__(self) -> dict[str, Any]:
        """Without its checks, which are a module: they do not travel to a worker."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def catalogue(self) -> Path:
        """Its texts in the language."""
        return self.folder.parent / self.language / f"{self.name}.po"

    def speaking(self) -> AbstractContextManager[None]:
        """Within the block all that a student will read is said in the language."""
        return speaking(self.language, self.catalogue)

    @property
    def markdown(self) -> Path:
        """The teacher's source of the notebook."""
        return self.folder / f"{self.name}.md"

    @cached_property
    def checks(self) -> ModuleType:
        """The teacher's private `checks.py`, imported."""
        path = self.folder / "checks.py"
        spec = importlib.util.spec_from_file_location(f"checks_{self.name}", path)
        if spec is None or spec.loader is None or not path.exists():
            raise ClassroomError(f"{path} is missing: it says how {self.name} is judged")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise ClassroomError(f"{path} cannot be used: {said}") from error
        if not isinstance(getattr(module, "TASKS", None), dict):
            raise ClassroomError(f"{path} has no TASKS")
        return module

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """`uses`, and what these import of vae_lib in turn."""
        found, waiting = list[str](), list(self.uses)
        while waiting:
            name = waiting.pop(0)
            source = ROOT / "vae_lib" / f"{name}.py"
            if name not in found:
                found.append(name)
                text = source.read_text(encoding="utf-8") if source.exists() else ""
                waiting += re.findall(r"^from vae_lib\.(\w+) import", text, re.M)
        return tuple(found)

    @cached_property
    def version(self) -> str:
        """Changes with the Markdown, the checks, the code that judges, and what of the
        library takes part: the judge of derivations, and the modules in use. Due dates and
        the rule for late days are no part of it: they are applied when marks are read."""
        judges = [Path(__file__).with_name(f"{name}.py") for name in JUDGING]
        library = ROOT / "vae_lib"
        used = [library / f"{name}.py" for name in self.modules]
        from derivations import fingerprint  # NumPy and SciPy: not for every command

        text = self.markdown.read_text(encoding="utf-8")
        body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S).encode()
        files = [self.folder / "checks.py", *judges, *used]
        limits = repr((self.uses, self.limits, self.language)).encode()
        parts = (path.read_bytes() for path in files)
        return sha256(body, limits, *parts, fingerprint())[:16]


# What decides a mark, besides an assignment's own files.
JUDGING = ("checks", "judge", "stages", "restore", "sandbox", "warm", "inside", "probe")
COUNTS = ("newest", "newest on time", "best")


@dataclass(frozen=True)
class Course:
    """The folders of one course.

    Args:
        root: made by the commands; never in the repository.
        assignments: where `hwN/` folders are looked up, the first that has one wins. A
            private overlay folder goes before the public one.
        db_url: of nbgrader's gradebook; SQLite in `root` if empty.
    """

    root: Path
    assignments: tuple[Path, ...]
    db_url: str = ""

    @classmethod
    def here(cls) -> "Course":
        """From CLASSROOM_COURSE, CLASSROOM_ASSIGNMENTS (colon-separated) and
        CLASSROOM_DB_URL; `course/` and `assignments/` of this repository without them."""
        overlay = os.environ.get("CLASSROOM_ASSIGNMENTS", "")
        folders = [Path(part).resolve() for part in overlay.split(os.pathsep) if part]
        root = Path(os.environ.get("CLASSROOM_COURSE", ROOT / "course")).resolve()
        return cls(
            root=root,
            assignments=(*folders, ROOT / "assignments"),
            db_url=os.environ.get("CLASSROOM_DB_URL", ""),
        )

    def assignment(self, name: str, language: str = "") -> Assignment:
        """In a language, or in that of its release.

        Raises:
            ClassroomError: where there is none of that name, or it is malformed.
        """
        refuse_name(name)
        for folder in self.assignments:
            if (folder / name / f"{name}.md").exists():
                language = language or self._language(name)
                return replace(read_assignment(name, folder / name), language=language)
        known = {
            path.stem
            for folder in self.assignments
            for path in folder.glob("*/*.md")
            if path.stem == path.parent.name
        }
        looked = ", ".join(str(folder) for folder in self.assignments)
        raise ClassroomError(
            f"there is no assignment {name} in {looked}. "
            f"There are: {', '.join(sorted(known)) or 'none'}"
        )

    def _language(self, assignment: str) -> str:
        try:
            sheet = self.release(assignment).with_name("sheet.json").read_text("utf-8")
            return str(json.loads(sheet)["language"])
        except (OSError, ValueError, KeyError):
            return "en"

    def release(self, assignment: str) -> Path:
        """The notebook that is handed out."""
        return self.root / "release" / assignment / f"{assignment}.ipynb"

    def read_release(self, assignment: str) -> NotebookNode:
        """Raises ClassroomError where there is none, or it was damaged."""
        path = self.release(assignment)
        if not path.exists():
            raise ClassroomError(f"{assignment} was not released: run 'release' first")
        try:
            return nbformat.read(path, 4)
        except Exception as error:
            said = f"{path} is damaged ({type(error).__name__}): run 'release' again"
            raise ClassroomError(said) from error

    def submitted(self, assignment: str, student: str) -> Path:
        """A student's notebook in the shape of the release, ready to be graded."""
        return self.root / "submitted" / student / assignment / f"{assignment}.ipynb"

    def record(self, assignment: str, student: str) -> Path:
        """What came out when it was graded; see records.Record."""
        return self.root / "graded" / assignment / f"{student}.json"

    def students(self, assignment: str) -> list[str]:
        """Who has handed in something that could be read."""
        found = (self.root / "submitted").glob(f"*/{assignment}/{assignment}.ipynb")
        return sorted(path.parents[1].name for path in found)

    def seed(self, assignment: str, student: str, task: str) -> int:
        """One for each student and task, the same at every run, known to nobody else."""
        path = self.root / "secret"
        if not path.exists():
            # Two workers may come here at once, and both must go on with one secret.
            write_atomically(path, secrets.token_hex(32), mode=0o600, keep=True)
        key = sha256(*(part.encode() for part in (path.read_text(), assignment, student)))
        return int(sha256(key.encode(), task.encode())[:12], 16)

    def nbgrader_config(self, assignment: str) -> Config:
        """For one of nbgrader's steps: where the course lies, and which assignment."""
        config = Config()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.assignment_id = assignment
        # nbgrader's default is "", which PostgreSQL finds in no table
        config.CourseDirectory.course_id = COURSE_ID
        if self.db_url:
            config.CourseDirectory.db_url = self.db_url
        return config

    def formgrader_config(self) -> str:
        """The same for nbgrader's own programs: they look for it where they are started.

        They would run what students typed without the sandbox, so it takes that away."""
        lines = ["import sys", f"sys.path.insert(0, {str(ROOT)!r})"]
        lines += ["from classroom.guard import guard", "", "guard()", "c = get_config()"]
        lines += [f"c.CourseDirectory.root = {str(self.root)!r}"]
        lines.append(f"c.CourseDirectory.course_id = {COURSE_ID!r}")
        if self.db_url:
            lines.append(f"c.CourseDirectory.db_url = {self.db_url!r}")
        return "\n".join(lines) + "\n"


def refuse_name(name: str) -> None:
    """Raises ClassroomError for what cannot be an assignment's folder."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ClassroomError(f"{name!r} is no name of an assignment: letters and digits")


P = ParamSpec("P")
R = TypeVar("R")


def in_its_language(
    function: Callable[Concatenate[Course, Assignment, P], R],
) -> Callable[Concatenate[Course, Assignment, P], R]:
    """A function of a course and an assignment that says what a student will read."""

    @wraps(function)
    def speaks(
        course: Course, assignment: Assignment, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        with assignment.speaking():
            return function(course, assignment, *args, **kwargs)

    return speaks


def moment(date: object) -> tuple[datetime, tzinfo]:
    """A date with its zone, which is an offset, UTC or a name such as Asia/Seoul.

    Raises ValueError, with the right form, where it is none.

    >>> print(moment("2027-03-01 12:00 Asia/Seoul")[0])
    2027-03-01 12:00:00+09:00
    """
    text = str(date).strip()
    named = re.fullmatch(r"(.+?)\s+([A-Za-z][\w+/-]*)", text)
    try:
        when = datetime.fromisoformat(named[1] if named else text)
        if named:
            zone: tzinfo = UTC if named[2] in ("UTC", "Z") else ZoneInfo(named[2])
            when = when.replace(tzinfo=zone)
    except ZoneInfoNotFoundError:
        raise ValueError(
            f"{text}: no zone is called {named[2] if named else ''}; write for example "
            "2027-03-01 12:00 Asia/Seoul"
        ) from None
    except ValueError:
        raise ValueError(
            f"{text} is no date that can be read; write for example 2027-03-01 12:00 "
            "Asia/Seoul"
        ) from None
    if when.tzinfo is None:
        raise ValueError(f"{text} has no zone; write for example '{text} UTC'")
    return when, when.tzinfo


def in_utc(date: object) -> str:
    """As nbgrader wants it. Raises ValueError where it is no date with a zone, or empty.

    >>> in_utc("2027-03-01 12:00:00+02:00")
    '2027-03-01 10:00:00 UTC'
    """
    return f"{moment(date)[0].astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if date else ""


def read_assignment(name: str, folder: Path) -> Assignment:
    """From the front matter of its Markdown. Raises ClassroomError if it is malformed."""
    try:
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        match = re.match(r"---\n(.*?)\n---\n", text, re.S)
        said = (yaml.safe_load(match[1]) if match else {}).get("classroom") or {}
        return Assignment(name=name, folder=folder, **_validated(said))
    except (TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise ClassroomError(
            f"{name}.md, 'classroom:' in the front matter: {error}"
        ) from None


def _validated(said: dict[str, Any]) -> dict[str, Any]:
    """The front matter, each entry in its form. Raises ValueError with the right form."""
    allowed = {"uses", "due", "limits", "late_penalty_per_day", "grace_minutes",
               "late_days", "counts"}  # fmt: skip
    if unknown := said.keys() - allowed:
        names = ", ".join(sorted(allowed))
        raise ValueError(f"{', '.join(map(str, sorted(unknown)))} is none of {names}")
    limits = said.get("limits") or {}
    if unknown := limits.keys() - Limits.__dataclass_fields__.keys():
        names = ", ".join(Limits.__dataclass_fields__)
        raise ValueError(f"limits: {', '.join(sorted(unknown))} is none of {names}")
    for key, value in limits.items():
        _number(f"limits: {key}", value, 1, 10**6)
    uses = said.get("uses") or ()
    if isinstance(uses, str):
        raise ValueError(f"uses: {uses!r} is no list; write [{uses}]")
    found = dict(said, limits=Limits(**limits), uses=tuple(uses))
    due = said.get("due") or ""
    try:
        found["due"] = in_utc(due)
        found["zone"] = moment(due)[1] if due else UTC
    except ValueError as error:
        raise ValueError(f"due: {error}") from None
    for key, most, hint in (
        ("late_penalty_per_day", 1, "; a share of the points: write 0.1 for ten per cent"),
        ("grace_minutes", 10**5, ""),
        ("late_days", 1000, ""),
    ):
        if key in said:
            _number(key, said[key], 0, most, hint)
    if said.get("counts", "newest") not in COUNTS:
        raise ValueError(f"counts: {said['counts']} is none of {', '.join(COUNTS)}")
    return found


def _number(name: str, value: object, low: float, high: float, hint: str = "") -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name}: {value!r} is no number{hint}")
    if not low <= value <= high:
        raise ValueError(f"{name}: {value} is not between {low} and {high}{hint}")
