"""From a folder or zip of uploads to notebooks that can be graded. Nothing is executed.

Whose a file is, the platform's name for it says (platforms.py), or the roster, or the name
that somebody typed. What remains open is asked, in `names.csv`, and never guessed.

Links are not followed, archives are read and never unpacked, and what cannot be read is
listed with its reason. Every file that can be read is kept, and one of them counts.
"""

import io
import math
import os
import re
import stat
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat
from nbformat import NotebookNode

from classroom.course import Assignment, ClassroomError, Course, in_its_language
from classroom.files import sha256, write_atomically
from classroom.gradebook import open_gradebook
from classroom.late import Extensions, lateness
from classroom.platforms import (
    PLATFORMS,
    Owner,
    by_name,
    by_platform,
    safe_name,
    said_late,
    uncounted,
)
from classroom.records import (
    Collected,
    all_collected,
    everybody,
    kept_file,
    read_collected,
    upload_path,
    write_collected,
)
from classroom.restore import (
    MOST_BYTES,
    Piece,
    Unreadable,
    belongs,
    likeness,
    n_answered,
    read_pieces,
    restore,
)
from classroom.roster import Roster, answers, ask
from classroom.words import later, say

MOST_ENTRIES = 50_000  # files in a class's archive
MOST_IN_ONE = 200  # files in one student's archive
MOST_BYTES_IN_ONE = 5 * MOST_BYTES  # and bytes of all of them, unpacked
NO_LINKS = later("it is a link, and links are not followed")
ARCHIVE = "of the archive"
NOTEBOOK_LIKE = {".ipynb", ".json", ".txt"}


@dataclass
class Upload:
    """One file that came in: its bytes, or why there are none."""

    path: str
    time: float = 0.0
    data: bytes = b""
    fault: str = ""
    clock: str = "of the file"
    late: bool = False
    parts: tuple[str, ...] = ()
    # Of a file in a student's own archive, where the student decides on names and times:
    archive: str = ""  # the archive's name, which says whose it is
    inner_time: float = 0.0  # tells its files apart, and not when they were handed in

    def __post_init__(self) -> None:
        if len(self.data) > MOST_BYTES:
            self.data, self.fault = b"", say("more than {n} MB", n=round(MOST_BYTES / 1e6))


def uploads(source: Path, zone: tzinfo = UTC) -> Iterator[Upload]:
    """Every file in a folder, or in a zip. Nothing is written. A zip knows no zones: its
    times are read as those of `zone`."""
    try:
        for upload in _uploads(source):
            if upload.clock == ARCHIVE and upload.time:
                local = datetime.fromtimestamp(upload.time, UTC).replace(tzinfo=zone)
                upload.time = local.timestamp()
            yield upload
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError) as error:
        raise ClassroomError(f"{source} is a damaged zip: {error}") from error


def _uploads(source: Path) -> Iterator[Upload]:
    if source.is_dir():
        for folder, folders, files in os.walk(source, followlinks=False):
            links = [n for n in folders if Path(folder, n).is_symlink()]
            for name in sorted(files + links):
                yield from _from_disk(Path(folder, name), source)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            yield from _from_zip(archive, "", MOST_ENTRIES, math.inf)
    elif source.exists():
        raise ClassroomError(f"{source} is neither a folder nor a zip of uploads")
    else:
        raise ClassroomError(f"{source} does not exist")


def _from_disk(path: Path, source: Path) -> Iterator[Upload]:
    name = os.fsencode(path.relative_to(source)).decode("utf-8", "replace")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        why = error.strerror or str(error)
        yield Upload(name, fault=say(NO_LINKS) if path.is_symlink() else why)
        return
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            yield Upload(name, status.st_mtime, fault=say("it is no regular file"))
        elif path.suffix.lower() == ".zip" and status.st_size <= 5 * MOST_BYTES:
            yield from _nested(file.read(), name, status.st_mtime)
        else:
            yield Upload(name, status.st_mtime, file.read(MOST_BYTES + 1))


