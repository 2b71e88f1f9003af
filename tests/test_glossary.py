"""A term of the glossary is defined where a reader of the chapters first meets it."""

import re

import pytest

from .test_chapters import BOOK, CHAPTERS, prose_of, text_of

# Said in passing before the chapter that defines it: the name of the book's subject and its
# two halves, what a solution of chapter 2 points to, another model's name in chapter 4, and
# where chapter 9 says that the road leads on.
MET_EARLIER = {
    "autoencoder", "decoder", "encoder", "variational", "prior", "posterior",
    "principal component", "convolution", "diffusion model",
}  # fmt: skip


def terms() -> list[str]:
    """The entries of the glossary."""
    body = text_of(BOOK / "glossary.md").split("```{glossary}\n")[1].rsplit("```", 1)[0]
    return [entry.split("\n")[0] for entry in body.strip().split("\n\n")]


def pattern(term: str) -> str:
    """The term in a sentence: with a plural, over a line break."""
    words = re.escape(term).replace(r"\ ", r"[\s-]+")
    return rf"(?<![\w-]){words}(?:s|es)?(?![\w-])"


def reading(chapter) -> str:
    """What is read in order: no headings, no list of what will be learned, no targets."""
    text = prose_of(chapter)
    text = re.sub(
        r"\*\*You will learn\*\*.*?(?=\nThe code is in|\n#)", "", text, flags=re.S
    )
    return re.sub(r"(?m)^(#|:|```|\([a-z0-9-]+\)=$).*$", "", text)


ALL = "\n".join(map(reading, CHAPTERS))


@pytest.mark.parametrize("term", [term for term in terms() if "_" not in term])
def test_a_term_is_defined_at_its_first_use(term):
    used = re.search(pattern(term), ALL, re.I)
    assert used, "no chapter uses it: it has no place in the glossary"
    defined = re.search(rf"\*{{1,2}}[^*\n]*?{pattern(term)}[^*\n]*?\*{{1,2}}", ALL, re.I)
    assert defined, "no chapter defines it, in *italics* or **bold**"
    around = " ".join(ALL[max(0, used.start() - 80) : used.end() + 40].split())
    if term in MET_EARLIER:
        assert used.start() < defined.start(), "it is defined at its first use now"
    else:
        assert defined.start() <= used.start(), f"used before its definition: {around}"
