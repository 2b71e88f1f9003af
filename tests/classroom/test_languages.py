"""A release in Korean: what a student reads of it is Korean, and its formulas and code are
those of the English."""

import html
import importlib.util
import os
import re
import shutil

import nbformat
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from classroom.author import make_release
from classroom.collect import collect
from classroom.course import ROOT, ClassroomError, Course
from classroom.feedback import write_feedback
from classroom.grade import grade
from classroom.judge import judge_derivation
from classroom.restore import grade_id
from classroom.words import has_words, respoken, speaking, texts_of_assignment, translations

from .conftest import TOY, edited, released, solution, text
from .handed_in import WRONG
from .test_assignments import NAMES
from .test_solutions import marks, seeds_of, sheets  # noqa: F401

# Three English words in a row, which no name, command or formula has.
ENGLISH = re.compile(r"(?<![\w/.])[A-Za-z]{2,}[,:]? [a-z]{2,}[,:]? [a-z]{2,}")


def english(markdown: str) -> list[str]:
    """What is left of it in English, outside of code, formulas and titles."""
    bare = re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$|Dive into Deep Learning", " ", markdown,
                  flags=re.S)  # fmt: skip
    return ENGLISH.findall(bare)


def kept(markdown: str) -> list[str]:
    """Its blocks of code, its code and its formulas."""
    pattern = r"```.*?```|(?<!`)`[^`\n]+`(?!`)|\$[^$]+\$"
    return sorted(" ".join(one.split()) for one in re.findall(pattern, markdown, re.S))


@pytest.fixture(scope="module")
def homework(tmp_path_factory):
    return Course(tmp_path_factory.mktemp("course"), (ROOT / "assignments",))


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_is_korean_and_its_formulas_are_not_touched(name, homework):
    def sheet(language: str) -> nbformat.NotebookNode:
        make_release(homework, homework.assignment(name, language))
        assert homework.assignment(name).language == language  # it is remembered
        return released(homework, name)

    ours, theirs = sheet("en").cells, sheet("ko").cells
    assert [grade_id(c) for c in ours] == [grade_id(c) for c in theirs]
    for one, other in zip(ours, theirs, strict=True):
        if one.cell_type == "code":
            stub = one.source.replace("# your answer here", "# 여기에 답을 쓰십시오")
            assert other.source == stub
        else:
            assert not english(other.source)
            assert re.search("[가-힣]", other.source) or not has_words(one.source)
            assert kept(one.source) == kept(other.source)


@pytest.mark.slow
@pytest.mark.parametrize(("hw", "task"), list(WRONG))
def test_messages_are_korean(sheets, hw, task):  # noqa: F811
    with speaking("ko", ROOT / "assignments" / "ko" / f"{hw}.po"):
        for _, body in WRONG[hw, task]:
            *_, said = marks(sheets, hw, task, body, seeds_of(hw, task)[0])
            for message in said:
                ours = re.sub(r"오류를 일으켰습니다: .*", "", message)  # Python's own words
                assert re.search("[가-힣]", ours) and not english(ours), message


@pytest.mark.parametrize(
    ("latex", "told"),
    [
        ("(a + b)^2 &= a^2 + b^2", "일 때: 왼쪽 = "),
        ("(a + b)^2 &= (a + b)(a + b) \\\\ &= a^2 + 2 a b", "마지막 식이 정해진 식이 아닙"),
        ("(a + b)^2 &= a^2 + 2 a b + b^2 +", "1번 줄을 읽지 못했습니다. 줄이 너무 일찍"),
        ("(a + b)^2 &= \\foo{a} \\\\ &= a^2 + 2 a b + b^2", "1번 줄을 읽지 못했습니다"),
        ("(a + b)^2 &\\geq a^2 \\leq 3", "올라갔다 내려갑니다"),
    ],
)
def test_the_checker_is_heard_in_korean(latex, told, toy):
    with speaking("ko", ROOT / "assignments" / "ko" / "hw1.po"):
        task = toy.checks.TASKS["by-hand"]
        chain = f"$$\\begin{{aligned}} {latex} \\end{{aligned}}$$"
        mark = judge_derivation("by-hand", task, chain, "")
        said = "\n".join(line.message for line in mark.lines)
        assert told in said and not english(said) and not mark.fault, said + mark.fault
        assert respoken("Nobody ever said this before.") == ""
    assert respoken("Nobody ever said this before.") == "Nobody ever said this before."


