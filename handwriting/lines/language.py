"""Character n-gram language model.

It gives p(character | preceding characters) with Witten-Bell interpolation (Witten and Bell 1991,
doi 10.1109/18.87000). Texts are delimited by spaces. `training/fit_language.py` fits it.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from handwriting.alphabet import ALPHABET, ASCII, encode
from handwriting.errors import HandwritingError
from handwriting.files import load_arrays

LANGUAGE_FILE = Path("models/lines/language.npz")
"""Of English; `languages.Language` names those of the others."""
PROGRAMS_FILE = Path("models/lines/programs.npz")
"""For source code: fitted to lines of programs as well, with numbers and punctuation anywhere."""

LONGEST_CONTEXT = 8
"""Maximum length of a context in characters, whose bytes fit into 64 bits."""

FLAT = 0.05
"""Weight of a uniform distribution, mixed in so that arbitrary codes stay possible."""

STEPS_PER_NAT = 24
"""Resolution of the stored -log p: 1/24 nats."""

ARRAYS = ("contexts", "counts", "characters", "levels")
"""Arrays of a file, the arguments of :class:`LanguageModel`."""

_REMEMBERED = 20_000


class LanguageModel:
    """Interpolated character n-grams.

    Args:
        contexts: uint8 (C, K), contexts as outputs (`alphabet.encode`), padded with 0 in front, in
            ascending order as big-endian numbers. K is the longest context, 1..LONGEST_CONTEXT.
        counts: uint8 (C,), number of n-grams that begin with each context.
        characters: uint8 (sum of counts,), last characters of these n-grams, as outputs.
        levels: uint8 (sum of counts,), -log of their shares of the context, in 1/24 nats. The rest
            of 1 is the weight of the context without its first character.
        possible: characters that are possible anywhere, which have the uniform share; those of the
            language that is read.
    """

    def __init__(
        self,
        contexts: np.ndarray,
        counts: np.ndarray,
        characters: np.ndarray,
        levels: np.ndarray,
        possible: str = ASCII,
    ) -> None:
        self._length = contexts.shape[1]
        is_possible = np.isin(list(ALPHABET), list(possible))
        self._uniform = is_possible / is_possible.sum()
        self._keys = _as_numbers(contexts)
        self._ends = counts.cumsum(dtype=np.int64)
        starts = self._ends - counts
        shares = np.exp(-levels.astype(np.float64) / STEPS_PER_NAT)
        # Rounded shares may add up to more than 1.
        scale = 1 / np.maximum(1, np.add.reduceat(shares, starts) / 0.999)
        self._shares = shares * scale.repeat(counts)
        self._rest = 1 - np.add.reduceat(self._shares, starts)
        self._starts, self._characters = starts, characters
        # The web app runs for weeks, so the caches are bounded.
        self._after = lru_cache(_REMEMBERED)(self._log_probs)
        self._mixed = lru_cache(_REMEMBERED)(self._mix)

    @classmethod
    def load(cls, path: Path = LANGUAGE_FILE, possible: str = ASCII) -> "LanguageModel":
        """Read a file of `training/fit_language.py`.

        Args:
            path: of the file.
            possible: characters of the language that is read.

        Raises:
            HandwritingError: it is missing or damaged.
        """
        remedy = "Make one with 'python -m handwriting.training.fit_language'."
        arrays = load_arrays(path, "a language model", ARRAYS, remedy)
        fault = next(_faults(arrays), None)
        if fault is not None:
            raise HandwritingError(f"{path} is not a sound language model: {fault}. {remedy}")
        return cls(**arrays, possible=possible)

    def log_probs(self, before: str) -> np.ndarray:
        """float64 (ALPHABET,): log p(character | a text that begins a line)."""
        return self._after(f" {before}"[-self._length :])

    def score(self, text: str) -> float:
        """log p of a whole text, with its end."""
        outputs = encode(f"{text} ")
        return float(sum(self.log_probs(text[:k])[o - 1] for k, o in enumerate(outputs)))

    def _log_probs(self, context: str) -> np.ndarray:
        probs = self._mixed(bytes(encode(context)))
        with np.errstate(divide="ignore"):
            return np.log((1 - FLAT) * probs + FLAT * self._uniform)

    def _mix(self, context: bytes) -> np.ndarray:
        shorter = self._mixed(context[1:]) if context else self._uniform
        key = np.uint64(int.from_bytes(context))
        row = int(self._keys.searchsorted(key))
        if row == len(self._keys) or self._keys[row] != key:
            return shorter
        probs = shorter * self._rest[row]
        counted = slice(self._starts[row], self._ends[row])
        probs[self._characters[counted].astype(np.int64) - 1] += self._shares[counted]
        return probs


def _as_numbers(contexts: np.ndarray) -> np.ndarray:
    """uint64 (C,): the rows of uint8 (C, K) as big-endian numbers."""
    padded = np.zeros((len(contexts), LONGEST_CONTEXT), dtype=np.uint8)
    padded[:, LONGEST_CONTEXT - contexts.shape[1] :] = contexts
    return padded.view(">u8").ravel().astype(np.uint64)


def _faults(arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Faults of a model's arrays, lazily: each check relies on the ones before."""
    for name, array in arrays.items():
        if array.dtype != np.uint8:
            yield f"{name} is {array.dtype}, it must be uint8"
    counts, characters = arrays["counts"], arrays["characters"]
    contexts, total = counts.size, int(counts.sum())
    length = arrays["contexts"].shape[-1] if arrays["contexts"].ndim else 0
    if not 1 <= length <= LONGEST_CONTEXT:
        yield f"its contexts have {length} characters, they must have 1 to {LONGEST_CONTEXT}"
    shapes = ((contexts, length), (contexts,), (total,), (total,))
    for name, shape in zip(ARRAYS, shapes, strict=True):
        if arrays[name].shape != shape:
            yield f"{name} is {arrays[name].shape}, it must be {shape}"
    if not contexts or not counts.all():
        yield "a context without characters"
    numbers = _as_numbers(arrays["contexts"])
    if not (numbers[1:] > numbers[:-1]).all():
        yield "its contexts are not in ascending order"
    if characters.min() < 1 or characters.max() > len(ALPHABET):
        yield f"its characters are not within 1..{len(ALPHABET)}"
