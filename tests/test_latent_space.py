import math
from functools import cache, partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from torch import distributions as dist

from explorers.weights import load_vae
from tests.measured import kept
from vae_lib.checks import claim
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE, diagonal_gaussian_log_density
from vae_lib.latent_space import (
    aggregate_log_density,
    encode_mean,
    interpolate,
    manifold,
    quantile_grid,
    sample_prior,
    split_kl,
)
from vae_lib.objective import (
    Terms,
    elbo_objective,
    kl_to_standard_normal,
    reparameterize,
)
from vae_lib.training import train

few = settings(max_examples=30)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def small_vae(z_dim, seed=0):
    torch.manual_seed(seed)
    return VAE(16, z_dim, hidden=(8,))


def test_encode_mean_is_the_encoders_first_output_and_carries_no_gradient():
    vae, images = small_vae(3), torch.rand(5, 16, generator=generator())
    mu = encode_mean(vae, images)
    torch.testing.assert_close(mu, vae.encoder.net(images)[:, :3])
    assert not mu.requires_grad


def test_the_grid_lies_at_scipys_quantiles_and_reads_like_a_picture():
    n = 5
    z = quantile_grid(n).reshape(n, n, 2).numpy()
    quantiles = stats.norm.ppf((np.arange(n) + 0.5) / n)
    np.testing.assert_allclose(z[2, :, 0], quantiles, atol=1e-6)  # to the right
    np.testing.assert_allclose(z[:, 2, 1], quantiles[::-1], atol=1e-6)  # upwards


def test_each_cell_of_the_grid_holds_the_same_share_of_the_prior():
    n, n_samples = 6, 60_000
    z = torch.randn(n_samples, 2, generator=generator(1))
    ticks = quantile_grid(n).reshape(n, n, 2)[0, :, 0]
    # The cell of a sample: u = F(z) lies in the i-th of n equal steps.
    cells = (stats.norm.cdf(z.numpy()) * n).astype(int)
    counts = np.bincount(cells[:, 0] * n + cells[:, 1], minlength=n * n)
    assert stats.chisquare(counts).pvalue > 1e-6
    # ... and each tick lies in its own cell.
    assert (stats.norm.cdf(ticks.numpy()) * n).astype(int).tolist() == list(range(n))


def test_the_manifold_is_the_decoded_grid():
    vae = small_vae(2)
    images = manifold(vae, 4)
    torch.testing.assert_close(images, torch.sigmoid(vae.decoder.net(quantile_grid(4))))
    assert not images.requires_grad
    with pytest.raises(ValueError, match="this model has H = 3"):
        manifold(small_vae(3), 4)
    with pytest.raises(ValueError, match="n >= 1, got 0"):
        quantile_grid(0)


vectors = st.lists(st.floats(-5, 5), min_size=4, max_size=4).map(
    lambda v: torch.tensor(v, dtype=torch.float64)
)


@few
@given(vectors, vectors, st.integers(2, 9))
def test_both_paths_start_at_a_and_end_at_b(a, b, n):
    if min(a.norm(), b.norm()) < 1e-2 or torch.cosine_similarity(a, b, dim=0) < -0.999:
        return
    for kind in ["straight", "spherical"]:
        path = interpolate(a, b, n, kind)
        assert path.shape == (n, 4)
        torch.testing.assert_close(path[0], a)
        torch.testing.assert_close(path[-1], b)


@few
@given(vectors, vectors)
def test_the_spherical_path_keeps_its_length_its_plane_and_its_speed(a, b):
    if min(a.norm(), b.norm()) < 1e-2 or abs(torch.cosine_similarity(a, b, dim=0)) > 0.99:
        return
    a, b = 3 * a / a.norm(), 3 * b / b.norm()
    path = interpolate(a, b, 7, "spherical")
    torch.testing.assert_close(path.norm(dim=-1), torch.full((7,), 3.0, dtype=a.dtype))
    assert torch.linalg.matrix_rank(torch.stack([a, b, *path]), rtol=1e-9) == 2
    steps = torch.cosine_similarity(path[1:], path[:-1], dim=-1).clamp(-1, 1).acos()
    whole = torch.cosine_similarity(a, b, dim=0).acos()
    torch.testing.assert_close(steps, torch.full((6,), whole.item() / 6, dtype=a.dtype))


