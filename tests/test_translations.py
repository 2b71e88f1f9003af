"""The editions in other languages: the same book, in other words."""

import re
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Message

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book" / "extensions")]
import editions  # noqa: E402
import mount  # noqa: E402
import translation_checks  # noqa: E402
import translations  # noqa: E402

from exercises.declared import blocks  # noqa: E402

PAGE = """(start)=
# A bound

A first line with $x$
and {ref}`a place <start>`.

| word | sign |
| --- | --- |
| a density | $p \\mid q$ |

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: |
      A curve
      over x.
tags: [hide-input]
---
Curve(x, "a bell")
Panel([Readout(f"unit {k}", k) for k in zip(["one end", "c"], x)])
```

````{exercise} On paper
:label: ex-one
Show that it holds.
````

% attempt: ex-one
% - ask: Which one?
%   choice: "no"
%   wrong:
%     The first: Look again.
%   hints:
%     - Look at $x$.
%     - Look at $y$.

```{solution} ex-one
:class: dropdown
- It holds.
- It does: always.
```

$$
x = x
$$ (eq-same)

```{notes}
Say it
slowly.
```
"""


def texts(source: str) -> list[tuple[str, int, str]]:
    found = []
    translations.rewritten(source, lambda *said: found.append(said) or said[0])
    return found


def test_every_text_of_a_page_is_found_with_its_line():
    assert texts(PAGE) == [
        ("A bound", 2, "heading"),
        ("A first line with $x$ and {ref}`a place <start>`.", 4, "text"),
        ("word", 7, "cell of a table"),
        ("sign", 7, "cell of a table"),
        ("a density", 9, "cell of a table"),
        ("a bell", 20, "label of a figure"),
        ("one end", 21, "label of a figure"),
        ("unit {k}", 21, "label of a figure"),
        ("A curve over x.", 15, "caption"),
        ("On paper", 24, "title"),
        ("Show that it holds.", 26, "text"),
        ("Which one?", 30, "question"),
        ("no", 31, "choice"),
        ("The first", 33, "choice"),
        ("Look again.", 33, "reply"),
        ("Look at $x$.", 35, "hint"),
        ("Look at $y$.", 36, "hint"),
        ("It holds.", 40, "text"),
        ("It does: always.", 41, "text"),
        ("Say it slowly.", 49, "text"),
    ]


def test_texts_are_replaced_and_nothing_else():
    page = translations.rewritten(PAGE, lambda text, line, what: f"번역: {what}")
    for kept in ['Curve(x, "a bell")', "(start)=", ":label: ex-one", "x = x\n$$ (eq-same)"]:
        assert kept in page
    assert "# 번역: heading" in page and "| 번역: cell of a table | $p \\mid q$ |" in page
    assert "````{exercise} 번역: title" in page and "- 번역: text" in page
    assert "caption: '번역: caption'" in page
    ((label, (question,)),) = blocks(page)
    assert label == "ex-one" and question["choice"] == "번역: choice"
    assert question["wrong"] == {"번역: choice": "번역: reply"}


@pytest.mark.parametrize(
    "page",
    [*translations.pages(), *translations.decks()],
    ids=lambda page: f"{page.parent.name}-{page.stem}",
)
def test_a_page_that_is_translated_by_itself_is_itself(page):
    """Formulas, cells, labels, and how all of it is nested."""
    source = page.read_text("utf-8")
    again = translations.rewritten(source, lambda text, line, what: text)

    def shape(text):
        return [
            (token.type, token.level, " ".join(token.content.split()))
            for token in translations.parser().parse(text)
            if token.type != "fence" and "comment" not in token.type
        ]

    assert shape(again) == shape(source)
    assert list(blocks(again)) == list(blocks(source))
    displays = [text.count("$$\n") for text in (source, again)]
    assert displays[0] == displays[1]


