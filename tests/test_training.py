"""vae_lib.training against finite differences, torch.distributions, a kill and NaN."""

import inspect
import json
import math
import re
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch import distributed, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from tests.measured import kept
from tools import train as script
from vae_lib import training
from vae_lib.checkpoint import CheckpointError
from vae_lib.checks import claim
from vae_lib.collapse import kl_per_dimension
from vae_lib.data import load_digits, load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.evaluation import importance_weighted_objective, log_weights
from vae_lib.machine import Processes
from vae_lib.objective import (
    Terms,
    elbo_objective,
    elbo_terms,
    kl_to_standard_normal,
    mean_elbo,
    reparameterize,
)
from vae_lib.training import TrainingError, train

IMAGES, HELD_OUT = load_digits().train_images[:1200].split([900, 300])


def make(z_dim=2, hidden=(16,), seed=0, **options) -> VAE:
    torch.manual_seed(seed)
    return VAE(64, z_dim, hidden, **options)


def fit(vae=None, images=IMAGES[:200], **options):
    vae = make() if vae is None else vae
    defaults = {"epochs": 4, "batch_size": 64, "progress": False}
    return vae, train(vae, images, **(defaults | options))


def same(a: VAE, b: VAE) -> bool:
    return all(
        torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True)
    )


class Stop(Exception):
    pass


def stop_after(epoch):
    def on_epoch(history):
        if len(history) == epoch:
            raise Stop

    return on_epoch


# --- the algorithm -----------------------------------------------------------------------


