"""Buttons for Colab and Binder: none without a repository, and none that is dead."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "extensions"))
import launch  # noqa: E402

INTERFACE = {"notebook_interface": "jupyterlab"}


def offered(url, english_book="", language="en"):
    config = SimpleNamespace(
        html_theme_options={"repository_url": url, "launch_buttons": dict(INTERFACE)},
        english_book=english_book, language=language,
    )  # fmt: skip
    launch.offer(None, config)
    return config


@pytest.mark.parametrize("url", launch.NOT_OURS)
def test_without_a_repository_nothing_is_offered(url):
    assert offered(url).html_theme_options["launch_buttons"] == {}


@pytest.mark.parametrize("edition, place", [([], ""), (["book", "ko"], "ko/")])
def test_the_buttons_of_the_theme_lead_to_the_notebook(edition, place):
    """Its own function makes them; ours makes their ends."""
    from sphinx_book_theme.header_buttons.launch import add_launch_buttons

    config = offered("https://github.com/a/b", *edition)
    theme = config.html_theme_options
    theme["repository_branch"] = "trunk"
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
    file = f"notebooks/{place}{page}.ipynb"
    assert {button["text"]: button["url"] for button in group["buttons"]} == {
        "Colab": f"https://colab.research.google.com/github/a/b/blob/trunk/{file}",
        "Binder": f"https://mybinder.org/v2/gh/a/b/trunk?urlpath=lab/tree/{file}",
    }
    assert (ROOT / file).exists()