def test_lengths_change_evenly_on_the_spherical_path():
    path = interpolate(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0]), 5, "spherical")
    torch.testing.assert_close(path.norm(dim=-1), torch.tensor([1.0, 1.5, 2.0, 2.5, 3.0]))


def test_nearly_parallel_ends_give_no_nan():
    a = torch.tensor([1.0, 1.0])
    torch.testing.assert_close(interpolate(a, 2 * a, 3, "spherical")[1], 1.5 * a)
    nearly = interpolate(a, a + 1e-5, 5, "spherical")
    torch.testing.assert_close(nearly, a.expand(5, 2), atol=2e-5, rtol=0)


@pytest.mark.parametrize(
    ("a", "b", "n", "kind", "message"),
    [
        ([1.0], [1.0, 2.0], 3, "straight", "vectors of one length"),
        ([1.0, 0.0], [0.0, 1.0], 1, "straight", "at least 2, got 1"),
        ([1.0, 0.0], [0.0, 1.0], 3, "cubic", "'straight' or 'spherical', got 'cubic'"),
        ([0.0, 0.0], [0.0, 1.0], 3, "spherical", "the origin has no direction"),
        ([1.0, 0.0], [-2.0, 0.0], 3, "spherical", "opposite directions"),
    ],
)
def test_paths_that_make_no_sense_are_refused(a, b, n, kind, message):
    with pytest.raises(ValueError, match=message):
        interpolate(torch.tensor(a), torch.tensor(b), n, kind)


def test_prior_samples_are_standard_normal_repeatable_and_decoded():
    vae = small_vae(3)
    z, images = sample_prior(vae, 4000, generator(3))
    again, _ = sample_prior(vae, 4000, generator(3))
    assert torch.equal(z, again)
    assert z.shape == (4000, 3) and images.shape == (4000, 16)
    for h in range(3):
        assert stats.kstest(z[:, h].numpy(), "norm").pvalue > 1e-6
    torch.testing.assert_close(images, torch.sigmoid(vae.decoder.net(z)))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        sample_prior(vae, 0, generator())


@pytest.mark.parametrize("chunk", [3, 1000])
def test_the_aggregate_density_is_torchs_mixture(chunk):
    g = generator(4)
    mu, log_var = torch.randn(2, 6, 3, generator=g, dtype=torch.float64)
    z = 2 * torch.randn(10, 3, generator=g, dtype=torch.float64)
    mixture = dist.MixtureSameFamily(
        dist.Categorical(torch.ones(6, dtype=torch.float64)),
        dist.Independent(dist.Normal(mu, (0.5 * log_var).exp()), 1),
    )
    ours = aggregate_log_density(z, mu, log_var, chunk=chunk)
    torch.testing.assert_close(ours, mixture.log_prob(z))


def test_the_aggregate_density_survives_narrow_posteriors_far_away():
    mu = torch.tensor([[8.0, -8.0]])
    log_var = torch.full((1, 2), 2 * math.log(1e-3))
    ours = aggregate_log_density(torch.tensor([[0.0, 0.0], [8.0, -8.0]]), mu, log_var)
    truth = stats.norm(mu.numpy(), 1e-3).logpdf([[0.0, 0.0], [8.0, -8.0]]).sum(axis=1)
    np.testing.assert_allclose(ours.numpy(), truth, rtol=1e-6)


def test_the_aggregate_density_checks_shapes():
    with pytest.raises(ValueError, match=r"\(4, 3\), \(5, 2\), \(5, 2\)"):
        aggregate_log_density(torch.zeros(4, 3), torch.zeros(5, 2), torch.zeros(5, 2))


