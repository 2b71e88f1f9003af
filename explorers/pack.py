"""A network as one small file that a web page can run, and the way back.

The file: the four letters NET1, the length of the header as an unsigned 32-bit integer,
a header in JSON, `{"layers": [{"type": "Linear", "in": 2, "out": 128}, ...]}`, and the
numbers as float16, layer by layer, a weight matrix (out, in) by rows before its bias; the
weights of a convolution as torch has them. All little-endian; the header ends in spaces, so
that the numbers begin at an even byte. `network.js` runs it.
"""

import json
import struct
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from vae_lib.variants import Crop, PerImage, PixelBias

MAGIC = b"NET1"

# The layers that network.js runs, and the settings of each that it reads.
SETTINGS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: (),
    nn.ReLU: (),
    nn.LeakyReLU: ("negative_slope",),
    nn.ELU: ("alpha",),
    nn.SiLU: (),
    nn.GELU: ("approximate",),
    nn.Softplus: ("beta", "threshold"),
    nn.Tanh: (),
    nn.Sigmoid: (),
    nn.Flatten: (),
    nn.Unflatten: ("unflattened_size",),
    nn.Conv2d: ("in_channels", "out_channels", "kernel_size", "stride", "padding"),
    nn.ConvTranspose2d: (
        "in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding",
    ),
    nn.Upsample: ("scale_factor",),
    Crop: ("rows", "columns"),
    PixelBias: ("x_dim",),
    nn.Identity: (),
}  # fmt: skip
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
LAYERS = {kind.__name__: kind for kind in SETTINGS}


class PackError(ValueError):
    """A network cannot be packed, or a packed one cannot be read."""


def pack(network: nn.Module) -> bytes:
    """The network, its parameters rounded to float16: two bytes a parameter.

    >>> packed = pack(nn.Sequential(nn.Linear(2, 3), nn.Tanh()))
    >>> packed[:4], unpack(packed)(torch.zeros(5, 2)).shape
    (b'NET1', torch.Size([5, 3]))

    Args:
        network: one of the layers in `SETTINGS`, or an `nn.Sequential` or `PerImage` of
            them, nested as you like, on the CPU. Dropout is left out.

    Raises:
        PackError: on a layer that the page cannot run, layers that do not fit each other,
            or a parameter that float16 cannot hold.
    """
    layers, numbers, width = [], [], None
    for name, layer in _layers(network, type(network).__name__):
        entry: dict = {"type": type(layer).__name__}
        entry |= {key: getattr(layer, key) for key in SETTINGS[type(layer)]}
        if isinstance(layer, nn.Linear):
            if width not in (None, 0, layer.in_features):
                raise PackError(
                    f"{name} expects {layer.in_features} inputs, the layer before it "
                    f"gives {width}"
                )
            entry |= {"in": layer.in_features, "out": layer.out_features}
            width = layer.out_features
            bias = torch.zeros(width) if layer.bias is None else layer.bias
            numbers += [_float16(layer.weight, name), _float16(bias, name)]
        elif isinstance(layer, CONVOLUTIONS):
            _check_convolution(layer, name)
            zeros = torch.zeros(layer.out_channels)
            numbers += [_float16(layer.weight, name)]
            numbers += [_float16(zeros if layer.bias is None else layer.bias, name)]
        elif isinstance(layer, PixelBias):
            numbers.append(_float16(layer.bias, name))
        if isinstance(layer, nn.Upsample) and layer.mode != "nearest":
            raise PackError(f"{name}: the page repeats pixels, and knows no {layer.mode}")
        if isinstance(layer, (nn.Unflatten, nn.Flatten, *CONVOLUTIONS)):
            width = 0  # from here it depends on the image
        layers.append(entry)
    if width is None:
        raise PackError(f"{type(network).__name__} holds no Linear layer: nothing to pack")
    header = json.dumps({"layers": layers}, separators=(",", ":")).encode()
    header += b" " * (len(header) % 2)
    return MAGIC + struct.pack("<I", len(header)) + header + b"".join(numbers)


def unpack(content: bytes) -> nn.Sequential:
    """The network that `pack` packed, with its rounded parameters in float32.

    Raises:
        PackError: if the bytes are not a packed network, or are cut short.
    """
    if content[:4] != MAGIC or len(content) < 8:
        raise PackError("this is no packed network: it does not begin with NET1")
    (length,) = struct.unpack_from("<I", content, 4)
    try:
        entries = json.loads(content[8 : 8 + length])["layers"]
        made = [_layer(dict(entry)) for entry in entries]
        # Convolutions want one batch axis, and what is passed may have none or several.
        images = any(isinstance(layer, nn.Unflatten) for layer in made)
        network = nn.Sequential(PerImage(*made)) if images else nn.Sequential(*made)
    except (ValueError, KeyError, TypeError) as error:
        raise PackError(f"the header of this packed network is damaged: {error}") from error
    parameters = list(network.parameters())
    expected = 8 + length + 2 * sum(p.numel() for p in parameters)
    if len(content) != expected:
        raise PackError(
            f"this packed network has {len(content):,} bytes, its header says {expected:,}"
        )
    numbers = torch.from_numpy(np.frombuffer(content, "<f2", offset=8 + length).copy())
    sizes = [p.numel() for p in parameters]
    with torch.no_grad():
        for parameter, part in zip(parameters, numbers.split(sizes), strict=True):
            parameter.copy_(part.view_as(parameter))
    return network


def _layers(network: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """The layers in the order in which they run, each with a name that finds it."""
    if type(network) in (nn.Sequential, PerImage):
        for key, child in network.named_children():
            yield from _layers(child, f"{name}.{key}")
        if type(network) is PerImage:
            yield f"{name}, at its end", nn.Flatten()
        return
    if type(network) is nn.Dropout:
        return
    if type(network) not in SETTINGS:
        supported = ", ".join(kind for kind in LAYERS if kind not in ("Crop", "PixelBias"))
        raise PackError(
            f"layer {name} is a {type(network).__name__}, which the page cannot run; "
            f"it runs a Sequential of {supported}"
        )
    yield f"{name} ({network})", network


def _check_convolution(layer: nn.Conv2d | nn.ConvTranspose2d, name: str) -> None:
    plain = layer.dilation == (1, 1) and layer.groups == 1 and layer.padding_mode == "zeros"
    if not plain or isinstance(layer.padding, str):
        raise PackError(f"{name}: the page runs it without dilation, groups, named padding")


def _float16(parameter: Tensor, name: str) -> bytes:
    rounded = parameter.detach().to(torch.float16)
    if not rounded.isfinite().all():
        raise PackError(
            f"{name} has a parameter that float16 cannot hold: not finite, or above 65504"
        )
    return rounded.numpy().astype("<f2").tobytes()


def _layer(entry: dict) -> nn.Module:
    kind = LAYERS[entry.pop("type")]
    if kind is nn.Linear:
        return nn.Linear(entry["in"], entry["out"])
    if kind is nn.Unflatten:
        return nn.Unflatten(1, tuple(entry["unflattened_size"]))
    return kind(**entry)
