"""The order in which the lines of a page are read."""

from collections.abc import Sequence

import numpy as np

from handwriting.imaging.text_lines import TextLine


def reading_order(lines: Sequence[TextLine]) -> list[int]:
    return sorted(range(len(lines)), key=lambda k: float(lines[k].points[:, 1].mean()))
