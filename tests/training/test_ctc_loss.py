"""The loss of the text-line model, on exact labels and on labels that are ASCII by necessity."""

import pytest
import torch

from handwriting.alphabet import NUM_OUTPUTS, encode
from handwriting.training.text_run import ctc_loss


def logits_of(text: str, sure: float = 12.0) -> torch.Tensor:
    """float (1, steps, outputs): each character for a step, with blanks in between."""
    outputs = [step for output in encode(text) for step in (output, 0)]
    logits = torch.zeros(1, len(outputs), NUM_OUTPUTS)
    logits[0, range(len(outputs)), outputs] = sure
    return logits.requires_grad_()


def loss(drawn: str, text: str, is_exact: bool) -> float:
    logits = logits_of(drawn)
    widths = torch.tensor([4 * logits.shape[1]])
    return ctc_loss(logits, widths, [text], [is_exact]).item()


def test_an_accent_is_no_mistake_where_labels_are_ascii():
    assert loss("d\u00e9j\u00e0", "deja", is_exact=False) < 0.01
    assert loss("deja", "deja", is_exact=False) < 0.01


def test_an_accent_is_a_mistake_where_labels_are_exact():
    assert loss("d\u00e9j\u00e0", "deja", is_exact=True) > 1
    assert loss("deja", "d\u00e9j\u00e0", is_exact=True) > 1


def test_another_letter_is_a_mistake_in_any_case():
    assert loss("doja", "deja", is_exact=False) > 1


def test_samples_of_both_kinds_share_a_batch():
    logits = torch.cat((logits_of("d\u00e9j\u00e0"), logits_of("d\u00e9j\u00e0")))
    widths = torch.full((2,), 4 * logits.shape[1])
    both = ctc_loss(logits, widths, ["deja", "d\u00e9j\u00e0"], [False, True])
    assert float(both) < 0.01


def test_the_gradient_raises_what_an_ascii_label_stands_for_and_nothing_else():
    logits = logits_of("\u00e9e", sure=2.0)
    ctc_loss(logits, torch.tensor([16]), ["ee"], [False]).backward()
    step = logits.grad[0, 0]
    raised = {output for output in range(NUM_OUTPUTS) if step[output] < 0}
    assert raised - {0} == set(encode("e\u00e8\u00e9\u00ea\u00eb"))
    assert float(step.sum()) == pytest.approx(0, abs=1e-5)
