"""Chapter *training*: maximise the ELBO over minibatches.

Source: Kingma and Welling (2013), algorithm 1, with Adam and a cosine schedule in place
of Adagrad.
"""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from vae_lib.checkpoint import Checkpoint
from vae_lib.data import binarize, check_images, in_unit_interval
from vae_lib.encoder_decoder import VAE
from vae_lib.machine import Processes, flush_denormals
from vae_lib.objective import elbo_terms, mean_elbo


class TrainingError(Exception):
    """Training broke down; the message names the step and the last good checkpoint."""


class Epoch(NamedTuple):
    """Averages in nats per image over an epoch's batches, while the parameters moved;
    `validation_elbo` is measured when the epoch is over. ELBO = reconstruction - kl. Under
    other `terms`, for a tighter bound, `elbo` is that bound; the other stays an ELBO."""

    epoch: int
    elbo: float
    reconstruction: float
    kl: float
    validation_elbo: float | None


@flush_denormals()
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
    terms: Callable[[VAE, Tensor, torch.Generator], tuple[Tensor, Tensor]] = elbo_terms,
) -> list[Epoch]:
    """Fit the VAE in place by stochastic gradient ascent on the ELBO, `eq-minibatch-elbo`.

    The same start, seed and thread count give the same run, bit for bit, also when it was
    killed and resumed. Returns one `Epoch` an epoch, those before a resumption included.
    Under `torchrun`, each process takes its share of every batch.

    Args:
        images: (n, D), in [0, 1] and of the network's dtype, or uint8, maybe memory-mapped.
        learning_rate: its peak; it warms up first and falls to zero on a cosine.
        beta: the weight of the KL term. 1 is the ELBO; less is no bound.
        dynamic_binarization: draw binary images anew for every batch (Burda et al., 2015).
        validation_images: if given, their ELBO is estimated after every epoch, as they are.
        seed: of the shuffling, the binarization and epsilon.
        checkpoint: a file, replaced after every epoch; if it exists, training resumes.
        on_epoch: called with the history so far after every epoch, for live curves.
        terms: (reconstruction, kl) of each image; what is maximised is their difference.

    Raises:
        ValueError: on images of a wrong shape or range, or settings that make no sense.
        CheckpointError: if the checkpoint is damaged or of another run.
        TrainingError: if the loss or a parameter is no longer finite.
    """
    if epochs < 1 or batch_size < 1 or not learning_rate > 0 or not beta >= 0:
        needed = "epochs >= 1, batch_size >= 1, learning_rate > 0, beta >= 0"
        got = f"{epochs=}, {batch_size=}, {learning_rate=}, {beta=}"
        raise ValueError(f"need {needed}, got {got}")
    dtype, device = next(vae.parameters()).dtype, images.device
    for given in [images] if validation_images is None else [images, validation_images]:
        check_images(given, vae.x_dim, dtype)
    learning_rate, beta = float(learning_rate), float(beta)  # a checkpoint holds no NumPy
    processes, steps = Processes(), int(epochs * math.ceil(len(images) / batch_size))
    processes.start_alike(vae)
    generator = torch.Generator(device).manual_seed(seed)
    adam = torch.optim.Adam(vae.parameters(), lr=learning_rate, fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(adam, lambda i: _warm_up_then_cosine(i, steps))
    state = {"vae": vae, "optimizer": adam, "schedule": rate, "generator": generator}
    settings = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "beta": beta, "dynamic_binarization": dynamic_binarization, "seed": seed,
        "images": images, "validation_images": validation_images, "terms": terms,
    }  # fmt: skip
    run = Checkpoint(checkpoint, settings, state)
    history = [Epoch(*row) for row in run.resume()]
    step, quiet = len(history) * steps // epochs, not progress or processes.rank > 0
    with tqdm(total=steps, initial=step, mininterval=0.5, disable=quiet) as bar:
        for epoch in range(len(history) + 1, epochs + 1):
            noise = processes.noise(generator, seed * epochs + epoch)
            total = torch.zeros(2, dtype=torch.float64, device=device)
            order = torch.randperm(len(images), generator=generator, device=device)
            for batch in order.split(batch_size):
                step += 1
                where = f"at step {step}, in epoch {epoch}"
                mine = processes.share(batch)
                x = in_unit_interval(images.index_select(0, mine), dtype)
                if dynamic_binarization:
                    x = binarize(x, noise)
                reconstruction, kl = terms(vae, x, noise)
                loss = (beta * kl - reconstruction).sum() / len(batch)
                _demand_finite([loss], f"the loss is {loss.item()} {where}", run)
                adam.zero_grad()
                loss.backward()
                processes.add(p.grad for p in vae.parameters() if p.requires_grad)
                adam.step()
                rate.step()
                sums = torch.stack([reconstruction, kl]).detach().sum(dim=1)
                total += sums
                if bar.update() or step == steps:  # text for each step takes its time
                    r, k = (sums / len(x)).tolist()
                    bar.set_postfix(ELBO=r - k, reconstruction=r, KL=k, refresh=False)
            # A loss can be finite where its gradient is not: keep no such checkpoint.
            _demand_finite(vae.parameters(), f"a parameter is not finite {where}", run)
            processes.add([total])
            r, k = (total / len(images)).tolist()
            held_out = None
            if validation_images is not None:
                held_out = mean_elbo(vae, validation_images, seed=seed)
            history.append(Epoch(epoch, r - k, r, k, held_out))
            if processes.rank == 0:
                run.save(history)
            if on_epoch:
                on_epoch(history)
    return history


def _warm_up_then_cosine(step: int, n_steps: int) -> float:
    n_warm_up = max(1, n_steps // 20)
    if step < n_warm_up:
        return (step + 1) / n_warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - n_warm_up) / max(1, n_steps - n_warm_up)))


def _demand_finite(numbers: Iterable[Tensor], otherwise: str, run: Checkpoint) -> None:
    if not all(n.isfinite().all() for n in numbers):
        advice = f"Last good checkpoint: {run.last_good}. Try a smaller learning_rate"
        raise TrainingError(f"{otherwise}: training stops. {advice}")
