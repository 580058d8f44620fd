"""Fit a language model for the text-line model: models/lines/language.npz or programs.npz.

    pip install wordfreq
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz
    python -m handwriting.training.fit_language --data WORDS.npz TEXT.npz --programs --least 2.5

N-grams are counted on

- the texts of pen archives, without those of held-out writers,
- words of six languages with their frequencies, from the package wordfreq (R. Speer, doi
  10.5281/zenodo.7199437; Apache 2.0, its data CC BY-SA 4.0, compatible with GPL 3), unchanged,
  capitalised and in capitals,
- random numbers, dates and codes of digits and letters,
- with --programs, the source lines of Python's standard library (PSF licence).

Using the model needs no further package.
"""

import argparse
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from handwriting.alphabet import ALPHABET, NUM_OUTPUTS
from handwriting.cli import make_parser, run_script
from handwriting.datasets.pen import load_pen
from handwriting.datasets.text import left_out, written
from handwriting.errors import HandwritingError
from handwriting.files import replacing
from handwriting.lines.language import (
    LANGUAGE_FILE,
    LONGEST_CONTEXT,
    PROGRAMS_FILE,
    STEPS_PER_NAT,
)
from handwriting.training.claims import check_output

ORDER = LONGEST_CONTEXT + 1
"""Length of the longest n-grams, in characters."""

LANGUAGES = {"en": 1.0, "de": 0.05, "fr": 0.05, "it": 0.05, "es": 0.05, "nl": 0.05}
"""Languages of the word list, with their weights."""

RAREST_WORD = 1e-7
"""Least frequency of a word in its language."""

TEMPERING = 0.4
"""Exponent of a word's frequency: isolated words are less often "the" than words in running
text."""

SHAPES = (
    "9 99 999 9999 99999 999999 9.9 9.99 99.99 9,99 9,999 9:99 99:99 99% $9.99 $999 -9 "
    "9/9/99 99/99/9999 99.99.9999 9999-99-99 999-9999 (999)999-9999 #99 A9 AA99 A999 "
    "AA9999 A9A9 aa9 99A a99 AA-999"
)
"""Patterns of numbers and codes: 9 is any digit, A any capital, a any small letter."""

PEN_WEIGHT, CODE_WEIGHT, PROGRAM_WEIGHT = 3.0, 0.3, 0.75
"""Weights of a written text, a random code and a line of a program; the rarest word has weight
1."""

LONGEST_LINE = 60
"""Longest line of a program that is counted, in characters; longer ones are rarely handwritten."""

NO_PROGRAMS = {"test", "tests", "idle_test", "encodings", "site-packages", "dist-packages"}
"""Skipped folders of the standard library: tables, tests of odd texts and third-party packages."""

_DRAWN = 1_000


def count(texts: Sequence[str], weights: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Count the n-grams of texts, for n from 1 to ORDER.

    Args:
        texts: printable ASCII.
        weights: float (texts,), weight of each text.

    Returns:
        For each n: int64 (K,), the n-grams as ascending numbers in base 96, and float64 (K,), their
            weighted counts.
    """
    parts = [f"\0 {text} " for text in texts]
    bytes_ = np.frombuffer("".join(parts).encode("ascii"), dtype=np.uint8).astype(np.int64)
    outputs = np.where(bytes_ > 0, bytes_ - (ord(ALPHABET[0]) - 1), 0)
    each = weights.repeat([len(part) for part in parts])
    found = []
    grams, is_whole = np.zeros_like(outputs), np.ones(len(outputs), dtype=bool)
    for n in range(1, ORDER + 1):
        # An n-gram has the place and the weight of its last character.
        shifted = np.concatenate((np.zeros(n - 1, dtype=np.int64), outputs))[: len(outputs)]
        grams = grams + shifted * NUM_OUTPUTS ** (n - 1)
        is_whole = is_whole & (shifted > 0)
        keys, which = np.unique(grams[is_whole], return_inverse=True)
        found.append((keys, np.bincount(which, weights=each[is_whole])))
    return found


def estimate(grams: list[tuple[np.ndarray, np.ndarray]], least: float) -> dict[str, np.ndarray]:
    """The arrays of a pruned model.

    An n-gram is kept if it says much more than its backoff, weighted by its count (Seymore and
    Rosenfeld 1996, "Scalable backoff language models").

    Args:
        grams: from :func:`count`.
        least: least gain in log-likelihood of an n-gram, in nats; all unigrams and bigrams are
            kept.
    """
    contexts, counts, characters, levels = [], [], [], []
    shorter, shorter_probs = np.zeros(1, dtype=np.int64), np.full(1, 1 / len(ALPHABET))
    for n, (keys, times) in enumerate(grams, start=1):
        before, which, following = np.unique(
            keys // NUM_OUTPUTS, return_inverse=True, return_counts=True
        )
        # Witten-Bell smoothing: the number of distinct successors estimates the unseen ones.
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
    # Columns of similar values compress to half the size.
    return {
        name: np.asfortranarray(np.concatenate(parts), dtype=np.uint8)
        for name, parts in arrays.items()
    }


def pen_texts(paths: Sequence[Path], held_out: float) -> list[str]:
    """The distinct texts in pen archives, without those of held-out writers."""
    texts: set[str] = set()
    for path in paths:
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[~left_out(archive.writer[samples], held_out)]
        texts.update(text.strip() for text in archive.text[samples].tolist())
    return sorted(texts)


def listed_words() -> dict[str, float]:
    """Words of ASCII letters, apostrophes and hyphens, with their weights.

    Raises:
        HandwritingError: the package wordfreq is not installed.
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
    """Words unchanged, capitalised and in capitals."""
    for word, weight in words.items():
        yield word, 0.7 * weight
        yield word.capitalize(), 0.2 * weight
        yield word.upper(), 0.1 * weight


def program_lines(library: Path) -> list[str]:
    """The distinct lines of programs in printable ASCII, without indentation.

    Lines have 2 to LONGEST_LINE characters; lines of numbers and tables are skipped.

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
    """Random numbers and codes of all SHAPES."""
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
    add("--held-out", type=float, default=0.1, help="fraction of the writers held out")
    add("--least", type=float, default=0.8, help="least gain of a kept n-gram, in nats")
    add("--programs", action="store_true", help="also count lines of Python's standard library")
    add(
        "--out",
        type=Path,
        default=None,
        help=f"output file; by default {LANGUAGE_FILE}, or {PROGRAMS_FILE} with --programs",
    )
    return parser


def main(args: argparse.Namespace) -> None:
    """Count, write and report the model's size."""
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
