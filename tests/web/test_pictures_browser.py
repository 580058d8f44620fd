"""The tab that reads images in a real Chromium, at desktop and phone size."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from handwriting.synthesis.examples import EXAMPLES
from tests.pages.drawn import draw_page
from tests.web.browsing import DESKTOP, PATIENCE, PHONE, Scheme, new_tab
from tests.web.pictures import encoded, number

pytestmark = pytest.mark.browser

READING = 120_000
"""Milliseconds that a page may take on a busy machine."""

PASTE = """(picture) => {
    const bytes = Uint8Array.from(atob(picture), (c) => c.charCodeAt(0))
    const data = new DataTransfer()
    data.items.add(new File([bytes], "x.png", { type: "image/png" }))
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }))
}"""

CAMERA = """() => {
    const picture = document.createElement("canvas")
    Object.assign(picture, { width: 640, height: 480 })
    const pen = picture.getContext("2d")
    setInterval(() => {
        pen.fillStyle = "white"
        pen.fillRect(0, 0, 640, 480)
        pen.fillStyle = "navy"
        pen.font = "160px sans-serif"
        pen.fillText("274", 150, 300)
    }, 50)
    navigator.mediaDevices.getUserMedia = async () => picture.captureStream(20)
}"""
NO_CAMERA = """(name) => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", name) }
}"""

CONTRAST = """(element) => {
    const light = (colour) => {
        const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((part) => {
            const share = part / 255
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    let ground = element
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") {
        ground = ground.parentElement ?? ground.getRootNode().host
    }
    const [ink, paper] = [getComputedStyle(element).color,
        getComputedStyle(ground).backgroundColor].map(light)
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)
}"""

CHOOSE_AND_DOWNLOAD = """(reading, download) => {
    reading.click()
    setTimeout(() => download.click(), 1)
    return reading.dataset.character
}"""
"""Quicker than any finger: the server has not yet answered the correction."""


def open_tab(
    window: BrowserContext,
    address: str,
    viewport: dict[str, int],
    scheme: Scheme = "light",
) -> Page:
    page = new_tab(window, viewport, scheme)
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.get_by_role("tab", name="Read an image").click()
    expect(page.get_by_role("button", name="A note")).to_be_visible(timeout=PATIENCE)
    return page


@pytest.fixture(scope="module", params=["desktop", "phone"])
def page_read(request, tabs, touched_tabs, address) -> Iterator[Page]:
    """The example page, read; on the desktop light, on the phone dark."""
    if request.param == "phone":
        page = open_tab(touched_tabs, address, PHONE, scheme="dark")
    else:
        page = open_tab(tabs, address, DESKTOP)
    page.get_by_role("button", name="A note").click()
    count = sum(len(line.split()) for line in EXAMPLES["A note"].lines)
    expect(words(page)).to_have_count(count, timeout=READING)
    expect(page.get_by_role("button", name="Download as text")).to_be_visible(timeout=READING)
    yield page
    page.close()


@pytest.fixture
def read(page_read) -> Page:
    """The page, seen."""
    page_read.bring_to_front()
    return page_read


def words(page: Page):
    return page.get_by_role("group", name="Text of").locator(".word")


def readings(page: Page):
    return page.get_by_role("group", name="Other predictions of")


def downloaded(page: Page, kind: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Download as {kind}").click()
    return Path(download.value.path()).read_text()


def choose_other(page: Page, word: str) -> str:
    """Take the second reading of a word's first character; the new word."""
    words(page).get_by_text(word, exact=True).first.click()
    second = readings(page).get_by_role("group", name="Character 1").get_by_role("button").nth(1)
    changed = second.get_attribute("data-character") + word[1:]
    second.click()
    expect(words(page).get_by_text(changed, exact=True)).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(readings(page)).to_have_count(0)
    return changed


def test_nothing_is_wider_than_the_window_and_the_picture_is_seen(read):
    width = read.viewport_size["width"]
    assert read.evaluate("document.documentElement.scrollWidth") <= width
    box = read.get_by_role("img", name="a note.jpg, its words outlined").bounding_box()
    assert box["width"] > min(320, width / 3)
    assert box["y"] < read.viewport_size["height"] - 200, "it begins far below the fold"


def test_another_reading_is_taken_and_downloaded_and_stays_when_the_tab_is_left(read):
    changed = choose_other(read, "river")
    for kind in ("text", "CSV", "JSON"):
        assert changed in downloaded(read, kind), kind
    record = json.loads(downloaded(read, "JSON"))
    assert record["file"] == "a note.jpg" and len(record["lines"]) == 6
    read.get_by_role("tab").first.click()
    expect(read.locator("canvas.upper-canvas")).to_be_visible()
    read.get_by_role("tab", name="Read an image").click()
    expect(words(read).get_by_text(changed, exact=True)).to_be_visible()


def test_a_download_asked_for_in_the_moment_of_a_correction_holds_it(read):
    words(read).get_by_text("leaf", exact=True).click()
    group = readings(read).get_by_role("group", name="Character 1")
    download = read.get_by_role("button", name="Download as text").element_handle()
    with read.expect_download() as asked:
        changed = group.get_by_role("button").nth(1).evaluate(CHOOSE_AND_DOWNLOAD, download)
    text = Path(asked.value.path()).read_text()
    read.keyboard.press("Escape")
    assert f"{changed}eaf" in text.split()


def test_a_word_on_the_picture_opens_its_readings(read):
    read.locator("polygon").first.click()
    expect(readings(read)).to_be_visible()
    expect(readings(read)).to_be_in_viewport()
    expect(words(read).first).to_have_attribute("aria-expanded", "true")
    read.keyboard.press("Escape")
    expect(readings(read)).to_have_count(0)


def test_readings_are_chosen_with_the_keyboard_alone(read):
    word = words(read).get_by_text("full", exact=True)
    word.focus()
    read.keyboard.press("Enter")
    expect(readings(read).locator(":focus")).to_have_attribute("aria-pressed", "true")
    read.keyboard.press("Tab")
    other = read.locator("button:focus").get_attribute("data-character")
    read.keyboard.press("Enter")
    expect(readings(read).locator(":focus")).to_have_attribute("aria-pressed", "true")
    read.keyboard.press("Escape")
    expect(read.locator("button:focus")).to_have_text(f"{other}ull")


def test_a_character_is_left_out_and_a_word_typed_by_the_keyboard(read):
    words(read).get_by_text("and", exact=True).first.click()
    readings(read).get_by_role("group", name="Character 3").get_by_label("leave out").click()
    expect(words(read).get_by_text("an", exact=True)).to_be_visible()
    field = readings(read).get_by_label("Or type it")
    expect(field).to_have_value("an")
    assert field.bounding_box()["height"] >= 44
    field.fill("and yet")
    field.press("Enter")
    expect(readings(read)).to_have_count(0)
    expect(words(read).get_by_text("and yet", exact=True)).to_be_visible()
    assert "and yet" in downloaded(read, "text")
    words(read).get_by_text("and yet", exact=True).click()
    readings(read).get_by_label("Or type it").fill("and")
    assert "and yet" not in downloaded(read, "text")
    read.get_by_role("button", name="Done").click()


def test_the_text_is_copied_as_it_is_shown(read):
    read.get_by_role("button", name="Copy text").click()
    expect(read.get_by_text("Copied")).to_be_visible()
    copied = read.evaluate("navigator.clipboard.readText()")
    assert copied.split() == words(read).all_inner_texts()


def test_words_and_readings_are_legible_and_large_enough_for_a_finger(read):
    words(read).first.click()
    shown = [words(read).first, *readings(read).get_by_role("button").all()]
    shown += [read.get_by_text("Choose a word to correct it"), read.locator("small").first]
    for element in shown:
        assert element.evaluate(CONTRAST) >= 4.5
    if read.evaluate("matchMedia('(pointer: coarse)').matches"):
        for button in [*words(read).all(), *readings(read).get_by_role("button").all()]:
            assert button.bounding_box()["height"] >= 44
    read.keyboard.press("Escape")


@pytest.fixture(scope="module")
def phones_page(tabs, address) -> Iterator[Page]:
    page = open_tab(tabs, address, PHONE)
    yield page
    page.close()


@pytest.fixture
def phone(phones_page) -> Page:
    """The tab on a phone, seen and without pictures: who gives some removes them."""
    phones_page.bring_to_front()
    return phones_page


def remove_all(page: Page) -> None:
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_role("button", name="A note")).to_be_visible()


