"""Time from pen-up to prediction in the web app, in a real browser.

    python -m benchmarks.web_latency
    python -m benchmarks.web_latency --screenshots images

The web app is started on this machine several times, for the time from the command to the first
prediction. Then strokes are drawn with the mouse in headless Chromium. The browser measures the
time from pen-up to the new prediction, for single strokes and for the last stroke of a word. Two
parts are measured in this process on the same strokes: the converter (strokes to 28x28) and the
network (28x28 to prediction). The rest is the browser, Streamlit, the connection, and the text-line
model, which separates one character from several. With --save: web_latency.json.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from benchmarks.common import FIGURES, PROJECT
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.errors import HandwritingError
from handwriting.files import replacing
from handwriting.imaging.character import character_from_strokes
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import available_runs
from handwriting.synthesis.plain_hand import write
from handwriting.web.canvas import CANVAS_WIDTH, Paper

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
SCREENSHOT: ViewportSize = {"width": 1280, "height": 720}
HINT = "Draw one digit or letter"
"""The page's text while the canvas is blank."""

PATIENCE_MS = 60_000
"""Time limit for a page or a prediction on a busy machine."""

_READ, _OPENED = "A note", 4
"""Of the screenshots: the example that is read, and the word whose top-5 are open."""

_SECONDS_TO_START = 60
_MILLISECONDS_TO_SETTLE = 300
_MILLISECONDS_TO_PAINT = 2000

WATCH = """() => {
    window.latencies = []
    let lifted = null
    const text = () => document.querySelector(".answer-texts h2")?.textContent
    document.addEventListener("mouseup", () => {
        lifted = { time: performance.now(), text: text() }
    }, true)
    new MutationObserver(() => {
        if (lifted && text() && text() !== lifted.text) {
            window.latencies.push(performance.now() - lifted.time)
            lifted = null
        }
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
}"""


