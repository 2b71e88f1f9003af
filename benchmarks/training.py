"""Training on MNIST: the book's loop and settings beside the example that people copy.

One thread. The contenders take turns, seed by seed, so what else the machine does hits all
of them; the time is the process's own. Later epochs count as the first one does: the
example's slow down as Adam's averages become denormal numbers.
"""

import time
from collections.abc import Callable
from statistics import mean, median, stdev
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.contenders import ExampleVAE, example_elbo, train_example
from benchmarks.timings import Row
from tools.train import arguments, make
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.objective import mean_elbo
from vae_lib.training import train

NOTES = """One thread, processor time, MNIST with grey pixels, three seeds: the median of
the epochs; means and standard deviations over the seeds. Floats: torch's setting for matrix
products; 'medium' allows coarser arithmetic where the processor has it. The example, the
same network and the limits: 784-400-20, batches of 128. Of limit: the limit's time over a
contender's, for those with this network; the limit is the matrix products, Adam's steps and
the selection of the images, and nothing else. Reaches: processor seconds until the test
ELBO, averaged over the seeds, is the one that the example has after its ten epochs; and how
much sooner than the example that is. Our settings were chosen on held-out training images;
here nothing is chosen."""
EXAMPLE_EPOCHS = 10
DEFAULTS = arguments().parse_args([])
# of the same network: chosen on held-out training images, too
SAME_EPOCHS, SAME_RATE = 5, 8e-3


def same_network() -> VAE:
    """784-400-20 with ReLU, as the example's."""
    return VAE(784, 20, (400,), activation=nn.ReLU)


# What a contender does: train so many epochs with that seed, and call back after each, with
# a function that gives the test ELBO.
Run = Callable[[Tensor, int, int, Callable[[Callable[[Tensor], float] | None], None]], None]


class Contender(NamedTuple):
    """A row of the table; `of_limit`: it has the network whose limit is measured."""

    name: str
    run: Run
    epochs: int
    precision: str = "highest"
    of_limit: bool = True


def ours(make: Callable[[Tensor], VAE], **options) -> Run:
    def run(images, epochs, seed, on_epoch):
        torch.manual_seed(seed)
        vae = make(images)
        train(
            vae, images, epochs=epochs, seed=seed, progress=False,
            on_epoch=lambda _: on_epoch(lambda test: mean_elbo(vae, test)), **options,
        )  # fmt: skip

    return run


def example(start: Callable[[ExampleVAE, Tensor], None] | None = None) -> Run:
    def run(images, epochs, seed, on_epoch):
        train_example(
            images, epochs, seed,
            lambda network: on_epoch(lambda test: example_elbo(network, test)), start,
        )  # fmt: skip

    return run


@torch.no_grad()
def at_the_mean_image(network: ExampleVAE, images: Tensor) -> None:
    """What `BernoulliDecoder.start_at` does, for the example."""
    network.fc4.bias.copy_(images.mean(dim=0).logit(eps=1e-3))


def limit(batch: int = 128, whole: bool = True) -> Run:
    """What an epoch of 784-400-20 cannot do without: the matrix products of forward and
    backward pass; if `whole`, the selection of the images and Adam's steps, too."""

    def run(images, epochs, seed, on_epoch):
        sizes = [(784, 400), (400, 40), (20, 400), (400, 784)]
        weights = [torch.randn(a, b) for a, b in sizes]
        inputs = [torch.randn(batch, a) for a, _ in sizes]
        slopes = [torch.randn(batch, b) for _, b in sizes]
        learned = [nn.Parameter(torch.randn(p.shape)) for p in same_network().parameters()]
        for parameter in learned:
            parameter.grad = torch.randn_like(parameter)
        adam = torch.optim.Adam(learned, fused=True)
        for _ in range(epochs):
            for chosen in torch.randperm(len(images)).split(batch):
                if whole:
                    images.index_select(0, chosen)
                    adam.step()
                for i, (x, w, g) in enumerate(zip(inputs, weights, slopes, strict=True)):
                    x @ w, x.T @ g
                    if i:  # nobody asks for the slope in the image
                        g @ w.T
            on_epoch(None)

    return run


