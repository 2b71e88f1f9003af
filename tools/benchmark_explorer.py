"""How long a figure takes to follow a hand, in the page and driven by Python.

    python tools/benchmark_explorer.py      after 'make book', with Chromium

The page: JavaScript's time from a pointer's move to the drawn frame, and frames a second
while the marker is dragged. Python: its time from z to a PNG file; the way from the slider
to the kernel and back comes on top.
"""

import io
import shutil
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from vae_lib.explorers.weights import load_vae
from vae_lib.plots import image_grid

PAGE = Path(__file__).parents[1] / "_build" / "html" / "08-latent-space.html"
N = 200

DRAG = """async (n) => {
  const plane = document.querySelector(".latent-explorer .plane");
  const box = plane.getBoundingClientRect();
  const frame = window.requestAnimationFrame.bind(window);
  let spent = 0;
  window.requestAnimationFrame = (draw) => frame((t) => {
    const start = performance.now();
    draw(t);
    spent += performance.now() - start;
  });
  const point = (kind, angle) => plane.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, button: 0,
    clientX: box.left + box.width * (0.5 + 0.35 * Math.cos(angle)),
    clientY: box.top + box.height * (0.5 + 0.35 * Math.sin(angle)),
  }));
  plane.setPointerCapture = () => {};
  point("pointerdown", 0);
  const script = [], times = [];
  for (let i = 0; i <= n; i++) {
    await new Promise(frame);
    if (i) script.push(spent);
    times.push(performance.now());
    const start = performance.now();
    point("pointermove", i / 20);
    spent = performance.now() - start;
  }
  point("pointerup", 0);
  window.requestAnimationFrame = frame;
  script.sort((a, b) => a - b);
  return [script[n >> 1], script[Math.floor(0.95 * n)], 1000 * n / (times[n] - times[0])];
}"""


def in_the_page() -> tuple[float, float, float]:
    """Milliseconds of script, median and 95th percentile, and frames a second."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(PAGE.as_uri())
        page.locator(".latent-explorer .plane").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        figures = page.evaluate(DRAG, N)
        browser.close()
    return tuple(figures)


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
    """Milliseconds from z to a picture's bytes, the median."""
    vae, _ = load_vae()
    times = []
    for n in range(50):
        z = torch.tensor([n / 25 - 1, 0.5])
        start = time.perf_counter()
        draw(vae.decode(z))
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


def main() -> None:
    if not PAGE.exists():
        sys.exit("the book is not built: run 'make book' first")
    torch.set_num_threads(1)
    median, slow, rate = in_the_page()
    print(
        f"page, JavaScript alone   {median:6.1f} ms (95%: {slow:.1f}), {rate:.0f} frames/s"
    )
    for name, draw in [("matplotlib figure", matplotlib_figure), ("PIL image", pil_image)]:
        print(f"Python, {name:<17}{in_python(draw):6.1f} ms, before any message is sent")


if __name__ == "__main__":
    main()
