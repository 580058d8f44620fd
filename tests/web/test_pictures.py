"""The tab that reads images, without a browser."""

import contextlib
import csv
import gc
import io
import json
import shutil
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import edit_distance
from handwriting.imaging.text_lines import PRINT, TextLayout
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, CharacterRead
from handwriting.lines.language import PROGRAMS_FILE, LanguageModel
from handwriting.lines.reader import find_reader
from handwriting.pages.corrections import gaps_of_words
from handwriting.pages.page_text import CellRead, FieldRead, LineOfPage, WordRead
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import PageReader
from handwriting.pages.text_reader import TextReader
from handwriting.synthesis.examples import EXAMPLES, photograph_of_example
from handwriting.web import picture_reading, shelf
from handwriting.web.downloads import as_csv, as_json, as_text
from handwriting.web.picture_reading import Given, PictureRead
from handwriting.web.shelf import MOST_BYTES, MOST_PICTURES, Entry, Shelf
from tests.pages.drawn import draw_page, layout_of_page
from tests.pages.support import KnownLayout, MarkReader, UnsureReader
from tests.support import PROJECT, shared_folder
from tests.web.pictures import encoded, example, number, odd_files, upload

TAB = """
import torch
import streamlit as st
from handwriting.runs import available_runs
from handwriting.web.pictures_tab import read_pictures

torch.set_num_threads(1)
read_pictures(list(available_runs()))
"""


@pytest.fixture
def tab(monkeypatch) -> AppTest:
    monkeypatch.chdir(PROJECT)
    return AppTest.from_string(TAB, default_timeout=300).run()


def give(tab: AppTest, **files: bytes) -> AppTest:
    """Upload files; their names have ``_`` for the dot."""
    uploads = [upload(name.replace("_", "."), content) for name, content in files.items()]
    tab.file_uploader[0].set_value(uploads).run()
    assert not tab.exception
    return tab


def shelf_of(tab: AppTest) -> Shelf:
    return tab.session_state["shelf"]


def texts(tab: AppTest) -> list[str]:
    return [" ".join(line.whole.text for line in e.lines) for e in shelf_of(tab).entries.values()]


def press(tab: AppTest, label: str) -> AppTest:
    next(button for button in tab.button if button.label == label).click().run()
    assert not tab.exception
    return tab


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_read_nearly_without_a_mistake(tab, name):
    press(tab, name)
    expected = " ".join(EXAMPLES[name].lines)
    text = texts(tab)[0]
    # What is printed may be read or left aside.
    for word, _, _ in EXAMPLES[name].printed:
        text = text.replace(f"{word} ", "")
    assert edit_distance(text, expected) <= 0.08 * len(expected)
    assert {"Download as text", "Download as CSV"} <= {b.label for b in tab.button}


def test_a_picture_is_read_once_until_the_options_change(tab):
    press(tab, "A number")
    (entry,) = shelf_of(tab).entries.values()
    answer = entry.answer
    tab.run()
    assert entry.answer is answer
    tab.segmented_control(key="layout").set_value("One line").run()
    assert entry.answer is not answer and texts(tab) == ["73,950"]


def test_one_character_is_read_by_the_network_for_characters(tab):
    tab.segmented_control(key="layout").set_value("One character").run()
    tab.segmented_control(key="content_pictures").set_value("pattern").run()
    for unsound, words in (
        ("[", "is not a valid pattern"),
        ("[A-Z]{2}[0-9]{4}", "No single character"),
    ):
        tab.text_input[0].set_value(unsound).run()
        assert not tab.exception and words in tab.error[0].value.replace("\\", "")
    tab.text_input[0].set_value("[A-Z]?").run()
    press(tab, "A character")
    (entry,) = shelf_of(tab).entries.values()
    (line,) = entry.lines
    assert line.whole.text == "R" and len(line.whole.characters[0].ranked) == 5
    low, high = line.whole.polygon.min(axis=0), line.whole.polygon.max(axis=0)
    assert 200 < low[0] < high[0] < 350 and 180 < low[1] < high[1] < 400


