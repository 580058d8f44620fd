"""Cut single characters out of handwritten words, for writers without isolated characters.

    python -m handwriting.training.cut_characters LINES_RUN CHARACTERS_RUN --data WORDS.npz \\
        --without CHARACTERS.npz --out CUT.npz

The text-line model locates the characters of each word. Characters are kept if they share no stroke
with a neighbour, so cursive handwriting gives few. The output is a pen archive of characters, as
`python model_training.py --extra-data` takes it. Writers in the archives of `--without` are
skipped, so that their held-out writers stay unseen.

Words are kept only if the model reads their text exactly; otherwise the positions are unknown.
Characters are kept only if the character model finds them plausible.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from handwriting.cli import make_parser, run_script
from handwriting.datasets.pen import (
    PenArchive,
    draw_samples,
    load_pen,
    pen_archive,
    save_pen,
)
from handwriting.datasets.text import line_strokes, written
from handwriting.errors import HandwritingError
from handwriting.imaging.line import line_from_strokes, strokes_on_line
from handwriting.labels import CLASSES, class_index
from handwriting.lines.decoding import align, greedy
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.lines.reader import Reader, find_reader
from handwriting.recognition.recognizer import LOOKALIKES, Recognizer
from handwriting.runs import find_run
from handwriting.training.claims import check_output

LEAST = 0.2
"""Least probability of the character or a look-alike; below it the cut counts as wrong."""

_AT_A_TIME = 500


def own_strokes(extents: np.ndarray, centres: np.ndarray) -> list[list[int]]:
    """The strokes of each character, where they can be separated.

    A stroke belongs to the characters whose centres it spans, or else to the nearest. A character
    that shares a stroke with another one gets none. Nor does a neighbour of a character without
    strokes, whose ink is probably in the neighbour's strokes.

    Args:
        extents: float (strokes, 2), left and right end of each.
        centres: float (characters,), ascending.

    Returns:
        Stroke numbers of each character; none where they cannot be separated.
    """
    spans = (extents[:, :1] <= centres) & (centres <= extents[:, 1:])
    nearest = np.abs(extents.mean(axis=1, keepdims=True) - centres).argmin(axis=1)
    alone = ~spans.any(axis=1)
    spans[alone, nearest[alone]] = True
    has_ink = np.concatenate(([True], spans.any(axis=0), [True]))
    shared = spans[spans.sum(axis=1) > 1].any(axis=0)
    is_apart = ~shared & has_ink[:-2] & has_ink[2:]
    return [
        np.flatnonzero(column).tolist() if apart else []
        for column, apart in zip(spans.T, is_apart, strict=True)
    ]


def cut_word(strokes: list[np.ndarray], text: str, log_probs: np.ndarray) -> list[list[int]]:
    """The strokes of each character; spaces have none.

    Args:
        strokes: float (points, 2) each, of one line.
        text: the true text.
        log_probs: float (steps, outputs), the text-line model's outputs for their image.
    """
    paths, _ = strokes_on_line(strokes)
    extents = np.array([(path[:, 0].min(), path[:, 0].max()) for path in paths])
    places = [place for place, character in enumerate(text) if character != " "]
    spans = np.array(align(log_probs, text))[places]
    centres = (spans.mean(axis=1) + 0.5) * COLUMNS_PER_STEP
    found: list[list[int]] = [[] for _ in text]
    for place, own in zip(places, own_strokes(extents, centres), strict=True):
        found[place] = own
    return found


class Cut(NamedTuple):
    """A character of a word: the word's number, the character and its strokes."""

    sample: int
    character: str
    strokes: list[np.ndarray]


def cut_archive(archive: PenArchive, samples: np.ndarray, reader: Reader) -> Iterator[Cut]:
    """The characters that can be cut out of samples of an archive.

    Args:
        archive: of words or lines.
        samples: int64, numbers of the samples, at least one.
        reader: the text-line model.
    """
    bar = tqdm(total=len(samples), unit="word", desc="cutting")
    for some in np.array_split(samples, -(-len(samples) // _AT_A_TIME)):
        laid = [line_strokes(archive, sample) for sample in some.tolist()]
        read = reader.log_probs([line_from_strokes(strokes) for strokes in laid])
        for sample, strokes, log_probs in zip(some.tolist(), laid, read, strict=True):
            text = str(archive.text[sample]).strip()
            if greedy(log_probs) != text:
                continue
            as_written = archive.strokes(sample)
            for character, own in zip(text, cut_word(strokes, text, log_probs), strict=True):
                if own and character in CLASSES:
                    yield Cut(sample, character, [as_written[stroke] for stroke in own])
        bar.update(len(some))
    bar.close()


def is_possible(found: PenArchive, recognizer: Recognizer) -> np.ndarray:
    """bool (N,): whether the character model gives a cut character, or a look-alike, a probability
    of LEAST or more."""
    images = np.stack([drawn.image for drawn in draw_samples(found, range(len(found)))])
    log_probs = recognizer.log_probs(torch.from_numpy(images), "equal")
    among = [_lookalikes(character) for character in found.text.tolist()]
    return np.array(
        [np.exp(row[own]).sum() >= LEAST for row, own in zip(log_probs, among, strict=True)]
    )


@cache
def _lookalikes(character: str) -> list[int]:
    groups = [group for group in LOOKALIKES if character in group] or [character]
    return sorted({class_index(one) for one in "".join(groups)})


def new_writers(archive: PenArchive, without: Sequence[Path]) -> np.ndarray:
    """int64: the samples with strokes and a text, of writers in none of these archives.

    Raises:
        HandwritingError: there is no such sample.
    """
    known = {writer for path in without for writer in load_pen(path).writer.tolist()}
    samples = written(archive)
    samples = samples[~np.isin(archive.writer[samples], sorted(known))]
    if not len(samples):
        raise HandwritingError("all writers of --data are in the archives of --without.")
    return samples


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("lines", metavar="LINES_RUN", help="text-line model that locates the characters")
    add("characters", metavar="CHARACTERS_RUN", help="character model that rejects wrong cuts")
    add("--data", type=Path, required=True, metavar="FILE", help="pen archive of words")
    add(
        "--without",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="pen archives whose writers are skipped",
    )
    add("--out", type=Path, required=True, help="pen archive to write")
    return parser


def main(args: argparse.Namespace) -> None:
    """Cut and write the archive."""
    check_output(args.out, args.data, *args.without)
    words = load_pen(args.data)
    samples = new_writers(words, args.without)
    reader = Reader.load(find_reader(args.lines))
    recognizer = Recognizer.load(find_run(args.characters).weights)
    cuts = list(cut_archive(words, samples, reader))
    possible = is_possible(_as_archive(cuts, words), recognizer) if cuts else []
    kept = [cut for cut, good in zip(cuts, possible, strict=True) if good]
    if not kept:
        raise HandwritingError(f"{args.data}: no correctly read word has a separate character.")
    found = _as_archive(kept, words)
    save_pen(found, args.out)
    print(
        f"wrote {args.out}: {len(kept):,} characters of {len(np.unique(found.writer))} writers, "
        f"out of {len(samples):,} words; {len(cuts) - len(kept):,} rejected as wrong cuts"
    )


def _as_archive(cuts: Sequence[Cut], words: PenArchive) -> PenArchive:
    of = [cut.sample for cut in cuts]
    return pen_archive(
        [cut.strokes for cut in cuts],
        text=[cut.character for cut in cuts],
        writer=words.writer[of],
        provider=words.provider[of],
    )


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
