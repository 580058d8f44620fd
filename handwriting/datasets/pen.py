"""Pen archives: online handwriting (pen strokes) of many writers in one `.npz`.

They also give the 28x28 images of characters. The arrays are: ``origin`` int32 (S, 2), the first
point of each stroke, x to the right and y downwards; ``step`` int32 (P - S, 2), from each point to
the next one of the same stroke; ``stroke_start`` int32 (S + 1), the strokes among the points;
``sample_start`` int32 (N + 1), the samples among the strokes; ``text``, ``writer`` and ``provider``
str (N,); optionally ``style``, str (N,).
"""

import contextlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from handwriting.datasets.stroke_augmentation import StrokeVariation
from handwriting.errors import HandwritingError
from handwriting.files import load_arrays, replacing
from handwriting.imaging.character import CharacterImage, character_from_strokes
from handwriting.labels import CLASSES

ARRAYS = ("origin", "step", "stroke_start", "sample_start", "text", "writer", "provider")

_MOST_POINTS = 5_000
"""Most points of a rendered stroke; longer ones are thinned evenly, which is invisible at 28x28."""

_AT_A_TIME = 2_000
"""Samples rendered per process; below this number a further process is no gain."""


@dataclass(frozen=True)
class PenArchive:
    """Strokes with their texts; the module's docstring describes the arrays."""

    origin: np.ndarray
    step: np.ndarray
    stroke_start: np.ndarray
    sample_start: np.ndarray
    text: np.ndarray
    writer: np.ndarray
    provider: np.ndarray
    style: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.text)

    def strokes(self, sample: int) -> list[np.ndarray]:
        """float64 (points, 2) of x, y for each stroke of a sample, in units of the tablet."""
        first, last = self.sample_start[sample : sample + 2].tolist()
        return [self._stroke(stroke) for stroke in range(first, last)]

    def _stroke(self, stroke: int) -> np.ndarray:
        start, stop = self.stroke_start[stroke : stroke + 2].tolist()
        # Each stroke has one step fewer than points.
        steps = self.step[start - stroke : stop - stroke - 1]
        # In floats, because sums may exceed int32.
        points = np.concatenate([self.origin[stroke : stroke + 1], steps]).cumsum(0, np.float64)
        return points[:: -(-len(points) // _MOST_POINTS)]

    def characters(self) -> np.ndarray:
        """int64: the samples with at least one stroke whose text is one of the 62 characters."""
        has_strokes = np.diff(self.sample_start) > 0
        return np.flatnonzero(has_strokes & np.isin(self.text, CLASSES))


def is_pen_archive(path: Path) -> bool:
    """Whether a file is an `.npz` with strokes."""
    try:
        with zipfile.ZipFile(path) as content:
            return "stroke_start.npy" in content.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False


def load_pen(path: Path) -> PenArchive:
    """Read a pen archive and check that its arrays are consistent.

    Raises:
        HandwritingError: the file is missing or cut short, or its arrays are inconsistent.
    """
    archive = PenArchive(**load_arrays(path, "a pen archive", ARRAYS, optional=["style"]))
    fault = next(_faults(archive), None)
    if fault is not None:
        raise HandwritingError(f"{path} is not a sound pen archive: {fault}.")
    return archive


def pen_archive(
    samples: Sequence[Sequence[np.ndarray]], **facts: Sequence[str] | np.ndarray
) -> PenArchive:
    """Make an archive of strokes.

    Args:
        samples: strokes of each sample, (points, 2) in whole tablet units, at least one point each.
        facts: ``text``, ``writer``, ``provider`` and, if known, ``style``, str (N,) each.
    """
    strokes = [np.asarray(stroke).astype(np.int32) for sample in samples for stroke in sample]
    empty = np.empty((0, 2), dtype=np.int32)
    counts = ([len(stroke) for stroke in strokes], [len(sample) for sample in samples])
    stroke_start, sample_start = (np.cumsum([0, *each], dtype=np.int32) for each in counts)
    return PenArchive(
        np.concatenate([empty, *(stroke[:1] for stroke in strokes)]),
        np.concatenate([empty, *(np.diff(stroke, axis=0) for stroke in strokes)]),
        stroke_start,
        sample_start,
        **{name: np.asarray(values, dtype=str) for name, values in facts.items()},
    )


def save_pen(archive: PenArchive, path: Path) -> None:
    """Write an archive for :func:`load_pen`; equal strokes give equal bytes."""
    arrays = {name: array for name, array in vars(archive).items() if array is not None}
    with replacing(path) as (part,), part.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _faults(archive: PenArchive) -> Iterator[str]:
    """The first fault of an archive's arrays, or ``None``."""
    for name in ("origin", "step"):
        array = getattr(archive, name)
        if not _is_integer(array) or array.ndim != 2 or array.shape[1] != 2:
            yield f"{name} is {array.dtype} {array.shape}, it must be integers (…, 2)"
    samples, strokes = archive.text.size, len(archive.origin)
    for name in ("text", "writer", "provider", "style"):
        array = getattr(archive, name)
        if array is None:
            continue
        if array.dtype.kind != "U" or array.shape != (samples,):
            yield f"{name} is {array.dtype} {array.shape}, it must be str ({samples},)"
    if not samples:
        yield "it holds no sample"
    points = len(archive.step) + strokes
    for name, count, end in (("stroke_start", strokes, points), ("sample_start", samples, strokes)):
        array = getattr(archive, name)
        if not _is_integer(array) or array.shape != (count + 1,):
            yield f"{name} is {array.dtype} {array.shape}, it must be integers ({count + 1},)"
        # A stroke has at least one point; a sample may have no stroke.
        falls = np.less_equal if name == "stroke_start" else np.less
        if falls(array[1:], array[:-1]).any() or array[0] or array[-1] != end:
            yield f"{name} does not ascend from 0 to {end}"
    strange = ~np.array([text.isascii() and text.isprintable() for text in archive.text.tolist()])
    if strange.any():
        sample = int(strange.argmax())
        yield f"text[{sample}] is {archive.text[sample]!r}, which is not printable ASCII"


def _is_integer(array: np.ndarray) -> bool:
    # NumPy's issubdtype takes timedelta64 for an integer.
    return array.dtype.kind in "iu"


def draw_samples(
    archive: PenArchive, samples: Sequence[int], seed: int | None = None
) -> list[CharacterImage]:
    """The 28x28 images of samples, rendered as in the web app.

    Large numbers are rendered by one process per core.

    Args:
        archive: source of the strokes.
        samples: numbers of the samples.
        seed: for augmented strokes and pen widths, which depend on the seed and the sample's number
            alone; ``None`` for none.
    """
    drawings = [
        (archive.strokes(sample), None if seed is None else (seed, sample)) for sample in samples
    ]
    parts = [drawings[k : k + _AT_A_TIME] for k in range(0, len(drawings), _AT_A_TIME)]
    words = "drawing" if seed is None else "re-rendering"
    found: list[CharacterImage] = []
    with tqdm(total=len(samples), unit="img", desc=words) as bar, _mapping(len(parts)) as map_:
        for drawn in map_(_draw, parts):
            found += drawn
            bar.update(len(drawn))
    return found


@contextlib.contextmanager
def _mapping(parts: int) -> Iterator[Callable[..., Iterator[list[CharacterImage]]]]:
    """A parallel, ordered ``map`` over the parts of the work; the plain ``map`` for one part."""
    if parts < 2:
        yield map
        return
    with ProcessPoolExecutor() as pool:
        yield pool.map


def _draw(
    drawings: list[tuple[list[np.ndarray], tuple[int, int] | None]],
) -> list[CharacterImage]:
    vary, found = StrokeVariation(), []
    for strokes, seed in drawings:
        changed = (strokes,) if seed is None else vary(strokes, np.random.default_rng(seed))
        found.append(character_from_strokes(*changed))
    return found
