"""What every chapter promises its readers, read from the Markdown itself."""

import ast
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]-*.md"))
PAGES = sorted(BOOK.glob("*.md"))
# The pages with cells that are no chapters: about the checking of the equations.
CHECKED = [BOOK / f"{n}.md" for n in ("break-the-derivation", "bug-museum", "how-checked")]
MODULES = [path.stem[3:].replace("-", "_") for path in CHAPTERS]

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
each_executed = pytest.mark.parametrize(
    "chapter", CHAPTERS + CHECKED, ids=lambda path: path.stem
)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code_cells(path: Path) -> list:
    return [cell for cell in jupytext.read(path).cells if cell.cell_type == "code"]


def prose_of(path: Path) -> str:
    """The text between front matter, fenced code, formulas and inline code."""
    cells = [
        cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"
    ]
    text = without_code("\n\n".join(cells))
    text = re.sub(r"(?m)^%.*$", "", text)  # comments, which hold what an exercise declares
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.S)
    text = re.sub(r"\$[^$\n]*\$", lambda m: m.group() if is_number(m.group()) else "", text)
    return re.sub(r"`[^`\n]*`", "", text)


def without_code(text: str) -> str:
    """The text without fenced code. What stands in a directive, {exercise}, is kept."""
    kept, fences = [], []
    for line in text.split("\n"):
        fence = re.match(r"(`{3,}|:{3,})(.*)$", line)
        if fence and fences and fence[1] == fences[-1][0] and not fence[2].strip():
            fences.pop()
        elif fence and not any(code for _, code in fences):
            fences.append((fence[1], not fence[2].lstrip().startswith("{")))
        elif not any(code for _, code in fences):
            kept.append(line)
    assert not fences, f"{fences} are not closed"
    return "\n".join(kept)


def test_fenced_code_is_no_prose_and_what_follows_a_directive_is():
    text = """a
````{exercise} On paper
b
```python
c
```
d
````
e
:::{figure} f
g
:::
h"""
    assert without_code(text).split() == ["a", "b", "d", "e", "g", "h"]


def is_number(formula: str) -> bool:
    return re.fullmatch(r"\$-?[\d,.]+\$", formula) is not None


def test_the_book_has_its_chapters_in_order():
    assert MODULES == [
        "maximum_likelihood",
        "monte_carlo",
        "kl_and_mle",
        "elbo",
        "encoder_decoder",
        "objective",
        "training",
        "latent_space",
        "evaluation",
        "variants",
        "diffusion",
    ]


def test_the_table_of_contents_lists_every_page():
    toc = yaml.safe_load(text_of(BOOK / "_toc.yml"))
    listed = [toc["root"]] + [c["file"] for part in toc["parts"] for c in part["chapters"]]
    assert sorted(listed) == sorted(page.stem for page in PAGES)


@pytest.mark.parametrize("module", MODULES)
def test_a_chapter_its_module_and_its_tests_bear_one_name(module):
    assert (ROOT / "vae_lib" / f"{module}.py").exists()
    assert (ROOT / "tests" / f"test_{module}.py").exists()