@contextmanager
def page_server(cores: int | None = None) -> Iterator[tuple[str, int]]:
    """The web app's address and its process, on a number of cores or on all.

    Raises:
        HandwritingError: cores can be selected on Linux only.
    """
    if cores and not hasattr(os, "sched_setaffinity"):
        raise HandwritingError("cores can be selected on Linux only.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, cwd=PROJECT, stdout=quiet, stderr=quiet)
    try:
        if cores:
            os.sched_setaffinity(server.pid, sorted(os.sched_getaffinity(0))[:cores])
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise HandwritingError("the page did not start within a minute. Try 'streamlit run app.py'.")


def find_chromium() -> str:
    """The path of the browser.

    Raises:
        HandwritingError: it is not installed.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise HandwritingError("chromium is missing. Install it (Debian: apt install chromium).")
    return chromium


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Headless Chromium; errors are those of :func:`find_chromium`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


def open_page(browser: Browser, address: str, viewport: ViewportSize = VIEWPORT) -> Page:
    """The page with a blank canvas."""
    page = browser.new_page(viewport=viewport)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_selector("canvas.upper-canvas")
    page.get_by_text(HINT).wait_for()
    # The canvas is narrow until the page knows the window's width.
    canvas = page.locator("canvas.upper-canvas")
    expect(canvas).not_to_have_js_property("width", CANVAS_WIDTH, timeout=PATIENCE_MS)
    page.wait_for_timeout(_MILLISECONDS_TO_SETTLE)
    return page


def waves(count: int) -> list[np.ndarray]:
    """Strokes of different lengths: float (20, 2), x and y in canvas pixels."""
    x = np.linspace(80, 260, 20)
    return [np.stack([x, 150 + 60 * np.sin(x / (12 + 4 * (k % 10)))], axis=1) for k in range(count)]


def hello(paper: Paper, times: int = 1) -> list[np.ndarray]:
    """The strokes of `hello` in the project's plain hand, float (points, 2), in canvas pixels.

    Args:
        paper: the canvas.
        times: number of repetitions, without spaces.
    """
    strokes = write("hello" * times, np.random.default_rng(0))
    width = max(float(stroke[:, 0].max()) for stroke in strokes)
    unit = min(paper.lines.baseline - paper.lines.capital, 0.9 * paper.width / width)
    left = (paper.width - width * unit) / 2
    return [stroke * unit + (left, paper.lines.baseline) for stroke in strokes]


def draw(page: Page, stroke: np.ndarray) -> None:
    """Draw one stroke and wait for the prediction."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    points = np.add(stroke, (box["x"], box["y"]))
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    page.wait_for_selector(".answer-texts h2")


def page_latencies(page: Page, strokes: list[np.ndarray]) -> list[float]:
    """Milliseconds from pen-up to prediction, each on a blank canvas."""
    page.evaluate(WATCH)
    for stroke in strokes:
        draw(page, stroke)
        page.wait_for_timeout(_MILLISECONDS_TO_SETTLE)
        page.get_by_role("button", name="Reset").click()
        page.get_by_text(HINT).wait_for()
        page.wait_for_timeout(_MILLISECONDS_TO_SETTLE)
    return page.evaluate("window.latencies")


def paper_of(page: Page) -> Paper:
    """The size of the canvas."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    return Paper(round(box["width"]), round(box["height"]))


def word_latencies(page: Page, count: int) -> list[float]:
    """Milliseconds from pen-up to prediction, for the last of ten characters."""
    strokes = hello(paper_of(page), times=2)
    for stroke in strokes:
        draw(page, stroke)
    page.wait_for_timeout(_MILLISECONDS_TO_SETTLE)
    page.evaluate(WATCH)
    for _ in range(count):
        page.get_by_role("button", name="Undo").click()
        page.wait_for_timeout(_MILLISECONDS_TO_SETTLE)
        draw(page, strokes[-1])
        page.wait_for_timeout(_MILLISECONDS_TO_SETTLE)
    return page.evaluate("window.latencies")


def start_to_first_answer(browser: Browser, stroke: np.ndarray, cores: int | None = None) -> float:
    """Seconds from ``streamlit run`` to the first prediction; the browser already runs on all
    cores."""
    start = time.perf_counter()
    with page_server(cores) as (address, _):
        page = open_page(browser, address)
        draw(page, stroke)
        seconds = time.perf_counter() - start
        page.close()
    return seconds


def measure_parts(recognizer: Recognizer, strokes: list[np.ndarray]) -> dict[str, float]:
    """Median milliseconds of the converter and of the network on the same strokes."""
    times: dict[str, list[float]] = {"converter": [], "network": []}
    for stroke in strokes:
        start = time.perf_counter()
        image = character_from_strokes([stroke]).image
        converted = time.perf_counter()
        recognizer.read(image)
        times["converter"].append(1000 * (converted - start))
        times["network"].append(1000 * (time.perf_counter() - converted))
    return {name: round(statistics.median(values), 2) for name, values in times.items()}


def measure(strokes: list[np.ndarray], starts: int) -> dict[str, Any]:
    """All metrics.

    Args:
        strokes: to draw, float (points, 2) each, in canvas pixels.
        starts: number of starts of the web app.
    """
    run = next(iter(available_runs(PROJECT / "models", PROJECT / "metrics")))
    with opened_browser() as browser:
        seconds = [start_to_first_answer(browser, strokes[0]) for _ in range(starts)]
        with page_server() as (address, _):
            # The first prediction also loads the weights.
            latencies = page_latencies(open_page(browser, address), strokes)[1:]
            of_word = word_latencies(open_page(browser, address), len(strokes))
    parts = measure_parts(Recognizer.load(run.weights), strokes)
    whole = statistics.median(latencies)
    return {
        "run": run.name,
        "starts": starts,
        "start_to_first_answer_median_s": round(statistics.median(seconds), 2),
        "start_to_first_answer_slowest_s": round(max(seconds), 2),
        "strokes": len(latencies),
        "pen_up_to_answer_median_ms": round(whole, 1),
        "pen_up_to_answer_90th_percentile_ms": round(float(np.quantile(latencies, 0.9)), 1),
        "word_of_ten_characters_median_ms": round(statistics.median(of_word), 1),
        **{f"{name}_median_ms": value for name, value in parts.items()},
        "browser_and_server_median_ms": round(whole - sum(parts.values()), 1),
    }


def take_screenshots(folder: Path) -> None:
    """Write PNGs of the page: a word with its prediction, and a page that was read."""
    with opened_browser() as browser, page_server() as (address, _):
        page = open_page(browser, address, SCREENSHOT)
        for stroke in hello(paper_of(page)):
            draw(page, stroke)
        _photograph(page, folder / "streamlitAppImage.png")
        page.get_by_role("tab", name="Read an image").click()
        page.get_by_role("button", name=_READ).click()
        page.get_by_role("button", name="Download as text").wait_for()
        page.get_by_role("group", name="Text of").locator(".word").nth(_OPENED).click()
        page.get_by_text("Add images").scroll_into_view_if_needed()
        _photograph(page, folder / "readingAPage.png")


def _photograph(page: Page, path: Path) -> None:
    page.wait_for_timeout(_MILLISECONDS_TO_PAINT)
    with replacing(path) as (part,):
        part.write_bytes(page.screenshot(type="png"))


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, strokes=3, starts=1)
    add = parser.add_argument
    add("--strokes", type=int, default=30, help="number of strokes, at least two")
    add("--starts", type=int, default=5, help="number of starts of the web app")
    add("--screenshots", type=Path, metavar="FOLDER", help="write PNGs instead of measuring")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object, or take screenshots."""
    if args.screenshots is not None:
        take_screenshots(args.screenshots)
        print(f"wrote images to {args.screenshots}")
        return
    result = measure(waves(args.strokes), args.starts)
    report_measured(args, "web_latency.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
