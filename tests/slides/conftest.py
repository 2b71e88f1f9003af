"""The decks, built as `make slides` builds them, in a Chromium that has no network."""

import sys
from pathlib import Path

import pytest

from tests.pages.conftest import ROOT, chromium, playwright  # noqa: F401

sys.path.insert(0, str(ROOT / "tools"))
import slides as tool  # noqa: E402

DECKS = sorted(tool.SOURCE.glob("[0-9][0-9]-*.md"))


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """The folder of all decks, which takes some ten seconds."""
    out = tmp_path_factory.mktemp("slides")
    assert tool.build(tool.SOURCE, out), "the slides were not built: run 'make book' first"
    return out


@pytest.fixture(scope="session")
def browser(playwright, chromium):  # noqa: F811
    browser = playwright.chromium.launch(**chromium)
    yield browser
    browser.close()
