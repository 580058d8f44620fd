"""Points of a picture that was scaled and turned are given in pixels of the original."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handwriting.pages.photographs import Photograph
from handwriting.pages.view import View

WIDTH, HEIGHT = 240, 160


@given(
    quarters=st.integers(0, 3),
    scale=st.sampled_from([0.5, 1.0, 2.0]),
    x=st.integers(10, WIDTH - 11),
    y=st.integers(10, HEIGHT - 11),
)
def test_a_dot_found_in_the_turned_picture_maps_back_to_where_it_was_drawn(quarters, scale, x, y):
    original = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    original[y - 3 : y + 4, x - 3 : x + 4] = 255
    size = (round(WIDTH * scale), round(HEIGHT * scale))
    photograph = Photograph(cv2.resize(original, size), (WIDTH, HEIGHT))
    turned = np.rot90(photograph.colours, quarters)
    rows, columns = np.nonzero(turned[..., 0] > 127)
    found = np.array([[columns.mean() + 0.5, rows.mean() + 0.5]])
    (point,) = View(quarters, size, photograph.scales).to_picture(found)
    assert np.abs(point - (x + 0.5, y + 0.5)).max() <= 1 / scale


def test_both_directions_have_their_own_scale():
    view = View(0, (100, 100), np.array([0.5, 2.0]))
    np.testing.assert_allclose(view.to_picture(np.array([[10.0, 10.0]])), [[20.0, 5.0]])
