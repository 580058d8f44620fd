"""What is read and in which language: chosen beside the answer, kept in the window and the address.

A link such as ``?content=number`` or ``?language=fr`` carries the setting to another window.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import streamlit as st

from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.languages import ENGLISH, Language
from handwriting.lines.languages import LANGUAGES as SPOKEN
from handwriting.lines.options import checked
from handwriting.lines.pattern import Pattern
from handwriting.web.components import load_decoder, plain

CONTENTS = {"text": "Text", "number": "Number", "program": "Program", "pattern": "Pattern"}
"""Kinds of content, as in the address, and their titles."""

NO_LANGUAGE = "none"
LANGUAGES = {
    **{name: language.title for name, language in SPOKEN.items()},
    # Its own title is too wide for a phone.
    "any": "Any",
    NO_LANGUAGE: "None",
}
"""Languages, as in the address, and their titles; without one, the text-line model reads alone."""

NUMBER = "[-+]?[0-9]+([-.,:/' ][0-9]+)*%?"
"""Pattern of numbers, dates, times and telephone numbers."""

_SETTING, _FAULT = "setting", "setting_fault"
_LONGEST_QUOTE = 30


@dataclass(frozen=True)
class Setting:
    """What is read.

    Attributes:
        content: one of CONTENTS.
        language: one of LANGUAGES; it counts for texts and patterns.
        pattern: expression of `lines.pattern.Pattern`; it counts for the content ``pattern``.
    """

    content: str = "text"
    language: str = ENGLISH.name
    pattern: str = ""

    @property
    def expression(self) -> str:
        """Pattern that the whole text matches; empty if any text is possible."""
        return {"number": NUMBER, "pattern": self.pattern}.get(self.content, "")

    @property
    def spoken(self) -> Language:
        """The language whose characters are possible; English where none counts."""
        return SPOKEN.get(self.language, ENGLISH) if self.has_language else ENGLISH

    @property
    def has_language(self) -> bool:
        """Whether the language counts."""
        return self.content in ("text", "pattern")


_FIELDS = tuple(field.name for field in fields(Setting))


def available_languages() -> dict[str, str]:
    """Those of LANGUAGES whose model is on this machine, and the default, whose loss is told."""
    return {
        name: title
        for name, title in LANGUAGES.items()
        if name in (ENGLISH.name, NO_LANGUAGE) or SPOKEN[name].model_file.is_file()
    }


def checked_setting(told: Callable[[str], Any]) -> tuple[Setting, str]:
    """A setting from values that may be anything; those that are not there get their default.

    Args:
        told: returns the value of a field of :class:`Setting`, or ``None``.

    Returns:
        The setting, and a sentence about the values that are not there, or an empty one.
    """
    offered = {"content": CONTENTS, "language": available_languages()}
    values, faults = {}, []
    for name in _FIELDS:
        value = told(name)
        if value is None:
            continue
        if isinstance(value, str) and value in offered.get(name, (value,)):
            values[name] = value
        else:
            faults.append(f"{name} “{str(value)[:_LONGEST_QUOTE]}”")
    sentence = f"The address asks for {' and '.join(faults)}, which this page does not have."
    return Setting(**values), f"{sentence} The default is used." if faults else ""


def current_setting() -> Setting:
    """The setting of this window; a new window takes it from the address."""
    state = st.session_state
    if _SETTING not in state:
        state[_SETTING], state[_FAULT] = checked_setting(st.query_params.get)
    return state[_SETTING]


def show_fault() -> None:
    """Say that the address asked for something that is not there, until another is chosen."""
    current_setting()
    if fault := st.session_state.get(_FAULT):
        st.info(plain(fault))


def choose_setting(place: str) -> Setting:
    """Show the widgets of the setting.

    Args:
        place: a name for the widgets; those of all places show the same setting.
    """
    setting = current_setting()
    # At each run, because a browser that joins late would show none as chosen.
    for name, value in vars(setting).items():
        st.session_state[f"{name}_{place}"] = value
    choose = partial(st.segmented_control, required=True, on_change=_take, args=(place,))
    choose("Content", list(CONTENTS), format_func=CONTENTS.get, key=f"content_{place}")
    if setting.has_language:
        languages = available_languages()
        choose("Language", list(languages), format_func=languages.get, key=f"language_{place}")
    if setting.content == "pattern":
        st.text_input(
            "Only text that matches",
            placeholder="[0-9]+ or [A-Z]{2}[0-9]{4}",
            key=f"pattern_{place}",
            on_change=_take,
            args=(place,),
        )
    return setting


def _take(place: str) -> None:
    """Keep what the widgets of a place show, in the window and in the address."""
    state = st.session_state
    before = current_setting()
    chosen, _ = checked_setting(lambda name: state.get(f"{name}_{place}", getattr(before, name)))
    state[_SETTING], state[_FAULT] = chosen, ""
    st.query_params.from_dict(
        {
            name: value
            for name, value in vars(chosen).items()
            if value != getattr(Setting(), name) and (name != "pattern" or chosen.expression)
        }
    )


def pattern_for(setting: Setting, expression: str) -> Decoder | None:
    """The decoder of texts that match an expression; ``None`` if it is empty.

    Raises:
        HandwritingError: the pattern is invalid, or the language lacks its characters.
    """
    return checked(Pattern(expression), setting.spoken) if expression else None


def decoder_for(setting: Setting) -> Decoder:
    """The decoder of the text-line model.

    Raises:
        HandwritingError: the pattern is invalid, the language lacks its characters, or a language
            model is missing or damaged.
    """
    if pattern := pattern_for(setting, setting.expression):
        return pattern
    if setting.content == "program":
        return load_decoder("programs", setting.spoken.name)
    if setting.content == "text" and setting.language != NO_LANGUAGE:
        return load_decoder("language", setting.language)
    return GREEDY
