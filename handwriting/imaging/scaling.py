"""Pictures made larger or smaller."""

import cv2
import numpy as np

_ROUNDED_UP = 0.51
"""Of a pixel: OpenCV rounds half a pixel to none, and refuses a picture without any."""


def scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    """A picture, (height, width) or (height, width, channels), scaled to whole pixels, one at least
    in either direction.

    Args:
        picture: uint8 or float32.
        scale: greater than 0.
    """
    down, across = (max(scale, _ROUNDED_UP / side) for side in picture.shape[:2])
    return cv2.resize(picture, None, fx=across, fy=down, interpolation=cv2.INTER_AREA)
