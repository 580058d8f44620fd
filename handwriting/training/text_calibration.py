"""Calibrate the probabilities of a text-line model.

    python -m handwriting.training.text_calibration RUN --data WORDS.npz TEXT.npz

Samples of held-out writers are read by greedy decoding and with the language model. Two functions
are fitted: a temperature for the alternatives of a character (Guo et al. 2017, arXiv 1706.04599)
and a logistic function for whole texts. Their parameters go into the weights file, where
`handwriting.lines.reader.Reader` finds them. Parameters are kept only if those fitted on half of
the writers lower the loss on the other half.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from handwriting.alphabet import encode
from handwriting.cli import make_parser, positive_int, run_script
from handwriting.datasets.external import held_out_hands
from handwriting.datasets.text import left_out
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import calibration_error, reliability
from handwriting.files import replacing, save_torch
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import (
    GREEDY,
    Calibration,
    Decoder,
    align,
    character_logits,
    log_odds,
    softmax,
)
from handwriting.lines.language import LANGUAGE_FILE, LanguageModel
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.known_lines import load_lines
from handwriting.runs import RunFiles
from handwriting.training.claims import claimed

MOST = 3_000
"""Number of randomly chosen samples per file."""

_FEWEST = 50


@dataclass(frozen=True)
class Answers:
    """Predictions for some samples, and which of them are correct.

    Attributes:
        logits: float (C, ALPHABET), of the alternatives of all predicted characters.
        characters: int64 (C,), the predicted characters.
        is_right: bool (C,), whether each is correct.
        odds: float (N,), log odds of the whole texts.
        lengths: int64 (N,), text lengths in characters.
        is_whole: bool (N,), whether the text is an exact match, as in `text_metrics`.
    """

    logits: np.ndarray
    characters: np.ndarray
    is_right: np.ndarray
    odds: np.ndarray
    lengths: np.ndarray
    is_whole: np.ndarray

    def of_characters(self, temperature: float) -> np.ndarray:
        """float (C,): the probability of each predicted character."""
        return softmax(self.logits, temperature)[range(len(self.logits)), self.characters]

    def of_texts(self, calibration: Calibration) -> np.ndarray:
        """float (N,): the confidence of each text."""
        return calibration.confidence(self.odds, self.lengths)

    def beside_what_came(self, calibration: Calibration) -> list[tuple[np.ndarray, np.ndarray]]:
        """Probabilities and correctness, of the characters and of the texts."""
        return [
            (self.of_characters(calibration.temperature), self.is_right),
            (self.of_texts(calibration), self.is_whole),
        ]


def right_characters(read: str, text: str) -> np.ndarray:
    """bool (predicted characters,): whether each is correct."""
    is_right = np.zeros(len(read), dtype=bool)
    for block in SequenceMatcher(None, read, text, autojunk=False).get_matching_blocks():
        is_right[block.a : block.a + block.size] = True
    return is_right


def answers(log_probs: Sequence[np.ndarray], texts: Sequence[str], decoder: Decoder) -> Answers:
    """Decode samples and compare them with the true texts.

    Args:
        log_probs: float (steps, outputs) of each sample.
        texts: the true texts.
        decoder: how to decode.
    """
    decoded = [decoder(rows) for rows in log_probs]
    read = [one.text for one in decoded]
    logits = [
        character_logits(rows, one, align(rows, one.text))
        for rows, one in zip(log_probs, decoded, strict=True)
    ]
    pairs = list(zip(read, texts, strict=True))
    return Answers(
        np.concatenate(logits),
        np.array(encode("".join(read)), dtype=int) - 1,
        np.concatenate([right_characters(found, text) for found, text in pairs]),
        log_odds(np.array([one.log_prob for one in decoded])),
        np.array([len(found) for found in read]),
        np.array([found.split() == text.split() for found, text in pairs]),
    )


def log_loss(given: np.ndarray, is_right: np.ndarray) -> float:
    """Mean negative log-likelihood of the outcomes, correct or wrong, in nats."""
    of_what_came = np.where(is_right, given, 1 - given)
    return -float(np.log(np.maximum(of_what_came, 1e-9)).mean())


def fit_text_calibration(given: Answers) -> Calibration:
    """Maximum-likelihood parameters; those of texts only where both outcomes occur."""
    # Here and not above: these take half a second to import.
    from scipy.optimize import minimize_scalar
    from sklearn.linear_model import LogisticRegression

    def loss(log_temperature: float) -> float:
        return log_loss(given.of_characters(np.exp(log_temperature)), given.is_right)

    found = minimize_scalar(loss, bounds=(-2, 2), method="bounded")
    temperature = float(np.exp(found.x))
    if given.is_whole.all() or not given.is_whole.any():
        return Calibration(temperature)
    features = np.stack([given.odds, given.lengths], axis=1)
    model = LogisticRegression(C=np.inf).fit(features, given.is_whole)
    slope, per_character = model.coef_[0].tolist()
    return Calibration(temperature, slope, per_character, float(model.intercept_[0]))


def joined(parts: Sequence[Answers]) -> Answers:
    """The outcomes of several parts as one."""
    names = (field.name for field in dataclasses.fields(Answers))
    return Answers(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def errors_of(calibration: Calibration, given: Answers) -> tuple[float, float]:
    """Expected calibration error of characters and of whole texts, 15 bins."""
    pairs = given.beside_what_came(calibration)
    characters, texts = (calibration_error(reliability(*pair)) for pair in pairs)
    return characters, texts


def samples_left_out(
    reader: Reader, paths: Sequence[Path], most: int
) -> tuple[list[np.ndarray], list[str], np.ndarray]:
    """log p, texts and writers of samples of held-out writers.

    Raises:
        HandwritingError: no writer was held out, or there are too few samples.
    """
    pictures, texts, writers = [], [], []
    for path in paths:
        data = load_lines(path, reader.held_out)
        rows = np.flatnonzero(left_out(data.writers, reader.held_out))
        for row in np.random.default_rng(0).permutation(rows)[:most]:
            pictures.append(data.pictures[row])
            texts.append(reader.language.spelled(data.texts[row]))
            writers.append(str(data.writers[row]))
    known = len(set(writers))
    if len(texts) < _FEWEST or known < 2:
        raise HandwritingError(
            f"{len(texts)} samples are by {known} held-out writers; "
            f"{_FEWEST} by 2 writers are needed. Train with --held-out, or give more --data."
        )
    return reader.log_probs(pictures), texts, np.array(writers)


def losses_of(calibration: Calibration, given: Answers) -> np.ndarray:
    """float (2,): mean negative log-likelihood of the outcomes, of characters and of whole
    texts."""
    return np.array([log_loss(*pair) for pair in given.beside_what_came(calibration)])


def helpful_calibration(halves: Sequence[Answers]) -> Calibration:
    """The parameters fitted on all outcomes, for characters and for texts.

    Each is kept only if the same fit on one half of the writers lowers the mean loss on the other.
    """
    plain = Calibration()
    gains = np.zeros(2)
    for fitted_on, given in (halves, halves[::-1]):
        fitted = fit_text_calibration(fitted_on)
        before, after = losses_of(plain, given), losses_of(fitted, given)
        gains += before - after
    found = fit_text_calibration(joined(halves))
    if gains[0] <= 0:
        found = dataclasses.replace(found, temperature=plain.temperature)
    if gains[1] <= 0:
        found = dataclasses.replace(plain, temperature=found.temperature)
    return found


def calibrate(
    path: Path, paths: Sequence[Path], decoders: Sequence[Decoder], most: int = MOST
) -> None:
    """Fit, print the gain, and add the parameters to a weights file as ``calibration``.

    Args:
        path: of the weights.
        paths: pen archives that the model was trained on.
        decoders: to calibrate.
        most: samples per archive.

    Raises:
        HandwritingError: these are not the weights of a text-line model, or there are no samples to
            fit on.
    """
    reader = Reader.load(path)
    log_probs, texts, writers = samples_left_out(reader, paths, most)
    fitted = {}
    is_first = held_out_hands(writers, 0.5)
    for decoder in decoders:
        first, second = (
            answers([log_probs[k] for k in rows], [texts[k] for k in rows], decoder)
            for rows in (np.flatnonzero(is_first), np.flatnonzero(~is_first))
        )
        ways = {"before": Calibration(), "after": fit_text_calibration(first)}
        for when, calibration in ways.items():
            characters, of_texts = errors_of(calibration, second)
            print(
                f"{decoder.name}, {when}: calibration error {characters:.4f} for characters, "
                f"{of_texts:.4f} for texts"
            )
        fitted[decoder.name] = dataclasses.asdict(helpful_calibration((first, second)))
        print(f"  kept: {fitted[decoder.name]}")
    with replacing(path) as (part,):
        save_torch(reader.content | {"calibration": fitted}, part)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="run to calibrate")
    add("--data", type=Path, nargs="+", required=True, metavar="PATH", help="its training archives")
    add("--most", type=positive_int, default=MOST, metavar="N", help="samples per file")
    add("--language-model", type=Path, default=LANGUAGE_FILE, metavar="FILE", help="of English")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Calibrate a run."""
    path = find_reader(args.run, args.models)
    decoders = (GREEDY, BeamDecoder(LanguageModel.load(args.language_model)))
    # A training of the same run would also write the file.
    with claimed(RunFiles(path.stem, path.parent)):
        calibrate(path, args.data, decoders, args.most)
    print(f"wrote {path}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
