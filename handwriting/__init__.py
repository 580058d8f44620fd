"""Handwriting recognition: the names of the Python API, each imported on first use.

    import handwriting

    handwriting.CharacterModel.load().read("character.png").character
    handwriting.TextReader.load().read("page.jpg").text

docs/api.md describes them. The modules and packages, from the lowest layer up:

- `labels`, `errors`, `files`, `cli`, `runs`, `plots`: shared by all scripts
- `compute`: devices, ranks; `imaging`: model inputs; `formats`: documents in and out
- `datasets`: training and test data
- `emnist`: the archive and its label sets; `synthesis`: generated data
- `recognition`: the character model; `lines`: the text-line model; `pages`: page reading
- `evaluation`: metrics; `training`: runs, recipes, losses; `web`: the web app

A file imports from lower layers only, and no package imports a stage.
"""

import importlib
from pathlib import Path

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

PROJECT = Path(__file__).resolve().parent.parent
"""Folder of the project, with the trained weights."""

_NAMES = {
    "BeamDecoder": "lines.beam",
    "CharacterModel": "recognition.character_model",
    "CharacterPrediction": "recognition.character_model",
    "HandwritingError": "errors",
    "LanguageModel": "lines.language",
    "Lines": "recognition.sizes",
    "Page": "pages.records",
    "Pattern": "lines.pattern",
    "SearchablePdf": "formats.searchable_pdf",
    "TextReader": "pages.text_reader",
    "WordList": "lines.word_list",
    "count_pages": "formats.document_pages",
}
"""Module of each name of the API."""

__all__ = ["PROJECT", *_NAMES]


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
