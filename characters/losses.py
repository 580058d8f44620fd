"""The loss of labels that stand for one character or for a letter in either case."""

import torch
import torch.nn.functional as F
from torch import nn

from characters.labels import FIRST_PAIR, NUM_LABELS, label_members

_MEMBERS = torch.tensor([(label_members(k)[0], label_members(k)[-1]) for k in range(NUM_LABELS)])


class LabelSetLoss(nn.Module):
    """Mean of ``-log(sum of p[c] over the characters c that the label allows)``.

    Takes logits (N, 62) and labels int64 (N,) in 0..87. With exact labels (0..61) it is
    cross-entropy to the last digit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("members", _MEMBERS)

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean negative log-likelihood of the label sets, in nats."""
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
