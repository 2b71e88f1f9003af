import base64
import io
import json

import pytest
import torch
from PIL import Image
from traitlets import TraitError

from explorers import LatentExplorer
from explorers.pack import PackError
from tests.explorers.node import run_node
from vae_lib.collapse import kl_per_dimension
from vae_lib.encoder_decoder import VAE
from vae_lib.latent_space import interpolate
from vae_lib.objective import kl_to_standard_normal
from vae_lib.variants import conv_vae


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def small_vae(**options):
    torch.manual_seed(0)
    return VAE(16, 3, hidden=(8,), **options).requires_grad_(False)


def grey_images(n, D=16):
    return torch.randint(0, 256, (n, D), generator=generator()) / 255


def explorer_of(vae):
    return LatentExplorer.from_vae(vae, grey_images(6), torch.tensor([0, 1, 2, 0, 1, 2]))


def in_javascript(code, **data):
    return run_node(LatentExplorer._esm, f"console.log(JSON.stringify({code}));", data)


# ---------------------------------------------------------------- what the page computes


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_terms_of_the_elbo_agree_with_torch(likelihood):
    vae = small_vae(likelihood=likelihood)
    explorer, x = explorer_of(vae), grey_images(6)[4]
    packed = [
        base64.b64encode(part).decode() for part in (explorer.encoder, explorer.decoder)
    ]
    code = """(() => {
        const load = (packed) => loadNetwork(Buffer.from(packed, "base64"));
        const [encode, decode] = data.packed.map(load);
        const q = posterior(encode, data.x);
        const normal = normals(1);
        const draws = Array.from({ length: N_DRAWS }, () => q.mu.map(() => normal()));
        const here = logLikelihood(data.likelihood, data.x, decode(data.z));
        const image = Array.from(meanImage(data.likelihood, decode(data.z)));
        const terms = elboTerms(decode, data.likelihood, data.x, q);
        return { q, draws, here, image, terms };
    })()"""
    z = [0.3, -1.0, 2.0]
    page = in_javascript(
        code, packed=packed, x=x.tolist(), z=z, likelihood=explorer.likelihood
    )
    close = {"atol": 2e-3, "rtol": 1e-4}
    mu, log_var = vae.encode(x)
    sigma = torch.exp(0.5 * log_var)
    torch.testing.assert_close(torch.tensor(page["q"]["mu"]), mu, **close)
    torch.testing.assert_close(torch.tensor(page["q"]["sigma"]), sigma, **close)
    here = vae.decoder.log_likelihood(x, torch.tensor(z)).item()
    assert page["here"] == pytest.approx(here, abs=5e-3)
    torch.testing.assert_close(
        torch.tensor(page["image"]), vae.decode(torch.tensor(z)), **close
    )
    draws = vae.decoder.log_likelihood(x, mu + sigma * torch.tensor(page["draws"]))
    terms, kl = page["terms"], kl_to_standard_normal(mu, log_var).sum().item()
    assert terms["reconstruction"] == pytest.approx(draws.mean().item(), abs=5e-3)
    error = draws.std().item() / len(draws) ** 0.5
    assert terms["error"] == pytest.approx(error, rel=0.02)
    assert terms["kl"] == pytest.approx(kl, abs=5e-3)
    assert terms["elbo"] == pytest.approx(terms["reconstruction"] - terms["kl"])


def test_the_pages_random_numbers_are_standard_normal_and_repeat():
    draw = "(() => { const n = normals(1); return Array.from({ length: 4000 }, n); })()"
    numbers = torch.tensor(in_javascript(draw), dtype=torch.float64)
    n = len(numbers)
    assert abs(numbers.mean()) < 5 / n**0.5
    assert abs(numbers.square().mean() - 1) < 5 * (2 / n) ** 0.5
    assert abs((numbers[1:] * numbers[:-1]).mean()) < 5 / n**0.5
    assert in_javascript(draw) == numbers.tolist()


SEVEN = [[[0.2, 0.1], [0.6, 0.12], [0.4, 0.7]], [[0.3, 0.4], [0.5, 0.4]]]


def rasterized(strokes, side=28):
    code = "Array.from(rasterize(data.strokes, data.side))"
    return torch.tensor(in_javascript(code, strokes=strokes, side=side)).view(side, side)


def centre_of_mass(image):
    places = torch.arange(len(image)) + 0.5
    rows, columns = image.sum(dim=1), image.sum(dim=0)
    return torch.stack([places @ columns, places @ rows]) / image.sum()


def test_a_drawing_is_centred_and_scaled_like_mnist():
    image = rasterized(SEVEN)
    assert 0 <= image.min() and image.max() == 1
    torch.testing.assert_close(
        centre_of_mass(image), torch.full((2,), 14.0), atol=0.1, rtol=0
    )
    inked = (image > 0.5).nonzero()
    extent = (inked.max(dim=0).values - inked.min(dim=0).values + 1).max()
    assert 18 <= extent <= 21


