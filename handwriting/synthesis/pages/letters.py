"""Scenes of running text: letters, notes, lists, books, programs."""

from dataclasses import dataclass

import numpy as np

from handwriting.imaging.text_lines import TextLine
from handwriting.synthesis.pages import marks
from handwriting.synthesis.pages.desk import Desk
from handwriting.synthesis.pages.hands import Hand, Writing
from handwriting.synthesis.pages.sheet import STRAIGHT, Bend, Pen, Sheet
from handwriting.synthesis.pages.texts import formula, number, phrase, program


@dataclass(frozen=True)
class Column:
    """Where running text stands.

    Attributes:
        left, right: in pixels.
        first, last: rows of the first baseline and of the lowest one allowed.
        pitch: distance of the baselines.
    """

    left: float
    right: float
    first: float
    last: float
    pitch: float

    @property
    def width(self) -> float:
        """In pixels."""
        return self.right - self.left

    @property
    def baselines(self) -> np.ndarray:
        """Rows of all baselines."""
        return np.arange(self.first, self.last, self.pitch)


def fill(
    sheet: Sheet, desk: Desk, hand: Hand, pen: Pen, column: Column, core: float
) -> list[TextLine]:
    """Write paragraphs into a column: ragged, some lines indented, some short, some left out."""
    rng = desk.rng
    ragged = 0.0 if desk.chance(0.2) else rng.uniform(0, 0.25)
    indent = rng.choice([0.0, 0.0, 2.0, 4.0]) * core
    uneven = 0.0 if hand.kind != "handwriting" else rng.uniform(0, 0.08)
    strength = 0.0 if hand.kind != "handwriting" else rng.uniform(0, 1.3)
    drift = abs(rng.normal(0, 0.6)) if strength else 0.0
    new, made = True, []
    for y in column.baselines:
        if desk.chance(0.06) and made:
            new = True
            continue
        last = desk.chance(0.15)
        start = column.left + (indent if new else 0.0) + abs(rng.normal(0, drift)) * core
        room = (column.right - start) * (1 - rng.uniform(0, ragged))
        room *= rng.uniform(0.15, 0.8) if last else 1.0
        size = core * float(np.exp(rng.normal(0, uneven / 2)))
        written = hand.running(room, size, rng)
        new = last
        if written is None:
            continue
        bend = Bend.any(core, rng, strength) if strength else STRAIGHT
        line = sheet.write(written, pen, start, y + rng.normal(0, uneven) * core, bend)
        if line is not None:
            made.append(line)
    return made


def core_of(desk: Desk, lines: tuple[float, float]) -> float:
    """Height of the core zone where so many lines (least, most) fill the sheet's height."""
    count = desk.between(*lines)
    return float(np.clip(desk.shape[0] / count / 2.4, 6, 70))


def letter(desk: Desk) -> Sheet:
    """A page of one hand in one to three columns, on plain, ruled or squared paper."""
    core = core_of(desk, (8, 34))
    sheet, hand = desk.paper(core), desk.sources.hand(desk.rng)
    page_of(sheet, desk, hand, core)
    return sheet


def page_of(sheet: Sheet, desk: Desk, hand: Hand, core: float) -> tuple[Pen, list[TextLine]]:
    """Rule a sheet and fill it with a hand's writing."""
    rng = desk.rng
    rows, columns = sheet.shape
    pitch = core * desk.between(1.7, 3.6)
    side = desk.rng.uniform(0.01, 0.12) * columns
    left, right = side * desk.between(0.5, 2), columns - side
    first = rng.uniform(0.03, 0.15) * rows + 2 * core
    last = rows * (rng.uniform(0.3, 0.9) if desk.chance(0.35) else 1.02) - 0.5 * core
    ruling = rng.random()
    if ruling < 0.35:
        marks.ruled(sheet, desk, pitch, first + rng.normal(0.05, 0.1) * core)
    elif ruling < 0.5:
        # One or two squares a line.
        marks.squared(sheet, desk, pitch / int(rng.integers(1, 3)), first + 0.1 * core)
    elif ruling < 0.54:
        marks.dotted(sheet, desk, pitch / 2, first)
    if desk.chance(0.25):
        marks.margin_line(sheet, desk, left - desk.rng.uniform(0.2, 1) * core)
    pen = sheet.pen(core, rng)
    count = 1 if columns < 30 * core else int(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07]))
    gap = rng.uniform(2, 5) * core
    width = (right - left - gap * (count - 1)) / count
    made = []
    for number_ in range(count):
        start = left + number_ * (width + gap)
        column = Column(start, start + width, first, last, pitch)
        made += fill(sheet, desk, hand, pen, column, core)
    return pen, made


