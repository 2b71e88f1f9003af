# ruff: noqa: E501
"""The learning platforms: how each names what it hands over, and what it wants back.

A platform is a row of `PLATFORMS`: a pattern for the names of its uploads, and the columns
of its grade book. What a pattern names `id`, `name`, `late`, `time` or `zone` is used; to
teach the commands another platform, write its row.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from classroom.files import sha256


@dataclass(frozen=True)
class Platform:
    """How a learning platform names things.

    Args:
        upload: a folder's or a file's name, as it is downloaded.
        times: how `time` in it is written, for `strptime`.
        keeps_times: whether the times of the files are those of handing in. Where they
            are the download's, only what the name says counts.
        identifiers: headings of the column that says who it is, in any language.
        grade: headings of the column for the mark; `{}` stands for the assignment.
        comments: headings of the column for the words to a student.
        columns: those of a new file, where no roster was exported.
        prefix: what stands before an id in the column.
    """

    name: str
    upload: re.Pattern[str] | None = None
    times: tuple[str, ...] = ()
    keeps_times: bool = True
    identifiers: tuple[str, ...] = ()
    grade: tuple[str, ...] = ("{}",)
    comments: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    prefix: str = ""


# fmt: off
PLATFORMS = {p.name: p for p in (
    Platform(
        "exchange",  # nbgrader's: ada+hw1+2027-03-01 12:00:00 UTC+a1b2c3
        re.compile(r"(?P<id>[^+]+)\+[^+]+\+(?P<time>\d{4}-\d\d-\d\d \d\d[:_]\d\d[:_]\d\d)"
                   r"(?:\.\d+)? (?P<zone>UTC)(?:\+.*)?"),
        ("%Y-%m-%d %H:%M:%S",),
    ),
    Platform(
        "blackboard",  # hw1_ada_attempt_2027-03-01-11-59-59_hw1.ipynb
        re.compile(r".+_(?P<id>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_.*|\.\w+)?", re.S),
        ("%Y-%m-%d-%H-%M-%S",),
        identifiers=("Username", "User name", "사용자 이름", "Benutzername"),
        grade=("{} [Total Pts: ", "{} [", "{}"),
        comments=("Feedback to Learner", "학습자에 대한 피드백"),
        columns=("Username", "{} [Total Pts: {:g} Score] |1", "Feedback to Learner"),
    ),
    Platform(
        "brightspace",  # 15486-35476 - Ada Lovelace - Mar 1, 2027 1203 PM
        re.compile(r"(?P<id>\d+)-\d+ - (?P<name>.+?) - (?P<time>\w+\.? \d+, \d{4} \d{3,4} [AP]M)"
                   r"(?: - .*)?", re.S),
        ("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p"),
        identifiers=("OrgDefinedId", "Username"),
        grade=("{} Points Grade", "{} Numerator", "{}"),
        columns=("OrgDefinedId", "{} Points Grade", "End-of-Line Indicator"),
        prefix="#",
    ),
    Platform(
        "canvas",  # lovelaceada_4711_98765_hw1.ipynb, lovelaceada_LATE_4711_98765_hw1-2.ipynb
        re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<submission>\d+)_.+", re.S),
        keeps_times=False,
        identifiers=("ID", "SIS Login ID", "SIS User ID"),
        grade=("{} (", "{}"),
        columns=("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "{}"),
    ),
    Platform(
        "moodle",  # Ada Lovelace_4711_assignsubmission_file_/hw1.ipynb, or without the slash
        re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?.*", re.S),
        identifiers=("Identifier", "식별번호", "식별자", "Teilnehmer-ID", "Teilnehmer/in",
                     "Identifiant", "Identificador", "識別子"),
        grade=("Grade", "성적", "Bewertung", "Note", "Calificación", "Nota", "評定", "成绩"),
        comments=("Feedback comments", "피드백 댓글", "피드백", "Feedback als Kommentar",
                  "Feedback par commentaires", "フィードバックコメント"),
        columns=("Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)",
                 "Feedback comments"),
        prefix="Participant ",
    ),
    Platform("github", re.compile(r"(?P<assignment>[\w-]+?)-submissions?"), keeps_times=False),
)}
# fmt: on

NOISE = re.compile(  # in a name that a person typed: what says nothing of who it is
    r"(?i)(?:^|(?<=[-_ .~]))(?:"
    r"(?:19|20)\d\d[-_. ](?:[01]?\d[-_. ][0-3]?\d|[1-4]|spring|summer|fall|autumn|winter|"
    r"s[12]|ss|ws|[12]학기|봄|가을)"  # a date, or a year and its term
    r"|(?:19|20)\d\d(?:년|학년도)?|[12]학기|(?:19|20)\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])"
    r"|late|final(?:[-_ ]?version)?|submission|submitted|copy(?: of)?|kopie(?: von)?"
    r"|assignment|homework|v\d+|ver\d+|최종|제출|수정|과제|사본"
    r")(?=[-_ .~]|$)"
)
EXTENSIONS = re.compile(r"(\.ipynb|\.json|\.txt|\.zip)+$", re.I)
COUNTED = re.compile(r" ?\(\d{1,3}\)$|\s+[-–]?\s*(?:copy|kopie)(?: ?\d+)?$|의 사본$", re.I)


@dataclass(frozen=True)
class Owner:
    """Whose file it is: a name that is safe as a folder, and what the platform said.

    `platform` is its name, `late` what a name says, `time` seconds since 1970 or 0.
    """

    student: str
    name: str
    lms_id: str = ""
    platform: str = ""
    late: bool = False
    time: float = 0.0


def safe_name(label: str) -> str:
    """A name for a folder, the same each time, and different for different labels.

    Letters, digits and . _ @ + - of any script stay. Where something else was in it, a few
    digits of its hash keep it apart from whoever is really called that.

    >>> safe_name("ada"), safe_name("../ada") == "ada"
    ('ada', False)
    """
    label = unicodedata.normalize("NFC", label).strip(" ")
    slug = re.sub(r"[^\w.@-]+", "_", label)
    slug = slug.strip("._-")[:60] or "student"
    return (
        slug if slug == label else f"{slug}-{sha256(label.encode('utf-8', 'replace'))[:6]}"
    )


def by_platform(parts: Sequence[str], assignment: str, zone: tzinfo) -> Owner | None:
    """Whose upload it is where a platform named it; None where none did.

    >>> from datetime import UTC
    >>> by_platform(["lovelaceada_LATE_4711_98765_hw1.ipynb"], "hw1", UTC).late
    True
    """
    for part in parts:
        for platform in PLATFORMS.values():
            found = platform.upload.fullmatch(part) if platform.upload else None
            said = found.groupdict() if found else {}
            if not said.get("id"):
                continue
            name = (said.get("name") or said["id"]).strip()
            if name.lower() == assignment.lower() or _is_a_date(said):
                continue
            return Owner(
                safe_name(said["id"]),
                name,
                said["id"],
                platform.name,
                bool(said.get("late")),
                _time(platform, said, zone),
            )
    return None


def _is_a_date(said: dict[str, str | None]) -> bool:
    """`kim_2027_1_hw1.ipynb` looks like Canvas's names, and is a year and its term."""
    if not said.get("submission"):
        return False
    year, part = str(said["id"]), str(said["submission"])
    return bool(re.fullmatch(r"(19|20)\d\d", year)) and len(part) <= 2