def test_a_pattern_is_kept_to_and_an_unsound_one_is_said(tab):
    press(tab, "A number")
    tab.segmented_control(key="content_pictures").set_value("pattern").run()
    tab.text_input[0].set_value("[A-Z]{4}").run()
    assert texts(tab)[0].isupper() and texts(tab)[0].isalpha()
    tab.text_input[0].set_value("[A-Z").run()
    assert not tab.exception and "A\\-Z" in tab.error[0].value


def test_only_characters_of_the_language_are_read(tab):
    press(tab, "A number")
    tab.segmented_control(key="content_pictures").set_value("pattern").run()
    tab.text_input[0].set_value("[éèç]+").run()
    assert "Choose the language fr" in tab.error[0].value.replace("\\", "")
    tab.segmented_control(key="language_pictures").set_value("fr").run()
    assert not tab.error and texts(tab)[0] and set(texts(tab)[0]) <= set("éèç")
    tab.segmented_control(key="content_pictures").set_value("text").run()
    assert texts(tab) == ["73,950"]


def test_another_reading_changes_text_table_and_json(tab):
    press(tab, "A number")
    (entry,) = shelf_of(tab).entries.values()
    other = "longer: 7"
    entry.texts = {(0, 0): f"{other}3,950", (7, 7): "x"}
    assert as_text([entry]) == f"{other}3,950\n"
    row = next(csv.DictReader(io.StringIO(as_csv([entry]))))
    assert (row["file"], row["line"], row["word"]) == ("a number.jpg", "1", "1")
    assert row["text"] == f"{other}3,950" and int(row["left"]) < int(row["right"])
    record = json.loads(as_json([entry]))
    assert record["text"] == record["lines"][0]["words"][0]["text"] == f"{other}3,950"
    assert record["lines"][0]["box"] == [int(row[c]) for c in ("left", "top", "right", "bottom")]


def test_the_fields_of_the_json_are_corrected_too():
    word = WordRead(
        "73", 0.9, np.zeros((4, 2)), [CharacterRead(k, k, [(c, 0.9)]) for k, c in enumerate("73")]
    )
    frame = FieldRead("frame", [CellRead(np.zeros((4, 2)), 0, 0, "73", lines=(0,))])
    answer = PictureRead((100, 50), [LineOfPage(word, [word])], b"", fields=[frame])
    entry = Entry(Given("form.png", b""), answer=answer, texts={(0, 0): "13"})
    record = json.loads(as_json([entry]))
    assert record["text"] == record["fields"][0]["text"] == "13"
    assert record["fields"][0]["cells"][0]["text"] == "13"


def test_words_and_the_spaces_before_them_make_the_line(tab):
    press(tab, "A note")
    (entry,) = shelf_of(tab).entries.values()
    for line in entry.lines:
        gaps = (" " * len(gap) for gap in gaps_of_words(line))
        words = (word.text for word in line.words)
        assert "".join(map("".join, zip(gaps, words, strict=True))) == line.whole.text


def test_odd_files_are_read_or_said_and_none_holds_up_the_others(tab):
    began = time.monotonic()
    files = odd_files()
    tab.file_uploader[0].set_value([upload(*file) for file in files.items()]).run()
    assert not tab.exception
    assert time.monotonic() - began < 120
    answers = {e.given.name: e.answer for e in shelf_of(tab).entries.values()}
    assert "is not a readable image" in answers["junk.png"]
    assert "is not a readable image" in answers["cut.jpg"]
    assert "10000x10000 pixels, more than 60 million" in answers["large.png"]
    assert len(tab.error) == 3
    for name in ("animated.gif", "deep.png", "cmyk.jpg"):
        assert answers[name].lines, name


def test_of_fifty_files_the_first_are_read_and_the_others_named(tab):
    began = time.monotonic()
    files = {f"{k}_png": encoded(number(f"{k:02}"), "PNG") for k in range(49)}
    give(tab, junk_png=b"hello", **files)
    assert len(shelf_of(tab).entries) == MOST_PICTURES
    (warning,) = tab.warning
    assert (
        f"{MOST_PICTURES} images" in warning.value and f"{47 - MOST_PICTURES} more" in warning.value
    )
    assert len(tab.error) == 1 and time.monotonic() - began < 120


