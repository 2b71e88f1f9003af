"""Numbers of trained networks, one a seed: the first is measured anew, the others are kept.

A claim rests on three networks or more, and to train them takes up to a minute. So a run of
the tests trains the network of seed 0, and its number takes its place beside those of the
other seeds in measured.json: code that no longer does what it did moves it, and the claim
falls. This measures all of them, and writes the file:

    python -m pytest --all-seeds -n 1 --dist loadgroup tests/test_latent_space.py
"""

import inspect
import json
from functools import cache, wraps
from pathlib import Path

import pytest

from vae_lib.files import write_whole

KEPT = Path(__file__).with_name("measured.json")


def load() -> dict:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def kept(measure):
    """Numbers of a network, by the arguments of `measure`, one of them the `seed`."""
    signature = inspect.signature(measure)

    @cache
    @wraps(measure)
    def numbers(*args, **options):
        given = signature.bind(*args, **options)
        given.apply_defaults()
        said = ", ".join(f"{name}={value!r}" for name, value in given.arguments.items())
        key = f"{measure.__module__}.{measure.__name__}({said})"
        if kept.all_seeds:
            value = measure(*args, **options)
            everything = {**load(), key: value}
            text = json.dumps(everything, indent=0, sort_keys=True)
            write_whole(KEPT, (text + "\n").encode())
            return value
        if given.arguments["seed"] == 0:
            return measure(*args, **options)
        found = load()
        if key not in found:
            pytest.fail(f"{key} was never measured: run its test with --all-seeds")
        return found[key]

    return numbers


kept.all_seeds = False  # conftest.py's option
