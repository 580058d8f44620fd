"""Two ranks of a training, forked from a process with all imports done.

torchrun starts three processes that each import PyTorch, which takes longer than the tests. These
ranks get torchrun's environment, and all are ended as soon as one has failed, as by torchrun.
"""

import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from pathlib import Path

import torch

from handwriting.cli import run_script
from tests.support import quick_plots, ready_context

RANKS = 2
HANGING = 300
"""Seconds; a training takes less than 5 on an idle machine."""

Main = Callable[[Sequence[str]], object]
"""What a script does with the arguments of its command line; it can be pickled."""


def _be_rank(
    number: int, facts: dict[str, str], folder: str, main: Main, arguments: Sequence[str]
) -> None:
    for stream in (1, 2):
        path = Path(folder) / str(stream)
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.environ.update(facts, RANK=str(number), LOCAL_RANK=str(number))
    torch.set_num_threads(1)
    with quick_plots():
        raise SystemExit(run_script(lambda: main(arguments)))


def run_ranks(main: Main, arguments: Sequence[str], **environment: str) -> tuple[int, str, str]:
    """Exit code of the ranks, 0 only if all of them succeed, and what they print and complain."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    facts = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(RANKS)}
    facts |= {"TORCHELASTIC_RUN_ID": "test", **environment}
    with tempfile.TemporaryDirectory() as folder:
        ranks = [
            ready_context().Process(target=_be_rank, args=(number, facts, folder, main, arguments))
            for number in range(RANKS)
        ]
        for rank in ranks:
            rank.start()
        while running := [rank.sentinel for rank in ranks if rank.is_alive()]:
            if not wait(running, HANGING) or any(rank.exitcode for rank in ranks):
                for rank in ranks:
                    rank.terminate()
        printed, error = ((Path(folder) / name).read_text(encoding="utf-8") for name in "12")
    return max(abs(rank.exitcode) for rank in ranks), printed, error
