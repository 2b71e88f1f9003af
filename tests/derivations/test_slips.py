"""The slips that the book asks its readers for: false every one, and rightly explained."""

import re
import sys
from pathlib import Path

import pytest

from derivations.block import read_block
from derivations.chain import pairs_of
from derivations.chapters import chapters, displays
from derivations.report import check_block
from derivations.scope import Scope
from derivations.slips import (
    MOST,
    Chain,
    Slip,
    Values,
    candidates,
    is_asked,
    judged,
    slips_of,
)
from derivations.sorts import KINDS

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
CHAPTERS = [path for path in chapters(BOOK) if re.match(r"\d\d-", path.name)]

sys.path.insert(0, str(BOOK / "extensions"))
import slips as extension  # noqa: E402

CHAIN = r"""\begin{aligned}
% given: a > 0
\log a^2
&= 2 \log a \\
&= \log a
 + \log a
\end{aligned}"""
PAGE = f"""# A chapter

$$
{CHAIN}
$$ (eq-logs)
"""


# ---------------------------------------------------------------- chains
def test_a_chain_is_cut_at_its_relations():
    chain = Chain.of("eq-logs", CHAIN)
    assert [" ".join(line.split()) for line in chain.lines] == [
        r"\log a^2", r"= 2 \log a", r"= \log a + \log a",
    ]  # fmt: skip
    assert chain.given == ["a > 0"]
    assert [chain.row(i) for i in (1, 2)] == [4, 5]
    assert [chain.source[b:e][:6] for b, e in chain.spans] == [
        r"\log a",
        r"= 2 \l",
        r"= \log",
    ]


@pytest.mark.parametrize(
    ("latex", "lines"),
    [
        (r"a &:= b \\ &\quad + c \\ &\geq d", ["a", r":= b \quad + c", r"\geq d"]),
        (r"&a \\ &= b", ["a", "= b"]),
        (r"a := &b \\ = &c", ["a", ":= b", "= c"]),
        (r"\sum_{n=1}^{N} a &= b", [r"\sum_{n=1}^{N} a", "= b"]),
    ],
)
def test_every_way_to_align_a_chain_is_read(latex, lines):
    assert [" ".join(line.split()) for line in Chain.of("", latex).lines] == lines


def test_the_judges_see_as_many_lines_as_the_reader():
    seen = 0
    for path in CHAPTERS:
        for display in displays(path.read_text(encoding="utf-8")):
            if r"\begin{aligned}" not in display.source:
                continue
            pairs = pairs_of(read_block(display.source).lines, display.source)
            chain = Chain.of(display.label, display.source)
            assert len(chain.lines) == len(pairs) + 1, display.label
            rows = [chain.row(i) for i in range(1, len(chain.lines))]
            assert rows == [pair.line for pair in pairs], display.label
            seen += 1
    assert seen > 50


# ---------------------------------------------------------------- what the judges say
def said_of(wrong: str) -> Slip | None:
    chain = Chain.of("eq-logs", CHAIN)
    (found,) = [c for c in candidates(chain) if c.mutant.after == wrong]
    return judged(found, Scope())


def test_a_false_line_falls_with_both_numbers():
    slip = said_of(r"&= 2  a \\")
    assert (slip.sort, slip.line, slip.fallen) == ("log", 1, 1) and is_asked(slip)
    assert slip.values.at.startswith("a = ") and slip.values.left != slip.values.right
    assert slip.wrong(Chain.of("eq-logs", CHAIN)) == "= 2  a"


def test_what_is_still_true_is_not_asked():
    true = Slip("eq-a", "sign", 1, 0, "a", "b", 0, None)
    below = Slip("eq-a", "sign", 1, 0, "a", "b", 2, Values("", "1", "2"))
    unseen = Slip("eq-a", "sign", 1, 0, "a", "b", 1, Values("", "1", "1"))
    assert not any(map(is_asked, (true, below, unseen)))


def test_numbers_and_slopes_are_read_from_the_judges_words():
    assert Values.of("at x = 1, y = [1, 2]: left = 0.5, right = exp(-12.5) [a world]") == (
        Values("x = 1, y = [1, 2]", "0.5", "exp(-12.5)")
    )
    slopes = Values.of("slopes [0.5 1.] and [-0.5 -1.] are opposite: what one side")
    assert slopes == Values("", "[0.5 1.]", "[-0.5 -1.]", slopes=True)
    assert Values.of("at x = 1: left = [1, 2], right = [2, 1] [a world]") is None
    assert Values.of("a sum of vectors") is None


def test_a_chapter_gives_its_slips_and_the_values_of_its_lines(tmp_path):
    path = tmp_path / "01-logs.md"
    path.write_text(PAGE, encoding="utf-8")
    chapter = slips_of(path, breakable=("eq-logs",))
    assert len(chapter.slips) >= 4 and all(map(is_asked, chapter.slips))
    assert {slip.line for slip in chapter.slips} == {1, 2}
    assert len(chapter.changes) >= len(chapter.slips)
    assert [value.left == value.right for value in chapter.values["eq-logs"]] == [
        True,
        True,
    ]
    assert chapter == slips_of(path, breakable=("eq-logs",)), "the same at every build"


