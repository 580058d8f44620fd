"""Writer adaptation: its effect on predictions, and the validation of its file."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, class_index
from handwriting.recognition.hand import MOST_AGAINST, MOST_BYTES, Hand, Taught
from handwriting.recognition.recognizer import Recognizer
from handwriting.recognition.shapes import Shapes, save_shapes, shapes_file
from handwriting.recognition.sizes import SIZES_FILE, Lines, load_sizes
from tests.support import PROJECT, random_weights

BLANK = np.zeros((28, 28), dtype=np.uint8)


def answer(**logits: float) -> np.ndarray:
    """float (62,): log probabilities with some that stand out."""
    found = np.zeros(62)
    for character, logit in logits.items():
        found[class_index(character)] = logit
    return found - np.logaddexp.reduce(found)


HABITS = {
    "a": answer(o=8.0, a=7.0, q=6.0),
    "o": answer(o=9.0, O=7.0),
    "q": answer(q=8.0, g=8.5),
    "7": answer(**{"7": 12.0}),
}
"""How a network answers to one person, whose `a` it takes for an `o` and `q` for a `g`."""

SHAPES = Shapes("weights", np.eye(62), 10 * np.eye(62), between=0.5)


def place(**shares: float) -> np.ndarray:
    """float (62,): features between those that people's characters have on average."""
    return sum(share * SHAPES.means[class_index(c)] for c, share in shares.items())


PLACES = {"a": place(o=0.6, a=0.5), "o": place(o=1.0), "q": place(q=1.0), "7": place(**{"7": 1.0})}


def hand_of(characters: str = "aoq7", sizes=None, size=None, shapes=SHAPES) -> Hand:
    taught = [Taught(c, BLANK, size) for c in characters]
    answers, features = (np.array([of[c] for c in characters]) for of in (HABITS, PLACES))
    return Hand.fit("network", answers, features, taught, shapes, sizes)


@pytest.fixture(scope="module")
def sizes():
    return load_sizes(PROJECT / SIZES_FILE)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A weights file with shapes beside it."""
    path = random_weights(tmp_path_factory.mktemp("models"), "weights")
    plain = Recognizer.load(path)
    images = np.random.default_rng(1).integers(0, 256, (248, 28, 28), dtype=np.uint8)
    _, features = plain.answers(torch.from_numpy(images))
    labels, writers = np.tile(np.arange(62), 4), np.repeat([0, 1], 124)
    shapes = Shapes.fit(plain.weights_digest, features, labels, writers)
    save_shapes(shapes, shapes_file(path))
    return path


@pytest.fixture(scope="module")
def recognizer(weights) -> Recognizer:
    return Recognizer.load(weights)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


def test_what_looks_like_the_own_a_is_read_as_an_a():
    seen = answer(o=7.6, a=6.7, q=5.8, d=2.0)
    assert CLASSES[seen.argmax()] == "o"
    hand = hand_of()
    assert CLASSES[hand.adapt(seen, PLACES["a"], SHAPES).argmax()] == "a"
    assert CLASSES[hand.adapt(HABITS["o"], PLACES["o"], SHAPES).argmax()] == "o"


def test_many_answers_are_changed_as_one_is():
    seen, features = (np.array([of[c] for c in "aoq"]) for of in (HABITS, PLACES))
    hand = hand_of()
    together = hand.adapt(seen, features, SHAPES)
    alone = [hand.adapt(s, f, SHAPES) for s, f in zip(seen, features, strict=True)]
    assert together == pytest.approx(np.array(alone))


def test_what_was_not_taught_keeps_its_share():
    seen = answer(o=7.6, a=6.7, g=7.0)
    before, after = np.exp(seen), np.exp(hand_of().adapt(seen, PLACES["a"], SHAPES))
    others = [class_index(c) for c in CLASSES if c not in "aoq7"]
    assert after[others] == pytest.approx(before[others])
    assert after.sum() == pytest.approx(1)


def test_one_taught_character_alone_changes_no_shape():
    seen = answer(o=7.6, a=6.7)
    assert hand_of("a").adapt(seen, PLACES["a"], SHAPES) == pytest.approx(seen)


def test_a_character_written_otherwise_than_taught_loses_little():
    """A second way to write it may stand far from both the own sample and other people's."""
    seen, far = answer(o=7.6, a=6.7), place(z=9.0)
    adapted = hand_of().adapt(seen, far, SHAPES)
    assert adapted == pytest.approx(seen, abs=MOST_AGAINST)


def test_what_stands_in_the_wrong_box_teaches_no_shape():
    taught = [Taught(c, BLANK) for c in "ao"]
    swapped = np.array([answer(o=12.0), answer(o=9.0)])
    features = np.array([PLACES["o"], PLACES["o"]])
    hand = Hand.fit("network", swapped, features, taught, SHAPES, None)
    assert hand.characters == "ao" and hand.shaped == "o"


def test_without_shapes_a_hand_changes_no_shape():
    hand = hand_of(shapes=None)
    assert hand.adapt(HABITS["a"], PLACES["a"], None) is HABITS["a"]
    assert Hand.from_bytes(hand.to_bytes(), "network").shaped == ""


