"""Time from the pen's lifting to the answer on the page, in a real browser.

    python benchmarks/page_latency.py [--strokes 30] [--starts 5]

Starts the page on this machine several times and takes the time from the command to the first
answer, to a stroke drawn as soon as there is a canvas. Then draws strokes with the mouse in
headless Chromium, and takes the time in the browser itself: from the event of the pen's lifting to
the change of the answer. The parts are measured in this process on the same strokes: converter
(strokes to 28x28) and network (28x28 to the answer). What is left is the browser, Streamlit and
the connection. Writes metrics/benchmark_page.json.
"""

import argparse
import json
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

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT))

from handwriting.errors import HandwritingError, run_script
from handwriting.files import replacing, save_json
from handwriting.imaging.character import glyph_of_strokes
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import METRICS_FOLDER, available_runs

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
VIEWPORT = {"width": 1100, "height": 1000}

WATCH = """() => {
    window.latencies = []
    let lifted = null
    document.addEventListener("mouseup", () => { lifted = performance.now() }, true)
    new MutationObserver(() => {
        if (lifted !== null && document.querySelector("h1")) {
            window.latencies.push(performance.now() - lifted)
            lifted = null
        }
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
}"""


@contextmanager
def served_page() -> Iterator[str]:
    """The page's address, served on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, cwd=PROJECT, stdout=quiet, stderr=quiet)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    for _ in range(1200):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise HandwritingError("the page did not start within a minute. Try 'streamlit run app.py'.")


def strokes(count: int) -> list[np.ndarray]:
    """Waves of different lengths: float (20, 2) x, y on the canvas, in pixels."""
    x = np.linspace(80, 260, 20)
    return [np.stack([x, 150 + 60 * np.sin(x / (12 + 4 * (k % 10)))], axis=1) for k in range(count)]


def page_latencies(page: Page, drawn: list[np.ndarray]) -> list[float]:
    """Milliseconds from the pen's lifting to the answer, one blank canvas after another."""
    page.wait_for_selector("canvas.upper-canvas")
    page.get_by_text("Draw one digit or letter").wait_for()
    page.evaluate(WATCH)
    for stroke in drawn:
        draw(page, stroke)
        page.wait_for_timeout(300)
        page.get_by_role("button", name="Reset").click()
        page.get_by_text("Draw one digit or letter").wait_for()
        page.wait_for_timeout(300)
    return page.evaluate("window.latencies")


def draw(page: Page, stroke: np.ndarray) -> None:
    """Draw one stroke and wait for the answer."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    points = np.add(stroke, (box["x"], box["y"]))
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    page.wait_for_selector("h1")


def start_to_first_answer(browser: Browser, stroke: np.ndarray) -> float:
    """Seconds from the command ``streamlit run`` to the first answer; the browser runs already."""
    page = browser.new_page(viewport=VIEWPORT)
    start = time.perf_counter()
    with served_page() as address:
        page.goto(address)
        page.wait_for_selector("canvas.upper-canvas")
        page.get_by_text("Draw one digit or letter").wait_for()
        draw(page, stroke)
        seconds = time.perf_counter() - start
        page.close()
    return seconds


def parts(recognizer: Recognizer, drawn: list[np.ndarray]) -> dict[str, float]:
    """Median milliseconds of the converter and of the network on the same strokes."""
    times: dict[str, list[float]] = {"converter": [], "network": []}
    for stroke in drawn:
        start = time.perf_counter()
        picture = glyph_of_strokes([stroke]).picture
        converted = time.perf_counter()
        recognizer.read(picture)
        times["converter"].append(1000 * (converted - start))
        times["network"].append(1000 * (time.perf_counter() - converted))
    return {name: round(statistics.median(values), 2) for name, values in times.items()}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--strokes", type=int, default=30, help="how many strokes to draw")
    parser.add_argument("--starts", type=int, default=5, help="how often to start the page")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, save and print one JSON object."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise HandwritingError("chromium is missing. Install it (Debian: apt install chromium).")
    run = next(iter(available_runs(PROJECT / "models", PROJECT / "metrics")))
    drawn = strokes(args.strokes)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        starts = [start_to_first_answer(browser, drawn[0]) for _ in range(args.starts)]
        with served_page() as address:
            page = browser.new_page(viewport=VIEWPORT)
            page.goto(address)
            # The first answer also loads the weights.
            latencies = page_latencies(page, drawn)[1:]
        browser.close()
    share = parts(Recognizer(run.weights), drawn)
    whole = statistics.median(latencies)
    result = {
        "run": run.name,
        "starts": len(starts),
        "start_to_first_answer_median_s": round(statistics.median(starts), 2),
        "start_to_first_answer_slowest_s": round(max(starts), 2),
        "strokes": len(latencies),
        "pen_up_to_answer_median_ms": round(whole, 1),
        "pen_up_to_answer_90th_percentile_ms": round(float(np.quantile(latencies, 0.9)), 1),
        **{f"{name}_median_ms": value for name, value in share.items()},
        "browser_and_server_median_ms": round(whole - sum(share.values()), 1),
    }
    with replacing(METRICS_FOLDER / "benchmark_page.json") as (part,):
        save_json(result, part)
    print(json.dumps(result))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
