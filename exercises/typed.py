r"""A formula as a person types it: in Python's way, on paper's way, or in LaTeX.

    (mu^2 + s^2 - 1)/2 - log(s)      2 pi sigma^2      \frac{1}{2} \log\sigma^2

`book/static/attempts.js` reads the same language in the page, by the same rules in the same
order; `tests/exercises/cases.json` holds both to one table. Nothing is run as code.

A tree is a tuple: ("num", 2.0), ("sym", "mu"), ("fn", "log", tree), ("-", tree), and
("+", left, right) with the other signs - * / ^ in place of +.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Tree = tuple[Any, ...]

LONGEST = 500  # characters of an answer
DEEPEST = 60  # brackets in brackets

GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma "
    "tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
).split()
VARIANTS = {"varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho"}
CONSTANTS = {"e": math.e, "E": math.e, "pi": math.pi}
INFINITE = {"oo", "inf", "infty", "infinity"}
UNITS = {"nat", "nats", "bit", "bits"}
ACCENTS = {"hat", "bar", "tilde"}
DRESS = {"mathrm", "operatorname", "text", "mathit", "mathbf", "mathbb", "boldsymbol"}
SPACE = {"left", "right", "big", "Big", "bigl", "bigr", "quad", "qquad", "displaystyle"}
SIGNS = {"cdot": "*", "times": "*", "div": "/", "lvert": "|", "rvert": "|", "vert": "|"}
COMMA = "Is this a decimal comma? Write 0.5 with a point, and 50000 without a comma."

# The alphabet as Unicode has it, with two letters sigma.
_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi "
    "rho sigma sigma tau upsilon phi chi psi omega"
).split()
LETTERS = {chr(0x3B1 + place): name for place, name in enumerate(_NAMES)}
LETTERS |= {chr(0x391 + place): name.capitalize() for place, name in enumerate(_NAMES)}
LETTERS |= {"ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "ϱ": "rho"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
ALIKE = {"−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "÷": "/", "∣": "|"}
COMBINING = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde"}


def _log(x: float) -> float:
    return math.log(x) if x > 0 else (-math.inf if x == 0 else math.nan)


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.7 else math.inf


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "log": _log,
    "ln": _log,
    "log2": lambda x: _log(x) / math.log(2),
    "log10": lambda x: _log(x) / math.log(10),
    "exp": _exp,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "abs": abs,
    "Abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sinh": lambda x: (_exp(x) - _exp(-x)) / 2,
    "cosh": lambda x: (_exp(x) + _exp(-x)) / 2,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + _exp(-x)),
    "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
}


class Unread(ValueError):
    """What cannot be read: one sentence, the text, and the place that it is about."""

    def __init__(self, message: str, text: str, place: int):
        super().__init__(message)
        self.message, self.text, self.place = message, text, min(place, len(text))

    def shown(self) -> str:
        """The sentence, and below it the text with a caret under the place."""
        return f"{self.message}\n    {self.text}\n    {' ' * self.place}^"


class Token(NamedTuple):
    """`kind` is num, word, infinity, frac, root, or the sign itself."""

    kind: str
    value: Any
    place: int


def key(name: str) -> str:
    """What two spellings of a name share: x_hat, xhat and x_{hat}.

    >>> key("alpha_bar_t") == key("alphabar_t")
    True
    """
    return re.sub(r"[_{}\s]", "", name)


# ---------------------------------------------------------------- from text to tokens
class _Scanner:
    def __init__(self, text: str):
        self.text, self.at = text, 0
        self.tokens: list[Token] = []

    def fail(self, message: str, place: int | None = None) -> Unread:
        return Unread(message, self.text, self.at if place is None else place)

    def match(self, pattern: str) -> re.Match[str] | None:
        found = re.compile(pattern, re.ASCII).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def scan(self) -> list[Token]:
        text = self.text
        while self.at < len(text):
            place, char = self.at, text[self.at]
            if self.match(r"\s+|~|\$|\\[,;:! ()\[\]]"):
                continue
            if found := self.match(r"\d{1,3}(?:\{,\}\d{3})+|(?:\d+\.?\d*|\.\d+)"):
                self.number(found[0], place)
            elif char in RAISED:
                self.raised(place)
            elif char == "½":
                self.at += 1
                self.add("num", (0.5, "½"), place)
            elif char == "√":
                self.at += 1
                self.add("word", "sqrt", place)
            elif char == "∞":
                self.at += 1
                self.add("infinity", None, place)
            elif self.match(r"\*\*"):
                self.add("^", None, place)
            elif char in "+-*/^()[]{}|%" or char in ALIKE:
                self.at += 1
                self.add(ALIKE.get(char, char), None, place)
            elif char == "\\":
                self.command(place)
            elif char.isascii() and char.isalpha() or char in LETTERS:
                self.add("word", self.word(), place)
            else:
                raise self.stray(char)
        return self.tokens

    def add(self, kind: str, value: Any, place: int) -> None:
        self.tokens.append(Token(kind, value, place))

    def stray(self, char: str) -> Unread:
        if char == "=":
            return self.fail("Type the right side alone, without the sign =.")
        if char in ",;":
            return self.fail(COMMA)
        if char == "_":
            return self.fail("A subscript needs a name before it, as in x_1.")
        if char in "<>≤≥≈":
            return self.fail("Type one expression, not a comparison.")
        return self.fail(f"The sign {char} cannot be read here.")

    def number(self, digits: str, place: int) -> None:
        digits = digits.replace("{,}", "")
        exponent = self.match(r"[eE][+-]?\d+")
        if self.match(r",\s*\d"):
            raise self.fail(COMMA, place)
        text = digits + (exponent[0] if exponent else "")
        self.add("num", (float(text), text), place)

    def raised(self, place: int) -> None:
        digits = ""
        while self.at < len(self.text) and self.text[self.at] in RAISED:
            digits += RAISED[self.text[self.at]]
            self.at += 1
        self.add("^", None, place)
        self.add("num", (float(digits), digits), place)

    def command(self, place: int) -> None:
        if self.match(r"\\%"):
            return self.add("%", None, place)
        if self.match(r"\\[|]"):
            return self.add("|", None, place)
        if self.match(r"\\[{}]"):
            return self.add("(" if self.text[self.at - 1] == "{" else ")", None, place)
        found = self.match(r"\\([A-Za-z]+)")
        if not found:
            raise self.fail("A command needs a name after the backslash.")
        name = found[1]
        if name in SPACE:
            self.match(r"\.")
        elif name in SIGNS:
            self.add(SIGNS[name], None, place)
        elif name in ("frac", "tfrac", "dfrac"):
            self.add("frac", None, place)
        elif name == "sqrt":
            self.add("root", None, place)
        elif name == "infty":
            self.add("infinity", None, place)
        else:
            self.at = place
            self.add("word", self.word(), place)

    def word(self) -> str:
        """A name with its accents and subscripts, as Python writes it: x_hat_0."""
        name = self.base()
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in COMBINING:
                self.at += 1
                name += "_" + COMBINING[char]
            elif char in LOWERED:
                digits = ""
                while self.at < len(self.text) and self.text[self.at] in LOWERED:
                    digits += LOWERED[self.text[self.at]]
                    self.at += 1
                name += "_" + digits
            elif char == "_":
                self.at += 1
                name += "_" + self.subscript()
            else:
                break
        return name

    def base(self) -> str:
        place, char = self.at, self.text[self.at]
        if char in LETTERS:
            self.at += 1
            return LETTERS[char]
        if found := self.match(r"[A-Za-z][A-Za-z0-9]*"):
            return found[0]
        found = self.match(r"\\([A-Za-z]+)")
        name = VARIANTS.get(found[1], found[1]) if found else ""
        if name in ACCENTS:
            braced = self.match(r"\s*\{\s*")
            self.match(r"\s*")
            if not re.match(r"[A-Za-z\\Ͱ-Ͽ]", self.text[self.at : self.at + 1] or " "):
                raise self.fail(f"\\{name} needs a letter, as in \\{name}{{x}}.", place)
            inner = self.word() if braced else self.letter()
            if braced and not self.match(r"\s*\}"):
                raise self.fail("A closing brace } is missing here.")
            # \hat{x_0} is \hat{x}_0: the accent stands after the letter
            letter, line, rest = inner.partition("_")
            return f"{letter}_{name}{line}{rest}"
        if name in DRESS:
            inside = self.match(r"\s*\{\s*([A-Za-z0-9]+)\s*\}")
            if not inside:
                raise self.fail(f"\\{name} needs a name, as in \\{name}{{x}}.", place)
            return inside[1]
        if name in GREEK or name in FUNCTIONS:
            return name
        raise self.fail(f"The command \\{name} is not known here.", place)

    def letter(self) -> str:
        found = self.match(r"[A-Za-z]")
        return found[0] if found else self.base()

    def subscript(self) -> str:
        place = self.at
        if found := self.match(r"[A-Za-z0-9]+"):
            return found[0]
        if self.match(r"\{"):
            parts = []
            while not self.match(r"\s*\}"):
                self.match(r"[\s,]+")
                if found := self.match(r"[A-Za-z0-9]+"):
                    parts.append(found[0])
                elif self.at < len(self.text) and self.text[self.at] in {"\\", *LETTERS}:
                    parts.append(self.base())
                elif self.at < len(self.text) and self.text[self.at] == "}":
                    continue
                else:
                    raise self.fail("This subscript cannot be read.", place)
            return "_".join(parts)
        if self.at < len(self.text) and self.text[self.at] in {"\\", *LETTERS}:
            return self.base()
        raise self.fail("A subscript needs a letter or a number, as in x_1.", place)


# ---------------------------------------------------------------- from tokens to a tree
class _Parser:
    OPENING = {"(": ")", "[": "]", "{": "}"}
    BEGINS = {"num", "word", "infinity", "frac", "root", "(", "[", "{"}

    def __init__(self, text: str, symbols: Iterable[str]):
        self.text = text
        self.names = {key(name): name for name in symbols}
        self.tokens = _Scanner(text).scan()
        self.at = self.depth = self.bars = 0

    def fail(self, message: str, place: int | None = None) -> Unread:
        return Unread(message, self.text, self.place() if place is None else place)

    def place(self) -> int:
        return self.tokens[self.at].place if self.at < len(self.tokens) else len(self.text)

    def next(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else "end"

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> Tree:
        if not self.tokens:
            raise self.fail("There is nothing here yet: type an answer.")
        tree = self.sum()
        if self.next() != "end":
            raise self.left_over()
        return tree

    def left_over(self) -> Unread:
        if self.next() in ")]}":
            return self.fail("This bracket closes none.")
        return self.fail("What stands here belongs to nothing.")

    def sum(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail("There are too many brackets in brackets.")
        left = self.product()
        while self.next() in ("+", "-"):
            sign = self.take().kind
            left = (sign, left, self.product())
        self.depth -= 1
        return left

    def begins(self) -> bool:
        return self.next() in self.BEGINS or (self.next() == "|" and not self.bars)

    def product(self) -> Tree:
        left = self.signed()
        while True:
            if self.next() == "*":
                self.take()
                left = ("*", left, self.signed())
            elif self.next() == "/":
                self.take()
                slash = self.at - 1
                left = ("/", left, self.signed())
                if self.begins() and not self.is_fraction(slash):
                    raise self.fail(
                        "This can be read in two ways: write (1/2) x or 1/(2 x), "
                        "with brackets."
                    )
            elif self.begins():
                if self.next() == "num":
                    raise self.second_number()
                left = ("*", left, self.power())
            else:
                return left

    def is_fraction(self, slash: int) -> bool:
        """Is it 1/2 and a space, as in 1/2 log(x)? That is half of what follows."""
        parts = self.tokens[slash - 1 : self.at]
        if [token.kind for token in parts] != ["num", "/", "num"]:
            return False
        around = [parts[1].place - 1, parts[1].place + 1, self.place() - 1]
        if [self.text[at].isspace() for at in around] != [False, False, True]:
            return False
        kinds = ["(", *(token.kind for token in self.tokens[: slash - 1])]
        if kinds[-1] not in ("+", "-"):
            return kinds[-1] in ("*", "(", "[", "{", "|")
        while kinds[-1] in ("+", "-"):
            kinds.pop()
        return kinds[-1] not in ("^", "/")

    def second_number(self) -> Unread:
        is_split = self.tokens[self.at - 1].kind == "num"
        if is_split and self.text[self.place() - 1].isspace():
            return self.fail(
                "A number has no space inside. Between two numbers write * or a sign."
            )
        return self.fail("Write * before this number, or ^ if it is a power.")

    def signed(self) -> Tree:
        signs = 0
        while self.next() in ("+", "-"):
            signs += self.take().kind == "-"
        tree = self.power()
        return ("-", tree) if signs % 2 else tree

    def power(self) -> Tree:
        base = self.primary()
        while self.next() == "%":
            self.take()
            base = ("/", base, ("num", 100.0))
        if self.next() != "^":
            return base
        self.take()
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail("There are too many powers of powers.")
        exponent = self.signed()
        self.depth -= 1
        return ("^", base, exponent)

    def primary(self) -> Tree:
        kind, place = self.next(), self.place()
        if kind == "end":
            raise self.fail("Something is missing at the end.")
        if kind == "num":
            return ("num", self.take().value[0])
        if kind == "infinity":
            self.take()
            return ("num", math.inf)
        if kind == "frac":
            self.take()
            return ("/", self.argument("\\frac"), self.argument("\\frac"))
        if kind == "root":
            return self.root()
        if kind in self.OPENING:
            return self.bracket()
        if kind == "|":
            self.take()
            self.bars += 1
            inside = self.sum()
            if self.next() != "|":
                raise self.fail("The closing bar | is missing here.")
            self.take()
            self.bars -= 1
            return ("fn", "abs", inside)
        if kind == "word":
            return self.word(self.take().value, place)
        if kind in ")]}":
            raise self.fail("Something is missing before this bracket.")
        raise self.fail(f"Something is missing before {kind}.")

    def bracket(self) -> Tree:
        opening, bars, self.bars = self.take(), self.bars, 0
        if self.next() == self.OPENING[opening.kind]:
            raise self.fail("There is nothing between these brackets.")
        inside = self.sum()
        if self.next() != self.OPENING[opening.kind]:
            missing = self.OPENING[opening.kind]
            if self.next() == "end":
                raise self.fail(
                    f"The bracket that opens here has no {missing}.", opening.place
                )
            raise self.fail(f"A closing {missing} is missing here.")
        self.take()
        self.bars = bars
        return inside

    def argument(self, name: str) -> Tree:
        """Of a fraction: a group in braces, or one digit or letter, as in LaTeX."""
        if self.next() == "{":
            return self.bracket()
        if self.next() == "num":
            token = self.tokens[self.at]
            digits = token.value[1]
            if re.fullmatch(r"\d+", digits):  # \frac12
                rest = digits[1:]
                if rest:
                    self.tokens[self.at] = Token(
                        "num", (float(rest), rest), token.place + 1
                    )
                else:
                    self.at += 1
                return ("num", float(digits[0]))
        if self.next() == "word":
            place = self.place()
            return self.word(self.take().value, place)
        raise self.fail(f"{name} needs two groups in braces, as in \\frac{{1}}{{2}}.")

    def root(self) -> Tree:
        self.take()
        degree: Tree | None = None
        if self.next() == "[":
            degree = self.bracket()
        if self.next() not in ("{", "(", "num", "word"):
            raise self.fail("\\sqrt needs something in braces, as in \\sqrt{2}.")
        inside = self.primary()
        if degree is None:
            return ("fn", "sqrt", inside)
        return ("^", inside, ("/", ("num", 1.0), degree))

    def word(self, word: str, place: int) -> Tree:
        short = key(word)
        if short in self.names:
            return ("sym", self.names[short])
        if short in FUNCTIONS:
            return self.function(short, place)
        if short in CONSTANTS:
            return ("num", CONSTANTS[short])
        if short in INFINITE:
            return ("num", math.inf)
        if greek := self.greek_for(word):
            return ("sym", greek)
        if pieces := self.split(short):
            tree = self.piece(pieces[0], place)
            for piece in pieces[1:]:
                tree = ("*", tree, self.piece(piece, place))
            return tree
        if found := re.fullmatch(r"([A-Za-z]+)(\d+)", word):
            if key(found[1]) in self.names or found[1] in GREEK:
                name, digits = found[1], found[2]
                raise self.fail(
                    f"{word} can be read in two ways: write {name}^{digits} or "
                    f"{digits}*{name}.",
                    place,
                )
            if found[1] in FUNCTIONS:
                raise self.fail(f"Write {found[1]}({found[2]}), with brackets.", place)
        raise self.unknown(word, place)

    def unknown(self, word: str, place: int) -> Unread:
        if word in UNITS:
            return self.fail("Leave the unit out.", place)
        names = list(self.names.values())
        alike = [name for name in names if key(name).lower() == key(word).lower()]
        if len(alike) == 1:
            return self.fail(
                f"{word} is not known here. Did you mean {alike[0]}? "
                "Capital and small letters differ.",
                place,
            )
        if not names:
            return self.fail(
                f"{word} is not known here: the answer is a number without symbols.", place
            )
        known = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        return self.fail(f"{word} is not known here: the answer is made of {known}.", place)

    def greek_for(self, word: str) -> str | None:
        """s stands for sigma, if no other Greek symbol of the question begins with s."""
        if len(word) != 1 or not word.isalpha():
            return None
        alike = [n for n in self.names.values() if n in GREEK and n[0] == word]
        return alike[0] if len(alike) == 1 else None

    def split(self, word: str) -> list[str]:
        """The one way to read a word as a product of names: xa, or Dlog."""
        if not word.isalpha():
            return []
        ways: list[list[list[str]]] = [[] for _ in word] + [[[]]]
        for start in reversed(range(len(word))):
            for end in range(start + 1, len(word) + 1):
                piece = word[start:end]
                is_name = piece in self.names or piece in CONSTANTS
                is_last = end == len(word) and piece in FUNCTIONS
                if is_name or is_last:
                    ways[start] += [[piece, *rest] for rest in ways[end][:2]]
        return ways[0][0] if len(ways[0]) == 1 and len(ways[0][0]) > 1 else []

    def piece(self, name: str, place: int) -> Tree:
        if name in self.names:
            return ("sym", self.names[name])
        if name in FUNCTIONS:
            return self.function(name, place)
        return ("num", CONSTANTS[name])

    def function(self, name: str, place: int) -> Tree:
        shown = name
        name = {"ln": "log", "Abs": "abs"}.get(name, name)
        exponent: Tree | None = None
        if self.next() == "^":
            self.take()
            exponent = self.signed() if self.next() != "{" else self.bracket()
            if exponent[0] != "num":
                raise self.fail(
                    f"Write the power after the bracket, as in {shown}(x)^2.", place
                )
        if self.next() in self.OPENING:
            inside = self.bracket()
        else:
            if name in ("log2", "log10"):
                raise self.fail(
                    f"Write log({name[3:]}) for a logarithm of {name[3:]}, or {name}(8) "
                    f"for the logarithm to the base {name[3:]}.",
                    place,
                )
            if self.next() not in self.BEGINS and self.next() != "|":
                raise self.fail(f"{shown} needs brackets, as in {shown}(x).")
            inside = self.power()
            is_function = (
                self.next() == "word" and key(self.tokens[self.at].value) in FUNCTIONS
            )
            if self.begins() and not is_function:
                raise self.fail(
                    f"How far does this {shown} reach? Write brackets: {shown}(...).", place
                )
        tree: Tree = ("fn", name, inside)
        return tree if exponent is None else ("^", tree, exponent)


def parse(text: str, symbols: Iterable[str] = ()) -> Tree:
    r"""The tree of what was typed.

    >>> parse("2 pi s^2", ["sigma"])[0], parse(r"\frac{1}{2} \log \sigma", ["sigma"])[1]
    ('*', ('/', ('num', 1.0), ('num', 2.0)))

    Args:
        text: Python, paper's way, LaTeX, or a mixture.
        symbols: the names that may occur, as Python writes them: `x_hat`, `alpha_bar_t`.

    Raises:
        Unread: with one sentence and a place, if it cannot be read or not in one way alone.
    """
    if len(text) > LONGEST:
        raise Unread(f"This is too long: at most {LONGEST} characters.", text, LONGEST)
    return _Parser(text, symbols).whole()


# ---------------------------------------------------------------- from a tree to a number
def power(base: float, exponent: float) -> float:
    """A real power; `nan` where there is none, as for (-8)^(1/3)."""
    try:
        value = base**exponent
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return value if isinstance(value, float) else math.nan


def evaluate(tree: Tree, at: Mapping[str, float]) -> float:
    """The value at a point, a real number, `inf` or `nan`.

    >>> evaluate(parse("-x^2", ["x"]), {"x": 3.0})
    -9.0
    """
    kind = tree[0]
    if kind == "num":
        return float(tree[1])
    if kind == "sym":
        return float(at[tree[1]])
    if kind == "fn":
        value = evaluate(tree[2], at)
        try:
            return FUNCTIONS[tree[1]](value)
        except (ValueError, OverflowError):
            return math.nan
    if len(tree) == 2:
        return -evaluate(tree[1], at)
    left, right = evaluate(tree[1], at), evaluate(tree[2], at)
    if kind == "+":
        return left + right
    if kind == "-":
        return left - right
    if kind == "*":
        return left * right
    if kind == "^":
        return power(left, right)
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    return left / right


def names_in(tree: Tree) -> set[str]:
    """The symbols that occur.

    >>> sorted(names_in(parse("a b + a", ["a", "b"])))
    ['a', 'b']
    """
    if tree[0] == "sym":
        return {tree[1]}
    return {name for part in tree[1:] if isinstance(part, tuple) for name in names_in(part)}


def to_sympy(tree: Tree, symbols: Mapping[str, Any]) -> Any:
    """The tree as a SymPy expression; decimals and whole numbers become exact fractions."""
    import sympy as sp

    kind = tree[0]
    if kind == "num":
        exact = {math.pi: sp.pi, math.e: sp.E, math.inf: sp.oo}
        return exact.get(tree[1]) or sp.Rational(str(tree[1]))
    if kind == "sym":
        return symbols[tree[1]]
    if kind == "fn":
        inside = to_sympy(tree[2], symbols)
        made = {
            "log2": lambda x: sp.log(x) / sp.log(2),
            "log10": lambda x: sp.log(x) / sp.log(10),
            "abs": sp.Abs,
            "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
            "softplus": lambda x: sp.log(1 + sp.exp(x)),
        }
        function: Callable[[Any], Any] = made.get(tree[1]) or getattr(sp, tree[1])
        return function(inside)
    if len(tree) == 2:
        return -to_sympy(tree[1], symbols)
    left, right = to_sympy(tree[1], symbols), to_sympy(tree[2], symbols)
    sign: dict[str, Callable[[], Any]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "^": lambda: left**right,
    }
    return sign[kind]()
