"""Scenes of little writing: a word that fills the picture, a digit, a row of digits, drawings on a
canvas; and pictures without any writing."""

import numpy as np

from handwriting.synthesis.grounds import GROUNDS
from handwriting.synthesis.invented_texts import code, number
from handwriting.synthesis.media import slow_noise
from handwriting.synthesis.pages import marks
from handwriting.synthesis.pages.desk import Desk
from handwriting.synthesis.pages.hands import Hand, Writing
from handwriting.synthesis.pages.letters import write_centred
from handwriting.synthesis.pages.sheet import Bend, Sheet
from handwriting.synthesis.pages.surfaces import any_surface
from handwriting.synthesis.pages.texts import formula, word

_ALONE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TRIAL = 32.0


def _canvas(desk: Desk, shape: tuple[int, int]) -> Sheet:
    """A flat, even ground of pure colours, black on white most of the time."""
    ground = GROUNDS["white"]
    white = 255.0 if desk.chance(0.8) else desk.rng.uniform(225, 255)
    picture = np.full((*shape, 3), white, dtype=np.float32)
    return Sheet(picture, ground, np.zeros(shape, dtype=np.uint8))


def _short_text(desk: Desk, hand: Hand, core: float) -> Writing | None:
    """A word, a number, a letter, a formula."""
    rng, kind = desk.rng, desk.rng.random()
    if kind < 0.35:
        return hand.running(desk.rng.uniform(3, 12) * core, core, rng)
    if kind < 0.5:
        text = str(rng.choice(list(_ALONE)))
    elif kind < 0.7:
        text = number(rng)
    elif kind < 0.78:
        text = code(rng)
    elif kind < 0.85:
        text = formula(rng)
    else:
        text = word(desk.sources.vocabulary, rng)
    return desk.sources.able_hand(rng).exactly(text, core, rng)


def alone(desk: Desk) -> Sheet:
    """One word, number or character: cut closely, or with room around it."""
    rng = desk.rng
    trial = None
    hand = desk.sources.hand(rng)
    while trial is None:
        trial = _short_text(desk, hand, _TRIAL)
    ink = trial.alpha.shape[0] / trial.core, max(trial.width, 1) / trial.core
    room = 1 + (rng.uniform(0, 0.15, 2) if desk.chance(0.5) else rng.uniform(0.1, 2.0, 2))
    # The picture's own shape follows the writing: nobody cuts a long word out as a square.
    longest = max(desk.shape)
    core = longest / max(ink[0] * room[0], ink[1] * room[1])
    shape = [
        int(np.clip(core * size * more, 0.33 * longest, longest))
        for size, more in zip(ink, room, strict=True)
    ]
    desk = Desk(rng, desk.sources, (shape[0], shape[1]))
    sheet = desk.paper(core) if desk.chance(0.65) else _canvas(desk, desk.shape)
    if desk.chance(0.15):
        marks.ruled(sheet, desk, core * desk.between(2, 4), shape[0] / 2 + core / 2)
    elif desk.chance(0.1):
        marks.squared(sheet, desk, core * desk.between(0.8, 2))
    pen = sheet.pen(core, rng)
    writing = trial.scaled(core / trial.core)
    middle = (np.array(shape[::-1]) / 2 + rng.normal(0, 0.04, 2) * shape[::-1]).tolist()
    # Letters reach further up than down.
    rows = np.flatnonzero(writing.alpha.max(axis=1) > 40)
    above = writing.baseline - core / 2 - (rows[0] + rows[-1]) / 2
    write_centred(sheet, writing, pen, (middle[0], middle[1] + above), Bend.any(core, rng, 0.7))
    return sheet


def digits_row(desk: Desk) -> Sheet:
    """Digits from one side of the picture to the other."""
    rng = desk.rng
    count = int(rng.integers(2, 13))
    text = "".join(rng.choice(list("0123456789"), count))
    able = desk.sources.able_hand(rng)
    longest = max(desk.shape)
    trial = able.exactly(text, _TRIAL, rng)
    core = longest / max(trial.width, 1) * _TRIAL * rng.uniform(0.93, 1.02)
    core = min(core, 0.3 * longest)
    high = int(np.clip(core * rng.uniform(1.5, 3), longest / 6, longest))
    desk = Desk(rng, desk.sources, (high, longest))
    sheet = desk.paper(core) if desk.chance(0.6) else _canvas(desk, desk.shape)
    writing = trial.scaled(core / _TRIAL)
    place = (longest / 2, high / 2 + 0.2 * core)
    write_centred(sheet, writing, sheet.pen(core, rng), place, Bend.any(core, rng))
    return sheet


