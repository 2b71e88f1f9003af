"""A student's derivation: points, refusals, strange and hostile input."""

import time

import pytest

from derivations import check_derivation

ELBO = r"\int q(z) \log \frac{p_{\theta}(x, z)}{q(z)} \, dz"


START, END = r"\log p_{\theta}(x)", ELBO


GOOD = r"""\begin{align}
\log p_\theta(x) &= \log \int p_{\theta}(x, z) dz \\
&= \log \mathbb{E}_{q(z)}\left[ \frac{p_{\theta}(x, z)}{q(z)} \right] \\
&\geq \int q(z) \log \frac{p_{\theta}(x, z)}{q(z)} dz
\end{align}"""


def test_a_good_derivation_earns_its_points():
    report = check_derivation(GOOD, start=START, end=END)
    assert report.ok and report.points == 3, str(report)


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("", "nothing here"),
        ("   \n", "nothing here"),
        (r"\log p_{\theta}(x) \geq " + ELBO, "At least 2 steps"),
        (GOOD.replace("log p_\\theta(x) &", "log p(x) &"), "first expression"),
        (GOOD.replace("q(z)} dz\n\\end", "p(z)} dz\n\\end"), "last expression"),
        (
            GOOD.replace(r"&= \log \int", r"&= \log \log p_{\theta}(x) \\ &= \log \int"),
            "wrong",
        ),
        (GOOD.replace(r"&\geq", r"&= \log p_\theta(x) \\ &\geq"), "repeated"),
        (GOOD.replace(r"&= \log \int", r"&\leq 9 \\ &= \log \int"), "up and down"),
        (r"\frac{", "not closed"),
        ("x" * 7000, "characters"),
        ("(" * 3000, "deep"),
        (r"\begin{align}" + r"x &= x \\" * 200, "at most"),
        (r"q(z) := p_{\theta}(z \mid x)", "does not define"),
        ("% unchecked: trust me\n" + GOOD.replace(r"\log \int", r"\int"), "wrong"),
    ],
)
def test_other_derivations_get_a_message(latex, message):
    report = check_derivation(latex, start=START, end=END)
    assert not report.ok and not (report.points and report.error)
    assert message in str(report), str(report)


@pytest.mark.parametrize(
    "idle",
    [
        "{0} + 0", "1 ({0})", r"\left( {0} \right)", "{0} + x - x", r"\frac{{2}}{{2}} {0}",
        r"\frac{{q(z)}}{{q(z)}} \left( {0} \right)", "-(-{0})", "x + {0} - x",
    ],
)  # fmt: skip
def test_a_step_that_changes_nothing_earns_nothing(idle):
    latex = rf"{START} = {idle.format(START)} \geq {END}"
    report = check_derivation(latex, start=START, end=END)
    assert all(step.ok for step in report.steps) and report.points == 0
    assert "At least 2 steps" in report.error
    report = check_derivation(latex, start=START, end=END, min_steps=1)
    assert report.ok and (report.points, report.most_points) == (1, 1)


@pytest.mark.parametrize(
    "latex",
    [None, 3, "x\0 = 1", "😀 = 1", r"\input{a} = 1", "&" * 5000, " " * 5900 + "=",
     r"\, " * 1900, r"\\" * 2900, "$" * 5000, "x = " + "-" * 5000, r"1 = 10^{999999999}",
     "1 = " + "9" * 3000, "x " + "= x " * 1400],
)  # fmt: skip
def test_strange_input_is_refused_at_once(latex):
    started = time.process_time()
    report = check_derivation(latex, start=START, end=END)
    assert report.error and not report.ok
    assert time.process_time() - started < 3


def test_hostile_input_is_refused_in_time():
    nested = r"\int " * 12 + "q(z)" + r" \, dz" * 12
    towers = "2" + "^{9" * 20 + "}" * 20
    sums = r"\sum_{n=1}^{N} " * 30 + "x^{(n)}"
    for latex in (nested, towers, sums, r"\sum_{n=1}^{10^{9}} n"):
        started = time.process_time()
        report = check_derivation(f"1 = {latex} = 2", start="1", end="2")
        assert not report.ok
        assert time.process_time() - started < 15


def test_an_error_of_ours_is_left_to_a_person(monkeypatch):
    """The classroom makes no mark of it: the answer waits."""
    from classroom.checks import Derivation
    from classroom.judge import judge_derivation
    from derivations.worlds import Line

    task = Derivation(START, END, points=3.0)
    assert judge_derivation("bound", task, f"$${GOOD}$$", "").points == 3

    def broken(self, name, index):
        raise AttributeError("out of order")

    monkeypatch.setattr(Line, "variable", broken)
    mark = judge_derivation("bound", task, f"$${GOOD}$$", "")
    assert mark.pending and "could not be judged" in mark.lines[0].message
    assert "AttributeError: out of order" in str(mark)  # for the teacher


@pytest.mark.parametrize("step", [r"= a + \mathrm{foo}(b)", r"= a + \foo"])
def test_what_is_not_understood_counts_as_not_shown(step):
    """Whether a line or the whole: the message says which, and no word says 'wrong'."""
    report = check_derivation(f"(a + b)^2 {step} = a^2", start="(a + b)^2", end="a^2")
    said = report.error + "".join(s.detail for s in report.steps)
    assert not report.ok and not report.points
    assert "not understood" in f"{report}" and "counts as not shown" in said