def test_the_parts_of_the_kl_match_quadrature_and_the_closed_form():
    mu = torch.tensor([[-2.0], [0.5], [1.0]], dtype=torch.float64)
    log_var = torch.tensor([[-1.0], [0.3], [-2.0]], dtype=torch.float64)
    q = dist.Normal(mu, (0.5 * log_var).exp())
    z = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    density = q.log_prob(z).exp().mean(dim=0)
    log_ratio = density.log() - dist.Normal(0.0, 1.0).log_prob(z)
    truth = torch.trapezoid(density * log_ratio, z)
    information, mismatch = split_kl(mu, log_var, 20_000, generator(6))
    assert abs(mismatch.z_score(truth.item())) < 5
    kl = kl_to_standard_normal(mu, log_var).sum(-1).mean()
    assert abs(information.z_score((kl - truth).item())) < 5


def test_information_is_log_n_for_posteriors_far_apart_and_never_more():
    mu = 100.0 * torch.arange(5.0)[:, None]
    information, _ = split_kl(mu, torch.zeros(5, 1), 50, generator(7))
    assert math.isclose(information.value, math.log(5), rel_tol=1e-5)
    information, mismatch = split_kl(torch.zeros(5, 1), torch.zeros(5, 1), 50, generator())
    assert abs(information.value) < 1e-6 and abs(mismatch.value) < 1e-6
    with pytest.raises(ValueError, match="n >= 2, got 1"):
        split_kl(mu, mu, 1, generator())


def test_integer_ends_are_joined_evenly():
    path = interpolate(torch.tensor([0, 0]), torch.tensor([4, 8]), 5)
    assert path.tolist() == [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]]


def test_samples_and_manifold_have_the_networks_precision():
    vae = VAE(4, 2, (3,)).double()
    z, images = sample_prior(vae, 3, torch.Generator().manual_seed(0))
    assert z.dtype == images.dtype == manifold(vae, 2).dtype == torch.float64


# --- what the chapter claims of networks on MNIST ---------------------------------------


def without_noise_and_kl(vae, x, noise):
    reconstruction = vae.decoder.log_likelihood(x, vae.encode(x)[0])
    return Terms(reconstruction, {"reconstruction": reconstruction})


OBJECTIVES = {
    "VAE": elbo_objective,
    "no KL": partial(elbo_objective, beta=0.0),
    "plain": without_noise_and_kl,
}
SEEDS = range(5)


@cache
def trained(z_dim: int, seed: int, kind: str = "VAE") -> VAE:
    """As in the chapter: two epochs of MNIST."""
    torch.manual_seed(seed)
    vae, images = VAE(784, z_dim), load_mnist().train_images
    vae.decoder.start_at(images.mean(dim=0))
    train(
        vae, images, epochs=2, seed=seed, objective=OBJECTIVES[kind], progress=False
    )  # fmt: skip
    return vae.requires_grad_(False)


@kept
def nats_lost(kind: str, seed: int) -> float:
    """By moving the codes of the test images by 5% of their spread."""
    vae, images = trained(2, seed, kind), load_mnist().test_images
    mu = encode_mean(vae, images)
    step = 0.05 * mu.std(dim=0) * torch.randn(mu.shape, generator=generator(seed))
    log_likelihood = vae.decoder.log_likelihood
    return (log_likelihood(images, mu) - log_likelihood(images, mu + step)).mean().item()


@pytest.mark.slow
def test_a_step_costs_the_plain_autoencoder_more_than_the_vae():
    claim(
        "neighbours-plain",
        "Moving the codes of MNIST's test images by 5% of their spread costs a plain "
        "autoencoder more than one and a half times as many nats as a VAE: the logarithm "
        "of the ratio is above that of 1.5.",
        [math.log(nats_lost("plain", k) / nats_lost("VAE", k)) for k in range(5)],
        above=math.log(1.5),
    )


@kept
def noise_to_spread(kind: str, seed: int) -> float:
    mu, log_var = trained(2, seed, kind).encode(load_mnist().test_images)
    return ((0.5 * log_var).exp().mean() / mu.std(dim=0).mean()).item()


