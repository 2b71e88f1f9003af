"""Chapter *diffusion*: the chain, its bound, and the best denoiser, known otherwise."""

import math

import pytest
import torch
from torch import Tensor

from vae_lib.diffusion import (
    GaussianMixture,
    NoiseNet,
    Schedule,
    best_variance,
    bound_of_errors,
    diffuse,
    draw_chain,
    exact_errors,
    fit_mixture,
    line_mixture,
    noise_weights,
    schedule,
    squared_errors,
    step_mean,
    step_posterior,
    train_denoiser,
)
from vae_lib.monte_carlo import Estimate

BUMPS = line_mixture([0.35, 0.65], [-1.5, 1.2], 0.4)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(11)


def normal(*shape: int, generator: torch.Generator) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def integrals(data: GaussianMixture) -> tuple[Tensor, Tensor]:
    """E[log q(x_0)] and E[x_0^2], by the trapezoidal rule."""
    x = torch.linspace(-9, 9, 6001, dtype=torch.float64)[:, None]
    log_q = data.log_density(x)
    weights = log_q.exp()
    return (
        torch.trapezoid(weights * log_q, x[:, 0]),
        torch.trapezoid(weights * x[:, 0] ** 2, x[:, 0]),
    )


# ---------------------------------------------------------------- the encoder
def test_the_schedule_is_nearly_that_of_ho_et_al_and_ends_alike_for_every_length():
    steps = schedule(1000)
    assert steps.T == 1000 and steps.alpha_bar[0] == 1
    assert steps.beta[1].item() == pytest.approx(1e-4, rel=0.15)
    assert steps.beta[-1].item() == pytest.approx(0.02, rel=0.02)
    assert schedule(7).alpha_bar[-1].item() == pytest.approx(math.exp(-10.05))


@pytest.mark.parametrize("beta", [[0.1, 0.2], [0.0], [0.0, 0.5, 1.0], [0.0, -0.1]])
def test_a_schedule_of_impossible_steps_is_refused(beta):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Schedule(torch.tensor(beta))


def test_no_chain_without_a_step():
    with pytest.raises(ValueError, match="T >= 1"):
        schedule(0)


def test_the_jump_and_the_step_back_are_those_of_the_joint_gaussian(generator):
    """From the covariance of (x_0, x_1, ..., x_T) with x_0 standard normal."""
    steps, t = schedule(6), 4
    size = steps.T + 1
    mixing = torch.zeros(size, size, dtype=torch.float64)
    for k in range(1, size):
        mixing[k, k - 1] = steps.alpha[k].sqrt()
    noise = torch.cat([torch.ones(1, dtype=torch.float64), steps.beta[1:]])
    spread = torch.linalg.inv(torch.eye(size, dtype=torch.float64) - mixing)
    joint = spread @ noise.diag() @ spread.T
    given, own = [0, t], t - 1
    gain = joint[own, given] @ torch.linalg.inv(joint[given][:, given])
    x_0, x_t = normal(5, 1, generator=generator), normal(5, 1, generator=generator)
    mean, variance = step_posterior(x_t, x_0, t, steps)
    torch.testing.assert_close(mean, gain[0] * x_0 + gain[1] * x_t)
    left = joint[own, own] - gain @ joint[given, own]
    assert variance == pytest.approx(left.item())
    # The jump: E[x_t | x_0] = alpha_bar^(1/2) x_0, and what the noise adds.
    jumped = diffuse(x_0, torch.full((5,), t), torch.zeros(5, 1), steps)
    torch.testing.assert_close(jumped, joint[t, 0] * x_0)
    one = diffuse(torch.zeros(1, 1), torch.tensor([t]), torch.ones(1, 1), steps)
    assert one.item() ** 2 == pytest.approx(1 - joint[t, 0].item() ** 2)


def test_the_mean_from_the_noise_is_the_mean_from_x_0(generator):
    steps = schedule(20)
    x_0, epsilon = normal(9, 3, generator=generator), normal(9, 3, generator=generator)
    for t in [1, 2, 20]:
        x_t = diffuse(x_0, torch.full((9,), t), epsilon, steps)
        mean, _ = step_posterior(x_t, x_0, t, steps)
        torch.testing.assert_close(step_mean(x_t, epsilon, t, steps), mean)


