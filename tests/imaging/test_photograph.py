"""Picture files of any kind are opened safely, upright, and no larger than they need be."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.imaging.character import character_from_ink, open_character
from handwriting.imaging.contrast import colours_of
from handwriting.imaging.photograph import open_picture, size_of_picture
from tests.support import ring


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(HandwritingError, match=r"x\.png is not a picture"):
        open_picture(tmp_path / "x.png")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(HandwritingError, match=r"x\.png does not exist"):
        open_picture(tmp_path / "x.png")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("one pixel", lambda: Image.new("L", (1, 1), 0)),
        ("all black", lambda: Image.new("RGB", (300, 300))),
        ("palette", lambda: Image.fromarray(ring(180, 120)).convert("P")),
        ("one bit", lambda: Image.fromarray(ring(180, 120)).convert("1")),
        ("16 bit", lambda: Image.fromarray(ring(180, 120).astype(np.uint16) * 257)),
    ],
)
def test_odd_pictures_do_not_fail(name, make):
    file = io.BytesIO()
    make().save(file, "PNG")
    character = open_character(file, name)
    assert (character.bbox is None) == (name in ("one pixel", "all black"))


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


def claims(width: int, height: int) -> bytes:
    """A PNG whose header promises so many pixels."""
    file = io.BytesIO()
    Image.new("1", (1, 1)).save(file, "PNG")
    start, header, rest = file.getvalue()[:12], b"IHDR", file.getvalue()[33:]
    header += struct.pack(">2I", width, height) + file.getvalue()[24:29]
    return start + header + struct.pack(">I", zlib.crc32(header)) + rest


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


def test_a_damaged_avif_and_colours_that_cannot_be_read_are_said():
    damaged, lab = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (40, 30)).save(damaged, "AVIF")
    damaged = io.BytesIO(damaged.getvalue().replace(b"av01", b"av00"))
    Image.new("LAB", (40, 30)).save(lab, "TIFF")
    for content, words in ((damaged, "is not a picture"), (lab, "Lab; save it in RGB")):
        with pytest.raises(HandwritingError, match=words):
            open_character(content, "x")


def test_a_picture_whose_exif_is_damaged_is_opened_as_it_lies():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(file, "JPEG", exif=exif)
    damaged = io.BytesIO(file.getvalue().replace(b"MM\x00*", b"MM\xd7*"))
    assert colours_of(open_picture(damaged, "x.jpg")).shape == (20, 40, 3)
    assert size_of_picture(damaged) == (40, 20)
