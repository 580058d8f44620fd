"""Fixtures: one thread for small computations, and one served web app."""

from collections.abc import Iterator

import pytest
import torch

from benchmarks.web_latency import page_server
from tests.benchmarks.support import need_chromium


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch) -> Iterator[None]:
    """Compute on one thread, in processes of their own too.

    Two that share a core with other work wait for each other, which takes longer than the work.
    """
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[str, int]]:
    """The page's address and the process that serves it."""
    need_chromium()
    with page_server() as served:
        yield served
