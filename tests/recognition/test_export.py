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
    """Random weights of one head and two, whose temperatures and priors would be missed."""
    paths = {}
    for heads in (1, 2):
        torch.manual_seed(0)
        network = MODELS["compactcnn"](num_classes=62 * heads)
        with torch.no_grad():
            network.layers[-1].weight.mul_(400)
        frequencies = np.linspace(1, 5, 62) / np.linspace(1, 5, 62).sum()
        facts = {"model": "compactcnn", "temperature": 1.7, "frequencies": frequencies.tolist()}
        if heads == 2:
            facts |= {"hands_temperature": 1.3, "hyperparameters": {"heads": 2}}
        paths[heads] = tmp_path_factory.mktemp("export") / "run.pt"
        save_weights(paths[heads], network.state_dict(), facts)
    return paths


@pytest.mark.parametrize("prior", ["emnist", "equal"])
@pytest.mark.parametrize("heads", [1, 2])
def test_onnx_runtime_gives_the_same_probabilities(weights, drawn, heads, prior):
    weights = weights[heads]
    arguments = ["run", "--models", str(weights.parent), "--prior", prior]
    export.main(export.get_args_parser().parse_args(arguments))
    session = onnxruntime.InferenceSession(weights.with_suffix(".onnx"))
    recognizer = Recognizer.load(weights)
    for count in (1, 7, 200):
        pictures = drawn[0][:count]
        (theirs,) = session.run(None, {"pictures": pictures})
        ours = np.exp(recognizer.log_probs(torch.from_numpy(pictures), prior))
        ours /= ours.sum(axis=1, keepdims=True)
        assert theirs.shape == (count, 62) and theirs.dtype == np.float32
        assert ours.max() > 0.1, "all alike would prove nothing"
        np.testing.assert_allclose(theirs, ours, atol=1e-4)
    table = json.loads((weights.parent / "run_classes.json").read_text())
    assert table["classes"] == list(CLASSES) and table["prior"] == prior
    assert table["temperature"] == (1.3 if (heads, prior) == (2, "equal") else 1.7)


def test_a_run_that_is_not_there_is_named(weights):
    arguments = ["other", "--models", str(weights[1].parent)]
    with pytest.raises(HandwritingError, match=r"other\.pt does not exist"):
        export.main(export.get_args_parser().parse_args(arguments))
