"""Fine-tuning on one writer's lines, with an untrained model."""

import shutil

import numpy as np
import pytest

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
    (figures,) = result["lines"].values()
    assert len(figures["writers"]) == 1
    assert figures["writers"][0]["lines_read"] >= 6
    assert {f"alpha {alpha}" for alpha in own_documents.ALPHAS} < set(figures)
    assert figures["seconds"] > 0


def test_a_folder_without_a_held_out_writer_is_refused(pages):
    with pytest.raises(HandwritingError, match="no held-out writer"):
        own_documents.held_out_writers([pages], 0.0, 1)
