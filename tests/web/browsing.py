"""Helpers that drive the web app: open it, draw on its canvas, find the prediction."""

from typing import Literal

from playwright.sync_api import BrowserContext, Page, expect

from handwriting.web.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, LINES
from tests.web.strokes import Stroke

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 30_000
HINT = "Draw one digit or letter"
"""What the page says while there is nothing to read."""

expect.set_options(timeout=15_000)


Scheme = Literal["light", "dark"]


def new_tab(window: BrowserContext, viewport: dict[str, int], scheme: Scheme) -> Page:
    """A new tab of a window, of a size and in a colour scheme."""
    page = window.new_page()
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme)
    return page


def open_page(
    window: BrowserContext,
    address: str,
    viewport: dict[str, int] = DESKTOP,
    scheme: Scheme = "light",
) -> Page:
    """A new tab with a blank canvas."""
    page = new_tab(window, viewport, scheme)
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
