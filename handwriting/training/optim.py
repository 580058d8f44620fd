"""The optimiser, learning rate schedule and weight averaging of a recipe."""

import copy
from collections.abc import Callable

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from handwriting.errors import HandwritingError
from handwriting.training.recipes import Recipe


def make_optimizer(recipe: Recipe, network: nn.Module) -> Optimizer:
    """The recipe's optimiser for a network's weights."""
    betas = (0.9, recipe.beta2)
    if recipe.optimizer == "Adam":
        return torch.optim.Adam(network.parameters(), lr=recipe.lr, betas=betas, fused=True)
    matrices = [weights for weights in network.parameters() if weights.ndim > 1]
    others = [weights for weights in network.parameters() if weights.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=betas, fused=True)


def make_schedule(
    recipe: Recipe, optimizer: Optimizer, steps_per_epoch: int, epochs: int
) -> LambdaLR:
    """The recipe's learning rate schedule, advanced after each step."""
    exponential = _exponential(recipe.gamma, steps_per_epoch)
    cycle = one_cycle(recipe.warmup, steps_per_epoch * epochs)
    return LambdaLR(optimizer, cycle if recipe.schedule == "one-cycle" else exponential)


def _exponential(gamma: float, steps_per_epoch: int) -> Callable[[int], float]:
    return lambda step: gamma ** (step // steps_per_epoch)


def one_cycle(warmup: float, steps: int) -> Callable[[int], float]:
    """The factor on the learning rate at each step: linear warm-up, then linear decay to 0."""
    rise = warmup * steps

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / (rise + 1)
        return max(0.0, (steps - step) / max(steps - rise, 1))

    return factor


def make_average(recipe: Recipe, network: nn.Module) -> AveragedModel:
    """The exponential moving average of a network's weights and statistics.

    The decay after n steps is min(ema_decay, (1 + n) / (10 + n)). Thus the initial random weights
    vanish within the first epoch.
    """

    def average(averages: list[torch.Tensor], current: list[torch.Tensor], n: torch.Tensor) -> None:
        keep = ((1 + n) / (10 + n)).clamp(max=recipe.ema_decay)
        for mean, value in zip(averages, current, strict=True):
            mean.lerp_(value, 1 - keep) if mean.is_floating_point() else mean.copy_(value)

    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)


def checked_alpha(alpha: float) -> float:
    """Check the ``alpha`` of :func:`interpolate_weights`.

    Raises:
        HandwritingError: alpha is out of range.
    """
    if not 0 < alpha <= 1:
        raise HandwritingError("--alpha must be greater than 0 and at most 1.")
    return alpha


def interpolate_weights(
    start: dict[str, torch.Tensor], network: nn.Module, alpha: float
) -> nn.Module:
    """Interpolate between the weights before and after fine-tuning (WiSE-FT).

    The result keeps most of the accuracy on the original data and gains most of the accuracy on the
    new data (Wortsman et al. 2022, arXiv 2109.01903).

    Args:
        start: state dict before fine-tuning.
        network: the fine-tuned network; it is not changed.
        alpha: weight of the fine-tuned network, in 0..1.
    """
    between = copy.deepcopy(network)
    for name, tensor in between.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(start[name].to(tensor), 1 - alpha)
    return between
