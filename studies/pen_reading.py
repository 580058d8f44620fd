"""What only strokes can tell of the text-line model: grounds, and characters that look alike."""

from collections import defaultdict
from typing import Any

import numpy as np
import torch

from handwriting.datasets.pen import PenArchive
from handwriting.datasets.stroke_augmentation import LINE_VARIATION
from handwriting.datasets.text import line_strokes
from handwriting.evaluation.text_metrics import aligned, text_metrics
from handwriting.imaging.character import character_from_strokes
from handwriting.imaging.contrast import contrast_of
from handwriting.imaging.line import line_from_contrast, line_from_strokes
from handwriting.labels import CLASSES
from handwriting.lines.reader import Reader
from handwriting.recognition.recognizer import Recognizer
from handwriting.synthesis.composition import CharacterPens
from handwriting.synthesis.grounds import GROUNDS
from handwriting.synthesis.invented_texts import invent
from handwriting.synthesis.writing import photograph_of

LOOK_ALIKES = ("0Oo", "1lI", "5Ss", "2Zz", "Cc", "Kk", "Pp", "Uu", "Vv", "Ww", "Xx")
_NAMES = ("value", "count", "Box", "word", "Zoo", "class", "Pick", "Vow", "Sixes", "cook")


def by_ground(reader: Reader, archive: PenArchive, samples: np.ndarray) -> dict[str, float]:
    """CER of samples drawn plainly, and rendered on each ground with any of its media."""
    texts = [str(archive.text[sample]).strip() for sample in samples]
    found = {}
    for ground in ("strokes", *GROUNDS):
        rng = np.random.default_rng(0)
        pictures = []
        for sample in samples.tolist():
            strokes, _ = LINE_VARIATION(line_strokes(archive, sample), rng)
            if ground == "strokes":
                pictures.append(line_from_strokes(strokes))
            else:
                photograph = photograph_of(strokes, rng, ground)
                pictures.append(line_from_contrast(contrast_of(photograph)))
        read = [line.text for line in reader.read(pictures)]
        found[ground] = text_metrics(read, texts)["cer"]
    return found


def look_alikes(
    reader: Reader, recognizer: Recognizer, pens: CharacterPens, count: int
) -> dict[str, Any]:
    """Accuracy of characters in their line, and of each alone by its shape.

    Sizes and heights on the line come from `synthesis.composition`, because most providers of
    single characters recorded none.
    """
    rng = np.random.default_rng(0)
    texts = ["".join(filter(pens.can_write, invent(_NAMES, rng))).strip() for _ in range(count)]
    texts = [text for text in texts if text]
    composed = [pens.compose_each(text, rng) for text in texts]
    pictures = [line_from_strokes([s for part in parts for s in part]) for parts in composed]
    right: dict[str, dict[str, list[bool]]] = {n: defaultdict(list) for n in ("line", "alone")}
    for line, text in zip(reader.read(pictures), texts, strict=True):
        for character, read in aligned(line.text, text):
            right["line"][character].append(read == character)
    pairs = [
        (character, strokes)
        for text, parts in zip(texts, composed, strict=True)
        for character, strokes in zip(text, parts, strict=True)
        if character in CLASSES
    ]
    images = torch.from_numpy(np.stack([character_from_strokes(part).image for _, part in pairs]))
    best = recognizer.log_probs(images, "equal").argmax(axis=1)
    for (character, _), number in zip(pairs, best.tolist(), strict=True):
        right["alone"][character].append(CLASSES[number] == character)
    groups = {group: group for group in LOOK_ALIKES} | {"all 62 classes": "".join(CLASSES)}
    return {
        name: {way: _mean(right[way], group) for way in right}
        | {"characters": sum(len(right["alone"][character]) for character in group)}
        for name, group in groups.items()
    }


def _mean(right: dict[str, list[bool]], group: str) -> float | None:
    answers = [answer for character in group for answer in right[character]]
    return float(np.mean(answers)) if answers else None
