"""The sorts of slips, and what is to be learned from each.

What a sort's text says must be true of every slip of that sort: it is chosen by what was
changed (`sort_of`), not by the chain.
"""
# ruff: noqa: E501 (a sentence stays on its line)

from __future__ import annotations

import re
from dataclasses import dataclass

from .mutants import Mutant

GRADES = {1: "plain", 2: "harder", 3: "hidden"}


@dataclass(frozen=True)
class Kind:
    """A sort of slip: how hard it is to see, its name, and what is true of all of it.

    `exhibit` is the number of the bug museum's room with one of this sort, or 0.
    """

    grade: int
    name: str
    why: str
    exhibit: int = 0


KINDS = {
    "log": Kind(1, "a lost logarithm",
        "Densities are multiplied, their logarithms are added. "
        "A line that has lost its log mixes the two."),
    "argmax": Kind(1, "argmax and argmin",
        "A log-likelihood is to be large; minus a log-likelihood, or a divergence, is to be small. "
        "Each time the sign turns, argmax becomes argmin, and one of the two changes is forgotten."),
    "product": Kind(1, "a sum and a product",
        "Independent densities are multiplied; their logarithms are added, and so are the terms of a mean. "
        "Say in words what is put together, and the sign follows."),
    "denominator": Kind(1, "a lost denominator",
        "What stands below a fraction bar is easily dropped when a line is copied in a hurry. "
        "What one line divides by, the next must divide by as well, or say where it went."),
    "weight": Kind(1, "a lost density under the integral",
        "An expectation is an integral against a density. "
        "Without the density every value counts alike, however improbable it is."),
    "condition": Kind(1, "a lost condition",
        "Without its condition a density is another one: an average over all that could have been given. "
        "The condition is dropped when a line is shortened."),
    "root": Kind(1, "a lost root",
        "A root is the power one half, and under a logarithm a factor of one half. "
        "Next to a fraction bar the bar of the root is easily overlooked."),
    "sign": Kind(2, "a sign",
        "A minus in front of a bracket, a fraction or an integral belongs to all that it stands before. "
        "Copied term by term, it gets lost. Put a number in for each symbol: a wrong sign seldom survives that.", 1),
    "half": Kind(2, "a lost half",
        "The eye goes to what stands in the bracket, and the factor in front of it is not copied. "
        "Without the one half, what it stood before counts twice.", 2),
    "mean": Kind(2, "a sum for a mean",
        "A sum grows with the number of its terms, a mean does not: one over that number makes the difference. "
        "It is lost when the sum is copied without what stands in front.", 7),
    "square": Kind(2, "a lost square",
        "A small raised 2 is easily lost in copying. "
        "Make the squared quantity ten times as large: its square grows a hundred times."),
    "difference": Kind(2, "the square of a difference",
        "The square of a difference has three terms: (a − b)² = a² − 2ab + b². "
        "The shorter a² − b² can be negative, which no square can."),
    "log of a sum": Kind(2, "the logarithm of a sum",
        "A logarithm turns a product into a sum. For the logarithm of a sum there is no such rule: "
        "log(a + b) is not log a + log b."),
    "fraction": Kind(2, "a fraction turned over",
        "A fraction that is turned over becomes its reciprocal; inside a logarithm, that changes the sign. "
        "It happens where the same two quantities stand in line after line, now one above, now the other."),
    "hat": Kind(2, "a lost hat",
        "A hat marks what was estimated or put out by a network; the bare letter is something else. "
        "The hat is small, and the two letters often stand side by side."),
    "index": Kind(2, "a lost sample index",
        "The raised index says which sample is meant. Without it the letter stands for something else, "
        "and a sum over the samples no longer reaches it."),
    "bound": Kind(2, "a bound turned round",
        "The direction of a bound is remembered rather than derived, and so it turns round. "
        "Ask what was left out: without something that is never negative, a sum is smaller or the same."),
    "constant": Kind(2, "a lost constant",
        "A constant changes no maximiser, and so it is often dropped on the way. In an equation it is missing, "
        "and the nats of two models can no longer be compared.", 5),
    "variance": Kind(3, "a variance and a standard deviation",
        "The standard deviation and its square, the variance, are both called the width, and books and programs take either. "
        "Units tell them apart: the standard deviation has those of the variable, the variance has their square.", 3),
    "log scale": Kind(3, "the logarithm of a deviation, or of a variance",
        "log σ² is 2 log σ. Both are called the logarithm of the width, and networks put out either: "
        "the factor of two between them is lost on the way.", 10),
    "density": Kind(3, "one density for another",
        "Two densities stand side by side in such lines, a letter apart, and the hand writes one for the other. "
        "Ask of each what it is there for: to average over, or to be compared."),
    "population": Kind(3, "the data's density and the model's",
        "The data come from one density, and the model has another; they agree only if the model is perfect. "
        "Ask of each average: over whose draws is it taken?"),
    "bar": Kind(3, "a condition turned round",
        "The bar is read 'given': what stands behind it is known. Turned round, the same letters name another density, "
        "and Bayes' rule says how the two differ."),
    "joint": Kind(3, "a joint density and a conditional one",
        "A joint density is a conditional one times the density of what is given: p(x, z) = p(x | z) p(z). "
        "A comma in place of a bar, or a bar in place of a comma, makes one factor too many or too few."),
    "same sample": Kind(3, "one sample for all",
        "With the index 1, the first sample stands in every term of the sum, as if only one had been drawn. "
        "Programs make this slip, too: one noise vector for a whole batch.", 13),
    "limit": Kind(3, "a limit of a sum",
        "The limits of sums and products look alike everywhere, and so they are not read. "
        "Count the terms: here one is left out."),
    "size": Kind(3, "one size for another",
        "D counts the components of x, and H those of z. Where the two are equal this slip is invisible, "
        "so never give two sizes the same value in a test.", 4),
    "equal": Kind(3, "an equality for a bound",
        "Between these two lines something is given away, and an equals sign says that nothing is. "
        "Ask when the part that was given away is zero: only then are both sides equal."),
    "two pi": Kind(3, "the constant of a Gaussian",
        "A Gaussian density has area one because it is divided by the square root of 2πσ². "
        "Training does not notice another constant, and so nobody does.", 5),
    "divergence": Kind(3, "the arguments of a divergence",
        "The KL divergence is not symmetric: it averages over its first density. "
        "With the two exchanged it is zero in the same case, and has another value in nearly all others."),
    "log of an average": Kind(3, "the logarithm of an average",
        "The logarithm of an average is not the average of the logarithms. "
        "By Jensen's inequality it is larger, unless all that is averaged is the same."),
    "one less": Kind(3, "N − 1 for N",
        "N − 1 belongs to the sample variance, which is taken around an estimated mean. "
        "A mean of N terms is divided by N, and so is the variance of such a mean."),
    "stretch": Kind(3, "a change of variables",
        "With z = μ + σ ε the axis is stretched: dz is σ dε. "
        "Without the factor the density no longer integrates to one."),
}  # fmt: skip

