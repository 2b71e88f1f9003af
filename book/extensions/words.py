"""What an extension says, in the language of the edition: `interface.po` translates it."""

import re
from unicodedata import lookup

from sphinx.locale import _


def say(english: str, **values: object) -> str:
    """The words for a text, with values in the place of the names in braces.

    >>> say("{count} lines", count=3)
    '3 lines'
    """
    text = str(_(english))
    return text.format(**values) if values else text


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789tx", "₀₁₂₃₄₅₆₇₈₉ₜₓ")
NAMED = re.compile(r"\b((?:hat|bar|tilde) )?([A-Za-z]+)(_[\dtx]+)?(?= =)")
ACCENTS = {"hat ": "\u0302", "bar ": "\u0304", "tilde ": "\u0303"}
GREEK = set("alpha beta epsilon theta lambda mu pi sigma tau phi".split())
MEASURED = re.compile(r"(?<= )(?:[-+]?\d[\w.+-]*|inf)$")


def say_found(english: str) -> str:
    """The words for what a judge found; a number at its end is {n} in the catalogue."""
    if not (number := MEASURED.search(english)):
        return readable(say(english))
    return say(english[: number.start()] + "{n}", n=readable(number[0]))


def readable(text: str) -> str:
    """What a program prints, as one writes it by hand.

    >>> readable("left = -2.4e-07, right = inf"), readable("x in R^3")
    ('left = −2.4 · 10⁻⁷, right = ∞', 'x ∈ ℝ³')
    >>> readable("at sigma_x = 0.5, mu_1 = [-0.7, -1.2 ]")
    'at σₓ = 0.5, μ₁ = [−0.7, −1.2]'
    """
    text = re.sub(r"(?<=\d)e([+-]\d+)", lambda f: f" · 10{raised(int(f[1]))}", text)
    text = re.sub(r"(?<![\w)])-(?=\d)", "−", re.sub(r"\binf\b", "∞", text))
    text = re.sub(r" in (?=R\^|\{)", " ∈ ", text)
    text = re.sub(r"(R|\})\^(\d)", lambda f: f[1].replace("R", "ℝ") + raised(f[2]), text)
    return re.sub(r"(?<=\[) +| +(?=[\],])", "", NAMED.sub(written, text))


def written(name: re.Match[str]) -> str:
    """The name of a value, with its accent and its index."""
    accent, stem, index = name.groups("")
    stem = letter(stem) if stem in GREEK else stem
    return stem + ACCENTS.get(accent, "") + index[1:].translate(LOWERED)


def raised(number: object) -> str:
    return str(number).translate(RAISED)


def letter(name: str) -> str:
    name = {"lambda": "lamda"}.get(name, name)
    return lookup(f"GREEK SMALL LETTER {name}")


def name_of(label: str) -> str:
    """What an equation is called, by its label.

    >>> name_of("eq-elbo-two-terms")
    'ELBO two terms'
    """
    words = label.removeprefix("eq-").replace("-", " ")
    return re.sub(r"\b(elbo|kl|mle|nll|vq)\b", lambda found: found[0].upper(), words)
