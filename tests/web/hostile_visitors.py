"""One visitor attacks the web app while another one draws.

    python -m tests.web.hostile_visitors

The web app runs on this machine. One visitor speaks the browser's protocol and sends crafted
patterns, widget values and images, which cost much time or memory or raise errors. Meanwhile
another visitor draws in headless Chromium, where the time from pen-up to prediction is measured.
Then several windows add and remove images. With --save: hostile_visitors.json.
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from playwright.async_api import async_playwright

from benchmarks.common import FIGURES
from benchmarks.many_browsers import SHOWN, Memory, Person
from benchmarks.web_latency import ARGUMENTS, find_chromium, page_server, waves
from handwriting.cli import make_measuring_parser, report_measured, run_script
from tests.imaging.crafted import crafted_pictures, saved
from tests.web.visitor import Visitor

_WINDOWS = 5
_FOR_EVER = 3600.0
_SEVEN = [["M", 100, 60], ["L", 160, 60], ["L", 125, 170]]
_DRAWN = {"drawing": {"raw": {"objects": [{"path": _SEVEN}]}, "data": None}}
_KINDS = (None, True, 0, -1, 1e308, "x", [], {}, [[]], [{}], {"x": 1}, ["x", None, {}])


def patterns() -> list[str]:
    """Expressions that freeze, exhaust or confuse other matchers."""
    nested = [f"{'(' * depth}a{')+' * depth}b" for depth in (2, 5, 20, 90, 400)]
    repeats = itertools.product((2, 4, 8), ("", "a?", ".*"), (9, 99))
    counted = [f"{'(' * depth}{a}{f'){{{n}}}' * depth}" for depth, a, n in repeats]
    parts = ("a", "a?", ".*", "(a|b)?", "[^a]", "a|")
    long = [part * count for part in parts for count in (99, 101, 10_000)]
    unsound = [
        *("[", "(", "a{", "a{9999999999}", "*", "(?", "(?P<n>a)(?P=n)", "(?i)a", "(?<=a)b", "^a$"),
        *("\\1(a)", "(a)\\1", "a**", "[z-a]", "\\", "\x00", "é", "[[:alpha:]]", "a{5,2}", "(?#"),
        *("(?:", "(?>a*)a", "a*+", "\\p{L}", "(?(1)a|b)", "[\\d-z]", "|||", "()", "x" * 1_000_000),
    ]
    return [*nested, *counted, *long, *unsound]


def values() -> Iterator[tuple[str, str, Any]]:
    """Widgets by their keys, a field of Streamlit's message and what no browser would put there."""
    for kind in _KINDS:
        yield "pen", "json_value", json.dumps({"room": kind})
        for drawing in (kind, {"raw": {"objects": kind}}, {"raw": {"objects": [{"path": kind}]}}):
            yield "canvas", "json_value", json.dumps({"drawing": drawing})
    for room in ([1_500_000, 900], [300, 1e300], [-5, -5], ["5", "5"], [float("nan")] * 2):
        yield "pen", "json_value", json.dumps({"room": room})
    yield "canvas", "json_value", json.dumps(_DRAWN | {"backgroundFit": {"naturalWidth": []}})
    yield "canvas", "json_value", "[" * 100_000
    yield "canvas", "json_value", json.dumps({"drawing": {"raw": {"objects": [[]] * 500_000}}})
    for key in (
        "content_write",
        "language_write",
        "characters",
        "compare",
        "model",
        "canvas",
        "tab",
    ):
        yield key, "int_value", 2**60
        yield key, "string_value", "x" * 100_000
        yield key, "string_array_value", ["x"] * 1000


def do_harm(address: str, process: int) -> dict[str, Any]:
    """Send all of it; per kind how many, what failed, and what took longest.

    Args:
        address: of the page.
        process: that serves it.
    """

    def try_pattern(expression: str) -> None:
        visitor.tell("pattern_write", string_value=expression)

    def tell(key: str, field: str, value: Any) -> None:
        # A new window each time: a value that is refused must not hide the next one.
        with Visitor(address) as other:
            other.tell(key, **{field: value})
            other.tell()

    def give(name: str, content: bytes) -> None:
        with Visitor(address) as other:
            other.tell("tab", string_value="Read an image")
            give_and_remove(other, name, content)

    with Visitor(address) as visitor:
        visitor.tell("canvas", json_value=json.dumps(_DRAWN))
        tries = [(pattern,) for pattern in patterns()]
        found = {"patterns": _slowest(process, try_pattern, tries)}
    found["values"] = _slowest(process, tell, values())
    return found | {"images": _slowest(process, give, crafted_pictures(large=True))}


