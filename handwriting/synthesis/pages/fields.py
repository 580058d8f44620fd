"""Scenes of fields: forms, boxed characters, tables, diagrams, worksheets."""

import itertools

import cv2
import numpy as np

from handwriting.imaging.core_zone import CAPITAL_CORE
from handwriting.imaging.text_lines import TextLine
from handwriting.synthesis.grounds import Colour
from handwriting.synthesis.invented_texts import code, date, number
from handwriting.synthesis.pages import marks
from handwriting.synthesis.pages.desk import Desk
from handwriting.synthesis.pages.hands import FontHand, Hand
from handwriting.synthesis.pages.letters import core_of, write_centred
from handwriting.synthesis.pages.sheet import Bend, Pen, Sheet
from handwriting.synthesis.pages.texts import LABELS, entry, phrase

Box = tuple[float, float, float, float]

_FORM_INKS: tuple[Colour, ...] = (
    *((30, 30, 32), (30, 30, 32), (110, 110, 115), (40, 60, 120), (60, 120, 80), (190, 90, 60)),
)
_DIGITS, _CAPITALS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def form_press(sheet: Sheet, desk: Desk) -> Pen:
    """What prints a form."""
    press = sheet.press(_FORM_INKS[desk.rng.integers(len(_FORM_INKS))])
    press.strength = float(desk.rng.uniform(0.55, 1.0))
    return press


def form(desk: Desk) -> Sheet:
    """A form: printed names, and fields as lines, frames, shaded areas or rows of boxes."""
    core = core_of(desk, (7, 24))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    press, face = form_press(sheet, desk), desk.sources.printed(rng)
    hand, able = desk.sources.hand(rng), desk.sources.able_hand(rng)
    pen = sheet.pen(core, rng)
    label = core * desk.between(0.5, 1.1)
    pitch, side = core * desk.between(2.8, 5), rng.uniform(0.02, 0.1) * columns
    y = rng.uniform(0.02, 0.1) * rows + 2 * core
    if desk.chance(0.6):
        heading = face.running(columns - 2 * side, label * desk.between(1.2, 2.2), rng)
        if heading is not None:
            sheet.write(heading, press, side, y)
            y += pitch
    kind, above = str(rng.choice(["line", "frame", "shade", "boxes", "dots"])), desk.chance(0.3)
    while y < rows - core:
        parts = int(rng.choice([1, 1, 2, 3])) if columns > 40 * core else 1
        width = (columns - 2 * side) / parts
        for part in range(parts):
            left = side + part * width
            box = (left, y - 1.9 * core, left + width - core, y + 0.6 * core)
            here = kind if desk.chance(0.85) else "boxes"
            box = _label(sheet, desk, face, press, box, label, above)
            _field(sheet, desk, here, box, (press, pen), (hand, able))
        y += pitch * (1.5 if above else 1)
    return sheet


def _label(
    sheet: Sheet,
    desk: Desk,
    face: FontHand,
    press: Pen,
    box: Box,
    size: float,
    above: bool,
) -> Box:
    """Print a field's name; the field that is left beside or below it."""
    left, top, right, bottom = box
    text = LABELS[desk.rng.integers(len(LABELS))] + (":" if desk.chance(0.4) else "")
    name = face.exactly(text, size, desk.rng)
    if name.width > 0.7 * (right - left):
        return box
    if above:
        sheet.write(name, press, left, top - 0.5 * size)
        return box
    sheet.write(name, press, left, bottom - 0.6 * press.core / 10 * size - 0.2 * size)
    return left + name.width + 1.5 * size, top, right, bottom


