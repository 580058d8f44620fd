"""The ONNX file of the shipped text-line model has the model's outputs."""

import json

import numpy as np
import onnxruntime
import pytest

from handwriting.alphabet import ALPHABET
from handwriting.datasets.photographed_text import read_texts
from handwriting.errors import HandwritingError
from handwriting.imaging.line import contrast_of_line, line_from_contrast
from handwriting.lines import export
from handwriting.lines.decoding import greedy
from handwriting.lines.reader import (
    LINES_FOLDER,
    build_reader_network,
    find_reader,
    load_reader_weights,
    predict_log_probs,
)
from handwriting.pages.photographs import open_photograph
from tests.support import PROJECT, shared_folder


@pytest.fixture(scope="module")
def shipped():
    return find_reader("latest", PROJECT / LINES_FOLDER)


@pytest.fixture(scope="module")
def exported(shipped, tmp_path_factory):
    """The ONNX file of the shipped weights."""
    path = tmp_path_factory.mktemp("export") / "lines.onnx"
    export.main(export.get_args_parser().parse_args([str(shipped), "--out", str(path)]))
    return path


@pytest.fixture(scope="module")
def session(exported):
    return onnxruntime.InferenceSession(exported)


@pytest.fixture(scope="module")
def network(shipped):
    return build_reader_network(load_reader_weights(shipped))


def test_real_lines_are_read_alike(session, network):
    folder = shared_folder("numbers")
    for row in read_texts(folder / "text.csv")[:100:10]:
        photograph = open_photograph(folder / row["file"], is_line=True)
        picture = line_from_contrast(contrast_of_line(photograph.colours))
        (theirs,) = session.run(None, {"pictures": picture[None]})
        (ours,) = predict_log_probs(network, [picture])
        np.testing.assert_allclose(np.exp(theirs[0]), np.exp(ours), atol=1e-4)
        assert greedy(theirs[0]) == greedy(ours)


@pytest.mark.parametrize(("count", "width"), [(1, 1), (1, 9), (3, 41), (2, 403)])
def test_any_number_and_width_of_pictures_is_read(session, network, count, width):
    pictures = np.random.default_rng(width).integers(0, 256, (count, 40, width), dtype=np.uint8)
    (theirs,) = session.run(None, {"pictures": pictures})
    assert theirs.shape == (count, -(-width // 4), 96) and theirs.dtype == np.float32
    ours = np.stack(predict_log_probs(network, list(pictures)))
    np.testing.assert_allclose(theirs, ours, atol=1e-3)


def test_the_alphabet_lies_beside(exported):
    table = json.loads((exported.parent / "lines_alphabet.json").read_text())
    assert table["alphabet"] == ALPHABET and table["blank"] == 0
    assert table["columns_per_step"] == 4 and table["height"] == 40


def test_a_run_that_is_not_there_is_named(exported):
    arguments = ["other", "--models", str(exported.parent)]
    with pytest.raises(HandwritingError, match=r"other\.pt does not exist"):
        export.main(export.get_args_parser().parse_args(arguments))