def test_a_text_that_has_changed_is_told_with_its_place(tmp_path, monkeypatch):
    file = tmp_path / "page.md"
    old = translations.Message("The bound is tight.", file, 1, "text")
    new = translations.Message("The bound is very tight.", file, 7, "text")
    strange = translations.Message("Nothing like it was said.", file, 9, "text")
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "BOOK", tmp_path)
    catalogue = translations.template([old])
    catalogue[old.text].string = "이 하한은 등호가 성립합니다."
    (tmp_path / "ko").mkdir()
    translations.write_catalogue(tmp_path / "ko" / "page.po", catalogue)
    for some, told in (
        ([old], []),
        ([new, strange], [
            "page.md:7: translated from an older text: The bound is very tight.",
            "page.md:9: not translated: Nothing like it was said.",
        ]),
    ):  # fmt: skip
        monkeypatch.setattr(translations, "messages", lambda some=some: {"page": some})
        assert translations.status(["page"]) == told


@pytest.mark.parametrize(
    "english, korean, fault",
    [
        ("It is $x$.", "그것은 $y$입니다.", "missing: $x$"),
        ("See {ref}`it <a>`.", "{ref}`여기 <b>`를 보십시오.", "missing: {ref}`a`"),
        ("By {cite:t}`one2013`.", "어느 논문입니다.", "missing: {cite:t}`one2013`"),
        ("Type `make`.", "`made`를 입력하십시오.", "missing: `make`"),
        ("At 95% of 10.", "95%의 100입니다.", "missing numbers: 10"),
        ("It holds.", "3에서 성립합니다.", "numbers that are not in the English: 3"),
        ("It holds.", "그것은 the bound is tight 성립합니다.", "English is left"),
        ("A good bound", "good bound", "nothing in it is Korean"),
        ("It holds.", "성립한다.", "합니다체"),
        ("Try it.", "해 보세요.", "합니다체"),
        ("It is a likelihood.", "그것은 우도입니다.", "the term 'likelihood'"),
        ("**It** is.", "**그것(그)**은 있습니다.", "lost its partner"),
        ("It is 'so'.", "'그렇습니다'.", "quotation marks"),
        ("1 is it.", "1. 그것입니다.", "no plain paragraph"),
        ("{n} lines", "{m}줄", "missing: {n}"),
    ],
)  # fmt: skip
def test_a_fault_of_a_translation_is_seen(english, korean, fault):
    faults = list(translation_checks.faults_of(english, korean))
    assert any(fault in one for one in faults), faults


@pytest.mark.parametrize(
    "english, korean, comment",
    [
        ("Sixty thousand, $x$ and 95%.", "$x$와 95%, 그리고 6만입니다.", ""),
        ("{ref}`chapter 3 <kl>`", "{ref}`3장 <kl>`", ""),
        ("It vanishes at 2.", "2에서 0이 됩니다.", ""),
        ("Log-likelihoods of priors", "사전분포의 로그 가능도", ""),
        ("A network is off.", "인터넷이 꺼져 있습니다.", "free: network"),
        ("**MLE** for short.", "줄여서 **MLE**라고 합니다.", ""),
        ("It is 'so'.", "‘그렇습니다’라고 합니다.", ""),
    ],
)
def test_a_good_translation_has_no_fault(english, korean, comment):
    assert list(translation_checks.faults_of(english, korean, "text", comment)) == []


def test_all_is_translated_and_right():
    faults = translations.status(list(translations.messages()))
    assert not faults, "\n".join(["see 'make translation-status'", *faults])


def test_what_style_sheets_say_is_said_in_korean():
    """Words in a `content` stand in `var(--says-name, "...")`; SymPy is a name."""
    folders = ["book/static", "explorers", "slides/static"]
    sheets = [file for folder in folders for file in (ROOT / folder).glob("*.css")]
    text = "".join(file.read_text("utf-8") for file in sheets)
    contents = "".join(re.findall(r"content:([^;]+);", text))
    said = re.compile(r'var\((--says-[a-z]+), "[^"]+"\)')
    names = set(said.findall(contents))
    assert len(names) > 8
    korean = (ROOT / "book/static/languages.css").read_text("utf-8")
    assert not [name for name in names if f"  {name}: " not in korean]
    left = re.findall(r'"([^"]*)"', said.sub("", contents))
    assert [words for words in left if re.search(r"(?<!\\)\b[A-Za-z]{2,}", words)] == [
        "SymPy: "
    ]


