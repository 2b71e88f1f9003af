"""Seconds per epoch and test ELBO: the book's loop beside the example that people copy.

    python -m benchmarks.training [--rounds 5] [--seeds 3] [--epochs 10]

One thread. The contenders take turns, so what else the machine does hits all of them; the
time is the process's own, its median over the rounds. The limit is a loop of the matrix
products alone. Float settings are the same for all: torch's "medium" lets a processor that
can multiply in bfloat16 do so.
"""

import argparse
import time
from collections.abc import Callable
from statistics import mean, median, stdev

import torch
from torch import Tensor, nn

from benchmarks.contenders import example_elbo, train_example
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.training import mean_elbo, train

LOOK_AT = (1, 5, 10)  # epochs after which the ELBO is measured
HIDDEN = (256, 128)


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
    SAME: ours(same_network, learning_rate=1e-3),
    DEFAULT: ours(lambda: VAE(784, 20, HIDDEN)),
    LIMIT: products_alone([(784, 400), (400, 40), (20, 400), (400, 784)], 128),
}


def processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(rounds: int, seeds: int, epochs: int) -> list[dict]:
    """One row a contender: seconds, ratio, share of the limit, ELBOs and their spread."""
    data = load_mnist()
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for round_ in range(rounds + 1):
        for name, run in CONTENDERS.items():
            spent = processor_seconds(lambda r=run: r(data.train_images, 1, 0))
            seconds[name] += [spent] if round_ else []  # the first one warms up
    medians = {name: median(values) for name, values in seconds.items()}
    rows = []
    for name, run in CONTENDERS.items():
        curves = [
            run(data.train_images, epochs, seed, data.test_images) for seed in range(seeds)
        ]
        reached = [[c[at - 1] for c in curves if len(c) >= at] for at in LOOK_AT]
        rows.append({
            "contender": name, "seconds": medians[name],
            "ratio": medians[EXAMPLE] / medians[name],
            "share": medians[LIMIT] / medians[name],
            "elbo": [(mean(v), stdev(v) if len(v) > 1 else 0.0) if v else None for v in reached],
        })  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument(
        "--precision", default="medium", choices=["highest", "high", "medium"]
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision(given.precision)
    for row in measure(given.rounds, given.seeds, given.epochs):
        elbos = (f"{e[0]:8.1f} ({e[1]:.1f})" if e else "       –" for e in row["elbo"])
        print(f"{row['contender']:28} {row['seconds']:6.2f} s {row['ratio']:5.1f}x "
              f"{row['share']:5.0%}", *elbos)  # fmt: skip


if __name__ == "__main__":
    main()
