"""Fixtures: one thread, generated drawings, an untrained run."""

import csv
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from handwriting.labels import CLASSES
from tests.support import random_reader, random_weights

WRITERS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral")
HEIGHT = 150


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Compute on one thread: two that share a core with other work wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def drawings(tmp_path_factory) -> Path:
    """All 62 characters on a whole canvas, by four writers, who are fonts."""
    folder = tmp_path_factory.mktemp("drawings")
    rows = [("file", "character", "writer")]
    for writer in WRITERS:
        file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{writer}.ttf"
        font = ImageFont.truetype(str(file), HEIGHT // 2)
        for number, character in enumerate(CLASSES):
            name = f"{writer}_{number}.png"
            canvas = Image.new("L", (HEIGHT, HEIGHT), 255)
            place = (HEIGHT / 2, 0.75 * HEIGHT)
            ImageDraw.Draw(canvas).text(place, character, 0, font, anchor="ms")
            canvas.save(folder / name)
            rows.append((name, character, writer))
    with (folder / "labels.csv").open("w", newline="") as table:
        csv.writer(table).writerows(rows)
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A folder with the weights of ``run``, which reads all alike badly."""
    folder = tmp_path_factory.mktemp("models")
    even = [1 / 62] * 62
    random_weights(folder, "run", frequencies=even, training_frequencies=even)
    return folder


@pytest.fixture(scope="session")
def readers(tmp_path_factory) -> Path:
    """A folder with the weights of ``lines``, whose training left a tenth of the writers out."""
    folder = tmp_path_factory.mktemp("readers")
    random_reader(folder, "lines")
    return folder