def test_a_picture_pasted_while_another_is_read_is_read_too(phone, tmp_path):
    Image.fromarray(draw_page("ruled")).save(tmp_path / "page.png")
    (tmp_path / "text.png").write_text("hello")
    chooser = phone.locator("input[type=file]")
    chooser.set_input_files([tmp_path / "page.png", tmp_path / "text.png"])
    # A quick machine has read it before one looks.
    done = phone.get_by_role("group", name="Text of page.png")
    expect(phone.get_by_text("Reading page.png").or_(done).first).to_be_visible()
    phone.evaluate(PASTE, base64.b64encode(encoded(number("274"), "PNG")).decode())
    group = phone.get_by_role("group", name="Text of pasted image.png")
    expect(group).to_be_visible(timeout=READING)
    expect(phone.get_by_role("group", name="Text of page.png")).to_be_visible(timeout=READING)
    expect(phone.get_by_text("text.png is not a readable image")).to_be_visible()
    text = downloaded(phone, "text")
    assert "pasted image.png:" in text and "page.png:" in text
    remove_all(phone)
    expect(phone.get_by_text("Traceback")).to_have_count(0)


def test_without_a_camera_a_sentence_says_why(phone):
    for error, words in (
        ("NotFoundError", "There is no camera here."),
        ("NotAllowedError", "The camera was refused."),
        ("NotReadableError", "The camera cannot be used now."),
    ):
        phone.evaluate(NO_CAMERA, error)
        sentence = phone.get_by_text(words)
        phone.get_by_text("Use the camera").click()
        expect(sentence).to_be_visible()
        expect(phone.get_by_test_id("stCameraInput")).to_have_count(0)
        phone.get_by_text("Use the camera").click()
        expect(sentence).to_have_count(0)


def test_a_photograph_is_taken_and_read(phone):
    phone.evaluate(CAMERA)
    phone.get_by_text("Use the camera").click()
    phone.get_by_role("button", name=re.compile("Take Photo", re.IGNORECASE)).click()
    expect(words(phone).first).to_be_visible(timeout=READING)
    remove_all(phone)
