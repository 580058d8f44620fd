"""Many simultaneous browsers, and the server's memory."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from benchmarks import many_browsers
from tests.benchmarks.support import run_quick


@pytest.fixture
def memory() -> many_browsers.Memory:
    """Of this process."""
    return many_browsers.Memory(os.getpid())


GROWING = """
print(flush=True)
input()
content = bytearray(b"x") * 50_000_000
print(flush=True)
input()
"""


def test_the_memory_is_that_of_the_process():
    """A process of its own: this one may have memory left from other tests."""
    command = [sys.executable, "-c", GROWING]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        memory = many_browsers.Memory(process.pid)
        process.stdout.readline()
        before = memory.now()
        print(file=process.stdin, flush=True)
        process.stdout.readline()
        assert 40 < memory.now() - before < 60
        process.communicate("\n")


def test_growth_is_that_of_the_second_half(memory):
    memory.seconds = list(range(0, 120, 10))
    memory.mib = [0, 100, 200, 300, 400, 400, *(400 + k for k in range(6))]
    assert memory.growth() == 6


@pytest.mark.slow
@pytest.mark.browser
def test_two_browsers_are_answered_without_an_error(served, tmp_path):
    then = {
        "page_server": lambda: nullcontext(served),
        "start_to_first_answer": lambda *_: 1.0,
        "opened_browser": nullcontext,
    }
    # In a thread of its own: the other tests' browser has the event loop of this one.
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_quick, many_browsers, tmp_path, "--minutes", 0.04, then=then)
    (result,) = running.result().values()
    assert result["errors"] == [] and result["answers"] >= 2
    assert 0 < result["median_ms"] <= result["percentile_95_ms"] <= result["slowest_ms"]
    memory = result["memory_mib"]
    assert 50 < memory["start"] <= memory["highest"] < 1024
    assert memory["one_browser"] <= memory["highest"]
