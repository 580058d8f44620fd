"""More than sixty images crafted to cause faults, each as a file's name and content.

No file is large. ``large=True`` gives images whose cost depends on the area at the most costly
size.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin, TiffTags

from tests.support import ring

_ORIENTATION = 0x0112
_POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n{} loop\n"


def crafted_pictures(large: bool = False) -> Iterator[tuple[str, bytes]]:
    """Names, each with the extension that a person would see, and contents."""
    for pictures in (_no_pictures(), _damaged(), _modes(), _exif(), _shapes(), _costly(large)):
        for name, content in pictures.items():
            yield name if "." in name else f"{name}.png", content


def saved(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """A picture as a file's content."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def drawing(side: int = 300) -> Image.Image:
    """A ring on white paper, L."""
    return Image.fromarray(255 - ring(180, 120)).resize((side, side))


def claims(width: int, height: int) -> bytes:
    """A PNG whose header promises so many pixels."""
    plain = saved(Image.new("1", (1, 1)))
    size = struct.pack(">2I", width, height)
    return plain[:8] + _chunk(b"IHDR", size + plain[24:29]) + plain[33:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def with_orientation(*values: int | bytes, form: str = "JPEG") -> bytes:
    """A drawing that is wider than high, with this, numbers or a text, for its orientation."""
    text = b"".join(v if isinstance(v, bytes) else struct.pack(">H", v) for v in values)
    is_text = isinstance(values[0], bytes)
    count = len(text) if is_text else len(values)
    entry = struct.pack(">HHHI4s", 1, _ORIENTATION, 2 if is_text else 3, count, text)
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + entry + bytes(4)
    return saved(drawing().crop((0, 0, 300, 200)), form, exif=exif)


def _no_pictures() -> dict[str, bytes]:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    return {
        "empty": b"",
        "text": b"hello",
        "zeros": bytes(100_000),
        "postscript": _POSTSCRIPT,
        "postscript.eps": _POSTSCRIPT,
        "postscript_dos": struct.pack("<I6I", 0xC6D3D0C5, 32, len(_POSTSCRIPT), 0, 0, 0, 0)
        + bytes(4)
        + _POSTSCRIPT,
        "windows_metafile": b"\xd7\xcd\xc6\x9a" + bytes(18) + b"\x01\x00\t\x00" + bytes(60),
        "enhanced_metafile": b"\x01\x00\x00\x00" + bytes(36) + b" EMF" + bytes(60),
        "flashpix": ole + bytes(2000),
        "image_composer.mic": ole + bytes(5000),
        "vector": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "archive": b"PK\x03\x04" + bytes(200),
        "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(200),
        "photoshop": b"8BPS\x00\x01" + bytes(100),
        "icon": saved(drawing(64), "ICO"),
    }


def _damaged() -> dict[str, bytes]:
    whole = {
        form: saved(drawing(), form)
        for form in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "AVIF", "JPEG2000", "BMP", "PPM")
    }
    png, jpeg = whole["PNG"], bytearray(whole["JPEG"])
    jpeg[len(jpeg) // 2 : len(jpeg) // 2 + 40] = b"\xff" * 40
    bomb = zlib.compress(bytes(100_000_000))
    after_header = png.index(b"IDAT") - 4
    return {
        **{f"cut_short.{form.lower()}": content[:-60] for form, content in whole.items()},
        "header_alone": png[:33],
        "wrong_checksum": png[:40] + bytes(4) + png[44:],
        "overwritten.jpg": bytes(jpeg),
        "claims_121_megapixels": claims(11_000, 11_000),
        "claims_400_megapixels": claims(20_000, 20_000),
        "claims_all": claims(2**31 - 1, 2**31 - 1),
        "claims_a_row": claims(90_000_000, 1),
        "claims_nothing": claims(0, 0),
        "claims_all.gif": whole["GIF"][:6] + b"\xff" * 4 + whole["GIF"][10:],
        "claims_all.ppm": b"P6 99999 99999 255\n",
        "negative.ppm": b"P6 -9 9 255\n" + bytes(99),
        "text_bomb": png[:after_header]
        + _chunk(b"zTXt", b"Comment\x00\x00" + bomb)
        + png[after_header:],
        "profile_bomb": png[:after_header]
        + _chunk(b"iCCP", b"icc\x00\x00" + bomb)
        + png[after_header:],
        "endless.tif": whole["TIFF"][:4] + struct.pack("<I", 8) + b"\x00\x00\x08\x00\x00\x00",
    }


def _modes() -> dict[str, bytes]:
    grey = np.asarray(drawing())
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    white = clear.copy()
    white.paste((255, 255, 255, 255), mask=Image.fromarray(255 - grey))
    endless = np.where(grey > 127, np.inf, 0).astype(np.float32)
    holes = np.where(np.arange(300) % 7 == 0, np.nan, grey / 255).astype(np.float32)
    return {
        "16_bits": saved(Image.fromarray(grey.astype(np.uint16) * 257)),
        "16_bits_of_a_mac.tif": saved(Image.fromarray(grey.astype(">u2") * 257), "TIFF"),
        "12_bits.tif": saved(Image.fromarray(grey.astype(np.uint16) * 16), "TIFF"),
        "32_bits.tif": saved(Image.fromarray(grey.astype(np.int32) * 2**22), "TIFF"),
        "fractions.tif": saved(Image.fromarray((grey / 255).astype(np.float32)), "TIFF"),
        "not_numbers.tif": saved(Image.fromarray(holes), "TIFF"),
        "infinite.tif": saved(Image.fromarray(endless), "TIFF"),
        "1_bit": saved(drawing().convert("1")),
        "fax.tif": saved(drawing().convert("1"), "TIFF", compression="group4"),
        "inks.jpg": saved(drawing().convert("CMYK"), "JPEG"),
        "lightness.tif": saved(Image.merge("LAB", [drawing()] * 3), "TIFF"),
        "palette": saved(white.quantize(8)),
        "white_on_clear": saved(white),
        "white_on_clear_grey": saved(white.convert("LA")),
        "all_clear": saved(clear),
    }


def _exif() -> dict[str, bytes]:
    plain = saved(drawing())
    at = plain.index(b"IDAT") - 4
    turned = with_orientation(6)
    start = b"MM\0*\0\0\0\x08"
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[_ORIENTATION], tags[_ORIENTATION] = TiffTags.ASCII, "six"
    return {
        **{f"orientation_{k}.jpg": with_orientation(k) for k in (0, 6, 8, 9, 65_535)},
        "orientation_text.jpg": with_orientation(b"six"),
        "orientation_text": with_orientation(b"six", form="PNG"),
        "orientation_text.webp": with_orientation(b"six", form="WEBP"),
        "orientation_text.tif": saved(drawing(), "TIFF", tiffinfo=tags),
        "orientation_numbers.jpg": with_orientation(6, 6),
        "orientation_of_9_in_xmp.webp": saved(
            drawing(), "WEBP", xmp=b'<x:xmpmeta tiff:Orientation="9"/>'
        ),
        "broken_exif.jpg": turned.replace(start, b"MM\xd7*\0\0\0\x08"),
        "exif_cut_short.jpg": turned.replace(start, b"MM\0*\0\xff\xff\x08"),
        "exif_in_text": plain[:at]
        + _chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 4\nnothex\n")
        + plain[at:],
    }


def _shapes() -> dict[str, bytes]:
    frames = [drawing(), drawing().rotate(90)]
    many: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}
    return {
        "one_pixel": saved(Image.new("L", (1, 1))),
        "a_column": saved(Image.new("L", (1, 5000), "white")),
        "high": saved(drawing().resize((20, 10_000))),
        "wide": saved(drawing().resize((10_000, 20))),
        "black": saved(Image.new("RGB", (300, 300))),
        "animated.gif": saved(frames[0], "GIF", **many),
        "animated.webp": saved(frames[0], "WEBP", **many),
        "animated": saved(frames[0], **many),
        "two_pages.tif": saved(frames[0], "TIFF", **many),
        "two_views.mpo": saved(frames[0], "MPO", **many),
    }


