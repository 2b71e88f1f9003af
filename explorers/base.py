"""What all explorers share: a still picture for where no JavaScript runs."""

import base64
import json
from html import escape
from pathlib import Path

import anywidget
from ipywidgets.embed import dependency_state
from traitlets import Unicode, default

from explorers.markup import CLOSING, opening_of
from vae_lib.files import write_whole

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 44rem; margin: 1rem auto; padding: 0 1rem; }}
body {{ font-family: system-ui, sans-serif; }}
{css}
</style>
</head>
<body>
<h1>{title}</h1>
{box}
<script>window.explorerAssets = {assets};</script>
<script type="application/json" id="explorer-states">{states}</script>
<script>{mount}</script>
</body>
</html>
"""


class Explorer(anywidget.AnyWidget):
    """A figure that a reader moves.

    A subclass names its JavaScript in `_esm`, one file without imports that ends in
    `export default { render({ model, el }) { ...; return () => cleanup } }`, its style
    sheet in `_css`, and draws `still()`. If its `markup()` is the figure's HTML, a page
    keeps the room that the figure will take, and the script begins with
    `el.innerHTML = model.get("_markup")`.

    Its traits carry the data: `Unicode`, `List`, `Dict` or `Any`. Bytes inside an `Any`
    arrive in the page as a `DataView`; a `Bytes` trait would not receive what the page
    sends. In the page, collect changes, then `model.set()` and `model.save_changes()`
    at once: an echo of the kernel in between would pull the figure back.
    """

    _markup = Unicode().tag(sync=True)

    def markup(self) -> str:
        """The figure's HTML before anything moves; empty where a page keeps no room."""
        return ""

    @default("_markup")
    def _first_markup(self) -> str:
        return self.markup()

    def still(self) -> bytes:
        """The figure as it stands, as a PNG file.

        Raises:
            NotImplementedError: by a subclass that draws none.
        """
        raise NotImplementedError(f"{type(self).__name__} draws no still picture")

    def save_html(self, path: Path | str, title: str = "Explorer") -> None:
        """Write the figure as it stands into one HTML file. It moves in any browser: no
        Python, no network and no other file is needed.

        Example:
            >>> import sympy as sp, tempfile
            >>> from explorers import ExpressionExplorer, Slider
            >>> x, a = sp.symbols("x a", real=True)
            >>> slope = ExpressionExplorer(
            ...     [a * x], (x, -1, 1), (-2, 2), sliders={a: Slider(-2, 2, 0.1, 0.5)}
            ... )
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     slope.save_html(f"{folder}/slope.html")
        """
        saved = dependency_state([self], drop_defaults=False)[self.model_id]
        state, buffers = dict(saved["state"]), saved.get("buffers", [])
        css, markup = state.pop("_css", ""), state.pop("_markup", "")
        places = [
            {"path": buffer["path"], "asset": str(n)} for n, buffer in enumerate(buffers)
        ]
        model = {"state": state, "assets": {}, "buffers": places}
        still = base64.b64encode(self.still()).decode("ascii")
        picture = f'<img alt="" src="data:image/png;base64,{still}">'
        page = PAGE.format(
            title=escape(title),
            css=_beside("mount.css") + css,
            box=opening_of(self.model_id, markup) + picture + CLOSING,
            assets=_in_script({str(n): b["data"] for n, b in enumerate(buffers)}),
            states=_in_script({self.model_id: model}),
            mount=_beside("mount.js"),
        )
        write_whole(path, page.encode())

    def _repr_mimebundle_(self, **kwargs: dict) -> tuple[dict, dict] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:  # a widget whose view was taken away
            return None
        data, metadata = bundle
        # A notebook that is not trusted, and GitHub, show no widget but a picture.
        data["image/png"] = base64.b64encode(self.still()).decode("ascii")
        # The usual text has the object's address, which differs from run to run.
        data["text/plain"] = f"{type(self).__name__}: run this cell to move the figure."
        return data, metadata


def _beside(name: str) -> str:
    """The text of a file of this package."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _in_script(value: object) -> str:
    """JSON that ends no script element."""
    return json.dumps(value, separators=(",", ":")).replace("</", "<\\/")
