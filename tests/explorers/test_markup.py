"""The HTML that a figure's script fills in: what is there, and in the script's order."""

from html.parser import HTMLParser

import pytest
import sympy as sp

from explorers import ExpressionExplorer
from explorers.figure import Curve, Dot, Panel, Readout, Slider, Switch
from explorers.markup import latent_markup, written

x, a, b, s = sp.symbols("x a b s", real=True)
EMPTY = {"input", "br"}


class Elements(HTMLParser):
    """Tags with their attributes and the text within, as a list; each must be closed."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict, list[str]]] = []
        self.open: list[tuple[str, dict, list[str]]] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes), []))
        if tag not in EMPTY:
            self.open.append(self.found[-1])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for _, _, texts in self.open:
            texts.append(data)

    def of(self, name: str) -> list[str]:
        """The texts of what has this tag or class."""
        return [
            "".join(texts)
            for tag, attributes, texts in self.found
            if name == tag or name in attributes.get("class", "").split()
        ]

    def attributes(self, tag: str) -> list[dict]:
        return [attributes for found, attributes, _ in self.found if found == tag]


def figure() -> ExpressionExplorer:
    panels = [
        Panel([Curve(a * x, "a & b <i>"), Curve(b * x)], (x, -1, 1), (-2, 2), title="One"),
        Panel([Dot(a, b, "you")], (x, -1, 1), (-2, 2)),
    ]
    sliders = {a: Slider(-2, 2, 0.1, 0.5, unit="m"), b: (0, 3000, 1)}
    sliders[s] = Switch(1, -1, "wrong sign")
    readouts = [Readout("sum", a + b, "nats"), Readout("pole", 1 / (a - 0.5))]
    return ExpressionExplorer(panels, sliders=sliders, readouts=readouts)


def test_each_part_that_the_script_looks_for_is_there_once_and_in_order():
    found = Elements(figure().markup())
    assert found.of("panel") == ["Onea & b <i>", "you"]
    assert found.of("title") == ["One"]
    assert len(found.of("swatch")) == len(found.of("li")) == 2  # of labelled layers alone
    assert found.of("readout") == ["sum 1,500.50 nats", "pole ∞"]
    assert found.of("label") == ["a0.5 m", "b1,500", "wrong sign"]
    kinds = [(i["type"], i.get("aria-label")) for i in found.attributes("input")]
    assert kinds == [("range", "a"), ("range", "b"), ("checkbox", None)]
    assert "many" in found.attributes("div")[1]["class"]


def test_the_page_has_the_markup_from_the_start():
    explorer = figure()
    assert explorer.get_state()["_markup"] == explorer.markup()


@pytest.mark.parametrize(("H", "n_selects"), [(2, 0), (3, 2), (12, 2)])
def test_the_latent_space_has_a_slider_a_dimension(H, n_selects):
    found = Elements(latent_markup(H, (1, 28, 28), 4.0, 300))
    ranges = [i for i in found.attributes("input") if i["type"] == "range"]
    assert len(ranges) == H + 1 and ranges[-1]["max"] == "299"
    assert {i["min"] for i in ranges[:H]} == {"-4"}
    assert ranges[H - 1]["aria-label"] == "z" + ("₁₂" if H == 12 else "₂₃"[H - 2])
    assert len(found.attributes("select")) == n_selects
    strip = found.attributes("canvas")[-1]
    assert (strip["width"], strip["height"]) == ("268", "28" if H == 2 else "58")


def test_the_small_figure_has_the_plane_and_both_images_and_no_numbers():
    found = Elements(latent_markup(2, (1, 28, 28), 4.0, 300, small=True))
    classes = [c["class"] for c in found.attributes("canvas")]
    assert classes == ["pad", "image", "image decoded", "plane"]
    assert not found.attributes("input") and not found.of("tr")
    assert found.of("button") == ["Another digit", "Discard drawing"]


def test_no_control_loses_its_keys_to_jupyterlab():
    for text in (figure().markup(), latent_markup(3, (1, 4, 4), 4.0, 2)):
        found = Elements(text)
        controls = [c for t in ("input", "button", "select") for c in found.attributes(t)]
        assert controls and all("data-lm-suppress-shortcuts" in c for c in controls)


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "undefined"), (float("-inf"), "−∞"), (-0.006, "−0.01")],
)
def test_numbers_are_written_as_the_script_writes_them(value, text):
    assert written(value, 2) == text