def _field(
    sheet: Sheet, desk: Desk, kind: str, box: Box, pens: tuple[Pen, Pen], hands: tuple[Hand, Hand]
) -> None:
    """A field of some kind, filled in seven of ten times."""
    (press, pen), (hand, able) = pens, hands
    left, top, right, bottom = box
    core, rng, width = pen.core, desk.rng, max(1.0, desk.between(0.6, 2.5))
    if right - left < 4 * core:
        return
    if kind == "boxes":
        count = int((right - left) // (2.1 * core))
        text = _boxed_text(rng, count)
        edges = (left, bottom - 2.3 * core, 2.1 * core)
        boxed_row(sheet, desk, able, (press, pen), edges, count, text if desk.chance(0.8) else "")
        return
    if kind == "line":
        sheet.rule((left, bottom), (right, bottom), press, width)
    elif kind == "frame":
        sheet.frame((left, top - 0.3 * core, right, bottom), press, width)
    elif kind == "shade":
        area = sheet.picture[max(0, int(top)) : int(bottom), int(left) : int(right)]
        area *= np.float32(rng.uniform(0.8, 0.96))
    else:
        for x in np.arange(left, right, max(4.0, 0.4 * core)):
            sheet.stroke(np.array([[x, bottom]]), press, width)
    if desk.chance(0.75):
        x = left + rng.uniform(0.2, 1.5) * core
        y = bottom - rng.uniform(0.05, 0.7) * core
        room = right - x
        written = hand.running(room * rng.uniform(0.3, 1), core, rng)
        if written is None or desk.chance(0.4):
            written = able.exactly(entry(desk.sources.vocabulary, rng), core, rng)
        if written.width <= 1.05 * room:
            sheet.write(written, pen, x, y, Bend.any(core, rng))


def _boxed_text(rng: np.random.Generator, most: int) -> str:
    """Digits, capitals or a mixture, at most so many."""
    kind = rng.random()
    signs = _DIGITS if kind < 0.45 else _CAPITALS if kind < 0.85 else _DIGITS + _CAPITALS.lower()
    return "".join(rng.choice(list(signs), int(rng.integers(1, max(2, most + 1)))))


def boxed_row(
    sheet: Sheet,
    desk: Desk,
    able: Hand,
    pens: tuple[Pen, Pen],
    place: tuple[float, float, float],
    count: int,
    text: str,
) -> TextLine | None:
    """A row of boxes with a character in each: one line of text across all of them.

    Args:
        sheet, desk: where it is.
        able: writes the characters.
        pens: of the boxes and of the characters.
        place: left, top and side of the first box.
        count: boxes.
        text: at most so many characters; the other boxes stay empty.
    """
    press, pen = pens
    left, top, side = place
    rng, width = desk.rng, max(1.0, desk.between(0.6, 2.5))
    gap = side * rng.uniform(0.08, 0.4) if desk.chance(0.4) else 0.0
    high, style = side * rng.uniform(0.95, 1.35), rng.random()
    for number_ in range(count):
        x = left + number_ * (side + gap)
        if style < 0.8:
            sheet.frame((x, top, x + side, top + high), press, width)
        else:
            # A comb: ticks on a line.
            sheet.rule((x, top + high), (x + side, top + high), press, width)
            for edge in (x, x + side):
                sheet.rule((edge, top + 0.6 * high), (edge, top + high), press, width)
    core = side * rng.uniform(0.42, 0.62) * CAPITAL_CORE / 0.7
    capital, points = core / CAPITAL_CORE, []
    for number_, character in enumerate(text):
        x = left + number_ * (side + gap) + side / 2 + rng.normal(0, 0.05) * side
        baseline = top + (high + capital) / 2 + rng.normal(0, 0.04) * side
        written = able.exactly(character, core, rng)
        if character.islower():
            written = able.exactly(character, 0.8 * core, rng)
        line = sheet.write(written, pen, x - written.width / 2, baseline, is_text=False)
        if line is not None:
            points += [line.points[0], line.points[-1]]
    if not points:
        return None
    places = np.array(points)
    places = places[np.argsort(places[:, 0], kind="stable")]
    middle = np.median(places[:, 1])
    places = np.stack((places[:, 0], np.full(len(places), middle)), axis=1)
    if places[-1, 0] - places[0, 0] < 0.3 * core:
        places[0, 0] -= 0.3 * core
        places[-1, 0] += 0.3 * core
    line = TextLine(places, np.full(len(places), core), able.kind, text)
    sheet.lines.append(line)
    return line


def boxed(desk: Desk) -> Sheet:
    """Rows of boxed characters, printed or drawn; sometimes a single box that fills the sheet."""
    rng = desk.rng
    rows, columns = desk.shape
    count = int(rng.choice([1, 1, 2, 3, 5, 8, 12, 20]))
    side = columns / (count + 1) * rng.uniform(0.4, 1.0)
    side = float(np.clip(side, 16, 0.75 * desk.short))
    core = 0.5 * side
    sheet = desk.paper(core)
    able, pen = desk.sources.able_hand(rng), sheet.pen(core, rng)
    press = form_press(sheet, desk) if desk.chance(0.7) else pen
    face = desk.sources.printed(rng)
    y = rng.uniform(0.1, 1.0) * side
    while y + 1.4 * side < rows:
        left = rng.uniform(0.02, 0.3) * (columns - min(columns, count * 1.4 * side))
        left += 0.15 * side
        if desk.chance(0.3):
            label = face.running(columns - left, max(6.0, 0.3 * core), rng)
            if label is not None:
                sheet.write(label, press, left, y)
                y += 0.3 * side
        fits = max(1, min(count, int((columns - left) / (1.4 * side))))
        text = _boxed_text(rng, fits)
        boxed_row(sheet, desk, able, (press, pen), (left, y, side), fits, text)
        y += side * rng.uniform(1.6, 3)
        if desk.chance(0.15):
            break
    return sheet


def table(desk: Desk) -> Sheet:
    """A table, printed or drawn; each cell has its own line."""
    core = core_of(desk, (6, 26))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    hand, able, pen = desk.sources.hand(rng), desk.sources.able_hand(rng), sheet.pen(core, rng)
    by_hand = desk.chance(0.35)
    press = pen if by_hand else form_press(sheet, desk)
    head: Hand = able if by_hand else desk.sources.printed(rng)
    left, right = rng.uniform(0.01, 0.1) * columns, columns * rng.uniform(0.85, 0.99)
    top, high = rng.uniform(0.02, 0.2) * rows, core * desk.between(2.2, 4)
    count = max(2, int((right - left) / (core * rng.uniform(7, 16))))
    cuts = (
        np.sort(rng.uniform(0.1, 0.9, count - 1)) * 0.4 + np.linspace(0, 1, count + 1)[1:-1] * 0.6
    )
    edges = left + (right - left) * np.concatenate(([0.0], np.sort(cuts), [1.0]))
    below = np.arange(top, rows * rng.uniform(0.5, 1.0), high)
    if len(below) < 3:
        below = top + high * np.arange(3)
    _grid(sheet, desk, press, edges, below, by_hand)
    filled = rng.uniform(0.5, 1.0)
    for row, (upper, lower) in enumerate(itertools.pairwise(below)):
        for start, stop in itertools.pairwise(edges):
            if row and not desk.chance(filled):
                continue
            writer, tool = (head, press) if row == 0 else (hand, pen)
            size = core * (rng.uniform(0.7, 1) if row == 0 and not by_hand else 1)
            room = stop - start - 0.8 * core
            written = writer.running(room, size, rng) if desk.chance(0.5) else None
            if written is None:
                text = entry(desk.sources.vocabulary, rng) if row else _title(desk)
                written = (writer if row == 0 else able).exactly(text, size, rng)
            if written.width > room + 0.5 * core:
                continue
            spare = room - written.width
            x = start + 0.4 * core + max(0.0, spare) * rng.choice([0.0, 0.1, 0.5, 1.0])
            sheet.write(written, tool, x, lower - (upper * 0 + rng.uniform(0.25, 0.36)) * high)
    return sheet


def _title(desk: Desk) -> str:
    return LABELS[desk.rng.integers(len(LABELS))]


def _grid(
    sheet: Sheet, desk: Desk, press: Pen, edges: np.ndarray, below: np.ndarray, by_hand: bool
) -> None:
    """The lines of a table; drawn by hand they waver."""
    width, wobble = max(1.0, desk.between(0.6, 2.5)), 0.1 * sheet.pens[0].core if by_hand else 0.0
    style = desk.rng.random()

    def line(start: tuple[float, float], end: tuple[float, float]) -> None:
        path = np.array([start, end])
        if by_hand:
            path = marks.wavy(path[0], path[1], desk, wobble)
        sheet.stroke(path, press, width, is_rule=True)

    for y in below if style < 0.85 else below[[0, 1, -1]]:
        line((edges[0], y), (edges[-1], y))
    for x in edges if style < 0.7 else edges[1:-1]:
        line((x, below[0]), (x, below[-1]))


def diagram(desk: Desk) -> Sheet:
    """Boxes, rings and diamonds with short texts, joined by arrows."""
    core = core_of(desk, (8, 26))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    hand, able, pen = desk.sources.hand(rng), desk.sources.able_hand(rng), sheet.pen(core, rng)
    lines_pen = pen if desk.chance(0.6) else sheet.pen(core, rng)
    across, down = max(1, int(columns / (14 * core))), max(1, int(rows / (8 * core)))
    across, down = min(across, 5), min(down, 6)
    middles = []
    for row in range(down):
        for column in range(across):
            if not desk.chance(0.7):
                continue
            cell = np.array([columns / across, rows / down])
            middle = (np.array([column, row]) + 0.5 + rng.normal(0, 0.06, 2)) * cell
            half = _node(sheet, desk, (hand, able), (lines_pen, pen), middle, cell)
            middles.append((middle, half))
    for (start, half), (end, other) in itertools.pairwise(middles):
        if not desk.chance(0.75):
            continue
        towards = end - start
        if abs(towards[0]) > abs(towards[1]):
            ways = np.array([np.sign(towards[0]), 0])
        else:
            ways = np.array([0, np.sign(towards[1])])
        marks.arrow(start + ways * half * 1.1, end - ways * other * 1.15, lines_pen, sheet, desk)
    return sheet


def _node(
    sheet: Sheet,
    desk: Desk,
    hands: tuple[Hand, Hand],
    pens: tuple[Pen, Pen],
    middle: np.ndarray,
    cell: np.ndarray,
) -> np.ndarray:
    """A shape with one or two lines in it; half of its width and height."""
    (hand, able), (frame, pen) = hands, pens
    core, rng = pen.core, desk.rng
    count, room = int(rng.choice([1, 1, 2])), min(0.62 * cell[0], 12 * core)
    texts = []
    for _ in range(count):
        written = hand.running(room, core, rng) if desk.chance(0.7) else None
        if written is None:
            written = able.exactly(phrase(desk.sources.vocabulary, rng, 1, 1), core, rng)
        texts.append(written)
    pitch = 2.3 * core
    half = np.array(
        [
            max(written.width for written in texts) / 2 + rng.uniform(0.4, 1.5) * core,
            count * pitch / 2 + rng.uniform(0.2, 0.9) * core,
        ]
    )
    box = (*(middle - half), *(middle + half))
    kind, width = rng.random(), max(1.0, 0.12 * core)
    if kind < 0.5:
        left, top, right, bottom = box
        corners = np.array(
            [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        )
        for start, end in itertools.pairwise(corners):
            path = marks.wavy(start, end, desk, 0.08 * core)
            sheet.stroke(path, frame, width, is_rule=True)
    elif kind < 0.75:
        marks.ellipse((*(middle - 1.25 * half), *(middle + 1.25 * half)), frame, sheet, desk)
        half = 1.25 * half
    elif kind < 0.85:
        half = 1.7 * half
        ways = np.array([(0, -1), (1, 0), (0, 1), (-1, 0), (0, -1)])
        sheet.stroke(middle + ways * half, frame, width, is_rule=True)
    for number_, written in enumerate(texts):
        y = middle[1] + (number_ - (count - 1) / 2) * pitch
        write_centred(sheet, written, pen, (middle[0], y))
    return half


def worksheet(desk: Desk) -> Sheet:
    """Printed questions with handwritten, often neat answers, on lines or without."""
    core = core_of(desk, (9, 28))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    press, face = form_press(sheet, desk), desk.sources.printed(rng)
    hand = desk.sources.able_hand(rng) if desk.chance(0.6) else desk.sources.hand(rng)
    pen, side = sheet.pen(core, rng), rng.uniform(0.03, 0.1) * columns
    y, size = rng.uniform(0.02, 0.1) * rows + 2 * core, core * desk.between(0.6, 1.1)
    pitch = core * desk.between(2, 3.4)
    while y < rows - core:
        for _ in range(int(rng.integers(1, 3))):
            question = face.running((columns - 2 * side) * rng.uniform(0.4, 1), size, rng)
            if question is not None:
                sheet.write(question, press, side, y)
            y += size * 2.6
        y += pitch - size * 2
        has_lines = desk.chance(0.5)
        for _ in range(int(rng.integers(1, 5))):
            if y > rows - core / 2:
                break
            if has_lines:
                sheet.rule((side, y + 0.2 * core), (columns - side, y + 0.2 * core), press, 1.2)
            answer = hand.running((columns - 2 * side) * rng.uniform(0.2, 1), core, rng)
            if answer is not None and desk.chance(0.85):
                sheet.write(answer, pen, side + core, y, Bend.any(core, rng))
            y += pitch
        y += 0.5 * pitch
    return sheet


def envelope(desk: Desk) -> Sheet:
    """An address, a label, a price: a few short lines on much paper, with print or a frame."""
    core = core_of(desk, (7, 20))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    hand, able, pen = desk.sources.hand(rng), desk.sources.able_hand(rng), sheet.pen(core, rng)
    x, y = rng.uniform(0.1, 0.5) * columns, rng.uniform(0.3, 0.6) * rows
    for _ in range(int(rng.integers(2, 6))):
        kinds = (number, date, code)
        written = hand.running((columns - x) * rng.uniform(0.3, 0.9), core, rng)
        if written is None or desk.chance(0.2):
            written = able.exactly(kinds[rng.integers(3)](rng), core, rng)
        if y < rows and x + written.width < columns:
            sheet.write(written, pen, x, y, Bend.any(core, rng, 2.0))
        y += core * desk.between(2.2, 3.4)
    if desk.chance(0.5):
        marks.stamp(sheet, desk)
    if desk.chance(0.5):
        _postage(sheet, desk)
    return sheet


def _postage(sheet: Sheet, desk: Desk) -> None:
    """A picture in a corner."""
    rows, columns = sheet.shape
    wide, high = (desk.rng.uniform(0.08, 0.16, 2) * desk.short).astype(int)
    left, top = int(columns * 0.96 - wide), int(rows * 0.04)
    colour = desk.rng.uniform(60, 200, 3)
    sheet.picture[top : top + high, left : left + wide] = colour
    middle = (left + int(wide) // 2, top + int(high) // 2)
    tone = (colour * 0.6).tolist()
    cv2.circle(sheet.picture, middle, max(1, int(0.3 * wide)), tone, -1, cv2.LINE_AA)
