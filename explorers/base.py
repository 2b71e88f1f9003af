"""What all explorers share: a still picture for where no JavaScript runs."""

import base64

import anywidget
from traitlets import Unicode, default


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
