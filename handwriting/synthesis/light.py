"""Simulation of photography: light, lens, sensor and file."""

import cv2
import numpy as np


def photographed(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Simulate a photograph.

    Args:
        scene: float32 (rows, columns, 3), 0..255.
        rng: random generator.

    Returns:
        uint8 of the same shape.
    """
    scene = _tilted(scene, rng)
    scene = scene * lighting(scene.shape[:2], rng)[:, :, None]
    if rng.random() < 0.3:
        scene = scene * (1 + rng.normal(0, 0.06, 3)).astype(np.float32)
    if rng.random() < 0.5:
        scene = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.3, max(0.4, 0.018 * len(scene))))
    noise = rng.uniform(0.5, 6)
    scene = scene + noise * rng.standard_normal(scene.shape[:2], dtype=np.float32)[:, :, None]
    picture = np.clip(scene, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return picture


def lighting(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Brightness of each pixel: it falls off to one side; sometimes half lies in a shadow.

    Args:
        shape: rows and columns.
        rng: random generator.

    Returns:
        float32 of this shape; 1 leaves a pixel as it is.
    """
    rows = np.linspace(-0.5, 0.5, shape[0], dtype=np.float32)[:, None]
    columns = np.linspace(-0.5, 0.5, shape[1], dtype=np.float32)[None]
    across, down = rng.normal(0, 0.15, 2).astype(np.float32)
    light = np.float32(rng.uniform(0.45, 1.05)) * (1 + across * columns + down * rows)
    if rng.random() < 0.2:
        angle = rng.uniform(0, 2 * np.pi)
        edge = np.float32(np.cos(angle)) * columns + np.float32(np.sin(angle)) * rows
        sharp = np.float32(rng.uniform(5, 40))
        depth = np.float32(rng.uniform(0.1, 0.5))
        light = light * (1 - depth / (1 + np.exp(-sharp * (edge - rng.uniform(-0.3, 0.3)))))
    return light.astype(np.float32)


def _tilted(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply a slight perspective."""
    height, width = scene.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    moved = corners + rng.normal(0, 0.03 * height, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return cv2.warpPerspective(scene, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
