"""Writer adaptation in a real Chromium, at phone size."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from handwriting.recognition.hand import Hand
from handwriting.web.hand_boxes import BOXES, STRIP, STRIP_HEIGHT, STRIP_WIDTH
from tests.web.browsing import PHONE, open_page
from tests.web.strokes import DRAWINGS

pytestmark = pytest.mark.browser


def write_in_box(page: Page, box: int, character: str) -> None:
    """Write with the mouse in a box of the strip that is seen."""
    canvas = page.get_by_role("tabpanel").locator("canvas.upper-canvas")
    canvas.scroll_into_view_if_needed()
    shown = canvas.bounding_box()
    scale = shown["width"] / STRIP_WIDTH
    assert shown["height"] == pytest.approx(STRIP_HEIGHT * scale, abs=2)
    left, unit = (box + 0.2) * STRIP_WIDTH / BOXES, STRIP.baseline - STRIP.capital
    for stroke in DRAWINGS[character]:
        points = [
            (
                shown["x"] + scale * (left + 0.7 * x * unit),
                shown["y"] + scale * (STRIP.baseline - y * unit),
            )
            for x, y in stroke
        ]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=3)
        page.mouse.up()


@pytest.fixture(scope="module")
def phone(tabs, address) -> Iterator[Page]:
    """The tab, opened on a phone; the tests go on with it one after the other."""
    page = open_page(tabs, address, PHONE)
    page.get_by_role("tab", name="Teach it your hand").click()
    expect(page.get_by_text("0 of 62 characters written")).to_be_visible()
    page.get_by_role("tabpanel").locator("canvas.upper-canvas").wait_for()
    yield page
    page.close()


def test_a_stroke_is_undone_by_a_button_for_fingers_that_covers_no_other(phone):
    write_in_box(phone, 3, "3")
    expect(phone.get_by_text("1 of 62 characters written")).to_be_visible()
    panel = phone.get_by_role("tabpanel")
    expect(panel.get_by_role("button", name="Edit")).to_be_hidden()
    undo, following = (panel.get_by_role("button", name=name) for name in ("Undo", "Next"))
    left, right = following.bounding_box(), undo.bounding_box()
    assert right["height"] >= 44 and left["x"] + left["width"] <= right["x"]
    undo.click()
    expect(phone.get_by_text("0 of 62 characters written")).to_be_visible()


def test_a_hand_is_written_used_downloaded_loaded_again_and_removed_in_either_tab(phone, tmp_path):
    write_in_box(phone, 3, "3")
    expect(phone.get_by_text("1 of 62 characters written")).to_be_visible()
    phone.get_by_role("button", name="Next").click()
    expect(phone.get_by_text("Write 4")).to_be_visible()
    phone.wait_for_timeout(1000)
    write_in_box(phone, 0, "4")
    write_in_box(phone, 3, "7")
    expect(phone.get_by_text("3 of 62 characters written")).to_be_visible()
    phone.get_by_role("button", name="Back").click()
    # What stood there stands there again.
    expect(phone.get_by_text("Write 0")).to_be_visible()
    expect(phone.get_by_text("3 of 62 characters written")).to_be_visible()
    expect(phone.get_by_role("button", name="Clear these boxes")).to_be_visible()
    phone.get_by_role("button", name="Use my hand").click()
    expect(phone.get_by_text("Your hand is in use: 3 of 62 characters.")).to_be_visible()
    with phone.expect_download() as download:
        phone.get_by_role("button", name="Download it").click()
    path = Path(download.value.path())
    phone.get_by_role("tabpanel").get_by_role("button", name="Remove it").click()
    expect(phone.get_by_text("Your hand is in use: 3 of 62")).to_have_count(0)
    content = path.read_bytes()
    (tmp_path / "my_hand.json").write_bytes(content)
    phone.get_by_role("tabpanel").locator("input[type=file]").set_input_files(
        tmp_path / "my_hand.json"
    )
    expect(phone.get_by_text("Your hand is in use: 3 of 62 characters.")).to_be_visible()
    assert Hand.from_bytes(content, network=_network(content)).characters == "347"
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.get_by_role("tab").first.click()
    badge = phone.get_by_role("tabpanel").get_by_text("Your hand is in use")
    expect(badge).to_be_visible()
    phone.get_by_role("tabpanel").get_by_role("button", name="Remove it").click()
    expect(badge).to_have_count(0)


def _network(content: bytes) -> str:
    return content.decode().partition('"network": "')[2].partition('"')[0]
