"""A trained VAE as one file, with its architecture beside its weights; and back.

The file is of the kind safetensors: the parameters and a text. The text says in JSON of
which layers the two networks are made, and has a checksum. No pickle is in it, so a file
from somebody else runs no code. It does not matter on which device it was written.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from vae_lib import encoder_decoder, variants
from vae_lib.encoder_decoder import VAE
from vae_lib.files import write_whole

# The layers that a file may name, and the arguments that make each, which it keeps as
# attributes of the same names.
LAYERS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: ("in_features", "out_features"),
    nn.Conv2d: ("in_channels", "out_channels", "kernel_size", "stride", "padding"),
    nn.ConvTranspose2d: (
        "in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding"
    ),
    nn.BatchNorm1d: ("num_features",),
    nn.BatchNorm2d: ("num_features",),
    nn.LayerNorm: ("normalized_shape",),
    nn.Upsample: ("scale_factor", "mode"),
    nn.Flatten: ("start_dim", "end_dim"),
    nn.Unflatten: ("dim", "unflattened_size"),
    nn.Dropout: ("p",),
    nn.Identity: (),
    nn.GELU: ("approximate",),
    nn.ReLU: (),
    nn.LeakyReLU: ("negative_slope",),
    nn.ELU: ("alpha",),
    nn.SiLU: (),
    nn.Tanh: (),
    nn.Sigmoid: (),
    nn.Softplus: ("beta", "threshold"),
    variants.PixelBias: ("x_dim",),
    variants.Crop: ("rows", "columns"),
}  # fmt: skip
NAMES = {layer.__name__: layer for layer in LAYERS}
# The parts that hold layers.
PARTS: dict[str, type[nn.Module]] = {
    "Encoder": encoder_decoder.Encoder,
    "BernoulliDecoder": encoder_decoder.BernoulliDecoder,
    "GaussianDecoder": encoder_decoder.GaussianDecoder,
}
FORMAT = "vae-line-by-line 1"


class SavingError(Exception):
    """A VAE cannot be saved, or a file not be loaded; the message says why."""


def save(vae: VAE, path: Path | str, shape: tuple[int, int, int] | None = None) -> None:
    """Write the VAE into a file, whole or not at all. What the file held is replaced.

    Args:
        vae: of the book's encoders and decoders, with layers that `LAYERS` names, on any
            device.
        path: of the file, for instance `digits.safetensors`.
        shape: (channels, rows, columns) of an image, kept for who loads it; without it
            `vae.shape`.

    Raises:
        SavingError: if a layer is of another kind, or the file cannot be written.
        ValueError: if the shape is not that of the network's images.

    Example:
        >>> import tempfile
        >>> vae = VAE(x_dim=9, z_dim=2, hidden=(8,), likelihood="gaussian")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(vae, f"{folder}/mine.safetensors")
        ...     again = load(f"{folder}/mine.safetensors")
        >>> torch.equal(again.encode(torch.ones(9))[0], vae.encode(torch.ones(9))[0])
        True
    """
    if type(vae) is not VAE:
        raise SavingError(f"save writes a VAE, not a {type(vae).__name__}: {OTHERWISE}")
    shape = shape or vae.shape
    if shape and math.prod(shape) != vae.x_dim:
        raise ValueError(f"{vae.x_dim} pixels do not fill {tuple(shape)}")
    architecture = {
        "x_dim": vae.x_dim, "z_dim": vae.z_dim,
        "encoder": _describe(vae.encoder, "encoder"),
        "decoder": _describe(vae.decoder, "decoder"),
    } | ({"shape": shape} if shape else {})  # fmt: skip
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in vae.state_dict().items()
    }
    text = json.dumps(architecture)
    about = json.dumps({"vae": text, "sha256": _checksum(text, tensors)})
    try:
        write_whole(path, safetensors.torch.save(tensors, {FORMAT: about}))
    except OSError as error:
        raise SavingError(f"cannot write {path} ({error.strerror})") from error


def load(path: Path | str, device: torch.device | str = "cpu") -> VAE:
    """The VAE that `save` wrote, on a device, with dropout off, and its `shape`.

    Raises:
        SavingError: if the file cannot be read, is damaged, or is none that `save` wrote.
    """
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise SavingError(f"cannot read {path} ({error.strerror})") from error
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise SavingError(
            f"{path} is damaged, or no safetensors file ({error}): save it again"
        ) from error
    if FORMAT not in metadata:
        raise SavingError(f"{path} holds tensors, but no VAE that `save` wrote")
    about = json.loads(metadata[FORMAT])
    if about["sha256"] != _checksum(about["vae"], tensors):
        raise SavingError(f"{path} is damaged, its checksum is another: save it again")
    architecture = json.loads(about["vae"])
    with torch.device("meta"):  # the weights come from the file, not from chance
        vae = VAE(
            architecture["x_dim"], architecture["z_dim"], (),
            encoder=_built(architecture["encoder"]),
            decoder=_built(architecture["decoder"]),
        )  # fmt: skip
    # Copied: in a file's memory tensors start anywhere, and there products round otherwise.
    tensors = {name: value.clone() for name, value in tensors.items()}
    vae.load_state_dict(tensors, assign=True)
    if shape := architecture.get("shape"):  # files of before the shape was kept lack it
        vae.shape = tuple(shape)
    return vae.to(device).eval()


OTHERWISE = (
    "keep its state_dict with torch.save, and make the network in code before "
    "load_state_dict"
)


def _describe(part: Any, name: str) -> dict[str, Any]:
    """A part as JSON: what kind it is, what makes it, and what it holds."""
    kind = type(part)
    if kind is nn.Sequential or kind is variants.PerImage:
        layers = part if kind is nn.Sequential else part.layers
        held = [_describe(layer, f"{name}.{n}") for n, layer in enumerate(layers)]
        return {"kind": kind.__name__, "layers": held}
    if kind is variants.ConditionalDecoder:
        inner = _describe(part.decoder, f"{name}.decoder")
        return {"kind": kind.__name__, "decoder": inner, "n_labels": part.n_labels}
    if PARTS.get(kind.__name__) is kind:
        net = {"kind": kind.__name__, "net": _describe(part.net, f"{name}.net")}
        if isinstance(part, encoder_decoder.GaussianDecoder):
            return net | {"learn_variance": part.log_var.requires_grad}
        return net
    if kind not in LAYERS:
        raise SavingError(
            f"{name} is a {kind.__name__}, which no file can name: {OTHERWISE}"
        )
    layer = {"kind": kind.__name__} | {key: getattr(part, key) for key in LAYERS[kind]}
    if isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        return layer | {"bias": part.bias is not None}
    return layer


def _built(about: Mapping[str, Any]) -> Any:
    """The part that `_describe` described, without its numbers."""
    options = dict(about)
    kind = options.pop("kind")
    if kind in ("Sequential", "PerImage"):
        layers = [_built(layer) for layer in options["layers"]]
        return (
            nn.Sequential(*layers) if kind == "Sequential" else variants.PerImage(*layers)
        )
    if kind == "ConditionalDecoder":
        inner = _built(options["decoder"])
        return variants.ConditionalDecoder(inner, options["n_labels"])
    if kind in PARTS:
        learned = {"learn_variance": options["learn_variance"]} if len(options) > 1 else {}
        part: Any = PARTS[kind](1, (), 1, **learned)
        part.net = _built(options["net"])
        return part
    as_made = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    return NAMES[kind](**as_made)


def _checksum(text: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
