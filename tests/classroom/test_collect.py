"""Uploads as the platforms name them, and as somebody who means harm would."""

import io
import os
import re
import stat
import time
import zipfile
from html import unescape

import nbformat
import pytest

from classroom.collect import collect, owner_of, safe_name
from classroom.course import ClassroomError
from classroom.records import all_collected
from classroom.restore import grade_id, read_pieces, restore
from classroom.sandbox import require_sandbox

from .conftest import cell, edited, released, solution, text


@pytest.mark.parametrize(
    ("path", "student", "lms_id"),
    [
        ("Ada Lovelace_4711_assignsubmission_file_/toy.ipynb", "4711", "4711"),
        ("Ada Lovelace_4711_assignsubmission_file/toy.ipynb", "4711", "4711"),
        ("Ada Lovelace_4711_assignsubmission_file_toy.ipynb", "4711", "4711"),
        ("lovelaceada_4711_98765_toy.ipynb", "4711", "4711"),
        ("lovelaceada_LATE_4711_98765_toy-2.ipynb", "4711", "4711"),
        ("ada.ipynb", "ada", ""),
        ("toy_ada.ipynb", "ada", ""),
        ("ada-toy.ipynb", "ada", ""),
        ("ada/toy.ipynb", "ada", ""),
        ("ada/toy/toy.ipynb", "ada", ""),
    ],
)
def test_names_of_the_platforms(path, student, lms_id):
    owner = owner_of(tuple(path.split("/")), "toy")
    assert (owner.student, owner.lms_id) == (student, lms_id)


def test_a_name_that_says_nothing_is_nobodys():
    assert owner_of(("toy.ipynb",), "toy") is None


TRICKS = ["../ada", "ada\u202e", "ada\x00", "ada\n", "a/da", "..", "", "ad*a", "[ada]",
          "-ada", "~ada", "ada\u200b", "O'Neil, Jr.", "=cmd()", "x" * 500,
          "ada\ud800"]  # fmt: skip


def test_names_with_tricks_are_safe_and_nobody_elses():
    names = [safe_name(trick) for trick in TRICKS]
    assert len(set(names)) == len(TRICKS) and "ada" not in names
    for name in names:
        assert name[0] not in ".-" and not set(name) & set("/\\\0\n*?[]'\"=, ")
        assert len(name.encode()) < 255 and name.isprintable()
    assert safe_name("Jose\u0301") == safe_name("Jos\u00e9")  # one name, two spellings


def as_zip(path, entries) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def students(course) -> dict[str, str]:
    return {c.student: c.fault for c in all_collected(course, "toy")}


def test_a_zip_from_moodle_with_an_archive_in_it(course, toy, tmp_path):
    work = text(solution(course))
    inner = io.BytesIO()
    as_zip(inner, {"work/toy.ipynb": work, "notes.pdf": b"%PDF"})
    as_zip(
        tmp_path / "all.zip",
        {
            "Ada L_1_assignsubmission_file_/toy.ipynb": work,
            "Ben M_2_assignsubmission_file_/my.zip": inner.getvalue(),
            "Cy N_3_assignsubmission_file_/photo.jpg": b"\xff\xd8",
            "__MACOSX/x": b"",
        },
    )
    collect(course, toy, tmp_path / "all.zip")
    assert students(course) == {
        "1": "", "2": "", "3": "Cy N_3_assignsubmission_file_/photo.jpg: it is no notebook",
    }  # fmt: skip


def test_a_path_in_an_archive_leads_nowhere(course, toy, tmp_path):
    before = sorted(p for p in tmp_path.rglob("*") if not p.is_relative_to(course.root))
    work = text(solution(course))
    as_zip(
        tmp_path / "evil.zip",
        {"../../ada.ipynb": work, "/etc/ben.ipynb": work, "..\\..\\cy.ipynb": work},
    )
    collect(course, toy, tmp_path / "evil.zip")
    assert set(students(course)) == {"ada", "etc", "cy"}
    after = sorted(p for p in tmp_path.rglob("*") if not p.is_relative_to(course.root))
    assert set(after) - set(before) == {tmp_path / "evil.zip"}


