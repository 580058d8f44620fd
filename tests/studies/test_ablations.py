"""Ablation of the recipe."""

import json
import statistics

import pytest

from handwriting.training.recipes import RECIPES, changed
from studies import ablations
from studies.ablations import VARIANTS
from tests.benchmarks.support import committed, run_quick


@pytest.mark.parametrize("name", sorted({*VARIANTS} - {"modern recipe", ablations.EXACT_ONLY}))
def test_a_variant_changes_the_recipe(name):
    assert changed(RECIPES["modern"], VARIANTS[name]) != RECIPES["modern"]


def test_label_sets_are_worth_a_percent_in_the_committed_figures():
    figures = committed("studies/ablations.json")
    label_sets, exact = (
        statistics.mean(figures["runs"][f"{name} / {seed}"]["validation"] for seed in (0, 1))
        for name in ("modern recipe", ablations.EXACT_ONLY)
    )
    assert label_sets - exact > 0.01


def test_every_variant_is_trained_and_measured(processed, drawings, tmp_path):
    arguments = ("--processed", processed, "--pictures", drawings)
    (result,) = run_quick(ablations, tmp_path, *arguments).values()
    known = committed("studies/ablations.json")
    assert list(result) == list(known)
    assert list(result["runs"]) == [f"{name} / 0" for name in VARIANTS]
    for row in result["runs"].values():
        assert {"validation", "val_loss", "seconds", drawings.name} == set(row)
        assert 0 <= row["validation"] <= 1 and 0 <= row[drawings.name] <= 1 and row["val_loss"] > 0


def test_a_study_is_gone_on_with_and_only_its_trainings_are_kept(
    processed, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    options = ["--images", "32", "--epochs", "1", "--processed", str(processed)]

    def study(names: list[str], seeds: int) -> list[str]:
        monkeypatch.setattr(ablations, "VARIANTS", {name: VARIANTS[name] for name in names})
        parser = ablations.get_args_parser()
        ablations.main(parser.parse_args([*options, "--seeds", str(seeds)]))
        lines = capsys.readouterr().out.splitlines()
        return [line.partition(":")[0] for line in lines if " / " in line and line[0] != "{"]

    assert study(["modern recipe"], 1) == ["modern recipe / 0"]
    assert study(["modern recipe", "with noise"], 1) == ["with noise / 0"]
    assert study(["modern recipe"], 2) == ["modern recipe / 1"]
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert file.relative_to(tmp_path) == ablations.FINISHED / "ablations.json"
    (kept,) = json.loads(file.read_text()).values()
    assert len(kept) == 3
