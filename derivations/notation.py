"""Every name and sign with a meaning: the one table that reading and judging look at.

A new symbol of the dialect is a row of `NAMES`, a new relation sign a row of `RELATIONS`,
a new way to type a construct a row of `WAYS`, another command for something known a word
in `SPELLINGS` or `WORDS`. The page `dialect` shows all rows. The grammar takes its terminals
from here (`read.grammar`). What the rows say is told to readers in book/notation.md, and a
test holds the two together.

A name that has no row, or a row of kind FREE, is a parameter that only the formula names.
"""
# ruff: noqa: E501 (a formula stays on its line)

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
    Name("L", "L", SIZE, letters="l"),
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
    Name("mu_theta", r"\mu_{\theta}", NETWORK, takes="z", gives="x"),
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
      for g in ("lambda", "beta", "gamma", "alpha", "eta", "ell", "kappa")),
    *(Name(s, s, positive=True) for s in "sv"),
)}  # fmt: skip


def of_kind(*kinds: Kind) -> tuple[str, ...]:
    """The keys of a kind, in the order of the table.

    >>> of_kind(Kind.SIZE)
    ('N', 'D', 'H', 'K', 'B', 'M', 'L')
    """
    return tuple(key for key, row in NAMES.items() if row.kind in kinds)


VARIABLES, SIZES = of_kind(Kind.VARIABLE), of_kind(Kind.SIZE)
PARAMETERS, LAWS, UNSIZED = of_kind(Kind.PARAMETERS), of_kind(LAW), of_kind(Kind.UNSIZED)
ANY, AVERAGES, DENSITIES = of_kind(Kind.ANY), of_kind(Kind.AVERAGE), of_kind(Kind.DENSITY)
DIVERGENCES = of_kind(Kind.DIVERGENCE)
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
SCORES = ("s",)  # functions that have as many components as their argument
# a function on a name's own, without a definition, is a slip
UNDEFINED = "pqfgd"


def shaped(shape: str) -> tuple[str, ...]:
    """The free names that have a shape where a formula speaks of vectors."""
    return tuple(key for key, row in NAMES.items() if row.shape == shape)


# ---------------------------------------------------------------- how names are typed
# All but \Gamma, which is a function to most, and here would be a number.
GREEK_SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "ell": "ℓ",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
GREEK = tuple(GREEK_SIGNS)
# other words for the same
SPELLINGS = {
    "varepsilon": "epsilon", "varphi": "phi", "widehat": "hat", "overline": "bar",
    "widetilde": "tilde", "ln": "log", "intercal": "top", "vartheta": "theta",
    "eps": "epsilon", "veps": "epsilon", "varrho": "rho", "varsigma": "sigma", "varpi": "pi", "varkappa": "kappa",
}  # fmt: skip
# what a styled letter means; of the others \mathcal{F} is the name calF
STYLED = {
    "mathcal": {"N": "Normal", "D": "Data"},
    "mathbb": {
        "E": "Expect",
        "D": "D",
        "V": "Var",
        "P": "P",
        "I": "I",
        "H": "H",
        "1": "1",
        "0": "0",
    },
}
STYLES = {  # how a style is typed, and the style it is
    "mathcal": "mathcal", "mathscr": "mathcal", "mathfrak": "mathcal", "cal": "mathcal",
    "mathbb": "mathbb", "Bbb": "mathbb", "mathds": "mathbb",
}  # fmt: skip
# a letter means the same in bold, upright, slanted or under an arrow
BOLD = tuple(
    "mathbf boldsymbol bm pmb bf boldmath vec mathbold symbf mathit it mathnormal rm "
    "mathrm mathsf mathtt sf tt operatorname underline mathbfit textbf textit".split()
)
# the brackets behind the macros of many a paper
BRACKETS = {
    "brac": ("[", "]"), "paren": ("(", ")"), "abs": ("|", "|"), "norm": (r"\|", r"\|"),
}  # fmt: skip
# and in its macros \\bx, \\vz, \\rvz
BOLD_MACROS, BOLD_LETTERS = ("b", "v", "rv", "mb", "bs"), "xyzuwh"
ACCENTS = ("hat", "bar", "tilde")
# functions that have a word, and those that are commands, which need no brackets
WORD_FUNCTIONS = tuple(key for key in of_kind(Kind.FUNCTION) if key in NAMES[key].latex)
PREFIXES = (*(key for key in WORD_FUNCTIONS if NAMES[key].latex == "\\" + key), "nabla")
# words and commands for what has a name here, upright or typed as mere letters
WORDS = {
    "E": "Expect", "EE": "Expect", "Ex": "Expect", "expect": "Expect", "N": "Normal",
    "Normal": "Normal", "Gaussian": "Normal", "Bern": "Bernoulli", "KLD": "KL", "kl": "KL",
    "DKL": "KL", "kld": "KL", "infdiv": "KL", "dim": "dim", "Kl": "KL", "KL": "KL", "ELBO": "ELBO",
    "elbo": "ELBO", "Elbo": "ELBO", "var": "Var", "V": "Var", "Var": "Var", "Tr": "tr",
    "trace": "tr", "tr": "tr", "Diag": "diag", "diag": "diag", "sigm": "sigmoid",
    "Sigmoid": "sigmoid", "const": "const", "constant": "const", "cst": "const",
    "JSD": "JS", "CE": "H", "VLB": "ELBO", "vlb": "ELBO", "MI": "I", "ln": "log", "Pr": "P", "prob": "P", "dd": "d", "d": "d", "Expect": "Expect", "dif": "d", "diff": "d",
}  # fmt: skip
LETTERS_ONLY = (
    "KLD",
    "KL",
    "JSD",
    "ELBO",
    "diag",
    "Var",
    "const",
)  # also without a command
# the density that the data come from, and other labels of it
LABELLED = {"data": "*", "true": "*", "Data": "*", "real": "*", "kl": "KL", "Kl": "KL",
            "JS": "JS", "JSD": "JS", "ML": "ML"}  # fmt: skip
