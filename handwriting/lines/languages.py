"""Languages: which characters a text may hold, and which language model belongs to them."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from handwriting.alphabet import ALPHABET, ASCII, NUM_OUTPUTS, in_alphabet, plain_outputs, spelled
from handwriting.errors import HandwritingError
from handwriting.lines.language import LANGUAGE_FILE

_SIGNS = "’“”«»–…€£°§"


@dataclass(frozen=True)
class Language:
    """A language, or any of them.

    Attributes:
        name: of --language.
        title: for people.
        characters: of its texts, a part of the alphabet with all of printable ASCII.
    """

    name: str
    title: str
    characters: str = ALPHABET

    @property
    def model_file(self) -> Path:
        """Its n-gram model."""
        suffix = "" if self.name == "en" else f"_{self.name}"
        return LANGUAGE_FILE.with_stem(f"{LANGUAGE_FILE.stem}{suffix}")

    def spelled(self, text: str) -> str:
        """A text in the language's characters; another script stays as it is."""
        return spelled(in_alphabet(text) or text, self.characters)

    def check_can_write(self, text: str) -> None:
        """Refuse a text of characters that the language lacks.

        Raises:
            HandwritingError: it holds one; the error names the languages that have it.
        """
        if not set(text) <= set(self.characters):
            able = [name for name, other in LANGUAGES.items() if set(text) <= set(other.characters)]
            where = f"the language {' or '.join(able)}" if able else "what a language can write"
            raise HandwritingError(
                f"{text!r:.60} cannot be read as {self.title}, which lacks some of its characters. "
                f"Choose {where}."
            )

    @cached_property
    def _plain(self) -> np.ndarray:
        return plain_outputs(self.characters)

    def possible(self, log_probs: np.ndarray) -> np.ndarray:
        """Give the probability of characters that the language lacks to those that stand for them.

        Args:
            log_probs: float32 (steps, outputs), log p(output) at each step.

        Returns:
            float32 (steps, outputs), with -inf for what the language lacks.
        """
        plain = self._plain
        lacking = np.flatnonzero(plain != np.arange(NUM_OUTPUTS))
        found = log_probs.copy()
        for output in lacking.tolist():
            stands = plain[output]
            found[:, stands] = np.logaddexp(found[:, stands], found[:, output])
        found[:, lacking] = -np.inf
        return found


def restricted(log_probs: np.ndarray, characters: Collection[str]) -> np.ndarray:
    """Make all but some characters, spaces and the blank impossible.

    Args:
        log_probs: float32 (steps, outputs), log p(output) at each step.
        characters: the possible ones.

    Returns:
        float32 (steps, outputs), with -inf for the others.
    """
    is_possible = [True, *(c in characters or c == " " for c in ALPHABET)]
    return np.where(is_possible, log_probs, np.float32(-np.inf))


LANGUAGES = {
    language.name: language
    for language in (
        Language("en", "English", ASCII),
        Language("fr", "French", ASCII + "àâæçèéêëîïôœùûüÿÀÂÆÇÈÉÊËÎÏÔŒÙÛÜ" + _SIGNS),
        Language("de", "German", ASCII + "äöüÄÖÜßéÉ" + _SIGNS),
        Language("any", "Any of Western Europe"),
    )
}
ENGLISH = LANGUAGES["en"]


def find_language(name: str) -> Language:
    """The language of a name.

    Raises:
        HandwritingError: there is no such language.
    """
    if name not in LANGUAGES:
        raise HandwritingError(f"{name!r} is not a language: give one of {', '.join(LANGUAGES)}.")
    return LANGUAGES[name]
