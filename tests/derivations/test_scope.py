"""What a block's names are, and in which worlds it is judged."""

from dataclasses import FrozenInstanceError

import pytest

from derivations import check, judge
from derivations.scope import Definition, Scope, speaks_of_vectors, worlds_for
from derivations.worlds import Bits, Coin, Cube, Curve, Finite, Line, Plane, Space

from .build import scope, tree


@pytest.mark.parametrize(
    ("latex", "worlds"),
    [
        (r"\log p(x) = \log p(x)", [Line, Curve, Finite]),
        (r"\log \mathcal{N}(x; \mu, \sigma^2) = 1", [Line, Curve]),
        (r"\mathrm{Bernoulli}(x; \pi) = 1", [Coin]),
        (r"\hat{x}^x = z", [Bits]),
        (r"\sum_{h=1}^{H} \lambda_h = 1", [Line, Curve, Cube]),
        (r"p_{*}(x) = \lVert x \rVert", [Line, Curve, Bits, Plane, Space]),
        (r"p_{*}(x) = \lVert z \rVert", [Line, Curve, Bits]),
    ],
)
def test_worlds_have_what_the_block_speaks_of(latex, worlds):
    assert worlds_for(scope(latex)) == worlds


def test_a_scope_is_facts():
    empty = Scope()
    more = empty.meaning("a", Definition(tree("2")))
    assert empty.meanings == {} and more.new_since(empty) == {"a"}
    with pytest.raises(FrozenInstanceError):
        more.encoder = True


def test_a_page_keeps_definitions_and_nothing_of_one_block():
    block = scope("% given: a := 2; a > 0\nx = a \\quad (x \\sim p(x))")
    assert block.assumed == {"a"} and block.conditions and block.nodes
    page = block.page()
    assert page.meanings == block.meanings
    assert (page.assumed, page.conditions, page.nodes) == (frozenset(), (), ())


def test_free_names_of_a_model_are_theta():
    block = scope(
        "% given: p_{\\theta}(x) := \\mathcal{N}(x; \\mu, \\sigma^2)\np_{\\theta}(x) = 1"
    )
    assert block.theta == ["mu", "sigma"]


@pytest.mark.parametrize(
    ("latex", "shapes"),
    [
        (r"\sum_{h=1}^{H} \mu_h = 1", {"mu": ("H",)}),
        (r"\sum_{d=1}^{D} \mu_d = 1", {"mu": ("D",)}),
        (r"\mathcal{N}(z; m, C) = \mathbf{I}", {"m": ("H",), "C": ("H", "H")}),
        (r"W z + b = x", {"W": ("D", "H"), "b": ("D",)}),
        (r"\mu = 1", {}),
    ],
)
def test_shapes_are_seen_from_use(latex, shapes):
    assert dict(scope(latex).shapes) == shapes


def test_vectors_are_spoken_of():
    assert speaks_of_vectors(tree(r"\mathrm{diag}(s)").walk())
    assert speaks_of_vectors(tree("x_d").walk())
    assert speaks_of_vectors(tree("x_1 + s").walk())
    assert not speaks_of_vectors(tree("x + s_1").walk())


KL = r"D_{KL}(q_\phi(z \mid x) \| p(z)) = \frac{1}{2} "
LAW = r"\mathcal{N}(x; \mu, \Sigma)"


