"""Fit a language model for the text-line model: a file of models/lines/.

    pip install wordfreq
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz --programs --least 2.5
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz --language fr
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz --language de --least 1.3
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz --language any --least 1

N-grams are counted on

- the texts of pen archives, without those of held-out writers,
- words with their frequencies, mostly of --language, from the package wordfreq (R. Speer, doi
  10.5281/zenodo.7199437; Apache 2.0, its data CC BY-SA 4.0, compatible with GPL 3), unchanged,
  capitalised and in capitals; where the language has more than ASCII, also with punctuation, with
  French elisions and with the German sharp s, which the package writes as ss,
- random numbers, dates and codes of digits and letters,
- with --programs, the source lines of Python's standard library (PSF licence).

Using the model needs no further package.
"""

import argparse
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from handwriting.alphabet import NUM_OUTPUTS, OUTPUT
from handwriting.cli import make_parser, run_script
from handwriting.files import replacing
from handwriting.lines.language import LONGEST_CONTEXT, PROGRAMS_FILE, STEPS_PER_NAT
from handwriting.lines.languages import ENGLISH, LANGUAGES
from handwriting.training.claims import check_output
from handwriting.training.language_texts import (
    RECIPES,
    draw_codes,
    pen_texts,
    program_lines,
    word_texts,
)

ORDER = LONGEST_CONTEXT + 1
"""Length of the longest n-grams, in characters."""

CODE_WEIGHT, PROGRAM_WEIGHT = 0.3, 0.75
"""Weights of a random code and a line of a program; the rarest word has weight 1."""


@dataclass(frozen=True)
class Grams:
    """The n-grams of one length, in ascending order.

    Attributes:
        characters: uint8 (K, n), as outputs.
        times: float64 (K,), weighted counts.
        before: int64 (K,), row of the first n - 1 characters among the shorter n-grams.
        after: int64 (K,), row of the last n - 1 characters among them.
    """

    characters: np.ndarray
    times: np.ndarray
    before: np.ndarray
    after: np.ndarray


def count(texts: Sequence[str], weights: np.ndarray) -> list[Grams]:
    """Count the n-grams of texts, for n from 0 to ORDER.

    Args:
        texts: in the alphabet.
        weights: float (texts,), weight of each text.
    """
    parts = [f"\0 {text} " for text in texts]
    outputs = np.array([OUTPUT.get(character, 0) for character in "".join(parts)], dtype=np.int64)
    each = weights.repeat([len(part) for part in parts])
    nothing = np.zeros(1, dtype=np.int64)
    found = [Grams(np.zeros((1, 0), dtype=np.uint8), weights.sum(keepdims=True), nothing, nothing)]
    # The n-gram that ends at each character, where it is within a text.
    row, is_whole = np.zeros_like(outputs), np.ones(len(outputs), dtype=bool)
    for _ in range(ORDER):
        is_whole = np.append(False, is_whole[:-1]) & (outputs > 0)
        before = np.append(0, row[:-1])[is_whole]
        keys, which = np.unique(before * NUM_OUTPUTS + outputs[is_whole], return_inverse=True)
        after = np.empty_like(keys)
        after[which] = row[is_whole]
        starts, last = found[-1].characters[keys // NUM_OUTPUTS], keys % NUM_OUTPUTS
        characters = np.column_stack((starts, last.astype(np.uint8)))
        times = np.bincount(which, weights=each[is_whole], minlength=len(keys))
        found.append(Grams(characters, times, keys // NUM_OUTPUTS, after))
        row[is_whole] = which
    return found


def estimate(grams: Sequence[Grams], least: float, size: int) -> dict[str, np.ndarray]:
    """The arrays of a pruned model.

    An n-gram is kept if it says much more than its backoff, weighted by its count (Seymore and
    Rosenfeld 1996, "Scalable backoff language models").

    Args:
        grams: from :func:`count`.
        least: least gain in log-likelihood of an n-gram, in nats; all unigrams and bigrams are
            kept.
        size: number of the language's characters.
    """
    contexts, counts, characters, levels = [], [], [], []
    probs = np.full(1, 1 / size)
    for n, (shorter, own) in enumerate(pairwise(grams), start=1):
        following = np.bincount(own.before, minlength=len(shorter.times))
        # Witten-Bell smoothing: the number of distinct successors estimates the unseen ones.
        total = np.bincount(own.before, weights=own.times, minlength=len(following)) + following
        shares, rest = own.times / total[own.before], (following[own.before] / total[own.before])
        without = probs[own.after]
        probs = shares + rest * without
        level = np.round(-STEPS_PER_NAT * np.log(shares))
        kept = ((own.times * np.log(probs / without) >= least) | (n <= 2)) & (level <= 255)
        kept_counts = np.bincount(own.before[kept], minlength=len(following))
        is_context = kept_counts > 0
        padding = ((0, 0), (LONGEST_CONTEXT - (n - 1), 0))
        contexts.append(np.pad(shorter.characters[is_context], padding))
        counts.append(kept_counts[is_context])
        characters.append(own.characters[kept, -1])
        levels.append(level[kept])
    arrays = {"contexts": contexts, "counts": counts, "characters": characters, "levels": levels}
    # Columns of similar values compress to half the size.
    return {
        name: np.asfortranarray(np.concatenate(parts), dtype=np.uint8)
        for name, parts in arrays.items()
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, nargs="+", required=True, metavar="FILE", help="pen archives")
    add("--held-out", type=float, default=0.1, help="fraction of the writers held out")
    add("--least", type=float, default=0.8, help="least gain of a kept n-gram, in nats")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--language", choices=LANGUAGES, default=ENGLISH.name, help="of the texts")
    either.add_argument(
        "--programs", action="store_true", help="also count lines of Python's standard library"
    )
    add(
        "--out",
        type=Path,
        default=None,
        help=f"output file; by default the language's, or {PROGRAMS_FILE} with --programs",
    )
    return parser


def main(args: argparse.Namespace) -> None:
    """Count, write and report the model's size."""
    language = LANGUAGES[args.language]
    out = args.out or (PROGRAMS_FILE if args.programs else language.model_file)
    check_output(out, *args.data)
    counted = word_texts(language)
    texts, codes = pen_texts(args.data, args.held_out), draw_codes(np.random.default_rng(0))
    programs = program_lines(Path(sysconfig.get_path("stdlib"))) if args.programs else []
    pens = RECIPES[language.name].pens
    kinds = [(texts, pens), (codes, CODE_WEIGHT), (programs, PROGRAM_WEIGHT)]
    all_texts = [*counted, *(text for kind, _ in kinds for text in kind)]
    weights = [*counted.values(), *(weight for kind, weight in kinds for _ in kind)]
    grams = count(all_texts, np.array(weights))
    arrays = estimate(grams, args.least, len(language.characters))
    names = ", ".join(path.name for path in args.data)
    sources = f"texts of {names} (UNIPEN, CC BY 4.0); wordfreq (R. Speer, CC BY-SA 4.0); numbers"
    if args.programs:
        sources += f"; Python {sysconfig.get_python_version()}'s standard library (PSF licence)"
    with replacing(out) as (part,), part.open("wb") as file:
        np.savez_compressed(
            file, **arrays, made_by=np.array("handwriting.training.fit_language"), sources=sources
        )
    size = out.stat().st_size / 2**20
    print(f"wrote {out}: {len(arrays['characters']):,} n-grams, {size:.2f} MiB")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