def asked_of(path: Path) -> tuple[dict[str, Chain], list[Slip]]:
    """A chapter's chains and slips, as its page has them."""
    page = extension.kept(BOOK, ROOT / "_build" / "slips.json")[path.stem]
    sources = {d.label: d.source for d in displays(path.read_text(encoding="utf-8"))}
    slips = [Slip(**slip | {"values": Values(**slip["values"])}) for slip in page["slips"]]
    return {label: Chain.of(label, sources[label]) for label in page["chains"]}, slips


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path, id=path.stem, marks=pytest.mark.xdist_group(f"slips-{path.stem}")
        )
        for path in CHAPTERS
    ],
)
def test_slips_are_false_at_other_draws(path, request):
    """With other draws, the whole chain, and nothing kept from before. Every fifth, and
    with --all-seeds each: at the draws of the build all were judged."""
    chains, slips = asked_of(path)
    page, pages = Scope(), {}
    for display in displays(path.read_text(encoding="utf-8")):
        pages[display.label] = page
        page = check_block(display.source, page, symbolic=False, quick=True).page
    texts = {(slip.label, slip.line, slip.wrong(chains[slip.label])) for slip in slips}
    assert 12 <= len(texts) == len(slips) <= MOST
    grades = [slip.kind.grade for slip in slips]
    assert all(grades.count(grade) >= 2 for grade in (1, 2, 3)), grades
    for slip in slips[:: 1 if request.config.getoption("--all-seeds") else 5]:
        chain = chains[slip.label]
        begin = chain.spans[slip.line][0] + slip.begin
        assert chain.source[begin:].startswith(slip.old)
        source = chain.source[:begin] + slip.new + chain.source[begin + len(slip.old) :]
        report = check_block(source, pages[slip.label], seed=1, symbolic=False, quick=True)
        broken = next(step for step in report.steps if not step.ok)
        assert (broken.verdict, broken.line) == ("wrong", chain.row(slip.line)), source


# ---------------------------------------------------------------- kept between builds
def test_what_the_judges_said_is_kept_until_a_chapter_changes(tmp_path, monkeypatch):
    book, cache = tmp_path / "book", tmp_path / "_build" / "slips.json"
    book.mkdir()
    (book / "01-logs.md").write_text(PAGE, encoding="utf-8")
    (book / "index.md").write_text("# No chapter\n", encoding="utf-8")
    first = extension.kept(book, cache)
    assert list(first) == ["01-logs"] and first["01-logs"]["slips"]

    class Nobody:
        def __init__(self, *_):
            raise AssertionError("nothing is to be judged")

    with monkeypatch.context() as patched:
        patched.setattr(extension, "ProcessPoolExecutor", Nobody)
        assert extension.kept(book, cache) == first
        (book / "01-logs.md").write_text(PAGE.replace("2", "3"), encoding="utf-8")
        with pytest.raises(AssertionError, match="nothing is to be judged"):
            extension.kept(book, cache)
    assert extension.kept(book, cache)["01-logs"] != first["01-logs"]
    cache.write_text("{ no json", encoding="utf-8")
    assert list(extension.kept(book, cache)) == ["01-logs"]


# ---------------------------------------------------------------- on a page
@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A book of one chapter and a museum, built by Sphinx."""
    book = tmp_path_factory.mktemp("book")
    note = "```{admonition} In JupyterLab\n:class: NAME\nCall `practice`.\n```\n"
    (book / "01-logs.md").write_text(PAGE + "\n" + note.replace("NAME", "slips"), "utf-8")
    (book / "breaking.md").write_text("# B\n\n" + note.replace("NAME", "breaker"), "utf-8")
    museum = (BOOK / "bug-museum.md").read_text(encoding="utf-8")
    rooms = "\n\n".join(re.findall(r"(?m)^## \d+\. .*$", museum))
    (book / "bug-museum.md").write_text(f"# Museum\n\n{rooms}\n", encoding="utf-8")
    toc = "```{toctree}\n01-logs\nbreaking\nbug-museum\n```\n"
    (book / "index.md").write_text(f"# Book\n\n{toc}", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(extension, "BREAKABLE", ("eq-logs",))
        build_pages(book)
    return book / "_build" / "html"


def build_pages(book: Path) -> None:
    from sphinx.application import Sphinx

    settings = {"extensions": ["myst_parser", "slips"], "numfig": True,
                "myst_enable_extensions": ["dollarmath"]}  # fmt: skip
    html, trees = (str(book / "_build" / name) for name in ("html", "trees"))
    Sphinx(str(book), None, html, trees, "html", confoverrides=settings,
           status=None, warning=None).build()  # fmt: skip


def test_the_figure_stands_above_the_words_and_its_answers_in_another_file(built):
    page = (built / "01-logs.html").read_text(encoding="utf-8")
    figure, words = page.index('<div class="slips"><noscript>'), page.index("Call <code")
    assert figure < words
    (script,) = re.findall(r'src="(_static/slips/01-logs-[0-9a-f]+\.js)', page)
    assert "slips.js" in page and "slips.css" in page
    questions = (built / script).read_text(encoding="utf-8")
    assert (
        questions.startswith("window.slipQuestions = ") and '"page":"01-logs"' in questions
    )
    assert '"href":"#equation-eq-logs","number":"1"' in questions
    for kind in KINDS.values():
        assert kind.why not in page
    assert "slipQuestions" not in (built / "index.html").read_text(encoding="utf-8")


def test_the_museums_rooms_are_where_the_answers_lead(built):
    museum = (built / "bug-museum.html").read_text(encoding="utf-8")
    for title, address in extension.exhibits(BOOK, BOOK).values():
        page, _, anchor = address.partition("#")
        assert page == "bug-museum.html" and f'id="{anchor}"' in museum, title
