"""A generated archive in the other forms in which EMNIST is distributed.

Tests and benchmarks of the readers in `handwriting.emnist.forms` use them; `emnist_archive` writes
NIST's IDX files. Each function writes to a folder and marks it as synthetic.
"""

import io
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
from PIL import Image
from scipy.io import savemat

from handwriting.emnist.label_sets import MEANINGS, UNUSED
from handwriting.files import replacing
from handwriting.labels import CLASSES, candidates
from handwriting.synthesis.emnist_archive import GeneratedPart, mark_as_synthetic


def write_csv(folder: Path, parts: Iterable[GeneratedPart]) -> None:
    """Write Kaggle's form: ``emnist-<split>-<part>.csv`` without a header, a label and 784
    pixels."""
    for part in parts:
        rows = np.column_stack((part.labels, part.images.reshape(len(part.labels), -1)))
        table = pyarrow.table(list(rows.T.copy()), names=[str(k) for k in range(rows.shape[1])])
        with replacing(folder / f"emnist-{part.split}-{part.part}.csv") as (path,):
            pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(include_header=False))
    mark_as_synthetic(folder)


def write_matlab(folder: Path, parts: Iterable[GeneratedPart]) -> None:
    """Write NIST's MATLAB form: ``emnist-<split>.mat`` with ``dataset.train`` and ``dataset.test``.

    MATLAB orders a matrix by columns, so ``reshape(images(k, :), 28, 28)`` is upright.
    """
    splits: dict[str, dict] = defaultdict(dict)
    for part in parts:
        upright = part.images.transpose(0, 2, 1)
        by_columns = np.stack([image.ravel(order="F") for image in upright])
        column = part.labels.reshape(-1, 1)
        rows = {"images": by_columns, "labels": column, "writers": np.zeros_like(column)}
        splits[part.split][part.part] = rows
    for split, dataset in splits.items():
        with replacing(folder / f"emnist-{split}.mat") as (path,), path.open("wb") as file:
            savemat(file, {"dataset": dataset | {"mapping": mapping(split)}}, do_compression=True)
    mark_as_synthetic(folder)


def mapping(split: str) -> np.ndarray:
    """uint8 (labels, 2): each label of a split and the code of its first character."""
    used = [(label, m) for label, m in enumerate(MEANINGS[split]) if m != UNUSED]
    codes = [(label, ord(CLASSES[candidates(int(m))[0]])) for label, m in used]
    return np.array(codes, dtype=np.uint8)


def write_parquet(folder: Path, parts: Iterable[GeneratedPart], upright: bool = False) -> None:
    """Write Hugging Face's form: ``emnist-<split>/<part>-00000-of-00001.parquet`` with PNG images.

    Args:
        folder: parent of the splits' folders.
        parts: of the archive.
        upright: whether to write images upright, labels counted from 0, and label names in the
            metadata, as some copies do.
    """
    for part in parts:
        images, labels, metadata = part.images, part.labels.astype(np.int64), None
        if upright:
            codes = mapping(part.split)
            images, labels = images.transpose(0, 2, 1), labels - codes[0, 0]
            metadata = _metadata([chr(code) for code in codes[:, 1]])
        column = pyarrow.array([{"bytes": as_png(image), "path": None} for image in images])
        table = pyarrow.table({"image": column, "label": labels}).replace_schema_metadata(metadata)
        target = folder / f"emnist-{part.split}" / f"{part.part}-00000-of-00001.parquet"
        with replacing(target) as (path,):
            pyarrow.parquet.write_table(table, path)
        mark_as_synthetic(target.parent)


def as_png(image: np.ndarray) -> bytes:
    """uint8 (28, 28) as the bytes of a PNG."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def _metadata(names: list[str]) -> dict[str, str]:
    label = {"names": names, "_type": "ClassLabel"}
    features = {"image": {"_type": "Image"}, "label": label}
    return {"huggingface": json.dumps({"info": {"features": features}})}
