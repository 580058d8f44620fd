"""Detection and rectification of the sheet of paper in a photograph.

A `View` maps pixels of the image to those of the rectified page and back.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.scaling import scaled
from handwriting.pages.ink import page_contrast
from handwriting.pages.tilt import Tilt, clear_tilt_of, tilt_of

_SMALL = 500
_LEAST_AREA, _LEAST_FILL = 0.2, 0.9
_NEAREST = 0.4
_EDGE_STEP, _EDGE_RATIO, _EDGE_SHARE = 4, 0.78, 0.75


@dataclass(frozen=True)
class View:
    """A rectified page, and its place in the image.

    Attributes:
        matrix: float (3, 3), homography from pixels of the image to those of the page.
        size: width and height of the page in pixels.
    """

    matrix: np.ndarray
    size: tuple[int, int]

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points of the page in pixels of the image; float (N, 2) to (N, 2)."""
        inverse = np.linalg.inv(self.matrix)
        return cv2.perspectiveTransform(points[None].astype(np.float64), inverse)[0]

    def of(self, picture: np.ndarray) -> np.ndarray:
        """The page, warped from an image uint8 (height, width, channels), with replicated edges."""
        flags = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
        return cv2.warpPerspective(picture, self.matrix, self.size, **flags)

    def mask(self, of_picture: np.ndarray) -> np.ndarray:
        """A mask of the image, uint8 (height, width), warped to the page."""
        return cv2.warpPerspective(of_picture, self.matrix, self.size, flags=cv2.INTER_NEAREST)

    def turned(self, quarters: int) -> "View":
        """The same page, turned counter-clockwise by 90 degrees ``quarters`` times."""
        view = self
        for _ in range(quarters % 4):
            width, height = view.size
            turn = np.array([[0, 1, 0], [-1, 0, width - 1], [0, 0, 1.0]])
            view = View(turn @ view.matrix, (height, width))
        return view


def find_page(colours: np.ndarray) -> tuple[View, np.ndarray]:
    """The page of a photograph, rectified until its lines are horizontal or vertical.

    Args:
        colours: uint8 (height, width, 3).

    Returns:
        The view; and a mask uint8 (height, width) of the image, 255 on the sheet, or everywhere if
        no edge of a sheet was found.
    """
    height, width = colours.shape[:2]
    sheet = find_sheet(colours)
    straight = View(np.eye(3), (width, height))
    if sheet is None:
        mask = np.full((height, width), 255, dtype=np.uint8)
    else:
        mask, corners = sheet
        if corners is not None:
            straight = _straightened(corners)
    contrast = page_contrast(_shrunk(straight.of(colours)))
    inside = cv2.resize(straight.mask(mask), contrast.shape[::-1]) > 127
    return _levelled(straight, tilt_of(np.where(inside, contrast, 0))), mask


