"""The latent explorer on the built page of its chapter: no kernel, no network."""

import io

import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from explorers import LatentExplorer
from explorers.weights import TEN, load_vae
from tests.pages.conftest import finger, open_page
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.latent_space import interpolate
from vae_lib.objective import kl_to_standard_normal

CHAPTER = "08-latent-space"
PIXELS = """canvas => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return Array.from(data.filter((_, i) => i % 4 === 0));
}"""
AT_REST = """() => new Promise(rested => {
    let [last, frames] = [NaN, 0];
    const look = () => {
        frames = scrollY === last ? frames + 1 : 0;
        last = scrollY;
        frames === 15 ? rested() : requestAnimationFrame(look);
    };
    look();
})"""


@pytest.fixture(scope="module")
def model():
    vae, _ = load_vae()
    return vae.requires_grad_(False)


@pytest.fixture(scope="module")
def images():
    return load_mnist().test_images[:300]


class Explorer:
    """The figure, as a reader meets it."""

    def __init__(self, page, which=0):
        self.page, self.root = page, page.locator(".latent-explorer").nth(which)
        self.plane = self.root.locator("canvas.plane")
        self.sheet = self.root.locator(".input .sheet")
        self.sliders = self.root.locator(".latents input")
        self.pick = self.root.locator(".facts input")
        self.root.wait_for()
        self.plane.scroll_into_view_if_needed()

    def settle(self):
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def start(self):
        """The first test image, in whatever state the last test left the figure."""
        self.button("Set A").wait_for()
        self.pick.fill("1")
        self.pick.fill("0")
        self.root.get_by_role("radio", name="test images").check()
        self.settle()
        return self

    def button(self, name):
        return self.root.get_by_role("button", name=name)

    def z(self):
        texts = self.root.locator(".latents output").all_inner_texts()
        return [float(text.replace("−", "-")) for text in texts]

    def comes_to(self, z):
        """A finger's move reaches the figure when the browser finds the time."""
        for _ in range(100):
            self.settle()
            if self.z() == pytest.approx(z, abs=0.05):
                return
            self.page.wait_for_timeout(50)
        assert self.z() == pytest.approx(z, abs=0.05)

    def value(self, row):
        text = self.root.locator(f"tr.{row} td").inner_text()
        return float(text.split(" ")[0].replace("−", "-"))

    def picture(self, name):
        """Grey levels of a canvas, 0 to 255, by rows."""
        self.settle()
        canvas = self.root.locator(f"canvas.{name}")
        grey = torch.tensor(canvas.evaluate(PIXELS), dtype=torch.float32)
        return grey.view(canvas.evaluate("c => c.height"), -1)

    def move_to(self, z):
        for slider, value in zip(self.sliders.all(), z, strict=True):
            slider.fill(str(value))
        self.settle()

    def place(self, z_1, z_2):
        """Where a point of the plane is on the screen; the scale takes 22 px."""
        box = self.plane.bounding_box()
        unit = (box["width"] - 23) / 8
        return box["x"] + 22 + unit * (4 + z_1), box["y"] + 1 + unit * (4 - z_2)

    def draw(self, *strokes):
        box = self.sheet.bounding_box()
        for stroke in strokes:
            points = [
                (box["x"] + a * box["width"], box["y"] + b * box["height"])
                for a, b in stroke
            ]
            self.page.mouse.move(*points[0])
            self.page.mouse.down()
            for point in points[1:]:
                self.page.mouse.move(*point, steps=8)
            self.page.mouse.up()
        self.settle()


def grey(image):
    """As the page paints an image: dark ink on white."""
    return 255 * (1 - image.view(28, 28))


def agrees(picture, image, tolerance=2):
    return (picture - grey(image)).abs().max() <= tolerance


@pytest.fixture(scope="module")
def shared(browser, html):
    """One page for the tests that a mouse and a keyboard can do."""
    page = open_page(browser, (html / f"{CHAPTER}.html").as_uri(), height=1000)
    yield Explorer(page)
    assert page.faults == []
    page.context.close()


@pytest.fixture
def explorer(shared):
    return shared.start()


