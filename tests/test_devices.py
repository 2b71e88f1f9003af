"""Every public function of vae_lib on a device without float64 and with generators of its
own: it computes there, and gives what it gives on the CPU."""

import importlib
import inspect
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal
from torch.utils._pytree import tree_leaves, tree_map_only

from tests.pretended import DEVICE, NoSuchDevice, There, here, pretended, to
from vae_lib import (
    arguments,
    checkpoint,
    collapse,
    data,
    diffusion,
    encoder_decoder,
    evaluation,
    kl_and_mle,
    latent_space,
    maximum_likelihood,
    monte_carlo,
    objective,
    plots,
    reproduce,
    training,
    variants,
)
from vae_lib.encoder_decoder import VAE, LatentPlane
from vae_lib.machine import Processes

X = torch.rand(12, 16, generator=torch.Generator().manual_seed(0))
Z = torch.randn(12, 2, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(12) % 3
STEPS = diffusion.schedule(4)
LOG_P = Normal(0.0, 1.0).log_prob
LINE = Z[:, 0]


def vae(**options) -> VAE:
    torch.manual_seed(3)
    return VAE(16, 2, (8,), **options).eval()


def conv() -> VAE:
    torch.manual_seed(3)
    return variants.conv_vae((1, 4, 4), 2, (3,)).eval()


def conditional() -> VAE:
    torch.manual_seed(3)
    return variants.conditional_vae(16, 2, 3, (8,)).eval()


def vq() -> variants.VQVAE:
    torch.manual_seed(3)
    return variants.VQVAE(16, 2, 4, 2, (8,))


def net() -> diffusion.NoiseNet:
    torch.manual_seed(3)
    return diffusion.NoiseNet(2, STEPS, (8,))


def trained(make, device, images, **options):
    """Parameters and history of a short run."""
    model = make()
    model = to(model) if device == DEVICE else model
    options = {"epochs": 2, "batch_size": 5, "progress": False} | options
    history = training.train(model, images, **options)
    return [p.detach().clone() for p in model.parameters()], [h.objective for h in history]


def one_step(model, images, generator):
    seen = []
    training.one_epoch(
        model, [(images, len(images))], objective.elbo_objective,
        torch.optim.SGD(model.parameters(), lr=0.1), generator, lambda *_: seen.append(1),
    )  # fmt: skip
    return [p.detach().clone() for p in model.parameters()]


def chain(model, z, generator):
    return diffusion.draw_chain(model, STEPS, STEPS.posterior_variance, z, generator)


def first_batch(images, generator):
    batches = training.minibatches(images, 5, torch.float32, generator, Processes())
    return [x for x, _ in batches]


def with_start(model, images, generator):
    model.start_at(images, generator)
    return model.codebook.detach()


def image_sheet(images):
    return torch.from_numpy(plots.image_grid(images, 4).images[0].get_array().data)


def start(function):
    def changed(model, images):
        torch.manual_seed(5)
        function(model, images.cpu())
        return [p.detach() for p in model.parameters()]

    return changed


def square(z):
    return z.square().sum(dim=-1)


G = "a generator"  # which `call` makes on the device

CALLS = {
    arguments.tensor: [("x", X)],
    arguments.whole: [("n", LABELS[1], 1)],
    checkpoint.as_plain: [(X,)],
    checkpoint.describe: [(vae,)],
    checkpoint.fingerprint: [(X,)],
    collapse.active_units: [(vae, X)],
    collapse.kl_per_dimension: [(vae, X)],
    data.binarize: [(X, G)],
    data.check_grey_levels: [((255 * X).byte(),)],
    data.check_images: [(X, 16, torch.float32), ((255 * X).byte(), 16, torch.float32)],
    data.in_unit_interval: [((255 * X).byte(), torch.float32), (X > 0.5, torch.float32)],
    diffusion.diffuse: [(Z, LABELS + 1, Z.flip(0), STEPS)],
    diffusion.draw_chain: [],
    diffusion.fit_mixture: [(Z, 2, G)],
    diffusion.noise_like: [(Z, G)],
    diffusion.squared_errors: [(Z, net, STEPS, G)],
    diffusion.step_mean: [(Z, Z.flip(0), 2, STEPS)],
    diffusion.step_posterior: [(Z, Z.flip(0), 2, STEPS)],
    encoder_decoder.diagonal_gaussian_log_density: [(Z, Z.flip(0), Z - 1)],
    evaluation.generalisation_gap: [(LINE, LINE + 1)],
    evaluation.importance_weighted_bound: [(Z.T, 4)],
    evaluation.importance_weighted_objective: [(vae, X, G, 12), (vae, X, G, 12, 3)],
    evaluation.log_likelihood_estimate: [(Z.T,)],
    evaluation.log_weights: [
        (vae, X, 15, G),
        (conv, X, 3, G),
        (conditional, torch.cat([X, X[:, :3]], 1), 3, G),
    ],
    kl_and_mle.fit_gaussian: [
        (LOG_P, "reverse", (0.5, 1.5), torch.linspace(-9, 9, 200)),
    ],
    kl_and_mle.gaussian_kl: [(LINE, LINE.exp(), 0.0, 1.0), (0.0, 1.0, LINE, LINE.exp())],
    kl_and_mle.monte_carlo_kl: [(LOG_P, lambda x: LOG_P(x - 1), LINE)],
    latent_space.aggregate_log_density: [(Z, Z.flip(0), Z - 1)],
    latent_space.encode_mean: [(vae, X)],
    latent_space.interpolate: [(Z[0], Z[1], 5), (Z[0], Z[1], 5, "spherical")],
    latent_space.manifold: [(vae, 3)],
    latent_space.sample_prior: [(vae, 5, G)],
    latent_space.split_kl: [(Z, Z - 1, 9, G)],
    maximum_likelihood.bernoulli_log_likelihood: [((LINE > 0).float(), 0.3)],
    maximum_likelihood.bernoulli_mle: [((LINE > 0).float(),), (LABELS % 2,)],
    maximum_likelihood.gaussian_log_density: [(LINE, 0.0, 1.0), (LINE, LINE, LINE.exp())],
    maximum_likelihood.gaussian_log_likelihood: [(LINE, 0.0, 1.0)],
    maximum_likelihood.gaussian_mle: [(LINE,), (LABELS,)],
    monte_carlo.coverage: [(Z.T, 0.0)],
    monte_carlo.effective_sample_size: [(LINE,)],
    monte_carlo.importance_expectation: [(torch.cos, LOG_P, LOG_P, LINE)],
    objective.climb: [(vae, X, lambda r, k: r - k, 3, G)],
    objective.elbo_objective: [(vae, X, G, 2.0), (conv, X, G)],
    objective.elbo_terms: [(vae, X, G), (conditional, torch.cat([X, X[:, :3]], 1), G)],
    objective.kl_to_standard_normal: [(Z, Z - 1)],
    objective.mean_elbo: [(vae, X), (vae, (255 * X).byte()), (vae, X > 0.5)],
    objective.pathwise_gradient_samples: [(square, Z[0], Z[0].exp(), 5, G)],
    objective.reparameterize: [(Z, Z - 1, G)],
    objective.score_gradient_samples: [(square, Z[0], Z[0].exp(), 5, G)],
    objective.shift_and_scale: [(Z, Z.flip(0), Z - 1)],
    plots.image_grid: [],  # below, as a picture
    reproduce.held_out_log_likelihood: [(vae, X, 5, G, False)],
    reproduce.measure: [
        (vae, reproduce.Run("x", 2, (), 1, 1, 1.0, weights=5, binarized=True), X, False)
    ],
    reproduce.start_at_the_mean: [],
    reproduce.start_informed: [],
    reproduce.summary: [(LINE,)],
    training.minibatches: [],
    training.one_epoch: [],
    training.train: [],
    variants.conv_vae: [],
    variants.conditional_vae: [],
    variants.fit_prior: [],
    variants.fixed_labels: [(conditional, 1, 2)],
    variants.prior_gain: [],
    variants.tile_contrast: [(X, (1, 4, 4))],
    variants.vq_log_evidence: [(vq, X, torch.zeros(4, 4))],
    variants.vq_objective: [(vq, X, G)],
    variants.with_label: [(X, LABELS, 3)],
    # Of ours, which stand for several of the above.
    image_sheet: [(X,)],
    start(reproduce.start_at_the_mean): [(vae, X)],
    chain: [(net, Z, G)],
    first_batch: [(X, G)],
    one_step: [(vae, X, G)],
    with_start: [(vq, X, G)],
}

# They take no tensor, or are exact models in float64, which stay on the CPU.
ON_THE_CPU = {
    "checkpoint.name_of": "names", "checks": "numbers", "files": "bytes",
    "data.load_": "files", "pictures.": "files and arrays",
    "saving.": "in tests/test_saving.py", "data.image_side": "numbers",
    "machine": "switches",
    "diffusion.schedule": "a small table", "diffusion.noise_weights": "a small table",
    "diffusion.bound_of_errors": "a small table", "diffusion.best_variance": "a table",
    "diffusion.line_mixture": "exact", "diffusion.exact_errors": "exact",
    "elbo": "exact", "encoder_decoder.mlp": "makes a network",
    "evaluation.near_posterior": "exact", "evaluation.toy_log_weights": "exact",
    "kl_and_mle.quadrature_kl": "exact", "kl_and_mle.two_bumps": "exact",
    "latent_space.quantile_grid": "numbers", "monte_carlo.sample": "below",
    "monte_carlo.expectation": "below", "plots.use_style": "a switch",
    "plots.learning_curve": "numbers", "reproduce.": "the command; `carry_out` trains",
    "variants.halved": "numbers", "variants.downwards": "makes a network",
    "variants.upwards": "makes a network", "variants.doubling": "makes a network",
    "variants.n_parameters": "numbers", "diffusion.train_denoiser": "below",
}  # fmt: skip


def public() -> dict[str, object]:
    found = {}
    for path in (Path(__file__).parents[1] / "vae_lib").glob("[!_]*.py"):
        module = importlib.import_module(f"vae_lib.{path.stem}")
        for name, function in vars(module).items():
            ours = inspect.isfunction(function) and function.__module__ == module.__name__
            if ours and not name.startswith("_") and "symbolic" not in name:
                found[f"{path.stem}.{name}"] = function
    return found


def test_every_public_function_is_here():
    """One that is new is called below, or is said to stay on the CPU."""
    missing = [
        name
        for name, function in public().items()
        if function not in CALLS and not any(name.startswith(known) for known in ON_THE_CPU)
    ]
    assert not missing


def at(device, value):
    """An argument of `CALLS`, on the device."""
    if value is G:
        return torch.Generator(device).manual_seed(7)
    if value in (vae, conv, conditional, vq, net):
        return to(value()) if device == DEVICE else value()
    return There(value) if device == DEVICE and isinstance(value, Tensor) else value


def call(function, arguments, device):
    given = [
        tree_map_only(Tensor, lambda x: at(device, x), a) if isinstance(a, list) else
        at(device, a) if isinstance(a, Tensor | str) or inspect.isfunction(a) else a
        for a in arguments
    ]  # fmt: skip
    return result(function(*given))


def result(value):
    if isinstance(value, torch.nn.Module):
        value = [p.detach() for p in value.parameters()]
    if isinstance(value, diffusion.GaussianMixture):
        value = [value.weights, value.means]
    if isinstance(value, torch.Generator):
        value = None
    leaves = tree_leaves(value)
    return [here(x) if isinstance(x, Tensor) else x for x in leaves]


EACH = [
    pytest.param(function, arguments, id=f"{function.__name__}-{n}")
    for function, calls in CALLS.items()
    for n, arguments in enumerate(calls)
]


@pytest.mark.parametrize(("function", "arguments"), EACH)
def test_on_the_device_as_on_the_cpu(function, arguments):
    expected = call(function, arguments, "cpu")
    with pretended() as device:
        given = call(function, arguments, device)
    assert len(given) == len(expected)
    for a, b in zip(given, expected, strict=True):
        if isinstance(b, Tensor):
            torch.testing.assert_close(a.to(b.dtype), b, rtol=1e-4, atol=1e-5)
        elif isinstance(b, float):
            assert a == pytest.approx(b, rel=1e-4)
        else:
            assert a == b or "torch." in str(b)


@pytest.mark.filterwarnings("ignore:for .*copying from a non-meta parameter")
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (vae, {}),
        pytest.param(
            lambda: vae(likelihood="gaussian", variance=0.1, learn_variance=True),
            {},
            marks=pytest.mark.slow,
        ),
        pytest.param(conv, {"dynamic_binarization": True}, marks=pytest.mark.slow),
        (vae, {"objective": lambda *a: evaluation.importance_weighted_objective(*a, 5, 2)}),
    ],
)
def test_training_on_the_device_is_that_on_the_cpu(make, options, tmp_path):
    with pretended() as device:
        there = There(X)
        parameters, history = trained(
            make,
            device,
            there,
            validation_images=there,
            checkpoint=tmp_path / "a",
            **options,
        )
        assert all(isinstance(p, There) for p in parameters)
        # it goes on where it was: from the file, on the device and on the CPU
        again, _ = trained(
            make,
            device,
            there,
            validation_images=there,
            checkpoint=tmp_path / "a",
            **options,
        )
    expected, there = trained(
        make, "cpu", X, validation_images=X, checkpoint=tmp_path / "a", **options
    )
    assert history == pytest.approx(there)
    for p, q, r in zip(parameters, again, expected, strict=True):
        torch.testing.assert_close(here(p), here(q), rtol=0, atol=0)
        torch.testing.assert_close(here(p), r, rtol=0, atol=0)
    parameters, history = trained(make, "cpu", X, **options)
    for p, q in zip(parameters, expected, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4)


