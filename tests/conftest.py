"""Fixtures: small generated archives, and real images where behaviour depends on them."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

# A thread that waits for another one spins, unless told otherwise before PyTorch is imported; where
# tests share the cores with other programs, that makes them several times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks.web_latency import ARGUMENTS, VIEWPORT, find_chromium, page_server
from handwriting.evaluation import report
from handwriting.synthesis.emnist_archive import draw_characters, write_archive
from handwriting.training.recipes import RECIPE_NAMES, REFERENCE_EPOCHS
from models import MODELS
from tests.benchmarks.support import need_chromium
from tests.support import preprocess, shared_folder, small_network, split, train_with_plots

GROUPS = {"browser": ("mark.browser",), "ranks": ("run_ranks", "ready_context")}
"""Groups of files that one process runs, and words of which each of their files has one."""

HOMES = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
"""Variables that tell a program where it may write."""

QUIET = (
    *(*ARGUMENTS, "--disable-quic", "--disable-sync", "--disable-component-update"),
    # Tabs then share the compiled JavaScript: each opens in a third of the time.
    "--process-per-site",
)

WINDOW = {
    "viewport": VIEWPORT,
    "permissions": ["clipboard-read", "clipboard-write"],
}

FINISHED = ("--epochs", "3", "--fraction", "0.3", "--name", "run")

# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, because browsers and servers are waited for."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadfile`` one process drives the browser, in one served page, and one starts
    ranks, from one process with all imports done, while the others compute."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class InGroups(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return group_of(config.rootpath / file) or file

    return InGroups(config, log)


@cache
def group_of(file: Path) -> str | None:
    """The group of a file whose tests share with those of others what takes long to start."""
    text = file.read_text(encoding="utf-8")
    return next((g for g, words in GROUPS.items() if any(word in text for word in words)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The groups take longest, the browser first, so they begin."""
    order = [*GROUPS, None]
    items.sort(key=lambda item: order.index(group_of(item.path)))


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """Folder whose EMNIST/raw holds real EMNIST."""
    return shared_folder("EMNIST").parent


@pytest.fixture(scope="session")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """About 1,000 generated images and their classes."""
    return draw_characters(1_000, seed=1)


@pytest.fixture(scope="session")
def archive(tmp_path_factory, drawn) -> Path:
    """A small archive in which half of the byclass training rows are missing."""
    root = tmp_path_factory.mktemp("archive")
    write_archive(root, *drawn, seed=1, byclass_share=0.5)
    return root


@pytest.fixture(scope="session")
def processed(tmp_path_factory, archive) -> Path:
    """The small archive after stages 1 and 2; tests must not change it."""
    folder = tmp_path_factory.mktemp("processed")
    preprocess(archive, folder)
    split(folder)
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory, processed) -> Path:
    """An uninterrupted run of three epochs, ``run``; tests must not change it."""
    folder = tmp_path_factory.mktemp("finished")
    train_with_plots(processed, folder, *FINISHED)
    return folder


@pytest.fixture(scope="module")
def small_model() -> Iterator[None]:
    """``--model small`` is a network that is trained in no time, by the modern recipe."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "small", small_network)
        patch.setitem(RECIPE_NAMES, "small", "modern")
        patch.setitem(REFERENCE_EPOCHS, "small", 3)
        yield


@pytest.fixture
def no_plots(monkeypatch) -> None:
    """Plots of evaluations take their time; that they are drawn is tested once."""
    for plot in ("plot_class_metrics", "plot_confusion_matrix", "plot_reliability"):
        monkeypatch.setattr(report, plot, lambda *_: None)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C counts as in a terminal: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """Where the server may write, and writes nothing."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def served(home) -> Iterator[tuple[str, int]]:
    """The page's address, on this machine, and the process that serves it."""
    need_chromium()
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for name in HOMES:
                patch.setenv(name, str(home))
            server = stack.enter_context(page_server())
        yield server


@pytest.fixture(scope="session")
def address(served) -> str:
    return served[0]


@pytest.fixture(scope="session")
def browser(served) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def tabs(browser) -> BrowserContext:
    """A window whose tabs are opened quickly; to the server each of them is a person."""
    return browser.new_context(**WINDOW)


@pytest.fixture(scope="session")
def touched_tabs(browser) -> BrowserContext:
    """The same on a screen for fingers."""
    return browser.new_context(has_touch=True, **WINDOW)
