"""The core zone is where a font says it is, and it follows a line that is not straight."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from handwriting.imaging.core_zone import CAPITAL_CORE, core_zone, line_in

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
BASELINE = 100


def drawn(text: str, name: str = "DejaVuSerif.ttf") -> tuple[np.ndarray, float, float]:
    """A text as ink, with the heights of its font's ``x`` and ``H``."""
    font = ImageFont.truetype(str(FONTS / name), 60)
    picture = Image.new("L", (int(font.getlength(text)) + 40, 150))
    ImageDraw.Draw(picture).text((20, BASELINE), text, font=font, fill=255, anchor="ls")
    heights = (-font.getbbox(letter, anchor="ls")[1] for letter in "xH")
    return np.asarray(picture), *heights


@pytest.mark.parametrize("name", ["DejaVuSans.ttf", "DejaVuSerif.ttf", "cmr10.ttf"])
def test_of_a_line_of_words_it_is_the_x_of_the_font(name: str):
    alpha, x_height, _ = drawn("Dear Anna, many thanks for your long letter", name)
    top, bottom = core_zone(alpha)
    assert abs(bottom - BASELINE) < 0.12 * x_height
    assert abs(BASELINE - x_height - top) < 0.15 * x_height


@pytest.mark.parametrize("text", ["1984", "HELLO", "A", "3,250.50"])
def test_of_digits_and_capitals_it_is_the_lower_part(text: str):
    alpha, _, capital = drawn(text)
    top, bottom = core_zone(alpha, text)
    assert abs(bottom - BASELINE) < 0.1 * capital
    assert abs(bottom - top - CAPITAL_CORE * capital) < 0.1 * capital


def test_of_paper_without_ink_it_is_all():
    assert core_zone(np.zeros((30, 50), dtype=np.uint8)) == (0, 30)


def test_a_line_is_followed_where_it_rises_and_bends():
    alpha, x_height, _ = drawn("Dear Anna, many thanks for your long letter and the picture")
    columns = alpha.shape[1]
    rise = 0.8 * x_height * np.cos(np.pi * np.arange(columns) / columns)
    y, x = np.indices(alpha.shape, dtype=np.float32)
    bent = cv2.remap(alpha, x, y - rise.astype(np.float32), cv2.INTER_LINEAR)
    line = line_in(bent)
    middles = BASELINE - x_height / 2 + np.interp(line.points[:, 0], np.arange(columns), rise)
    assert np.abs(line.points[:, 1] - middles).max() < 0.3 * x_height
    assert abs(line.height - x_height) < 0.2 * x_height
