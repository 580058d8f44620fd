"""Effect of writer adaptation, on synthetic writers."""

from dataclasses import replace

import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.labels import NUM_CLASSES, class_index
from handwriting.recognition.shapes import Shapes
from handwriting.recognition.sizes import load_sizes
from studies import taught_hand
from studies.taught_hand import (
    Known,
    Writer,
    few,
    figures,
    height,
    height_and_place,
    lines_of,
    measure,
    misnamed,
    one_each,
    untaught,
)
from tests.benchmarks.support import committed, run_quick
from tests.support import PROJECT, pens_of, shared_folder


def writer_who_confuses(first: str, second: str) -> Writer:
    """Three samples of each character; the network takes one for another, in this writer's way."""
    labels = np.repeat(np.arange(NUM_CLASSES), 3)
    noise = np.random.default_rng(0).normal(0, 0.3, (len(labels), NUM_CLASSES))
    logits = 10.0 * np.eye(NUM_CLASSES)[labels] + noise
    confused = labels == class_index(first)
    logits[np.ix_(confused, [class_index(c) for c in (first, second)])] = 9.5, 10
    features = logits + noise
    bboxes = np.tile((0.0, 0.0, 50.0, 100.0), (len(labels), 1))
    images = np.zeros((len(labels), 28, 28), dtype=np.uint8)
    log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return Writer("w", "aga", images, bboxes, labels, log_probs, features)


@pytest.fixture(scope="module")
def known() -> Known:
    shapes = Shapes("", np.eye(NUM_CLASSES), 10 * np.eye(NUM_CLASSES), between=1)
    return Known(shapes, load_sizes(PROJECT / "models" / "sizes.json"))


def test_a_confusion_that_is_the_writers_own_is_taught_away(known):
    found = measure([writer_who_confuses("a", "o")], one_each, known, draws=2)
    assert found[0, :, 0, 0] == pytest.approx(1 / NUM_CLASSES)
    assert not found[0, :, 1].any()
    assert figures(found)["62_classes"]["mistakes_removed"] == 1


def test_case_alone_is_no_mistake_without_case(known):
    found = measure([writer_who_confuses("c", "C")], one_each, known, draws=1)
    assert found[0, 0, 0].tolist() == pytest.approx([1 / NUM_CLASSES, 0])


@pytest.mark.parametrize("lesson", [one_each, few, misnamed, untaught])
def test_no_sample_is_both_taught_and_read(lesson):
    writer = writer_who_confuses("a", "o")
    taught, names, rest = lesson(writer, np.random.default_rng(0))
    assert not set(taught) & set(rest) and len(taught) == len(names) and len(rest)
    if lesson is untaught:
        assert not set(names) & set(writer.labels[rest])
    right = (writer.labels[taught] == names).mean()
    assert right == pytest.approx(0.9, abs=0.01) if lesson is misnamed else right == 1


def test_lines_are_those_of_the_taught_capitals_and_digits():
    writer = writer_who_confuses("a", "o")
    lines = lines_of(writer, np.arange(30))
    assert (lines.baseline, lines.capital) == (100, 0)
    assert lines_of(writer, np.flatnonzero(writer.labels == class_index("a"))) is None


def test_heights_are_known_without_places(known):
    writer = writer_who_confuses("a", "o")
    writer.bboxes[:, [1, 3]] += 10 * np.arange(len(writer.labels))[:, None]
    taught = np.arange(30)
    assert height(writer, taught) == pytest.approx(0)
    assert np.ptp(height_and_place(writer, taught)[:, 1]) > 1
    assert height(writer, np.flatnonzero(writer.labels == class_index("a"))) is None
    # A place says nothing any more; a height does.
    model = known.by_height().sizes.ruled
    gap = model.log_likelihood(np.array([[0.0, 0.0], [-0.5, 0.0]])) @ (
        np.eye(NUM_CLASSES)[class_index("S")] - np.eye(NUM_CLASSES)[class_index("s")]
    )
    assert gap[0] > 0 > gap[1]


def test_a_writer_of_all_kinds_wrote_digits_capitals_and_small_letters():
    writer = writer_who_confuses("a", "o")
    assert writer.has_all_kinds
    letters = writer.labels >= class_index("A")
    assert not replace(writer, labels=writer.labels[letters]).has_all_kinds


def test_writers_who_wrote_all_but_once_are_refused(models, tmp_path):
    pens = tmp_path / "pens.npz"
    np.savez(pens, **{k: v for k, v in vars(pens_of("aga")).items() if v is not None})
    parser = taught_hand.get_args_parser()
    with pytest.raises(HandwritingError, match="held out no writer"):
        taught_hand.main(parser.parse_args(["run", str(pens), "--models", str(models)]))


@pytest.mark.slow
def test_the_study_runs_and_its_committed_figures_keep_the_promise(known, tmp_path):
    kept = committed("studies/taught_hand.json")
    pens = shared_folder("pen") / "characters.npz"
    sizes = {"load_sizes": lambda: known.sizes}
    results = run_quick(taught_hand, tmp_path, PROJECT / kept["run"], pens, then=sizes)
    (found,) = results.values()
    assert set(found["left_out"]) == set(kept["left_out"])
    assert kept["left_out"]["shape_and_size"]["62_classes"]["mistakes_removed"] >= 0.25
