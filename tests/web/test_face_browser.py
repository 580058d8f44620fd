"""The page's face in a real Chromium, and its accessibility."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from handwriting.synthesis.examples import EXAMPLES
from tests.web.browsing import (
    DESKTOP,
    PATIENCE,
    PHONE,
    answer,
    clear,
    draw,
    open_page,
    ready,
    settle,
)
from tests.web.strokes import DRAWINGS

pytestmark = pytest.mark.browser

READY = {
    "Read an image": "Or try an example",
    "Teach it your hand": "0 of 62 characters written",
    "Compare runs": "Errors of one character",
    "About": "Training data",
}
"""What each tab but the first says when it is drawn."""

READING = 120_000


@pytest.fixture(scope="module", params=["phone", "dark desktop"])
def visitors_page(request, tabs, touched_tabs, address) -> Iterator[Page]:
    if request.param == "phone":
        page = open_page(touched_tabs, address, PHONE)
    else:
        page = open_page(tabs, address, DESKTOP, "dark")
    yield page
    page.close()


@pytest.fixture
def visitor(visitors_page) -> Page:
    """A page that is seen, with whatever was drawn there before."""
    visitors_page.bring_to_front()
    return visitors_page


def test_the_page_has_a_name_and_says_what_it_does(visitor):
    heading = visitor.get_by_role("heading", level=1)
    expect(heading).to_have_text("Handwriting")
    box = heading.bounding_box()
    assert box["width"] > 100 and box["y"] >= 0
    sentence = visitor.get_by_text("characters, words and whole pages become text")
    expect(sentence).to_be_in_viewport()
    assert (
        visitor.evaluate("document.documentElement.scrollWidth")
        <= box["x"] + (visitor.viewport_size["width"])
    )


def test_a_word_to_trace_lies_on_the_empty_paper_and_goes_with_the_first_stroke(visitor):
    clear(visitor)
    word, paper = visitor.locator(".pen-ghost"), visitor.locator("canvas.upper-canvas")
    expect(word).to_have_css("opacity", "1")
    letters, sheet = word.locator("g").bounding_box(), paper.bounding_box()
    assert sheet["x"] < letters["x"] and sheet["y"] < letters["y"]
    assert letters["x"] + letters["width"] < sheet["x"] + sheet["width"]
    assert letters["width"] > 0.5 * min(sheet["width"], 600)
    draw(visitor, *DRAWINGS["L"])
    expect(word).to_have_css("opacity", "0")
    expect(answer(visitor)).to_have_text("L")
    clear(visitor)
    expect(word).to_have_css("opacity", "1")


def test_the_answer_stands_beside_the_ink_where_there_is_room_and_else_below(visitor):
    clear(visitor)
    draw(visitor, *DRAWINGS["7"])
    expect(answer(visitor)).to_have_text("7")
    sheet = visitor.locator("canvas.upper-canvas").bounding_box()
    text = answer(visitor).bounding_box()
    if visitor.viewport_size["width"] >= 1100:
        assert text["x"] > sheet["x"] + sheet["width"]
        assert sheet["y"] - 5 <= text["y"] <= sheet["y"] + 60
    else:
        assert 0 <= text["y"] - (sheet["y"] + sheet["height"]) < 60
    bar = visitor.locator(".answer-sure").bounding_box()
    assert 2 <= bar["height"] <= 6 and abs(bar["y"] - text["y"] - text["height"]) < 40
    expect(visitor.get_by_text("Model input")).to_be_hidden()


def test_models_are_compared_by_one_click_and_their_probabilities_are_bars(visitor):
    clear(visitor)
    draw(visitor, *DRAWINGS["A"])
    expect(answer(visitor)).to_have_text("A")
    compare = visitor.get_by_text("Compare models")
    compare.click()
    expect(answer(visitor)).to_have_count(3)
    sections = visitor.locator(".answer-reading")
    tops = {section.bounding_box()["y"] for section in sections.all()}
    assert len(tops) == 1, "they stand side by side"
    for section in sections.all():
        choices = section.locator(".answer-choice")
        expect(choices).to_have_count(5)
        shares = [float(c.evaluate("e => parseFloat(e.style.getPropertyValue('--share'))"))
                  for c in choices.all()]  # fmt: skip
        assert shares == sorted(shares, reverse=True) and 20 < shares[0] <= 100
        tops = [choice.bounding_box()["y"] for choice in choices.all()]
        assert tops == sorted(set(tops)), "one below the other"
    width = visitor.viewport_size["width"]
    assert visitor.evaluate("document.documentElement.scrollWidth") <= width
    compare.click()
    expect(answer(visitor)).to_have_count(1)


def test_the_setting_is_kept_in_the_address_and_a_link_carries_it(tabs, address):
    page = tabs.new_page()
    ready(page, f"{address}/?content=number")
    number = page.get_by_role("radio", name="Number")
    expect(number).to_be_checked()
    draw(page, *DRAWINGS["S"])
    expect(answer(page)).to_have_text("5")
    page.get_by_role("radio", name="Text").click()
    expect(answer(page)).to_have_text("S")
    expect(page).to_have_url(re.compile("^[^?]*$"))
    page.get_by_role("radio", name="French").click()
    expect(page).to_have_url(re.compile(r"\?language=fr$"))
    page.get_by_role("tab", name="Read an image").click()
    panel = page.get_by_role("tabpanel", name="Read an image")
    expect(panel.get_by_role("radio", name="French")).to_be_checked(timeout=PATIENCE)
    panel.get_by_role("radio", name="Program").click()
    expect(page).to_have_url(re.compile("content=program"))
    page.get_by_role("tab", name="Write").click()
    expect(page.get_by_role("radio", name="Program")).to_be_checked()
    page.reload()
    expect(page.get_by_role("radio", name="Program")).to_be_checked(timeout=PATIENCE)
    page.close()


def test_an_address_with_a_setting_that_is_not_there_gets_a_sentence(tabs, address):
    page = tabs.new_page()
    ready(page, f"{address}/?language=klingon&content=<b>")
    expect(page.get_by_text("language “klingon”, which this page does not have")).to_be_visible()
    expect(page.get_by_role("radio", name="English")).to_be_checked()
    draw(page, *DRAWINGS["7"])
    expect(answer(page)).to_have_text("7")
    page.get_by_role("radio", name="Number").click()
    expect(page.get_by_text("klingon")).to_have_count(0)
    page.close()


def test_a_pattern_is_chosen_where_the_answer_stands(page):
    page.get_by_role("radio", name="Pattern").click()
    page.get_by_role("textbox", name="Only text that matches").fill("[A-Z]")
    page.keyboard.press("Enter")
    settle(page)
    draw(page, *DRAWINGS["s"])
    expect(answer(page)).to_have_text("S")


def test_the_gallery_shows_each_example_and_one_click_reads_it(visitor):
    visitor.get_by_role("tab", name="Read an image").click()
    gallery = visitor.locator(".st-key-gallery")
    expect(gallery.locator("img")).to_have_count(len(EXAMPLES), timeout=PATIENCE)
    for picture in gallery.locator("img").all():
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    buttons = gallery.get_by_role("button")
    boxes = [
        button.bounding_box() for button in buttons.filter(has_text=re.compile("A |From")).all()
    ]
    assert len({box["x"] for box in boxes}) >= 2, "in columns"
    visitor.get_by_role("button", name="A diagram").click()
    words = visitor.get_by_role("group", name="Text of a diagram.jpg")
    expect(words).to_contain_text("correct", timeout=READING)
    width = visitor.viewport_size["width"]
    assert visitor.evaluate("document.documentElement.scrollWidth") <= width
    visitor.get_by_role("button", name="Remove all").click()
    visitor.get_by_role("tab", name="Write").click()


def findings(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, with the first element of each."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{found['id']}: {found['nodes'][0]['html'][:200]}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


def test_axe_finds_nothing_serious_in_any_tab(visitor):
    clear(visitor)
    draw(visitor, *DRAWINGS["S"])
    expect(answer(visitor)).to_have_text("S")
    visitor.get_by_text("Details", exact=True).click()
    settle(visitor)
    found = {"Write": findings(visitor)}
    for tab, words in READY.items():
        visitor.get_by_role("tab", name=tab).click()
        drawn = visitor.get_by_role("tabpanel", name=tab).get_by_text(words)
        expect(drawn.first).to_be_visible(timeout=PATIENCE)
        settle(visitor)
        found[tab] = findings(visitor)
    assert not any(found.values()), found
