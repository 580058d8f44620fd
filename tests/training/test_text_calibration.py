"""The calibration of a text-line model is fitted, saved with its weights, and used."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import ALPHABET
from handwriting.errors import HandwritingError
from handwriting.files import save_torch
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, Calibration
from handwriting.lines.network import LineReader
from handwriting.lines.reader import KIND, Reader
from handwriting.training.text_calibration import (
    answers,
    calibrate,
    errors_of,
    fit_text_calibration,
    helpful_calibration,
    joined,
    losses_of,
    right_characters,
)


def overconfident_samples(count: int = 300) -> tuple[list[np.ndarray], list[str]]:
    """Two characters each, of which one in five is wrong though the network is nearly sure."""
    rng = np.random.default_rng(0)
    rows, texts = [], []
    for _ in range(count):
        shown = rng.integers(1, 96, 2)
        outputs = np.full((5, 96), -9.0)
        outputs[[0, 2, 4], 0] = 0
        outputs[[1, 3], shown] = 0
        true = np.where(rng.random(2) < 0.2, rng.integers(1, 96, 2), shown)
        rows.append(outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True))
        texts.append("".join(ALPHABET[k - 1] for k in true))
    return rows, texts


def test_fitting_makes_probabilities_mean_what_they_say():
    given_ = answers(*overconfident_samples(), GREEDY)
    before = errors_of(Calibration(), given_)
    after = errors_of(fit_text_calibration(given_), given_)
    assert min(before) > 0.15 and max(after) < 0.03
    assert fit_text_calibration(given_).temperature > 1.3


def test_texts_that_are_all_wrong_leave_their_numbers_alone():
    given_ = answers(*overconfident_samples(), GREEDY)
    wrong = dataclasses.replace(given_, is_whole=np.zeros_like(given_.is_whole))
    fitted = fit_text_calibration(wrong)
    assert fitted == Calibration(temperature=fitted.temperature) != Calibration()


def test_numbers_that_help_no_other_writers_are_not_kept():
    sure = answers(*overconfident_samples(), GREEDY)
    kept = helpful_calibration((sure, sure))
    assert kept == fit_text_calibration(joined((sure, sure)))
    assert (losses_of(kept, sure) < losses_of(Calibration(), sure)).all()
    right = dataclasses.replace(
        sure, is_right=sure.is_right | True, is_whole=np.arange(len(sure.is_whole)) > 0
    )
    assert helpful_calibration((sure, right)) == Calibration()


def test_answers_are_compared_with_the_texts():
    rows, _ = overconfident_samples(3)
    read = [GREEDY(row).text for row in rows]
    given_ = answers(rows, [read[0], read[1][:1] + "~", ""], GREEDY)
    assert given_.is_whole.tolist() == [True, False, False]
    assert given_.lengths.tolist() == [len(text) for text in read]
    assert len(given_.logits) == len(given_.is_right) == sum(map(len, read))
    assert given_.is_right.tolist() == [True, True, True, False, False, False]
    assert [ALPHABET[k] for k in given_.characters] == list("".join(read))


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_no_more_characters_are_right_than_there_are(read, text):
    right = right_characters(read, text)
    assert len(right) == len(read) and right.sum() <= len(text)
    assert right_characters(text, text).all()


def weights(folder, **changed: object):
    torch.manual_seed(0)
    network = LineReader(width=4, hidden=8)
    content = {
        "kind": KIND,
        "alphabet": ALPHABET,
        "width": 4,
        "hidden": 8,
        "hyperparameters": {"held_out": 0.5},
        "weights": network.state_dict(),
        **changed,
    }
    save_torch(content, folder / "run.pt")
    return folder / "run.pt"


def pens(path, samples: int = 240):
    """Zigzags by four writers, all said to be an "l"."""
    rng = np.random.default_rng(0)
    np.savez(
        path,
        origin=np.zeros((samples, 2), np.int32),
        step=rng.integers(0, 20, (5 * samples, 2)).astype(np.int32),
        stroke_start=np.arange(0, 6 * samples + 1, 6).astype(np.int32),
        sample_start=np.arange(samples + 1).astype(np.int32),
        text=np.full(samples, "l"),
        writer=np.array([f"w{k % 4}" for k in range(samples)]),
        provider=np.full(samples, "abc"),
    )
    return path


def test_the_numbers_are_kept_with_the_weights(tmp_path, monkeypatch, capsys):
    fitted = Calibration(1.5, 0.9, 0.01, -0.2)
    name = "handwriting.training.text_calibration.helpful_calibration"
    monkeypatch.setattr(name, lambda *_: fitted)
    path, archive = weights(tmp_path), pens(tmp_path / "pens.npz")
    before = Reader.load(path)
    assert before.calibrations == {}
    calibrate(path, [archive], [GREEDY, BeamDecoder(width=2, least=-4.0)], most=60)
    after = Reader.load(path)
    assert after.calibrations == {"greedy": fitted, "beam": fitted}
    assert {*after.content} == {*before.content, "calibration"}
    for key, tensor in before.content["weights"].items():
        assert torch.equal(after.content["weights"][key], tensor)
    assert "greedy, before: calibration error" in capsys.readouterr().out
    picture = [np.zeros((40, 30), dtype=np.uint8)]
    (plain,), (line,) = before.read(picture), after.read(picture)
    odds = np.log(plain.confidence / (1 - plain.confidence))
    expected = fitted.confidence(odds, len(plain.characters))
    assert line.confidence == pytest.approx(expected, rel=1e-3)


def test_a_damaged_calibration_is_refused(tmp_path):
    path = weights(tmp_path, calibration={"greedy": {"warmth": 1.0}})
    with pytest.raises(HandwritingError, match="is damaged"):
        Reader.load(path)


def test_without_writers_left_out_nothing_is_fitted(tmp_path):
    path = weights(tmp_path, hyperparameters={"held_out": 0.0})
    with pytest.raises(HandwritingError, match="0 samples are by 0 held-out writers"):
        calibrate(path, [pens(tmp_path / "pens.npz")], [GREEDY])
