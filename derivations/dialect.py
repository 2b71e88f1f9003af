r"""The table of all that is read, as the page `dialect` shows it: made from notation.py.

    python -m derivations dialect > book/dialect.md

A test compares the page with this, and checks the example of every row.
"""
# ruff: noqa: E501 (a sentence of the page stays on its line)

from __future__ import annotations

from collections.abc import Iterator

from .notation import NAMES, RELATIONS, SPELLINGS, WAYS, WORDS, Kind, Name, Way

HEAD = r"""(dialect)=
# What the judges read

The judges read LaTeX as people type it. Each row below is one notation: how it may be typed, what it is read as, and an example that holds.
The examples are judged when this book is tested. What a symbol means in this book, {doc}`notation` says.
A command or a name that is in no row is *not understood*, with a caret under it; nothing is guessed.

"""
COLUMNS = "| what | typed | an example |\n| --- | --- | --- |\n"
SAMPLES = {  # an example of a kind of names; {} is the name
    Kind.SIZE: "{0} + {0} = 2 {0}",
    Kind.DENSITY: r"\log {0}(x)^2 = 2 \log {0}(x)",
    Kind.ANY: "2 {0}(x) - {0}(x) = {0}(x)",
    Kind.CONSTANT: "{0} + {0} = 2 {0}",
    Kind.FREE: "2 {0} - {0} = {0}",
    Kind.VARIABLE: "({0} + 1)^2 = {0}^2 + 2 {0} + 1",
    Kind.FUNCTION: "{0}(a) + {0}(a) = 2 {0}(a)",
}
EXAMPLES = {  # of single names
    "theta": r"\log p_{\theta}(x) \leq 1 + \log p_{\theta}(x) + e^{x}",
    "phi": r"\int q_{\phi}(z \mid x) \, dz = 1",
    "Data": r"\log p_{\theta}(\mathcal{D}) = \sum_{n=1}^{N} \log p_{\theta}(x^{(n)})",
    "Normal": r"\int \mathcal{N}(z; \mu, \sigma^2) \, dz = 1",
    "Bernoulli": r"\log \mathrm{Bernoulli}(x; \pi) = x \log \pi + (1 - x) \log (1 - \pi)",
    "Ber": r"\log \mathrm{Ber}(x; \pi) = x \log \pi + (1 - x) \log (1 - \pi)",
    "encoder": r"\mu, \sigma = \mathrm{encoder}(x), \quad \mu \sigma = \sigma \mu",
    "Encoder": r"\mu, \sigma = \mathrm{Encoder}(x), \quad \mu \sigma = \sigma \mu",
    "NeuralNet": r"\mu, \sigma = \mathrm{NeuralNet}(x), \quad \mu \sigma = \sigma \mu",
    "W": r"(W z)^{\top} = z^{\top} W^{\top}",
    "r": "",  # of a page's own
}


def rows() -> Iterator[Way]:
    """Every notation: the ways to write, the relation signs, the names."""
    yield from WAYS
    for sign in RELATIONS.values():
        if sign.example:
            yield Way(f"the sign {sign.sign}", sign.latex, sign.example)
    for name in NAMES.values():
        if example := _example(name):
            yield Way(name.kind.value, _typed(name), example)


def _typed(name: Name) -> tuple[str, ...]:
    words = [rf"\mathrm{{{word}}}" for word, key in WORDS.items() if key == name.key]
    words += ["\\" + word for word, key in SPELLINGS.items() if key == name.key]
    return tuple(dict.fromkeys((name.latex, *words)))


def _example(name: Name) -> str:
    sample = SAMPLES.get(name.kind, "")
    if name.key in ("det", "diag", "tr", "abs", "norm", "transpose"):
        return ""  # they are among the ways
    return EXAMPLES.get(name.key, sample.format(name.latex))


def page() -> str:
    r"""The page in Markdown.

    >>> page().startswith("(dialect)=")
    True
    """
    return HEAD + COLUMNS + "".join(map(_line, rows()))


def _line(row: Way) -> str:
    typed = ", ".join(map(_code, row.typed))
    return f"| {row.what} | {typed} | {_code(row.example)} |\n"


def _code(latex: str) -> str:
    """LaTeX as it is typed, in a cell of a table."""
    return "`" + latex.replace("|", "\\|") + "`"
