"""The loss of exact and of paired labels."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from handwriting.labels import FIRST_EITHER_CASE, FIRST_EQUAL, candidates
from handwriting.training.losses import PartialLabelLoss, is_correct


@given(st.integers(0, 10_000), st.integers(1, 200))
def test_with_exact_labels_it_is_cross_entropy_to_the_last_digit(seed, count):
    generator = torch.Generator().manual_seed(seed)
    scores = (5 * torch.randn(count, 62, generator=generator)).requires_grad_()
    labels = torch.randint(0, 62, (count,), generator=generator)
    ours = PartialLabelLoss()(scores, labels)
    (gradient,) = torch.autograd.grad(ours, scores)
    reference = F.cross_entropy(scores, labels)
    (reference_gradient,) = torch.autograd.grad(reference, scores)
    assert ours.item() == reference.item()
    torch.testing.assert_close(gradient, reference_gradient)


def test_a_pair_counts_the_probability_of_both_cases():
    scores = torch.randn(26, 62, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(FIRST_EITHER_CASE, FIRST_EITHER_CASE + 26)
    p = scores.softmax(dim=1)
    expected = [-(p[i, [*candidates(FIRST_EITHER_CASE + i)]].sum().log()) for i in range(26)]
    torch.testing.assert_close(PartialLabelLoss()(scores, labels), torch.stack(expected).mean())


def test_a_pair_is_right_in_either_case_and_an_exact_label_in_one():
    label_s, pair_s = 36 + 18, FIRST_EITHER_CASE + 18
    predictions = torch.tensor([10 + 18, 36 + 18, 10 + 18, 5])
    labels = torch.tensor([pair_s, pair_s, label_s, pair_s])
    assert is_correct(predictions, labels).tolist() == [True, True, False, False]


def test_pictures_of_equally_frequent_characters_do_not_teach_wrong_frequencies():
    """A network that is right for both kinds has the same scores for both."""
    frequencies = torch.rand(62, generator=torch.Generator().manual_seed(0)) + 0.1
    frequencies /= frequencies.sum()
    shape = torch.randn(8, 62, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(8)
    loss = PartialLabelLoss(frequencies.tolist())
    as_elsewhere = loss(shape + frequencies.log(), labels + FIRST_EQUAL)
    torch.testing.assert_close(as_elsewhere, F.cross_entropy(shape, labels))
    mixed = loss(
        torch.cat([shape, shape + frequencies.log()]), torch.cat([labels, labels + FIRST_EQUAL])
    )
    torch.testing.assert_close(mixed, F.cross_entropy(shape, labels))
