"""From characters to trees: what is read, and how what is not is told."""

import io
import logging
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, logger

from derivations.block import read_block
from derivations.read import ReadingError, grammar, parser


def test_the_grammar_has_no_conflict():
    stream = io.StringIO()
    handler, level = logging.StreamHandler(stream), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        Lark(grammar(), parser="lalr", lexer="basic", start="line", debug=True)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert "conflict" not in stream.getvalue().lower()


def test_lines_are_read_in_threads_side_by_side():
    line = r"\log \left( \frac{1}{\sqrt{(2 \pi)^D}} \exp(-(x - y)^2) \right) &= (a + (b))"
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            blocks = list(pool.map(read_block, [line] * 40))
    finally:
        sys.setswitchinterval(switching)
    assert {repr(block.lines[0].tree) for block in blocks} == {
        repr(read_block(line).lines[0].tree)
    }


@pytest.mark.parametrize(
    ("latex", "message", "under"),
    [
        (r"\log x = \foo x", r"unknown command \foo", r"\foo"),
        (r"\lg x = 1", r"did you mean \log", r"\lg"),
        (r"\frac{1}{2 = x", "not closed", "{2"),
        (r"x = 1)", "nothing to close", ")"),
        (r"x = (1", "not closed", "(1"),
        (r"x = ", "ends too early", ""),
        (r"x = 1 + + 2", "cannot stand here", "+ 2"),
        (r"x^2^3 = 1", "two superscripts", "^3"),
        (r"x = 1/2 y", "denominator", "y"),
        (r"x = \log (y) z", "does the log reach this", "z"),
        (r"\hat_{\theta} = 1", "cannot stand here", "_{"),
        (r"x = y where z", "is 'where' a word", "where"),
        (r"\log_a x = 1", "is not known", r"\log_a"),
        (r"\sum_{n=1} x^{(n)} \sim", "ends too early", ""),
    ],
)
def test_an_error_points_at_its_place(latex, message, under):
    with pytest.raises(ReadingError) as caught:
        read_block(latex)
    assert message in caught.value.message
    assert latex[caught.value.position :].startswith(under)
    shown = str(caught.value).splitlines()
    assert shown[2].index("^") == shown[1].index(latex[:10]) + caught.value.position


def test_the_parser_is_made_once():
    assert parser() is parser()


GOOD = r"""\begin{align}
\log p_\theta(x) &= \log \int p_{\theta}(x, z) dz \\
&= \log \mathbb{E}_{q(z)}\left[ \frac{p_{\theta}(x, z)}{q(z)} \right] \\
&\geq \int q(z) \log \frac{p_{\theta}(x, z)}{q(z)} dz
\end{align}"""


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_no_edit_crashes_the_reader(rng):
    tokens = re.findall(r"\\[A-Za-z]+|\\.|\s+|.", GOOD)
    for _ in range(rng.randint(1, 4)):
        i = rng.randrange(len(tokens))
        edit = rng.choice(["drop", "double", "swap"])
        if edit == "drop":
            tokens[i] = ""
        elif edit == "double":
            tokens[i] *= 2
        else:
            j = rng.randrange(len(tokens))
            tokens[i], tokens[j] = tokens[j], tokens[i]
    try:
        read_block("".join(tokens))
    except ReadingError as error:
        assert str(error)


@pytest.mark.parametrize("mean", [r"\mathbb{E}", "E"])
def test_a_mean_over_z_given_x_is_asked_for_its_density(mean):
    with pytest.raises(ReadingError, match="of which density"):
        read_block(rf"{mean}_{{z|x}}[z] = a")


@pytest.mark.parametrize(
    "latex",
    [
        r"\nabla_x \log p(x) \, p(x)", r"\log q(z) \frac{p(z)}{q(z)}",
        r"\log q(z) (a - b)", r"\log q(z) f(z)",
    ],
)  # fmt: skip
def test_how_far_the_log_of_a_density_reaches_is_asked(latex):
    with pytest.raises(ReadingError, match="does the log reach this"):
        read_block(f"{latex} = a")
