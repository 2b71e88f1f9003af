"""Shared by all tests: one thread each, and skips that nobody can overlook."""

import os

import pytest
import torch
from hypothesis import settings

from tests.measured import kept

torch.set_num_threads(1)
# The same examples in each run: a suite that draws anew fails once on someone's machine.
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.load_profile("same")


def pytest_addoption(parser):
    parser.addoption("--all-seeds", action="store_true", help="see tests/measured.py")


def pytest_configure(config):
    kept.all_seeds = config.getoption("--all-seeds")


def skip_or_fail(what_is_missing: str, package: str) -> None:
    """Skip where a machine lacks a system package; in CI its absence is a failure."""
    message = f"LOUD: {what_is_missing} (install {package}; see .ci/apt-packages)"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def pytest_terminal_summary(terminalreporter):
    reasons = {
        report.longrepr[2].removeprefix("Skipped: LOUD: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and "LOUD: " in report.longrepr[2]
    }
    for reason in sorted(reasons):
        terminalreporter.write_line(f"NOT TESTED HERE: {reason}", red=True, bold=True)
