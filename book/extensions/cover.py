"""The cover of the e-book: its title, and one of its derivations, line by line."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib import font_manager
from typeface import FACES, cut, files, korean_face

PAPER, INK, SOFT, LIGHT = "#10243e", "#ffffff", "#9fb6d3", "#ffd479"
WIDE, HIGH, DOTS = 8, 12, 200  # in inches, and dots of an inch


def plain(latex: str) -> str:
    r"""As matplotlib reads it.

    >>> plain(r"{} = \mathbb{E}_{p(z)}\left[ \class{new}{x} \right]")
    '= \\mathrm{\\mathbb{E}}_{p(z)}\\left[ {x} \\right]'
    """
    latex = re.sub(r"\\class\{\w+\}|^\{\} ", "", latex)
    return latex.replace(r"\mathbb{E}", r"\mathrm{\mathbb{E}}")


def halves(title: str) -> tuple[str, str, bool]:
    """What stands large, what stands small, and whether the small part comes first.

    >>> halves("Variational Autoencoders, Line by Line")
    ('Variational Autoencoders', 'Line by Line', False)
    >>> halves("한 줄 한 줄 따라가는 변분 오토인코더")
    ('변분 오토인코더', '한 줄 한 줄 따라가는', True)
    """
    large, comma, small = title.partition(", ")
    if comma:
        return large, small, False
    *first, one, other = title.split()
    return f"{one} {other}", " ".join(first), True


def write(file: Path, title: str, author: str, lines: list[str], korean: bool) -> None:
    """Draw it as a PNG. `lines` are of the book, in LaTeX; the first is a left side."""
    fonts = {
        name: font_manager.FontProperties(fname=files() / f"SourceSerifPro-{face}.ttf")
        for face, name in FACES.items()
    }
    cut_face = file.with_name("cover.otf")
    if korean:
        source, number = korean_face()
        # by itself: matplotlib knows the first face of a file alone
        cut(source, cut_face, map(ord, f"{title}{author}0123456789"), number=number)
        fonts = dict.fromkeys(fonts, font_manager.FontProperties(fname=cut_face))
    large, small, above = halves(title)
    with plt.rc_context({"mathtext.fontset": "stix", "text.color": INK}):
        figure = plt.figure(figsize=(WIDE, HIGH), facecolor=PAPER)

        def put(y, text, size, face="regular", x=0.1, **how):
            figure.text(x, y, text, size=size, fontproperties=fonts[face], **how)

        top = 0.82 if above else 0.9
        put(top, large.replace(" ", "\n"), 58, "semibold", va="top", linespacing=1.05)
        put(0.86 if above else 0.69, small, 40, "italic", color=LIGHT)
        for place, line in enumerate(lines):
            y, colour = 0.51 - 0.095 * place, LIGHT if line == lines[-1] else INK
            if place:
                put(y, str(place), 20, color=SOFT)
            typed = f"${plain(line)}$"
            figure.text(0.17 if place else 0.1, y, typed, size=31, color=colour)
        put(0.09, author, 24, color=SOFT)
        figure.savefig(file, dpi=DOTS, facecolor=PAPER, metadata={"Software": None})
        plt.close(figure)
    cut_face.unlink(missing_ok=True)
