"""A chapter: its display equations, what it remembers, what it must test."""

import pytest

from derivations.chapters import check_book, displays

PAGE = """# A chapter

$$
p_{\\theta}(x \\mid z) := \\mathcal{N}(x; w z + b, \\sigma^2)
$$ (eq-model)

```python
$$ this is code $$
```

$$
p_{\\theta}(x) = \\mathcal{N}(x; b, w^2 + \\sigma^2)
$$ (eq-evidence)
"""


def test_a_page_remembers_its_definitions(tmp_path):
    (tmp_path / "01.md").write_text(PAGE)
    rows = check_book(tmp_path)
    assert [row.verdict for row in rows] == ["definition", "proved"]
    assert [row.line for row in rows] == [4, 12]
    (tmp_path / "01.md").write_text(PAGE.replace("w^2 +", "w +"))
    assert [row.verdict for row in check_book(tmp_path)] == ["definition", "wrong"]


def test_labels_are_required_and_unique(tmp_path):
    (tmp_path / "01.md").write_text(PAGE.replace(" (eq-model)", ""))
    assert "unlabelled" in [row.verdict for row in check_book(tmp_path)]
    (tmp_path / "01.md").write_text(PAGE.replace("(eq-model)", "(eq-evidence)"))
    assert "duplicate" in [row.verdict for row in check_book(tmp_path)]


def test_code_is_no_equation():
    assert [display.label for display in displays(PAGE)] == ["eq-model", "eq-evidence"]


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        ("f(x) := x^2", "untested"),
        ("% hence: f(2) = 4\nf(x) := x^2", "definition"),
        ("% hence: f(2) = 4\nf(x) := x^3", "wrong"),
        ("% given: a := 3\nx + 1 = 1 + x", "untested"),
        ("% given: a > 0\nx + 1 = 1 + x", "untested"),
        ("N_{\\mathrm{KL}}(p(x) \\| q(x)) = 3", "not understood"),
        ("g(x) := y + 1 = y + 1", "wrong"),
        ("\\sum_{n=1}^{N} x^{(b)} = N x^{(b)}", "not understood"),
    ],
)
def test_a_definition_must_be_tested_and_a_given_used(tmp_path, page, verdict):
    (tmp_path / "01.md").write_text(f"$$\n{page}\n$$ (eq-one)\n")
    assert verdict in [row.verdict for row in check_book(tmp_path)]
