"""Shared by all tests: one thread each, and skips that nobody can overlook."""

import os

import pytest
import torch

torch.set_num_threads(1)


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
