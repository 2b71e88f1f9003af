"""From a moved slider to the drawn frame, for every figure of the built book.

    python benchmarks/explorer.py [part of a page's name]

Prints, for each slider: milliseconds of script a move (its events and its frame), median
and 95th percentile, and frames a second while it moves with every frame. Below, what the
picture beside the latent plane costs when Python draws it, from z to a PNG file; the way
from the slider to the kernel and back comes on top.
"""

import io
import shutil
import statistics
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from PIL import Image
from playwright.sync_api import Locator, sync_playwright

from vae_lib.explorers.weights import load_vae
from vae_lib.plots import image_grid

HTML = Path(__file__).resolve().parents[1] / "_build" / "html"
FRAMES = 180

# Counts what the page's scripts spend in frames.
SPY = """
window.spent = 0;
const ask = window.requestAnimationFrame.bind(window);
window.plainFrame = ask;
window.requestAnimationFrame = (draw) => ask((time) => {
  const start = performance.now();
  draw(time);
  window.spent += performance.now() - start;
});
"""
DRAG = """async (slider, frames) => {
  const [low, high] = [Number(slider.min), Number(slider.max)];
  const times = [];
  const begin = performance.now();
  for (let i = 0; i < frames; i += 1) {
    window.spent = 0;
    const start = performance.now();
    slider.value = low + (high - low) * (0.5 + 0.5 * Math.sin(i / 9));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const events = performance.now() - start;
    await new Promise((done) => window.plainFrame(done));
    times.push(events + window.spent);
  }
  return { times, rate: (1000 * frames) / (performance.now() - begin) };
}"""


def measure(slider: Locator, frames: int = FRAMES) -> tuple[float, float, float]:
    """Median and 95th percentile of milliseconds of script a move, and frames a second.

    `slider` is a native slider on a page that was opened with `SPY` as an init script.
    """
    result = slider.evaluate(DRAG, frames)
    times = result["times"]
    return statistics.median(times), statistics.quantiles(times, n=20)[-1], result["rate"]


def matplotlib_figure(x_hat: torch.Tensor) -> None:
    figure, ax = plt.subplots(figsize=(3, 3))
    image_grid(x_hat[None], columns=1, ax=ax)
    figure.savefig(io.BytesIO())
    plt.close(figure)


def pil_image(x_hat: torch.Tensor) -> None:
    grey = (255 * (1 - x_hat)).to(torch.uint8).view(28, 28).numpy()
    Image.fromarray(grey).save(io.BytesIO(), "png")


@torch.no_grad()
def in_python(draw) -> float:
    """Median of milliseconds from z to the bytes of a picture."""
    vae, _ = load_vae()
    times = []
    for n in range(50):
        start = time.perf_counter()
        draw(vae.decode(torch.tensor([n / 25 - 1, 0.5])))
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no Chromium: install the package chromium")
    pages = sorted(p for p in HTML.glob("[0-9]*.html") if part in p.name)
    if not pages:
        sys.exit(f"no page like {part!r} in {HTML}: run 'make book' first")
    print(f"{'page':24} {'slider':14} {'median':>9} {'95%':>9} {'frames/s':>9}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for path in pages:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(SPY)
            page.goto(path.as_uri())
            page.wait_for_selector(".explorer[data-state=mounted]")
            for slider in page.locator(".explorer input[type=range]").all():
                slider.scroll_into_view_if_needed()
                name = slider.get_attribute("aria-label") or ""
                median, high, rate = measure(slider)
                print(
                    f"{path.stem:24} {name:14} {median:6.2f} ms {high:6.2f} ms {rate:9.1f}"
                )
            page.close()
        browser.close()
    for name, draw in [("matplotlib", matplotlib_figure), ("PIL", pil_image)]:
        print(f"{'in Python':24} {name:14} {in_python(draw):6.2f} ms")


if __name__ == "__main__":
    main()
