"""Many simultaneous users: response time, errors, and the server's memory.

    python -m benchmarks.many_browsers

The web app runs on this machine with ten browsers, which are contexts of one headless Chromium and
separate users to the server. Each draws a stroke with the mouse every few seconds and clears the
canvas. The time from pen-up to prediction is measured in the browser, the server's resident memory
every second. Chromium shares the cores with the server, so a dedicated server responds faster. The
time from the command to the first prediction is measured separately, on a single core. With --save:
many_browsers.json.
"""

import argparse
import asyncio
import itertools
import os
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from benchmarks.common import FIGURES
from benchmarks.web_latency import (
    ARGUMENTS,
    HINT,
    PATIENCE_MS,
    VIEWPORT,
    WATCH,
    find_chromium,
    opened_browser,
    page_server,
    start_to_first_answer,
    waves,
)
from handwriting.cli import make_measuring_parser, report_measured, run_script

SHOWN = (
    *("--disable-renderer-backgrounding", "--disable-background-timer-throttling"),
    "--disable-backgrounding-occluded-windows",
)
"""Options that keep background browsers active."""

_SECONDS_TO_LOOK = 1


@dataclass
class Person:
    """A separate browser with its errors.

    Attributes:
        page: the opened page.
        errors: missing predictions, and errors shown or raised.
    """

    page: Page
    errors: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, browser: Browser, address: str) -> "Person":
        """A new context with the page and a blank canvas."""
        context = await browser.new_context(viewport=VIEWPORT)
        person = cls(await context.new_page())
        person.page.set_default_timeout(PATIENCE_MS)
        person.page.on("pageerror", lambda error: person.errors.append(str(error)))
        await person.page.goto(address)
        await person.page.wait_for_selector("canvas.upper-canvas")
        await person.page.get_by_text(HINT).wait_for()
        await person.page.evaluate(WATCH)
        return person

    async def draw(self, stroke: np.ndarray) -> None:
        """Draw float (points, 2), x and y in canvas pixels, wait for the prediction, and clear."""
        mouse = self.page.mouse
        box = await self.page.locator("canvas.upper-canvas").bounding_box()
        points = np.add(stroke, (box["x"], box["y"]))
        await mouse.move(*points[0])
        await mouse.down()
        for point in points[1:]:
            await mouse.move(*point)
        await mouse.up()
        await self.page.wait_for_selector(".answer-texts h2")
        if await self.page.get_by_test_id("stException").count():
            self.errors.append("an error is shown")
        await self.page.get_by_role("button", name="Reset").click()
        await self.page.get_by_text(HINT).wait_for()

    async def keep_drawing(self, seconds: float, pause: float, seed: int) -> None:
        """Draw until the time is over, with pauses of 0.5 to 1.5 times ``pause``."""
        chance = random.Random(seed)
        end = time.monotonic() + seconds
        for stroke in itertools.cycle(waves(10)):
            await asyncio.sleep(pause * chance.uniform(0.5, 1.5))
            if time.monotonic() > end:
                return
            try:
                await self.draw(stroke)
            except PlaywrightError as error:
                self.errors.append(str(error).partition("\n")[0])

    async def latencies(self) -> list[float]:
        """Milliseconds from pen-up to prediction, one per stroke."""
        return await self.page.evaluate("window.latencies")


@dataclass
class Memory:
    """The resident memory of a process over time (Linux).

    Attributes:
        process: process id.
        seconds: times of the samples, from the first one.
        mib: memory at these times.
    """

    process: int
    seconds: list[float] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)

    def now(self) -> float:
        """MiB, as reported by Linux."""
        for line in Path(f"/proc/{self.process}/status").read_text("utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return round(int(line.split()[1]) / 1024, 1)
        raise ProcessLookupError(self.process)

    async def watch(self) -> None:
        """Sample repeatedly until cancelled."""
        start = time.monotonic()
        while True:
            self.seconds.append(round(time.monotonic() - start, 1))
            self.mib.append(self.now())
            await asyncio.sleep(_SECONDS_TO_LOOK)

    def growth(self) -> float:
        """MiB per minute over the second half of the time: the slope of a fitted line."""
        half = len(self.mib) // 2
        slope, _ = np.polyfit(self.seconds[half:], self.mib[half:], 1)
        return round(60 * float(slope), 2)


async def visit(address: str, process: int, args: argparse.Namespace) -> dict[str, Any]:
    """Response times and errors of many users, and the server's memory."""
    memory = Memory(process)
    stroke = waves(1)[0]
    found = {"start": memory.now()}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=[*ARGUMENTS, *SHOWN]
        )
        people = [await Person.open(browser, address)]
        await people[0].draw(stroke)
        found["one_browser"] = memory.now()
        while len(people) < args.browsers:
            people.append(await Person.open(browser, address))
            await people[-1].draw(stroke)
        found["all_browsers"] = memory.now()
        watching = asyncio.create_task(memory.watch())
        seconds = 60 * args.minutes
        await asyncio.gather(
            *(person.keep_drawing(seconds, args.pause, k) for k, person in enumerate(people))
        )
        watching.cancel()
        # Each browser's first prediction came before the measured time.
        latencies = [t for person in people for t in (await person.latencies())[1:]]
        await browser.close()
    found |= {"end": memory.now(), "highest": max(memory.mib)}
    return {
        "answers": len(latencies),
        "median_ms": round(statistics.median(latencies), 1),
        "percentile_95_ms": round(float(np.quantile(latencies, 0.95)), 1),
        "slowest_ms": round(max(latencies), 1),
        "errors": [error for person in people for error in person.errors],
        "memory_mib": found,
        "growth_mib_per_minute": memory.growth(),
    }


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """All metrics; the options are those of the command line."""
    with opened_browser() as browser:
        starts = [start_to_first_answer(browser, waves(1)[0], 1) for _ in range(args.starts)]
    with page_server() as (address, process):
        found = asyncio.run(visit(address, process, args))
    return {
        "browsers": args.browsers,
        "minutes": args.minutes,
        "pause_s": args.pause,
        "cores": os.cpu_count(),
        "start_to_first_answer_one_core_s": round(statistics.median(starts), 2),
        **found,
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, browsers=2, minutes=0.1, pause=1.0, starts=1)
    add = parser.add_argument
    add("--browsers", type=int, default=10, help="number of simultaneous browsers")
    add("--minutes", type=float, default=5.0, help="minutes of drawing")
    add("--pause", type=float, default=4.0, help="mean seconds between strokes of a browser")
    add("--starts", type=int, default=3, help="number of starts of the web app on one core")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    result = measure(args)
    report_measured(args, "many_browsers.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
