"""From probabilities, sizes and frequencies to an answer that explains itself."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from handwriting.cli import run_script
from handwriting.labels import CLASSES, class_index
from handwriting.recognition import recognizer as module
from handwriting.recognition.recognizer import (
    Reading,
    Recognizer,
    join_words,
    log_prior_change,
    predict_logits,
)
from handwriting.training.calibration import (
    class_frequencies,
    fit_temperature,
    move_frequencies,
    smoothed_frequencies,
)
from models import CompactCNN
from tests.support import random_weights


def probabilities(**shares: float) -> np.ndarray:
    p = np.full(62, 1e-6)
    for character, share in shares.items():
        p[class_index(character)] = share
    return p / p.sum()


@pytest.fixture
def recognizer(tmp_path) -> Recognizer:
    frequencies = np.linspace(1, 3, 62)
    facts = {"temperature": 2.0, "frequencies": (frequencies / frequencies.sum()).tolist()}
    return Recognizer.load(random_weights(tmp_path, "weights", **facts))


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


def test_size_multiplies_the_probabilities(recognizer, picture):
    log_size = np.log(np.linspace(0.1, 1, 62))
    plain, sized = recognizer.read(picture), recognizer.read(picture, log_size)
    expected = plain.probabilities * np.exp(log_size)
    assert sized.probabilities == pytest.approx(expected / expected.sum())


def test_a_size_that_says_nothing_changes_nothing(recognizer, picture):
    same = recognizer.read(picture, np.full(62, -3.0))
    assert same.probabilities == pytest.approx(recognizer.read(picture).probabilities)


def test_the_equal_prior_divides_by_the_trained_frequencies(recognizer, picture):
    trained = recognizer.read(picture, prior="emnist").probabilities
    expected = trained / np.array(recognizer.content["frequencies"])
    equal = recognizer.read(picture, prior="equal").probabilities
    assert equal == pytest.approx(expected / expected.sum())
    assert not log_prior_change({}, "equal").any()


def test_only_allowed_characters_are_read(recognizer, picture):
    reading = recognizer.read(picture, allowed="0123456789")
    assert reading.character.isdigit()
    assert reading.probabilities[10:].sum() == 0


def test_it_says_why():
    shape = probabilities(S=0.6, s=0.37, g=0.03)
    log_size = np.zeros(62)
    log_size[class_index("S")] = -4
    combined = shape * np.exp(log_size)
    reading = Reading(combined / combined.sum(), shape, log_size)
    assert reading.sentence() == "read as s: shape says S or s (97%), height says lower case"
    undecided = Reading(shape, shape, np.zeros(62))
    assert undecided.sentence().endswith("height does not tell them apart")
    assert Reading(shape, shape).sentence() == "read as S: shape says S or s (97%)"
    assert join_words(["o", "O", "0"]) == "o, O or 0"


def test_temperature_and_frequencies_are_found_again():
    generator = torch.Generator().manual_seed(0)
    scores = 2 * torch.randn(4000, 62, generator=generator)
    labels = torch.multinomial(scores.softmax(1), 1, generator=generator).squeeze(1)
    assert fit_temperature(3 * scores, labels) == pytest.approx(3, rel=0.05)
    frequencies = class_frequencies(scores, 1.0)
    assert sum(frequencies) == pytest.approx(1)
    assert frequencies == pytest.approx(scores.softmax(1).mean(0).tolist(), abs=1e-4)


def test_the_command_line_reads_files(tmp_path, monkeypatch, capsys):
    random_weights(tmp_path / "models", "weights")
    Image.new("L", (40, 40), 255).save(tmp_path / "blank.png")
    drawing = Image.new("L", (40, 40), 255)
    drawing.paste(0, (18, 5, 22, 35))
    drawing.save(tmp_path / "stroke.png")
    monkeypatch.chdir(tmp_path)
    parse = module.get_args_parser().parse_args
    module.main(parse(["blank.png", "stroke.png"]))
    blank, stroke = capsys.readouterr().out.splitlines()
    assert "no ink" in blank and stroke.count("%") == 5
    module.main(parse(["stroke.png", "--json"]))
    characters = json.loads(capsys.readouterr().out)["characters"]
    assert len(characters) == 5 and set(characters) <= set(CLASSES)
    (tmp_path / "text.png").write_text("hello")
    assert run_script(lambda: module.main(parse(["text.png"]))) == 1
    assert "text.png is not a picture" in capsys.readouterr().err


def test_moving_to_other_frequencies_weighs_each_class_by_their_ratio(drawn):
    torch.manual_seed(0)
    network = CompactCNN().eval()
    pictures = torch.from_numpy(drawn[0][:50])
    before = (predict_logits(network, pictures) / 2.0).softmax(dim=1)
    expected, wanted = smoothed_frequencies(range(62)), smoothed_frequencies([7] * 31 + [1] * 31)
    changed = move_frequencies(network, expected, wanted, temperature=2.0)
    assert list(changed) == ["layers.17.bias"]
    after = (predict_logits(network, pictures) / 2.0).softmax(dim=1)
    weighed = before * torch.tensor(wanted) / torch.tensor(expected)
    torch.testing.assert_close(after, weighed / weighed.sum(dim=1, keepdim=True))
