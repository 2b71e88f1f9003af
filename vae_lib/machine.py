"""What a machine adds to the loop in `training.py`: several processes, torch's global
generators, and denormals.

Under `torchrun`, each process holds the whole network and takes its share of every batch.
Their gradients are added, so that all of them take the same step.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn


@contextmanager
def flush_denormals() -> Iterator[None]:
    """Take the smallest numbers for zero while a block runs, and then as before.

    Adam's averages decay into these denormal numbers, which a processor adds slowly.
    """
    # torch does not tell it otherwise
    before = (torch.tensor(1e-40, dtype=torch.float32, device="cpu") * 1.0).item() == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@contextmanager
def global_generators(device: torch.device) -> Iterator[None]:
    """Let a block draw from torch's global generators, and give them back as they were.

    Layers such as dropout know no others. A Mac's GPU has one that is not given back.
    """
    others = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=others):
        yield


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Switch dropout and the like off while a block runs, and then as before."""
    before = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


class Processes:
    """Those that share a run: `rank` is this one's place, `world` is how many there are."""

    def __init__(self) -> None:
        self.rank, self.world = 0, 1
        if distributed.is_initialized():
            self.rank, self.world = distributed.get_rank(), distributed.get_world_size()

    def start_alike(self, network: nn.Module) -> None:
        """Every process begins with the parameters of the first."""
        if self.world > 1:
            for parameter in network.parameters():
                distributed.broadcast(parameter.data, src=0)

    def share(self, batch: Tensor) -> Tensor:
        """This process's part of a batch of indices."""
        return batch[self.rank :: self.world]

    def noise(self, common: torch.Generator, seed: int) -> torch.Generator:
        """A source of noise that no other process draws from. Alone: the common one.

        The global generators, which dropout draws from, are seeded alike.
        """
        own = seed * self.world + self.rank
        torch.manual_seed(own)
        if self.world == 1:
            return common
        return torch.Generator(common.device).manual_seed(own)

    def add_gradients(self, network: nn.Module) -> None:
        """Replace the network's gradients by their sums over the processes."""
        self.add(p.grad for p in network.parameters() if p.grad is not None)

    def add(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over the processes."""
        if self.world > 1:
            for tensor in tensors:
                distributed.all_reduce(tensor)

    def total(self, numbers: Tensor, device: torch.device) -> Tensor:
        """The sum of a tensor over the processes; `device` is where they add."""
        if self.world == 1:
            return numbers
        here = numbers.to(device)
        self.add([here])
        return here.cpu()
