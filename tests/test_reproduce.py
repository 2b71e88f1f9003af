"""vae_lib.reproduce on tiny networks: what is in the file, and what a kill leaves."""

import json
from datetime import date
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from vae_lib import reproduce
from vae_lib.collapse import kl_per_dimension
from vae_lib.data import binarize, load_digits, load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.evaluation import (
    importance_weighted_objective,
    log_likelihood_estimate,
    log_weights,
)
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import elbo_objective
from vae_lib.reproduce import Run, Small, finished, read, recipe, unpacked
from vae_lib.training import train

PLAIN = Run("plain", 2, (8,), 3, 50, 1e-3)
WEIGHTED = Run("K = 3", 2, (8,), 3, 50, 1e-3, 3, True, 20, "medium", 2, "Tanh", True)


class Stop(Exception):
    pass


@pytest.fixture(scope="module")
def mnist():
    data = load_mnist()
    return data.train_images[:400], data.test_images[:150]


@pytest.fixture(autouse=True)
def acts(monkeypatch, mnist):
    """Two small runs on few images. What is done with them is written down, in order."""
    acts = []
    # Runs are compared with their date, which midnight would change between two.
    monkeypatch.setattr(reproduce, "date", SimpleNamespace(today=lambda: date(2026, 1, 1)))

    class Data(SimpleNamespace):
        train_images = mnist[0]

        @property
        def test_images(self):
            acts.append("read the test images")
            return mnist[1]

    def train_and_tell(*args, **kwargs):
        history = train(*args, **kwargs)
        acts.append("trained")
        return history

    monkeypatch.setattr(reproduce, "load_mnist", Data)
    monkeypatch.setattr(reproduce, "N_VALIDATION", 100)
    monkeypatch.setattr(reproduce, "train", train_and_tell)
    monkeypatch.setattr(
        reproduce, "experiments", lambda _=None: {"tiny": [PLAIN, WEIGHTED]}
    )
    yield acts
    assert torch.get_float32_matmul_precision() == "highest"


def run(folder, name="tiny", **options):
    return reproduce.reproduce(
        name, folder=folder, **{"n_test": 100, "progress": False} | options
    )


def stop_after_two_epochs(patch):
    def stop(history):
        if len(history) == 2:
            raise Stop

    patch.setattr(reproduce, "train", partial(reproduce.train, on_epoch=stop))


def test_the_file_holds_settings_curves_and_numbers_with_their_errors(tmp_path):
    result = run(tmp_path / "new", seed=7)
    assert result == read("tiny", tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["tiny.json"]
    plain, weighted = result["runs"]
    assert plain["settings"]["label"] == "plain" and plain["settings"]["hidden"] == [8]
    for one in result["runs"]:
        assert one["settings"]["seed"] == 7
        assert set(one["made_by"]) == {"commit", "date", "torch", "device"}
        assert [epoch for epoch, *_ in one["curve"]] == [1, 2, 3]
        assert one["test_elbo"]["n"] == 100 and one["test_elbo"]["standard_error"] > 0
    assert "test_log_likelihood" not in plain
    gap = weighted["test_log_likelihood"]["value"] - weighted["test_elbo"]["value"]
    assert 0 < gap < 30


def test_the_numbers_are_those_of_the_network_that_was_trained(tmp_path, mnist):
    """The weighted run by hand: training, then log p(x) of binary test images."""
    ours = run(tmp_path, seed=3)["runs"][1]
    images, test = mnist
    held_out = binarize(images[-100:], torch.Generator().manual_seed(1))
    torch.manual_seed(3)
    vae = VAE(784, 2, (8,), activation=nn.Tanh)
    reproduce.start_informed(vae, images[:-100])
    torch.set_float32_matmul_precision("medium")
    history = train(
        vae, images[:-100], epochs=3, batch_size=50, learning_rate=1e-3, warm_up=0.05,
        seed=3,
        dynamic_binarization=True, validation_images=held_out, progress=False,
        objective=partial(importance_weighted_objective, K=3, chosen=2),
    )  # fmt: skip
    torch.set_float32_matmul_precision("highest")
    expected = [[e.epoch, e.objective, e.validation_elbo] for e in history]
    assert ours["curve"] == expected
    test = binarize(test[:100], torch.Generator().manual_seed(2))
    log_w = log_weights(vae, test, 400, torch.Generator().manual_seed(5))
    theirs = Estimate.of(log_likelihood_estimate(log_w).value)
    # The same images, other samples of z: closer than the choice of images allows for.
    value, error, n = ours["test_log_likelihood"].values()
    assert n == 100 and value == pytest.approx(theirs.value, abs=theirs.standard_error)
    assert error == pytest.approx(theirs.standard_error, rel=0.1)
    of_each = Estimate.of(unpacked(ours["of_each"]))  # rounded to three digits
    assert of_each.n == 100 and of_each.value == pytest.approx(value, rel=1e-3)
    assert of_each.standard_error == pytest.approx(error, rel=1e-3)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.GELU])
