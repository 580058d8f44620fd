"""What is on a sheet beside its text: rulings, holes, strokes through words, drawings, stamps."""

import cv2
import numpy as np

from handwriting.imaging.text_lines import TextLine
from handwriting.synthesis.grounds import Colour
from handwriting.synthesis.pages.desk import Desk
from handwriting.synthesis.pages.sheet import Pen, Sheet

RULING: tuple[Colour, ...] = (
    *((150, 175, 205), (165, 170, 180), (190, 150, 160), (120, 130, 140), (175, 195, 185)),
)
RED: tuple[Colour, ...] = ((190, 40, 45), (200, 70, 80), (20, 110, 60), (40, 70, 190))


def ruling_press(sheet: Sheet, desk: Desk) -> Pen:
    """What prints rulings: pale, in one colour."""
    colour = RULING[desk.rng.integers(len(RULING))]
    if np.mean(sheet.ground.colours[0]) < 90:
        colour = (95, 115, 105)
    press = sheet.press(colour)
    press.strength = float(desk.rng.uniform(0.35, 1.0))
    return press


def ruled(sheet: Sheet, desk: Desk, pitch: float, start: float) -> None:
    """Ruled lines from a row on, in distances of ``pitch``; their truth is noted."""
    press, width = ruling_press(sheet, desk), desk.between(0.7, 2.2)
    rows, columns = sheet.shape
    first = start if desk.chance(0.7) else start % pitch
    for y in np.arange(first, rows, pitch):
        sheet.rule((0, y), (columns, y), press, width)


def squared(sheet: Sheet, desk: Desk, step: float, start: float = 0.0) -> None:
    """Squares with sides of ``step``."""
    press, width = ruling_press(sheet, desk), desk.between(0.6, 1.8)
    rows, columns = sheet.shape
    for y in np.arange(start % step, rows, step):
        sheet.rule((0, y), (columns, y), press, width)
    for x in np.arange(desk.rng.uniform(0, step), columns, step):
        sheet.rule((x, 0), (x, rows), press, width)


def dotted(sheet: Sheet, desk: Desk, step: float, start: float = 0.0) -> None:
    """A grid of dots; dots are no rules."""
    press = ruling_press(sheet, desk)
    radius = max(1, round(0.05 * step))
    for y in np.arange(start % step, sheet.shape[0], step):
        for x in np.arange(step / 2, sheet.shape[1], step):
            cv2.circle(press.cover, (round(x), round(y)), radius, 255, -1, cv2.LINE_AA)


def margin_line(sheet: Sheet, desk: Desk, x: float) -> None:
    """A vertical line beside the text."""
    press = sheet.press(((200, 90, 100), (170, 120, 130), (110, 130, 170))[desk.rng.integers(3)])
    press.strength = float(desk.rng.uniform(0.4, 1.0))
    sheet.rule((x, 0), (x, sheet.shape[0]), press, desk.between(1, 2.5))


def holes(sheet: Sheet, desk: Desk) -> None:
    """Punched holes or a spiral along the left side."""
    rows = sheet.shape[0]
    count = int(desk.rng.choice([2, 3, 4, 20, 30]))
    radius = max(2, int(rows * (0.012 if count < 5 else 0.006)))
    ends = (0.3, 0.7) if count == 2 else (0.1, 0.9) if count < 5 else (0.02, 0.98)
    dark = desk.rng.uniform(10, 150, 3).tolist()
    for y in np.linspace(*ends, count) * rows:
        middle = (int(2.2 * radius), int(y))
        cv2.circle(sheet.picture, middle, radius, dark, -1, cv2.LINE_AA)
        if count > 4:
            cv2.line(sheet.picture, (0, int(y)), middle, [v * 0.6 for v in dark], 2, cv2.LINE_AA)


def wavy(start: np.ndarray, end: np.ndarray, desk: Desk, strength: float) -> np.ndarray:
    """A path drawn by hand from one place to another, float (points, 2)."""
    length = float(np.linalg.norm(end - start))
    t = np.linspace(0, 1, max(4, int(length / 12)))[:, None]
    across = np.array([start[1] - end[1], end[0] - start[0]]) / max(length, 1e-6)
    bow = np.sin(np.pi * t * desk.rng.uniform(0.7, 2.5) + desk.rng.uniform(0, 1))
    path = start + t * (end - start) + across * bow * desk.rng.normal(0, strength)
    return path + desk.rng.normal(0, 0.12 * strength, path.shape)


