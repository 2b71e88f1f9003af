"""The benchmarks' file and tables, and the cheapest section from end to end."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import memory, timings, training
from benchmarks.__main__ import SECTIONS, main
from benchmarks.contenders import ExampleVAE, example_elbo, train_example
from benchmarks.training import CONTENDERS, DEFAULT, DEFAULTS
from tools.train import arguments
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import BernoulliDecoder
from vae_lib.objective import kl_to_standard_normal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "extensions"))
from timings import text  # noqa: E402  the page's, not the benchmarks'

ROWS = [timings.compared("a row", 0.5, "another way", 1.25)]


def test_the_pieces_of_work_take_turns_and_their_median_counts():
    calls, clock = [], iter([0, 1, 0, 10, 0, 3, 0, 30, 0, 2, 0, 500])
    works = {name: lambda name=name: calls.append(name) for name in "ab"}
    seconds = timings.interleaved(works, rounds=3, clock=lambda: next(clock))
    assert calls == ["a", "b"] * 3
    assert seconds == {"a": 2, "b": 30}


def test_a_ratio_above_one_says_that_the_alternative_takes_longer():
    assert ROWS[0]["ratio"] == 2.5
    head, [line] = timings.table(ROWS)
    assert dict(zip(head, line, strict=True)) == {
        "what": "a row", "ours": "0.5 s", "alternative": "another way", "takes": "1.2 s",
        "ratio": "2.5x",
    }  # fmt: skip


def test_a_section_is_replaced_and_the_others_stay(tmp_path):
    file = tmp_path / "timings.json"
    timings.keep("first", ROWS, "about the first", file)
    timings.keep("second", ROWS, "about the second", file)
    old = timings.load(file)["second"]
    timings.keep("first", ROWS * 2, "anew", file)
    kept = timings.load(file)
    assert kept["second"] == old and len(kept["first"]["rows"]) == 2
    assert kept["first"]["notes"] == "anew"
    assert f"{os.cpu_count()} cores" in kept["first"]["machine"].values()
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "timings.json"
    timings.keep("first", ROWS, "old", file)

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        timings.keep("first", ROWS, "new", file)
    assert timings.load(file)["first"]["notes"] == "old"


@pytest.mark.parametrize("content", ["", "[1]", '{"a": {}}', '{"a": {"rows": []}}'])
def test_a_damaged_file_is_named(tmp_path, content):
    file = tmp_path / "timings.json"
    file.write_text(content)
    for read in (timings.load, lambda file: text("a", file)):
        with pytest.raises(ValueError, match="timings.json is damaged .*: restore it with"):
            read(file)


def test_a_missing_file_says_how_to_make_it(tmp_path):
    file = tmp_path / "timings.json"
    for read in (timings.load, lambda file: text("first", file)):
        with pytest.raises(ValueError, match="run 'make bench' first"):
            read(file)


def test_the_page_shows_the_table_with_its_date_and_machine(tmp_path):
    file = tmp_path / "timings.json"
    timings.keep("first", ROWS, "What it means.", file)
    shown = text("first", file)
    assert "| a row | 0.5 s | another way | 1.2 s | 2.5x |" in shown
    assert "What it means." in shown
    assert f"Measured on {timings.load(file)['first']['date']}: " in shown
    assert "torch" in shown
    assert "python -m benchmarks second" in text("second", file)


def test_the_tables_in_the_file_are_those_of_its_numbers():
    for name, kept in timings.load().items():
        head, body = timings.table(kept["rows"])
        assert kept["table"] == {"head": head, "body": body}, name


def test_the_book_needs_no_benchmarks():
    for path in (ROOT / "book" / "extensions").glob("*.py"):
        assert not re.search(r"(?m)^\s*(from|import) benchmarks", path.read_text("utf-8"))


def test_the_page_asks_for_every_section():
    page = (ROOT / "book" / "timings.md").read_text(encoding="utf-8")
    for name in SECTIONS:
        assert f"```{{timings}} {name}\n```" in page, name


def test_the_kept_measurements_can_be_read():
    for name, kept in timings.load().items():
        assert name in SECTIONS
        assert kept["date"] in timings.text(name, kept)


def test_an_unknown_section_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--quick", "speed"])
    assert "no section speed" in capsys.readouterr().err


@pytest.mark.slow
def test_a_quick_run_prints_a_table_and_keeps_nothing():
    before = timings.FILE.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "equations"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "one chapter, both judges" in done.stdout
    assert timings.FILE.read_bytes() == before


def test_what_cannot_be_measured_is_told_at_the_end(monkeypatch, capsys):
    def without(_):
        raise timings.Unmeasurable("no thermometer")

    monkeypatch.setattr(memory, "measure", without)
    assert main(["--quick", "memory"]) == 1
    assert "not measured: memory: no thermometer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("peak", "trainer"),
    [(memory.peak_of_ours, "our_defaults"), (memory.peak_of_the_example, "example")],
)
def test_the_memory_section_trains_what_the_training_section_does(
    monkeypatch, peak, trainer
):
    real, called = getattr(training, trainer), []

    def watched(*arguments):
        called.append(trainer)
        return real(*arguments)

    monkeypatch.setattr(training, trainer, watched)
    assert peak(300)["peak"] > 0 and called == [trainer]


def test_the_training_section_measures_the_defaults_of_the_command():
    assert vars(DEFAULTS) == vars(arguments().parse_args([]))
    assert DEFAULT in [contender.name for contender in CONTENDERS]


def test_the_time_to_the_goal_is_that_of_the_average_curve():
    """The example needs all its epochs; who is there sooner stops the clock there."""
    runs = [[training.Measured([1.0, 1.0], [])] * 2 for _ in CONTENDERS]
    runs[0] = [training.Measured([4.0, 6.0], [-9.0, -3.0 - seed]) for seed in (0, 2)]
    runs[1] = [training.Measured([2.0, 3.0], [-8.0, -5.0])] * 2
    runs[2] = [
        training.Measured([1.0, 3.0], [-3.0, -1.0]),
        training.Measured([3.0, 3.0], [-5.0, -2.0]),
    ]
    first, never, soon, *_, limit = training.rows_of(runs)[:5]
    assert first["goal"] == -4 and first["reaches"] == (10, 0) and first["sooner"] == 1
    assert never["reaches"] is never["sooner"] is None and never["elbo"] == (-5, 0)
    assert soon["reaches"] == (2, pytest.approx(2**0.5)) and soon["sooner"] == 5
    assert limit["share"] == 1 and limit["elbo"] is None
    assert first["share"] == 1 / 5 and first["seconds"] == 5
    _, body = timings.table([first, never, soon])
    assert [line[-3:] for line in body] == [
        ["-4.0 ± 1.4", "10.0 ± 0.0 s", "1.0x"],
        ["-5.0 ± 0.0", "–", "–"],
        ["-1.5 ± 0.7", "2.0 ± 1.4 s", "5.0x"],
    ]


def test_the_examples_start_at_the_mean_image_is_ours():
    images = load_mnist().train_images[:100]
    network, decoder = ExampleVAE(), BernoulliDecoder(20, (400,), 784)
    training.at_the_mean_image(network, images)
    decoder.start_at(images.mean(dim=0))
    torch.testing.assert_close(network.fc4.bias, decoder.net[-1].bias)


def test_the_example_learns_and_its_elbo_is_in_nats_an_image():
    """The contender is a VAE like the others: its ELBO in nats, by torch's density."""
    data = load_mnist()
    network = train_example(data.train_images[:1000], 2, seed=0)
    torch.manual_seed(0)
    assert example_elbo(network, data.test_images[:500]) > (
        example_elbo(ExampleVAE(), data.test_images[:500]) + 100
    )
    x = data.test_images[:200]
    with torch.no_grad():
        torch.manual_seed(0)
        x_hat, mu, log_var = network(x)
        p = torch.distributions.Bernoulli(x_hat.clamp(1e-6, 1 - 1e-6), validate_args=False)
        ours = p.log_prob(x).sum(-1) - kl_to_standard_normal(mu, log_var).sum(-1)
    assert example_elbo(network, x) == pytest.approx(ours.mean().item(), rel=1e-4)