def test_an_informed_start_draws_the_average_image_at_the_origin(mnist, activation):
    vae = VAE(784, 2, (8, 8), activation=activation)
    reproduce.start_informed(vae, mnist[0])
    average = mnist[0].mean(dim=0).clamp(1e-3, 1 - 1e-3)
    torch.testing.assert_close(vae.decode(torch.zeros(2)), average)
    # Glorot and Bengio's uniform weights: variance 2 / (inputs + outputs).
    weight = vae.encoder.net[0].weight
    assert weight.abs().max() <= (6 / (784 + 8)) ** 0.5
    assert weight.var().item() == pytest.approx(2 / (784 + 8), rel=0.1)


def test_a_repeated_run_has_another_seed_and_may_start_at_the_mean_image(
    tmp_path, monkeypatch, mnist
):
    changed = PLAIN._replace(repeat=2, mean_start=True, warm_up=0.3)
    monkeypatch.setattr(reproduce, "experiments", lambda _=None: {"tiny": [changed]})
    ours = run(tmp_path, seed=3)["runs"][0]
    torch.manual_seed(5)
    vae, images = VAE(784, 2, (8,)), mnist[0]
    vae.decoder.start_at(images[:-100].mean(dim=0))
    torch.set_float32_matmul_precision("medium")
    history = train(
        vae, images[:-100], epochs=3, batch_size=50, learning_rate=1e-3, warm_up=0.3,
        seed=5, validation_images=images[-100:], progress=False,
    )  # fmt: skip
    torch.set_float32_matmul_precision("highest")
    expected = [[e.epoch, e.objective, e.validation_elbo] for e in history]
    assert ours["curve"] == expected


def test_the_recipe_changes_one_setting_at_a_time():
    by_name = {run.label: run for run in recipe()}
    ours = [by_name[f"ours, seed {k}"] for k in range(3)]
    assert [run.repeat for run in ours] == [0, 1, 2]
    for label, other in by_name.items():
        mine = ours[other.repeat]._asdict()
        changed = {k for k, v in other._asdict().items() if v != mine[k]} - {"label"}
        n = {"ours": 0, "without both": 2, "batches of 512, rate 0.016": 2}
        n["none of the three"] = 3
        assert len(changed) == n.get(label.rpartition(",")[0], 1), label


def test_the_test_images_are_read_once_a_run_after_its_training(tmp_path, acts):
    run(tmp_path)
    assert acts == ["trained", "read the test images"] * 2


@pytest.mark.parametrize("when", ["in an epoch", "in the measurement", "at the last write"])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch, when):
    whole = run(tmp_path / "whole")
    with monkeypatch.context() as patch:

        def stop(*_):
            raise Stop

        if when == "in an epoch":
            stop_after_two_epochs(patch)
        elif when == "in the measurement":
            patch.setattr(reproduce, "summary", stop)
        else:
            patch.setattr(reproduce, "write_whole", stop)
        with pytest.raises(Stop):
            run(tmp_path / "stopped")
    (checkpoint,) = (tmp_path / "stopped").glob("tiny-plain-*.pt")
    epochs = len(torch.load(checkpoint, weights_only=True)["history"])
    assert epochs == (2 if when == "in an epoch" else 3)
    assert run(tmp_path / "stopped") == whole
    assert not checkpoint.exists()


