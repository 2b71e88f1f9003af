"""A file from which an interrupted run goes on as if nothing had happened.

It holds all that the next step reads. It is replaced whole or not at all, so a kill at any
moment leaves a good one. A file that is damaged, or of another run, is refused. One that
was written on another device is taken.
"""

import copy
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vae_lib.files import check_writable, write_whole

# What changes from step to step, and can be kept and put back.
Part = (
    nn.Module
    | torch.optim.Optimizer
    | torch.optim.lr_scheduler.LRScheduler
    | torch.Generator
)


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
        CheckpointError: if the file could not be written. Better now than after an epoch.
    """

    def __init__(
        self,
        path: Path | str | None,
        settings: Mapping[str, object],
        parts: Mapping[str, Part],
    ) -> None:
        self.path = None if path is None else Path(path)
        self.parts, self.last_good = parts, "none"
        if self.path is None:
            return
        if not self.path.parent.is_dir():
            raise CheckpointError(f"no folder for the checkpoint {path}: make it first")
        if self.path.is_dir():
            raise CheckpointError(
                f"{path} is a folder: give a file in it, as in {path}/run.pt"
            )
        try:
            check_writable(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.settings = {name: as_plain(value) for name, value in settings.items()}
        for name, part in parts.items():
            self.settings[f"kind of {name}"] = type(part).__name__
            if isinstance(part, nn.Module):
                self.settings |= describe(part)

    def save(self, history: Sequence[tuple]) -> None:
        """Replace the file by one of the present state; `history` has a row an epoch.

        Raises:
            CheckpointError: if it cannot be written; the old one stays.
        """
        if self.path is None:
            return
        content = {name: _on_the_cpu(_state(part)) for name, part in self.parts.items()}
        content |= {"settings": self.settings, "history": [tuple(row) for row in history]}
        file = io.BytesIO()
        torch.save(content, file)
        try:
            write_whole(self.path, file.getvalue())
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.last_good = f"{self.path}, of epoch {len(history)}"

    def resume(self) -> list[tuple]:
        """Put the parts back where the file left them; its history, or [] without a file.

        Raises:
            CheckpointError: if the file cannot be read, is damaged, or of another run; no
                part has changed.

        Warns:
            UserWarning: if a generator's state is that of another kind of device: the run
                goes on, with other random numbers than without the move.
        """
        if self.path is None or not self.path.exists():
            return []
        advice = "move it away to start afresh, or give another path"
        saved = _load(self.path, advice)
        kinds = dict.fromkeys(self.parts, object) | {"history": list, "settings": dict}
        if not isinstance(saved, dict) or not all(
            name in saved and isinstance(saved[name], kind) for name, kind in kinds.items()
        ):
            raise CheckpointError(
                f"{self.path} is no readable checkpoint (it is another file): {advice}"
            )
        history, theirs, ours = saved["history"], saved["settings"], self.settings
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
            self._set(saved)
        except (ValueError, TypeError, KeyError, RuntimeError) as error:  # torch refuses
            self._set(before)
            raise CheckpointError(
                f"{self.path} does not fit ({error}): {advice}"
            ) from error
        self.last_good = f"{self.path}, of epoch {len(history)}"
        return history

    def _set(self, states: Mapping[str, Any]) -> None:
        for name, part in self.parts.items():
            if isinstance(part, torch.Generator):
                _set_generator(part, states[name])
            else:
                part.load_state_dict(states[name])


def _set_generator(generator: torch.Generator, state: Tensor) -> None:
    if len(state) == len(generator.get_state()):
        generator.set_state(state)
        return
    warnings.warn(
        "this run was begun on another kind of device: from here its noise is another",
        stacklevel=2,
    )
    generator.manual_seed(zlib.crc32(state.numpy().tobytes()))


def _unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"cannot write the checkpoint {path} ({error.strerror}): give another path"
    )


def _load(path: Path, advice: str) -> object:
    try:
        path.open("rb").close()
    except OSError as error:
        raise CheckpointError(
            f"cannot read the checkpoint {path} ({error.strerror})"
        ) from error
    try:
        # torch.load does not look at the checksums that torch.save wrote.
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"wrong checksum of {damaged}")
        return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:
        # Only zipfile and torch run here. On damaged bytes they raise what their parsers
        # happen to stumble over, AttributeError and AssertionError included.
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise CheckpointError(
            f"{path} is no readable checkpoint ({why}): {advice}"
        ) from error


def as_plain(setting: object) -> object:
    """What a file can hold, and compare, of a setting: of a tensor its fingerprint, of a
    function its name, of NumPy's numbers Python's."""
    if isinstance(setting, Tensor):
        return fingerprint(setting)
    if isinstance(setting, np.generic):
        return setting.item()
    return name_of(setting) if callable(setting) else setting


def name_of(function: Callable) -> str:
    """The name of a function, with the arguments that `functools.partial` has fixed."""
    if isinstance(function, partial):
        return f"{name_of(function.func)}, {function.args}, {function.keywords}"
    return getattr(function, "__qualname__", type(function).__name__)


def fingerprint(numbers: Tensor) -> str:
    """Tells two data sets apart, so that no run goes on with other images.

    Example:
        >>> fingerprint(torch.zeros(2, 3))
        '(2, 3) torch.float32, CRC a3c1ca20'
    """
    data = numbers.detach().cpu().contiguous().view(torch.uint8).numpy()
    return f"{tuple(numbers.shape)} {numbers.dtype}, CRC {zlib.crc32(data.data):08x}"


def describe(network: nn.Module) -> dict[str, str]:
    """What makes a network that network, in words that a file can hold.

    Each parameter's shape and type, and the value of those that are not trained; what
    has no parameters, such as a nonlinearity, in order.
    """
    others = [module for module in network.modules() if not list(module.parameters())]
    return {"nonlinearities": ", ".join(map(str, others))} | {
        name: f"{tuple(p.shape)} {p.dtype}"
        if p.requires_grad
        else f"fixed, {p.item() if p.ndim == 0 else fingerprint(p)}"
        for name, p in network.named_parameters()
    }


def _on_the_cpu(state: Any) -> Any:
    """A state with its tensors where every machine has room for them."""
    if isinstance(state, Mapping):
        return {name: _on_the_cpu(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return [_on_the_cpu(value) for value in state]
    return state.cpu() if isinstance(state, Tensor) else state


def _state(part: Part) -> Any:
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
