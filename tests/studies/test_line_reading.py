"""The studies of the line reader, on a reader that was never trained."""

from pathlib import Path

import numpy as np

from handwriting.datasets.pen import load_pen, pen_archive, save_pen
from handwriting.lines.reader import Reader
from handwriting.synthesis.grounds import GROUNDS
from studies import line_mistakes, line_reading
from tests.benchmarks.support import run_quick
from tests.support import PROJECT, shared_folder


def test_a_quick_run_measures_sets_grounds_and_look_alikes(readers, models, tmp_path):
    pens = shared_folder("pen")
    result = run_quick(
        *(line_reading, tmp_path, "lines", "--models", readers, "--characters", "run"),
        *("--data", pens / "words.npz", pens / "characters.npz"),
        *("--language", PROJECT / "models" / "lines" / "language.npz"),
        *("--character-models", models),
    )["line_reading.json"]
    words = result["sets"]["words"]
    assert words["greedy"]["samples"] == 30 and words["greedy"]["cer"] > 0
    assert set(words["grounds"]) == {"strokes", *GROUNDS}
    found = result["sets"]["characters"]["look_alikes"]
    assert found["all 62 classes"]["characters"] > 50
    assert 0 <= found["all 62 classes"]["alone"] <= 1
    assert Reader.load(readers / "lines.pt").content["hyperparameters"]["held_out"] == 0.1


def save_every(step: int, path: Path, out: Path) -> None:
    """Write every so many samples of a pen archive."""
    archive = load_pen(path)
    samples = range(0, len(archive), step)
    facts = {name: getattr(archive, name)[::step] for name in ("text", "writer", "provider")}
    save_pen(pen_archive([archive.strokes(sample) for sample in samples], **facts), out)


def test_the_surest_mistakes_are_printed_and_drawn(readers, tmp_path, capsys):
    words, out = tmp_path / "words.npz", tmp_path / "figures"
    save_every(20, shared_folder("pen") / "words.npz", words)
    options = ["lines", "--data", words, "--models", readers, "--most", 7, "--out", out]
    parser = line_mistakes.get_args_parser()
    line_mistakes.main(parser.parse_args([*map(str, options)]))
    assert not out.exists()
    captions = capsys.readouterr().out.splitlines()
    sure = [float(caption.rpartition("(")[2].rstrip(")")) for caption in captions]
    assert len(sure) == 7 and sure == sorted(sure, reverse=True)
    sheet = line_mistakes.draw([np.full((40, 900), 255, np.uint8)] * 3, captions[:3])
    assert sheet.size == (1400, 3 * 64) and np.asarray(sheet).mean() > 60
