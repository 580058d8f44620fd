"""One reader of text in a process of its own, so that its memory is its own.

    python benchmarks/reader_process.py READER KIND REQUEST ANSWER

REQUEST is a JSON file with ``files``, the ``language`` of their texts, and ``weights`` of this
project with ``others``. KIND is `page` or `line`. ANSWER becomes a JSON object: ``pictures``, each
with ``seconds`` and ``lines`` of words, [text, polygon] each; ``gib``, the peak resident size;
``megabytes`` of the models on disk.
Nothing heavy is imported before the reader asks for it; `handwriting` is that of the Python path.
"""

import csv
import io
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

Words = list[tuple[str, list[list[float]]]]
"""Texts and corners, x and y in pixels of the picture."""

Read = Callable[[str], list[Words]]
"""From a file to the words of its lines."""


def own(kind: str, request: dict[str, Any], decoder: str) -> tuple[Read, list[Path]]:
    """This project's reader with a decoder, and the files of its models."""
    from handwriting.lines.languages import find_language
    from handwriting.pages.text_reader import TextReader

    reader = TextReader.load(request["weights"])
    layout, spoken = "line" if kind == "line" else "auto", request["language"]

    def read(file: str) -> list[Words]:
        page = reader.read(Path(file), layout=layout, decoder=decoder, language=spoken)
        return [[(word.text, word.polygon.tolist()) for word in line.words] for line in page.lines]

    files = [request["weights"], *request.get("others", [])]
    files += [find_language(spoken).model_file] if decoder == "language" else []
    return read, list(map(Path, files))


def rapidocr(kind: str, _: dict[str, Any]) -> tuple[Read, list[Path]]:
    """RapidOCR with the models of its wheel; a line is read without its detector."""
    import cv2
    import rapidocr

    engine = rapidocr.RapidOCR()

    def corners(file: str) -> list[list[int]]:
        high, wide = cv2.imread(file).shape[:2]
        return [[0, 0], [wide, 0], [wide, high], [0, high]]

    def read(file: str) -> list[Words]:
        if kind == "line":
            found = engine(file, use_det=False, use_cls=False)
            return [[(word, corners(file)) for word in text.split()] for text in found.txts or ()]
        found = engine(file, return_word_box=True)
        lines = found.word_results if found.txts else ()
        return [[(text, box) for text, _, box in line if box is not None] for line in lines]

    return read, sorted(Path(rapidocr.__file__).parent.glob("models/*.onnx"))


def tesseract(kind: str, _: dict[str, Any]) -> tuple[Read, list[Path]]:
    """Tesseract with its English model, a program for each picture."""
    mode = {"page": "3", "line": "7"}[kind]

    def read(file: str) -> list[Words]:
        command = ["tesseract", file, "-", "--psm", mode, "-l", "eng", "tsv"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        lines: dict[tuple[str, ...], Words] = defaultdict(list)
        for row in csv.DictReader(io.StringIO(done.stdout), delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] == "5" and row["text"].strip():
                left, top, wide, high = (int(row[n]) for n in ("left", "top", "width", "height"))
                right, bottom = left + wide, top + high
                box = [[left, top], [right, top], [right, bottom], [left, bottom]]
                place = tuple(row[name] for name in ("block_num", "par_num", "line_num"))
                lines[place].append((row["text"].strip(), box))
        return list(lines.values())

    said = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True)
    folder = said.stdout.partition('"')[2].partition('"')[0]
    return read, [Path(folder) / "eng.traineddata"]


READERS: dict[str, Callable[[str, dict[str, Any]], tuple[Read, list[Path]]]] = {
    "greedy": lambda kind, request: own(kind, request, "greedy"),
    "language": lambda kind, request: own(kind, request, "language"),
    "rapidocr": rapidocr,
    "tesseract": tesseract,
}


def peak_gib(of_children: bool) -> float:
    """Peak resident size of this process, or of the largest program that it started."""
    status = Path("/proc/self/status")
    if status.is_file() and not of_children:
        # Unlike the other figure it does not begin with the peak of who started this process.
        rows = status.read_text(encoding="utf-8").splitlines()
        peak = next(row for row in rows if row.startswith("VmHWM:"))
        return int(peak.split()[1]) / 2**20
    # Windows has none.
    import resource

    # Bytes on macOS, KiB elsewhere (getrusage(2)).
    unit = 1 if sys.platform == "darwin" else 2**10
    who = resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF
    return resource.getrusage(who).ru_maxrss * unit / 2**30


def answer(reader: str, kind: str, request: dict[str, Any]) -> dict[str, Any]:
    """What a reader reads in each file of a request, with its seconds, memory and size."""
    read, models = READERS[reader](kind, request)
    pictures = []
    for file in request["files"]:
        start = time.perf_counter()
        lines = read(file)
        pictures.append({"seconds": time.perf_counter() - start, "lines": lines})
    return {
        "pictures": pictures,
        "gib": peak_gib(of_children=reader == "tesseract"),
        "megabytes": sum(file.stat().st_size for file in models) / 1e6,
    }


if __name__ == "__main__":
    name, layout, asked, answered = sys.argv[1:]
    result = answer(name, layout, json.loads(Path(asked).read_text(encoding="utf-8")))
    Path(answered).write_text(json.dumps(result), encoding="utf-8")
