"""Every name and sign with a meaning: the one table that reading and judging look at.

A new symbol of the dialect is a row of `NAMES`, a new relation sign a row of `RELATIONS`,
another command for something known a word in `SPELLINGS`. The grammar takes its terminals
from here (`read.grammar`). What the rows say is told to readers in book/notation.md, and a
test holds the two together.

A name that has no row, or a row of kind FREE, is a parameter that only the formula names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a name is."""

    VARIABLE = "what a density is a density of"
    SIZE = "how many there are"
    PARAMETERS = "all parameters of a network"
    DATA = "the data set"
    DENSITY = "a density, told apart by its arguments"
    LAW = "a density with named parameters"
    NETWORK = "a function that a world has"
    BOUND = "the evidence lower bound"
    DIVERGENCE = "the Kullback-Leibler divergence"
    AVERAGE = "an expectation, or what is made of expectations"
    UNSIZED = "an identity, or a vector of zeros, of any size"
    CONSTANT = "a number that everybody knows"
    ANY = "any function, of a few smooth ones"
    FUNCTION = "an elementary function, or one of a vector or a matrix"
    FREE = "a parameter that only the formula names"


@dataclass(frozen=True)
class Name:
    """A row: how a name is typed, and what the worlds know of it.

    `key` is what the reader makes of it (accent, name, label: `hat x`, `mu_phi`).
    """

    key: str
    latex: str
    kind: Kind = Kind.FREE
    stands_for: str = ""  # the variable whose part it plays in a density
    letters: str = ""  # index letters that run up to this size
    arguments: int = 0  # of a law, with its variable
    takes: str = ""  # the variable that a network is a function of ('': either)
    gives: str = ""  # mean or spread of the encoder; x of the decoder
    shape: str = ""  # of a free name where a formula speaks of vectors
    positive: bool = False
    chance: bool = False  # where \pi is a probability, this is one as well
    like: tuple[str, ...] = ()  # what it is mistaken for


