"""Changes of the chapters are noticed."""

from pathlib import Path

import pytest

from derivations.chapters import chapters

from . import mutants

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def book():
    return mutants.Book(chapters(ROOT / "book"))


@pytest.mark.slow
def test_mutants_are_noticed(book):
    chosen = mutants.chosen(book, each=3)  # of each kind; with 12 the module's own command
    assert len(chosen) >= 300
    survivors = [mutant for mutant in chosen if not book.notices(mutant)]
    holes = [str(mutant) for mutant in survivors if mutant.name not in mutants.EXCUSES]
    assert len(holes) <= 0.01 * len(chosen), "\n".join(holes)


@pytest.mark.slow
def test_no_excuse_is_stale(book):
    """Every excuse belongs to a mutant that there is and that is not noticed."""
    excused = {m.name: m for m in book.mutants() if m.name in mutants.EXCUSES}
    assert excused.keys() == mutants.EXCUSES.keys()
    assert not [name for name, mutant in excused.items() if book.notices(mutant)]
