"""How assignment 2 is judged. Private: not for students."""

import math
import random
from collections.abc import Sequence

import torch
from torch.distributions import Normal, kl_divergence

from classroom.checks import (
    Answer,
    Averages,
    Case,
    Derivation,
    Property,
    Task,
    Wrong,
    expect_close,
    expect_drawn,
    expect_near,
    expect_own_errors,
    expect_raised,
    rounded,
    shown,
)


def two_gaussians(rng: random.Random) -> Case:
    mus = {f"mu_{k}": rounded(rng, -2, 2) for k in (1, 2)}
    return mus | {f"sigma_{k}": rounded(rng, 0.4, 2.5) for k in (1, 2)}


def densities(case: Case) -> tuple[Normal, Normal]:
    return tuple(
        Normal(
            torch.tensor(case[f"mu_{k}"]).double(),
            torch.tensor(case[f"sigma_{k}"]).double(),
        )
        for k in (1, 2)
    )


def kl_cases(rng: random.Random) -> list[Case]:
    same = two_gaussians(rng)
    same |= {"mu_2": same["mu_1"], "sigma_2": same["sigma_1"]}
    # narrow inside wide: a log term with the wrong sign makes it negative
    nested = {"mu_1": rounded(rng, -1, 1), "mu_2": rounded(rng, -1, 1)}
    nested |= {"sigma_1": rounded(rng, 0.3, 0.5), "sigma_2": rounded(rng, 2, 3)}
    wrong = [
        two_gaussians(rng) | {sigma: value}
        for sigma in ("sigma_1", "sigma_2")
        for value in (-rounded(rng, 0.2, 1), 0.0)
    ]
    return [*(two_gaussians(rng) for _ in range(3)), nested, same, *wrong]


def kl_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:4]:
        p, q = densities(answer.case)
        truth, value = kl_divergence(p, q), answer.number()
        hint = "Set it beside the closed form, term by term."
        log_ratio = torch.log(q.scale / p.scale)
        if math.isclose(value, kl_divergence(q, p), rel_tol=1e-6):
            hint = "That is the other way round: which density is averaged over?"
        elif math.isclose(value, truth - 2 * log_ratio, rel_tol=1e-6):
            hint = "Look at the sign of the log term."
        elif value < 0:
            hint = (
                "A KL is never negative: look at the sign of the log term, and at the -1/2."
            )
        expect_close(answer, value, truth, hint)


def kl_never_negative(answers: Sequence[Answer]) -> None:
    for answer in answers[:5]:
        if answer.number() < -1e-9:
            hint = "A KL is never negative: look at the sign of the log term."
            raise answer.wrong("you returned {value}", hint, value=shown(answer.number()))
    expect_close(
        answers[4], answers[4].number(), 0.0, "A density has no divergence from itself."
    )


def kl_refuses(answers: Sequence[Answer]) -> None:
    for answer in answers[5:]:
        hint = "A standard deviation is positive."
        expect_raised(answer, "ValueError", hint, answers[:5])


def estimate_cases(rng: random.Random) -> list[Case]:
    first = two_gaussians(rng) | {"sigma_2": rounded(rng, 1.5, 2.5), "n": 8000}
    seeds = [rng.randrange(2**31) for _ in range(3)]
    second = two_gaussians(rng) | {"sigma_2": rounded(rng, 1.5, 2.5), "n": 8000}
    order = [(first, 0), (first, 0), (first, 1), (second, 2)]
    few = {"mu_1": 0.0, "mu_2": 0.0, "sigma_1": 1.0, "sigma_2": 2.0, "n": 2}
    many = [few | {"generator": rng.randrange(2**31)} for _ in range(FEW)]
    return [*(case | {"generator": seeds[k]} for case, k in order), *many]


FEW = 24  # cases with two samples each
HIGHEST = math.log(2)  # of a log-ratio in them: log 2 - 3/8 x^2


def of_two_ratios(mean: float, error: float) -> bool:
    """Both lie below the highest, so their difference is bounded, too."""
    return mean <= HIGHEST + 1e-6 and error <= 1.01 * (HIGHEST - mean) + 1e-6


def estimate_error(case: Case) -> float:
    """Of the mean of n log-ratios, a quadratic in a standard normal."""
    p, q = densities(case)
    a = 0.5 * (p.variance / q.variance - 1)
    b = p.scale * (p.mean - q.mean) / q.variance
    return torch.sqrt((2 * a**2 + b**2) / case["n"]).item()