def _from_zip(
    archive: zipfile.ZipFile, prefix: str, most: int, room: float
) -> Iterator[Upload]:
    entries = archive.infolist()
    if len(entries) > most:
        fault = say("{n} files in it", n=f"{len(entries):,}")
        yield Upload(prefix or "the archive", fault=fault, clock=ARCHIVE)
        entries = entries[:most]
    for entry in entries:
        if entry.is_dir():
            continue
        name = f"{prefix}{_zip_name(entry)}"
        time = _zip_time(entry)
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield Upload(name, time, fault=say(NO_LINKS), clock=ARCHIVE)
            continue
        is_zip = name.lower().endswith(".zip") and not prefix
        if not is_zip and PurePosixPath(name).suffix.lower() not in NOTEBOOK_LIKE:
            yield Upload(name, time, clock=ARCHIVE)  # it will be named, and not read
            continue
        if room <= 0:
            fault = say("there is too much in its archive")
            yield Upload(name, time, fault=fault, clock=ARCHIVE)
            continue
        try:
            # `file_size` may lie; what is read may not be longer than this.
            with archive.open(entry) as file:
                data = file.read(MOST_BYTES * (5 if is_zip else 1) + 1)
        except Exception as error:  # zipfile and zlib raise many kinds
            yield Upload(name, time, fault=_packed(error), clock=ARCHIVE)
            continue
        room -= len(data)
        if is_zip:
            yield from _nested(data, name, time)
        else:
            yield Upload(name, time, data, clock=ARCHIVE)


def _nested(data: bytes, name: str, time: float) -> Iterator[Upload]:
    """A student's own archive: its files count as lying in a folder of its name."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:  # zipfile raises many kinds
        yield Upload(name, time, fault=_packed(error))
        return
    with archive:
        for upload in _from_zip(archive, f"{name[:-4]}/", MOST_IN_ONE, MOST_BYTES_IN_ONE):
            upload.archive, upload.inner_time = name, upload.time
            upload.time = time
            yield upload


def _packed(error: Exception) -> str:
    return say("it does not unpack: {error}", error=error)[:200]


def _zip_time(entry: zipfile.ZipInfo) -> float:
    """As if it were of UTC; `uploads` moves it to the zone that is meant."""
    try:
        return datetime(*entry.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Windows in Korea writes names in CP949, a Mac in UTF-8, and neither says so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def owner_of(parts: tuple[str, ...], assignment: str, zone: tzinfo = UTC) -> Owner | None:
    """Whose file this is, by its path; None where the path does not say.

    >>> owner_of(("hw1_ada.ipynb",), "hw1").student
    'ada'
    """
    if found := by_platform(parts, assignment, zone):
        return found
    label = by_name(parts[0], assignment)
    return Owner(safe_name(label), label, late=said_late(parts[0])) if label else None


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return tuple(part for part in parts if part not in ("/", "..", "."))


IGNORED = re.compile(
    r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.DS_Store|Thumbs\.db)(/|$)"
)


@in_its_language
def collect(course: Course, assignment: Assignment, source: Path) -> list[Collected]:
    """Take in what students handed in; return what became of each.

    Raises:
        ClassroomError: if the source is no folder or zip, or nothing was released.
    """
    release = course.read_release(assignment.name)
    zone = assignment.zone
    found = [u for u in uploads(source, zone) if not IGNORED.search(u.path)]
    for upload in found:
        upload.parts = _parts(upload.path) or ("?",)
    found = _with_exchange_times(found)
    _unwrap(found, assignment.name)
    files, open_ones = _sorted_by_owner(course, assignment, found)
    results, extensions = [], Extensions.of(course.root)
    for upload, why in open_ones:
        fault = upload.fault or why
        results.append(Collected("", upload.path, path=upload.path, fault=fault))
    with open_gradebook(course) as gradebook:
        for owner, theirs in sorted(files.items(), key=lambda item: item[0].student):
            result = _take(course, assignment, release, owner, theirs, extensions)
            results.append(result)
            names = {"last_name": owner.name, "lms_user_id": owner.lms_id or None}
            gradebook.update_or_create_student(owner.student, **names)
    _note_identical(course, assignment, results)
    return results


def _with_exchange_times(found: list[Upload]) -> list[Upload]:
    """nbgrader's exchange writes beside a notebook when it was handed in."""
    stamps: dict[tuple[str, ...], float] = {}
    for upload in found:
        if upload.parts[-1] == "timestamp.txt" and not upload.archive:
            text = upload.data.decode("utf-8", "replace").strip().replace(" UTC", "+00:00")
            try:
                when = datetime.fromisoformat(text)
            except ValueError:
                continue
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            stamps[upload.parts[:-1]] = when.timestamp()
    for upload in found:
        if upload.parts[:-1] in stamps:
            upload.time, upload.clock = stamps[upload.parts[:-1]], "of the exchange"
    return [
        u for u in found if u.parts[-1] != "timestamp.txt" or u.parts[:-1] not in stamps
    ]


