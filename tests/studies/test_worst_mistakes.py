"""The mistakes that a run is surest of."""

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.labels import class_index
from studies import worst_mistakes
from studies.worst_mistakes import captions_of, worst


def test_the_surest_wrong_answers_come_first():
    probs = np.full((4, 62), 0.001)
    probs[[0, 1, 2, 3], [5, 6, 7, 8]] = [0.9, 0.5, 0.8, 0.95]
    assert worst(probs, np.array([5, 1, 1, 1]), most=2).tolist() == [3, 2]


def test_a_caption_names_both_characters():
    probs = np.zeros((1, 62))
    probs[0, class_index("s")] = 0.97
    labels = np.array([class_index("S")], dtype=np.uint8)
    assert captions_of(probs, labels, np.array([0])) == ["S → s (0.97)"]


def arguments(models, processed, *more):
    options = ["run", "--models", str(models), "--processed", str(processed)]
    return worst_mistakes.get_args_parser().parse_args([*options, *map(str, more)])


def test_they_are_printed_and_nothing_is_written(models, processed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    worst_mistakes.main(arguments(models, processed, "--quick"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12 and all(" → " in line for line in lines)
    assert not list(tmp_path.iterdir())


def test_saving_draws_them(models, processed, tmp_path):
    worst_mistakes.main(arguments(models, processed, "--save", "--most", 20, "--out", tmp_path))
    (file,) = tmp_path.iterdir()
    with Image.open(file) as picture:
        assert picture.format == "PNG" and picture.width > 1000


def test_a_run_without_mistakes_says_so(models, processed, monkeypatch):
    monkeypatch.setattr(worst_mistakes, "worst", lambda *_: np.array([], dtype=int))
    with pytest.raises(HandwritingError, match="no mistake"):
        worst_mistakes.main(arguments(models, processed))