JENSEN_SHANNON = ("JS", "D_JS")
DIVERGENT = ("D", "Data", "d")  # D_{KL} in all its styles

# ---------------------------------------------------------------- what only dresses
ENVIRONMENTS = (
    "align", "aligned", "alignat", "alignedat", "gather", "gathered", "equation", "split",
    "multline", "multlined", "eqnarray", "flalign", "displaymath", "math", "array",
    "dmath", "empheq", "subequations", "IEEEeqnarray",
)  # fmt: skip
DROPPED = {  # with so many arguments
    "label": 1, "tag": 1, "tag*": 1, "color": 1, "hspace": 1, "hspace*": 1, "vspace": 1,
    "phantom": 1, "hphantom": 1, "vphantom": 1, "cite": 1, "citep": 1, "citet": 1, "ref": 1,
    "eqref": 1, "footnote": 1, "intertext": 1, "shortintertext": 1, "footnotemark": 0,
    "hfill": 0, "mathstrut": 0, "limits": 0, "nolimits": 0, "noindent": 0, "strut": 0,
    "centering": 0, "small": 0, "large": 0, "footnotesize": 0,
}  # fmt: skip
UNWRAPPED = {  # the last of so many arguments is the formula
    "textcolor": 2, "colorbox": 2, "fcolorbox": 3, "boxed": 1, "fbox": 1, "overset": 2,
    "stackrel": 2, "cancel": 1, "bcancel": 1, "xcancel": 1, "mathop": 1, "mathrel": 1,
    "mathbin": 1, "mathord": 1, "mathopen": 1, "mathclose": 1, "smash": 1, "mathclap": 1,
    "ensuremath": 1, "underbrace": 1, "overbrace": 1, "underbracket": 1, "overbracket": 1,
    "overline*": 1, "hl": 1, "scalebox": 2, "resizebox": 3,
}  # fmt: skip
DEFINES = r"def|\\[Dd]elta|\\triangle|\.$"  # above an equals sign
TEXTS = ("text", "textrm", "textit", "textbf", "textsf", "textnormal", "mbox", "hbox")
FULL_WIDTH = str.maketrans("，。；：（）＝＋－｜＊／", ",.;:()=+-|*/")
# signs that are typed as themselves, and the command of each
SIGNS = {sign: f"\\{name}" for name, sign in GREEK_SIGNS.items()} | {
    "ϵ": r"\epsilon", "ϕ": r"\phi", "ϑ": r"\theta", "µ": r"\mu", "∂": r"\partial",
    "≥": r"\geq", "≤": r"\leq", "≠": r"\neq", "≈": r"\approx", "∝": r"\propto",
    "∼": r"\sim", "∈": r"\in", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∞": r"\infty",
    "∇": r"\nabla", "·": r"\cdot", "×": r"\times", "⊙": r"\odot", "∣": r"\mid",
    "𝔼": r"\mathbb{E}", "−": "-", "²": "^2", "³": "^3", "…": r"\dots", "≡": r"\equiv",
    "≜": r"\triangleq", "≔": ":=",
}  # fmt: skip
ARROWS = tuple(
    "implies Rightarrow Longrightarrow iff Leftrightarrow Longleftrightarrow impliedby "
    "Leftarrow therefore because rightarrow longrightarrow leadsto".split()
)
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
    example: str = ""


