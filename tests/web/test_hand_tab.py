"""The tab "Teach it your hand", without a browser."""

import io

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from handwriting.labels import CLASSES
from handwriting.recognition.hand import Hand
from handwriting.web.hand_boxes import (
    BOXES,
    SCREENS,
    STRIP,
    STRIP_WIDTH,
    ruled_strip,
    taught_characters,
)
from tests.support import PROJECT

UNIT = STRIP.baseline - STRIP.capital


def drawing(*boxes: int) -> dict:
    """A canvas's JSON with an L in some boxes."""
    lefts = [(box + 0.3) * STRIP_WIDTH / BOXES for box in boxes]
    return {
        "objects": [
            {
                "path": [
                    ["M", left, STRIP.capital],
                    ["L", left, STRIP.baseline],
                    ["L", left + 0.4 * UNIT, STRIP.baseline],
                ]
            }
            for left in lefts
        ]
    }


TAB = """
from handwriting.runs import available_runs
from handwriting.web.hand_tab import hand_badge, teach_hand

teach_hand(available_runs())
hand_badge()
"""


@pytest.fixture
def tab(monkeypatch) -> AppTest:
    monkeypatch.chdir(PROJECT)
    return AppTest.from_string(TAB, default_timeout=60)


def button(tab: AppTest, label: str):
    return next(button for button in tab.button if button.label == label)


def asked(tab: AppTest) -> list[str]:
    """The characters that the screen asks for."""
    (said,) = (text.value for text in tab.markdown if text.value.startswith("Write **"))
    return said.split("**")[1].split()


def test_the_screens_ask_for_each_character_once():
    assert sorted("".join(characters for _, characters in SCREENS)) == sorted(CLASSES)
    assert max(len(characters) for _, characters in SCREENS) == BOXES


def test_strokes_belong_to_the_box_in_which_they_stand():
    taught = taught_characters({0: drawing(0, 3), 1: drawing(1)})
    assert [sample.character for sample in taught] == ["0", "3", "5"]
    log_height, top = taught[0].size
    assert (log_height, top) == pytest.approx((0, 1))


def test_what_stands_beyond_the_last_box_teaches_nothing():
    last_digits = next(k for k, (_, characters) in enumerate(SCREENS) if characters == "89")
    taught = taught_characters({last_digits: drawing(0, 2, 3)})
    assert [sample.character for sample in taught] == ["8"]


def test_the_strip_names_each_box():
    strip = Image.open(io.BytesIO(ruled_strip("ABCD", 0.6))).convert("L")
    width = STRIP_WIDTH // BOXES
    for box in range(BOXES):
        heading = strip.crop((box * width + 5, 4, (box + 1) * width - 5, 36))
        assert heading.getextrema()[0] < 120


def test_at_first_nothing_can_be_used(tab):
    tab.run()
    assert not tab.exception and not tab.error
    assert button(tab, "Use my hand").disabled and button(tab, "Back").disabled
    assert asked(tab) == ["0", "1", "2", "3"]
    assert not tab.success


def test_the_tab_says_for_what_the_hand_helps_and_for_what_it_does_not(tab):
    tab.run()
    said = tab.markdown[0].value
    assert "single characters" in said and "words, lines and images are read as before" in said


def test_what_was_written_on_an_earlier_visit_can_be_cleared(tab):
    tab.session_state["hand_drawings"] = {0: drawing(0, 1), 1: drawing(2)}
    tab.run()
    button(tab, "Next").click().run()
    button(tab, "Clear these boxes").click().run()
    assert not tab.exception
    samples = taught_characters(tab.session_state["hand_drawings"])
    assert [sample.character for sample in samples] == ["0", "1"]
    assert "Clear these boxes" not in [b.label for b in tab.button], "there is nothing to clear"


def test_next_and_back_walk_through_the_screens(tab):
    tab.run()
    button(tab, "Next").click().run()
    assert "4" in asked(tab) and not button(tab, "Back").disabled
    button(tab, "Back").click().run()
    assert "0" in asked(tab)
    assert not tab.exception


def test_a_part_can_be_chosen(tab):
    tab.run()
    tab.segmented_control[0].set_value("Small letters").run()
    assert not tab.exception
    assert "a" in asked(tab)
    button(tab, "Back").click().run()
    assert "Z" in asked(tab)


def test_the_part_that_is_open_chosen_again_leaves_the_screen(tab):
    tab.run()
    button(tab, "Next").click().run()
    tab.segmented_control[0].set_value(None).run()
    tab.segmented_control[0].set_value("Digits").run()
    assert asked(tab) == ["4", "5", "6", "7"]


def test_what_was_written_is_used_kept_and_removed_with_one_click(tab):
    tab.session_state["hand_drawings"] = {0: drawing(0, 1), 4: drawing(2)}
    tab.run()
    button(tab, "Use my hand").click().run()
    assert not tab.exception
    assert "3 of 62" in tab.success[0].value
    hand = tab.session_state["hand"]
    assert hand.characters == "01G"
    assert Hand.from_bytes(hand.to_bytes(), hand.network).characters == "01G"
    removing = [b for b in tab.button if b.label == "Remove it"]
    assert len(removing) == 2, "one in the tab, one in the badge"
    removing[1].click().run()
    assert tab.session_state["hand"] is None and not tab.success


def test_a_file_brings_the_hand_back(tab):
    tab.session_state["hand_drawings"] = {0: drawing(0, 1)}
    tab.run()
    button(tab, "Use my hand").click().run()
    content = tab.session_state["hand"].to_bytes()
    button(tab, "Remove it").click().run()
    tab.file_uploader[0].set_value(("my_hand.json", content, "application/json")).run()
    assert not tab.exception and not tab.error
    assert "2 of 62" in tab.success[0].value
    button(tab, "Remove it").click().run()
    assert not tab.success, "the file that is still there must not bring it back"


@pytest.mark.parametrize("content", [b"no hand", b'{"format": "handwriting hand", "version": 9}'])
def test_a_crafted_file_is_said_and_changes_nothing(tab, content):
    tab.run()
    tab.file_uploader[0].set_value(("my_hand.json", content, "application/json")).run()
    assert not tab.exception and "Teach your hand again" in tab.error[0].value
    assert "hand" not in tab.session_state


def test_a_file_larger_than_a_hand_is_not_looked_into(tab):
    tab.run()
    large = ("my_hand.json", bytes(2**20 + 1), "application/json")
    tab.file_uploader[0].set_value(large).run()
    assert not tab.exception and "larger than 1 MB" in tab.error[0].value


@pytest.mark.parametrize("crafted", ["x", {"objects": "x"}, drawing(0) | {"more": "x" * 500_000}])
def test_a_crafted_drawing_is_said_and_kept_for_no_other_screen(tab, monkeypatch, crafted):
    tab.run()
    from handwriting.web import hand_tab

    monkeypatch.setattr(hand_tab, "draw", lambda **_: crafted)
    tab.run()
    assert not tab.exception and "write again" in tab.error[0].value
    assert crafted not in tab.session_state["hand_drawings"].values()


def test_without_weights_the_tab_says_what_to_do(tab, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    tab.run()
    assert not tab.exception and "model_training.py" in tab.error[0].value
