"""Errors of mapping labels by name."""

from studies import label_mapping
from tests.benchmarks.support import committed, run_quick

FILES = {f"stage1_{name}_manifest.json" for name in ("exact", "by-name", "synthetic_by-name")}


def test_stage_1_is_done_in_all_three_ways(archive, tmp_path):
    results = run_quick(label_mapping, tmp_path, "--root", archive)
    assert set(results) == FILES
    exact, by_name = (results[f"stage1_{name}_manifest.json"] for name in ("exact", "by-name"))
    assert exact["test_rows_in_training"] == 0 < by_name["test_rows_in_training"]
    assert exact["train_images"] < by_name["train_images"]
    assert by_name["by_name_wrong_or_contradictory_rows"] > 0
    for name, manifest in results.items():
        del manifest["command"]
        assert list(manifest) == list(committed(f"studies/{name}"))
