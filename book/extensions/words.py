"""What an extension says, in the language of the edition: `interface.po` translates it."""

import re

from sphinx.locale import _


def say(english: str, **values: object) -> str:
    """The words for a text, with values in the place of the names in braces.

    >>> say("{count} lines", count=3)
    '3 lines'
    """
    text = str(_(english))
    return text.format(**values) if values else text


MEASURED = re.compile(r"(?<= )(?:[-+]?\d[\w.+-]*|inf)$")


def say_found(english: str) -> str:
    """The words for what a judge found; a number at its end is {n} in the catalogue."""
    if not (number := MEASURED.search(english)):
        return say(english)
    return say(english[: number.start()] + "{n}", n=number[0])


def name_of(label: str) -> str:
    """What an equation is called, by its label.

    >>> name_of("eq-elbo-two-terms")
    'ELBO two terms'
    """
    words = label.removeprefix("eq-").replace("-", " ")
    return re.sub(r"\b(elbo|kl|mle|nll|vq)\b", lambda found: found[0].upper(), words)