def test_the_own_height_tells_case(sizes):
    """Who writes small letters nearly as tall as capitals still gets small letters."""
    tall = Lines(baseline=100, capital=0)
    letters = "cosuvwxz"
    measured = {c: tall.measure((0, 10, 50, 100)) for c in letters}
    measured |= {c.upper(): tall.measure((0, -30, 50, 100)) for c in letters}
    taught = [Taught(c, BLANK, size) for c, size in measured.items()]
    nothing = np.zeros((len(taught), 62))
    hand = Hand.fit("network", nothing, nothing, taught, None, sizes)
    bbox = (0, 10, 50, 100)
    general, own = (s.on_lines(bbox, tall) for s in (sizes, hand.own_sizes(sizes)))
    assert general[class_index("S")] > general[class_index("s")]
    assert own[class_index("s")] > own[class_index("S")]
    # What was not taught follows what the others have in common.
    assert hand.size_shifts[class_index("e")][0] > 0.05


def test_a_size_far_off_moves_little(sizes):
    hand = hand_of("a", sizes, np.array([-3.5, 40.0]))
    assert np.abs(hand.size_shifts).max() <= 0.7


def test_without_sizes_a_hand_is_of_shape_alone(sizes):
    assert not hand_of("a", None, np.array([0.0, 1.0])).size_shifts.any()
    assert not hand_of("a", sizes, None).size_shifts.any()


def test_a_recogniser_teaches_and_reads_with_the_hand(recognizer, image, sizes):
    others = [np.roll(image, k, axis=0) for k in range(3)]
    taught = [Taught(c, i) for c, i in zip("xyz", others, strict=True)]
    hand = recognizer.teach(taught, sizes)
    plain, own = recognizer.read(image), recognizer.read(image, hand=hand)
    x = class_index("x")
    assert own.probs[x] > plain.probs[x]
    assert recognizer.read(image, prior="emnist", hand=hand).probs[x] > plain.probs[x]
    assert recognizer.read(image, hand=hand, allowed="0123456789").character.isdigit()


def test_a_hand_of_another_network_does_not_count(recognizer, image):
    plain, other = recognizer.read(image), recognizer.read(image, hand=hand_of())
    assert (plain.probs == other.probs).all()


def test_a_file_gives_the_same_hand_back(sizes):
    hand = hand_of("aoq7", sizes, np.array([-0.4, 0.7]))
    content = hand.to_bytes()
    again = Hand.from_bytes(content, "network")
    assert (again.characters, again.shaped) == (hand.characters, hand.shaped)
    assert again.places == pytest.approx(hand.places, abs=0.01)
    assert again.size_shifts == pytest.approx(hand.size_shifts, abs=1e-4)
    assert again.to_bytes() == content
    assert len(hand_of("aoq7" * 16).to_bytes()) < MOST_BYTES / 10


def test_a_file_whose_places_are_of_another_length_is_refused_or_changes_nothing(recognizer, image):
    taught = [Taught(c, np.roll(image, k, axis=0)) for k, c in enumerate("xyz")]
    content = json.loads(recognizer.teach(taught, None).to_bytes())
    content["places"] = [row[:-1] for row in content["places"]]
    hand = Hand.from_bytes(json.dumps(content).encode(), recognizer.fingerprint)
    assert recognizer.read(image, hand=hand).probs == pytest.approx(recognizer.read(image).probs)


def changed(**values: object) -> bytes:
    return json.dumps(json.loads(hand_of().to_bytes()) | values).encode()


ROW = [0.0] * 62
CRAFTED = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "a number": b"7",
    "deep": b"[" * 100_000,
    "another format": changed(format="a letter"),
    "nothing taught": changed(characters="", shaped="", places=[]),
    "strange characters": changed(characters="aoé7"),
    "characters in a list": changed(characters=["a"] * 4),
    "shapes that were not taught": changed(shaped="aoqz"),
    "too few places": changed(places=[ROW] * 3),
    "no places": changed(places=[]),
    "a place that is a number": changed(places=[1.0] * 4),
    "places without shapes": changed(shaped=""),
    "uneven rows": changed(places=[ROW, ROW, ROW, [0.0]]),
    "words": changed(places=[["a"] * 62] * 4),
    "not numbers": changed(places=[[float("nan")] * 62] * 4),
    "infinite": changed(places=[[float("inf")] * 62] * 4),
    "huge": changed(places=[[1e300] * 62] * 4),
    "beyond floats": changed(places=[[10**400] * 62] * 4),
    "sizes beyond reason": changed(size_shifts=[[9.0, 0.0]] * 62),
    "sizes of another shape": changed(size_shifts=[[0.0, 0.0]]),
    "no network": changed(network=None),
}


@pytest.mark.parametrize("content", CRAFTED.values(), ids=CRAFTED)
def test_a_crafted_file_is_refused_in_a_sentence(content):
    with pytest.raises(HandwritingError, match=r"damaged or holds no taught hand. Teach"):
        Hand.from_bytes(content, "network")


@pytest.mark.parametrize("version", [0, 1, "new", None, [[]]], ids=str)
def test_a_file_of_another_version_is_refused(version):
    with pytest.raises(HandwritingError, match="saved by another version of this page"):
        Hand.from_bytes(changed(version=version), "network")


def test_a_file_of_another_network_is_refused():
    with pytest.raises(HandwritingError, match="taught with another character model"):
        Hand.from_bytes(hand_of().to_bytes(), "another")


def test_a_huge_file_is_not_even_parsed():
    with pytest.raises(HandwritingError, match="at most 500,000"):
        Hand.from_bytes(b"[" * (MOST_BYTES + 1), "network")