def test_one_epoch_is_plain_gradient_ascent_on_the_average_of_each_batch():
    """Two batches by hand; the watch sees each loss before its step."""
    x, seen = IMAGES[:30], []
    vae, by_hand = make(), make()
    sgd, hand = (torch.optim.SGD(v.parameters(), lr=0.1) for v in (vae, by_hand))

    def watch(loss, terms):
        assert loss.item() == pytest.approx(-terms.objective.mean().item())
        seen.append([p.detach().clone() for p in vae.parameters()])

    batches, noise = [(x[:20], 20), (x[20:], 10)], torch.Generator().manual_seed(1)
    training.one_epoch(vae, batches, elbo_objective, sgd, noise, watch)
    noise.manual_seed(1)
    for (images, _), before in zip(batches, seen, strict=True):
        assert all(map(torch.equal, before, by_hand.parameters()))
        hand.zero_grad()
        reconstruction, kl = elbo_terms(by_hand, images, noise)
        (kl - reconstruction).mean().backward()
        hand.step()
    for p, q in zip(vae.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def test_minibatches_hold_each_image_once_in_a_random_order():
    images = torch.arange(10.0)[:, None].expand(10, 3) / 10
    shuffle = torch.Generator().manual_seed(0)
    batches = list(training.minibatches(images, 4, torch.float32, shuffle, Processes()))
    assert [(tuple(x.shape), B) for x, B in batches] == [
        ((4, 3), 4),
        ((4, 3), 4),
        ((2, 3), 2),
    ]
    order = torch.cat([x for x, _ in batches])[:, 0]
    assert torch.equal(order.sort().values, images[:, 0])
    assert not torch.equal(order, images[:, 0])
    grey = torch.full((2, 3), 51, dtype=torch.uint8)
    ((x, _),) = training.minibatches(grey, 2, torch.float64, shuffle, Processes())
    assert torch.equal(x, torch.full((2, 3), 0.2, dtype=torch.float64))


def test_the_chapter_shows_the_loop_that_runs():
    chapter = Path(__file__).parents[1] / "book" / "07-training.md"
    (shown,) = re.findall(
        r"```python\n(for x, B in .*?)```", chapter.read_text("utf-8"), re.S
    )
    assert textwrap.indent(shown, "    ") in inspect.getsource(training.one_epoch)


# --- what training achieves -------------------------------------------------------------


def test_beats_one_coin_a_pixel_on_held_out_images():
    pi = (IMAGES.sum(dim=0) + 1) / (len(IMAGES) + 2)
    baseline = -F.binary_cross_entropy(
        pi.expand_as(HELD_OUT), HELD_OUT, reduction="none"
    ).sum(dim=1)
    vae, history = fit(make(hidden=(64,)), IMAGES, epochs=12, learning_rate=1e-2)
    assert mean_elbo(vae, HELD_OUT) > baseline.mean() + 1
    assert history[-1].objective > history[0].objective + 5


def test_gradient_of_the_loss_equals_finite_differences():
    vae, x = make(z_dim=3).double(), IMAGES[:8].double()

    def loss():
        reconstruction, kl = elbo_terms(vae, x, torch.Generator().manual_seed(5))
        return (kl - reconstruction).mean()

    loss().backward()
    step, directions = 1e-6, torch.Generator().manual_seed(6)
    for parameter in vae.parameters():
        v = torch.randn(parameter.shape, generator=directions, dtype=torch.float64)
        with torch.no_grad():
            parameter += step * v
            up = loss()
            parameter -= 2 * step * v
            down = loss()
            parameter += step * v
        slope = (up - down) / (2 * step)
        assert torch.allclose((parameter.grad * v).sum(), slope, rtol=1e-5, atol=1e-6)


def test_first_step_follows_the_gradient_of_the_weighted_loss(monkeypatch):
    """With plain gradient descent in Adam's place, the first step follows by hand."""
    beta, lr = 3.0, 1e-3
    monkeypatch.setattr(torch.optim, "Adam", lambda p, lr, fused: torch.optim.SGD(p, lr=lr))
    vae, expected = make(), make()
    weighted = partial(elbo_objective, beta=beta)
    options = {"batch_size": 50, "learning_rate": lr, "objective": weighted}
    fit(vae, IMAGES[:50], epochs=1, seed=2, **options)
    generator = torch.Generator().manual_seed(2)
    x = IMAGES[:50][torch.randperm(50, generator=generator)]
    reconstruction, kl = elbo_terms(expected, x, generator)
    (beta * kl - reconstruction).mean().backward()
    for p, q in zip(vae.parameters(), expected.parameters(), strict=True):
        assert torch.allclose(p, q - lr * q.grad, rtol=1e-5, atol=1e-7)


def test_history_adds_up_and_counts_the_smaller_last_batch(capsys):
    """A vanishing step size freezes the network: an epoch is then a plain average."""
    vae, history = fit(images=IMAGES[:130], epochs=2, batch_size=64, learning_rate=1e-30)
    kl = kl_per_dimension(vae, IMAGES[:130]).sum()
    assert [e.epoch for e in history] == [1, 2]
    for e in history:
        assert list(e.parts) == ["reconstruction", "kl"] and e.validation_elbo is None
        elbo = e.parts["reconstruction"] - e.parts["kl"]
        assert e.objective == pytest.approx(elbo, rel=1e-6)
        assert e.parts["kl"] == pytest.approx(kl.item(), rel=1e-5)
    assert capsys.readouterr().err == ""


def test_progress_bar_shows_the_objective_and_its_parts(capsys):
    fit(epochs=1, progress=True)
    bar = capsys.readouterr().err
    assert "objective=-" in bar and "reconstruction=-" in bar and "kl=" in bar
    fit(epochs=1, progress=True, objective=partial(importance_weighted_objective, K=3))
    bar = capsys.readouterr().err
    assert "objective=-" in bar and "kl=" not in bar


def test_validation_elbo_is_measured_after_the_epoch():
    vae, history = fit(validation_images=HELD_OUT, seed=3)
    expected = mean_elbo(vae, HELD_OUT, seed=3)
    assert history[-1].validation_elbo == pytest.approx(expected, rel=1e-6)
    assert history[0].validation_elbo != history[1].validation_elbo


def test_schedule_warms_up_and_ends_at_zero():
    rates = [training._warm_up_then_cosine(step, 200, 0.2) for step in range(201)]
    assert rates[0] == pytest.approx(1 / 40) and rates[39] == rates[40] == 1
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert rates[:40] == sorted(rates[:40])
    assert rates[40:] == sorted(rates[40:], reverse=True)
    assert training._warm_up_then_cosine(0, 1, 0.2) == 1


def test_two_seeds_differ_and_one_seed_repeats():
    (a, history_a), (b, history_b), (c, _) = fit(seed=0), fit(seed=0), fit(seed=1)
    assert same(a, b) and history_a == history_b
    assert not same(a, c)


def test_callers_arithmetic_is_left_alone():
    """Denormal numbers are flushed to zero while training, and not a moment longer."""
    smallest = torch.finfo(torch.float64).smallest_normal
    with pytest.raises(Stop):
        fit(on_epoch=stop_after(1))
    assert (torch.tensor(smallest, dtype=torch.float64) / 2).item() > 0


def test_callers_random_state_is_left_alone():
    torch.manual_seed(4)
    expected = torch.rand(3)
    vae = make()
    torch.manual_seed(4)
    fit(vae)
    assert torch.equal(torch.rand(3), expected)


# --- checkpoints ------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 3, 4])
@pytest.mark.parametrize("binary", [False, True])
def test_a_stopped_run_equals_the_uninterrupted_one(tmp_path, stop, binary):
    options = {"validation_images": HELD_OUT, "dynamic_binarization": binary}
    whole, history = fit(**options)
    path = tmp_path / "run.pt"
    with pytest.raises(Stop):
        fit(checkpoint=path, on_epoch=stop_after(stop), **options)
    resumed, resumed_history = fit(make(seed=9), checkpoint=path, **options)
    assert same(whole, resumed)
    assert resumed_history == history
    again, again_history = fit(make(seed=8), checkpoint=path, **options)
    assert same(whole, again) and again_history == history


# Killed by itself, in the middle of epoch 6: a clock would have to guess when that is.
CHILD = """
import os, signal, sys, torch
from vae_lib.data import load_digits
from vae_lib.encoder_decoder import VAE
from vae_lib.training import train
torch.manual_seed(0)
images = load_digits().train_images[:200]
steps, plain = [], torch.optim.Adam.step
def step(self, *arguments, **options):
    steps.append(1)
    if len(steps) == 57:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(self, *arguments, **options)
torch.optim.Adam.step = step
train(VAE(64, 2, (16,)), images, epochs=30, batch_size=20, checkpoint=sys.argv[1],
      progress=False)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_a_killed_run_equals_the_uninterrupted_one(tmp_path):
    path, options = tmp_path / "run.pt", {"epochs": 30, "batch_size": 20}
    child = subprocess.run([sys.executable, "-c", CHILD, str(path)])
    assert child.returncode == -signal.SIGKILL
    assert len(torch.load(path, weights_only=True)["history"]) == 5
    resumed, resumed_history = fit(make(seed=9), checkpoint=path, **options)
    whole, history = fit(**options)
    assert same(whole, resumed)
    assert resumed_history == history


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "run.pt"
    with pytest.raises(Stop):
        fit(checkpoint=path, on_epoch=stop_after(2))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 5}, "epochs: 4 there, 5 here"),
        ({"seed": 1}, "seed: 0 there, 1 here"),
        ({"learning_rate": 1e-3}, "learning_rate: 0.012 there, 0.001 here"),
        ({"validation_images": HELD_OUT}, r"validation_images: None there, \(300, 64\)"),
        ({"images": IMAGES[1:201]}, r"images: \(200, 64\) torch.float32, CRC"),
        ({"vae": make(z_dim=3)}, r"encoder.net.2.weight: \(4, 16\)"),
        ({"vae": make(hidden=(8, 8))}, "encoder.net.4.weight: None there"),
        (
            {"vae": make().double(), "images": IMAGES[:200].double()},
            "torch.float64 here",
        ),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(saved, change, message):
    vae = change.pop("vae", None) if "vae" in change else make(seed=9)
    before = [p.clone() for p in vae.parameters()]
    with pytest.raises(CheckpointError, match=message):
        fit(vae, checkpoint=saved, **change)
    assert all(torch.equal(p, q) for p, q in zip(vae.parameters(), before, strict=True))


def test_a_checkpoint_never_overwrites_a_fixed_variance(tmp_path):
    path, gaussian = tmp_path / "run.pt", {"likelihood": "gaussian"}
    fit(make(variance=1.0, **gaussian), checkpoint=path)
    with pytest.raises(CheckpointError, match="decoder.log_var: fixed, 0.0 there"):
        fit(make(variance=0.1, **gaussian), checkpoint=path)


# --- numbers that break -----------------------------------------------------------------


def test_nan_images_are_refused_at_the_start():
    bad = IMAGES[:200].clone()
    bad[17, 3] = float("nan")
    with pytest.raises(ValueError, match="pixels must lie in .*not NaN, got nan"):
        fit(images=bad)
    with pytest.raises(ValueError, match="pixels must lie"):
        fit(validation_images=bad)


def test_a_diverging_learning_rate_stops_and_names_the_step():
    with pytest.raises(
        TrainingError, match=r"the loss is (nan|inf|-inf) at step \d+, in epoch \d+"
    ) as caught:
        fit(learning_rate=1e6, epochs=20)
    assert "Last good checkpoint: none" in str(caught.value)
    assert "at step 1," not in str(caught.value)


@pytest.mark.parametrize("progress", [False, True])
def test_nan_names_the_step_and_the_last_good_checkpoint(tmp_path, progress):
    vae, path = make(), tmp_path / "run.pt"

    def poison(history):
        if len(history) == 2:
            vae.encoder.net[0].bias.data[0] = float("nan")

    with pytest.raises(TrainingError) as caught:
        fit(vae, checkpoint=path, on_epoch=poison, progress=progress)
    # 200 images in batches of 64: four steps an epoch.
    assert "the loss is nan at step 9, in epoch 3" in str(caught.value)
    assert f"Last good checkpoint: {path}, of epoch 2" in str(caught.value)
    resumed, _ = fit(make(seed=9), checkpoint=path)
    assert same(resumed, fit()[0])


def test_a_last_step_that_breaks_the_parameters_is_not_saved(tmp_path, monkeypatch):
    """The loss is finite, its gradient is not: the checkpoint must stay the one before."""
    vae, path, real = make(), tmp_path / "run.pt", torch.optim.Adam.step
    calls = []

    def step(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 8:
            vae.decoder.net[0].weight.grad[0, 0] = float("nan")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    with pytest.raises(
        TrainingError, match="a parameter is not finite at step 8, in epoch 2"
    ) as caught:
        fit(vae, checkpoint=path)
    assert "of epoch 1" in str(caught.value)
    weights = torch.load(path, weights_only=True)["vae"]
    assert all(w.isfinite().all() for w in weights.values())


# --- arguments --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(5, 63), r"shape \(n, 64\), n >= 1, got .* shape \(5, 63\)"),
        (torch.zeros(0, 64), "n >= 1"),
        (torch.zeros(5, 8, 8), r"got .* shape \(5, 8, 8\)"),
        (torch.full((5, 64), 16.0), "pixels must lie in .*got 16 to 16"),
        (torch.zeros(5, 64).short(), "must be torch.float32 .* got torch.int16"),
    ],
)
def test_wrong_images(images, message):
    with pytest.raises(ValueError, match=message):
        fit(images=images)


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 0.0}, {"learning_rate": float("nan")}, {"warm_up": 1.0},
        {"warm_up": -0.1},
    ],
)  # fmt: skip
def test_wrong_settings(change):
    with pytest.raises(ValueError, match="need learning_rate > 0, .* got learning_rate="):
        fit(**change)


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
def test_what_is_counted_is_whole(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        fit(**{name: 0})
    with pytest.raises(TypeError, match=rf"{name} must be a whole number.*int\(2.5\)"):
        fit(**{name: 2.5})


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda x: x.tolist(), r"got a list: write torch.tensor\(images\)"),
        (list, r"got a list: write torch.stack\(images\)"),
        (lambda x: x.numpy(), r"got a ndarray: write torch.from_numpy\(images\)"),
        (lambda x: TensorDataset(x), r"got a TensorDataset: write torch.stack"),
        (
            lambda x: DataLoader(TensorDataset(x)),
            "DataLoader: give the images of its dataset",
        ),
    ],
)
def test_what_is_no_tensor_is_told_how_to_become_one(made, message):
    with pytest.raises(TypeError, match=message):
        fit(images=made(IMAGES[:5]))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[:5].double(), r"must be torch.float32 .*write images.to\(torch.float32\)"),
        (IMAGES[:5].bfloat16(), r"got torch.bfloat16 .*write images.to\(torch.float32\)"),
        (IMAGES[:5].view(5, 8, 8), r"write images.flatten\(1\)"),
        (IMAGES[:5].gt(0.5).byte(), r"all 0 or 1: write images.bool\(\)"),
        (torch.zeros(5, 64, dtype=torch.uint8), "all 0 or 1"),
        (IMAGES[:5].to("meta"), r"write images.to\('cpu'\)"),
    ],
)
def test_images_of_another_kind_say_how_to_mend_them(images, message):
    with pytest.raises(ValueError, match=message):
        fit(images=images)
    if images.device.type == "cpu":
        with pytest.raises(ValueError, match=message):
            mean_elbo(make(), images)


def test_images_of_true_and_false_train_as_their_zeros_and_ones_do():
    """As bytes they would be told apart by a factor of 255, and look excellent."""
    ink = IMAGES[:200] > 0.5
    (a, history), (b, of_floats) = fit(images=ink), fit(images=ink.float())
    assert same(a, b) and history == of_floats
    assert mean_elbo(a, ink) == mean_elbo(a, ink.float()) < -10


def test_a_gaussian_decoder_takes_any_finite_numbers():
    table = 6 * IMAGES[:200] - 3
    vae, history = fit(make(likelihood="gaussian"), table, epochs=2)
    assert math.isfinite(mean_elbo(vae, table)) and len(history) == 2
    table[3, 4] = math.inf
    with pytest.raises(ValueError, match="pixels must be finite"):
        fit(make(likelihood="gaussian"), table)


# --- modes that are on around the call ---------------------------------------------------


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_modes_without_gradients_change_nothing(mode):
    expected, history = fit()
    vae = make()
    with mode():
        _, within = fit(vae)
        assert not torch.is_grad_enabled()
    assert same(vae, expected) and within == history


def test_a_network_without_gradients_is_refused():
    with torch.inference_mode():
        vae = make()
    with pytest.raises(ValueError, match="made in torch.inference_mode cannot be trained"):
        fit(vae)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_default_type_changes_nothing(dtype):
    (expected, history), vae = fit(), make()
    torch.set_default_dtype(dtype)
    try:
        _, within = fit(vae)
    finally:
        torch.set_default_dtype(torch.float32)
    assert same(vae, expected) and within == history


def test_the_default_device_changes_nothing():
    expected, history = fit(validation_images=HELD_OUT)
    vae = make()
    with torch.device("meta"):
        _, within = fit(vae, validation_images=HELD_OUT)
    assert same(vae, expected) and within == history


def test_training_inside_autocast_learns_in_that_precision():
    """With the rounded weights of the first step kept, it would learn nothing."""
    (plain, _), start = fit(epochs=6), mean_elbo(make(), IMAGES[:200])
    with torch.autocast("cpu", torch.bfloat16):
        vae, _ = fit(epochs=6)
    assert not same(vae, plain)
    ends = [mean_elbo(v, IMAGES[:200]) for v in (plain, vae)]
    assert abs(ends[0] - ends[1]) < 0.1 * (ends[0] - start)


def test_float16_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="no number above 65,504.*train vae.float()"):
        fit(make().half(), IMAGES[:200].half())


# --- dropout ------------------------------------------------------------------------------


def dropping(seed=0):
    vae = make(seed=seed)
    vae.encoder.net.insert(1, nn.Dropout(0.5))
    return vae


def test_dropout_repeats_with_the_seed_and_when_resumed(tmp_path):
    torch.manual_seed(1)
    whole, history = fit(dropping(), validation_images=HELD_OUT)
    before = torch.get_rng_state()
    again, repeated = fit(dropping(), validation_images=HELD_OUT)
    assert same(whole, again) and history == repeated
    path = tmp_path / "run.pt"
    with pytest.raises(Stop):
        fit(dropping(), validation_images=HELD_OUT, checkpoint=path, on_epoch=stop_after(2))
    vae = dropping(seed=5)
    _, resumed = fit(vae, validation_images=HELD_OUT, checkpoint=path)
    assert same(whole, vae) and history == resumed
    assert not torch.equal(before, torch.get_rng_state())  # dropping() drew from it
    assert not same(whole, fit(dropping(), seed=1)[0])


def test_dropout_is_on_in_training_and_off_in_every_measurement():
    seen = []

    def watched(vae, x, generator):
        seen.append(vae.training)
        return elbo_objective(vae, x, generator)

    vae = dropping().eval()
    _, (*_, end) = fit(vae, objective=watched, validation_images=HELD_OUT)
    assert all(seen) and not vae.training
    assert end.validation_elbo == mean_elbo(vae, HELD_OUT)
    vae.train()
    assert end.validation_elbo == mean_elbo(vae, HELD_OUT) and vae.training
    a, b = (
        log_weights(vae, HELD_OUT[:3], 5, torch.Generator().manual_seed(0)) for _ in "ab"
    )
    assert torch.equal(a, b) and vae.training


# --- the script ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "epochs must be at least 1, got 0"),
        (["--hidden", "0"], "each at least 1"),
        (["--checkpoint", "no-folder/run.pt"], "make it first"),
        (["--images", "0"], "--images lies between"),
    ],
)
def test_a_misused_option_of_the_script_is_one_line(
    options, message, monkeypatch, capsys, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py", "--images", "50", *options])
    with pytest.raises(SystemExit) as caught:
        script.main()
    torch.set_float32_matmul_precision("highest")
    said = capsys.readouterr().err
    assert caught.value.code == 2 and message in said and "Traceback" not in said


# --- what the latents are used for ------------------------------------------------------


def test_unit_variance_collapses_on_the_digits_and_a_small_one_does_not():
    """The largest eigenvalue of the digits' covariance lies between 0.1 and 1."""
    assert 0.1 < torch.linalg.eigvalsh(torch.cov(IMAGES.T)).max() < 1
    options = {"epochs": 10, "learning_rate": 1e-2}
    dead, _ = fit(make(likelihood="gaussian", hidden=(32,)), IMAGES, **options)
    alive, _ = fit(
        make(likelihood="gaussian", variance=0.1, hidden=(32,)), IMAGES, **options
    )
    assert kl_per_dimension(dead, HELD_OUT).sum() < 0.05
    assert kl_per_dimension(alive, HELD_OUT).sum() > 1


# --- what the chapter claims of networks on the small digits ----------------------------

DIGITS, DIGITS_HELD_OUT = load_digits().train_images.split([1200, 300])


def fit_digits(seed, images=DIGITS, epochs=40, lr=5e-3, z_dim=8, **decoder):
    """As in the chapter."""
    torch.manual_seed(seed)
    vae = VAE(64, z_dim, (128, 64), **decoder)
    history = train(
        vae, images, epochs=epochs, batch_size=50, progress=False, learning_rate=lr,
        seed=seed, validation_images=DIGITS_HELD_OUT,
    )  # fmt: skip
    return vae, history


@kept
def learned_variance(seed: int) -> tuple[float, float]:
    """Over the mean squared error; what it gains over variance 1."""
    _, (*_, collapsed) = fit_digits(seed, likelihood="gaussian")
    vae, (*_, end) = fit_digits(
        seed, epochs=60, likelihood="gaussian", variance=0.1, learn_variance=True
    )
    with torch.no_grad():
        z = reparameterize(*vae.encode(DIGITS), torch.Generator().manual_seed(4))
        error = (DIGITS - vae.decode(z)).square().mean()
        fit = (vae.decoder.log_var.exp() / error).item()
    return fit, end.validation_elbo - collapsed.validation_elbo


@pytest.mark.slow
def test_a_learned_variance_fits_and_gains():
    lag, gain = zip(*map(learned_variance, range(3)), strict=True)
    claim(
        "training-variance-fits",
        "A learned variance on the small digits ends within 30% of the mean squared error.",
        lag,
        above=0.7,
        below=1.3,
    )
    claim(
        "training-variance-gains",
        "It gains more than 75 nats of validation ELBO over variance 1.",
        gain,
        above=75,
    )


@kept
def end_at_rate(lr: float, seed: int) -> float:
    return fit_digits(seed, epochs=20, lr=lr, z_dim=2)[1][-1].validation_elbo


@pytest.mark.slow
def test_a_large_learning_rate_loses_in_silence():
    claim(
        "training-rate",
        "On the small digits a learning rate of 0.2 loses more than a nat against 0.005, "
        "without an error.",
        [end_at_rate(5e-3, k) - end_at_rate(0.2, k) for k in range(3)],
        above=1,
    )


@kept
def few_images(seed: int) -> tuple[float, float]:
    """With 300 digits: the ELBO of training over that of validation, and its fall."""
    _, history = fit_digits(
        seed, DIGITS[:300], 150, likelihood="gaussian", variance=0.1, learn_variance=True
    )
    end = history[-1]
    best = max(epoch.validation_elbo for epoch in history)
    return end.objective - end.validation_elbo, best - end.validation_elbo


@pytest.mark.slow
def test_few_images_are_learned_by_heart():
    gaps, falls = zip(*map(few_images, range(5)), strict=True)
    claim(
        "training-overfits",
        "With 300 digits and a learned variance, the training ELBO ends more than 20 nats "
        "above the validation ELBO.",
        gaps,
        above=20,
    )
    claim(
        "training-turns",
        "There the validation ELBO ends more than half a nat below its best epoch.",
        falls,
        above=0.5,
    )


# --- other places: bytes on a disk, several processes -----------------------------------


def test_memory_mapped_bytes_train_as_their_float_images_do(tmp_path):
    grey = (IMAGES[:200] * 255).round().byte().numpy()
    file = np.memmap(tmp_path / "images", np.uint8, "w+", shape=grey.shape)
    file[:] = grey
    mapped = np.memmap(tmp_path / "images", np.uint8, "c", shape=grey.shape)
    a, from_disk = fit(images=torch.from_numpy(mapped), epochs=2)
    b, from_memory = fit(images=torch.from_numpy(grey).float() / 255, epochs=2)
    assert same(a, b) and from_disk == from_memory


def test_another_objective_can_be_maximised():
    def reconstruction_alone(vae, x, generator):
        reconstruction, kl = elbo_terms(vae, x, generator)
        return Terms(reconstruction, {})

    a, of_beta = fit(objective=partial(elbo_objective, beta=0.0))
    b, alone = fit(objective=reconstruction_alone)
    assert same(a, b)
    for with_parts, without in zip(of_beta, alone, strict=True):
        assert with_parts.objective == with_parts.parts["reconstruction"]
        assert without.objective == with_parts.objective and without.parts == {}


@pytest.mark.parametrize(
    ("objective", "error", "message"),
    [
        (partial(elbo_objective, beta=-1.0), ValueError, "0 or more, got -1"),
        (partial(elbo_objective, beta=float("nan")), ValueError, "0 or more, got nan"),
        # An objective without a KL term has no beta to ignore.
        (partial(importance_weighted_objective, K=3, beta=2.0), TypeError, "'beta'"),
        (lambda vae, x, _: Terms(vae.encode(x)[0].sum(), {}), ValueError, r"got \(\)"),
        (lambda vae, x, _: Terms(vae.encode(x)[0], {}), ValueError, r"got \(64, 2\)"),
        (
            lambda vae, x, _: Terms(vae.encode(x)[0][:, 0], {"mean": x.mean()}),
            ValueError,
            r"an objective and its parts are each \(B,\), got \(64,\), \(\)",
        ),
    ],
)
def test_an_objective_that_makes_no_sense_is_refused_before_a_step(
    objective, error, message
):
    vae = make()
    with pytest.raises(error, match=message):
        fit(vae, objective=objective)
    assert same(vae, make())


def at_the_mean(vae, x, generator):
    """The ELBO at z = mu: without noise, processes can be compared exactly."""
    mu, log_var = vae.encode(x)
    kl = kl_to_standard_normal(mu, log_var).sum(dim=-1)
    return Terms(vae.decoder.log_likelihood(x, mu) - kl, {"kl": kl})


def one_of_two(rank, folder):
    torch.set_num_threads(1)
    store = f"file://{folder}/meeting"
    distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    vae = make(seed=rank)  # unlike starts: the first process decides
    _, history = fit(vae, epochs=2, objective=at_the_mean)
    torch.save([vae.state_dict(), history], f"{folder}/{rank}")
    distributed.destroy_process_group()


@pytest.mark.xdist_group("two-processes")
@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path):
    torch.multiprocessing.spawn(one_of_two, (str(tmp_path),), nprocs=2)
    vae, history = fit(make(seed=0), epochs=2, objective=at_the_mean)
    for rank in range(2):
        state, theirs = torch.load(tmp_path / str(rank), weights_only=False)
        for name, parameter in vae.state_dict().items():
            assert torch.allclose(state[name], parameter, atol=1e-4), name
        for there, here in zip(theirs, history, strict=True):
            assert there.objective == pytest.approx(here.objective, rel=1e-5)
            assert there.parts == pytest.approx(here.parts, rel=1e-5)


