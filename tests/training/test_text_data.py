"""The text-line model's training data, and the repeats of its samples."""

from collections import Counter
from dataclasses import replace

import numpy as np

from handwriting.datasets.pen import save_pen
from handwriting.synthesis.text_sources import PenSource
from handwriting.training.text_data import CAPITALS_REPEATS, load_sources
from tests.support import pens_of


def test_words_in_capitals_come_more_often_and_nothing_else_does(tmp_path):
    texts = ["WORD", "Word", "word", "A", "AB12"]
    archive = pens_of("any", writers=1)
    named = np.resize(np.array(texts), len(archive.text))
    save_pen(replace(archive, text=named), tmp_path / "words.npz")
    sources = load_sources([str(tmp_path / "words.npz")], 0.0, 0.0).sources.sources
    (pens,) = [source for source in sources if isinstance(source, PenSource)]
    times = Counter(named[pens.samples].tolist())
    written = Counter(named.tolist())
    assert times == {t: written[t] * (CAPITALS_REPEATS if t == "WORD" else 1) for t in texts}
