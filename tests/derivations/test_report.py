"""What a report shows."""

import re

from derivations import check

from .note import CORRECT


def test_a_report_shows_itself():
    report = check(CORRECT["elbo"])
    assert "<table" in report._repr_html_() and "proved" in report._repr_html_()
    assert len(str(report).splitlines()) == len(report.steps)
    broken = check(r"x < x = <script>")
    assert "<script>" not in broken._repr_html_()


def test_a_point_is_named_as_it_is_typed():
    report = check(r"\log \frac{\sigma_2}{\sigma_1} = \log \sigma_2 - \mu_1")
    assert re.match(
        r"at sigma_2 = [\d.]+, sigma_1 = [\d.]+, mu_1 = ", report.steps[0].detail
    )


def test_one_word_for_the_whole():
    assert check("x + y = y + x").verdict == "proved"
    assert check(r"x = \foo").verdict == "not understood"
    assert check("a + b = a - b").verdict == "wrong"
