"""`make figures`: a chapter's figures as files that a teacher may use."""

import io
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from figures import Figure, as_png, figures_of, with_licence  # noqa: E402
from kernels import execute  # noqa: E402

from book import read_chapter  # noqa: E402

PICTURES = sorted((ROOT / "book" / "static" / "pictures").glob("*.svg"))

CHAPTER = """---
kernelspec:
  name: python3
  display_name: Python 3
---

# A chapter

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: |
      A line that
      rises.
    name: fig-rising
  image:
    alt: A line from the lower left.
---
import matplotlib.pyplot as plt

_ = plt.plot([0, 1])
```

:::{figure} ../book/static/pictures/latent-graph.svg
:name: fig-graph
:alt: Two circles.

A graph.
:::
"""


@pytest.mark.slow
def test_a_cells_figure_and_a_picture_become_files_with_their_licence(tmp_path):
    chapter = tmp_path / "07-short.md"
    chapter.write_text(CHAPTER, encoding="utf-8")
    executed = execute(read_chapter(chapter), tmp_path, pictures=tmp_path / "drawn")
    line, graph = figures_of(chapter, executed, tmp_path / "drawn")
    assert (line.name, graph.name) == ("fig-07-01-rising", "fig-07-02-graph")
    assert (line.caption, line.alt) == ("A line that rises.", "A line from the lower left.")
    assert graph.caption == "A graph."
    for figure in (line, graph):
        svg = with_licence(figure)
        root = ElementTree.fromstring(svg)
        assert f"Fig. {figure.number}. {figure.alt}" in "".join(root.itertext())
        assert "CC BY 4.0" in root[-1].text
        assert len(list(root.iter())) > 15, "vectors, not a picture of them"
        png = np.asarray(Image.open(io.BytesIO(as_png(svg))).convert("L"))
        high = png.shape[0]
        assert png.shape[1] > 1200
        assert (png[: int(0.9 * high)] < 128).sum() > 500, "the figure"
        assert (png[int(0.96 * high) :] < 160).sum() > 100, "its licence"


@pytest.mark.parametrize("file", PICTURES, ids=lambda path: path.stem)
def test_every_picture_of_the_book_takes_the_licence(file):
    svg = file.read_text(encoding="utf-8")
    figure = Figure(f"fig-{file.stem}", "1.2", "A caption.", "p < q & q > 0", svg)
    root = ElementTree.fromstring(with_licence(figure))
    assert root.get("role") == "img"
    assert root[0].text == "Fig. 1.2. p < q & q > 0"
    assert not [e for e in root.iter() if e.tag.endswith("}a")], "a link to no page"
    before = ElementTree.fromstring(svg)
    kept = {"fill", "stroke", "stroke-width", "font-size", "font-family"}
    assert {k: root.get(k) for k in kept} == {k: before.get(k) for k in kept}