# Of the mutators' kinds, those that are one sort of slip wherever they apply.
SORTS = {
    "added minus": "sign", "fraction turned": "fraction", "denominator dropped": "denominator", "lost log": "log",
    "argmin for argmax": "argmax", "argmax for argmin": "argmax",
    "sum for product": "product", "product for sum": "product",
    "inequality turned": "bound", "equal for bound": "equal", "pi for 2 pi": "two pi",
    "p for q": "density", "q for p": "density", "wrong population": "population",
    "conditioning turned": "bar", "bar turned": "bar", "conditioning lost": "condition",
    "joint for conditional": "joint", "conditional for joint": "joint",
    "comma for bar": "joint", "wrong lower limit": "limit", "last term lost": "limit",
    "lost sample index": "index", "root dropped": "root", "lost constant": "constant",
    "arguments of KL exchanged": "divergence", "square of a difference": "difference",
    "log of a sum": "log of a sum", "log of an average": "log of an average",
    "N minus one": "one less", "lost stretch": "stretch",
}  # fmt: skip
Q, POSTERIOR, LIKELIHOOD = (
    r"q_{\phi}(z \mid x)", r"p_{\theta}(z \mid x)", r"p_{\theta}(x \mid z)",
)  # fmt: skip
# Densities that are taken for one another.
LOOK_ALIKE = {
    frozenset(pair): sort
    for sort, pairs in {
        "density": [("p(z)", "q(z)"), ("p(x)", "q(x)"), (Q, POSTERIOR), (Q, "p(z)"),
                    ("q(z)", POSTERIOR), (r"q_{\phi}(z)", "p(z)")],
        "population": [(r"p_{*}(x)", r"p_{\theta}(x)")],
        "bar": [(POSTERIOR, LIKELIHOOD)],
        "joint": [(r"p_{\theta}(x, z)", LIKELIHOOD)],
    }.items()
    for pair in pairs
}  # fmt: skip
WIDTH = re.compile(r"(\\sigma|\\tau|(?<![A-Za-z\\])s)(_\w)?$")  # the name of a deviation


def sort_of(mutant: Mutant, source: str) -> str:
    """Which of `KINDS` a mutant is; '' for none of them: nobody would make that slip."""
    kind, old, new = mutant.kind, mutant.old, mutant.new
    left, right = source[: mutant.begin], source[mutant.begin + len(old) :]
    if kind == "lost factor":
        return "half" if "{2}" in old else "mean"
    if kind == "lost square":
        if not WIDTH.search(left):
            return "square"
        return "log scale" if WIDTH.sub("", left).endswith(r"\log ") else "variance"
    if kind == "added square":
        if not WIDTH.search(old):
            return ""
        return "log scale" if left.endswith(r"\log ") else "variance"
    if kind in ("lost minus", "sign"):  # a term that begins with a minus loses it
        begins = re.search(r"(&\s*(:=|=|\\[gl]eq|\\approx)?|[({\[=]|\\left.)\s*$", left)
        return "sign" if bool(begins) == (kind == "lost minus") else ""
    if kind == "lost accent":
        return "hat" if old.startswith(r"\hat") else ""
    if kind == "lost hat":
        return "hat"
    if kind in ("denominator dropped", "fraction turned"):
        number = re.match(r"\\frac\{(1|[A-Z]|-?\d+)\}", old)
        return "" if number or right.startswith("^") else SORTS[kind]
    if kind == "lost weight":
        return "weight" if re.match(r" *(\\(log|left|frac|nabla)|f\()", right) else ""
    if kind == "wrong sample index":
        letter = old[3:-2]
        line = left.rpartition("\n")[2] + right.partition("\n")[0]
        return "same sample" if rf"\sum_{{{letter}=1}}" in line else ""
    if kind == "wrong upper limit":
        return "size" if new.endswith(("{H}", "{D}")) else ""
    if {old, new} == {"D", "H"}:  # but not the D of a divergence
        return "" if right.startswith("_") else "size"
    if {old, new} == {"p", "q"}:
        return "density" if right.startswith("(") else ""
    if kind.startswith("density "):
        return LOOK_ALIKE.get(frozenset((old, new)), "")
    return SORTS.get(kind, "")
