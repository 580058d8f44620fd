"""Lines of real ink, cut out of scanned pages whose lines are known."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage
from handwriting.imaging.contrast import colours_of, contrast_of
from handwriting.imaging.core_zone import core_zone
from handwriting.imaging.photograph import open_picture
from handwriting.synthesis.pages.hands import Writing

_ABOVE, _BELOW = 3.2, 2.2
_LEAST_CORE, _LEAST_WIDTH, _OFF = 5.0, 5.0, 0.6
_RULING, _LEAST_PIXELS = 5.0, 20


def real_ink(pages: Iterable[tuple[Path, AnnotatedPage]]) -> list[list[Writing]]:
    """The lines of each page; a page without usable ones is left out.

    Args:
        pages: image and lines, as `formats.ground_truth.annotated_pages` gives them.

    Raises:
        HandwritingError: an image is damaged.
    """
    return [lines for path, page in pages if (lines := _lines_of(path, page))]


def _lines_of(path: Path, page: AnnotatedPage) -> list[Writing]:
    contrast = contrast_of(colours_of(open_picture(path)))
    scale = np.array(contrast.shape[::-1]) / (page.width, page.height)
    owner = np.zeros(contrast.shape, dtype=np.uint16)
    for number, line in enumerate(page.lines, 1):
        outline = np.round(line.polygon * scale).astype(np.int32)
        cv2.fillPoly(owner, [outline], number)
    cut = (_cut(contrast, owner, n, line, scale) for n, line in enumerate(page.lines, 1))
    return [line for line in cut if line is not None]


def _cut(
    contrast: np.ndarray, owner: np.ndarray, number: int, line: AnnotatedLine, scale: np.ndarray
) -> Writing | None:
    """A line straightened along its baseline; ``None`` where its core zone is not where the
    baseline says."""
    if line.baseline is None or len(line.text.strip(">< ")) < 3:
        return None
    baseline = line.baseline * scale
    baseline = baseline[np.argsort(baseline[:, 0], kind="stable")]
    left, right = int(baseline[0, 0]), int(baseline[-1, 0])
    if right - left < _LEAST_PIXELS:
        return None
    upper, lower = (
        int(line.polygon[:, 1].min() * scale[1]),
        int(line.polygon[:, 1].max() * scale[1]),
    )
    rows = slice(max(0, upper), lower + 1)
    own = np.where(owner[rows] == number, contrast[rows], 0).astype(np.uint8)
    reach = lower - upper + 2
    y, x = np.indices((2 * reach, right - left), dtype=np.float32)
    x += left
    y += np.interp(x[0], *baseline.T).astype(np.float32) - reach - rows.start
    alpha = cv2.remap(own, x, y, cv2.INTER_LINEAR)
    top, bottom = core_zone(alpha, line.text)
    core = bottom - top
    if (
        abs(bottom - reach) > _OFF * core
        or core < _LEAST_CORE
        or right - left < _LEAST_WIDTH * core
    ):
        return None
    first, last = max(0, int(top - (_ABOVE - 1) * core)), int(bottom + _BELOW * core)
    alpha = _without_ruling(alpha[first:last], core)
    return Writing(alpha, bottom - first, core, line.text)


def _without_ruling(alpha: np.ndarray, core: float) -> np.ndarray:
    """Ruled lines, longer than any stroke, taken away."""
    long = np.ones((1, max(3, int(_RULING * core))), dtype=np.uint8)
    ruling = cv2.morphologyEx(cv2.blur(alpha, (5, 1)), cv2.MORPH_OPEN, long)
    return cv2.subtract(alpha, ruling)
