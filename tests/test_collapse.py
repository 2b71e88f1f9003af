"""vae_lib.collapse against torch.distributions and networks made by hand."""

import itertools
import math
import re
from pathlib import Path

import pytest
import torch

from tests.measured import kept
from vae_lib.checks import claim
from vae_lib.collapse import active_units, kl_per_dimension
from vae_lib.data import load_digits, load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.objective import (
    Terms,
    elbo_objective,
    kl_to_standard_normal,
    mean_elbo,
    reparameterize,
)
from vae_lib.reproduce import finished
from vae_lib.training import train

IMAGES = load_digits().test_images


def make(**options) -> VAE:
    torch.manual_seed(0)
    return VAE(64, 3, **options)


def test_kl_per_dimension_against_torch_distributions():
    vae = make(hidden=(16,))
    mu, log_var = vae.encode(IMAGES)
    q = torch.distributions.Normal(mu, torch.exp(0.5 * log_var))
    p = torch.distributions.Normal(0.0, 1.0)
    expected = torch.distributions.kl_divergence(q, p).mean(dim=0)
    assert torch.allclose(kl_per_dimension(vae, IMAGES), expected, atol=1e-6)


def test_active_units_counts_a_mean_that_moves():
    vae = make(hidden=(4,))
    with torch.no_grad():
        vae.encoder.net[-1].weight[0] = 0  # mu_1 is the same for every image
        vae.encoder.net[-1].weight[1:3] *= 100
    assert active_units(vae, IMAGES).tolist() == [False, True, True]
    for few in (IMAGES[:1], IMAGES[0]):
        with pytest.raises(ValueError, match=r"\(n, D\), n >= 2, got"):
            active_units(vae, few)
    for none in (IMAGES[:0], IMAGES[0], IMAGES[None]):
        with pytest.raises(ValueError, match=r"\(n, D\), n >= 1, got"):
            kl_per_dimension(vae, none)
    for measure in (active_units, kl_per_dimension):
        with pytest.raises(ValueError, match="encoding is not finite"):
            measure(vae, IMAGES * math.nan)


# --- what the chapter claims of networks on the small digits ----------------------------

DIGITS, HELD_OUT = load_digits().train_images.split([1200, 300])
VARIANCES = torch.linalg.eigvalsh(torch.cov(DIGITS.double().T)).flip(0)


def linear_rule(H: int, variance: float) -> float:
    """What H latents of the best linear decoder carry: `eq-surviving-kl`, summed."""
    return 0.5 * (VARIANCES[:H] / variance).log().clamp_min(0).sum().item()


@kept
def fit(variance: float, seed: int, z_dim=8, epochs=40, remedy="") -> tuple[float, float]:
    """As in the chapter: what the network's latents carry, its validation ELBO."""
    annealed, free_nats = remedies()
    objectives = {"annealed": annealed(480), "free nats": free_nats(0.5)}
    torch.manual_seed(seed)
    options = {"likelihood": "gaussian", "variance": variance}
    vae = VAE(64, z_dim, (128, 64), **options)
    *_, end = train(
        vae, DIGITS, epochs=epochs, batch_size=50, progress=False, learning_rate=5e-3,
        objective=objectives.get(remedy, elbo_objective), seed=seed,
        validation_images=HELD_OUT,
    )  # fmt: skip
    return kl_per_dimension(vae, DIGITS).sum().item(), end.validation_elbo


@pytest.mark.slow
def test_networks_collapse_above_the_largest_eigenvalue_and_not_below():
    assert 0.5 < VARIANCES[0] < 0.75
    claim(
        "collapse-above",
        "With variance 0.75, above the largest eigenvalue of the small digits, eight "
        "latents carry less than 0.01 nats together.",
        [fit(0.75, seed)[0] for seed in range(3)],
        below=0.01,
    )
    claim(
        "collapse-below",
        "With variance 0.5, below that eigenvalue, they carry more than 0.03 nats.",
        [fit(0.5, seed)[0] for seed in range(3)],
        above=0.03,
    )
    claim(
        "collapse-less",
        "With variance 0.5 they carry less than the linear rule says.",
        [fit(0.5, seed)[0] / linear_rule(8, 0.5) for seed in range(3)],
        below=1,
    )


@pytest.mark.slow
def test_the_sum_of_the_linear_rule_is_no_law():
    claim(
        "collapse-sum-two",
        "With two latents and variance 0.1, networks on the small digits carry over 1 nat "
        "more than the linear rule says.",
        [fit(0.1, k, 2)[0] - linear_rule(2, 0.1) for k in range(3)],
        above=1,
    )
    claim(
        "collapse-sum-many",
        "With 32 latents and variance 0.02, networks trained for 40 epochs carry at least "
        "5 nats less than it says.",
        [fit(0.02, k, 32)[0] - linear_rule(32, 0.02) for k in range(3)],
        below=-5,
    )


