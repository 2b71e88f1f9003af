r"""Chapter *training*: maximise the ELBO over minibatches.

The loop, its validation and its checkpoints. Source: Kingma and Welling (2013),
algorithm 1, with Adam and a cosine schedule in place of Adagrad.
"""

import math
import os
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from vae_lib.data import binarize
from vae_lib.encoder_decoder import VAE
from vae_lib.objective import elbo_terms, kl_to_standard_normal


class TrainingError(Exception):
    """Training cannot start or go on; the message says why and what to do."""


class Epoch(NamedTuple):
    """Averages of one epoch, in nats per image. ELBO = reconstruction - kl."""

    epoch: int
    elbo: float
    reconstruction: float
    kl: float
    validation_elbo: float | None


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
    on_epoch=None,
) -> list[Epoch]:
    """Fit the VAE in place by stochastic gradient ascent on the ELBO.

    The step size rises over the first twentieth of the steps and falls to zero on a
    cosine. The same seed gives the same run, also when it was stopped and resumed.

    Args:
        images: training images, (n, D), values in [0, 1].
        epochs, batch_size, learning_rate: as usual; the last, smaller batch is used too.
        beta: the weight of the KL term; 1 is the ELBO, anything else is not a bound.
        dynamic_binarization: draw binary images anew for every batch (Burda et al., 2015).
        validation_images: if given, their ELBO is estimated after every epoch.
        seed: of the shuffling, the binarization and epsilon.
        checkpoint: a file that is replaced, whole, after every epoch. If it exists, training
            goes on from it.
        progress: show a bar with ELBO, reconstruction and KL in nats per image.
        on_epoch: called with the history so far after every epoch, for live curves.

    Returns:
        One `Epoch` per epoch, those before a resumption included.

    Raises:
        ValueError: on images of a wrong shape or range, or settings that make no sense.
        TrainingError: if the loss is no longer finite, or the checkpoint does not fit.
    """
    _check(vae, images, epochs, batch_size, learning_rate)
    # Adam's averages decay into denormal numbers, which the processor adds slowly.
    torch.set_flush_denormal(True)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(vae.parameters(), lr=learning_rate, fused=True)
    n_batches = math.ceil(len(images) / batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: _warm_up_then_cosine(step, epochs * n_batches)
    )
    settings = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "beta": beta, "dynamic_binarization": dynamic_binarization, "seed": seed,
        "n_images": len(images),
    }  # fmt: skip
    state = {"vae": vae, "optimizer": optimizer, "schedule": schedule}
    history = _resume(checkpoint, state, generator, settings) if checkpoint else []

    steps = tqdm(
        total=epochs * n_batches,
        initial=len(history) * n_batches,
        mininterval=0.5,
        disable=not progress,
    )
    with steps:
        for epoch in range(len(history) + 1, epochs + 1):
            total = torch.zeros(2, dtype=torch.float64)
            for batch in torch.randperm(len(images), generator=generator).split(batch_size):
                x = images[batch]
                if dynamic_binarization:
                    x = binarize(x, generator)
                reconstruction, kl = elbo_terms(vae, x, generator)
                loss = (beta * kl - reconstruction).mean()
                if not loss.isfinite():
                    raise TrainingError(_diverged(loss, epoch, steps.n, history, checkpoint))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                terms = torch.stack([reconstruction.detach().sum(), kl.detach().sum()])
                total += terms
                steps.update()
                steps.set_postfix_str(_terms_line(*(terms / len(x)).tolist()), refresh=False)
            reconstruction, kl = (total / len(images)).tolist()
            held_out = None
            if validation_images is not None:
                held_out = mean_elbo(vae, validation_images, seed=seed)
            history.append(
                Epoch(epoch, reconstruction - kl, reconstruction, kl, held_out)
            )
            if checkpoint:
                _save(checkpoint, state, generator, settings, history)
            if on_epoch:
                on_epoch(history)
    return history


@torch.no_grad()
def mean_elbo(vae: VAE, images: Tensor, *, seed: int = 0, batch_size: int = 1000) -> float:
    """The ELBO averaged over images (n, D), one sample of z each, in nats per image."""
    generator = torch.Generator().manual_seed(seed)
    total = 0.0
    for x in images.split(batch_size):
        reconstruction, kl = elbo_terms(vae, x, generator)
        total += (reconstruction - kl).double().sum().item()
    return total / len(images)


