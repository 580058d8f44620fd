"""Characters are cut out of words only if they share no stroke with a neighbour."""

import numpy as np
import pytest

from handwriting.alphabet import BLANK, NUM_OUTPUTS, encode
from handwriting.datasets.external import load_external
from handwriting.datasets.pen import load_pen, pen_archive, save_pen
from handwriting.imaging.line import strokes_on_line
from handwriting.labels import CLASSES
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import find_run
from handwriting.synthesis.plain_hand import write
from handwriting.training import cut_characters
from handwriting.training.cut_characters import cut_word, is_possible, own_strokes
from tests.lines.support import pen_archive as words_of_few_shapes
from tests.support import random_reader, random_weights, shared_folder


@pytest.mark.parametrize(
    ("extents", "centres", "expected"),
    [
        ([(0, 10), (12, 20)], [5, 16], [[0], [1]]),
        ([(0, 10), (12, 14), (13, 15)], [5, 13], [[0], [1, 2]]),
        ([(0, 20)], [5, 16], [[], []]),
        ([(0, 20), (22, 30)], [5, 16, 26], [[], [], [1]]),
        ([(0, 10), (22, 30)], [5, 16, 26], [[], [], []]),
        ([(0, 4)], [6], [[0]]),
    ],
    ids=["apart", "a dot", "joined", "joined beside one", "one without ink", "beside its centre"],
)
def test_strokes_are_told_by_what_they_span(extents, centres, expected):
    assert own_strokes(np.array(extents, float), np.array(centres, float)) == expected


def as_read(strokes: list[np.ndarray], counts: list[int], text: str) -> np.ndarray:
    """float (steps, 96): as of a reader that sees each character in its middle."""
    paths, width = strokes_on_line(strokes)
    steps = -(-width // COLUMNS_PER_STEP)
    outputs = np.full(steps, BLANK)
    ends = np.cumsum(counts)
    letters = [place for place, character in enumerate(text) if character != " "]
    for place, first, last in zip(letters, [0, *ends[:-1]], ends, strict=True):
        xs = np.concatenate(paths[first:last])[:, 0]
        outputs[int((xs.min() + xs.max()) / 2 / COLUMNS_PER_STEP)] = encode(text[place])[0]
    return np.where(np.arange(NUM_OUTPUTS) == outputs[:, None], -0.01, -9.0)


@pytest.mark.parametrize("text", ["hand", "time", "x2 lot"])
def test_a_plain_hands_characters_come_as_they_were_written(text):
    rng = np.random.default_rng(1)
    counts = [len(write(character, rng)) for character in text if character != " "]
    strokes = write(text, rng)
    found = iter(cut_word(strokes, text, as_read(strokes, counts, text)))
    numbers = iter(range(len(strokes)))
    for character in text:
        drawn = 0 if character == " " else len(write(character, rng))
        assert next(found) == [next(numbers) for _ in range(drawn)], character


def test_an_archive_that_is_written_reads_the_same(tmp_path):
    drawn = [write(text, np.random.default_rng(k)) for k, text in enumerate(("a", "it"))]
    units = [[np.round(100 * stroke) for stroke in strokes] for strokes in drawn]
    facts = {"text": ["a", "it"], "writer": ["w", "v"], "provider": ["p", "p"]}
    for name in ("first.npz", "second.npz"):
        save_pen(pen_archive(units, **facts), tmp_path / name)
    archive = load_pen(tmp_path / "first.npz")
    assert archive.text.tolist() == ["a", "it"] and archive.writer.tolist() == ["w", "v"]
    for sample, strokes in enumerate(units):
        for found, given in zip(archive.strokes(sample), strokes, strict=True):
            np.testing.assert_array_equal(found, given)
    first, second = (tmp_path / f"{name}.npz" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def run(*arguments: object) -> None:
    parser = cut_characters.get_args_parser()
    cut_characters.main(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """The characters of some real words of two writers; the words; and the writer left aside."""
    folder = tmp_path_factory.mktemp("cut")
    archive = load_pen(shared_folder("pen") / "words.npz")
    printed = np.flatnonzero(archive.style == "PRINTED")
    writers = np.unique(archive.writer[printed])[:3].tolist()
    some = [k for w in writers for k in printed[archive.writer[printed] == w][:25].tolist()]
    for name, samples in (("words", some), ("known", some[-25:])):
        facts = {fact: getattr(archive, fact)[samples] for fact in ("text", "writer", "provider")}
        words = pen_archive([archive.strokes(sample) for sample in samples], **facts)
        save_pen(words, folder / f"{name}.npz")
    run(
        *("latest", "compactcnn_2026_November24_06_38", "--data", folder / "words.npz"),
        *("--without", folder / "known.npz", "--out", folder / "cut.npz"),
    )
    return load_pen(folder / "cut.npz"), load_pen(folder / "words.npz"), writers[-1]


def test_real_printed_words_give_characters_of_their_writers(cut):
    found, words, aside = cut
    assert len(found) > 60 and set(found.text.tolist()) <= set(CLASSES)
    assert aside not in found.writer and set(found.writer) < set(words.writer)
    for writer in np.unique(found.writer).tolist():
        written = "".join(words.text[words.writer == writer].tolist())
        assert set(found.text[found.writer == writer].tolist()) <= set(written)


def test_cut_strokes_are_strokes_of_the_words(cut):
    found, words, _ = cut
    known = {stroke.tobytes() for k in range(len(words)) for stroke in words.strokes(k)}
    assert all(stroke.tobytes() in known for k in range(len(found)) for stroke in found.strokes(k))


def test_a_badly_cut_character_is_not_possible(cut):
    found, words, _ = cut
    recognizer = Recognizer.load(find_run("compactcnn_2026_November24_06_38").weights)
    whole = [words.strokes(k) for k in range(20) if len(words.text[k]) > 4]
    single = [found.strokes(k) for k in range(20)]
    names = ["o"] * len(whole) + found.text[:20].tolist()
    mixed = pen_archive([*whole, *single], text=names, writer=names, provider=names)
    possible = is_possible(mixed, recognizer)
    assert possible[len(whole) :].all() and possible[: len(whole)].mean() < 0.2


def test_what_is_cut_is_taken_as_extra_data(cut, tmp_path):
    save_pen(cut[0], tmp_path / "cut.npz")
    data = load_external(tmp_path / "cut.npz", variants=1)
    assert len(data) == 2 * len(cut[0]) and data.images.amax(dim=(1, 2)).min() == 255


@pytest.mark.parametrize("without", [True, False], ids=["all are known", "nothing is read"])
def test_an_archive_of_which_nothing_is_cut_is_named(tmp_path, without):
    words = words_of_few_shapes(tmp_path / "words.npz", 8)
    random_reader(tmp_path, "reader"), random_weights(tmp_path, "characters")
    known = ["--without", words] if without else []
    reason = (
        "all writers of --data" if without else "no correctly read word has a separate character"
    )
    with pytest.raises(cut_characters.HandwritingError, match=reason):
        run(
            *(tmp_path / "reader.pt", tmp_path / "characters.pt", "--data", words),
            *(*known, "--out", tmp_path / "cut.npz"),
        )
    assert not (tmp_path / "cut.npz").exists()
