"""The figures that move, on the built pages: without a kernel, in every way."""

from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_diabetes

from tests.pages.conftest import finger
from tests.pages.test_pages import address
from vae_lib.maximum_likelihood import gaussian_log_likelihood
from vae_lib.reproduce import finished

KILOBYTE = 1024


def readout(page, label: str) -> float:
    text = page.locator(".readout", has_text=label).locator("b").first.inner_text()
    return float(text.replace("−", "-").replace(",", ""))


def next_frame(page):
    """What waits for a frame is drawn, and resize observers have reported."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
    )


def likelihood(mu: float, sigma: float) -> float:
    """Of the twenty patients of the first chapter."""
    x = torch.tensor(load_diabetes(scaled=False).data[:20, 3])
    return round(gaussian_log_likelihood(x, mu, sigma).item(), 2)


def test_what_the_figures_of_a_page_load_is_small(html):
    sizes = {file.name: file.stat().st_size for file in html.glob("_static/explorers/*")}
    assert sizes and all(Path(name).suffix in (".css", ".js") for name in sizes)
    for page in html.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = sum(size for name, size in sizes.items() if name in text)
        assert loaded < 1024 * KILOBYTE, f"{page.name} loads {loaded} bytes"


def test_no_page_holds_the_state_of_widgets(html):
    for page in html.glob("*.html"):
        assert "application/vnd.jupyter.widget" not in page.read_text(encoding="utf-8")


def test_keys_mouse_and_resizing_move_the_likelihood(visit, html):
    page = visit(address(html, "01-maximum-likelihood"))
    figure = page.locator(".expression-explorer")
    slider = figure.get_by_role("slider", name="μ")
    assert readout(page, "log-likelihood") == likelihood(86, 17)

    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    next_frame(page)
    assert readout(page, "log-likelihood") == likelihood(86.5, 17)
    said = slider.get_attribute("aria-valuetext")
    assert said.startswith("86.5; log-likelihood −") and "nats" in said
    assert slider.evaluate("s => getComputedStyle(s).outlineStyle") == "solid"
    assert "below the top" in figure.locator("svg[role=img]").last.get_attribute(
        "aria-label"
    )

    # to the cross, from wherever the width puts both
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        next_frame(page)
        handle, top = figure.locator(".handle"), figure.locator("g > .cross").last
        handle.scroll_into_view_if_needed()
        (x, y), (to_x, to_y) = (
            (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            for box in (handle.bounding_box(), top.bounding_box())
        )
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move((x + to_x) / 2, (y + to_y) / 2)
        page.mouse.move(to_x, to_y)
        page.mouse.up()
        next_frame(page)
        assert readout(page, "below the top") < 0.05
        assert slider.input_value() in ("94.5", "95")
        page.keyboard.press("Home")
        next_frame(page)
        slider.focus()
        page.keyboard.press("Home")
        next_frame(page)
        assert readout(page, "below the top") > 5
    assert page.faults == []


def test_a_finger_moves_the_point_and_scrolls_beside_it(visit, html):
    page = visit(address(html, "04-elbo"), width=390, has_touch=True, is_mobile=True)
    slider = page.get_by_role("slider", name="mean μ")
    figure = page.locator(".expression-explorer", has=slider)
    handle = figure.locator(".handle").first
    handle.scroll_into_view_if_needed()
    plot = figure.locator("svg[role=img]").first
    assert plot.evaluate("p => getComputedStyle(p).touchAction") == "auto"
    grip = handle.locator(".grip").bounding_box()
    assert min(grip["width"], grip["height"]) >= 44
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    finger(page, *[(x + shift, y) for shift in range(0, 90, 15)])
    page.wait_for_function("s => s.valueAsNumber > 0.5", arg=slider.element_handle())
    next_frame(page)
    total = readout(page, "ELBO") + readout(page, "KL")
    assert readout(page, "their sum") == pytest.approx(total, abs=0.011)


def test_a_blob_is_dragged_along_its_parabola_and_the_cross_off_the_band(visit, html):
    page = visit(address(html, "04-elbo"))
    figure = page.locator(".expression-explorer", has_text="the area")
    blob, cross = figure.locator(".handle").all()[:2]
    prior, likelihood = readout(page, "p(z)"), readout(page, "p(x | z)")
    held_and_moved(page, blob, right=120, up=60)
    assert readout(page, "p(z)") < prior and readout(page, "p(x | z)") != likelihood
    assert readout(page, "the area") == pytest.approx(0.091)
    held_and_moved(page, cross, right=0, up=60)
    assert readout(page, "the area") < 0.002
    assert page.faults == []


def test_samples_are_revealed_and_the_sign_is_switched(visit, html):
    page = visit(address(html, "02-monte-carlo"))
    slider = page.get_by_role("slider", name="samples N")
    dots = page.locator(".expression-explorer .dots").nth(1)  # the first is in the legend

    def revealed() -> int:
        return page.locator(".panel > svg .dots").first.get_attribute("d").count("M")

    assert dots.count() == 1 and revealed() == 1000
    slider.focus()
    page.keyboard.press("Home")
    next_frame(page)
    assert revealed() == 2
    page.keyboard.press("End")
    next_frame(page)
    assert revealed() == 1000

    page = visit(address(html, "06-objective"))
    rec, kl = readout(page, "reconstruction"), readout(page, "KL")
    assert readout(page, "objective") == pytest.approx(rec - kl, abs=0.011)
    page.get_by_role("checkbox", name="wrong sign").focus()
    page.keyboard.press("Space")
    next_frame(page)
    assert readout(page, "objective") == pytest.approx(rec + kl, abs=0.011)


def held_and_moved(page, handle, right: float, up: float):
    """Take a handle by the mouse and bring it so many pixels away."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y - up, steps=3)
    page.mouse.up()
    next_frame(page)


