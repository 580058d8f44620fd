"""The Python API: the code of docs/api.md runs, and errors are one sentence each."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

import handwriting
import hubconf
from handwriting.errors import HandwritingError
from handwriting.imaging.character import character_from_ink
from handwriting.imaging.ink import find_ink
from handwriting.imaging.photograph import open_picture
from handwriting.imaging.sources import as_source
from handwriting.labels import CLASSES
from handwriting.lines.decoding import likeliest_texts
from handwriting.lines.options import DECODERS
from handwriting.recognition.recognizer import PRIORS
from handwriting.synthesis.examples import photograph_of_example
from models import MODELS
from tests.support import PROJECT, random_reader, random_weights, ring, run_program

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_code_in_the_documentation_runs(tmp_path, monkeypatch):
    blocks = BLOCK.findall((PROJECT / "docs" / "api.md").read_text(encoding="utf-8"))
    assert len(blocks) >= 6
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/api.md", "exec"), names)


def test_importing_it_loads_nothing_heavy():
    program = "import sys, handwriting; print(*sys.modules); print(*dir(handwriting))"
    loaded, names = run_program(program).splitlines()
    assert not {"torch", "numpy", "PIL", "cv2", "handwriting.labels"} & set(loaded.split())
    assert set(handwriting.__all__) <= set(names.split())


def test_every_name_is_there_and_others_are_not():
    for name in handwriting.__all__:
        assert getattr(handwriting, name).__doc__
    with pytest.raises(AttributeError, match="'handwriting' has no attribute 'Reader'"):
        _ = handwriting.Reader


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> handwriting.CharacterModel:
    return handwriting.CharacterModel.load(random_weights(tmp_path_factory.mktemp("m"), "weights"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> handwriting.TextReader:
    return handwriting.TextReader.load(random_reader(tmp_path_factory.mktemp("r"), "reader"))


def test_an_image_is_read_alike_in_any_form(model, tmp_path):
    grey = 255 - ring(180, 120)
    picture, path, file = Image.fromarray(grey), tmp_path / "ring.png", io.BytesIO()
    picture.save(path)
    picture.save(file, "PNG")
    forms = [path, str(path), file, picture, grey, np.stack([grey] * 3, axis=2), grey > 127]
    forms += [picture.convert(mode) for mode in ("1", "P", "RGBA", "CMYK", "I", "F", "HSV")]
    images = [model.read(form).image for form in forms]
    assert all(np.abs(image.astype(int) - images[0]).max() <= 2 for image in images)


def test_an_open_image_is_turned_by_its_exif(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 20)).save(tmp_path / "x.jpg", exif=exif)
    with Image.open(tmp_path / "x.jpg") as picture:
        source, _ = as_source(picture)
    same = open_picture(source), open_picture(tmp_path / "x.jpg")
    assert same[0].size == same[1].size
    assert same[0].getexif().get(0x0112) == same[1].getexif().get(0x0112)


def test_a_prediction_is_ranked_and_its_characters_can_be_limited(model):
    found = model.read(255 - ring(180, 120))
    probabilities = [p for _, p in found.alternatives]
    assert probabilities == sorted(probabilities, reverse=True) and len(probabilities) == 5
    assert (found.character, found.confidence) == found.alternatives[0]
    few = model.read(255 - ring(180, 120), characters="7aQ")
    assert {c for c, _ in few.alternatives} == set("7aQ")
    assert sum(p for _, p in few.alternatives) == pytest.approx(1)


def test_without_ink_there_is_no_character(model):
    for found in (model.read(np.full((50, 50), 255, np.uint8)), model.read_strokes([])):
        assert (found.character, found.confidence, found.alternatives) == ("", 0.0, [])
        assert found.box is None and not found.is_multiple


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, _: m.read(np.zeros((3, 4))), r"array float64 \(3, 4\) is not an image"),
        (lambda m, _: m.read(np.zeros((0, 4), np.uint8)), "is not an image"),
        (lambda m, _: m.read(7), "int is not an image"),
        (lambda m, _: m.read("missing.png"), "missing.png does not exist"),
        (lambda m, _: m.read(io.BytesIO(b"no image")), "the file is not a readable image"),
        (lambda m, _: m.read(ring(9, 9), characters="ä"), "'ä' is not a set of characters"),
        (lambda m, _: m.read(ring(9, 9), characters=""), "'' is not a set of characters"),
        (lambda m, _: m.read(ring(9, 9), prior="none"), "'none' is not a prior"),
        (lambda m, _: m.read_strokes([np.zeros(3)]), r"stroke 1 of 1 is \(3,\)"),
        (lambda m, _: m.read_strokes([[[0, np.inf]]]), "give finite x, y"),
        (lambda m, _: m.read_strokes([[["a", "b"]]]), "strokes must be numbers"),
        (lambda _, r: r.read(ring(9, 9), layout="book"), "'book' is not a layout"),
        (lambda _, r: r.read(ring(9, 9), decoder="fast"), "'fast' is not a decoder"),
        (lambda _, r: r.read(ring(9, 9), language="xy"), "'xy' is not a language"),
        (lambda _, r: r.read(ring(9, 9), decoder=handwriting.Pattern("é")), "'é' cannot be read"),
        (lambda *_: handwriting.CharacterModel.load("no such"), r"no such\.pt does not exist"),
        (lambda *_: handwriting.TextReader.load("no such"), r"no such\.pt does not exist"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(model, reader, call, words):
    with pytest.raises(HandwritingError, match=words):
        call(model, reader)


@pytest.mark.parametrize(
    ("decoder", "language"), [*((name, "en") for name in DECODERS), ("greedy", "any")]
)
def test_the_shipped_reader_takes_each_decoder(decoder, language, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = handwriting.TextReader.load()
    line = photograph_of_example("A line")
    page = shipped.read(line, layout="line", decoder=decoder, language=language)
    assert page.text == "white chalk on a blackboard"


def test_alternatives_are_the_likeliest_texts_after_the_one_that_was_read():
    ranked = [[("c", 0.4), ("e", 0.5)], [("t", 0.9), ("l", 0.1)]]
    found = likeliest_texts(ranked, most=3)
    assert [text for text, _ in found] == ["ct", "et", "el"]
    assert [p for _, p in found] == pytest.approx([0.36, 0.45, 0.05])
    assert likeliest_texts([]) == [("", 1.0)]


@pytest.mark.parametrize("name", MODELS)
def test_the_hub_gives_pretrained_networks(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = torch.hub.load(PROJECT, name, source="local")
    ink = find_ink(Image.fromarray(photograph_of_example("A character")))
    image = torch.from_numpy(character_from_ink(ink).image)
    with torch.inference_mode():
        logits = network(image.expand(2, 1, 28, 28).float() / 255)
    assert logits.shape == (2, len(CLASSES)) and not network.training
    assert CLASSES[int(logits[0].argmax())] == "R"


def test_the_hub_gives_other_heads_and_random_weights():
    images = torch.zeros(2, 1, 28, 28)
    for_emnist, for_others = (hubconf.compactcnn(prior=prior)(images) for prior in PRIORS)
    assert not torch.equal(for_emnist, for_others)
    assert hubconf.compactcnn(pretrained=False)(images).shape == (2, 62)


def test_a_document_is_read_page_by_page_and_never_in_part(reader, tmp_path):
    page = Image.fromarray(photograph_of_example("A number"))
    page.save(tmp_path / "scan.pdf", save_all=True, append_images=[page.rotate(180)])
    path = str(tmp_path / "scan.pdf")
    assert handwriting.count_pages(path) == 2
    with pytest.raises(HandwritingError, match=r"scan\.pdf has 2 pages\. Read them with"):
        reader.read(path)
    assert [found.number for found in reader.read_pages(path)] == [1, 2]
    assert reader.read(io.BytesIO((tmp_path / "scan.pdf").read_bytes()), page=2).number == 2
    assert reader.read(page, page=1).number is None
    with pytest.raises(HandwritingError, match="page 3 is not a readable page"):
        reader.read(path, page=3)