def test_modules_import_earlier_ones_never_back():
    order = ["arguments", "checks", "files", "pictures", "data", "checkpoint", "machine"]
    order += [*MODULES, "saving", "collapse", "plots", "reproduce"]
    assert sorted(order) == sorted(
        path.stem for path in (ROOT / "vae_lib").glob("*.py") if path.stem != "__init__"
    )
    for place, module in enumerate(order):
        tree = ast.parse(text_of(ROOT / "vae_lib" / f"{module}.py"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "vae_lib."
            ):
                imported = node.module.removeprefix("vae_lib.")
                assert order.index(imported) < place, f"{module} imports {imported}"


@each_chapter
def test_a_chapter_has_its_parts(chapter):
    text = text_of(chapter)
    code = "\n".join(cell.source for cell in code_cells(chapter))
    label = chapter.stem[3:]
    assert f"\n({label})=\n# " in text, "the chapter's label stands before its title"
    for needed in ["**You will learn**", "## A picture first", "## What goes wrong"]:
        assert needed in text, needed
    for needed in ["## Exercises", "## Summary"]:
        assert needed in text, needed
    practice = text.partition("\n## Spot the slip\n")[2].partition("\n## ")[0]
    assert ":class: slips\n" in practice, "the place of the figure"
    assert f'practice("{chapter.stem}")' in practice, "how to have the same in JupyterLab"
    assert f"vae_lib.{label.replace('-', '_')} import" in code, "it calls its own module"
    controls = ["Explorer(", "Explorer.from_", "interact(", "observe("]
    assert any(control in code for control in controls), "a figure that moves"
    assert re.search(r"\bagree\(", code), "a symbolic result meets a number"
    assert re.search(r"\bsp\.|sympy", code), "SymPy takes part"


def test_the_book_shows_how_a_kernel_moves_a_figure():
    """Most figures move in the page; at least one shows the code that a student writes."""
    code = "\n".join(cell.source for chapter in CHAPTERS for cell in code_cells(chapter))
    assert re.search(r"\b(interact|interactive_output|observe)\(", code)


@each_chapter
def test_a_chapter_has_exercises_with_folded_solutions(chapter):
    text = text_of(chapter)
    exercises = re.findall(r"\{exercise(?:-start)?\} (.*)\n:label: (\S+)", text)
    assert len(exercises) >= 4
    assert any(title.lower().startswith("on paper") for title, _ in exercises)
    assert any(title.lower().startswith("code") for title, _ in exercises)
    assert any(title.lower().startswith("find the bug") for title, _ in exercises)
    solutions = re.findall(r"\{solution(?:-start)?\} (\S+)\n:class: dropdown", text)
    assert sorted(solutions) == sorted(label for _, label in exercises)


@each_executed
def test_every_figure_has_alt_text(chapter):
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter.stem}.ipynb", as_version=4)
    for cell in notebook.cells:
        drawn = any("image/png" in out.get("data", {}) for out in cell.get("outputs", []))
        if drawn and "remove-output" not in cell.metadata.get("tags", []):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 25, f"a figure without alt text: {cell.source[:80]!r}"


@each_page
def test_every_display_equation_is_labelled_once(page):
    text = re.sub(
        r"^```(?:\{code-cell\}|python|text).*?^```$", "", text_of(page), flags=re.S | re.M
    )
    bodies = re.findall(r"\$\$(.*?)\$\$([^\n]*)", text, flags=re.S)
    for body, rest in bodies:
        assert re.fullmatch(r" \(eq-[a-z0-9-]+\)", rest), f"no label: {body.strip()[:60]!r}"
    text = re.sub(r"`[^`\n]*`", "", text)  # how something is typed is no display
    assert "\\begin{align}" not in text and "\\begin{equation}" not in text
    assert "```{math}" not in text, "display equations are written with $$"


def test_no_equation_label_is_used_twice():
    labels = [
        label
        for page in PAGES
        for label in re.findall(r"^\$\$ \((eq-.*)\)$", text_of(page), re.M)
    ]
    assert len(labels) > 50
    assert len(labels) == len(set(labels))


CHAIN = re.compile(r"\$\$\n(\\begin\{aligned\}.*?)\$\$ \((eq-[a-z0-9-]+)\)\n", re.S)


def test_derivations_are_found():
    assert sum(len(CHAIN.findall(text_of(chapter))) for chapter in CHAPTERS) > 50


