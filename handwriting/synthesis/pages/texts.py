"""Random texts for pages: running words, names of form fields, sums, entries of lists."""

from collections.abc import Sequence

import numpy as np

from handwriting.synthesis.invented_texts import code, date, number, program_line

_TEXT = (
    "the of and to in is that it was for on are as with his they at be this from have or by "
    "one had not but what all were when we there can an your which their said if do will each "
    "about how up out them then she many some so these would other into has more her two like "
    "him see time could no make than first been its who now people my made over did down only "
    "way find use may water long little very after words called just where most know get "
    "through back much before go good new write our used me man too any day same right look "
    "think also around another came come work three word must because does part even place "
    "well such here take why things help put years different away again off went old number "
    "great tell men say small every found still between name should home big give air line "
    "set own under read last never us left end along while might next sound below saw "
    "something thought both few those always looked show large often together Dear Anna "
    "London Monday August Thank Yours July Street Peter Mary Berlin Paris Friday Notes Idea "
    "der die und das ist nicht von sie mit dem sich auf für ein eine auch wird über schön "
    "Straße größer Jahr nach Haus Freitag Bäume können müssen Grüße Herr Frau Müller Zeit "
    "heute morgen le la les des est une dans pour qui avec cette même été où être après "
    "français mère père lettre forêt cœur sœur première voilà déjà très bien Monsieur Madame "
    "Noël août février que los una por con más cuando año niño mañana também não você coração "
)

WORDS = tuple(_TEXT.split())
"""Words of six languages, some of them with accents and capitals."""

LABELS = (
    *("Name", "First name", "Surname", "Date", "Date of birth", "Street", "City", "Postcode"),
    *("Phone", "E-mail", "Signature", "Amount", "Account no.", "Reason", "Remarks", "Class"),
    *("Vorname", "Geburtsdatum", "Unterschrift", "Ort, Datum", "Adresse", "Prénom", "Nom"),
    *("Ville", "Profession", "Total", "No.", "Subject", "Score", "Teacher", "Room", "Tel."),
)
"""Printed names of form fields."""

PUNCTUATION = (",", ",", ".", ".", ".", ";", ":", "!", "?")


def word(words: Sequence[str], rng: np.random.Generator) -> str:
    """A word, sometimes with a sign after it, or a number."""
    kind = rng.random()
    if kind < 0.05:
        return number(rng)
    chosen = str(words[rng.integers(len(words))])
    if kind < 0.15:
        chosen = chosen.capitalize()
    return chosen + str(rng.choice(PUNCTUATION)) if kind > 0.88 else chosen


def phrase(words: Sequence[str], rng: np.random.Generator, least: int = 1, most: int = 4) -> str:
    """Some words."""
    count = int(rng.integers(least, most + 1))
    return " ".join(str(words[rng.integers(len(words))]) for _ in range(count))


def formula(rng: np.random.Generator) -> str:
    """A sum, an equation or a product."""
    digits = [str(rng.integers(10 ** int(rng.integers(1, 4)))) for _ in range(4)]
    letters = rng.choice(list("abcnxyzkmFE"), 4)
    kinds = (
        f"{digits[0]} + {digits[1]} = {digits[2]}",
        f"{digits[0]} - {digits[1]} = {digits[2]}",
        f"{letters[0]} = {digits[0]}{letters[1]} + {digits[1]}",
        f"{letters[0]}({letters[1]}) = {letters[1]} / {digits[0]}",
        f"{digits[0]} : {digits[1]} = {digits[2]}",
        f"{letters[0]} > {digits[0]}",
        f"({letters[0]} + {letters[1]}) * {digits[0]}",
    )
    return kinds[rng.integers(len(kinds))]


def entry(words: Sequence[str], rng: np.random.Generator) -> str:
    """What stands in a field or a cell: a few words, a number, a date, a code."""
    kind = rng.random()
    if kind < 0.35:
        return phrase(words, rng, 1, 3).capitalize()
    if kind < 0.7:
        return number(rng)
    return date(rng) if kind < 0.85 else code(rng)


def program(words: Sequence[str], rng: np.random.Generator, lines: int) -> list[tuple[int, str]]:
    """Lines of a program, each with its level of indentation."""
    level, made = 0, []
    plain = [each for each in words if each.isascii() and each.isalpha()]
    for _ in range(lines):
        text = program_line(plain, rng)
        made.append((level, text))
        if text.endswith(":"):
            level = min(level + 1, 4)
        elif level and rng.random() < 0.35:
            level -= int(rng.integers(1, level + 1))
    return made
