"""The six EMNIST splits in NIST's file format, read through torchvision's `EMNIST`.

Files may be gzipped or unpacked; gzipped files are unpacked in memory, so the folder may be
read-only and nothing stale is left behind. Images are stored transposed and are turned upright.
"""

import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from handwriting.emnist.label_sets import SPLITS, in_range
from handwriting.emnist.torchvision_compat import EMNIST
from handwriting.errors import HandwritingError

SYNTHETIC_MARK = "SYNTHETIC.txt"
"""A file of this name beside the raw files marks a generated archive."""

_IMAGE_MAGIC = 0x803
_LABEL_MAGIC = 0x801
_SIDE = 28
_CHUNK = 1 << 20
_MOST_DEFLATE = 1100
"""deflate cannot pack better than 1032:1 (zlib.net/zlib_tech.html), so a larger count is a lie."""


class ArchiveSplit(EMNIST):
    """One part of one split: torchvision's `EMNIST` with whole, upright tensors.

    ``data`` is uint8 (N, 28, 28), white ink on black, upright; ``targets`` int64 (N,), the
    split's own labels; ``split`` and ``train`` say which part it is.

    Raises:
        HandwritingError: a file is missing, damaged, or its labels are out of range.
    """

    @property
    def raw_folder(self) -> str:
        """Where the raw files are: ``root/EMNIST/raw``, whatever this class is called."""
        return str(Path(self.root) / "EMNIST" / "raw")

    @property
    def name(self) -> str:
        """As ``"byclass train"``."""
        return f"{self.split} {'train' if self.train else 'test'}"

    def _check_legacy_exist(self) -> bool:
        return False

    def _check_exists(self) -> bool:
        return not missing_files(Path(self.root))

    def _load_data(self) -> tuple[torch.Tensor, torch.Tensor]:
        images_file, labels_file = _present(self.images_file), _present(self.labels_file)
        images = read_idx(images_file, _IMAGE_MAGIC)
        labels = read_idx(labels_file, _LABEL_MAGIC)
        if len(images) != len(labels):
            raise HandwritingError(
                f"{images_file} holds {len(images)} images but {labels_file} {len(labels)} labels. "
                "The two are not of one archive; take both from the same download."
            )
        wrong = ~in_range(self.split, labels)
        if wrong.any():
            row = int(wrong.argmax())
            raise HandwritingError(
                f"{labels_file}: label {labels[row]} of row {row} is none of the split "
                f"{self.split!r} ({int(wrong.sum())} such rows). Take the file from NIST again."
            )
        turn_upright(images)
        return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))


def find_file(unpacked: Path) -> Path | None:
    """The file itself or its ``.gz``; ``None`` where there is neither."""
    packed = unpacked.with_name(unpacked.name + ".gz")
    return next((path for path in (unpacked, packed) if path.is_file()), None)


def _present(unpacked: str) -> Path:
    path = find_file(Path(unpacked))
    if path is None:
        raise HandwritingError(f"{unpacked} does not exist, nor does {unpacked}.gz.")
    return path


def turn_upright(images: np.ndarray) -> None:
    """Swap rows and columns of every image in place; uint8 (N, 28, 28)."""
    for start in range(0, len(images), 4096):
        chunk = images[start : start + 4096]
        chunk[:] = chunk.transpose(0, 2, 1).copy()


def read_idx(path: Path, magic: int) -> np.ndarray:
    """Read an IDX file, gzipped or not, whole.

    Returns:
        uint8 of shape (N, 28, 28) for images (magic 0x803), (N,) for labels (magic 0x801).

    Raises:
        HandwritingError: wrong magic number, wrong image size, fewer or more bytes than the header
            promises, or a damaged gzip stream.
    """
    dimensions = magic & 0xFF
    header_size = 4 * (1 + dimensions)
    pieces = _pieces(path)
    head = b""
    while len(head) < header_size:
        piece = next(pieces, b"")
        if not piece:
            raise _damaged(path, f"it ends after {len(head)} bytes, inside its header")
        head += piece
    found, *shape = (int(word) for word in np.frombuffer(head[:header_size], dtype=">u4"))
    if found != magic:
        raise _damaged(path, f"its magic number is 0x{found:08x}, not 0x{magic:08x}")
    if dimensions == 3 and shape[1:] != [_SIDE, _SIDE]:
        raise _damaged(path, f"its images are {shape[1]}x{shape[2]}, not {_SIDE}x{_SIDE}")
    size = int(np.prod(shape, dtype=np.int64))
    if size > path.stat().st_size * _MOST_DEFLATE:
        raise _damaged(path, f"its header promises {shape[0]} rows, more than it can hold")
    return _fill(path, size, head[header_size:], pieces).reshape(shape)