def test_a_test_image_is_encoded_and_decoded_as_torch_does_it(explorer, model, images):
    explorer.pick.fill("17")
    x, (mu, log_var) = images[17], model.encode(images[17])
    assert agrees(explorer.picture("image:not(.decoded)"), x)
    assert agrees(explorer.picture("decoded"), model.decode(mu))
    assert explorer.z() == pytest.approx(mu.tolist(), abs=0.006)
    kl = kl_to_standard_normal(mu, log_var).sum().item()
    assert explorer.value("kl") == pytest.approx(kl, abs=0.06)
    here = model.decoder.log_likelihood(x, mu).item()
    assert explorer.value("here") == pytest.approx(here, abs=0.06)
    epsilon = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    z = mu + torch.exp(0.5 * log_var) * epsilon
    values = model.decoder.log_likelihood(x, z)
    error = values.std().item() / 32**0.5
    shown = explorer.value("reconstruction")
    assert abs(shown - values.mean().item()) < 5 * error + 0.06
    assert explorer.value("elbo") == pytest.approx(shown - explorer.value("kl"), abs=0.11)


@pytest.mark.parametrize("z", [[0.5, -1.0], [-2.35, 1.8], [0.0, 0.0], [4.0, -4.0]])
def test_the_sliders_draw_what_torch_decodes(explorer, model, z):
    explorer.move_to(z)
    assert explorer.z() == z
    assert agrees(explorer.picture("decoded"), model.decode(torch.tensor(z)))


def test_a_slider_moves_by_its_arrow_keys_and_says_its_value(explorer):
    explorer.move_to([1.0, 0.0])
    explorer.sliders.first.focus()
    explorer.page.keyboard.press("ArrowRight")
    explorer.settle()
    assert explorer.z() == [1.05, 0.0]
    assert explorer.sliders.first.get_attribute("aria-valuetext") == "1.05"


def test_the_marker_is_dragged_and_the_picture_follows(explorer, model):
    mouse = explorer.page.mouse
    mouse.move(*explorer.place(0.5, 0.5))
    mouse.down()
    mouse.move(*explorer.place(-1.5, 2.0), steps=10)
    explorer.settle()
    assert explorer.z() == pytest.approx([-1.5, 2.0], abs=0.03)
    mouse.move(*explorer.place(9.0, 2.0))  # off the plane: it stays at the edge
    mouse.up()
    explorer.settle()
    assert explorer.z() == pytest.approx([4.0, 2.0], abs=0.03)
    mouse.move(*explorer.place(0.0, 0.0))  # let go
    explorer.settle()
    assert explorer.z()[0] == 4.0


def test_the_arrow_keys_move_the_marker_and_home_brings_it_back(explorer):
    home = explorer.z()
    explorer.move_to([0.0, 0.0])
    explorer.plane.focus()
    for key in ["ArrowRight", "ArrowUp", "ArrowUp", "Shift+ArrowLeft", "Shift+ArrowDown"]:
        explorer.page.keyboard.press(key)
    explorer.settle()
    assert explorer.z() == pytest.approx([-0.4, -0.3])
    explorer.page.keyboard.press("Home")
    explorer.settle()
    assert explorer.z() == home


def test_away_from_the_mean_the_image_becomes_less_likely(explorer):
    best, elbo = explorer.value("here"), explorer.value("elbo")
    explorer.move_to([3.0, -3.0])
    assert explorer.value("here") < best - 20
    assert explorer.value("elbo") == elbo  # the ELBO is about x, not about the marker


def test_samples_stay_near_the_mean_and_differ(explorer, model, images):
    mu, log_var = model.encode(images[0])
    seen = set()
    for _ in range(4):
        explorer.button("Sample").click()
        explorer.settle()
        seen.add(tuple(explorer.z()))
        away = (torch.tensor(explorer.z()) - mu).abs() - 0.006
        assert (away < 5 * torch.exp(0.5 * log_var)).all()
    assert len(seen) > 1
    explorer.button("To the mean").click()
    explorer.settle()
    assert explorer.z() == pytest.approx(mu.tolist(), abs=0.006)


def test_a_drawing_is_encoded_and_can_be_discarded(explorer):
    before, elbo = explorer.z(), explorer.value("elbo")
    assert explorer.button("Discard").is_disabled()
    explorer.draw([(0.5, 0.2), (0.47, 0.8)])
    label = explorer.root.locator(".image:not(.decoded)").get_attribute("aria-label")
    assert "your image" in label
    drawn = explorer.picture("image:not(.decoded)")
    columns = (drawn < 128).any(dim=0).nonzero()
    assert 12 <= columns.min() and columns.max() <= 15  # a thin one, in the middle
    assert explorer.z() != before and explorer.value("elbo") != elbo
    explorer.draw([(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)])  # strokes add up
    crossed = explorer.picture("image:not(.decoded)")
    assert (crossed < 128).sum() > 1.5 * (drawn < 128).sum()
    explorer.button("Discard").click()
    explorer.settle()
    assert (explorer.z(), explorer.value("elbo")) == (before, elbo)
    assert explorer.button("Discard").is_disabled()