RELATIONS = {row.sign: row for row in (
    Relation("=", "EQ", ("=", r"\equiv"), example=r"a + b \equiv b + a"),
    Relation(":=", "DEFINE", (":=", r"\coloneqq", r"\triangleq", r"\coloneq", r"\doteq",
                              r"\colonequals", r"\vcentcolon=", r"\eqdef", r"\defeq"),
             example=r"\mathcal{F} \triangleq \log p_{\theta}(x) = \log \int p_{\theta}(x, z) dz"),
    Relation("=:", "REVERSED", ("=:", r"\eqqcolon"),
             example=r"\log \int p_{\theta}(x, z) dz =: \mathcal{F} = \log p_{\theta}(x)"),
    Relation("≈", "APPROX", (r"\approx", r"\simeq", r"\approxeq", r"\cong",
                             r"\thickapprox"), example=r"\frac{1}{3} \simeq 0.333"),
    Relation("≥", "GEQ", (r"\geq", r"\ge", r"\geqslant", r"\geqq", ">="), "≤", 1,
             example=r"a^2 + 1 \geqslant 2 a - 1"),
    Relation("≤", "LEQ", (r"\leq", r"\le", r"\leqslant", r"\leqq", "<="), "≥", -1,
             example=r"2 a - 1 <= a^2 + 1"),
    Relation(">", "GREATER", (">",), "<", 1, example="e^a > 0"),
    Relation("<", "LESS", ("<",), ">", -1, example="0 < e^a"),
    Relation("∝", "PROPTO", (r"\propto", r"\varpropto"),
             example=r"p_{\theta}(z \mid x) \propto p_{\theta}(x, z)"),
    Relation("~", "SIM", (r"\sim", r"\thicksim"),
             example=r"\mathbb{E}_{z \sim q(z)}[f(z)] = \int q(z) f(z) \, dz"),
    Relation("∈", "IN", (r"\in",),
             example=r"\sum_{x \in \mathcal{D}} \log p_{\theta}(x) = \log p_{\theta}(\mathcal{D})"),
    Relation("≠", "NEQ", (r"\neq", r"\ne"),
             example=r"D_{KL}(q(z) \| p(z)) \neq D_{KL}(p(z) \| q(z))"),
    Relation(":", "COLON", (":",),
             example=r"\mathbb{E}_{z^{(1:K)} \sim q(z)}[f(z^{(1)})] = \mathbb{E}_{q(z)}[f(z)]"),
)}  # fmt: skip
BOUNDS = tuple(sign for sign, row in RELATIONS.items() if row.turned)


# ---------------------------------------------------------------- ways to write a construct
@dataclass(frozen=True)
class Way:
    """A row: a construct, how it may be typed, and a true statement that is so typed."""

    what: str
    typed: tuple[str, ...]
    example: str


