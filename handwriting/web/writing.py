"""Prediction for words and lines on the canvas.

It is separate from `answer`, because its libraries take long to import.
"""

from collections.abc import Sequence

import numpy as np

from handwriting.imaging.line import line_from_strokes
from handwriting.imaging.stroke_lines import split_lines
from handwriting.lines.decoding import Decoder, LineRead, greedy
from handwriting.lines.reader import Reader


def read_several(
    strokes: Sequence[np.ndarray], reader: Reader, decoder: Decoder, may_be_one: bool = True
) -> list[tuple[np.ndarray, LineRead]]:
    """Predict words and lines; the text-line model itself detects single characters.

    Strokes are a single character if greedy decoding gives fewer than two characters.

    Args:
        strokes: float (points, 2) of x, y each, in pixels of the canvas, none empty.
        reader: the text-line model.
        decoder: chooses the text.
        may_be_one: whether to skip a single character, for the character model.

    Returns:
        The model input, uint8 (40, width), and the prediction of each line; empty for a skipped
        character.
    """
    picture = line_from_strokes(list(strokes))
    (log_probs,) = reader.log_probs([picture])
    if may_be_one and len(greedy(log_probs)) < 2:
        return []
    lines = split_lines(list(strokes))
    if len(lines) == 1:
        return [(picture, reader.decode(log_probs, decoder))]
    pictures = [line_from_strokes(line) for line in lines]
    return list(zip(pictures, reader.read(pictures, decoder), strict=True))
