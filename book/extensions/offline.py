"""No page of the book asks the network for anything.

MathJax comes from an installed package, one file of it; Thebe, which would load
itself from a CDN, is left out.
"""

from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset_file

# `tex-svg.js` would not do: it fetches rarer macros, \boldsymbol among them, when it
# meets them, and then no formula of the page is drawn.
MATHJAX = Path("static/mathjax/tex-svg-full.js")


def mathjax_source() -> Path:
    package = find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise RuntimeError(
            "MathJax is missing: install the book's requirements with "
            "pip install -c requirements.lock -e '.[book,test]'"
        )
    return Path(package.origin).parent / MATHJAX


def configure(app: Sphinx, config) -> None:
    config.mathjax_path = MATHJAX.name


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    # an e-book runs no script
    if error is None and app.builder.format == "html" and app.builder.name != "epub":
        copy_asset_file(str(mathjax_source()), str(Path(app.outdir) / "_static"))


def drop_thebe(app: Sphinx, pagename, templatename, context, doctree) -> None:
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(getattr(script, "filename", ""))
        and "THEBE" not in str(getattr(script, "attributes", {}).get("body", ""))
    ]


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", configure)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
