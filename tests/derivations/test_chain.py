"""A chain: which line is to blame, and where it stands."""

from derivations import check


def test_one_wrong_line_is_named_alone():
    latex = r"""\begin{aligned}
\log p_{\theta}(x) &= \log p_{\theta}(x, z) - \log p_{\theta}(z \mid x) \\
&= \log p_{\theta}(x \mid z) - \log p(z) - \log p_{\theta}(z \mid x) \\
&= \log \frac{p_{\theta}(x \mid z) p(z)}{p_{\theta}(z \mid x)}
\end{aligned}"""
    report = check(latex)
    first, second, third = report.steps
    assert first.ok and not second.ok
    assert "this line alone is wrong" in second.detail
    assert "'\\log p(z)' had the other sign" in second.detail
    assert "line above is wrong" in third.detail


def test_a_relation_is_reported_on_its_own_line():
    report = check("x + y \\\\\n&= y + x \\\\\n&= x + 2 y")
    assert [step.line for step in report.steps] == [2, 3]
    assert repr(report) == str(report)


def test_exempt_by_name_with_a_reason_only():
    report = check("% unchecked: a picture of the network\n\\hat{x} = \\foo{z}")
    assert not report.ok  # it must be readable even so
    report = check("% unchecked: a picture of the network\nx = 3")
    assert report.ok and report.steps[0].verdict == "exempt"
    assert "a picture" in str(report)
