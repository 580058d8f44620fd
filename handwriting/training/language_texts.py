"""Texts and words that the language models are counted on, with their weights."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from handwriting.datasets.pen import load_pen
from handwriting.datasets.text import left_out, written
from handwriting.errors import HandwritingError
from handwriting.lines.languages import ENGLISH, Language

SHAPES = (
    "9 99 999 9999 99999 999999 9.9 9.99 99.99 9,99 9,999 9:99 99:99 99% $9.99 $999 -9 "
    "9/9/99 99/99/9999 99.99.9999 9999-99-99 999-9999 (999)999-9999 #99 A9 AA99 A999 "
    "AA9999 A9A9 aa9 99A a99 AA-999"
)
"""Patterns of numbers and codes: 9 is any digit, A any capital, a any small letter."""

LONGEST_LINE = 60
"""Longest line of a program that is counted, in characters; longer ones are rarely handwritten."""

NO_PROGRAMS = {"test", "tests", "idle_test", "encodings", "site-packages", "dist-packages"}
"""Skipped folders of the standard library: tables, tests of odd texts and third-party packages."""

_DRAWN = 1_000


@dataclass(frozen=True)
class Recipe:
    """What the model of a language is counted on.

    Attributes:
        languages: of the word lists, with their weights.
        cases: shares of words unchanged, capitalised and in capitals.
        tempering: exponent of a word's frequency: isolated words are less often "the" than words
            in running text. Texts of several words are in the pen archives, for English.
        rarest: least frequency of a word in its language; it has the weight of the language.
        pens: weight of a text in the pen archives, which are mostly English.
    """

    languages: dict[str, float]
    cases: tuple[float, float, float] = (0.7, 0.2, 0.1)
    tempering: float = 0.4
    rarest: float = 1e-7
    pens: float = 0.3


_BESIDE_ENGLISH = dict.fromkeys(("de", "fr", "it", "es", "nl"), 0.05)
_MANY = dict.fromkeys(("es", "it", "nl", "pt", "sv", "nb"), 0.3)

RECIPES = {
    "en": Recipe({"en": 1.0, **_BESIDE_ENGLISH}, pens=3.0),
    "fr": Recipe({"fr": 1.0, "en": 0.05}, tempering=0.6, pens=0.1),
    "de": Recipe({"de": 1.0, "en": 0.05}, cases=(0.45, 0.45, 0.1)),
    "any": Recipe({"en": 1.0, "fr": 1.0, "de": 1.0, **_MANY}, rarest=1e-6, tempering=0.5),
}
"""By name of the language."""

_ELIDED = {"l": 8, "d": 7, "qu": 3, "c": 3, "n": 2, "j": 2, "s": 2, "m": 1, "t": 1}
"""French words that lose their vowel, with how often."""

_ELISIONS, _MARKED = 0.3, 0.2
"""Weights of a word with an elision before it, and with a mark after it, as shares of its own."""

_VOWELS = tuple("aeiouyhàâæèéêëîïôœù")

_MARKS = {",": 35, ".": 35, ":": 5, ";": 3, "!": 4, "?": 4, "…": 1, ")": 3, "”": 2, "»": 2}
"""Punctuation after words, with how often."""

_SHARP_S = (
    "groß größ stoß stöß bloß blöß kloß klöß flöß fuß füß gruß grüß süß büß straß spaß späß gemäß "
    "mäßig maßnahm maßstab maßgeb ausmaß gefäß gesäß außer außen äuß strauß preuß heiß beiß "
    "schweiß scheiß schmeiß fleiß dreißig meißel"
)
_WITH_SHARP_S = re.compile(
    "|".join(["(?<!be|in|ch|us|er)weiss", "(?<![pk])reiss", "(?<!d)iess"])
    + "|"
    + _SHARP_S.replace("ß", "ss").replace(" ", "|")
)


def pen_texts(paths: Sequence[Path], held_out: float) -> list[str]:
    """The distinct texts in pen archives, without those of held-out writers."""
    texts: set[str] = set()
    for path in paths:
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[~left_out(archive.writer[samples], held_out)]
        texts.update(text.strip() for text in archive.text[samples].tolist())
    return sorted(texts)


def listed_words(language: Language = ENGLISH) -> dict[str, float]:
    """Words of a language's letters, apostrophes and hyphens, with their weights.

    Raises:
        HandwritingError: the package wordfreq is not installed.
    """
    try:
        from wordfreq import get_frequency_dict
    except ImportError as error:
        raise HandwritingError("the words are in a package: pip install wordfreq") from error
    recipe, letters = RECIPES[language.name], set(language.characters)
    found: dict[str, float] = {}
    for name, weight in recipe.languages.items():
        for listed, share in get_frequency_dict(name, wordlist="large").items():
            word = sharp_s(listed) if name == "de" and "ß" in letters else listed
            is_word = letters.issuperset(word) and word.replace("'", "").replace("-", "").isalpha()
            if is_word and share >= recipe.rarest:
                tempered = (share / recipe.rarest) ** recipe.tempering
                found[word] = found.get(word, 0) + weight * tempered
    return found


def sharp_s(word: str) -> str:
    """A German word in small letters with ``ß`` where the stem has it: wordfreq writes ``ss``."""
    return _WITH_SHARP_S.sub(lambda stem: stem[0].replace("ss", "ß"), word)


def in_cases(words: dict[str, float], shares: Sequence[float]) -> Iterator[tuple[str, float]]:
    """Words unchanged, capitalised and in capitals, each with its share of the weight."""
    small, capitalised, capitals = shares
    for word, weight in words.items():
        yield word, small * weight
        yield word.capitalize(), capitalised * weight
        # The alphabet has no capital ÿ.
        yield word.upper().replace("Ÿ", "Y"), capitals * weight


def elided(words: dict[str, float]) -> dict[str, float]:
    """French words before a vowel after a random ``l'``, ``d'`` or the like."""
    before_vowel = {word: w for word, w in words.items() if word.startswith(_VOWELS)}
    drawn = zip(_draw(_ELIDED, len(before_vowel)), before_vowel.items(), strict=True)
    return {f"{short}'{word}": _ELISIONS * weight for short, (word, weight) in drawn}


def marked(words: dict[str, float]) -> dict[str, float]:
    """Words before a random punctuation mark."""
    drawn = zip(_draw(_MARKS, len(words)), words.items(), strict=True)
    return {f"{word}{mark}": _MARKED * weight for mark, (word, weight) in drawn}


def _draw(often: dict[str, int], count: int) -> list[str]:
    shares = np.array(list(often.values())) / sum(often.values())
    return np.random.default_rng(0).choice(list(often), count, p=shares).tolist()


def with_both_apostrophes(texts: Iterable[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """Texts with straight apostrophes as often as with typographic ones."""
    for text, weight in texts:
        if "'" in text:
            weight /= 2
            yield text.replace("'", "’"), weight
        yield text, weight


def word_texts(language: Language) -> dict[str, float]:
    """The listed words as they stand in a text, with their weights."""
    cases, words = RECIPES[language.name].cases, listed_words(language)
    if language == ENGLISH:
        return dict(in_cases(words, cases))
    if language.name == "fr":
        words = {word: w for word, w in words.items() if word not in _ELIDED} | elided(words)
    return dict(with_both_apostrophes(in_cases(words | marked(words), cases)))


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
