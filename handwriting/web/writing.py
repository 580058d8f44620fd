"""Reading of what stands on the canvas where it is more than one character.

Apart from `answer`, for its libraries take a while to come.
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
    """Each line's picture, uint8 (40, width), and what stands there.

    The line reader itself tells best whether there is more than one character: it reads two or
    more, whatever the decoder makes of them.

    Args:
        strokes: float (points, 2) of x, y each, in the canvas's pixels, none empty.
        reader: of lines.
        decoder: chooses the text.
        may_be_one: whether a single character is left to others; else it is read too.

    Returns:
        No line where a single character stands, or none.
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