def _unwrap(found: list[Upload], assignment: str) -> None:
    """An archive of one folder that holds the uploads is not a student's folder."""
    tops = {upload.parts[0] for upload in found if len(upload.parts) > 1}
    inner = all(len(upload.parts) > 1 for upload in found)
    only = next(iter(tops)) if len(tops) == 1 and inner else ""
    if not only or by_platform((only,), assignment, UTC):
        return
    direct = [upload.parts[1:] for upload in found if len(upload.parts) == 2]
    below = {upload.parts[1] for upload in found}
    folders = {upload.parts[1] for upload in found if len(upload.parts) > 2}
    named = all(owner_of(parts, assignment) for parts in direct)
    if named and all(owner_of((n, "x"), assignment) for n in folders):
        if len(below) > 1 or folders:
            for upload in found:
                upload.parts = upload.parts[1:]


def _sorted_by_owner(
    course: Course, assignment: Assignment, found: list[Upload]
) -> tuple[dict[Owner, list[Upload]], list[tuple[Upload, str]]]:
    """Whose each upload is, and those of which nobody can say."""
    roster, said = Roster.of(course.root), answers(course.root)
    people = everybody(course.root)
    has_ids = roster or any(any(cells) for *_, cells in people.rows)
    places = {_outside(upload) for upload in found}
    zone, name = assignment.zone, assignment.name
    of_platform = 2 * sum(bool(by_platform(p, name, zone)) for p in places) > len(places)
    by_student: dict[str, dict[str, list[tuple[Upload, Owner]]]] = {}
    open_ones: list[tuple[Upload, str]] = []
    for upload in found:
        # Without a platform what lies in a student's folder has names of the student's.
        first, *below = _outside(upload)
        parts = (first, *below) if of_platform else (first, *("x" for _ in below))
        label = first if not of_platform or below else upload.parts[0]
        owner = owner_of(parts, name, zone)
        if owner and owner.platform == "blackboard" and upload.path.endswith(".txt"):
            continue  # its receipt
        if label in said:
            if said[label] == "-":
                continue
            late, fits = bool(owner and owner.late), people.fitting(said[label], whole=True)
            if len(fits) > 1 or (has_ids and not fits):
                question = people.open_question(said[label], of="")
                how = "Write the number; who is new needs a line in roster.csv"
                open_ones.append((upload, f"names.csv: {question}. {how}"))
                continue
            student, known_as, _ = fits[0] if fits else (said[label], said[label], ())
            owner = Owner(safe_name(student), known_as, late=late)
        elif owner and not owner.platform and roster:
            if (known := roster.find(owner.name)) is None:
                open_ones.append((upload, roster.open_question(owner.name)))
                continue
            owner = Owner(*known, known[0], late=owner.late)
        elif owner and roster and (known := roster.find(owner.lms_id, owner.name)):
            owner = Owner(known[0], known[1], owner.lms_id, *_rest(owner))
        if owner is None:
            open_ones.append((upload, "its name does not say whose it is"))
            continue
        key = label if not owner.platform and label not in said else ""
        by_student.setdefault(owner.student, {}).setdefault(key, []).append((upload, owner))
    files: dict[Owner, list[Upload]] = {}
    for student, labels in by_student.items():
        pairs = [pair for some in labels.values() for pair in some]
        if not roster and (why := _doubt(student, labels, by_student, name)):
            open_ones += [(upload, f"whose is it? {why}") for upload, _ in pairs]
            continue
        for upload, owner in pairs:
            _say_when(upload, owner)
        files[pairs[0][1]] = [upload for upload, _ in pairs]
    ask(course.root, [_outside(u)[0] for u, why in open_ones if not u.fault])
    return files, open_ones


def _doubt(
    student: str, labels: Collection[str], students: Collection[str], assignment: str
) -> str:
    """Why files that somebody named may be of two people; empty where they are not."""
    if len({_without_copy(label, assignment) for label in labels if label}) > 1:
        return f"Several names look like {student!r}"
    root = re.sub(r"[-_ ]?\d{1,2}$", "", student)
    is_second = root != student and root in students and "" not in labels
    return f"{root!r} handed in, too" if is_second else ""


