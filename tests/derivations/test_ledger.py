"""The ledger of the book's equations: what it says, and what makes a build fail."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from derivations.chapters import Row
from derivations.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "book" / "extensions"
sys.path.insert(0, str(EXTENSIONS))
import between_builds  # noqa: E402
import ledger  # noqa: E402

GOOD = r"""# A chapter

$$
\log (x y) = \log x + \log y
$$ (eq-log)

$$
% hence: N \bar{x} = \sum_{n=1}^{N} x^{(n)}
\bar{x} := \frac{1}{N} \sum_{n=1}^{N} x^{(n)}
$$ (eq-mean)
"""
UNLABELLED = GOOD.replace(" (eq-log)", "")
WRONG = GOOD.replace("+ \\log y", "- \\log y")
UNREADABLE = GOOD.replace("\\log y", "\\foo y")
TWICE = GOOD.replace("(eq-mean)", "(eq-log)")


def row(label="eq-a", verdict="proved", **facts) -> Row:
    place = {"file": "01-a.md", "label": label, "line": 7}
    return Row(**place | {"relation": "=", "text": "b", "verdict": verdict} | facts)


@pytest.fixture
def book(tmp_path):
    folder = tmp_path / "book"
    folder.mkdir()
    return folder


def rows_of(book: Path, text: str) -> list[Row]:
    (book / "01-a.md").write_text(text, encoding="utf-8")
    return ledger.judged(book, book.parent / "build" / "ledger.json")


def test_every_equation_of_the_book_holds():
    rows = ledger.judged(ROOT / "book", ROOT / "_build" / "ledger.json")
    assert list(ledger.complaints(rows)) == [] and len(rows) >= 270
    assert all(row.verdict is not Verdict.EXEMPT for row in rows)


# ---------------------------------------------------------------- what fails a build
def test_a_good_chapter_has_nothing_to_complain_about(book):
    rows = rows_of(book, GOOD)
    assert list(ledger.complaints(rows)) == []
    # a logarithm, a definition, and what must follow from it
    assert [row.verdict for row in rows] == ["proved", "definition", "tested"]
    assert {row.file for row in rows} == {"01-a.md"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (UNLABELLED, 4, "an equation is unlabelled"),
        (WRONG, 4, "eq-log is wrong: = \\log x - \\log y"),
        (UNREADABLE, 4, "unknown command \\foo"),
        (TWICE, 8, "eq-log is duplicate"),
    ],
)
def test_a_bad_equation_is_named_with_file_and_line(book, text, line, message):
    found = list(ledger.complaints(rows_of(book, text)))
    assert len(found) == 1
    assert found[0][0] == ("01-a", line)
    assert message in found[0][1]


def test_a_row_without_an_equation_is_an_orphan():
    rows = [row(), row("eq-gone", file="02-b.md"), row("eq-gone", file="02-b.md")]
    assert list(ledger.orphans(rows, {"eq-a", "eq-new"})) == [
        ("02-b", "the ledger has a row for eq-gone, but no page shows it")
    ]
    assert list(ledger.orphans(rows, {"eq-a", "eq-gone"})) == []


# ---------------------------------------------------------------- the cache
def test_verdicts_are_kept_until_a_chapter_or_the_judges_change(book, monkeypatch):
    other = book / "02-b.md"
    other.write_text(GOOD.replace("(eq-", "(eq-b-"), encoding="utf-8")
    first, asked = rows_of(book, GOOD), []

    def judge(files, **_):
        asked.append([file.name for file in files])
        return [[] for _ in files]

    monkeypatch.setattr(ledger, "judge_chapters", judge)
    assert rows_of(book, GOOD) == first
    # another sentence in one chapter: the verdicts of the other stay
    assert rows_of(book, GOOD + "\nA sentence.\n") == [
        r for r in first if r.file == "02-b.md"
    ]
    monkeypatch.setattr(between_builds, "fingerprint", lambda: b"other judges")
    assert rows_of(book, GOOD + "\nA sentence.\n") == []
    other.unlink()
    rows_of(book, GOOD)
    assert asked == [[], ["01-a.md"], ["01-a.md", "02-b.md"], ["01-a.md"]]


def test_a_label_that_another_chapter_has_is_found_with_verdicts_from_the_cache(book):
    (book / "02-b.md").write_text(GOOD.replace("(eq-", "(eq-b-"), encoding="utf-8")
    assert list(ledger.complaints(rows_of(book, GOOD))) == []
    rows = rows_of(book, GOOD.replace("(eq-log)", "(eq-b-log)"))
    ((place, message),) = ledger.complaints(rows)
    assert place == ("02-b", 4) and "eq-b-log is duplicate" in message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"01-a.md": {"fingerprint": "x"}}'])
def test_a_damaged_cache_is_made_again(book, text):
    first = rows_of(book, GOOD)
    cache = book.parent / "build" / "ledger.json"
    cache.write_text(text)
    again = rows_of(book, GOOD)
    assert [r.verdict for r in again] == [r.verdict for r in first]
    assert json.loads(cache.read_text())["01-a.md"]["rows"]
    assert [p.name for p in cache.parent.iterdir()] == ["ledger.json"]


# ---------------------------------------------------------------- what readers see
@pytest.mark.parametrize(
    ("steps", "whole"),
    [
        (["proved", "proved"], "proved"),
        (["definition", "proved"], "proved"),
        (["proved", "tested", "definition"], "tested"),
        (["tested", "exempt"], "exempt"),
        (["definition"], "definition"),
        (["proved", "wrong"], "broken"),
    ],
)
def test_an_equation_is_as_good_as_its_weakest_step(steps, whole):
    assert ledger.verdict(row(verdict=step) for step in steps) == whole


def test_marks_differ_in_glyph_and_in_words():
    marks = {
        verdict: ledger.mark(verdict, "#")
        for verdict in [*(v for v in Verdict if v.ok), "broken"]
    }
    glyphs = {mark.split(">")[1] for mark in marks.values()}
    assert len(glyphs) == len(marks)
    for verdict, mark in marks.items():
        assert f'aria-label="{verdict}: see the ledger"' in mark


def test_the_counts_add_up():
    rows = [row(), row(verdict="tested"), row("eq-b", "definition", seconds=1.25)]
    text = ledger.counts(rows)
    assert "2 displayed equations on 1 pages." in text and "3 steps" in text
    assert "**1 proved**" in text and "**1 tested**" in text and "0 exempt" in text
    assert "1.2 seconds" in text
    assert ledger.exempt(rows) == "No equation of this book is exempt."
    reasons = ledger.exempt([*rows, row("eq-c", "exempt", detail="a picture")])
    assert reasons == "- {eq}`eq-c`: a picture"


def test_a_difference_is_shown_where_two_numbers_were_compared():
    compared = {"worlds": ["one"], "draws": 2}
    assert ledger.facts(1, row(**compared))[-2] == "0"
    assert ledger.facts(1, row(worst=2.4e-16, **compared))[-2] == "2 · 10⁻¹⁶"
    for step in [row(), row(relation="≥", **compared), row(how="rounded", **compared)]:
        assert ledger.facts(1, step)[-2] == "–"
    const = row(values="left - right = 1.8, at every draw", **compared)
    assert ledger.facts(1, const)[4:7] == ["equal up to a constant", "2 in 1", "–"]


# ---------------------------------------------------------------- with Sphinx
CHAIN = r"""
Where $x$, (and $y$) are positive:

