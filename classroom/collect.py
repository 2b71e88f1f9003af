"""From a folder or zip of uploads to notebooks that can be graded. Nothing is executed.

Names as the learning platforms give them:
    Moodle   Ada Lovelace_4711_assignsubmission_file_/hw1.ipynb, or without the slash
    Canvas   lovelaceada_4711_98765_hw1.ipynb, lovelaceada_LATE_4711_98765_hw1-2.ipynb
    plain    ada.ipynb, hw1_ada.ipynb, ada/hw1.ipynb

Links are not followed, archives are read and never unpacked, and what cannot be read is
listed with its reason.
"""

import io
import math
import os
import re
import stat
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from classroom.course import Assignment, ClassroomError, Course
from classroom.files import sha256, write_atomically
from classroom.gradebook import open_gradebook
from classroom.records import Collected, read_collected, upload_path, write_collected
from classroom.restore import (
    MOST_BYTES,
    Piece,
    Unreadable,
    likeness,
    n_answered,
    read_pieces,
    restore,
)

MOST_ENTRIES = 50_000  # files in a class's archive
MOST_IN_ONE = 200  # files in one student's archive
MOST_BYTES_IN_ONE = 5 * MOST_BYTES  # and bytes of all of them, unpacked
NO_LINKS = "it is a link, and links are not followed"
NOTEBOOK_LIKE = {".ipynb", ".json", ".txt"}


@dataclass
class Upload:
    """One file that came in: its bytes, or why there are none."""

    path: str
    time: float
    data: bytes = b""
    fault: str = ""
    parts: tuple[str, ...] = ()
    # Of a file in a student's own archive, where the student decides on names and times:
    archive: str = ""  # the archive's name, which says whose it is
    inner_time: float = 0.0  # tells its files apart, and not when they were handed in


@dataclass(frozen=True)
class Owner:
    """Whose file it is: a name that is safe as a folder, and what the platform said."""

    student: str
    name: str
    lms_id: str = ""


def uploads(source: Path) -> Iterator[Upload]:
    """Every file in a folder, or in a zip. Nothing is written."""
    try:
        yield from _uploads(source)
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
        is_link = path.is_symlink()
        yield Upload(name, 0.0, fault=NO_LINKS if is_link else why)
        return
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            yield Upload(name, status.st_mtime, fault="it is no regular file")
        elif path.suffix.lower() == ".zip" and status.st_size <= 5 * MOST_BYTES:
            yield from _nested(file.read(), name, status.st_mtime)
        else:
            yield _upload(name, status.st_mtime, file.read(MOST_BYTES + 1))


def _from_zip(
    archive: zipfile.ZipFile, prefix: str, most: int, room: float
) -> Iterator[Upload]:
    entries = archive.infolist()
    if len(entries) > most:
        yield Upload(prefix or "the archive", 0.0, fault=f"{len(entries):,} files in it")
        entries = entries[:most]
    for entry in entries:
        if entry.is_dir():
            continue
        name = f"{prefix}{entry.filename}"
        time = _zip_time(entry)
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield Upload(name, time, fault=NO_LINKS)
            continue
        try:
            is_zip = name.lower().endswith(".zip") and not prefix
            if not is_zip and PurePosixPath(name).suffix.lower() not in NOTEBOOK_LIKE:
                yield Upload(name, time)  # it will be named, and not read
                continue
            if room <= 0:
                yield Upload(name, time, fault="there is too much in its archive")
                continue
            # `file_size` may lie; what is read may not be longer than this.
            with archive.open(entry) as file:
                data = file.read(MOST_BYTES * (5 if is_zip else 1) + 1)
        except Exception as error:  # zipfile and zlib raise many kinds
            yield Upload(name, time, fault=f"it does not unpack: {error}"[:200])
            continue
        room -= len(data)
        if is_zip:
            yield from _nested(data, name, time)
        else:
            yield _upload(name, time, data)


