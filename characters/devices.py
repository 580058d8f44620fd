"""Where to compute, and how precisely: one path for CUDA and CPU."""

import contextlib
import time

import torch
from torch import nn

from characters.errors import CharactersError

PRECISIONS = ("auto", "fp32", "bf16")


def choose_device(name: str) -> torch.device:
    """``auto`` takes CUDA where there is one.

    Raises:
        CharactersError: CUDA was asked for and is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise CharactersError(
            "--device cuda: PyTorch sees no CUDA device. Use --device cpu, or install a driver "
            "and a CUDA build of PyTorch."
        )
    return torch.device(name)


def choose_precision(name: str, device: torch.device) -> str:
    """``fp32`` or ``bf16``; ``auto`` times both for a moment and takes the faster one."""
    if name != "auto":
        return name
    seconds = {precision: _seconds(device, precision) for precision in ("fp32", "bf16")}
    return "bf16" if seconds["bf16"] < 0.8 * seconds["fp32"] else "fp32"


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager:
    """The context in which a network runs with the given precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def _seconds(device: torch.device, precision: str) -> float:
    """Fastest of three training steps of one convolution and one linear layer."""
    with torch.random.fork_rng():
        network = nn.Sequential(
            nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(128 * 196, 64)
        )
        images = torch.rand(64, 64, 14, 14).to(device, memory_format=torch.channels_last)
    network = network.to(device, memory_format=torch.channels_last)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        with autocast(device, precision):
            loss = network(images).float().square().mean()
        loss.backward()
        loss.item()
        times.append(time.perf_counter() - start)
    return min(times[1:])