@pytest.mark.slow
def test_noise_without_a_kl_term_is_scaled_away():
    claim(
        "neighbours-noise-shrinks",
        "Trained with noise and without the KL term, sigma is below a hundredth of the "
        "codes' spread.",
        [noise_to_spread("no KL", k) for k in range(3)],
        below=0.01,
    )
    claim(
        "neighbours-noise-stays",
        "With the KL term it is above three hundredths.",
        [noise_to_spread("VAE", k) for k in range(3)],
        above=0.03,
    )
    claim(
        "neighbours-noise-alone",
        "Without the KL term the step of 5% costs more nats than with it: the logarithm of "
        "the ratio is positive.",
        [math.log(nats_lost("no KL", k) / nats_lost("VAE", k)) for k in range(3)],
        above=0,
    )


def judge(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The digit that most of the ten nearest training images show, and whether nine do."""
    data = load_mnist()
    distances = torch.cdist(pictures, data.train_images[:10_000])
    votes = data.train_labels[distances.topk(10, largest=False).indices]
    digit = votes.mode(dim=1).values
    return digit, (votes == digit[:, None]).sum(dim=1) >= 9


def clear(pictures: torch.Tensor) -> float:
    return judge(pictures)[1].double().mean().item()


@kept
def variety(kind: str, seed: int) -> float:
    digit, is_clear = judge(sample_prior(trained(2, seed, kind), 1000, generator())[1])
    counts = torch.bincount(digit[is_clear], minlength=10).double()
    return torch.special.entr(counts / counts.sum()).sum().exp().item()


@pytest.mark.slow
def test_the_plain_autoencoder_draws_fewer_kinds_of_digits_at_the_priors_points():
    claim(
        "variety-plain",
        "Among clear digits drawn at the prior's points, a plain autoencoder's variety is "
        "smaller than a VAE's by more than one digit.",
        [variety("VAE", k) - variety("plain", k) for k in range(3)],
        above=1,
    )


def reconstructed(H: int, seed: int) -> torch.Tensor:
    vae, images = trained(H, seed), load_mnist().test_images[:500]
    return vae.decode(encode_mean(vae, images))


@kept
def clear_samples(H: int, seed: int) -> float:
    return clear(sample_prior(trained(H, seed), 500, generator(seed))[1])


@kept
def clear_reconstructions(H: int, seed: int) -> float:
    return clear(reconstructed(H, seed))


@pytest.mark.slow
def test_samples_of_two_latents_are_mostly_clear():
    claim(
        "clear-digits",
        "Of a two-dimensional VAE's samples more than 55% are clear digits, by a judge who "
        "calls fewer than 80% of the test images clear.",
        [clear_samples(2, k) for k in SEEDS],
        above=0.55,
    )
    assert clear(load_mnist().test_images[:1000]) < 0.8


@pytest.mark.slow
def test_samples_of_ten_latents_lose_more():
    def loss(H, seed):
        return clear_reconstructions(H, seed) - clear_samples(H, seed)

    claim(
        "clear-loss",
        "From reconstructions to samples, the share of clear digits falls by more with ten "
        "latents than with two.",
        [loss(10, k) - loss(2, k) for k in SEEDS],
        above=0,
    )


@kept
def greyness(H: int, seed: int) -> float:
    x_hat = reconstructed(H, seed)
    entropy = torch.special.entr(torch.stack([x_hat, 1 - x_hat]))
    return entropy.sum(dim=(0, 2)).mean().item()


@pytest.mark.slow
def test_ten_latents_are_sharper_than_two():
    claim(
        "blur-ten",
        "Reconstructions from ten latents have pixels with over 20 nats less entropy than "
        "those from two.",
        [greyness(2, k) - greyness(10, k) for k in SEEDS],
        above=20,
    )


@kept
def explained(seed: int) -> float:
    vae, images = trained(2, seed), load_mnist().train_images
    z, drawn = sample_prior(vae, 100, generator(seed))
    log_q = diagonal_gaussian_log_density(z[:, None], *vae.encode(images))
    average = log_q.softmax(dim=1) @ images
    scatter = (drawn - drawn.mean(dim=0)).square().sum()
    return 1 - ((average - drawn).square().sum() / scatter).item()


@pytest.mark.slow
def test_the_decoder_draws_the_average_of_the_images_that_are_sent_near():
    claim(
        "blur-average",
        "At the prior's points the average of MNIST's training images, weighted by their "
        "encodings, accounts for over 80% of what distinguishes a VAE's pictures.",
        [explained(k) for k in SEEDS],
        above=0.8,
    )


@kept
def mismatch(H: int, seed: int) -> tuple[float, float, float]:
    """Too low, too high, and the prior's share in holes by the fitted density."""
    vae, data, g = trained(H, seed), load_mnist(), generator(seed)
    q = vae.encode(data.train_images)
    chosen = torch.randperm(60_000, generator=g)[:10_000]
    practised = reparameterize(*(t[chosen] for t in q), g).double()
    fitted = GaussianMixture(20, max_iter=30, random_state=0).fit(practised)

    def log_ratio(z):
        log_prior = dist.Normal(0.0, 1.0).log_prob(z.double()).sum(dim=-1)
        return torch.as_tensor(fitted.score_samples(z)) - log_prior

    low = log_ratio(reparameterize(*vae.encode(data.test_images), g)).mean()
    high = split_kl(*q, 500, g)[1].value
    holes = log_ratio(torch.randn(10_000, H, generator=g)) < -math.log(3)
    return low.item(), high, holes.double().mean().item()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_ten_latents_leave_more_of_the_prior_unpractised_than_two():
    claim(
        "mismatch-two",
        "With two latents the mismatch of aggregate posterior and prior is below 0.6 nats.",
        [mismatch(2, k)[1] for k in SEEDS],
        below=0.6,
    )
    claim(
        "mismatch-ten",
        "With ten latents it is above 0.6 nats.",
        [mismatch(10, k)[0] for k in SEEDS],
        above=0.6,
    )
    claim(
        "holes-two",
        "With two latents less than a fifth of the prior lies in holes.",
        [mismatch(2, k)[2] for k in SEEDS],
        below=0.2,
    )
    claim(
        "holes-ten",
        "With ten latents more than two fifths do.",
        [mismatch(10, k)[2] for k in SEEDS],
        above=0.4,
    )


@kept
def probed(H: int | None, seed: int) -> float:
    """The share of test digits that a probe of 100 labels names, on latents or pixels."""
    data, g, right = load_mnist(), generator(5 + seed), []
    features, test_features = (
        x if H is None else encode_mean(trained(H, seed), x)
        for x in (data.train_images, data.test_images)
    )
    for _ in range(8):
        labelled = torch.randperm(60_000, generator=g)[:100]
        probe = LogisticRegression(max_iter=1000)
        probe.fit(features[labelled], data.train_labels[labelled])
        right.append(probe.score(test_features, data.test_labels))
    return float(np.mean(right))


@pytest.mark.slow
def test_a_linear_probe_on_ten_latents_beats_one_on_pixels_and_on_two_does_not():
    claim(
        "probe-ten",
        "With 100 labels, a linear probe on ten latents names more test digits than one on "
        "the pixels.",
        [probed(10, k) - probed(None, k) for k in SEEDS],
        above=0,
    )
    claim(
        "probe-two",
        "One on two latents names fewer, by more than ten percentage points.",
        [probed(2, k) - probed(None, k) for k in SEEDS],
        below=-0.1,
    )


def test_half_a_unit_from_the_mean_costs_tens_of_nats_in_the_explorer():
    (vae, _), images = load_vae(), load_mnist().test_images[:1000]
    mu = encode_mean(vae, images)
    step = torch.nn.functional.normalize(torch.randn(mu.shape, generator=generator()))
    with torch.no_grad():
        log_likelihood = vae.decoder.log_likelihood
        fall = log_likelihood(images, mu) - log_likelihood(images, mu + 0.5 * step)
    claim(
        "leave-the-mean",
        "In the explorer's model, half a unit away from the mean of its encoding a test "
        "image loses more than 50 nats of log-likelihood on average.",
        fall.mean().item(),
        above=50,
        standard_error=fall.std().item() / len(fall) ** 0.5,
    )