def canvas(desk: Desk) -> Sheet:
    """Drawn on a screen: pure black on white, thin to thick pens, a few lines and drawings."""
    rng = desk.rng
    sheet = _canvas(desk, desk.shape)
    rows, columns = sheet.shape
    core = float(np.clip(rows / desk.between(2.5, 12) / 2.4, 8, 160))
    colour = (0, 0, 0) if desk.chance(0.8) else tuple(rng.integers(0, 160, 3).tolist())
    press = sheet.press(colour)
    press.core = core
    hand, y = desk.sources.hand(rng), rng.uniform(2.0, 4.0) * core
    while y < rows:
        room = columns * rng.uniform(0.3, 0.95)
        written = hand.running(room, core, rng) if desk.chance(0.5) else None
        written = written or _short_text(desk, hand, core)
        if written is not None and written.width < columns:
            x = rng.uniform(0, columns - written.width) * rng.choice([0.1, 1.0])
            sheet.write(written, press, x, y, Bend.any(core, rng, 2.0))
        y += core * desk.between(2.2, 6)
        if desk.chance(0.2):
            break
    if desk.chance(0.25):
        size = desk.between(0.1, 0.4) * desk.short
        x, y = rng.random(2) * (columns - size, rows - size)
        marks.scribble((x, y, x + size, y + size), press, sheet, desk)
    return sheet


def scattered(desk: Desk) -> Sheet:
    """Single letters, digits and short words here and there."""
    rng = desk.rng
    core = float(np.clip(desk.short / desk.between(4, 20) / 2.4, 7, 120))
    sheet = desk.paper(core)
    rows, columns = sheet.shape
    if desk.chance(0.2):
        marks.squared(sheet, desk, core * desk.between(0.8, 2))
    hand, pen, taken = desk.sources.hand(rng), sheet.pen(core, rng), []
    for _ in range(int(rng.integers(1, 16))):
        size = core * desk.between(0.7, 1.5)
        written = _short_text(desk, hand, size)
        if written is None or written.width > 0.9 * columns:
            continue
        x, y = rng.uniform(0, columns - written.width), rng.uniform(2, rows / size) * size
        box = np.array([x - size, y - 3 * size, x + written.width + size, y + 2 * size])
        if all((box[2:] < b[:2]).any() or (b[2:] < box[:2]).any() for b in taken):
            taken.append(box)
            sheet.write(written, pen, x, y, Bend.any(size, rng, 2.0))
    return sheet


def drawings(desk: Desk) -> Sheet:
    """Scribbles and drawings, with hardly a word."""
    rng, core = desk.rng, desk.short / desk.between(15, 50)
    sheet = desk.paper(core) if desk.chance(0.7) else _canvas(desk, desk.shape)
    pen = sheet.pen(core, rng)
    rows, columns = sheet.shape
    for _ in range(int(rng.integers(1, 9))):
        size = desk.between(0.08, 0.6) * desk.short
        x, y = rng.random(2) * (columns - size, rows - size)
        marks.scribble((x, y, x + size, y + size), pen, sheet, desk)
    if desk.chance(0.4):
        written = desk.sources.hand(rng).running(0.5 * columns, core, rng)
        if written is not None:
            sheet.write(written, pen, 0.1 * columns, rows - 1.2 * core)
    return sheet


def empty(desk: Desk) -> Sheet:
    """No writing: bare paper, a ruled sheet, a surface."""
    rng, core = desk.rng, desk.short / desk.between(15, 60)
    sheet = desk.paper(core)
    kind = rng.random()
    if kind < 0.5:
        sheet.picture[:] = any_surface(sheet.shape, rng)
    elif kind < 0.65:
        marks.ruled(sheet, desk, core * desk.between(2, 4), core)
    elif kind < 0.75:
        marks.squared(sheet, desk, core * desk.between(1, 2))
    elif kind < 0.85:
        sheet.picture[:] = rng.uniform(0, 255, 3)
        slope = np.linspace(-60, 60, sheet.shape[1], dtype=np.float32)
        sheet.picture += slope[:, None] * rng.choice([-1, 0, 1])
    elif kind < 0.92:
        noise = slow_noise(sheet.shape, rng.uniform(2, 60), rng) * rng.uniform(10, 60)
        sheet.picture[:] = 128 + noise[:, :, None]
    return sheet
