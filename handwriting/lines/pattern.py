"""Constrained decoding: the most likely text that matches a regular expression.

The syntax is a part of Python's: characters, classes such as ``[A-Z]`` and ``\\d``, the dot,
groups, alternatives, and ``?``, ``*``, ``+``, ``{2,4}``. ``[A-Z]{2}[0-9]{4}`` is two capitals and
four digits.

An expression becomes an automaton without epsilon transitions, whose states are its positions
(Glushkov 1961). Viterbi decoding finds the most likely path exactly.
"""

import dataclasses
import functools
import itertools
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from re import _constants as op
from re import _parser as parser
from typing import Any

import numpy as np

from handwriting.alphabet import ALPHABET, BLANK, NUM_OUTPUTS, decode, encode
from handwriting.errors import HandwritingError
from handwriting.lines.decoding import Decoded, text_log_probs

MOST_PLACES = 100
"""Maximum number of positions, with repetitions expanded."""
MOST_CHARACTERS = 1000
"""Maximum length of an expression."""

_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


@dataclass(frozen=True)
class _Part:
    """A part of an expression: its first and last positions, and whether it may be empty."""

    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()
    may_be_empty: bool = True


def _optional(part: _Part) -> _Part:
    return dataclasses.replace(part, may_be_empty=True)


def _parsed(expression: str) -> parser.SubPattern:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return parser.parse(expression)


