"""Of which sort a slip is, and what is said of it."""

import sys
from pathlib import Path

import pytest

from derivations.mutants import mutants_of
from derivations.sorts import KINDS, LOOK_ALIKE, SORTS, sort_of

BOOK = Path(__file__).parents[2] / "book"
sys.path.insert(0, str(BOOK / "extensions"))
import slips as extension  # noqa: E402


@pytest.mark.parametrize(
    ("latex", "wrong", "sort"),
    [
        ("a &= b - c", "a &= b + c", "sign"),
        ("a &= -b", "a &= b", "sign"),
        (r"a &= -\log b", r"a &= +\log b", ""),
        ("a &= x_{t-1}", "a &= x_{t1}", ""),
        (r"a &= \frac{1}{2} b", "a &=  b", "half"),
        (r"a &= \frac{1}{N} b", "a &=  b", "mean"),
        (r"a &= \frac{1}{N} b", r"a &= \frac{1}{N - 1} b", "one less"),
        (r"a &= \log \sigma^2", r"a &= \log \sigma", "log scale"),
        (r"a &= \log \sigma", r"a &= \log \sigma^2", "log scale"),
        (r"a &= \frac{b}{\sigma^2}", r"a &= \frac{b}{\sigma}", "variance"),
        ("a &= (x - b)^2", "a &= (x - b)", "square"),
        ("a &= (x - b)^2", "a &= (x^2 - b^2)", "difference"),
        (r"a &= \frac{p(x)}{q(x)}", r"a &= \frac{q(x)}{p(x)}", "fraction"),
        (r"a &= \frac{1}{2} b", r"a &= \frac{2}{1} b", ""),
        (r"a &= \frac{p(x)}{q(x)}", "a &= p(x)", "denominator"),
        (r"a &= p(x \mid z)", r"a &= p(z \mid x)", "bar"),
        (r"a &= p(x \mid z)", "a &= p(x, z)", "joint"),
        (r"a &= p_{\theta}(x)", "a &= p_{*}(x)", "population"),
        ("a &= p(z)", "a &= q(z)", "density"),
        (r"a &= \frac{D}{2}", r"a &= \frac{H}{2}", "size"),
        (r"a &= D_{\mathrm{KL}}(b \,\|\, c)", r"a &= H_{\mathrm{KL}}(b \,\|\, c)", ""),
        (r"a &\geq b", r"a &\leq b", "bound"),
        (r"a &\geq b", "a &= b", "equal"),
        (r"a &= \sum_{n=1}^{N} \log b_n", r"a &= \log \sum_{n=1}^{N} b_n", "log of a sum"),
        (r"a &= \mathbb{E}_{q(z)}\left[ \log b \right]",
         r"a &= \log \mathbb{E}_{q(z)}\left[ b \right]", "log of an average"),
        (r"a &= \sum_{n=1}^{N} x^{(n)}", r"a &= \sum_{n=1}^{N} x^{(1)}", "same sample"),
        ("a &= x^{(n)}", "a &= x^{(1)}", ""),
        (r"a &= \int q(z) \log b \, dz", r"a &= \int \log b \, dz", "weight"),
    ],
)  # fmt: skip
def test_a_slip_is_of_its_sort(latex, wrong, sort):
    found = {sort_of(m, latex) for m in mutants_of("", "", latex) if m.source == wrong}
    assert found == {sort}


def test_every_sort_has_its_words_and_its_room_in_the_museum():
    named = {*SORTS.values(), *LOOK_ALIKE.values()}
    assert named <= KINDS.keys()
    rooms = extension.exhibits(BOOK, BOOK)
    for kind in KINDS.values():
        assert 40 < len(kind.why) < 300 and kind.why.endswith((".", "?")), kind.name
        assert not kind.exhibit or kind.exhibit in rooms, kind.name
    # what the museum's room is about, so that a renumbered one is noticed
    about = {"sign": "sign", "half": "half", "mean": "mean", "constant": "constant",
             "variance": "square", "log scale": "travels", "same sample": "epsilon",
             "size": "size", "two pi": "constant"}  # fmt: skip
    assert {sort for sort, kind in KINDS.items() if kind.exhibit} == about.keys()
    for sort, word in about.items():
        assert word in rooms[KINDS[sort].exhibit][0], sort