def _nested(data: bytes, name: str, time: float) -> Iterator[Upload]:
    """A student's own archive: its files count as lying in a folder of its name."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = _from_zip(archive, f"{name[:-4]}/", MOST_IN_ONE, MOST_BYTES_IN_ONE)
            for upload in inside:
                upload.archive, upload.inner_time = name, upload.time
                upload.time = time
                yield upload
    except Exception as error:
        yield Upload(name, time, fault=f"it does not unpack: {error}"[:200])


def _upload(name: str, time: float, data: bytes) -> Upload:
    if len(data) > MOST_BYTES:
        return Upload(name, time, fault=f"more than {MOST_BYTES / 1e6:.0f} MB")
    return Upload(name, time, data)


def _zip_time(entry: zipfile.ZipInfo) -> float:
    """A zip knows no zones: its times are those of the place where it was made."""
    try:
        return datetime(*entry.date_time).timestamp()
    except ValueError:
        return 0.0


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


MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)", re.S
)
CANVAS = re.compile(
    r"(?P<name>[^_]+)_(LATE_)?(?P<id>\d+)_(?P<submission>\d+)_(?P<file>.+)", re.S
)


def owner_of(parts: tuple[str, ...], assignment: str) -> Owner | None:
    """Whose file this is, by its path; None where the path does not say.

    >>> owner_of(("lovelaceada_4711_98765_hw1.ipynb",), "hw1")
    Owner(student='4711', name='lovelaceada', lms_id='4711')
    >>> owner_of(("hw1_ada.ipynb",), "hw1").student
    'ada'
    """
    for part in parts:
        # Canvas first: there the end is a name that the student chose.
        for pattern in (CANVAS, MOODLE):
            found = pattern.fullmatch(part)
            if found and found["name"].lower() != assignment.lower():
                lms_id = found["id"]
                return Owner(safe_name(lms_id), found["name"].strip(), lms_id)
    if len(parts) > 1:
        label = parts[0]
    else:
        stem = re.sub(r"(\.ipynb|\.json|\.txt|\.zip)+$", "", parts[0], flags=re.I)
        name = re.escape(assignment)
        label = re.sub(rf"^{name}[-_ ]+|[-_ ]+{name}$", "", stem, flags=re.I)
        if label.lower() == assignment.lower():
            return None
    return Owner(safe_name(label), label) if label.strip() else None


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return tuple(part for part in parts if part not in ("/", "..", "."))


IGNORED = re.compile(
    r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.DS_Store|Thumbs\.db)(/|$)"
)


def collect(course: Course, assignment: Assignment, source: Path) -> list[Collected]:
    """Take in what students handed in; return what became of each.

    Raises:
        ClassroomError: if the source is no folder or zip, or nothing was released.
    """
    release = course.read_release(assignment.name)
    found = [u for u in uploads(source) if not IGNORED.search(u.path)]
    for upload in found:
        upload.parts = _parts(upload.path) or ("?",)
    tops = {upload.parts[0] for upload in found if len(upload.parts) > 1}
    inner = all(len(upload.parts) > 1 for upload in found)
    only = next(iter(tops)) if len(tops) == 1 and inner else ""
    if only and not _has_platform_name((only,)) and _is_wrapper(found, assignment.name):
        for upload in found:  # an archive of one folder that holds the uploads
            upload.parts = upload.parts[1:]

    files: dict[Owner, list[Upload]] = defaultdict(list)
    results = []
    owners: dict[str, Owner] = {}
    places = {_outside(upload) for upload in found}
    of_platform = 2 * sum(map(_has_platform_name, places)) > len(places)
    for upload in found:
        # Without a platform what lies in a student's folder has names of the student's.
        first, *below = _outside(upload)
        parts = (first, *below) if of_platform else (first, *("x" for _ in below))
        owner = owner_of(parts, assignment.name)
        if owner is None:
            fault = upload.fault or "its name does not say whose it is"
            results.append(Collected("", upload.path, path=upload.path, fault=fault))
            continue
        files[owners.setdefault(owner.student, owner)].append(upload)
    with open_gradebook(course) as gradebook:
        for owner, theirs in sorted(files.items(), key=lambda item: item[0].student):
            result = _take(course, assignment, release, owner, theirs)
            results.append(result)
            names = {"last_name": owner.name, "lms_user_id": owner.lms_id or None}
            gradebook.update_or_create_student(owner.student, **names)
    return results


def _outside(upload: Upload) -> tuple[str, ...]:
    """The parts of its path that are not inside a student's own archive."""
    inside = len(_parts(upload.path)) - len(_parts(upload.archive))
    n = len(upload.parts) - inside
    return (*upload.parts[:n], "x") if upload.archive and n > 0 else upload.parts


