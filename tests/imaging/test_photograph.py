"""Image files of any kind are opened safely, upright, and no larger than necessary."""

import io
import os

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from handwriting.errors import HandwritingError
from handwriting.imaging.character import character_from_ink, open_character
from handwriting.imaging.ink import find_ink
from handwriting.imaging.photograph import open_picture, open_with_size
from handwriting.pages.photographs import open_photograph
from tests.imaging.crafted import claims, crafted_pictures, saved
from tests.support import PROJECT, ring

PICTURES = dict(crafted_pictures())


@pytest.mark.parametrize("name", PICTURES)
def test_any_file_is_opened_or_refused_in_a_sentence(name, recwarn):
    content = io.BytesIO(PICTURES[name])
    try:
        colours = open_photograph(content, name=name).colours
        open_character(content, name)
    except HandwritingError as error:
        sentence = str(error)
        assert sentence.startswith(name) and sentence.endswith(".") and "\n" not in sentence
    else:
        assert colours.dtype == np.uint8 and colours.shape[2] == 3
    assert not recwarn.list, "a warning would go to the server's log"


@pytest.mark.parametrize("name", [n for n in PICTURES if n.startswith("postscript")])
def test_no_file_starts_a_program(name, monkeypatch):
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", "gs")
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program is started"))
    with pytest.raises(HandwritingError, match="is not a readable image"):
        open_picture(io.BytesIO(PICTURES[name]), name)


def test_pictures_of_strangers_are_opened_at_one_place_and_those_of_an_archive_as_png():
    # The stages' and studies' own plots are opened by tests alone.
    files = [*PROJECT.glob("*.py"), *(PROJECT / "handwriting").rglob("*.py")]
    files += [*(PROJECT / "studies").glob("*.py"), *(PROJECT / "benchmarks").glob("*.py")]
    opening = [file.name for file in files if "Image.open(" in file.read_text(encoding="utf-8")]
    assert opening == ["parquet.py", "photograph.py"]
    parquet = (PROJECT / "handwriting" / "emnist" / "forms" / "parquet.py").read_text("utf-8")
    assert parquet.count("Image.open(") == parquet.count('formats=("PNG",)') == 1


def test_what_is_no_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    cases = {"x.png": "does not exist", ".": "is a folder", "pipe.png": "is not a file"}
    for name, words in cases.items():
        with pytest.raises(HandwritingError, match=words):
            open_picture(tmp_path / name)


OF_ANY_MODE = [
    *("16_bits.png", "16_bits_of_a_mac.tif", "12_bits.tif", "32_bits.tif", "fractions.tif"),
    *("1_bit.png", "fax.tif", "inks.jpg", "lightness.tif", "palette.png"),
    *("white_on_clear.png", "white_on_clear_grey.png"),
]


@pytest.mark.parametrize("name", OF_ANY_MODE)
def test_a_drawing_is_the_same_character_in_any_mode(name):
    plain = character_from_ink(ring(180, 120)).image
    read = open_character(io.BytesIO(PICTURES[name]), name).image
    assert np.abs(read.astype(int) - plain).mean() < 1


def test_blank_paper_of_16_bits_stays_blank():
    paper = 60_000 + np.random.default_rng(0).integers(-300, 300, (80, 90))
    assert not find_ink(Image.fromarray(paper.astype(np.uint16))).any()


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "P"])
def test_a_hair_survives_where_a_large_picture_is_made_smaller(mode):
    paper = np.full((2000, 2000), 255, dtype=np.uint8)
    paper[1001] = 0
    levels = paper.astype(np.uint16) * 257
    large = Image.fromarray(levels) if mode == "I;16" else Image.fromarray(paper).convert(mode)
    read = open_picture(io.BytesIO(saved(large)), "x", enough=400)
    assert (np.asarray(read.convert("L")).min(axis=0) < 220).all()


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("orientation_0.jpg", (300, 200)),
        ("orientation_6.jpg", (200, 300)),
        ("orientation_8.jpg", (200, 300)),
        ("orientation_9.jpg", (300, 200)),
        ("orientation_65535.jpg", (300, 200)),
        ("orientation_text.jpg", (300, 200)),
        ("orientation_text.webp", (300, 200)),
        ("broken_exif.jpg", (300, 200)),
        ("exif_cut_short.jpg", (300, 200)),
    ],
)
def test_the_size_is_that_of_the_picture_as_it_is_shown(name, size):
    picture, found = open_with_size(io.BytesIO(PICTURES[name]), name)
    assert picture.size == found == size


def test_a_turned_photograph_is_set_upright():
    drawing = Image.fromarray(255 - ring(180, 60))
    plain, turned = io.BytesIO(), io.BytesIO()
    drawing.save(plain, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing.rotate(90, expand=True).save(turned, "JPEG", quality=98, exif=exif)
    images = [open_character(f, "x").image for f in (plain, turned)]
    assert np.abs(images[0].astype(int) - images[1]).mean() < 3


def test_the_first_frame_of_an_animation_is_read(tmp_path):
    frames = [Image.fromarray(255 - ring(180, width)) for width in (60, 120)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    read = open_character(tmp_path / "x.gif").image
    assert np.abs(read.astype(int) - character_from_ink(ring(180, 60)).image).max() < 20


def test_a_jpeg_of_many_scans_is_refused_before_it_is_unpacked():
    with pytest.raises(HandwritingError, match="JPEG of 155 scans"):
        open_picture(io.BytesIO(PICTURES["many_scans.jpg"]), "x")


# Pillow itself refuses the larger one.
@pytest.mark.parametrize("side", [11_000, 20_000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path, side, recwarn):
    (tmp_path / "bomb.png").write_bytes(claims(side, side))
    with pytest.raises(HandwritingError, match=r"bomb\.png has .*pixels"):
        open_picture(tmp_path / "bomb.png")
    assert not recwarn.list, "a warning would go to the server's log"


def test_a_photograph_of_50_megapixels_is_read_as_its_small_self(tmp_path):
    small = Image.fromarray(255 - ring(180, 60))
    large = Image.new("L", (8200, 6150), 255)
    large.paste(small.resize((3000, 3000), Image.Resampling.BICUBIC), (2000, 1500))
    large.save(tmp_path / "large.jpg", quality=90)
    read = open_character(tmp_path / "large.jpg")
    plain = character_from_ink(255 - np.asarray(small)).image
    assert np.abs(read.image.astype(int) - plain).mean() < 3
    assert not read.is_multiple
