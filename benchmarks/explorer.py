"""From a moved slider to the drawn frame: the built book, and a kernel behind a widget."""

import shutil
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Locator, sync_playwright

from benchmarks.timings import Row, Unmeasurable, compared

NOTES = """Milliseconds for one move of a slider. Ours: the script's time for events and
frame, in headless Chromium, the median over the moves of one slider; for the whole book,
its slowest slider. The alternative, ipywidgets: a Jupyter kernel decodes the same latent
point with the same network, draws it with matplotlib and sends the picture; what the
browser then does is not counted."""
ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
LATENT = "08-latent-space"
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


def drag(slider: Locator, frames: int = FRAMES) -> float:
    """Median milliseconds of script a move.

    `slider` is a native slider on a page that was opened with `SPY` as an init script.
    """
    return statistics.median(slider.evaluate(DRAG, frames)["times"])


def sliders(browser: Browser, path: Path, frames: int) -> list[float]:
    """The medians of all sliders of a page."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(SPY)
    page.goto(path.as_uri())
    page.wait_for_selector(".explorer[data-state=mounted]")
    medians = []
    for slider in page.locator(".explorer input[type=range]").all():
        slider.scroll_into_view_if_needed()
        medians.append(drag(slider, frames))
    page.close()
    return medians


WIDGET = """
import matplotlib.pyplot as plt
import torch
from explorers.weights import load_vae
from vae_lib.plots import image_grid
%matplotlib inline
vae, _ = load_vae()
def move(z_1):
    _, ax = plt.subplots(figsize=(3, 3))
    image_grid(vae.decode(torch.tensor([[z_1, 0.5]])).detach(), columns=1, ax=ax)
    plt.show()
"""


def kernel_round_trip(moves: int) -> float:
    """Median milliseconds from a message to the kernel until its picture is here."""
    sys.path.insert(0, str(ROOT / "tools"))
    from kernels import FileKernelManager

    manager = FileKernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        times, seen = [], []
        hook = lambda message: seen.append(message["msg_type"])  # noqa: E731
        client.execute_interactive(WIDGET, output_hook=hook, timeout=120)
        for n in range(moves + 2):  # the first two load fonts
            start = time.perf_counter()
            client.execute_interactive(f"move({n / moves})", output_hook=hook, timeout=60)
            times.append(1000 * (time.perf_counter() - start))
        assert seen.count("display_data") == moves + 2, "the kernel drew no picture"
        return statistics.median(times[2:])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def measure(quick: bool = False) -> list[Row]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise Unmeasurable("no Chromium: install the package chromium")
    pages = sorted(HTML.glob("[0-9]*.html"))
    if not pages:
        raise Unmeasurable(f"no pages in {HTML}: run 'make book' first")
    if quick:
        pages = [page for page in pages if page.stem == LATENT]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        moves = {p.stem: sliders(browser, p, 30 if quick else FRAMES) for p in pages}
        browser.close()
    widget = kernel_round_trip(5 if quick else 40)
    slowest = max(value for values in moves.values() for value in values)
    name, count = "ipywidgets and a kernel", sum(map(len, moves.values()))
    return [
        compared("the latent plane", max(moves[LATENT]), name, widget, "ms"),
        compared(f"slowest of {count} sliders", slowest, name, widget, "ms"),
    ]
