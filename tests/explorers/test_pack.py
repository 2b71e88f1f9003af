import base64
import json
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from explorers.pack import CONVOLUTIONS, SETTINGS, PackError, pack, unpack
from explorers.weights import FOLDER, WeightsError, load_vae, save_vae
from tests.explorers.node import EXPLORERS, run_node
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.variants import Crop, PixelBias, conv_vae

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from make_explorer import elbo_on  # noqa: E402

NETWORK = (EXPLORERS / "network.js").read_text(encoding="utf-8")
RUN = """
const run = loadNetwork(Buffer.from(data.packed, "base64"));
console.log(JSON.stringify(data.x.map((x) => Array.from(run(x)))));
"""


def in_javascript(packed: bytes, x: torch.Tensor) -> torch.Tensor:
    data = {"packed": base64.b64encode(packed).decode(), "x": x.tolist()}
    return torch.tensor(run_node(NETWORK, RUN, data))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def every_layer() -> nn.Sequential:
    """Each function of `SETTINGS` after a Linear layer of its own, some with settings."""
    layers = [nn.Flatten(), nn.Identity()]
    of_images = (nn.Unflatten, *CONVOLUTIONS, nn.Upsample, Crop, PixelBias)
    others = (nn.Linear, nn.Flatten, *of_images)
    functions = [kind() for kind in SETTINGS if kind not in others]
    functions += [nn.GELU("tanh"), nn.LeakyReLU(0.3), nn.ELU(0.5), nn.Softplus(2, 1)]
    for function in functions:
        layers += [nn.Linear(5, 5), nn.Sequential(function)]
    return nn.Sequential(*layers, nn.Linear(5, 3, bias=False))


@pytest.mark.slow
def test_javascript_agrees_with_torch_in_every_layer():
    torch.manual_seed(0)
    network = unpack(pack(every_layer()))
    for function in [layer for layer in network if not isinstance(layer, nn.Linear)]:
        alone = unpack(pack(nn.Sequential(nn.Linear(4, 4), function)))
        x = 4 * torch.randn(256, 4, generator=generator())
        torch.testing.assert_close(
            in_javascript(pack(alone), x), alone(x).detach(), atol=2e-6, rtol=2e-6
        )


@pytest.mark.parametrize("up", ["uneven", "even", "resize"])
def test_convolutions_of_odd_sizes_and_three_colours_run_alike(up):
    torch.manual_seed(0)
    vae = conv_vae((3, 5, 7), 2, (2, 3), up=up).requires_grad_(False)
    vae.decoder.net[1].bias.uniform_()
    for network, n in ((vae.encoder.net, 105), (vae.decoder.net, 2)):
        packed, x = pack(network), torch.rand(4, n, generator=generator())
        rounded = unpack(packed)
        torch.testing.assert_close(rounded(x), network(x), atol=2e-3, rtol=2e-3)
        torch.testing.assert_close(rounded(x[0]), rounded(x)[0])
        expected = rounded(x).detach()
        torch.testing.assert_close(in_javascript(packed, x), expected, atol=1e-5, rtol=1e-5)


def test_dropout_is_left_out():
    network = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
    assert [type(layer) for layer in unpack(pack(network))] == [nn.Linear, nn.Linear]


def test_the_encoder_and_the_decoder_of_a_vae_stay_within_two_thousandths():
    torch.manual_seed(0)
    vae = VAE(784, 3, (64, 32)).eval()
    x, z = torch.rand(256, 784, generator=generator()), torch.randn(256, 3)
    for network, inputs in [(vae.encoder.net, x), (vae.decoder.net, z)]:
        outputs = in_javascript(pack(network), inputs)
        torch.testing.assert_close(outputs, network(inputs).detach(), atol=2e-3, rtol=0)


@pytest.mark.slow
def test_the_shipped_networks_run_alike_in_javascript_and_torch():
    vae, _ = load_vae()
    x, z = load_mnist().test_images[:256], 2 * torch.randn(256, 2, generator=generator())
    for part, inputs in [("encoder", x), ("decoder", z)]:
        packed = (FOLDER / f"{part}.bin").read_bytes()
        expected = getattr(vae, part).net(inputs).detach()
        torch.testing.assert_close(
            in_javascript(packed, inputs), expected, atol=2e-4, rtol=1e-5
        )


def test_unpack_gives_the_rounded_network_back():
    torch.manual_seed(0)
    network = every_layer()
    again = unpack(pack(network))
    x = torch.randn(20, 5, generator=generator())
    torch.testing.assert_close(again(x), network(x), atol=2e-3, rtol=0)
    assert pack(again) == pack(network)


