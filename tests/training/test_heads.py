"""Two heads on one backbone: one for NIST's forms, one for out-of-domain handwriting."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import model_training
from handwriting.evaluation.report import external_set
from handwriting.labels import CLASSES
from handwriting.recognition.recognizer import Recognizer, log_prior_change
from handwriting.runs import RunFiles, build_network, has_hands_head, load_weights
from handwriting.training.losses import PartialLabelLoss
from handwriting.training.recipes import RECIPES
from handwriting.training.run import Run
from handwriting.training.settings import Settings
from models import last_linear, predict_logits
from tests.support import small_network, training_arguments


@pytest.fixture(scope="module", autouse=True)
def small_model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(model_training.MODELS, "compactcnn", small_network)
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, drawn) -> Path:
    """Labelled pictures of five writers."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = ["file,character,writer"]
    for k, (image, label) in enumerate(zip(drawn[0][::12], drawn[1][::12], strict=True)):
        Image.fromarray(255 - image).resize((112, 112)).save(folder / f"{k}.png")
        rows.append(f"{k}.png,{CLASSES[label]},w{k % 5}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


def train(processed: Path, folder: Path, *more: str) -> dict:
    """Train the small network; the weights file's content."""
    options = ("--model", "compactcnn", "--epochs", "1", "--name", "run", *more)
    arguments = training_arguments(processed, folder, *options)
    model_training.main(model_training.get_args_parser().parse_args(arguments))
    return load_weights(folder / "models" / "run.pt")


@pytest.fixture(scope="module")
def first(processed, tmp_path_factory) -> Path:
    """The weights of a run with one head."""
    folder = tmp_path_factory.mktemp("first")
    train(processed, folder)
    return folder / "models" / "run.pt"


@pytest.fixture(scope="module")
def further(processed, first, pictures, tmp_path_factory) -> Path:
    """The weights of one that went on with images from elsewhere."""
    folder = tmp_path_factory.mktemp("further")
    more = ("--init-from", str(first), "--extra-data", str(pictures), "--extra-held-out", "0.4")
    train(processed, folder, *more, "--alpha", "1")
    return folder / "models" / "run.pt"


def test_the_first_head_learns_from_forms_alone_and_the_second_from_all():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 124, generator=generator, requires_grad=True)
    labels, is_balanced = torch.arange(6), torch.tensor([False] * 4 + [True] * 2)
    frequencies = torch.rand(62, generator=generator) + 0.1
    frequencies /= frequencies.sum()
    loss = PartialLabelLoss(frequencies.tolist())(logits, labels, is_balanced)
    forms, hands = logits.detach().split(62, dim=1)
    hands = hands + ~is_balanced[:, None] * frequencies.log()
    of_forms = F.cross_entropy(forms[:4], labels[:4], reduction="sum") / 6
    torch.testing.assert_close(loss, F.cross_entropy(hands, labels) + of_forms)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert not gradient[4:, :62].any() and gradient[:, 62:].abs().sum(dim=1).all()


def test_before_training_the_second_head_is_the_first_with_all_characters_alike(first):
    content = load_weights(first)
    settings = Settings("compactcnn", RECIPES["modern"], init_from=str(first), heads=2)
    files = RunFiles("x", first.parent)
    run = Run(settings, files, torch.device("cpu"), torch.arange(100))
    images = torch.randint(256, (9, 28, 28), dtype=torch.uint8)
    forms, hands = predict_logits(run.network, images).split(62, dim=1)
    alone = predict_logits(build_network(content, first), images)
    # Twice as many outputs may be added up in another order.
    torch.testing.assert_close(forms, alone, atol=1e-6, rtol=1e-5)
    change = content["temperature"] * log_prior_change(content, "equal")
    torch.testing.assert_close(hands - forms, torch.tensor(change).float().expand(9, 62), atol=1e-4,
                               rtol=1e-4)  # fmt: skip


def test_each_prior_is_read_by_its_own_head(further):
    content = load_weights(further)
    assert has_hands_head(content) and content["hands_temperature"] > 0
    images = torch.randint(256, (9, 28, 28), dtype=torch.uint8)
    recognizer = Recognizer(content, further)
    for prior, temperature in (("emnist", "temperature"), ("equal", "hands_temperature")):
        network = build_network(content, further, prior)
        assert last_linear(network).out_features == 62
        expected = (predict_logits(network, images).double() / content[temperature]).softmax(1)
        np.testing.assert_allclose(np.exp(recognizer.log_probs(images, prior)), expected, atol=1e-6)
    one, other = (recognizer.log_probs(images, prior) for prior in ("emnist", "equal"))
    assert not np.allclose(one, other)


def test_a_head_for_any_hand_has_no_frequencies_to_take_away(further, pictures):
    content = load_weights(further)
    assert not log_prior_change(content, "equal").any()
    evidence = external_set(pictures, content, False, "auto").log_evidence
    assert evidence is None or not evidence.any()


def test_hands_that_are_left_out_are_measured_in_each_epoch(further):
    history = (further.parent.parent / "metrics" / "run_history.csv").read_text().splitlines()
    row = dict(zip(history[0].split(","), history[1].split(","), strict=True))
    assert 0 <= float(row["held_out_accuracy"]) <= 1


def test_a_run_with_two_heads_goes_on_from_both(processed, further, pictures, tmp_path):
    more = ("--init-from", str(further), "--extra-data", str(pictures), "--lr", "1e-9")
    content = train(processed, tmp_path, *more, "--alpha", "1")
    before = load_weights(further)
    for name, tensor in content["weights"].items():
        if name.endswith("weight") and tensor.ndim > 1:
            torch.testing.assert_close(tensor.float(), before["weights"][name].float(), atol=1e-3,
                                       rtol=1e-2)  # fmt: skip
