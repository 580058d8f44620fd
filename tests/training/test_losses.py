"""The loss of exact labels and of labels for either case."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from handwriting.labels import FIRST_EITHER_CASE, candidates
from handwriting.training.losses import PartialLabelLoss


@given(st.integers(0, 10_000), st.integers(1, 200))
def test_with_exact_labels_it_is_cross_entropy_to_the_last_digit(seed, count):
    generator = torch.Generator().manual_seed(seed)
    logits = (5 * torch.randn(count, 62, generator=generator)).requires_grad_()
    labels = torch.randint(0, 62, (count,), generator=generator)
    ours = PartialLabelLoss()(logits, labels)
    (gradient,) = torch.autograd.grad(ours, logits)
    reference = F.cross_entropy(logits, labels)
    (reference_gradient,) = torch.autograd.grad(reference, logits)
    assert ours.item() == reference.item()
    torch.testing.assert_close(gradient, reference_gradient)


def test_a_letter_in_either_case_counts_the_probability_of_both():
    logits = torch.randn(26, 62, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(FIRST_EITHER_CASE, FIRST_EITHER_CASE + 26)
    p = logits.softmax(dim=1)
    expected = [-(p[i, [*candidates(FIRST_EITHER_CASE + i)]].sum().log()) for i in range(26)]
    torch.testing.assert_close(PartialLabelLoss()(logits, labels), torch.stack(expected).mean())


def test_images_of_equally_frequent_characters_do_not_teach_wrong_frequencies():
    """A network that is right for both kinds has the same logits for both."""
    frequencies = torch.rand(62, generator=torch.Generator().manual_seed(0)) + 0.1
    frequencies /= frequencies.sum()
    shape = torch.randn(8, 62, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(8)
    balanced, others = torch.ones(8, dtype=torch.bool), torch.zeros(8, dtype=torch.bool)
    loss = PartialLabelLoss(frequencies.tolist())
    as_elsewhere = loss(shape + frequencies.log(), labels, balanced)
    torch.testing.assert_close(as_elsewhere, F.cross_entropy(shape, labels))
    mixed = loss(
        torch.cat([shape, shape + frequencies.log()]),
        torch.cat([labels, labels]),
        torch.cat([others, balanced]),
    )
    torch.testing.assert_close(mixed, F.cross_entropy(shape, labels))


def test_a_mask_without_a_balanced_image_changes_nothing():
    logits = torch.randn(8, 62, generator=torch.Generator().manual_seed(1))
    labels, none = torch.arange(60, 68), torch.zeros(8, dtype=torch.bool)
    loss = PartialLabelLoss([1 / 62] * 62)
    assert loss(logits, labels, none) == loss(logits, labels) == PartialLabelLoss()(logits, labels)
