"""The built book in a headless Chromium that has no network."""

import functools
import http.server
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import skip_or_fail
from tools.chromium import ARGUMENTS, PROGRAM

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
PAGES = sorted(path.stem for path in (ROOT / "book").glob("*.md"))

EXPLORERS_ARE_MOUNTED = """() => [...document.querySelectorAll(".explorer")]
    .every(box => box.dataset.state === "mounted")"""

# A colour that is still fading in has a contrast of its own. Not awaited: a page that is
# not shown draws no frames, and its transitions would never end.
COLOURS_HAVE_SETTLED = """() => {
    for (const moving of document.getAnimations())
        if (moving instanceof CSSTransition) moving.finish();
}"""

# Pages draw slips at random: a test that fails shall fail again.
DRAWS = """(() => {
    let state = 1;
    Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
})()"""


def pytest_generate_tests(metafunc):
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", PAGES, scope="module")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """All tests of one page go to one process, which opens it once."""
    for item in items:
        if name := getattr(item, "callspec", None) and item.callspec.params.get(
            "page_name"
        ):
            item.add_marker(with_page(name))


def with_page(name: str):
    """A mark: the test goes where the others of this page go."""
    return pytest.mark.xdist_group(f"page-{name}")


@pytest.fixture(scope="session")
def html() -> Path:
    if not (HTML / "index.html").exists():
        pytest.fail("the book is not built: run 'make book' first")
    return HTML


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium() -> dict:
    """How Chromium is started: Playwright's options."""
    if PROGRAM is None:
        skip_or_fail("no Chromium, so no page was looked at in a browser", "chromium")
    return {"executable_path": PROGRAM, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser(html, playwright, chromium):
    browser = playwright.chromium.launch(**chromium)
    yield browser
    browser.close()


def open_page(
    browser,
    address: str,
    width: int = 1280,
    height: int = 900,
    theme: str = "light",
    wait: bool = True,
    **options,
):
    """Open an address; what goes wrong on the way is in the page's `faults`."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, **options
    )
    context.add_init_script(DRAWS)
    page = context.new_page()
    watch(page)
    page.goto(address)
    if wait:
        page.wait_for_load_state("load")
        page.evaluate("() => window.MathJax?.startup?.promise")
        page.wait_for_function(EXPLORERS_ARE_MOUNTED)
        page.evaluate(COLOURS_HAVE_SETTLED)
    return page


def finger(page, *points):
    """Down, along the points, and up. The moves reach the page when the browser finds the
    time: wait for what they do."""
    session = page.context.new_cdp_session(page)
    for n, (x, y) in enumerate(points):
        kind, at = "touchMove" if n else "touchStart", [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def watch(page) -> None:
    """Keep what goes wrong on a page in its `faults`."""
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(f"page error: {error}"))
    page.on("console", lambda message: _note(page, message))
    page.on("request", lambda request: _note_if_external(page, request.url))
    page.on("requestfailed", lambda request: page.faults.append(f"failed: {request.url}"))


@pytest.fixture
def visit(browser):
    """Open pages that are this test's own."""
    opened = []

    def visit_page(address: str, **options):
        opened.append(open_page(browser, address, **options))
        return opened[-1]

    yield visit_page
    for page in opened:
        page.context.close()


@pytest.fixture(scope="session")
def read(browser):
    """Open a page that tests share, as long as they only look: loading costs the most.

    The last one stays open, and the tests of one page follow each other.
    """
    kept = {}

    def read_page(address: str):
        if address not in kept:
            while kept:
                kept.popitem()[1].context.close()
            kept[address] = open_page(browser, address)
            kept[address].faults_on_opening = list(kept[address].faults)
        return kept[address]

    return read_page


@pytest.fixture(scope="session")
def server(html):
    """The book over http, on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def _note(page, message):
    # Reading a canvas back is what tests do, not the page.
    if message.type in {"error", "warning"} and "willReadFrequently" not in message.text:
        page.faults.append(f"console {message.type}: {message.text}")


def _note_if_external(page, url: str):
    if not url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:")):
        page.faults.append(f"asks the network for {url}")
