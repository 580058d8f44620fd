"""The loss of labels that are sets of candidate characters."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from handwriting.labels import FIRST_EITHER_CASE, NUM_CLASSES, NUM_LABELS, candidates

_CANDIDATES = torch.tensor([(candidates(k)[0], candidates(k)[-1]) for k in range(NUM_LABELS)])


class PartialLabelLoss(nn.Module):
    """Mean of ``-log(sum of p[c] over the candidates c of the label)`` (Jin and Ghahramani 2002).

    Logits are (N, 62), labels int64 (N,) in 0..87. With exact labels the loss equals cross-entropy.
    For images of a balanced set (a mask, bool (N,)), ``p`` is adjusted to a uniform prior: ``p[c] /
    frequencies[c]`` (Menon et al. 2021, arXiv 2007.07314). Thus such images do not bias the class
    prior.

    Logits (N, 124) belong to two heads. The first, for NIST's forms, learns from the unbalanced
    images only. The second, the out-of-domain head with a uniform prior, learns from all images;
    the unbalanced ones count with their class prior. The loss is the sum of both, over all images.

    Args:
        frequencies: class prior of the unbalanced images, 62 numbers that sum to 1; needed if a
            mask is given.
    """

    def __init__(self, frequencies: Sequence[float] | None = None) -> None:
        super().__init__()
        prior = torch.ones(NUM_CLASSES) if frequencies is None else torch.tensor(frequencies)
        self.register_buffer("candidates", _CANDIDATES)
        self.register_buffer("log_frequencies", prior.float().log())

    def forward(
        self, logits: torch.Tensor, labels: torch.Tensor, is_balanced: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Mean negative log-likelihood of the label sets, in nats."""
        if logits.shape[1] == 2 * NUM_CLASSES:
            forms, hands = logits.split(NUM_CLASSES, dim=1)
            others = ~is_balanced
            hands = hands + others.unsqueeze(1) * self.log_frequencies
            of_forms = self._mean(forms[others], labels[others]) * (others.sum() / len(labels))
            return self._mean(hands, labels) + of_forms
        if is_balanced is not None:
            logits = logits - is_balanced.unsqueeze(1) * self.log_frequencies
        return self._mean(logits, labels)

    def _mean(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        log_p = F.log_softmax(logits, dim=1)
        first, second = self.candidates[labels].unsqueeze(2).unbind(1)
        exact = log_p.gather(1, first)
        either = torch.logaddexp(exact, log_p.gather(1, second))
        likelihood = torch.where(labels.unsqueeze(1) >= FIRST_EITHER_CASE, either, exact)
        return F.nll_loss(log_p.scatter(1, first, likelihood), first.squeeze(1))