def test_what_is_finished_is_not_done_again(tmp_path, monkeypatch, acts):
    with monkeypatch.context() as patch:
        patch.setattr(reproduce, "experiments", lambda _=None: {"tiny": [PLAIN]})
        first = run(tmp_path)["runs"]
    before = len(acts)
    both = run(tmp_path)["runs"]
    assert both[0] == first[0] and len(acts) == before + 2
    assert run(tmp_path)["runs"] == both and len(acts) == before + 2
    assert finished("tiny", tmp_path) == {"plain": both[0], "K = 3": both[1]}
    # Another seed is another run: nothing is passed off as it, and nothing is lost.
    with pytest.raises(ValueError, match="2 finished runs with other settings.*--folder"):
        run(tmp_path, seed=1)
    assert read("tiny", tmp_path)["runs"] == both and len(acts) == before + 2
    other = run(tmp_path / "other", seed=1)["runs"]
    assert other[0]["test_elbo"] != both[0]["test_elbo"]


def test_no_run_goes_on_with_the_beginning_of_another(tmp_path, monkeypatch):
    """Stopped after two epochs; then the plan is changed where no checkpoint can tell."""
    with monkeypatch.context() as patch:
        patch.setattr(reproduce, "experiments", lambda _=None: {"tiny": [WEIGHTED]})
        stop_after_two_epochs(patch)
        with pytest.raises(Stop):
            run(tmp_path / "stopped")
    changed = WEIGHTED._replace(informed_start=False)
    monkeypatch.setattr(reproduce, "experiments", lambda _=None: {"tiny": [changed]})
    assert run(tmp_path / "stopped") == run(tmp_path / "fresh")


@pytest.mark.parametrize("wrong", [{"n_test": 1}, {"n_test": 10_001}, {"epochs": 0}])
def test_numbers_that_make_no_sense_are_refused_before_the_training(tmp_path, acts, wrong):
    with pytest.raises(ValueError, match="need epochs >= 1, 2 <= n_test <= 10,000"):
        run(tmp_path, **wrong)
    assert acts == []


def test_without_git_the_commit_is_unknown(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert reproduce.describe_machine("cpu")["commit"] == "unknown"


def test_what_torch_was_set_to_is_set_again(tmp_path, monkeypatch):
    before = torch.get_rng_state()
    torch.set_float32_matmul_precision("high")
    try:
        run(tmp_path)
        assert torch.get_float32_matmul_precision() == "high"
        monkeypatch.setattr(reproduce, "train", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(tmp_path / "other")
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert torch.equal(torch.get_rng_state(), before)


def test_an_unknown_name_is_told_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="no experiment 'vae': there are tiny"):
        run(tmp_path / "new", name="vae")
    assert not (tmp_path / "new").exists()


NO_RUNS = ["", "{", "[]", "{}"]
NO_RUNS += ['{"runs": 3}', '{"runs": [3]}', '{"runs": [{"settings": {}}]}']


@pytest.mark.parametrize("text", NO_RUNS)
def test_a_damaged_results_file_is_named(tmp_path, text):
    (tmp_path / "tiny.json").write_text(text)
    with pytest.raises(ValueError, match="tiny.json is no results file .*: delete it"):
        run(tmp_path)
    assert (tmp_path / "tiny.json").read_text() == text


def test_missing_results_say_how_to_make_them(tmp_path):
    with pytest.raises(ValueError, match="python -m vae_lib.reproduce tiny"):
        read("tiny", tmp_path)
    assert finished("tiny", tmp_path) == {}


def test_the_command_prints_each_number_with_its_error(tmp_path, monkeypatch, capsys):
    command = ["reproduce", "tiny", "--folder", str(tmp_path), "--test-images", "60"]
    monkeypatch.setattr("sys.argv", [*command, "--device", "cpu"])
    reproduce.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-4] for line in lines] == [
        "test_elbo", "test_elbo", "test_log_likelihood"
    ]  # fmt: skip
    value = json.loads((tmp_path / "tiny.json").read_text())["runs"][0]["test_elbo"]
    assert f"{value['value']:.2f} +- {value['standard_error']:.2f}" in lines[0]


