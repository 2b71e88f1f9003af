"""Resident memory of training, in child processes that measure themselves (Linux only).

The last row trains on bytes in a file that is larger than the limit set on the process's
own memory (RLIMIT_DATA): under that limit the images as 32-bit floats cannot be made.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timings import Row, Unmeasurable, compared

NOTES = """Peak resident memory of a whole process that trains an epoch on MNIST,
imports included. Last row: images of random bytes in a memory-mapped file, larger than
the limit on the process's own memory; 'ours' is the memory that is not the file's, at
its peak, and the alternative, the same images as a float tensor, would not fit."""
MEGABYTES = 1e6
PIXELS = 784


def status(name: str) -> float:
    """A line of /proc/self/status, in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024 / MEGABYTES
    raise KeyError(name)


def peak_of_ours(n: int) -> dict:
    from benchmarks.training import our_defaults
    from vae_lib.data import load_mnist

    our_defaults(load_mnist().train_images[:n], 1, 0, lambda _: None)
    return {"peak": status("VmHWM")}


def peak_of_the_example(n: int) -> dict:
    from benchmarks.training import example
    from vae_lib.data import load_mnist

    example()(load_mnist().train_images[:n], 1, 0, lambda _: None)
    return {"peak": status("VmHWM")}


def peak_of_a_file(megabytes: int) -> dict:
    """An epoch over a file of random images that is larger than the memory allowed."""
    import resource

    import numpy as np
    import torch

    from vae_lib.encoder_decoder import VAE
    from vae_lib.objective import elbo_objective
    from vae_lib.training import train

    n = int(megabytes * MEGABYTES) // PIXELS
    limit = int(megabytes * MEGABYTES * 2 // 3)
    own = []

    def watched(vae, x, generator):
        own.append(status("RssAnon"))
        return elbo_objective(vae, x, generator)

    with tempfile.TemporaryDirectory() as folder:
        shape, random = (n, PIXELS), np.random.default_rng(0)
        file = np.memmap(Path(folder) / "images", np.uint8, "w+", shape=shape)
        for part in np.array_split(file, max(1, megabytes // 50)):
            part[:] = random.integers(0, 256, part.shape, np.uint8)
        images = torch.from_numpy(file)
        # train imports some of torch on its first call: before the limit and the watch.
        train(VAE(PIXELS, 2, (32,)), images[:512], epochs=1, progress=False)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        try:
            images.to(torch.float32)
            refused = False
        except (RuntimeError, MemoryError):
            refused = True
        train(
            VAE(PIXELS, 2, (32,)), images, epochs=1, batch_size=512, progress=False,
            objective=watched,
        )  # fmt: skip
    return {"peak": max(own), "first": own[0], "limit": limit / MEGABYTES,
            "refused": refused, "n": n}  # fmt: skip


CHILDREN = {f.__name__: f for f in (peak_of_ours, peak_of_the_example, peak_of_a_file)}


def child(name: str, size: int) -> dict:
    command = [sys.executable, "-m", "benchmarks.memory", name, str(size)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(quick: bool = False) -> list[Row]:
    if not Path("/proc/self/status").exists():
        raise Unmeasurable("memory is read from /proc, which this system lacks")
    n, megabytes = (1_000, 500) if quick else (60_000, 1_500)
    ours = child("peak_of_ours", n)["peak"]
    example = child("peak_of_the_example", n)["peak"]
    mapped = child("peak_of_a_file", megabytes)
    assert mapped["refused"], "the limit holds nothing back"
    what = f"{megabytes:,} MB of images in a file, {mapped['limit']:,.0f} MB allowed"
    return [
        compared("training on MNIST", ours, "pytorch/examples VAE", example, "MB"),
        compared(what, mapped["peak"], "the images as floats", 4.0 * megabytes, "MB"),
    ]


if __name__ == "__main__":
    print(json.dumps(CHILDREN[sys.argv[1]](int(sys.argv[2]))))
