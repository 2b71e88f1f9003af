"""What a machine can see of a translated text: that it says the same formulas, numbers and
terms as the English, in Korean."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TERMS = Path(__file__).resolve().parents[1] / "book" / "ko" / "terms.csv"

# What is no language: it must be the same in the translation.
MATH = r"(?<!\\)\$(?:\\.|[^$\\])+\$"
ROLE = r"\{(?P<role>[\w:.-]+)\}`(?P<of>[^`]*)`"
LINK = r"\]\((?P<link>[^()\s]*)\)"
CODE = r"(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
# Of strings of the scripts: names in braces, and tags.
PLACE = r"(?P<place>\{\w+\}|</?[a-z][^<>]*>)"
KEPT = re.compile(f"(?P<math>{MATH})|{ROLE}|{LINK}|{CODE}|{PLACE}", re.S)

NUMBER = re.compile(r"(?<![A-Za-z\d])\d+(?:[,.]\d+)*")
# A number that English says in a word may be a digit in Korean.
NUMBER_WORDS = re.compile(
    r"(?i)\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundreds?|thousands?|millions?|half|halves|thirds?|quarters?|"
    r"fifths?|tenths?|vanish(?:es)?|twice|double|both|first|second|once|single|a)\b|-dimensional"
)
ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z'’]+[,;:]?\s+){3,}[A-Za-z][a-z'’]+\b")
HANGUL = re.compile(r"[가-힣]")
# A sentence that ends plainly (한다., 하세요.) where the book is polite (합니다.).
PLAIN = re.compile(r"(?<![니]다)(?<=[가-힣])(?:(?<!니)다|요)\.(?=\s|$|[)”’])")
# Between them a text goes its own way, by a comment of the translator: `# free: loss`.
FREE = re.compile(r"free: *(.*)")


def has_words(text: str) -> bool:
    """Whether there is something to translate: not formulas, code and numbers alone."""
    return bool(re.search(r"[A-Za-z]{2,}|\ba\b", said(text)))


def kept(text: str) -> Counter[str]:
    """Formulas, code, references and links of a text."""
    found: Counter[str] = Counter()
    for piece in KEPT.finditer(text):
        if piece["role"]:
            target = re.fullmatch(r".*<(.*)>", piece["of"], re.S)
            found[f"{{{piece['role']}}}`{target[1] if target else piece['of']}`"] += 1
        elif piece["math"]:
            found[" ".join(piece["math"].split())] += 1
        else:
            found[piece["link"] or piece["code"] or piece["place"]] += 1
    return found


def said(text: str) -> str:
    """A text without its formulas, code and targets: what is read as words."""

    def words(piece: re.Match[str]) -> str:
        if piece["role"] and (shown := re.fullmatch(r"(.*?)\s*<.*>", piece["of"], re.S)):
            return shown[1]
        return "]" if piece["link"] else " · "

    return KEPT.sub(words, text)


def faults_of(
    english: str, korean: str, what: str = "text", comment: str = ""
) -> Iterator[str]:
    """What is wrong with a translation, in a few words each.

    Args:
        english: the text.
        korean: its translation.
        what: the text is, e.g. 'heading'.
        comment: of the translator; 'free: loss, english' allows what it names.
    """
    free = {
        word.strip().casefold()
        for some in FREE.findall(comment)
        for word in some.split(",")
    }
    yield from kept_faults(english, korean)
    yield from number_faults(english, korean)
    yield from mark_faults(english, korean, what)
    words = said(korean)
    if "english" not in free:
        if found := ENGLISH.search(words):
            yield f"English is left: {found[0]}"
        elif not HANGUL.search(words) and re.search(r"[a-z]{4,}.*\s.*[a-z]{4,}", words):
            yield f"nothing in it is Korean: {korean[:60]}"
    for found in PLAIN.finditer(words):
        around = words[max(0, found.start() - 12) : found.end()]
        yield f"a sentence that does not end in 합니다체: …{around}"
    yield from term_faults(english, korean, free)


def kept_faults(english: str, korean: str) -> Iterator[str]:
    wanted, given = kept(english), kept(korean)
    if missing := wanted - given:
        yield f"missing: {'  '.join(missing.elements())}"
    if strange := given - wanted:
        yield f"not in the English: {'  '.join(strange.elements())}"


def number_faults(english: str, korean: str) -> Iterator[str]:
    wanted = Counter(NUMBER.findall(said(english)))
    given = Counter(NUMBER.findall(said(korean)))
    if missing := wanted - given:
        yield f"missing numbers: {' '.join(missing.elements())}"
    strange = given - wanted
    if strange.total() > len(NUMBER_WORDS.findall(said(english))):
        yield f"numbers that are not in the English: {' '.join(strange.elements())}"


def mark_faults(english: str, korean: str, what: str) -> Iterator[str]:
    """Marks of Markdown that are lost, or that would show as they stand."""
    from translations import parser  # which needs this module

    # '1. Data' is a list for itself, and no list behind a heading's sign
    tokens = parser().parse(f"# {korean}" if what == "heading" else korean)
    if [t.type.split("_")[-1] for t in tokens] != ["open", "inline", "close"]:
        yield f"this is no plain paragraph: {korean[:40]}"
        return
    if "\n" in korean:
        yield "a translation is one line"
    if "table" in what and re.search(r"(?<!\\)\|", korean) and "|" not in english:
        yield "a | would end the cell of the table"
    texts = [one.content for one in tokens[1].children or [] if one.type == "text"]
    source = [one.content for one in parser().parseInline(english)[0].children or []
              if one.type == "text"]  # fmt: skip
    for mark in ("*", "`", "{", "$"):
        if sum(one.count(mark) for one in texts) > sum(one.count(mark) for one in source):
            hint = " (no bracket or quotation mark may stand inside it at its end)"
            yield f"a {mark} has lost its partner{hint if mark == '*' else ''}"
    if re.search(r"[\"']", re.sub(r"(?<=[A-Za-z])['’](?=[a-z])", "", said(korean))):
        yield "write ‘ ’ and “ ” for quotation marks"


# ---------------------------------------------------------------- terms
@cache
def table() -> dict[str, list[str]]:
    """Each English term with its Korean form, or its two."""
    with TERMS.open(encoding="utf-8", newline="") as file:
        return {
            row["term"]: [form for form in (row["korean"], row["second"]) if form]
            for row in csv.DictReader(file)
        }


def forms_of(term: str) -> list[str]:
    """The Korean forms of a term.

    Raises:
        ValueError: if the table has no such term.
    """
    if term not in table():
        raise ValueError(f"{TERMS} has no row for the term {term!r}: add one")
    return table()[term]


@cache
def patterns() -> list[tuple[re.Pattern[str], str]]:
    """Each term as it is found in English; the longest first."""
    return [(pattern(term), term) for term in sorted(table(), key=len, reverse=True)]


def pattern(term: str) -> re.Pattern[str]:
    words = re.escape(term).replace(r"\ ", r"[\s-]+").replace(r"\-", r"[\s-]")
    if words.endswith("y"):
        words = f"{words[:-1]}(?:y|ies)"
    return re.compile(rf"(?<![\w-]){words}(?:s|es)?(?![\w-])", re.I)


def term_faults(english: str, korean: str, free: set[str]) -> Iterator[str]:
    """Terms that are not translated by what the table says. A longer term's words are not
    looked at again for the shorter ones in it."""
    english, korean = plain(english), "".join(plain(korean).split())
    for found, term in patterns():
        english, count = found.subn(" · ", english)
        if not count or term.casefold() in free:
            continue
        forms = forms_of(term)
        if not any("".join(form.split()) in korean for form in forms):
            yield f"the term '{term}' is not translated by {' or '.join(forms)}"


def plain(text: str) -> str:
    return re.sub(r"[*_]", "", said(text))
