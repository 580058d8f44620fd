"""Shared helpers of the tests: folders of real images, stages as functions, weights, images."""

import contextlib
import csv
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

import data_preprocessing
import data_split
import model_training
from handwriting.datasets.pen import PenArchive
from handwriting.datasets.prepared import LabelledImages
from handwriting.imaging.strokes import draw_strokes
from handwriting.labels import CLASSES, FIRST_SMALL
from handwriting.runs import RunFiles, save_weights
from handwriting.training import plots
from handwriting.training.text_run import TextRun, TextSettings
from models import MODELS

PROJECT = Path(__file__).parent.parent
SHARED = PROJECT.parent / "shared"
CPU = torch.device("cpu")


@cache
def ready_context() -> BaseContext:
    """A context whose processes begin with everything imported, which takes others seconds."""
    context = multiprocessing.get_context("forkserver")
    # The first optimizer of a process imports the compiler.
    context.set_forkserver_preload(
        ["torch._dynamo", "model_training", "text_training", "layout_training"]
    )
    with contextlib.chdir(PROJECT):
        forkserver.ensure_running()
    return context


def shared_folder(name: str) -> Path:
    """A folder of real images; the test is skipped where a clone has none."""
    folder = SHARED / name
    if not folder.is_dir():
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(f"{folder} is missing, and REQUIRE_ALL is set")
        pytest.skip(f"needs the real images of {folder}, which are not part of the project")
    return folder


def drawing_files(step: int) -> list[Path]:
    """Every ``step``-th of the real drawings; they are sorted by character."""
    folder = shared_folder("drawings")
    with (folder / "labels.csv").open() as file:
        return [folder / row["file"] for row in csv.DictReader(file)][::step]


def preprocess(root: Path, folder: Path, *more: str) -> None:
    """Run stage 1 into ``folder``."""
    arguments = ["--root", str(root), "--processed", str(folder)]
    data_preprocessing.main(data_preprocessing.get_args_parser().parse_args([*arguments, *more]))


def split(folder: Path) -> None:
    """Run stage 2 in ``folder``."""
    data_split.main(data_split.get_args_parser().parse_args(["--processed", str(folder)]))


def training_arguments(processed: Path, folder: Path, *more: str) -> list[str]:
    """Options of stage 3 that leave all files in ``folder``."""
    return [
        *("--processed", str(processed), "--models", str(folder / "models")),
        *("--metrics", str(folder / "metrics"), "--precision", "fp32", "--device", "cpu"),
        *more,
    ]


@contextlib.contextmanager
def quick_plots() -> Iterator[None]:
    """Trainings lay their plots out and write empty files: to draw them takes longer than an epoch
    here. What they draw is looked at in tests/stages."""

    def write_nothing(figure: Figure, path: Path, command: str) -> None:
        plt.close(figure)
        path.write_bytes(b"")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "save_figure", write_nothing)
        yield


def train(processed: Path, folder: Path, *more: str) -> None:
    """Run stage 3 into ``folder``, with quick plots."""
    with quick_plots():
        train_with_plots(processed, folder, *more)


def train_with_plots(processed: Path, folder: Path, *more: str) -> None:
    """Run stage 3 into ``folder``."""
    arguments = training_arguments(processed, folder, *more)
    model_training.main(model_training.get_args_parser().parse_args(arguments))


def load_state(folder: Path, name: str = "run") -> dict[str, Any]:
    """The checkpoint of a run in ``folder``, as it is."""
    return torch.load(folder / "models" / "checkpoints" / f"{name}.pt", weights_only=True)


def small_network(num_classes: int = 62) -> nn.Module:
    """A network that is trained in no time, for what does not depend on the network."""
    layers = [nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(4 * 13 * 13, num_classes))


def manifest_of(train: LabelledImages, labels: str = "exact") -> dict[str, Any]:
    """What must stand in the manifest of made-up images."""
    return {
        "fingerprint": train.fingerprint,
        "synthetic": True,
        "labels": labels,
        "train_images": len(train),
        "byclass_class_counts": dict.fromkeys(CLASSES, 1),
    }


def random_weights(folder: Path, name: str, model: str = "compactcnn", **facts: object) -> Path:
    """A weights file of an untrained network."""
    torch.manual_seed(len(name))
    path = folder / f"{name}.pt"
    network = MODELS[model]()
    save_weights(path, network.state_dict(), {"model": model, "synthetic": True, **facts})
    return path


def random_reader(folder: Path, name: str) -> Path:
    """A weights file of an untrained text-line model, with a tenth of the writers held out."""
    settings = TextSettings(("words.npz",), width=4, hidden=8)
    run = TextRun(settings, RunFiles(name, folder, folder), CPU, samples=1)
    run.history.append({"epoch": 1})
    run.save()
    return run.files.weights


def run_program(program: str, *arguments: str, **options: Any) -> str:
    """What a Python program prints that runs in the project's folder and succeeds."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ring(height: int, width: int, top: int = 10, left: int = 20) -> np.ndarray:
    """The ink of an upright box, uint8 (300, 300); its strokes are 8 pixels wide."""
    ink = np.zeros((300, 300), dtype=np.uint8)
    ink[top : top + height, left : left + width] = 255
    ink[top + 8 : top + height - 8, left + 8 : left + width - 8] = 0
    return ink


def picture_folder(folder: Path, rows: list[tuple[str, ...]], columns: str = "") -> Path:
    """A folder of black rings on white with a `labels.csv`: file, character and more columns."""
    folder.mkdir(parents=True)
    for name, *_ in rows:
        path = folder / name
        if path.resolve().is_relative_to(folder.resolve()) and name:
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(255 - ring(180, 120)).save(path, "PNG")
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "character", *columns.split()), *rows])
    return folder


def pens_of(provider: str, writers: int = 2) -> PenArchive:
    """All 62 characters as slanted bars on a line, small letters half as tall as the others; each
    writer writes larger than the one before."""
    size = np.repeat(np.arange(1, writers + 1), len(CLASSES))
    tall = np.tile(np.where(np.arange(len(CLASSES)) < FIRST_SMALL, 100, 50), writers) * size
    samples = len(tall)
    return PenArchive(
        origin=np.stack((np.zeros(samples, int), 100 * size - tall), axis=1),
        step=np.stack((np.full(samples, 30), tall), axis=1),
        stroke_start=2 * np.arange(samples + 1),
        sample_start=np.arange(samples + 1),
        text=np.array(list(CLASSES) * writers),
        writer=np.array([f"writer {k}" for k in size]),
        provider=np.full(samples, provider),
        style=np.full(samples, "PRINTED"),
    )


def drawn_with(strokes: list[np.ndarray], side: int, pen: float) -> np.ndarray:
    """Strokes that take seven tenths of a square picture."""
    points = np.concatenate(strokes)
    scale = 0.7 * side / max(np.ptp(points, axis=0).max(), 1e-9)
    moved = [(stroke - points.min(axis=0)) * scale + 0.15 * side for stroke in strokes]
    return draw_strokes([(stroke, pen) for stroke in moved], (side, side), 2 if side < 1500 else 1)
