"""vae_lib.saving: what is loaded is what was saved, and what is damaged is refused."""

import pytest
import safetensors.torch
import torch
from torch import nn

from tests.pretended import There, pretended, to
from vae_lib import saving
from vae_lib.encoder_decoder import VAE
from vae_lib.saving import SavingError, load, save
from vae_lib.variants import VQVAE, conditional_vae, conv_vae

X = torch.rand(5, 60, generator=torch.Generator().manual_seed(0))


def dropping():
    vae = VAE(60, 2, (8, 6), activation=nn.Tanh)
    vae.encoder.net.insert(1, nn.Dropout(0.3))
    vae.encoder.net.insert(1, nn.BatchNorm1d(8))
    return vae


MODELS = [
    lambda: VAE(60, 2, (8, 6), activation=lambda: nn.LeakyReLU(0.3)),
    lambda: VAE(60, 3, (), "gaussian", variance=0.2, learn_variance=True),
    lambda: VAE(60, 3, (8,), "gaussian", variance=0.2).double(),
    lambda: conv_vae((3, 4, 5), 2, (2, 3)),
    lambda: conv_vae((3, 4, 5), 2, (2, 3), up="resize"),
    lambda: conditional_vae(57, 2, 3, (8,)),
    dropping,
]


@pytest.mark.parametrize("make", MODELS)
def test_what_is_loaded_is_what_was_saved(make, tmp_path):
    vae, path = make().eval(), tmp_path / "mine.safetensors"
    save(vae, path)
    before = torch.get_rng_state()
    again = load(path)
    assert torch.equal(before, torch.get_rng_state())
    assert str(again) == str(vae) and not again.training
    x = X.to(next(vae.parameters()))
    with torch.no_grad():
        (mu, log_var), (ours, spread) = vae.encode(x), again.encode(x)
        assert torch.equal(mu, ours) and torch.equal(log_var, spread)
        one, two = (m.decoder.log_likelihood(x, mu) for m in (vae, again))
    assert torch.equal(one, two)
    learned = [[p.requires_grad for p in m.parameters()] for m in (vae, again)]
    assert learned[0] == learned[1]
    save(again, path)  # a file that is there is replaced, and equals the first
    assert [p.name for p in tmp_path.iterdir()] == ["mine.safetensors"]


def test_the_shape_of_an_image_is_kept(tmp_path):
    path = tmp_path / "a"
    save(VAE(60, 2, (8,)), path)
    assert load(path).shape is None
    save(VAE(60, 2, (8,)), path, (3, 5, 4))
    save(load(path), path)
    assert load(path).shape == (3, 5, 4)
    save(conv_vae((3, 4, 5), 2, (2,)), path)
    assert load(path).shape == (3, 4, 5)
    with pytest.raises(ValueError, match=r"60 pixels do not fill \(3, 5, 5\)"):
        save(VAE(60, 2, (8,)), path, (3, 5, 5))


def test_it_goes_from_one_device_to_another(tmp_path):
    vae, path = MODELS[0]().eval(), tmp_path / "a"
    save(vae, path)
    with pretended() as device:
        there = load(path, device)
        assert there.encode(There(X))[0].device == device
        save(to(there), tmp_path / "b")
    assert torch.equal(load(tmp_path / "b").encode(X)[0], vae.encode(X)[0])
    assert path.read_bytes() == (tmp_path / "b").read_bytes()


def test_what_cannot_be_saved_is_named(tmp_path):
    vae = VAE(60, 2, (8,))
    vae.encoder.net.insert(1, nn.Bilinear(2, 2, 2))
    with pytest.raises(SavingError, match=r"encoder.net.1 is a Bilinear, which no file"):
        save(vae, tmp_path / "a")
    with pytest.raises(SavingError, match="save writes a VAE, not a VQVAE"):
        save(VQVAE(60, 2, 3), tmp_path / "a")
    with pytest.raises(SavingError, match="cannot write"):
        save(MODELS[0](), tmp_path / "no-folder" / "a")
    assert list(tmp_path.iterdir()) == []


def test_three_faults_of_a_file_have_three_messages(tmp_path):
    path = tmp_path / "a"
    with pytest.raises(SavingError, match="cannot read .*No such file"):
        load(path)
    with pytest.raises(SavingError, match="cannot read .*directory"):
        load(tmp_path)
    path.write_bytes(b"not a network")
    with pytest.raises(SavingError, match="damaged, or no safetensors file"):
        load(path)
    safetensors.torch.save_file({"a": X}, path)
    with pytest.raises(SavingError, match="holds tensors, but no VAE"):
        load(path)
    save(MODELS[0](), path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(SavingError, match="its checksum is another"):
        load(path)
    path.write_bytes(content[:-5])
    with pytest.raises(SavingError, match="damaged"):
        load(path)


def test_a_file_names_layers_and_runs_nothing(tmp_path, monkeypatch):
    """Of a class that the list lacks, nothing is made."""
    monkeypatch.setattr(saving, "_describe", lambda *_: {"kind": "print", "x": 1})
    save(MODELS[0](), tmp_path / "a")
    with pytest.raises(KeyError):
        load(tmp_path / "a")
