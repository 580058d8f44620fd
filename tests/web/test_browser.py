"""The web app in a real Chromium, with mouse drawing."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.web.browsing import (
    PATIENCE,
    PHONE,
    answer,
    clear,
    draw,
    on_page,
    open_page,
    ready,
    settle,
)
from tests.web.strokes import DRAWINGS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("character", "As")
def test_a_drawn_character_is_read(canvas, character):
    draw(canvas, *DRAWINGS[character])
    expect(answer(canvas)).to_have_text(character)
    why = canvas.get_by_text(f"read as {character}:")
    expect(why).to_be_hidden()
    details = canvas.get_by_text("Details", exact=True)
    details.click()
    expect(why).to_be_visible()
    details.click()


def test_a_blank_canvas_reads_nothing(canvas):
    expect(answer(canvas)).to_have_count(0)


def test_undo_and_clear(canvas):
    draw(canvas, *DRAWINGS["L"])
    expect(answer(canvas)).to_have_text("L")
    draw(canvas, [(0.1, 0.5), (0.5, 0.5)], [(0.1, 1), (0.6, 1)])
    expect(answer(canvas)).to_have_text("E")
    undo = canvas.get_by_role("button", name="Undo")
    undo.click()
    undo.click()
    expect(answer(canvas)).to_have_text("L")
    clear(canvas)


def test_redo_brings_the_stroke_back(canvas):
    draw(canvas, *DRAWINGS["L"])
    draw(canvas, [(0.1, 0.5), (0.5, 0.5)], [(0.1, 1), (0.6, 1)])
    expect(answer(canvas)).to_have_text("E")
    for name in ("Undo", "Undo", "Redo", "Redo"):
        canvas.get_by_role("button", name=name).click()
    expect(answer(canvas)).to_have_text("E")


def test_a_reload_in_the_middle_of_a_stroke_starts_afresh(page):
    box = page.locator("canvas.upper-canvas").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 200, steps=5)
    page.reload()
    expect(page.get_by_text("Draw one digit or letter")).to_be_visible(timeout=PATIENCE)
    page.mouse.up()
    draw(page, *DRAWINGS["7"])
    expect(answer(page)).to_have_text("7")
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_people_at_once_get_their_own_answers_and_keep_them_when_others_leave(tabs, address):
    characters = "7LA"
    pages = [open_page(tabs, address) for _ in characters]
    for page, character in zip(pages, characters, strict=True):
        # A tab that is not seen draws nothing.
        page.bring_to_front()
        draw(page, *DRAWINGS[character])
    for page, character in zip(pages, characters, strict=True):
        page.bring_to_front()
        expect(answer(page)).to_have_text(character)
    first, *others = pages
    for other in others:
        other.close()
    first.bring_to_front()
    expect(answer(first)).to_have_text("7")
    first.get_by_role("button", name="Undo").click()
    expect(answer(first)).to_have_count(0)
    first.close()


def test_many_fast_strokes_are_survived(canvas):
    draw(canvas, *([(0.04 * k, 0), (0.04 * k, 0.9)] for k in range(15)))
    expect(answer(canvas)).to_have_count(1)
    expect(canvas.get_by_text("Traceback")).to_have_count(0)


def test_clicks_on_and_beside_the_canvas_raise_no_error_in_the_browser(tabs, address):
    page = tabs.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    ready(page, address)
    draw(page, *DRAWINGS["7"])
    answer(page).click()
    page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_count(0)
    assert errors == []
    page.close()


def test_the_answer_comes_soon_after_the_pen_is_lifted(canvas):
    draw(canvas, *DRAWINGS["7"])
    lifted = time.perf_counter()
    expect(answer(canvas)).to_have_text("7")
    assert time.perf_counter() - lifted < 2


SEVENTY_SEVEN = [[(-0.6, 1), (-0.1, 1), (-0.4, 0)], [(0.6, 1), (1.1, 1), (0.8, 0)]]


def test_the_text_grows_and_the_page_says_who_reads(canvas):
    draw(canvas, SEVENTY_SEVEN[0])
    expect(answer(canvas)).to_have_text("7")
    expect(canvas.get_by_text("confident · character model")).to_be_visible()
    draw(canvas, SEVENTY_SEVEN[1])
    expect(answer(canvas)).to_have_text("77")
    expect(canvas.get_by_text("confident · text-line model")).to_be_visible()
    canvas.get_by_role("button", name="Undo").click()
    expect(answer(canvas)).to_have_text("7")


def test_each_character_opens_its_alternatives_and_one_of_them_corrects_the_text(canvas):
    draw(canvas, *SEVENTY_SEVEN)
    expect(answer(canvas)).to_have_text("77")
    choices = canvas.locator(".answer-choice")
    expect(choices).to_have_count(0)
    # By the keyboard alone.
    canvas.get_by_role("button", name="7", exact=True).nth(1).press("Enter")
    expect(choices).to_have_count(5)
    expect(choices.first).to_have_attribute("aria-pressed", "true")
    other = choices.nth(1).locator("b").inner_text()
    choices.nth(1).press("Space")
    expect(answer(canvas)).to_have_text(f"7{other}")
    expect(choices.nth(1)).to_have_attribute("aria-pressed", "true")
    draw(canvas, [(1.6, 1), (2.1, 1), (1.8, 0)])
    expect(answer(canvas)).to_have_text("777")


def test_a_character_is_left_out_and_the_text_typed(canvas):
    draw(canvas, *SEVENTY_SEVEN)
    expect(answer(canvas)).to_have_text("77")
    canvas.get_by_role("button", name="7", exact=True).first.click()
    canvas.get_by_role("button", name="Leave out").press("Enter")
    expect(answer(canvas)).to_have_text("7")
    field = canvas.get_by_role("textbox", name="Text", exact=True)
    canvas.get_by_text("Type it").click()
    expect(field).to_be_focused()
    expect(field).to_have_value("7")
    assert field.bounding_box()["height"] >= 44
    field.fill("7 of 7")
    expect(answer(canvas)).to_have_text("7 of 7")
    draw(canvas, [(1.6, 1), (2.1, 1), (1.8, 0)])
    expect(answer(canvas)).to_have_text("777")


def test_a_single_characters_alternatives_are_there_at_once(canvas):
    draw(canvas, *DRAWINGS["S"])
    expect(answer(canvas)).to_have_text("S")
    canvas.get_by_role("button", name=re.compile("^s ")).click()
    expect(answer(canvas)).to_have_text("s")


def test_the_answer_is_read_out_when_it_changes(canvas):
    region = canvas.get_by_role("status").and_(canvas.locator("[aria-live=polite]"))
    expect(region).to_have_count(1)
    region.evaluate("element => { element.dataset.stays = 'yes' }")
    draw(canvas, *DRAWINGS["L"])
    expect(region.get_by_role("heading", level=2)).to_have_text("L")
    expect(region).to_have_attribute("data-stays", "yes")
    expect(region).to_have_text("L")


def options(page: Page):
    page.get_by_role("button", name="Options").click()
    return page.get_by_test_id("stPopoverBody")


def test_only_digits_are_read_when_asked(page):
    choice = options(page)
    choice.get_by_role("radio", name="Digits").or_(
        choice.get_by_role("button", name="Digits")
    ).click()
    settle(page)
    page.keyboard.press("Escape")
    draw(page, *DRAWINGS["S"])
    expect(answer(page)).to_have_text("5")


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        *(((360, 740), "light"), ((844, 390), "dark")),
        *(((1280, 900), "light"), ((1440, 900), "dark")),
    ],
)
def test_canvas_and_answer_stand_in_the_window_and_buttons_are_large(
    tabs, touched_tabs, address, size, scheme
):
    width, height = size
    window = touched_tabs if width < 1000 else tabs
    page = open_page(window, address, {"width": width, "height": height}, scheme)
    draw(page, *SEVENTY_SEVEN)
    expect(answer(page)).to_have_text("77")
    page.get_by_role("button", name="7", exact=True).first.click()
    canvas, text = (
        part.bounding_box() for part in (page.locator("canvas.upper-canvas"), answer(page))
    )
    if width < 1100:
        assert canvas["width"] >= 0.9 * width
    else:
        assert canvas["width"] >= 0.55 * width and text["x"] > canvas["x"] + canvas["width"]
    assert canvas["y"] >= 0 and text["y"] + text["height"] <= height
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    buttons = page.get_by_role("button").or_(page.get_by_role("tab"))
    boxes = {button.inner_text(): button.bounding_box() for button in buttons.all()}
    small = {name: box for name, box in boxes.items() if box and box["height"] < 43.9}
    assert len(boxes) > 5 and not small
    assert min(contrasts(page)) >= 4.5
    colour = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert (max(int(part) for part in re.findall(r"\d+", colour)[:3]) < 80) == (scheme == "dark")
    page.close()


def contrasts(page: Page) -> list[float]:
    """Of the answer's texts with what lies behind them (WCAG 2.2, 1.4.3)."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(map(float.__mul__, (0.2126, 0.7152, 0.0722), linear))

    pairs = page.evaluate(
        """() => {
            const behind = (element) => {
                const colour = getComputedStyle(element).backgroundColor
                return colour === "rgba(0, 0, 0, 0)" ? behind(element.parentElement) : colour
            }
            const texts = document.querySelectorAll(
                `.answer-texts h2, .answer-note, .answer-key, .answer-choice b, summary,
                [data-testid=stTab]`)
            return Array.from(texts, (text) => [getComputedStyle(text).color, behind(text)])
        }"""
    )
    assert len(pairs) > 8
    lights = [sorted(map(luminance, pair)) for pair in pairs]
    return [(light + 0.05) / (dark + 0.05) for dark, light in lights]


