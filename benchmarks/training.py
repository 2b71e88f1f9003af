"""Seconds per epoch and test ELBO: the book's loop beside the example that people copy.

One thread. The contenders take turns, seed by seed, so what else the machine does hits all
of them; the time is the process's own. Later epochs count as the first one does: the
example's slow down as Adam's averages become denormal numbers.
"""

import math
import time
from collections.abc import Callable
from statistics import mean, median, stdev

import torch
from torch import Tensor, nn

from benchmarks.contenders import example_elbo, train_example
from benchmarks.timings import Row
from tools.train import arguments
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.objective import mean_elbo
from vae_lib.training import train

NOTES = """One thread, processor time, MNIST with grey pixels. Seconds: the median epoch of
runs of ten, over three seeds. Floats: torch's setting for matrix products, 'highest', as it
comes, or 'medium', which hands them to oneDNN and allows it bfloat16 (what it uses depends
on the processor). The example, the same network and the limit: 784-400-20, batches of 128.
The limit: the matrix products of that network alone, forward and backward; 'of limit' is
its time over that of a contender with this network. ELBO 1, 5, 10: nats per test image
after so many epochs, mean and standard deviation over the seeds. Our defaults are those of
tools/train.py, chosen on held-out training images: another network, larger batches, and a
learning rate that falls."""
LOOK_AT = (1, 5, 10)  # epochs after which the ELBO is measured
DEFAULTS = arguments().parse_args([])


def same_network() -> VAE:
    """784-400-20 with ReLU, as the example's."""
    return VAE(784, 20, (400,), activation=nn.ReLU)


# What a contender does: train with that seed, and call back after every epoch, with a
# function that gives the test ELBO.
Run = Callable[[Tensor, int, int, Callable[[Callable[[Tensor], float]], None]], None]


def ours(make: Callable[[], VAE], **options) -> Run:
    def run(images, epochs, seed, on_epoch):
        torch.manual_seed(seed)
        vae = make()
        train(
            vae, images, epochs=epochs, seed=seed, progress=False,
            on_epoch=lambda _: on_epoch(lambda test: mean_elbo(vae, test)), **options,
        )  # fmt: skip

    return run


def example(images, epochs, seed, on_epoch):
    train_example(
        images, epochs, seed,
        lambda network: on_epoch(lambda test: example_elbo(network, test)),
    )  # fmt: skip


def products_alone(sizes: list[tuple[int, int]], batch: int) -> Run:
    """Only the matrix products of forward and backward pass, of an epoch's length."""

    def run(images, epochs, seed, on_epoch):
        weights = [torch.randn(a, b) for a, b in sizes]
        inputs = [torch.randn(batch, a) for a, _ in sizes]
        slopes = [torch.randn(batch, b) for _, b in sizes]
        for _ in range(epochs):
            for _ in range(math.ceil(len(images) / batch)):
                for i, (x, w, g) in enumerate(zip(inputs, weights, slopes, strict=True)):
                    x @ w, x.T @ g
                    if i:  # nobody asks for the slope in the image
                        g @ w.T
            on_epoch(None)

    return run


EXAMPLE, LIMIT, SAME, DEFAULT = (
    "pytorch/examples VAE", "its matrix products alone",
    "ours, the same network", "ours, our defaults",
)  # fmt: skip
CONTENDERS = {
    EXAMPLE: example,
    SAME: ours(same_network, batch_size=128, learning_rate=1e-3),
    DEFAULT: ours(
        lambda: VAE(784, DEFAULTS.z_dim, DEFAULTS.hidden),
        batch_size=DEFAULTS.batch_size, learning_rate=DEFAULTS.learning_rate,
    ),
    LIMIT: products_alone([(784, 400), (400, 40), (20, 400), (400, 784)], 128),
}  # fmt: skip


# Whom to measure, under which float setting. The first is what the others are compared to.
PLAN = [(name, "highest") for name in (EXAMPLE, SAME, LIMIT)]
PLAN += [(name, "medium") for name in (EXAMPLE, SAME, LIMIT)]
PLAN += [(DEFAULT, DEFAULTS.precision)]


def measure(quick: bool = False) -> list[Row]:
    """One row a contender: seconds, ratio, share of the limit, ELBOs and their spread."""
    seeds, epochs, n = (2, 2, 2_000) if quick else (3, 10, 60_000)
    data = load_mnist()
    images, test = data.train_images[:n], data.test_images[:n]
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    seconds: dict[tuple[str, str], list[float]] = {entry: [] for entry in PLAN}
    curves: dict[tuple[str, str], list[dict[int, float]]] = {entry: [] for entry in PLAN}
    try:
        for seed in range(seeds):
            for entry in PLAN:
                torch.set_float32_matmul_precision(entry[1])
                times, curve = timed(CONTENDERS[entry[0]], images, epochs, seed, test)
                seconds[entry] += times
                curves[entry].append(curve)
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])
    rows = []
    for name, precision in PLAN:
        spent = median(seconds[name, precision])
        limit = median(seconds[LIMIT, precision])
        reached = [[c[at] for c in curves[name, precision] if at in c] for at in LOOK_AT]
        rows.append({
            "contender": name, "precision": precision, "seconds": spent,
            "ratio": median(seconds[PLAN[0]]) / spent,
            # Our defaults are another network: its limit is another, too.
            "share": None if name == DEFAULT else limit / spent,
            "epochs": LOOK_AT,
            "elbo": [(mean(v), stdev(v)) if v else None for v in reached],
        })  # fmt: skip
    return rows


def timed(run: Run, images: Tensor, epochs: int, seed: int, test: Tensor):
    """Processor seconds of each epoch, and the test ELBO after those in LOOK_AT."""
    times, curve, start = [], {}, time.process_time()

    def on_epoch(elbo: Callable[[Tensor], float] | None) -> None:
        nonlocal start
        times.append(time.process_time() - start)
        if elbo and len(times) in LOOK_AT:
            curve[len(times)] = elbo(test)
        start = time.process_time()

    run(images, epochs, seed, on_epoch)
    return times, curve