def _fill(path: Path, size: int, first: bytes, pieces) -> np.ndarray:
    content = np.empty(size, dtype=np.uint8)
    filled = 0
    piece = first
    while piece is not None:
        end = filled + len(piece)
        if end > size:
            raise _damaged(path, f"it holds more than the {size} bytes that its header promises")
        content[filled:end] = np.frombuffer(piece, dtype=np.uint8)
        filled = end
        piece = next(pieces, None)
    if filled < size:
        raise _damaged(path, f"it ends after {filled} of {size} bytes (cut short)")
    return content


def _pieces(path: Path):
    """The unpacked bytes of a file, a few megabytes at a time."""
    with path.open("rb") as file:
        if path.suffix != ".gz":
            while piece := file.read(_CHUNK):
                yield piece
            return
        stream = zlib.decompressobj(wbits=31)
        while packed := file.read(_CHUNK):
            try:
                yield stream.decompress(packed)
            except zlib.error as error:
                raise _damaged(path, f"its gzip stream is broken ({error})") from error
        if not stream.eof:
            raise _damaged(path, "its gzip stream ends too early (cut short)")


def _damaged(path: Path, what: str) -> HandwritingError:
    return HandwritingError(f"{path} is not a sound EMNIST file: {what}. Take it from NIST again.")


def missing_files(root: Path) -> list[str]:
    """Names of the raw files that the folder lacks, of the 24."""
    raw = root / "EMNIST" / "raw"
    names = [
        f"emnist-{split}-{part}-{kind}-ubyte"
        for split in SPLITS
        for part in ("train", "test")
        for kind in ("images-idx3", "labels-idx1")
    ]
    return [name for name in names if find_file(raw / name) is None]


def download(root: Path) -> None:
    """Fetch and unpack NIST's archive into ``root/EMNIST/raw`` with torchvision, with progress.

    Raises:
        HandwritingError: the download failed or its checksum is wrong.
    """
    try:
        ArchiveSplit(root, split="byclass", train=True, download=True)
    except (OSError, RuntimeError) as error:
        raise HandwritingError(
            f"the download of {ArchiveSplit.url} failed: {error}. {ways_out(root)}"
        ) from error


def ways_out(root: Path) -> str:
    """What a person without the archive can do."""
    return (
        f"Two ways out: (1) download {ArchiveSplit.url} by hand and unpack its .gz files into "
        f"{root / 'EMNIST' / 'raw'}; (2) try the pipeline on a small generated archive with "
        "'python data_preprocessing.py --synthetic'."
    )


def read_archive(root: Path) -> tuple[list[ArchiveSplit], list[ArchiveSplit]]:
    """All six splits: the six training parts and the six testing parts, in the order of SPLITS.

    Raises:
        HandwritingError: files are missing or damaged.
    """
    absent = missing_files(root)
    if absent:
        listed = ", ".join(absent[:4]) + (f" and {len(absent) - 4} more" if absent[4:] else "")
        raise HandwritingError(
            f"{root / 'EMNIST' / 'raw'} lacks {len(absent)} of the 24 EMNIST files ({listed}); "
            f"with --download they come from {ArchiveSplit.url}. {ways_out(root)}"
        )
    parts = [(split, train) for train in (True, False) for split in SPLITS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        loaded = list(pool.map(lambda part: ArchiveSplit(root, part[0], train=part[1]), parts))
    return loaded[: len(SPLITS)], loaded[len(SPLITS) :]


def is_synthetic(root: Path) -> bool:
    """Whether the archive was generated by this project."""
    return (root / "EMNIST" / "raw" / SYNTHETIC_MARK).is_file()
