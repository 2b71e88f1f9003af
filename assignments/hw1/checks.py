"""How assignment 1 is judged. Private: not for students."""

import math
import random
from collections.abc import Sequence

import torch
from torch.distributions import Normal

from classroom.checks import (
    Answer,
    Case,
    Derivation,
    Property,
    Shows,
    Task,
    Wrong,
    expect_close,
    expect_drawn,
    expect_near,
    expect_own_errors,
    rounded,
    shown,
)


def density_cases(rng: random.Random) -> list[Case]:
    near = [
        {
            "x": [rounded(rng, -3, 3) for _ in range(3)],
            "mu": rounded(rng, -1, 1),
            "sigma": rounded(rng, 0.3, 3),
        }
        for _ in range(3)
    ]
    return [*near, {"x": [rounded(rng, 90, 120), 0.5], "mu": 0.0, "sigma": 1.0}]


def density_truth(answer: Answer) -> torch.Tensor:
    case = answer.case
    return Normal(case["mu"], case["sigma"]).log_prob(torch.tensor(case["x"]).double())


def density_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:3]:
        value, truth, sigma = answer.tensor(3), density_truth(answer), answer.case["sigma"]
        hint = "Set it beside the formula of the Gaussian density, term by term."
        for wrong, said in [
            (truth.exp(), "That is the density; its logarithm is asked for."),
            (truth + math.log(sigma), "Look at the term with log sigma: where is it?"),
            (truth + 0.5 * math.log(2 * math.pi), "The constant with 2 pi is missing."),
            (Normal(answer.case["mu"], sigma**0.5).log_prob(
                torch.tensor(answer.case["x"]).double()
            ), "It looks as if sigma were taken for the variance."),
        ]:  # fmt: skip
            if torch.allclose(value, wrong, rtol=1e-5, atol=1e-5) and not torch.allclose(
                wrong, truth
            ):
                hint = said
        expect_close(answer, value, truth, hint, rtol=1e-5)


def density_tail(answers: Sequence[Answer]) -> None:
    far = answers[3]
    hint = "So far out the density itself is 0 in a computer: take the logarithm by hand."
    value = far.tensor(2, hint=hint)
    expect_close(far, value, density_truth(far), hint, rtol=1e-5)


def mle_cases(rng: random.Random) -> list[Case]:
    return [{"x": [rounded(rng, -4, 4) for _ in range(n)]} for n in (5, 8, 1)]


def mle_mean(answers: Sequence[Answer]) -> None:
    for answer in answers[:2]:
        value = answer.tensor(value=answer.items(2)[0])
        truth = torch.tensor(answer.case["x"]).double().mean()
        expect_close(answer, value, truth, "The first is the mean of the data.")


def mle_variance(answers: Sequence[Answer]) -> None:
    for answer in answers[:2]:
        value = answer.tensor(value=answer.items(2)[1])
        x = torch.tensor(answer.case["x"]).double()
        hint = "The second is the average squared distance from the mean."
        if torch.allclose(value, x.var()):
            hint = "You divide by N - 1, as torch's `var` does: does that maximise it?"
        if torch.allclose(value, x.std(correction=0)):
            hint = "That is the standard deviation; the variance is asked for."
        expect_close(answer, value, x.var(correction=0), hint)


def mle_single(answers: Sequence[Answer]) -> None:
    single = answers[2]
    hint = "With one observation the likelihood grows as the variance shrinks, to 0."
    expect_close(single, single.tensor(value=single.items(2)[1]), 0.0, hint)


def moment_cases(rng: random.Random) -> list[Case]:
    case = {"mu": rounded(rng, -2, 2), "n": 4000, "generator": rng.randrange(2**31)}
    other = {**case, "generator": rng.randrange(2**31)}
    few = {"mu": 0.0, "n": 2}
    return [
        case,
        case,
        other,
        {**other, "n": 16000, "mu": rounded(rng, 1, 2)},
        *({**few, "generator": rng.randrange(2**31)} for _ in range(FEW)),
    ]


FEW = 24  # cases with two samples each


