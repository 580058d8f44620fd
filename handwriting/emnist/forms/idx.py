"""NIST's own form: 24 IDX files, a file of images and one of labels for each part of each split.

Files are gzipped or unpacked, with NIST's names or the ending ``.idx3-ubyte``. Images are stored
transposed.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from handwriting.emnist.files import PARTS, ArchiveFile, Part, damaged, unpacked
from handwriting.emnist.forms.common import SIDE, Rows, check_row_count, turn_upright
from handwriting.emnist.label_sets import SPLITS
from handwriting.errors import HandwritingError

TITLE = "IDX files"

IMAGE_MAGIC = 0x803
LABEL_MAGIC = 0x801
KINDS = {"images": "images-idx3", "labels": "labels-idx1"}

_NAME = re.compile(
    rf"emnist-({'|'.join(SPLITS)})-({'|'.join(PARTS)})-(images[-.]idx3|labels[-.]idx1)-ubyte(\.gz)?",
    re.IGNORECASE,
)
_MOST_PACKED = {IMAGE_MAGIC: 50, LABEL_MAGIC: 1100}
"""Largest compression: real images have 3:1, sorted labels deflate's limit
(zlib.net/zlib_tech.html)."""

_SMALL = 16 << 20
_CHUNK = 1 << 20


def official_names() -> list[str]:
    """Names of NIST's 24 files, unpacked."""
    return [
        f"emnist-{split}-{part}-{kind}-ubyte"
        for split, part, kind in product(SPLITS, PARTS, KINDS.values())
    ]


def _copies(files: Sequence[ArchiveFile]) -> dict[tuple[str, str, str], list[ArchiveFile]]:
    """All files by split, part and ``images`` or ``labels``."""
    copies = defaultdict(list)
    for file in files:
        if match := _NAME.fullmatch(file.name):
            split, part, kind = (word.lower() for word in match.groups()[:3])
            copies[split, part, kind[:6]].append(file)
    return copies


def find(files: Sequence[ArchiveFile]) -> Mapping[Part, tuple[ArchiveFile, ...]]:
    """Each part's images and labels, the first of several copies."""
    copies = _copies(files)
    return {
        (split, part): tuple(copies[split, part, kind][0] for kind in KINDS)
        for split, part in product(SPLITS, PARTS)
        if all((split, part, kind) in copies for kind in KINDS)
    }


def disagreements(files: Sequence[ArchiveFile]) -> list[str]:
    """A line for each file whose packed and unpacked copies in one folder differ."""
    lines = []
    for first, *others in _copies(files).values():
        for other in others:
            if other.path.parent == first.path.parent and _checksum(first) != _checksum(other):
                lines.append(f"{first.path} and {other.name} differ: {first.name} is used")
    return lines


def _checksum(file: ArchiveFile) -> int:
    checksum = 0
    with unpacked(file) as stream:
        while piece := stream.read(_CHUNK):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def unusable(files: Sequence[ArchiveFile]) -> str | None:
    """Files without their counterpart, or with names other than EMNIST's."""
    own = [file for file in files if re.search(r"idx[13]-ubyte", file.name)]
    complete = {file for pair in find(own).values() for file in pair}
    rest = [file for file in own if file not in complete]
    return f"{len(rest)} IDX files without their file of images or labels" if rest else None


def read(files: tuple[ArchiveFile, ...], split: str, part: str) -> Rows:
    """One part: images turned upright, and labels.

    Raises:
        HandwritingError: a file is damaged, or the two files have different numbers of rows.
    """
    images_file, labels_file = files
    images = read_idx(images_file, IMAGE_MAGIC, split)
    labels = read_idx(labels_file, LABEL_MAGIC, split)
    if len(images) != len(labels):
        raise HandwritingError(
            f"{images_file.path} holds {len(images)} images but {labels_file.path} {len(labels)} "
            "labels. They belong to different archives; take both from the same download."
        )
    turn_upright(images)
    return images, labels.astype(np.int64)


def read_idx(file: ArchiveFile, magic: int, split: str) -> np.ndarray:
    """Read an IDX file, gzipped or not, whole.

    Returns:
        uint8 of shape (N, 28, 28) for images (magic 0x803), (N,) for labels (magic 0x801).

    Raises:
        HandwritingError: wrong magic number or image size, fewer or more bytes than the header
            states, an impossible number of rows, or a damaged gzip stream.
    """
    with unpacked(file) as stream:
        shape = _read_header(stream, file, magic)
        size = int(np.prod(shape, dtype=np.int64))
        if size > max(file.stored * _MOST_PACKED[magic], _SMALL):
            raise damaged(file, f"its header promises {shape[0]} rows, more than it can hold")
        check_row_count(shape[0], split, file)
        content = np.empty(size, dtype=np.uint8)
        filled = _fill(memoryview(content), stream)
        if filled < size:
            raise damaged(file, f"it ends after {filled} of {size} bytes (cut short)")
        if stream.read(1):
            raise damaged(file, f"it holds more than the {size} bytes that its header promises")
    return content.reshape(shape)


def _read_header(stream, file: ArchiveFile, magic: int) -> list[int]:
    dimensions = magic & 0xFF
    size = 4 * (1 + dimensions)
    head = stream.read(size)
    if len(head) < size:
        raise damaged(file, f"it ends after {len(head)} bytes, inside its header (cut short)")
    found, *shape = (int(word) for word in np.frombuffer(head, dtype=">u4"))
    if found != magic:
        raise damaged(file, f"its magic number is 0x{found:08x}, not 0x{magic:08x}")
    if dimensions == 3 and shape[1:] != [SIDE, SIDE]:
        raise damaged(file, f"its images are {shape[1]}x{shape[2]}, not {SIDE}x{SIDE}")
    return shape


def _fill(target: memoryview, stream) -> int:
    filled = 0
    while count := stream.readinto(target[filled : filled + _CHUNK]):
        filled += count
    return filled