WAYS = (
    Way("expectation",
        (r"\mathbb{E}_{q(z)}[f(z)]", r"\E_{q(z)}[f(z)]", r"\mathrm{E}_{q(z)}[f(z)]",
         r"E_{q(z)}[f(z)]", r"\operatorname{E}_{q(z)}[f(z)]", r"\mathbb E_{q(z)}\{f(z)\}"),
        r"E_{q(z)}[f(z)] = \int q(z) f(z) \, dz"),
    Way("expectation, what is drawn below it",
        (r"\mathbb{E}_{z \sim q}[f(z)]", r"\underset{z \sim q(z)}{\mathbb{E}}[f(z)]",
         r"\mathop{\mathbb{E}}\limits_{z \sim q(z)}[f(z)]"),
        r"\underset{z \sim q(z)}{\mathbb{E}}[f(z)] = \int q(z) f(z) \, dz"),
    Way("expectation over several", (r"\mathbb{E}_{(x, z) \sim p}[f(x)]", r"\mathbb{E}_{x, z \sim p}[f(x)]"),
        r"\mathbb{E}_{(x, z) \sim p_\theta(x, z)}[f(x)] = \int p_\theta(x, z) f(x) \, dx dz"),
    Way("expectation without brackets: of the whole product",
        (r"\mathbb{E}_{q(z)} f(z)",), r"\mathbb{E}_{q(z)} f(z) = \int q(z) f(z) \, dz"),
    Way("expectation in angles", (r"\langle f(z) \rangle_{q(z)}",),
        r"\langle f(z) \rangle_{q(z)} = \int q(z) f(z) \, dz"),
    Way("variance", (r"\mathrm{Var}_{q(z)}[z]", r"\mathbb{V}_{q(z)}[z]", r"\Var_{q(z)}[z]"),
        r"\mathbb{V}_{q(z)}[z] = \mathbb{E}_{q(z)}[z^2] - \mathbb{E}_{q(z)}[z]^2"),
    Way("divergence",
        (r"D_{\mathrm{KL}}(q \| p)", r"D_{KL}(q || p)", r"D_{\rm KL}[q \| p]",
         r"\mathrm{KL}(q \| p)", r"KL(q \| p)", r"{\rm KL}(q \| p)", r"\mathbb{KL}(q \| p)",
         r"\mathcal{D}_{KL}(q \| p)", r"\mathbb{D}_{KL}[q \| p]", r"D(q \| p)"),
        r"KL(q(z) || p(z)) = \int q(z) \log \frac{q(z)}{p(z)} \, dz"),
    Way("the mean divergence from the mixture", (r"D_{\mathrm{JS}}(q \| p)", r"\mathrm{JSD}(q \| p)"),
        r"JSD(q(z) \| p(z)) \geq 0"),
    Way("the sign between two densities",
        (r"\|", "||", r"\parallel", r"\Vert", r"\mid\mid", r"\Arrowvert", ","),
        r"D_{KL}(q(z) \mid\mid p(z)) = \int q(z) \log \frac{q(z)}{p(z)} \, dz"),
    Way("the place of an argument", (r"q_{\phi}(\cdot \mid x)",),
        r"D_{KL}(q_{\phi}(\cdot \mid x) \| p(\cdot)) = D_{KL}(q_{\phi}(z \mid x) \| p(z))"),
    Way("integral", (r"\int f \, dz", r"\int_z f \, dz", r"\int_{\mathbb{R}} f \, dz",
                     r"\int_{\mathcal{Z}} f \, dz", r"\int_z f", r"\int dz \, f"),
        r"\int_{\mathcal{Z}} q(z) \, dz = \int dz \, q(z) = 1"),
    Way("several integrals", (r"\int \int f \, dz \, dx", r"\iint f \, dx dz",
                              r"\int f \, dx dz"),
        r"\int p_{\theta}(x, z) \, dx dz = 1"),
    Way("differential", ("dz", r"\mathrm{d}z", r"\mathrm{~d}z", r"d\mathbf{z}", "d{z}",
                         r"\mathop{}\!\mathrm{d}z", r"\dd z"),
        r"\int q(\mathbf{z}) \, \mathrm{~d}\mathbf{z} = 1"),
    Way("bold, upright, slanted: the same name",
        (r"\mathbf{z}", r"{\bf z}", r"\boldsymbol{z}", r"\bm{z}", r"\vec{z}", r"\pmb{z}",
         r"\bz", r"\vz", r"\rvz"),
        r"\int q({\bf z}) \, d\bm{z} = 1"),
    Way("fraction", (r"\frac{a}{b}", r"\dfrac{a}{b}", r"\tfrac12", r"{a \over b}", "a / b"),
        r"{a \over 2} = \tfrac12 a = a / 2"),
    Way("function", (r"\log a", r"\ln a", "log a", "ln(a)", r"\mathrm{log} a"),
        r"log(a^2) = 2 \ln |a|"),
    Way("a logarithm of another base", (r"\log_2 a", r"\text{log}_{10}(a)"), r"\log_2 8 = 3"),
    Way("exponential", (r"\exp(a)", "exp(a)", "e^a", r"\mathrm{e}^a"), "exp(a) = e^a"),
    Way("a square of a function", (r"\sigma_{\phi}^2(x)",),
        r"\sigma_{\phi}^2(x) = \sigma_{\phi}(x)^2"),
    Way("product", ("a b", r"a \cdot b", r"a \times b", "a * b", r"a \odot b"), "a * b = b a"),
    Way("size", ("|a|", r"\lvert a \rvert", r"\lVert a \rVert", r"\|a\|", r"\|a\|_2"),
        r"\left\lvert a \right\rvert = |{-a}|"),
    Way("how many data", (r"|\mathcal{D}|",),
        r"\frac{1}{|\mathcal{D}|} \sum_{n=1}^{N} 1 = 1"),
    Way("of vectors and matrices", (r"\mathrm{tr}(C)", r"\mathrm{diag}(v)", r"\det C",
                                    r"W^\top", r"W^{\mathrm{T}}"),
        r"\mathrm{tr}(C) = \mathrm{tr}(C^{\top})"),
    Way("second slopes", (r"\nabla_x^2 f(x)",), r"\nabla_x^2 \log p(x) = \nabla_x \nabla_x \log p(x)"),
    Way("one number of what a network puts out", (r"\mu_{\phi, j}(x)",),
        r"\sum_{j=1}^{H} \mu_{\phi, j}(x)^2 = \| \mu_\phi(x) \|^2"),
    Way("how many components", (r"\dim(z)", "d_z", "D_x"), r"\dim(z) = H"),
    Way("the spread of the encoder as a matrix", (r"\Sigma_\phi(x)", r"\Sigma(x)"),
        r"\text{trace}[\Sigma_\phi(x)] = \sum_{j=1}^{H} \sigma_{\phi, j}(x)^2"),
    Way("any function: one that nobody defines", ("w(x)", r"\psi(z)", r"s_\theta(x)"),
        r"\mathbb{E}_{q(z)}[w(z)] = \int q(z) w(z) \, dz"),
    Way("place of a maximum",
        (r"\arg\max_\theta", r"\operatorname*{argmax}_{\theta}", r"\mathop{\arg\max}_\theta",
         r"\underset{\theta}{\arg\max}", r"\arg\underset{\theta}{\max}", r"\argmax_\theta"),
        r"\arg\max_\theta p_\theta(\mathcal{D}) = \arg\max_\theta \log p_\theta(\mathcal{D})"),
    Way("value of a maximum", (r"\max_\theta", r"\min_\theta", r"\sup_\theta", r"\inf_\theta"),
        r"\max_\theta \log p_\theta(x) = \max_\theta \log \int p_\theta(x, z) dz"),
    Way("the density of the data", (r"p_{*}(x)", r"p_{\text{data}}(x)", "p_{data}(x)"),
        r"\int p_{data}(x) \, dx = 1"),
    Way("a sum reaches as far as its index", (r"\sum_{n=1}^{N} x^{(n)} + (x^{(n)})^2",),
        r"\sum_{n=1}^{N} x^{(n)} + (x^{(n)})^2 = \sum_{n=1}^{N} (x^{(n)} + (x^{(n)})^2)"),
    Way("capital and other letters of densities", ("P(x)", r"D_{KL}(P \| Q)", r"D_{KL}(f \| g)"),
        r"D_{KL}(P \| Q) = \int p(x) \log \frac{p(x)}{q(x)} \, dx"),
    Way("a density by its numbers", (r"\sum_i p_i \log p_i", r"\sum_i p(i) \log p(i)"),
        r"H(p) = -\sum_i p_i \log p_i"),
    Way("how much a value tells", ("I(x)", "I(s_i)"), r"H(S) = \sum_i p_i I(s_i)"),
    Way("a name of the bound, or of its negative", (r"\mathcal{F}", r"\mathcal{F}(x, \theta)"),
        r"D_{KL}(q(z) \| p(z \mid x)) = \mathcal{F} + \log p(x)"),
    Way("the evidence, or its logarithm", (r"\text{evidence}", r"\log \text{evidence}"),
        r"\text{evidence} \geq \text{ELBO}"),
    Way("a name that the first logarithm tells", (r"\log Z = \log p(x) \geq \dots",),
        r"\log Z = \log p_\theta(x) \geq \mathrm{ELBO}"),
    Way("a density with its variables below it", (r"p_{X,Z}(x, z)", r"p_{X \mid Z}(x \mid z)", "p_z(z)", r"D_{KL}(q_{Z \mid X} \| p_Z)"),
        r"p_{X,Z}(x, z) = p_{X \mid Z}(x \mid z) p_Z(z)"),
    Way("other letters of data and latents", (r"p(w \mid \mathcal{D})", r"p(\theta \mid x)", "p(h, x)"),
        r"\log p(\mathcal{D}) = \log \int p(\mathcal{D} \mid w) p(w) \, dw"),
    Way("nodes of a chain", (r"x_{1:T}", r"x_1, \dots, x_T", "x_{t-1}"),
        r"q(x_1, \dots, x_T \mid x_0) = \frac{q(x_{0:T})}{q(x_0)}"),
    Way("a sum over the nodes of a chain", (r"\sum_{t > 1}", r"\sum_{t \geq 2}", r"\sum_{t=2}^{T}"),
        r"\sum_{t > 1} \log \frac{q(x_t \mid x_0)}{q(x_{t-1} \mid x_0)} = \log \frac{q(x_T \mid x_0)}{q(x_1 \mid x_0)}"),
    Way("the noise of a diffusion", (r"\beta_t", r"\alpha_t", r"\bar\alpha_t", r"\tilde\beta_t"),
        r"\beta_t = 1 - \frac{\bar\alpha_t}{\bar\alpha_{t-1}}"),
    Way("what stands above or below a sign",
        (r"\overset{\text{Jensen}}{\geq}", r"\stackrel{(a)}{=}", r"\overset{\text{def}}{=}"),
        r"(a + b)^2 \stackrel{(1)}{=} a^2 + 2 a b + b^2"),
    Way("braces above or below", (r"\underbrace{a}_{\text{error}}", r"\overbrace{a}^{b}"),
        r"\underbrace{a}_{\text{first}} + b = b + a"),
    Way("what stands at a brace: a claim, or a name",
        (r"\underbrace{a^2}_{\geq 0}", r"\underbrace{a}_{= b}", r"\overbrace{a}^{A}"),
        r"\underbrace{a^2}_{\geq 0} + \underbrace{b}_{R} = R + a^2"),
    Way("where a line holds", (r"\text{if } a > 0", r"\text{for all } a > 0", r"\forall a > 0",
                               r"\quad (a > 0)", r"\quad a > 0"),
        r"\log a \leq a - 1 \quad \text{for all } a > 0"),
    Way("what a name stands for beside a line", (r"\text{where } w = a b",),
        r"\log w = \log a + \log b \quad \text{where } w = a b"),
    Way("a density by its energy: Z makes it one", (r"p(x) := \frac{e^{-f(x)}}{Z}",),
        r"\nabla_x \log p(x) = -\nabla_x f(x), \quad p(x) := \frac{e^{-f(x)}}{Z}"),
    Way("between limits", (r"f(x) \bigg|_a^b", r"\left[ f(x) \right]_a^b"),
        r"\int_0^1 x^2 \, dx = \frac{x^3}{3} \Big|_0^1"),
    Way("dots between factors or terms", (r"p(x^{(1)}) \cdots p(x^{(N)})", r"a_1 + a_2 + \dots + a_N",
                                          r"-\log(a_1) \cdots - \log(a_N)"),
        r"\log p_\theta(\mathcal{D}) = \log p_\theta(x^{(1)}) + \dots + \log p_\theta(x^{(N)})"),
    Way("where a bound is an equality, if its gap is a divergence", (r"\text{with equality iff } q = p",),
        r"D_{KL}(q(z) \| p(z)) \geq 0 \quad \text{with equality iff } q = p"),
    Way("samples that nobody names: those of the left side", (r"\approx \frac{1}{L} \sum_l f(z^{(l)})",),
        r"\mathbb{E}_{q(z)}[f(z)] \approx \frac{1}{L} \sum_{l=1}^{L} f(z^{(l)})"),
    Way("a name that is told later", (r"a = w + b, \quad w = c",),
        r"\log w^2 = 2 \log a + 2 \log b, \quad w = a b"),
    Way("the bracket macros of papers", (r"\brac{a}", r"\paren{a}", r"\abs{a}", r"\norm{a}"),
        r"\paren{a + b}^2 = \brac{b + a}^2"),
    Way("cases", (r"\begin{cases} a & a > 0 \\ 0 & \text{otherwise} \end{cases}",
                  r"\max(a, 0)", r"\min\{a, b\}"),
        r"\max(a, 0) = \begin{cases} a & \text{if } a > 0 \\ 0 & \text{otherwise} \end{cases}"),
    Way("a constant, perhaps in one name only", (r"\text{const}", "+ C", r"\text{const w.r.t. } z"),
        r"\log p_\theta(x, z) = \log p_\theta(z \mid x) + \text{const w.r.t. } z"),
    Way("colours and boxes", (r"\textcolor{red}{a}", r"{\color{red} a}", r"\boxed{a}"),
        r"\boxed{a + b} = b + \textcolor{blue}{a}"),
    Way("remarks, in any script", (r"\text{by Jensen}", r"\text{(주변화)}", r"\tag{3}"),
        r"a + b = b + a \quad \text{(交換)}"),
    Way("several statements", (r"a = b, \quad c = d", r"a = b \text{ and } c = d",
                               r"a = b \implies c = d", r"a = b \iff c = d"),
        r"a + b = b + a \text{ and } a b = b a"),
    Way("on what it holds", (r"\forall x", r"n = 1, \dots, N", r"x \in \mathbb{R}^D"),
        r"(x + 1)^2 = x^2 + 2 x + 1, \quad x \in \mathbb{R}"),
    Way("rows", tuple(rf"\begin{{{name}}}" for name in ENVIRONMENTS[:11]),
        r"\begin{eqnarray} a + b &=& b + a \\ &\leq& a + b + e^a \end{eqnarray}"),
)  # fmt: skip