def _has_platform_name(parts: tuple[str, ...]) -> bool:
    return any(p.fullmatch(part) for part in parts for p in (CANVAS, MOODLE))


def _is_wrapper(found: list[Upload], assignment: str) -> bool:
    """Whether the one folder at the top holds many students, and is not one itself."""
    direct = [upload.parts[1:] for upload in found if len(upload.parts) == 2]
    if any(owner_of(parts, assignment) is None for parts in direct):
        return False
    below = {upload.parts[1] for upload in found}
    return len(below) > 1 or any(len(upload.parts) > 2 for upload in found)


def _take(
    course: Course,
    assignment: Assignment,
    release: NotebookNode,
    owner: Owner,
    theirs: list[Upload],
) -> Collected:
    """Choose among a student's files, and put the choice where it will be graded."""
    result = Collected(owner.student, owner.name, owner.lms_id)
    readable: list[tuple[int, float, str, Upload, list[Piece]]] = []
    for upload in theirs:
        if not upload.fault and Path(upload.path).suffix.lower() not in NOTEBOOK_LIKE:
            upload.fault = "it is no notebook"
        if not upload.fault:
            try:
                pieces = read_pieces(upload.data)
                like = likeness(pieces, release)
                readable.append((like, upload.time, upload.path, upload, pieces))
            except Unreadable as error:
                upload.fault = str(error)
        if upload.fault:
            result.notes.append(f"{_shown(upload.path)}: {upload.fault}")
    known = read_collected(course, assignment.name, owner.student)
    if not readable:
        result.fault = "; ".join(result.notes)[:500]
        if known and not known.fault:
            known.notes.append(f"a later upload cannot be read: {result.fault}")
            known.notes = known.notes[-5:]
            write_collected(course, assignment.name, known)
            return known
        write_collected(course, assignment.name, result)
        return result
    # The newest, if it is this assignment (it holds half of what the fullest does), and
    # not a copy of the release beside one that was worked on.
    most = max(like for like, *_ in readable)
    wanted = [item for item in readable if 2 * item[0] >= most]
    wanted = [item for item in wanted if n_answered(item[4], release)] or wanted
    _, _, _, chosen, pieces = max(
        wanted, key=lambda item: (item[1], item[3].inner_time, _attempt(item[2]))
    )
    for _, _, path, *_ in readable:
        if path != chosen.path:
            result.notes.append(f"{_shown(path)}: not taken, {_shown(chosen.path)} was")
    result.path, result.time, result.sha256 = chosen.path, chosen.time, sha256(chosen.data)
    if known and not known.fault and known.sha256 != result.sha256:
        if known.time > result.time + 2:
            known.notes.append(f"{_shown(chosen.path)}: older than what was collected")
            return known
        result.notes.append("a newer file took the place of an earlier one")
    notebook = restore(release, pieces)
    notebook.metadata["classroom"] = {"upload_sha256": result.sha256}
    target = course.submitted(assignment.name, owner.student)
    write_atomically(upload_path(course, assignment.name, owner.student), chosen.data)
    if result.time:
        when = datetime.fromtimestamp(result.time, UTC)
        write_atomically(
            target.with_name("timestamp.txt"), f"{when:%Y-%m-%d %H:%M:%S} UTC\n"
        )
    write_atomically(target, nbformat.writes(notebook, version=4) + "\n")
    write_collected(course, assignment.name, result)
    return result


def _attempt(path: str) -> tuple[int, str]:
    """Canvas and browsers number what comes again: hw1-2.ipynb, hw1 (2).ipynb."""
    number = re.search(r"(?:-| \()(\d{1,3})\)?\.\w+$", path)
    return int(number[1]) if number else 0, path


def _shown(path: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in path)[-120:]
