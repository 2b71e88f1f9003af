"""How assignment 3 is judged. Private: not for students."""

import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from classroom.checks import (
    Answer,
    Averages,
    Case,
    Derivation,
    Property,
    Task,
    Wrong,
    expect_close,
    expect_near,
    rounded,
    shown,
)


def matrix(rng: random.Random, rows: int, columns: int, low: float, high: float) -> list:
    return [[rounded(rng, low, high) for _ in range(columns)] for _ in range(rows)]


def double(case: Case, name: str) -> Tensor:
    return torch.tensor(case[name], dtype=torch.float64)


def encoder_cases(rng: random.Random) -> list[Case]:
    return [
        {
            "B": rng.randint(2, 5),
            "D": rng.randint(6, 12),
            "H": rng.randint(2, 4),
            "generator": rng.randrange(2**31),
        }
        for _ in range(2)
    ]


def encoder_shapes(answers: Sequence[Answer]) -> None:
    for answer in answers:
        shapes = answer.items(3)[0]
        want = [answer.case["B"], answer.case["H"]]
        for name, shape in zip(("mu", "log_var"), shapes, strict=True):
            if shape != want:
                raise answer.wrong(
                    "{name} has shape {shape}, not (B, H)", name=name, shape=shown(shape)
                )


def encoder_outputs(answer: Answer) -> list[Tensor]:
    """At some points, at others, and half-way between them: mu and log_var, (100, 2 H)."""
    shape = 100, 2 * answer.case["H"]
    parts = answer.items(3)[2]
    if not isinstance(parts, list) or len(parts) != 3:
        raise answer.wrong("the test did not get what your encoder gives")
    return [answer.tensor(*shape, value=part) for part in parts]


def encoder_layers(answers: Sequence[Answer]) -> None:
    for answer in answers:
        D, H, sizes = answer.case["D"], answer.case["H"], answer.items(3)[1]
        weights = [size for size in sizes if len(size) == 2]
        rest = sum(size[0] for size in sizes if len(size) == 1)
        outputs = sum(size[0] for size in weights if size[1] == 16 and size != [16, D])
        if D == 16:  # both layers look alike
            outputs = sum(size[0] for size in weights) - 16
        # A nonlinearity may have parameters of its own, one for each unit at most.
        extra = rest - 16 - 2 * H
        if [16, D] not in weights or outputs != 2 * H or not 0 <= extra <= 16:
            raise answer.wrong(
                "your encoder has parameters of the shapes {sizes}. A hidden layer of 16 "
                "with biases, and one linear layer with biases to both outputs, have "
                "others.",
                sizes=shown(sizes),
            )
        here, there, between = encoder_outputs(answer)
        bend = (between - (here + there) / 2).abs().max()
        if bend < 1e-3 * (1 + here.abs().max()):
            raise answer.wrong(
                "your encoder maps the middle between two images to the middle of their "
                "encodings: where is the nonlinearity?"
            )


def encoder_signs(answers: Sequence[Answer]) -> None:
    for answer in answers:
        H = answer.case["H"]
        outputs = torch.cat(encoder_outputs(answer))
        mu, log_var = outputs[:, :H], outputs[:, H:]
        for name, output in (("mu", mu), ("log_var", log_var)):
            if output.std(0).max() < 1e-6:
                raise answer.wrong(
                    "{name} is the same for all images: is x used?", name=name
                )
            hint = "It may have any sign: what stands behind the last linear layer?"
            if output.min() >= 0:
                said = "with other weights than yours, {name} is never negative"
                raise answer.wrong(said, hint, name=name)
            if output.max() <= 0:
                said = "with other weights than yours, {name} is never positive"
                raise answer.wrong(said, hint, name=name)
        if (mu - log_var).abs().max() < 1e-6:
            raise Wrong(
                "mu and log_var are the same numbers: each needs outputs of its own."
            )


def sample_cases(rng: random.Random) -> list[Case]:
    def case() -> Case:
        log_var = rng.choice([rounded(rng, 0.7, 2), rounded(rng, -3, -0.7)])
        mu = rounded(rng, -3, 3)
        return {"mu": mu, "log_var": log_var, "n": 3000, "generator": rng.randrange(2**31)}

    first = case()
    return [first, first, case(), case()]


def samples(answer: Answer) -> Tensor:
    return answer.tensor(answer.case["n"], value=answer.items(3)[0])


