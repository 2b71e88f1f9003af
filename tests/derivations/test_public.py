"""What is offered has an example, and each module has tests of its own."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import derivations

FOUND = [module.name for module in pkgutil.iter_modules(derivations.__path__)]
MODULES = [f"derivations.{name}" for name in FOUND if name != "__main__"]
TESTS = Path(__file__).parent


@pytest.mark.parametrize(
    "name", ["pipeline", "report", "assignment", "chapters", "verdict"]
)
def test_what_a_stranger_calls_has_an_example(name):
    module = importlib.import_module(f"derivations.{name}")
    assert doctest.testmod(module).attempted > 0


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_tests_of_its_own(name):
    module = name.removeprefix("derivations.")
    assert (TESTS / f"test_{module}.py").exists()
