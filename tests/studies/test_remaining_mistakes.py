"""Errors that several networks have in common."""

import json

import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.labels import NUM_CLASSES, class_index
from studies import remaining_mistakes
from studies.remaining_mistakes import common_mistakes
from tests.support import random_weights


def read_as(*characters: str) -> np.ndarray:
    """Log p that has each of these as the answer, and all others alike."""
    log_probs = np.zeros((len(characters), NUM_CLASSES))
    log_probs[np.arange(len(characters)), [class_index(c) for c in characters]] = 1
    return log_probs


def test_what_all_miss_is_missed_by_each():
    labels = np.array([class_index(c) for c in "abOx"])
    runs = {"one": read_as("a", "c", "0", "y"), "other": read_as("b", "d", "0", "x")}
    found = common_mistakes(runs, labels)
    assert found["images"] == 4
    assert found["missed"] == {"one": 3, "other": 3}
    assert found["missed_by_all"] == 2, "b and O"
    assert found["missed_by_all_as_lookalike"] == 1, "O, as 0"


def run(folder, *arguments):
    parser = remaining_mistakes.get_args_parser()
    remaining_mistakes.main(parser.parse_args([*map(str, arguments), "--models", str(folder)]))


def test_writers_left_out_are_read_and_some_mistakes_drawn(drawings, tmp_path, capsys):
    for name, part in (("one", 0.25), ("two", 0.25), ("three", 0.5)):
        facts = {"hyperparameters": {"extra_held_out": part}}
        random_weights(tmp_path / "models", name, "compactcnn", **facts)
    plate = tmp_path / "plate.png"
    options = ("--data", drawings, "--plate", plate, "--number", 12)
    run(tmp_path / "models", "one", "two", *options)
    result = json.loads(capsys.readouterr().out.rsplit("wrote", 1)[0])
    assert result["sets"][drawings.name]["images"] == NUM_CLASSES
    assert plate.exists()
    with pytest.raises(HandwritingError, match="different parts of the writers"):
        run(tmp_path / "models", "one", "three", *options)
