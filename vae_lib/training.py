r"""Chapter *training*: maximise the ELBO over minibatches, and see what the latents carry.

Source: Kingma and Welling (2013), algorithm 1, with Adam and a cosine schedule in place
of Adagrad.
"""

import math
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from vae_lib.checkpoint import Checkpoint, describe, fingerprint
from vae_lib.data import binarize
from vae_lib.encoder_decoder import VAE
from vae_lib.objective import elbo_terms, kl_to_standard_normal


class TrainingError(Exception):
    """Training broke down; the message names the step and the last good checkpoint."""


class Epoch(NamedTuple):
    """Averages in nats per image over an epoch's batches, while the parameters moved;
    `validation_elbo` is measured when the epoch is over. ELBO = reconstruction - kl."""

    epoch: int
    elbo: float
    reconstruction: float
    kl: float
    validation_elbo: float | None


@contextmanager
def _flush_denormals():
    """Adam's averages decay into denormal numbers, which the processor adds slowly."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@_flush_denormals()
def train(
    vae: VAE,
    images: Tensor,
    *,
    epochs: int,
    batch_size: int = 128,
    learning_rate: float = 4e-3,
    beta: float = 1.0,
    dynamic_binarization: bool = False,
    validation_images: Tensor | None = None,
    seed: int = 0,
    checkpoint: Path | str | None = None,
    progress: bool = True,
    on_epoch: Callable[[list[Epoch]], None] | None = None,
) -> list[Epoch]:
    """Fit the VAE in place by stochastic gradient ascent on the ELBO, `eq-minibatch-elbo`.

    The same start, seed and thread count give the same run, bit for bit, also when it was
    killed and resumed. Returns one `Epoch` an epoch, those before a resumption included.

    Args:
        images: training images, (n, D), in [0, 1], of the network's dtype.
        learning_rate: its peak; it warms up first and falls to zero on a cosine.
        beta: the weight of the KL term. 1 is the ELBO; less is no bound.
        dynamic_binarization: draw binary images anew for every batch (Burda et al., 2015).
        validation_images: if given, their ELBO is estimated after every epoch, as they are.
        seed: of the shuffling, the binarization and epsilon.
        checkpoint: a file, replaced after every epoch; if it exists, training resumes.
        progress: show a bar with ELBO, reconstruction and KL in nats per image.
        on_epoch: called with the history so far after every epoch, for live curves.

    Raises:
        ValueError: on images of a wrong shape or range, or settings that make no sense.
        CheckpointError: if the checkpoint is damaged or of another run.
        TrainingError: if the loss or a parameter is no longer finite.
    """
    if epochs < 1 or batch_size < 1 or not learning_rate > 0 or not beta >= 0:
        needed = "epochs >= 1, batch_size >= 1, learning_rate > 0, beta >= 0"
        got = f"{epochs=}, {batch_size=}, {learning_rate=}, {beta=}"
        raise ValueError(f"need {needed}, got {got}")
    for given in [images] if validation_images is None else [images, validation_images]:
        _check_images(vae, given)
    settings = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "beta": beta, "dynamic_binarization": dynamic_binarization, "seed": seed,
        "images": fingerprint(images), "validation_images": fingerprint(validation_images),
    } | describe(vae)  # fmt: skip
    steps = epochs * math.ceil(len(images) / batch_size)
    generator = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(vae.parameters(), lr=learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: _warm_up_then_cosine(step, steps)
    )
    parts = {"vae": vae, "optimizer": adam, "schedule": schedule, "generator": generator}
    run = Checkpoint(checkpoint, settings, parts)
    history = [Epoch(*row) for row in run.resume()]
    step = len(history) * steps // epochs
    with tqdm(total=steps, initial=step, mininterval=0.5, disable=not progress) as bar:
        for epoch in range(len(history) + 1, epochs + 1):
            total = torch.zeros(2, dtype=torch.float64)
            for batch in torch.randperm(len(images), generator=generator).split(batch_size):
                x = images[batch]
                if dynamic_binarization:
                    x = binarize(x, generator)
                reconstruction, kl = elbo_terms(vae, x, generator)
                loss = (beta * kl - reconstruction).mean()
                step += 1
                where = f"at step {step}, in epoch {epoch}"
                _demand_finite([loss], f"the loss is {loss.item()} {where}", run)
                adam.zero_grad()
                loss.backward()
                adam.step()
                schedule.step()
                terms = torch.stack([reconstruction, kl]).detach()
                total += terms.sum(dim=1)
                r, k = terms.mean(dim=1).tolist()
                bar.update()
                bar.set_postfix(ELBO=r - k, reconstruction=r, KL=k, refresh=False)
            # A loss can be finite where its gradient is not: keep no such checkpoint.
            _demand_finite(vae.parameters(), f"a parameter is not finite {where}", run)
            r, k = (total / len(images)).tolist()
            held_out = None
            if validation_images is not None:
                held_out = mean_elbo(vae, validation_images, seed=seed)
            history.append(Epoch(epoch, r - k, r, k, held_out))
            run.save(history)
            if on_epoch:
                on_epoch(history)
    return history


@torch.no_grad()
def mean_elbo(vae: VAE, images: Tensor, *, seed: int = 0, batch_size: int = 1000) -> float:
    """The ELBO in nats, averaged over images (n, D), with one z each, drawn by the seed."""
    _check_images(vae, images)
    generator = torch.Generator().manual_seed(seed)
    total = 0.0
    for x in images.split(batch_size):
        reconstruction, kl = elbo_terms(vae, x, generator)
        total += (reconstruction - kl).double().sum().item()
    return total / len(images)


@torch.no_grad()
def kl_per_dimension(vae: VAE, images: Tensor) -> Tensor:
    """KL(q_phi(z_h | x), p(z_h)) in nats, averaged over the images (n, D): shape (H,)."""
    return kl_to_standard_normal(*vae.encode(images)).mean(dim=0)


@torch.no_grad()
def active_units(vae: VAE, images: Tensor, threshold: float = 1e-2) -> Tensor:
    """Which latents move with the image, A_h > threshold: `eq-active-units`, (H,) bool.

    A_h is estimated by the variance of mu_h over at least two images. Source: Burda et
    al. (2015), section 5.2, with their threshold 10^-2.
    """
    mu, _ = vae.encode(images)
    if len(mu) < 2:
        raise ValueError(f"the variance over images needs at least two, got {len(mu)}")
    return mu.var(dim=0) > threshold


def _warm_up_then_cosine(step: int, n_steps: int) -> float:
    n_warm_up = max(1, n_steps // 20)
    if step < n_warm_up:
        return (step + 1) / n_warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - n_warm_up) / max(1, n_steps - n_warm_up)))


def _demand_finite(numbers: Iterable[Tensor], otherwise: str, run: Checkpoint) -> None:
    if not all(n.isfinite().all() for n in numbers):
        advice = f"Last good checkpoint: {run.last_good}. Try a smaller learning_rate"
        raise TrainingError(f"{otherwise}: training stops. {advice}")


def _check_images(vae: VAE, images: Tensor) -> None:
    dtype = next(vae.parameters()).dtype
    if images.shape != (len(images), vae.x_dim) or not len(images) or images.dtype != dtype:
        raise ValueError(
            f"images must be {dtype} of shape (n, {vae.x_dim}), n >= 1, "
            f"got {images.dtype} of shape {tuple(images.shape)}"
        )
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):
        raise ValueError(f"pixels must lie in [0, 1], not NaN, got {low:g} to {high:g}")
