"""Random texts that are rare in archives of words: numbers, dates, codes and lines of programs."""

from collections.abc import Callable, Sequence

import numpy as np

_DIGITS = "0123456789"
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CALLS = ("print", "input", "len", "range", "int", "str", "append", "main", "open", "sum")


def _digits(rng: np.random.Generator, least: int, most: int) -> str:
    return "".join(rng.choice(list(_DIGITS), int(rng.integers(least, most + 1))))


def number(rng: np.random.Generator) -> str:
    """An integer, a decimal, a number with a thousands separator, or a negative number."""
    kind = rng.random()
    if kind < 0.5:
        return _digits(rng, 1, 6)
    if kind < 0.75:
        return f"{_digits(rng, 1, 3)}{rng.choice(list('.,'))}{_digits(rng, 1, 2)}"
    if kind < 0.9:
        return f"{_digits(rng, 1, 3)}{rng.choice(list(',. '))}{_digits(rng, 3, 3)}"
    return f"-{_digits(rng, 1, 4)}"


def date(rng: np.random.Generator) -> str:
    """A date or a time of day."""
    if rng.random() < 0.3:
        return f"{rng.integers(24)}:{rng.integers(60):02}"
    parts = [str(rng.integers(1, 32)), str(rng.integers(1, 13)), str(rng.integers(1950, 2030))]
    return str(rng.choice(list("./-"))).join(parts)


def code(rng: np.random.Generator) -> str:
    """A code of capitals and digits, as on tickets and licence plates."""
    letters = "".join(rng.choice(list(_CAPITALS), int(rng.integers(1, 4))))
    middle = str(rng.choice(["", "", "-", " "]))
    return letters + middle + _digits(rng, 1, 5)


def identifier(words: Sequence[str], rng: np.random.Generator) -> str:
    """An identifier."""
    count = int(rng.choice([1, 1, 2, 2, 3]))
    parts = [str(words[rng.integers(len(words))]).lower() for _ in range(count)]
    if rng.random() < 0.15:
        return "_".join(parts).upper()
    if rng.random() < 0.15:
        return "".join(part.capitalize() for part in parts)
    return "_".join(parts)


def program_line(words: Sequence[str], rng: np.random.Generator) -> str:
    """A line of a Python program."""

    def name() -> str:
        return identifier(words, rng)

    def value() -> str:
        return str(rng.choice([name(), _digits(rng, 1, 3), f'"{name()}"', f"{name()}()"]))

    def call() -> str:
        return f"{rng.choice([*_CALLS, name()])}({value() if rng.random() < 0.7 else ''})"

    compare = str(rng.choice(["==", "!=", "<", ">", "<=", ">="]))
    operate = str(rng.choice(["+", "-", "*", "/", "%", "+=", "-=", "//"]))
    lines = (
        f"def {name()}({name() if rng.random() < 0.5 else ''}):",
        f"{name()} = {value()}",
        f"{name()} = {call()}",
        call(),
        f"for {name()} in {call()}:",
        f"for i in range({value()}):",
        f"if {name()} {compare} {value()}:",
        f"while {name()} {compare} {value()}:",
        "else:",
        f"elif {name()} {compare} {value()}:",
        f"return {value()}",
        f"{name()} {operate} {value()}",
        f"{name()}[{value()}] = {name()}[{_digits(rng, 1, 1)}:{_digits(rng, 1, 1)}]",
        f"import {name()}",
        f"from {name()} import {name()}",
        f'print("{name()} {name()}", {name()})',
        f"# {name()} {name()}",
        'if __name__ == "__main__":',
    )
    return lines[rng.integers(len(lines))]


def word(words: Sequence[str], rng: np.random.Generator) -> str:
    """A word, sometimes capitalised or in capitals."""
    chosen = str(words[rng.integers(len(words))])
    kind = rng.random()
    if kind < 0.35:
        return chosen.upper()
    return chosen.capitalize() if kind < 0.45 else chosen


def invent(words: Sequence[str], rng: np.random.Generator) -> str:
    """A text of one of these kinds, with at least one character.

    Args:
        words: of letters only, for identifiers.
        rng: random generator.
    """
    kinds: tuple[Callable[[], str], ...] = (
        lambda: number(rng),
        lambda: date(rng),
        lambda: code(rng),
        lambda: identifier(words, rng),
        lambda: program_line(words, rng),
        lambda: word(words, rng),
    )
    return kinds[rng.choice(len(kinds), p=[0.18, 0.05, 0.1, 0.12, 0.2, 0.35])]()
