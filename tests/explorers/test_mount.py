"""The extension that puts explorers on a page: a small book of one page, built."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow  # a page is built first

CONFIGURATION = f"""
import sys
sys.path[:0] = [{str(ROOT / "book/extensions")!r}]
extensions = ["myst_nb", "mount"]
nb_ipywidgets_js = {{}}
nb_execution_mode = "force"
"""
PAGE = """---
kernelspec: {name: python3, display_name: Python 3}
jupytext: {text_representation: {extension: .md, format_name: myst}}
---
# A page

```{code-cell} ipython3
---
mystnb:
  figure: {caption: A figure., name: fig-shown}
  image: {alt: A still picture of the figure.}
---
import base64
from ipywidgets import IntSlider
from traitlets import Any
from explorers import Explorer

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptV"
    "AAAACklEQVR42mNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)

class Shown(Explorer):
    _esm = "export default { render({ model, el }) { el.append('</script>') } }"
    _css = ".shown { height: 3em }"
    data = Any().tag(sync=True)

    def markup(self):
        return '<p class="shown">Its own words.</p>'

    def still(self):
        return PIXEL

hidden = Shown(data={"secret": "never displayed"})
shown = Shown(data={"bytes": b"0123456789", "long": ["word"] * 400})
shown
```

```{code-cell} ipython3
shown
```

```{code-cell} ipython3
from anywidget import AnyWidget

class Stranger(AnyWidget):
    _esm = "export default { render({ el }) { el.append('a stranger') } }"

Stranger()
```

```{code-cell} ipython3
IntSlider()
```
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mounted")
    (folder / "conf.py").write_text(CONFIGURATION)
    (folder / "index.md").write_text(PAGE)
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", ".", "out"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def page(built) -> str:
    return (built / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def states(page) -> dict:
    script = re.search(r'<script id="explorer-states"[^>]*>(.*?)</script>', page, re.S)
    return json.loads(script[1])


def test_each_display_of_a_widget_is_a_box_with_its_room_and_its_still(page, states):
    model, stranger = states
    boxes = re.split(r'(?=<div class="explorer" data-model="(?:\w+)">)', page)[1:]
    first, second, third = boxes
    room = '<div class="explorer-room" aria-hidden="true"><p class="shown">Its own words.'
    for box in (first, second):
        assert f'data-model="{model}"' in box
        assert (
            box.index(room) < box.index('<div class="explorer-still">') < box.index("<img")
        )
    assert 'alt="A still picture of the figure."' in first
    assert page.index("<figure") < page.index('class="explorer"') < page.index("A figure.")
    assert f'data-model="{stranger}"' in third and "explorer-room" not in third


def test_the_style_sheet_is_there_before_any_script(built, page, states):
    (style,) = re.findall(
        r'<link rel="stylesheet"[^>]*href="(_static/explorers/\w+\.css)', page
    )
    assert (built / style).read_text() == ".shown { height: 3em }"
    for saved in states.values():
        assert not {"_css", "_markup"} & {*saved["state"], *saved["assets"]}


def test_what_is_not_displayed_leaves_no_state(page):
    assert "never displayed" not in page.split("</head>")[0]
    assert "application/vnd.jupyter" not in page


def test_long_values_and_bytes_are_files_named_by_their_content(built, page, states):
    state, _ = states.values()
    assert "</script>" in state["state"]["_esm"]
    (buffer,) = state["buffers"]
    assert buffer["path"] == ["data", "bytes"]
    for name in [state["assets"]["data"], buffer["asset"]]:
        file = built / "_static" / "explorers" / f"{name}.js"
        assert f'["{name}"] = ' in file.read_text()
        assert f'defer="defer" src="_static/explorers/{name}.js' in page
    assert (built / "_static" / "mount.js").is_file()
    assert page.index("_static/explorers/") < page.index("_static/mount.js")


def test_an_anywidget_without_a_still_is_mounted_too(page, states):
    _, stranger = states
    assert "a stranger" in states[stranger]["state"]["_esm"]
    assert page.count(f'data-model="{stranger}"') == 1


def test_what_only_python_moves_says_so(page):
    assert page.count("Python moves this control.") == 1