# ---------------------------------------------------------------- patterns
def pattern(*words: str) -> str:
    r"""A regular expression for LaTeX commands and signs, none the beginning of another.

    >>> pattern(r"\le", r"\leq", "<")
    '\\\\leq(?![A-Za-z])|\\\\le(?![A-Za-z])|<'
    """
    longest = sorted(words, key=len, reverse=True)
    ends = ("(?![A-Za-z])" if word[-1].isalpha() else "" for word in longest)
    return "|".join(re.escape(word) + end for word, end in zip(longest, ends, strict=True))


def letters(*words: str) -> str:
    """The same words typed as letters; no product of letters spells a function."""
    return "|".join(sorted({*words} - {"nabla"}, key=len, reverse=True))


# every word that is a name, a function or a label of the dialect
WORD_NAMES = {*NAMES, *WORDS, *LABELLED, *WORD_FUNCTIONS, *PREFIXES, "argmax", "argmin",
              "max", "min", "d", "T", "data", "model"}  # fmt: skip


def commands(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names as commands, in all their spellings."""
    others = [word for word, name in SPELLINGS.items() if name in names]
    return tuple("\\" + name for name in (*names, *others))


def terminals() -> dict[str, str]:
    """What the grammar's words look like, by the name of the terminal."""
    found = {row.terminal: pattern(*row.latex) for row in RELATIONS.values()}
    return found | {
        "GREEK": pattern(*commands((*GREEK, "partial"))),
        "FUNCTION.2": pattern(*commands(PREFIXES)) + "|" + letters(*PREFIXES, "ln"),
        "ACCENT": pattern(*commands(ACCENTS)),
        "STYLE": pattern(*("\\" + style for style in STYLES)),
        "BOLD": pattern(*("\\" + style for style in BOLD)),
        "MACRO.2": pattern(*("\\" + word for word in WORDS if word != "ln"))
        + f"|{letters(*LETTERS_ONLY)}|(?:tr|MI|CE)(?=\\s*(\\\\left\\s*)?(\\\\\\{{|[([]))",
    }
