"""A reader's own attempts on the built pages: typed, judged, helped; by every way in."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.exercises.table import CASES, expected
from tests.exercises.test_declared import CHAPTERS, declarations, forms
from tests.pages.conftest import PAGES
from tests.pages.test_pages import address

CHAPTER = "01-maximum-likelihood"


@pytest.fixture
def page(visit, html):
    return visit(address(html, CHAPTER))


def field(page, exercise: str, place: int = 0):
    return page.locator(f"#{exercise} ~ .attempts").first.locator("form").nth(place)


def try_answer(form, text: str) -> str:
    form.locator("input[type=text]").fill(text)
    form.get_by_role("button", name="Check").click()
    return form.locator(".attempt-verdict").inner_text()


READ_ALL = """([texts, at]) => texts.map(text => {
    try {
        const tree = Attempts.parse(text, Object.keys(at));
        const drawn = MathJax.tex2svg(Attempts.latex(tree));
        const bad = drawn.querySelector("[data-mjx-error], mjx-merror");
        return { value: String(Attempts.evaluate(tree, at)), bad: Boolean(bad),
                 again: Attempts.latex(tree) };
    } catch (error) {
        if (!(error instanceof Attempts.Unread)) throw error;
        return { says: error.message, place: error.place };
    }
})"""

# What is said in English even where the page has a table of strings.
UNTRANSLATED = """([texts, names]) => {
    const kept = globalThis.bookStrings;
    globalThis.bookStrings = new Proxy({}, { get: (_, english) => "~" + english });
    try {
        return texts.filter(text => {
            try {
                Attempts.parse(text, names);
            } catch (error) {
                return !error.message.startsWith("~") && !error.message.includes("comma");
            }
        });
    } finally {
        globalThis.bookStrings = kept;
    }
}"""

JUDGE_ALL = """triples => triples.map(([question, text]) => {
    const { why, says } = Attempts.judge(question, text);
    return [why, says];
})"""


def test_the_page_reads_what_is_typed_as_python_does(read, html):
    """The table of tests/exercises, and what MathJax draws of it."""
    page = read(address(html, CHAPTER))
    at = CASES["at"]
    texts = [text for text, _ in CASES["reads"]]
    found = page.evaluate(READ_ALL, [texts, at])
    wrong = [
        (text, meaning, one)
        for (text, meaning), one in zip(CASES["reads"], found, strict=True)
        if one.get("bad", True)
        or float(one["value"]) != pytest.approx(expected(meaning), rel=1e-12, nan_ok=True)
    ]
    assert not wrong
    # what is drawn is what was read: the LaTeX is read back, with the same value
    again = page.evaluate(READ_ALL, [[one["again"] for one in found], at])
    wrong = [
        (text, one, back)
        for text, one, back in zip(texts, found, again, strict=True)
        if float(back.get("value", "-99"))
        != pytest.approx(float(one["value"]), rel=1e-9, nan_ok=True)
    ]
    assert not wrong
    refused = page.evaluate(READ_ALL, [[text for text, *_ in CASES["refuses"]], at])
    wrong = [
        (text, sentence, place, one)
        for (text, sentence, place), one in zip(CASES["refuses"], refused, strict=True)
        if sentence not in one.get("says", "") or place not in (None, one["place"])
    ]
    assert not wrong


def test_every_refusal_can_be_said_in_another_language(read, html):
    page = read(address(html, CHAPTER))
    texts = [text for text, *_ in CASES["refuses"]]
    assert page.evaluate(UNTRANSLATED, [texts, list(CASES["at"])]) == []


def test_a_unit_or_a_number_in_korean_words_is_told_as_such(read, html):
    page = read(address(html, CHAPTER))
    strings = (html / "ko" / "_static" / "strings.js").read_text("utf-8")
    table = strings.partition("=")[2].rstrip(";\n")
    page.evaluate("text => { globalThis.bookStrings = JSON.parse(text); }", table)
    try:
        found = page.evaluate(READ_ALL, [["7나트", "2 비트입니다", "3분의 1", "칠"], {}])
    finally:
        page.evaluate("() => { delete globalThis.bookStrings; }")
    unit, words = (
        "단위는 빼고 쓰십시오.",
        "한글은 읽지 못합니다. 수는 1/3이나 0.5처럼 쓰십시오.",
    )
    assert [one["says"] for one in found] == [unit, unit, words, words]
    assert [one["place"] for one in found] == [1, 2, 1, 0]


def test_the_page_judges_as_python_does(read, html):
    """The table's verdicts; three forms and every likely mistake of each exercise."""
    page = read(address(html, CHAPTER))
    questions = CASES["questions"]
    pairs = [[questions[name], text] for name, text, _ in CASES["verdicts"]]
    found = [why for why, _ in page.evaluate(JUDGE_ALL, pairs)]
    assert found == [why for *_, why in CASES["verdicts"]]
    asked, wanted = [], []
    for chapter in CHAPTERS:
        for _, question, ready in declarations(chapter):
            if ready["kind"] in ("number", "formula"):
                for text in forms(question, ready):
                    asked.append([ready, text])
                    wanted.append(["right", "Right."])
                for text, says in question["wrong"].items():
                    asked.append([ready, text])
                    wanted.append(["known", says])
    found = page.evaluate(JUDGE_ALL, asked)
    wrong = [
        (pair[1], one, two)
        for pair, one, two in zip(asked, found, wanted, strict=True)
        if one != two
    ]
    assert len(asked) > 600 and not wrong


