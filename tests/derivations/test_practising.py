"""Practice in a notebook and in a terminal."""

import builtins

import pytest

from derivations import practice
from derivations.practising import chapter_of


@pytest.fixture
def asked():
    return practice("01", seed=3)


def test_a_question_shows_the_chain_with_its_slip_and_not_the_answer(asked):
    text = repr(asked)
    assert text.startswith("One of these lines is wrong")
    assert asked.lines[asked.slip.line] in text and asked.right not in text
    assert asked.slip.kind.why not in text
    other = [i for i in range(len(asked.lines)) if i != asked.slip.line]
    book = [" ".join(line.split()) for line in asked.chain.lines]
    assert [asked.lines[i] for i in other] == [book[i] for i in other]


def test_the_right_line_is_answered_with_numbers_the_mending_and_the_reason(asked):
    wrong = next(i for i in range(1, len(asked.lines)) if i != asked.slip.line)
    assert asked.pick(wrong) == f"✗ Not line {wrong}: it is as it should be."
    said = asked.pick(asked.slip.line)
    assert said.startswith(f"✓ It is line {asked.slip.line}.")
    for part in (asked.slip.values.left, asked.slip.values.right, asked.right,
                 asked.slip.kind.why):  # fmt: skip
        assert part in said
    asked.pick(asked.slip.line)
    assert (asked.found, asked.first) == (1, 0)
    asked.next().pick(asked.slip.line)
    assert (asked.found, asked.first) == (2, 1)


def test_all_slips_of_a_grade_come_before_one_comes_again():
    asked = practice("maximum-likelihood", grade=2, seed=0)
    those = [slip for slip in chapter_of("01").slips if slip.kind.grade == 2]
    met = [asked.slip] + [asked.next().slip for _ in those[1:]]
    assert len(set(met)) == len(those) > 2 and set(met) == set(those)
    assert asked.next().slip in those


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: practice("99-nothing"),
            "no chapter '99-nothing'; the chapters are 01-max",
        ),
        (lambda: practice("01", grade=4), "a grade is 1, 2 or 3, got 4"),
        (lambda: practice("01").pick(0), "numbered from 1 to"),
    ],
)
def test_bad_input_says_what_would_be_right(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_buttons_ask_and_answer(asked):
    grades, chain, told, foot = asked.widget().children
    line = asked.slip.line
    chain.children[line].children[0].click()
    assert f"It is line {line}." in told.value and "$\\displaystyle" in told.value
    assert all(row.children[0].disabled for row in chain.children[1:])
    assert foot.children[1].value == "Found 1, 1 at the first try."
    before = asked.slip
    foot.children[0].click()
    assert asked.slip is not before and told.value == ""
    grades.value = 3
    assert asked.slip.kind.grade == 3


def test_without_widgets_it_prints_itself(asked, monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *rest):
        if name == "ipywidgets":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    asked._ipython_display_()
    assert capsys.readouterr().out.strip() == repr(asked)
