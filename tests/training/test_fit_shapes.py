"""The command that fits the variation of shapes between writers."""

import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.recognition.recognizer import Recognizer
from handwriting.training import fit_shapes
from handwriting.training.fit_shapes import first_of_each
from tests.support import pens_of, random_weights


def fit(folder, **changed: object) -> None:
    pens = {k: v for k, v in vars(pens_of("aga", writers=4)).items() if v is not None} | changed
    np.savez(folder / "pens.npz", **pens)
    arguments = ["run", str(folder / "pens.npz"), "--models", str(folder)]
    fit_shapes.main(fit_shapes.get_args_parser().parse_args(arguments))


@pytest.fixture
def weights(tmp_path):
    return random_weights(tmp_path, "run", hyperparameters={"extra_held_out": 0.25})


def test_shapes_are_fitted_beside_the_weights_without_the_writers_left_out(
    weights, tmp_path, capsys
):
    without = Recognizer.load(weights)
    assert without.shapes is None
    fit(tmp_path, writer=np.repeat(["a", "a", "b", "c"], 62))
    assert "of 2 writers" in capsys.readouterr().out
    recognizer = Recognizer.load(weights)
    assert recognizer.shapes.network == without.weights_digest
    assert recognizer.fingerprint != without.fingerprint


def test_writers_who_wrote_all_once_tell_nothing(weights, tmp_path):
    with pytest.raises(HandwritingError, match="one writer wrote twice"):
        fit(tmp_path)


def test_all_characters_are_needed(weights, tmp_path):
    with pytest.raises(HandwritingError, match="lacks z"):
        fit(
            tmp_path,
            text=np.tile(
                [*"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abcdefghijklmnopqrstuvwxyy"], 4
            ),
        )


def test_of_one_writers_character_a_few_are_taken():
    labels = np.array([3] * 6 + [4] + [3])
    writers = np.array(["a"] * 7 + ["b"])
    assert first_of_each(labels, writers).tolist() == [0, 1, 2, 3, 6, 7]
