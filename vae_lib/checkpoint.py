"""A file from which an interrupted run goes on as if nothing had happened.

It holds all that the next step reads. It is replaced whole or not at all, so a kill at any
moment leaves a good one. A file that is damaged, or of another run, is refused.
"""

import copy
import os
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message says why, and what to do."""


class Checkpoint:
    """The checkpoint of one run: what makes it that run, and all that a step changes.

    Args:
        path: the file, in a folder that exists; None for a run that keeps no checkpoint.
        settings: numbers, strings, images, functions or None, by name. A file with others
            is refused; of images it keeps a fingerprint, of functions the name, of a
            network the sizes and nonlinearities.
        parts: a network, an optimiser, a schedule, a generator, by name. The file keeps
            the state of each under its name.

    Raises:
        CheckpointError: if the folder does not exist. Better now than after an epoch.
    """

    def __init__(self, path: Path | str | None, settings: dict, parts: dict):
        self.path = None if path is None else Path(path)
        self.parts, self.last_good = parts, "none"
        if self.path is None:
            return
        if not self.path.parent.is_dir():
            raise CheckpointError(f"no folder for the checkpoint {path}: make it first")
        self.settings = {name: as_plain(value) for name, value in settings.items()}
        for name, part in parts.items():
            self.settings[f"kind of {name}"] = type(part).__name__
            if isinstance(part, nn.Module):
                self.settings |= describe(part)

    def save(self, history: list[tuple]) -> None:
        """Write a file beside the old one, then rename it over the old one."""
        if self.path is None:
            return
        content = {name: _state(part) for name, part in self.parts.items()}
        content |= {"settings": self.settings, "history": [tuple(row) for row in history]}
        unfinished = Path(f"{self.path}.unfinished")
        with open(unfinished, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, self.path)
        self.last_good = f"{self.path}, of epoch {len(history)}"

    def resume(self) -> list[tuple]:
        """Put the parts back where the file left them; its history, or [] without a file.

        Raises:
            CheckpointError: if the file is damaged or of another run; no part has changed.
        """
        if self.path is None or not self.path.exists():
            return []
        advice = "delete it to start afresh, or give another path"
        try:
            # torch.load does not look at the checksums that torch.save wrote.
            with zipfile.ZipFile(self.path) as archive:
                if damaged := archive.testzip():
                    raise ValueError(f"wrong checksum of {damaged}")
            saved = torch.load(self.path, weights_only=True)
            history, theirs = saved["history"], dict(saved["settings"])
            states = {name: saved[name] for name in self.parts}
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise CheckpointError(
                f"{self.path} is no readable checkpoint ({why}): {advice}"
            ) from error
        ours = self.settings
        if pairs := [
            f"{name}: {theirs.get(name)} there, {ours.get(name)} here"
            for name in theirs | ours
            if theirs.get(name) != ours.get(name)
        ]:
            raise CheckpointError(
                f"{self.path} is of another run ({'; '.join(pairs)}): {advice}"
            )
        before = {name: copy.deepcopy(_state(part)) for name, part in self.parts.items()}
        try:
            self._set(states)
        except Exception as error:
            self._set(before)
            raise CheckpointError(
                f"{self.path} does not fit ({error}): {advice}"
            ) from error
        self.last_good = f"{self.path}, of epoch {len(history)}"
        return history

    def _set(self, states: dict) -> None:
        for name, part in self.parts.items():
            if isinstance(part, torch.Generator):
                part.set_state(states[name])
            else:
                part.load_state_dict(states[name])


def as_plain(setting):
    """What a file can hold, and compare, of a setting."""
    if isinstance(setting, Tensor):
        return fingerprint(setting)
    if isinstance(setting, np.generic):
        return setting.item()
    return name_of(setting) if isinstance(setting, Callable) else setting


def name_of(function: Callable) -> str:
    """With the arguments that `functools.partial` has fixed."""
    if isinstance(function, partial):
        return f"{name_of(function.func)}, {function.args}, {function.keywords}"
    return getattr(function, "__qualname__", type(function).__name__)


def fingerprint(numbers: Tensor) -> str:
    """Tells two data sets apart, so that no run goes on with other images."""
    data = numbers.detach().cpu().contiguous().view(torch.uint8).numpy()
    return f"{tuple(numbers.shape)} {numbers.dtype}, CRC {zlib.crc32(data):08x}"


def describe(network: nn.Module) -> dict[str, str]:
    """Each parameter's shape and type, and the value of those that are not trained; what
    has no parameters, such as a nonlinearity, in order."""
    others = [module for module in network.modules() if not list(module.parameters())]
    return {"nonlinearities": ", ".join(map(str, others))} | {
        name: f"{tuple(p.shape)} {p.dtype} on {p.device}"
        if p.requires_grad
        else f"fixed, {p.item() if p.ndim == 0 else fingerprint(p)}"
        for name, p in network.named_parameters()
    }


def _state(part):
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