def sample_mean(answers: Sequence[Answer]) -> None:
    for answer in answers:
        z, case = samples(answer), answer.case
        error = math.exp(0.5 * case["log_var"]) / math.sqrt(case["n"])
        expect_near(
            answer, z.mean().item(), case["mu"], error, "This is the mean of your z."
        )


def sample_spread(answers: Sequence[Answer]) -> None:
    for answer in answers:
        z, case = samples(answer), answer.case
        truth = math.exp(case["log_var"])
        value, error = (
            ((z - case["mu"]) ** 2).mean().item(),
            truth * math.sqrt(2 / case["n"]),
        )
        hint = (
            "This is the variance of your z: sigma is the exponential of half of log_var."
        )
        expect_near(answer, value, truth, error, hint)


def sample_generator(answers: Sequence[Answer]) -> None:
    first, again, other = (samples(answer) for answer in answers[:3])
    if not torch.equal(first, again):
        raise Wrong("Two generators with one seed gave two samples: use only `generator`.")
    if len(first.unique()) < 0.9 * len(first) or torch.equal(first, other):
        raise Wrong("Many of the numbers are equal: each needs a draw of its own.")


def sample_gradients(answers: Sequence[Answer]) -> None:
    for answer in answers:
        n, (_, by_mu, by_log_var) = answer.case["n"], answer.items(3)
        if by_mu is None or by_log_var is None:
            raise Wrong("No gradient arrives: is z drawn by a function that detaches it?")
        z = samples(answer)
        by_mu, by_log_var = (answer.tensor(n, value=g) for g in (by_mu, by_log_var))
        expect_close(
            answer, by_mu, torch.ones(n), "For dz/dmu. Move mu by 1: how far goes z?"
        )
        hint = "For dz/dlog_var. Differentiate exp(log_var / 2)."
        expect_close(answer, by_log_var, 0.5 * (z - answer.case["mu"]), hint, rtol=1e-5)


def kl_cases(name: str, of_prior: str):
    def cases(rng: random.Random) -> list[Case]:
        def case(rows: int, columns: int) -> Case:
            return {
                "mu": matrix(rng, rows, columns, -2, 2),
                name: matrix(rng, rows, columns, -2, 1.5),
                "m": matrix(rng, 1, columns, -2, 2)[0],
                of_prior: matrix(rng, 1, columns, -1.5, 1.5)[0],
            }

        free = [case(*size) for size in [(2, 3), (1, 4), (3, 2)]]
        at_prior = case(1, 2)
        at_prior["mu"], at_prior[name] = [at_prior["m"]], [at_prior[of_prior]]
        return [*free, at_prior]

    return cases


def kl_truth(mu: Tensor, sigma: Tensor, m: Tensor, tau: Tensor) -> Tensor:
    return kl_divergence(Normal(mu, sigma), Normal(m, tau)).sum(-1)


def kl_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:3]:
        mu, log_var = double(answer.case, "mu"), double(answer.case, "log_var")
        m, log_tau2 = double(answer.case, "m"), double(answer.case, "log_tau2")
        sigma, tau = (0.5 * log_var).exp(), (0.5 * log_tau2).exp()
        truth = kl_truth(mu, sigma, m, tau)
        value, hint = answer.tensor(len(mu)), "Set it beside your task 6, term by term."
        if torch.allclose(value, kl_truth(mu, sigma**2, m, tau**2)):
            hint = "It looks as if exp(log_var) were taken for sigma; it is sigma squared."
        elif torch.allclose(value, kl_truth(m, tau, mu, sigma)):
            hint = "That is the divergence from the prior to q: the order matters."
        elif torch.allclose(value, kl_truth(mu, sigma, 0 * m, tau / tau)):
            hint = "That is the divergence to N(0, I); the prior here has m and tau."
        elif torch.allclose(value, -truth):
            hint = "The sign is turned over."
        elif torch.allclose(value * mu.shape[-1], truth):
            hint = (
                "You average over the latent dimensions; a divergence of vectors is a sum."
            )
        expect_close(answer, value, truth, hint)


def kl_never_negative(answers: Sequence[Answer]) -> None:
    for answer in answers:
        value = answer.tensor(len(answer.case["mu"]))
        if (value < -1e-9).any():
            hint = "A KL is never negative: look at the log terms."
            raise answer.wrong("you returned {value}", hint, value=shown(value.tolist()))
    prior = answers[3]
    hint = "There q is the prior, and the divergence is 0."
    expect_close(prior, prior.tensor(1), torch.zeros(1), hint)


