"""Pen archives are checked, and their strokes are rendered as in the web app."""

import json
from pathlib import Path

import numpy as np
import pytest

import model_evaluation
from handwriting.datasets import pen
from handwriting.datasets.external import load_external, load_extra
from handwriting.datasets.pen import draw_samples, load_pen
from handwriting.errors import HandwritingError
from handwriting.imaging.character import character_from_strokes
from tests.support import random_weights, shared_folder

Strokes = list[np.ndarray]

L_SHAPE = [np.array([[10, 0], [10, 50], [12, 100], [60, 100]])]
T_SHAPE = [np.array([[0, 0], [80, 2]]), np.array([[40, 0], [38, 90]])]


def arrays(samples: list[tuple[str, Strokes]]) -> dict[str, np.ndarray]:
    """What a pen archive of these samples holds."""
    strokes = [stroke.astype(np.int64) for _, drawn in samples for stroke in drawn]
    steps = [np.diff(stroke, axis=0) for stroke in strokes]
    count = len(samples)
    return {
        "origin": np.array([stroke[0] for stroke in strokes], np.int32).reshape(-1, 2),
        "step": np.concatenate([*steps, np.empty((0, 2), int)]).astype(np.int32),
        "stroke_start": np.cumsum([0, *map(len, strokes)]).astype(np.int32),
        "sample_start": np.cumsum([0, *(len(drawn) for _, drawn in samples)]).astype(np.int32),
        "text": np.array([text for text, _ in samples]),
        "writer": np.array([f"w{k % 2}" for k in range(count)]),
        "provider": np.array(["abc"] * count),
    }


@pytest.fixture
def write(tmp_path):
    """Write an archive of samples, with some arrays replaced."""

    def file(samples: list[tuple[str, Strokes]], **replaced: np.ndarray) -> Path:
        np.savez(tmp_path / "pen.npz", **arrays(samples) | replaced)
        return tmp_path / "pen.npz"

    return file


def test_strokes_come_as_they_were_written(write):
    archive = load_pen(write([("L", L_SHAPE), ("T", T_SHAPE)]))
    assert len(archive) == 2
    for sample, shape in enumerate((L_SHAPE, T_SHAPE)):
        found = archive.strokes(sample)
        assert len(found) == len(shape)
        for stroke, drawn in zip(found, shape, strict=True):
            np.testing.assert_array_equal(stroke, drawn)


def test_the_images_are_those_that_the_page_draws(write):
    data = load_external(write([("L", L_SHAPE), ("T", T_SHAPE)]))
    assert data.labels.tolist() == [21, 29] and data.writers.tolist() == ["w0", "w1"]
    for image, bbox, shape in zip(data.images, data.bboxes, (L_SHAPE, T_SHAPE), strict=True):
        drawn = character_from_strokes([stroke.astype(float) for stroke in shape])
        np.testing.assert_array_equal(image, drawn.image)
        assert tuple(bbox) == drawn.bbox


