"""No draw calls a true line wrong, and a seed fixes the draws."""

import random

import pytest

from derivations import check
from derivations.report import check_block
from derivations.scope import Scope

from .note import CORRECT


@pytest.mark.parametrize("seed", range(10))
def test_no_seed_gives_a_false_alarm(seed):
    labels = random.Random(seed).sample(sorted(CORRECT), 2)
    for label in labels:
        report = check_block(CORRECT[label], Scope(), seed + 1, symbolic=False)
        assert report.ok, f"{label}\n{report}"


def test_the_same_seed_gives_the_same_report():
    def figures():
        report = check(CORRECT["final"], seed=3)
        return [(s.verdict, s.values, s.worst, s.how) for s in report.steps]

    assert figures() == figures()
