"""The page in a real Chromium, drawn on with the mouse."""

import base64
import re
import time
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from handwriting.evaluation.text_metrics import edit_distance
from tests.pages.drawn import TEXT, draw_page
from tests.web.browsing import PATIENCE, PHONE, answer, clear, draw, open_page, settle
from tests.web.strokes import DRAWINGS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("character", DRAWINGS)
def test_a_drawn_character_is_read(canvas, character):
    draw(canvas, *DRAWINGS[character])
    expect(answer(canvas)).to_have_text(character)
    expect(canvas.get_by_text(f"read as {character}:")).to_be_visible()


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


def test_ten_people_at_once_get_their_own_answers(tabs, address):
    characters = sorted(DRAWINGS, key=lambda c: sum(map(len, DRAWINGS[c])))[:10]
    pages = [open_page(tabs, address) for _ in characters]
    for page, character in zip(pages, characters, strict=True):
        # A tab that is not seen draws nothing.
        page.bring_to_front()
        draw(page, *DRAWINGS[character])
    for page, character in zip(pages, characters, strict=True):
        page.bring_to_front()
        expect(answer(page)).to_have_text(character)
        page.close()


def test_two_characters_on_the_canvas_are_said(canvas):
    draw(canvas, [(-0.6, 1), (-0.1, 1), (-0.4, 0)], [(0.6, 1), (1.1, 1), (0.8, 0)])
    expect(canvas.get_by_text("Two characters or more?")).to_be_visible()


def test_many_fast_strokes_are_survived(canvas):
    draw(canvas, *([(0.02 * k, 0), (0.02 * k, 0.9)] for k in range(30)))
    expect(answer(canvas)).to_have_count(1)
    expect(canvas.get_by_text("Traceback")).to_have_count(0)


def test_only_digits_are_read_when_asked(page):
    page.get_by_text("Options", exact=True).click()
    page.get_by_role("radio", name="Digits").or_(page.get_by_role("button", name="Digits")).click()
    settle(page)
    draw(page, *DRAWINGS["S"])
    expect(answer(page)).to_have_text("5")


def test_two_models_read_the_same_drawing(page):
    page.get_by_text("Options", exact=True).click()
    page.get_by_test_id("stButtonGroup").get_by_text("resnet34").click()
    settle(page)
    draw(page, *DRAWINGS["A"])
    expect(answer(page)).to_have_count(2)
    expect(answer(page).first).to_have_text("A")


def uploaded(folder, name: str, characters: int = 1):
    picture = Image.new("RGB", (240 * characters, 300), "khaki")
    pen = ImageDraw.Draw(picture)
    for k in range(characters):
        points = [(240 * k + 60, 60), (240 * k + 180, 60), (240 * k + 110, 250)]
        pen.line(points, fill="navy", width=16, joint="curve")
    picture.save(folder / name)
    return folder / name


def test_uploaded_pictures_give_answers_and_a_table(page, tmp_path):
    page.get_by_text("Read picture files").click()
    (tmp_path / "text.png").write_text("hello")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files([uploaded(tmp_path, "seven.png")])
    expect(answer(page)).to_have_text("7")
    chooser.set_input_files([uploaded(tmp_path, "77.png", 2), tmp_path / "text.png"])
    expect(page.get_by_test_id("stDownloadButton")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_a_pasted_picture_is_read_and_removed(page, tmp_path):
    page.get_by_text("Read picture files").click()
    picture = base64.b64encode(uploaded(tmp_path, "seven.png").read_bytes()).decode()
    expect(page.get_by_role("button", name="Paste a picture")).to_be_visible()
    page.evaluate(
        """(picture) => {
            const bytes = Uint8Array.from(atob(picture), (c) => c.charCodeAt(0))
            const data = new DataTransfer()
            data.items.add(new File([bytes], "x.png", { type: "image/png" }))
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }))
        }""",
        picture,
    )
    expect(answer(page)).to_have_text("7")
    page.get_by_role("button", name="Remove it").click()
    expect(answer(page)).to_have_count(0)


def test_a_photographed_page_is_read_with_boxes_and_text_to_download(page, tmp_path):
    Image.fromarray(draw_page("ruled")).save(tmp_path / "page.png")
    (tmp_path / "text.png").write_text("hello")
    page.get_by_role("tab", name="Read photographs").click()
    chooser = page.get_by_role("tabpanel").locator("input[type=file]")
    chooser.set_input_files([tmp_path / "text.png", tmp_path / "page.png"])
    button = page.get_by_role("button", name="Download as text")
    expect(button).to_be_visible()
    expect(page.get_by_text("text.png is not a picture that can be read")).to_be_visible()
    with page.expect_download() as download:
        button.click()
    read = Path(download.value.path()).read_text()
    assert len(read.splitlines()) == len(TEXT)
    assert edit_distance(read.replace(" ", ""), "".join("".join(TEXT).split())) < 30


def test_the_runs_are_compared(page):
    page.get_by_role("tab", name="Compare runs").click()
    expect(page.get_by_text("They differ most in F1 on")).to_be_visible()
    expect(page.get_by_text("confusion matrix")).to_have_count(2)
    images = page.get_by_role("tabpanel").get_by_role("img")
    expect(images.first).to_be_visible()


def test_dark_theme_keeps_the_paper_white_and_reads(browser, address):
    page = open_page(browser, address, color_scheme="dark")
    draw(page, *DRAWINGS["7"])
    expect(answer(page)).to_have_text("7")
    colour = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", colour)[:3]) < 80
    page.close()


def test_on_a_phone_nothing_is_wider_than_the_screen(browser, address):
    page = open_page(browser, address, viewport=PHONE, has_touch=True)
    draw(page, *DRAWINGS["T"])
    expect(answer(page)).to_have_text("T")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_the_answer_comes_soon_after_the_pen_is_lifted(canvas):
    draw(canvas, *DRAWINGS["7"])
    lifted = time.perf_counter()
    expect(answer(canvas)).to_have_text("7")
    assert time.perf_counter() - lifted < 2
