"""Browsers on machines that have one family of fonts and no other.

What a page's `system-ui` is differs from machine to machine, and with it the width of every
word. Here fontconfig shows Chromium the folder of one family, under every generic name.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from matplotlib.font_manager import findSystemFonts
from playwright.sync_api import Browser, Playwright

from tests.conftest import skip_or_fail


@dataclass(frozen=True)
class Family:
    """Its names, and of Debian's packages a file that shows that each is installed."""

    sans: str
    serif: str
    mono: str
    packages: dict[str, str]


FAMILIES = {
    "DejaVu": Family(
        "DejaVu Sans",
        "DejaVu Serif",
        "DejaVu Sans Mono",
        {"fonts-dejavu-core": "DejaVuSans.ttf"},
    ),
    "Liberation": Family(
        "Liberation Sans",
        "Liberation Serif",
        "Liberation Mono",
        {"fonts-liberation": "LiberationSans-Regular.ttf"},
    ),
    "Noto": Family(
        "Noto Sans",
        "Noto Serif",
        "Noto Sans Mono CJK JP",
        {
            "fonts-noto-core": "NotoSans-Regular.ttf",
            "fonts-noto-cjk": "NotoSansCJK-Regular.ttc",
        },
    ),
}


@cache
def _folders() -> dict[str, Path]:
    return {Path(file).name: Path(file).parent for file in findSystemFonts()}


def _configuration(family: Family, cache_folder: Path) -> str:
    generic = {
        "system-ui": family.sans,
        "sans-serif": family.sans,
        "serif": family.serif,
        "ui-monospace": family.mono,
        "monospace": family.mono,
    }
    aliases = "".join(
        f'<alias binding="same"><family>{name}</family>'
        f"<prefer><family>{font}</family></prefer></alias>"
        for name, font in generic.items()
    )
    # for Chromium's system-ui, which asks fontconfig for no family at all
    default = (
        '<match target="pattern"><edit name="family" mode="append_last">'
        f"<string>{family.sans}</string></edit></match>"
    )
    folders = "".join(
        f"<dir>{escape(str(_folders()[file]))}</dir>" for file in family.packages.values()
    )
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"{folders}<cachedir>{escape(str(cache_folder))}</cachedir>{aliases}{default}</fontconfig>"
    )


@contextmanager
def browser_with(
    name: str, playwright: Playwright, folder: Path, **launch
) -> Iterator[Browser]:
    """A Chromium that draws all text in one family; `folder` takes fontconfig's cache.

    Skips, loudly, where the family is not installed.
    """
    family = FAMILIES[name]
    for package, file in family.packages.items():
        if file not in _folders():
            skip_or_fail(f"no page was laid out in {family.sans}", package)
    configuration = folder / "fonts.conf"
    configuration.write_text(_configuration(family, folder / "cache"), encoding="utf-8")
    environment = os.environ | {"FONTCONFIG_FILE": str(configuration)}
    browser = playwright.chromium.launch(env=environment, **launch)
    try:
        drawn = _fonts_of(browser)
        if drawn != {family.sans, family.serif, family.mono}:
            pytest.fail(f"Chromium should draw in {family.sans}, and draws in {drawn}")
        yield browser
    finally:
        browser.close()


def _fonts_of(browser: Browser) -> set[str]:
    """The fonts that Chromium takes for the names that the book's pages use."""
    page = browser.new_page()
    names = ("system-ui, sans-serif", "sans-serif", "serif", "ui-monospace, monospace")
    words = "".join(f'<p style="font-family: {name}">Words</p>' for name in names)
    page.set_content(words)
    session = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        session.send(f"{domain}.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    query = {"nodeId": root, "selector": "p"}
    fonts = set()
    for node in session.send("DOM.querySelectorAll", query)["nodeIds"]:
        used = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})
        fonts |= {font["familyName"] for font in used["fonts"]}
    page.close()
    return fonts
