"""How likely a text is: a language model of characters.

It gives p(character | a few before it), n-grams interpolated with shorter ones (Witten and Bell
1991, doi 10.1109/18.87000). A text stands between two spaces. `training/fit_language.py` makes it.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from handwriting.errors import HandwritingError
from handwriting.files import load_arrays
from handwriting.lines.alphabet import ALPHABET, encode

LANGUAGE_FILE = Path("models/lines/language.npz")
PROGRAMS_FILE = Path("models/lines/programs.npz")
"""Counted on lines of programs too, for pages of code: it expects numbers and signs everywhere."""

LANGUAGE_FILES = {"language": LANGUAGE_FILE, "programs": PROGRAMS_FILE}
"""By what is expected."""

LONGEST_CONTEXT = 8
"""Characters before one that a model may look at: so many bytes are a number of 64 bits."""

FLAT = 0.05
"""Part of the probability that all characters share alike, so that a code can be read, too."""

STEPS_PER_NAT = 24
"""Probabilities are kept as -log p in steps of 1/24 nats."""

ARRAYS = ("contexts", "counts", "characters", "levels")
"""Of the file, as :class:`LanguageModel` takes them."""

_REMEMBERED = 20_000


class LanguageModel:
    """Probabilities of characters.

    Args:
        contexts: uint8 (C, K), the outputs (`alphabet.encode`) of what comes before, the last
            ones if shorter, with 0 in front; in ascending order, read as numbers. K is how many
            characters the model looks at, 1..LONGEST_CONTEXT.
        counts: uint8 (C,), how many n-grams begin with each context.
        characters: uint8 (sum of counts,), their last characters as outputs.
        levels: uint8 (sum of counts,), -log of their share of the context in 1/24 nats; what
            is left of 1 goes to the context without its first character.
    """

    def __init__(
        self, contexts: np.ndarray, counts: np.ndarray, characters: np.ndarray, levels: np.ndarray
    ) -> None:
        self._length = contexts.shape[1]
        self._keys = _as_numbers(contexts)
        self._ends = counts.cumsum(dtype=np.int64)
        starts = self._ends - counts
        shares = np.exp(-levels.astype(np.float64) / STEPS_PER_NAT)
        # Rounded shares may add up to more than 1.
        scale = 1 / np.maximum(1, np.add.reduceat(shares, starts) / 0.999)
        self._shares = shares * scale.repeat(counts)
        self._rest = 1 - np.add.reduceat(self._shares, starts)
        self._starts, self._characters = starts, characters
        # A page that is served for weeks must not remember all that was ever written on it.
        self._after = lru_cache(_REMEMBERED)(self._log_probs)
        self._mixed = lru_cache(_REMEMBERED)(self._mix)

    @classmethod
    def load(cls, path: Path = LANGUAGE_FILE) -> "LanguageModel":
        """Read a model that `training/fit_language.py` wrote.

        Raises:
            HandwritingError: missing or damaged.
        """
        remedy = "Make one with 'python -m handwriting.training.fit_language'."
        arrays = load_arrays(path, "a language model", ARRAYS, remedy)
        fault = next(_faults(arrays), None)
        if fault is not None:
            raise HandwritingError(f"{path} is not a sound language model: {fault}. {remedy}")
        return cls(**arrays)

    def log_probs(self, before: str) -> np.ndarray:
        """float64 (95,): log p(character) after a text, which begins a line."""
        return self._after(f" {before}"[-self._length :])

    def score(self, text: str) -> float:
        """log p of a text and of its end."""
        outputs = encode(f"{text} ")
        return float(sum(self.log_probs(text[:k])[o - 1] for k, o in enumerate(outputs)))

    def _log_probs(self, context: str) -> np.ndarray:
        probs = self._mixed(bytes(encode(context)))
        return np.log((1 - FLAT) * probs + FLAT / len(ALPHABET))

    def _mix(self, context: bytes) -> np.ndarray:
        shorter = self._mixed(context[1:]) if context else np.full(len(ALPHABET), 1 / len(ALPHABET))
        key = np.uint64(int.from_bytes(context))
        row = int(self._keys.searchsorted(key))
        if row == len(self._keys) or self._keys[row] != key:
            return shorter
        probs = shorter * self._rest[row]
        counted = slice(self._starts[row], self._ends[row])
        probs[self._characters[counted].astype(np.int64) - 1] += self._shares[counted]
        return probs


def _as_numbers(contexts: np.ndarray) -> np.ndarray:
    """uint64 (C,): the bytes of uint8 (C, K) as the digits of a number, the last ones lowest."""
    padded = np.zeros((len(contexts), LONGEST_CONTEXT), dtype=np.uint8)
    padded[:, LONGEST_CONTEXT - contexts.shape[1] :] = contexts
    return padded.view(">u8").ravel().astype(np.uint64)


def _faults(arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    """What is wrong with a model's arrays; nothing more is looked at after the first fault."""
    for name, array in arrays.items():
        if array.dtype != np.uint8:
            yield f"{name} is {array.dtype}, it must be uint8"
    counts, characters = arrays["counts"], arrays["characters"]
    contexts, total = counts.size, int(counts.sum())
    length = arrays["contexts"].shape[-1] if arrays["contexts"].ndim else 0
    if not 1 <= length <= LONGEST_CONTEXT:
        yield f"it looks at {length} characters, it must be 1 to {LONGEST_CONTEXT}"
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
