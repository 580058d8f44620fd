"""The text-line model reads images of any width; weights of another kind are rejected."""

import numpy as np
import pytest
import torch

from handwriting.alphabet import ALPHABET, BLANK, NUM_OUTPUTS
from handwriting.errors import HandwritingError
from handwriting.files import save_torch
from handwriting.imaging.line import HEIGHT
from handwriting.lines.decoding import looks_like_writing
from handwriting.lines.network import LineReader, pad, steps_of
from handwriting.lines.reader import (
    KIND,
    Reader,
    build_reader_network,
    find_reader,
    load_reader_weights,
    predict_log_probs,
)
from tests.support import random_weights

WIDTHS = (9, 40, 41, 200, 333)


@pytest.fixture(scope="module")
def network() -> LineReader:
    torch.manual_seed(0)
    return LineReader(width=4, hidden=8).eval()


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (HEIGHT, width), dtype=np.uint8) for width in WIDTHS]


def test_each_picture_has_its_own_steps(network, pictures):
    found = predict_log_probs(network, pictures)
    for picture, rows in zip(pictures, found, strict=True):
        assert rows.shape == (-(-picture.shape[1] // 4), NUM_OUTPUTS)
        np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, rtol=1e-4)


def test_what_is_read_does_not_depend_on_the_others_width(network, pictures):
    """Padding is seen by the LSTM; of a picture whose batch is no wider nothing may change."""
    alone = [predict_log_probs(network, [picture])[0] for picture in pictures]
    twice = predict_log_probs(network, [pictures[3], pictures[3]])
    np.testing.assert_allclose(twice[0], alone[3], atol=1e-4)
    np.testing.assert_allclose(twice[1], alone[3], atol=1e-4)


def test_padding_fills_whole_steps(pictures):
    batch, widths = pad([torch.from_numpy(picture) for picture in pictures])
    assert batch.shape == (5, 1, HEIGHT, 336) and widths.tolist() == list(WIDTHS)
    assert batch.max() <= 1 and not batch[0, :, :, 9:].any()
    assert steps_of(widths).tolist() == [3, 10, 11, 50, 84]


def weights_of(network: LineReader, **changed: object) -> dict[str, object]:
    return {
        "kind": KIND,
        "alphabet": ALPHABET,
        "width": 4,
        "hidden": 8,
        "weights": network.state_dict(),
        **changed,
    }


def test_a_reader_reads_as_the_network(network, pictures, tmp_path):
    save_torch(weights_of(network), tmp_path / "reader.pt")
    reader = Reader.load(find_reader("reader", tmp_path))
    ours, theirs = reader.log_probs(pictures), predict_log_probs(network, pictures)
    for a, b in zip(ours, theirs, strict=True):
        # The reader may compute in bf16.
        np.testing.assert_allclose(np.exp(a), np.exp(b), atol=2e-3)
    assert find_reader("latest", tmp_path) == find_reader(str(tmp_path / "reader.pt"), tmp_path)


def test_a_network_of_two_layers_is_built_again(pictures, tmp_path):
    network = LineReader(width=4, hidden=8, layers=2).eval()
    save_torch(weights_of(network, layers=2), tmp_path / "two.pt")
    again = build_reader_network(load_reader_weights(tmp_path / "two.pt"))
    ours, theirs = predict_log_probs(again, pictures), predict_log_probs(network, pictures)
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    save_torch(weights_of(network), tmp_path / "unsaid.pt")
    with pytest.raises(HandwritingError, match="is damaged"):
        Reader.load(tmp_path / "unsaid.pt")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "other"}, "is not a text-line model"),
        ({"alphabet": "abc"}, "is not a text-line model"),
        ({"width": 5}, "is damaged"),
        ({"hidden": 0}, "is damaged"),
        ({"hidden": 10**6}, "is damaged"),
        ({"hyperparameters": 3}, "is damaged"),
        ({"trained_pages": None}, "is damaged"),
        ({"calibration": {"greedy": {"slope": "steep"}}}, "is damaged"),
        ({"weights": {"a": torch.tensor(torch.nan)}}, "not finite numbers"),
        ({"weights": {"a": "b"}}, "not finite numbers"),
        ({"weights": 7}, "not finite numbers"),
    ],
)
def test_other_files_are_refused(network, tmp_path, changed, words):
    save_torch(weights_of(network, **changed), tmp_path / "bad.pt")
    with pytest.raises(HandwritingError, match=words):
        Reader.load(tmp_path / "bad.pt")


def test_weights_of_single_characters_are_told_apart(tmp_path):
    with pytest.raises(HandwritingError, match="is a character model"):
        Reader.load(random_weights(tmp_path, "characters"))


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(HandwritingError, match=r"Weights in .*: none.*text_training\.py"):
        find_reader("other", tmp_path)


def test_the_latest_run_is_the_one_whose_name_says_so_whatever_the_files_times(network, tmp_path):
    for name in ("lines_2026_March03_10_00", "lines_2026_January03_10_00"):
        save_torch(weights_of(network), tmp_path / f"{name}.pt")
    assert find_reader("latest", tmp_path).stem == "lines_2026_March03_10_00"


def test_only_what_looks_like_writing_is_searched():
    sure = np.full((4, 96), -20.0)
    sure[:, BLANK] = 0.0
    sure[1, 1 + ALPHABET.index("-")] = 1.0
    assert not looks_like_writing(sure, 0.4), "of marks only"
    assert looks_like_writing(sure, 0.0)
    sure[2, 1 + ALPHABET.index("a")] = 1.0
    assert looks_like_writing(sure, 0.4)
    assert not looks_like_writing(sure - 2.0, 0.4), "unclear"