def test_wrong_then_helped_then_right_and_within_a_tenth_of_a_second(page):
    form = field(page, "ex-mle-step")
    assert "Descent goes against the slope." in try_answer(form, "(1 + eta c)^3")
    expect(form.locator(".attempt-hint-text")).to_have_count(1)
    assert "and right is" in try_answer(form, "(1 - ηc)^5")
    expect(form.locator(".attempt-hint-text")).to_have_count(2)
    expect(form.get_by_role("button", name="Hint")).to_be_disabled()
    assert try_answer(form, r"\left(1 - \eta c\right)^3") == "✓ Right."
    assert form.get_attribute("data-state") == "right"
    expect(form.locator(".attempt-hint-text").first).to_be_hidden()
    form.locator("summary").click()
    expect(form.locator(".attempt-hint-text").first).to_be_visible()
    times = []
    for text in ["1 - c eta", "2 - eta c", "eta", "(1 - eta c)(1 + eta c)", "eta/c"] * 4:
        try_answer(form, text)
        times.append(float(form.get_attribute("data-took")))
    assert sorted(times)[10] < 100
    assert page.faults == []


def test_a_formula_is_drawn_while_it_is_typed_and_a_bad_one_gets_a_caret(page):
    form = field(page, "ex-mle-step")
    text = form.locator("input[type=text]")
    text.press_sequentially("(1 - eta c)/2")
    expect(form.locator(".attempt-formula svg")).to_have_count(1)
    expect(form.locator(".attempt-note")).to_be_hidden()
    text.press_sequentially(" +")
    expect(form.locator(".attempt-formula")).to_have_count(0)
    text.press("Enter")
    assert (
        "Something is missing at the end." in form.locator(".attempt-verdict").inner_text()
    )
    caret = form.locator(".attempt-caret").text_content().splitlines()
    assert caret[0] == "(1 - eta c)/2 +" and caret[1] == " " * 15 + "^"
    assert text.get_attribute("aria-invalid") == "true"
    expect(form.locator(".attempt-hint-text")).to_have_count(0)  # no mistake, no hint
    number = field(page, "ex-mle-step", 2)
    assert "decimal comma" in try_answer(number, "0,5")
    assert number.locator(".attempt-formula").count() == 0


def test_a_number_is_shown_with_what_it_is_worth(page):
    form = field(page, "ex-mle-compare")
    drawn = []
    for text in ("-7", "1/2", "1/3", "1e-8/3"):
        form.locator("input[type=text]").fill(text)
        signs = form.locator(".attempt-formula").inner_html()
        drawn.append((text, 'data-c="2248"' in signs, 'data-c="3D"' in signs))
    assert drawn == [
        ("-7", False, False), ("1/2", False, True), ("1/3", True, False),
        ("1e-8/3", True, False),
    ]  # fmt: skip


def test_only_what_scrolls_is_a_tab_stop(visit, html):
    """Not the slant of a lone q, nor the MathML that is read aloud."""
    page = visit(address(html, "04-elbo"), width=390)
    page.evaluate(
        "() => MathJax.startup.promise.then(() => new Promise(requestIdleCallback))"
    )
    formulas = page.locator("[id^=ask-] mjx-container")
    stops = formulas.evaluate_all("""all => all.map(e => [e.tabIndex === 0,
        e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible"
    ])""")
    assert len(stops) > 10
    assert [stop for stop, scrolls in stops] == [scrolls for stop, scrolls in stops]


