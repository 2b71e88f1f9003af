"""What the text claims of experiments, where it is tested and by how much: the page.

python tools/claims.py write    book/experiments.md, from the calls of `claim` in the
                                cells and tests, and what the notebooks have stored
python tools/claims.py check    exit 1 if the page is another, a claim is tested twice or
                                not mentioned, or a text mentions one that is not tested
"""

# ruff: noqa: E501 (a sentence of the page stays on its line)

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notebooks import BOOK, ROOT, chapters, from_markdown, notebook_path, read_notebook

PAGE = BOOK / "experiments.md"
REFERENCE = re.compile(r"\{ref\}`[^`<]*<claim-([a-z0-9-]+)>`")
HEAD = """(experiments)=
# How the experiments are checked

A sentence of this book about trained networks or random draws is held to the standard of an equation: a cell or a test fails if it is not so. Where a text says *tested*, the word leads to its row here.

- A claim rests on three independent runs or more, mostly paired where two things are compared, or on a large sample with its standard error (SE). Where it rests on something else, on epochs or settings of one seed, its row says so.
- The mean must lie beyond the bound by so many standard errors that a one-sided t-test would see it by chance once in a hundred: 7.0 with three runs, 3.7 with five, 2.8 with ten, 2.3 with a large sample.
- What a chapter measures, its cell prints; the numbers below are those of its stored run. What takes too long for a chapter was run by `vae_lib.reproduce`, and a test reads the stored results.
- Where a test trains networks, each run of the tests trains the first of them anew; the numbers of the others were stored by the same test (`pytest --all-seeds`).
- A seed is no population: all of it is said of these data, these sizes and these settings.

The page is made from the calls of `claim` by `python tools/claims.py write`.
"""


@dataclass(frozen=True)
class Claim:
    """A call of `claim`: where it stands, what it says, and within which bounds."""

    name: str
    says: str
    bounds: str
    place: Path
    measured: str = ""


def calls(source: str, place: Path, outputs: str = "") -> Iterator[Claim]:
    """The calls of `claim` in a piece of code."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "claim"):
            continue
        name, says = (ast.literal_eval(part) for part in node.args[:2])
        bounds = [
            f"{key.arg} {ast.unparse(key.value)}"
            for key in node.keywords
            if key.arg in ("above", "below")
        ]
        found = re.search(rf"(?m)^claim {re.escape(name)}: (.*)$", outputs)
        yield Claim(name, says, " and ".join(bounds), place, found[1] if found else "")


def claims() -> list[Claim]:
    """All of them: those of the pages in the book's order, then those of the tests."""
    found = []
    for page in chapters():
        stored = read_notebook(notebook_path(page))
        told = "".join(
            output.get("text", "")
            for cell in (stored.cells if stored else [])
            for output in cell.get("outputs", [])
        )
        for cell in from_markdown(page).cells:
            if cell.cell_type == "code" and "claim(" in cell.source:
                found += calls(cell.source, page, told)
    for test in sorted((ROOT / "tests").glob("test_*.py")):
        if test.name not in ("test_checks.py", "test_claims.py"):
            found += calls(test.read_text("utf-8"), test)
    return found


def row(claim: Claim) -> str:
    where = f"{{doc}}`{claim.place.stem}`"
    if claim.place.suffix == ".py":
        where = f"`{claim.place.relative_to(ROOT).as_posix()}`"
    result = f"Measured: {claim.measured}." if claim.measured else f"Bound: {claim.bounds}."
    return f"\n(claim-{claim.name})=\n**{claim.says}** {result} In {where}.\n"


def page() -> str:
    return HEAD + "".join(map(row, claims()))


def faults() -> list[str]:
    """What makes the page, the texts and the tests disagree."""
    found = claims()
    names = Counter(claim.name for claim in found)
    told = {
        (name, text.name)
        for text in sorted(BOOK.glob("*.md"))
        for name in REFERENCE.findall(text.read_text("utf-8"))
    }
    wrong = [f"claim {name} is tested twice" for name, n in names.items() if n > 1]
    wrong += [f"{text}: claim {name} is tested nowhere"
              for name, text in sorted(told) if name not in names]  # fmt: skip
    wrong += [f"claim {name} is mentioned in no text"
              for name in names if name not in {name for name, _ in told}]  # fmt: skip
    if not PAGE.exists() or PAGE.read_text("utf-8") != page():
        wrong.append("book/experiments.md is out of date: python tools/claims.py write")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        PAGE.write_text(page(), encoding="utf-8")
    elif sys.argv[1:] == ["check"]:
        sys.exit("\n".join(faults()) or None)
    else:
        sys.exit(__doc__)
