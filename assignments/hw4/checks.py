"""How assignment 4 is judged. Private: not for students.

A trained model comes over as its parameters; its ELBO is computed here, on test images.
"""

import functools
import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence

from classroom.checks import (
    Answer,
    Case,
    Derivation,
    Property,
    Shows,
    Task,
    Wrong,
    expect_close,
    rounded,
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
UNTRAINED, GOOD, USED = -100.0, -52.0, 1.2
WEIGHT = 0.75, 1.4  # of the KL, as the trained model shows it; right ones 0.97 to 1.2


@functools.cache
def test_images() -> Tensor:
    digits = load_mnist().test_images[:500].reshape(-1, 1, 28, 28)
    return (nn.functional.avg_pool2d(digits, 2).flatten(1) > 0.5).double()


def train_cases(rng: random.Random) -> list[Case]:
    return [{"steps": 500, "generator": rng.randrange(2**31)}]


def parameters(answer: Answer) -> dict[str, Tensor]:
    value = answer.value
    if answer.raised:
        raise Wrong(
            "Training raised {error}: {words}", error=answer.raised, words=answer.message
        )
    if not isinstance(value, dict) or value.keys() != SHAPES.keys():
        raise Wrong("`train` did not return a VAE of the class in the first cell.")
    named = {}
    for name, shape in SHAPES.items():
        tensor = torch.as_tensor(value[name], dtype=torch.float64)
        if tensor.shape != shape or not tensor.isfinite().all():
            raise Wrong(
                "The parameter {name} is not finite, or has another shape.", name=name
            )
        named[name] = tensor
    return named


def terms(named: dict[str, Tensor], x: Tensor) -> tuple[float, float, float]:
    """Mean reconstruction and KL of the images, nats per image, and the weight of the KL.

    Whatever was maximised, at its maximum it does not change if all deviations of q grow
    by a little. For `reconstruction - weight * KL` that gives the weight, as the ratio of
    the two slopes: 1 for the ELBO, however fast or slow the training was.
    """

    def network(name: str, x: Tensor) -> Tensor:
        w = [
            named[f"{name}.{layer}.{kind}"]
            for layer in (0, 2)
            for kind in ("weight", "bias")
        ]
        return nn.functional.gelu(x @ w[0].T + w[1]) @ w[2].T + w[3]

    mu, log_var = network("encoder", x).chunk(2, dim=-1)
    generator = torch.Generator().manual_seed(0)
    grow = torch.zeros((), dtype=torch.float64, requires_grad=True)
    q = Normal(mu, torch.exp(0.5 * log_var + grow).clamp(1e-12, 1e12))
    noise = torch.randn(20, *mu.shape, generator=generator, dtype=torch.float64)
    likelihood = Bernoulli(logits=network("decoder", q.loc + q.scale * noise))
    reconstruction = likelihood.log_prob(x.expand(20, *x.shape)).sum(-1).mean()
    kl = kl_divergence(q, Normal(0.0, 1.0)).sum(-1).mean()
    (by_reconstruction,) = torch.autograd.grad(reconstruction, grow, retain_graph=True)
    (by_kl,) = torch.autograd.grad(kl, grow)
    weight = (by_reconstruction / by_kl).item() if by_kl.abs() > 1e-9 else math.inf
    return reconstruction.item(), kl.item(), weight


def trained_at_all(answers: Sequence[Answer]) -> None:
    reconstruction, kl, _ = terms(parameters(answers[0]), test_images())
    if not reconstruction - kl > UNTRAINED:
        raise Wrong(
            "Your model has an ELBO of {elbo} nats an image on new digits (an untrained "
            "one has about -138). Does the loss go down in training?",
            elbo=f"{reconstruction - kl:.0f}",
        )


def trained_for_the_elbo(answers: Sequence[Answer]) -> None:
    reconstruction, kl, weight = terms(parameters(answers[0]), test_images())
    said = "Your model has an ELBO of {elbo} nats an image on new digits, with a KL of {kl}"
    seen = {"elbo": f"{reconstruction - kl:.1f}", "kl": f"{kl:.2f}"}
    if not reconstruction - kl > GOOD:
        hint = "Are both terms sums, with the right signs? Are there enough steps?"
        if kl > 30:
            hint = "Its KL is very large: is the KL term in the loss, with a plus?"
        raise Wrong(said, hint=hint, **seen)
    if not WEIGHT[0] < weight < WEIGHT[1]:
        raise Wrong(
            "Your model has an ELBO of {elbo} nats an image on new digits, with a KL of "
            "{kl}. But at its maximum the two terms of the ELBO would be in balance, and "
            "here one nat of the KL weighs as {weight} nats of reconstruction",
            hint="Is the reconstruction that of a Bernoulli, is the noise multiplied by "
            "sigma, and has the KL the weight 1?",
            weight=f"{weight:.2f}",
            **seen,
        )


def latents_used(answers: Sequence[Answer]) -> None:
    _, kl, _ = terms(parameters(answers[0]), test_images())
    if not USED < kl < 30:
        said = (
            "The KL of your model is {kl} nats an image: its latents carry almost nothing"
        )
        hint = "Is the reconstruction averaged over pixels?"
        if kl >= 30:
            said = (
                "The KL of your model is {kl} nats an image: its latents carry far more "
                "than the prior allows"
            )
            hint = "Is the KL term in the loss?"
        raise Wrong(said, hint=hint, kl=f"{kl:.2f}")


def diagnose_cases(rng: random.Random) -> list[Case]:
    """Encodings of six images in three latents or four, one of each kind among them."""

    def latent(kind: int) -> list[list[float]]:
        mu, log_var = 0.0, 0.0
        if kind:
            mu, log_var = rng.choice([-1, 1]) * rounded(rng, 0.4, 1.5), rounded(rng, -2, -1)
        around = {0: 0.02, 1: 0.03, 2: 1.2}[kind]
        return [
            [round(mu + around * (-1) ** i * rng.uniform(0.5, 1), 3) for i in range(6)],
            [round(log_var + 0.03 * rng.uniform(-1, 1), 3) for _ in range(6)],
        ]

    cases = []
    for kinds in ([0, 1, 2], [2, 0, 1, 0], [1, 2, 2]):
        kinds = rng.sample(kinds, len(kinds))
        latents = [latent(kind) for kind in kinds]
        cases.append({
            "mu": [list(row) for row in zip(*(mu for mu, _ in latents), strict=True)],
            "log_var": [list(row) for row in zip(*(lv for _, lv in latents), strict=True)],
        })  # fmt: skip
    # The mean stands still and the deviation moves: that, too, tells of the image.
    moving = [[0.5, rounded(rng, -2.5, -1.5) + 1.2 * (i % 2)] for i in range(6)]
    cases.append({"mu": [[m] for m, _ in moving], "log_var": [[v] for _, v in moving]})
    return cases


def encodings(answer: Answer) -> tuple[Tensor, Tensor]:
    mu, log_var = (
        torch.tensor(answer.case[name], dtype=torch.float64) for name in ("mu", "log_var")
    )
    return mu, log_var


def each_kl(answer: Answer) -> Tensor:
    mu, log_var = encodings(answer)
    return kl_divergence(Normal(mu, torch.exp(0.5 * log_var)), Normal(0.0, 1.0)).mean(0)


def diagnose_kl(answers: Sequence[Answer]) -> None:
    for answer in answers:
        truth = each_kl(answer)
        value = answer.tensor(len(truth), value=answer.items(2)[0])
        hint = "A mean over the images, for each latent, in nats."
        if torch.allclose(value, truth * len(answer.case["mu"])):
            hint = "Summed over the images: a mean is asked for."
        expect_close(answer, value, truth, hint)


def diagnose_kinds(answers: Sequence[Answer]) -> None:
    for answer in answers:
        mu, log_var = encodings(answer)
        moves = (mu.var(dim=0) >= 0.01) | (log_var.var(dim=0) >= 0.01)
        truth = torch.where(each_kl(answer) < 0.01, 0, torch.where(moves, 2, 1))
        value = answer.tensor(len(truth), value=answer.items(2)[1])
        hint = "0 by the KL alone; 1 where neither the mean nor the log-variance moves."
        expect_close(answer, value, truth, hint)


def mend_cases(rng: random.Random) -> list[Case]:
    def batch(B: int, D: int, H: int) -> Case:
        return {
            "x": [[float(rng.randrange(2)) for _ in range(D)] for _ in range(B)],
            "logits": [[rounded(rng, -3, 3) for _ in range(D)] for _ in range(B)],
            "mu": [[rounded(rng, -2, 2) for _ in range(H)] for _ in range(B)],
            "log_var": [[rounded(rng, -2, 1) for _ in range(H)] for _ in range(B)],
        }

    first = batch(2, 5, 3)
    doubled = {name: [row * 2 for row in first[name]] for name in ("x", "logits")}
    twice = {name: rows * 2 for name, rows in first.items()}
    return [first, twice, first | doubled, batch(3, 7, 2)]


def mended_loss(case: Case) -> tuple[Tensor, Tensor]:
    """Minus the reconstruction and the KL of each image, (B,), nats."""
    x, logits, mu, log_var = (
        torch.tensor(case[name], dtype=torch.float64)
        for name in ("x", "logits", "mu", "log_var")
    )
    q = Normal(mu, torch.exp(0.5 * log_var))
    kl = kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    return -Bernoulli(logits=logits).log_prob(x).sum(-1), kl


def mend_values(answers: Sequence[Answer]) -> None:
    for answer in answers:
        reconstruction, kl = mended_loss(answer.case)
        value = answer.number()
        hint = "Sums over pixels and latents, a mean over the images, a plus for the KL."
        D = len(answer.case["x"][0])
        if abs(value - (reconstruction / D + kl).mean().item()) < 1e-6:
            hint = "The reconstruction is still averaged over the pixels."
        expect_close(answer, value, (reconstruction + kl).mean(), hint)


def mend_batch(answers: Sequence[Answer]) -> None:
    once, twice, pixels, _ = (answer.number() for answer in answers)
    if not abs(once - twice) <= 1e-6 * (1 + abs(once)):
        said = "A batch gives {once}, and twice over {twice}."
        raise Wrong(said, once=f"{once:.4g}", twice=f"{twice:.4g}")
    reconstruction, _ = mended_loss(answers[0].case)
    if not abs(pixels - once - reconstruction.mean().item()) <= 1e-6 * (1 + abs(once)):
        raise Wrong(
            "A batch gives {once}, and with each pixel twice {pixels}: the reconstruction "
            "term should double, and the KL stay.",
            once=f"{once:.4g}",
            pixels=f"{pixels:.4g}",
        )


def widen_cases(rng: random.Random) -> list[Case]:
    def noise(K: int) -> list[list[float]]:
        return [[round(rng.gauss(0, 1), 3) for _ in range(2)] for _ in range(K)]

    def q() -> Case:
        return {
            "mu": [rounded(rng, 0.3, 0.7), rounded(rng, -0.7, -0.3)],
            "log_var": [rounded(rng, -1.2, -0.4), rounded(rng, -1.2, -0.4)],
        }

    widths = [1.0, rounded(rng, 1.2, 1.4), rounded(rng, 1.7, 1.9)]
    return [
        q() | {"epsilon": noise(4), "widths": widths[:2], "evidence": -3.0},
        q() | {"epsilon": noise(60), "widths": widths, "evidence": -100.0},
        q() | {"epsilon": noise(60), "widths": widths[::-1], "evidence": -1500.0},
    ]


def widened(case: Case, of_q: bool = True) -> Tensor:
    """The estimates, (W,); without `of_q` by the density of the q that is not widened."""
    mu, log_var, epsilon = (
        torch.tensor(case[name], dtype=torch.float64)
        for name in ("mu", "log_var", "epsilon")
    )
    posterior = MultivariateNormal(
        torch.tensor([0.5, -0.5], dtype=torch.float64),
        torch.tensor([[1.0, 0.6], [0.6, 1.0]], dtype=torch.float64),
    )
    estimates = []
    for width in case["widths"]:
        sigma = torch.exp(0.5 * log_var)
        z = mu + width * sigma * epsilon
        q = Normal(mu, width * sigma if of_q else sigma)
        log_w = posterior.log_prob(z) - q.log_prob(z).sum(-1)
        estimates.append(log_w.logsumexp(0) - math.log(len(epsilon)) + case["evidence"])
    return torch.stack(estimates)


def estimates_of(answer: Answer, hint: str = "") -> Tensor:
    return answer.tensor(len(answer.case["widths"]), value=answer.items(2)[0], hint=hint)


def widen_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:2]:
        value, truth = estimates_of(answer), widened(answer.case)
        hint = "The weights are averaged, not their logarithms, and not summed."
        if torch.allclose(value, widened(answer.case, of_q=False)):
            hint = "The samples come from the widened q: so does the density below."
        elif torch.allclose(value, truth + math.log(len(answer.case["epsilon"]))):
            hint = "Summed, not averaged: where is log K?"
        expect_close(answer, value, truth, hint)