def give_and_remove(visitor: Visitor, name: str, content: bytes) -> None:
    """Have an image read, and take it away again."""
    visitor.give(visitor.key_of("upload_"), **{name: content})
    # A file whose ending the page does not take has no button.
    with contextlib.suppress(KeyError):
        visitor.tell(f"remove_{hashlib.sha256(content).hexdigest()[:16]}", trigger_value=True)


def _slowest(
    process: int, send: Callable[..., None], tries: Iterable[tuple[Any, ...]]
) -> dict[str, Any]:
    names, seconds, computing, failed = [], [], [], []
    for one in tries:
        names.append(str(one[0])[:40] if len(one) < 3 else repr(one)[:80])
        start, computed = time.perf_counter(), _processor_seconds(process)
        try:
            send(*one)
        except Exception as error:
            failed.append(f"{names[-1]}: {error!r}"[:200])
        seconds.append(time.perf_counter() - start)
        computing.append(_processor_seconds(process) - computed)
    return {
        "sent": len(names),
        "failed": failed,
        "slowest": names[int(np.argmax(seconds))],
        "slowest_s": round(max(seconds), 2),
        "median_s": round(statistics.median(seconds), 2),
        "most_computed": names[int(np.argmax(computing))],
        "most_computed_processor_s": round(max(computing), 2),
    }


def _processor_seconds(process: int) -> float:
    """What a process has computed so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def come_and_go(address: str, process: int, count: int) -> dict[str, Any]:
    """Give ``count`` images of 1.5 MB in five windows and remove each; the server's memory."""
    memory = Memory(process)
    with contextlib.ExitStack() as stack:
        windows = [stack.enter_context(Visitor(address)) for _ in range(_WINDOWS)]
        for window in windows:
            window.tell("tab", string_value="Read an image")
        before = memory.now()
        for number, window in zip(range(count), itertools.cycle(windows), strict=False):
            # What follows the image in its file is not looked at.
            content = _image_of(str(number)) + bytes(1_500_000)
            give_and_remove(window, f"{number}.png", content)
        after = memory.now()
    return {"images": count, "before_mib": before, "after_mib": after}


def _image_of(text: str) -> bytes:
    picture = Image.new("L", (300, 80), 255)
    ImageDraw.Draw(picture).text((20, 15), text, 0, font_size=48)
    return saved(picture)


async def beside_another(address: str, process: int, pause: float) -> dict[str, Any]:
    """What a visitor who draws finds while another one does harm."""
    memory = Memory(process)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=[*ARGUMENTS, *SHOWN]
        )
        person = await Person.open(browser, address)
        await person.draw(waves(1)[0])
        watching = asyncio.create_task(memory.watch())
        drawing = asyncio.create_task(person.keep_drawing(_FOR_EVER, pause, 0))
        harm = await asyncio.to_thread(do_harm, address, process)
        for task in (drawing, watching):
            task.cancel()
        latencies = (await person.latencies())[1:]
        await browser.close()
    return {
        "answers": len(latencies),
        "median_ms": round(statistics.median(latencies), 1),
        "percentile_95_ms": round(float(np.quantile(latencies, 0.95)), 1),
        "slowest_ms": round(max(latencies), 1),
        "errors": person.errors,
        "highest_mib": max(memory.mib),
        "harm": harm,
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, pause=0.5, images=10)
    add = parser.add_argument
    add("--pause", type=float, default=1.0, help="mean seconds between two strokes of the other")
    add("--images", type=int, default=500, help="how many images come and go")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    with page_server() as (address, process):
        result = asyncio.run(beside_another(address, process, args.pause))
        result["come_and_go"] = come_and_go(address, process, args.images)
    report_measured(args, "hostile_visitors.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
