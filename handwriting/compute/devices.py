"""Devices, precision, compilation and memory: one path for all kinds of device."""

import contextlib
import ctypes
import platform

import torch
from torch import nn

from handwriting.errors import HandwritingError

DEVICE_HELP = "auto (cuda, else mps, else cpu), cuda, cuda:N, mps or cpu"

PRECISIONS = ("auto", "fp32", "bf16")

_NO_CUDA = " For CUDA, install a driver and a CUDA build of PyTorch."

_BF16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "bf16")
"""Names of bf16 support in `torch.cpu.get_capabilities()`: x86 with AMX or AVX-512, and Arm."""

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Settings of glibc's ``mallopt(3)``."""


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` takes CUDA, else Apple's GPU (``mps``), else the CPU.

    Raises:
        HandwritingError: this machine has no such device.
    """
    present = available_devices()
    if name == "auto":
        name = present[0]
    if name not in present:
        raise HandwritingError(
            f"--device {name}: there is no such device here. Available: {', '.join(present)}."
            + (_NO_CUDA if name.startswith("cuda") and "cuda" not in present else "")
        )
    return torch.device(name)


def available_devices() -> list[str]:
    """This machine's devices, as names for ``--device``, fastest first."""
    cudas = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*(["cuda", *cudas] if torch.cuda.is_available() else []), *mps, "cpu"]


def widest_float(device: torch.device) -> torch.dtype:
    """float64, or float32 on Apple's GPUs, which lack float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def choose_precision(name: str, device: torch.device) -> str:
    """``fp32`` or ``bf16``; ``auto`` takes bf16 where the processor supports it."""
    if name != "auto":
        return name
    return "bf16" if _computes_in_bf16(device) else "fp32"


def _computes_in_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # PyTorch uses these instructions through oneDNN, which some builds lack.
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    abilities = torch.cpu.get_capabilities()
    return any(abilities.get(name, False) for name in _BF16_INSTRUCTIONS)


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager:
    """The context in which a network runs with the given precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def compiled(network: nn.Module, device: torch.device) -> nn.Module:
    """The network compiled for the device; it shares the weights.

    Without a compiler (C++ on a CPU, Triton on CUDA), a note is printed and the network is returned
    unchanged.
    """
    try:
        torch.compile(torch.neg)(torch.ones(1, device=device))
    except RuntimeError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        print(f"  not compiled, only slower: {reason}")
        return network
    # The last batch of an epoch is smaller: two fixed sizes run faster than one dynamic size.
    return torch.compile(network, dynamic=False)


def keep_memory() -> None:
    """Keep freed memory in the process for reuse in the next step.

    glibc, the C library of most Linux systems, returns each large block to the system when it is
    freed. The system then clears every page again in each training step (`benchmarks/roofline.py`
    counts the page faults). The memory kept settles after a few steps, slightly above the need of
    one step. Other C libraries are left unchanged; on GPUs, PyTorch keeps memory itself.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    library = ctypes.CDLL(None)
    library.mallopt(_M_MMAP_MAX, 0)
    library.mallopt(_M_TRIM_THRESHOLD, -1)
