"""Resizing of images."""

import cv2
import numpy as np

_ROUNDED_UP = 0.51
"""Pixels: OpenCV rounds half a pixel to none, and refuses an empty image."""


def scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    """Scale an image by area averaging, to at least one pixel in each direction.

    Args:
        picture: uint8 or float32, (height, width) or (height, width, channels).
        scale: greater than 0.
    """
    down, across = (max(scale, _ROUNDED_UP / side) for side in picture.shape[:2])
    return cv2.resize(picture, None, fx=across, fy=down, interpolation=cv2.INTER_AREA)