def test_a_denoiser_learns_on_the_device():
    expected = diffusion.train_denoiser(Z, STEPS, 1, updates=3, batch_size=4)
    with pretended():
        given = diffusion.train_denoiser(
            There(Z), STEPS, 1, updates=3, batch_size=4, weights=torch.ones(5).double()
        )
    for p, q in zip(given.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(here(p), q, rtol=1e-3, atol=1e-4)


def test_samples_from_a_devices_generator_are_on_the_cpu_and_repeat():
    with pretended() as device:
        first, again, other = (
            monte_carlo.sample(Normal(0.0, 1.0), 9, torch.Generator(device).manual_seed(n))
            for n in (1, 1, 2)
        )
        own = torch.Generator(device)
        assert monte_carlo.expectation(torch.cos, Normal(0.0, 1.0), 9, own).n == 9
    assert first.dtype == torch.float64 and first.device.type == "cpu"
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_fitted_prior_and_sums_over_a_grid_are_those_of_the_cpu():
    model, generator = vae(), torch.Generator().manual_seed(1)
    prior = variants.fit_prior(model, X, 2, generator)
    gain = variants.prior_gain(model, prior, X, generator)
    plane = LatentPlane(model, X)
    with torch.no_grad():
        best = plane.elbo(*model.encode(X))
    with pretended() as device:
        generator = torch.Generator(device).manual_seed(1)
        there, images = to(vae()), There(X)
        prior = variants.fit_prior(there, images, 2, generator)
        torch.testing.assert_close(
            variants.prior_gain(there, prior, images, generator), gain, rtol=1e-3, atol=1e-3
        )
        grid = LatentPlane(there, images)
        with torch.no_grad():
            torch.testing.assert_close(grid.elbo(*there.encode(images)), best)
        torch.testing.assert_close(grid.evidence, plane.evidence)


def test_the_device_refuses_what_a_true_one_would():
    with pretended() as device:
        there = There(X)
        own = torch.Generator(device)
        for wrong in (
            lambda: there.double(),
            lambda: there + X,
            lambda: torch.zeros(3, dtype=torch.float64, device=device),
            lambda: torch.randn(3, generator=own),
            lambda: torch.bernoulli(there, generator=torch.Generator()),
        ):
            with pytest.raises(NoSuchDevice):
                wrong()
        with pytest.raises((TypeError, RuntimeError)):
            there.numpy()
        assert there.device == device and not isinstance(there.cpu(), There)
        assert math.isclose(float(there.sum()), float(X.sum()), rel_tol=1e-6)
