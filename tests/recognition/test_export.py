"""The ONNX files of the shipped networks have the networks' outputs."""

import json
import shutil

import numpy as np
import onnxruntime
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.recognition import export
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, list_runs
from models import MODELS
from tests.support import PROJECT, random_weights

SHIPPED = {
    run.weights.stem.split("_")[0]: run.weights for run in list_runs(PROJECT / MODELS_FOLDER)
}


def run_export(*arguments: object) -> None:
    export.main(export.get_args_parser().parse_args(list(map(str, arguments))))


def test_there_are_weights_of_each_network():
    assert set(SHIPPED) == set(MODELS)


@pytest.mark.parametrize(
    ("model", "prior"),
    [
        ("compactcnn", "equal"),
        ("compactcnn", "emnist"),
        ("customcnn", "emnist"),
        ("resnet34", "equal"),
    ],
)
def test_onnx_runtime_gives_the_same_probabilities(model, prior, tmp_path, drawn):
    path = tmp_path / "network.onnx"
    run_export(SHIPPED[model], "--out", path, "--prior", prior)
    session = onnxruntime.InferenceSession(path)
    recognizer = Recognizer.load(SHIPPED[model])
    for pictures in (drawn[0][:1], drawn[0][::20]):
        (theirs,) = session.run(None, {"pictures": pictures})
        ours = np.exp(recognizer.log_probs(torch.from_numpy(pictures), prior))
        ours /= ours.sum(axis=1, keepdims=True)
        assert theirs.shape == (len(pictures), 62) and theirs.dtype == np.float32
        np.testing.assert_allclose(theirs, ours, atol=1e-4)
    table = json.loads((tmp_path / "network_classes.json").read_text())
    assert table["classes"] == list(CLASSES) and table["prior"] == prior
    name = "hands_temperature" if (model, prior) == ("compactcnn", "equal") else "temperature"
    assert table["temperature"] == recognizer.content[name] != 1


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(HandwritingError, match=r"other\.pt does not exist"):
        run_export("other", "--models", tmp_path)


def test_weights_are_never_overwritten(tmp_path):
    weights = random_weights(tmp_path, "run")
    before = weights.read_bytes()
    with pytest.raises(HandwritingError, match=r"run\.pt does not end in \.onnx"):
        run_export("run", "--models", tmp_path, "--out", weights)
    other = shutil.copy(weights, tmp_path / "other.onnx")
    with pytest.raises(HandwritingError, match="is the weights file"):
        run_export(other)
    assert weights.read_bytes() == other.read_bytes() == before
