"""Composed texts have the right characters, in the right size and position."""

import numpy as np
import pytest

from handwriting.alphabet import encode
from handwriting.datasets.pen import load_pen
from handwriting.datasets.text import written
from handwriting.synthesis.composition import SIGNS, CharacterPens, joined_words
from handwriting.synthesis.invented_texts import invent
from handwriting.synthesis.text_sources import ComposedCharacters, Hand, JoinedWords, PenSource
from tests.support import shared_folder


@pytest.fixture(scope="module")
def pens() -> CharacterPens:
    archive = load_pen(shared_folder("pen") / "characters.npz")
    return CharacterPens(archive, written(archive)[::20])


def test_invented_texts_are_printable_and_of_every_kind():
    rng = np.random.default_rng(0)
    texts = [invent(["word", "other"], rng) for _ in range(600)]
    assert all(encode(text) for text in texts)
    for sign in ("_", "(", ":", ".", ",", "-", "="):
        assert any(sign in text for text in texts), sign
    assert sum(text.isdigit() for text in texts) > 50
    assert set("".join(texts)) - set(SIGNS) - set(" !") <= set(map(chr, range(48, 123)))


def test_a_text_runs_from_left_to_right_and_small_letters_are_small(pens):
    strokes = pens.compose("Hop", np.random.default_rng(1))
    points = np.concatenate(strokes)
    assert 0 <= points[:, 0].min() < 1
    assert -1.6 < points[:, 1].min() < -0.7, "a capital is one high"
    assert 0.1 < points[:, 1].max() < 0.8, "p reaches below the line"
    alone = [np.concatenate(pens.compose(one, np.random.default_rng(2))) for one in ("x", "X")]
    low, high = (np.ptp(part[:, 1]) for part in alone)
    assert low < 0.8 * high


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_can_be_written(pens, sign):
    strokes = pens.compose(sign, np.random.default_rng(0))
    assert strokes and all(np.isfinite(stroke).all() for stroke in strokes)


def test_words_of_one_writer_stand_on_one_line():
    archive = load_pen(shared_folder("pen") / "words.npz")
    samples = written(archive)[:3]
    strokes, text = joined_words(archive, samples.tolist(), np.random.default_rng(0))
    assert text == " ".join(str(archive.text[sample]) for sample in samples)
    assert len(strokes) == sum(len(archive.strokes(int(sample))) for sample in samples)
    points = np.concatenate(strokes)
    assert np.ptp(points[:, 0]) > 3 * np.ptp(points[:, 1])


def test_sources_draw_lines_with_their_text(pens):
    archive = load_pen(shared_folder("pen") / "words.npz")
    samples = written(archive)[:40]
    hand = Hand(0.5)
    for source in (
        PenSource(archive, samples, hand),
        JoinedWords(archive, samples, 10, hand),
        ComposedCharacters(pens, ["word"], 10, hand),
    ):
        drawn = [source.draw(k, np.random.default_rng(k)) for k in range(len(source))]
        again = source.draw(3, np.random.default_rng(3))
        assert np.array_equal(drawn[3].picture, again.picture) and drawn[3].text == again.text
        assert all(one.picture.shape[0] == 40 and one.picture.any() for one in drawn)
        assert all(one.text == one.text.strip() and one.text for one in drawn)
