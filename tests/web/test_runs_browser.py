"""The tab "Compare runs" in a real Chromium, at phone and desktop size."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.web.browsing import DESKTOP, PATIENCE, PHONE, open_page

pytestmark = pytest.mark.browser

WIDER = """before => document.querySelector("svg.marks").getBoundingClientRect().width > before"""


@pytest.fixture(scope="module")
def runs_page(tabs, address) -> Iterator[Page]:
    """The tab, opened and drawn on a phone."""
    page = open_page(tabs, address, PHONE)
    page.get_by_role("tab", name="Compare runs").click()
    expect(page.get_by_text("Errors of one character")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(11, timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg.marks")).to_have_count(11)
    yield page
    page.close()


def hover(page: Page, chart: int, kind: str, place: int) -> dict[str, str]:
    """Move the mouse to a mark of a chart; what is said beside it."""
    marks = page.get_by_test_id("stVegaLiteChart").nth(chart).locator(f"svg .mark-{kind} path")
    marks.nth(place).scroll_into_view_if_needed()
    box = marks.nth(place).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 1, y - 1)
    page.mouse.move(x, y)
    tip = page.locator("#vg-tooltip-element.visible")
    expect(tip).to_be_visible()
    cells = tip.locator("td").all_inner_texts()
    return dict(zip((name.rstrip(":") for name in cells[::2]), cells[1::2], strict=True))


def test_a_point_of_the_training_tells_its_values(runs_page):
    told = hover(runs_page, 5, "symbol", 3)
    assert list(told) == ["run", "series", "epoch", "loss"]
    assert float(told["loss"]) > 0


def test_a_click_on_a_matrix_chooses_the_character(runs_page):
    told = hover(runs_page, 7, "rect", 20)
    assert list(told) == ["true", "predicted", "images", "share of the true character's images"]
    runs_page.mouse.down()
    runs_page.mouse.up()
    chosen = runs_page.get_by_text("predicted as", exact=False).first
    expect(chosen).to_have_text(f"{told['true']} predicted as")


def test_nothing_is_wider_than_the_window_also_when_it_is_made_wider(runs_page):
    check_widths(runs_page)
    charts = runs_page.get_by_test_id("stVegaLiteChart").locator("svg.marks")
    before = charts.first.bounding_box()["width"]
    runs_page.set_viewport_size(DESKTOP)
    expect(charts).to_have_count(11)
    runs_page.wait_for_function(WIDER, arg=before)
    check_widths(runs_page)


def check_widths(page: Page) -> None:
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for chart in page.locator("svg.marks").all():
        box = chart.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
