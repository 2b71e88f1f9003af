"""The second judge: SymPy shows an identity for all parameter values at once.

The evaluator is the same; the world is the linear-Gaussian one in one dimension with
symbols for its parameters, and a Gaussian integral is done by completing the square
(`sympy.integrate` takes seconds where this takes milliseconds). So 'proved' means: proved
on this model, for N = K = 2. What SymPy cannot settle stays 'tested'.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NoReturn

import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.polys.polyerrors import CoercionFailed

from . import names as _names  # noqa: F401 (registers what names and calls are worth)
from .densities import degree, term_by_term
from .evaluate import UNCOMPUTABLE, Budget, Calculus, Evaluator, Place
from .notation import COINS
from .quantity import Meaningless, Value
from .relation import Pair
from .scope import Scope
from .tree import CONST, Best, Cases, Derivative, Drawn, Integral, Node, Symbol, has_const
from .worlds import Foreign, LinearGaussian, gaussian

MOST_TERMS, MOST_OPERATIONS = 20, 400
FINEST = 1e-11  # relative: by less than this nothing differs
KNOWN = {math.pi: sp.pi, 2 * math.pi: 2 * sp.pi, math.e: sp.E, math.inf: sp.oo}


class Unprovable(Foreign):
    """Outside of what the prover can do; the numbers have to speak."""


# ---------------------------------------------------------------- arithmetic
@dataclass(frozen=True, eq=False)
class Formula(Value):
    """A sum of c * exp(e): a density keeps its exponent, for logs and integrals.

    >>> x = Formula.of(sp.Symbol("x"))
    >>> (x + x * Formula.of(2)).expr()
    3*x
    """

    terms: tuple[tuple[sp.Expr, sp.Expr], ...]  # pairs (c, e)

    @classmethod
    def of(cls, value: float | Fraction | sp.Expr) -> Formula:
        """A number or an expression, without an exponential."""
        return cls(((exact(value), sp.S.Zero),))

    @staticmethod
    def sum(terms: Iterable[tuple[sp.Expr, sp.Expr]]) -> Formula:
        """With the terms of one exponent collected."""
        collected: dict[sp.Expr, sp.Expr] = {}
        for c, e in terms:
            collected[e] = collected.get(e, 0) + c
        if len(collected) > MOST_TERMS:
            raise Unprovable("too many terms")
        return Formula(tuple((c, e) for e, c in collected.items() if c != 0))

    @property
    def single(self) -> bool:
        """One term with an exponent: a density, of which the logarithm is plain."""
        return len(self.terms) == 1 and self.terms[0][1] != 0

    def expr(self) -> sp.Expr:
        """As one expression of SymPy."""
        return sp.Add(*(c * sp.exp(e) for c, e in self.terms))

    def component(self, indices: tuple[int, ...]) -> Formula:
        if indices != (1,):
            raise Meaningless("no such component")
        return self

    def whole(self) -> int | None:
        expr = self.expr()
        return int(expr) if expr.is_Integer else None

    def __add__(self, other: Formula) -> Formula:
        return Formula.sum((*self.terms, *other.terms))

    def __neg__(self) -> Formula:
        return Formula(tuple((-c, e) for c, e in self.terms))

    def __mul__(self, other: Formula) -> Formula:
        return Formula.sum(
            (c * d, tidy(e + f) if e != 0 and f != 0 else e + f)
            for c, e in self.terms for d, f in other.terms
        )  # fmt: skip

    def odot(self, other: Formula) -> Formula:
        return self * other

    def __truediv__(self, other: Formula) -> Formula:
        if len(other.terms) == 1:
            ((c, e),) = other.terms
            return self * Formula(((1 / c, -e),))
        return self * Formula.of(1 / other.expr())

    def __pow__(self, exponent: Formula) -> Formula:
        power = exponent.expr()
        if len(self.terms) == 1:
            ((c, e),) = self.terms
            return Formula(((c**power, e * power),))
        if power.is_Integer and 0 < power <= 4:
            return math.prod([self] * (int(power) - 1), start=self)
        return Formula.of(self.expr() ** power)

    def log(self) -> Formula:
        if len(self.terms) == 1:
            ((c, e),) = self.terms
            return Formula.of(split_log(c) + e)
        return Formula.of(sp.log(self.expr()))

    def exp(self) -> Formula:
        if any(e != 0 for _, e in self.terms):
            raise Unprovable("exp of an exp")
        return Formula(((sp.S.One, tidy(self.expr())),))

    def function(self, name: str) -> Formula:
        if name in ("log", "exp"):
            return self.log() if name == "log" else self.exp()
        if name == "transpose":
            return self
        raise Unprovable(f"{name} has no rules here")

    def diff(self, symbol: sp.Symbol) -> Formula:
        """The derivative in a symbol."""
        slopes = ((sp.diff(c, symbol) + c * sp.diff(e, symbol), e) for c, e in self.terms)
        return Formula(tuple(slopes))

    def integrate(self, u: sp.Symbol) -> Formula:
        """Over the real line: each term is a polynomial times the exp of a quadratic."""
        return Formula.sum(part for c, e in self.terms for part in _integral(c, e, u))


@lru_cache(maxsize=256)
def exact(value: float | Fraction | sp.Expr) -> sp.Expr:
    """A number as SymPy's, a fraction where it is one."""
    if isinstance(value, sp.Expr):
        return value
    if value in KNOWN:
        return KNOWN[float(value)]
    if isinstance(value, Fraction):
        return sp.Rational(value)
    return sp.Rational(Fraction(value).limit_denominator(10**6))