# ---------------------------------------------------------------- the bound
def test_the_parts_of_the_bound_are_its_divergences_and_its_reconstruction(generator):
    """Against `torch.distributions`, for one draw of the noise at each t."""
    steps, H = schedule(5), 3
    variance = 0.7 * steps.beta + 0.05
    x_0 = normal(1, H, generator=generator)
    errors = torch.zeros(1, 6, dtype=torch.float64)
    expected = torch.zeros(6, dtype=torch.float64)
    normals = torch.distributions.Normal
    divergence = torch.distributions.kl_divergence
    for t in range(1, 6):
        epsilon, guess = normal(2, 1, H, generator=generator)
        errors[0, t] = (epsilon - guess).square().sum()
        x_t = diffuse(x_0, torch.tensor([t]), epsilon, steps)
        p = normals(step_mean(x_t, guess, t, steps), variance[t].sqrt())
        if t == 1:
            expected[t] = -p.log_prob(x_0).sum()
        else:
            mean, v = step_posterior(x_t, x_0, t, steps)
            expected[t] = divergence(normals(mean, math.sqrt(v)), p).sum()
    a = steps.alpha_bar[-1]
    top = normals(a.sqrt() * x_0, (1 - a).sqrt())
    expected[0] = divergence(top, normals(torch.zeros(H).double(), 1.0)).sum()
    parts = bound_of_errors(errors, steps, variance, x_0.square().sum(-1), H)
    torch.testing.assert_close(parts[0], expected)


def test_the_shortfall_is_the_sum_of_the_true_steps_divergences():
    """`eq-shortfall`: the second way to telescope, on a grid over x_{t-1} and x_t."""
    steps = schedule(4)
    errors = exact_errors(BUMPS, steps)
    variance = 1.2 * best_variance(errors, steps, 1)
    truth, square = integrals(BUMPS)
    shortfall = truth + bound_of_errors(errors, steps, variance, square).sum()

    x = torch.linspace(-7, 7, 1401, dtype=torch.float64)
    log_normal = torch.distributions.Normal
    at = [BUMPS.diffused(a.item()).log_density(x[:, None]) for a in steps.alpha_bar]
    prior = log_normal(0.0, 1.0).log_prob(x)
    total = torch.trapezoid(at[-1].exp() * (at[-1] - prior), x)
    for t in range(1, 5):
        # rows: x_t, columns: x_{t-1}
        mean = steps.alpha[t].sqrt() * x[None]
        up = log_normal(mean, steps.beta[t].sqrt()).log_prob(x[:, None])
        joint = at[t - 1][None] + up
        guess = BUMPS.best_epsilon(x[:, None], steps.alpha_bar[t].item())
        down = log_normal(step_mean(x[:, None], guess, t, steps), variance[t].sqrt())
        log_p = down.log_prob(x[None])
        inner = joint.exp() * (joint - at[t][:, None] - log_p)
        total = total + torch.trapezoid(torch.trapezoid(inner, x), x)
    assert shortfall.item() == pytest.approx(total.item(), rel=1e-4)
    assert shortfall > 0.05


def test_a_gaussian_with_the_best_denoiser_loses_only_the_top():
    data, steps = line_mixture([1.0], [0.0], 1.5), schedule(12)
    errors = exact_errors(data, steps)
    a = steps.alpha_bar
    v = a * 2.25 + 1 - a
    torch.testing.assert_close(errors[1:], (a * 2.25 / v)[1:])
    truth, square = integrals(data)
    parts = bound_of_errors(errors, steps, best_variance(errors, steps, 1), square)
    top = (v[-1] - 1 - v[-1].log()) / 2
    assert (truth + parts.sum()).item() == pytest.approx(top.item(), abs=1e-6)


def test_the_best_variance_is_best_and_the_weights_are_the_bounds(generator):
    steps = schedule(8)
    errors, square = exact_errors(BUMPS, steps), torch.tensor(1.0)
    best = best_variance(errors, steps, 1)
    lowest = bound_of_errors(errors, steps, best, square)
    for factor in [0.9, 1.1]:
        others = bound_of_errors(errors, steps, factor * best, square)
        assert (others[1:] > lowest[1:]).all()
    more = bound_of_errors(errors + 0.1, steps, best, square) - lowest
    torch.testing.assert_close(more, 0.1 * noise_weights(steps, best))


def test_drawn_errors_are_on_average_the_exact_ones(generator):
    steps = schedule(6)
    x_0 = BUMPS.sample(4000, generator)
    drawn = squared_errors(x_0, BUMPS.denoiser(steps), steps, generator)
    exact = exact_errors(BUMPS, steps)
    for t in range(1, 7):
        assert abs(Estimate.of(drawn[:, t]).z_score(exact[t].item())) < 5


def test_the_trapezoidal_rule_is_for_a_line():
    plane = GaussianMixture(
        torch.ones(1).double(), torch.zeros(1, 2).double(), torch.eye(2).double()[None]
    )
    with pytest.raises(ValueError, match="one dimension"):
        exact_errors(plane, schedule(3))


# ---------------------------------------------------------------- mixtures
def test_the_best_denoiser_is_a_slope_and_the_diffused_density_integrates(generator):
    points = normal(50, 1, generator=generator).requires_grad_()
    at_t = BUMPS.diffused(0.6)
    (score,) = torch.autograd.grad(at_t.log_density(points).sum(), points)
    torch.testing.assert_close(BUMPS.best_epsilon(points, 0.6), -math.sqrt(0.4) * score)
    x = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    mass = torch.trapezoid(at_t.log_density(x[:, None]).exp(), x)
    assert mass.item() == pytest.approx(1)


