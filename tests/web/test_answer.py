"""Predictions from strokes and options, without the web app."""

import numpy as np
import pytest
import torch

from handwriting.labels import CHARACTER_SETS, CLASSES, class_index
from handwriting.recognition.recognizer import PRIORS, Recognizer
from handwriting.recognition.sizes import SIZES_FILE, Sizes, load_sizes
from handwriting.runs import available_runs
from handwriting.web.answer import Answer, Options, answer_character, answer_strokes
from handwriting.web.canvas import LINES
from tests.support import PROJECT
from tests.web.strokes import DRAWINGS, Stroke, s_shape


@pytest.fixture(scope="module")
def recognizers() -> dict[str, Recognizer]:
    """The committed CompactCNN that reads best."""
    runs = available_runs(PROJECT / "models", PROJECT / "metrics")
    run = next(run for run in runs if run.name.startswith("compactcnn"))
    return {run.name: Recognizer.load(run.weights)}


@pytest.fixture(scope="module")
def sizes() -> Sizes:
    return load_sizes(PROJECT / SIZES_FILE)


def on_canvas(*strokes: Stroke) -> list[np.ndarray]:
    """Pixels of the canvas from units of a capital, y upwards from the baseline."""
    unit = LINES.baseline - LINES.capital
    return [
        np.array([(100 + x * unit, LINES.baseline - y * unit) for x, y in stroke])
        for stroke in strokes
    ]


@pytest.fixture(scope="module")
def answer(recognizers, sizes):
    """The answer to strokes on the lines, with some options."""

    def of(strokes: list[np.ndarray], known_sizes: Sizes | None = sizes, **options) -> Answer:
        return answer_strokes(strokes, recognizers, known_sizes, Options(**options))

    return of


def reading(answer: Answer):
    (found,) = answer.readings.values()
    return found


@pytest.mark.parametrize("character", DRAWINGS)
def test_a_drawn_character_is_read(answer, character):
    found = answer(on_canvas(*DRAWINGS[character]))
    assert reading(found).character == character
    assert f"read as {character}:" in reading(found).sentence()
    assert found.character.image.max() == 255 and not found.character.is_multiple


@pytest.mark.parametrize("strokes", [[], [np.empty((0, 2))]])
def test_a_blank_canvas_reads_nothing(answer, strokes):
    found = answer(strokes)
    assert found.readings == {} and not found.character.image.any()


def test_the_same_strokes_give_the_same_answer_and_stay_as_they_are(answer):
    strokes = on_canvas(*DRAWINGS["R"])
    before = [stroke.copy() for stroke in strokes]
    first, again = answer(strokes), answer(strokes)
    assert (reading(first).probs == reading(again).probs).all()
    assert all((a == b).all() for a, b in zip(strokes, before, strict=True))


@pytest.mark.parametrize("kind", CHARACTER_SETS)
def test_only_the_chosen_characters_are_read(answer, kind):
    found = reading(answer(on_canvas(s_shape(1.0)), characters=kind))
    assert found.character in CHARACTER_SETS[kind]
    others = [class_index(c) for c in CLASSES if c not in CHARACTER_SETS[kind]]
    assert not found.probs[others].any() and found.probs.sum() == pytest.approx(1)


def test_an_s_among_digits_is_a_5(answer):
    assert reading(answer(on_canvas(s_shape(1.0)), characters="Digits")).character == "5"


@pytest.mark.parametrize("letter", "SC")
def test_the_height_tells_the_case_and_without_it_both_sizes_are_read_alike(answer, letter):
    large, small = on_canvas(*DRAWINGS[letter]), on_canvas(*DRAWINGS[letter.lower()])
    assert reading(answer(large)).character == letter
    assert reading(answer(small)).character == letter.lower()
    assert "height says" in reading(answer(small)).sentence()
    for options in ({"use_size": False}, {"known_sizes": None}):
        found = reading(answer(small, **options))
        assert found.size_log_likelihood is None and "height" not in found.sentence()
        assert (found.probs == found.image_probs).all()


def test_size_weighs_the_image_alone_by_where_it_stood(answer, sizes):
    found = answer(on_canvas(*DRAWINGS["s"]))
    plain = reading(answer(on_canvas(*DRAWINGS["s"]), use_size=False))
    weighed = plain.probs * np.exp(sizes.on_lines(found.character.bbox, LINES))
    assert reading(found).probs == pytest.approx(weighed / weighed.sum())
    assert reading(found).image_probs == pytest.approx(plain.probs)


def test_the_prior_is_the_recognisers(answer, recognizers):
    (recognizer,) = recognizers.values()
    strokes = on_canvas(*DRAWINGS["L"])
    found = {prior: answer(strokes, prior=prior, use_size=False) for prior in PRIORS}
    for prior, given in found.items():
        image = torch.from_numpy(given.character.image).unsqueeze(0)
        weights = np.exp(recognizer.log_probs(image, prior)[0])
        assert reading(given).probs == pytest.approx(weights / weights.sum())
    assert not np.allclose(*(reading(given).probs for given in found.values()))


def test_two_characters_are_noticed(answer):
    seven = [(0, 1), (0.5, 1), (0.2, 0)]
    both = on_canvas(seven, [(x + 1.2, y) for x, y in seven])
    assert answer(both).character.is_multiple and not answer(on_canvas(seven)).character.is_multiple


@pytest.mark.parametrize("character", ["A", "3", "h"])
@pytest.mark.parametrize(("scale", "shift"), [(1, (60, -30)), (0.4, (0, 0)), (1.3, (-50, 12))])
def test_moved_or_scaled_strokes_give_the_same_image(answer, character, scale, shift):
    strokes = on_canvas(*DRAWINGS[character])
    changed = [scale * stroke + shift for stroke in strokes]
    images = [answer(s, use_size=False).character.image.astype(int) for s in (strokes, changed)]
    assert np.abs(images[0] - images[1]).max() <= 2
    characters = [reading(answer(s, use_size=False)).character for s in (strokes, changed)]
    assert characters[0] == characters[1]


def test_the_order_and_the_direction_of_strokes_do_not_matter(answer):
    strokes = on_canvas(*DRAWINGS["H"])
    backwards = [stroke[::-1] for stroke in strokes[::-1]]
    images = [answer(s).character.image.astype(int) for s in (strokes, backwards)]
    assert np.abs(images[0] - images[1]).max() <= 2


def test_every_recogniser_answers_under_its_name(recognizers, sizes):
    (recognizer,) = recognizers.values()
    found = answer_strokes(
        on_canvas(*DRAWINGS["7"]), {"one": recognizer, "other": recognizer}, sizes, Options()
    )
    assert list(found.readings) == ["one", "other"]
    assert (found.readings["one"].probs == found.readings["other"].probs).all()


def test_a_picture_is_answered_as_its_image_alone(answer, recognizers):
    strokes = on_canvas(*DRAWINGS["4"])
    plain = answer(strokes, use_size=False)
    found = answer_character(plain.character, recognizers, None, Options())
    assert (reading(found).probs == reading(plain).probs).all()
