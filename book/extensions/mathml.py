r"""Formulas as MathML, for readers of e-books: by the MathJax that draws them on the site.

MathJax is JavaScript. It runs here without a page, in an engine that a Python package
brings (`mini-racer`), and does its first half alone: from TeX to a tree. What MathJax would
draw in red is an error.

E-readers know MathML Core, where an alphabet such as that of $\mathbb{E}$ is no attribute:
its letters are written as the letters of Unicode that they are.
"""

import json
import re
import unicodedata
from functools import cache
from xml.etree import ElementTree

from offline import mathjax_source
from py_mini_racer import JSEvalException, MiniRacer

# In the order in which each finds what it needs.
FILES = ("loader.js", "core.js", "adaptors/liteDOM.js", "input/tex-full.js")
# `undefined` at the end: the engine would pass on what it evaluates, object by object.
CONVERTER = """
(() => {
  const {core, input, adaptors, handlers} = MathJax._;
  handlers.html_ts.RegisterHTMLHandler(adaptors.liteAdaptor.liteAdaptor());
  const lenient = ["noerrors", "noundefined", "bussproofs"];
  const all = input.tex.AllPackages.AllPackages;
  const packages = all.filter((name) => !lenient.includes(name));
  const formatError = (jax, error) => { throw error; };
  const InputJax = new input.tex_ts.TeX({ packages, formatError });
  const page = MathJax._.mathjax.mathjax.document("", { InputJax });
  const visitor = new core.MmlTree.SerializedMmlVisitor.SerializedMmlVisitor();
  const end = core.MathItem.STATE.CONVERT;
  globalThis.mathml = (tex, display) =>
    visitor.visitTree(page.convert(tex, { display, end }));
})(); undefined
"""
SECONDS = 60
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ALPHABETS = {
    "double-struck": "DOUBLE-STRUCK", "script": "SCRIPT", "fraktur": "FRAKTUR",
    "bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC",
    "sans-serif": "SANS-SERIF", "monospace": "MONOSPACE",
}  # fmt: skip
ROWS = {f"{{{NAMESPACE}}}{name}" for name in ("math", "mrow", "mtd", "mstyle", "msqrt")}
SIGNS, LONG = tuple("=+−≈≥≤∼∝→:"), 24
APPLIED, THIN, OPENING, CLOSING = "\u2061", "0.167em", tuple("([{|‖"), tuple(")]}|‖")
COMMENT = re.compile(r"(?<!\\)%[^\n]*")

ElementTree.register_namespace("", NAMESPACE)


@cache
def engine() -> MiniRacer:
    """MathJax, waiting for formulas."""
    made = MiniRacer()
    made.eval("globalThis.global = globalThis; undefined")
    for name in FILES:
        source = (mathjax_source().parent / name).read_text(encoding="utf-8")
        made.eval(f"(() => {{{source}}})(); undefined", timeout_sec=SECONDS)
    made.eval(CONVERTER, timeout_sec=SECONDS)
    return made


@cache
def mathml(tex: str, display: bool = False, block: bool = False) -> str:
    r"""A formula as a `<math>` element.

    Args:
        tex: without dollar signs.
        display: as large as in a display, though it may stand in a line.
        block: on a line of its own.

    Raises:
        ValueError: if MathJax cannot read it.

    >>> print(mathml("x"))
    <math xmlns="http://www.w3.org/1998/Math/MathML" alttext="x"><mi>x</mi></math>
    """
    typed = " ".join(COMMENT.sub("", tex).split())
    given = f"{json.dumps(typed)}, {json.dumps(display or block)}"
    try:
        made = engine().eval(f"mathml({given})", timeout_sec=SECONDS)
    except JSEvalException as error:
        raise ValueError(str(error).splitlines()[0]) from error
    tree = ElementTree.fromstring(re.sub(r">\s+<", "><", made))
    tree.attrib.pop("display", None)
    if block:
        tree.set("display", "block")
    elif display:
        tree.set("displaystyle", "true")
    tree.set("alttext", re.sub(r"\\class\{\w+\}|\{\} ", "", typed))
    for element in tree.iter():
        simplify(element)
    return ElementTree.tostring(tree, encoding="unicode")