def test_no_upload_stays_behind_and_removing_forgets_the_picture(tab):
    give(tab, seven_png=encoded(number("7"), "PNG"))
    assert not tab.file_uploader[0].value
    press(tab, "Remove")
    assert not shelf_of(tab).entries
    give(tab, a_png=encoded(number("1"), "PNG"), b_png=encoded(number("2"), "PNG"))
    press(tab, "Remove all")
    assert not shelf_of(tab).entries


def test_a_removed_picture_is_freed(tab):
    give(tab, a_png=encoded(number("7"), "PNG"))
    (entry,) = shelf_of(tab).entries.values()
    answer = weakref.ref(entry.answer)
    del entry
    press(tab, "Remove")
    gc.collect()
    assert answer() is None


def test_a_picture_that_fails_unexpectedly_is_said_and_holds_up_no_other(tab, monkeypatch):
    monkeypatch.setattr(picture_reading, "open_photograph", lambda *_: 1 / 0)
    give(tab, a_png=encoded(number("7"), "PNG"), b_png=b"another")
    assert [error.value for error in tab.error] == [
        "a.png cannot be read.",
        "b.png cannot be read.",
    ]


def test_one_image_is_read_at_a_time_whoever_gave_it(monkeypatch):
    inside, counts = [], []

    def opened(*_: object) -> None:
        inside.append(True)
        counts.append(len(inside))
        time.sleep(0.005)
        inside.pop()
        raise HandwritingError("no image")

    def attempt(_: int) -> None:
        with contextlib.suppress(HandwritingError):
            picture_reading.text_reader(None, GREEDY, True)(Given("a.png", b""))

    monkeypatch.setattr(picture_reading, "open_photograph", opened)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, range(8)))
    assert counts == [1] * 8


def test_no_cell_of_a_table_is_a_formula(tab):
    press(tab, "A number")
    (entry,) = shelf_of(tab).entries.values()
    entry.given = Given("@name.png", b"")
    for text in ("=1+1", "-2+3", "+cmd|' /C calc'!A0", "@SUM(1)", "-5,000", "+12.50", "a=b"):
        entry.texts = {(0, 0): text}
        (row,) = csv.DictReader(io.StringIO(as_csv([entry])))
        is_harmless = text in ("-5,000", "+12.50", "a=b")
        assert row["text"] == (text if is_harmless else f"'{text}") and row["file"] == "'@name.png"


def test_a_blank_picture_is_said_to_have_no_writing(tab):
    give(tab, blank_png=encoded(Image.new("RGB", (300, 200), "white"), "PNG"))
    assert "No handwriting was found" in tab.info[0].value


def read_of(reader: MarkReader, layout: TextLayout) -> PictureRead:
    models = PageReader(reader, KnownLayout(layout))
    given = Given("page.png", encoded(Image.fromarray(layout.picture), "PNG"))
    return picture_reading.text_reader(models, GREEDY, False)(given)


def test_what_was_not_read_is_outlined_and_said():
    page = layout_of_page()
    assert read_of(MarkReader(), page).note == ""
    some = read_of(UnsureReader(0.2, 0.95), page)
    assert some.note == picture_reading.NOT_ALL and len(some.unread) == 1
    assert read_of(UnsureReader(0.2), page).note == picture_reading.NOTHING
    printed = replace(page, lines=tuple(replace(line, kind=PRINT) for line in page.lines))
    found = read_of(MarkReader(), printed)
    assert found.note == picture_reading.PRINT_ALONE and len(found.unread) == 5


def test_names_are_no_markup(tab):
    page = encoded(number("7"), "PNG")
    tab.file_uploader[0].set_value([upload("**a**_b_[x](http://x).png", page)]).run()
    assert not tab.exception
    assert any("\\*\\*a\\*\\*" in text.value for text in tab.markdown)


