"""A page is turned upright, its lines are read in order, with a correct box for each word, and what
is not read is told."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.imaging.text_lines import PRINT, TextLayout, TextLine
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.corrections import corrected_fields
from handwriting.pages.layout import LAYOUT_FOLDER, Layout, find_layout
from handwriting.pages.page_text import text_of_page
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import PageReader, read_page, read_picture, read_single_line
from handwriting.pages.records import Page
from tests.pages.drawn import LEFT, PITCH, TEXT, TOP, X_HEIGHT, draw_page, layout_of_page
from tests.pages.support import KnownLayout, MarkReader, UnsureReader, photograph_of
from tests.support import PROJECT, shared_folder


def readers_of(layout: TextLayout, reader: MarkReader | None = None) -> PageReader:
    return PageReader(reader or MarkReader(), KnownLayout(layout))


@pytest.fixture(scope="module")
def shipped() -> PageReader:
    """The weights that the project comes with."""
    return PageReader(
        Reader.load(find_reader("latest", PROJECT / LINES_FOLDER)),
        Layout.load(find_layout("latest", PROJECT / LAYOUT_FOLDER)),
    )


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_page_turned_any_way_is_read_upright_and_its_boxes_lie_in_the_picture(quarters):
    colours = np.ascontiguousarray(np.rot90(draw_page("ruled"), quarters))
    page = read_page(readers_of(layout_of_page("ruled")), photograph_of(colours))
    assert [line.text for line in page.lines] == ["ab cd"] * len(TEXT)
    assert (page.width, page.height) == colours.shape[1::-1] and not page.unread
    height, width = draw_page().shape[:2]
    for k, line in enumerate(page.lines):
        corner = {
            0: lambda p: p,
            1: lambda p: np.array([width - p[1], p[0]]),
            2: lambda p: np.array([width - p[0], height - p[1]]),
            3: lambda p: np.array([p[1], height - p[0]]),
        }[quarters](line.whole.polygon[3])
        assert corner[1] == pytest.approx(TOP + k * PITCH, abs=30)
    first = page.lines[0]
    assert [word.text for word in first.words] == ["ab", "cd"]
    assert first.whole.confidence == pytest.approx(0.5)


@pytest.mark.parametrize("quarters", [0, 2])
def test_lines_that_begin_further_right_are_indented(quarters):
    colours = np.ascontiguousarray(np.rot90(draw_page(), quarters))
    lines = read_page(readers_of(layout_of_page()), photograph_of(colours)).lines
    if quarters == 0:
        assert [line.indent > 0 for line in lines] == [False, True, True, True, False]
        assert lines[2].indent > lines[1].indent
    else:
        assert all(line.indent == 0 for line in lines)


def test_boxes_are_in_pixels_of_a_large_picture(tmp_path):
    Image.fromarray(draw_page()).resize((3000, 2400)).save(tmp_path / "large.jpg")
    photograph = open_photograph(tmp_path / "large.jpg")
    page = read_page(readers_of(layout_of_page()), photograph)
    assert len(page.lines) == len(TEXT) and (page.width, page.height) == (3000, 2400)
    left, top = page.lines[0].whole.polygon[0]
    assert left == pytest.approx(3 * LEFT, abs=30) and 3 * (TOP - 50) < top < 3 * TOP


def test_words_are_boxed_by_the_ink_of_their_line():
    page = read_page(readers_of(layout_of_page()), photograph_of(draw_page()))
    dark = draw_page().min(axis=2) < 100
    for k, line in enumerate(page.lines):
        top, bottom = TOP + k * PITCH - 50, TOP + k * PITCH + 30
        rows, columns = np.nonzero(dark[top:bottom])
        ink = columns.min(), top + rows.min(), columns.max() + 1, top + rows.max() + 1
        assert np.abs(np.subtract(line.box, ink)).max() <= 8
        boxes = np.array([word.box for word in line.words])
        assert boxes[0, 2] <= boxes[1, 0] + 2
        assert boxes[:, :2].min(axis=0) == pytest.approx(line.box[:2], abs=3)
        assert boxes[:, 2:].max(axis=0) == pytest.approx(line.box[2:], abs=3)


@pytest.mark.parametrize("shape", [(900, 1), (2000, 3), (1, 900), (1, 1), (5, 1)])
def test_a_picture_a_pixel_wide_or_high_is_read_without_a_fault(shape, shipped):
    stripes = (np.indices((*shape, 3))[0] // 7 % 2 * 200).astype(np.uint8)
    for picture in (stripes, np.zeros_like(stripes)):
        page = read_picture(shipped, photograph_of(picture))
        assert isinstance(page, Page) and len(page.lines) <= 1


def test_a_blank_picture_has_no_text_however_it_is_read(shipped):
    blank = photograph_of(np.full((300, 400, 3), 225, dtype=np.uint8))
    for how in (read_page, read_single_line, read_picture):
        page = how(shipped, blank)
        assert (page.lines, page.unread, page.fields, page.text) == ([], [], [], "")
    assert text_of_page([]) == ""


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)


def gradient() -> np.ndarray:
    light = np.linspace(20, 250, 800)[None, :] * np.linspace(1, 0.5, 600)[:, None]
    return np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)


def test_shades_are_no_text(shipped):
    page = read_picture(shipped, photograph_of(gradient()))
    assert (page.lines, page.unread) == ([], [])


def test_noise_is_never_read_with_confidence(shipped):
    assert all(
        line.confidence < 0.7 for line in read_picture(shipped, photograph_of(noise())).lines
    )


@pytest.mark.parametrize("file", ["eng_AF_011.jpg", "eng_EU_025.jpg", "eng_AS_036.jpg"])
def test_most_words_of_a_photographed_note_lie_in_lines_that_are_found(file, shipped):
    folder = shared_folder("words_photographed")
    words = [w for w in json.loads((folder / "words.json").read_text()) if w["image"] == file]
    page = read_page(shipped, open_photograph(folder / file))
    lines = [line.whole.polygon.astype(np.float32) for line in page.lines]
    middles = [np.mean(word["polygon"], axis=0).tolist() for word in words]
    inside = [any(cv2.pointPolygonTest(each, m, False) > 0 for each in lines) for m in middles]
    assert len(words) > 5 and np.mean(inside) > 0.7


def test_a_picture_with_room_for_one_line_is_read_as_one_without_the_layout_network():
    strip = np.ascontiguousarray(draw_page(text=TEXT[:1])[TOP - 40 : TOP + 20, 100:900])
    readers = readers_of(layout_of_page())
    page = read_picture(readers, photograph_of(strip))
    assert [line.text for line in page.lines] == ["ab cd"] and not readers.layout.asked


def line_alone(rows: slice) -> TextLayout:
    """The first line of the page with some rows around it."""
    layout = layout_of_page(text=TEXT[:1])
    picture = np.ascontiguousarray(layout.picture[rows])
    lines = [replace(line, points=line.points - [0, rows.start]) for line in layout.lines]
    return TextLayout(picture, tuple(lines), layout.rules[rows], layout.known[rows])


def test_one_line_with_much_or_little_paper_is_read_once():
    for rows in (slice(TOP - 60, TOP + 40), slice(0, 500)):
        layout = line_alone(rows)
        page = read_picture(readers_of(layout), photograph_of(layout.picture))
        assert [line.text for line in page.lines] == ["ab cd"]


def test_writing_that_the_layout_network_overlooks_is_read_as_one_line():
    layout = replace(line_alone(slice(TOP - 60, TOP + 40)), lines=())
    assert read_page(readers_of(layout), photograph_of(layout.picture)).lines == []
    page = read_picture(readers_of(layout), photograph_of(layout.picture))
    assert [line.text for line in page.lines] == ["ab cd"]


def test_an_unclear_line_is_told_and_the_others_are_read():
    readers = readers_of(layout_of_page(), UnsureReader(0.2, 0.95))
    page = read_page(readers, photograph_of(draw_page()))
    assert len(page.lines) == len(TEXT) - 1
    (place,) = page.unread
    left, top, right, bottom = place.box
    shortest = TOP + 3 * PITCH
    assert place.why == "unclear" and top < shortest - X_HEIGHT and bottom > shortest
    assert left < LEFT + 150 and right > left + 100


def test_a_page_without_a_clear_line_has_no_text_and_tells_of_all():
    page = read_page(readers_of(layout_of_page(), UnsureReader(0.2)), photograph_of(draw_page()))
    assert page.lines == [] and [place.why for place in page.unread] == ["unclear"] * len(TEXT)


@pytest.mark.parametrize(("clearness", "count"), [(0.7, 1), (0.95, 0)])
def test_a_faint_line_shows_through_from_the_back_unless_it_is_clear(clearness, count):
    picture = draw_page()
    shortest = TOP + 3 * PITCH
    rows = slice(shortest - PITCH // 2 - X_HEIGHT, shortest + PITCH // 2 - X_HEIGHT)
    picture[rows] = 255 - (255 - picture[rows]) // 5
    readers = readers_of(layout_of_page(), UnsureReader(clearness, 0.95))
    page = read_page(readers, photograph_of(picture))
    assert [place.why for place in page.unread] == ["shows through"] * count
    assert len(page.lines) == len(TEXT) - count


def test_the_clear_lines_stay_however_many_are_unclear():
    readers = readers_of(layout_of_page(), UnsureReader(0.2, 0.2, 0.2, 0.2, 0.95))
    page = read_picture(readers, photograph_of(draw_page()))
    assert len(page.lines) == 1 and len(page.unread) == len(TEXT) - 1


def test_print_is_told_and_not_read():
    layout = layout_of_page()
    first, *others = layout.lines
    layout = replace(layout, lines=(replace(first, kind=PRINT), *others))
    page = read_picture(readers_of(layout), photograph_of(layout.picture))
    assert len(page.lines) == len(TEXT) - 1
    assert [place.why for place in page.unread] == ["print"]
    only = replace(layout, lines=tuple(replace(line, kind=PRINT) for line in layout.lines))
    page = read_picture(readers_of(only), photograph_of(layout.picture))
    assert page.lines == [] and len(page.unread) == len(TEXT)


def boxed() -> TextLayout:
    """Three characters in a row of boxes, a line each."""
    picture = np.full((300, 500, 3), 225, np.uint8)
    rules = np.zeros((300, 500), np.uint8)
    lines = []
    for k in range(3):
        x = 100 + 100 * k
        for target, grey in ((picture, (60, 60, 60)), (rules, 255)):
            cv2.rectangle(target, (x, 100), (x + 100, 200), grey, 3)
        cv2.putText(picture, "4", (x + 30, 172), 0, 2, (20, 20, 20), 5, cv2.LINE_AA)
        points = np.stack((np.linspace(x + 28, x + 72, 5), np.full(5, 151.0)), axis=1)
        lines.append(TextLine(points, np.full(5, 38.0)))
    return TextLayout(picture, tuple(lines), rules, np.full_like(rules, 255))


def test_a_row_of_boxes_is_a_field_with_the_text_in_each():
    page = read_page(readers_of(boxed()), photograph_of(boxed().picture))
    (field,) = page.fields
    assert field.kind == "boxes" and [cell.column for cell in field.cells] == [0, 1, 2]
    assert np.abs(np.subtract(field.box, (100, 100, 400, 200))).max() < 10
    assert [cell.text for cell in field.cells] == ["a", "b", "cd"] and field.text == "abcd"


def test_a_corrected_line_is_corrected_in_its_boxes():
    page = read_page(readers_of(boxed()), photograph_of(boxed().picture))
    (field,) = corrected_fields(page.fields, page.lines, {(0, 1): "Z"})
    assert [cell.text for cell in field.cells] == ["a", "b", "Z"]


def test_a_field_is_in_the_pixels_of_a_turned_picture():
    lines = tuple(replace(line, text="several letters") for line in boxed().lines)
    colours = np.ascontiguousarray(np.rot90(boxed().picture))
    page = read_page(readers_of(replace(boxed(), lines=lines)), photograph_of(colours))
    (field,) = page.fields
    assert np.abs(np.subtract(field.box, (100, 100, 200, 400))).max() < 10
