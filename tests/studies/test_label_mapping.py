"""What mapping labels by their names costs."""

import json

from studies import label_mapping
from tests.benchmarks.support import committed, run_quick

FILES = {f"stage1_{name}_manifest.json" for name in ("exact", "by-name", "synthetic_by-name")}


def test_stage_1_is_done_in_all_three_ways(archive, tmp_path, capsys):
    results = run_quick(label_mapping, tmp_path, "--root", archive)
    assert set(results) == FILES
    exact, by_name = (results[f"stage1_{name}_manifest.json"] for name in ("exact", "by-name"))
    assert exact["test_rows_in_training"] == 0 < by_name["test_rows_in_training"]
    assert exact["train_images"] < by_name["train_images"]
    assert by_name["by_name_wrong_or_contradictory_rows"] > 0
    assert "| test rows in training | 0 |" in capsys.readouterr().out


def test_the_manifests_have_the_keys_of_the_committed_ones(archive, tmp_path):
    options = ["--root", str(archive), "--synthetic-images", "300", "--out", str(tmp_path)]
    label_mapping.main(label_mapping.get_args_parser().parse_args([*options, "--save"]))
    assert {path.name for path in tmp_path.iterdir()} == FILES
    for name in FILES:
        written = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        assert next(iter(written)) == "command" and written["command"].startswith("python ")
        del written["command"]
        assert list(written) == list(committed(f"studies/{name}"))