def find_sheet(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Find a bright sheet on a darker background with a sharp edge.

    Args:
        colours: uint8 (height, width, 3).

    Returns:
        uint8 (height, width), 255 on the sheet; and its corners, float (4, 2), clockwise from the
        upper left, ``None`` if one is outside of the image. ``None`` without a sheet.
    """
    height, width = colours.shape[:2]
    small = _shrunk(colours)
    # Dilation closes the ink, which is as dark as the background.
    grey = cv2.medianBlur(cv2.dilate(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.ones((5, 5))), 7)
    _, bright = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=cv2.contourArea, default=None)
    if outline is None or cv2.contourArea(outline) < _LEAST_AREA * grey.size:
        return None
    hull = cv2.convexHull(outline)
    if cv2.contourArea(outline) < _LEAST_FILL * cv2.contourArea(hull):
        return None
    if not _has_sharp_edge(grey, hull):
        return None
    mask = cv2.fillConvexPoly(np.zeros_like(grey), hull, 255)
    mask = cv2.erode(mask, np.ones((7, 7)), borderValue=255)
    scale = np.array([width / grey.shape[1], height / grey.shape[0]])
    corners = _corners(hull, grey.shape)
    return cv2.resize(mask, (width, height)), None if corners is None else corners * scale


def _shrunk(colours: np.ndarray, longest: int = _SMALL) -> np.ndarray:
    scale = longest / max(colours.shape[:2])
    if scale >= 1:
        return colours
    return scaled(colours, scale)


def _has_sharp_edge(grey: np.ndarray, hull: np.ndarray) -> bool:
    """Whether most pixels just outside are darker; edges of shadows are soft or low in contrast."""
    outside = np.zeros_like(grey)
    cv2.drawContours(outside, [hull], 0, 255, 1)
    rows, columns = np.nonzero(outside)
    middle = hull[:, 0].mean(axis=0)
    away = np.stack((columns, rows), axis=1) - middle
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    points = np.stack((columns, rows), axis=1)
    outer = np.round(points + _EDGE_STEP * away).astype(int)
    inner = np.round(points - _EDGE_STEP * away).astype(int)
    height, width = grey.shape
    seen = (outer >= 0).all(axis=1) & (outer[:, 0] < width) & (outer[:, 1] < height)
    if seen.sum() < 0.1 * len(points):
        return False
    outer, inner = outer[seen], inner[seen].clip(0, [width - 1, height - 1])
    ratio = (grey[outer[:, 1], outer[:, 0]] + 1.0) / (grey[inner[:, 1], inner[:, 0]] + 1.0)
    return bool((ratio < _EDGE_RATIO).mean() > _EDGE_SHARE)


def _corners(hull: np.ndarray, shape: tuple[int, int]) -> np.ndarray | None:
    """The corners of a convex outline, if there are four and none touches the image's edge."""
    for share in (0.02, 0.03, 0.04, 0.05):
        found = cv2.approxPolyDP(hull, share * cv2.arcLength(hull, True), True)[:, 0]
        if len(found) <= 4:
            break
    if len(found) != 4 or cv2.contourArea(found) < _LEAST_FILL * cv2.contourArea(hull):
        return None
    height, width = shape
    if (found <= 2).any() or (found >= [width - 3, height - 3]).any():
        return None
    middle = found.mean(axis=0)
    angles = np.arctan2(found[:, 1] - middle[1], found[:, 0] - middle[0])
    return found[np.argsort(angles)].astype(np.float64)


def _straightened(corners: np.ndarray) -> View:
    """The view that maps four corners, clockwise from the upper left, to a rectangle."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = (round(float(max(sides[k], sides[k + 2]))) for k in (0, 1))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return View(matrix, (width, height))


def straightened(view: View, written: np.ndarray) -> View | None:
    """The view levelled by the writing alone; ``None`` if its lines are about level already.

    Other edges in the photograph, such as a table's, can mislead :func:`find_page`.

    Args:
        view: of :func:`find_page`.
        written: uint8 (height, width), downscaled ink of the writing alone.
    """
    tilt = clear_tilt_of(written)
    return None if tilt is None else _levelled(view, tilt)


def _levelled(view: View, tilt: Tilt) -> View:
    """The view with level lines, uncropped.

    A narrow image can give so large a perspective that a corner is far away or behind the camera.
    Such a perspective is ignored, because the view could have any size.
    """
    if _nearest(tilt.levelling(view.size), view.size) < _NEAREST:
        tilt = Tilt(tilt.angle)
    if abs(tilt.angle) < 0.15 and not tilt.across and not tilt.down:
        return view
    matrix, extent = uncut(tilt.levelling(view.size), view.size)
    return View(matrix @ view.matrix, (round(float(extent[0])), round(float(extent[1]))))


def _nearest(matrix: np.ndarray, size: tuple[int, int]) -> float:
    """Smallest homogeneous coordinate of an image's corners, relative to its centre."""
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]])
    return float((corners @ matrix[2]).min())


def uncut(matrix: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Translate a homography so that the whole image maps to coordinates from (0, 0) on.

    Args:
        matrix: float (3, 3).
        size: width and height of the image in pixels.

    Returns:
        float (3, 3), the homography; and float (2,), width and height of the mapped image.
    """
    width, height = size
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], dtype=np.float64)
    found = cv2.perspectiveTransform(corners, matrix)[0]
    low, high = found.min(axis=0), found.max(axis=0)
    return np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ matrix, high - low