def test_the_nearest_test_image_is_picked(explorer, model, images):
    explorer.move_to([0.5, -0.5])
    distances = (model.encode(images)[0] - torch.tensor([0.5, -0.5])).norm(dim=1)
    explorer.button("Nearest").click()
    explorer.settle()
    assert explorer.pick.input_value() == str(distances.argmin().item())


def test_the_strip_shows_the_line_from_a_to_b(explorer, model):
    a, b = torch.tensor([-2.0, 1.0]), torch.tensor([1.5, -0.5])
    for name, z in [("Set A", a), ("Set B", b)]:
        explorer.move_to(z.tolist())
        explorer.button(name).click()
    strip = explorer.picture("strip")
    for n in range(9):
        tile = strip[:, 30 * n : 30 * n + 28]
        assert agrees(tile, model.decode(a + (b - a) * n / 8)), n
    label = explorer.root.locator("canvas.strip").get_attribute("aria-label")
    assert "(−2.0, 1.0) to B (1.5, −0.5)" in label


def test_the_plane_shows_the_decoded_images_instead(explorer):
    def ink():
        explorer.settle()
        return explorer.plane.evaluate(f"c => ({PIXELS})(c).filter(v => v < 200).length")

    digits = ink()
    explorer.root.get_by_role("radio", name="decoded images").check()
    assert ink() > 1.5 * digits
    explorer.root.get_by_role("radio", name="test images").check()
    assert ink() == digits


def test_every_control_keeps_its_keys_and_shows_its_focus(explorer):
    controls = explorer.root.locator("button:enabled, input, select, [tabindex]")
    assert controls.count() == 2 + 1 + 2 + 1 + 5
    for control in controls.all():
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
        control.focus()
        explorer.page.keyboard.press("Shift")  # a key makes the focus visible
        outline = control.evaluate("e => getComputedStyle(e).outlineWidth")
        assert outline == "3px"


def test_a_screen_reader_hears_the_state_once_it_rests(explorer):
    explorer.plane.focus()
    # all at once: on a busy machine keys from outside may come at a reader's resting pace,
    # and what was said of an earlier move would come between
    explorer.root.evaluate(
        """root => {
            const [live, plane] = [".live", ".plane"].map(c => root.querySelector(c));
            window.spoken = [];
            new MutationObserver(() => window.spoken.push(live.textContent))
                .observe(live, { childList: true });
            for (let n = 0; n < 10; n++) plane.dispatchEvent(
                new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
        }"""
    )
    explorer.page.wait_for_function("() => window.spoken.length > 0")
    explorer.page.wait_for_timeout(800)  # longer than its rest: nothing more is said
    (spoken,) = explorer.page.evaluate("() => window.spoken")
    assert "nats" in spoken and spoken.startswith("z is (")


def test_the_part_of_the_model_that_is_touched_lights_up(explorer):
    def lit():
        explorer.settle()
        names = "es => es.map(e => e.classList[0])"
        touched = explorer.root.locator(".way .touched").evaluate_all(names)
        return touched, set(explorer.root.locator(".way .lit").evaluate_all(names))

    explorer.sliders.first.fill("1.5")
    assert lit() == (["z"], {"decoder", "x_hat"})
    explorer.draw([(0.5, 0.2), (0.47, 0.8)])
    assert lit() == (["x"], {"encoder", "mu", "sigma", "z", "decoder", "x_hat"})
    explorer.button("Sample").click()
    assert lit() == (["epsilon"], {"mu", "sigma", "z", "decoder", "x_hat"})
    explorer.button("To the mean").click()
    assert lit() == (["mu"], {"z", "decoder", "x_hat"})


def test_ten_sliders_draw_what_torch_decodes_and_the_strip_goes_both_ways(shared):
    explorer = Explorer(shared.page, which=1).start()
    vae, _ = load_vae(TEN)
    ends = torch.tensor([[0.5, -1, 2, 0, 0, 1, -0.5, 0, 1.5, -2], [1.0] * 5 + [0.0] * 5])
    for name, z in zip(["Set A", "Set B"], ends, strict=True):
        explorer.move_to(z.tolist())
        assert agrees(explorer.picture("decoded"), vae.decode(z).detach())
        explorer.button(name).click()
    strip = explorer.picture("strip")
    for row, kind in enumerate(["straight", "spherical"]):
        for n, z in enumerate(interpolate(*ends, 9, kind)):
            tile = strip[30 * row : 30 * row + 28, 30 * n : 30 * n + 28]
            assert agrees(tile, vae.decode(z).detach()), (kind, n)


