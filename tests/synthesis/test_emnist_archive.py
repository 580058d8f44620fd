"""A generated archive has EMNIST's files, labels and overlaps, and is marked as generated."""

import gzip

import numpy as np
import pytest

from handwriting.emnist.archive import SYNTHETIC_MARK, missing_files, read_archive
from handwriting.emnist.label_sets import MEANINGS, SPLITS
from handwriting.labels import candidates
from handwriting.synthesis.emnist_archive import (
    OFFICIAL_IMAGES,
    PER_CLASS,
    class_sizes,
    draw_characters,
    write_archive,
    write_idx,
)


@pytest.fixture(scope="module")
def whole(drawn, tmp_path_factory):
    """An archive in which no row is missing, and its twelve parts."""
    root = tmp_path_factory.mktemp("whole")
    write_archive(root, *drawn, seed=2, level=1)
    training, testing = read_archive(root)
    return root, training + testing


def test_splits_have_the_official_overlaps(whole):
    images = {d.name: {i.numpy().tobytes() for i in d.data} for d in whole[1]}
    everything = images["byclass train"] | images["byclass test"]
    for split in SPLITS:
        rows = images[f"{split} train"] | images[f"{split} test"]
        assert rows <= everything
    assert images["bymerge train"] & images["byclass test"]


def test_every_row_is_labelled_with_a_label_that_allows_its_character(whole, drawn):
    truth = {image.tobytes(): int(c) for image, c in zip(*drawn, strict=True)}
    for part in whole[1]:
        for image, own in zip(part.data, part.targets.tolist(), strict=True):
            meaning = int(MEANINGS[part.split][own])
            assert truth[image.numpy().tobytes()] in candidates(meaning)


def test_classes_have_the_official_proportions(whole, drawn):
    counts = np.bincount(drawn[1], minlength=62)
    assert (counts == class_sizes(1_000)).all() and abs(len(drawn[0]) - 1_000) < 30
    assert counts[:10].sum() / counts.sum() == pytest.approx(402_953 / 814_255, abs=0.02)
    for split, official in PER_CLASS.items():
        rows = np.concatenate([p.targets.numpy() for p in whole[1] if p.split == split])
        sizes = np.unique(rows, return_counts=True)[1]
        # No class can have more rows than images were drawn of it.
        assert sizes.max() <= max(1, round(len(drawn[0]) / OFFICIAL_IMAGES * official))


def test_all_images_are_different_and_the_seed_decides(drawn):
    images, classes = draw_characters(200, seed=3)
    assert images.dtype == classes.dtype == np.uint8 and images.shape == (len(classes), 28, 28)
    assert len({image.tobytes() for image in drawn[0]}) == len(drawn[0])
    assert (draw_characters(200, seed=3)[0] == images).all()
    assert not (draw_characters(200, seed=4)[0] == images).all()


def test_the_archive_is_whole_and_marked(whole, drawn, tmp_path):
    root, _ = whole
    assert missing_files(root) == []
    assert "not handwriting" in (root / "EMNIST" / "raw" / SYNTHETIC_MARK).read_text()
    write_archive(tmp_path, *drawn, seed=2, level=1)
    for path in sorted((root / "EMNIST" / "raw").iterdir()):
        assert (tmp_path / "EMNIST" / "raw" / path.name).read_bytes() == path.read_bytes()


def test_files_have_nists_header_and_no_name_or_date(tmp_path):
    write_idx(tmp_path / "x.gz", np.zeros((3, 28, 28), dtype=np.uint8))
    write_idx(tmp_path / "y.gz", np.zeros((3, 28, 28), dtype=np.uint8))
    content = gzip.decompress((tmp_path / "x.gz").read_bytes())
    assert content[:16] == bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28])
    assert len(content) == 16 + 3 * 784
    assert (tmp_path / "x.gz").read_bytes() == (tmp_path / "y.gz").read_bytes()