def log_sigma_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:3]:
        mu, log_sigma = double(answer.case, "mu"), double(answer.case, "log_sigma")
        m, log_tau = double(answer.case, "m"), double(answer.case, "log_tau")
        hint = "Which factor has the logarithm of tau / sigma in the divergence?"
        truth = kl_truth(mu, log_sigma.exp(), m, log_tau.exp())
        expect_close(answer, answer.tensor(len(mu)), truth, hint)


def likelihood_cases(rng: random.Random) -> list[Case]:
    def pixels(rows: int, columns: int) -> list:
        return [[float(rng.randint(0, 1)) for _ in range(columns)] for _ in range(rows)]

    sizes = [(2, 4), (3, 3)]
    free = [{"x": pixels(*s), "logits": matrix(rng, *s, -3, 3)} for s in sizes]
    sure = rounded(rng, 1000, 9000)  # exp overflows from 710 on
    return [
        *free,
        {"x": [[1.0, 0.0]], "logits": [[sure, -sure]]},
        {"x": [[0.0, 1.0]], "logits": [[sure, 0.5]]},
    ]


def likelihood_truth(case: Case) -> Tensor:
    return Bernoulli(logits=double(case, "logits")).log_prob(double(case, "x")).sum(-1)


def likelihood_values(answers: Sequence[Answer]) -> None:
    for answer in answers[:2]:
        truth, value = likelihood_truth(answer.case), answer.tensor(len(answer.case["x"]))
        hint = (
            "Each pixel brings log x_hat or log (1 - x_hat), with x_hat = sigmoid(logit)."
        )
        if torch.allclose(value, -truth):
            hint = "That is the loss, minus the log-likelihood."
        elif torch.allclose(value * len(answer.case["x"][0]), truth):
            hint = "You average over the pixels; a log-likelihood is a sum."
        expect_close(answer, value, truth, hint)


def likelihood_extremes(answers: Sequence[Answer]) -> None:
    for answer in answers[2:]:
        hint = "exp(a) overflows there, and a sigmoid rounds to 0 or 1: see softplus."
        value = answer.tensor(1, hint=hint)
        expect_close(answer, value, likelihood_truth(answer.case), hint)


TASKS = {
    "encoder": Task(
        encoder_cases,
        [
            Property("the shapes", 1, encoder_shapes),
            Property("the layers", 1, encoder_layers),
            Property("two outputs that may have any sign", 1, encoder_signs),
        ],
    ),
    "reparameterize": Task(
        sample_cases,
        [
            Property("the mean", 1, sample_mean),
            Property("the spread", 1, sample_spread),
            Property("the generator is used", 1, sample_generator),
            Property("gradients", 2, sample_gradients),
        ],
    ),
    "kl-term": Task(
        kl_cases("log_var", "log_tau2"),
        [
            Property("the values", 3, kl_values),
            Property("never negative, and zero at the prior", 1, kl_never_negative),
        ],
    ),
    "reconstruction": Task(
        likelihood_cases,
        [
            Property("the values", 3, likelihood_values),
            Property("logits of any size", 1, likelihood_extremes),
        ],
    ),
    "log-sigma": Task(
        kl_cases("log_sigma", "log_tau"),
        [
            Property("the values", 2, log_sigma_values),
            Property("never negative, and zero at the prior", 1, kl_never_negative),
        ],
    ),
    "kl-term-by-hand": Derivation(
        start=r"D_{\mathrm{KL}}(q(z) \,\|\, p(z))",
        end=(
            r"\frac{1}{2} \left( \log \tau^2 - \log \sigma^2 - 1 "
            r"+ \frac{\sigma^2 + (\mu - m)^2}{\tau^2} \right)"
        ),
        given=(
            r"q(z) := \mathcal{N}(z; \mu, \sigma^2), p(z) := \mathcal{N}(z; m, \tau^2)",
        ),
        points=4,
        min_steps=3,
        stages=(
            Averages(
                "the averages that are left",
                "z",
                (
                    r"\frac{(z - m)^2}{2 \tau^2} - \frac{(z - \mu)^2}{2 \sigma^2}",
                    r"\frac{(z - m)^2}{2 \tau^2}",
                    r"-\frac{(z - \mu)^2}{2 \sigma^2}",
                ),
            ),
        ),
    ),
}