EXAMPLE, LIMIT, DEFAULT = "pytorch/examples VAE", "the limit", "ours, our defaults"
our_defaults = ours(
    lambda images: make(DEFAULTS, images),
    batch_size=DEFAULTS.batch_size, learning_rate=DEFAULTS.learning_rate,
)  # fmt: skip
# The first is what the others are compared to.
CONTENDERS = [
    Contender(EXAMPLE, example(), EXAMPLE_EPOCHS),
    Contender("the example, started at the mean image", example(at_the_mean_image), 10),
    Contender(
        "ours, the same network",
        ours(lambda _: same_network(), batch_size=128, learning_rate=SAME_RATE),
        SAME_EPOCHS,
    ),
    Contender(DEFAULT, our_defaults, DEFAULTS.epochs, of_limit=False),
    Contender(LIMIT, limit(), 10),
    Contender("the limit: products alone", limit(whole=False), 10),
    Contender(EXAMPLE, example(), EXAMPLE_EPOCHS, "medium"),
    Contender(DEFAULT, our_defaults, DEFAULTS.epochs, "medium", of_limit=False),
]  # fmt: skip


def measure(quick: bool = False) -> list[Row]:
    """One row a contender: seconds, ratio, share of the limit, ELBO, time to the goal."""
    seeds, n = (2, 2_000) if quick else (3, 60_000)
    data = load_mnist()
    images, test = data.train_images[:n], data.test_images[:n]
    runs: list[list[Measured]] = [[] for _ in CONTENDERS]
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    try:
        for seed in range(seeds):
            for contender, of_seeds in zip(CONTENDERS, runs, strict=True):
                torch.set_float32_matmul_precision(contender.precision)
                of_seeds.append(measured(contender, images, seed, test, quick))
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])
    return rows_of(runs)


class Measured(NamedTuple):
    """One run: processor seconds of each epoch, and the test ELBO after it, in nats."""

    seconds: list[float]
    elbo: list[float]


def measured(
    contender: Contender, images: Tensor, seed: int, test: Tensor, quick: bool
) -> Measured:
    """Train once; the ELBOs are measured while the clock stands still."""
    seconds, curve, start = [], [], time.process_time()

    def on_epoch(elbo: Callable[[Tensor], float] | None) -> None:
        nonlocal start
        seconds.append(time.process_time() - start)
        if elbo:
            before = torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision("highest")
            curve.append(elbo(test))
            torch.set_float32_matmul_precision(before)
        start = time.process_time()

    contender.run(images, 2 if quick else contender.epochs, seed, on_epoch)
    return Measured(seconds, curve)


def rows_of(runs: list[list[Measured]]) -> list[Row]:
    """The table, from the runs of each contender."""
    goal = average_curve(runs[0])[-1]
    example_takes = mean(sum(run.seconds) for run in runs[0])
    epoch = [median(s for run in of_seeds for s in run.seconds) for of_seeds in runs]
    limit = epoch[[c.name for c in CONTENDERS].index(LIMIT)]
    rows = []
    for contender, of_seeds, seconds in zip(CONTENDERS, runs, epoch, strict=True):
        curve = average_curve(of_seeds)
        last = [run.elbo[-1] for run in of_seeds if run.elbo]
        there = next((i for i, elbo in enumerate(curve, 1) if elbo >= goal), None)
        takes = [sum(run.seconds[:there]) for run in of_seeds] if there else None
        rows.append({
            "contender": contender.name, "precision": contender.precision,
            "seconds": seconds, "ratio": epoch[0] / seconds,
            "share": limit / seconds if contender.of_limit else None,
            "epochs": contender.epochs,
            "elbo": (mean(last), stdev(last)) if last else None,
            "goal": goal,
            "reaches": (mean(takes), stdev(takes)) if takes else None,
            "sooner": example_takes / mean(takes) if takes else None,
        })  # fmt: skip
    return rows


def average_curve(of_seeds: list[Measured]) -> list[float]:
    """The mean over the seeds after each epoch."""
    return [mean(elbos) for elbos in zip(*(run.elbo for run in of_seeds), strict=True)]
