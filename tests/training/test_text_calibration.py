"""The calibration of a text-line model is fitted, saved with its weights, and used."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import ALPHABET, NUM_OUTPUTS, encode
from handwriting.errors import HandwritingError
from handwriting.files import save_torch
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, Calibration
from handwriting.lines.network import LineReader
from handwriting.lines.reader import KIND, Reader
from handwriting.training.text_answers import answers, right_characters, right_words
from handwriting.training.text_calibration import (
    calibrate,
    errors_of,
    fit_text_calibration,
    helpful_calibration,
    losses_of,
    without_each,
)


def overconfident_samples(count: int = 300) -> tuple[list[np.ndarray], list[str]]:
    """Two words of a character each, of which one in five is wrong though the network is nearly
    sure."""
    rng = np.random.default_rng(0)
    space, *others = encode(" " + ALPHABET.replace(" ", ""))
    rows, texts = [], []
    for _ in range(count):
        shown = rng.choice(others, 2)
        outputs = np.full((7, NUM_OUTPUTS), -9.0)
        outputs[[0, 2, 4, 6], 0] = 0
        outputs[[1, 3, 5], [shown[0], space, shown[1]]] = 0
        true = np.where(rng.random(2) < 0.2, rng.choice(others, 2), shown)
        rows.append(outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True))
        texts.append(" ".join(ALPHABET[k - 1] for k in true))
    return rows, texts


def test_fitting_makes_probabilities_mean_what_they_say():
    given_ = answers(*overconfident_samples(), GREEDY)
    before = errors_of(Calibration(), given_)
    fitted = fit_text_calibration([given_])
    assert min(before) > 0.1 and max(errors_of(fitted, given_)) < 0.03
    assert fitted.temperature > 1.2


def test_texts_that_are_all_wrong_leave_their_numbers_alone():
    given_ = answers(*overconfident_samples(), GREEDY)
    wrong = dataclasses.replace(
        given_,
        is_whole=np.zeros_like(given_.is_whole),
        is_word=np.zeros_like(given_.is_word),
    )
    fitted = fit_text_calibration([wrong])
    assert fitted == Calibration(temperature=fitted.temperature) != Calibration()


def test_sets_have_the_same_weight_however_large_they_are():
    honest = answers(*overconfident_samples(), GREEDY)
    few = answers(*overconfident_samples(30), GREEDY)
    wrong = dataclasses.replace(few, is_right=few.is_right & False)
    alike = fit_text_calibration([honest, wrong]).temperature
    assert alike == pytest.approx(fit_text_calibration([honest, wrong, honest, wrong]).temperature)
    assert alike > fit_text_calibration([honest, honest, wrong]).temperature + 0.1


def test_numbers_that_help_no_other_sets_are_not_kept():
    sure = answers(*overconfident_samples(), GREEDY)
    kept = helpful_calibration({"one": sure, "other": sure})
    assert kept == fit_text_calibration([sure, sure])
    assert (losses_of(kept, sure) < losses_of(Calibration(), sure)).all()
    right = dataclasses.replace(
        sure,
        is_right=sure.is_right | True,
        is_word=np.arange(len(sure.is_word)) > 0,
        is_whole=np.arange(len(sure.is_whole)) > 0,
    )
    assert helpful_calibration({"one": sure, "other": right}) == Calibration()


def test_a_set_has_no_part_in_the_numbers_it_is_measured_with():
    sure, few = (answers(*overconfident_samples(n), GREEDY) for n in (300, 30))
    found = without_each({"sure": sure, "few": few})
    assert found == {"sure": fit_text_calibration([few]), "few": fit_text_calibration([sure])}


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        ("the cat sat", "the cat sat", [True, True, True]),
        ("the cats at", "the cat sat", [True, False, False]),
        ("the ca sat", "the cat sat", [True, False, True]),
        ("the  cat", "the cat", [True, True]),
        ("he cat", "the cat", [False, True]),
        ("", "the cat", []),
    ],
)
def test_a_word_is_right_where_it_stands_alone_in_the_text(read, text, expected):
    assert right_words(read, text) == expected


def test_answers_are_compared_with_the_texts():
    rows, _ = overconfident_samples(3)
    read = [GREEDY(row).text for row in rows]
    given_ = answers(rows, [read[0], read[1][:2] + "~", ""], GREEDY)
    assert given_.is_whole.tolist() == [True, False, False]
    assert given_.lengths.tolist() == [len(text) for text in read]
    assert len(given_.logits) == len(given_.is_right) == sum(map(len, read))
    assert given_.is_right.tolist() == [True] * 5 + [False] * 4
    assert given_.is_word.tolist() == [True, True, True, False, False, False]
    assert given_.word_lengths.sum() == given_.is_in_word.sum()
    assert len(given_.is_word) == len(given_.word_lengths) == len(given_.word_odds(1.0))
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
    fitted = Calibration(1.5, 0.9, 0.01, -0.2, 0.8, 0.02, -0.1)
    name = "handwriting.training.text_calibration.helpful_calibration"
    monkeypatch.setattr(name, lambda *_: fitted)
    path, archive = weights(tmp_path), pens(tmp_path / "pens.npz")
    before = Reader.load(path)
    assert before.calibrations == {}
    beam = BeamDecoder(width=2, least=-4.0)
    calibrate(path, [archive], [lambda _: GREEDY, lambda _: beam], most=60)
    after = Reader.load(path)
    assert after.calibrations == {"greedy": fitted, "beam": fitted}
    assert {*after.content} == {*before.content, "calibration"}
    for key, tensor in before.content["weights"].items():
        assert torch.equal(after.content["weights"][key], tensor)
    said = capsys.readouterr().out
    assert "greedy, before, pens, one half: calibration error of characters" in said
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
        calibrate(path, [pens(tmp_path / "pens.npz")], [lambda _: GREEDY])
