"""How assignment 4 is judged. Private: not for students.

A trained model comes over as its parameters; its ELBO is computed here, on test images.
"""

import functools
import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from classroom.checks import (
    Answer,
    Case,
    Derivation,
    Property,
    Task,
    Wrong,
    expect_close,
    rounded,
    shown,
)
from vae_lib.data import load_mnist

SHAPES = {
    "encoder.0.weight": (64, 196),
    "encoder.0.bias": (64,),
    "encoder.2.weight": (4, 64),
    "encoder.2.bias": (4,),
    "decoder.0.weight": (64, 2),
    "decoder.0.bias": (64,),
    "decoder.2.weight": (196, 64),
    "decoder.2.bias": (196,),
}
# Nats an image on the test images; `tests/classroom/test_assignments.py` trains with other
# seeds and holds these bands against them.
UNTRAINED, GOOD, USED = -100.0, -46.0, 1.2


@functools.cache
def test_images() -> Tensor:
    digits = load_mnist().test_images[:500].reshape(-1, 1, 28, 28)
    return (nn.functional.avg_pool2d(digits, 2).flatten(1) > 0.5).double()


def train_cases(rng: random.Random) -> list[Case]:
    return [{"steps": 500, "generator": rng.randrange(2**31)}]


def parameters(answer: Answer) -> dict[str, Tensor]:
    value = answer.value
    if answer.raised:
        raise Wrong(f"Training raised {answer.raised}: {answer.message}")
    if not isinstance(value, dict) or value.keys() != SHAPES.keys():
        raise Wrong("`train` did not return a VAE of the class in the first cell.")
    named = {}
    for name, shape in SHAPES.items():
        tensor = torch.as_tensor(value[name], dtype=torch.float64)
        if tensor.shape != shape or not tensor.isfinite().all():
            raise Wrong(f"The parameter {name} is not finite, or has another shape.")
        named[name] = tensor
    return named


def terms(named: dict[str, Tensor], x: Tensor) -> tuple[float, float]:
    """Mean reconstruction and KL of the images, nats per image."""

    def network(name: str, x: Tensor) -> Tensor:
        w = [
            named[f"{name}.{layer}.{kind}"]
            for layer in (0, 2)
            for kind in ("weight", "bias")
        ]
        return nn.functional.gelu(x @ w[0].T + w[1]) @ w[2].T + w[3]

    mu, log_var = network("encoder", x).chunk(2, dim=-1)
    generator = torch.Generator().manual_seed(0)
    q = Normal(mu, torch.exp(0.5 * log_var).clamp(1e-12, 1e12))
    noise = torch.randn(20, *mu.shape, generator=generator, dtype=torch.float64)
    likelihood = Bernoulli(logits=network("decoder", q.loc + q.scale * noise))
    reconstruction = likelihood.log_prob(x.expand(20, *x.shape)).sum(-1).mean().item()
    return reconstruction, kl_divergence(q, Normal(0.0, 1.0)).sum(-1).mean().item()


def trained_at_all(answers: Sequence[Answer]) -> None:
    reconstruction, kl = terms(parameters(answers[0]), test_images())
    if not reconstruction - kl > UNTRAINED:
        raise Wrong(
            f"Your model has an ELBO of {reconstruction - kl:.0f} nats an image on new "
            "digits (an untrained one has about -138). Does the loss go down in training?"
        )


def trained_well(answers: Sequence[Answer]) -> None:
    reconstruction, kl = terms(parameters(answers[0]), test_images())
    if not reconstruction - kl > GOOD:
        hint = "Are both terms sums, with the right signs? Are there enough steps?"
        if kl > 30:
            hint = "Its KL is very large: is the KL term in the loss, with a plus?"
        raise Wrong(
            f"Your model has an ELBO of {reconstruction - kl:.1f} nats an image on new "
            f"digits, with a KL of {kl:.2f}. {hint}"
        )


def latents_used(answers: Sequence[Answer]) -> None:
    _, kl = terms(parameters(answers[0]), test_images())
    if not USED < kl < 30:
        raise Wrong(
            f"The KL of your model is {kl:.2f} nats an image: its latents carry "
            + ("almost nothing. Is the reconstruction averaged over pixels?" if kl < 30 else
               "far more than the prior allows. Is the KL term in the loss?")
        )  # fmt: skip


def explore_cases(rng: random.Random) -> list[Case]:
    def point() -> list[float]:
        return [rounded(rng, -2, 2) for _ in range(2)]

    return [{"a": point(), "b": point(), "n": n} for n in rng.sample(range(3, 12), 3)]


def axis_values(answers: Sequence[Answer]) -> None:
    for answer in answers:
        n = answer.case["n"]
        value = answer.tensor(n, value=answer.items(2)[0])
        share = (torch.arange(n, dtype=torch.float64) + 0.5) / n
        hint = "The k-th value is where the prior's distribution function is (k - 1/2) / n."
        expect_close(answer, value, torch.special.ndtri(share), hint, rtol=1e-4)