def test_a_deck_leaves_to_the_book_what_the_book_says():
    told = {m.text for m in translations.messages()["slides/04-elbo"]}
    assert "An account book" in told and "The bound in three lines" not in told


def test_every_term_of_the_glossary_has_a_korean_word():
    found = []
    translations.rewritten(
        (ROOT / "book" / "glossary.md").read_text("utf-8"),
        lambda text, line, what: found.append((text, what)) or text,
    )
    terms = [text for text, what in found if what == translations.TERM]
    assert len(terms) > 80
    for term in terms:
        assert translations.headword(term)


def test_a_figure_is_translated_in_its_markup_and_its_state():
    known = {"a bell": "종 모양"}
    markup = '<li aria-label="a bell"><span>a bell </span></li><b class="a bell"></b>'
    assert mount.with_words(markup, lambda text: known.get(text, text)) == (
        '<li aria-label="종 모양"><span>종 모양 </span></li><b class="a bell"></b>'
    )
    known["unit {k}"] = "단위 {k}"
    assert mount.told("unit a bell", known) == "단위 종 모양"
    state = {"label": "a bell", "name": "a bell", "layers": [{"label": "a bell"}]}
    assert mount.in_words(state, known) == {
        "label": "종 모양", "name": "a bell", "layers": [{"label": "종 모양"}],
    }  # fmt: skip


def test_the_lines_of_a_text_in_a_drawing_are_translated_as_one():
    svg = (
        '<title>Chapter 1: it</title><text x="4" y="1" fill="red">all images,</text>\n'
        '<text x="4" y="9">shuffled</text><text x="50" y="9"><tspan>z</tspan> = 1</text>'
    )
    said = []
    drawn = translations.redrawn(
        svg, lambda text, line, what: said.append(text) or "가 / 나"
    )
    assert said == ["Chapter 1: it", "all images, / shuffled"]
    assert '>가</text>\n<text x="4" y="9">나</text>' in drawn and "</tspan> = 1<" in drawn


def test_korean_is_indexed_by_pairs_of_letters():
    language = editions.Korean({})
    assert language.split("잠재변수는 ELBO를") == [
        "잠재",
        "재변",
        "변수",
        "수는",
        "ELBO",
        "를",
    ]


@pytest.mark.parametrize(
    ("new", "korean"),
    [
        ("Above 0 by 17.8 SE of 4.5.", "4.5 SE를 넘어 0보다 17.8 SE 큽니다."),
        ("Above 1 by 25.0 SE of 4.5 or more.", None),  # other words, too
    ],
)
def test_new_numbers_alone_are_put_into_the_translation(new, korean):
    old, said = "Above 0 by 25.0 SE of 4.5.", "4.5 SE를 넘어 0보다 25.0 SE 큽니다."
    message = Message(new, said, flags=["fuzzy"], previous_id=[old])
    translations.renumber(message)
    assert (message.string, message.fuzzy) == (korean or said, korean is None)


def test_a_number_that_the_translation_alone_has_stays():
    old, new = "4 to 6 minutes. Half a minute.", "5 to 6 minutes. Half a minute."
    message = Message(new, "4~6분. 30초.", flags=["fuzzy"], previous_id=[old])
    translations.renumber(message)
    assert message.string == "5~6분. 30초."


def test_a_number_that_stands_twice_is_left_to_a_translator():
    message = Message("5 of 4", "4 가운데 4", flags=["fuzzy"], previous_id=["4 of 4"])
    translations.renumber(message)
    assert message.fuzzy and message.string == "4 가운데 4"
