"""What an extension says, in the language of the edition: `interface.po` translates it."""

from sphinx.locale import _


def say(english: str, **values: object) -> str:
    """The words for a text, with values in the place of the names in braces.

    >>> say("{count} lines", count=3)
    '3 lines'
    """
    text = str(_(english))
    return text.format(**values) if values else text