def test_where_and_how_large_a_reader_draws_does_not_matter():
    small = [[[0.5 + 0.1 * a, 0.3 + 0.1 * b] for a, b in stroke] for stroke in SEVEN]
    torch.testing.assert_close(rasterized(small), rasterized(SEVEN), atol=1e-4, rtol=0)


@pytest.mark.parametrize("strokes", [[[[0.1, 0.9]]], [[[0.1, 0.1]] * 3], []])
def test_a_dot_or_nothing_is_an_image_too(strokes):
    image = rasterized(strokes)
    assert image.isfinite().all() and (image.sum() > 0) == bool(strokes)


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        ("straight", [[1.0, 2.0, -0.5], [-1.0, 0.5, 3.0]]),
        ("spherical", [[1.0, 2.0, -0.5], [-1.0, 0.5, 3.0]]),
        ("spherical", [[1.0, 2.0, -0.5], [3.0, 6.0, -1.5]]),  # one direction, two lengths
    ],
)
def test_the_strips_ways_are_those_of_interpolate(kind, ends):
    code = "data.t.map((t) => onTheWay(...data.ends, t, data.kind === 'spherical'))"
    t = [n / 8 for n in range(9)]
    page = in_javascript(code, ends=ends, t=t, kind=kind)
    expected = interpolate(*torch.tensor(ends, dtype=torch.float64), 9, kind)
    torch.testing.assert_close(torch.tensor(page, dtype=torch.float64), expected)


def test_between_opposite_ends_or_from_the_origin_the_way_is_straight():
    ways = "[[1, 0], [0, 0]].map((a) => onTheWay(a, [-2, 0], 0.5, true))"
    assert in_javascript(ways) == [[-0.5, 0], [-1, 0]]


# ---------------------------------------------------------------- Python's side


def test_from_vae_starts_at_the_first_image():
    vae = small_vae()
    explorer = explorer_of(vae)
    x = grey_images(6)[0]
    assert explorer.selected == 0 and explorer.labels == ["0", "1", "2", "0", "1", "2"]
    torch.testing.assert_close(torch.tensor(explorer.x), x)
    torch.testing.assert_close(
        torch.tensor(explorer.z), vae.encode(x)[0], atol=2e-3, rtol=0
    )
    torch.testing.assert_close(
        explorer.decoded(), vae.decode(torch.tensor(explorer.z)), atol=2e-3, rtol=0
    )


def test_selecting_an_image_shows_it_and_moves_the_marker():
    explorer = explorer_of(small_vae())
    explorer.selected = 4
    torch.testing.assert_close(torch.tensor(explorer.x), grey_images(6)[4])
    assert explorer.z == explorer.posterior()[0].tolist()


def test_an_image_of_ones_own_is_encoded_and_no_test_image_is_selected():
    explorer = explorer_of(small_vae())
    before = explorer.z
    explorer.x = [0.5] * 16
    assert explorer.selected is None and explorer.z != before
    explorer.selected = 0
    assert explorer.z == before


def test_moving_the_marker_leaves_the_image_alone():
    explorer = explorer_of(small_vae())
    x = explorer.x
    explorer.z = [0.0, 1.0, -1.0]
    assert (explorer.x, explorer.selected) == (x, 0)


def test_what_the_page_sends_is_taken_as_it_is():
    explorer = explorer_of(small_vae())
    drawn = {"x": [0.25] * 16, "selected": None, "z": [0.1, 0.2, 0.3]}
    explorer.set_state(drawn)
    assert {name: getattr(explorer, name) for name in drawn} == drawn


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("z", [1.0], "list of 3 finite numbers"),
        ("z", [1.0, 2.0, float("nan")], "list of 3 finite numbers"),
        ("x", [0.0] * 15, "list of 16 grey levels"),
        ("x", [2.0] * 16, r"grey levels in \[0, 1\]"),
        ("selected", 6, "in 0 to 5, got 6"),
    ],
)
def test_values_that_make_no_sense_are_refused(name, value, message):
    explorer = explorer_of(small_vae())
    before = getattr(explorer, name)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


@pytest.mark.parametrize(
    ("vae", "data", "labels", "error", "message"),
    [
        (VAE(16, 1, (4,)), grey_images(2), [1, 2], ValueError, "2 to 20 latents, not 1"),
        (small_vae(), grey_images(2), [1], ValueError, "2, 16\\) and 1 labels"),
        (small_vae(), grey_images(2, 9), [1, 2], ValueError, r"\(n, 16\)"),
        (small_vae(), 2 * grey_images(2), [1, 2], ValueError, r"lie in \[0, 1\]"),
        (small_vae(), grey_images(2) - 0.9, [1, 2], ValueError, "table are no pictures"),
        (VAE(12, 2, (4,)), grey_images(2, 12), [1, 2], ValueError, "square image"),
        (
            VAE(36, 2, (4,)),
            grey_images(2, 36),
            [1, 2],
            ValueError,
            r"grey square, .* shape=\(1, 6, 6\) or shape=\(3, rows, columns\)",
        ),
    ],
)
def test_from_vae_says_what_does_not_fit(vae, data, labels, error, message):
    with pytest.raises(error, match=message):
        LatentExplorer.from_vae(vae, data, labels)


