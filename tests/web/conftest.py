"""Fixtures: pages of the served web app. They are shared unless a test changes what others see."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.web.browsing import clear, open_page


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit's `AppTest` leaves its script as ``__main__``, which new processes would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def page(tabs, address) -> Iterator[Page]:
    """A page that was just opened."""
    page = open_page(tabs, address)
    yield page
    page.close()


@pytest.fixture(scope="module")
def canvas_page(tabs, address) -> Iterator[Page]:
    page = open_page(tabs, address)
    yield page
    page.close()


@pytest.fixture
def canvas(canvas_page) -> Page:
    """A page whose canvas is blank, for tests that change nothing else."""
    canvas_page.bring_to_front()
    clear(canvas_page)
    return canvas_page