@pytest.mark.parametrize("damage", ["missing", "damaged", "without a layout network"])
def test_without_a_line_reader_single_characters_are_still_read(tab, monkeypatch, tmp_path, damage):
    (tmp_path / "models" / "lines").mkdir(parents=True)
    for file in (PROJECT / "models").glob("compactcnn*.pt"):
        shutil.copy(file, tmp_path / "models")
    if damage == "damaged":
        (tmp_path / "models" / "lines" / "broken.pt").write_bytes(b"not weights")
    if damage == "without a layout network":
        shutil.copy(find_reader("latest"), tmp_path / "models" / "lines")
    monkeypatch.chdir(tmp_path)
    press(tab.run(), "A character")
    assert "only single characters" in tab.warning[0].value
    assert texts(tab) == ["R"]


def test_the_shelf_keeps_few_pictures_and_the_newest_first():
    shelf = Shelf()
    shelf.put([Given(str(k), bytes([k])) for k in range(MOST_PICTURES)])
    shelf.put([Given("new", b"new"), Given("again", b"new")])
    names = [entry.given.name for entry in shelf.entries.values()]
    assert names == ["new", *map(str, range(MOST_PICTURES - 1))] and not shelf.left_out
    shelf.put([Given("huge", bytes(MOST_BYTES)), Given("one more", b"more")], lost=980)
    assert [entry.given.name for entry in shelf.entries.values()] == ["huge"]
    assert shelf.left_out.endswith("Left out: one more and 980 more.")
    shelf.put([Given("fits", b"fits")], lost=2)
    assert shelf.left_out.endswith("Left out: 2 more.")


def test_of_too_much_on_all_shelves_the_fullest_one_loses_its_oldest(monkeypatch):
    monkeypatch.setattr(shelf, "_shelves", weakref.WeakSet())
    monkeypatch.setattr(shelf, "MOST_BYTES_OF_ALL", 100)
    small, large = Shelf(), Shelf()
    small.put([Given("small", bytes(20))])
    for k in range(5):
        large.put([Given(str(k), bytes(20) + bytes([k]))])
    assert [entry.given.name for entry in large.entries.values()] == ["4", "3", "2"]
    assert len(small.entries) == 1 and not small.left_out and "short of memory" in large.left_out
    del large
    small.put([Given("more", bytes(79))])
    assert len(small.entries) == 2, "a window that is closed takes no room"


def test_a_picture_given_again_keeps_its_answer():
    shelf = Shelf()
    shelf.put([Given("a", b"a")])
    (entry,) = shelf.entries.values()
    shelf.put([Given("b", b"b"), Given("a", b"a")])
    assert list(shelf.entries.values())[1] is entry


@pytest.mark.slow
@pytest.mark.parametrize("content", ["text", "program"])
def test_a_real_page_is_read_as_the_command_line_reads_it(tab, content):
    file = shared_folder("pages") / "08.jpg"
    tab.segmented_control(key="content_pictures").set_value(content).run()
    if content == "text":
        tab.segmented_control(key="language_pictures").set_value("none").run()
    tab.file_uploader[0].set_value([upload(file.name, file.read_bytes())]).run()
    photograph = open_photograph(file)
    decoder = BeamDecoder(LanguageModel.load(PROGRAMS_FILE)) if content == "program" else GREEDY
    page = TextReader.load().read_photograph(photograph, decoder=decoder)
    record = json.dumps(page.record(file.name)) + "\n"
    assert as_json(list(shelf_of(tab).entries.values())) == record


def test_a_page_of_several_lines_is_no_single_line(tab):
    give(tab, page_png=encoded(Image.fromarray(draw_page("ruled")), "PNG"))
    (entry,) = shelf_of(tab).entries.values()
    assert isinstance(entry, Entry) and len(entry.lines) == 5


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_files_of_the_examples_are_what_the_project_makes(name):
    shown = np.asarray(Image.open(io.BytesIO(example(name))), dtype=float)
    made = photograph_of_example(name)
    assert np.abs(shown - made).mean() < 8
    assert len(example(name)) < 200_000
