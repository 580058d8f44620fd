"""Fixtures: the web app, served and opened in a real Chromium, for the tests of all tabs.

Server and pages are shared unless a test changes what others see.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.browsing import DESKTOP, clear, open_page, served_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    # Tabs then share the compiled JavaScript: each opens in a third of the time.
    "--process-per-site",
)


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit's `AppTest` leaves its script as ``__main__``, which new processes would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """Where the server may write, and writes nothing."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def address(home) -> Iterator[str]:
    """The page, served on this machine."""
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("chromium is missing, and REQUIRE_ALL is set")
        pytest.skip("needs chromium (Debian's package), which is not on this machine")
    with served_page(home) as url:
        yield url


@pytest.fixture(scope="module")
def browser(address) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def tabs(browser) -> Iterator[BrowserContext]:
    """A window whose tabs are opened quickly; to the server each of them is a person."""
    context = browser.new_context(viewport=DESKTOP)
    yield context
    context.close()


@pytest.fixture
def page(tabs, address) -> Iterator[Page]:
    """A page that was just opened."""
    page = open_page(tabs, address)
    yield page
    page.close()


@pytest.fixture(scope="module")
def canvas_page(tabs, address) -> Page:
    return open_page(tabs, address)


@pytest.fixture
def canvas(canvas_page) -> Page:
    """A page whose canvas is blank, for tests that change nothing else."""
    canvas_page.bring_to_front()
    clear(canvas_page)
    return canvas_page
