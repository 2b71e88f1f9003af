"""The decks, for Sphinx; `tools/slides.py` builds them."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / folder) for folder in ("slides/extensions", "book/extensions", "tools")
]

project = "Variational Autoencoders, Line by Line"
language = "en"
extensions = [
    "myst_parser",
    "sphinx_revealjs",
    "sphinx.ext.mathjax",
    "offline",
    "typeface",
    "from_book",
]
exclude_patterns = ["extensions"]
myst_enable_extensions = ["dollarmath", "smartquotes"]
mathjax3_config = {"svg": {"fontCache": "global"}, "options": {"enableMenu": False}}
suppress_warnings = ["toc.not_included"]
html_copy_source = False

revealjs_html_theme = "revealjs-simple"
revealjs_style_theme = "slides.css"
revealjs_static_path = [
    "static",
    *(
        f"../book/static/{name}"
        for name in ("typeface.css", "lines.css", "say.js", "lines.js")
    ),
    "../explorers/mount.js",
    "../explorers/mount.css",
]
revealjs_css_files = ["typeface.css", "lines.css"]
revealjs_js_files = [
    ("say.js", {"priority": 599}),
    ("lines.js", {"priority": 600}),
    ("slides.js", {"priority": 601}),
]
revealjs_script_plugins = [{"src": "revealjs/plugin/notes/notes.js", "name": "RevealNotes"}]
revealjs_script_conf = {
    "width": 1280,
    "height": 720,
    "margin": 0,
    "center": False,
    "hash": True,
    "controls": False,
    "slideNumber": "c/t",
    "transition": "none",
    "backgroundTransition": "none",
    "pdfSeparateFragments": False,
    "pdfMaxPagesPerSlide": 1,
}
