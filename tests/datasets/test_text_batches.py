"""Batches of words of similar width, reproducible by seed and epoch."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.datasets.text_batches import (
    WIDTH_STEP,
    BalancedSources,
    Drawn,
    JoinedSources,
    TextBatches,
    TextSource,
    batches_by_width,
)
from handwriting.imaging.line import HEIGHT
from handwriting.labels import CLASSES
from handwriting.synthesis.composition import CharacterPens
from handwriting.synthesis.picture_composition import CharacterPictures
from handwriting.synthesis.text_sources import (
    ComposedCharacters,
    ComposedPictures,
    Hand,
    JoinedWords,
    PenSource,
    PictureSource,
)
from tests.support import pens_of


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


def sources() -> list[TextSource]:
    """One of each kind, of generated pens and pictures."""
    archive, hand = pens_of("somebody"), Hand(0.5)
    own, labels = np.arange(len(archive)), np.arange(len(CLASSES), dtype=np.uint8)
    bars = np.zeros((len(CLASSES), 28, 28), dtype=np.uint8)
    bars[:, 4:24, 12:16] = 255
    pictures = CharacterPictures(bars, labels)
    return [
        PenSource(archive, own, hand),
        JoinedWords(archive, own, 20, hand),
        ComposedCharacters(CharacterPens(archive, own), ["name"], 20),
        ComposedPictures(pictures, ["name"], 20),
        PictureSource([np.full((30, 60), 99, np.uint8)], ["ab"], 20),
    ]


@pytest.mark.parametrize("source", sources(), ids=lambda source: type(source).__name__)
def test_what_draws_can_be_sent_to_a_process_that_was_not_forked(source):
    """As on Windows and macOS, where processes share no memory with the one that starts them."""
    batches = TextBatches(source, 600, seed=1)
    numbered = (0, batches.pools()[0])
    (here, there) = (
        each._draw(numbered) for each in (batches, pickle.loads(pickle.dumps(batches)))
    )
    assert [batch.texts for batch in here] == [batch.texts for batch in there]
    for batch, other in zip(here, there, strict=True):
        for picture, same in zip(batch.pictures, other.pictures, strict=True):
            assert np.array_equal(picture, same)


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


def test_balanced_sources_are_drawn_by_their_weights():
    sources = BalancedSources([Bars([10, 20]), Bars([30])], [1.0, 3.0], 400)
    rng = np.random.default_rng(0)
    drawn = [sources.draw(k, rng).text for k in range(len(sources))]
    assert set(drawn) == {"10", "20", "30"}
    assert 0.65 < drawn.count("30") / len(drawn) < 0.85
