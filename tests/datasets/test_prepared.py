"""Prepared data is written whole, read unchanged, and never mixed with another archive's."""

import pytest
import torch

from handwriting.datasets.prepared import (
    LabelledImages,
    fingerprint,
    load_images,
    load_manifest,
    load_split,
    save_prepared,
)
from handwriting.errors import HandwritingError
from handwriting.files import save_json
from handwriting.labels import CLASSES
from tests.support import manifest_of


def some_images(seed: int, count: int = 5) -> LabelledImages:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (count, 28, 28), dtype=torch.uint8, generator=generator)
    return LabelledImages(images, torch.arange(count, dtype=torch.uint8), "mark")


MANIFEST = manifest_of(some_images(1))


@pytest.fixture
def folder(tmp_path):
    save_prepared(tmp_path, some_images(1), some_images(2), MANIFEST)
    return tmp_path


def test_what_is_written_is_read_again(folder):
    assert load_manifest(folder) == MANIFEST
    for part, written in (("train", some_images(1)), ("test", some_images(2))):
        read = load_images(folder, part)
        assert torch.equal(read.images, written.images)
        assert torch.equal(read.labels, written.labels)
        assert read.fingerprint == "mark"


def test_a_subset_by_numbers_or_by_a_mask_copies_the_rows():
    data = some_images(1)
    mask = torch.tensor([False, True, False, True, False])
    by_number, by_mask = data.subset(torch.tensor([1, 3])), data.subset(mask)
    for subset in (by_number, by_mask):
        assert torch.equal(subset.images, data.images[1::2]) and subset.labels.tolist() == [1, 3]
        assert subset.fingerprint == "mark" and len(subset) == 2
    by_number.images.zero_()
    assert data.images.any(dim=(1, 2)).all()


def test_the_fingerprint_tells_images_labels_and_their_order_apart():
    data, other = some_images(1), some_images(2)
    relabelled = LabelledImages(data.images, data.labels.flip(0))
    marks = {
        fingerprint(data, other),
        fingerprint(other, data),
        fingerprint(relabelled, other),
        fingerprint(data),
    }
    assert len(marks) == 4 and all(len(mark) == 64 for mark in marks)
    assert fingerprint(data, other) == fingerprint(some_images(1), some_images(2))


@pytest.mark.parametrize(
    "entries",
    [
        {"images": torch.zeros(5, 28, 28)},
        {"images": torch.zeros(5, 27, 28, dtype=torch.uint8)},
        {"labels": torch.zeros(4, dtype=torch.uint8)},
        {"labels": torch.full((5,), 88, dtype=torch.uint8)},
        {"images": None},
    ],
)
def test_a_file_that_holds_no_images_with_labels_is_refused(folder, entries):
    content = torch.load(folder / "train.pt", weights_only=True)
    torch.save(content | entries, folder / "train.pt")
    with pytest.raises(HandwritingError, match=r"train\.pt does not hold images .*stage 1"):
        load_images(folder, "train")


def test_exchanged_files_are_noticed_though_they_are_of_one_archive(folder):
    """Else stage 4 would measure on training images."""
    (folder / "train.pt").rename(folder / "spare.pt")
    (folder / "test.pt").rename(folder / "train.pt")
    (folder / "spare.pt").rename(folder / "test.pt")
    for part in ("train", "test"):
        with pytest.raises(
            HandwritingError, match=rf"{part}\.pt does not say .* the {part} images"
        ):
            load_images(folder, part)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_part_without_an_image_is_refused(tmp_path, part):
    parts = {"train": some_images(1), "test": some_images(2), part: some_images(3, count=0)}
    save_prepared(tmp_path, parts["train"], parts["test"], MANIFEST)
    with pytest.raises(HandwritingError, match=rf"{part}\.pt holds no image\. .*stage 1"):
        load_images(tmp_path, part)


def test_images_in_use_survive_that_their_file_is_overwritten(folder):
    """Of a mapped file the rest would be gone: the process would end by SIGBUS."""
    data = load_images(folder, "train")
    with (folder / "train.pt").open("wb"):
        assert torch.equal(data.images, some_images(1).images)


def test_a_manifest_nested_too_deep_is_refused(folder):
    (folder / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(HandwritingError, match=r"manifest\.json is damaged .*stage 1"):
        load_manifest(folder)


@pytest.mark.parametrize(
    "damage",
    [{"byclass_class_counts": counts} for counts in (None, [], {"A": "many"})]
    + [{"byclass_class_counts": dict.fromkeys(CLASSES, count)} for count in (-1, 0.5)]
    + [{"byclass_class_counts": dict.fromkeys(CLASSES[1:], 1)}]
    + [{"train_images": "many"}],
    ids=str,
)
def test_a_manifest_without_counts_is_refused(folder, damage):
    save_json(MANIFEST | damage, folder / "manifest.json")
    with pytest.raises(HandwritingError, match=r"manifest\.json is damaged .*stage 1"):
        load_manifest(folder)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        torch.arange(3.0),
        torch.tensor([[1]]),
        torch.tensor([-1]),
        torch.tensor([5]),
        torch.tensor([True]),
    ],
    ids=str,
)
def test_a_split_without_rows_is_refused(folder, rows):
    content = {"fingerprint": "mark", "train": torch.arange(3), "validation": rows}
    torch.save(content, folder / "split.pt")
    with pytest.raises(HandwritingError, match=r"split\.pt does not hold a split.*stage 2"):
        load_split(folder)
