"""vae_lib.checkpoint on a two-layer run of our own: whole files, or a clear refusal."""

import io
import re
import zipfile
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from vae_lib import checkpoint as checkpoint_module
from vae_lib.checkpoint import (
    Checkpoint,
    CheckpointError,
    as_plain,
    describe,
    fingerprint,
)


class Run:
    """Momentum and a random generator: a step reads more than the parameters."""

    def __init__(self, path, seed=0, **settings):
        torch.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(20, 10), nn.Linear(10, 1))
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=0.9)
        self.generator = torch.Generator().manual_seed(seed)
        parts = {"net": self.net, "optimizer": self.optimizer, "generator": self.generator}
        self.checkpoint = Checkpoint(path, {"lr": 0.01} | settings, parts)

    def step(self):
        x = torch.randn(5, 20, generator=self.generator)
        self.optimizer.zero_grad()
        self.net(x).square().mean().backward()
        self.optimizer.step()

    def weights(self):
        return torch.cat([p.detach().flatten() for p in self.net.parameters()])


@pytest.fixture
def saved(tmp_path):
    """The file of a run stopped after two steps."""
    run = Run(tmp_path / "run.pt")
    run.step()
    run.step()
    run.checkpoint.save([(1, 0.5), (2, 0.25)])
    return run.checkpoint.path


def refused(path, match, **settings):
    """The file is refused; it and the parts stay as they were."""
    run, content = Run(path, seed=9, **settings), path.read_bytes()
    weights, random = run.weights(), run.generator.get_state()
    with pytest.raises(CheckpointError, match=match):
        run.checkpoint.resume()
    assert torch.equal(run.weights(), weights)
    assert torch.equal(run.generator.get_state(), random)
    assert path.read_bytes() == content


def test_a_resumed_run_equals_the_uninterrupted_one(saved):
    whole, resumed = Run(None), Run(saved, seed=9)
    assert [tuple(row) for row in resumed.checkpoint.resume()] == [(1, 0.5), (2, 0.25)]
    assert resumed.checkpoint.last_good == f"{saved}, of epoch 2"
    for _ in range(4):
        whole.step()
    for _ in range(2):
        resumed.step()
    assert torch.equal(whole.weights(), resumed.weights())


def test_no_path_keeps_nothing_and_no_file_resumes_nothing(tmp_path):
    nothing = Checkpoint(None, {}, {})
    nothing.save([])
    assert nothing.resume() == [] and nothing.last_good == "none"
    fresh = Run(tmp_path / "new.pt").checkpoint
    assert fresh.resume() == [] and fresh.last_good == "none"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_found_at_once(tmp_path):
    with pytest.raises(CheckpointError, match="no folder for the checkpoint"):
        Run(tmp_path / "missing" / "run.pt")