@each_chapter
def test_a_reason_for_each_line_of_a_derivation(chapter):
    """A chain of relations is followed by a numbered list with one item for each."""
    text = text_of(chapter)
    for block in CHAIN.finditer(text):
        body, label = re.sub(r"(?m)^%.*$", "", block[1]), block[2]
        relations = len(re.findall(r"&\s*(?::=|=|\\approx|\\geq|\\leq)|:=\s*&", body))
        # The reasons are the paragraphs that follow at once and begin with a number.
        reasons = 0
        for paragraph in text[block.end() :].strip().split("\n\n"):
            if not re.match(r"\d+\. ", paragraph):
                break
            reasons += len(re.findall(r"(?m)^\d+\. ", paragraph))
        if relations >= 2:
            assert reasons == relations, (
                f"{label}: {relations} relations, {reasons} reasons"
            )


@each_executed
def test_code_fits_its_column(chapter):
    for cell in code_cells(chapter):
        source = re.sub(r"^---\n.*?^---\n", "", cell.source, flags=re.S | re.M)
        for line in source.splitlines():
            assert len(line) <= 82, f"{len(line)} characters: {line}"


@each_executed
def test_every_number_in_the_prose_comes_from_a_run(chapter):
    """A decimal number in a paragraph stands, rounded alike, in an output of the chapter,
    or in its code as a setting; a paragraph that cites a paper may quote its numbers."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter.stem}.ipynb", as_version=4)
    shown = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        shown += re.findall(r"\d+\.\d+(?:e[-+]?\d+)?", cell.source)
        for output in cell.outputs:
            data = output.get("data", {})
            text = (
                output.get("text", "")
                + data.get("text/plain", "")
                + data.get("text/html", "")
            )
            shown += re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?", text)
    shown = [float(number.replace(",", "")) for number in shown]
    for paragraph in re.split(r"\n\s*\n", prose_of(chapter)):
        if "{cite" in text_of(chapter) and re.search(r"\{cite", paragraph):
            continue
        for number in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)", paragraph):
            decimals = len(number.split(".")[1])
            candidates = [
                round(value * scale, decimals) for value in shown for scale in (1, 100)
            ]
            assert float(number) in candidates, (
                f"{number} comes from no run: {paragraph[:200]!r}"
            )


def test_every_erratum_of_the_note_is_shown_by_a_cell():
    """Each of the nineteen rows links to a target; a code cell follows in its section."""
    errata = text_of(BOOK / "errata.md")
    rows = re.findall(r"^\| (\d+) \|.*\{ref\}`[^<]*<(errata-\d\d)>` \|$", errata, re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 20))
    chapters = "\n".join(text_of(chapter) for chapter in CHAPTERS)
    for number, label in rows:
        assert label == f"errata-{int(number):02d}"
        _, found, rest = chapters.partition(f"\n({label})=\n")
        assert found, f"no chapter has the target {label}"
        # A target may stand before a heading; the cell must come before the next one.
        section = re.split(r"(?m)^#{2,} ", rest.strip().lstrip("#"))[0]
        assert "```{code-cell}" in section, f"no cell after {label}"


def test_each_exhibit_of_the_museum_is_caught_mended_and_has_its_reference():
    text = text_of(BOOK / "bug-museum.md")
    exhibits = re.split(r"(?m)^## (?=\d+\. )", text.split("## What the exhibits")[0])[1:]
    assert 8 <= len(exhibits) <= 16
    for number, exhibit in enumerate(exhibits, start=1):
        title, cells = exhibit.splitlines()[0], exhibit.count("```{code-cell}")
        assert title.startswith(f"{number}. ")
        assert "**Reference**: " in exhibit and cells >= 1, title
        assert re.search(r"(caught|compare|exhibit)\(", exhibit), title
        assert re.search(r"(holds|exhibit)\(|\*\*Mended\*\*", exhibit), title
        if "False alarms" not in title:
            assert "**The damage" in exhibit, title


@pytest.mark.parametrize("page", CHECKED, ids=lambda page: page.stem)
def test_wrong_formulas_stand_in_code_never_in_the_text(page):
    text = re.sub(r"(?sm)^```(?:\{code-cell\}|text).*?^```$", "", text_of(page))
    assert "$$" not in text, "a specimen is a string, never a display equation"