@pytest.mark.parametrize(
    ("latex", "given", "ok"),
    [
        (KL + r"\sum_{i=1}^{k} (\mu_i^2 + \sigma_i^2 - \log \sigma_i^2 - 1)", "", True),
        (KL + r"(\sum_{j=1}^{d} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2) - d)", "", True),
        (KL + r"(\sum_{j=1}^{d} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2) - 1)", "", False),
        (KL + r"\sum_{j=1}^{J} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1)", "", True),
        (KL + r"\sum_{j=1}^{J} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2)", "J := H", False),
        (rf"\log {LAW} = -\frac{{k}}{{2}} \log 2 \pi - \frac{{1}}{{2}} \log |\Sigma|"
         r" - \frac{1}{2} (x - \mu)^\top \Sigma^{-1} (x - \mu)", "", True),
        (rf"\log {LAW} = -\frac{{1}}{{2}} \log 2 \pi - \frac{{1}}{{2}} \log |\Sigma|"
         r" - \frac{1}{2} (x - \mu)^\top \Sigma^{-1} (x - \mu)", "", False),
    ],
)  # fmt: skip
def test_a_dimension_of_another_name_is_inferred(latex, given, ok):
    report = check(latex, given=given)
    assert report.ok is ok and not report.error, str(report)
    assert given or set(report.taken.values()) <= {"H", "D"}


def test_the_report_says_what_a_dimension_was_taken_for():
    latex = KL + r"\sum_{j=1}^{J} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1)"
    assert "J read as H" in str(check(latex))


def test_a_name_of_two_dimensions_is_no_dimension():
    latex = r"\sum_{i=1}^{n} x_i + \sum_{i=1}^{n} z_i = \sum_{i=1}^{n} (x_i + z_i)"
    assert not check(latex).ok


@pytest.mark.parametrize("mean", [r"\mu_1", r"\mu_{1}"])
def test_a_mean_with_a_number_beside_a_matrix_with_a_number_is_a_vector(mean):
    laws = rf"\mathcal{{N}}(x; {mean}, \Sigma_1) \| \mathcal{{N}}(x; \mu_2, \Sigma_2)"
    right = (rf"\mathrm{{tr}}(\Sigma_2^{{-1}} \Sigma_1) + (\mu_2 - {mean})^\top"
             rf" \Sigma_2^{{-1}} (\mu_2 - {mean}) - SIZE"
             r" + \log \frac{\det \Sigma_2}{\det \Sigma_1}")  # fmt: skip
    line = rf"D_{{KL}}({laws}) = \frac{{1}}{{2}} \left( {right} \right)"
    assert check(line.replace("SIZE", "D")).ok and check(line.replace("SIZE", "d")).ok
    assert not check(line.replace("SIZE", "1")).ok


@pytest.mark.parametrize(
    ("latex", "given", "ok"),
    [
        (r"\frac{1}{n} \sum_{i=1}^n i = \frac{n + 1}{2}", "n := N", True),
        (r"\frac{1}{n} \sum_{i=1}^n i = \frac{n - 1}{2}", "n := N", False),
        (r"\mathbb{E}_{p(x)}[f(x)] \approx \frac{1}{M} \sum_{i=1}^{M} f(x^{(i)})"
         r" \quad (x^{(i)} \sim p(x))", "", True),
        (r"\mathbb{E}_{p(x)}[f(x)] \approx \frac{1}{N} \sum_{i=1}^{M} f(x^{(i)})"
         r" \quad (x^{(i)} \sim p(x))", "", False),
        (r"\sum_{k=1}^{K} (a - k) = K a - \frac{K (K + 1)}{2}", "", True),
        (r"\sum_{k=1}^{K} (x - k) = K x - K - 1", "", False),
    ],
)  # fmt: skip
def test_a_limit_is_what_it_is_said_to_be(latex, given, ok):
    assert check(latex, given=given).ok is ok


def test_no_line_about_components_passes_in_one_dimension_alone(monkeypatch):

    monkeypatch.setattr(judge, "worlds_for", lambda scope: [Line])
    report = check(r"\sum_{h=1}^{H} \mu_h = \mu_1")
    assert not report.ok and "only a world of one" in str(report)


def test_a_line_that_one_world_judged_says_so(monkeypatch):
    monkeypatch.setattr(judge, "worlds_for", lambda scope: [Curve])
    assert "in one world only" in str(check(r"\log p_{\theta}(x) = \log p_{\theta}(x)"))
