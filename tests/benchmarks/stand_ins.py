"""Stand-ins of other readers, for machines without them: each gives known words in their format."""

import importlib.machinery
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

Words = list[list[tuple[str, tuple[int, int, int, int]]]]
"""The words of each line: text; left, top, right and bottom in pixels."""

PROGRAM = """#!{python}
import sys
languages = 'List of available languages in "{folder}" (1):\\neng'
print(languages if "--list-langs" in sys.argv else {tsv!r})
"""
COLUMNS = "level page_num block_num par_num line_num word_num left top width height conf text"


def stand_in_for_rapidocr(words: Words, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A module `rapidocr` whose engine reads words of lines, as RapidOCR 3 answers."""
    (folder / "models").mkdir()
    (folder / "models" / "detector.onnx").write_bytes(bytes(1000))

    def engine(file: str, return_word_box: bool) -> SimpleNamespace:
        assert Path(file).is_file() and return_word_box
        lines = [[(text, 0.99, _corners(*box)) for text, box in line] for line in words]
        # A line of which no word has a place.
        lines.append([("", 0.0, None)])
        texts = tuple(" ".join(text for text, *_ in line) for line in lines)
        return SimpleNamespace(txts=texts, word_results=tuple(map(tuple, lines)))

    module = types.ModuleType("rapidocr")
    module.__spec__ = importlib.machinery.ModuleSpec("rapidocr", None)
    module.__file__ = str(folder / "__init__.py")
    module.RapidOCR = lambda: engine
    patch.setitem(sys.modules, "rapidocr", module)


def stand_in_for_tesseract(words: Words, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A program `tesseract` that writes words of lines as TSV, as Tesseract 5 does."""
    (folder / "eng.traineddata").write_bytes(bytes(1000))
    rows = [COLUMNS.split(), [1, 1, 0, 0, 0, 0, 0, 0, 700, 300, -1, ""]]
    for number, line in enumerate(words, start=1):
        for place, (text, (left, top, right, bottom)) in enumerate(line, start=1):
            box = (left, top, right - left, bottom - top)
            rows.append([5, 1, 1, 1, number, place, *box, 96.5, text])
    tsv = "\n".join("\t".join(map(str, row)) for row in rows)
    program = folder / "tesseract"
    program.write_text(PROGRAM.format(python=sys.executable, folder=folder, tsv=tsv))
    program.chmod(0o755)
    patch.setenv("PATH", str(folder), prepend=":")


def _corners(left: int, top: int, right: int, bottom: int) -> list[list[int]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


STAND_INS: dict[str, Callable[[Words, Path, pytest.MonkeyPatch], None]] = {
    "rapidocr": stand_in_for_rapidocr,
    "tesseract": stand_in_for_tesseract,
}
