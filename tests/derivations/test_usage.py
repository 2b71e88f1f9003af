"""How people write: true lines pass, their false twins do not, and the report says why."""

import pytest

from derivations import check
from derivations.verdict import Verdict

from .build import thinned
from .twins import ROWS


@pytest.mark.parametrize(("kind", "true", "false", "given"), thinned(ROWS, 4))
def test_a_true_line_passes(kind, true, false, given):
    report = check(true, given, symbolic=False)
    assert report.ok, report


@pytest.mark.usefixtures("verdict_alone")
@pytest.mark.parametrize(("kind", "true", "false", "given"), thinned(ROWS, 4))
def test_its_false_twin_does_not(kind, true, false, given):
    assert not check(false, given, symbolic=False).ok


BOUND = r"\mathrm{ELBO}(x; \theta, \phi)"
LOST_LOG = (r"\mathcal{L} = \mathbb{E}_{q_\phi(z|x)}[p_\theta(x|z)] "
            r"- D_{KL}(q_\phi(z|x) \| p(z))")  # fmt: skip
ASKED = [
    (r"\log p(x) = \mathbb{E}_{q(z|x)}[\log p_\theta(x,z) - \log q(z|x)] "
     r"+ D_{KL}(q(z|x) \| p_\theta(z|x))", r"p(x) := p_\theta(x)"),
    (r"\log p_\theta(x) = -\mathcal{L} + D_{KL}(q_\phi(z|x) \| p_\theta(z|x))",
     r"\mathcal{L} := -\mathrm{ELBO}(x; \theta, \phi)"),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "given"), ASKED)
def test_where_two_readings_remain_it_is_asked(latex, given):
    asked = check(latex, symbolic=False)
    assert asked.verdict is Verdict.NOT_UNDERSTOOD and "say which" in str(asked)
    assert check(latex, given, symbolic=False).ok


def test_what_a_given_defines_keeps_its_meaning():
    latex, given = r"\int p(x|z) dx = 2", r"p(x|z) := 2 \mathcal{N}(x; z, 1)"
    assert "p(x|z)" not in check(latex, given, symbolic=False).taken


def test_a_name_of_its_own_is_only_defined():
    report = check(LOST_LOG, symbolic=False)
    assert report.verdict is Verdict.NOT_UNDERSTOOD and "not the bound" in str(report)


KL_LAWS = (r"q(z) := \mathcal{N}(z; \mu, \sigma^2)", r"p(z) := \mathcal{N}(z; 0, 1)")
CLOSED = r"\frac{1}{2} (\mu^2 + \sigma^2 - 1 - \log \sigma^2)"
RATIO = r"\mathbb{E}_{p_{\theta}(x, z)}[\log \frac{p_{\theta}(x, z)}{p_{\theta}(x) p(z)}]"


@pytest.mark.parametrize(
    ("latex", "given", "verdict"),
    [
        (r"D_{KL} = \mathbb{E}_q[\log \frac{q(z)}{p(z)}]", (), "proved"),
        (r"D_{KL} = \mathbb{E}_q[\log \frac{p(z)}{q(z)}]", (), "wrong"),
        (r"\mathrm{KL} = \int p(z) \log \frac{p(z)}{q(z)} \, dz", (), "proved"),
        (r"\mathrm{KL} = \int p(z) \log \frac{q(z)}{p(z)} \, dz", (), "wrong"),
        ("D_{KL} = " + CLOSED, KL_LAWS, "proved"),
        ("D_{KL} = -" + CLOSED, KL_LAWS, "wrong"),
        ("D_{KL} := -" + CLOSED, KL_LAWS, "wrong"),
        ("D_{KL} = " + CLOSED, (), "untested"),
        (r"\log p_{\theta}(x) = \mathrm{ELBO} + D_{KL}", (), "not understood"),
        (r"H = -\int q(z) \log q(z) \, dz", (), "proved"),
        (r"H = \int q(z) \log q(z) \, dz", (), "wrong"),
        ("I = " + RATIO, (), "proved"), ("I = -" + RATIO, (), "wrong"),
    ],
)  # fmt: skip
def test_a_famous_name_alone_means_what_the_densities_of_the_block_tell(
    latex, given, verdict
):
    assert str(check(latex, given=given).verdict) == verdict
