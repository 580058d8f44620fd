"""The form of data hubs: Parquet files with the columns ``image`` (PNG) and ``label``.

An image is its bytes or a structure ``{bytes, path}``. Copies differ: some keep images transposed
as in NIST's files, some turned them upright, and some count `letters` from 0. Both are detected,
the labels by the names in the files' metadata (Hugging Face `datasets`), if any.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image

from handwriting.emnist.files import ArchiveFile, Part, damaged, part_of, unpacked
from handwriting.emnist.forms.common import PIXELS, SIDE, RowBuffer, Rows, check_row_count, upright
from handwriting.emnist.label_sets import own_labels
from handwriting.labels import CLASSES

TITLE = "Parquet files"

_BATCH = 64
"""Rows per batch: a value stored once in a file may be repeated in every row."""

_LARGEST = 1 << 30


def _own(files: Sequence[ArchiveFile]) -> list[ArchiveFile]:
    return [file for file in files if file.name.lower().endswith(".parquet")]


def find(files: Sequence[ArchiveFile]) -> Mapping[Part, tuple[ArchiveFile, ...]]:
    """The files of each part, by name and folder; of several copies those of the first folder."""
    found: dict[Part, tuple[ArchiveFile, ...]] = {}
    for file in _own(files):
        part = part_of(file)
        if part is None:
            continue
        before = found.get(part, ())
        if not before or before[0].path.parent == file.path.parent:
            found[part] = (*before, file)
    return found


def unusable(files: Sequence[ArchiveFile]) -> str | None:
    """Parquet files whose names and folders give no split and part."""
    rest = [file for file in _own(files) if part_of(file) is None]
    return f"{len(rest)} Parquet files whose paths give no split and part" if rest else None


def read(files: tuple[ArchiveFile, ...], split: str, part: str) -> Rows:
    """One part: images, upright, and labels.

    Raises:
        HandwritingError: a file is damaged, or has other columns or images.
    """
    rows = RowBuffer(split, files[0])
    names: list[str] | None = None
    for file in files:
        try:
            with _opened(file) as table:
                _check(table, split, file)
                names = _label_names(table.schema_arrow)
                for batch in table.iter_batches(_BATCH, columns=["image", "label"]):
                    rows.add(*_decoded(batch, file))
        except (pyarrow.ArrowException, OSError) as error:
            raise damaged(file, f"it is not a readable Parquet file ({error})") from error
    images, labels = rows.rows()
    return upright(images), _official(labels, split, names, files[0])


def _opened(file: ArchiveFile) -> pyarrow.parquet.ParquetFile:
    if file.zip_file is None:
        return pyarrow.parquet.ParquetFile(file.path)
    with unpacked(file) as stream:
        return pyarrow.parquet.ParquetFile(io.BytesIO(stream.read(_LARGEST)))


def _check(table: pyarrow.parquet.ParquetFile, split: str, file: ArchiveFile) -> None:
    names = table.schema_arrow.names
    if not {"image", "label"} <= set(names):
        raise damaged(file, f"its columns are {', '.join(names[:6])}, not image and label")
    groups = (table.metadata.row_group(k) for k in range(table.num_row_groups))
    if sum(group.total_byte_size for group in groups) > _LARGEST:
        raise damaged(file, f"it unpacks to more than {_LARGEST >> 30} GiB")
    if not pyarrow.types.is_integer(table.schema_arrow.field("label").type):
        raise damaged(file, "its labels are not whole numbers")
    check_row_count(table.metadata.num_rows, split, file)


def _decoded(batch: pyarrow.RecordBatch, file: ArchiveFile) -> tuple[np.ndarray, np.ndarray]:
    images, labels = batch.column("image"), batch.column("label")
    if pyarrow.types.is_struct(images.type) and images.type.get_field_index("bytes") >= 0:
        images = images.field("bytes")
    if images.null_count or labels.null_count or not _is_binary(images.type):
        raise damaged(file, "its column image does not have the bytes of a PNG in each row")
    return np.stack(list(_pixels(images, file))), labels.to_numpy()


def _is_binary(kind: pyarrow.DataType) -> bool:
    return pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)


def _pixels(images: pyarrow.Array, file: ArchiveFile) -> Iterator[np.ndarray]:
    for content in images:
        try:
            with Image.open(io.BytesIO(content.as_buffer()), formats=("PNG",)) as image:
                size = image.size
                # The size is checked before decoding.
                pixels = np.asarray(image.convert("L")) if size == (SIDE, SIDE) else None
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise damaged(file, f"an image is not a sound PNG ({error})") from error
        if pixels is None:
            raise damaged(file, f"an image is {size[0]}x{size[1]}, not {SIDE}x{SIDE}")
        yield pixels.reshape(PIXELS)


def _label_names(schema: pyarrow.Schema) -> list[str] | None:
    """The label names in the metadata of Hugging Face's `datasets`."""
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])
        names = info["info"]["features"]["label"]["names"]
    except (LookupError, ValueError, TypeError):
        return None
    known = isinstance(names, list) and len(set(names)) == len(names) and set(names) <= {*CLASSES}
    return names if known else None


def _official(
    labels: np.ndarray, split: str, names: list[str] | None, file: ArchiveFile
) -> np.ndarray:
    """The split's own labels: by name or, without names, with `letters` counted from 1."""
    if names:
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(names):
            raise damaged(file, f"a label is not one of its {len(names)} names")
        classes = np.array([CLASSES.index(name) for name in names])
        return own_labels(split, classes)[labels].astype(np.int64)
    return labels + 1 if split == "letters" and 0 in labels and 26 not in labels else labels
