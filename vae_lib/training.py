"""Chapter *training*: maximise the ELBO over minibatches.

Source: Kingma and Welling (2013), algorithm 1, with Adam and a cosine schedule in place
of Adagrad. `one_epoch` is the algorithm; `train` sets it up, and adds what a long run
needs: a schedule, checkpoints, several processes, a history and a progress bar.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from vae_lib.arguments import tensor, whole
from vae_lib.checkpoint import Checkpoint, Part
from vae_lib.data import binarize, check_images, in_unit_interval
from vae_lib.encoder_decoder import VAE
from vae_lib.machine import Processes, flush_denormals, global_generators
from vae_lib.objective import Objective, Terms, elbo_objective, mean_elbo


class TrainingError(Exception):
    """Training broke down; the message names the step and the last good checkpoint."""


class Epoch(NamedTuple):
    """Averages in nats per image over an epoch's batches, while the parameters moved.

    Attributes:
        epoch: its number, from 1.
        objective: what was maximised: the ELBO, unless `train` was given another.
        parts: the objective's terms by name; for the ELBO "reconstruction" and "kl".
        validation_elbo: measured when the epoch was over; None without such images. It is
            the ELBO whatever the objective.
    """

    epoch: int
    objective: float
    parts: dict[str, float]
    validation_elbo: float | None


def one_epoch(
    vae: VAE,
    batches: Iterable[tuple[Tensor, int]],
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    noise: torch.Generator,
    watch: Callable[[Tensor, Terms], None],
) -> None:
    """Algorithm 1 of Kingma and Welling (2013), once through the images.

    Args:
        batches: random minibatches: images x (B, D), and their number B. With several
            processes x is this one's share of the B images.
        objective: of x, with a sample of z for each image.
        optimizer: of the parameters of `vae`; it goes downhill, so the loss is negative.
        noise: the source of epsilon.
        watch: is shown the loss and its terms before each step, and may raise.
    """
    for x, B in batches:
        terms = objective(vae, x, noise)
        loss = -terms.objective.sum() / B  # eq-minibatch-elbo
        watch(loss, terms)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.inference_mode(False)
@torch.enable_grad()
@flush_denormals()
def train(
    vae: VAE,
    images: Tensor,
    *,
    epochs: int,
    batch_size: int = 256,
    learning_rate: float = 1.2e-2,
    warm_up: float = 0.2,
    objective: Objective = elbo_objective,
    dynamic_binarization: bool = False,
    validation_images: Tensor | None = None,
    seed: int = 0,
    checkpoint: Path | str | None = None,
    progress: bool = True,
    on_epoch: Callable[[list[Epoch]], None] | None = None,
) -> list[Epoch]:
    """Fit the VAE in place by stochastic gradient ascent on the ELBO, `eq-minibatch-elbo`.

    The same start, seed and thread count give the same run, bit for bit, also when it was
    killed and resumed, and with dropout. Under `torchrun`, each process takes its share of
    every batch. Dropout is on while it trains, and off in the network that it leaves.

    Inside `torch.autocast` the network computes in that precision; `no_grad` and
    `inference_mode` around a call change nothing.

    Args:
        images: (n, D), on the network's device. Of its dtype and in the decoder's support,
            [0, 1] for a Bernoulli decoder; or uint8, grey levels to be divided by 255,
            maybe memory-mapped; or bool.
        epochs: how often each image is seen.
        batch_size: B, images a step.
        learning_rate: its peak; it warms up first and falls to zero on a cosine.
        warm_up: the share of the steps before the peak, in [0, 1).
        objective: what is maximised; `functools.partial(elbo_objective, beta=4.0)` weighs
            the KL term, `importance_weighted_objective` is a tighter bound.
        dynamic_binarization: draw binary images anew for every batch (Burda et al., 2015).
        validation_images: if given, their ELBO is estimated after every epoch, as they are.
        seed: of the shuffling, the binarization and epsilon.
        checkpoint: a file, replaced after every epoch; if it exists, training resumes.
        progress: whether a bar shows how far it is.
        on_epoch: called with the history so far after every epoch, for live curves.

    Returns:
        One `Epoch` an epoch, those before a resumption included.

    Raises:
        ValueError: on images of a wrong shape or range, on another device than the network,
            on a network of float16, or settings that make no sense.
        TypeError: if the images are no tensor, or a number is not whole.
        CheckpointError: if the checkpoint cannot be read or written, or is of another run.
        TrainingError: if the loss or a parameter is no longer finite.

    Example:
        >>> vae, images = VAE(x_dim=9, z_dim=2, hidden=(8,)), torch.eye(9)
        >>> history = train(vae, images, epochs=3, progress=False)
        >>> [epoch.epoch for epoch in history], list(history[-1].parts)
        ([1, 2, 3], ['reconstruction', 'kl'])
    """
    epochs, batch_size = whole("epochs", epochs, 1), whole("batch_size", batch_size, 1)
    if not learning_rate > 0 or not 0 <= warm_up < 1:
        got = f"{learning_rate=}, {warm_up=}"
        raise ValueError(f"need learning_rate > 0, 0 <= warm_up < 1, got {got}")
    dtype = _type_to_train(vae)
    for given in [images] if validation_images is None else [images, validation_images]:
        _check_device(vae, tensor("images", given))
        check_images(given, vae.x_dim, dtype, vae.decoder.support)
    processes, steps = Processes(), math.ceil(len(images) / batch_size)
    processes.start_alike(vae)
    generator = torch.Generator(images.device).manual_seed(seed)
    # a file holds no NumPy
    learning_rate, warm_up = float(learning_rate), float(warm_up)
    adam = torch.optim.Adam(vae.parameters(), lr=learning_rate, fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: _warm_up_then_cosine(step, epochs * steps, warm_up)
    )
    # What surrounds each step of the optimiser, beside the algorithm.
    adam.register_step_pre_hook(lambda *_: processes.add_gradients(vae))
    adam.register_step_post_hook(lambda *_: rate.step())
    # Inside `torch.autocast`, the next step is not to use this one's rounded weights.
    adam.register_step_post_hook(lambda *_: torch.clear_autocast_cache())

    settings = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "warm_up": warm_up, "objective": objective, "seed": seed,
        "dynamic_binarization": dynamic_binarization,
        "images": images, "validation_images": validation_images,
    }  # fmt: skip
    parts: dict[str, Part] = {
        "vae": vae, "optimizer": adam, "schedule": rate, "generator": generator,
    }  # fmt: skip
    run = Checkpoint(checkpoint, settings, parts)
    history = [Epoch(*row) for row in run.resume()]

    hide = not progress or processes.rank > 0
    done = len(history) * steps
    vae.train()
    with (
        global_generators(images.device),
        tqdm(total=epochs * steps, initial=done, mininterval=0.5, disable=hide) as bar,
    ):
        for epoch in range(len(history) + 1, epochs + 1):
            noise = processes.noise(generator, seed * epochs + epoch)
            batches = minibatches(images, batch_size, dtype, generator, processes)
            if dynamic_binarization:
                batches = ((binarize(x, noise), B) for x, B in batches)
            watch = _Watch(epoch, steps, run, bar)
            one_epoch(vae, batches, objective, adam, noise, watch)
            # A loss can be finite where its gradient is not: keep no such checkpoint.
            watch.demand_finite("a parameter is not finite", *vae.parameters())
            average, of_parts = watch.averages(processes, len(images))
            held_out = None
            if validation_images is not None:
                held_out = mean_elbo(vae, validation_images, seed=seed)
            history.append(Epoch(epoch, average, of_parts, held_out))
            if processes.rank == 0:
                run.save(history)
            if on_epoch:
                on_epoch(history)
    vae.eval()
    return history


def _type_to_train(vae: VAE) -> torch.dtype:
    parameters = list(vae.parameters())
    if any(p.is_inference() for p in parameters):
        raise ValueError("a network made in torch.inference_mode cannot be trained")
    if parameters[0].dtype == torch.float16:
        raise ValueError(
            "float16 holds no number above 65,504, less than the sum of a batch: train "
            "vae.float(), inside torch.autocast if it is to be fast"
        )
    return parameters[0].dtype


def _check_device(vae: VAE, images: Tensor) -> None:
    device = next(vae.parameters()).device
    if images.device != device:
        raise ValueError(
            f"the network is on {device}, the images on {images.device}: "
            f"write images.to({str(device)!r})"
        )


def minibatches(
    images: Tensor,
    batch_size: int,
    dtype: torch.dtype,
    shuffle: torch.Generator,
    processes: Processes,
) -> Iterator[tuple[Tensor, int]]:
    """The images in a random order, `batch_size` at a time, the last batch maybe smaller.

    Args:
        images: (n, D), of `dtype`, or uint8, or bool.
        shuffle: the source of the order.
        processes: those that share each batch.

    Yields:
        x, this process's share of a batch, of `dtype`; and B, the size of the whole batch.
    """
    order = torch.randperm(len(images), generator=shuffle, device=images.device)
    for batch in order.split(batch_size):
        mine = images.index_select(0, processes.share(batch))
        yield in_unit_interval(mine, dtype), len(batch)


class _Watch:
    """Sees the steps of one epoch: adds up terms, moves the bar, stops what broke down."""

    def __init__(self, epoch: int, steps: int, run: Checkpoint, bar: tqdm) -> None:
        self.epoch, self.run, self.bar = epoch, run, bar
        self.step, self.last_step = (epoch - 1) * steps, epoch * steps
        self.names: list[str] = []
        self.total: Tensor | None = None

    def __call__(self, loss: Tensor, terms: Terms) -> None:
        self.step += 1
        self.names = list(terms.parts)
        values = [terms.objective, *terms.parts.values()]
        if terms.objective.ndim != 1 or any(v.shape != values[0].shape for v in values):
            shapes = ", ".join(str(tuple(v.shape)) for v in values)
            raise ValueError(f"an objective and its parts are each (B,), got {shapes}")
        self.demand_finite(f"the loss is {loss.item()}", loss)
        # In double precision, on the CPU: an epoch has many terms.
        sums = torch.stack(values).detach().sum(dim=1).cpu().double()
        self.total = sums if self.total is None else self.total + sums
        self.device = loss.device
        if self.bar.update() or self.step == self.last_step:  # text takes its time
            objective, *parts = (sums / len(terms.objective)).tolist()
            shown = {"objective": objective, **dict(zip(self.names, parts, strict=True))}
            self.bar.set_postfix(shown, refresh=False)

    def averages(self, processes: Processes, n: int) -> tuple[float, dict[str, float]]:
        """The epoch's averages over n images: of the objective, and of its parts."""
        assert self.total is not None, "there is at least one batch"
        objective, *parts = (processes.total(self.total, self.device) / n).tolist()
        return objective, dict(zip(self.names, parts, strict=True))

    def demand_finite(self, otherwise: str, *numbers: Tensor) -> None:
        """Stop the run, with the sentence `otherwise`, if a number is infinite or NaN."""
        if not all(n.isfinite().all() for n in numbers):
            where = f"at step {self.step}, in epoch {self.epoch}: training stops"
            advice = (
                f"Last good checkpoint: {self.run.last_good}. Try a smaller learning_rate"
            )
            raise TrainingError(f"{otherwise} {where}. {advice}")


def _warm_up_then_cosine(step: int, n_steps: int, warm_up: float) -> float:
    n_warm_up = max(1, int(n_steps * warm_up))
    if step < n_warm_up:
        return (step + 1) / n_warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - n_warm_up) / max(1, n_steps - n_warm_up)))
