"""A device that this machine does not have: without float64, with generators of its own.

Its tensors lie in the CPU's memory, so that all is computed, and say of themselves that
they are elsewhere. What would fail on a Mac's GPU fails here: float64, tensors of two
devices in one operation, a generator of another device, `numpy()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

# autograd asks for a device that it knows; nothing else here lies on this one
DEVICE = torch.device("meta", 0)
MOVES = {"aten::_to_copy", "aten::copy_", "aten::index.Tensor", "aten::index_put_"}


class NoSuchDevice(AssertionError):
    """What a true device of this kind would refuse."""


class There(Tensor):
    """A tensor on the pretended device."""

    @staticmethod
    def __new__(cls, here: Tensor) -> "There":
        return Tensor._make_subclass(cls, here, here.requires_grad, dispatch_device=True)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return computed(func, args, kwargs or {})

    __torch_function__ = torch._C._disabled_torch_function_impl


def here(tensor: Tensor) -> Tensor:
    with torch._C._DisableTorchDispatch():
        return tensor.detach().as_subclass(Tensor)


def computed(func, args, kwargs):
    if func is torch.ops.prim.device.default:
        return DEVICE
    name = func._schema.name if func._schema.name in MOVES else func.name()
    given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
    away = [x for x in given if isinstance(x, There)]
    if away and name not in MOVES:
        strays = [x for x in given if not isinstance(x, There) and x.ndim > 0]
        if strays:
            raise NoSuchDevice(f"{func}: tensors of two devices")
    target = kwargs.get("device")
    to_there = target == DEVICE if target is not None else bool(away)
    if kwargs.get("dtype") == torch.float64 and to_there:
        raise NoSuchDevice(f"{func}: this device has no float64")
    kwargs = {key: value for key, value in kwargs.items() if key != "device"}
    plain_args, plain_kwargs = tree_map_only(There, here, (args, kwargs))
    if target is not None:
        plain_kwargs["device"] = torch.device("cpu")
    out = func(*plain_args, **plain_kwargs)
    if func._schema.is_mutable and given and not func.name().endswith("_out"):
        return args[0] if isinstance(out, Tensor) else out  # in place
    if not to_there:
        return out

    def move(tensor: Tensor) -> Tensor:
        if tensor.dtype == torch.float64:
            raise NoSuchDevice(f"{func}: this device has no float64")
        return There(tensor)

    return tree_map_only(Tensor, move, out)


class Dispatch(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return computed(func, args, kwargs or {})


class Generators(TorchFunctionMode):
    """Each is asked for numbers on its own device: the dispatcher forgets whose it is."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is Tensor.tolist and isinstance(args[0], There):
            return here(args[0]).tolist()
        generator = kwargs.get("generator")
        if generator is not None:
            given = [x for x in tree_leaves(args) if isinstance(x, Tensor)]
            device = kwargs.get("device") or (given[0].device if given else "cpu")
            if torch.device(device).type != torch.device(generator.device).type:
                raise NoSuchDevice(f"{func}: a generator of {generator.device} on {device}")
        return func(*args, **kwargs)


class Generator(torch.Generator):
    """Of the device that it is asked for, with the CPU's numbers."""

    def __new__(cls, device="cpu"):
        new = super().__new__(cls)
        new.where = torch.device(device)
        return new

    @property
    def device(self):
        return self.where


@contextmanager
def pretended() -> Iterator[torch.device]:
    """A block in which the device is there."""
    adam = partial(torch.optim.Adam, fused=False)  # has its own list of devices

    move = nn.Module.to

    def moved(network, *args, **kwargs):
        return to(network) if DEVICE in args else move(network, *args, **kwargs)

    def without_fused(parameters, fused=False, **options):
        return adam(parameters, **options)

    with (
        mock.patch("torch.Generator", Generator),
        mock.patch("torch.optim.Adam", without_fused),
        mock.patch("torch.nn.Module.to", moved),
        Generators(),
        Dispatch(),
    ):
        yield DEVICE


def to(network: nn.Module) -> nn.Module:
    """A network with its parameters and buffers there."""
    for module in network.modules():
        for name, p in module._parameters.items():
            if p is not None:
                module._parameters[name] = nn.Parameter(There(p.detach()), p.requires_grad)
        for name, buffer in module._buffers.items():
            module._buffers[name] = There(buffer)
    return network