$$
\begin{aligned}
\log (x^2 y)
&= \log x^2 + \log y \\
&= 2 \log x + \log y
\end{aligned}
$$ (eq-chain)

1. A product.
2. A power.
"""


def build(book: Path, chapter: str) -> tuple[int, str, Path]:
    (book / "01-a.md").write_text(chapter, encoding="utf-8")
    (book / "ledger.md").write_text("# The ledger\n\n```{ledger} tables\n```\n")
    (book / "index.md").write_text("# Book\n\n```{toctree}\n01-a\nledger\n```\n")
    (book / "conf.py").write_text(
        "extensions = ['myst_parser', 'sphinx.ext.mathjax', 'ledger', 'lines']\n"
        "myst_enable_extensions = ['dollarmath', 'amsmath']\n"
    )
    html = book.parent / "build" / "html"
    paths = os.pathsep.join(map(str, [ROOT, EXTENSIONS]))
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q", book, html],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
    return run.returncode, run.stderr, html


@pytest.mark.slow
def test_sphinx_draws_marks_that_lead_to_rows(book):
    status, warnings, html = build(book, GOOD)
    assert (status, warnings) == (0, "")
    page, rows = ((html / f"{n}.html").read_text("utf-8") for n in ["01-a", "ledger"])
    for label, verdict in [("eq-log", "proved"), ("eq-mean", "tested")]:
        assert f'href="ledger.html#ledger-{label}" title="{verdict}: see the' in page
        assert f'id="ledger-{label}"' in rows
        assert f'href="01-a.html#equation-{label}"' in rows


@pytest.mark.slow
def test_sphinx_puts_a_call_behind_each_display_or_its_reasons(book):
    status, warnings, html = build(book, GOOD + CHAIN)
    assert (status, warnings) == (0, "")
    page = (html / "01-a.html").read_text("utf-8")
    assert re.search(r'\]\s*</div>\s*<script>lines.draw\("eq-mean"\)</script>', page)
    assert re.search(r'</ol>\s*<script>lines.draw\("eq-chain"\)</script>', page)
    # a sign stays on the line of its formula
    assert re.search(r'Where <span class="held"><span class="math[^>]*>\S+</span>,', page)
    assert re.search(r'\(and <span class="held"><span class="math[^>]*>\S+</span>\)', page)
    known = (html / "_static/lines/01-a.js").read_text("utf-8")
    data = json.loads(known.removeprefix("lines.know(").removesuffix(");\n"))
    assert list(data) == ["eq-log", "eq-mean", "eq-chain"]
    first, second = data["eq-chain"]["lines"]
    assert (first["verdict"], first["glyph"]) == ("proved", "✓✓")
    assert dict(second["facts"])["Worlds"] and dict(second["facts"])["At a point"]
    assert data["eq-chain"]["ledger"] == "ledger.html#ledger-eq-chain"
    # what must follow from a definition is no line of its own
    assert len(data["eq-mean"]["lines"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (UNLABELLED, "01-a.md:4: WARNING: an equation is unlabelled"),
        (WRONG, "01-a.md:4: WARNING: eq-log is wrong"),
        (
            GOOD + "\n\\begin{align}\nx &= y\n\\end{align}\n",
            "01-a.md:12: WARNING: this equation is not judged",
        ),
        (
            GOOD + "\n```{math}\n:label: eq-other\nx = x\n```\n",
            "01-a.md:12: WARNING: this equation is not judged",
        ),
    ],
)
def test_sphinx_fails_with_one_clear_message(book, text, warning):
    status, warnings, _ = build(book, text)
    assert status != 0
    assert warnings.count("WARNING") == 1 and warning in warnings, warnings
