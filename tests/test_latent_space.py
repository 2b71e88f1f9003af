import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import distributions as dist

from vae_lib.encoder_decoder import VAE
from vae_lib.latent_space import (
    aggregate_log_density,
    encode_mean,
    interpolate,
    manifold,
    quantile_grid,
    sample_prior,
    split_kl,
)
from vae_lib.objective import kl_to_standard_normal

few = settings(max_examples=30, deadline=None)


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
