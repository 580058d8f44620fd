"""The text-line model's training data, and the repeats of its samples."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from handwriting.datasets.pen import save_pen
from handwriting.synthesis.font_lines import FontLines
from handwriting.synthesis.text_sources import PenSource
from handwriting.training.text_data import CAPITALS_REPEATS, load_sources
from handwriting.training.text_run import TextSettings
from tests.support import pens_of, shared_folder


def test_words_in_capitals_come_more_often_and_nothing_else_does(tmp_path):
    texts = ["WORD", "Word", "word", "A", "AB12"]
    archive = pens_of("any", writers=1)
    named = np.resize(np.array(texts), len(archive.text))
    save_pen(replace(archive, text=named), tmp_path / "words.npz")
    settings = TextSettings((str(tmp_path / "words.npz"),), held_out=0.0, photographed=0.0)
    sources = load_sources(settings).sources.sources
    (pens,) = [source for source in sources if isinstance(source, PenSource)]
    times = Counter(named[pens.samples].tolist())
    written = Counter(named.tolist())
    assert times == {t: written[t] * (CAPITALS_REPEATS if t == "WORD" else 1) for t in texts}


def test_fonts_write_the_texts_of_the_other_data(tmp_path):
    archive = pens_of("any", writers=1)
    texts = np.resize(np.array(["oven", "tulip"]), len(archive.text))
    save_pen(replace(archive, text=texts), tmp_path / "words.npz")
    data = (str(tmp_path / "words.npz"), str(shared_folder("fonts")))
    sources = load_sources(TextSettings(data, held_out=0.0, photographed=0.0)).sources.sources
    (fonts,) = [source for source in sources if isinstance(source, FontLines)]
    assert set(fonts.texts) == {"oven", "tulip"}


def test_an_epoch_of_balanced_sources_has_the_samples_asked_for(tmp_path):
    save_pen(pens_of("any", writers=1), tmp_path / "words.npz")
    save_pen(pens_of("any", writers=2), tmp_path / "more.npz")
    data = (str(tmp_path / "words.npz"), str(tmp_path / "more.npz"))
    settings = TextSettings(data, held_out=0.0, photographed=0.0, samples=7)
    sources = load_sources(settings).sources
    assert len(sources) == 7
    assert sum(sources.shares) == pytest.approx(1)