def _time(platform: Platform, said: dict[str, str | None], zone: tzinfo) -> float:
    text = (said.get("time") or "").replace("_", ":").replace(".", "")
    for form in platform.times if text else ():
        try:
            when = datetime.strptime(text, form)
        except ValueError:
            continue
        if said.get("zone"):
            return datetime.fromisoformat(f"{when.isoformat()}+00:00").timestamp()
        return when.replace(tzinfo=zone).timestamp()
    return 0.0


def by_name(label: str, assignment: str) -> str:
    """What is left of a typed name without the assignment, dates, terms, copies.

    >>> by_name("kim_2027_1_hw1 (2).ipynb", "hw1"), by_name("hw1-lee", "hw1")
    ('kim', 'lee')
    >>> by_name("20271234_hw1.ipynb", "hw1"), by_name("hw1 (1).ipynb", "hw1")
    ('20271234', '')
    """
    label = unicodedata.normalize("NFC", uncounted(label)).strip()
    name = rf"(?i)(^|(?<=[-_ .])){re.escape(assignment)}(?:-\d+)?(?=[-_ .]|$)"
    rest = re.sub(name, "", label)
    for pattern in (NOISE, re.compile(r"\(\d+\)")):
        rest = _trimmed(rest)
        while (shorter := _trimmed(pattern.sub("", rest))) != rest and shorter:
            rest = shorter
    rest = _trimmed(rest)
    said = NOISE.sub("", rest) if not re.fullmatch(r"\d{8}", rest) else rest
    return rest if re.search(r"\w", said) else ""


def _trimmed(text: str) -> str:
    return re.sub(r"[-_ .~]{2,}", "_", text).strip("-_ .~")


def said_late(label: str) -> bool:
    """Whether a typed name says that it is late."""
    return bool(re.search(r"(^|[-_ ])LATE([-_ .]|$)", label))


def uncounted(label: str) -> str:
    """A file's name without its ending, and without what numbers a copy.

    >>> uncounted("hw1 (2).ipynb")
    'hw1'
    """
    label = EXTENSIONS.sub("", label)
    while (shorter := COUNTED.sub("", label)) != label:
        label = shorter
    return label
