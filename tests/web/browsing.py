"""Helpers that drive the web app: open it, draw on its canvas, find the prediction."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from handwriting.web.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, LINES
from tests.support import PROJECT
from tests.web.strokes import Stroke

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 30_000
HOMES = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
"""Variables that tell a program where it may write."""

HINT = "Draw one digit or letter"
"""What the page says while there is nothing to read."""

expect.set_options(timeout=15_000)


@contextmanager
def served_page(home: Path) -> Iterator[str]:
    """The address of the page, served on this machine by somebody whose home is a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py")),
            *("--server.headless", "true", "--server.address", "127.0.0.1"),
            *("--server.port", str(port)),
        ],
        cwd=PROJECT,
        env=os.environ | dict.fromkeys(HOMES, str(home)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/_stcore/health")
        yield url
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def open_page(
    browser: Browser | BrowserContext,
    address: str,
    *,
    viewport: dict[str, int] | None = None,
    **options,
) -> Page:
    """A page of its own window, or a tab of a window, which is opened in a third of the time."""
    page = browser.new_page(**options)
    if viewport is not None:
        page.set_viewport_size(viewport)
    ready(page, address)
    return page


def ready(page: Page, address: str) -> None:
    """Open the page and wait until it can be drawn on."""
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector("canvas.upper-canvas")
    expect(page.get_by_text(HINT)).to_be_visible(timeout=PATIENCE)
    # It is narrow until the page knows how wide the window is.
    canvas = page.locator("canvas.upper-canvas")
    expect(canvas).not_to_have_js_property("width", CANVAS_WIDTH, timeout=PATIENCE)


def clear(page: Page) -> None:
    page.get_by_role("button", name="Clear").or_(page.get_by_role("button", name="Reset")).click()
    expect(answer(page)).to_have_count(0)
    expect(page.get_by_text(HINT)).to_be_visible()


def settle(page: Page) -> None:
    """Wait until a change of the options has been worked off; it redraws the page."""
    page.wait_for_timeout(1000)
    page.wait_for_selector('.stApp[data-test-script-state="notRunning"]')


def draw(page: Page, *strokes: Stroke) -> None:
    """Draw with the mouse; x from the canvas's middle and y upwards from the baseline, in units of
    a capital."""
    for stroke in on_page(page, *strokes):
        page.mouse.move(*stroke[0])
        page.mouse.down()
        # Curves are dense already, and each move takes a frame of the browser's.
        steps = 4 if len(stroke) < 10 else 1
        for point in stroke[1:]:
            page.mouse.move(*point, steps=steps)
        page.mouse.up()


def on_page(page: Page, *strokes: Stroke) -> list[Stroke]:
    """The strokes of :func:`draw` in the page's pixels."""
    canvas = page.locator("canvas.upper-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    baseline, unit = (
        share * box["height"] / CANVAS_HEIGHT
        for share in (LINES.baseline, LINES.baseline - LINES.capital)
    )
    left = box["x"] + box["width"] / 2 - 0.4 * unit
    return [[(left + x * unit, box["y"] + baseline - y * unit) for x, y in s] for s in strokes]


def answer(page: Page):
    return page.locator(".answer-texts h2")
