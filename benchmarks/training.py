"""Seconds per epoch and test ELBO: the book's loop beside the example that people copy.

One thread. The contenders take turns, so what else the machine does hits all of them; the
time is the process's own. The limit is a loop of the matrix products alone. Float settings
are the same for all: torch's "medium" lets a processor that can multiply in bfloat16 do so.
"""

import time
from collections.abc import Callable
from statistics import mean, stdev

import torch
from torch import Tensor, nn

from benchmarks.contenders import example_elbo, train_example
from benchmarks.timings import Row, interleaved
from tools.train import arguments
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.training import mean_elbo, train

NOTES = """One thread, processor time, MNIST with grey pixels; matrix products in torch's
precision 'medium' for all. The example and 'the same network': 784-400-20, batches of 128.
The limit: the matrix products of that network alone, forward and backward; 'of limit' is
its time over that of a contender with this network. ELBO 1, 5, 10: nats per test image
after so many epochs, mean and standard deviation over three seeds. Our defaults are those
of tools/train.py, chosen on held-out training images: another network, larger batches, and
a learning rate that falls."""
LOOK_AT = (1, 5, 10)  # epochs after which the ELBO is measured
DEFAULTS = arguments().parse_args([])


def same_network() -> VAE:
    """784-400-20 with ReLU, as the example's."""
    vae = VAE(784, 20, (400,))
    vae.encoder.net[1], vae.decoder.net[1] = nn.ReLU(), nn.ReLU()
    return vae


def ours(make: Callable[[], VAE], **options):
    """A contender: trains, and reports the test ELBO after each epoch if asked."""

    def run(images: Tensor, epochs: int, seed: int, test: Tensor | None = None):
        torch.manual_seed(seed)
        vae, elbos = make(), []
        look = test is not None and (lambda _: elbos.append(mean_elbo(vae, test)))
        train(
            vae, images, epochs=epochs, seed=seed, progress=False,
            on_epoch=look or None, **options,
        )  # fmt: skip
        return elbos

    return run


def example(images: Tensor, epochs: int, seed: int, test: Tensor | None = None):
    elbos: list[float] = []
    look = test is not None and (lambda net: elbos.append(example_elbo(net, test)))
    train_example(images, epochs, seed, look or None)
    return elbos


def products_alone(sizes: list[tuple[int, int]], batch: int):
    """Only the matrix products of forward and backward pass, of an epoch's length."""

    def run(images: Tensor, epochs: int, seed: int, test: Tensor | None = None):
        weights = [torch.randn(a, b) for a, b in sizes]
        inputs = [torch.randn(batch, a) for a, _ in sizes]
        slopes = [torch.randn(batch, b) for _, b in sizes]
        for _ in range(epochs * len(images) // batch):
            for i, (x, w, g) in enumerate(zip(inputs, weights, slopes, strict=True)):
                x @ w, x.T @ g
                if i:  # nobody asks for the slope in the image
                    g @ w.T
        return []

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


def measure(quick: bool = False) -> list[Row]:
    """One row a contender: seconds, ratio, share of the limit, ELBOs and their spread."""
    rounds, seeds, epochs, n = (1, 2, 2, 2_000) if quick else (9, 3, 10, 60_000)
    data = load_mnist()
    images, test = data.train_images[:n], data.test_images[:n]
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision(DEFAULTS.precision)
    try:
        works = {name: lambda r=run: r(images, 1, 0) for name, run in CONTENDERS.items()}
        interleaved(works, 1)  # warms up
        seconds = interleaved(works, rounds, clock=time.process_time)
        rows = []
        for name, run in CONTENDERS.items():
            curves = [run(images, epochs, seed, test) for seed in range(seeds)]
            reached = [[c[at - 1] for c in curves if len(c) >= at] for at in LOOK_AT]
            rows.append({
                "contender": name, "seconds": seconds[name],
                "ratio": seconds[EXAMPLE] / seconds[name],
                # Our defaults are another network: its limit is another, too.
                "share": None if name == DEFAULT else seconds[LIMIT] / seconds[name],
                "epochs": LOOK_AT,
                "elbo": [(mean(v), stdev(v)) if v else None for v in reached],
            })  # fmt: skip
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])
    return rows
