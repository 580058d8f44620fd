"""Training on several processes, the ranks, that ``torchrun`` has started; alone without it.

    torchrun --nproc_per_node=2 model_training.py …

Every function here also works in a plain ``python`` process, as rank 0 of 1, without any
communication. Numbers and objects travel over gloo, gradients on GPUs over NCCL.
"""

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

from handwriting.cli import nowhere
from handwriting.errors import HandwritingError

_SECONDS_TO_SPEAK = 2

Made = TypeVar("Made")


@contextlib.contextmanager
def joined_ranks() -> Iterator[None]:
    """Join the ranks that torchrun has started, and part from them; also a decorator.

    Only rank 0 prints. Where ranks fail, the first one to do so raises its error and ends; the
    others end without a word, those that wait for it among them.
    """
    if not (dist.is_available() and dist.is_torchelastic_launched()):
        yield
        return
    store, rank, count = next(dist.rendezvous("env://"))
    nccl = torch.cuda.is_available() and dist.is_nccl_available()
    backend = "cpu:gloo,cuda:nccl" if nccl else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=count)
    try:
        with _only_first_rank_prints():
            yield
        dist.barrier()
    except (Exception, KeyboardInterrupt):
        if _is_first_to_fail(store):
            raise
        # torchrun ends all ranks as soon as one has ended: let that be the one that says why.
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(_SECONDS_TO_SPEAK)
        raise SystemExit(1) from None
    # What still holds the group, as networks in circles do, could abort Python as it ends.
    gc.collect()
    dist.destroy_process_group()


@contextlib.contextmanager
def _only_first_rank_prints() -> Iterator[None]:
    with nowhere() as nothing, contextlib.ExitStack() as stack:
        if not is_first_rank():
            stack.enter_context(contextlib.redirect_stdout(nothing))
        yield


def _is_first_to_fail(store: dist.Store) -> bool:
    try:
        return store.add("failed", 1) == 1
    except dist.DistError:
        return False


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()


def rank() -> int:
    """Which of the ranks this process is, from 0."""
    return dist.get_rank() if _together() else 0


def world_size() -> int:
    """How many ranks there are, at least 1."""
    return dist.get_world_size() if _together() else 1


def is_first_rank() -> bool:
    """Whether this is the rank that prints and writes files."""
    return rank() == 0


def own_device(device: torch.device) -> torch.device:
    """The device of this rank: of several GPUs each takes its own.

    Raises:
        HandwritingError: the machine has more ranks than GPUs, or a GPU that ranks cannot share.
    """
    if device.type == "cpu" or world_size() == 1:
        return device
    if device.type != "cuda":
        raise HandwritingError(f"several ranks cannot train on {device.type}. Give --device cpu.")
    number, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if number >= gpus:
        raise HandwritingError(
            f"this machine has {gpus} GPUs and more ranks than that. "
            f"Give torchrun --nproc_per_node={gpus}, or --device cpu."
        )
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def sum_over_ranks(*values: torch.Tensor | float) -> list[float]:
    """Single numbers, each added up over the ranks in float64; all ranks get the sums."""
    sums = torch.tensor([float(value) for value in values], dtype=torch.float64)
    if _together():
        dist.all_reduce(sums)
    return sums.tolist()


def broadcast_object(make: Callable[[], Made]) -> Made:
    """What ``make`` returns on rank 0, where alone it is called; tensors must be on the CPU."""
    box = [make() if is_first_rank() else None]
    if _together():
        dist.broadcast_object_list(box, src=0)
    return box[0]


def convert_sync_batchnorm(network: nn.Module) -> nn.Module:
    """Let batch norm see the batches of all ranks, as far as PyTorch can: on GPUs.

    On CPUs each rank normalises by its own part of the batch, and rank 0's averages are kept.
    """
    if world_size() == 1 or next(network.parameters()).device.type != "cuda":
        return network
    return nn.SyncBatchNorm.convert_sync_batchnorm(network)


def wrap_ddp(network: nn.Module) -> nn.Module:
    """The network to call in training: its gradients are the means over the ranks.

    The weights stay those of ``network``, whose names they keep there. Alone it is the network
    itself.
    """
    if world_size() == 1:
        return network
    return nn.parallel.DistributedDataParallel(network, gradient_as_bucket_view=True)


def join_ranks(trained: nn.Module) -> contextlib.AbstractContextManager:
    """The context of an epoch in which some ranks may have fewer batches than others.

    ``trained`` is what :func:`wrap_ddp` gave.
    """
    if isinstance(trained, nn.parallel.DistributedDataParallel):
        return trained.join()
    return contextlib.nullcontext()


def broadcast_buffers(network: nn.Module) -> None:
    """Give every rank the batch norm averages of rank 0, so that all judge the same network."""
    if world_size() > 1:
        for buffer in network.buffers():
            dist.broadcast(buffer, src=0)