@pytest.mark.xdist_group("torchrun")
@pytest.mark.slow
def test_under_torchrun_the_script_reaches_the_same_elbo_within_seed_noise():
    """The spread over the seeds of one process is measured here. A t-test against it, at a
    false-alarm rate of 1e-5."""
    options = ["--epochs", "3", "--images", "2000", "--hidden", "64", "--z-dim", "5"]
    options += ["--batch-size", "128", "--learning-rate", "4e-3", "--precision", "highest"]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", script.__file__, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    together = json.loads(done.stdout.strip().splitlines()[-1])["test_elbo"]
    data, alone, given = load_mnist(), [], script.arguments().parse_args(options)
    images = data.train_images[: given.images]
    for seed in range(8):
        torch.manual_seed(0)  # one start: what differs is the order and epsilon
        vae = script.make(given, images)
        train(
            vae, images, epochs=given.epochs, batch_size=given.batch_size,
            learning_rate=given.learning_rate, progress=False, seed=seed,
        )  # fmt: skip
        alone.append(mean_elbo(vae, data.test_images))
    error = np.std(alone, ddof=1) * np.sqrt(1 + 1 / 8)
    assert abs(together - np.mean(alone)) < stats.t.isf(5e-6, df=7) * error


def test_a_checkpoint_of_another_objective_or_network_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    fit(checkpoint=path)
    bound = partial(importance_weighted_objective, K=3)
    with pytest.raises(
        CheckpointError, match="objective: elbo_objective there, importance"
    ):
        fit(checkpoint=path, objective=bound)
    with pytest.raises(CheckpointError, match=r"nonlinearities: GELU.* there, Tanh\(\)"):
        fit(make(activation=nn.Tanh), checkpoint=path)
    path.unlink()
    fit(checkpoint=path, objective=bound)
    with pytest.raises(CheckpointError, match="'K': 3.* there, .*'K': 4"):
        fit(checkpoint=path, objective=partial(importance_weighted_objective, K=4))


def test_a_learning_rate_from_numpy_can_be_resumed(tmp_path):
    path, rate = tmp_path / "run.pt", np.logspace(-3, -2, 3)[0]
    options = {"learning_rate": rate, "epochs": np.int64(2)}
    _, first = fit(checkpoint=path, **options)
    _, again = fit(checkpoint=path, **options)
    assert first == again


@pytest.mark.parametrize("before", [True, False])
def test_denormals_are_treated_as_before(before):
    torch.set_flush_denormal(before)
    try:
        fit(epochs=1)
        assert ((torch.tensor(1e-40) * 1.0).item() == 0) is before
    finally:
        torch.set_flush_denormal(False)
