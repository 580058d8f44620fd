"""Ink is separated from paper of any colour in any light, without thresholding."""

import numpy as np
import pytest
from PIL import Image

from handwriting.imaging.contrast import colours_of, contrast_of


def scene(paper, ink, fall: float = 0.0) -> np.ndarray:
    """Three upright strokes on paper under light that falls off to the right."""
    picture = np.ones((60, 120, 3)) * np.array(paper, dtype=float)
    for left in (20, 55, 90):
        picture[10:50, left : left + 4] = ink
    return (picture * np.linspace(1, 1 - fall, 120)[None, :, None]).astype(np.uint8)


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((250, 250, 250), (20, 20, 20)),
        ((240, 230, 200), (170, 160, 150)),
        ((250, 245, 240), (230, 60, 70)),
        ((150, 110, 70), (40, 30, 20)),
        ((40, 60, 50), (230, 230, 220)),
        ((120, 150, 200), (40, 60, 140)),
    ],
)
@pytest.mark.parametrize("fall", [0.0, 0.5])
def test_ink_stands_out_and_paper_is_black(paper, ink, fall):
    contrast = contrast_of(scene(paper, ink, fall))
    is_ink = np.zeros((60, 120), dtype=bool)
    for left in (20, 55, 90):
        is_ink[10:50, left : left + 4] = True
    assert contrast[is_ink].mean() > 150
    assert contrast[~is_ink].mean() < 12


def test_an_even_picture_is_blank():
    for level in (0, 128, 255):
        assert not contrast_of(np.full((30, 40, 3), level, dtype=np.uint8)).any()


def test_pictures_of_every_mode_become_colours():
    grey = Image.fromarray((np.arange(100).reshape(10, 10) * 600).astype(np.int32), mode="I")
    assert np.ptp(colours_of(grey)) > 225, "16 bits are brought to 8"
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (colours_of(clear) == 255).all(), "transparent paper is white"
    for mode in ("1", "L", "P", "CMYK", "LA"):
        assert colours_of(Image.new(mode, (5, 3))).shape == (3, 5, 3)
