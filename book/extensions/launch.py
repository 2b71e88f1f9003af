"""Buttons that open a chapter's notebook on Colab and Binder, if the book has a repository.

`_config.yml` names it under `repository`. Without one a button would lead nowhere, so
there is none. The buttons are the theme's; it looks for a notebook beside the page, and
ours stand in a folder of their own.
"""

from sphinx.application import Sphinx
from sphinx.config import Config

# What Jupyter Book fills in where _config.yml names no repository.
NOT_OURS = ("", "https://github.com/executablebooks/jupyter-book")
PLACES = {
    "colab_url": "https://colab.research.google.com",
    "binderhub_url": "https://mybinder.org",
}


def offer(app: Sphinx, config: Config) -> None:
    """Name the places, if there is something to open in them."""
    options = config.html_theme_options
    buttons = dict(options.get("launch_buttons") or {})
    if options.get("repository_url", "") in NOT_OURS:
        options["launch_buttons"] = {}
        return
    options["launch_buttons"] = PLACES | {k: v for k, v in buttons.items() if v}
    edition = f"/{config.language}" if config.english_book else ""
    options["path_to_docs"] = f"notebooks{edition}"


def point_to_notebooks(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """From the page's Markdown to its notebook."""
    folder = app.config["html_theme_options"].get("path_to_docs")
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []) if isinstance(group, dict) else []:
            page = f"{folder}/{pagename}"
            if page in button.get("url", ""):
                button["url"] = button["url"].replace(f"{page}.md", f"{page}.ipynb")


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", offer)
    # after the theme, which makes the buttons
    app.connect("html-page-context", point_to_notebooks, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