@pytest.mark.parametrize("written", [0, 0.5, 1])
def test_a_kill_in_the_middle_of_saving_leaves_the_old_file(saved, monkeypatch, written):
    before, real_save = saved.read_bytes(), torch.save

    def save_a_part(content, file):
        real_save(content, file)
        file.truncate(int(written * file.tell()))
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", save_a_part)
    run = Run(saved)
    run.checkpoint.resume()
    with pytest.raises(KeyboardInterrupt):
        run.checkpoint.save([(1, 0.0), (2, 0.0), (3, 0.0)])
    assert saved.read_bytes() == before
    monkeypatch.undo()
    run.checkpoint.save([(1, 0.0), (2, 0.0), (3, 0.0)])
    assert len(Run(saved).checkpoint.resume()) == 3
    assert [path.name for path in saved.parent.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(saved, keep):
    content = saved.read_bytes()
    n = keep if isinstance(keep, int) else int(keep * len(content))
    saved.write_bytes(content[:n])
    refused(saved, r"run\.pt is no readable checkpoint.*move it away to start afresh")


def test_a_flipped_bit_in_a_weight_is_refused(saved):
    """torch.load would take it: it does not compare checksums."""
    content = bytearray(saved.read_bytes())
    weight = torch.load(saved, weights_only=True)["net"]["0.weight"]
    place = content.find(weight.numpy().tobytes())
    assert place > 0
    content[place + 100] ^= 0x10
    saved.write_bytes(content)
    torch.load(saved, weights_only=True)
    refused(saved, "wrong checksum")


@pytest.mark.parametrize("content", [{}, {"settings": 3, "history": []}, [1, 2]])
def test_another_file_is_refused(saved, content):
    torch.save(content, saved)
    refused(saved, "no readable checkpoint")


def test_a_file_that_lacks_a_part_is_refused(saved):
    content = torch.load(saved, weights_only=True)
    del content["optimizer"]
    torch.save(content, saved)
    refused(saved, r"no readable checkpoint \(it is another file\)")


def test_a_fault_of_our_own_is_not_told_as_a_damaged_file(saved, monkeypatch):
    """Such as a mistake in putting a state back, or no memory: the file may be good."""
    run = Run(saved)
    monkeypatch.setattr(run.checkpoint, "_set", lambda _: run.no_such_attribute)
    with pytest.raises(AttributeError, match="no_such_attribute"):
        run.checkpoint.resume()

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(MemoryError):
        run.checkpoint.resume()


def test_a_file_with_code_in_it_is_refused(saved):
    torch.save({"history": [], "settings": print}, saved)
    refused(saved, "no readable checkpoint")


def test_another_run_is_refused_by_name(saved):
    refused(saved, r"of another run \(lr: 0.01 there, 0.1 here\): move it", lr=0.1)
    refused(saved, "extra: None there, 1 here", extra=1)


def test_fingerprint_tells_images_apart_and_ignores_how_they_lie_in_memory():
    images = torch.rand(6, 4, generator=torch.Generator().manual_seed(1))
    assert fingerprint(images).startswith("(6, 4) torch.float32, CRC ")
    assert fingerprint(images.T.contiguous().T) == fingerprint(images)
    changed = images.clone()
    changed[5, 3] += 1e-6
    assert fingerprint(changed) != fingerprint(images)


def test_describe_names_shapes_and_fixed_values():
    net = nn.Sequential(nn.Linear(3, 2), nn.LeakyReLU(0.5))
    net[0].bias.requires_grad_(False).fill_(0.5)
    assert describe(net) == {
        "nonlinearities": "LeakyReLU(negative_slope=0.5)",
        "0.weight": "(2, 3) torch.float32",
        "0.bias": f"fixed, {fingerprint(net[0].bias)}",
    }
    net.register_parameter("scale", nn.Parameter(torch.tensor(0.25), requires_grad=False))
    assert describe(net)["scale"] == "fixed, 0.25"


def test_settings_are_kept_as_what_a_file_can_hold():
    def objective(): ...

    assert as_plain(np.float64(1e-3)) == 1e-3 and type(as_plain(np.int64(2))) is int
    assert as_plain(objective).endswith("objective")
    bound = partial(objective, K=5)
    assert as_plain(bound) != as_plain(partial(objective, K=6))
    assert "K" in as_plain(bound) and " at 0x" not in as_plain(bound)
    assert as_plain(None) is None and as_plain("a") == "a"
    halves = torch.ones(2, dtype=torch.bfloat16)
    assert as_plain(halves) == fingerprint(halves)


def test_a_state_that_does_not_fit_leaves_the_parts_as_they_were(tmp_path):
    path, net, noise = tmp_path / "a.pt", nn.Linear(3, 2), torch.Generator()
    checkpoint = Checkpoint(path, {}, {"net": net, "noise": noise})
    checkpoint.save([(1, 2.0)])
    content = torch.load(path, weights_only=True)
    content["noise"] = torch.zeros(len(content["noise"]), dtype=torch.float32)
    content["net"] = {name: value + 1 for name, value in content["net"].items()}
    torch.save(content, path)
    before = [p.clone() for p in net.parameters()]
    with pytest.raises(
        CheckpointError, match="does not fit .*move it away to start afresh"
    ):
        checkpoint.resume()
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_a_checkpoint_of_another_device_is_taken(saved):
    """Its tensors are tagged cuda:0, which this machine lacks; its generator's state is of
    another length."""
    content = torch.load(saved, weights_only=True)
    content["generator"] = torch.arange(16, dtype=torch.uint8)
    file = io.BytesIO()
    torch.save(content, file)
    archive, moved = zipfile.ZipFile(file), io.BytesIO()
    with zipfile.ZipFile(moved, "w") as copy:
        for name in archive.namelist():
            # the place of each tensor, in the pickle: a string of its length
            part = archive.read(name).replace(b"\x03\0\0\0cpu", b"\x06\0\0\0cuda:0")
            copy.writestr(name, part)
    saved.write_bytes(moved.getvalue())
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(saved, weights_only=True)
    one, two = Run(saved, seed=8), Run(saved, seed=9)
    for run in (one, two):
        with pytest.warns(UserWarning, match="another kind of device"):
            assert len(run.checkpoint.resume()) == 2
        run.step()
    assert torch.equal(one.weights(), two.weights())


def test_a_folder_and_a_place_that_cannot_be_written_are_found_at_once(tmp_path):
    with pytest.raises(CheckpointError, match="is a folder: give a file in it"):
        Run(tmp_path)
    (tmp_path / "run.pt.unfinished").mkdir()
    with pytest.raises(CheckpointError, match="cannot write the checkpoint .*another path"):
        Run(tmp_path / "run.pt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.pt.unfinished"]


def test_no_advice_is_to_delete_a_file(saved, tmp_path, monkeypatch):
    """Three faults, three messages; and a disk that is full later names the file."""
    messages = []
    for path, content in [(saved, b"PK"), (saved, None), (tmp_path, None)]:
        if content:
            good = path.read_bytes()
            path.write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            Run(path, lr=0.5).checkpoint.resume()
        messages.append(str(caught.value))
        if content:
            path.write_bytes(good)
    assert len(set(messages)) == 3 and not re.search("delete (it|the)", " ".join(messages))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_module, "write_whole", full)
    with pytest.raises(CheckpointError, match="cannot write .*No space left"):
        Run(saved).checkpoint.save([])


def test_a_checkpoint_of_another_optimiser_is_refused(tmp_path):
    net = nn.Linear(3, 2)

    def checkpoint(kind):
        parts = {"net": net, "optimizer": kind(net.parameters(), lr=0.1)}
        return Checkpoint(tmp_path / "a.pt", {}, parts)

    checkpoint(torch.optim.Adam).save([(1, 2.0)])
    with pytest.raises(CheckpointError, match="optimizer: Adam there, SGD here"):
        checkpoint(torch.optim.SGD).resume()
