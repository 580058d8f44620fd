"""Lines are found in maps of any slope and curve, each once and whole."""

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from handwriting.datasets.page_layouts import load_layouts
from handwriting.imaging.text_lines import HANDWRITING, PRINT, TextLine
from handwriting.pages.layout_lines import lines_of
from handwriting.pages.layout_maps import LayoutMaps
from tests.pages.drawn_maps import disturbed, maps_of, same_places, straight
from tests.support import shared_folder


@pytest.mark.parametrize("slope", [-0.36, -0.1, 0.0, 0.1, 0.36])
def test_sloped_lines_are_found_from_top_to_bottom(slope):
    top = 60 + max(0, -900 * slope)
    indents = [30 * (k % 3) for k in range(11)]
    lines = [
        straight(60 + indent, 960, top + 30 * k + slope * indent, slope)
        for k, indent in enumerate(indents)
    ]
    size = (1024, 1100)
    assert same_places(lines_of(maps_of(lines, size=size)), lines)
    found = [line for line in lines_of(disturbed(maps_of(lines, size=size))) if line.score > 0.75]
    assert same_places(found, lines)


def test_the_densest_lines_stay_apart():
    lines = [straight(60, 960, 40 + 19 * k, 0.03, height=8) for k in range(36)]
    assert same_places(lines_of(maps_of(lines)), lines)


def test_a_curved_line_is_followed():
    x = np.linspace(80, 940, 60)
    lines = [
        TextLine(np.stack((x, y + 40 * np.sin(x / 250)), axis=1), np.full(60, 14.0))
        for y in range(100, 700, 60)
    ]
    assert same_places(lines_of(maps_of(lines)), lines)


@pytest.mark.parametrize("height", [10, 40, 160, 320])
def test_a_letter_alone_stays(height):
    letter = straight(400, 400 + 0.5 * height, 380, height=height)
    (found,) = lines_of(maps_of([letter]))
    assert np.ptp(found.points[:, 0]) == pytest.approx(0.5 * height, abs=5)
    assert found.height == pytest.approx(height, rel=0.35)
    assert found.score > 0.75


def test_a_gap_between_words_is_bridged_and_one_between_columns_is_not():
    maps = maps_of([straight(60, 300, 200), straight(320, 500, 201), straight(600, 900, 200)])
    found = lines_of(maps)
    assert [np.round(line.points[[0, -1], 0], -1).tolist() for line in found] == [
        [60, 500],
        [600, 900],
    ]


def test_a_line_ends_at_the_rule_of_a_table():
    lines = [straight(60, 300, 200), straight(318, 500, 200)]
    assert len(lines_of(maps_of(lines))) == 1
    assert len(lines_of(maps_of(lines, [((309, 100), (309, 300))]))) == 2


@pytest.mark.parametrize("width", [8, 16, 28])
def test_lines_that_touch_at_one_place_stay_two(width):
    lines = [straight(60, 960, 200, 0.1), straight(60, 960, 240, 0.1)]
    maps = maps_of(lines)
    bridge = np.zeros((768, 1024), np.float32)
    cv2.rectangle(bridge, (500, 240), (500 + width, 290), 1.0, -1)
    core = np.maximum(maps.core, cv2.resize(bridge, maps.core.shape[::-1], interpolation=3))
    assert same_places(lines_of(replace(maps, core=core)), lines)


def test_kinds_are_told_and_not_mixed():
    lines = [straight(60, 300, 200, kind=PRINT), straight(315, 600, 200), straight(60, 600, 260)]
    found = lines_of(maps_of(lines))
    assert [line.kind for line in found] == [PRINT, HANDWRITING, HANDWRITING]
    maps = maps_of(lines)
    doubtful = replace(maps, core=0.7 * maps.core, printed=0.8 * maps.printed + 0.25 * maps.core)
    assert [line.kind for line in lines_of(doubtful)] == [line.kind for line in found]


def test_specks_are_no_lines():
    maps = maps_of([straight(60, 960, 200)])
    maps.core[100, 50] = maps.core[150, 90] = 0.9
    maps.core[120:122, 20:30] = 0.45
    assert len(lines_of(maps)) == 1


@pytest.mark.parametrize("shape", [(256, 192), (1, 1), (1, 256), (256, 1)])
def test_any_maps_have_an_answer(shape):
    rng = np.random.default_rng(0)
    for core in (np.zeros(shape), np.ones(shape), rng.random(shape)):
        core = core.astype(np.float32)
        found = lines_of(LayoutMaps(core, 0 * core, core, 900 * core, 4.0))
        assert all(np.isfinite(line.points).all() for line in found)


def test_pages_of_real_lines_are_found_whole():
    pages = load_layouts(shared_folder("scanned_pages") / "copiste")
    for page in itertools.islice(pages, 3):
        height, width = page.layout.picture.shape[:2]
        # A reference at the top is annotated last.
        true = sorted(page.layout.lines, key=lambda line: line.points[:, 1].mean())
        true = [replace(line, kind=HANDWRITING) for line in true]
        size = (width // 4 * 4, height // 4 * 4)
        found = [line for line in lines_of(disturbed(maps_of(true, size=size))) if line.score > 0.8]
        assert same_places(found, true)
