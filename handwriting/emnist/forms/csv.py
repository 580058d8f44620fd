"""Kaggle's form: CSV files without a header, with a label and 784 pixels in each row.

The pixels have the order of NIST's files, so images are transposed; upright copies are detected.
Files may be gzipped. ``*-mapping.txt`` is not needed.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import pyarrow
import pyarrow.csv

from handwriting.emnist.files import ArchiveFile, Part, damaged, part_of, unpacked
from handwriting.emnist.forms.common import PIXELS, RowBuffer, Rows, upright
from handwriting.errors import HandwritingError

TITLE = "CSV files"

_COLUMNS = [str(column) for column in range(1 + PIXELS)]
_LONGEST_LINE = 1 << 16
_BLOCK = 8 << 20


def _own(files: Sequence[ArchiveFile]) -> list[ArchiveFile]:
    return [file for file in files if re.search(r"\.csv(\.gz)?$", file.name, re.IGNORECASE)]


def find(files: Sequence[ArchiveFile]) -> Mapping[Part, tuple[ArchiveFile, ...]]:
    """The file of each part, by its name; the first of several copies."""
    found = {}
    for file in _own(files):
        if part := part_of(file):
            found.setdefault(part, (file,))
    return found


def unusable(files: Sequence[ArchiveFile]) -> str | None:
    """Files with other columns, or whose names give no split and part."""
    own = _own(files)
    other = [file for file in own if not _has_columns(file)]
    unnamed = [file for file in own if file not in other and part_of(file) is None]
    words = [
        f"{len(other)} CSV files whose columns are not label and 784 pixels" if other else "",
        f"{len(unnamed)} CSV files whose names give no split and part" if unnamed else "",
    ]
    return ", ".join(filter(None, words)) or None


def _has_columns(file: ArchiveFile) -> bool:
    try:
        with unpacked(file) as stream:
            return len(_first_line(stream)) == len(_COLUMNS)
    except HandwritingError:
        return False


def _first_line(stream: BinaryIO) -> list[bytes]:
    return stream.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf").strip().split(b",")


def read(files: tuple[ArchiveFile, ...], split: str, part: str) -> Rows:
    """One part: images, upright, and labels.

    Raises:
        HandwritingError: a row is not a label and 784 whole numbers from 0 to 255.
    """
    (file,) = files
    skipped = _lines_before_data(file)
    rows = RowBuffer(split, file)
    try:
        with unpacked(file) as stream, _open(stream, skipped) as batches:
            for batch in batches:
                table = batch.to_tensor().to_numpy()
                rows.add(table[:, 1:], table[:, 0])
    except pyarrow.ArrowInvalid as error:
        reason = textwrap.shorten(str(error).partition(": ")[2] or str(error), 120)
        raise damaged(
            file, f"a row is not a label and {PIXELS} whole numbers from 0 to 255 ({reason})"
        ) from error
    images, labels = rows.rows()
    return upright(images), labels


def _lines_before_data(file: ArchiveFile) -> int:
    """The number of header lines, 1 or 0.

    Raises:
        HandwritingError: the file is empty, or its first line does not have 785 columns.
    """
    with unpacked(file) as stream:
        first = _first_line(stream)
    if first == [b""]:
        raise damaged(file, "it is empty, or its first line is")
    if len(first) != len(_COLUMNS):
        raise damaged(file, f"its columns are {len(first)}, not label and {PIXELS} pixels")
    return int(not first[0].strip(b'" ').isdigit())


def _open(stream: BinaryIO, skipped: int) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        stream,
        read_options=pyarrow.csv.ReadOptions(
            block_size=_BLOCK,
            skip_rows=skipped,
            column_names=_COLUMNS,
            # Only then does an error name the row; the parts are read in parallel anyway.
            use_threads=False,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(_COLUMNS, pyarrow.uint8()), null_values=[]
        ),
    )