def test_the_command_says_when_it_trains_nothing(tmp_path, monkeypatch, capsys):
    run(tmp_path)
    command = ["x", "tiny", "--folder", str(tmp_path), "--test-images", "100"]
    monkeypatch.setattr("sys.argv", command)
    reproduce.main()
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Nothing was trained: these are the finished runs in")
    assert "python -m vae_lib.reproduce tiny --folder my-results" in first


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--epochs", "0"], "need epochs >= 1"),
        (["--test-images", "1"], "n_test=1"),
        (["--device", "nonsense"], "--device nonsense: "),
        (["--folder", "a-file"], "a-file"),
    ],
)
def test_a_misused_option_is_one_line_and_status_2(
    tmp_path, monkeypatch, capsys, wrong, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("")
    folder = [] if "--folder" in wrong else ["--folder", str(tmp_path / "new")]
    monkeypatch.setattr("sys.argv", ["x", "tiny", *folder, *wrong])
    with pytest.raises(SystemExit) as caught:
        reproduce.main()
    said = capsys.readouterr().err
    assert caught.value.code == 2 and message in said and "Traceback" not in said


def test_the_papers_settings_that_are_named_in_the_papers():
    """Kingma and Welling: 500 units, batches of 100. Burda et al.: 200, 200 and 50."""
    experiments = real_experiments()
    assert [run.z_dim for run in experiments["aevb"]] == [2, 3, 5, 10, 20, 200]
    assert {(run.hidden, run.batch_size) for run in experiments["aevb"]} == {((500,), 100)}
    for run in experiments["iwae"]:
        assert (run.z_dim, run.hidden, run.binarized) == (50, (200, 200), True)
        assert run.weights == 5000
    assert [run.K for run in experiments["iwae"]] == [0, 5, 50] * 2
    assert {run.epochs for runs in real_experiments(2).values() for run in runs} == {2}


@pytest.mark.parametrize(
    "name", ["aevb", "iwae", "two-d", "latents", "variants", "collapse"]
)
def test_the_results_that_the_book_shows_are_those_of_the_present_settings(name):
    """Otherwise the command that the chapters give would do other runs than they show."""
    plan = [
        run._asdict() | {"seed": 0, "n_test": 10_000} for run in real_experiments()[name]
    ]
    assert [run["settings"] for run in read(name)["runs"]] == reproduce.as_saved(plan)


real_experiments = reproduce.experiments


def test_a_small_network_is_watched_after_each_epoch():
    """Its last row by hand: what it gains over the mean image, and what latents say."""
    run = Small("small", beta=0.5, variance=0.05, epochs=3)
    outcome = reproduce.carry_out_small(run, 7, False)
    images, held_out = load_digits().train_images.split([1200, 300])
    torch.manual_seed(7)
    vae = VAE(64, 8, (128, 64), likelihood="gaussian", variance=0.05)
    *_, end = train(
        vae, images, epochs=3, batch_size=50, learning_rate=5e-3, seed=7,
        objective=partial(elbo_objective, beta=0.5), validation_images=held_out,
        progress=False,
    )  # fmt: skip
    errors = (held_out - images.mean(dim=0)).square().sum(dim=1).mean()
    silent = -32 * torch.tensor(2 * torch.pi * 0.05).log() - errors / 0.1
    kl = kl_per_dimension(vae, held_out).sort(descending=True).values
    assert len(outcome["curve"]) == 3
    gain, *nats = outcome["curve"][-1]
    assert gain == pytest.approx(end.validation_elbo - silent.item(), abs=0.06)
    assert nats == pytest.approx(kl.tolist(), abs=0.006)
    assert outcome["test_elbo"]["n"] == len(load_digits().test_images)
