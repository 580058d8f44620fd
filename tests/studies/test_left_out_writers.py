"""Fine-tuning, evaluated on held-out writers."""

import numpy as np
import pytest

from studies import left_out_writers
from studies.left_out_writers import GroupedSet
from tests.benchmarks.support import committed, run_quick


def test_no_writer_is_in_two_groups_and_none_is_lost(drawings):
    part = GroupedSet(drawings, groups=2)
    writers = part.pictures.writers
    assert all(len(np.unique(part.group[writers == writer])) == 1 for writer in set(writers))
    for group in (0, 1):
        others = part.others(group)
        assert len(others) == (part.group != group).sum() > 0
        assert not set(others.writers) & set(writers[part.group == group])
    assert part.log_sizes.shape == (len(writers), 62)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_figures_before_and_after(drawings, models, processed, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    options = ("--models", models, "--processed", processed, "--fraction", 0.1)
    results = run_quick(left_out_writers, folder, "run", drawings, *options)
    result = results["left_out_writers.json"]
    known = committed("studies/left_out_writers.json")
    assert list(result) == list(known)
    assert set(result["further_training"]) == set(known["further_training"])
    for when in ("before", "after"):
        figures = result[when]
        names = {"emnist_validation", drawings.name, f"{drawings.name} with size"}
        assert set(figures) == names
        assert 0 <= figures[drawings.name]["accuracy"] <= 1
    assert result["before"] != result["after"]