def estimate_value(answers: Sequence[Answer]) -> None:
    for answer in answers[:4]:
        value = answer.tensor(value=answer.items(2)[0]).item()
        p, q = densities(answer.case)
        hint = "The samples come from the first density, and so does the first log-density."
        truth, error = kl_divergence(p, q).item(), estimate_error(answer.case)
        expect_near(answer, value, truth, error, hint)
    expect_drawn(answers[4:], HIGHEST - 0.375, 0.375, of_two_ratios)


def estimate_standard_error(answers: Sequence[Answer]) -> None:
    for answer in answers[:4]:
        value = answer.tensor(value=answer.items(2)[1]).item()
        ratio = value / estimate_error(answer.case)
        hint = "It is the standard deviation of the log-ratios, over the root of n."
        if ratio > 10:
            hint = (
                "That is the spread of one log-ratio; the mean of n of them spreads less."
            )
        if not 0.75 < ratio < 1.35:
            raise answer.wrong("your standard error is {error}", hint, error=shown(value))
    expect_own_errors(answers[4:], of_two_ratios)


def estimate_is_random(answers: Sequence[Answer]) -> None:
    first, again, other = (a.tensor(value=a.items(2)[0]).item() for a in answers[:3])
    if first != again:
        raise Wrong("Two generators with one seed gave two results: use only `generator`.")
    if first == other:
        raise Wrong(
            "Two different seeds gave one result: is that an estimate from samples?"
        )


def elbo_cases(rng: random.Random) -> list[Case]:
    free = [
        {
            "x": rounded(rng, -3, 3),
            "w": rounded(rng, 0.5, 2),
            "m": rounded(rng, -1, 1),
            "s": rounded(rng, 0.3, 1.5),
        }
        for _ in range(4)
    ]
    # At the posterior the bound is tight: there whatever is too large lies above it.
    x, w = free[0]["x"], free[0]["w"]
    tight = {"m": round(w * x / (1 + w**2), 2), "s": round((1 + w**2) ** -0.5, 2)}
    return [free[0] | tight, *free[1:]]


def elbo_truth(case: Case, m: float, s: float) -> float:
    square = (case["x"] - case["w"] * m) ** 2 + case["w"] ** 2 * s**2
    kl = kl_divergence(Normal(m, s), Normal(0.0, 1.0)).item()
    return -0.5 * math.log(2 * math.pi) - 0.5 * square - kl


def elbo_values(answers: Sequence[Answer]) -> None:
    for answer in answers:
        value = answer.tensor(value=answer.items(3)[0]).item()
        truth = elbo_truth(answer.case, answer.case["m"], answer.case["s"])
        hint = "It is the expected log-likelihood minus the KL to the prior."
        if math.isclose(value, truth + 0.5 * math.log(2 * math.pi), rel_tol=1e-5):
            hint = "The constant with 2 pi is missing."
        elif math.isclose(
            value, truth + 0.5 * answer.case["w"] ** 2 * answer.case["s"] ** 2, rel_tol=1e-5
        ):
            hint = "z is random: the expected square holds the variance of w z, too."
        expect_close(answer, value, truth, hint, rtol=1e-5)


def elbo_is_a_bound(answers: Sequence[Answer]) -> None:
    for answer in answers:
        value, case = answer.tensor(value=answer.items(3)[0]).item(), answer.case
        evidence = Normal(0.0, math.sqrt(1 + case["w"] ** 2)).log_prob(
            torch.tensor(case["x"])
        )
        if value > evidence + 1e-4:
            raise answer.wrong(
                "{value} lies above the evidence: no bound.", value=shown(value)
            )
        truth = elbo_truth(case, case["m"], case["s"])
        if value < truth - 5:
            raise answer.wrong("{value} is far below the ELBO.", value=shown(value))


def elbo_posterior(answers: Sequence[Answer]) -> None:
    for answer in answers:
        mean, deviation = (answer.tensor(value=v).item() for v in answer.items(3)[1:])
        x, w = answer.case["x"], answer.case["w"]
        hint = "For the mean. Complete the square in z of log p(x | z) + log p(z)."
        expect_close(answer, mean, w * x / (1 + w**2), hint, rtol=1e-5)
        hint = "For the deviation. Complete the square in z of log p(x | z) + log p(z)."
        if math.isclose(deviation, 1 / (1 + w**2), rel_tol=1e-5):
            hint = "For the deviation. That is the variance."
        expect_close(answer, deviation, (1 + w**2) ** -0.5, hint, rtol=1e-5)