def test_the_shape_is_the_models_and_no_other():
    vae, images = VAE(60, 2, (8,)), grey_images(3, 60)
    vae.shape = (3, 5, 4)
    assert LatentExplorer.from_vae(vae, images).shape == [3, 5, 4]
    with pytest.raises(ValueError, match=r"\(3, 4, 5\) are not .* shape \(3, 5, 4\)"):
        LatentExplorer.from_vae(vae, images, shape=(3, 4, 5))


def test_the_plane_can_open_on_the_latents_that_say_most():
    vae = VAE(16, 4, ())
    with (
        torch.no_grad()
    ):  # the means of z_2 and z_4 move with the image, those of others not
        vae.encoder.net[0].weight.zero_()
        vae.encoder.net[0].bias.zero_()
        vae.encoder.net[0].weight[[1, 3], 0] = torch.tensor([1.0, 3.0])
    assert LatentExplorer.from_vae(vae, grey_images(6)).axes == [0, 1]
    explorer = LatentExplorer.from_vae(vae, grey_images(6), by_kl=True)
    assert (
        explorer.axes
        == kl_per_dimension(vae, grey_images(6)).topk(2).indices.tolist()[::-1]
    )
    assert explorer.axes == [1, 3]
    first = LatentExplorer.from_vae(vae, grey_images(6))
    assert explorer.still() != first.still()


def test_a_layer_that_the_page_cannot_run_is_named():
    vae = small_vae()
    vae.decoder.net[1] = torch.nn.GLU()
    with pytest.raises(PackError, match=r"Sequential\.1 is a GLU"):
        explorer_of(vae)


def test_a_decoder_whose_density_the_page_does_not_know_is_refused():
    """Its numbers would be those of another density, and nobody would see it."""

    class Shifted(torch.nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

    vae = small_vae()
    vae.decoder = Shifted(vae.decoder.net)
    with pytest.raises(ValueError, match="BernoulliDecoder and .* not that of a Shifted"):
        explorer_of(vae)


def test_the_explorer_keeps_its_own_copy_of_the_model():
    vae = small_vae()
    explorer = explorer_of(vae)
    before = explorer.decoded()
    vae.decoder.net[0].weight.zero_()
    torch.testing.assert_close(explorer.decoded(), before)


COLOURS = {"shape": (3, 4, 5), "labels": ["cat", "dog", "cat"]}


@pytest.mark.parametrize(
    "make", [lambda: VAE(60, 2, (8,)), lambda: conv_vae((3, 4, 5), 2, (2,))]
)
def test_colours_oblong_pictures_and_convolutions(make):
    torch.manual_seed(0)
    vae, images = make().eval(), grey_images(3, 60)
    explorer = LatentExplorer.from_vae(vae, images, **COLOURS)
    decoded = vae.decode(torch.tensor(explorer.z)).detach()
    torch.testing.assert_close(explorer.decoded(), decoded, atol=2e-3, rtol=0)
    assert explorer.shape == [3, 4, 5] and "draw here" not in explorer.markup()
    assert 'width="5" height="4"' in explorer.markup()
    assert Image.open(io.BytesIO(explorer.still())).size == (560, 350)
    explorer.selected = 2
    torch.testing.assert_close(torch.tensor(explorer.x), images[2])


def test_bytes_and_labels_that_are_missing_or_long():
    vae = small_vae()
    bytes_of = (255 * grey_images(6)).round().byte()
    explorer = LatentExplorer.from_vae(vae.double(), bytes_of)
    assert explorer.images == explorer_of(vae).images and set(explorer.labels) == {"•"}
    explorer.labels = ["no_entry $5", "b", "•", "_", "ü1", "x"]
    explorer.still()  # what a name holds is no formula
    with pytest.raises(ValueError, match=r"16 pixels do not fill \(3, 4, 4\)"):
        LatentExplorer.from_vae(vae, bytes_of, shape=(3, 4, 4))


def test_paint_puts_colours_and_ink_where_they_belong():
    """A canvas of two pixels: red and white of three channels, ink and paper of one."""
    code = """(() => {
        const put = (image, shape) => {
            let out;
            const createImageData = (w, h) => ({ data: new Array(4 * w * h) });
            const putImageData = (pixels) => (out = pixels.data);
            paint({ getContext: () => ({ createImageData, putImageData }) }, image, shape);
            return out;
        };
        return [put([1, 1, 0, 1, 0, 1], [3, 1, 2]), put([1, 0], [1, 2, 1])];
    })()"""
    colours, ink = in_javascript(code)
    assert colours == [255, 0, 0, 255, 255, 255, 255, 255]
    assert ink == [0, 0, 0, 255, 255, 255, 255, 255]


def test_a_notebook_without_javascript_shows_a_still():
    data, _ = explorer_of(small_vae())._repr_mimebundle_()
    still = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert still.size == (560, 350)
    json.dumps(data)  # a bundle is JSON
