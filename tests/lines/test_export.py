"""The ONNX file answers as the line reader it was made of."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.files import save_torch
from handwriting.lines import export
from handwriting.lines.alphabet import ALPHABET
from handwriting.lines.network import LineReader
from handwriting.lines.reader import (
    KIND,
    build_reader_network,
    load_reader_weights,
    predict_log_probs,
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights whose answers differ from step to step."""
    torch.manual_seed(0)
    network = LineReader(width=4, hidden=8)
    with torch.no_grad():
        network.outputs.weight.mul_(20)
    path = tmp_path_factory.mktemp("export") / "run.pt"
    content = {"kind": KIND, "alphabet": ALPHABET, "width": 4, "hidden": 8}
    save_torch(content | {"weights": network.state_dict()}, path)
    export.main(export.get_args_parser().parse_args(["run", "--models", str(path.parent)]))
    return path


@pytest.mark.parametrize(("count", "width"), [(1, 9), (1, 200), (3, 41), (2, 1003)])
def test_onnx_runtime_gives_the_same_probabilities(weights, count, width):
    session = onnxruntime.InferenceSession(weights.with_suffix(".onnx"))
    rng = np.random.default_rng(width)
    pictures = rng.integers(0, 256, (count, 40, width), dtype=np.uint8)
    (theirs,) = session.run(None, {"pictures": pictures})
    network = build_reader_network(load_reader_weights(weights))
    ours = np.stack(predict_log_probs(network, list(pictures)))
    assert theirs.shape == (count, -(-width // 4), 96) and theirs.dtype == np.float32
    assert np.exp(ours).max() > 0.1, "all alike would prove nothing"
    np.testing.assert_allclose(theirs, ours, atol=1e-3)


def test_the_alphabet_lies_beside(weights):
    table = json.loads((weights.parent / "run_alphabet.json").read_text())
    assert table["alphabet"] == ALPHABET and table["blank"] == 0
    assert table["columns_per_step"] == 4 and table["height"] == 40


def test_a_run_that_is_not_there_is_named(weights):
    arguments = ["other", "--models", str(weights.parent)]
    with pytest.raises(HandwritingError, match=r"other\.pt does not exist"):
        export.main(export.get_args_parser().parse_args(arguments))