def _rest(owner: Owner) -> tuple[str, bool, float]:
    return owner.platform, owner.late, owner.time


def _without_copy(label: str, assignment: str) -> str:
    """Of names that differ in a copy's number, or say 'late' or 'final', it is one."""
    words = rf"{re.escape(assignment)}|late|final|version|submission|최종|제출|수정|[\W_]"
    return re.sub(words, "", uncounted(label).lower())


def _say_when(upload: Upload, owner: Owner) -> None:
    """What tells when it was handed in: the name before the file, if anything does."""
    platform = PLATFORMS.get(owner.platform)
    upload.late = owner.late
    if owner.time:
        upload.time, upload.clock = owner.time, "in its name"
    elif platform and not platform.keeps_times:
        upload.clock = "of the download"


def _note_identical(
    course: Course, assignment: Assignment, results: list[Collected]
) -> None:
    """Two students with one file: said to the teacher, and no more than said."""
    same: dict[str, list[str]] = defaultdict(list)
    for one in all_collected(course, assignment.name):
        if one.sha256 and not one.fault:
            same[one.sha256].append(one.student)
    for result in results:
        others = [s for s in same.get(result.sha256, []) if s != result.student]
        counts = [f["answered"] for f in result.files if f["sha256"] == result.sha256]
        if others and any(counts):
            note = f"the same file, byte for byte, as that of {', '.join(others[:5])}"
            if note not in result.odd:
                result.odd.append(note)
                write_collected(course, assignment.name, result)


def _outside(upload: Upload) -> tuple[str, ...]:
    """The parts of its path that are not inside a student's own archive."""
    inside = len(_parts(upload.path)) - len(_parts(upload.archive))
    n = len(upload.parts) - inside
    return (*upload.parts[:n], "x") if upload.archive and n > 0 else upload.parts


def _take(
    course: Course,
    assignment: Assignment,
    release: NotebookNode,
    owner: Owner,
    theirs: list[Upload],
    extensions: Extensions,
) -> Collected:
    """Keep a student's files, and put the one that counts where it will be graded."""
    result = Collected(owner.student, owner.name, owner.lms_id, platform=owner.platform)
    readable: list[dict[str, Any]] = []
    for upload in theirs:
        if not upload.fault and Path(upload.path).suffix.lower() not in NOTEBOOK_LIKE:
            upload.fault = say("it is no notebook")
        if not upload.fault:
            try:
                pieces = read_pieces(upload.data)
                _refuse_others(course, assignment, release, pieces)
                readable.append(_file(upload, pieces, release))
                kept = kept_file(course, assignment.name, readable[-1]["sha256"])
                if not kept.exists():
                    write_atomically(kept, upload.data)
            except Unreadable as error:
                upload.fault = str(error)
        if upload.fault:
            result.unread.append(f"{_shown(upload.path)}: {upload.fault}")
    known = read_collected(course, assignment.name, owner.student)
    if known and known.fault:
        known = None
    if readable:
        new = {file["sha256"] for file in readable}
        if known:
            result.by_hand = known.by_hand
            _keep_earlier_times(readable, known.files)
            result.files = [file for file in known.files if file["sha256"] not in new]
        result.files += readable
        put(course, assignment, release, result, counting(assignment, result, extensions))
        return result
    result.notes = result.unread
    result.fault = "; ".join(result.unread)[:500]
    result.path = theirs[-1].path  # so that the page about it can be given back
    if known:
        said = say("a later upload cannot be read: {fault}", fault=result.fault)
        known.unread, known.notes = [*known.unread, said][-5:], [*known.notes, said]
        result = known
    write_collected(course, assignment.name, result)
    return result


def _keep_earlier_times(files: list[dict[str, Any]], known: list[dict[str, Any]]) -> None:
    """The same file again, byte for byte, was handed in when it came first."""
    before = {file["sha256"]: file for file in known if file["time"]}
    for file in files:
        earlier = before.get(file["sha256"], file)
        if not file["time"] or earlier["time"] < file["time"]:
            file |= {name: earlier[name] for name in ("path", "time", "clock", "late")}