def widen_far(answers: Sequence[Answer]) -> None:
    far = answers[2]
    hint = "exp(-1500) is 0 in a computer: take the largest out first."
    value = estimates_of(far, hint)
    expect_close(far, value, widened(far.case), hint)


def widen_choice(answers: Sequence[Answer]) -> None:
    for answer in answers:
        value = answer.tensor(value=answer.items(2)[1]).item()
        best = answer.case["widths"][int(widened(answer.case).argmax())]
        hint = "Each is, on average, a lower bound of the same number: keep the largest."
        expect_close(answer, value, best, hint)


TASKS = {
    "train": Task(
        train_cases,
        [
            Property("it learns", 1, trained_at_all),
            Property("it is the ELBO that was maximised", 3, trained_for_the_elbo),
            Property("the latents are used", 2, latents_used),
        ],
    ),
    "diagnose": Task(
        diagnose_cases,
        [
            Property("the KL of each latent", 2, diagnose_kl),
            Property("the diagnosis", 2, diagnose_kinds),
        ],
    ),
    "mend": Task(
        mend_cases,
        [
            Property("the values", 2, mend_values),
            Property("a batch twice, and a pixel twice", 1, mend_batch),
        ],
    ),
    "widen": Task(
        widen_cases,
        [
            Property("the estimates", 2, widen_values),
            Property("far below zero", 1, widen_far),
            Property("the width to use", 1, widen_choice),
        ],
    ),
    "logsumexp-by-hand": Derivation(
        start=r"\log \left( \frac{1}{K} \sum_{k=1}^{K} \exp(a_k) \right)",
        end=r"m + \log \left( \sum_{k=1}^{K} \exp(a_k - m) \right) - \log K",
        points=3,
        min_steps=2,
        stages=(Shows("the factor taken out of the sum", (r"\exp(m)",)),),
    ),
}