def in_parts(formula: str) -> list[str]:
    r"""A long formula in a line of text, cut before the signs that stand in no bracket: a
    narrow screen may break there.

    >>> long = mathml(r"a(b + c) - d \, e f g h i j k l m n o p q r s t u v w")
    >>> [re.sub("<[^>]*>", "", part) for part in in_parts(long)]
    ['a(b+c)', '−defghijklmnopqrstuvw']
    """
    tree = ElementTree.fromstring(formula)
    if len("".join(tree.itertext())) <= LONG:
        return [formula]
    parts, depth = [[]], 0
    for child in tree:
        sign = child.text if child.tag == tag("mo") else None
        if sign in SIGNS and not depth and parts[-1]:
            parts.append([ElementTree.Element(tag("mrow"))])  # else the sign has no left
        depth += (sign in tuple("([{")) - (sign in tuple(")]}"))
        parts[-1].append(child)
    made = []
    for part in parts:
        math = ElementTree.Element(tree.tag)
        math.extend(part)
        math.set("alttext", "".join(math.itertext()))
        made.append(ElementTree.tostring(math, encoding="unicode"))
    return made


def simplify(element: ElementTree.Element) -> None:
    """Leave what MathML Core knows, and space as TeX does."""
    if element.tag in ROWS:
        set_spaces(element)
    if element.get("data-mjx-texclass") in ("ORD", "NONE"):
        signs = [element] if element.tag == tag("mo") else list(element)
        if [sign.tag for sign in signs] == [tag("mo")]:
            signs[0].attrib |= {"lspace": "0", "rspace": "0"}
    for name in [name for name in element.attrib if name.startswith("data-")]:
        del element.attrib[name]
    if "columnalign" in element.attrib:  # which MathML Core leaves to CSS
        sides = element.attrib.pop("columnalign").split()
        for row in element:
            for place, cell in enumerate(row):
                cell.set("style", f"text-align: {sides[min(place, len(sides) - 1)]}")
    alphabet = ALPHABETS.get(element.get("mathvariant", ""))
    if alphabet and element.text:
        del element.attrib["mathvariant"]
        element.text = "".join(letter(sign, alphabet) for sign in element.text)
    elif element.tag == tag("mi") and len(element.text or "") > 1:
        element.attrib.setdefault("mathvariant", "normal")


def set_spaces(row: ElementTree.Element) -> None:
    """Thin spaces around the name of a function, but none beside a bracket that it opens
    or follows; and no room for a bracket that is not drawn."""
    for child in [one for one in row if one.tag == tag("mo") and not one.text]:
        row.remove(child)
    for place, child in reversed(list(enumerate(row))):
        after = place + 1
        if after < len(row) and row[after].text == APPLIED:
            after += 1
        elif child.tag != tag("munder") or len(child[0].text or "") < 2:
            continue
        if after < len(row) and first_sign(row[after]) not in OPENING:
            row.insert(after, ElementTree.Element(tag("mspace"), width=THIN))
        before = row[place - 1] if place else None
        if before is not None and (before.tag != tag("mo") or before.text in CLOSING):
            row.insert(place, ElementTree.Element(tag("mspace"), width=THIN))


def first_sign(element: ElementTree.Element) -> str:
    while element.tag in ROWS and len(element):
        element = element[0]
    return element.text or ""


def tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def letter(sign: str, alphabet: str) -> str:
    """The letter of Unicode that is this one in another alphabet, if there is one.

    >>> letter("E", "DOUBLE-STRUCK"), letter("R", "DOUBLE-STRUCK"), letter("+", "BOLD")
    ('𝔼', 'ℝ', '+')
    """
    name = re.sub(r"^(LATIN|GREEK) | LETTER\b", "", unicodedata.name(sign, ""))
    for full in (f"MATHEMATICAL {alphabet} {name}", f"{alphabet} {name}"):
        try:
            return unicodedata.lookup(full)
        except KeyError:
            continue
    return sign