@pytest.mark.slow
def test_a_zip_bomb_costs_neither_memory_nor_the_others(course, toy, tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("toy.ipynb", "w", force_zip64=True) as file:
            for _ in range(300):
                file.write(b"0" * 10**6)
    entries = {"ada.zip": bomb.getvalue(), "ben.ipynb": text(solution(course))}
    as_zip(tmp_path / "all.zip", entries)
    collect(course, toy, tmp_path / "all.zip")
    found = students(course)
    assert "more than 20 MB" in found["ada"] and found["ben"] == ""


def test_many_files_in_one_archive_are_not_read(course, toy, tmp_path):
    many = io.BytesIO()
    as_zip(many, {f"{n}.txt": b"x" for n in range(2000)})
    as_zip(tmp_path / "all.zip", {"ada.zip": many.getvalue()})
    collect(course, toy, tmp_path / "all.zip")
    assert "2,000 files" in students(course)["ada"]


def test_links_and_pipes_are_not_read(course, toy, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    secret = tmp_path / "secret.ipynb"
    secret.write_text(text(solution(course)))
    (uploads / "ada.ipynb").symlink_to(secret)
    (uploads / "ben").symlink_to(tmp_path)
    os.mkfifo(uploads / "cy.ipynb")
    (uploads / "dee.ipynb").write_text(text(solution(course)))
    collect(course, toy, uploads)
    found = students(course)
    assert "link" in found["ada"] and "link" in found["ben"]
    assert found["cy"] == "cy.ipynb: it is no regular file" and found["dee"] == ""
    link = zipfile.ZipInfo("eve.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    collect(course, toy, tmp_path / "all.zip")
    assert "link" in students(course)["eve"]


def test_a_link_in_the_place_of_a_teachers_file_is_replaced_not_followed(
    course, toy, tmp_path
):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "ada.ipynb").write_text(text(solution(course)))
    target = course.submitted("toy", "ada")
    target.parent.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    target.symlink_to(victim)
    collect(course, toy, uploads)
    assert victim.read_text() == "mine" and not target.is_symlink()


def test_of_two_files_the_one_with_the_work_is_taken_and_that_is_said(
    course, toy, tmp_path
):
    folder = tmp_path / "uploads" / "ada"
    folder.mkdir(parents=True)
    (folder / "scratch.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
    (folder / "other.ipynb").write_text(text(edited(solution(course), square="x = 1")))
    (folder / "toy.ipynb").write_text(text(solution(course)))
    os.utime(folder / "toy.ipynb", (2e9, 2e9))
    (tmp_path / "uploads" / "ben.ipynb").write_text(text(solution(course)))
    collect(course, toy, tmp_path / "uploads")
    (ada,) = [c for c in all_collected(course, "toy") if c.student == "ada"]
    assert ada.path == "ada/toy.ipynb"
    assert sum("not taken" in note for note in ada.notes) == 1
    assert "ada/scratch.ipynb: the notebook is empty" in ada.notes


@pytest.mark.parametrize(
    ("files", "taken"),
    [  # name, what is in it, when it was saved
        ([("draft", "all", 1), ("late", "a test deleted", 2)], "late"),
        ([("worked", "all", 1), ("copy", "untouched", 2)], "worked"),
        ([("toy-1", "all", 1), ("toy-2", "all", 1), ("toy", "all", 1)], "toy-2"),
        ([("toy (3)", "all", 1), ("toy (12)", "all", 1)], "toy (12)"),
    ],
)  # fmt: skip
def test_of_several_files_the_newest_that_was_worked_on_is_taken(
    course, toy, tmp_path, files, taken
):
    shorter = solution(course)
    shorter.cells = [c for c in shorter.cells if grade_id(c) != "square-test"]
    contents = {"all": solution(course), "a test deleted": shorter,
                "untouched": released(course)}  # fmt: skip
    folder = tmp_path / "uploads" / "ada"
    folder.mkdir(parents=True)
    for name, what, when in files:
        path = folder / f"{name}.ipynb"
        path.write_text(text(contents[what]) + "\n" * when)
        os.utime(path, (1.7e9 + when, 1.7e9 + when))
    (tmp_path / "uploads" / "ben.ipynb").write_text(text(solution(course)))
    ada, _ = collect(course, toy, tmp_path / "uploads")
    assert ada.path == f"ada/{taken}.ipynb"


# One grey pixel.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgAB"
    "SK+kcQAAAABJRU5ErkJggg=="
)
TEXTS = {
    "a photographed page": ("![my page](attachment:page.png)", True),
    "a picture that is left out": ("![a](attachment:run.svg)", False),
    "a link that runs": ("[a](javascript:alert(1))", False),
    "spelled with an entity": ("[b](JavaScript&colon;alert(2))", False),
    "a tag": ("<b onclick=alert(3)>c</b>", False),
    "an attribute": ('![d](x" onerror="alert(4))', False),
    "in mathematics": (r"$\href{javascript:alert(5)}{e}$", False),
    "data": ("[f]\n\n[f]: data:text/html,<script>alert(6)</script>", False),
    "a picture from elsewhere": ("![d](https://example.org/d.png)", False),
    "by a reference": ("![d][1]\n\n[1]: /logout", False),
    "fences": ("````\n![a](attachment:none.png)\n```", False),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_pictures_in_a_text_are_kept_and_nothing_in_it_can_run(course, toy, tmp_path, name):
    """Formgrader shows the text by nbconvert, on a page that has the grader's rights."""
    from nbconvert import HTMLExporter

    notebook = solution(course)
    source, has_picture = TEXTS[name]
    cell(notebook, "why").source = f"Before. {source}"
    cell(notebook, "why").attachments = {
        "page.png": {"image/png": PIXEL}, "run.svg": {"image/svg+xml": "<svg/>"},
        "two.png": {"image/png": '"><script>'},
    }  # fmt: skip
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "ada.ipynb").write_text(text(notebook))
    collect(course, toy, uploads)
    restored = nbformat.read(course.submitted("toy", "ada"), 4)
    assert cell(restored, "why").attachments == {"page.png": {"image/png": PIXEL}}
    page, _ = HTMLExporter().from_notebook_node(restored)
    page = page[page.index("Before.") - 200 :]
    assert (PIXEL in page) == has_picture
    assert "javascript:" not in unescape(page).lower() and "<script>alert" not in page
    for running in (r"=\"\s*data:(?!image/)", r"<[^>]* on\w+="):
        assert not re.search(running, page)
    assert not re.search(r"<img[^>]*src=\"(?!data:image/)", page)


def test_a_newer_file_counts_an_older_one_does_not_and_an_unreadable_one_neither(
    course, toy, tmp_path
):
    def hand_in(source: str, time: float) -> None:
        uploads = tmp_path / f"at-{time}"
        uploads.mkdir()
        (uploads / "ada.ipynb").write_text(source)
        os.utime(uploads / "ada.ipynb", (time, time))
        collect(course, toy, uploads)

    def answer() -> str:
        notebook = nbformat.read(course.submitted("toy", "ada"), 4)
        return next(c.source for c in notebook.cells if grade_id(c) == "square")

    hand_in(text(edited(solution(course), square="# first")), 1.7e9)
    hand_in(text(edited(solution(course), square="# second")), 1.8e9)
    assert answer() == "# second"
    hand_in(text(edited(solution(course), square="# old")), 1.75e9)
    assert answer() == "# second"
    hand_in(text(edited(solution(course), square="# second")), 1.85e9)  # the same again
    (ada,) = all_collected(course, "toy")
    assert ada.time == 1.8e9
    second = "ada.ipynb (2027-01-15 08:00) was"
    assert [note for note in ada.notes if "not taken" in note] == [
        f"ada.ipynb (2023-11-14 22:13): not taken, {second}",
        f"ada.ipynb (2025-06-15 15:06): not taken, {second}",
    ]
    hand_in("{ no notebook", 1.9e9)
    assert answer() == "# second"
    (ada,) = all_collected(course, "toy")
    assert any("later upload cannot be read" in note for note in ada.notes)


def test_collecting_executes_nothing(course, toy, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    flag = tmp_path / "flag"
    source = f"open({str(flag)!r}, 'w')"
    (uploads / "ada.ipynb").write_text(text(edited(solution(course), square=source)))
    collect(course, toy, uploads)
    assert not flag.exists()


def test_what_is_no_source_is_refused(course, toy, tmp_path):
    with pytest.raises(ClassroomError, match="does not exist"):
        collect(course, toy, tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ClassroomError, match="neither a folder nor a zip"):
        collect(course, toy, tmp_path / "file")


def test_without_the_sandbox_the_refusal_says_what_to_do(monkeypatch):
    monkeypatch.setattr("classroom.sandbox.reason_against_the_sandbox", lambda: "no bwrap")
    with pytest.raises(ClassroomError, match="(?s)no bwrap.*apt-get.*--no-sandbox"):
        require_sandbox()


WRAPPED = "x_2_assignsubmission_file_"


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        (f"ada_1_77_{WRAPPED}.ipynb", "1"),  # Canvas, and a name that plays Moodle
        (f"ada/{WRAPPED}/toy.ipynb", "ada"),
        ("ada/x_2_9_toy.ipynb", "ada"),
        ("ada/toy_2026_11_05.ipynb", "ada"),
        (f"ada/{WRAPPED}.zip", "ada"),
        (f"Ada_1_assignsubmission_file_{WRAPPED}.zip", "1"),
        ("ada.zip", "ada"),
    ],
)
def test_nobody_hands_in_for_another_by_the_name_of_a_file(
    course, toy, tmp_path, path, owner
):
    work = text(solution(course))
    content: str | bytes = work
    if path.endswith(".zip"):
        inner = io.BytesIO()
        as_zip(inner, {f"{WRAPPED}{n}/{WRAPPED}/toy.ipynb": work for n in range(9)})
        content = inner.getvalue()
    others = {"ben/toy.ipynb": work, "cy/toy.ipynb": work, path: content}
    as_zip(tmp_path / "all.zip", others)
    collect(course, toy, tmp_path / "all.zip")
    assert set(students(course)) == {"ben", "cy", owner}


def test_folders_of_sections_hold_the_platforms_files(course, toy, tmp_path):
    work = text(solution(course))
    names = ["a/ada_1_71_toy.ipynb", "a/ben_2_72_toy.ipynb", "b/cy_3_73_toy.ipynb"]
    as_zip(tmp_path / "all.zip", dict.fromkeys(names, work))
    collect(course, toy, tmp_path / "all.zip")
    assert set(students(course)) == {"1", "2", "3"}


def test_one_student_with_several_files_is_one(course, toy, tmp_path):
    files = {"ada/toy.ipynb": text(solution(course)), "ada/data/a.txt": "1"}
    as_zip(tmp_path / "all.zip", {**files, "ada/notes.txt": "2"})
    collect(course, toy, tmp_path / "all.zip")
    assert students(course) == {"ada": ""}


def test_the_time_in_a_students_own_archive_is_not_the_time_of_handing_in(
    course, toy, tmp_path
):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for year, name in ((1999, "new"), (1998, "old")):
            entry = zipfile.ZipInfo(f"{name}.ipynb", (year, 1, 1, 0, 0, 0))
            archive.writestr(entry, text(edited(solution(course), square=f"# {name}")))
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "ada.zip").write_bytes(inner.getvalue())
    os.utime(uploads / "ada.zip", (1.9e9, 1.9e9))
    (uploads / "ben.ipynb").write_text(text(solution(course)))
    ada, _ = collect(course, toy, uploads)
    assert (ada.time, ada.path) == (1.9e9, "ada/new.ipynb")


