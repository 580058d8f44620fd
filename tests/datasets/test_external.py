"""External labelled images are read unchanged, or rejected with the fault and its place."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from handwriting.datasets.external import (
    ExternalSet,
    draw_chances,
    held_out_hands,
    load_external,
    load_extra,
    mixed,
)
from handwriting.errors import HandwritingError
from handwriting.imaging.character import character_from_ink
from handwriting.labels import class_index
from tests.support import picture_folder, ring


def test_an_npz_comes_as_it_is(tmp_path, drawn):
    np.savez(tmp_path / "some.npz", x=drawn[0][:20], y=drawn[1][:20].astype(np.int64))
    data = load_external(tmp_path / "some.npz")
    assert (data.images.numpy() == drawn[0][:20]).all()
    assert data.labels.tolist() == drawn[1][:20].tolist()
    assert data.images.dtype == data.labels.dtype == torch.uint8
    assert data.bboxes is None and data.heights is None and data.writers is None


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((2, 28, 28))}, "not an .npz with the arrays x, y"),
        ({"x": np.zeros((2, 28, 28)), "y": np.zeros(2, int)}, "must be uint8"),
        ({"x": np.zeros((2, 27, 28), np.uint8), "y": np.zeros(2, int)}, "must be uint8"),
        ({"x": np.zeros((2, 28, 28), np.uint8), "y": np.zeros(3, int)}, "must be integers"),
        ({"x": np.zeros((2, 28, 28), np.uint8), "y": np.zeros(2)}, "must be integers"),
        ({"x": np.zeros((2, 28, 28), np.uint8), "y": np.array([0, 62])}, r"y\[1\] is 62"),
        ({"x": np.zeros((2, 28, 28), np.uint8), "y": np.array([-1, 6])}, r"y\[0\] is -1"),
        ({"x": np.zeros((0, 28, 28), np.uint8), "y": np.zeros(0, int)}, "no image"),
    ],
)
def test_an_npz_that_does_not_fit_is_described(tmp_path, arrays, words):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(HandwritingError, match=words):
        load_external(tmp_path / "bad.npz")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_npz_is_refused(tmp_path, content):
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(HandwritingError, match=r"bad\.npz is not an \.npz"):
        load_external(tmp_path / "bad.npz")


def test_pickled_objects_are_never_unpacked(tmp_path):
    np.savez(tmp_path / "bad.npz", x=np.array([object()]), y=np.zeros(1, int))
    with pytest.raises(HandwritingError, match=r"bad\.npz is not an \.npz"):
        load_external(tmp_path / "bad.npz")


def test_what_does_not_exist_is_named(tmp_path):
    with pytest.raises(HandwritingError, match="nothing does not exist"):
        load_external(tmp_path / "nothing")


def test_a_folder_gives_images_labels_places_and_writers(tmp_path):
    folder = picture_folder(
        tmp_path / "p", [("a.png", "a", "anna"), ("b.png", "B", "bert")], columns="writer"
    )
    Image.new("L", (60, 80), 255).save(folder / "b.png")
    data = load_external(folder)
    assert data.labels.tolist() == [class_index("a"), class_index("B")]
    assert (data.images[0].numpy() == character_from_ink(ring(180, 120)).image).all()
    assert not data.images[1].any() and data.images.dtype == torch.uint8
    left, top, right, bottom = data.bboxes[0]
    assert 20 <= left < right <= 140 and 10 <= top < bottom <= 190
    assert not data.bboxes[1].any()
    assert data.heights.tolist() == [300, 80]
    assert data.writers.tolist() == ["anna", "bert"]
    assert data.files == [folder / "a.png", folder / "b.png"]


def test_a_table_with_a_byte_order_mark_is_read(tmp_path):
    folder = picture_folder(tmp_path / "p", [("a.png", "a")])
    table = folder / "labels.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    assert len(load_external(folder)) == 1


def test_a_character_that_is_none_of_the_62_is_named(tmp_path):
    folder = picture_folder(tmp_path / "p", [("a.png", "ä")])
    with pytest.raises(HandwritingError, match=r"line 2.*'ä'"):
        load_external(folder)


def test_a_picture_that_is_missing_is_named(tmp_path):
    folder = picture_folder(tmp_path / "p", [("a.png", "a")])
    (folder / "a.png").unlink()
    with pytest.raises(HandwritingError, match=r"a\.png does not exist"):
        load_external(folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"", "at least one row"),
        (b"file,character\n", "at least one row"),
        (b"name,letter\na.png,a\n", "columns file and character"),
        (b"file,character\na.png,a\n,b\n", "line 3 names no file"),
        (b"file,character\na.png\n", "line 2: '' is none of"),
        (b"\xff\xfe\x00", "not a CSV file in UTF-8"),
    ],
)
def test_a_table_that_does_not_fit_is_described(tmp_path, content, words):
    folder = picture_folder(tmp_path / "p", [("a.png", "a")])
    (folder / "labels.csv").unlink()
    if content is not None:
        (folder / "labels.csv").write_bytes(content)
    with pytest.raises(HandwritingError, match=rf"labels\.csv.*{words}"):
        load_external(folder)


@pytest.mark.parametrize(
    "file",
    [
        *("../x.png", "/etc/x.png", "a/../../x.png", "a/b/../../../x.png", ".."),
        *(r"..\x.png", r"a\..\..\x.png", r"\x.png", "./../x.png"),
    ],
)
def test_a_file_outside_its_folder_is_refused_with_the_line(tmp_path, file):
    Image.fromarray(255 - ring(180, 120)).save(tmp_path / "x.png")
    folder = picture_folder(tmp_path / "p", [("a.png", "a"), (file, "b")])
    with pytest.raises(HandwritingError, match=r"labels\.csv, line 3: .* lies outside"):
        load_external(folder)


@pytest.mark.parametrize(
    "file",
    ["deep/down/a.png", "..a.png", "a..png", "...png", "deep/../a.png", "./a.png", "ä b.png"],
)
def test_names_inside_the_folder_are_read(tmp_path: Path, file):
    folder = picture_folder(tmp_path / "p", [(file, "a")])
    assert load_external(folder).images.any()


def test_several_sets_become_one(tmp_path):
    first = picture_folder(tmp_path / "first", [("a.png", "a"), ("b.png", "B")])
    second = picture_folder(tmp_path / "second", [("c.png", "c")])
    extra, held_out = load_extra([str(first), str(second)], fraction=0.25)
    assert held_out is None
    assert extra.data.labels.tolist() == [class_index(c) for c in "aBc"]
    assert extra.data.images.shape == (3, 28, 28) and extra.beside(30) == 10
    assert len(mixed([load_external(first)] * 2, 0.3).data) == 4
    assert load_extra([], fraction=0.25) == (None, None)


def made_up(labels: list[int], writers: list[str] | None = None) -> ExternalSet:
    images = torch.zeros(len(labels), 28, 28, dtype=torch.uint8)
    names = None if writers is None else np.array(writers)
    return ExternalSet(images, torch.tensor(labels, dtype=torch.uint8), writers=names)


def test_all_characters_of_a_set_are_drawn_equally_often():
    labels = [3] * 50 + [7] * 2 + [61]
    chances = draw_chances(made_up(labels))
    for label in (3, 7, 61):
        assert chances[np.array(labels) == label].sum() == pytest.approx(1 / 3)


def test_writers_are_drawn_by_the_square_root_of_what_they_wrote():
    chances = draw_chances(made_up([5] * 20, ["much"] * 16 + ["little"] * 4))
    assert chances[:16].sum() / chances[16:].sum() == pytest.approx(2)


def test_sets_are_drawn_by_the_square_root_of_their_sizes():
    extra = mixed([made_up([1, 2] * 50), made_up([3] * 25)], fraction=0.5)
    assert extra.chances.sum().item() == pytest.approx(1)
    assert extra.chances[:100].sum().item() == pytest.approx(2 / 3)


def test_hands_that_are_left_out_are_those_of_whole_writers(tmp_path):
    rows = [(f"{writer}{k}.png", "aB1"[k], writer) for writer in "pqrst" for k in range(3)]
    folder = picture_folder(tmp_path / "p", rows, columns="writer")
    hands = load_external(folder).hands
    left_out = held_out_hands(hands, 0.4)
    assert len(set(hands[left_out])) == 2 and not set(hands[left_out]) & set(hands[~left_out])
    extra, measured = load_extra([str(folder)], 0.25, held_out=0.4)
    assert len(measured) == 6 and len(extra.data) == 9
    assert (held_out_hands(hands, 0.4) == left_out).all(), "always the same ones"


def test_a_set_whose_writers_are_all_left_out_is_refused(tmp_path):
    folder = picture_folder(tmp_path / "pictures", [("a.png", "a", "w"), ("b.png", "b", "v")],
                            columns="writer")  # fmt: skip
    with pytest.raises(HandwritingError, match="no writer is left for training"):
        load_extra([str(folder)], fraction=0.3, held_out=0.9)
    _, held_out = load_extra([str(folder)], fraction=0.3, held_out=0.1)
    assert held_out is None, "a tenth of two writers is none"
