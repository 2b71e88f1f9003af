"""How assignment 5 is judged. Private: not for students."""

import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor
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
    rounded,
    shown,
)


def some_betas(rng: random.Random, T: int, low: float = 0.05, high: float = 0.6) -> list:
    return [rounded(rng, low, high) for _ in range(T)]


def alpha_bar(betas: Sequence[float], t: int) -> float:
    return math.prod(1 - beta for beta in betas[:t])


def jump_cases(rng: random.Random) -> list[Case]:
    T = rng.randint(4, 6)
    free = [{"betas": some_betas(rng, T), "t": t} for t in (1, 3, T)]
    return [*free, {"betas": some_betas(rng, 3), "t": 0}]


def pairs(answers: Sequence[Answer]) -> list[tuple[Answer, Tensor, Tensor]]:
    """Each answer with its two numbers."""
    found = []
    for answer in answers:
        first, second = (answer.tensor(value=part) for part in answer.items(2))
        found.append((answer, first, second))
    return found


def jump_factor(answers: Sequence[Answer]) -> None:
    for answer, c, _ in pairs(answers[:3]):
        truth = alpha_bar(answer.case["betas"], answer.case["t"])
        hint = "For c. Each step multiplies by a root."
        if torch.isclose(c, torch.tensor(truth).double()):
            hint = "For c. That is a product of the factors of variances: a mean is scaled."
        expect_close(answer, c, math.sqrt(truth), hint)


def jump_variance(answers: Sequence[Answer]) -> None:
    for answer, _, v in pairs(answers[:3]):
        betas, t = answer.case["betas"], answer.case["t"]
        hint = "For v. What is the variance after two steps?"
        if torch.isclose(v, torch.tensor(sum(betas[:t])).double()):
            hint = (
                "For v. The steps do not only add noise: each shrinks the noise before it."
            )
        expect_close(answer, v, 1 - alpha_bar(betas, t), hint)


def jump_nothing(answers: Sequence[Answer]) -> None:
    ((answer, c, v),) = pairs(answers[3:])
    expect_close(answer, torch.stack([c, v]), torch.tensor([1.0, 0.0]),
                 "No step was taken yet.")  # fmt: skip


def back_cases(rng: random.Random) -> list[Case]:
    def case(t: int) -> Case:
        x_t, x_0 = rounded(rng, -2, 2), rounded(rng, 0.5, 2)
        return {"x_t": x_t, "x_0": x_0, "betas": some_betas(rng, 5), "t": t}

    return [case(2), case(3), case(5), case(1)]


def back_truth(case: Case) -> tuple[float, float]:
    """From the two Gaussians that meet in x_{t-1}, by their precisions."""
    t, betas = case["t"], case["betas"]
    before, beta = alpha_bar(betas, t - 1), betas[t - 1]
    above, below = (1 - beta) / beta, 1 / (1 - before)
    pull = math.sqrt(1 - beta) / beta * case["x_t"]
    pull += math.sqrt(before) / (1 - before) * case["x_0"]
    return pull / (above + below), 1 / (above + below)


def back_mean(answers: Sequence[Answer]) -> None:
    for answer, mean, _ in pairs(answers[:3]):
        truth, case = back_truth(answer.case)[0], answer.case
        hint = (
            "For the mean. It weighs x_t and x_0: try the case in which one of them is 0."
        )
        turned = back_truth(case | {"x_t": case["x_0"], "x_0": case["x_t"]})[0]
        if torch.isclose(mean, torch.tensor(turned).double()):
            hint = "For the mean. x_t and x_0 have changed places."
        expect_close(answer, mean, truth, hint)


def back_variance(answers: Sequence[Answer]) -> None:
    for answer, _, variance in pairs(answers[:3]):
        hint = "For the variance. Add the precisions of what is above and what is below."
        if torch.isclose(
            variance, torch.tensor(answer.case["betas"][answer.case["t"] - 1]).double()
        ):
            hint = "For the variance. That is beta_t: x_0 is known here, and it helps."
        expect_close(answer, variance, back_truth(answer.case)[1], hint)


def back_to_the_start(answers: Sequence[Answer]) -> None:
    ((answer, mean, variance),) = pairs(answers[3:])
    hint = "At t = 1 the step back leads to x_0, and x_0 is given."
    truth = torch.tensor([answer.case["x_0"], 0.0])
    expect_close(answer, torch.stack([mean, variance]), truth, hint)


