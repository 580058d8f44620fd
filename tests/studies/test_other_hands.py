"""Only writers held out of a run's training are evaluated."""

import json
from pathlib import Path

import pytest

from handwriting.errors import HandwritingError
from studies import other_hands
from tests.support import random_weights


def run(folder: Path, *arguments: str) -> None:
    parser = other_hands.get_args_parser()
    other_hands.main(parser.parse_args([*arguments, "--models", str(folder)]))


@pytest.mark.parametrize(("more", "images"), [([], 62), (["--most", "40"], 40)])
def test_writers_left_out_are_measured_by_shape_and_size(drawings, tmp_path, capsys, more, images):
    random_weights(tmp_path / "models", "before", "compactcnn")
    facts = {"hyperparameters": {"extra_held_out": 0.25}}
    random_weights(tmp_path / "models", "after", "compactcnn", **facts)
    run(tmp_path / "models", "before", "after", "--data", str(drawings), *more)
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    row = result["sets"][drawings.name]
    assert row["hands"] == 1 and row["images"] == images
    for name in ("before", "after"):
        for way in ("shape", "shape and size"):
            figures = row[name][way]
            low, high = figures["interval"]
            assert low - 1e-9 <= figures["accuracy"] <= high + 1e-9
            assert figures["accuracy"] <= figures["accuracy_without_case"]


def test_a_run_that_left_nobody_out_is_refused(drawings, tmp_path):
    random_weights(tmp_path / "models", "all", "compactcnn")
    with pytest.raises(HandwritingError, match="held out no writers"):
        run(tmp_path / "models", "all", "--data", str(drawings))