VARIABLE, SIZE, LAW, NETWORK = Kind.VARIABLE, Kind.SIZE, Kind.LAW, Kind.NETWORK
NAMES: dict[str, Name] = {row.key: row for row in (
    # variables, and letters that serve as one for a page
    Name("x", "x", VARIABLE, stands_for="x", like=("z",)),
    Name("z", "z", VARIABLE, stands_for="z", like=("x",)),
    Name("epsilon", r"\epsilon", VARIABLE, stands_for="epsilon"),
    Name("y", "y", VARIABLE, stands_for="x"),
    Name("u", "u", VARIABLE, stands_for="u"),
    Name("t", "t", VARIABLE, stands_for="t"),
    Name("a", "a", VARIABLE, stands_for="z", shape="vector"),
    Name("b", "b", VARIABLE, stands_for="z", shape="bias"),
    # sizes and their index letters
    Name("N", "N", SIZE, letters="ni", like=("K", "D")),
    Name("D", "D", SIZE, letters="d", like=("H", "N")),
    Name("H", "H", SIZE, letters="h", like=("D",)),
    Name("K", "K", SIZE, letters="kj", like=("N",)),
    Name("B", "B", SIZE, letters="b"),
    Name("M", "M", SIZE, letters="m"),
    # the model
    Name("theta", r"\theta", Kind.PARAMETERS, chance=True, like=("phi",)),
    Name("phi", r"\phi", Kind.PARAMETERS, like=("theta",)),
    Name("Data", r"\mathcal{D}", Kind.DATA),
    Name("p", "p", Kind.DENSITY, like=("q",)),
    Name("q", "q", Kind.DENSITY, like=("p",)),
    Name("r", "r", Kind.DENSITY),
    Name("Normal", r"\mathcal{N}", LAW, arguments=3),
    Name("Bernoulli", r"\mathrm{Bernoulli}", LAW, arguments=2),
    Name("Ber", r"\mathrm{Ber}", LAW, arguments=2),
    Name("decoder", r"\mathrm{decoder}", NETWORK, takes="z", gives="x"),
    Name("Decoder", r"\mathrm{Decoder}", NETWORK, takes="z", gives="x"),
    Name("hat x", r"\hat{x}", NETWORK, takes="z", gives="x"),
    Name("hat x_theta", r"\hat{x}_{\theta}", NETWORK, takes="z", gives="x"),
    Name("encoder", r"\mathrm{encoder}", NETWORK, takes="x", gives="both"),
    Name("Encoder", r"\mathrm{Encoder}", NETWORK, takes="x", gives="both"),
    Name("NeuralNet", r"\mathrm{NeuralNet}", NETWORK, gives="both"),
    Name("mu_phi", r"\mu_{\phi}", NETWORK, takes="x", gives="mean"),
    Name("sigma_phi", r"\sigma_{\phi}", NETWORK, takes="x", gives="spread"),
    Name("ELBO", r"\mathrm{ELBO}", Kind.BOUND),
    Name("D_KL", r"D_{\mathrm{KL}}", Kind.DIVERGENCE),
    Name("KL", r"\mathrm{KL}", Kind.DIVERGENCE),
    Name("Expect", r"\mathbb{E}", Kind.AVERAGE),
    Name("Var", r"\mathrm{Var}", Kind.AVERAGE),
    Name("Std", r"\mathrm{Std}", Kind.AVERAGE),
    # numbers
    Name("I", r"\mathbf{I}", Kind.UNSIZED),
    Name("0", r"\mathbf{0}", Kind.UNSIZED),
    Name("1", r"\mathbf{1}", Kind.UNSIZED),
    Name("pi", r"\pi", Kind.CONSTANT, chance=True),
    Name("e", "e", Kind.CONSTANT),
    # functions
    *(Name(f, f, Kind.ANY) for f in "fgh"),
    *(Name(f, "\\" + f, Kind.FUNCTION)
      for f in ("log", "exp", "tanh", "sin", "cos", "det")),
    *(Name(f, rf"\mathrm{{{f}}}", Kind.FUNCTION)
      for f in ("sigmoid", "softplus", "diag", "tr")),
    Name("abs", r"| \cdot |", Kind.FUNCTION),
    Name("norm", r"\lVert \cdot \rVert", Kind.FUNCTION),
    Name("transpose", r"\cdot^{\top}", Kind.FUNCTION),
    # free names of which more is known than their letter
    Name("mu", r"\mu", shape="vector", like=("sigma",)),
    Name("m", "m", shape="vector"),
    Name("W", "W", shape="matrix"),
    *(Name(c, latex, shape="covariance")
      for c, latex in (("C", "C"), ("S", "S"), ("Sigma", r"\Sigma"))),
    Name("sigma", r"\sigma", positive=True, like=("mu",)),
    Name("tau", r"\tau", positive=True, like=("sigma",)),
    Name("rho", r"\rho", chance=True),
    *(Name(g, "\\" + g, positive=True)
      for g in ("lambda", "beta", "gamma", "alpha", "ell", "kappa")),
    *(Name(s, s, positive=True) for s in "sv"),
)}  # fmt: skip


def of_kind(*kinds: Kind) -> tuple[str, ...]:
    """The keys of a kind, in the order of the table.

    >>> of_kind(Kind.SIZE)
    ('N', 'D', 'H', 'K', 'B', 'M')
    """
    return tuple(key for key, row in NAMES.items() if row.kind in kinds)


VARIABLES, SIZES = of_kind(Kind.VARIABLE), of_kind(Kind.SIZE)
PARAMETERS, LAWS, UNSIZED = of_kind(Kind.PARAMETERS), of_kind(LAW), of_kind(Kind.UNSIZED)
ANY, AVERAGES, DENSITIES = of_kind(Kind.ANY), of_kind(Kind.AVERAGE), of_kind(Kind.DENSITY)
FUNCTIONS, DIVERGENCES = of_kind(Kind.FUNCTION), of_kind(Kind.DIVERGENCE)
COINS = tuple(key for key in LAWS if NAMES[key].arguments == 2)
NETWORKS = of_kind(NETWORK)
DECODERS = tuple(key for key in NETWORKS if NAMES[key].takes == "z")
ENCODERS = tuple(key for key in NETWORKS if NAMES[key].gives == "both")
POSITIVE = tuple(key for key, row in NAMES.items() if row.positive)
CHANCES = tuple(key for key, row in NAMES.items() if row.chance)
# the size that an index letter runs up to
UPPER = {letter: row.key for row in NAMES.values() for letter in row.letters}
WORLDLY = ("x", "z", "epsilon")  # the variables that a world has points for
OUTPUTS = ("mu", "sigma")  # what the encoder gives, where a block speaks of one
# a function on a name's own, without a definition, is a slip
UNDEFINED = "pqfgd"