def top_cases(rng: random.Random) -> list[Case]:
    def x_0() -> list[float]:
        return [rounded(rng, -3, 3) for _ in range(rng.randint(3, 5))]

    free = [{"x_0": x_0(), "betas": some_betas(rng, T)} for T in (2, 4)]
    one = {"x_0": [rounded(rng, 1, 3)], "betas": some_betas(rng, 2)}
    return [*free, one, {"x_0": x_0(), "betas": some_betas(rng, 90, 0.3, 0.6)}]


def top_truth(case: Case) -> Tensor:
    a = alpha_bar(case["betas"], len(case["betas"]))
    x_0 = torch.tensor(case["x_0"], dtype=torch.float64)
    arrived = Normal(math.sqrt(a) * x_0, math.sqrt(1 - a))
    return kl_divergence(arrived, Normal(torch.zeros_like(x_0), 1.0)).sum()


def top_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:3]:
        value, truth = answer.tensor(), top_truth(answer.case)
        hint = "Set it beside the divergence of two Gaussians, term by term."
        if torch.isclose(value * len(answer.case["x_0"]), truth):
            hint = "You average over the components; a divergence of vectors is a sum."
        elif torch.isclose(value, -truth):
            hint = "The sign is turned over."
        expect_close(answer, value, truth, hint, rtol=1e-5)


def top_is_reached(answers: Sequence[Answer]) -> None:
    value = answers[3].tensor()
    if not abs(value) < 1e-6:
        raise Wrong(
            "After 90 large steps you returned {value}. There the encoder has arrived at "
            "the prior, and the divergence is 0 but for rounding.",
            value=shown(value.item()),
        )


def between_cases(rng: random.Random) -> list[Case]:
    betas = [some_betas(rng, 6) for _ in range(4)]
    t = rng.randint(2, 6)
    return [
        {"betas": betas[0], "t": t, "s": t - 1},
        {"betas": betas[1], "t": 6, "s": 3},
        {"betas": betas[2], "t": 5, "s": 3},
        {"betas": betas[3], "t": 4, "s": 0},
    ]


def between_truth(case: Case) -> float:
    betas = case["betas"]
    return 1 - alpha_bar(betas, case["t"]) / alpha_bar(betas, case["s"])


def between_one(answers: Sequence[Answer]) -> None:
    answer = answers[0]
    hint = "With s = t - 1 it is the noise of one step."
    expect_close(answer, answer.tensor(), between_truth(answer.case), hint)


def between_many(answers: Sequence[Answer]) -> None:
    for answer in answers[1:]:
        value, betas = answer.tensor(), answer.case["betas"]
        hint = "Of the signal at s, which share is left at t? The rest is noise."
        if torch.isclose(value, torch.tensor(betas[answer.case["t"] - 1]).double()):
            hint = "That is the noise of the last step alone."
        elif torch.isclose(
            value, torch.tensor(sum(betas[answer.case["s"] : answer.case["t"]])).double()
        ):
            hint = "The steps do not only add noise: each shrinks the noise before it."
        expect_close(answer, value, between_truth(answer.case), hint)


TASKS = {
    "jump": Task(
        jump_cases,
        [
            Property("the factor", 1, jump_factor),
            Property("the variance", 1, jump_variance),
            Property("before the first step", 1, jump_nothing),
        ],
    ),
    "step-back": Task(
        back_cases,
        [
            Property("the mean", 2, back_mean),
            Property("the variance", 2, back_variance),
            Property("the first step", 1, back_to_the_start),
        ],
    ),
    "top": Task(
        top_cases,
        [
            Property("the values", 3, top_values),
            Property("zero where the prior is reached", 1, top_is_reached),
        ],
    ),
    "noise-between": Task(
        between_cases,
        [
            Property("one step", 1, between_one),
            Property("several steps", 2, between_many),
        ],
    ),
    "squared-distance": Derivation(
        start=r"D_{\mathrm{KL}}(q(z) \,\|\, p(z))",
        end=r"\frac{1}{2 \sigma^2} (\mu - m)^2",
        given=(
            r"q(z) := \mathcal{N}(z; \mu, \sigma^2), p(z) := \mathcal{N}(z; m, \sigma^2)",
        ),
        points=4,
        min_steps=3,
        stages=(
            Averages(
                "the averages that are left",
                "z",
                (
                    r"\frac{(z - m)^2 - (z - \mu)^2}{2 \sigma^2}",
                    r"\frac{(z - m)^2}{2 \sigma^2}",
                    r"-\frac{(z - \mu)^2}{2 \sigma^2}",
                ),
            ),
        ),
    ),
}