def test_two_bumps_are_dragged_and_both_fits_follow(visit, html):
    page = visit(address(html, "03-kl-and-mle"))
    figure = page.locator(".expression-explorer").nth(1)
    sliders = {
        name: figure.get_by_role("slider", name=name)
        for name in ("left bump", "right bump", "left width", "right width", "share")
    }

    def values():
        return {name: float(slider.input_value()) for name, slider in sliders.items()}

    before, handles = values(), figure.locator(".handle")
    held_and_moved(page, handles.nth(2), right=40, up=20)  # the left dot
    after = values()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"left bump", "share"}
    assert after["left bump"] > before["left bump"] and after["share"] > before["share"]
    held_and_moved(page, handles.nth(1), right=30, up=0)  # the right cross
    assert values()["right width"] > 0.7 and values()["left width"] == 0.7
    page.mouse.click(*nearby(handles.nth(3)))  # beside the right dot, which comes
    next_frame(page)
    assert values()["right bump"] != before["right bump"]
    assert values()["left bump"] == after["left bump"]

    for name, value in (before | {"left bump": -1.5, "right bump": 1.5}).items():
        sliders[name].fill(f"{value:g}")
    next_frame(page)
    assert readout(page, "distance") == 3.0
    ends = [readout(page, f"from the {s}") for s in ("left", "right", "forward fit")]
    assert ends == [readout(page, "best reverse KL")] * 3  # one minimum
    sliders["left bump"].fill("-2.5")
    next_frame(page)
    ends = [readout(page, f"from the {s}") for s in ("left", "right", "forward fit")]
    assert len(set(ends)) > 1 and min(ends) == readout(page, "best reverse KL")
    assert page.faults == []


def test_the_start_of_a_search_is_dragged_and_its_steps_are_taken(visit, html):
    page = visit(address(html, "03-kl-and-mle"))
    figure = page.locator(".expression-explorer").nth(2)
    start, spread, steps = (
        figure.get_by_role("slider", name=name) for name in ("start μ", "start σ", "steps")
    )
    assert readout(page, "after the steps") < readout(page, "reverse KL at the start")
    right = readout(page, "after the steps")
    in_the_plane = figure.locator(".panel").nth(1).locator(".handle")
    held_and_moved(page, in_the_plane, right=-180, up=0)
    assert float(start.input_value()) < -1
    assert readout(page, "after the steps") < right  # in the lower hollow
    wide = float(spread.input_value())
    held_and_moved(page, figure.locator(".panel").nth(0).locator(".handle"), right=0, up=30)
    assert float(spread.input_value()) < wide  # a higher bell is narrower

    values = []
    steps.focus()
    page.keyboard.press("Home")
    next_frame(page)
    values.append(readout(page, "after the steps"))
    assert values == [readout(page, "reverse KL at the start")]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        next_frame(page)
        values.append(readout(page, "after the steps"))
    assert values == sorted(values, reverse=True) and values[-1] < values[0]
    assert page.faults == []


def nearby(handle) -> tuple[float, float]:
    box = handle.bounding_box()
    return box["x"] - 12, box["y"] + box["height"] / 2