@pytest.mark.slow
def test_two_latents_carry_more_than_the_linear_rule_says():
    claim(
        "collapse-sum-long",
        "Two latents with variance 0.02 carry over 2 nats more than the linear rule says, "
        "after 100 epochs.",
        [fit(0.02, k, 2, 100)[0] - linear_rule(2, 0.02) for k in range(3)],
        above=2,
    )


@pytest.mark.slow
def test_eight_latents_carry_more_than_it_says_after_a_longer_training():
    claim(
        "collapse-sum-long-eight",
        "Eight latents with variance 0.25 carry over half a nat more than it says, after "
        "100 epochs.",
        [fit(0.25, k, 8, 100)[0] - linear_rule(8, 0.25) for k in range(3)],
        above=0.5,
    )


def remedies():
    """The two objectives that the chapter shows, as it shows them."""
    chapter = Path(__file__).parents[1] / "book" / "07-training.md"
    (shown,) = re.findall(
        r"\n(def annealed\(.*?)```", chapter.read_text("utf-8"), re.DOTALL
    )
    names = {
        "itertools": itertools, "elbo_objective": elbo_objective, "Terms": Terms,
        "kl_to_standard_normal": kl_to_standard_normal, "reparameterize": reparameterize,
    }  # fmt: skip
    exec(shown, names)
    return names["annealed"], names["free_nats"]


@pytest.mark.slow
def test_remedies_do_not_mend_a_bad_place():
    dead = [fit(1.0, k) for k in range(3)]
    warmed = [fit(1.0, k, remedy="annealed") for k in range(3)]
    forced = [fit(1.0, k, remedy="free nats") for k in range(3)]
    claim(
        "collapse-annealed",
        "Annealing over half of the training leaves the eight latents of a decoder with "
        "variance 1 below 0.01 nats.",
        [kl for kl, _ in warmed],
        below=0.01,
    )
    claim(
        "collapse-free-nats",
        "With 0.5 free nats a latent, the eight carry more than 3 nats.",
        [kl for kl, _ in forced],
        above=3,
    )
    claim(
        "collapse-free-nats-cost",
        "That costs more than 2 nats of validation ELBO.",
        [elbo - before for (_, elbo), (_, before) in zip(forced, dead, strict=True)],
        below=-2,
    )


@pytest.mark.slow
def test_annealing_mends_a_bad_path():
    plain = [fit(0.02, k) for k in range(5)]
    warmed = [fit(0.02, k, remedy="annealed") for k in range(5)]
    claim(
        "collapse-annealed-gains",
        "With variance 0.02 annealing gains validation ELBO.",
        [elbo - before for (_, elbo), (_, before) in zip(warmed, plain, strict=True)],
        above=0,
    )


@kept
def ten_annealed(seed: int) -> tuple[float, float]:
    """On MNIST: what the weakest of ten latents carries, and the test ELBO."""
    data, (annealed, _) = load_mnist(), remedies()
    images = data.train_images[:55_000]
    torch.manual_seed(seed)
    vae = VAE(784, 10)
    vae.decoder.start_at(images.mean(dim=0))
    train(vae, images, epochs=2, seed=seed, objective=annealed(215), progress=False)
    weakest = kl_per_dimension(vae, data.test_images).min().item()
    return weakest, mean_elbo(vae, data.test_images, seed=2)


@pytest.mark.slow
def test_with_annealing_all_ten_latents_live_on_mnist():
    """The runs without annealing are stored: the same images, steps and seeds."""
    weakest, elbos = zip(*map(ten_annealed, range(3)), strict=True)
    stored = finished("latents")
    plain = [stored[f"10 latents, 2 epochs, seed {k}"]["test_elbo"] for k in range(3)]
    claim(
        "latents-annealed",
        "With the KL annealed over the first of 2 epochs of MNIST, each of ten latents "
        "carries more than 0.4 nats.",
        weakest,
        above=0.4,
    )
    claim(
        "latents-annealed-gains",
        "The test ELBO is then higher than the best of three runs without annealing.",
        [elbo - max(run["value"] for run in plain) for elbo in elbos],
        above=0,
    )
    longer = [stored[f"10 latents, 24 epochs, seed {k}"]["test_elbo"] for k in range(3)]
    claim(
        "latents-annealed-behind",
        "It is still lower than after 24 epochs without annealing, in each of three runs.",
        [elbo - min(run["value"] for run in longer) for elbo in elbos],
        below=0,
    )