def bits_cases(rng: random.Random) -> list[Case]:
    def probabilities(n: int) -> list[float]:
        weights = [rng.randint(1, 9) for _ in range(n)]
        return [w / sum(weights) for w in weights]

    q = probabilities(3)
    apart = {"p": probabilities(4), "q": probabilities(4)}
    while bits_truth(apart) < 0.05:  # where nats and bits are nearly the same
        apart = {"p": probabilities(4), "q": probabilities(4)}
    return [
        apart,
        {"p": [0.0, *q], "q": probabilities(4)},
        {"p": probabilities(3), "q": [0.0, 0.5, 0.5]},
        *({"p": bad, "q": probabilities(4)} for bad in no_probabilities(rng)),
        *({"p": probabilities(4), "q": bad} for bad in no_probabilities(rng)),
    ]


def no_probabilities(rng: random.Random) -> list[list[float]]:
    """One with a negative entry and the right sum, and two with a wrong sum."""
    a = rounded(rng, 0.05, 0.3)
    negative = [-a, a, 0.5, 0.5]
    rng.shuffle(negative)
    return [negative, [0.3, 0.3, 0.3, 0.1 + a], [0.2, 0.3, 0.3, 0.1]]


def bits_truth(case: Case) -> float:
    pairs = zip(case["p"], case["q"], strict=True)
    return sum(a * math.log2(a / b) for a, b in pairs if a > 0)


def bits_values(answers: Sequence[Answer]) -> None:
    first = answers[0]
    hint = "Bits have the logarithm to base 2."
    expect_close(first, first.number(), bits_truth(first.case), hint)


def bits_zero(answers: Sequence[Answer]) -> None:
    second = answers[1]
    hint = "Where p is zero a term counts as 0."
    expect_close(second, second.number(), bits_truth(second.case), hint)


def bits_infinite(answers: Sequence[Answer]) -> None:
    third, hint = answers[2], "q is zero where p is not: is that finite?"
    if third.raised:
        raise third.wrong("your function raised {error}", hint, error=third.raised)
    if third.value != math.inf:
        raise third.wrong("you returned {value}", hint, value=shown(third.value))


def bits_refuses(answers: Sequence[Answer]) -> None:
    for answer in answers[3:]:
        hint = "One of them is no vector of probabilities: look at entries and sums."
        expect_raised(answer, "ValueError", hint, answers[:3])


TASKS = {
    "gaussian-kl": Task(
        kl_cases,
        [
            Property("the values", 2, kl_values),
            Property("never negative, and zero from itself", 1, kl_never_negative),
            Property("refuses a deviation that is not positive", 1, kl_refuses),
        ],
    ),
    "monte-carlo-kl": Task(
        estimate_cases,
        [
            Property("the estimate", 2, estimate_value),
            Property("its standard error", 1, estimate_standard_error),
            Property("it comes from the generator's samples", 1, estimate_is_random),
        ],
    ),
    "elbo": Task(
        elbo_cases,
        [
            Property("the values", 2, elbo_values),
            Property("a lower bound", 1, elbo_is_a_bound),
            Property("the posterior", 2, elbo_posterior),
        ],
    ),
    "kl-bits": Task(
        bits_cases,
        [
            Property("the values", 1, bits_values),
            Property("zeros of p", 1, bits_zero),
            Property("infinite where it is", 1, bits_infinite),
            Property("refuses what is no vector of probabilities", 1, bits_refuses),
        ],
    ),
    "kl-by-hand": Derivation(
        start=r"D_{\mathrm{KL}}(p(x) \,\|\, q(x))",
        end=r"\log \frac{\sigma_2}{\sigma_1} - \frac{1}{2}"
        r" + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2}",
        given=(
            r"p(x) := \mathcal{N}(x; \mu_1, \sigma_1^2), "
            r"q(x) := \mathcal{N}(x; \mu_2, \sigma_2^2)",
        ),
        points=4,
        min_steps=3,
        stages=(
            Averages(
                "the averages that are left",
                "x",
                (
                    r"\frac{(x - \mu_2)^2}{2 \sigma_2^2}"
                    r" - \frac{(x - \mu_1)^2}{2 \sigma_1^2}",
                    r"\frac{(x - \mu_2)^2}{2 \sigma_2^2}",
                    r"-\frac{(x - \mu_1)^2}{2 \sigma_1^2}",
                ),
            ),
        ),
    ),
}
