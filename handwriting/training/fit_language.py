"""Make a language model of the line reader, models/lines/language.npz or programs.npz.

    pip install wordfreq
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz --programs --least 2.5

It is counted on

- the texts of pen archives, those of the writers left out excepted,
- words of six languages with their frequencies, from the package wordfreq (R. Speer, doi
  10.5281/zenodo.7199437; Apache 2.0, its data CC BY-SA 4.0, which may go on under GPL 3), as they
  are, with a capital and in capitals,
- numbers, dates and codes of digits and letters drawn by chance,
- with --programs, lines of the standard library of the Python that runs this (PSF licence).

To use the model nothing need be installed.
"""

import argparse
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from handwriting.cli import make_parser, run_script
from handwriting.datasets.pen import load_pen
from handwriting.datasets.text import left_out, written
from handwriting.errors import HandwritingError
from handwriting.files import replacing
from handwriting.lines.alphabet import ALPHABET, NUM_OUTPUTS
from handwriting.lines.language import (
    LANGUAGE_FILE,
    LONGEST_CONTEXT,
    PROGRAMS_FILE,
    STEPS_PER_NAT,
)
from handwriting.training.claims import check_output

ORDER = LONGEST_CONTEXT + 1
"""Characters of the longest n-grams."""

LANGUAGES = {"en": 1.0, "de": 0.05, "fr": 0.05, "it": 0.05, "es": 0.05, "nl": 0.05}
"""Of the word list, and how much each counts."""

RAREST_WORD = 1e-7
"""Share of a language's text that a word of the list must have."""

TEMPERING = 0.4
"""Power of a word's frequency: words alone are rarely "the" as often as in a book."""

SHAPES = (
    "9 99 999 9999 99999 999999 9.9 9.99 99.99 9,99 9,999 9:99 99:99 99% $9.99 $999 -9 "
    "9/9/99 99/99/9999 99.99.9999 9999-99-99 999-9999 (999)999-9999 #99 A9 AA99 A999 "
    "AA9999 A9A9 aa9 99A a99 AA-999"
)
"""Of numbers and codes: 9 is any digit, A and a any letter."""

PEN_WEIGHT, CODE_WEIGHT, PROGRAM_WEIGHT = 3.0, 0.3, 0.75
"""How often a written text, a drawn code and a program's line count; the rarest word counts 1."""

LONGEST_LINE = 60
"""Characters of a line of a program that is counted: longer ones are seldom written by hand."""

NO_PROGRAMS = {"test", "tests", "idle_test", "encodings", "site-packages", "dist-packages"}
"""Folders of the standard library with tables, tests of odd texts, and packages of others."""

_DRAWN = 1_000


