"""Run the papers' experiments again, and one of ours, and keep what came out.

    python -m vae_lib.reproduce aevb    Kingma and Welling (2013), figure 2: six sizes of z
    python -m vae_lib.reproduce iwae    Burda et al. (2015), table 1: VAE and IWAE
    python -m vae_lib.reproduce two-d   the best test ELBO with two latent dimensions
    python -m vae_lib.reproduce recipe  what each of our settings brings, in ten minutes
    python -m vae_lib.reproduce latents what each of 10 or 50 latents carries, in as many
    python -m vae_lib.reproduce variants  chapter 10: convolutions, and beta as a dial
    python -m vae_lib.reproduce collapse  chapter 7: small digits, in some minutes

Each writes results/NAME.json beside this module: settings, commit, seed, curves, final
numbers with standard errors. A run that was stopped goes on where it was. 5,000
images are held out of the training set, for what is to be chosen; the test set is used
once a run, at its end.
The published numbers are not in here: the chapters cite them.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Normal
from tqdm import tqdm

from vae_lib.checkpoint import CheckpointError
from vae_lib.collapse import active_units, kl_per_dimension
from vae_lib.data import (
    binarize,
    in_unit_interval,
    load_digits,
    load_fashion_mnist,
    load_mnist,
)
from vae_lib.encoder_decoder import VAE, BernoulliDecoder
from vae_lib.evaluation import (
    importance_weighted_objective,
    log_likelihood_estimate,
    log_weights,
)
from vae_lib.files import write_whole
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import Objective, elbo_objective, elbo_terms
from vae_lib.training import TrainingError, train
from vae_lib.variants import conv_vae, n_parameters, tile_contrast

RESULTS = Path(__file__).with_name("results")
N_VALIDATION = 5_000


class Run(NamedTuple):
    """One network to train, under the name that the results file gives it."""

    label: str
    z_dim: int
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    K: int = 0  # samples in an importance-weighted bound; 0: the plain ELBO
    binarized: bool = False
    weights: int = 0  # of the estimate of log p(x); 0: the ELBO alone is measured
    precision: str = "medium"  # of products while training; the end is measured in full
    chosen: int | None = None  # of the K samples: those that the slope passes through
    activation: str = "GELU"  # of torch.nn
    informed_start: bool = False  # see `start_informed`
    mean_start: bool = False  # see `BernoulliDecoder.start_at`
    warm_up: float = 0.05
    repeat: int = 0  # the same from another seed, which is so much larger


class Variant(NamedTuple):
    """One network of chapter 10, with 10 latents: 10,000 images, grey, from their start."""

    label: str
    clothes: bool  # Fashion-MNIST, or else MNIST
    epochs: int
    hidden: tuple[int, ...] = ()  # of an MLP
    up: str = ""  # of a `conv_vae`; else an MLP
    beta: float = 1.0
    learning_rate: float = 1.2e-2
    repeat: int = 0  # the seed


class Small(NamedTuple):
    """One network of chapter 7: 8 latents, a Gaussian decoder, the 8x8 digits."""

    label: str
    beta: float
    variance: float
    epochs: int = 40


def experiments(epochs: int | None = None) -> dict[str, Sequence[Run | Variant | Small]]:
    """The runs of each experiment; `epochs` replaces their lengths.

    The papers' layer sizes, with Adam and a cosine schedule in place of Adagrad (`aevb`)
    and of Adam with a rate that falls in steps (`iwae`): so fewer epochs are needed. Batch,
    rate, nonlinearity and start of `iwae` were compared on the held-out images, in short
    runs. An epoch with 50 samples an image costs many plain ones: 500 of them take hours.
    """
    burda = partial(
        Run, z_dim=50, hidden=(200, 200), batch_size=128, learning_rate=3e-3,
        binarized=True, weights=5_000, activation="Tanh", informed_start=True,
    )  # fmt: skip
    return {
        "aevb": [
            Run(f"N_z = {H}", H, (500,), epochs or 20, 100, 2e-3)
            for H in (2, 3, 5, 10, 20, 200)
        ],
        "iwae": [
            burda(name + end, epochs=epochs or length, K=K, chosen=chosen)
            for length, end in [(500, ""), (160, ", 160 epochs")]
            for name, K, chosen in [
                ("VAE", 0, None), ("IWAE, k = 5", 5, None), ("IWAE, k = 50", 50, 5)
            ]
        ],
        "two-d": [Run("2-D", 2, (256, 256, 256), epochs or 60, 128, 3e-3, 0, True)],
        "recipe": recipe(epochs),
        "variants": variants(epochs),
        "collapse": [
            Small(f"beta {b:g}, variance {v:g}", b, v, epochs or 40)
            for b in (0.25, 1.0, 4.0)
            for v in (1.0, 0.5, 0.25, 0.1, 0.05)
        ],
        "latents": [
            Run(
                f"{H} latents, {n} epochs, seed {k}", H, (256, 128), epochs or n, 256,
                1.2e-2, precision="highest", mean_start=True, warm_up=0.2, repeat=k,
            )
            for H, n in [(10, 2), (10, 24), (50, 12)]
            for k in range(3)
        ],
    }  # fmt: skip


def recipe(epochs: int | None = None) -> list[Run]:
    """Our settings on MNIST, and the same with one of them otherwise: three seeds each."""
    ours = Run(
        "ours", 20, (256,), epochs or 4, 256, 1.2e-2, precision="highest",
        mean_start=True, warm_up=0.2,
    )  # fmt: skip
    changes: dict[str, dict[str, Any]] = {
        "ours": {},
        "without the start": {"mean_start": False},
        "a warm-up of 5%": {"warm_up": 0.05},
        "without both": {"mean_start": False, "warm_up": 0.05},
        "batches of 512": {"batch_size": 512},
        "batches of 512, rate 0.016": {"batch_size": 512, "learning_rate": 1.6e-2},
        "none of the three": {"mean_start": False, "warm_up": 0.05, "batch_size": 512},
    }
    return [
        ours._replace(label=f"{name}, seed {k}", repeat=k, **change)
        for k in range(3)
        for name, change in changes.items()
    ]


def variants(epochs: int | None = None) -> list[Variant]:
    """Chapter 10's networks on clothes, and one on digits at six betas: three seeds each.

    The epochs "in equal time" are such that the seconds are about alike on our machine.
    """
    settings = [
        Variant("convolutions", True, 6, up="uneven"),
        Variant("MLP, equal parameters", True, 6, (36,)),
        Variant("MLP, equal parameters and time", True, 70, (36,)),
        Variant("wide MLP, equal time", True, 30, (256,), learning_rate=3e-3),
        *(Variant(f"up {up}", True, 2, up=up) for up in ("uneven", "even", "resize")),
        *(
            Variant(f"beta {beta:g}", False, 8, (128,), beta=beta)
            for beta in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
        ),
    ]
    return [
        v._replace(label=f"{v.label}, seed {k}", repeat=k, epochs=epochs or v.epochs)
        for k in range(3)
        for v in settings
    ]


def reproduce(
    name: str,
    epochs: int | None = None,
    *,
    seed: int = 0,
    folder: Path = RESULTS,
    device: str = "cpu",
    n_test: int = 10_000,
    progress: bool = True,
) -> dict:
    """Do all runs of an experiment, or what is left of them; the content of its file.

    Args:
        epochs: of every run, in place of the experiment's own number.
        folder: of the results file and, until a run is done, of its checkpoint.
        n_test: how many of the test images are used, from 2, for a standard error.

    Raises:
        ValueError: on an unknown name or a number that makes no sense, or if the results
            file cannot be read or holds runs with other settings.
    """
    known = experiments(epochs)
    if name not in known:
        raise ValueError(f"no experiment {name!r}: there are {', '.join(known)}")
    if not 2 <= n_test <= 10_000 or (epochs is not None and epochs < 1):
        raise ValueError(f"need epochs >= 1, 2 <= n_test <= 10,000: {epochs=}, {n_test=}")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    result = read(name, folder) if file.exists() else {"runs": []}
    plan = [
        as_saved(run._asdict() | {"seed": seed, "n_test": n_test}) for run in known[name]
    ]
    if others := [done for done in result["runs"] if done["settings"] not in plan]:
        raise ValueError(
            f"{file} holds {len(others)} finished runs with other settings, which would be "
            "lost: name another folder (--folder), or move the file away"
        )
    made_by = describe_machine(device)
    for run, settings in zip(known[name], plan, strict=True):
        # Its name tells the settings: no run goes on with the beginning of another.
        checksum = zlib.crc32(json.dumps(settings).encode())
        checkpoint = folder / f"{name}-{run.label.replace(' ', '')}-{checksum:08x}.pt"
        if any(settings == done["settings"] for done in result["runs"]):
            checkpoint.unlink(missing_ok=True)
            continue
        if isinstance(run, Variant):
            outcome = carry_out_variant(run, seed, n_test, progress)
        elif isinstance(run, Small):
            outcome = carry_out_small(run, seed, progress)
        else:
            outcome = carry_out(run, seed, checkpoint, device, n_test, progress)
        result["runs"].append({"settings": settings, "made_by": made_by} | outcome)
        write_whole(file, (json.dumps(result, indent=1) + "\n").encode())
        checkpoint.unlink(missing_ok=True)
    return result


def read(name: str, folder: Path = RESULTS) -> dict:
    """What an experiment has left in its file.

    Raises:
        ValueError: if there is no such file, or it is damaged.
    """
    file = folder / f"{name}.json"
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
        if not all("label" in run["settings"] for run in result["runs"]):
            raise KeyError("label")
        return {"runs": list(result["runs"])}
    except FileNotFoundError as error:
        advice = f"run 'python -m vae_lib.reproduce {name}' first"
        raise ValueError(f"no results in {file}: {advice}") from error
    except (ValueError, KeyError, TypeError) as error:
        advice = "delete it and run the experiment again, or restore it with git"
        raise ValueError(f"{file} is no results file ({error!r}): {advice}") from error


def finished(name: str, folder: Path = RESULTS) -> dict[str, dict]:
    """The runs of an experiment that are done, by their labels; none without a file."""
    if not (folder / f"{name}.json").exists():
        return {}
    return {run["settings"]["label"]: run for run in read(name, folder)["runs"]}


def carry_out(
    run: Run, seed: int, checkpoint: Path, device: str, n_test: int, progress: bool
) -> dict:
    """Train one network and measure it, on the test images as the last act."""
    data, seed = load_mnist(), seed + run.repeat
    images = data.train_images.to(device)
    held_out = images[-N_VALIDATION:]
    if run.binarized:
        held_out = binarize(held_out, torch.Generator(device).manual_seed(1))
    objective: Objective = elbo_objective
    if run.K:
        objective = partial(importance_weighted_objective, K=run.K, chosen=run.chosen)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vae = VAE(784, run.z_dim, run.hidden, activation=getattr(nn, run.activation))
        if run.informed_start:
            start_informed(vae, data.train_images[:-N_VALIDATION])
        if run.mean_start:
            start_at_the_mean(vae, data.train_images[:-N_VALIDATION])
    vae.to(device)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(run.precision)
        history = train(
            vae, images[:-N_VALIDATION], epochs=run.epochs, batch_size=run.batch_size,
            learning_rate=run.learning_rate, warm_up=run.warm_up,
            dynamic_binarization=run.binarized,
            validation_images=held_out, seed=seed, checkpoint=checkpoint,
            objective=objective, progress=progress,
        )  # fmt: skip
        torch.set_float32_matmul_precision("highest")
        return measure(vae, run, data.test_images[:n_test].to(device), progress) | {
            "curve": [[e.epoch, e.objective, e.validation_elbo] for e in history]
        }
    finally:
        torch.set_float32_matmul_precision(before)


def carry_out_variant(run: Variant, seed: int, n_test: int, progress: bool) -> dict:
    """Train one network of chapter 10, on the CPU, and measure it on 3,000 test images."""
    data = load_fashion_mnist() if run.clothes else load_mnist()
    images, test = data.train_images[:10_000], data.test_images[: min(n_test, 3_000)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + run.repeat)
        vae = conv_vae((1, 28, 28), 10, up=run.up) if run.up else VAE(784, 10, run.hidden)
    start_at_the_mean(vae, images)
    before = time.process_time()
    train(
        vae, images, epochs=run.epochs, learning_rate=run.learning_rate,
        objective=partial(elbo_objective, beta=run.beta), seed=seed + run.repeat,
        progress=progress,
    )  # fmt: skip
    seconds = time.process_time() - before
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        reconstruction, kl = elbo_terms(vae, test, generator)
        drawn = vae.decode(torch.randn(1000, 10, generator=generator))
    return {
        "test_elbo": summary(reconstruction - kl),
        "distortion": summary(-reconstruction),
        "rate": summary(kl),
        "parameters": n_parameters(vae),
        "seconds": round(seconds, 1),
        "tile_contrast": summary(tile_contrast(drawn, (1, 28, 28))),
    }


def carry_out_small(run: Small, seed: int, progress: bool) -> dict:
    """Train one network of chapter 7, and watch what it gains and what its latents say.

    A row of "curve" stands for an epoch. Its first number is what the validation ELBO has
    over a decoder of the same variance that answers every z with the mean image. The others
    are what each latent carries there, sorted by what they carry at the end.
    """
    digits = load_digits()
    images, held_out = digits.train_images.split([1200, 300])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vae = VAE(64, 8, (128, 64), likelihood="gaussian", variance=run.variance)
    spread = torch.tensor(run.variance).sqrt()
    silent = Normal(images.mean(dim=0), spread).log_prob(held_out).sum(dim=1).mean()
    kl: list[Tensor] = []
    history = train(
        vae, images, epochs=run.epochs, batch_size=50, learning_rate=5e-3,
        objective=partial(elbo_objective, beta=run.beta), seed=seed,
        validation_images=held_out, progress=progress,
        on_epoch=lambda _: kl.append(kl_per_dimension(vae, held_out)),
    )  # fmt: skip
    order = kl[-1].argsort(descending=True)
    elbos = [e.validation_elbo for e in history if e.validation_elbo is not None]
    curve = [
        [round(elbo - silent.item(), 1), *(round(nats, 2) for nats in k[order].tolist())]
        for elbo, k in zip(elbos, kl, strict=True)
    ]
    with torch.no_grad():
        generator = torch.Generator().manual_seed(2)
        reconstruction, paid = elbo_terms(vae, digits.test_images, generator)
    return {"curve": curve, "test_elbo": summary(reconstruction - paid)}


def measure(vae: VAE, run: Run, test: Tensor, progress: bool) -> dict:
    """What the table shows of a trained network: its test ELBO and, if asked, log p(x)."""
    generator = torch.Generator(test.device).manual_seed(2)
    if run.binarized:
        test = binarize(test, generator)
    with torch.no_grad():
        reconstruction, kl = elbo_terms(vae, test, generator)
    outcome = {
        "test_elbo": summary(reconstruction - kl),
        "kl": kl_per_dimension(vae, test).tolist(),
        "active_units": int(active_units(vae, test).sum()),
    }
    if run.weights:
        of_each = held_out_log_likelihood(vae, test, run.weights, generator, progress)
        outcome["test_log_likelihood"] = summary(of_each)
        outcome["of_each"] = packed(of_each)
    return outcome


def start_informed(vae: VAE, images: Tensor) -> None:
    """Start with weights as in Glorot and Bengio (2010), and with a Bernoulli decoder that
    starts at the average of the images (n, D). With a nonlinearity that leaves 0 as it is,
    it draws that average at z = 0. The weights come from torch's own generator."""
    for layer in vae.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    start_at_the_mean(vae, images)


