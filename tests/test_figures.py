"""`make figures`: a chapter's figures as files that a teacher may use."""

import io
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from figures import as_png, figures_of, with_licence  # noqa: E402

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
    line, graph = figures_of(chapter)
    assert (line.name, graph.name) == ("fig-7-1-rising", "fig-7-2-graph")
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