def count(texts: Sequence[str], weights: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The n-grams of texts, for n from 1 to ORDER.

    Args:
        texts: printable ASCII.
        weights: float (texts,), how often each counts.

    Returns:
        For each n int64 (K,), the n-grams as numbers of base 96, ascending, and float64 (K,), how
        often each occurs.
    """
    parts = [f"\0 {text} " for text in texts]
    bytes_ = np.frombuffer("".join(parts).encode("ascii"), dtype=np.uint8).astype(np.int64)
    outputs = np.where(bytes_ > 0, bytes_ - (ord(ALPHABET[0]) - 1), 0)
    each = weights.repeat([len(part) for part in parts])
    found = []
    grams, is_whole = np.zeros_like(outputs), np.ones(len(outputs), dtype=bool)
    for n in range(1, ORDER + 1):
        # The first character has n - 1 places before the last, whose weight counts.
        shifted = np.concatenate((np.zeros(n - 1, dtype=np.int64), outputs))[: len(outputs)]
        grams = grams + shifted * NUM_OUTPUTS ** (n - 1)
        is_whole = is_whole & (shifted > 0)
        keys, which = np.unique(grams[is_whole], return_inverse=True)
        found.append((keys, np.bincount(which, weights=each[is_whole])))
    return found


def estimate(grams: list[tuple[np.ndarray, np.ndarray]], least: float) -> dict[str, np.ndarray]:
    """The arrays of a model.

    Kept is what tells much more than the next shorter n-gram, weighed by how often it occurs
    (Seymore and Rosenfeld 1996, "Scalable backoff language models").

    Args:
        grams: from :func:`count`.
        least: nats that an n-gram must make what was counted likelier by; all single characters
            and pairs are kept.
    """
    contexts, counts, characters, levels = [], [], [], []
    shorter, shorter_probs = np.zeros(1, dtype=np.int64), np.full(1, 1 / len(ALPHABET))
    for n, (keys, times) in enumerate(grams, start=1):
        before, which, following = np.unique(
            keys // NUM_OUTPUTS, return_inverse=True, return_counts=True
        )
        # Witten and Bell: as many unseen events are expected as there were different ones.
        total = np.bincount(which, weights=times) + following
        shares, rest = times / total[which], (following / total)[which]
        without = shorter_probs[shorter.searchsorted(keys % NUM_OUTPUTS ** (n - 1))]
        probs = shares + rest * without
        shorter, shorter_probs = keys, probs
        level = np.round(-STEPS_PER_NAT * np.log(shares))
        kept = ((times * np.log(probs / without) >= least) | (n <= 2)) & (level <= 255)
        kept_counts = np.bincount(which[kept], minlength=len(before))
        places = NUM_OUTPUTS ** np.arange(ORDER - 2, -1, -1)
        contexts.append((before[kept_counts > 0, None] // places) % NUM_OUTPUTS)
        counts.append(kept_counts[kept_counts > 0])
        characters.append(keys[kept] % NUM_OUTPUTS)
        levels.append(level[kept])
    arrays = {"contexts": contexts, "counts": counts, "characters": characters, "levels": levels}
    # Columns of like values, one after the other, take half the room in a file.
    return {
        name: np.asfortranarray(np.concatenate(parts), dtype=np.uint8)
        for name, parts in arrays.items()
    }


def pen_texts(paths: Sequence[Path], held_out: float) -> list[str]:
    """The different texts in pen archives, without those of the writers left out."""
    texts: set[str] = set()
    for path in paths:
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[~left_out(archive.writer[samples], held_out)]
        texts.update(text.strip() for text in archive.text[samples].tolist())
    return sorted(texts)


def listed_words() -> dict[str, float]:
    """Words of ASCII letters, apostrophes and hyphens, with how much each counts.

    Raises:
        HandwritingError: the package that holds them is not installed.
    """
    try:
        from wordfreq import get_frequency_dict
    except ImportError as error:
        raise HandwritingError("the words are in a package: pip install wordfreq") from error
    found: dict[str, float] = {}
    for language, weight in LANGUAGES.items():
        for word, share in get_frequency_dict(language, wordlist="large").items():
            is_plain = word.isascii() and word.replace("'", "").replace("-", "").isalpha()
            if is_plain and share >= RAREST_WORD:
                found[word] = found.get(word, 0) + weight * (share / RAREST_WORD) ** TEMPERING
    return found


def in_cases(words: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Words as they are, with a capital and in capitals."""
    for word, weight in words.items():
        yield word, 0.7 * weight
        yield word.capitalize(), 0.2 * weight
        yield word.upper(), 0.1 * weight


def program_lines(library: Path) -> list[str]:
    """The different lines of programs in printable ASCII, without their indentation.

    Lines of two characters up to LONGEST_LINE, those of numbers and tables left out.

    Args:
        library: folder of Python's standard library.
    """
    lines: set[str] = set()
    for path in library.rglob("*.py"):
        if NO_PROGRAMS.isdisjoint(path.relative_to(library).parts):
            lines.update(map(str.strip, path.read_text("utf-8", errors="ignore").splitlines()))
    return sorted(filter(_is_program, lines))


def _is_program(line: str) -> bool:
    letters, digits = (sum(map(kind, line)) for kind in (str.isalpha, str.isdigit))
    is_plain = line.isascii() and line.isprintable()
    return is_plain and 2 <= len(line) <= LONGEST_LINE and letters > 2 * digits


def draw_codes(rng: np.random.Generator) -> list[str]:
    """Numbers and codes of all SHAPES by chance."""
    choices = {"9": "0123456789", "A": ascii_uppercase, "a": ascii_lowercase}

    def draw(place: str) -> str:
        among = choices.get(place, place)
        return among[rng.integers(len(among))]

    return ["".join(map(draw, shape)) for shape in SHAPES.split() for _ in range(_DRAWN)]


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, nargs="+", required=True, metavar="FILE", help="pen archives")
    add("--held-out", type=float, default=0.1, help="part of the writers left out")
    add("--least", type=float, default=0.8, help="nats that an n-gram must gain to be kept")
    add("--programs", action="store_true", help="count lines of Python's standard library too")
    add(
        "--out",
        type=Path,
        default=None,
        help=f"file of the model instead of {LANGUAGE_FILE}, or {PROGRAMS_FILE} with --programs",
    )
    return parser


def main(args: argparse.Namespace) -> None:
    """Count, write and say how large the model is."""
    out = args.out or (PROGRAMS_FILE if args.programs else LANGUAGE_FILE)
    check_output(out, *args.data)
    counted: dict[str, float] = dict(in_cases(listed_words()))
    texts, codes = pen_texts(args.data, args.held_out), draw_codes(np.random.default_rng(0))
    programs = program_lines(Path(sysconfig.get_path("stdlib"))) if args.programs else []
    kinds = [(texts, PEN_WEIGHT), (codes, CODE_WEIGHT), (programs, PROGRAM_WEIGHT)]
    all_texts = [*counted, *(text for kind, _ in kinds for text in kind)]
    weights = [*counted.values(), *(weight for kind, weight in kinds for _ in kind)]
    arrays = estimate(count(all_texts, np.array(weights)), args.least)
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
