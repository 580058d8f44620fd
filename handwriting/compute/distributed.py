"""Training on several processes (ranks) started by ``torchrun``, or on a single one.

    torchrun --nproc_per_node=2 model_training.py …

Every function also works in a plain ``python`` process, as rank 0 of 1, without communication.
Numbers and objects use gloo; gradients on GPUs use NCCL.
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
    """A context, or decorator, that joins the ranks started by torchrun and leaves them at the end.

    Only rank 0 prints. If ranks fail, the first one raises its error; the others end silently.
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
        if not _another_speaks(store):
            raise
        raise SystemExit(1) from None
    # Objects in reference cycles that hold the group could abort Python at exit.
    gc.collect()
    dist.destroy_process_group()


@contextlib.contextmanager
def _only_first_rank_prints() -> Iterator[None]:
    with nowhere() as nothing, contextlib.ExitStack() as stack:
        if not is_first_rank():
            stack.enter_context(contextlib.redirect_stdout(nothing))
        yield


def _another_speaks(store: dist.Store) -> bool:
    """Whether another rank failed first and has had time to say why, or has ended already.

    torchrun ends all ranks as soon as one has ended: that must be the one with the message.
    """
    with contextlib.suppress(KeyboardInterrupt):
        with contextlib.suppress(dist.DistError):
            if store.add("failed", 1) == 1:
                return False
        time.sleep(_SECONDS_TO_SPEAK)
    return True


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()


def rank() -> int:
    """This process's rank, from 0."""
    return dist.get_rank() if _together() else 0


def world_size() -> int:
    """The number of ranks, at least 1."""
    return dist.get_world_size() if _together() else 1


def is_first_rank() -> bool:
    """Whether this is rank 0, which prints and writes files."""
    return rank() == 0


def own_device(device: torch.device) -> torch.device:
    """The device of this rank; with several GPUs, each rank has its own.

    Raises:
        HandwritingError: there are more ranks than GPUs, or ranks cannot share this kind of GPU.
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
    """Sums of single numbers over the ranks, in float64; all ranks get the sums."""
    sums = torch.tensor([float(value) for value in values], dtype=torch.float64)
    if _together():
        dist.all_reduce(sums)
    return sums.tolist()


def broadcast_object(make: Callable[[], Made]) -> Made:
    """The result of ``make``, called on rank 0 only, on all ranks; tensors must be on the CPU."""
    box = [make() if is_first_rank() else None]
    if _together():
        dist.broadcast_object_list(box, src=0)
    return box[0]


def convert_sync_batchnorm(network: nn.Module) -> nn.Module:
    """Synchronise batch norm over the ranks on GPUs.

    On CPUs, where PyTorch cannot, each rank normalises its own part of the batch, and rank 0's
    averages are kept.
    """
    if world_size() == 1 or next(network.parameters()).device.type != "cuda":
        return network
    return nn.SyncBatchNorm.convert_sync_batchnorm(network)


def wrap_ddp(network: nn.Module) -> nn.Module:
    """The network to call in training, with gradients averaged over the ranks.

    The weights and their names stay those of ``network``. With one rank it is the network itself.
    """
    if world_size() == 1:
        return network
    return nn.parallel.DistributedDataParallel(network, gradient_as_bucket_view=True)


def join_ranks(trained: nn.Module) -> contextlib.AbstractContextManager:
    """The context of an epoch in which some ranks may have fewer batches than others.

    ``trained`` is the result of :func:`wrap_ddp`.
    """
    if isinstance(trained, nn.parallel.DistributedDataParallel):
        return trained.join()
    return contextlib.nullcontext()


def broadcast_buffers(network: nn.Module) -> None:
    """Copy rank 0's batch norm averages to every rank, so that all evaluate the same network."""
    if world_size() > 1:
        for buffer in network.buffers():
            dist.broadcast(buffer, src=0)
