"""The specimens, their verdicts and the editor."""

import asyncio
import re
import time
from unittest.mock import Mock

import pytest

from derivations import workbench as page
from derivations.workbench import (
    SLIPS,
    THE_NOTES_LAST_LINE,
    Later,
    Slip,
    Workbench,
    beside,
    difference,
    equation,
    judge,
    markup,
    specimens,
)


def test_an_equation_is_read_from_its_chapter():
    assert equation("eq-elbo-bound") == (
        r"\log p_{\theta}(x) \geq \mathrm{ELBO}(x; \theta, q)"
    )
    with pytest.raises(ValueError, match="no equation 'eq-nowhere'"):
        equation("eq-nowhere")


def test_the_first_specimen_is_the_notes_last_line_and_its_sign_is_named():
    assert next(iter(specimens().values())) == THE_NOTES_LAST_LINE
    first, last = judge(THE_NOTES_LAST_LINE).steps
    assert first.ok and not last.ok
    assert r"'\frac{1}{2} \sum_{h=1}^{H} (1 + \log \sigma_h^2" in last.detail
    assert "had the other sign" in last.detail
    mended = THE_NOTES_LAST_LINE.replace(
        r" - \frac{1}{2} \sum_{h", r" + \frac{1}{2} \sum_{h"
    )
    assert judge(mended).ok


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_each_slip_breaks_a_chain_that_holds(slip):
    assert judge(equation(slip.label)).ok
    report = judge(slip.latex)
    assert not report.ok and report.error == ""
    place = slip.latex.count("\n", 0, len(slip.latex) - len(_common_end(slip))) + 1
    first = next(step for step in report.steps if not step.ok)
    assert abs(first.line - place) <= 1, "the line that was changed is the one that falls"


def _common_end(slip: Slip) -> str:
    return (
        slip.latex[slip.latex.rfind(slip.wrong) + len(slip.wrong) :] if slip.wrong else ""
    )


def test_a_slip_that_changes_nothing_is_refused():
    with pytest.raises(ValueError, match="eq-evidence has no 'foo'"):
        _ = Slip("", "eq-evidence", "foo", "bar").latex


def test_what_holds_is_offered_too():
    whole = [latex for name, latex in specimens().items() if name.startswith("As it")]
    assert len(whole) >= 5 and all(judge(latex).ok for latex in whole)


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("", "nothing here yet"),
        (r"x = \foo", r"unknown command \foo"),
        ("x" * 7000, "7000 characters; at most 6000"),
        (r"1 = " + r"\int " * 12 + "q(z)" + r" \, dz" * 12, ""),
    ],
)
def test_whatever_is_typed_gets_an_answer_in_time(latex, message):
    started = time.process_time()
    report = judge(latex)
    assert not report.ok and message in str(report)
    assert time.process_time() - started < 30


def test_time_runs_out_with_a_message(monkeypatch):
    monkeypatch.setattr(page, "MOST_EFFORT", -1)
    assert "could not be judged" in judge(equation("eq-evidence")).error


def test_the_table_shows_the_line_the_verdict_and_the_reason():
    table = markup(judge(r"x < x = <script>"))
    assert "<script>" not in table
    table = markup(judge(SLIPS[0].latex))
    assert table.count("✗ wrong") == 2 and table.count("✓✓ proved") == 3
    assert r"\(= \mathbb{E}_{q_{\phi}" in table and "this line alone is wrong" in table
    assert markup(judge(r"x = \foo")).count("<pre>") == 1


def test_lines_are_numbered_as_the_reasons_are():
    table = markup(judge(equation("eq-evidence")))
    assert re.findall(r"<tr><td>(\d)</td>", table) == list("1234567")


def test_a_lost_half_is_mended_by_a_half():
    slip = next(slip for slip in SLIPS if slip.name == "A lost one half")
    (fallen,) = [step for step in judge(slip.latex).steps if not step.ok]
    assert "were half as large" in fallen.detail


def test_the_editor_follows_the_menu_and_the_keys():
    bench = Workbench()
    assert bench.editor.value == THE_NOTES_LAST_LINE
    assert "had the other sign" in bench.table.value
    bench.menu.value = "As it stands: eq-elbo-two-terms"
    assert "✗" not in bench.table.value and "✓✓ proved" in bench.table.value
    bench.editor.value = r"x = \foo"
    assert "unknown command" in bench.table.value
    assert "x = \\foo" in bench.formula.value


def test_an_editor_survives_a_bug_in_the_judge(monkeypatch):
    bench = Workbench()

    def fails(latex):
        raise RuntimeError("out of order")

    monkeypatch.setattr(page, "judge", fails)
    bench.editor.value = "x = x"
    assert "out of order" in bench.table.value


def test_a_burst_of_keys_is_judged_once(monkeypatch):
    calls, timers = [], []

    class Loop:
        def call_later(self, pause, action):
            timers.append(Mock(action=action, cancelled=False))
            timers[-1].cancel = lambda timer=timers[-1]: setattr(timer, "cancelled", True)
            return timers[-1]

    monkeypatch.setattr(asyncio, "get_running_loop", Loop)
    later = Later(0.05, lambda: calls.append(1))
    for _ in range(5):
        later()
    assert calls == []
    for timer in timers:
        if not timer.cancelled:
            timer.action()
    assert calls == [1]


# ---------------------------------------------------------------- side by side
RED = r"\textcolor{#c5221f}"


@pytest.mark.parametrize(
    ("wrong", "mended", "marked"),
    [
        (r"x^2", r"x^3", (rf"x^{RED}{{2}}", rf"x^{RED}{{3}}")),
        (r"a + b", r"a - b", (rf"a {RED}{{+}}b", rf"a {RED}{{-}}b")),
        (r"x^2", r"(x^2)", ("x^2", rf"{RED}{{(}}x^2{RED}{{)}}")),
        (r"\frac{a}{2}", r"a", (rf"\frac{{a}}{{{RED}{{2}}}}", "a")),
        (r"\left( a \right)", r"a", (r"\left( a \right)", r"a")),
    ],
)
def test_what_differs_is_red_and_the_formula_stays_whole(wrong, mended, marked):
    assert difference(wrong, mended) == marked


def test_a_published_formula_stands_beside_the_mended_one():
    left = r"D_{\mathrm{KL}}(\mathcal{N}(z; \mu, \sigma^2) \,\|\, \mathcal{N}(z; 0, 1)) = "
    shown = beside(
        left + r"\frac{1}{2} (\sigma^2 + \mu^2 - 1 + 2 \log \sigma)",
        left + r"\frac{1}{2} (\sigma^2 + \mu^2 - 1 - 2 \log \sigma)",
    ).data
    assert shown.count("D_{") == 1, "the left side that both have stands above them"
    assert shown.index("✗ wrong") < shown.index("✓✓ proved")
    assert rf"{RED}{{+}}" in shown and rf"{RED}{{-}}" in shown
    assert shown.count('<p class="why">') == 1 and "left =" in shown
