"""The loss of labels that stand for one character or for a letter in either case."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from characters.labels import (
    FIRST_EQUAL,
    FIRST_PAIR,
    NUM_CLASSES,
    NUM_LABELS,
    label_members,
)

_MEMBERS = torch.tensor([(label_members(k)[0], label_members(k)[-1]) for k in range(NUM_LABELS)])


class LabelSetLoss(nn.Module):
    """Mean of ``-log(sum of p[c] over the characters c that the label allows)``.

    Takes logits (N, 62) and labels int64 (N,). With exact labels (0..61) it is cross-entropy to
    the last digit. For labels of pictures whose characters are equally frequent (88..149) ``p`` is
    what it would be if they were so among all images, ``p[c] / frequencies[c]`` (Menon et al.
    2021, arXiv 2007.07314), so that such pictures do not teach wrong frequencies.

    Args:
        frequencies: how frequent each class is among the other images, 62 numbers that add up
            to 1; needed for labels from 88 on.
    """

    def __init__(self, frequencies: Sequence[float] | None = None) -> None:
        super().__init__()
        prior = torch.ones(NUM_CLASSES) if frequencies is None else torch.tensor(frequencies)
        self.register_buffer("members", _MEMBERS)
        self.register_buffer("log_frequencies", prior.float().log())

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean negative log-likelihood of the label sets, in nats."""
        equal = labels >= FIRST_EQUAL
        labels = torch.where(equal, labels - FIRST_EQUAL, labels)
        logits = logits - equal.unsqueeze(1) * self.log_frequencies
        log_p = F.log_softmax(logits, dim=1)
        first, second = self.members[labels].unsqueeze(2).unbind(1)
        exact = log_p.gather(1, first)
        pair = torch.logaddexp(exact, log_p.gather(1, second))
        likelihood = torch.where(labels.unsqueeze(1) >= FIRST_PAIR, pair, exact)
        return F.nll_loss(log_p.scatter(1, first, likelihood), first.squeeze(1))


def is_correct(predictions: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """bool (N,): whether the predicted class is one that the label allows."""
    members = _MEMBERS.to(labels.device)[labels]
    return (members == predictions.unsqueeze(1)).any(dim=1)