def test_the_drawing_stays_when_the_phone_is_turned(tabs, address):
    page = open_page(tabs, address, PHONE)
    draw(page, *DRAWINGS["E"])
    expect(answer(page)).to_have_text("E")
    canvas = page.locator("canvas.upper-canvas")
    page.set_viewport_size({"width": PHONE["height"], "height": PHONE["width"]})
    expect(canvas).to_have_js_property("width", PHONE["height"] - 32)
    assert ink(page) > 100
    # The canvas is wider now, and its middle further to the right.
    draw(page, [(-0.3, 1), (0.2, 1), (-0.1, 0)])
    expect(answer(page)).to_have_text("E7")
    page.close()


def ink(page: Page) -> int:
    """Dark pixels on the canvas."""
    return page.locator("canvas.dc-canvas.lower-canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            return data.filter((value, place) => place % 4 === 3 && value > 128).length
        }"""
    )


def test_one_finger_draws_and_two_move_the_page(touched_tabs, address):
    page = open_page(touched_tabs, address, {"width": 844, "height": 390})
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        devtools.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)],
            },
        )

    ((first, *others),) = on_page(page, DRAWINGS["L"][0])
    touch("touchStart", first)
    for start, end in zip([first, *others], others, strict=False):
        for k in range(1, 6):
            touch("touchMove", tuple(a + (b - a) * k / 5 for a, b in zip(start, end, strict=True)))
    touch("touchEnd")
    expect(answer(page)).to_have_text("L")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollTop") == 0
    drawn = ink(page)
    touch("touchStart", (300, 200))
    touch("touchStart", (300, 200), (400, 200))
    for y in range(190, 120, -10):
        touch("touchMove", (300, y), (400, y))
    touch("touchEnd", (300, 130))
    touch("touchEnd")
    page.wait_for_timeout(500)
    assert main.evaluate("e => e.scrollTop") > 30
    assert abs(ink(page) - drawn) < 20, "the first finger's dot is undone"
    expect(answer(page)).to_have_text("L")
    page.close()


def test_the_page_reads_on_when_the_canvas_calls_its_button_otherwise(page):
    page.get_by_role("button", name="Undo").evaluate(
        """undo => {
            for (const button of undo.parentElement.querySelectorAll("button"))
                button.setAttribute("aria-label", `${button.title}, once more`)
        }"""
    )
    draw(page, *DRAWINGS["7"])
    expect(answer(page)).to_have_text("7")


AT_ONCE = """(tab) => {
    const hosts = document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')
    const roots = Array.from(hosts, (host) => host.shadowRoot)
    const label = "Update the app with this drawing"
    roots.map((root) => root.querySelector(`[aria-label="${label}"]`)).find(Boolean).click()
    tab.click()
}"""


@pytest.mark.parametrize("name", ["Read an image", "Compare runs"])
def test_a_tab_chosen_while_the_canvas_sends_its_drawing_is_not_empty(page, name):
    draw(page, *DRAWINGS["7"])
    expect(answer(page)).to_have_text("7")
    page.get_by_role("tab", name=name).evaluate(AT_ONCE)
    panel = page.get_by_role("tabpanel", name=name)
    expect(panel.get_by_role("radio").first).to_be_visible(timeout=PATIENCE)


def test_the_connection_may_be_cut_in_the_middle_of_a_stroke(tabs, address):
    page = tabs.new_page()
    page.set_viewport_size(PHONE)
    connections = []

    def connect(socket) -> None:
        connections.append(socket)
        socket.connect_to_server()

    page.route_web_socket(re.compile("/_stcore/stream"), connect)
    ready(page, address)
    (path, *_) = on_page(page, DRAWINGS["L"][0])
    page.mouse.move(*path[0])
    page.mouse.down()
    page.mouse.move(*path[1], steps=4)
    connections[-1].close()
    page.mouse.move(*path[2], steps=4)
    page.mouse.up()
    expect(answer(page)).to_have_text("L", timeout=PATIENCE)
    assert len(connections) > 1 and ink(page) > 100
    page.close()
