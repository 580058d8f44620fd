"""Error rates of the text-line model, with an untrained one."""

from handwriting.lines.reader import Reader
from handwriting.synthesis.grounds import GROUNDS
from studies import line_reading
from tests.benchmarks.support import run_quick
from tests.support import PROJECT, shared_folder


def test_a_quick_run_measures_sets_grounds_and_look_alikes(readers, models, tmp_path):
    pens = shared_folder("pen")
    result = run_quick(
        *(line_reading, tmp_path, "lines", "--models", readers, "--characters", "run"),
        *("--data", pens / "words.npz", pens / "characters.npz"),
        *("--language-model", PROJECT / "models" / "lines" / "language.npz"),
        *("--character-models", models),
    )["line_reading.json"]
    words = result["sets"]["words"]
    assert words["greedy"]["samples"] == 30 and words["greedy"]["cer"] > 0
    assert words["read_as"] == "en"
    assert 0 <= words["greedy"]["writers"]["median"] <= words["greedy"]["writers"]["worst_tenth"]
    assert set(words["grounds"]) == {"strokes", *GROUNDS}
    found = result["sets"]["characters"]["look_alikes"]
    assert found["all 62 classes"]["characters"] > 50
    assert 0 <= found["all 62 classes"]["alone"] <= 1
    assert Reader.load(readers / "lines.pt").content["hyperparameters"]["held_out"] == 0.1
