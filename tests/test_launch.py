"""Buttons for Colab and Binder: none without a repository, and none that is dead."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "extensions"))
import launch  # noqa: E402

INTERFACE = {"notebook_interface": "jupyterlab"}


def options(url):
    config = SimpleNamespace(
        html_theme_options={"repository_url": url, "launch_buttons": dict(INTERFACE)}
    )
    launch.offer(None, config)
    return config.html_theme_options


@pytest.mark.parametrize("url", launch.NOT_OURS)
def test_without_a_repository_nothing_is_offered(url):
    assert options(url)["launch_buttons"] == {}


def test_the_buttons_of_the_theme_lead_to_the_notebook():
    """Its own function makes them; ours makes their ends."""
    from sphinx_book_theme.header_buttons.launch import add_launch_buttons

    theme = options("https://github.com/a/b") | {"repository_branch": "trunk"}
    assert theme["launch_buttons"].items() > INTERFACE.items()
    page = "04-elbo"
    app = SimpleNamespace(
        config={"html_theme_options": theme},
        env=SimpleNamespace(
            metadata={page: {"kernelspec": {}}}, doc2path=lambda name: f"book/{name}.md"
        ),
    )
    context = {
        "pagename": page, "sourcename": page, "header_buttons": [],
        "github_url": "https://github.com", "github_user": "a", "github_repo": "b",
    }  # fmt: skip
    add_launch_buttons(app, page, "", context, None)
    launch.point_to_notebooks(app, page, "", context, None)
    (group,) = context["header_buttons"]
    assert {button["text"]: button["url"] for button in group["buttons"]} == {
        "Colab": "https://colab.research.google.com/github/a/b/blob/trunk/notebooks/"
        "04-elbo.ipynb",
        "Binder": "https://mybinder.org/v2/gh/a/b/trunk?urlpath=lab/tree/notebooks/"
        "04-elbo.ipynb",
    }
    assert (ROOT / "notebooks" / f"{page}.ipynb").exists()
