"""The study of media, on a reader that was never trained."""

import numpy as np

from handwriting.datasets.text import left_out
from studies import line_media
from tests.benchmarks.support import run_quick
from tests.lines.support import pen_archive


def test_every_medium_is_measured_on_writers_left_out(readers, tmp_path):
    names = np.array([f"w{k}" for k in range(60)])
    others = names[left_out(names, 0.1)][:2]
    archive = pen_archive(tmp_path / "words.npz", writers=[*others, "w0"])
    out = tmp_path / "figures"
    out.mkdir()
    found = run_quick(line_media, out, archive, "--models", readers)["line_media.json"]
    assert found["words"] == 5
    assert set(found["cer"]) == set(line_media.WRITTEN)
    assert all(cer > 0 for cer in found["cer"].values())