def test_nothing_animates_so_reduced_motion_changes_nothing(explorer):
    explorer.page.emulate_media(reduced_motion="reduce")
    explorer.move_to([1.0, 1.0])
    moving = explorer.root.evaluate("e => e.getAnimations({ subtree: true }).length")
    assert moving == 0 and explorer.z() == [1.0, 1.0]
    explorer.page.emulate_media(reduced_motion="no-preference")


def test_it_follows_the_width_of_the_page(explorer, model):
    explorer.move_to([0.5, -1.0])
    wide = explorer.plane.bounding_box()["width"]
    explorer.page.set_viewport_size({"width": 600, "height": 900})
    explorer.settle()
    try:
        assert explorer.plane.bounding_box()["width"] > wide  # one column now
        ratio = explorer.plane.evaluate("c => c.width / c.clientWidth / devicePixelRatio")
        assert ratio == pytest.approx(1, abs=0.01)
        assert agrees(explorer.picture("decoded"), model.decode(torch.tensor([0.5, -1.0])))
    finally:
        explorer.page.set_viewport_size({"width": 1280, "height": 1000})
        explorer.settle()


def test_a_finger_taps_drags_and_scrolls_on_a_phone_in_the_dark(visit, html):
    page = visit(
        (html / f"{CHAPTER}.html").as_uri(), width=390, height=844, theme="dark",
        has_touch=True, is_mobile=True, device_scale_factor=2,
    )  # fmt: skip
    explorer = Explorer(page)
    explorer.settle()
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    for canvas in (explorer.root.locator(".strip"), explorer.sheet, explorer.plane):
        canvas.scroll_into_view_if_needed()
        page.evaluate(AT_REST)
        picture = Image.open(io.BytesIO(canvas.screenshot())).convert("L")
        assert picture.getpixel((picture.width - 8, picture.height - 8)) < 60
    page.touchscreen.tap(*explorer.place(1.0, -1.0))
    explorer.comes_to([1.0, -1.0])

    page.evaluate(AT_REST)
    scrolled = page.evaluate("() => scrollY")
    steps = [explorer.place(1.0 - n / 4, -1.0 + n / 2) for n in range(5)]
    finger(page, *steps)
    explorer.comes_to([0.0, 1.0])
    assert page.evaluate("() => scrollY") == scrolled
    finger(page, *[explorer.place(-3.0, -3.0 + n) for n in range(5)])  # not at the marker
    page.wait_for_function("before => scrollY !== before", arg=scrolled)
    page.evaluate(AT_REST)  # a page glides on after the finger
    assert explorer.z() == pytest.approx([0.0, 1.0], abs=0.05)
    explorer.sheet.scroll_into_view_if_needed()
    page.evaluate(AT_REST)
    scrolled, box = page.evaluate("() => scrollY"), explorer.sheet.bounding_box()
    finger(page, *[(box["x"] + 60, box["y"] + 20 * n) for n in range(1, 7)])
    expect(explorer.button("Discard")).to_be_enabled()
    assert page.evaluate("() => scrollY") == scrolled


def test_a_saved_file_moves_without_a_kernel_or_a_network(visit, tmp_path):
    """From pictures of one's own: colours, upright, on two latents of four."""
    torch.manual_seed(0)
    vae = VAE(3 * 6 * 4, 4, (8,))
    vae.decoder.net[-1].bias.detach().copy_(torch.linspace(-2, 2, 72))
    images = torch.rand(5, 72, generator=torch.Generator().manual_seed(1))
    names = ["</script>", "b", "c", "d", "e"]
    explorer = LatentExplorer.from_vae(vae, images, names, (3, 6, 4))
    explorer.axes = [1, 3]
    explorer.save_html(tmp_path / "mine.html", "Mine & yours")
    page = visit((tmp_path / "mine.html").as_uri())
    figure = Explorer(page)
    figure.settle()
    assert page.title() == "Mine & yours" and page.faults == []
    assert page.locator(".explorer-still, .explorer-room").count() == 0
    assert [menu.input_value() for menu in figure.root.locator("select").all()] == [
        "1",
        "3",
    ]
    assert figure.z() == pytest.approx(explorer.z, abs=0.006)
    figure.sliders.nth(2).fill("1.5")
    figure.settle()
    explorer.z = [*explorer.z[:2], 1.5, explorer.z[3]]
    red = 255 * explorer.decoded()[:24]
    shown = figure.picture("decoded").flatten()
    torch.testing.assert_close(shown, red, atol=1.5, rtol=0)
    figure.pick.fill("3")
    figure.settle()
    explorer.selected = 3
    assert figure.z() == pytest.approx(explorer.z, abs=0.006)