def of_two_squares(mean: float, error: float) -> bool:
    """The mean of two squares, and their difference: neither is below zero."""
    return mean >= 0 and error <= 1.01 * mean + 1e-6


def moment_error(answer: Answer) -> float:
    """Of the mean of n values x^2, whose variance is 2 + 4 mu^2."""
    return math.sqrt((2 + 4 * answer.case["mu"] ** 2) / answer.case["n"])


def moment_value(answers: Sequence[Answer]) -> None:
    for answer in answers[:4]:
        value = answer.tensor(value=answer.items(2)[0]).item()
        truth = answer.case["mu"] ** 2 + 1
        hint = "Draw x around mu with variance 1, square, average."
        expect_near(answer, value, truth, moment_error(answer), hint)
    expect_drawn(answers[4:], 1.0, 1.0, of_two_squares)


def moment_standard_error(answers: Sequence[Answer]) -> None:
    for answer in answers[:4]:
        value = answer.tensor(value=answer.items(2)[1]).item()
        ratio = value / moment_error(answer)
        hint = "It is the standard deviation of the averaged values, over the root of n."
        if ratio > 10:
            hint = "That is the spread of one value; the mean of n of them spreads less."
        if not 0.8 < ratio < 1.25:
            raise answer.wrong("your standard error is {error}", hint, error=shown(value))
    expect_own_errors(answers[4:], of_two_squares)


def moment_randomness(answers: Sequence[Answer]) -> None:
    first, again, other = (a.tensor(value=a.items(2)[0]).item() for a in answers[:3])
    if first != again:
        raise Wrong("Two generators with one seed gave two results: use only `generator`.")
    if first == other:
        raise Wrong("Two different seeds gave one result: is `generator` used at all?")


def constant_cases(rng: random.Random) -> list[Case]:
    def image(b: int, d: int) -> list[list[float]]:
        return [[rounded(rng, 0, 1) for _ in range(d)] for _ in range(b)]

    sizes = [(2, 3), (1, 6), (3, 4)]
    sigmas = [1.0, rounded(rng, 0.2, 0.6), rounded(rng, 1.5, 3)]
    return [
        {"x": image(*size), "x_hat": image(*size), "sigma": sigma}
        for size, sigma in zip(sizes, sigmas, strict=True)
    ]


def constant_holds(which: slice, hint: str):
    def holds(answers: Sequence[Answer]) -> None:
        for answer in answers[which]:
            x, x_hat = (torch.tensor(answer.case[k]).double() for k in ("x", "x_hat"))
            truth = Normal(x_hat, answer.case["sigma"]).log_prob(x).sum(-1)
            expect_close(answer, answer.tensor(len(x)), truth, hint, rtol=1e-5)

    return holds


TASKS = {
    "log-density": Task(
        density_cases,
        [
            Property("the values", 3, density_values),
            Property("far from the mean", 1, density_tail),
        ],
    ),
    "mle": Task(
        mle_cases,
        [
            Property("the mean", 1, mle_mean),
            Property("the variance", 2, mle_variance),
            Property("a single observation", 1, mle_single),
        ],
    ),
    "monte-carlo": Task(
        moment_cases,
        [
            Property("the estimate", 2, moment_value),
            Property("its standard error", 2, moment_standard_error),
            Property("the generator is used", 1, moment_randomness),
        ],
    ),
    "constant": Task(
        constant_cases,
        [
            Property(
                "with variance 1",
                1.5,
                constant_holds(slice(0, 1), "A term that each pixel brings is missing."),
            ),
            Property(
                "with other variances",
                1.5,
                constant_holds(slice(1, 3), "The constant holds sigma, once a pixel."),
            ),
        ],
    ),
    "density-by-hand": Derivation(
        start=r"\log \mathcal{N}(x; \mu, \sigma^2)",
        end=r"-\frac{1}{2} \log (2 \pi) - \log \sigma - \frac{(x - \mu)^2}{2 \sigma^2}",
        points=4,
        min_steps=3,
        stages=(
            Shows("the density written out", (r"\exp(-\frac{(x - \mu)^2}{2 \sigma^2})",)),
        ),
    ),
}
