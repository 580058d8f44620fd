"""Stage 2: a 90:10 split, seeded, stratified and disjoint."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data_split import split_data
from handwriting.datasets.prepared import LabelledImages, load_split
from handwriting.errors import HandwritingError
from tests.support import preprocess
from tests.support import split as run_stage_2


def dataset(labels: list[int]) -> LabelledImages:
    return LabelledImages(
        torch.zeros(len(labels), 28, 28, dtype=torch.uint8),
        torch.tensor(labels, dtype=torch.uint8),
    )


@given(st.integers(0, 100), st.integers(20, 60), st.integers(1, 8))
def test_parts_are_disjoint_complete_and_stratified(seed, per_label, kinds):
    data = dataset([k for k in range(kinds) for _ in range(per_label)])
    parts = split_data(data, seed)
    rows = torch.cat([parts["train"], parts["validation"]])
    assert sorted(rows.tolist()) == list(range(len(data)))
    counts = torch.bincount(data.labels[parts["validation"]].long(), minlength=kinds)
    assert (counts - per_label / 10).abs().max() < 1


def test_the_seed_decides_and_nothing_else():
    data = dataset(list(range(62)) * 20)
    assert torch.equal(split_data(data, 1)["train"], split_data(data, 1)["train"])
    assert not torch.equal(split_data(data, 1)["train"], split_data(data, 2)["train"])


def test_a_label_with_a_single_image_goes_to_training():
    parts = split_data(dataset([0] * 50 + [1] * 50 + [2]))
    assert 100 in parts["train"]


def test_too_few_images_are_refused_in_words():
    with pytest.raises(HandwritingError, match="too few"):
        split_data(dataset([0, 0, 1, 1]))


def test_no_image_is_in_both_parts_and_no_image_is_copied(processed):
    parts = load_split(processed)
    assert not set(parts["train"].tolist()) & set(parts["validation"].tolist())
    assert (processed / "split.pt").stat().st_size < (processed / "train.pt").stat().st_size / 20


def test_run_twice_it_writes_the_same_bytes(archive, processed, tmp_path):
    preprocess(archive, tmp_path)
    run_stage_2(tmp_path)
    assert (tmp_path / "split.pt").read_bytes() == (processed / "split.pt").read_bytes()