def test_a_choice_by_keyboard_alone(visit, html):
    page = visit(address(html, "03-kl-and-mle"), width=390)
    form = field(page, "ex-kl-div")
    first = form.get_by_role("radio").first
    first.focus()
    for _ in range(3):
        page.keyboard.press("Space")
        form.get_by_role("radio", checked=True).press("Enter")
        if "Right." in form.locator(".attempt-verdict").inner_text():
            break
        form.get_by_role("radio", checked=True).press("ArrowDown")
    assert form.get_attribute("data-state") == "right"
    empty = field(page, "ex-kl-div", 2)
    empty.get_by_role("button", name="Check").press("Enter")
    assert "Choose one of the answers first." in empty.inner_text()


def barriers(page) -> list[str]:
    """What axe finds in the fields of two exercises; the page's tests look at the rest."""
    boxes = [["#ex-mle-step ~ .attempts"], ["#ex-mle-diagonal ~ .attempts"]]
    found = Axe().run(page, {"include": boxes}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_names_and_reports_reach_a_screen_reader(page):
    form = field(page, "ex-mle-step")
    text = form.get_by_role("textbox")
    name = text.evaluate("e => document.getElementById(e.getAttribute('aria-labelledby'))"
                         ".textContent")  # fmt: skip
    assert "steps multiply the distance" in name
    note = text.evaluate("e => document.getElementById(e.getAttribute('aria-describedby'))"
                         ".textContent")  # fmt: skip
    assert note == "made of eta, c"
    assert form.get_by_role("status").count() == 1
    try_answer(form, "(1 + eta c)^3")
    try_answer(field(page, "ex-mle-step", 2), "0,5")
    assert barriers(page) == []


def test_fields_fit_a_phone_with_enough_contrast(visit, html):
    page = visit(address(html, CHAPTER), width=320, theme="dark", has_touch=True)
    form = field(page, "ex-mle-diagonal")
    text = "(s_1*s_2)^2 - (s_1*s_2)^2*(rho^2 + 0*rho*s_1*s_2*rho*s_1*s_2*rho)"
    form.locator("input[type=text]").fill(text)
    form.get_by_role("button", name="Check").tap()
    assert "Right." in form.inner_text()
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 700})
        check, hint = (one.bounding_box() for one in form.get_by_role("button").all())
        assert check["y"] == hint["y"]
    for button in form.get_by_role("button").all():
        assert button.bounding_box()["height"] >= 36
    try_answer(field(page, "ex-mle-step"), "(1 + eta c)^3")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    assert page.faults == []  # before axe, which asks for style sheets in its own way
    assert barriers(page) == []


def test_no_answer_stands_in_the_text_of_a_page_and_code_leads_to_the_notebook(read, html):
    """Nothing that is declared as right, wrong or as a hint is there to be read."""
    page = read(address(html, CHAPTER))
    (chapter,) = (path for path in CHAPTERS if path.stem == CHAPTER)
    shown = page.evaluate(
        "() => [...document.querySelectorAll('.attempts')].map(e => e.innerText).join()"
    )
    for _, question, ready in declarations(chapter):
        hidden = [*question["wrong"].values(), *question["hints"]]
        if ready["kind"] in ("formula", "code"):
            hidden.append(question[ready["kind"]])
        assert not [text for text in hidden if text in shown]
    assert 'attempt("ex-mle-bug", your_function, part="c")' in shown
    source = (html / f"{CHAPTER}.html").read_text(encoding="utf-8")
    assert "% attempt" not in source and "3*log(2) - 3/4" not in source


def test_without_a_script_no_field_is_dead(browser, html):
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(address(html, CHAPTER))
        box = page.locator("#ex-mle-step ~ .attempts").first
        assert "steps multiply the distance" in box.inner_text()
        assert "the page needs JavaScript" in box.inner_text()
        for control in box.locator("input, button").all():
            assert not control.is_visible()
    finally:
        context.close()


def test_pages_without_exercises_load_nothing_of_it(html):
    for name in PAGES:
        text = (html / f"{name}.html").read_text(encoding="utf-8")
        assert ("_static/attempts.js" in text) == bool(re.match(r"\d\d-", name)), name
        for data in re.findall(
            r'<script type="application/json">("[\w+/=]*")</script>', text
        ):
            assert len(json.loads(data)) < 12_000, name
