"""Memory is kept between training steps; without a compiler nothing is compiled."""

import os
import platform
import subprocess
import sys

import pytest

from tests.support import PROJECT

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
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    usual, kept = map(int, done.stdout.split())
    assert kept < usual / 20


COMPILING = """
import torch
from handwriting.compute.devices import compiled

network = torch.nn.Linear(2, 2)
assert compiled(network, torch.device("cpu")) is network
"""


def test_without_a_compiler_one_line_says_so_and_the_network_stays_as_it_is(tmp_path):
    environment = os.environ | {"CXX": "/nowhere", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", COMPILING]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 1
    assert "not compiled" in done.stdout