class Average(sp.Function):
    """The integral over v of `inner` exp(`within`), where `inner` holds an unknown f."""

    nargs = 3

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        inner, within, v = self.args
        if symbol == v:
            return sp.S.Zero
        return averages(sp.diff(inner, symbol) + inner * sp.diff(within, symbol), within, v)


UNKNOWN = (AppliedUndef, sp.Derivative, sp.Subs, Average)


def averages(inner: sp.Expr, within: sp.Expr, v: sp.Symbol) -> sp.Expr:
    """Term by term, with what is free of v outside."""
    terms = sp.Add.make_args(sp.expand(inner))
    parts = (term.as_independent(v, as_Add=False) for term in terms)
    return sp.Add(
        *(outer * Average(rest, within, v) for outer, rest in parts if outer != 0)
    )


def _integral(c: sp.Expr, e: sp.Expr, u: sp.Symbol) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """An unknown f of u is not integrated; but two such integrals can be the same."""
    if not any(unknown.has(u) for unknown in c.atoms(*UNKNOWN)):
        yield _gaussian_integral(c, e, u)
        return
    for term in sp.Add.make_args(sp.expand(c)):
        calls = [call for call in term.atoms(AppliedUndef) if call.has(u)]
        if not calls:
            yield _gaussian_integral(term, e, u)
            continue
        # each level has a name of its own, the same on both sides of a relation
        v = sp.Symbol(f"v{sum(str(s)[0] == 'v' for s in term.free_symbols)}", real=True)
        inner, within = _in_place_of(u, calls[0], v, term, e)
        quadratic = sp.Poly(within, v)
        beyond = quadratic.coeff_monomial(1)
        yield averages(inner, tidy(within - beyond), v), tidy(beyond)


def _in_place_of(
    u: sp.Symbol, call: sp.Expr, v: sp.Symbol, *parts: sp.Expr
) -> list[sp.Expr]:
    """With v = mu + sigma u, as it stands in f(mu + sigma u), or v = u."""
    argument = call.args[0]
    stretch = sp.diff(argument, u)
    if not stretch.is_positive or stretch.has(u):
        argument, stretch = u, sp.S.One
    old = (v - argument.subs(u, 0)) / stretch
    inner, within = (tidy(part.subs(u, old)) for part in parts)
    return [inner / stretch, within]


