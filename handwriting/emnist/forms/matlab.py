"""NIST's MATLAB form: ``emnist-<split>.mat``, a structure ``dataset`` with ``train`` and ``test``.

Each part has ``images``, uint8 (N, 784), ``labels``, (N, 1), and ``writers``. A row of ``images``
holds one image column by column, as usual in MATLAB. In C order it is therefore transposed, like
NIST's IDX files. `mapping` is not needed.
"""

import io
import re
import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.io import loadmat

from handwriting.emnist.files import PARTS, ArchiveFile, Part, damaged, unpacked
from handwriting.emnist.forms.common import (
    PIXELS,
    SIDE,
    Rows,
    check_row_count,
    turn_upright,
)
from handwriting.emnist.label_sets import SPLITS
from handwriting.errors import HandwritingError

TITLE = "MATLAB files"

LARGEST = 1 << 30
"""Most bytes of a file and of its unpacked content; `byclass` has 0.65 GB."""

_NAME = re.compile(rf"emnist[-_]({'|'.join(SPLITS)})\.mat", re.IGNORECASE)
_HEADER = 128
_COMPRESSED = 15
"""Type of an element compressed by zlib (MAT-File Format, MathWorks, table 1-1)."""


def find(files: Sequence[ArchiveFile]) -> Mapping[Part, tuple[ArchiveFile, ...]]:
    """The file of each split, for both parts; the first of several copies."""
    found = {}
    for file in files:
        if match := _NAME.fullmatch(file.name):
            for part in PARTS:
                found.setdefault((match[1].lower(), part), (file,))
    return found


def unusable(files: Sequence[ArchiveFile]) -> str | None:
    """MATLAB files with other names."""
    own = [file for file in files if file.name.lower().endswith(".mat")]
    rest = [file for file in own if not _NAME.fullmatch(file.name)]
    return f"{len(rest)} MATLAB files not named emnist-<split>.mat" if rest else None


def read(files: tuple[ArchiveFile, ...], split: str, part: str) -> Rows:
    """One part: images, turned upright, and labels.

    Raises:
        HandwritingError: the file is of version 7.3, damaged or of another kind.
    """
    (file,) = files
    content = _load(file)
    try:
        rows = content["dataset"][part][0, 0]
        images, labels = rows["images"][0, 0], rows["labels"][0, 0].ravel()
        sound = images.dtype == np.uint8 and images.shape == (len(labels), PIXELS)
        sound = sound and np.issubdtype(labels.dtype, np.number)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise damaged(file, f"it has no dataset.{part}.images and labels ({error})") from error
    if not sound or (labels != labels.astype(np.int64)).any():
        raise damaged(file, f"dataset.{part} lacks {PIXELS} pixels of 8 bits and a label per row")
    check_row_count(len(labels), split, file)
    images = np.ascontiguousarray(images).reshape(-1, SIDE, SIDE)
    turn_upright(images)
    return images, labels.astype(np.int64)


def _load(file: ArchiveFile) -> dict[str, np.ndarray]:
    with unpacked(file) as stream:
        packed = stream.read(LARGEST + 1)
    if packed.startswith(b"MATLAB 7.3") or packed.startswith(b"\x89HDF"):
        raise HandwritingError(
            f"{file.path} is a MATLAB file of version 7.3; NIST's are of version 5. Save it in "
            "MATLAB with -v7, or take it from NIST again."
        )
    try:
        if _unpacked_size(packed) > LARGEST:
            raise damaged(file, f"it unpacks to more than {LARGEST >> 30} GiB")
        return loadmat(io.BytesIO(packed), variable_names=["dataset"])
    except HandwritingError:
        raise
    except Exception as error:  # On damaged files SciPy raises errors of any kind.
        raise damaged(file, f"SciPy cannot read it ({error})") from error


def _unpacked_size(packed: bytes) -> int:
    """Bytes of all elements, unpacked in pieces; counting stops soon after LARGEST."""
    total, position = len(packed), _HEADER
    order = "<" if packed[126:128] == b"IM" else ">"
    while position + 8 <= len(packed) and total <= LARGEST:
        kind, size = struct.unpack_from(f"{order}II", packed, position)
        position += 8
        if kind == _COMPRESSED:
            stream = zlib.decompressobj()
            rest = packed[position : position + size]
            while rest and total <= LARGEST:
                total += len(stream.decompress(rest, 1 << 20))
                rest = stream.unconsumed_tail
        position += size
    return total
