"""Time and memory of stages 1 and 2, and of the baseline."""

import numpy as np
import pytest
import torch

from benchmarks import common, preprocessing, usual_recipe
from handwriting.emnist.archive import read_archive
from tests.benchmarks.support import call_here, committed, run_here, run_quick


def test_the_generated_pictures_are_all_different(monkeypatch):
    monkeypatch.setattr(preprocessing, "DRAWN", 200)
    pictures, classes = preprocessing.many_pictures(2_000)
    assert len(np.unique(pictures.reshape(len(pictures), -1), axis=0)) == len(pictures)
    assert len(pictures) == len(classes) == pytest.approx(2_000, rel=0.05)
    assert len(np.unique(classes)) == 62


def test_the_usual_recipe_keeps_every_row(archive, tmp_path):
    usual_recipe.main(usual_recipe.get_args_parser().parse_args([str(archive), str(tmp_path)]))
    for part, splits in zip(("train", "test"), read_archive(archive), strict=True):
        joined = torch.load(tmp_path / f"{part}.pt", weights_only=False)
        assert len(joined) == sum(len(split) for split in splits)
        assert max(max(split.targets.tolist()) for split in joined.datasets) <= 61


def test_the_profile_of_stage_1_knows_all_its_parts(archive, tmp_path):
    seconds = preprocessing.profile_stage_1(archive, tmp_path)
    assert list(seconds) == list(preprocessing.PARTS.values())
    assert all(0 <= value <= seconds["all of it"] for value in seconds.values())


def test_csv_files_are_measured_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "run_once", run_here)
    then = {"alone": call_here}
    results = run_quick(preprocessing, tmp_path, "--csv", then=then)
    (result,) = results.values()
    assert list(results) == ["preprocessing_csv.json"]
    assert (result["seconds"], result["gib"]) == (2.0, 0.5)


def test_all_sides_are_measured(archive, tmp_path):
    arguments = ("--root", archive)
    then = {"alone": call_here, "run_once": run_here}
    results = run_quick(preprocessing, tmp_path, *arguments, then=then)
    (result,) = results.values()
    assert list(results) == [f"preprocessing_{archive.name}.json"]
    assert list(result) == list(committed("benchmarks/preprocessing_full.json"))
    for side in preprocessing.SIDES:
        assert (result[f"{side}_seconds"], result[f"{side}_gib"]) == (2.0, 0.5)
    assert result["ratio_of_seconds"] == 1
