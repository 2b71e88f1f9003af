"""Shared by the tests of the checker."""

import pytest


@pytest.fixture
def verdict_alone(monkeypatch):
    """No hint of what would mend a false line: the search for it takes half of the time."""
    monkeypatch.setattr("derivations.judge.mending", lambda trial, pair, kind: "")
