"""Devices and precision are chosen, memory is kept, and a missing compiler is tolerated."""

import contextlib
import os
import platform
import shutil
from pathlib import Path

import pytest
import torch

from handwriting.compute.devices import (
    autocast,
    available_devices,
    choose_device,
    choose_precision,
    compiled,
    widest_float,
)
from handwriting.errors import HandwritingError
from models import MODELS, memory_format
from tests.support import CPU, ready_context, run_program

PROGRAM = """
import resource
import torch
from handwriting.compute.devices import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.ones(20_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

usual = faults()
keep_memory()
# Small blocks come to lie between the large ones until there is room for both.
for _ in range(8):
    faults()
print(usual, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_freed_memory_is_taken_again_without_page_faults():
    usual, kept = map(int, run_program(PROGRAM).split())
    assert kept < usual / 20


def compile_without_a_compiler(folder: Path) -> None:
    """In a process that has compiled nothing; what is printed stands in ``folder``."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "cache")
    # As the variable CXX does before PyTorch is imported.
    torch._inductor.config.cpp.cxx = (None, "/nowhere")
    network = torch.nn.Linear(2, 2)
    with (folder / "printed").open("w") as file, contextlib.redirect_stdout(file):
        assert compiled(network, CPU) is network


def test_without_a_compiler_one_line_says_so_and_the_network_stays_as_it_is(tmp_path):
    process = ready_context().Process(target=compile_without_a_compiler, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0
    printed = (tmp_path / "printed").read_text()
    assert len(printed.splitlines()) == 1
    assert "not compiled" in printed


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("g++") and not os.environ.get("REQUIRE_ALL"), reason="needs a C++ compiler"
)
def test_a_compiled_network_shares_the_weights_and_gives_the_same(capsys):
    network, images = torch.nn.Linear(2, 2), torch.rand(3, 2)
    fast = compiled(network, CPU)
    assert capsys.readouterr().out == "" and fast is not network
    torch.testing.assert_close(fast(images), network(images))
    fast(images).sum().backward()
    assert network.weight.grad is not None


def test_the_precision_asked_for_is_taken_and_auto_asks_the_processor(monkeypatch):
    assert [choose_precision(name, CPU) for name in ("fp32", "bf16")] == ["fp32", "bf16"]
    for abilities, precision in (({"amx_bf16": True}, "bf16"), ({"avx2": True}, "fp32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=abilities: found)
        assert choose_precision("auto", CPU) == precision


def test_bf16_is_what_the_network_then_computes_in():
    network, images = torch.nn.Linear(2, 2), torch.ones(1, 2)
    for precision, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(CPU, precision):
            assert network(images).dtype == kind


CUDAS = ["cuda", "cuda:0", "cuda:1"]


@pytest.fixture
def machine(monkeypatch):
    """A machine with so many CUDA devices, and Apple's GPU or not."""

    def make(cudas: int, has_mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cudas > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cudas)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)

    return make


@pytest.mark.parametrize(
    ("cudas", "has_mps", "present"),
    [
        (2, True, [*CUDAS, "mps", "cpu"]),
        (2, False, [*CUDAS, "cpu"]),
        (0, True, ["mps", "cpu"]),
        (0, False, ["cpu"]),
    ],
)
def test_auto_takes_the_fastest_that_is_there(machine, cudas, has_mps, present):
    machine(cudas, has_mps)
    assert available_devices() == present
    assert choose_device("auto") == torch.device(present[0])
    assert [choose_device(name) for name in present] == [torch.device(name) for name in present]


ODD_NAMES = ["cuda:7", "cuda:x", "xpu", "gpu", "nonsense", "", "CPU", "cpu:3", "meta", "mps:1"]


@pytest.mark.parametrize("name", [*ODD_NAMES, "cuda:-1", "cuda:99999999999999999999", "hpu", "🖥"])
@pytest.mark.parametrize("cudas", [0, 1])
def test_another_name_is_one_line_that_says_what_is_there(machine, cudas, name):
    machine(cudas, has_mps=False)
    with pytest.raises(HandwritingError) as caught:
        choose_device(name)
    line = str(caught.value)
    assert line.startswith(f"--device {name}: there is no such device here. Available: ")
    assert "cpu." in line and len(line.splitlines()) == 1
    assert ("install a driver" in line) == (name.startswith("cuda") and not cudas)


MPS = torch.device("mps")


def test_on_apples_gpus_there_is_no_float64_no_bf16_unasked_and_no_channels_last():
    assert (widest_float(MPS), widest_float(CPU)) == (torch.float32, torch.float64)
    assert (choose_precision("auto", MPS), choose_precision("bf16", MPS)) == ("fp32", "bf16")
    assert memory_format(MPS) is torch.contiguous_format
    assert memory_format(CPU) is memory_format(torch.device("cuda")) is torch.channels_last


def test_networks_are_the_same_in_either_memory_format():
    torch.manual_seed(0)
    images = torch.rand(4, 1, 28, 28)
    for make in MODELS.values():
        network = make().eval()
        contiguous = network(images)
        network = network.to(memory_format=torch.channels_last)
        assert torch.allclose(network(images), contiguous, atol=1e-5)
