"""A picture is looked at upright, and at a size at which its letters are seen."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from handwriting.imaging.text_lines import TextLayout, TextLine
from handwriting.pages.upright import fitting_maps, look
from tests.pages.drawn import TEXT, draw_page, layout_of_page
from tests.pages.support import KnownLayout, MarkReader, UnsureReader, photograph_of


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_lines_are_found_upright_however_the_page_lies(quarters):
    colours = np.ascontiguousarray(np.rot90(draw_page(), -quarters))
    seen = look(KnownLayout(layout_of_page()), MarkReader(), photograph_of(colours))
    assert seen.view.quarters == quarters
    np.testing.assert_array_equal(seen.colours, draw_page())
    assert len(seen.lines) == len(TEXT)
    for found, known in zip(seen.lines, layout_of_page().lines, strict=True):
        assert np.abs(found.points[[0, -1]] - known.points[[0, -1]]).max() < 20
        assert found.height == pytest.approx(known.height, rel=0.25)


class SidewaysLayout(KnownLayout):
    """Says that some letters stand on their side, though they do not."""

    def __init__(self, layout: TextLayout, letters: float) -> None:
        super().__init__(layout)
        self.letters = letters

    def maps(self, colours, longest=1024):
        maps, _ = super().maps(colours, longest)
        return maps, np.array([0.0, self.letters, 0.0, 0.0])


def test_few_letters_do_not_turn_a_picture():
    photograph = photograph_of(draw_page())
    seen = look(SidewaysLayout(layout_of_page(), 5), MarkReader(), photograph)
    assert seen.view.quarters == 0 and len(seen.lines) == len(TEXT)
    assert look(SidewaysLayout(layout_of_page(), 50), UnsureReader(0.5), photograph).view.quarters


class BothWays(MarkReader):
    """As sure as told of the lines as they are, and of them upside down."""

    def __init__(self, upright: float, turned: float) -> None:
        self.sure = {True: upright, False: turned}

    def characters(self, picture):
        is_upright = super().characters(picture)[0].ranked[0][1] > 0.5
        return [
            replace(each, ranked=[(each.character, self.sure[is_upright])])
            for each in super().characters(picture)
        ]


@pytest.mark.parametrize(
    ("upright", "turned", "quarters"), [(0.5, 0.9, 2), (0.6, 0.62, 0), (0.9, 1.0, 0), (0.9, 0.1, 0)]
)
def test_only_lines_that_are_surer_upside_down_are_turned(upright, turned, quarters):
    layout = KnownLayout(layout_of_page())
    seen = look(layout, BothWays(upright, turned), photograph_of(draw_page()))
    assert seen.view.quarters == quarters


def test_two_short_words_are_not_turned_upside_down():
    layout = layout_of_page(text=TEXT[:2])
    seen = look(KnownLayout(layout), BothWays(0.2, 0.9), photograph_of(layout.picture))
    assert seen.view.quarters == 0


def page_of_height(high: float, longer: int = 1000) -> TextLayout:
    """A line whose core zone has this height in pixels."""
    picture = np.full((longer // 2, longer, 3), 225, np.uint8)
    middle = longer // 4
    cv2.rectangle(
        picture,
        (longer // 4, round(middle - high / 2)),
        (3 * longer // 4, round(middle + high / 2)),
        (30, 30, 30),
        -1,
    )
    points = np.stack((np.linspace(longer / 4, 3 * longer / 4, 9), np.full(9, middle)), axis=1)
    line = TextLine(points, np.full(9, float(high)), text="letters")
    blank = np.zeros(picture.shape[:2], np.uint8)
    return TextLayout(picture, (line,), blank, np.full_like(blank, 255))


def test_tiny_and_huge_letters_are_looked_at_again_at_a_fitting_size():
    for high, is_larger in ((4.5, True), (120.0, False)):
        layout = KnownLayout(page_of_height(high))
        maps, _ = fitting_maps(layout, page_of_height(high).picture)
        first, second = layout.asked
        assert (second > first) is is_larger
        seen = high * second / 1000
        assert 6 < seen < 40
        assert np.median(maps.height[maps.core > 0.5]) == pytest.approx(high, rel=0.2)


def test_letters_of_a_fitting_size_are_looked_at_once_and_blank_paper_once_more():
    blank = replace(page_of_height(15.0), lines=())
    for layout, asked in ((page_of_height(15.0), [1024]), (blank, [1024, 320])):
        known = KnownLayout(layout)
        fitting_maps(known, layout.picture)
        assert known.asked == asked


def test_a_small_picture_is_not_enlarged_without_end():
    known = KnownLayout(page_of_height(10.0, longer=100))
    fitting_maps(known, known.layout.picture[..., None].repeat(3, axis=2))
    assert known.asked[0] == 320