def corrected(desk: Desk) -> Sheet:
    """A page with corrections between its lines, crossed-out words, underlinings and rings."""
    core = core_of(desk, (8, 26))
    sheet, hand = desk.paper(core), desk.sources.hand(desk.rng)
    pen, lines = page_of(sheet, desk, hand, core)
    rng = desk.rng
    red = sheet.pen(core, rng, marks.RED[rng.integers(len(marks.RED))])
    other = hand if desk.chance(0.4) else desk.sources.hand(rng)
    for line in lines:
        kind = rng.random()
        part = _part(line, rng)
        if kind < 0.15:
            small = core * rng.uniform(0.55, 0.9)
            room = max(3 * small, part.points[-1, 0] - part.points[0, 0])
            written = other.running(room, small, rng)
            if written is not None:
                x, y = part.points[0] - (0, core * rng.uniform(0.9, 1.2))
                sheet.write(written, red if desk.chance(0.7) else pen, x, y)
        elif kind < 0.27:
            marks.cross_out(part, red if desk.chance(0.5) else pen, sheet, desk)
        elif kind < 0.4:
            marks.along(part, red if desk.chance(0.5) else pen, sheet, desk, -rng.uniform(0.1, 0.4))
        elif kind < 0.45:
            (left, y), (right, _) = part.points[0], part.points[-1]
            box = (left - core, y - 1.6 * core, right + core, y + 1.5 * core)
            marks.ellipse(box, red, sheet, desk)
    return sheet


def _part(line: TextLine, rng: np.random.Generator) -> TextLine:
    """A random stretch of a line."""
    start, length = rng.uniform(0, 0.8), rng.uniform(0.1, 0.4)
    places = np.linspace(start, min(1.0, start + length), 3) * (len(line.points) - 1)
    at = np.arange(len(line.points))
    points = np.stack([np.interp(places, at, each) for each in line.points.T], axis=1)
    return TextLine(points, np.interp(places, at, line.heights), line.kind)


def note(desk: Desk) -> Sheet:
    """A few words or lines of different sizes on a sheet."""
    core = core_of(desk, (2.5, 14))
    sheet = desk.paper(core)
    rng = desk.rng
    rows, columns = sheet.shape
    if desk.chance(0.25):
        marks.ruled(sheet, desk, core * desk.between(2, 3.2), rng.uniform(0, rows / 4))
    elif desk.chance(0.2):
        marks.squared(sheet, desk, core * desk.between(0.8, 2))
    hand, pen = desk.sources.hand(rng), sheet.pen(core, rng)
    y = rng.uniform(0.05, 0.4) * rows + 2 * core
    left = rng.uniform(0.03, 0.4) * columns
    while y < rows - core and not (desk.chance(0.15) and sheet.lines):
        size = core * (desk.between(0.6, 1.6) if desk.chance(0.25) else 1)
        start = left + max(-0.5 * left, rng.normal(0, 1.0) * core)
        room = (columns - start) * rng.uniform(0.2, 0.95)
        written = hand.running(room, size, rng)
        if written is not None:
            line = sheet.write(written, pen, start, y, Bend.any(size, rng, 2.0))
            if line is not None and desk.chance(0.1):
                marks.along(line, pen, sheet, desk, -rng.uniform(0.15, 0.5))
        y += size * desk.between(1.8, 4)
    if desk.chance(0.2):
        _doodle(sheet, desk, pen)
    return sheet


def _doodle(sheet: Sheet, desk: Desk, pen: Pen) -> None:
    size = desk.between(0.08, 0.35) * desk.short
    x, y = desk.rng.random(2) * (sheet.shape[1] - size, sheet.shape[0] - size)
    marks.scribble((x, y, x + size, y + size), pen, sheet, desk)


