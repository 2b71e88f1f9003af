"""The trained models that the book's figures run, made by `tools/make_explorer.py`.

A folder holds two packed networks and `model.json`: the sizes, how the model was trained,
its ELBO on the test images, and the SHA-256 of both networks.
"""

import hashlib
import json
from pathlib import Path

from explorers.pack import PackError, pack, unpack
from vae_lib.encoder_decoder import VAE
from vae_lib.files import write_whole

FOLDER = Path(__file__).with_name("weights")  # two latents
TEN = FOLDER / "ten"  # ten
RECORD = "model.json"
PARTS = ("encoder", "decoder")


class WeightsError(Exception):
    """The shipped weights are missing or damaged; the message says what to do."""


def load_vae(folder: Path | str = FOLDER) -> tuple[VAE, dict]:
    """The model, with its parameters as the figures have them, and its record.

    >>> vae, record = load_vae()
    >>> vae.z_dim, record["test_elbo"]
    (2, -135.07)

    Raises:
        WeightsError: if a file is missing, or is not the one that the record names.
    """
    folder = Path(folder)
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        vae = VAE(record["x_dim"], record["z_dim"], record["hidden"], record["likelihood"])
        for part in PARTS:
            content = (folder / f"{part}.bin").read_bytes()
            if hashlib.sha256(content).hexdigest() != record["sha256"][part]:
                raise PackError(f"{part}.bin is not the recorded file")
            network = getattr(vae, part).net
            network.load_state_dict(unpack(content).state_dict())
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise WeightsError(
            f"the weights in {folder} cannot be read ({why}): restore them with "
            f"'git checkout -- {folder.name}' in the folder above, or make them again with "
            "'python tools/make_explorer.py'"
        ) from error
    return vae.eval(), record


def save_vae(vae: VAE, record: dict, folder: Path | str = FOLDER) -> None:
    """Write the three files, each beside the old one and then over it, the record last."""
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    packed = {part: pack(getattr(vae, part).net) for part in PARTS}
    sums = {part: hashlib.sha256(content).hexdigest() for part, content in packed.items()}
    text = json.dumps(record | {"sha256": sums}, indent=2) + "\n"
    files = {f"{part}.bin": content for part, content in packed.items()}
    for name, content in (files | {RECORD: text.encode()}).items():
        write_whole(folder / name, content)