def start_at_the_mean(vae: VAE, images: Tensor) -> None:
    """Start with a Bernoulli decoder at the average of the images (n, D)."""
    assert isinstance(vae.decoder, BernoulliDecoder)
    vae.decoder.start_at(in_unit_interval(images, torch.float32).mean(dim=0))


def held_out_log_likelihood(
    vae: VAE, images: Tensor, K: int, generator: torch.Generator, progress: bool
) -> Tensor:
    """log p(x) of each image, from K importance weights: (n,), nats."""
    parts = []
    for x in tqdm(images.split(100), desc="log p(x)", disable=not progress):
        parts.append(log_likelihood_estimate(log_weights(vae, x, K, generator)).value)
    return torch.cat(parts)


def packed(values: Tensor) -> str:
    """Values (n,) as text, two bytes each. Two runs that keep what they found for each
    image can be compared image by image."""
    return b64encode(values.half().numpy(force=True).tobytes()).decode()


def unpacked(text: str) -> Tensor:
    """What `packed` has packed: (n,), float32, to three digits."""
    return torch.frombuffer(bytearray(b64decode(text)), dtype=torch.float16).float()


def summary(values: Tensor) -> dict:
    """Mean over images, with the standard error that the choice of images gives it."""
    estimate = Estimate.of(values)
    return {
        "value": float(estimate.value), "standard_error": float(estimate.standard_error),
        "n": estimate.n,
    }  # fmt: skip


