"""What the benchmarks measure in processes of their own."""

import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent


def alone(work: Callable[..., Any], *arguments: object) -> Any:
    """What a function returns in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def run_once(command: list[str]) -> tuple[float, float]:
    """Seconds and peak resident GiB of a command in the project's folder.

    The peak of the process that calls is a lower bound of what is measured (Linux, vfork), so it
    should hold no large data itself: see :func:`alone`.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 2**20