@pytest.mark.parametrize("name", ["03-kl-and-mle", "07-training", "10-variants"])
def test_sliders_begin_at_one_place_and_curves_end_at_the_axis(visit, html, name):
    page = visit(address(html, name), width=390)
    for figure in page.locator(".expression-explorer").all():
        begins = figure.locator("input[type=range]").evaluate_all(
            "inputs => inputs.map(input => input.getBoundingClientRect().x)"
        )
        assert max(begins) - min(begins) < 0.5
    below = page.locator(".panel > svg .curve").evaluate_all(
        """curves => curves.map(curve => {
            const name = curve.getAttribute("clip-path").slice(4, -1);
            const { y, height } = document.querySelector(name).firstElementChild;
            const axis = curve.closest("svg").querySelector(".axes > .axis");
            return y.baseVal.value + height.baseVal.value - axis.getBBox().y;
        })"""
    )
    assert below and max(below) < 1.5


def test_a_collapse_is_seen_to_happen(visit, html):
    page = visit(address(html, "07-training"))
    figure = page.locator(".expression-explorer").last
    epoch, beta, variance = (
        figure.get_by_role("slider", name=name) for name in ("epoch", "β", "σ")
    )
    runs = finished("collapse")
    heights = figure.locator(".panel").first.locator("text.tick[text-anchor=end]")
    for v, b, n, top in [("1", "1", 40, 2), ("0.05", "1", 40, 30), ("0.05", "4", 3, 20)]:
        beta.fill(str(["0.25", "1", "4"].index(b)))
        variance.fill(str(["1", "0.5", "0.25", "0.1", "0.05"].index(v)))
        epoch.fill(str(n))
        next_frame(page)
        assert beta.get_attribute("aria-valuetext").startswith(f"{b};")
        gain, *kl = runs[f"beta {b}, variance {v}"]["curve"][n - 1]
        assert readout(figure, "gain") == pytest.approx(gain, abs=0.06)
        assert readout(figure, "KL, all") == pytest.approx(sum(kl), abs=0.006)
        bars = figure.locator("text.value").all_text_contents()
        assert [float(text) for text in bars] == pytest.approx(kl, abs=0.006)
        assert float(heights.last.text_content()) == top, "the axis follows"
    assert page.faults == []


def test_the_figure_follows_the_theme_and_nothing_is_animated(visit, html):
    strokes = []
    for theme in ("light", "dark"):
        page = visit(address(html, "03-kl-and-mle"), theme=theme, reduced_motion="reduce")
        curve = page.locator(".panel > svg .curve").first
        strokes.append(curve.evaluate("c => getComputedStyle(c).stroke"))
        page.get_by_role("slider", name="model μ").press("ArrowRight")
        moving = """f => f.getAnimations({ subtree: true }).length +
            [...f.querySelectorAll("*")].filter(e =>
                getComputedStyle(e).transitionDuration.split(", ")
                    .some(d => parseFloat(d) > 0)).length"""
        assert page.locator(".expression-explorer").first.evaluate(moving) == 0
    assert strokes[0] != strokes[1]


def test_without_javascript_the_still_stands_in_its_room(browser, html):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address(html, "01-maximum-likelihood"))
        still = page.locator(".explorer img")
        assert still.is_visible() and len(still.get_attribute("alt")) > 40
        (x, y, w, h), (left, top, wide, high) = (
            [box[key] for key in ("x", "y", "width", "height")]
            for box in (still.bounding_box(), page.locator(".explorer").bounding_box())
        )
        assert left <= x and x + w <= left + wide and top <= y and y + h <= top + high
        assert h > 150 and not page.locator(".explorer-room input").first.is_visible()
    context.close()


def test_a_figure_that_fails_leaves_its_still_in_its_room(visit, html):
    """Its script asks for a number that the page does not have."""
    page = visit("about:blank")
    page.add_init_script(
        """document.addEventListener("readystatechange", () => {
            const saved = document.getElementById("explorer-states");
            if (!saved || document.readyState !== "interactive") return;
            const states = JSON.parse(saved.textContent);
            for (const { state, assets } of Object.values(states)) {
                delete state._figure;
                delete assets._figure;
            }
            saved.textContent = JSON.stringify(states);
            window.room = document.querySelector(".explorer").offsetHeight;
        });"""
    )
    page.goto(address(html, "01-maximum-likelihood"))
    page.wait_for_selector('.explorer[data-state="failed"]')
    box = page.locator(".explorer").first
    assert (
        box.locator("img").is_visible() and box.locator(".expression-explorer").count() == 1
    )
    assert page.evaluate("() => window.room") == box.evaluate("box => box.offsetHeight")
    assert any("could not be mounted" in fault for fault in page.faults)