def test_samples_have_the_mixtures_moments(generator):
    x = BUMPS.sample(20_000, generator)[:, 0]
    assert abs(Estimate.of(x).z_score(0.35 * -1.5 + 0.65 * 1.2)) < 5
    square = 0.35 * 1.5**2 + 0.65 * 1.2**2 + 0.4**2
    assert abs(Estimate.of(x**2).z_score(square)) < 5


def test_em_finds_two_clouds_and_its_seed_is_of_the_generator(generator):
    x = torch.cat([
        normal(600, 2, generator=generator) * 0.3 + torch.tensor([2.0, 0.0]),
        normal(300, 2, generator=generator) * 0.3 - torch.tensor([2.0, 1.0]),
    ])  # fmt: skip
    fitted = fit_mixture(x, 2, generator)
    order = fitted.means[:, 0].argsort()
    assert fitted.weights[order].tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-3)
    found = fitted.means[order] - torch.tensor([[-2.0, -1.0], [2.0, 0.0]])
    assert found.abs().max() < 0.1
    own = fitted.covariances - 0.3**2 * torch.eye(2)
    assert own.abs().max() < 0.02
    again = [
        fit_mixture(x, 5, torch.Generator().manual_seed(seed)).means for seed in (1, 1, 2)
    ]
    assert torch.equal(again[0], again[1])
    assert not torch.equal(again[0], again[2])


def test_em_that_is_cut_short_is_a_density_and_says_nothing(generator, recwarn):
    x = BUMPS.sample(500, generator)
    early, late = (
        fit_mixture(x, 4, torch.Generator().manual_seed(11), turns=turns)
        for turns in (1, 40)
    )
    assert not recwarn.list
    assert late.log_density(x).mean() > early.log_density(x).mean()
    grid = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    mass = torch.trapezoid(early.log_density(grid[:, None]).exp(), grid)
    assert mass.item() == pytest.approx(1)


# ---------------------------------------------------------------- down, and networks
def test_the_chain_of_the_best_denoiser_ends_in_the_data(generator):
    steps = schedule(60)
    variance = best_variance(exact_errors(BUMPS, steps, 1001), steps, 1)
    x_T = normal(4000, 1, generator=generator)
    path = draw_chain(BUMPS.denoiser(steps), steps, variance, x_T, generator)
    assert path.shape == (61, 4000, 1)
    assert torch.equal(path[-1], x_T)
    right = (path[0, :, 0] > -0.15).double()
    grid = torch.linspace(-0.15, 9, 4001, dtype=torch.float64)
    share = torch.trapezoid(BUMPS.log_density(grid[:, None]).exp(), grid)
    # Sixty steps are not infinitely many: a hundredth of the samples may be elsewhere.
    estimate = Estimate.of(right)
    assert abs(estimate.value - share) < 0.01 + 5 * estimate.standard_error


def test_a_new_network_is_the_prior(generator):
    steps, t = schedule(5), torch.tensor([1, 3, 5])
    x = torch.randn(3, 2, generator=generator)
    share = (1 - steps.alpha_bar[t]).sqrt().float()[:, None]
    torch.testing.assert_close(NoiseNet(2, steps)(x, t), share * x)


@pytest.mark.slow
def test_training_gains_on_the_prior_and_is_repeatable():
    generator = torch.Generator().manual_seed(3)
    x_0 = BUMPS.sample(2000, generator).float()
    steps, before = schedule(10), torch.get_rng_state()
    nets = [train_denoiser(x_0, steps, 0, updates=200) for _ in range(2)]
    assert torch.equal(before, torch.get_rng_state())
    x, t = torch.zeros(4, 1), torch.tensor([1, 2, 5, 10])
    assert torch.equal(nets[0](x, t), nets[1](x, t))
    exact = exact_errors(BUMPS, steps)[1:]
    trained = squared_errors(x_0, nets[0], steps, generator)[:, 1:].mean(dim=0)
    naive = squared_errors(x_0, NoiseNet(1, steps), steps, generator)[:, 1:].mean(dim=0)
    assert (trained - exact).mean() < 0.3 * (naive - exact).mean()


def test_weights_move_the_loss_to_where_they_are_large():
    generator = torch.Generator().manual_seed(4)
    x_0 = BUMPS.sample(2000, generator).float()
    steps = schedule(10)
    only_last = torch.zeros(11)
    only_last[10] = 1
    net = train_denoiser(x_0, steps, 0, updates=20, weights=only_last)
    moved = squared_errors(x_0, net, steps, torch.Generator().manual_seed(5))
    still = squared_errors(x_0, NoiseNet(1, steps), steps, torch.Generator().manual_seed(5))
    assert not torch.allclose(moved, still)