def test_two_bytes_a_parameter_and_a_short_header():
    network = nn.Sequential(nn.Linear(30, 40), nn.ReLU(), nn.Linear(40, 2))
    n_parameters = sum(p.numel() for p in network.parameters())
    assert 0 < len(pack(network)) - 2 * n_parameters < 200


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Linear(2, 9), nn.Sequential(nn.Conv1d(1, 1, 3))),
         r"Sequential\.1\.0 is a Conv1d, .*Linear, ReLU.*GELU"),
        (nn.Sequential(nn.Linear(2, 9), nn.Conv2d(2, 2, 3, groups=2)), "without .* groups"),
        (nn.Sequential(nn.Linear(2, 9), nn.Upsample(2.0, mode="bilinear")), "no bilinear"),
        (VAE(16, 2).encoder, "layer Encoder is a Encoder, which the page cannot run"),
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1)),
         r"Sequential\.1 .* expects 4 inputs, the layer before it gives 3"),
        (nn.Sequential(nn.ReLU()), "no Linear layer"),
    ],
)  # fmt: skip
def test_what_the_page_cannot_run_is_named(network, message):
    with pytest.raises(PackError, match=message):
        pack(network)


@pytest.mark.parametrize("value", [1e5, float("nan")])
def test_a_parameter_that_float16_cannot_hold_is_refused(value):
    network = nn.Linear(2, 1)
    nn.init.constant_(network.bias, value)
    with pytest.raises(PackError, match="Linear .* float16 cannot hold"):
        pack(network)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b"PK" + b, "does not begin with NET1"),
        (lambda b: b[:6], "does not begin with NET1"),
        (lambda b: b[:-2], "has .* bytes, its header says"),
        (lambda b: b.replace(b"Linear", b"Lineal"), "header .* is damaged"),
        (lambda b: b.replace(b"{", b"[", 1), "header .* is damaged"),
    ],
)
def test_a_damaged_file_is_refused(damage, message):
    with pytest.raises(PackError, match=message):
        unpack(damage(pack(nn.Linear(3, 2))))


def test_javascript_refuses_what_is_no_packed_network():
    code = """
    let message = "";
    try { loadNetwork(new Uint8Array(data.bytes)); }
    catch (error) { message = error.message; }
    console.log(JSON.stringify(message));
    """
    assert "NET1" in run_node(NETWORK, code, {"bytes": [1, 2, 3, 4, 5, 6, 7, 8, 9]})


def test_the_shipped_weights_are_small_and_their_record_is_right():
    vae, record = load_vae()
    sizes = [path.stat().st_size for path in FOLDER.iterdir()]
    assert sum(sizes) * 4 / 3 < 900_000  # as base64, with room for the test images
    estimate = elbo_on(vae, load_mnist().test_images)
    assert abs(estimate.value - record["test_elbo"]) < 0.02
    assert abs(estimate.standard_error - record["test_elbo_standard_error"]) < 0.01


def small_folder(path):
    torch.manual_seed(0)
    vae = VAE(16, 2, [8])
    record = {"x_dim": 16, "z_dim": 2, "hidden": [8], "likelihood": "bernoulli"}
    save_vae(vae, record | {"test_elbo": -1.0}, path)
    return vae


def test_weights_come_back_rounded_with_their_record(tmp_path):
    vae = small_folder(tmp_path)
    again, record = load_vae(tmp_path)
    assert record["test_elbo"] == -1.0
    x = torch.rand(5, 16, generator=generator())
    torch.testing.assert_close(again.encode(x), vae.encode(x), atol=2e-3, rtol=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "decoder.bin", "encoder.bin", "model.json",
    ]  # fmt: skip


def cut(folder):
    path = folder / "decoder.bin"
    path.write_bytes(path.read_bytes()[:-10])


def delete(folder):
    (folder / "encoder.bin").unlink()


def scribble(folder):
    (folder / "model.json").write_text("{")


def wrong_sizes(folder):
    record = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(record | {"hidden": [9]}))


@pytest.mark.parametrize("damage", [cut, delete, scribble, wrong_sizes])
def test_damaged_weights_are_refused_with_advice(tmp_path, damage):
    small_folder(tmp_path)
    damage(tmp_path)
    with pytest.raises(WeightsError, match="cannot be read .*make_explorer.py"):
        load_vae(tmp_path)