@torch.no_grad()
def kl_per_dimension(vae: VAE, images: Tensor) -> Tensor:
    """KL(q_phi(z_h | x), p(z_h)) averaged over the images, (H,), in nats.

    A collapsed dimension has KL 0: its posterior is the prior, whatever the image.
    """
    return kl_to_standard_normal(*vae.encode(images)).mean(dim=0)


@torch.no_grad()
def active_units(vae: VAE, images: Tensor, threshold: float = 1e-2) -> Tensor:
    """Which latent dimensions move with the image: Var_x(E_q[z_h]) > threshold, (H,) bool.

    Source: Burda et al. (2015), section 5.2, with their threshold 10^-2.
    """
    mu, _ = vae.encode(images)
    return mu.var(dim=0) > threshold


def _warm_up_then_cosine(step: int, n_steps: int) -> float:
    n_warm_up = max(1, n_steps // 20)
    if step < n_warm_up:
        return (step + 1) / n_warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - n_warm_up) / max(1, n_steps - n_warm_up)))


def _terms_line(reconstruction: float, kl: float) -> str:
    return (
        f"ELBO {reconstruction - kl:.1f} = reconstruction {reconstruction:.1f} - KL {kl:.1f}"
    )


def _check(vae, images, epochs, batch_size, learning_rate) -> None:
    if images.ndim != 2 or images.shape[1] != vae.x_dim or len(images) == 0:
        raise ValueError(
            f"images must have shape (n, {vae.x_dim}) with n >= 1, got {tuple(images.shape)}"
        )
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"pixels must lie in [0, 1], got {images.min():g} to {images.max():g}; "
            "divide raw bytes by 255"
        )
    if epochs < 1 or batch_size < 1 or not learning_rate > 0:
        raise ValueError(
            "epochs and batch_size must be at least 1 and learning_rate positive, "
            f"got {epochs=}, {batch_size=}, {learning_rate=}"
        )


def _diverged(loss, epoch, step, history, checkpoint) -> str:
    if checkpoint and history:
        advice = (
            f"the last good checkpoint is {checkpoint}, written after epoch {len(history)}"
        )
    elif checkpoint:
        advice = "no checkpoint was written yet: the first epoch was not finished"
    else:
        advice = "no checkpoint was asked for: give checkpoint=PATH to keep one"
    return (
        f"the loss is {loss.item()} at step {step + 1}, in epoch {epoch}: training stops. "
        f"{advice[0].upper()}{advice[1:]}. Try a smaller learning_rate, and look for NaN "
        "in the images"
    )


def _save(path, state, generator, settings, history) -> None:
    """Write to a file beside the old one, then rename: a kill leaves one whole checkpoint."""
    unfinished = Path(f"{path}.unfinished")
    torch.save(
        {name: part.state_dict() for name, part in state.items()}
        | {"generator": generator.get_state(), "settings": settings}
        | {"history": [tuple(epoch) for epoch in history]},
        unfinished,
    )
    os.replace(unfinished, path)


def _resume(path, state, generator, settings) -> list[Epoch]:
    if not Path(path).exists():
        return []
    advice = "delete it to start afresh, or give another path"
    try:
        saved = torch.load(path, weights_only=True)
        saved_settings, history = saved["settings"], [Epoch(*e) for e in saved["history"]]
    except Exception as error:
        raise TrainingError(
            f"{path} is no checkpoint that can be read ({type(error).__name__}): {advice}"
        ) from error
    if saved_settings != settings:
        differ = [k for k in settings if saved_settings.get(k) != settings[k]]
        raise TrainingError(
            f"{path} was written with other settings ("
            + ", ".join(f"{k}: {saved_settings.get(k)} there, {settings[k]} here" for k in differ)
            + f"): {advice}"
        )
    try:
        for name, part in state.items():
            part.load_state_dict(saved[name])
    except (RuntimeError, ValueError, KeyError) as error:
        raise TrainingError(f"{path} is of another network: {advice}") from error
    generator.set_state(saved["generator"])
    return history
