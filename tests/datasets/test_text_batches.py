"""Batches of words of like width, the same for the same seed and epoch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.datasets.text_batches import (
    WIDTH_STEP,
    Drawn,
    JoinedSources,
    TextBatches,
    batches_by_width,
)
from handwriting.imaging.line import HEIGHT


class Bars:
    """Samples that are as wide as their text says."""

    def __init__(self, widths: list[int]) -> None:
        self.texts = [str(width) for width in widths]

    def __len__(self) -> int:
        return len(self.texts)

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        grey, text = int(rng.integers(1, 256)), self.texts[number]
        return Drawn(np.full((HEIGHT, int(text)), grey, dtype=np.uint8), text)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40), st.integers(1, 1000))
def test_no_batch_has_too_many_columns_and_no_sample_is_lost(widths, columns):
    batches = batches_by_width(widths, columns)
    assert sorted(row for batch in batches for row in batch) == list(range(len(widths)))
    for batch in batches:
        assert len(batch) == 1 or max(widths[row] for row in batch) * len(batch) <= columns


def test_batches_have_few_shapes():
    widths = np.random.default_rng(0).integers(20, 300, 2000).tolist()
    batches = batches_by_width(widths, 1000)[:-1]
    shapes = {(len(batch), -(-max(widths[k] for k in batch) // WIDTH_STEP)) for batch in batches}
    assert len(shapes) <= 300 // WIDTH_STEP + 1 < len(batches)


def seen(batches: TextBatches, epoch: int) -> list[tuple[str, int]]:
    batches.set_epoch(epoch)
    pairs = []
    for batch in batches:
        pairs += [(t, int(p[0, 0])) for t, p in zip(batch.texts, batch.pictures, strict=True)]
    return pairs


def test_an_epoch_has_every_sample_once_and_is_drawn_anew_the_next_time():
    source = Bars(list(range(20, 320)))
    batches = TextBatches(source, columns=600, seed=1)
    first, again, second = seen(batches, 1), seen(batches, 1), seen(batches, 2)
    assert sorted(text for text, _ in first) == sorted(source.texts) and len(batches) == 300
    assert first == again != second


def test_processes_draw_what_a_thread_draws():
    source = Bars(list(range(20, 320)))
    alone, shared = (TextBatches(source, 600, seed=1, workers=workers) for workers in (0, 2))
    assert seen(shared, 1) == seen(alone, 1)
    assert seen(shared, 2) == seen(alone, 2)


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_share_an_epoch(ranks):
    source = Bars([30] * 500)
    parts = [TextBatches(source, 128, 1, rank, ranks) for rank in range(ranks)]
    assert sum(len(seen(part, 1)) for part in parts) == 500


def test_joined_sources_are_one():
    joined = JoinedSources([Bars([10, 20]), Bars([30])])
    rng = np.random.default_rng(0)
    drawn = [joined.draw(k, rng) for k in range(len(joined))]
    assert [one.text for one in drawn] == ["10", "20", "30"]
    assert [one.picture.shape[1] for one in drawn] == [10, 20, 30]
    with pytest.raises(IndexError):
        joined.draw(3, rng)