def bullets(desk: Desk) -> Sheet:
    """A list: dashes, dots, numbers or boxes before its entries; a title above."""
    core = core_of(desk, (5, 22))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    hand, able = desk.sources.hand(rng), desk.sources.able_hand(rng)
    pen = sheet.pen(core, rng)
    pitch, left = core * desk.between(2, 3.6), rng.uniform(0.04, 0.25) * columns
    y = rng.uniform(0.05, 0.2) * rows + 2 * core
    if desk.chance(0.5):
        title = hand.running(columns - left, core * rng.uniform(1.1, 1.6), rng)
        line = None if title is None else sheet.write(title, pen, left, y)
        if line is not None and desk.chance(0.5):
            marks.along(line, pen, sheet, desk, -0.35)
        y += 1.4 * pitch
    sign = str(rng.choice(["-", "dot", "1.", "1)", "box", "ring", ">"]))
    for count, row in enumerate(np.arange(y, rows - core / 2, pitch), 1):
        if desk.chance(0.05):
            break
        x = left + core * (rng.choice([0, 0, 0, 2]) + 0.2 * rng.normal())
        if sign in ("-", "1.", "1)", ">"):
            text = sign.replace("1", str(count))
            mark = able.exactly(text, core, rng)
            width = max(mark.width + core * 0.8, 1.5 * core)
            # It belongs to the line that it begins.
            sheet.write(mark, pen, x, row, is_text=False)
        else:
            width = 1.6 * core
            _bullet(sheet, desk, pen, sign, x, row)
        entry = hand.running((columns - x - width) * rng.uniform(0.15, 0.95), core, rng)
        if entry is not None:
            sheet.write(entry, pen, x + width, row, Bend.any(core, rng))
    return sheet


def _bullet(sheet: Sheet, desk: Desk, pen: Pen, sign: str, x: float, y: float) -> None:
    core = pen.core
    box = (x, y - 0.9 * core, x + 0.9 * core, y)
    if sign == "box":
        sheet.frame(box, pen, max(1.0, 0.1 * core))
        if desk.chance(0.4):
            tick = np.array([(0.1, -0.5), (0.4, -0.1), (1.1, -1.2)]) * core + (x, y)
            sheet.stroke(tick, pen, max(1.0, 0.13 * core))
    elif sign == "ring":
        marks.ellipse(box, pen, sheet, desk)
    else:
        middle = np.array([[x + 0.4 * core, y - 0.5 * core]])
        sheet.stroke(middle, pen, max(2.0, 0.4 * core))


def sums(desk: Desk) -> Sheet:
    """Formulas and sums, some in columns with a line under them."""
    core = core_of(desk, (4, 18))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    if desk.chance(0.5):
        marks.squared(sheet, desk, core * desk.between(1, 2.2))
    able, pen = desk.sources.able_hand(rng), sheet.pen(core, rng)
    y, left = rng.uniform(2, 5) * core, rng.uniform(0.02, 0.3) * columns
    while y < rows - core:
        x = left
        if desk.chance(0.3):
            y = _column_sum(sheet, desk, able, pen, x, y)
            continue
        while x < columns - 4 * core:
            written = able.exactly(formula(rng), core, rng)
            if x + written.width > columns:
                break
            sheet.write(written, pen, x, y, Bend.any(core, rng))
            x += written.width + rng.uniform(3, 9) * core
            if desk.chance(0.5):
                break
        y += core * desk.between(2.2, 5)
    return sheet


def _column_sum(sheet: Sheet, desk: Desk, able: Hand, pen: Pen, x: float, y: float) -> float:
    """Numbers one below the other; the row after them."""
    core, pitch = pen.core, pen.core * desk.between(1.9, 2.8)
    right = x + 8 * core
    for _ in range(int(desk.rng.integers(2, 5))):
        written = able.exactly(number(desk.rng), core, desk.rng)
        sheet.write(written, pen, right - written.width, y)
        y += pitch
    sheet.rule(
        (right - 6 * core, y - pitch + 0.4 * core),
        (right, y - pitch + 0.4 * core),
        pen,
        0.12 * core,
    )
    written = able.exactly(number(desk.rng), core, desk.rng)
    sheet.write(written, pen, right - written.width, y)
    return y + 1.5 * pitch


def book(desk: Desk) -> Sheet:
    """A printed page: a heading, paragraphs in one or two columns, a page number."""
    core = core_of(desk, (16, 48))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    face, press = desk.sources.printed(rng), sheet.press(_print_colour(sheet, desk))
    side, y = rng.uniform(0.04, 0.14) * columns, rng.uniform(0.03, 0.1) * rows + 2 * core
    if desk.chance(0.6):
        heading = desk.sources.printed(rng).running(
            columns - 2 * side, core * desk.between(1, 2.5), rng
        )
        if heading is not None:
            x = side if desk.chance(0.5) else (columns - heading.width) / 2
            sheet.write(heading, press, x, y)
            y += 2.5 * heading.core
    count = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
    gap, pitch = rng.uniform(1.5, 4) * core, core * desk.between(2.0, 3.2)
    width = (columns - 2 * side - gap * (count - 1)) / count
    for number_ in range(count):
        left = side + number_ * (width + gap)
        fill(sheet, desk, face, press, Column(left, left + width, y, rows - 3 * core, pitch), core)
    if desk.chance(0.5):
        page = face.exactly(str(rng.integers(1, 400)), core, rng)
        sheet.write(page, press, columns / 2, rows - core)
    if desk.chance(0.25):
        _annotate(sheet, desk)
    return sheet


