"""Handwriting recognition: the few names of the Python API, loaded when they are asked for.

    import handwriting

    handwriting.CharacterModel.load().read("character.png").character
    handwriting.TextReader.load().read("page.jpg").text

docs/api.md shows them. The rooms below hold what the stages and the page share, from the ground up:
`labels`, `errors`, `files`, `cli`, `runs`, `plots`; then `compute` (devices, ranks), `imaging` (ink
to 28x28), `datasets` (what is trained and measured on), `emnist` (the archive and its label sets),
`synthesis` (generated archives), `recognition` (the character model), `lines` (the text-line
model), `pages` (from a photograph to its text), `evaluation` (figures), `training` (runs, recipes,
losses) and `web` (the page). A file imports only what stands below it; nothing here imports a
stage.
"""

import importlib
from pathlib import Path

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

PROJECT = Path(__file__).resolve().parent.parent
"""The project's folder, which holds the trained weights."""

_NAMES = {
    "BeamDecoder": "lines.beam",
    "CharacterModel": "recognition.character_model",
    "CharacterPrediction": "recognition.character_model",
    "HandwritingError": "errors",
    "LanguageModel": "lines.language",
    "Lines": "recognition.sizes",
    "Page": "pages.records",
    "Pattern": "lines.pattern",
    "TextReader": "pages.text_reader",
    "WordList": "lines.word_list",
}
"""Where the names of the API live."""

__all__ = ["PROJECT", *_NAMES]


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