def along(line: TextLine, pen: Pen, sheet: Sheet, desk: Desk, height: float) -> None:
    """A stroke along a line, by hand, at a height above its baseline in core heights."""
    core = line.height
    offset = np.array([0.0, (0.5 - height) * core])
    path = wavy(line.points[0] + offset, line.points[-1] + offset, desk, 0.12 * core)
    sheet.stroke(path, pen, max(1.0, 0.13 * core), is_rule=True)


def cross_out(line: TextLine, pen: Pen, sheet: Sheet, desk: Desk) -> None:
    """Cross a piece of writing out: with a stroke, two, or a scribble."""
    core, width = line.height, max(1.0, 0.13 * line.height)
    left, right = line.points[0], line.points[-1]
    kind = desk.rng.random()
    if kind < 0.6:
        for _ in range(int(desk.rng.integers(1, 3))):
            shift = np.array([0, desk.rng.normal(0, 0.2) * core])
            sheet.stroke(wavy(left + shift, right + shift, desk, 0.15 * core), pen, width)
        return
    turns = max(3, int((right[0] - left[0]) / (0.5 * core)))
    t = np.linspace(0, 1, 2 * turns)
    path = left + t[:, None] * (right - left)
    path[:, 1] += np.where(np.arange(2 * turns) % 2, 1, -1) * core * desk.rng.uniform(0.4, 1.0)
    sheet.stroke(path + desk.rng.normal(0, 0.1 * core, path.shape), pen, width)


def scribble(box: tuple[float, float, float, float], pen: Pen, sheet: Sheet, desk: Desk) -> None:
    """A drawing that says nothing: loops, a wave, a star, a house, hatching, a face."""
    left, top, right, bottom = box
    middle, size = (
        np.array([left + right, top + bottom]) / 2,
        np.array([right - left, bottom - top]),
    )
    width = max(1.0, 0.13 * pen.core * desk.between(0.7, 2))
    rng, kind = desk.rng, int(desk.rng.integers(7))
    t = np.linspace(0, 1, 120)
    if kind == 0:
        turns = rng.integers(2, 9)
        loops = np.stack((np.cos(2 * np.pi * turns * t), np.sin(2 * np.pi * turns * t)), axis=1)
        loops *= (0.5 - 0.4 * t * rng.random())[:, None]
        path = loops * size * 0.6 + middle + np.stack((t - 0.5, 0 * t), axis=1) * size * 0.4
        sheet.stroke(path, pen, width)
    elif kind == 1:
        waves = np.sin(2 * np.pi * rng.integers(2, 8) * t) * rng.uniform(0.2, 0.5)
        sheet.stroke(np.stack((t - 0.5, waves), axis=1) * size + middle, pen, width)
    elif kind == 2:
        points = np.arange(6) * 2 * np.pi * 2 / 5 - np.pi / 2
        star = np.stack((np.cos(points), np.sin(points)), axis=1) / 2
        sheet.stroke(star * size.min() + middle, pen, width)
    elif kind == 3:
        house = [(0, 1), (0, 0.4), (0.5, 0), (1, 0.4), (0, 0.4), (1, 1), (1, 0.4), (0, 1), (1, 1)]
        sheet.stroke((np.array(house) - 0.5) * size.min() + middle, pen, width)
    elif kind == 4:
        for shift in np.arange(0, 1, rng.uniform(0.05, 0.2)):
            start, end = np.array([shift - 0.5, -0.5]), np.array([shift - 0.6, 0.5])
            sheet.stroke(np.array([start, end]) * size + middle, pen, width)
    elif kind == 5:
        _face(middle, float(size.min()) / 2, pen, sheet, width, desk)
    else:
        steps = rng.normal(0, 1, (int(rng.integers(5, 40)), 2)).cumsum(axis=0)
        steps = (steps - steps.min(axis=0)) / np.maximum(np.ptp(steps, axis=0), 1e-6) - 0.5
        sheet.stroke(_rounded(steps) * size + middle, pen, width)


def _face(
    middle: np.ndarray, radius: float, pen: Pen, sheet: Sheet, width: float, desk: Desk
) -> None:
    turn = np.linspace(0, 2 * np.pi, 60)
    circle = np.stack((np.cos(turn), np.sin(turn)), axis=1)
    sheet.stroke(middle + circle * radius, pen, width)
    for side in (-1, 1):
        eye = middle + np.array([side * 0.35, -0.25]) * radius
        sheet.stroke(eye + circle * radius * 0.1, pen, width)
    mouth = circle[5:26] * radius * np.array([0.5, 0.5 * desk.rng.choice([-1, 1])])
    sheet.stroke(middle + mouth + (0, 0.15 * radius), pen, width)