def _print_colour(sheet: Sheet, desk: Desk) -> tuple[int, int, int]:
    if np.mean(sheet.ground.colours[0]) < 90:
        return (225, 225, 220)
    return ((25, 25, 28), (25, 25, 28), (70, 65, 65), (40, 50, 110))[desk.rng.integers(4)]


def _annotate(sheet: Sheet, desk: Desk) -> None:
    """Handwriting over a printed page's margins, and underlinings in it."""
    rng, printed = desk.rng, list(sheet.lines)
    core = float(np.median([line.height for line in printed])) * 1.2 if printed else 12.0
    pen, hand = sheet.pen(core, rng), desk.sources.hand(rng)
    for line in printed:
        if desk.chance(0.08):
            marks.along(_part(line, rng), pen, sheet, desk, -rng.uniform(0.1, 0.35))
    free = [(0.01, 0.0), (0.01, 0.97)]
    for across, down in free:
        written = hand.running(sheet.shape[1] * rng.uniform(0.2, 0.9), core, rng)
        if written is not None:
            y = max(2.2 * core, down * sheet.shape[0])
            if all(abs(y - line.points[0, 1]) > 2.5 * core for line in printed):
                sheet.write(written, pen, across * sheet.shape[1] + core, y)


def code(desk: Desk) -> Sheet:
    """A program by hand, with its indentation."""
    core = core_of(desk, (8, 30))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    pitch, left = core * desk.between(1.9, 3.2), rng.uniform(0.02, 0.12) * columns
    first = rng.uniform(0.02, 0.12) * rows + 2 * core
    kind = rng.random()
    if kind < 0.3:
        marks.ruled(sheet, desk, pitch, first)
    elif kind < 0.5:
        marks.squared(sheet, desk, pitch / 2, first)
    able = desk.sources.able_hand(rng) if desk.chance(0.93) else desk.sources.printed(rng)
    pen = sheet.pen(core, rng) if able.kind == "handwriting" else sheet.press()
    step, strength = rng.uniform(1.5, 5) * core, rng.uniform(0, 1.3)
    baselines = np.arange(first, rows - core / 2, pitch)
    lines = program(desk.sources.vocabulary, rng, len(baselines))
    for y, (level, text) in zip(baselines, lines, strict=True):
        x = left + level * step + rng.normal(0, 0.2) * core
        written = able.exactly(text, core, rng)
        if x + written.width > columns * 1.02:
            written = able.exactly(
                text[: int(len(text) * (columns - x) / written.width)], core, rng
            )
        sheet.write(written, pen, x, y, Bend.any(core, rng, strength))
    return sheet


def receipt(desk: Desk) -> Sheet:
    """A receipt: printed names on the left, prices on the right."""
    core = core_of(desk, (16, 40))
    sheet, rng = desk.paper(core), desk.rng
    rows, columns = sheet.shape
    face, press = desk.sources.printed(rng), sheet.press(_print_colour(sheet, desk))
    left, right = rng.uniform(0.03, 0.15) * columns, columns * rng.uniform(0.85, 0.97)
    pitch = core * desk.between(2, 3)
    for y in np.arange(3 * core, rows - core, pitch):
        if desk.chance(0.1):
            sheet.rule((left, y), (right, y), press, max(1, 0.1 * core))
            continue
        name = face.exactly(phrase(desk.sources.vocabulary, rng, 1, 3).upper(), core, rng)
        price = face.exactly(f"{rng.integers(100)}.{rng.integers(100):02}", core, rng)
        if name.width + price.width + 3 * core < right - left:
            sheet.write(name, press, left, y)
        sheet.write(price, press, right - price.width, y)
    return sheet


def write_centred(
    sheet: Sheet, writing: Writing, pen: Pen, middle: tuple[float, float], bend: Bend = STRAIGHT
) -> TextLine | None:
    """Put a line with the middle of its core zone at a place."""
    x, y = middle
    return sheet.write(writing, pen, x - writing.width / 2, y + writing.core / 2, bend)
