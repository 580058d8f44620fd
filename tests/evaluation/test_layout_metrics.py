"""Whole pages: which words and lines count as found."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.datasets.annotated_pages import PlacedLine, PlacedWord
from handwriting.evaluation.layout_metrics import (
    PageCounts,
    contained,
    count_texts,
    matched_in_order,
    measure_page,
    overlap,
    plain,
)

HIGH = 20.0


def word(text: str, left: float, top: float = 0.0, wide: float | None = None) -> PlacedWord:
    right, bottom = left + (wide or 10.0 * len(text)), top + HIGH
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return PlacedWord(text, np.array(corners))


def line(
    *words: PlacedWord, has_places: bool = True, counts: bool = True, text: str | None = None
) -> PlacedLine:
    outline = np.concatenate([each.polygon for each in words])
    x = np.linspace(outline[:, 0].min(), outline[:, 0].max(), 100)
    spine = np.stack((x, np.full(100, outline[:, 1].mean())), axis=1)
    said = " ".join(each.text for each in words) if text is None else text
    return PlacedLine(said, (outline,), spine, words if has_places else (), counts)


ONE = (word("One", 0), word("two", 50), word("three", 100))
OTHER = (word("one", 0, 40), word("two", 50, 40))


def rates(found: list[tuple[PlacedWord, ...]], true: list[PlacedLine]) -> dict[str, float]:
    return measure_page(found, true)[1].rates()


@pytest.mark.parametrize("has_places", [True, False])
def test_a_page_read_without_a_mistake_has_full_marks(has_places):
    true = [line(*ONE, has_places=has_places), line(*OTHER, has_places=has_places)]
    text, counts = measure_page([ONE, OTHER], true)
    assert text == "One two three\none two"
    assert counts == PageCounts(5, 5, 5, 5, lines=2, lines_found=2)
    assert counts.rates()["f1"] == counts.rates()["lines_found"] == 1


@pytest.mark.parametrize("has_places", [True, False])
def test_case_and_accents_count_only_in_the_exact_figure(has_places):
    true = [line(word("Été", 0), word("d’une", 50), has_places=has_places)]
    found = rates([(word("ete", 0), word("d'une", 50))], true)
    assert found["f1"] == 1 and found["f1_cased"] == 0


@pytest.mark.parametrize("has_places", [True, False])
def test_the_right_word_in_a_wrong_place_is_not_found(has_places):
    elsewhere = tuple(word(each.text, 300 + 60 * k, 500) for k, each in enumerate(ONE))
    found = rates([elsewhere], [line(*ONE, has_places=has_places)])
    assert found["precision"] == found["recall"] == found["lines_found"] == 0


@pytest.mark.parametrize("has_places", [True, False])
def test_a_word_counts_once(has_places):
    found = rates([ONE, ONE], [line(*ONE, has_places=has_places)])
    assert found["recall"] == 1 and found["precision"] == 0.5
    assert found["lines_found"] == 1


@pytest.mark.parametrize("has_places", [True, False])
def test_what_is_read_on_a_line_left_aside_is_no_mistake(has_places):
    aside = line(word("printed", 0, 80), counts=False, has_places=has_places)
    true = [line(*ONE, has_places=has_places), aside]
    text, counts = measure_page([ONE, (word("prinled", 0, 80),)], true)
    assert text == "One two three"
    assert counts.rates() == {
        **{"precision": 1, "recall": 1, "f1": 1, "f1_cased": 1, "words": 3},
        **{"lines_found": 1, "lines": 1, "lines_left_aside": 1},
    }


def test_lines_that_are_joined_or_torn_count_for_one_at_most():
    true = [line(word("left", 0, 0, 100)), line(word("right", 300, 0, 100))]
    joined = (word("left", 0, 0, 100), word("right", 300, 0, 100))
    assert rates([joined], true)["lines_found"] == 0.5
    torn = [(word("le", 0, 0, 50),), (word("ft", 50, 0, 50),)]
    assert rates(torn, true[:1])["lines_found"] == 0


def test_a_slanted_line_is_no_longer_covered_by_a_level_one():
    words = [word("abc", 40 * k, 12 * k) for k in range(8)]
    spine = np.stack((np.linspace(0, 310, 50), 10 + 12 / 40 * np.linspace(0, 310, 50)), axis=1)
    slanted = PlacedLine("abc " * 8, (), spine, tuple(words))
    assert rates([tuple(words)], [slanted])["lines_found"] == 1
    level = tuple(word("abc", 40 * k, 0) for k in range(8))
    assert rates([level], [slanted])["lines_found"] == 0


def test_a_page_of_which_nothing_was_found():
    assert rates([], [line(*ONE)]) == {
        **{"precision": 0, "recall": 0, "f1": 0, "f1_cased": 0, "words": 3},
        **{"lines_found": 0, "lines": 1, "lines_left_aside": 0},
    }
    assert measure_page([], []) == ("", PageCounts())
    assert measure_page([ONE], [])[1].found_words == 3


def test_counts_of_pages_add_up():
    both = count_texts("a b", "a c") + count_texts("d", "d")
    assert both.rates() == {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3} | {
        "f1_cased": 2 / 3,
        "words": 3,
    }


def test_words_are_aligned_in_order():
    assert matched_in_order(["the", "cat", "the", "hat"], ["the", "hat"]) == (2, 2)
    assert matched_in_order(["hat", "the"], ["the", "hat"]) == (1, 1)
    assert plain("ÉTÉ “œ” ‘Straße’ …") == "ete \"oe\" 'strasse' ..."


def test_polygons_without_an_area_have_nothing_in_common():
    square = word("ab", 0).polygon
    for polygon in (square[:1], square[:2], np.repeat(square[:1], 5, axis=0)):
        assert overlap(polygon, square) == 0
        assert contained(polygon, square).sum() <= 2
    assert overlap(square, square[::-1]) == 1
    assert overlap(square / 4, square) == 1


@given(st.floats(0.1, 50), st.floats(-60, 60), st.floats(0, 7))
def test_places_in_a_turned_rectangle_are_those_in_it_before_it_was_turned(wide, shift, angle):
    rectangle = np.array([(0, 0), (wide, 0), (wide, 10), (0, 10)])
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    places = np.array([(wide / 2, 5), (wide / 2, -1), (wide + 1, 5), (-1, 5), (wide / 2, 11)])
    inside = contained(rectangle @ turn.T + shift, places @ turn.T + shift)
    assert inside.tolist() == [True, False, False, False, False]


def test_four_hundred_lines_are_compared_in_seconds():
    words = [[word("word", 60 * k, 30 * row) for k in range(4)] for row in range(400)]
    start = time.perf_counter()
    found = rates([tuple(each) for each in words], [line(*each) for each in words])
    assert found["f1"] == found["lines_found"] == 1
    assert time.perf_counter() - start < 20