def _rounded(points: np.ndarray) -> np.ndarray:
    """A smooth path through points: corners cut three times (Chaikin 1974)."""
    for _ in range(3):
        first, second = (
            0.75 * points[:-1] + 0.25 * points[1:],
            0.25 * points[:-1] + 0.75 * points[1:],
        )
        points = np.stack((first, second), axis=1).reshape(-1, 2)
    return points


def ellipse(box: tuple[float, float, float, float], pen: Pen, sheet: Sheet, desk: Desk) -> None:
    """A ring drawn around something."""
    left, top, right, bottom = box
    start, over = desk.rng.uniform(0, 2 * np.pi), desk.rng.uniform(-0.2, 0.5)
    turn = np.linspace(start, start + 2 * np.pi + over, 60)
    radius = 1 + 0.04 * np.sin(2 * turn + start) + np.linspace(0, 0.05, 60)
    ring = np.stack((np.cos(turn), np.sin(turn)), axis=1) * radius[:, None] / 2
    path = ring * (right - left, bottom - top) + ((left + right) / 2, (top + bottom) / 2)
    sheet.stroke(path, pen, max(1.0, 0.12 * pen.core))


def arrow(start: np.ndarray, end: np.ndarray, pen: Pen, sheet: Sheet, desk: Desk) -> None:
    """An arrow; its shaft is a rule."""
    width = max(1.0, 0.12 * pen.core)
    sheet.stroke(wavy(start, end, desk, 0.1 * pen.core), pen, width, is_rule=True)
    back = (start - end) / max(float(np.linalg.norm(start - end)), 1e-6) * pen.core * 0.9
    for side in (-0.5, 0.5):
        turned = np.array([back[0] - side * back[1], back[1] + side * back[0]])
        sheet.stroke(np.array([end, end + turned]), pen, width)


def stamp(sheet: Sheet, desk: Desk) -> None:
    """A stamp or seal: rings or a frame with print in it, over whatever is there."""
    size = desk.between(0.1, 0.3) * desk.short
    core = size * desk.rng.uniform(0.05, 0.09)
    colour = ((150, 40, 60), (50, 60, 140), (60, 60, 70), (40, 110, 90))[desk.rng.integers(4)]
    press = sheet.press(colour)
    press.strength = float(desk.rng.uniform(0.35, 0.9))
    x, y = desk.rng.random(2) * (sheet.shape[1] - size, sheet.shape[0] - size)
    face = desk.sources.printed(desk.rng)
    if desk.chance(0.5):
        middle, turn = np.array([x, y]) + size / 2, np.linspace(0, 2 * np.pi, 90)
        ring = np.stack((np.cos(turn), np.sin(turn)), axis=1) * size / 2
        for part in (1.0, desk.rng.uniform(0.6, 0.9)):
            sheet.stroke(middle + ring * part, press, 0.02 * size)
        rows, room, left = [y + size / 2], 0.6 * size, x + 0.2 * size
    else:
        sheet.frame((x, y, x + size, y + 0.6 * size), press, 0.02 * size)
        rows, room, left = (y + size * np.array([0.2, 0.4])).tolist(), 0.85 * size, x + 0.08 * size
    for row in rows:
        written = face.running(room, core, desk.rng)
        if written is not None:
            sheet.write(written, press, left, row + core / 2)


def show_through(sheet: Sheet, other: np.ndarray, desk: Desk) -> None:
    """The mirrored ink of the sheet's back, uint8 (rows, columns), faint and soft; no text."""
    back = cv2.GaussianBlur(other[:, ::-1], (0, 0), desk.rng.uniform(0.6, 2)).astype(np.float32)
    shade = back[:, :, None] * np.float32(desk.rng.uniform(0.08, 0.35) / 255)
    sheet.picture *= 1 - shade


def stains(sheet: Sheet, desk: Desk) -> None:
    """Spots and folds."""
    rows, columns = sheet.shape
    for _ in range(int(desk.rng.integers(0, 4))):
        place, size = desk.rng.random(2) * (columns, rows), desk.between(0.005, 0.05) * desk.short
        tone = sheet.picture[int(place[1]), int(place[0])] * desk.rng.uniform(0.4, 0.95)
        middle = place.astype(int).tolist()
        cv2.circle(sheet.picture, middle, max(1, int(size)), tone.tolist(), -1, cv2.LINE_AA)
    if desk.chance(0.4):
        at = int(columns * desk.rng.uniform(0.3, 0.7))
        wide = int(desk.rng.integers(2, 30))
        fold = np.linspace(1, desk.rng.uniform(0.75, 0.95), wide, dtype=np.float32)
        part = sheet.picture[:, at : at + wide]
        part *= fold[: part.shape[1], None]
