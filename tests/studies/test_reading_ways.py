"""Views of an image, and batch norm's statistics of a set."""

import json

import pytest
import torch

from handwriting.errors import HandwritingError
from models import MODELS, normalise
from studies import reading_ways
from studies.reading_ways import STILL, VIEWS, viewed, with_statistics_of
from tests.support import random_weights


def test_views_are_of_the_same_image(drawn):
    images = torch.from_numpy(drawn[0][:20])
    assert torch.equal(viewed(images, STILL), images)
    up, down = (viewed(images, matrix) for matrix in VIEWS["two views, a pixel up and down"])
    assert (up[:, 2:].int() - down[:, :-2].int()).abs().max() <= 1, "two pixels apart"


def test_statistics_are_those_of_the_images(drawn):
    images = torch.from_numpy(drawn[0][:64])
    torch.manual_seed(0)
    network = MODELS["compactcnn"]()
    changed = with_statistics_of(network, images)
    first = network.layers[0](normalise(images)).mean(dim=(0, 2, 3))
    assert torch.allclose(changed.layers[1].running_mean, first, atol=1e-4)
    assert not network.layers[1].running_mean.any(), "the network itself is left as it is"


def test_each_way_is_measured(drawings, tmp_path, capsys):
    facts = {"hyperparameters": {"extra_held_out": 0.25}}
    random_weights(tmp_path, "run", "compactcnn", **facts)
    random_weights(tmp_path, "all", "compactcnn")
    parser = reading_ways.get_args_parser()
    options = ["--data", str(drawings), "--models", str(tmp_path)]
    reading_ways.main(parser.parse_args(["run", *options]))
    found = json.loads(capsys.readouterr().out)["sets"][drawings.name]
    assert set(found) == {"images", "as it is", "batch norm of the set", *VIEWS}
    with pytest.raises(HandwritingError, match="left no writers out"):
        reading_ways.main(parser.parse_args(["all", *options]))