def _refuse_others(
    course: Course, assignment: Assignment, release: NotebookNode, pieces: list[Piece]
) -> None:
    """Raises Unreadable for a notebook that is empty, or of another assignment."""
    if not pieces:
        raise Unreadable("the notebook is empty")
    ours = belongs(pieces, release)
    for path in sorted((course.root / "release").glob("*/*.ipynb")):
        other = path.parent.name
        if other != assignment.name and path.stem == other:
            if belongs(pieces, course.read_release(other)) > 3 * ours:
                said = later("this is {other}, and {name} was asked for")
                raise Unreadable(said, other=other, name=assignment.name)
    if not ours:
        said = later("nothing in it is of {name}: is it another notebook?")
        raise Unreadable(said, name=assignment.name)


def _file(upload: Upload, pieces: list[Piece], release: NotebookNode) -> dict[str, Any]:
    known = upload.clock != "of the download"
    return {
        "path": upload.path,
        "time": upload.time if known else 0.0,
        "saved": [upload.time, upload.inner_time, *_attempt(upload.path)],
        "clock": upload.clock,
        "late": upload.late,
        "sha256": sha256(upload.data),
        "like": likeness(pieces, release),
        "answered": n_answered(pieces, release),
    }


def counting(
    assignment: Assignment, collected: Collected, extensions: Extensions
) -> dict[str, Any]:
    """Which of a student's files counts: the one that was chosen by hand, or by the rule.

    Only those count that are this assignment (they hold half of what the fullest does),
    and no copy of the release beside one that was worked on.
    """
    files = collected.files
    for file in files:
        if file["sha256"] == collected.by_hand:
            return file
    most = max(file["like"] for file in files)
    good = [file for file in files if 2 * file["like"] >= most]
    good = [file for file in good if file["answered"]] or good
    if assignment.counts == "newest on time":
        until = extensions.until(assignment, collected.student)
        good = [
            file
            for file in good
            if not lateness(assignment, file["time"], file["late"], until).seconds
        ] or good
    return max(enumerate(good), key=lambda item: (item[1]["saved"], item[0]))[1]


@in_its_language
def put(
    course: Course,
    assignment: Assignment,
    release: NotebookNode,
    collected: Collected,
    file: dict[str, Any],
) -> None:
    """Put one of a student's files where it will be graded, and keep that it counts."""
    data = kept_file(course, assignment.name, file["sha256"]).read_bytes()
    pieces = read_pieces(data)
    notebook = restore(release, pieces)
    collected.path, collected.time, collected.sha256, collected.clock, collected.late = (
        file[name] for name in ("path", "time", "sha256", "clock", "late")
    )
    found = [*notebook.metadata["classroom"]["notes"]]
    if not file["answered"]:
        found.append(say("not answered: it is as it was handed out"))
    if file["clock"] == "of the download":
        late, in_time = later("late by its name"), later("counted as in time")
        how = say(late if file["late"] else in_time)
        found.append(say("no time of its own: {how}", how=how))
    counts = _named(file, assignment.zone)
    for other in collected.files:
        if other["sha256"] != file["sha256"]:
            path = _named(other, assignment.zone)
            found.append(say("{path}: not taken, {other} was", path=path, other=counts))
    collected.notes = [*collected.unread, *found]
    old = notebook.metadata["classroom"]["old"]
    notebook.metadata["classroom"] = {"upload_sha256": collected.sha256, "old": old}
    student = collected.student
    target = course.submitted(assignment.name, student)
    write_atomically(upload_path(course, assignment.name, student), data)
    if collected.time:
        when = datetime.fromtimestamp(collected.time, UTC)
        write_atomically(
            target.with_name("timestamp.txt"), f"{when:%Y-%m-%d %H:%M:%S} UTC\n"
        )
    else:
        target.with_name("timestamp.txt").unlink(missing_ok=True)
    write_atomically(target, nbformat.writes(notebook, version=4) + "\n")
    write_collected(course, assignment.name, collected)


def _attempt(path: str) -> tuple[int, str]:
    """Canvas and browsers number what comes again: hw1-2.ipynb, hw1 (2).ipynb."""
    number = re.search(r"(?:-| \()(\d{1,3})\)?\.\w+$", path)
    return int(number[1]) if number else 0, path


def _named(file: dict[str, Any], zone: tzinfo) -> str:
    """A file's path, and when it came: files that follow each other may have one name."""
    path, time = _shown(file["path"]), file["time"]
    return f"{path} ({datetime.fromtimestamp(time, zone):%Y-%m-%d %H:%M})" if time else path


def _shown(path: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in path)[-120:]