@pytest.mark.parametrize("seed", [None, 3], ids=["as written", "anew"])
def test_several_processes_draw_the_same_images_as_one(write, monkeypatch, seed):
    archive = load_pen(write([("L", L_SHAPE), ("T", T_SHAPE)] * 4))
    alone = draw_samples(archive, range(8), seed)
    monkeypatch.setattr(pen, "_AT_A_TIME", 3)
    for one, other in zip(draw_samples(archive, range(8), seed), alone, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_a_pen_archive_is_mixed_in_as_a_folder_is(write):
    path = write([("L", L_SHAPE), ("T", T_SHAPE)] * 2)
    extra, _ = load_extra([str(path)], 0.25)
    assert len(extra.data) == 4 and extra.fraction == 0.25


def test_sets_are_drawn_as_often_as_their_weights_say(write):
    path = str(write([("L", L_SHAPE), ("T", T_SHAPE)]))
    extra, _ = load_extra([path, path], 0.25, weights=(3, 1))
    assert extra.chances.numpy().tolist() == pytest.approx([0.375, 0.375, 0.125, 0.125])


def test_variants_are_drawn_of_the_writers_that_are_trained_on_alone(write):
    path = write([("L", L_SHAPE), ("T", T_SHAPE)] * 2)
    extra, measured = load_extra([str(path)], 0.25, variants=2, held_out=0.5)
    (plain,) = {image.numpy().tobytes() for image in measured.images}
    assert len(extra.data) == 6 and len(measured) == 2
    images = [image.numpy().tobytes() for image in extra.data.images]
    assert plain not in images and len(set(images)) == 5, "one image twice, and four changed ones"


def test_a_part_of_a_set_knows_which_images_are_changed(write):
    data = load_external(write([("L", L_SHAPE), ("T", T_SHAPE), ("L", L_SHAPE)]), variants=2)
    part = data.part(data.writers == "w0")
    assert part.is_variant.tolist() == [False] * 2 + [True] * 4
    assert len(part.part(~part.is_variant)) == 2


def test_odd_strokes_are_read(write):
    path = write([("i", [np.array([[5, 5]])]), ("w", [np.tile(L_SHAPE[0], (25_000, 1))])])
    assert (load_external(path).images.amax(dim=(1, 2)) == 255).all()
    limit = np.iinfo(np.int32)
    wide = np.array([[limit.min, 0], [-1, 40], [limit.max - 1, 0]])
    (box,) = load_external(write([("v", [wide])])).bboxes
    assert tuple(box[[0, 2]]) == (limit.min, limit.max - 1)


def test_samples_that_are_no_character_are_left_out_and_counted(write, capsys):
    samples = [("L", L_SHAPE), ("ab", T_SHAPE), ("T", []), ("!", T_SHAPE), ("T", T_SHAPE)]
    data = load_external(write(samples))
    assert data.labels.tolist() == [21, 29]
    assert "3 of 5 samples skipped" in capsys.readouterr().out


def test_words_instead_of_characters_are_said(write):
    with pytest.raises(HandwritingError, match=r"no single character.*'hello'"):
        load_external(write([("hello", L_SHAPE)]))


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"step": np.zeros((4, 3), np.int32)}, r"step is int32 \(4, 3\)"),
        ({"origin": np.zeros((3, 2))}, "origin is float64"),
        ({"stroke_start": np.array([0, 4, 3, 8], np.int32)}, "stroke_start does not ascend"),
        ({"stroke_start": np.array([0, 4, 6, 9], np.int32)}, "stroke_start does not ascend"),
        ({"sample_start": np.array([0, 3, 1], np.int32)}, "sample_start does not ascend"),
        ({"sample_start": np.array([0, 1], np.int32)}, "sample_start is int32"),
        ({"text": np.array(["L", "ä"])}, "not printable ASCII"),
        ({"stroke_start": np.array([0, 4, 3, 8], np.uint64)}, "stroke_start does not ascend"),
        ({"text": np.array(["L"])}, "writer is"),
        ({"text": np.array("L")}, r"text is <U1 \(\)"),
        ({"origin": np.zeros((3, 2), "m8[s]")}, "origin is timedelta64"),
        ({"writer": np.array([1, 2])}, "writer is int64"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_named(write, replaced, words):
    with pytest.raises(HandwritingError, match=words):
        load_external(write([("L", L_SHAPE), ("T", T_SHAPE)], **replaced))


def test_an_archive_without_a_sample_is_refused(write):
    with pytest.raises(HandwritingError, match="holds no sample"):
        load_external(write([], text=np.empty(0, "U1"), writer=np.empty(0, "U1"),
                            provider=np.empty(0, "U1")))  # fmt: skip


def test_a_file_that_is_cut_short_is_refused(write):
    path = write([("L", L_SHAPE), ("T", T_SHAPE)])
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(HandwritingError, match=r"pen\.npz is not"):
        load_external(path)


def test_a_zip_of_another_make_is_refused(write):
    path = write([("L", L_SHAPE), ("T", T_SHAPE)])
    content = bytearray(path.read_bytes())
    # The version that is needed to read the first file, in the list at the end.
    content[content.index(b"PK\1\2") + 6] = 185
    path.write_bytes(content)
    with pytest.raises(HandwritingError, match=r"pen\.npz is not"):
        load_pen(path)
    with pytest.raises(HandwritingError, match=r"pen\.npz is not"):
        load_external(path)


@pytest.mark.usefixtures("no_plots")
def test_stage_4_tells_the_accuracy_within_each_kind(write, tmp_path, capsys):
    random_weights(tmp_path / "models", "run", "compactcnn")
    path = write([("L", L_SHAPE), ("T", T_SHAPE), ("l", L_SHAPE)])
    arguments = ["run", "--data", str(path), "--json", "--models", str(tmp_path / "models")]
    arguments += ["--metrics", str(tmp_path / "metrics"), "--device", "cpu"]
    model_evaluation.run_command(model_evaluation.get_args_parser().parse_args(arguments))
    figures = json.loads(capsys.readouterr().out)
    assert figures["prior"] == "equal" and figures["images"] == 3
    assert set(figures["accuracy_within"]) == {"digits", "capitals", "small"}
    assert figures["accuracy_within"]["digits"] is None
    with pytest.raises(HandwritingError, match="--size needs images"):
        model_evaluation.run_command(
            model_evaluation.get_args_parser().parse_args([*arguments, "--size"])
        )


def test_the_real_archive_is_sound():
    archive = load_pen(shared_folder("pen") / "characters.npz")
    assert len(archive) == len(archive.characters()) > 80_000
    widths = [np.ptp(np.concatenate(archive.strokes(k)), axis=0).max() for k in range(0, 9000, 90)]
    assert np.median(widths) > 0