@lru_cache(maxsize=4096)
def _gaussian_integral(c: sp.Expr, e: sp.Expr, u: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """exp(-a u^2 + b u + r) is a Gaussian of mean b/2a and variance 1/2a."""
    if sp.count_ops(c) + sp.count_ops(e) > MOST_OPERATIONS:
        raise Unprovable("too large")
    quadratic, polynomial = sp.Poly(e, u), sp.Poly(c, u)
    if quadratic.degree() != 2 or polynomial.degree() > 8:
        raise Unprovable("not a polynomial times a Gaussian")
    minus_a, b, r = (quadratic.coeff_monomial(u**k) for k in (2, 1, 0))
    a = tidy(-minus_a)
    if not _positive(a):
        raise Unprovable("the integral may diverge")
    mean, variance = tidy(b / (2 * a)), tidy(1 / (2 * a))
    moments = [sp.S.One, mean]
    for k in range(2, polynomial.degree() + 1):
        moments.append(tidy(mean * moments[k - 1] + (k - 1) * variance * moments[k - 2]))
    total = tidy(sum(coefficient * moments[k] for (k,), coefficient in polynomial.terms()))
    # The root of pi/a stays a logarithm: then it cancels against the density's own.
    return total, tidy(r + b**2 / (4 * a) + split_log(sp.pi / a) / 2)


def _positive(a: sp.Expr) -> bool:
    """By its form, or at two points: the numeric judge has found the integral finite."""
    symbols = sorted(a.free_symbols, key=str)
    values = {s: sp.Rational(7 + 3 * i, 8 + i) for i, s in enumerate(symbols)}
    twice = {s: 2 * value for s, value in values.items()}
    return bool(a.is_positive or a.subs(values) > 0 and a.subs(twice) > 0)


@lru_cache(maxsize=4096)
def split_log(expr: sp.Expr) -> sp.Expr:
    """log(a^2 b/c) = 2 log a + log b - log c; all that stands in a log here is positive."""
    return sp.expand_log(sp.log(sp.factor(tidy(expr))), force=True)


@lru_cache(maxsize=4096)
def tidy(expr: sp.Expr) -> sp.Expr:
    """The one reduced fraction of polynomials in the symbols, the logs and pi."""
    if expr.count_ops() > MOST_OPERATIONS:
        raise Unprovable("too long")
    names = {log: sp.Dummy() for log in expr.atoms(sp.log)}
    names |= {sp.pi: sp.Dummy()} if expr.has(sp.pi) else {}
    names |= {unknown: sp.Dummy() for unknown in expr.atoms(*UNKNOWN)}
    names |= {power: sp.Dummy() for power in expr.atoms(sp.Pow) if not power.exp.is_Integer}
    plain = expr.xreplace(names)
    symbols = sorted(plain.free_symbols, key=str)
    if not symbols:
        return expr
    field = sp.QQ.frac_field(*symbols)
    try:
        fraction = field.from_sympy(plain)
    except ValueError as error:  # SymPy's answer to what is no fraction of polynomials
        raise Unprovable("no fraction of polynomials") from error
    reduced = field.to_sympy(fraction)
    return reduced.xreplace({dummy: known for known, dummy in names.items()})


def is_zero(expr: sp.Expr) -> bool:
    """A fraction of polynomials that vanishes identically, after the logs are split."""
    logs = {log: split_log(log.args[0]) for log in expr.atoms(sp.log)}
    return tidy(expr.xreplace(logs)) == 0


# ---------------------------------------------------------------- the world of symbols
At = Evaluator[Formula]


def named(name: str, positive: bool = False) -> Formula:
    """A symbol for a real, perhaps positive, number."""
    return Formula.of(sp.Symbol(name, positive=positive or None, real=True))


class SymbolicLine(LinearGaussian[Formula]):
    """The linear-Gaussian world with symbols for its parameters."""

    N = K = M = B = L = 2

    def __getitem__(self, name: str) -> Formula:
        if name == "noise":
            return Formula.of(1)
        return named(name, positive=name == "t" or "scale" in name)

    def variable(self, name: str, index: tuple[int, ...]) -> Formula:
        return named("_".join([name, *map(str, index)]))

    def free(self, name: str, shape: tuple[int, ...], kind: str) -> Formula:
        return named(f"free {name}", positive=kind != "real")

    def unsized(self, name: str) -> Formula:
        return Formula.of(0 if name == "0" else 1)

    def any_function(
        self, name: str, values: list[Formula], traits: frozenset[str], group: str
    ) -> Formula:
        own = [self[key] for key in self.groups.get(group, ())]
        arguments = [tidy(value.expr()) for value in (*values, *own)]
        return Formula.of(sp.Function(name)(*arguments))


class Symbols(Calculus[Formula]):
    """What a `Calculus` promises, by SymPy: squares are completed, and slopes are exact."""

    def number(self, value: float | Fraction) -> Formula:
        return Formula.of(value)

    def law(self, name: str, value: Formula, parameters: list[Formula]) -> Formula:
        if name in COINS:
            raise Unprovable("a sum over bits")
        mean, variance = parameters
        return gaussian(value, mean, variance)

    def discrete(self, name: str) -> bool:
        return False

    def integrate(
        self, at: At, places: list[Place], body: Callable[[list[Formula]], Formula],
        mean: bool = False,
    ) -> Formula:  # fmt: skip
        fresh = [sp.Symbol(f"u{at.depth + i}", real=True) for i in range(len(places))]
        points = [Formula.of(u) for u in fresh]
        bound = {**at.bound, **dict(zip(places, points, strict=True))}
        with at.within(depth=at.depth + len(places), bound=bound):
            value = body(points)
        for u in reversed(fresh):
            value = value.integrate(u)
        return value

    def tends(self, values: list[Formula]) -> None:
        if len(values) > 1:
            raise Unprovable("a limit")

    def slope(
        self, at: At, symbol: Symbol, squared: bool, body: Callable[[], Formula]
    ) -> Formula:
        value = symbol_of(symbol, at)
        slope = body().diff(value)
        return slope / Formula.of(2 * value) if squared else slope

    def gradient(self, at: At, node: Derivative) -> Formula:
        """A sum with unlike weights stands for the vector of all slopes."""
        value = at(node.body)
        slopes = (value.diff(symbol) for symbol in varied(node.variables, at))
        weighted = (Formula.of(sp.Integer(w)) * s for w, s in enumerate(slopes, start=2))
        return sum(weighted, start=Formula(()))

    def between(self, at: At, place: Place, node: Integral) -> NoReturn:
        raise Unprovable("an integral with limits")

    def moved(
        self,
        at: At,
        way: dict[str, np.ndarray],
        step: float,
        body: Callable[[], Formula],
    ) -> NoReturn:
        raise Unprovable("only numbers can be moved")

    def maximisers(self, at: At, node: Best) -> NoReturn:
        raise Unprovable("only numbers are searched")

    def choose(self, at: At, node: Cases) -> NoReturn:
        raise Unprovable("cases")

    def inverse(self, at: At, name: Symbol, argument: Node) -> NoReturn:
        raise Unprovable("only numbers are searched")


def varied(nodes: tuple[Node, ...], at: At) -> list[sp.Symbol]:
    """The symbols behind theta, phi, or single names."""
    symbols: list[sp.Symbol] = []
    for node in nodes:
        key = node.key if isinstance(node, Symbol) else ""
        group = at.world.groups.get(key)
        if group is None:
            symbols.append(symbol_of(node, at))
            continue
        symbols += [at.world[name].expr() for name in group]
        if key == "theta":
            symbols += [symbol_of(Symbol(name), at) for name in at.scope.theta]
    return symbols


def symbol_of(node: Node, at: At) -> sp.Symbol:
    """The symbol that a name stands for."""
    value = at(node).expr()
    if not value.is_Symbol:
        raise Unprovable("the slope in something that is no symbol")
    return value


# ---------------------------------------------------------------- proving
class Prover:
    """Tries every relation of one block; sides are evaluated once."""

    def __init__(self, scope: Scope):
        self.scope, self.world = scope, SymbolicLine(0)
        self.memory: dict[tuple[Node, tuple[Drawn, ...]], Formula] = {}

    def evaluator(self) -> At:
        """A fresh walk in the world of symbols."""
        return Evaluator(self.world, self.scope, Symbols(), Budget())

    def value(self, node: Node, samples: tuple[Drawn, ...] = ()) -> Formula:
        """A side, averaged over the samples; computed once."""
        if (node, samples) not in self.memory:
            at = self.evaluator()
            self.memory[node, samples] = term_by_term(samples, lambda: at(node), at)
        return self.memory[node, samples]

    def proves(self, pair: Pair) -> bool:
        """Does SymPy show it? False where it does not settle it."""
        if pair.relation not in ("=", "≈", ":="):
            return False
        try:
            return self._proves(pair)
        except (Foreign, Meaningless, *UNCOMPUTABLE):
            return False
        except (sp.PolynomialError, CoercionFailed):
            return False  # SymPy's own limits

    def refutes(self, pair: Pair) -> bool:
        """Do the sides differ, by less than doubles can tell? At one point, exactly."""
        if pair.relation != "=" or has_const(*pair.sides) or self.scope.conditions:
            return False
        nodes = (node for side in pair.sides for node in side.walk())
        if any(isinstance(node, Derivative) and node.nabla for node in nodes):
            return False  # a gradient is a slope in one direction here
        try:
            f, g = (self.value(side).expr() for side in pair.sides)
            symbols = sorted(f.free_symbols | g.free_symbols, key=str)
            point = {s: sp.Rational(7 + 3 * i, 8 + i) for i, s in enumerate(symbols)}
            a, b, gap = (sp.N(part.subs(point), 30) for part in (f, g, f - g))
        except (Foreign, Meaningless, *UNCOMPUTABLE, sp.PolynomialError, CoercionFailed):
            return False
        known = all(part.is_Float or part == 0 for part in (a, b, gap))
        return bool(known and abs(gap) > FINEST * max(abs(a), abs(b)))

    def _proves(self, pair: Pair) -> bool:
        left, right = pair.sides
        samples = (pair.samples or self.scope.samples) if pair.relation == "≈" else ()
        if isinstance(left, Best) and isinstance(right, Best):
            linear = not samples or degree(right.body, self.scope, samples) <= 1
            return linear and self._same_maximiser(left, right, samples)
        if isinstance(left, Best) or isinstance(right, Best):
            return False
        if samples and degree(right, self.scope, samples) > 1:
            return False
        f, g = self.value(left), self.value(right, samples)
        if has_const(*pair.sides):
            if any(node.of for side in pair.sides for node in side.walk() if node == CONST):
                return False
            gap = tidy(f.expr() - g.expr())
            names = (s for s in gap.free_symbols if not str(s).startswith("p_*"))
            return all(is_zero(sp.diff(gap, s)) for s in names)
        if f.single and g.single:
            f, g = f.log(), g.log()
        return is_zero(f.expr() - g.expr())

    def _same_maximiser(self, left: Best, right: Best, samples: tuple[Drawn, ...]) -> bool:
        """Up to a constant and a factor of N the two are the same function."""
        if set(left.arguments) != set(right.arguments):
            return False
        symbols = varied(left.arguments, self.evaluator())
        values = self.value(left.body), self.value(right.body, samples)
        f, g = (tidy((h.log() if h.single else h).expr()) for h in values)
        sign = 1 if left.sense == right.sense else -1
        for factor in (1, self.world.N, sp.Rational(1, self.world.N)):
            gap = tidy(f - sign * factor * g)
            if all(is_zero(sp.diff(gap, s)) for s in symbols):
                return True
        return False
