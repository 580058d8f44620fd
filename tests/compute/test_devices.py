"""Where and how precisely to compute; memory is kept; without a compiler nothing is compiled."""

import os
import platform
import shutil

import pytest
import torch

from handwriting.compute.devices import autocast, choose_device, choose_precision, compiled
from handwriting.errors import HandwritingError
from tests.support import CPU, run_program

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


COMPILING = """
import torch
from handwriting.compute.devices import compiled

network = torch.nn.Linear(2, 2)
assert compiled(network, torch.device("cpu")) is network
"""


def test_without_a_compiler_one_line_says_so_and_the_network_stays_as_it_is(tmp_path):
    environment = os.environ | {"CXX": "/nowhere", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    printed = run_program(COMPILING, env=environment)
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


def test_auto_takes_cuda_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    for name in ("cuda", "cuda:1"):
        with pytest.raises(HandwritingError, match="sees no CUDA device"):
            choose_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda" and choose_device("cpu") == CPU
