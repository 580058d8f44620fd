"""Finished trainings are kept, separately for each setting."""

import pytest
import torch

from handwriting.errors import HandwritingError
from studies.common import FinishedTrainings, fraction_of


def must_not_train():
    raise AssertionError("it was finished")


def test_a_finished_training_is_not_done_again(tmp_path, capsys):
    file = tmp_path / "folder" / "study.json"
    first = FinishedTrainings(file, {"images": 5, "epochs": 1})
    assert first.get("a / 0", lambda: {"accuracy": 0.5}) == {"accuracy": 0.5}
    again = FinishedTrainings(file, {"images": 5, "epochs": 1})
    assert again.get("a / 0", must_not_train) == {"accuracy": 0.5}
    assert capsys.readouterr().out == 'a / 0: {"accuracy": 0.5}\n'


def test_trainings_of_other_settings_stay_apart(tmp_path):
    file = tmp_path / "study.json"
    for images in (5, 6):
        kept = FinishedTrainings(file, {"images": images})
        assert kept.get("a", lambda images=images: {"n": images}) == {"n": images}
    assert FinishedTrainings(file, {"images": 5}).get("a", must_not_train) == {"n": 5}


def test_without_a_file_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = FinishedTrainings(None, {})
    assert kept.get("a", lambda: {"n": 1}) == kept.get("a", must_not_train) == {"n": 1}
    assert not list(tmp_path.iterdir())


def test_an_interrupted_training_leaves_the_finished_ones(tmp_path):
    kept = FinishedTrainings(tmp_path / "study.json", {})
    kept.get("a", lambda: {"n": 1})
    with pytest.raises(AssertionError):
        kept.get("b", must_not_train)
    assert FinishedTrainings(tmp_path / "study.json", {}).get("a", must_not_train) == {"n": 1}


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(HandwritingError, match=r"study\.json is damaged"):
        FinishedTrainings(tmp_path / "study.json", {})


def test_a_fraction_is_never_more_than_all():
    assert fraction_of(5, torch.arange(10)) == 0.5
    assert fraction_of(50, torch.arange(10)) == 1
