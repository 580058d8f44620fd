"""Rows of drawn boxes with a character in each, found in the ink at full resolution.

The layout network's maps are too coarse for the sides of such boxes. What a box encloses is a hole
in the ink: holes of one size, side by side, are a row.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from handwriting.imaging.character import character_from_ink
from handwriting.imaging.contrast import paper_of, signed_difference
from handwriting.imaging.ink import find_ink
from handwriting.imaging.masks import without_fragments
from handwriting.imaging.scaling import scaled
from handwriting.imaging.text_lines import TextLine
from handwriting.labels import CLASSES, SETS
from handwriting.lines.decoding import CharacterRead
from handwriting.pages.fields import BOXES, Cell, Field
from handwriting.pages.page_text import CellRead, FieldRead, LineOfPage, WordRead
from handwriting.pages.view import View
from handwriting.recognition.recognizer import Reading, Recognizer

_LONGEST, _WINDOW, _KERNEL, _FAINT = 1600, 24, 31, 22
_SMALLEST, _SQUARE, _FILLED, _MOST = 12, (0.5, 1.7), 0.85, 3000
_LEVEL, _ALIKE, _GAP, _FEWEST = 0.3, 0.25, 3.2, 3
_MOST_MISSING, _REACH, _DRAWN = 3, 0.12, 0.9
_SHARED, _WITHIN = 0.3, 0.5
_INSET, _SIDE, _LEAST_INK = 0.1, 96, 0.012


def box_rows(colours: np.ndarray) -> list[Field]:
    """The rows of at least three boxes of one size.

    Squared paper and tables have boxes below each other as well, and are none.

    Args:
        colours: uint8 (height, width, 3), upright.

    Returns:
        Fields of one row each, from above to below; their cells name no lines.
    """
    scale = min(1.0, _LONGEST / max(colours.shape[:2]))
    solid = _solid(scaled(colours, scale))
    rows = _rows(_boxes(solid))
    long = [k for k, row in enumerate(rows) if len(row) >= _FEWEST]
    alone = [k for k in long if not _has_neighbour(rows[k], rows[:k] + rows[k + 1 :])]
    whole = [_completed(rows[k], solid) for k in alone]
    whole.sort(key=lambda row: float(row[:, :, 1].mean()))
    return [
        Field(BOXES, tuple(Cell(box / scale, 0, k, ()) for k, box in enumerate(row)))
        for row in whole
    ]


def read_boxes(
    recognizer: Recognizer, colours: np.ndarray, row: Field, view: View
) -> tuple[LineOfPage, FieldRead] | None:
    """A row of boxes as one word or number, and its cells; ``None`` if nothing is written in it.

    Args:
        recognizer: the character model.
        colours: uint8 (height, width, 3), of :func:`box_rows`.
        row: one of its fields.
        view: place of the picture in the original.
    """
    read = [(cell, _probs(recognizer, colours, cell.outline)) for cell in row.cells]
    written = [(cell.outline, probs) for cell, probs in read if probs is not None]
    if not written:
        return None
    rankings = _of_one_set(np.stack([probs for _, probs in written]))
    characters = [CharacterRead(k, k, ranked) for k, ranked in enumerate(rankings)]
    corners = [outline for outline, _ in written]
    first, last = corners[0], corners[-1]
    polygon = view.to_picture(np.stack((first[0], last[1], last[2], first[3])))
    sure = [character.ranked[0][1] for character in characters]
    text = "".join(character.character for character in characters)
    word = WordRead(text, float(np.prod(sure)), polygon, characters)
    texts = iter(text)
    cells = [
        CellRead(view.to_picture(cell.outline), 0, k, "" if probs is None else next(texts))
        for k, (cell, probs) in enumerate(read)
    ]
    return LineOfPage(word, [word], clearness=float(np.mean(sure))), FieldRead(BOXES, cells)


def lines_in(row: Field, lines: Sequence[TextLine]) -> list[int]:
    """Indices of the lines that lie in a row of boxes for the most part."""
    outline = row.outline.astype(np.float32)

    def share(line: TextLine) -> float:
        inside = [
            cv2.pointPolygonTest(outline, point, False) >= 0 for point in line.points.tolist()
        ]
        return float(np.mean(inside))

    return [k for k, line in enumerate(lines) if share(line) > _WITHIN]


def _solid(colours: np.ndarray) -> np.ndarray:
    """uint8 (height, width): 1 for ink and rules, faint ones too."""
    window = max(3, max(colours.shape[:2]) // _WINDOW)
    difference = signed_difference(colours, paper_of(colours, window, _KERNEL))
    dark, light = (difference > _FAINT).sum(), (difference < -_FAINT).sum()
    return ((difference if dark >= light else -difference) > _FAINT).astype(np.uint8)


def _boxes(solid: np.ndarray) -> np.ndarray:
    """Corners of the box-like holes in the ink, float (N, 4, 2), clockwise from the upper left."""
    contours, hierarchy = cv2.findContours(solid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return np.empty((0, 4, 2))
    holes = [c for c, (_, _, _, parent) in zip(contours, hierarchy[0], strict=True) if parent >= 0]
    found = [_box(hole) for hole in holes if min(cv2.boundingRect(hole)[2:]) >= _SMALLEST]
    boxes = [box for box in found if box is not None][:_MOST]
    return np.stack(boxes) if boxes else np.empty((0, 4, 2))


def _box(hole: np.ndarray) -> np.ndarray | None:
    rectangle = cv2.minAreaRect(hole)
    wide, high = rectangle[1]
    if min(wide, high) < _SMALLEST or cv2.contourArea(cv2.convexHull(hole)) < _FILLED * wide * high:
        return None
    corners = cv2.boxPoints(rectangle).astype(float)
    by_height = corners[np.argsort(corners[:, 1], kind="stable")]
    upper, lower = (pair[np.argsort(pair[:, 0])] for pair in (by_height[:2], by_height[2:]))
    box = np.stack((upper[0], upper[1], lower[1], lower[0]))
    wide, high = _sizes(box[None])[0]
    return box if _SQUARE[0] * high < wide < _SQUARE[1] * high else None


def _sizes(boxes: np.ndarray) -> np.ndarray:
    """float (N, 2): widths and heights."""
    across = np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1)
    down = np.linalg.norm(boxes[:, 3] - boxes[:, 0], axis=1)
    return np.stack((across, down), axis=1)


def _rows(boxes: np.ndarray) -> list[np.ndarray]:
    """The boxes in rows, from left to right: each is beside the last one of its row."""
    rows: list[list[np.ndarray]] = []
    for box in boxes[np.argsort(boxes[:, :, 0].mean(axis=1), kind="stable")]:
        row = next((row for row in rows if _follows(box, row[-1])), None)
        rows.append([box]) if row is None else row.append(box)
    return [np.stack(row) for row in rows]


def _follows(box: np.ndarray, last: np.ndarray) -> bool:
    (wide, high), (last_wide, last_high) = _sizes(np.stack((box, last)))
    if abs(wide - last_wide) > _ALIKE * last_wide or abs(high - last_high) > _ALIKE * last_high:
        return False
    # The upper side of the last one goes on to this one, on paper of any slope.
    along = (last[1] - last[0]) / last_wide
    to = box.mean(axis=0) - last.mean(axis=0)
    off = abs(float(to @ np.array([-along[1], along[0]])))
    gap = float(to @ along) - (wide + last_wide) / 2
    return off < _LEVEL * high and -_LEVEL * wide < gap < _GAP * wide


def _completed(row: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """The row with the boxes whose holes characters break up: between others, and at its ends
    where sides are drawn."""
    steps = np.diff(row.mean(axis=1), axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    pitch = float(np.median(lengths[lengths < 1.5 * lengths.min()]))
    boxes = [row[0]]
    for box, step, length in zip(row[1:], steps, lengths, strict=True):
        missing = round(float(length / pitch)) - 1
        boxes += [boxes[-1] + step / (missing + 1) for _ in range(missing)]
        boxes.append(box)
    step = (row[-1] - row[0]).mean(axis=0) / max(len(boxes) - 1, 1)
    for end, way in ((0, -step), (-1, step)):
        for _ in range(_MOST_MISSING):
            beyond = boxes[end] + way
            if not _is_drawn(beyond, solid):
                break
            boxes.insert(0 if end == 0 else len(boxes), beyond)
    return np.stack(boxes)


def _is_drawn(box: np.ndarray, solid: np.ndarray) -> bool:
    """Whether there are rules along the upper and the lower side of a box."""
    share = np.linspace(0.1, 0.9, 20)[:, None]
    reach = max(2, round(_REACH * float(_sizes(box[None])[0, 1])))
    for start, end in ((box[0], box[1]), (box[3], box[2])):
        x, y = np.round(start + share * (end - start)).astype(int).T
        if x.min() < 0 or y.min() < reach or x.max() >= solid.shape[1]:
            return False
        if y.max() + reach >= solid.shape[0]:
            return False
        inked = [solid[y0 - reach : y0 + reach + 1, x0].any() for x0, y0 in zip(x, y, strict=True)]
        if np.mean(inked) < _DRAWN:
            return False
    return True


def _has_neighbour(row: np.ndarray, others: list[np.ndarray]) -> bool:
    """Whether boxes of another row share a side with those of this one."""
    high = float(_sizes(row)[:, 1].mean())
    middles = row.mean(axis=1)
    for other in others:
        off = other.mean(axis=1)[None] - middles[:, None]
        near = (np.abs(off[:, :, 0]) < _LEVEL * high) & (np.abs(off[:, :, 1]) < 1.3 * high)
        if near.any(axis=1).mean() > _SHARED:
            return True
    return False


def _of_one_set(probs: np.ndarray) -> list[list[tuple[str, float]]]:
    """The top-5 of each box, of digits, capitals or small letters alone where that is likelier.

    Each set is as likely as any other, and so is each character of a set.

    Args:
        probs: float (N, 62), p(character | image) with a uniform prior.
    """

    def likelihood(characters: tuple[str, ...]) -> float:
        of_set = probs[:, np.isin(CLASSES, characters)].max(axis=1)
        return float(np.log(np.maximum(of_set, 1e-12)).sum() - len(probs) * np.log(len(characters)))

    likeliest = max(SETS.values(), key=likelihood)
    kept = probs * np.isin(CLASSES, likeliest)
    kept /= np.maximum(kept.sum(axis=1, keepdims=True), 1e-12)
    return [Reading(each, each).ranked() for each in kept]


def _probs(recognizer: Recognizer, colours: np.ndarray, outline: np.ndarray) -> np.ndarray | None:
    """float (62,): what is in a box; ``None`` for an empty one."""
    inset = outline + _INSET * (outline.mean(axis=0) - outline) * 2
    square = np.array([[0, 0], [_SIDE, 0], [_SIDE, _SIDE], [0, _SIDE]], dtype=np.float32)
    wide, high = _sizes(outline[None])[0]
    square[:, 0] *= wide / max(wide, high)
    square[:, 1] *= high / max(wide, high)
    matrix = cv2.getPerspectiveTransform(inset.astype(np.float32), square)
    size = np.ceil(square.max(axis=0)).astype(int).tolist()
    seen = cv2.warpPerspective(colours, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    ink = without_fragments(find_ink(Image.fromarray(seen)))
    if (ink > 127).mean() < _LEAST_INK:
        return None
    character = character_from_ink(ink)
    return None if character.bbox is None else recognizer.read(character.image).probs
