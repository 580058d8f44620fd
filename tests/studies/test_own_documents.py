"""Fine-tuning on one writer's lines, with an untrained model."""

import shutil

import numpy as np
import pytest
from PIL import Image

from handwriting.datasets.page_layouts import writer_of
from handwriting.datasets.text import left_out
from handwriting.errors import HandwritingError
from studies import own_documents
from tests.benchmarks.support import run_quick
from tests.support import shared_folder


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """One page of a held-out writer, and one of another."""
    folder = tmp_path_factory.mktemp("pages")
    files = sorted((shared_folder("scanned_pages") / "copiste").glob("*.xml"))
    is_left_out = left_out(np.array([writer_of(file.stem) for file in files]), 0.1)
    for number in (int(is_left_out.argmax()), int((~is_left_out).argmax())):
        for file in files[number].parent.glob(f"{files[number].stem}.*"):
            shutil.copy(file, folder)
    return folder


def test_a_quick_run_fine_tunes_on_the_lines_of_one_held_out_writer(readers, pages, tmp_path):
    result = run_quick(*(own_documents, tmp_path, "lines", "--models", readers, "--data", pages))[
        "own_documents.json"
    ]
    ((name, study),) = result["sets"].items()
    assert (name, study["language"], study["writers"]) == (pages.name, "en", 1)
    (figures,) = study["lines"].values()
    (writer,) = figures["writers"]
    assert writer["lines_read"] >= 6 and writer["before"] == figures["before"]
    assert {f"alpha {alpha}" for alpha in own_documents.ALPHAS} < set(figures)
    assert figures["seconds"] > 0


def test_rates_are_of_all_characters_together():
    rates = {f"alpha {alpha}": 0.0 for alpha in own_documents.ALPHAS}
    rows = [
        {"writer": 0, "characters": 10, "lines_read": 1, "before": 0.5, **rates},
        {"writer": 1, "characters": 30, "lines_read": 3, "before": 0.1, "former": 0.2, **rates},
    ]
    found = own_documents.together(rows)
    assert found["before"] == pytest.approx(0.2)
    assert (found["lines_read"], found["former"]) == (2, 0.2)


def test_images_with_a_table_are_lines_of_their_writers(tmp_path):
    draw = np.full((40, 200, 3), 255, np.uint8)
    draw[10:30, 20:180:10] = 0
    names = [f"w{k}" for k in range(20)]
    is_left_out = left_out(np.array(names), 0.3)
    Image.fromarray(draw).save(tmp_path / "a.png")
    rows = ["file,text,writer", *(f"a.png,text {k},w{k}" for k in range(20))]
    (tmp_path / "text.csv").write_text("\n".join(rows) + "\n", "utf-8")
    writers = own_documents.held_out_writers(tmp_path, 0.3)
    assert sorted(w.name for w in writers) == sorted(np.array(names)[is_left_out].tolist())
    assert [len(each) for each in writers[0].others(0)] == [1, 1]


def test_a_folder_without_a_held_out_writer_is_refused(pages):
    with pytest.raises(HandwritingError, match="has no held-out writer"):
        own_documents.held_out_writers(pages, 0.0)