def describe_machine(device: str) -> dict[str, str]:
    """Where and with what a run was made: commit, date, torch, device."""
    command = ["git", "-C", str(RESULTS.parent), "rev-parse", "--short", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:  # there is no git
        commit = ""
    cuda = device.startswith("cuda")
    name = torch.cuda.get_device_name() if cuda else device.upper()
    return {
        "commit": commit or "unknown", "date": date.today().isoformat(),
        "torch": torch.__version__, "device": f"{name}, {platform.machine()}",
    }  # fmt: skip


def as_saved(value: Any) -> Any:
    """As it comes back from a file: tuples are lists there."""
    return json.loads(json.dumps(value))


def main() -> None:
    """What `python -m vae_lib.reproduce` does."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=list(experiments()))
    parser.add_argument("--epochs", type=int, help="in place of the experiment's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=RESULTS)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--test-images", type=int, default=10_000)
    given = parser.parse_args()
    try:
        before = finished(given.name, given.folder)
        torch.empty(0, device=given.device)
        result = reproduce(
            given.name, given.epochs, seed=given.seed, folder=given.folder,
            device=given.device, n_test=given.test_images,
        )  # fmt: skip
    except (ValueError, OSError, CheckpointError, TrainingError) as error:
        parser.error(str(error))
    except (RuntimeError, AssertionError) as error:  # torch has no such device
        parser.error(f"--device {given.device}: {str(error).splitlines()[0]}")
    if len(before) == len(result["runs"]):
        date_of, name = result["runs"][0]["made_by"]["date"], given.name
        print(
            f"Nothing was trained: these are the finished runs in {given.folder}, of "
            f"{date_of}. To run them anew, name another folder: "
            f"python -m vae_lib.reproduce {name} --folder my-results"
        )
    for run in result["runs"]:
        for what in ("test_elbo", "test_log_likelihood"):
            if what in run:
                value, spread = run[what]["value"], run[what]["standard_error"]
                print(
                    f"{run['settings']['label']:>14}  {what} {value:9.2f} +- {spread:.2f}"
                )


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    main()
