"""The cover of the e-book: its title, and the derivation that it goes through line by line."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib import font_manager
from typeface import FACES, files

PAPER, INK, SOFT, LIGHT = "#10243e", "#ffffff", "#9fb6d3", "#ffd479"
WIDE, HIGH, DOTS = 8, 12, 200  # in inches, and dots of an inch
LINES = [
    r"$\log\, p_\theta(x)$",
    r"$= \log \int p_\theta(x, z)\, dz$",
    r"$= \log\, \mathbb{E}_{q}\left[\frac{p_\theta(x, z)}{q(z)}\right]$",
    r"$\geq \mathbb{E}_{q}\left[\log \frac{p_\theta(x, z)}{q(z)}\right]$",
]


def write(file: Path, title: str, author: str) -> None:
    """Draw it as a PNG."""
    fonts = {
        name: font_manager.FontProperties(fname=files() / f"SourceSerifPro-{face}.ttf")
        for face, name in FACES.items()
    }
    first, _, second = title.partition(", ")
    with plt.rc_context({"mathtext.fontset": "stix", "text.color": INK}):
        figure = plt.figure(figsize=(WIDE, HIGH), facecolor=PAPER)

        def put(y, text, size, face="regular", x=0.1, **how):
            figure.text(x, y, text, size=size, fontproperties=fonts[face], va="top", **how)

        put(0.9, first.replace(" ", "\n"), 58, "semibold", linespacing=1.05)
        put(0.72, second, 40, "italic", color=LIGHT)
        for place, line in enumerate(LINES):
            last = place == len(LINES) - 1
            y, colour = 0.545 - 0.095 * place, LIGHT if last else INK
            if place:
                put(y + 0.004, str(place), 20, x=0.1, color=SOFT)
            figure.text(0.17 if place else 0.1, y, line, size=31, va="top", color=colour)
        put(0.09, author, 24, color=SOFT)
        figure.savefig(file, dpi=DOTS, facecolor=PAPER, metadata={"Software": None})
        plt.close(figure)
