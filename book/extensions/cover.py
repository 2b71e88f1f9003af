"""The cover of the e-book: its title, and one of its derivations, line by line."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib import font_manager
from typeface import FACES, files

PAPER, INK, SOFT, LIGHT = "#10243e", "#ffffff", "#9fb6d3", "#ffd479"
WIDE, HIGH, DOTS = 8, 12, 200  # in inches, and dots of an inch


def plain(latex: str) -> str:
    r"""As matplotlib reads it.

    >>> plain(r"{} = \mathbb{E}_{p(z)}\left[ \class{new}{x} \right]")
    '= \\mathrm{\\mathbb{E}}_{p(z)}\\left[ {x} \\right]'
    """
    latex = re.sub(r"\\class\{\w+\}|^\{\} ", "", latex)
    return latex.replace(r"\mathbb{E}", r"\mathrm{\mathbb{E}}")


def write(file: Path, title: str, author: str, lines: list[str]) -> None:
    """Draw it as a PNG. `lines` are of the book, in LaTeX; the first is a left side."""
    fonts = {
        name: font_manager.FontProperties(fname=files() / f"SourceSerifPro-{face}.ttf")
        for face, name in FACES.items()
    }
    first, _, second = title.partition(", ")
    with plt.rc_context({"mathtext.fontset": "stix", "text.color": INK}):
        figure = plt.figure(figsize=(WIDE, HIGH), facecolor=PAPER)

        def put(y, text, size, face="regular", x=0.1, **how):
            figure.text(x, y, text, size=size, fontproperties=fonts[face], **how)

        put(0.9, first.replace(" ", "\n"), 58, "semibold", va="top", linespacing=1.05)
        put(0.69, second, 40, "italic", color=LIGHT)
        for place, line in enumerate(lines):
            y, colour = 0.51 - 0.095 * place, LIGHT if line == lines[-1] else INK
            if place:
                put(y, str(place), 20, color=SOFT)
            typed = f"${plain(line)}$"
            figure.text(0.17 if place else 0.1, y, typed, size=31, color=colour)
        put(0.09, author, 24, color=SOFT)
        figure.savefig(file, dpi=DOTS, facecolor=PAPER, metadata={"Software": None})
        plt.close(figure)