@pytest.fixture
def korean_toy(tmp_path) -> Course:
    """The toy, with an f-string made into a text, and translated by a machine."""
    shutil.copytree(TOY, tmp_path / "toy")
    checks = tmp_path / "toy" / "checks.py"
    said = re.search(r'f"\{answer.at\}: you.*?"', checks.read_text())
    assert said, "the toy has changed"
    checks.write_text(checks.read_text().replace(said[0], '"no square is negative"'))
    catalogue = Catalog()
    for one in texts_of_assignment(tmp_path / "toy" / "toy.md"):
        catalogue.add(one.text, "번역한 문장입니다")
    (tmp_path / "ko").mkdir()
    with (tmp_path / "ko" / "toy.po").open("wb") as file:
        write_po(file, catalogue)
    return Course(tmp_path / "course", (tmp_path,))


def test_what_lacks_a_translation_is_refused(toy_release, korean_toy):
    with pytest.raises(
        ClassroomError, match=r"toy cannot be released in 'ko': .*ko/toy.po"
    ):
        make_release(toy_release, toy_release.assignment("toy", "ko"))
    with pytest.raises(ClassroomError, match="LANGUAGE is one of en, ko; got 'fr'"):
        make_release(toy_release, toy_release.assignment("toy", "fr"))
    catalogue = korean_toy.assignments[0] / "ko" / "toy.po"
    whole = catalogue.read_text()
    catalogue.write_text(whole.replace('msgid "sign"\n', '#, fuzzy\nmsgid "sign"\n'))
    os.utime(catalogue, (1, 1))
    with pytest.raises(ClassroomError, match="lacks 1 of its texts, such as 'sign'"):
        make_release(korean_toy, korean_toy.assignment("toy", "ko"))


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
def test_feedback_is_korean(korean_toy, tmp_path):
    course, uploads = korean_toy, tmp_path / "uploads"
    make_release(course, course.assignment("toy", "ko"))
    toy = course.assignment("toy")
    assert toy.language == "ko" and toy.version != course.assignment("toy", "en").version
    right, untouched = solution(course), released(course)
    wrong = edited(
        right,
        square="def square(x):\n    return -x\n",
        root="def root(x):\n    while True:\n        pass\n",
        square_test="import math\n" + "probe('square', 3)",
        by_hand="$$(a + b)^2 = a^2 + b^2$$ $$x = y$$",
    )
    broken = text(right)[:900]
    uploads.mkdir()
    for name, content in [
        ("ada", text(right)), ("ben", text(wrong)), ("cy", text(untouched)), ("dan", broken)
    ]:  # fmt: skip
        (uploads / f"{name}.ipynb").write_text(content)
    collect(course, toy, uploads)
    grade(course, toy, jobs=2)
    pages = {p.parts[-3]: p.read_text() for p in write_feedback(course, toy)}
    assert set(pages) == {"ada", "ben", "cy", "dan"}
    for name, page in pages.items():
        assert '<html lang="ko">' in page
        shown = html.unescape(
            re.sub(r"<(style|code)>.*?</\1>|<[^>]*>", " ", page, flags=re.S)
        )
        assert not english(shown), (name, english(shown))
    assert "시험 셀 square-test의 내용이 바뀌었습니다" in pages["ben"]
    assert "답이 없습니다" in pages["cy"] and "일 늦음" in pages["ada"]


def test_check_py_speaks_the_language_of_the_sheet(korean_toy, capsys, monkeypatch):
    release = make_release(korean_toy, korean_toy.assignment("toy", "ko"))
    spec = importlib.util.spec_from_file_location("check", release.with_name("check.py"))
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    monkeypatch.setattr(check, "run", lambda cells: [])
    monkeypatch.setattr("sys.argv", ["check.py", str(release)])
    check.main()
    said = capsys.readouterr().out
    open_ones = "square, root, by-hand, why"
    assert f"- 아직 답이 없는 문항: {open_ones}." in said
    assert not english(said.replace(open_ones, ""))


def test_a_catalogue_that_changes_is_read_anew(tmp_path):
    path = tmp_path / "x.po"
    for n in (1, 2):
        path.write_text(f'msgid "one"\nmsgstr "{n}"\n')
        os.utime(path, (n, n))
        assert translations(path) == {"one": str(n)}
