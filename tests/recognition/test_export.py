"""The ONNX file answers as the network it was made of."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.recognition import export
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import save_weights
from models import MODELS


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights with a temperature, so that a forgotten one is noticed."""
    folder = tmp_path_factory.mktemp("export")
    torch.manual_seed(0)
    network = MODELS["compactcnn"]()
    with torch.no_grad():
        network.layers[-1].weight.mul_(400)
    facts = {"model": "compactcnn", "temperature": 1.7, "frequencies": [1 / 62] * 62}
    save_weights(folder / "run.pt", network.state_dict(), facts)
    return folder / "run.pt"


def test_onnx_runtime_gives_the_same_probabilities(weights, drawn):
    arguments = ["run", "--models", str(weights.parent)]
    export.main(export.get_args_parser().parse_args(arguments))
    session = onnxruntime.InferenceSession(weights.with_suffix(".onnx"))
    recognizer = Recognizer.load(weights)
    for count in (1, 7, 200):
        pictures = drawn[0][:count]
        (theirs,) = session.run(None, {"pictures": pictures})
        ours = recognizer.probs(torch.from_numpy(pictures))
        assert theirs.shape == (count, 62) and theirs.dtype == np.float32
        assert ours.max() > 0.1, "all alike would prove nothing"
        np.testing.assert_allclose(theirs, ours, atol=1e-4)
    table = json.loads((weights.parent / "run_classes.json").read_text())
    assert table["classes"] == list(CLASSES) and table["temperature"] == 1.7


def test_a_run_that_is_not_there_is_named(weights):
    arguments = ["other", "--models", str(weights.parent)]
    with pytest.raises(HandwritingError, match=r"other\.pt does not exist"):
        export.main(export.get_args_parser().parse_args(arguments))