def way_ends(answers: Sequence[Answer]) -> None:
    for answer in answers:
        value = answer.tensor(answer.case["n"], 2, value=answer.items(2)[1])
        ends = torch.tensor([answer.case["a"], answer.case["b"]], dtype=torch.float64)
        expect_close(
            answer, value[[0, -1]], ends, "Both ends belong to the way.", rtol=1e-5
        )


def way_is_even(answers: Sequence[Answer]) -> None:
    for answer in answers:
        n = answer.case["n"]
        value = answer.tensor(n, 2, value=answer.items(2)[1])
        ends = torch.tensor([answer.case["a"], answer.case["b"]], dtype=torch.float64)
        step = ((ends[1] - ends[0]) / (n - 1)).expand(n - 1, 2)
        expect_close(answer, value.diff(dim=0), step, "All steps are equal.", rtol=1e-4)


def weight_cases(rng: random.Random) -> list[Case]:
    def weights(rows: int, columns: int, low: float, high: float) -> list:
        return [[rounded(rng, low, high) for _ in range(columns)] for _ in range(rows)]

    return [
        {"log_w": weights(2, 5, -3, 1)},
        {"log_w": weights(3, 4, -2, 2)},
        {"log_w": weights(2, 6, -1500, -1480)},
    ]


def evaluate_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:2]:
        log_w = torch.tensor(answer.case["log_w"], dtype=torch.float64)
        value = answer.tensor(len(log_w), value=answer.items(2)[0])
        truth = log_w.exp().mean(-1).log()
        hint = "The weights are averaged, not their logarithms, and not summed."
        if torch.allclose(value, log_w.logsumexp(-1)):
            hint = "Summed, not averaged: where is log K?"
        expect_close(answer, value, truth, hint)


def evaluate_elbo(answers: Sequence[Answer]) -> None:
    for answer in answers:
        log_w = torch.tensor(answer.case["log_w"], dtype=torch.float64)
        value = answer.tensor(len(log_w), value=answer.items(2)[1])
        expect_close(answer, value, log_w.mean(-1), "The ELBO averages the log-weights.")


def evaluate_far(answers: Sequence[Answer]) -> None:
    far = answers[2]
    log_w = torch.tensor(far.case["log_w"], dtype=torch.float64)
    hint = "exp(-1500) is 0 in a computer: take the largest out first."
    try:
        value = far.tensor(len(log_w), value=far.items(2)[0])
    except Wrong as wrong:
        raise Wrong(f"{wrong}. {hint}") from None
    expect_close(far, value, log_w.logsumexp(-1) - torch.tensor(6.0).log(), hint)


def batch_cases(rng: random.Random) -> list[Case]:
    size = rng.randint(20, 90)
    return [
        {"n_samples": 1, "batch_size": size},
        {"n_samples": size, "batch_size": size},
        {"n_samples": size * rng.randint(2, 5), "batch_size": size},
        {"n_samples": size * 3 + rng.randint(1, 19), "batch_size": size},
    ]


def batch_sizes(answer: Answer) -> list[int]:
    value = answer.value
    if (
        answer.raised
        or not isinstance(value, list)
        or not all(type(n) is int for n in value)
    ):
        got = f"raised {answer.raised}" if answer.raised else f"returned {shown(value)}"
        raise Wrong(f"{answer.at}: you {got}, and a list of whole numbers is asked for")
    return value


def batch_sum(answers: Sequence[Answer]) -> None:
    for answer in answers:
        total = sum(batch_sizes(answer))
        if total != answer.case["n_samples"]:
            raise Wrong(f"{answer.at}: you draw {total} samples in all")


def batch_bounds(answers: Sequence[Answer]) -> None:
    for answer in answers:
        sizes = batch_sizes(answer)
        if not sizes or min(sizes) < 1 or max(sizes) > answer.case["batch_size"]:
            raise Wrong(f"{answer.at}: {shown(sizes)} holds an empty or too large batch")


TASKS = {
    "train": Task(
        train_cases,
        [
            Property("it learns", 1, trained_at_all),
            Property("a good ELBO on new digits", 3, trained_well),
            Property("the latents are used", 2, latents_used),
        ],
    ),
    "explore": Task(
        explore_cases,
        [
            Property("the axis", 2, axis_values),
            Property("the ends of the way", 1, way_ends),
            Property("even steps", 1, way_is_even),
        ],
    ),
    "evaluate": Task(
        weight_cases,
        [
            Property("the values", 2, evaluate_values),
            Property("the ELBO", 1, evaluate_elbo),
            Property("far below zero", 1, evaluate_far),
        ],
    ),
    "batches": Task(
        batch_cases,
        [
            Property("as many as asked for", 2, batch_sum),
            Property("no batch empty or too large", 1, batch_bounds),
        ],
    ),
    "logsumexp-by-hand": Derivation(
        start=r"\log \left( \frac{1}{K} \sum_{k=1}^{K} \exp(a_k) \right)",
        end=r"m + \log \left( \sum_{k=1}^{K} \exp(a_k - m) \right) - \log K",
        points=3,
        min_steps=2,
        contains=(r"\exp(m)",),
    ),
}