class _Automaton:
    """The Glushkov automaton of an expression.

    Attributes:
        allowed: characters that match at each position.
        follows: pairs of positions that may follow each other.
        whole: first and last positions of a text.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.allowed: list[set[str]] = []
        self.follows: set[tuple[int, int]] = set()
        if len(expression) > MOST_CHARACTERS:
            raise HandwritingError(
                f"The pattern has {len(expression):,} characters; at most {MOST_CHARACTERS:,} are "
                "possible."
            )
        try:
            parsed = _parsed(expression)
            if parsed.state.flags != re.UNICODE:
                raise self._refusal("a flag")
            self.whole = self._sequence(parsed)
        except (re.error, OverflowError, RecursionError) as error:
            raise HandwritingError(
                f"{expression!r:.60} is not a valid pattern: {error}."
            ) from error
        if not self.whole.first:
            raise self._refusal("an expression that only the empty text matches")

    def matches(self, text: str) -> bool:
        """Whether the whole text matches; the time is linear in its length."""
        if not text:
            return self.whole.may_be_empty
        places = {place for place in self.whole.first if text[0] in self.allowed[place]}
        for character in text[1:]:
            following = {after for before, after in self.follows if before in places}
            places = {place for place in following if character in self.allowed[place]}
        return bool(places & self.whole.last)

    def _refusal(self, what: str) -> HandwritingError:
        return HandwritingError(
            f"{self.expression!r:.60} is not a supported pattern: {what} cannot be used. Use "
            "characters, classes such as [A-Z] or \\d, groups, alternatives (|), ?, *, + and {2,4}."
        )

    def _sequence(self, nodes: Sequence[tuple]) -> _Part:
        whole = _Part()
        for kind, value in nodes:
            whole = self._joined(whole, self._node(kind, value))
        return whole

    def _node(self, kind: object, value: Any) -> _Part:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return self._place(self._characters(kind, value))
        if kind is op.SUBPATTERN:
            _, added, removed, nodes = value
            if added or removed:
                raise self._refusal("flags")
            return self._sequence(nodes)
        if kind is op.BRANCH:
            parts = [self._sequence(nodes) for nodes in value[1]]
            return _Part(
                frozenset().union(*(part.first for part in parts)),
                frozenset().union(*(part.last for part in parts)),
                any(part.may_be_empty for part in parts),
            )
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            return self._repeated(*value)
        if kind is op.AT:
            raise self._refusal("^, $ or \\b (the whole text is matched anyway)")
        raise self._refusal(str(kind).lower().replace("_", " "))

    def _repeated(self, least: int, most: int, nodes: Sequence[tuple]) -> _Part:
        is_endless = most is op.MAXREPEAT
        # The last copy of an endless repeat leads back to itself.
        copies = max(least, 1) if is_endless else most
        whole = _Part()
        for copy in range(min(copies, MOST_PLACES + 1)):
            part = self._sequence(nodes)
            # Nested repetitions of nothing would not end.
            if not part.first:
                return whole
            if is_endless and copy == copies - 1:
                self.follows.update(itertools.product(part.last, part.first))
            whole = self._joined(whole, part if copy < least else _optional(part))
        return whole

    def _joined(self, left: _Part, right: _Part) -> _Part:
        """One part after the other."""
        self.follows.update(itertools.product(left.last, right.first))
        return _Part(
            left.first | right.first if left.may_be_empty else left.first,
            left.last | right.last if right.may_be_empty else right.last,
            left.may_be_empty and right.may_be_empty,
        )

    def _place(self, characters: set[str]) -> _Part:
        if not characters:
            raise self._refusal("a character that is not one of Western Europe")
        if len(self.allowed) == MOST_PLACES:
            raise HandwritingError(
                f"{self.expression!r:.60} is too long a pattern: with repetitions expanded it may "
                f"have {MOST_PLACES} characters."
            )
        place = frozenset([len(self.allowed)])
        self.allowed.append(characters)
        return _Part(place, place, may_be_empty=False)

    def _characters(self, kind: object, value: Any) -> set[str]:
        """Characters of the alphabet that match one position of the expression."""
        if kind is op.LITERAL:
            return {chr(value)} & set(ALPHABET)
        if kind is op.RANGE:
            return {c for c in ALPHABET if value[0] <= ord(c) <= value[1]}
        if kind is op.CATEGORY:
            return set(re.findall(_CATEGORIES[value], ALPHABET))
        if kind is op.IN:
            is_negated = value[0][0] is op.NEGATE
            items = (self._characters(*item) for item in value[is_negated:])
            found = set().union(*items)
            return set(ALPHABET) - found if is_negated else found
        return set(ALPHABET) - ({chr(value)} if kind is op.NOT_LITERAL else set())


def matches(expression: str, text: str) -> bool:
    """Whether the whole text matches an expression, in time linear in the text's length.

    It is safe for untrusted expressions, unlike `re`, whose time has no bound.

    Args:
        expression: in the syntax of this module.
        text: in the alphabet; other characters match nothing.

    Raises:
        HandwritingError: the expression is invalid or too long.
    """
    return _automaton(expression).matches(text)


@functools.lru_cache(maxsize=64)
def _automaton(expression: str) -> _Automaton:
    return _Automaton(expression)


class Pattern:
    """Decoder of texts that match an expression as a whole; the log p is the network's.

    Args:
        expression: in the syntax of this module.

    Attributes:
        allowed: characters that match at each position of the expression.

    Raises:
        HandwritingError: the expression is invalid or too long.
    """

    name = "pattern"

    def __init__(self, expression: str) -> None:
        automaton = _automaton(expression)
        self.allowed = automaton.allowed
        # State 0 is the start, state k + 1 is position k.
        states = len(automaton.allowed) + 1
        self._leads = np.full((states, states), -np.inf)
        for before, after in automaton.follows:
            self._leads[before + 1, after + 1] = 0
        self._emits = np.full((states, NUM_OUTPUTS), -np.inf)
        for state, characters in enumerate(automaton.allowed, start=1):
            self._emits[state, encode("".join(characters))] = 0
        whole = automaton.whole
        self._leads[0, [place + 1 for place in whole.first]] = 0
        self._ends = [place + 1 for place in whole.last] + [0] * whole.may_be_empty

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The text of float (steps, outputs); empty if each matching text needs more steps."""
        text = self._best_text(log_probs)
        return Decoded(text, float(text_log_probs(log_probs, [text])[0]))

    def _best_text(self, log_probs: np.ndarray) -> str:
        # For each state and output, the best path that ends there; `places` numbers these pairs.
        scores = np.full((len(self._leads), NUM_OUTPUTS), -np.inf)
        scores[0, BLANK] = 0
        places = np.arange(scores.size).reshape(scores.shape)
        history = []
        for emitted in log_probs:
            entered, came_from = self._entered(scores)
            moves = np.where(entered > scores, came_from, places)
            moves[:, BLANK] = places[:, 0] + scores.argmax(axis=1)
            best = scores.max(axis=1)
            scores = np.maximum(entered, scores)
            scores[:, BLANK] = best
            scores += emitted
            history.append(moves)
        return self._text(scores, history)

    def _entered(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Best path into each state with each output from another pair, and that pair's number."""
        states = np.arange(len(scores))
        best = scores.argmax(axis=1)
        others = scores.copy()
        others[states, best] = -np.inf
        second = others.argmax(axis=1)
        ways = self._leads + scores[states, best][:, None]
        source = ways.argmax(axis=0)
        entered = np.repeat(ways[source, states][:, None], NUM_OUTPUTS, axis=1)
        came_from = np.repeat((source * NUM_OUTPUTS + best[source])[:, None], NUM_OUTPUTS, axis=1)
        # A repeated character needs a blank in between.
        repeated = best[source]
        left = np.where(best[:, None] == repeated, second[:, None], best[:, None])
        ways = self._leads + scores[states[:, None], left]
        source = ways.argmax(axis=0)
        is_character = repeated != BLANK
        again = states[is_character], repeated[is_character]
        entered[again] = ways[source, states][is_character]
        came_from[again] = (source * NUM_OUTPUTS + left[source, states])[is_character]
        return entered + self._emits, came_from

    def _text(self, scores: np.ndarray, history: list[np.ndarray]) -> str:
        at_end = scores[self._ends]
        if at_end.max(initial=-np.inf) == -np.inf:
            return ""
        end, output = np.unravel_index(at_end.argmax(), at_end.shape)
        where = self._ends[end] * NUM_OUTPUTS + int(output)
        outputs = []
        for moves in reversed(history):
            came_from = int(moves.flat[where])
            output = where % NUM_OUTPUTS
            if output != BLANK and came_from != where:
                outputs.append(output)
            where = came_from
        return decode(reversed(outputs))