@pytest.mark.slow
def test_an_archive_that_unpacks_to_very_much_is_not_kept(tmp_path):
    from classroom.collect import uploads

    inner = io.BytesIO()
    as_zip(inner, {f"{n}.ipynb": b" " * 19_000_000 for n in range(9)})
    as_zip(tmp_path / "all.zip", {"ada.zip": inner.getvalue()})
    found = list(uploads(tmp_path / "all.zip"))
    assert sum(len(upload.data) for upload in found) < 130_000_000
    assert "too much" in found[-1].fault


@pytest.mark.parametrize("damage", ["cut", "name"])
def test_a_damaged_zip_is_said(course, toy, tmp_path, damage):
    path = tmp_path / "all.zip"
    as_zip(path, {"adaé.ipynb": "x", "ben.ipynb": "x"})
    data = path.read_bytes()
    if damage == "cut":
        data = data.replace(b"PK\1\2", b"PK\0\0")
    else:
        data = data.replace("é".encode(), b"\xff\xff")
    path.write_bytes(data)
    with pytest.raises(ClassroomError, match="damaged zip"):
        collect(course, toy, path)


TAB = "\t"
LINKS = {
    "a tab in the link": f"$\\href{{java{TAB}script:alert(1)}}{{e}}$",
    "a macro": r"$\newcommand{\a}[1]{\href{java#1:alert(1)}{e}} \a{script}$",
    "an attribute": r"$\mmlToken{mi}[style='position:fixed']{x}$",
    "paragraphs": "$x$\n\n[a](javascript:alert(1))\n\n$\\href{javascript:alert(2)}{e}$",
    "as an entity": r"$&#92;href{java&#9;script:alert(1)}{e}$",
}