def _costly(large: bool) -> dict[str, bytes]:
    random = np.random.default_rng(0)
    side, wide = (2000, 12_000) if large else (300, 900)
    thick = random.random((side // 3, side // 3)) < 0.3
    pictures: dict[str, Callable[[], np.ndarray]] = {
        "strip_of_dots": lambda: _grid((90, wide // 3), (2, 2), (1, 1)),
        "longer_strip_of_dots": lambda: _grid((96, wide), (2, 2), (1, 1)),
        "carpet": lambda: _grid((side, side), (4, 4), (3, 2)),
        "coarse_carpet": lambda: _grid((side, side), (7, 8), (5, 5)),
        "sparse_dots": lambda: _grid((side, side), (13, 31), (5, 6)),
        "noise": lambda: random.random((side, side)) < 0.3,
        "thick_noise": lambda: thick.repeat(3, axis=0).repeat(3, axis=1),
        "strip_of_noise": lambda: random.random((96, wide)) < 0.3,
    }
    found = {name: saved(Image.fromarray(~make())) for name, make in pictures.items()}
    return found | {"many_scans.jpg": many_scans(side, 500 if large else 150)}


def _grid(shape: tuple[int, int], step: tuple[int, int], dot: tuple[int, int]) -> np.ndarray:
    rows, columns = (np.arange(n) % s < d for n, s, d in zip(shape, step, dot, strict=True))
    return rows[:, None] & columns


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated, each costing as much as a picture."""
    plain = saved(drawing(side), "JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")
    return plain[:last] + plain[last:-2] * scans + plain[-2:]
