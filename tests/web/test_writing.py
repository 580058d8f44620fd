"""Detection of one character or several on the canvas, on strokes of held-out writers."""

import numpy as np
import pytest

from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.text import left_out
from handwriting.lines.decoding import GREEDY
from handwriting.lines.pattern import Pattern
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.web.writing import read_several
from tests.support import PROJECT, shared_folder

SAMPLES = 150


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(find_reader("latest", PROJECT / LINES_FOLDER))


def strokes_of_writers_left_out(
    archive: PenArchive, reader: Reader, chosen: np.ndarray
) -> list[list[np.ndarray]]:
    """Some samples that the line reader was not trained with."""
    has_strokes = np.diff(archive.sample_start) > 0
    rows = np.flatnonzero(left_out(archive.writer, reader.held_out) & has_strokes & chosen)
    some = np.random.default_rng(0).permutation(rows)[:SAMPLES]
    return [[s for s in archive.strokes(row) if len(s)] for row in some.tolist()]


@pytest.mark.parametrize(
    ("file", "least", "most", "wrong"),
    [("characters", 1, 1, 0.02), ("words", 2, 2, 0.15), ("words", 3, 24, 0.02)],
)
def test_one_character_is_told_from_more(reader, file, least, most, wrong):
    archive = load_pen(shared_folder("pen") / f"{file}.npz")
    lengths = np.char.str_len(archive.text)
    samples = strokes_of_writers_left_out(archive, reader, (least <= lengths) & (lengths <= most))
    assert len(samples) == SAMPLES
    taken_for_more = [bool(read_several(strokes, reader, GREEDY)) for strokes in samples]
    assert np.mean([more != (least > 1) for more in taken_for_more]) <= wrong


def test_what_must_match_a_pattern_of_several_is_read_even_where_one_seems_to_stand(reader):
    line = [np.array([(0.0, 0.0), (0.0, 100.0)])]
    assert read_several(line, reader, GREEDY) == []
    ((picture, read),) = read_several(line, reader, Pattern("[0-9]{1}"), may_be_one=False)
    assert read.text.isdigit() and picture.dtype == np.uint8