@pytest.mark.parametrize("name", LINKS)
def test_mathematics_makes_no_link(course, name):
    notebook = edited(solution(course), why=f"Before.\n{LINKS[name]}")
    restored = restore(released(course), read_pieces(text(notebook).encode()))
    assert cell(restored, "why").source.startswith("```text\n")


@pytest.mark.parametrize("piece", [r"\\( ", r"\begin{align}", "[", "*a_ "])
def test_a_text_that_keeps_the_renderer_busy_does_not_stop_the_class(course, piece):
    """Seen: 20,000 pieces in one cell took minutes, and there may be 1,000 cells."""
    notebook = solution(course)
    for length in (20_000, *[1_000] * 100):
        notebook.cells.append(nbformat.v4.new_markdown_cell(piece * length))
    start = time.process_time()
    restored = restore(released(course), read_pieces(text(notebook).encode()))
    assert time.process_time() - start < 60
    assert restored.cells[-1].source.startswith("```")
    assert "Because" in cell(restored, "why").source.splitlines()[2]


@pytest.mark.parametrize("strip", [False, True])
def test_a_text_below_its_untouched_place_is_the_answer(course, strip):
    notebook, release = solution(course), released(course)
    derivation = cell(notebook, "by-hand").source
    cell(notebook, "by-hand").source = cell(release, "by-hand").source
    place = notebook.cells.index(cell(notebook, "by-hand"))
    new = [nbformat.v4.new_markdown_cell(part) for part in ("I multiply.", derivation)]
    notebook.cells[place + 1 : place + 1] = new
    if strip:
        for each in notebook.cells:
            each.metadata = nbformat.from_dict({})
    restored = restore(release, read_pieces(text(notebook).encode()))
    assert cell(restored, "by-hand").source == f"I multiply.\n\n{derivation}"
    assert sum(derivation in each.source for each in restored.cells) == 1
    assert "Because" in cell(restored, "why").source.splitlines()[2]