def shaped(shape: str) -> tuple[str, ...]:
    """The free names that have a shape where a formula speaks of vectors."""
    return tuple(key for key, row in NAMES.items() if row.shape == shape)


# ---------------------------------------------------------------- how names are typed
GREEK = tuple(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau "
    "phi psi omega ell Sigma Lambda Phi Theta Delta Omega Psi".split()
)
# other words for the same
SPELLINGS = {
    "varepsilon": "epsilon", "varphi": "phi", "widehat": "hat", "overline": "bar",
    "widetilde": "tilde", "ln": "log", "intercal": "top", "E": "Expect",
}  # fmt: skip
# \mathcal{N} and its like: what a styled letter means
STYLED = {
    "N": "Normal", "D": "Data", "L": "calL", "E": "Expect", "I": "I", "0": "0", "1": "1",
}  # fmt: skip
ACCENTS = ("hat", "bar", "tilde")
STYLES = ("mathbf", "mathbb", "mathcal", "boldsymbol", "bm")
WORD_FUNCTIONS = ("diag", "tr", "det", "sigmoid", "softplus", "tanh", "log", "exp")
PREFIXES = ("log", "exp", "tanh", "det", "nabla", "sin", "cos")  # no brackets needed
# names before a bracket that take an argument even if a power follows
CALLED = {"p", "q", "f", "g", "Normal", "Expect", "Var", "KL", *WORD_FUNCTIONS}
LABELS = "xzypqe"  # letters that are a label as a subscript, where d is a component


@dataclass(frozen=True)
class Relation:
    """A row: a relation sign, its terminal in the grammar, and how it is typed."""

    sign: str
    terminal: str
    latex: tuple[str, ...]
    turned: str = ""  # of an inequality
    way: int = 0  # 1: the left side is the larger one


RELATIONS = {row.sign: row for row in (
    Relation("=", "EQ", ("=",)),
    Relation(":=", "DEFINE", (":=", r"\coloneqq", r"\triangleq")),
    Relation("≈", "APPROX", (r"\approx",)),
    Relation("≥", "GEQ", (r"\geq", r"\ge", r"\geqslant"), "≤", 1),
    Relation("≤", "LEQ", (r"\leq", r"\le", r"\leqslant"), "≥", -1),
    Relation(">", "GREATER", (">",), "<", 1),
    Relation("<", "LESS", ("<",), ">", -1),
    Relation("∝", "PROPTO", (r"\propto",)),
    Relation("~", "SIM", (r"\sim",)),
    Relation("≠", "NEQ", (r"\neq", r"\ne")),
    Relation(":", "COLON", (":",)),
)}  # fmt: skip
BOUNDS = tuple(sign for sign, row in RELATIONS.items() if row.turned)


# ---------------------------------------------------------------- patterns
def pattern(*words: str) -> str:
    r"""A regular expression for LaTeX commands and signs, none the beginning of another.

    >>> pattern(r"\le", r"\leq", "<")
    '\\\\leq(?![A-Za-z])|\\\\le(?![A-Za-z])|<'
    """
    longest = sorted(words, key=len, reverse=True)
    ends = ("(?![A-Za-z])" if word[-1].isalpha() else "" for word in longest)
    return "|".join(re.escape(word) + end for word, end in zip(longest, ends, strict=True))


def commands(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names as commands, in all their spellings."""
    others = [word for word, name in SPELLINGS.items() if name in names]
    return tuple("\\" + name for name in (*names, *others))


def terminals() -> dict[str, str]:
    """What the grammar's words look like, by the name of the terminal."""
    found = {row.terminal: pattern(*row.latex) for row in RELATIONS.values()}
    return found | {
        "GREEK": pattern(*commands((*GREEK, "partial"))),
        "FUNCTION": pattern(*commands(PREFIXES)),
        "ACCENT": pattern(*commands(ACCENTS)),
        "STYLE": pattern(*commands(STYLES)),
    }
